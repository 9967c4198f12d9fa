//! A config to start from, made of what a plan could not do by itself.
//!
//! Prose begins with `## `, a suggestion with `# `: it counts once that is taken away. What stands there is a config as it
//! is, and one with every suggestion taken up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::ask::{Values, is_credential};
use super::yaml::quoted;
use super::{Coverage, Expects, Fate, Plan, PlannedMethod, Probe, Provenance, REMEDY, SkipReason, Subject, rule_path};
use crate::config::{Config, MethodKey, Rules};
use crate::gateway::{Authorization, Method, Place, Segment, Verb, World, plain, segments};

/// So many suggestions of one kind are made; the others are counted.
const MOST: usize = 200;

/// A config to start from: what to supply, and what to decide, that a run may prove more than this plan can.
///
/// `config` is the one that the plan was made with; of it only `apis` and `stages` are taken over.
#[must_use]
pub fn starting_config(world: &World, plan: &Plan, config: &Config) -> String {
    let mut out = String::new();
    head(&mut out, world, plan);
    for (key, globs) in [("apis", &config.apis), ("stages", &config.stages)] {
        if !globs.is_empty() {
            let globs: Vec<String> = globs.iter().map(|glob| quoted(glob)).collect();
            let _ = writeln!(out, "\n{key}: [{}]", globs.join(", "));
        }
    }
    known_good(&mut out, world, plan, config);
    allow(&mut out, plan);
    credentials(&mut out, world, plan);
    doors(&mut out, world, plan);
    out
}

/// Words that may hold a name out of AWS, as a comment of one line.
fn say(out: &mut String, text: &str) {
    let _ = writeln!(out, "## {}", plain(text));
}

fn head(out: &mut String, world: &World, plan: &Plan) {
    let inventory = world.inventory();
    let coverage = Coverage::of(plan);
    let at = OffsetDateTime::from_unix_timestamp(inventory.read_at).ok().and_then(|at| at.format(&Rfc3339).ok());
    let at = at.unwrap_or_else(|| inventory.read_at.to_string());
    say(out, &format!("A config to start from: what was deployed in {} at {at}.", inventory.region));
    let skipped: Vec<String> =
        coverage.skipped.iter().map(|(reason, count)| format!("{count} {}", reason.id())).collect();
    say(
        out,
        &format!(
            "{} methods deployed: {} to prove healthy, {} to prove routed, {} skipped{}{}",
            coverage.deployed,
            coverage.to_prove.healthy,
            coverage.to_prove.routed,
            coverage.deployed - coverage.probed,
            if skipped.is_empty() { "" } else { ": " },
            skipped.join(", ")
        ),
    );
    say(out, "");
    say(out, "Lines that begin with one # are suggestions: take away the # and the space behind it, of the key above");
    say(out, "them too, and put in your own values. Then: gateprobe config check FILE; gateprobe plan --config FILE.");
    say(out, "docs/config.md tells of every key. No secret belongs in here: a config names them.");
}

/// A key, and suggestions below it; nothing where there are none.
fn section(out: &mut String, key: &str, prose: &[&str], lines: &[String], more: usize) {
    if lines.is_empty() {
        return;
    }
    out.push('\n');
    for text in prose {
        say(out, text);
    }
    let _ = writeln!(out, "# {key}:");
    for line in lines {
        // Prose among the suggestions has its own mark.
        let mark = if line.starts_with("## ") { "" } else { "#   " };
        let _ = writeln!(out, "{mark}{line}");
    }
    if more > 0 {
        say(out, &format!("and {more} more: gateprobe plan shows each"));
    }
}

/// Whether a name can stand in a rule and mean itself alone.
fn is_plain_name(text: &str) -> bool {
    !text.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

/// Whether a config takes this line of a list.
fn is_taken(key: &str, line: &str) -> bool {
    Config::parse(&format!("{key}:\n  {line}\n"), key).is_ok()
}

/// A deployed method as the world has it.
fn deployed<'w>(world: &'w World, method: &PlannedMethod) -> Option<&'w Method> {
    let api = world.api(&method.api)?;
    api.deployment_of(api.stage(&method.stage)?)?.tree.method(&method.resource, method.verb)
}

/// The methods that a verb which changes nothing is sent to, with one request for each.
fn safely_asked(plan: &Plan) -> impl Iterator<Item = (&PlannedMethod, &Probe)> {
    let mut seen = BTreeSet::new();
    plan.probes.iter().chain(&plan.refusals).filter_map(move |probe| {
        let Subject::Method(index) = probe.subject else { return None };
        let safe = Verb::of_request(&probe.request.method).is_some_and(Verb::is_safe);
        (safe && seen.insert(index)).then(|| plan.methods.get(index).map(|method| (method, probe))).flatten()
    })
}

