//! Hand-made ledgers, as people and machines see them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gateprobe::diagnose::Cause;
use gateprobe::gateway::Verb;
use gateprobe::remember::LEDGER_FORMAT;
use gateprobe::remember::{
    Closed, Entry, EntryKind, Example, HeldBack, LastRun, Member, Severity, StageMark, TransitionKind, Watched,
};
use gateprobe::store::{Expect, Item, LEDGER, Store, StoreError, WriteError, seal};

use super::*;

/// 2026-11-23 08:00:00 UTC.
const NOW: i64 = 1_795_420_800;

fn method(path: &str) -> SubjectId {
    SubjectId::Method {
        api: "a1b2c3d4e5".to_owned(),
        stage: "prod".to_owned(),
        resource: path.to_owned(),
        verb: Verb::Get,
    }
}

fn member(path: &str, failing: bool) -> Member {
    Member { subject: method(path), since: NOW - 11_520, at: NOW - 60, failing, good: 0, cause: Cause::PathUnknown }
}

fn incident(number: u64, scope: Named) -> Incident {
    Incident {
        number,
        scope,
        cause: Cause::Removed,
        severity: Severity::Critical,
        apis: [("a1b2c3d4e5".to_owned(), "shop".to_owned())].into(),
        since: NOW - 11_520,
        opened_at: NOW - 11_000,
        told_at: Some(NOW - 11_000),
        held_by: None,
        members: vec![member("/orders", true), member("/orders/{id}", true), member("/carts", false)],
        told_members: 2,
        examples: vec![Example {
            method: "GET".to_owned(),
            url: "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod/orders?page=".to_owned(),
            cause: Cause::Removed,
            confidence: "certain".to_owned(),
            evidence: vec![],
            remedy: String::new(),
            instead: None,
            status: Some(403),
            request_id: String::new(),
        }],
        after: Some("deployment d7 took the place of d6".to_owned()),
        times: 1,
        flapping: false,
        reminders: 1,
        remind_at: Some(NOW + 2880),
        acknowledged_until: None,
    }
}

fn event(at: i64, kind: EventKind, api: Option<(&str, &str, &str)>, text: &str) -> Event {
    Event {
        at,
        kind,
        api: api.map(|(api, ..)| api.to_owned()),
        api_name: api.map(|(_, name, _)| name.to_owned()),
        stage: api.map(|(.., stage)| stage.to_owned()),
        text: text.to_owned(),
    }
}

fn ledger() -> Ledger {
    let shop = Some(("a1b2c3d4e5", "shop", "prod"));
    let stage = |name: &str| StageMark { api_name: name.to_owned(), ..StageMark::default() };
    let mut flapping = incident(14, Named::Domain { host: "api.example.com".to_owned() });
    flapping.severity = Severity::Warning;
    flapping.cause = Cause::Integration;
    (flapping.flapping, flapping.times, flapping.told_at) = (true, 4, None);
    flapping.held_by = Some("nightly".to_owned());
    (flapping.remind_at, flapping.after) = (None, None);
    flapping.members.truncate(1);
    flapping.examples.clear();
    Ledger {
        runs: 412,
        last_number: 14,
        last_run: Some(LastRun {
            run: "r".to_owned(),
            started_at: NOW - 754,
            ended_at: NOW - 734,
            watched: Watched {
                apis: 3,
                stages: 7,
                deployed: 120,
                probed: 96,
                routed: 90,
                healthy: 60,
                skipped: [("no-safe-proof".to_owned(), 24)].into(),
                contract: 4,
                gaps: 1,
                ..Watched::default()
            },
        }),
        stages: [("a1b2c3d4e5/prod".to_owned(), stage("shop")), ("f6g7h8i9j0/live".to_owned(), stage("payments"))]
            .into(),
        incidents: vec![
            incident(
                12,
                Named::Subtree { api: "a1b2c3d4e5".to_owned(), stage: "prod".to_owned(), path: "/orders".to_owned() },
            ),
            flapping,
        ],
        closed: vec![Closed {
            number: 9,
            scope: Named::Api { api: "a1b2c3d4e5".to_owned() },
            cause: Cause::Integration,
            opened_at: NOW - 90_000,
            closed_at: NOW - 80_000,
            ended: gateprobe::remember::Ended::Healthy,
        }],
        outbox: vec![Entry {
            key: "out#gp-12-opened#run".to_owned(),
            id: "gp-12-reminder-1".to_owned(),
            kind: EntryKind::Alert,
            incident: Some(12),
            made_at: NOW - 900,
            attempts: 3,
            claim: None,
        }],
        held_back: [(
            "nightly".to_owned(),
            HeldBack {
                began_at: NOW - 3600,
                ends_at: NOW + 3600,
                opened: [(14, "gp-14".to_owned())].into(),
                resolved: vec![],
            },
        )]
        .into(),
        // Not in order: runs overlap.
        events: vec![
            event(NOW - 90_000, EventKind::Transition(TransitionKind::Watching), None, "3 APIs, 7 stages"),
            event(
                NOW - 11_000,
                EventKind::Transition(TransitionKind::Opened),
                shop,
                "gp-12: stage prod, /orders and below: removed (2 methods), just after deployment d7 took the place of d6",
            ),
            event(NOW - 11_100, EventKind::Deployment, shop, "d6 -> d7: 2 removed"),
            event(
                NOW - 500,
                EventKind::Acknowledged,
                Some(("f6g7h8i9j0", "payments", "live")),
                "gp-13 is acknowledged\u{1b}[31m",
            ),
        ],
        dropped: 1,
        ..Ledger::default()
    }
}

