use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::diagnose::Cause;
use crate::gateway::Verb;
use crate::remember::{
    Closed, Ended, Entry, EntryKind, Event, EventKind, Example, HeldBack, Incident, LastRun, Ledger, Member, Scope,
    Severity, SubjectId, TransitionKind, Trouble, Watched,
};

const NOW: i64 = 1_800_000_000;

const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:gateprobe-Widget-1AB:live";

fn about() -> About {
    About {
        now: NOW,
        region: "eu-central-1".to_owned(),
        console: true,
        function: Some(ARN.to_owned()),
        table: Some("gateprobe-Table-1AB".to_owned()),
    }
}

fn asked(show: Show) -> Draw {
    Draw { show: Ok(show), theme: Theme::Light, stale_after: 900 }
}

fn method(stage: &str, resource: &str) -> SubjectId {
    SubjectId::Method { api: "a1b2c3d4e5".into(), stage: stage.into(), resource: resource.into(), verb: Verb::Get }
}

fn example(said: &str) -> Example {
    Example {
        method: "GET".to_owned(),
        url: format!("https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod/orders?token={said}"),
        cause: Cause::NotDeployed,
        confidence: "certain".to_owned(),
        evidence: vec![
            format!("GET /orders is in the edited tree {said}"),
            "the answer was 403".to_owned(),
            "third".to_owned(),
        ],
        remedy: format!("Deploy the API to stage prod {said}"),
        instead: Some("GET https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/dev/orders".to_owned()),
        status: Some(403),
        request_id: "6f1b".to_owned(),
    }
}

fn incident(number: u64, said: &str) -> Incident {
    let member = |resource: &str, failing| Member {
        subject: method("prod", resource),
        since: NOW - 12_000,
        at: NOW - 60,
        failing,
        good: u32::from(!failing),
        cause: Cause::NotDeployed,
    };
    Incident {
        number,
        scope: Scope::Subtree { api: "a1b2c3d4e5".into(), stage: "prod".into(), path: format!("/orders{said}") },
        cause: Cause::NotDeployed,
        severity: Severity::Critical,
        apis: BTreeMap::from([("a1b2c3d4e5".to_owned(), format!("shop{said}"))]),
        since: NOW - 12_000,
        opened_at: NOW - 11_700,
        told_at: Some(NOW - 11_700),
        held_by: None,
        members: vec![
            member(&format!("/orders{said}"), true),
            member("/orders/{id}", true),
            member("/orders/old", false),
        ],
        told_members: 3,
        examples: vec![example(said)],
        after: Some(format!("stage prod: deployment abc123 -> def456 {said}")),
        times: 1,
        flapping: false,
        reminders: 2,
        remind_at: Some(NOW + 600),
        acknowledged_until: None,
    }
}

fn last(run: &str, ago: i64, routed: usize) -> LastRun {
    let skipped = BTreeMap::from([("no-example".to_owned(), 2)]);
    let watched = Watched {
        apis: 2,
        stages: 3,
        deployed: 18,
        probed: 18,
        routed,
        healthy: 14,
        skipped,
        contract: 4,
        gaps: 0,
        by_provenance: BTreeMap::new(),
    };
    LastRun { run: run.to_owned(), started_at: NOW - ago - 5, ended_at: NOW - ago, watched }
}

fn quiet() -> Ledger {
    let last = last("r1", 180, 18);
    Ledger { runs: 9, last_run: Some(last.clone()), last_whole: Some(last), ..Ledger::default() }
}