/// Requests that rest on made-up values.
fn known_good(out: &mut String, world: &World, plan: &Plan, config: &Config) {
    let rules = config.rules().unwrap_or_default();
    let mut wanted: BTreeMap<(&str, &str, Verb), &PlannedMethod> = BTreeMap::new();
    for (method, probe) in safely_asked(plan) {
        let made_up = matches!(probe.provenance, Provenance::Schema | Provenance::Placeholder);
        if made_up && is_plain_name(&method.api) && !method.resource.contains('*') {
            wanted.entry((&method.api, &method.resource, method.verb)).or_insert(method);
        }
    }
    let mut lines = Vec::new();
    let (mut count, mut more, mut at) = (0, 0, None);
    for ((api, ..), method) in wanted {
        if count == MOST {
            more += 1;
            continue;
        }
        let Some(line) = request(world, method, config, &rules) else { continue };
        if at != Some(api) {
            lines.push(format!("## {}", plain(&method.api_name)));
            at = Some(api);
        }
        lines.push(line);
        count += 1;
    }
    section(
        out,
        "known_good",
        &[
            "Requests that are known to be good. What answers made-up values proves a route; what answers these proves",
            "health. The values below are made up: put in ones that exist.",
        ],
        &lines,
        more,
    );
}

/// A request with the values that the plan has for it. `None` where there is nothing to fill in, or no rule can name the
/// method.
fn request(world: &World, method: &PlannedMethod, config: &Config, rules: &Rules) -> Option<String> {
    let interface = deployed(world, method)?.interface.as_deref();
    let key = MethodKey {
        api_id: &method.api,
        api_name: &method.api_name,
        stage: &method.stage,
        resource: &method.resource,
        declared: method.verb,
    };
    let known = rules.known_good(&key, method.verb);
    let values = Values { known, parameters: &config.parameters, interface, with_body: false };
    let value = |place, name: &str| values.of(place, name).map_or("gateprobe", |(value, _)| value).to_owned();
    let mut filled: BTreeMap<Place, BTreeMap<&str, String>> = BTreeMap::new();
    for segment in segments(&method.resource) {
        if let Segment::Parameter(name) | Segment::Greedy(name) = Segment::parse(segment) {
            filled.entry(Place::Path).or_default().insert(name, value(Place::Path, name));
        }
    }
    for parameter in interface.into_iter().flat_map(|interface| &interface.parameters) {
        if parameter.required && parameter.place != Place::Path && !is_credential(&parameter.name) {
            let value = value(parameter.place, &parameter.name);
            filled.entry(parameter.place).or_default().insert(&parameter.name, value);
        }
    }
    let api = quoted(&method.api);
    let path = quoted(&rule_path(&method.resource));
    let rule = format!("- {{api: {api}, path: {path}, method: {}", method.verb);
    let mut line = rule.clone();
    for (place, values) in &filled {
        let list = match place {
            Place::Path => "parameters",
            Place::Query => "query",
            Place::Header => "headers",
        };
        // What is a secret by its name, and what no header can hold, a config does not take.
        let values: Vec<String> = values
            .iter()
            .map(|(name, value)| format!("{}: {}", quoted(name), quoted(value)))
            .filter(|value| is_taken("known_good", &format!("{rule}, {list}: {{{value}}}}}")))
            .collect();
        if !values.is_empty() {
            let _ = write!(line, ", {list}: {{{}}}", values.join(", "));
        }
    }
    (line != rule).then_some(line + "}")
}

/// Verbs that only the user can allow to be sent.
fn allow(out: &mut String, plan: &Plan) {
    let mut wanted: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for method in plan.methods.iter().filter(|method| method.fate == Fate::Skipped(SkipReason::NoSafeProof)) {
        let rule = method.remedy.as_deref().and_then(|text| text.strip_prefix(REMEDY.0)?.strip_suffix(REMEDY.1));
        let named = is_plain_name(&method.api) && is_plain_name(&method.stage) && !method.resource.contains('*');
        if let Some(rule) = rule.filter(|_| named) {
            wanted.entry((&method.api, &method.api_name)).or_default().insert(rule);
        }
    }
    let mut lines = Vec::new();
    let (mut count, mut more) = (0, 0);
    for ((_, name), rules) in wanted {
        let mut first = true;
        for rule in rules.into_iter().map(|rule| format!("- {rule}")) {
            if count == MOST {
                more += 1;
            } else if is_taken("allow", &rule) {
                if std::mem::take(&mut first) {
                    lines.push(format!("## {}", plain(name)));
                }
                lines.push(rule);
                count += 1;
            }
        }
    }
    section(
        out,
        "allow",
        &[
            "Verbs that may be sent. No request to these methods is sure to be refused before what lies behind them: with",
            "such a line each run calls the backend, and whatever it changes is changed. Best where that harms nobody.",
        ],
        &lines,
        more,
    );
}

/// What the methods of an API want to be shown.
#[derive(Default)]
struct Wants<'p> {
    key: bool,
    token: bool,
    /// Methods that want a signature: a token would stand in the same header.
    signed: BTreeSet<(&'p str, Verb)>,
}

