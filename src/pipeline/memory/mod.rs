//! The run and its memory: what is read before, what is written after, and in what order.
//!
//! 1. [`Memory::recall`], once it is known which stages there are: the ledger, and what each stage was like.
//! 2. [`Past`] orders the run's work, and has what was taken away asked for.
//! 3. [`Memory::settle`], when the report is made: decide, write down, send, take off; then the stages.
//!
//! Where the memory fails the run goes on: everything is told as a monitor without one would, and the report, the metric
//! `MemoryFailed` and the alert say so.

mod outbox;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use uuid::Uuid;

use super::Clock;
use crate::config::Alerts;
use crate::gateway::{Baseline, Deployment, Gap, KnownStage, Seen as SeenStage, TreeSource, Verb, World};
use crate::plan::{Plan, Subject};
use crate::remember::{Incident, Ledger, Seen, Sight, StageSeen, SubjectId, Watched};
use crate::report::{self, Channel, Report, Tally};
use crate::store::{self, CacheLimits, Expect, Store, StoreCache, WriteError};
pub use outbox::{LEASE, MemoryError, Post, Render, Teller, Written};

/// So many stages are written at once.
const WRITES_AT_ONCE: usize = 16;

/// So often a stage's item is tried when somebody else writes it too.
const STAGE_TRIES: usize = 3;

/// A stage's item is forgotten when the stage was not seen for so long, in seconds. It is written anew every hour.
const STAGE_KEPT_FOR: i64 = 90 * DAY;

const DAY: i64 = 86_400;

/// The format of a stage's item.
const STAGE_FORMAT: u32 = 1;

/// What the last run had no time for is kept up to this number; what is beyond waits its turn.
const MOST_NOT_REACHED: usize = 5000;

/// A stage's item, and the version that it had; `None`: there was none.
type Kept = (Option<u64>, KnownStage);

/// How a run is told.
#[derive(Clone, Copy)]
pub struct Telling<'t> {
    /// When to tell.
    pub alerts: &'t Alerts,
    /// Where to. Without one messages are left for whoever sends the outbox.
    pub channel: Option<&'t dyn Channel>,
    /// Without a channel: whether there is nobody who sends the outbox, so that messages are made for the report alone.
    pub nobody: bool,
    /// Makes the message of a transition.
    pub render: Render<'t>,
    /// The time.
    pub clock: Clock<'t>,
    /// When the process may be ended: what is not told by then is told by a later run.
    pub ends: Option<Instant>,
}

/// Everything that is kept between runs.
#[derive(Debug)]
pub struct Memory {
    store: Arc<dyn Store>,
    cache: Arc<StoreCache>,
    partial: bool,
    /// The stages' items as they were last read or written here.
    stages: tokio::sync::Mutex<BTreeMap<String, Kept>>,
}

/// An API's id and a stage's name.
type Place = (Arc<str>, Arc<str>);

/// Of each method, by resource and verb, whether it was proved to be routed, and whether to be healthy.
type Proved<'p> = BTreeMap<(&'p str, Verb), (bool, bool)>;

fn stage_key(api: &str, stage: &str) -> String {
    format!("stage#{api}#{stage}")
}

/// As the ledger names a stage.
fn mark_key(api: &str, stage: &str) -> String {
    format!("{api}/{stage}")
}