/// A bad day, with these words wherever somebody else's can stand.
fn bad_day(said: &str) -> Ledger {
    let mut warning = incident(13, said);
    warning.severity = Severity::Warning;
    warning.scope = Scope::One { subject: method("prod", &format!("/stock{said}")) };
    warning.acknowledged_until = Some(NOW + 3600);
    warning.flapping = true;
    warning.times = 3;
    let mut contract = incident(14, said);
    contract.scope = Scope::One {
        subject: SubjectId::Contract {
            verb: format!("GET{said}"),
            url: format!("https://api.example.com/{said}"),
            stage: None,
        },
    };
    (contract.told_at, contract.held_by) = (None, Some(format!("nightly{said}")));
    contract.examples[0].instead = Some(format!("GET javascript:alert(1){said}"));
    let mut domain = incident(15, said);
    domain.scope = Scope::Domain { host: format!("api.example.com{said}") };
    let event = |at, kind| Event {
        at,
        kind,
        api: Some("a1b2c3d4e5".to_owned()),
        api_name: Some(format!("shop{said}")),
        stage: Some(format!("prod{said}")),
        text: format!("deployment abc123 -> def456: 0 added, 1 removed {said}"),
    };
    let held = HeldBack {
        began_at: NOW - 60,
        ends_at: NOW + 600,
        opened: BTreeMap::from([(14, "x".to_owned())]),
        resolved: vec![],
    };
    let trouble = Trouble { runs: 1, seen: 2, since: NOW - 60, at: NOW, example: example(said), host: None };
    Ledger {
        last_run: Some(last("r2", 60, 16)),
        last_whole: Some(last("r1", 360, 16)),
        incidents: vec![incident(12, said), warning, contract, domain],
        closed: vec![Closed {
            number: 7,
            scope: Scope::Api { api: "a".into() },
            cause: Cause::NotDeployed,
            opened_at: 0,
            closed_at: NOW - 4000,
            ended: Ended::Healthy,
        }],
        outbox: vec![Entry {
            id: "gp-12-opened".into(),
            key: "k".into(),
            kind: EntryKind::Alert,
            incident: Some(12),
            made_at: NOW - 420,
            attempts: 2,
            claim: None,
        }],
        dropped: 3,
        held_back: BTreeMap::from([(format!("nightly{said}"), held)]),
        troubles: BTreeMap::from([(method("prod", "/new"), trouble)]),
        events: vec![
            event(NOW - 700, EventKind::Deployment),
            event(NOW - 60, EventKind::Transition(TransitionKind::Opened)),
        ],
        ..Ledger::default()
    }
}

/// The HTML without its style sheet, a tag a line.
fn body(html: &str) -> String {
    let (_, rest) = html.split_once("</style>").unwrap();
    rest.replace("><", ">\n<")
}

const PAGES: [Show; 5] = [Show::Overview, Show::Incident(12), Show::Incident(14), Show::Incident(99), Show::History];

/// What is written into the page that a browser takes for a tag: name and attributes.
fn tags(html: &str) -> Vec<(&str, Vec<&str>)> {
    let (_, html) = html.split_once("</style>").unwrap();
    html.split('<')
        .skip(1)
        .map(|rest| {
            let (tag, _) = rest.split_once('>').expect("an open tag");
            // Values hold no quote and no angle bracket, so every other part is outside of them.
            let outside = tag.split('"').step_by(2).collect::<Vec<_>>();
            let mut names = outside.iter().flat_map(|part| part.split_ascii_whitespace());
            (names.next().unwrap(), names.collect())
        })
        .collect()
}

/// CloudWatch takes no script and no frame; we use fewer tags still, and no attribute that could act.
fn is_plain(html: &str) {
    const TAGS: [&str; 10] = ["div", "span", "b", "a", "cwdb-action", "code", "ul", "li", "br", "style"];
    const ATTRIBUTES: [&str; 12] = [
        "class=",
        "action=",
        "display=",
        "endpoint=",
        "event=",
        "href=",
        "target=",
        "rel=",
        "title=",
        "aria-hidden=",
        "/",
        "",
    ];
    for (name, mut attributes) in tags(html) {
        let all = attributes.len();
        attributes.sort_unstable();
        attributes.dedup();
        assert_eq!(attributes.len(), all, "a browser takes the first of two: <{name} {attributes:?}>");
        assert!(TAGS.contains(&name.trim_start_matches('/')), "<{name}>");
        assert!(attributes.iter().all(|one| ATTRIBUTES.contains(one)), "<{name} {attributes:?}>");
    }
    assert!(!html.contains("javascript:") || !html.contains("href=\"javascript"));
    for link in html.split("href=\"").skip(1) {
        assert!(link.starts_with("https://eu-central-1.console.aws.amazon.com/"), "{}", &link[..40]);
    }
    let opened = tags(html).iter().filter(|(name, _)| !name.starts_with('/') && *name != "br").count();
    let closed = tags(html).iter().filter(|(name, _)| name.starts_with('/')).count();
    // The one around it all stands before the style sheet.
    assert_eq!(opened + 1, closed, "every tag is closed");
    assert!(html.len() <= LONGEST);
}

