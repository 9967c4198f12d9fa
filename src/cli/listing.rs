//! `inventory` and `plan`, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gateprobe::gateway::{Authorization, Inventory, TreeSource, World};
use gateprobe::plan::{Door, Expects, Fate, Plan, PlannedMethod, Probe, Provenance, SkipReason, Subject};
use serde::Serialize;

/// What is deployed, stage by stage.
pub fn inventory(inventory: &Inventory) -> String {
    let mut out = String::new();
    for api in &inventory.apis {
        let off = if api.default_endpoint_disabled { ", default endpoint off" } else { "" };
        let kind = format!("{:?}", api.endpoint).to_lowercase();
        let _ = writeln!(out, "{} {} ({kind}{off})", api.id, api.name);
        for stage in &api.stages {
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
        let _ = writeln!(out, "no REST API and no custom domain in {}", inventory.region);
    }
    out
}

/// What would be sent, and what is left out.
pub fn plan(world: &World, plan: &Plan, verbose: bool) -> String {
    let mut out = String::new();
    for probe in &plan.probes {
        let expects = match probe.expects {
            Expects::Answer => "",
            Expects::KeyRefusal => "  (expects a refusal: no key)",
            Expects::AuthorizerRefusal => "  (expects a refusal: no token)",
            Expects::IamRefusal => "  (unsigned: proves nothing)",
        };
        let _ = writeln!(out, "{:<8}{}{expects}", probe.request.method, probe.request.url);
    }
    let mut skipped: BTreeMap<SkipReason, Vec<&PlannedMethod>> = BTreeMap::new();
    for method in &plan.methods {
        if let Fate::Skipped(reason) = method.fate {
            skipped.entry(reason).or_default().push(method);
        }
    }
    for (reason, methods) in skipped {
        let _ = writeln!(out, "\nskipped {} ({}): {}", methods.len(), reason.id(), reason.means());
        let shown = if verbose { usize::MAX } else { 10 };
        for method in methods.iter().take(shown) {
            let _ = writeln!(out, "  {:<8}{} of {} ({})", method.verb, method.resource, method.stage, method.api_name);
        }
        if methods.len() > shown {
            let _ = writeln!(out, "  and {} more (-v shows them)", methods.len() - shown);
        }
    }
    for gap in world.inventory().gaps.iter().chain(&plan.gaps) {
        let _ = writeln!(out, "gap: {}: {}", gap.place, gap.reason);
    }
    let probed = plan.methods.iter().filter(|method| method.fate == Fate::Probed).count();
    let _ = writeln!(
        out,
        "\n{} methods deployed, {probed} probed with {} requests, {} skipped",
        plan.methods.len(),
        plan.probes.len(),
        plan.methods.len() - probed
    );
    out
}

#[derive(Serialize)]
struct PlanJson<'p> {
    coverage: CoverageJson,
    probes: Vec<ProbeJson<'p>>,
    methods: &'p [PlannedMethod],
    gaps: Vec<&'p gateprobe::gateway::Gap>,
}

#[derive(Serialize)]
struct CoverageJson {
    deployed: usize,
    probed: usize,
    skipped: BTreeMap<SkipReason, usize>,
}

#[derive(Serialize)]
struct ProbeJson<'p> {
    method: &'p str,
    url: &'p str,
    door: &'p Door,
    provenance: Provenance,
    expects: Expects,
    /// The deployed method that it is for; `null` for a request of the contract.
    #[serde(rename = "for")]
    target: Option<&'p PlannedMethod>,
}

/// The plan by the contract.
pub fn plan_json<'p>(world: &'p World, plan: &'p Plan) -> impl Serialize + 'p {
    let mut skipped = BTreeMap::new();
    for method in &plan.methods {
        if let Fate::Skipped(reason) = method.fate {
            *skipped.entry(reason).or_default() += 1;
        }
    }
    let json = |probe: &'p Probe| ProbeJson {
        method: &probe.request.method,
        url: probe.request.url.as_str(),
        door: &probe.door,
        provenance: probe.provenance,
        expects: probe.expects,
        target: match probe.subject {
            Subject::Method(index) => plan.methods.get(index),
            Subject::Contract(_) => None,
        },
    };
    PlanJson {
        coverage: CoverageJson {
            deployed: plan.methods.len(),
            probed: plan.methods.iter().filter(|method| method.fate == Fate::Probed).count(),
            skipped,
        },
        probes: plan.probes.iter().map(json).collect(),
        methods: &plan.methods,
        gaps: world.inventory().gaps.iter().chain(&plan.gaps).collect(),
    }
}