/// A store in memory before which somebody else writes so many times.
#[derive(Debug, Default)]
struct Shelf {
    items: Mutex<BTreeMap<String, Item>>,
    others: Mutex<u32>,
}

impl Shelf {
    fn with(ledger: &Ledger, others: u32) -> Memory {
        let shelf = Self { others: Mutex::new(others), ..Self::default() };
        let bytes = seal(LEDGER, LEDGER_FORMAT, ledger).unwrap();
        shelf.items.lock().unwrap().insert("ledger".to_owned(), Item { bytes, version: 7 });
        Memory::new(Arc::new(shelf), "test".to_owned())
    }
}

impl Store for Shelf {
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>> {
        let items = self.items.lock().unwrap();
        let found = keys.iter().filter_map(|key| Some((key.clone(), items.get(key)?.clone()))).collect();
        std::future::ready(Ok(found)).boxed()
    }

    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        _: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>> {
        let mut items = self.items.lock().unwrap();
        let mut others = self.others.lock().unwrap();
        if *others > 0
            && let Some(item) = items.get_mut(key)
        {
            *others -= 1;
            // Another run, that closed nothing and wrote one event.
            let mut ledger: Ledger = gateprobe::store::open(LEDGER, &item.bytes, LEDGER_FORMAT).unwrap();
            ledger.runs += 1;
            *item = Item { bytes: seal(LEDGER, LEDGER_FORMAT, &ledger).unwrap(), version: item.version + 1 };
        }
        let there = items.get(key).map(|item| item.version);
        let wanted = match expect {
            Expect::Anything => there,
            Expect::Absent => None,
            Expect::Version(version) => Some(version),
        };
        if wanted != there {
            return std::future::ready(Err(WriteError::Conflict)).boxed();
        }
        let version = there.unwrap_or(0) + 1;
        items.insert(key.to_owned(), Item { bytes, version });
        std::future::ready(Ok(version)).boxed()
    }

    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>> {
        self.items.lock().unwrap().remove(key);
        std::future::ready(Ok(())).boxed()
    }
}

fn scope(apis: &[&str], stages: &[&str]) -> Scope {
    let list = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
    Scope::new(&list(apis), &list(stages)).unwrap()
}

fn status_of(ledger: &Ledger, now: i64) -> String {
    let text = status_text(ledger, &open(ledger, &scope(&[], &[])), now, 80);
    for line in text.lines() {
        let address = line.contains("https://");
        assert!((line.chars().count() <= 80 || address) && !line.chars().any(char::is_control), "{line:?}");
        assert_eq!(line, line.trim_end());
    }
    text
}

#[test]
fn the_status_says_what_is_open_since_when_and_what_comes_next() {
    insta::assert_snapshot!(status_of(&ledger(), NOW));
}