impl Memory {
    /// A memory in this store. `partial`: a run looks at a part of what is there, and what it does not see is not gone.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, partial: bool) -> Self {
        let cache = Arc::new(StoreCache::new(store.clone(), CacheLimits::default()));
        Self { store, cache, partial, stages: tokio::sync::Mutex::default() }
    }

    /// Where it is kept.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Exports and API summaries by deployment, for [`crate::discover::ControlPlane::keep_interfaces_in`]: what was read is
    /// written at the end of [`Memory::settle`].
    #[must_use]
    pub fn cache(&self) -> Arc<StoreCache> {
        self.cache.clone()
    }

    /// Reads what is remembered of the stages there are. `of_one`: this run alone looks at one API.
    pub async fn recall(&self, world: &World, of_one: bool) -> Past {
        let mut past = Past { partial: self.partial || of_one, part: of_one, ..Past::default() };
        match store::read_ledger(&*self.store).await {
            Ok((ledger, _)) => past.ledger = ledger,
            // The run's own write tells whether the memory works; until then only the order of work is lost.
            Err(error) => past.notes.push(format!("what earlier runs saw could not be read: {error}")),
        }
        let mut known = self.stages.lock().await;
        let keys: Vec<String> = world
            .inventory()
            .apis
            .iter()
            .flat_map(|api| api.stages.iter().map(|stage| stage_key(&api.id, &stage.name)))
            .collect();
        let missing: Vec<String> = keys.iter().filter(|key| !known.contains_key(*key)).cloned().collect();
        if !missing.is_empty() {
            match self.store.read(&missing).await {
                Ok(found) => {
                    for (key, item) in found {
                        match store::open::<KnownStage>(&key, &item.bytes, STAGE_FORMAT) {
                            Ok(stage) => drop(known.insert(key, (Some(item.version), stage))),
                            // What cannot be read is learnt again, unless a newer version wrote it: that is left alone.
                            Err(error) => {
                                past.unread |= matches!(error, store::OpenError::Newer { .. });
                                past.damaged.insert(key, item.version);
                                past.notes.push(error.to_string());
                            }
                        }
                    }
                }
                Err(error) => {
                    past.unread = true;
                    past.notes.push(format!("what the stages were like could not be read: {error}"));
                }
            }
        }
        // A stage that was gone and has come back is a new one, unless it was there a moment ago.
        let Ledger { last_run, stages: marks, .. } = &past.ledger;
        let oldest = last_run.as_ref().map_or(i64::MIN, |last| last.ended_at.saturating_sub(DAY));
        let lives_on =
            |stage: &KnownStage| stage.seen_at >= oldest || marks.contains_key(&mark_key(&stage.api, &stage.stage));
        let stages = keys.iter().filter_map(|key| Some((key.clone(), known.get(key)?.1.clone())));
        past.stages = stages.filter(|(_, stage)| lives_on(stage)).collect();
        past
    }

    /// Decides what is new, writes it down, tells it, and publishes the run's figures. What became of it all is in the
    /// report's `memory`.
    pub async fn settle(&self, remembered: Remembered, report: &mut Report, telling: Telling<'_>) {
        let Telling { alerts, channel, nobody, render, clock, ends } = telling;
        let Remembered { seen, not_reached, withdrawn, stages, notes, part } = remembered;
        let teller = Teller {
            store: &*self.store,
            alerts,
            seen: &seen,
            not_reached: &not_reached,
            withdrawn: &withdrawn,
            render,
            post: match channel {
                Some(_) => Post::Send,
                None if nobody => Post::Nobody,
                None => Post::Leave,
            },
            clock,
            ends,
            pause: &|time| Box::pin(tokio::time::sleep(time)),
        };
        let mut told = match teller.decide().await {
            Ok(written) => {
                let so_far = report.clone();
                let figures = |told: &report::Memory| {
                    let datums = report::datums(&Report { memory: Some(told.clone()), ..so_far }, clock());
                    if part { report::of_a_part(datums) } else { datums }
                };
                let told = match channel {
                    Some(channel) => teller.send(written, channel, figures).await,
                    None => written.told().clone(),
                };
                // What is not written is seen as new, or as changed, by the next run: no news is lost with it.
                if teller.in_time(self.keep(stages, clock())).await.is_none() {
                    tracing::warn!("the run had to end before every stage was written down");
                }
                told
            }
            Err(error) => match channel {
                Some(channel) => without(error.to_string(), report, part, channel, clock).await,
                None => report::Memory { problem: Some(error.to_string()), ..report::Memory::default() },
            },
        };
        told.notes.extend(notes);
        let flushed = self.cache.flush(clock(), ends.map(tokio::time::Instant::from_std)).await;
        told.notes.extend(flushed.failed.map(|reason| format!("exports were not kept: {reason}")));
        report.memory = Some(told);
    }

    /// Writes the stages' items that are worth it.
    async fn keep(&self, stages: Vec<(KnownStage, Option<u64>)>, now: i64) {
        let known = self.stages.lock().await;
        let changed: Vec<(String, Option<u64>, KnownStage)> = stages
            .into_iter()
            .filter_map(|(stage, damaged)| {
                let key = stage_key(&stage.api, &stage.stage);
                let before = known.get(&key);
                let needed = before.is_none_or(|(_, before)| stage.needs_write(before, now));
                needed.then(|| (key, damaged.or_else(|| before.and_then(|(version, _)| *version)), stage))
            })
            .collect();
        drop(known);
        let written: Vec<Option<(String, Kept)>> = futures::stream::iter(changed)
            .map(|(key, version, stage)| self.keep_one(key, version, stage, now))
            .buffer_unordered(WRITES_AT_ONCE)
            .collect()
            .await;
        self.stages.lock().await.extend(written.into_iter().flatten());
    }

    async fn keep_one(
        &self,
        key: String,
        mut version: Option<u64>,
        mut stage: KnownStage,
        now: i64,
    ) -> Option<(String, Kept)> {
        let expires = now.saturating_add(STAGE_KEPT_FOR);
        for _ in 0..STAGE_TRIES {
            let bytes = store::seal(&key, STAGE_FORMAT, &stage)
                .inspect_err(|error| tracing::warn!(%key, %error, "what the stage is like is not remembered"))
                .ok()?;
            let expect = version.map_or(Expect::Absent, Expect::Version);
            match self.store.write(&key, bytes, expect, Some(expires)).await {
                Ok(version) => return Some((key, (Some(version), stage))),
                Err(WriteError::Conflict) => {
                    let keys = [key.clone()];
                    let found = self.store.read(&keys).await.ok()?.remove(&key);
                    version = found.as_ref().map(|item| item.version);
                    let other = found.and_then(|item| store::open::<KnownStage>(&key, &item.bytes, STAGE_FORMAT).ok());
                    if let Some(other) = other {
                        stage = stage.merge(other);
                    }
                }
                Err(WriteError::Failed(error)) => {
                    tracing::warn!(%key, %error, "what the stage is like is not remembered");
                    return None;
                }
            }
        }
        None
    }
}

