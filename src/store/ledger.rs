//! The ledger as an item: read, made small enough, written.

use std::fmt;

use super::StoreError;
use super::envelope::{self, OpenError, SealError};
use super::keep::{Expect, Store, WriteError};
use crate::remember::{EntryKind, LEDGER_FORMAT, Ledger, Member};

/// The ledger's key.
pub const LEDGER: &str = "ledger";

/// So many members of all incidents are looked at: more do not fit whatever they are, and packing them takes its time.
const MOST_MEMBERS: usize = 100_000;

/// So many subjects that failed lately are looked at.
const MOST_TROUBLES: usize = 50_000;

/// Each incident keeps so many members before anything that matters more is let go of.
const FEWEST_MEMBERS: usize = 8;

/// Why there is no ledger to go by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadLedgerError {
    /// The store did not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Why the ledger was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteLedgerError {
    /// Somebody else wrote meanwhile: read again, and decide again.
    #[error("another run wrote the ledger meanwhile")]
    Conflict,
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
    /// It is too large whatever is let go of.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What was let go of so that the ledger fits its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetGo {
    /// Events, the oldest.
    pub events: usize,
    /// Incidents that ended, the oldest: reopened ones are not known as flapping.
    pub closed: usize,
    /// Examples of incidents, beyond the first of each.
    pub examples: usize,
    /// Members of the largest incidents, the failing ones last: they join again when they are seen failing.
    pub members: usize,
    /// Subjects that failed lately, the newest: they are counted anew, so that an incident may open later.
    pub troubles: usize,
    /// Figures that wait for CloudWatch, the oldest.
    pub figures: usize,
}

impl LetGo {
    /// Whether everything was kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for LetGo {
    /// One line for the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.events, "old events"),
            (self.closed, "ended incidents"),
            (self.examples, "examples"),
            (self.members, "members of large incidents"),
            (self.troubles, "first failures"),
            (self.figures, "figures that nobody took"),
        ];
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
        write!(f, "the ledger let go of {parts}, to stay under {} KB", envelope::LARGEST / 1024)
    }
}

/// A ledger that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trimmed {
    /// The ledger.
    pub ledger: Ledger,
    /// The same as an item's bytes.
    pub bytes: Vec<u8>,
    /// What it had besides.
    pub let_go: LetGo,
}

/// A ledger that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenLedger {
    /// The version that it has now.
    pub version: u64,
    /// What had no room.
    pub let_go: LetGo,
}

/// Reads the ledger, an empty one where there is none, and on what condition it may be written.
///
/// # Errors
/// [`ReadLedgerError`]: the run goes on without memory then, and says so.
pub async fn read_ledger(store: &dyn Store) -> Result<(Ledger, Expect), ReadLedgerError> {
    let found = store.read(&[LEDGER.to_owned()]).await?.remove(LEDGER);
    Ok(match found {
        None => (Ledger::default(), Expect::Absent),
        Some(item) => (envelope::open(LEDGER, &item.bytes, LEDGER_FORMAT)?, Expect::Version(item.version)),
    })
}

/// Writes the ledger, on the condition that [`read_ledger`] gave with it.
///
/// # Errors
/// [`WriteLedgerError`].
pub async fn write_ledger(
    store: &dyn Store,
    ledger: Ledger,
    expect: Expect,
) -> Result<WrittenLedger, WriteLedgerError> {
    let Trimmed { bytes, let_go, .. } = trim(ledger)?;
    match store.write(LEDGER, bytes, expect, None).await {
        Ok(version) => Ok(WrittenLedger { version, let_go }),
        Err(WriteError::Conflict) => Err(WriteLedgerError::Conflict),
        Err(WriteError::Failed(error)) => Err(WriteLedgerError::Store(error)),
    }
}

