//! The messages as their readers see them, and what holds whatever a transition says.

use serde_json::Value;

use super::*;
use crate::gateway::{Change, Verb};
use crate::remember::{Ended, Member, StageSeen, Watched};

const NOW: i64 = 1_790_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const API: &str = "a1b2c3d4e5";

fn about() -> Context {
    Context {
        account: Some("123456789012".to_owned()),
        dashboard_url: Some(
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards:name=Gateprobe"
                .to_owned(),
        ),
        ..Context::new("eu-central-1", NOW)
    }
}

fn method(stage: &str, verb: Verb, resource: &str) -> SubjectId {
    SubjectId::Method { api: API.to_owned(), stage: stage.to_owned(), resource: resource.to_owned(), verb }
}

fn member(subject: SubjectId, cause: Cause) -> Member {
    Member { subject, since: NOW - 12 * MINUTE, at: NOW, failing: true, good: 0, cause }
}

fn example(cause: Cause, method: &str, path: &str) -> Example {
    Example {
        method: method.to_owned(),
        url: format!("https://{API}.execute-api.eu-central-1.amazonaws.com/prod{path}"),
        cause,
        confidence: "certain".to_owned(),
        evidence: vec![
            format!("403 Missing Authentication Token; deployment k3x9q2 of stage prod has no {method} {path}"),
            "the editor has had it since 2026-09-21".to_owned(),
        ],
        remedy: cause.about().remedy.to_owned(),
        instead: None,
        status: Some(403),
        request_id: "00000000-0000-4000-8000-000000000001".to_owned(),
    }
}

fn incident(scope: Scope, cause: Cause, members: Vec<Member>) -> Incident {
    Incident {
        number: 12,
        scope,
        cause,
        severity: Severity::of(cause.about().verdict),
        apis: [(API.to_owned(), "shop".to_owned())].into(),
        since: NOW - 12 * MINUTE,
        opened_at: NOW,
        told_at: None,
        held_by: None,
        told_members: members.len(),
        members,
        examples: vec![example(cause, "GET", "/orders")],
        after: None,
        times: 1,
        flapping: false,
        reminders: 0,
        remind_at: Some(NOW + HOUR),
        acknowledged_until: None,
    }
}

/// One method alone.
fn single() -> Incident {
    let subject = method("prod", Verb::Get, "/orders/{id}");
    let mut one =
        incident(Scope::One { subject: subject.clone() }, Cause::PathCase, vec![member(subject, Cause::PathCase)]);
    one.examples = vec![Example {
        url: format!("https://{API}.execute-api.eu-central-1.amazonaws.com/prod/Orders/7?token=…&page=2"),
        instead: Some(format!(
            "GET https://{API}.execute-api.eu-central-1.amazonaws.com/prod/orders/7?token=s3cret-value&page=2"
        )),
        evidence: vec!["/Orders/7 matches /orders/{id} in another case".to_owned()],
        confidence: "likely".to_owned(),
        ..example(Cause::PathCase, "GET", "/Orders/7")
    }];
    one
}

/// A subtree that a deployment forgot, with one route that fails in another way.
fn subtree() -> Incident {
    let mut members: Vec<Member> = ["/orders", "/orders/{id}", "/orders/{id}/items", "/orders/{id}/items/{item}"]
        .iter()
        .flat_map(|path| [Verb::Get, Verb::Post, Verb::Delete].map(|verb| method("prod", verb, path)))
        .map(|subject| member(subject, Cause::NotDeployed))
        .collect();
    members[11].cause = Cause::Integration;
    let scope = Scope::Subtree { api: API.to_owned(), stage: "prod".to_owned(), path: "/orders".to_owned() };
    let mut incident = incident(scope, Cause::NotDeployed, members);
    incident.examples.push(Example {
        evidence: vec!["answered 502: Internal server error".to_owned()],
        confidence: "likely".to_owned(),
        ..example(Cause::Integration, "DELETE", "/orders/7/items/1")
    });
    incident.after = Some("2026-09-21 14:00 UTC: stage prod changed from deployment h7w2m1 to k3x9q2".to_owned());
    incident
}

fn stage_wide() -> Incident {
    let members =
        (0..120).map(|n| method("prod", Verb::Any, &format!("/r{n}"))).map(|s| member(s, Cause::StageUnknown));
    let scope = Scope::Stage { api: API.to_owned(), stage: "prod".to_owned() };
    let mut incident = incident(scope, Cause::StageUnknown, members.collect());
    incident.held_by = Some("nightly release".to_owned());
    incident.since = NOW - 2 * HOUR;
    incident
}

fn domain() -> Incident {
    let contract = SubjectId::Contract {
        verb: "POST".to_owned(),
        url: "https://api.example.com/v1/orders?dry=…".to_owned(),
        stage: Some((API.to_owned(), "prod".to_owned())),
    };
    let members = vec![
        member(method("prod", Verb::Get, "/orders"), Cause::DomainDns),
        member(method("beta", Verb::Get, "/orders"), Cause::DomainDns),
        member(contract, Cause::DomainDns),
    ];
    let mut incident = incident(Scope::Domain { host: "api.example.com".to_owned() }, Cause::DomainDns, members);
    (incident.flapping, incident.times) = (true, 4);
    incident.examples = vec![Example {
        url: "https://api.example.com/v1/orders?dry=…".to_owned(),
        evidence: vec![
            "api.example.com leads to 203.0.113.7, and not to d-1a2b3c.execute-api.eu-central-1.amazonaws.com"
                .to_owned(),
        ],
        status: None,
        ..example(Cause::DomainDns, "POST", "")
    }];
    incident
}