/// Tells what there is to tell as a monitor without a memory does.
async fn without(
    problem: String,
    report: &Report,
    part: bool,
    channel: &dyn Channel,
    clock: Clock<'_>,
) -> report::Memory {
    let mut told = report::Memory { problem: Some(problem), ..report::Memory::default() };
    let run = Uuid::new_v4();
    let marked = Report { memory: Some(told.clone()), ..report.clone() };
    if let Some(alert) = report::alert(&marked) {
        match channel.alert(&format!("run-{run}"), &alert).await {
            Ok(()) => told.sent += 1,
            Err(refused) => {
                told.lost = true;
                told.notes.push(refused.reason);
            }
        }
    }
    let figures = report::datums(&Report { memory: Some(told.clone()), ..report.clone() }, clock());
    let figures = if part { report::of_a_part(figures) } else { figures };
    if let Err((_, refused)) = channel.metrics(figures).await {
        told.lost = true;
        told.notes.push(refused.reason);
    }
    told
}

/// What is remembered when a run begins.
#[derive(Debug, Default)]
pub struct Past {
    ledger: Ledger,
    /// By their keys.
    stages: BTreeMap<String, KnownStage>,
    /// Stages' items that cannot be read, and the versions that they have.
    damaged: BTreeMap<String, u64>,
    partial: bool,
    /// Whether the run was told to look at a part of what the monitor watches.
    part: bool,
    /// Whether the stages' items could not be read: then what is new in them is not known, and nothing is written.
    unread: bool,
    notes: Vec<String>,
}

impl Past {
    /// What the stages served before, for the diagnosis.
    #[must_use]
    pub fn baseline(&self) -> Baseline {
        let stages = self.stages.values().flat_map(KnownStage::served).collect::<Vec<SeenStage>>();
        Baseline { stages }
    }

    /// Which refusals did not come, and are not relied on.
    pub(super) fn withdrawn(&self) -> BTreeMap<String, BTreeMap<String, i64>> {
        self.ledger.withdrawn.clone()
    }

    /// The stages, with the methods that are still asked for after they were taken away, those included that are missed
    /// for the first time.
    pub(super) fn watched(&self, world: &World, alerts: &Alerts, now: i64) -> Vec<KnownStage> {
        let seen = |known: &KnownStage| {
            let api = world.api(&known.api)?;
            let stage = api.stage(&known.stage)?;
            let deployment = api.deployment_of(stage)?;
            let named = KnownStage::new(&api.id, &api.name, &stage.name, stage.serving());
            Some(named.after(Some(known), &deployment.tree, alerts.watch_removed, now, |_, _| (false, false)))
        };
        self.stages.values().filter_map(seen).collect()
    }

