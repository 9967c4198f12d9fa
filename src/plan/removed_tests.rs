//! What is missed of a stage, and what somebody else serves now.

use super::*;
use crate::gateway::{Inventory, InvokeUrl, KnownMethod};
use crate::plan::{Unreadable, plan};

const TREE: &str = r#"{"/x": {"ANY": {}}, "/y/{orderId}": {"POST": {}}, "/{proxy+}": {"GET": {}, "PATCH": {}}}"#;

/// What is missed of `VERB /path`s that a stage had, with `!` where no request asks for it and the reason of an `ignore`.
fn missed(config: &str, had: &[(Verb, &str)]) -> Vec<String> {
    missed_of("rest", "apisummary", &InvokeUrl::default(), config, had)
}

/// The same of another kind of API, whose tree is from elsewhere.
fn missed_of(protocol: &str, source: &str, invoke_url: &InvokeUrl, config: &str, had: &[(Verb, &str)]) -> Vec<String> {
    let inventory = format!(
        r#"{{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [{{"id": "a1", "name": "shop", "protocol": "{protocol}",
            "stages": [{{"name": "prod", "deployment": "d2"}}],
            "deployments": {{"d2": {{"source": "{source}", "tree": {TREE}}}}}}}]}}"#
    );
    let world = World::new(Inventory::from_json(&inventory).unwrap(), invoke_url.clone());
    let mut known = KnownStage::new("a1", "shop", "prod", Some("d2"));
    for (verb, resource) in had {
        let removed = RemovedMethod { since: 0, had_by: None, taken_by: None, known: KnownMethod::default() };
        known.removed.entry((*resource).to_owned()).or_default().insert(*verb, removed);
    }
    let config = Config::parse(config, "test").unwrap();
    let mut plan = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
    plan.ask_for_removed(&world, &config, &DomainUrl::default(), [&known]);
    let line = |missing: &Missing| {
        let asked = if missing.asked { "" } else { "!" };
        let ignored = missing.ignored.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{asked}{} {}{ignored}", missing.verb, missing.resource)
    };
    plan.removed.iter().map(line).collect()
}

#[test]
fn what_the_same_resource_or_one_of_its_shape_serves_is_not_missed() {
    // `ANY` took over, and a parameter has another name.
    assert_eq!(missed("", &[(Verb::Post, "/x"), (Verb::Get, "/x"), (Verb::Post, "/y/{id}")]), [""; 0]);
    // A catch-all takes the rest, which may be a page that says so: what changes nothing is asked, and the rest let be.
    assert_eq!(
        missed("", &[(Verb::Post, "/z"), (Verb::Get, "/z"), (Verb::Patch, "/z"), (Verb::Any, "/z/{id}")]),
        ["GET /z", "!POST /z", "ANY /z/{id}"]
    );
}

#[test]
fn what_is_ignored_is_ignored_when_it_is_gone_too() {
    let had = [(Verb::Get, "/z"), (Verb::Post, "/z"), (Verb::Get, "/w")];
    let asked = "ignore: [{path: /z, reason: old}]";
    assert_eq!(missed(asked, &had), ["GET /w", "GET /z (old)", "!POST /z (old)"]);
    assert_eq!(missed("ignore: [{path: /z, reason: old, probe: false}]", &had), ["GET /w"]);
    assert_eq!(missed("ignore: [{path: /z, reason: old, until: 1969-12-30}]", &had).len(), 3);
}

#[test]
fn only_what_is_surely_deployed_can_miss_something() {
    let emulator: InvokeUrl = "http://127.0.0.1:4566/restapis/{api}/{stage}/_user_request_".parse().unwrap();
    let own = InvokeUrl::default();
    for (protocol, source, invoke_url, missing) in [
        ("rest", "apisummary", &own, 1),
        ("rest", "export", &own, 0),
        ("rest", "edited", &own, 0),
        ("http", "apisummary", &own, 1),
        ("http", "export", &own, 1),
        ("http", "edited", &own, 0),
        ("http", "export", &emulator, 0),
    ] {
        let found = missed_of(protocol, source, invoke_url, "", &[(Verb::Post, "/z")]);
        assert_eq!(found.len(), missing, "{protocol} {source}");
    }
}