#[test]
fn a_status_without_a_run_without_incidents_and_on_a_clock_that_jumped_back() {
    assert!(status_of(&Ledger::default(), NOW).starts_with("no run was written down yet"));
    let mut quiet = ledger();
    quiet.incidents.clear();
    quiet.outbox.clear();
    quiet.dropped = 0;
    quiet.held_back.clear();
    let text = status_of(&quiet, NOW);
    assert!(text.ends_with("outbox     nothing waits to be sent\nopen       no incident\n"), "{text}");
    let text = status_of(&ledger(), NOW - 1_000_000);
    assert!(
        text.contains("2026-11-23 07:47:46 UTC, 0s ago; 412 runs so far") && text.contains("2 fail for 0s"),
        "{text}"
    );
}

#[test]
fn an_acknowledged_incident_is_reminded_of_when_that_is_over() {
    let mut ledger = ledger();
    ledger.incidents.truncate(1);
    ledger.incidents[0].acknowledged_until = Some(NOW + 7200);
    let text = status_of(&ledger, NOW);
    assert!(text.contains("acknowledged until 2026-11-23 10:00:00 UTC, for another 2h\n"), "{text}");
    assert!(text.contains("next reminder: 2026-11-23 10:00:00 UTC, in 2h\n"), "{text}");
    // Over: what is due by then is due.
    let text = status_of(&ledger, NOW + 7200);
    assert!(!text.contains("acknowledged") && text.contains("next reminder: due now\n"), "{text}");
}

#[test]
fn the_json_of_a_status_has_times_in_unix_seconds() {
    let ledger = ledger();
    let json = serde_json::to_value(status_json(&ledger, &open(&ledger, &scope(&[], &[])), NOW)).unwrap();
    insta::assert_json_snapshot!(json);
}

#[test]
fn filters_leave_the_incidents_that_touch_what_is_wanted() {
    let ledger = ledger();
    let names = |apis: &[&str], stages: &[&str]| {
        open(&ledger, &scope(apis, stages)).iter().map(|incident| incident.number).collect::<Vec<_>>()
    };
    assert_eq!(names(&[], &[]), [12, 14]);
    assert_eq!(names(&["sho*"], &["prod"]), [12, 14], "a domain's incident by its members");
    assert_eq!(names(&["a1b2c3d4e5"], &[]), [12, 14]);
    assert_eq!(names(&["payments"], &[]), [0; 0]);
    assert_eq!(names(&[], &["dev"]), [0; 0]);
}

fn history_of(ledger: &Ledger, apis: &[&str], stages: &[&str]) -> Result<String, String> {
    let list = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let events = events(ledger, &list(apis), &list(stages)).map_err(|Failure(message)| message)?;
    let text = history_text(&events, 80);
    for line in text.lines() {
        assert!(line.chars().count() <= 80 && !line.chars().any(char::is_control), "{line:?}");
    }
    Ok(text)
}

#[test]
fn the_history_is_in_order_with_the_newest_last() {
    insta::assert_snapshot!(history_of(&ledger(), &[], &[]).unwrap());
    let json =
        serde_json::to_value(events(&ledger(), &[], &[]).unwrap().into_iter().map(event_json).collect::<Vec<_>>())
            .unwrap();
    assert_eq!(json[1]["time"], "2026-11-23T04:55:00Z");
    assert_eq!((&json[1]["kind"], &json[2]["kind"]), (&"deployment".into(), &"opened".into()));
}

#[test]
fn a_history_may_be_of_one_api_and_a_slip_is_told() {
    let ledger = ledger();
    let lines = |apis: &[&str], stages: &[&str]| history_of(&ledger, apis, stages).map(|text| text.lines().count());
    // The heading, the deployment, the opening in two lines.
    assert_eq!(lines(&["shop"], &[]), lines(&["a1b2*"], &["prod"]));
    assert!(!history_of(&ledger, &["shop"], &[]).unwrap().contains("gp-13"));
    assert!(history_of(&ledger, &["payments"], &[]).unwrap().contains("payments live: gp-13 is acknowledged?[31m"));
    assert_eq!(
        lines(&["shpo"], &[]),
        Err("nothing is remembered of shpo: known are payments f6g7h8i9j0/live, shop a1b2c3d4e5/prod".to_owned())
    );
    assert!(lines(&["shop"], &["live"]).is_err());
    assert!(lines(&["["], &[]).unwrap_err().contains("`[` is no glob"));
    let mut silent = ledger.clone();
    silent.events.clear();
    assert_eq!(history_of(&silent, &["shop"], &[]), Ok("nothing happened lately\n".to_owned()));
    assert!(history_of(&Ledger::default(), &["shop"], &[]).unwrap_err().contains("no stage was seen by any run yet"));
}

