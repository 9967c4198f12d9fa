//! `inventory` and `plan`, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gateprobe::gateway::{Authorization, Inventory, Protocol, TreeSource, World};
use gateprobe::plan::{
    Coverage, Door, Expects, Fate, Plan, PlannedMethod, Probe, Provenance, Proves, RefusalKind, Subject,
};
use serde::Serialize;

/// What is deployed, stage by stage.
pub fn inventory(inventory: &Inventory) -> String {
    let mut out = String::new();
    for api in &inventory.apis {
        let off = if api.default_endpoint_disabled { ", default endpoint off" } else { "" };
        let protocol = match api.protocol {
            Protocol::Rest => "REST",
            Protocol::Http => "HTTP",
            Protocol::WebSocket => "WebSocket",
        };
        let kind = format!("{:?}", api.endpoint).to_lowercase();
        let _ = writeln!(out, "{} {} ({protocol}, {kind}{off})", api.id, api.name);
        for stage in &api.stages {
            if api.protocol == Protocol::WebSocket {
                let id = stage.deployment.as_deref().unwrap_or("-");
                let _ = writeln!(out, "  {}  deployment {id}, routes of messages: not probed", stage.name);
                continue;
            }
            let Some(deployment) = api.deployment_of(stage) else {
                let why = if stage.deployment.is_some() { "could not be read" } else { "nothing is deployed" };
                let _ = writeln!(out, "  {}  {why}", stage.name);
                continue;
            };
            let source = match deployment.source {
                TreeSource::ApiSummary => "",
                TreeSource::Export => ", from the export",
                TreeSource::Edited => ", from the edited tree",
            };
            let id = stage.deployment.as_deref().unwrap_or("-");
            let _ = writeln!(out, "  {}  deployment {id}, {} methods{source}", stage.name, deployment.tree.len());
            for (resource, verb, method) in deployment.tree.methods() {
                let auth = match method.authorization {
                    None => " (authorization unknown)",
                    Some(Authorization::None) => "",
                    Some(Authorization::AwsIam) => " AWS_IAM",
                    Some(Authorization::Custom) => " CUSTOM",
                    Some(Authorization::CognitoUserPools) => " COGNITO_USER_POOLS",
                    Some(Authorization::Jwt) => " JWT",
                };
                let key = if method.api_key_required { " API key" } else { "" };
                let _ = writeln!(out, "    {verb:<8}{resource}{auth}{key}");
            }
        }
    }
    for domain in &inventory.domains {
        let _ = writeln!(out, "{}", domain.name);
        for mapping in &domain.mappings {
            let stage = mapping.stage.as_deref().unwrap_or("(stage in the path)");
            let _ = writeln!(out, "  /{} -> {} {stage}", mapping.base_path, mapping.api);
        }
        for rule in &domain.rules {
            let _ = writeln!(out, "  rule {} -> {} {}", rule.priority, rule.api, rule.stage);
        }
    }
    for gap in &inventory.gaps {
        let _ = writeln!(out, "gap: {}: {}", gap.place, gap.reason);
    }
    if out.is_empty() {
        let _ = writeln!(out, "no API and no custom domain in {}", inventory.region);
    }
    out
}

/// What would be sent, method by method, and what is left out.
pub fn plan(world: &World, plan: &Plan, verbose: bool) -> String {
    let mut out = String::new();
    let mut asked: BTreeMap<usize, Vec<&Probe>> = BTreeMap::new();
    let mut contract = Vec::new();
    for probe in plan.probes.iter().chain(&plan.refusals) {
        match probe.subject {
            Subject::Method(index) => asked.entry(index).or_default().push(probe),
            Subject::Contract(_) | Subject::Removed(_) => contract.push(probe),
        }
    }
    let mut at = None;
    for (index, method) in plan.methods.iter().enumerate() {
        let stage = (&method.api, &method.stage);
        if at != Some(stage) {
            let _ = writeln!(out, "{}{} ({}) stage {}", blank(at.is_some()), method.api_name, method.api, method.stage);
            at = Some(stage);
        }
        let _ = writeln!(out, "  {:<8}{}", method.verb, method.resource);
        if let Some(reason) = &method.ignored {
            let _ = writeln!(out, "          not told of when it fails: {reason}");
        }
        for probe in asked.get(&index).into_iter().flatten() {
            request(&mut out, probe, verbose);
        }
        if let Fate::Skipped(reason) = method.fate {
            let detail = method.detail.as_deref().map_or(String::new(), |detail| format!(" ({detail})"));
            let _ = writeln!(out, "          skipped: {}{detail}", reason.id());
        }
        if let Some(remedy) = &method.remedy {
            let _ = writeln!(out, "          to have it sent: {remedy}");
        }
    }
    if !contract.is_empty() {
        let _ = writeln!(out, "{}contract", blank(at.is_some()));
        for probe in contract {
            request(&mut out, probe, verbose);
        }
    }
    let _ = writeln!(out);
    for gap in world.inventory().gaps.iter().chain(&plan.gaps) {
        let _ = writeln!(out, "gap: {}: {}", gap.place, gap.reason);
    }
    for note in world.undescribed().iter().chain(&plan.notes) {
        let _ = writeln!(out, "note: {note}");
    }
    let coverage = Coverage::of(plan);
    for reason in coverage.skipped.keys() {
        let _ = writeln!(out, "{}: {}", reason.id(), reason.means());
    }
    let skipped: Vec<String> =
        coverage.skipped.iter().map(|(reason, count)| format!("{count} {}", reason.id())).collect();
    let _ = writeln!(
        out,
        "{} methods deployed: {} asked with {} requests (to prove {} healthy, {} routed), {} skipped{}{}",
        coverage.deployed,
        coverage.probed,
        plan.probes.len() + plan.refusals.len(),
        coverage.to_prove.healthy,
        coverage.to_prove.routed,
        coverage.deployed - coverage.probed,
        if skipped.is_empty() { "" } else { ": " },
        skipped.join(", ")
    );
    out
}