/// Makes a ledger small enough for an item, by letting go of what matters least: old events, then ended incidents, then
/// examples, then members of the largest incidents, then subjects that failed but opened no incident yet, then figures that
/// wait in the outbox. Open incidents, the outbox's messages and the stages stay whatever happens.
///
/// # Errors
/// [`SealError`] where these alone are too large.
pub fn trim(mut ledger: Ledger) -> Result<Trimmed, SealError> {
    let mut let_go = LetGo::default();
    while ledger.incidents.iter().map(|incident| incident.members.len()).sum::<usize>() > MOST_MEMBERS {
        let gone = fewer_members(&mut ledger);
        if gone == 0 {
            break;
        }
        let_go.members += gone;
    }
    let_go.troubles += fewer_troubles(&mut ledger, MOST_TROUBLES);
    loop {
        let bytes = envelope::seal_any(LEDGER, LEDGER_FORMAT, &ledger)?;
        if bytes.len() <= envelope::LARGEST {
            return Ok(Trimmed { ledger, bytes, let_go });
        }
        if !ledger.not_reached.is_empty() {
            // Only the order of the next run's work rests on it.
            ledger.not_reached.clear();
        } else if let gone @ 1.. = oldest(&mut ledger.events) {
            let_go.events += gone;
        } else if let gone @ 1.. = oldest(&mut ledger.closed) {
            let_go.closed += gone;
        } else if let gone @ 1.. = fewer_examples(&mut ledger) {
            let_go.examples += gone;
        } else if let gone @ 1.. = fewer_members(&mut ledger) {
            let_go.members += gone;
        } else if let gone @ 1.. = {
            let half = ledger.troubles.len() / 2;
            fewer_troubles(&mut ledger, half)
        } {
            let_go.troubles += gone;
        } else if let gone @ 1.. = fewer_figures(&mut ledger) {
            let_go.figures += gone;
        } else {
            return Err(SealError::TooLarge { key: LEDGER.to_owned(), size: bytes.len() });
        }
    }
}

/// Lets go of the older three quarters of a list, and of a short one: each time the whole ledger is packed anew.
fn oldest<T>(list: &mut Vec<T>) -> usize {
    let kept = if list.len() < 32 { 0 } else { list.len() / 4 };
    list.drain(..list.len() - kept).count()
}

fn fewer_examples(ledger: &mut Ledger) -> usize {
    let beyond = |examples: &mut Vec<_>| examples.drain(examples.len().min(1)..).count();
    ledger.incidents.iter_mut().map(|incident| beyond(&mut incident.examples)).sum()
}

/// Keeps the newer half of the figures in the outbox: what people are told goes before.
fn fewer_figures(ledger: &mut Ledger) -> usize {
    let figures = ledger.outbox.iter().filter(|entry| entry.kind == EntryKind::Metrics).count();
    let gone = figures.div_ceil(2);
    let mut left = gone;
    ledger.outbox.retain(|entry| {
        let goes = entry.kind == EntryKind::Metrics && left > 0;
        left -= usize::from(goes);
        !goes
    });
    ledger.dropped = ledger.dropped.saturating_add(gone as u64);
    gone
}

/// Halves the largest incidents: those that fail, and fail the longest, stay.
fn fewer_members(ledger: &mut Ledger) -> usize {
    let largest = ledger.incidents.iter().map(|incident| incident.members.len()).max().unwrap_or_default();
    let most = (largest / 2).max(FEWEST_MEMBERS);
    let mut gone = 0;
    for incident in ledger.incidents.iter_mut().filter(|incident| incident.members.len() > most) {
        gone += incident.members.len() - most;
        incident.members.sort_by_key(|member: &Member| (!member.failing, member.since));
        incident.members.truncate(most);
        incident.members.sort_by(|one, other| one.subject.cmp(&other.subject));
    }
    gone
}