#[test]
fn a_quiet_day() {
    insta::assert_snapshot!(body(&draw(&quiet(), &asked(Show::Overview), &about())));
}

#[test]
fn a_bad_day_in_full() {
    insta::assert_snapshot!("overview", body(&draw(&bad_day(""), &asked(Show::Overview), &about())));
    insta::assert_snapshot!("incident", body(&draw(&bad_day(""), &asked(Show::Incident(12)), &about())));
    insta::assert_snapshot!("history", body(&draw(&bad_day(""), &asked(Show::History), &about())));
}

#[test]
fn what_is_old_is_not_called_well() {
    let mut ledger = quiet();
    let at =
        |ledger: &Ledger, stale_after| body(&draw(ledger, &Draw { stale_after, ..asked(Show::Overview) }, &about()));
    assert!(at(&ledger, 900).contains("Everything is reachable") && !at(&ledger, 900).contains("No run for"));
    let old = at(&ledger, 120);
    assert!(old.contains("No run for 3 minutes") && old.contains("Not known") && !old.contains("reachable"), "{old}");
    ledger.troubles = bad_day("").troubles;
    assert!(at(&ledger, 900).contains("No incident is open") && at(&ledger, 900).contains("1 route failed lately"));
    ledger.troubles.clear();
    ledger.last_whole.as_mut().unwrap().watched.gaps = 1;
    assert!(at(&ledger, 900).contains("No incident is open") && !at(&ledger, 900).contains("Everything"));
    ledger.last_whole.as_mut().unwrap().watched = Watched::default();
    assert!(!at(&ledger, 900).contains("Everything"), "of nothing nothing is reachable");
    assert!(at(&Ledger::default(), 900).contains("No run was written down"));
    // A run of one API after a deployment says nothing of the others.
    ledger = quiet();
    ledger.last_run = Some(last("r2", 10, 0));
    let part = at(&ledger, 900);
    assert!(part.contains("Everything is reachable") && part.contains("all of them 3 minutes ago"), "{part}");
}

#[test]
fn what_cannot_be_shown_is_said_in_a_sentence() {
    let said = |draw_it: Draw| body(&draw(&bad_day(""), &draw_it, &about()));
    assert!(
        said(asked(Show::Incident(99))).contains("There is no open incident gp-99. Open: gp-12, gp-13, gp-14, gp-15.")
    );
    assert!(
        said(asked(Show::Incident(7))).contains("gp-7 is over: all of it answers again. It ended 1 hour 6 minutes ago")
    );
    let wrong = Draw { show: Err("The parameter show names <no> page.".to_owned()), ..asked(Show::Overview) };
    assert!(said(wrong).contains("The parameter show names &lt;no&gt; page."));
    let sorry = sorry("the table could not be read: <b>", Theme::Dark);
    is_plain(&sorry);
    assert!(sorry.contains("the table could not be read: &lt;b&gt;") && sorry.contains("#e9ebed"));
}