    /// What was not reached last time comes first, then what was deployed since, then what fails, then the rest.
    pub(super) fn order(&self, world: &World, plan: &mut Plan) {
        let late: BTreeSet<&SubjectId> = self.ledger.not_reached.iter().collect();
        let failing: BTreeSet<&SubjectId> = self
            .ledger
            .incidents
            .iter()
            .flat_map(|incident| incident.failing().map(|member| &member.subject))
            .chain(self.ledger.troubles.keys())
            .collect();
        let fresh: BTreeSet<(String, String)> = world
            .inventory()
            .apis
            .iter()
            .flat_map(|api| api.stages.iter().map(move |stage| (api, stage)))
            .filter(|(api, stage)| {
                let known = self.stages.get(&stage_key(&api.id, &stage.name));
                known.is_some_and(|known| known.deployment.as_deref() != stage.serving())
            })
            .map(|(api, stage)| (api.id.clone(), stage.name.clone()))
            .collect();
        if late.is_empty() && failing.is_empty() && fresh.is_empty() {
            return;
        }
        let mut probes = std::mem::take(&mut plan.probes);
        let mut refusals = std::mem::take(&mut plan.refusals);
        for list in [&mut probes, &mut refusals] {
            list.sort_by_cached_key(|probe| {
                let subject = report::subject_id(world, plan, probe);
                let is_fresh = probe
                    .stage
                    .as_ref()
                    .is_some_and(|(api, stage)| fresh.contains(&(api.to_string(), stage.to_string())));
                match subject {
                    Some(subject) if late.contains(&subject) => 0,
                    _ if is_fresh || matches!(probe.subject, Subject::Removed(_)) => 1,
                    Some(subject) if failing.contains(&subject) => 2,
                    _ => 3_u8,
                }
            });
        }
        (plan.probes, plan.refusals) = (probes, refusals);
        // Refusals are sent stage by stage: a stage's stay together, in the order of its most urgent one.
        let mut first: BTreeMap<Option<Place>, usize> = BTreeMap::new();
        for (index, probe) in plan.refusals.iter().enumerate() {
            first.entry(probe.stage.clone()).or_insert(index);
        }
        plan.refusals.sort_by_key(|probe| first.get(&probe.stage).copied().unwrap_or(usize::MAX));
    }
}

/// Domains of which something is not known, and through which nothing is asked: all that incidents name, where the list
/// itself is not `whole`.
fn unread_domains(ledger: &Ledger, gaps: &[Gap], plan: &Plan, whole: bool) -> BTreeSet<String> {
    let named = gaps.iter().filter_map(|gap| gap.place.strip_prefix("domain ")?.split(' ').next().map(str::to_owned));
    // A door whose key could not be read this time.
    let locked = plan.gaps.iter().filter_map(|gap| Some(gap.place.strip_prefix("client certificate for ")?.to_owned()));
    let mut unread: BTreeSet<String> = named.chain(locked).collect();
    if !whole {
        unread.extend(ledger.incidents.iter().flat_map(Incident::hosts));
    }
    for probe in plan.probes.iter().chain(&plan.refusals) {
        if unread.is_empty() {
            break;
        }
        if let Some(host) = probe.request.url.host_str() {
            unread.remove(host);
        }
    }
    unread
}

/// What memory takes of a run.
#[derive(Debug)]
pub struct Remembered {
    seen: Seen,
    not_reached: Vec<SubjectId>,
    withdrawn: Vec<(String, String)>,
    stages: Vec<(KnownStage, Option<u64>)>,
    notes: Vec<String>,
    part: bool,
}

