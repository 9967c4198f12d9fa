//! From a decision to messages that are told once and never lost.
//!
//! The ledger is written on the condition that nobody wrote it meanwhile; that write is the moment from which on a
//! transition has happened. Its message lies in the store before, so that whatever ends the process a later run finds it.
//! Who sends an entry has claimed it by such a write. A message is sent twice only where the process ends (or the store
//! fails) between SNS's yes and the write that takes the entry off; its id is the same both times.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::MOST_NOT_REACHED;
use crate::config::Alerts;
use crate::pipeline::Clock;
use crate::remember::{Claim, Entry, EntryKind, Ledger, Seen, SubjectId, Transition, decide};
use crate::report::{Alert, Channel, Datum, Memory as Told, NotTaken};
use crate::store::{self, Expect, ReadLedgerError, SealError, Store, StoreError, WriteError, WriteLedgerError};

/// So long a run may take to send what it has claimed, in seconds. Longer than all calls of a run together take, shorter
/// than most schedules, so that the run after one that died sends what that one could not.
pub const LEASE: i64 = 240;

/// A claimed entry is not begun so shortly before its claim ends, in seconds: a call with all its retries fits in.
const LAST_CALL: i64 = 60;

/// The last message of a run begins so long before the process may be ended: it is taken off, and the heartbeat is
/// published, before that.
const SPARE_TIME: Duration = Duration::from_secs(6);

/// So often a decision is made anew because somebody else wrote meanwhile.
const TRIES: u32 = 12;

/// So many entries of a kind are sent in a run, at most: what waited a day for SNS must not take a run's time away, nor
/// figures that CloudWatch does not take an alert's place.
const SENT_A_RUN: usize = 100;

/// So many items are written at once.
const WRITES_AT_ONCE: usize = 16;

/// A kind of refusal that did not come is not relied on in that API for so many seconds.
const WITHDRAWN_FOR: i64 = 30 * 86_400;

/// The content of an entry outlives the entry by so many seconds.
const SPARE: i64 = 86_400;

/// The prefix of the keys of entries' contents.
const OUT: &str = "out#";

/// The format of an entry's content.
const CONTENT_FORMAT: u32 = 1;

/// Why a run is not remembered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// What is remembered could not be read.
    #[error(transparent)]
    Read(#[from] ReadLedgerError),
    /// What happened could not be written down.
    #[error(transparent)]
    Write(#[from] WriteLedgerError),
    /// A message could not be put into the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A message is too large for the store.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Somebody else was always faster.
    #[error("other runs kept on writing the ledger, {TRIES} times in a row: let fewer run at once")]
    Busy,
}

/// What an entry holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    /// A message for SNS.
    Alert(Alert),
    /// Figures for CloudWatch.
    Metrics(Vec<Datum>),
}

/// Makes the message of a transition, which has this id.
pub type Render<'t> = &'t (dyn Fn(&str, &Transition) -> Alert + Sync);

/// What becomes of the messages of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Post {
    /// This run sends them, and what waits from earlier ones.
    Send,
    /// They are put into the outbox, for whoever sends it.
    Leave,
    /// There is nobody to be told but whoever looks at the report.
    Nobody,
}

/// What was written down, so that it has happened.
#[derive(Debug)]
pub struct Written {
    ledger: Ledger,
    expect: Expect,
    told: Told,
}

impl Written {
    /// The ledger as it was written.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What is known by now of what is told.
    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }
}

/// What a run decides by and tells with.
pub struct Teller<'t> {
    /// Where everything is kept.
    pub store: &'t dyn Store,
    /// When to tell.
    pub alerts: &'t Alerts,
    /// What the run saw.
    pub seen: &'t Seen,
    /// What it had no time for.
    pub not_reached: &'t [SubjectId],
    /// The kinds of refusal that did not come in it: an API's id, and the kind's.
    pub withdrawn: &'t [(String, String)],
    /// Writes a message.
    pub render: Render<'t>,
    /// What becomes of messages.
    pub post: Post,
    /// The time.
    pub clock: Clock<'t>,
    /// When the process may be ended: nothing is begun that could not be written down before.
    pub ends: Option<Instant>,
    /// Waits before something is tried again.
    pub pause: &'t (dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync),
}

