//! What is sent, in which order, and what may keep it back.

use std::sync::Mutex;

use futures::FutureExt;

use super::*;
use crate::report::NotTaken;
use crate::store::Memory as InMemory;

const NOW: i64 = 1_800_000_000;

/// SNS that takes everything, and CloudWatch that takes nothing.
#[derive(Default)]
struct NoFigures(Mutex<Vec<String>>);

impl Channel for NoFigures {
    fn alert<'c>(&'c self, id: &'c str, _: &'c Alert) -> BoxFuture<'c, Result<(), NotTaken>> {
        self.0.lock().unwrap().push(id.to_owned());
        futures::future::ready(Ok(())).boxed()
    }

    fn metrics(&self, datums: Vec<Datum>) -> BoxFuture<'_, Result<(), (Vec<Datum>, NotTaken)>> {
        self.0.lock().unwrap().push("figures".to_owned());
        let refused = NotTaken { reason: "CloudWatch is away".to_owned(), forever: false };
        futures::future::ready(Err((datums, refused))).boxed()
    }
}

fn alert() -> Alert {
    Alert {
        subject: "s".to_owned(),
        text: "t".to_owned(),
        sms: None,
        json: serde_json::Value::Null,
        attributes: BTreeMap::new(),
    }
}

#[tokio::test]
async fn figures_that_cloudwatch_does_not_take_keep_no_alert_back() {
    let store = InMemory::default();
    let entry = |id: String, kind| Entry {
        key: format!("{OUT}{id}"),
        id,
        kind,
        incident: None,
        made_at: NOW - 60,
        attempts: 0,
        claim: None,
    };
    let mut ledger = Ledger { greeted_at: Some(NOW), digest_at: Some(NOW), ..Ledger::default() };
    for number in 0..SENT_A_RUN + 50 {
        ledger.outbox.push(entry(format!("metrics-{number}"), EntryKind::Metrics));
    }
    ledger.outbox.push(entry("gp-1-opened".to_owned(), EntryKind::Alert));
    for entry in &ledger.outbox {
        let content = match entry.kind {
            EntryKind::Alert => Content::Alert(alert()),
            EntryKind::Metrics => Content::Metrics(Vec::new()),
        };
        let bytes = store::seal(&entry.key, CONTENT_FORMAT, &content).unwrap();
        store.write(&entry.key, bytes, Expect::Anything, None).await.unwrap();
    }
    store::write_ledger(&store, ledger, Expect::Absent).await.unwrap();
    let seen = Seen { run: "run-2".to_owned(), started_at: NOW, ..Seen::default() };
    let alerts = Alerts::default();
    let teller = Teller {
        store: &store,
        alerts: &alerts,
        seen: &seen,
        not_reached: &[],
        withdrawn: &[],
        render: &|_, _| alert(),
        post: Post::Send,
        ends: None,
        clock: &|| NOW,
        pause: &|_| futures::future::ready(()).boxed(),
    };
    let channel = NoFigures::default();
    let written = teller.decide().await.unwrap();
    let told = teller.send(written, &channel, |_| Vec::new()).await;
    assert_eq!(told.sent, 1);
    assert_eq!(channel.0.lock().unwrap().first().map(String::as_str), Some("gp-1-opened"));
    let (left, _) = store::read_ledger(&store).await.unwrap();
    assert_eq!(left.outbox.len(), SENT_A_RUN + 50);
}

#[test]
fn a_claim_of_a_clock_that_goes_a_little_ahead_is_one() {
    for (ahead, taken) in [(0, true), (5, true), (120, true), (86_400, false)] {
        let claim_of_another = Claim { run: "run-1".to_owned(), until: NOW + ahead + LEASE };
        let entry = Entry {
            id: "gp-1-opened".to_owned(),
            key: String::new(),
            kind: EntryKind::Alert,
            incident: Some(1),
            made_at: NOW,
            attempts: 0,
            claim: Some(claim_of_another),
        };
        let mut ledger = Ledger { outbox: vec![entry], ..Ledger::default() };
        claim(&mut ledger, "run-2", NOW);
        assert_eq!(is_claimed_by(&ledger.outbox[0], "run-1"), taken, "{ahead} s ahead");
    }
}