/// Credentials, for methods that would refuse.
fn credentials(out: &mut String, world: &World, plan: &Plan) {
    let mut apis: BTreeMap<(&str, &str), Wants<'_>> = BTreeMap::new();
    for (method, probe) in safely_asked(plan) {
        let Some(deployed) = deployed(world, method).filter(|_| probe.expects != Expects::Answer) else { continue };
        if !is_plain_name(&method.api) || method.resource.contains('*') {
            continue;
        }
        let wants = apis.entry((&method.api, &method.api_name)).or_default();
        // Behind a token a key may be wanted too, and the plan expects only the first refusal.
        wants.key |= deployed.api_key_required;
        match deployed.authorization {
            Some(Authorization::Custom | Authorization::CognitoUserPools | Authorization::Jwt) => wants.token = true,
            Some(Authorization::AwsIam) => {
                wants.signed.insert((&method.resource, method.verb));
            }
            Some(Authorization::None) | None => {}
        }
    }
    let (mut secrets, mut rules) = (Vec::new(), Vec::new());
    let (mut count, mut more, mut signs) = (0, 0, false);
    for ((api, name), wants) in apis {
        if count >= MOST {
            more += 1;
            continue;
        }
        let mut with = Vec::new();
        for (wanted, what, kind) in [(wants.key, "key", "api_key"), (wants.token, "token", "bearer")] {
            if wanted {
                let entry = quoted(&format!("{what}-{api}"));
                let secret = quoted(&format!("secretsmanager:gateprobe/{api}/{what}"));
                secrets.push(format!("{entry}: {{{kind}: {secret}}}"));
                with.push(entry);
            }
        }
        let mut fresh = Vec::new();
        let api = quoted(api);
        for (resource, verb) in wants.signed {
            let place = format!("- {{api: {api}, path: {}, method: {verb}", quoted(&rule_path(resource)));
            if is_taken("authenticate", &format!("{place}, with: []}}")) {
                let key = if wants.key { with.first() } else { None };
                let with: Vec<&str> = key.map(String::as_str).into_iter().chain(["caller"]).collect();
                fresh.push(format!("{place}, with: [{}]}}", with.join(", ")));
            }
        }
        signs |= !fresh.is_empty();
        // The special ones first: what fits all of the API would leave nothing for them.
        if !with.is_empty() {
            fresh.push(format!("- {{api: {api}, with: [{}]}}", with.join(", ")));
        }
        if !fresh.is_empty() {
            count += fresh.len();
            rules.push(format!("## {}", plain(name)));
            rules.append(&mut fresh);
        }
    }
    if signs {
        secrets.push("caller: {sigv4: {}}".to_owned());
    }
    section(
        out,
        "credentials",
        &[
            "Credentials. These methods demand some, and are proved by their refusal; asked with credentials they show",
            "their health. Name your own secrets: those below are only how one is named. For an authorizer that reads",
            "another header than Authorization: {header: {name: NAME, value: 'secretsmanager:NAME'}}.",
        ],
        &secrets,
        0,
    );
    section(out, "authenticate", &[], &rules, more);
}

/// Ways in that the plan could not take.
fn doors(out: &mut String, world: &World, plan: &Plan) {
    let closed: BTreeSet<&str> =
        plan.gaps.iter().filter_map(|gap| gap.place.strip_prefix(super::doors::PLACE)).collect();
    let domains = || world.inventory().domains.iter().filter(|domain| closed.contains(domain.name.as_str()));
    let private = plan.methods.iter().any(|method| method.fate == Fate::Skipped(SkipReason::PrivateEndpoint))
        || plan.gaps.iter().any(|gap| gap.reason == super::doors::PRIVATE);
    if private {
        out.push('\n');
        say(out, "Private APIs, where the machine that runs this can reach them.");
        out.push_str("# private_apis: true\n");
    }
    let mut hosts = BTreeSet::new();
    let certificates: Vec<String> = domains()
        .filter(|domain| domain.mutual_tls && hosts.insert(domain.name.to_ascii_lowercase()))
        .map(|domain| {
            let secret = format!("secretsmanager:gateprobe/{}/identity", domain.name);
            format!("- {{domain: {}, identity: {}}}", quoted(&domain.name), quoted(&secret))
        })
        .filter(|line| is_taken("client_certificates", line))
        .collect();
    section(
        out,
        "client_certificates",
        &["Domains that demand a client certificate: certificate, chain and key in one PEM, in a secret."],
        &certificates,
        0,
    );
    let skipped: Vec<String> = domains()
        .map(|domain| format!("- {}", quoted(&domain.name)))
        .filter(|line| is_taken("skip_domains", line))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    section(
        out,
        "skip_domains",
        &["Domains that could not be called: named here, they are no gap in the report any more."],
        &skipped,
        0,
    );
}

#[cfg(test)]
#[path = "starting_tests.rs"]
mod tests;