/// Keeps so many of the subjects that failed lately, those that fail the longest.
fn fewer_troubles(ledger: &mut Ledger, most: usize) -> usize {
    let gone = ledger.troubles.len().saturating_sub(most);
    if gone > 0 {
        let mut all: Vec<_> = std::mem::take(&mut ledger.troubles).into_iter().collect();
        all.sort_by_key(|(_, trouble)| trouble.since);
        all.truncate(most);
        ledger.troubles = all.into_iter().collect();
    }
    gone
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Memory;
    use super::*;
    use crate::diagnose::Cause;
    use crate::gateway::{Authorization, KnownMethod, KnownStage, Verb};
    use crate::remember::{
        Closed, Ended, Entry, Event, EventKind, Example, Incident, Scope, Severity, StageMark, SubjectId, Trouble,
    };

    /// Ids that no compression foresees, as AWS's.
    struct Ids(u64);

    impl Ids {
        fn next(&mut self, length: usize) -> String {
            let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
            (0..length)
                .map(|_| {
                    self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    char::from(alphabet[usize::try_from(self.0 >> 33).unwrap() % alphabet.len()])
                })
                .collect()
        }
    }

    const NOUNS: [&str; 12] = [
        "orders",
        "customers",
        "invoices",
        "shipments",
        "payments",
        "carts",
        "reviews",
        "stocks",
        "returns",
        "users",
        "sessions",
        "reports",
    ];

    /// Resource paths such as people make: two words, a number and a parameter.
    fn path(number: usize) -> String {
        let noun = |number: usize| NOUNS[number % NOUNS.len()];
        format!("/v1/{}/{{{}Id}}/{}-{number}", noun(number), noun(number), noun(number / 12))
    }

    fn method(api: &str, number: usize) -> SubjectId {
        let resource = path(number);
        SubjectId::Method { api: api.to_owned(), stage: "prod".to_owned(), resource, verb: Verb::Get }
    }

    fn example(ids: &mut Ids, api: &str, number: usize) -> Example {
        let url = format!("https://{api}.execute-api.eu-central-1.amazonaws.com/prod{}", path(number));
        Example {
            method: "GET".to_owned(),
            cause: Cause::NotDeployed,
            confidence: "certain".to_owned(),
            evidence: vec![
                format!("GET {} is in the edited tree, and not in deployment {}", path(number), ids.next(6)),
                "the answer was 403 Missing Authentication Token, x-amzn-ErrorType MissingAuthenticationTokenException"
                    .to_owned(),
            ],
            remedy: "Deploy the API to stage prod.".to_owned(),
            instead: Some(format!("GET {url}")),
            url,
            status: Some(403),
            request_id: ids.next(32),
        }
    }

    fn incident(ids: &mut Ids, number: u64, members: usize, examples: usize) -> Incident {
        let api = ids.next(10);
        let member = |number: usize| Member {
            subject: method(&api, number),
            since: 1_790_000_000 + i64::try_from(number).unwrap(),
            at: 1_790_000_300,
            failing: number % 2 == 1,
            good: 0,
            cause: Cause::NotDeployed,
        };
        Incident {
            number,
            scope: Scope::Stage { api: api.clone(), stage: "prod".to_owned() },
            cause: Cause::NotDeployed,
            severity: Severity::Critical,
            apis: BTreeMap::from([(api.clone(), format!("service-{number}"))]),
            since: 1_790_000_000,
            opened_at: 1_790_000_000,
            told_at: Some(1_790_000_000),
            held_by: None,
            members: (0..members).map(member).collect(),
            told_members: members,
            examples: (0..examples).map(|number| example(ids, &api, number)).collect(),
            after: Some("stage prod: deployment abc123 -> def456, 3 minutes before".to_owned()),
            times: 1,
            flapping: false,
            reminders: 0,
            remind_at: Some(1_790_003_600),
            acknowledged_until: None,
        }
    }

    fn stages(ids: &mut Ids, count: usize) -> BTreeMap<String, StageMark> {
        let mut stages = BTreeMap::new();
        for number in 0..count / 4 {
            let api = ids.next(10);
            for stage in ["dev", "prod", "qa", "test"] {
                let changed_at = (number % 3 == 0).then_some(1_790_000_000);
                let mark = StageMark {
                    api_name: format!("service-{number}"),
                    deployment: Some(ids.next(6)),
                    before: None,
                    changed_at,
                };
                stages.insert(format!("{api}/{stage}"), mark);
            }
        }
        stages
    }

    fn events(ids: &mut Ids, count: i64) -> Vec<Event> {
        let event = |at| Event {
            at: 1_790_000_000 + at,
            kind: EventKind::Deployment,
            api: Some(ids.next(10)),
            api_name: Some("orders".to_owned()),
            stage: Some("prod".to_owned()),
            text: format!("deployment {} -> {}: 3 methods more, 1 less", ids.next(6), ids.next(6)),
        };
        (0..count).map(event).collect()
    }

    fn closed(count: u64) -> Vec<Closed> {
        let one = |number| Closed {
            number,
            scope: Scope::One { subject: method("a1b2c3d4e5", usize::try_from(number).unwrap()) },
            cause: Cause::NotDeployed,
            opened_at: 1_790_000_000,
            closed_at: 1_790_000_100,
            ended: Ended::Healthy,
        };
        (0..count).map(one).collect()
    }

    /// A large account on a bad day: 7,200 stages, 500 open incidents.
    fn bad_day(ids: &mut Ids, members: usize, examples: usize) -> Ledger {
        Ledger {
            stages: stages(ids, 7_200),
            incidents: (0..500).map(|number| incident(ids, number, members, examples)).collect(),
            events: events(ids, 1_000),
            closed: closed(500),
            ..Ledger::default()
        }
    }

    fn size(ledger: &Ledger) -> usize {
        envelope::seal_any(LEDGER, LEDGER_FORMAT, ledger).unwrap().len()
    }

    #[test]
    fn a_large_account_on_a_bad_day_fits() {
        let ids = &mut Ids(1);
        let quiet = Ledger { stages: stages(ids, 7_200), ..Ledger::default() };
        println!("7,200 stages: {} bytes", size(&quiet));
        let one = Ledger { incidents: vec![incident(ids, 1, 2_000, 3)], ..Ledger::default() };
        println!("one incident of 2,000 members: {} bytes", size(&one));
        let ledger = bad_day(ids, 4, 3);
        println!("7,200 stages, 500 incidents, 2,000 members in all, 1,000 events: {} bytes", size(&ledger));
        let trimmed = trim(ledger.clone()).unwrap();
        println!("{}: {} bytes", trimmed.let_go, trimmed.bytes.len());
        assert!(trimmed.bytes.len() <= envelope::LARGEST);
        assert_eq!((trimmed.let_go.members, trimmed.let_go.troubles), (0, 0));
        assert_eq!(trimmed.ledger.stages, ledger.stages);
        assert_eq!(trimmed.ledger.incidents.len(), 500);
    }

    #[test]
    fn figures_go_before_the_memory_fails_and_messages_never() {
        let ids = &mut Ids(7);
        let mut entry = |kind| Entry {
            id: ids.next(36),
            key: ids.next(60),
            kind,
            incident: None,
            made_at: 1_790_000_000,
            attempts: 0,
            claim: None,
        };
        let mut outbox: Vec<Entry> = (0..100).map(|_| entry(EntryKind::Alert)).collect();
        outbox.extend((0..8_000).map(|_| entry(EntryKind::Metrics)));
        let trimmed = trim(Ledger { outbox, ..Ledger::default() }).unwrap();
        let count = |kind| trimmed.ledger.outbox.iter().filter(|entry| entry.kind == kind).count();
        assert_eq!(count(EntryKind::Alert), 100);
        assert!(trimmed.let_go.figures >= 4_000, "{}", trimmed.let_go);
        assert_eq!(count(EntryKind::Metrics) + trimmed.let_go.figures, 8_000);
        assert_eq!(trimmed.ledger.dropped, trimmed.let_go.figures as u64);
        let outbox = (0..8_000).map(|_| entry(EntryKind::Alert)).collect();
        assert!(trim(Ledger { outbox, ..Ledger::default() }).is_err());
    }

    #[test]
    fn what_does_not_fit_goes_in_the_stated_order() {
        let ids = &mut Ids(2);
        let ledger = bad_day(ids, 250, 3);
        let trimmed = trim(ledger.clone()).unwrap();
        println!("500 incidents of 250 members each: {}: {} bytes", trimmed.let_go, trimmed.bytes.len());
        assert!(trimmed.bytes.len() <= envelope::LARGEST);
        assert_eq!((trimmed.let_go.events, trimmed.let_go.closed, trimmed.let_go.examples), (1_000, 500, 1_000));
        assert_eq!(trimmed.ledger.stages, ledger.stages);
        let kept: usize = trimmed.ledger.incidents.iter().map(|incident| incident.members.len()).sum();
        assert_eq!(kept + trimmed.let_go.members, 125_000);
        for incident in &trimmed.ledger.incidents {
            assert!(incident.examples.len() == 1 && incident.members.len() >= FEWEST_MEMBERS);
            assert!(incident.failing().count() == incident.members.len(), "those that are good again go first");
            assert!(incident.members.iter().all(|member| member.since < 1_790_000_130), "the newest go first");
            assert!(incident.members.is_sorted_by_key(|member| &member.subject));
        }
        assert_eq!(envelope::open::<Ledger>(LEDGER, &trimmed.bytes, LEDGER_FORMAT).unwrap(), trimmed.ledger);
    }

    #[test]
    fn the_oldest_events_go_first_and_only_as_many_as_must() {
        let ids = &mut Ids(3);
        let ledger = Ledger { events: events(ids, 20_000), closed: closed(10), ..Ledger::default() };
        let trimmed = trim(ledger.clone()).unwrap();
        assert!(trimmed.let_go.events > 0 && trimmed.let_go.closed == 0, "{}", trimmed.let_go);
        assert_eq!(trimmed.ledger.events, ledger.events[trimmed.let_go.events..]);
        assert!(trimmed.ledger.events.len() > 2_000);
        let small = Ledger { events: events(ids, 10), ..Ledger::default() };
        let trimmed = trim(small.clone()).unwrap();
        assert!(trimmed.let_go.is_empty() && trimmed.ledger == small);
    }

    #[test]
    fn first_failures_go_last_and_the_newest_of_them() {
        let ids = &mut Ids(4);
        let troubles: BTreeMap<_, _> = (0..9_000)
            .map(|number| {
                let api = ids.next(10);
                let example = example(ids, &api, number);
                let since = 1_790_000_000 + i64::try_from(number).unwrap();
                (method(&api, number), Trouble { runs: 1, seen: 1, since, at: since, example, host: None })
            })
            .collect();
        let before = troubles.len();
        let trimmed = trim(Ledger { troubles, events: events(ids, 10), ..Ledger::default() }).unwrap();
        println!("9,000 first failures: {}: {} bytes", trimmed.let_go, trimmed.bytes.len());
        let kept = trimmed.ledger.troubles.len();
        assert!(trimmed.let_go.events == 10 && kept > 1_000 && kept + trimmed.let_go.troubles == before);
        let newest = 1_790_000_000 + i64::try_from(kept).unwrap();
        assert!(trimmed.ledger.troubles.values().all(|trouble| trouble.since < newest));
    }

    #[test]
    fn what_is_too_large_whatever_goes_is_said() {
        let ledger = Ledger { stages: stages(&mut Ids(5), 40_000), ..Ledger::default() };
        let error = trim(ledger).unwrap_err().to_string();
        assert!(error.starts_with("the item ledger would have ") && error.contains("watch less"), "{error}");
    }

    #[test]
    fn a_baseline_of_the_largest_stage_is_small() {
        let mut ids = Ids(6);
        let mut methods: BTreeMap<String, BTreeMap<Verb, KnownMethod>> = BTreeMap::new();
        let verbs = [Verb::Get, Verb::Post, Verb::Put, Verb::Delete, Verb::Patch, Verb::Options, Verb::Head];
        for number in 0..300 {
            for (place, verb) in verbs.into_iter().enumerate() {
                let at = 1_790_000_000 + i64::try_from((number * 7 + place) * 7_919 % 100_000).unwrap();
                let known = KnownMethod {
                    authorization: Some(if place == 0 { Authorization::None } else { Authorization::Custom }),
                    api_key_required: number % 3 == 0,
                    routed_at: Some(at),
                    healthy_at: Some(at + 1),
                };
                methods.entry(path(number)).or_default().insert(verb, known);
            }
        }
        let stage = KnownStage {
            api: ids.next(10),
            stage: "prod".to_owned(),
            deployment: Some(ids.next(6)),
            methods,
            ..KnownStage::default()
        };
        assert_eq!(stage.methods.values().map(BTreeMap::len).sum::<usize>(), 2_100);
        let sealed = envelope::seal("stage#a#prod", 1, &stage).unwrap();
        println!(
            "a baseline of 2,100 methods: {} bytes, {} as JSON",
            sealed.len(),
            serde_json::to_vec(&stage).unwrap().len()
        );
        assert!(sealed.len() < 60_000, "{}", sealed.len());
        assert_eq!(envelope::open::<KnownStage>("stage#a#prod", &sealed, 1).unwrap(), stage);
    }

    #[tokio::test]
    async fn a_ledger_is_read_and_written_on_condition() {
        let store = Memory::default();
        let (ledger, expect) = read_ledger(&store).await.unwrap();
        assert_eq!((ledger, expect), (Ledger::default(), Expect::Absent));
        let first = Ledger { runs: 1, ..Ledger::default() };
        let written = write_ledger(&store, first.clone(), expect).await.unwrap();
        assert_eq!(write_ledger(&store, first.clone(), expect).await, Err(WriteLedgerError::Conflict));
        let (ledger, expect) = read_ledger(&store).await.unwrap();
        assert_eq!((ledger, expect), (first.clone(), Expect::Version(written.version)));
        write_ledger(&store, Ledger { runs: 2, ..first.clone() }, expect).await.unwrap();
        assert_eq!(write_ledger(&store, first, expect).await, Err(WriteLedgerError::Conflict));
        assert_eq!(read_ledger(&store).await.unwrap().0.runs, 2);
    }

    #[tokio::test]
    async fn a_ledger_of_a_newer_gateprobe_and_a_damaged_one_are_refused() {
        let store = Memory::default();
        let newer = envelope::seal(LEDGER, LEDGER_FORMAT + 1, &Ledger::default()).unwrap();
        for (bytes, says) in [(newer, "was written by a newer Gateprobe"), (b"{}".to_vec(), "is damaged")] {
            store.write(LEDGER, bytes, Expect::Anything, None).await.unwrap();
            let error = read_ledger(&store).await.unwrap_err().to_string();
            assert!(error.starts_with("the item ledger ") && error.contains(says), "{error}");
        }
    }
}