impl Remembered {
    /// Of a run that is over.
    pub(super) fn new(
        past: Past,
        world: &World,
        plan: &Plan,
        tally: &mut Tally<'_>,
        alerts: &Alerts,
        now: i64,
    ) -> Self {
        let mut proved: BTreeMap<(&str, &str), Proved<'_>> = BTreeMap::new();
        for (index, routed, healthy) in tally.proved() {
            let Some(method) = plan.methods.get(index) else { continue };
            let stage = proved.entry((&method.api, &method.stage)).or_default();
            stage.insert((&method.resource, method.verb), (routed, healthy));
        }
        let (sights, mut not_reached): (Vec<Sight>, Vec<SubjectId>) = tally.take_sights();
        not_reached.truncate(MOST_NOT_REACHED);
        let withdrawn = tally.withdrawn().map(|(api, kind)| (api.to_owned(), kind.id().to_owned())).collect();
        let inventory = world.inventory();
        let unread: BTreeSet<String> = inventory
            .gaps
            .iter()
            .filter_map(|gap| gap.place.strip_prefix("api ")?.split(' ').next().map(str::to_owned))
            .collect();
        let (mut stages, mut seen_stages) = (Vec::new(), Vec::new());
        for api in &inventory.apis {
            for stage in &api.stages {
                let serving = stage.serving();
                let mut seen = StageSeen {
                    api: api.id.clone(),
                    api_name: api.name.clone(),
                    stage: stage.name.clone(),
                    deployment: serving.map(str::to_owned),
                    ..StageSeen::default()
                };
                let known = past.stages.get(&stage_key(&api.id, &stage.name));
                // Where the editor stands in for what could not be read, nobody knows what is deployed.
                let stands_in =
                    |deployment: &&Deployment| deployment.source == TreeSource::Edited && unread.contains(&api.id);
                let read = api.deployment_of(stage).filter(|read| known.is_none() || !stands_in(read));
                if let Some(deployment) = read {
                    seen.deployed_at = deployment.created_at;
                    if let Some(known) = known.filter(|known| known.deployment.as_deref() != serving) {
                        let change = known.change(serving, deployment.created_at, &deployment.tree);
                        seen.change = (!change.is_empty()).then_some(change);
                    }
                    let answers = proved.get(&(api.id.as_str(), stage.name.as_str()));
                    let answer = |resource: &str, verb| {
                        answers.and_then(|answers| answers.get(&(resource, verb))).copied().unwrap_or((false, false))
                    };
                    let named = KnownStage::new(&api.id, &api.name, &stage.name, serving);
                    let after = named.after(known, &deployment.tree, alerts.watch_removed, now, answer);
                    stages.push((after, past.damaged.get(&stage_key(&api.id, &stage.name)).copied()));
                } else if known.is_some()
                    && let Some(mark) = past.ledger.stages.get(&mark_key(&api.id, &stage.name))
                {
                    // What was not read is left as it was: what a new deployment changed is told when it is known.
                    seen.deployment.clone_from(&mark.deployment);
                }
                seen_stages.push(seen);
            }
        }
        if past.unread {
            (stages, seen_stages) = (Vec::new(), Vec::new());
        }
        // A gap that is of no API may be of the list of them.
        let whole = inventory.gaps.iter().all(|gap| gap.place.starts_with("api ") || gap.place.starts_with("domain "));
        let unread_domains = unread_domains(&past.ledger, &inventory.gaps, plan, whole);
        // What could not be asked this time may be asked the next time: a secret, a stage that was not read.
        let contract_unread = plan.gaps.iter().any(|gap| {
            let reason = &gap.reason;
            gap.place.starts_with("contract entry ")
                && (reason.contains(" was not asked: ") || reason.contains("was not read"))
        });
        let seen = Seen {
            run: Uuid::new_v4().to_string(),
            started_at: now,
            region: inventory.region.clone(),
            sights,
            stages: seen_stages,
            unread,
            unread_domains,
            cut_short: false,
            contract_unread,
            partial: past.partial || past.unread || !whole,
            watched: Watched::default(),
        };
        Self { seen, not_reached, withdrawn, stages, notes: past.notes, part: past.part }
    }

    /// With what the report says is watched.
    pub(super) fn of(mut self, report: &Report) -> Self {
        let apis: BTreeSet<&str> = report.stages.iter().map(|stage| stage.api.as_str()).collect();
        let coverage = &report.coverage;
        self.seen.cut_short = report.stopped_early;
        self.seen.watched = Watched {
            apis: apis.len(),
            stages: report.stages.len(),
            deployed: coverage.deployed,
            probed: coverage.probed,
            routed: coverage.routed,
            healthy: coverage.healthy,
            by_provenance: coverage.by_provenance.iter().map(|(from, count)| (from.id().to_owned(), *count)).collect(),
            skipped: coverage.skipped.iter().map(|(reason, count)| (reason.id().to_owned(), *count)).collect(),
            contract: report.contract.requests,
            gaps: report.gaps.len(),
        };
        self
    }
}

#[cfg(test)]
mod tests;