#[test]
fn an_incident_is_acknowledged_by_name_and_taken_back() {
    let mut ledger = ledger();
    let (before, events) = (ledger.incidents[1].clone(), ledger.events.len());
    let event = acknowledge(&mut ledger, 12, 7200, NOW).unwrap();
    assert_eq!(event.text, "gp-12 is acknowledged until 2026-11-23 10:00:00 UTC: no reminder before");
    assert_eq!(
        (event.api.as_deref(), event.api_name.as_deref(), event.stage.as_deref()),
        (Some("a1b2c3d4e5"), Some("shop"), Some("prod"))
    );
    assert_eq!((event.at, event.kind), (NOW, EventKind::Acknowledged));
    assert_eq!(ledger.incidents[0].acknowledged_until, Some(NOW + 7200));
    assert_eq!(ledger.events.len(), events + 1);
    assert_eq!(ledger.events.last(), Some(&event));
    assert_eq!(ledger.incidents[1], before, "the other is as it was");
    let event = acknowledge(&mut ledger, 12, 0, NOW).unwrap();
    assert_eq!(ledger.incidents[0].acknowledged_until, None);
    assert!(event.text.contains("no longer acknowledged"));
    for (text, expected) in [("gp-12", 12), ("GP-12", 12), (" 12 ", 12), ("gp-012", 12)] {
        assert_eq!(number(text).ok(), Some(expected), "{text}");
    }
    for text in ["", "gp-", "gp12", "gp--1", "+12", "gp-12-opened", "99999999999999999999"] {
        let Failure(message) = number(text).unwrap_err();
        assert!(
            message.contains("is no incident's name: expected one as messages and `status` say it, gp-12"),
            "{message}"
        );
    }
}

#[test]
fn an_incident_that_is_not_open_is_refused_with_those_that_are() {
    let mut before = ledger();
    let known = before.clone();
    assert_eq!(acknowledge(&mut before, 13, 60, NOW).unwrap_err(), "gp-13 is not open: open are gp-12, gp-14");
    assert_eq!(
        acknowledge(&mut before, 9, 60, NOW).unwrap_err(),
        "gp-9 is not open any more, it ended at 2026-11-22 09:46:40 UTC: open are gp-12, gp-14"
    );
    assert_eq!(before, known, "nothing was written");
    assert_eq!(acknowledge(&mut Ledger::default(), 1, 60, NOW).unwrap_err(), "gp-1 is not open: no incident is open");
}

#[tokio::test]
async fn an_acknowledgement_is_written_on_top_of_what_others_wrote_meanwhile() {
    let memory = Shelf::with(&ledger(), 5);
    acknowledged(&memory, 12, 7200, &|| NOW).await.unwrap();
    let (found, expect) = memory.read().await.unwrap();
    assert_eq!((found.runs, expect), (417, Expect::Version(13)), "nobody's write was lost");
    assert_eq!(found.incidents[0].acknowledged_until, Some(NOW + 7200));
    assert_eq!(found.events.len(), ledger().events.len() + 1, "once");
    // Somebody who always is faster.
    let memory = Shelf::with(&ledger(), u32::MAX);
    let Failure(message) = acknowledged(&memory, 12, 7200, &|| NOW).await.unwrap_err();
    assert!(message.contains("others wrote there 20 times in a row: try again"), "{message}");
    // A mistake writes nothing.
    let memory = Shelf::with(&ledger(), 0);
    assert!(acknowledged(&memory, 99, 7200, &|| NOW).await.is_err());
    assert_eq!(memory.read().await.unwrap().1, Expect::Version(7));
}

#[tokio::test]
async fn a_store_in_which_no_run_wrote_holds_an_empty_ledger() {
    let memory = Memory::new(Arc::new(Shelf::default()), "test".to_owned());
    assert_eq!(memory.read().await.unwrap(), (Ledger::default(), Expect::Absent));
    assert_eq!(memory.write(&ledger(), Expect::Absent).await.unwrap(), Written::Done);
    assert_eq!(memory.write(&ledger(), Expect::Absent).await.unwrap(), Written::Conflict);
    assert_eq!(memory.read().await.unwrap().0, ledger());
}
