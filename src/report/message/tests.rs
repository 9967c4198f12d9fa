//! The messages as their readers see them, and what holds whatever a transition says.

use proptest::prelude::*;
use serde_json::Value;
use url::Url;

use super::*;
use crate::gateway::{Change, Verb};
use crate::probe::read_curl;
use crate::remember::{Ended, Member, StageSeen, Watched};
use crate::report::alert::LONGEST_JSON;
use crate::report::page::LONGEST_TEXT;
use crate::report::safe::encoded;

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
    incident.held_by = Some("maintenance window nightly release".to_owned());
    incident.opened_at = NOW - 110 * MINUTE;
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
                "gp-12: shop, stage prod, /orders and below: not-deployed (12 failing)",
                "gp-13: billing, stage prod: throttle: over, it answers again",
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

const SCHEMA: &str = "docs/alert.schema.json";

/// What SNS, a telephone or a mailbox would refuse, what a reader would curse, and what the schema promises.
fn check(alert: &Alert, schema: &jsonschema::Validator) {
    let printable = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    assert!((1..100).contains(&alert.subject.len()) && printable(&alert.subject), "{}", alert.subject);
    assert!((1..=140).contains(&alert.sms().len()) && printable(alert.sms()), "{}", alert.sms());
    assert!(!alert.sms().contains('`'), "{}", alert.sms());
    assert!(alert.bytes() <= 256 * 1024, "{}", alert.bytes());
    assert!(encoded(&alert.json.to_string()) <= LONGEST_JSON + 100, "{}", alert.json);
    assert!(encoded(&alert.text) <= LONGEST_TEXT, "{}", alert.text.len());
    assert!((1..=10).contains(&alert.attributes.len()), "{:?}", alert.attributes.keys());
    for (name, attribute) in &alert.attributes {
        assert!(!attribute.value().trim().is_empty() && attribute.value() != "[]", "{name}");
    }
    for line in alert.text.lines() {
        assert!(line.chars().count() <= 78 || line.contains("://"), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    if let Err(error) = schema.validate(&alert.json) {
        panic!("{error} at {}", error.instance_path());
    }
    let message: Value = serde_json::from_str(&alert.message()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(message["default"].as_str().unwrap()).unwrap(), alert.json);
    assert_eq!(message["email"], alert.text);
    assert_eq!(message["sms"], alert.sms());
    assert_eq!(&serde_json::from_str::<Alert>(&serde_json::to_string(alert).unwrap()).unwrap(), alert);
}

fn schema() -> &'static jsonschema::Validator {
    static SCHEMA: std::sync::LazyLock<jsonschema::Validator> =
        std::sync::LazyLock::new(|| jsonschema::draft202012::new(&json_schema()).unwrap());
    &SCHEMA
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let made = format!("{:#}\n", json_schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(SCHEMA, &made).unwrap();
    }
    let published = std::fs::read_to_string(SCHEMA).unwrap();
    assert!(published == made, "{SCHEMA} is old: UPDATE_DOCS=1 cargo test --lib report::message");
}

#[test]
fn every_kind_is_fit_to_be_sent() {
    let schema = schema();
    let kinds: BTreeSet<_> = all().iter().map(|(_, transition)| transition.kind()).collect();
    assert_eq!(kinds.len(), 8, "one of each kind");
    for (name, transition) in all() {
        let alert = message("gp-12-it", &transition, &about());
        check(&alert, schema);
        assert_eq!(alert.json["transition"], transition.kind().to_string(), "{name}");
        assert_eq!(alert.attributes["transition"].value(), transition.kind().to_string());
        assert_eq!(alert.attributes["id"].value(), "gp-12-it");
        assert!(!alert.message().contains("s3cret"), "{name}: {}", alert.text);
    }
}

#[test]
fn the_schema_refuses_what_is_no_message() {
    let schema = schema();
    let good = message("gp-12-opened", &Transition::Opened(Box::new(subtree())), &about()).json;
    for (pointer, value) in [
        ("/version", serde_json::json!(1)),
        ("/severity", serde_json::json!("bad")),
        ("/transition", serde_json::json!("closed")),
        ("/at", serde_json::json!("now")),
        ("/incident/members", serde_json::json!(null)),
        ("/incident/scope/kind", serde_json::json!("account")),
        ("/incident/examples/0/url", serde_json::json!(null)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn what_is_cut_is_counted() {
    let schema = schema();
    let members = |number: usize| {
        (0..number)
            .map(|n| {
                member(method("prod", Verb::Any, &format!("/r{n}/{}", "\"segment\"/".repeat(8))), Cause::PathUnknown)
            })
            .collect::<Vec<_>>()
    };
    let scope = Scope::Stage { api: API.to_owned(), stage: "prod".to_owned() };
    let mut large = incident(scope, Cause::PathUnknown, members(5000));
    large.members[4999].failing = false;
    let alert = message("gp-12-opened", &Transition::Opened(Box::new(large.clone())), &about());
    check(&alert, schema);
    let told = &alert.json["incident"];
    assert_eq!((&told["members_total"], &told["failing"]), (&Value::from(5000), &Value::from(4999)));
    let first = told["members"].as_array().unwrap().len();
    assert!((300..5000).contains(&first), "{first}");
    assert_eq!(told["members_omitted"], 5000 - first);
    assert!(alert.text.contains("Routes that fail: 4999"), "{}", alert.text);
    assert!(alert.text.contains("and 4989 more"), "{}", alert.text);
    assert!(alert.text.contains("1 route of this incident answers again"), "{}", alert.text);

    let mut deployed = deployment();
    let lines: Vec<String> = (0..5000).map(|n| format!("GET /{n}/{}", "x".repeat(90))).collect();
    let change = deployed.change.as_mut().unwrap();
    (change.added, change.removed, change.changed) = (lines.clone(), lines.clone(), lines.clone());
    let alert = message("d", &Transition::Deployment(Box::new(deployed)), &about());
    check(&alert, schema);
    for list in ["added", "removed", "changed"] {
        let told = &alert.json["deployment"][list];
        assert_eq!(told["total"], 5000);
        assert!((200..5000).contains(&told["first"].as_array().unwrap().len()), "{list}");
    }
    let digest = Transition::Digest { now: watched(), before: None, open: vec![large; 700], events: lines };
    let alert = message("w", &digest, &about());
    check(&alert, schema);
    for (list, total) in [("open", 700), ("events", 5000)] {
        let told = alert.json[list].as_array().unwrap().len() as u64;
        assert!(told > 100, "{list}: {told}");
        assert_eq!(told + alert.json[format!("{list}_omitted")].as_u64().unwrap(), total);
    }
}

#[test]
fn names_that_fill_the_attributes_say_so() {
    let members: Vec<Member> = (0..5000)
        .map(|n| SubjectId::Method {
            api: format!("api{n:07}"),
            stage: "prod".to_owned(),
            resource: "/".to_owned(),
            verb: Verb::Get,
        })
        .map(|subject| member(subject, Cause::DomainDns))
        .collect();
    let large = incident(Scope::Domain { host: "api.example.com".to_owned() }, Cause::DomainDns, members);
    let alert = message("gp-12-opened", &Transition::Opened(Box::new(large)), &about());
    check(&alert, schema());
    assert_eq!(alert.attributes["cut"], Attribute::List(vec!["api".to_owned(), "stage".to_owned()]));
}

#[test]
fn the_curl_line_is_the_request() {
    let base = format!("https://{API}.execute-api.eu-central-1.amazonaws.com/prod");
    for (method, path) in [
        ("GET", "/orders"),
        ("HEAD", "/it's"),
        ("POST", "/orders/{id}?x=…"),
        ("DELETE", "/a[1]/$(x)`y`\"z\""),
        ("OPTIONS", "/!history;&|<>"),
        ("PROPFIND", "/%20+%2F"),
    ] {
        let mut incident = single();
        incident.examples[0].method = method.to_owned();
        incident.examples[0].url = format!("{base}{path}");
        let alert = message("gp-12-opened", &Transition::Opened(Box::new(incident)), &about());
        let line = alert.json["incident"]["examples"][0]["curl"].as_str().unwrap();
        let read = read_curl(line).unwrap();
        assert_eq!(read.request.method, method, "{line}");
        assert_eq!(read.request.url, Url::parse(&format!("{base}{path}")).unwrap(), "{line}");
        assert_eq!((read.request.headers.len(), read.request.body), (0, None), "{line}");
        assert_eq!(line.contains(" -X "), !matches!(method, "GET" | "HEAD"), "{line}");
        assert!(alert.text.contains(&format!("Repeat   {line}\n")), "{}", alert.text);
    }
}

#[test]
fn who_is_to_be_told_can_be_filtered() {
    let of = |transition: Transition| message("it", &transition, &about()).attributes;
    let list = |texts: &[&str]| Attribute::List(texts.iter().map(|text| (*text).to_owned()).collect());
    let opened = of(Transition::Opened(Box::new(api_wide())));
    assert_eq!(opened["api"], list(&[API, "shop"]));
    assert_eq!(
        opened["stage"],
        list(&["a1b2c3d4e5/beta", "a1b2c3d4e5/prod", "beta", "prod", "shop/beta", "shop/prod"])
    );
    assert_eq!(opened["severity"].value(), "warning");
    let resolved = of(resolved(Ended::Healthy));
    assert_eq!(resolved["severity"].value(), "critical", "whoever was told of it is told of its end");
    assert_eq!(resolved["cause"], list(&["not-deployed", "integration"]));
    assert_eq!(resolved["incident"].value(), "gp-12");
    let deployed = of(Transition::Deployment(Box::new(deployment())));
    assert_eq!((deployed["severity"].value().as_str(), &deployed["api"]), ("info", &list(&[API, "shop"])));
    assert!(!deployed.contains_key("incident") && !deployed.contains_key("cause"));
}

#[test]
fn the_text_says_when_and_why_it_is_late() {
    let text = |incident: Incident, now: i64| {
        message("it", &Transition::Opened(Box::new(incident)), &Context { now, ..about() }).text
    };
    assert!(!text(subtree(), NOW).contains("Held"), "told by the run that opened it");
    let late = text(subtree(), NOW + 2 * HOUR);
    assert!(late.contains("Held     back for 2 hours, so that you hear of it only now"), "{late}");
    assert!(late.contains("Since    2026-09-21 14:01 UTC, for 2 hours 12 minutes"), "{late}");
}

#[test]
fn a_memory_that_is_not_there_is_told() {
    let about = Context { memory_note: Some("told without memory: the table is gone\u{202e}".to_owned()), ..about() };
    let alert = message("it", &Transition::Opened(Box::new(subtree())), &about);
    assert!(alert.text.contains("Note     told without memory: the table is gone\u{fffd}"), "{}", alert.text);
    assert_eq!(alert.json["note"], "told without memory: the table is gone\u{fffd}");
}

#[test]
fn a_fix_for_another_cause_is_not_told_as_this_ones() {
    let Transition::Grew(mut incident, before) = worse() else { panic!() };
    incident.examples[0].request_id.clear();
    let text = message("it", &Transition::Grew(incident, before), &about()).text;
    let fix = Cause::Removed.about().remedy.split_whitespace().next().unwrap();
    assert!(text.contains(&format!("Fix      {fix}")), "{text}");
    assert!(!text.contains("Instead") && !text.contains("another case") && !text.contains("Log "), "{text}");
}

/// Anything, short or very long.
fn word() -> impl Strategy<Value = String> {
    (any::<String>(), prop::sample::select(vec![1usize, 1, 1, 3, 400])).prop_map(|(text, times)| text.repeat(times))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_the_names_are_it_can_be_sent(
        words in prop::collection::vec(word(), 8),
        numbers in prop::collection::vec(any::<i64>(), 4),
        cause in prop::sample::select(Cause::ALL),
        repeat in prop::sample::select(vec![1usize, 2, 40, 1000]),
        kind in 0usize..8,
        scope in 0usize..5,
    ) {
        let [api, name, stage, path, verb, url, line, id] = &words[..] else { panic!("eight") };
        let subjects = [
            SubjectId::Method { api: api.clone(), stage: stage.clone(), resource: path.clone(), verb: Verb::Any },
            SubjectId::Contract { verb: verb.clone(), url: format!("https://{url}"), stage: None },
            SubjectId::Contract { verb: line.clone(), url: path.clone(), stage: Some((api.clone(), stage.clone())) },
        ];
        let scope = match scope {
            0 => Scope::Domain { host: url.clone() },
            1 => Scope::Api { api: api.clone() },
            2 => Scope::Stage { api: api.clone(), stage: stage.clone() },
            3 => Scope::Subtree { api: api.clone(), stage: stage.clone(), path: path.clone() },
            _ => Scope::One { subject: subjects[repeat % 3].clone() },
        };
        let members = subjects.iter().cycle().take(repeat).map(|subject| member(subject.clone(), cause)).collect();
        let mut it = incident(scope, cause, members);
        it.apis = [(api.clone(), name.clone()), (stage.clone(), path.clone())].into();
        (it.since, it.opened_at, it.remind_at) = (numbers[0], numbers[1], Some(numbers[2]));
        (it.after, it.held_by) = (Some(line.clone()), Some(name.clone()));
        it.number = numbers[0].unsigned_abs();
        it.flapping = repeat == 40;
        it.examples = vec![Example {
            method: verb.clone(), url: format!("{}{url}", ["https://", ""][repeat % 2]), cause, confidence: stage.clone(),
            evidence: vec![line.clone(); 3], remedy: path.clone(), instead: Some(format!("{} {}{url}", id.trim(), ["https://", ""][repeat % 2])),
            status: Some(u16::MAX), request_id: id.clone(),
        }; 3];
        let lines: Vec<String> = words.iter().cycle().take(repeat).cloned().collect();
        let watched = Watched {
            by_provenance: [(path.clone(), repeat)].into(),
            skipped: lines.iter().enumerate().map(|(at, line)| (format!("{at}{line}"), at)).collect(),
            ..watched()
        };
        let transition = match kind {
            0 => Transition::Opened(Box::new(it)),
            1 => Transition::Grew(Box::new(it), repeat / 2),
            2 => Transition::Reminder(Box::new(it)),
            3 => Transition::Resolved(Box::new(it), Ended::Gone),
            4 => Transition::Deployment(Box::new(StageSeen {
                api: api.clone(), api_name: name.clone(), stage: stage.clone(), deployment: Some(id.clone()),
                deployed_at: Some(numbers[0]),
                change: Some(Change {
                    before: Some(url.clone()), after: None, deployed_at: None,
                    added: lines.clone(), removed: lines.clone(), changed: lines,
                }),
            })),
            5 => Transition::Window {
                name: name.clone(), began_at: numbers[0], ended_at: numbers[1], held_back: lines,
            },
            6 => Transition::Watching(watched),
            _ => Transition::Digest { now: watched, before: None, open: vec![it; repeat.min(40)], events: lines },
        };
        let about = Context {
            region: name.clone(), now: numbers[3], account: Some(line.clone()), dashboard_url: Some(format!("https://{url}")),
            memory_note: Some(path.clone()), ..Context::new("", 0)
        };
        check(&message(id, &transition, &about), schema());
    }
}