fn blank(there: bool) -> &'static str {
    if there { "\n" } else { "" }
}

/// One request: what is sent, where its values come from, what it proves.
fn request(out: &mut String, probe: &Probe, verbose: bool) {
    let proof = match (probe.proves(), probe.expects) {
        (Proves::Healthy, _) => format!("{}: proves healthy", values(probe.provenance)),
        (Proves::Routed, Expects::Refusal) => {
            let kinds: Vec<&str> = probe.refusal.iter().map(|kind| kind.id()).collect();
            format!("must be refused ({}): proves routed", kinds.join(", "))
        }
        (Proves::Routed, Expects::KeyRefusal) => "must be refused (api-key): proves routed".to_owned(),
        (Proves::Routed, Expects::AuthorizerRefusal) => "must be refused (authorizer): proves routed".to_owned(),
        (Proves::Routed, Expects::Answer) => format!("{}: proves routed", values(probe.provenance)),
    };
    let with =
        if probe.credentials.is_empty() { String::new() } else { format!(" with {}", probe.credentials.join(", ")) };
    let body = probe.request.body.as_ref().map_or(String::new(), |body| format!(", {} bytes of body", body.len()));
    let _ = writeln!(out, "          {} {}", probe.request.method, probe.request.url);
    let _ = writeln!(out, "              {proof}{with}{body}");
    if verbose {
        for (name, value) in &probe.request.headers {
            let _ = writeln!(out, "              {name}: {value}");
        }
        if let Some(body) = &probe.request.body {
            let _ = writeln!(out, "              {body}");
        }
    }
}

/// Where a request's values come from, for a person.
fn values(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Bare => "needs no values",
        Provenance::Contract => "contract",
        Provenance::Config => "config",
        Provenance::Example => "the API's examples",
        Provenance::Schema => "made up to the schema",
        Provenance::Placeholder => "placeholders",
        Provenance::Refusal => "refusal",
    }
}

#[derive(Serialize)]
struct PlanJson<'p> {
    coverage: Coverage,
    probes: Vec<ProbeJson<'p>>,
    methods: &'p [PlannedMethod],
    gaps: Vec<&'p gateprobe::gateway::Gap>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct ProbeJson<'p> {
    method: &'p str,
    url: &'p str,
    headers: BTreeMap<&'p str, &'p str>,
    body: Option<&'p str>,
    /// Names of the config's credentials that go along.
    credentials: &'p [std::sync::Arc<str>],
    door: &'p Door,
    provenance: Provenance,
    expects: Expects,
    /// What it is refused for.
    refusal: &'p [RefusalKind],
    proves: Proves,
    /// The deployed method that it is for; `null` for a request of the contract.
    #[serde(rename = "for")]
    target: Option<&'p PlannedMethod>,
}

/// The plan by the contract.
pub fn plan_json<'p>(world: &'p World, plan: &'p Plan) -> impl Serialize + 'p {
    let json = |probe: &'p Probe| ProbeJson {
        method: &probe.request.method,
        url: probe.request.url.as_str(),
        headers: probe.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        body: probe.request.body.as_deref(),
        credentials: &probe.credentials,
        door: &probe.door,
        provenance: probe.provenance,
        expects: probe.expects,
        refusal: &probe.refusal,
        proves: probe.proves(),
        target: match probe.subject {
            Subject::Method(index) => plan.methods.get(index),
            Subject::Contract(_) | Subject::Removed(_) => None,
        },
    };
    PlanJson {
        coverage: Coverage::of(plan),
        probes: plan.probes.iter().chain(&plan.refusals).map(json).collect(),
        methods: &plan.methods,
        gaps: world.inventory().gaps.iter().chain(&plan.gaps).collect(),
        notes: [world.undescribed(), plan.notes.clone()].concat(),
    }
}