fn api_wide() -> Incident {
    let members = ["prod", "beta"]
        .iter()
        .flat_map(|stage| [Verb::Get, Verb::Put].map(|verb| method(stage, verb, "/orders")))
        .map(|subject| member(subject, Cause::ApiKey))
        .collect();
    incident(Scope::Api { api: API.to_owned() }, Cause::ApiKey, members)
}

fn grown() -> Transition {
    let mut incident = subtree();
    incident.opened_at = NOW - 10 * MINUTE;
    incident.members[1].failing = false;
    for member in &mut incident.members[4..] {
        member.since = NOW - MINUTE;
    }
    Transition::Grew(Box::new(incident), 2)
}

fn worse() -> Transition {
    let mut incident = single();
    (incident.cause, incident.severity) = (Cause::Removed, Severity::Critical);
    incident.members[0].cause = Cause::Removed;
    Transition::Grew(Box::new(incident), 1)
}

fn reminder() -> Transition {
    let mut incident = subtree();
    incident.since = NOW - 200 * MINUTE;
    incident.reminders = 2;
    Transition::Reminder(Box::new(incident))
}

fn acknowledged() -> Transition {
    let mut incident = single();
    incident.acknowledged_until = Some(NOW + 2 * HOUR);
    Transition::Reminder(Box::new(incident))
}

fn resolved(ended: Ended) -> Transition {
    let mut incident = subtree();
    incident.since = NOW - 47 * MINUTE;
    for member in &mut incident.members {
        member.failing = false;
    }
    Transition::Resolved(Box::new(incident), ended)
}

fn deployment() -> StageSeen {
    StageSeen {
        api: API.to_owned(),
        api_name: "shop".to_owned(),
        stage: "prod".to_owned(),
        deployment: Some("k3x9q2".to_owned()),
        deployed_at: Some(NOW - 3 * MINUTE),
        change: Some(Change {
            before: Some("h7w2m1".to_owned()),
            after: Some("k3x9q2".to_owned()),
            deployed_at: Some(NOW - 3 * MINUTE),
            added: (0..14).map(|n| format!("GET /reports/{n}")).collect(),
            removed: vec!["DELETE /orders/{id}".to_owned(), "GET /orders/{id}/items".to_owned()],
            changed: vec!["GET /orders: authorization NONE -> AWS_IAM".to_owned()],
        }),
    }
}

fn watched() -> Watched {
    Watched {
        apis: 4,
        stages: 6,
        deployed: 120,
        probed: 108,
        routed: 108,
        healthy: 90,
        by_provenance: [("bare".to_owned(), 60), ("refusal".to_owned(), 36), ("config".to_owned(), 12)].into(),
        skipped: [("no-safe-proof".to_owned(), 9), ("private-endpoint".to_owned(), 3)].into(),
        contract: 17,
        gaps: 1,
    }
}

fn window(lines: &[&str]) -> Transition {
    Transition::Window {
        name: "nightly release".to_owned(),
        began_at: NOW - 2 * HOUR,
        ended_at: NOW,
        held_back: lines.iter().map(|line| (*line).to_owned()).collect(),
    }
}

fn digest() -> Transition {
    Transition::Digest {
        now: watched(),
        before: Some(Watched { deployed: 117, probed: 110, ..watched() }),
        open: vec![subtree()],
        events: vec![
            "2026-09-18 09:12 UTC shop/prod: deployment h7w2m1 -> k3x9q2, 2 methods removed".to_owned(),
            "2026-09-18 09:20 UTC gp-11 opened: shop/prod, GET /orders/{id} (removed)".to_owned(),
            "2026-09-18 10:02 UTC gp-11 resolved after 42 minutes".to_owned(),
        ],
    }
}

/// Every kind, and what there is of each.
fn all() -> Vec<(&'static str, Transition)> {
    let opened = |incident| Transition::Opened(Box::new(incident));
    vec![
        ("opened_single", opened(single())),
        ("opened_subtree", opened(subtree())),
        ("opened_stage_after_a_window", opened(stage_wide())),
        ("opened_domain_flapping", opened(domain())),
        ("opened_api", opened(api_wide())),
        ("grew", grown()),
        ("grew_worse", worse()),
        ("reminder", reminder()),
        ("reminder_acknowledged", acknowledged()),
        ("resolved_healthy", resolved(Ended::Healthy)),
        ("resolved_gone", resolved(Ended::Gone)),
        ("resolved_accepted", resolved(Ended::Accepted)),
        ("deployment", Transition::Deployment(Box::new(deployment()))),
        (
            "window",
            window(&[
                "gp-12: shop/prod, /orders and below: 12 routes, not-deployed, still open",
                "gp-13: billing/prod: 3 routes, throttle, over after 12 minutes",
            ]),
        ),
        ("window_quiet", window(&[])),
        ("watching", Transition::Watching(watched())),
        ("digest", digest()),
    ]
}

#[test]
fn as_people_see_them() {
    for (name, transition) in all() {
        let alert = message("gp-12-it", &transition, &about());
        let shown = format!("Subject: {}\nSMS:     {}\n\n{}", alert.subject, alert.sms(), alert.text);
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn as_machines_see_them() {
    for (name, transition) in all() {
        let alert = message("gp-12-it", &transition, &about());
        let shown: Value = serde_json::json!({ "attributes": alert.attributes, "json": alert.json });
        insta::assert_json_snapshot!(format!("{name}_json"), shown);
    }
}