#[test]
fn a_button_calls_the_function_itself_and_nothing_else() {
    let html = draw(&bad_day(""), &asked(Show::Overview), &about());
    let action = format!(
        r#"<a class="btn">Details</a><cwdb-action action="call" display="popup" endpoint="{ARN}" event="click">{{"incident":"gp-12"}}</cwdb-action>"#
    );
    assert!(html.contains(&action), "{html}");
    assert!(html.contains(r#">{"show":"history"}</cwdb-action>"#));
    for arn in [
        None,
        Some("arn:aws:lambda:eu-central-1:123456789012:function:x\" onclick=\"alert(1)"),
        Some("arn:aws:sns:eu-central-1:123456789012:topic"),
        Some("arn:aws:lambda:eu-central-1:123456789012:function:x:y:z"),
        Some("arn:aws:lambda:eu-central-1:12345678901:function:x"),
        Some(""),
    ] {
        let about = About { function: arn.map(ToOwned::to_owned), ..about() };
        let html = draw(&bad_day(""), &asked(Show::Overview), &about);
        assert!(!html.contains("cwdb-action") && !html.contains("btn\">"), "{arn:?}");
        is_plain(&html);
    }
    assert!(is_function("arn:aws-us-gov:lambda:us-gov-west-1:000000000000:function:gateprobe"));
}

#[test]
fn names_of_others_stay_text() {
    for said in [
        "<script>alert(1)</script>",
        "</cwdb-action><cwdb-action action=\"call\" endpoint=\"x\">",
        "\" onmouseover=\"alert(1)",
        "' x='",
        "</style><iframe src=x>",
        "&lt;&amp;",
        "\u{202e}gnorw\u{2066}",
        "a\u{0}b\nc",
        "<!--",
        "]]>",
    ] {
        let ledger = bad_day(said);
        for show in PAGES {
            for theme in [Theme::Light, Theme::Dark] {
                let html = draw(&ledger, &Draw { theme, ..asked(show) }, &about());
                is_plain(&html);
                let steers = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{0}' | '\n');
                assert!(!html.contains(steers), "{said:?} on {show:?}");
            }
        }
    }
    let tab = draw(&bad_day("<script>"), &asked(Show::Overview), &about());
    assert!(tab.contains("shop&lt;script&gt;/prod"), "and can be read");
}

#[test]
fn values_of_queries_are_not_shown() {
    for show in PAGES {
        let mut ledger = bad_day("");
        ledger.incidents[0].examples[0].url = "https://user:hunter2@api.example.com/x?key=hunter2".to_owned();
        assert!(!draw(&ledger, &asked(show), &about()).contains("hunter2"), "{show:?}");
    }
}

#[test]
fn the_page_is_cut_and_counts_what_is_not_there() {
    let mut ledger = bad_day("");
    ledger.incidents = (1..=500).map(|number| incident(number, &"\"é<".repeat(150))).collect();
    for one in &mut ledger.incidents {
        let member = one.members[0].clone();
        one.members = vec![member; 5000];
        one.examples = vec![example(&"<".repeat(5000)); 3];
    }
    ledger.events = vec![ledger.events[0].clone(); 500];
    for show in [Show::Overview, Show::Incident(12), Show::History] {
        let html = draw(&ledger, &asked(show), &about());
        is_plain(&html);
        let said = match show {
            Show::Overview => "more are not shown here.",
            Show::Incident(_) => "routes more",
            Show::History => "and 450 events more",
        };
        assert!(html.contains(said), "{show:?}");
    }
    assert!(draw(&ledger, &asked(Show::Overview), &about()).contains("500 incidents are open"));
}

#[test]
fn worst_first_and_what_is_acknowledged_last() {
    let html = draw(&bad_day(""), &asked(Show::Overview), &about());
    let at = |name: &str| html.find(&format!(">{name}<")).unwrap();
    assert!(at("gp-12") < at("gp-13") && at("gp-15") < at("gp-13"), "gp-13 is acknowledged");
}

#[test]
fn what_it_is_says_every_parameter() {
    for parameter in ["show", "incident", "staleAfterSeconds"] {
        assert!(describe().contains(&format!("`{parameter}`")), "{parameter}");
    }
    assert!(describe().contains("``` yaml"), "CloudWatch takes the example as the parameters to begin with");
}

proptest! {
    #[test]
    fn no_words_become_markup(said in "[<>\"'&/=a-z \\PC]{0,60}") {
        let ledger = bad_day(&said);
        for show in PAGES {
            is_plain(&draw(&ledger, &asked(show), &about()));
        }
    }
}