impl Teller<'_> {
    /// Decides what happened and writes it down, its messages first.
    ///
    /// # Errors
    /// [`MemoryError`] where the store cannot be read or written: then nothing has happened, and nothing is known.
    pub async fn decide(&self) -> Result<Written, MemoryError> {
        let run = &self.seen.run;
        let mut last = MemoryError::Busy;
        for attempt in 0..TRIES {
            if attempt > 0 {
                // Whoever was faster is done in moments; a little longer each time, and not all at once.
                let spread =
                    u64::from(run.bytes().fold(attempt, |sum, byte| sum.wrapping_mul(31) ^ u32::from(byte)) % 50);
                (self.pause)(Duration::from_millis(u64::from(attempt) * 20 + spread)).await;
            }
            let now = (self.clock)();
            let (ledger, expect) = store::read_ledger(self.store).await?;
            if is_of(&ledger, run) {
                // A write whose answer was lost had been done.
                let told = Told { remembered: true, open: ledger.incidents.len(), ..Told::default() };
                return Ok(Written { ledger, expect, told });
            }
            let decision = decide(ledger, self.seen, self.alerts, now);
            let mut next = decision.ledger;
            next.not_reached = self.late(std::mem::take(&mut next.not_reached));
            withdraw(&mut next, self.withdrawn, now);
            let mut told =
                Told { remembered: true, open: next.incidents.len(), notes: decision.notes, ..Told::default() };
            let messages: Vec<(Entry, Alert)> = decision
                .transitions
                .iter()
                .map(|(id, transition)| {
                    let number = transition.incident().map(|incident| incident.number);
                    (self.entry(id, EntryKind::Alert, number, now), (self.render)(id, transition))
                })
                .collect();
            told.news = messages.iter().map(|(_, alert)| alert.subject.clone()).collect();
            if self.post != Post::Nobody {
                next.outbox.extend(messages.iter().map(|(entry, _)| entry.clone()));
                let contents = messages.into_iter().map(|(entry, alert)| (entry.key, Content::Alert(alert))).collect();
                self.put_contents(contents, now).await?;
            }
            self.drop_old(&mut next, &mut told, now);
            if self.post == Post::Send {
                claim(&mut next, run, now);
            }
            told.waiting = next.outbox.len();
            match store::write_ledger(self.store, next.clone(), expect).await {
                Ok(written) => {
                    if !written.let_go.is_empty() {
                        told.notes.push(written.let_go.to_string());
                    }
                    return Ok(Written { ledger: next, expect: Expect::Version(written.version), told });
                }
                Err(WriteLedgerError::Conflict) => {}
                // Perhaps it was done and the answer was lost: the next reading tells.
                Err(error @ WriteLedgerError::Store(_)) if attempt < 2 => last = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last)
    }

    /// What the next run begins with: what this one had no time for, and of a run that saw a part only, also what waited
    /// before and lies elsewhere.
    fn late(&self, before: Vec<SubjectId>) -> Vec<SubjectId> {
        if !self.seen.partial {
            return self.not_reached.to_vec();
        }
        let seen: BTreeSet<&SubjectId> = self.seen.sights.iter().map(|sight| &sight.subject).collect();
        let elsewhere = before.into_iter().filter(|subject| !seen.contains(subject));
        let late = self.not_reached.iter().cloned().chain(elsewhere.filter(|one| !self.not_reached.contains(one)));
        late.take(MOST_NOT_REACHED).collect()
    }

    fn entry(&self, id: &str, kind: EntryKind, incident: Option<u64>, now: i64) -> Entry {
        // Another run may decide the same, and lose: its content must not take this one's place.
        let key = format!("{OUT}{id}#{}", self.seen.run);
        Entry { id: id.to_owned(), key, kind, incident, made_at: now, attempts: 0, claim: None }
    }

    /// Puts the contents of entries into the store.
    async fn put_contents(&self, contents: Vec<(String, Content)>, now: i64) -> Result<(), MemoryError> {
        let age = i64::try_from(self.alerts.outbox_age).unwrap_or(i64::MAX / 4);
        let expires = now.saturating_add(age).saturating_add(SPARE);
        let mut writes = futures::stream::iter(contents)
            .map(|(key, content)| async move {
                let bytes = store::seal(&key, CONTENT_FORMAT, &content)?;
                match self.store.write(&key, bytes, Expect::Anything, Some(expires)).await {
                    Ok(_) | Err(WriteError::Conflict) => Ok(()),
                    Err(WriteError::Failed(error)) => Err(MemoryError::from(error)),
                }
            })
            .buffer_unordered(WRITES_AT_ONCE);
        while let Some(written) = writes.next().await {
            written?;
        }
        Ok(())
    }

    /// Lets go of what is older than people want it.
    fn drop_old(&self, ledger: &mut Ledger, told: &mut Told, now: i64) {
        let age = i64::try_from(self.alerts.outbox_age).unwrap_or(i64::MAX);
        let before = ledger.outbox.len();
        ledger.outbox.retain(|entry| now.saturating_sub(entry.made_at) <= age);
        let dropped = before - ledger.outbox.len();
        if dropped > 0 {
            ledger.dropped += dropped as u64;
            told.dropped += dropped as u64;
            told.notes.push(format!(
                "{dropped} messages that nobody took for {} hours were dropped from the outbox",
                age / 3600
            ));
        }
    }

    /// Sends what is claimed, in order, and writes down what became of it. `figures` makes the run's own metrics, once it
    /// is known what was told.
    pub async fn send(
        &self,
        written: Written,
        channel: &dyn Channel,
        figures: impl FnOnce(&Told) -> Vec<Datum>,
    ) -> Told {
        let Written { ledger, expect, mut told } = written;
        let mut sent = Sent::default();
        let mut silent: BTreeSet<EntryKind> = BTreeSet::new();
        let mut behind: BTreeSet<u64> = BTreeSet::new();
        // People first: figures that waited can wait a little more.
        let mut entries: Vec<&Entry> = ledger.outbox.iter().collect();
        entries.sort_by_key(|entry| entry.kind);
        for entry in entries {
            let blocked = entry.incident.is_some_and(|incident| behind.contains(&incident));
            let mine = self.may_send(entry);
            let late = self.ends.is_some_and(|ends| ends.saturating_duration_since(Instant::now()) < SPARE_TIME);
            if !mine || blocked || late || silent.contains(&entry.kind) {
                behind.extend(entry.incident);
                continue;
            }
            match self.in_time(self.send_one(entry, channel)).await.unwrap_or_else(|| Err(out_of_time())) {
                Ok(()) => {
                    told.sent += usize::from(entry.kind == EntryKind::Alert);
                    sent.done.insert(entry.id.clone());
                }
                Err(Unsent::Dropped(reason)) => {
                    told.notes.push(format!("{} was dropped: {reason}", entry.id));
                    told.dropped += 1;
                    sent.dropped.insert(entry.id.clone());
                }
                Err(Unsent::Later(reason)) => {
                    told.notes.push(format!("{} waits for a later run: {reason}", entry.id));
                    sent.tried.insert(entry.id.clone());
                    silent.insert(entry.kind);
                    behind.extend(entry.incident);
                }
            }
        }
        told.waiting = ledger.outbox.len() - sent.done.len() - sent.dropped.len();
        let now = (self.clock)();
        let made = figures(&told);
        let published = self.in_time(channel.metrics(made.clone())).await.unwrap_or_else(|| {
            let reason = "the figures were not taken before the run had to end".to_owned();
            Err((made, NotTaken { reason, forever: false }))
        });
        if let Err((left, refused)) = published {
            told.notes.push(refused.reason.clone());
            if !left.is_empty() && !refused.forever {
                let entry = self.entry(&format!("metrics-{}", self.seen.run), EntryKind::Metrics, None, now);
                match self.put_contents(vec![(entry.key.clone(), Content::Metrics(left))], now).await {
                    Ok(()) => sent.new = Some(entry),
                    Err(error) => told.notes.push(format!("the figures of this run are lost: {error}")),
                }
            }
        }
        let keys: Vec<String> = ledger
            .outbox
            .iter()
            .filter(|entry| sent.done.contains(&entry.id) || sent.dropped.contains(&entry.id))
            .map(|entry| entry.key.clone())
            .collect();
        told.waiting += usize::from(sent.new.is_some());
        let open = ledger.outbox.iter().any(|entry| is_claimed_by(entry, &self.seen.run));
        if (open || sent.new.is_some())
            && let Err(error) = self.take_off(ledger, expect, &sent).await
        {
            told.problem = Some(format!("what was sent could not be written down, and may be sent again: {error}"));
            return told;
        }
        futures::stream::iter(keys)
            .for_each_concurrent(WRITES_AT_ONCE, |key| async move {
                // It is forgotten by itself after a while.
                if let Err(error) = self.store.remove(&key).await {
                    tracing::debug!(%key, %error, "a sent message was not removed");
                }
            })
            .await;
        told
    }

    /// Waits no longer than leaves time to write down what came of it.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let Some(ends) = self.ends else { return Some(work.await) };
        let until = ends.checked_sub(SPARE_TIME / 2).unwrap_or(ends);
        tokio::time::timeout_at(until.into(), work).await.ok()
    }

    /// Whether this run has claimed an entry, and for long enough that a call fits in.
    fn may_send(&self, entry: &Entry) -> bool {
        entry
            .claim
            .as_ref()
            .is_some_and(|claim| claim.run == self.seen.run && (self.clock)() < claim.until.saturating_sub(LAST_CALL))
    }

    async fn send_one(&self, entry: &Entry, channel: &dyn Channel) -> Result<(), Unsent> {
        let keys = [entry.key.clone()];
        let mut found = self.store.read(&keys).await.map_err(|error| Unsent::Later(error.to_string()))?;
        let Some(item) = found.remove(&entry.key) else {
            return Err(Unsent::Dropped("its content is gone from the store".to_owned()));
        };
        let content: Content = store::open(&entry.key, &item.bytes, CONTENT_FORMAT)
            .map_err(|error| Unsent::Dropped(format!("its content cannot be read: {error}")))?;
        // Reading may have taken long, and then somebody else may have it by now.
        if !self.may_send(entry) {
            return Err(Unsent::Later("this run took too long, and another may have sent it".to_owned()));
        }
        let taken = match content {
            Content::Alert(alert) => channel.alert(&entry.id, &alert).await,
            Content::Metrics(datums) => channel.metrics(datums).await.map_err(|(_, refused)| refused),
        };
        taken.map_err(
            |refused| {
                if refused.forever { Unsent::Dropped(refused.reason) } else { Unsent::Later(refused.reason) }
            },
        )
    }

    /// Takes off what was sent, and lets go of the claims.
    async fn take_off(&self, mut ledger: Ledger, mut expect: Expect, sent: &Sent) -> Result<(), MemoryError> {
        let mut last = MemoryError::Busy;
        for attempt in 0..TRIES {
            if attempt > 0 {
                (self.pause)(Duration::from_millis(u64::from(attempt) * 25)).await;
                match store::read_ledger(self.store).await {
                    Ok((_, Expect::Absent)) => return Ok(()),
                    Ok(found) => (ledger, expect) = found,
                    Err(error) => {
                        last = error.into();
                        continue;
                    }
                }
            }
            sent.apply(&mut ledger, &self.seen.run);
            match store::write_ledger(self.store, ledger.clone(), expect).await {
                Ok(_) => return Ok(()),
                Err(WriteLedgerError::Conflict) => {}
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }
}

/// Why an entry was not sent.
enum Unsent {
    /// It can never be.
    Dropped(String),
    /// A later run may.
    Later(String),
}

fn out_of_time() -> Unsent {
    Unsent::Later("nobody answered before the run had to end".to_owned())
}

/// What became of the entries that were claimed.
#[derive(Debug, Default)]
struct Sent {
    done: BTreeSet<String>,
    dropped: BTreeSet<String>,
    tried: BTreeSet<String>,
    new: Option<Entry>,
}

impl Sent {
    fn apply(&self, ledger: &mut Ledger, run: &str) {
        let before = ledger.outbox.len();
        ledger.outbox.retain(|entry| !self.dropped.contains(&entry.id));
        ledger.dropped += (before - ledger.outbox.len()) as u64;
        ledger.outbox.retain(|entry| !self.done.contains(&entry.id));
        for entry in &mut ledger.outbox {
            entry.attempts += u32::from(self.tried.contains(&entry.id));
            if is_claimed_by(entry, run) {
                entry.claim = None;
            }
        }
        if let Some(new) = &self.new
            && !ledger.outbox.iter().any(|entry| entry.id == new.id)
        {
            ledger.outbox.push(new.clone());
        }
    }
}

/// Takes down which refusals did not come, and lets go of what is long ago: what a method demands may be enforced again.
fn withdraw(ledger: &mut Ledger, withdrawn: &[(String, String)], now: i64) {
    for (api, kind) in withdrawn {
        ledger.withdrawn.entry(api.clone()).or_default().insert(kind.clone(), now);
    }
    for kinds in ledger.withdrawn.values_mut() {
        kinds.retain(|_, at| now.saturating_sub(*at) < WITHDRAWN_FOR);
    }
    ledger.withdrawn.retain(|_, kinds| !kinds.is_empty());
}

fn is_claimed_by(entry: &Entry, run: &str) -> bool {
    entry.claim.as_ref().is_some_and(|claim| claim.run == run)
}

fn is_of(ledger: &Ledger, run: &str) -> bool {
    ledger.last_run.as_ref().is_some_and(|last| last.run == run)
}

/// Claims what nobody else sends now: of each kind the oldest first, and of one incident nothing that stands behind another's.
fn claim(ledger: &mut Ledger, run: &str, now: i64) {
    let mut claimed: BTreeMap<EntryKind, usize> = BTreeMap::new();
    let mut behind: BTreeSet<u64> = BTreeSet::new();
    for entry in &mut ledger.outbox {
        // A claim that would end much later than any can was made by a clock that went wrong; a little later, by one that
        // only goes ahead of this one.
        let taken = entry
            .claim
            .as_ref()
            .is_some_and(|claim| claim.run != run && claim.until > now && claim.until <= now.saturating_add(2 * LEASE));
        let blocked = entry.incident.is_some_and(|incident| behind.contains(&incident));
        let claimed = claimed.entry(entry.kind).or_default();
        if taken || blocked || *claimed >= SENT_A_RUN {
            behind.extend(entry.incident);
            continue;
        }
        *claimed += 1;
        entry.claim = Some(Claim { run: run.to_owned(), until: now.saturating_add(LEASE) });
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
