//! What memory takes of a run that could not ask everything.

use super::*;
use crate::config::Config;
use crate::diagnose::diagnose;
use crate::gateway::{Inventory, InvokeUrl};
use crate::plan::{DomainUrl, Unreadable, plan};
use crate::probe::Response;
use crate::report::Tally;

const INVENTORY: &str = r#"{"version": 1, "region": "us-east-1", "read_at": 0,
    "apis": [{"id": "a1", "name": "shop", "default_endpoint_disabled": CLOSED, "stages": [{"name": "prod", "deployment": "d1"}],
        "deployments": {"d1": {"source": "apisummary", "tree": {"/x": {"GET": {"authorization": "NONE"}}}}}}],
    "domains": DOMAINS, "gaps": GAPS}"#;
const DOMAIN: &str = r#"[{"name": "api.example.com", "mappings": [{"api": "a1", "stage": "prod"}]}]"#;
const GAP: &str = r#"[{"where": "domain api.example.com mappings", "reason": "throttled"}]"#;

struct Case<'c> {
    config: &'c str,
    closed: bool,
    domains: &'c str,
    gaps: &'c str,
}

/// What is seen when so many of the planned requests are answered with 200: the health of `GET /x`, whether it is what
/// comes first the next time, and how many requests there were.
fn seen(case: &Case<'_>, answered: usize) -> (Option<Health>, bool, usize) {
    let closed = if case.closed { "true" } else { "false" };
    let inventory = INVENTORY.replace("CLOSED", closed).replace("DOMAINS", case.domains).replace("GAPS", case.gaps);
    let world = World::new(Inventory::from_json(&inventory).unwrap(), InvokeUrl::default());
    let config = Config::parse(case.config, "test").unwrap();
    let plan = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
    let mut tally = Tally::new(&world, &plan);
    for probe in plan.probes.iter().take(answered) {
        let response = Response { status: 200, headers: vec![], body: String::new(), truncated: false };
        let observation = Observation::saved(response);
        tally.observed(&world, probe, &observation, diagnose(&probe.request, &observation, &world, 0));
    }
    let (sights, late) = tally.take_sights();
    assert!(sights.len() <= 1, "{sights:?}");
    (sights.first().map(|sight| sight.health), !late.is_empty(), plan.probes.len())
}

const PLAIN: Case<'static> = Case { config: "", closed: false, domains: DOMAIN, gaps: "[]" };

#[test]
fn a_method_with_a_door_that_was_not_reached_is_not_good() {
    assert_eq!(seen(&PLAIN, 2), (Some(Health::Good), false, 2));
    assert_eq!(seen(&PLAIN, 1), (Some(Health::Unknown), true, 2));
    assert_eq!(seen(&PLAIN, 0), (Some(Health::Unknown), true, 2));
}

#[test]
fn what_is_left_out_on_purpose_is_not_waited_for() {
    let ignored = "ignore: [{path: /x, reason: old, probe: false}]";
    assert_eq!(seen(&Case { config: ignored, ..PLAIN }, 0), (None, false, 0));
    assert_eq!(seen(&Case { closed: true, domains: "[]", ..PLAIN }, 0), (None, false, 0));
    // Its only door may be one that could not be read.
    let unread = Case { closed: true, domains: "[]", gaps: GAP, ..PLAIN };
    assert_eq!(seen(&unread, 0), (Some(Health::Unknown), false, 0));
}
