//! Random histories of failures, recoveries, deployments, crashes and overlapping runs, against what memory promises:
//!
//! - what was decided is told, whatever ended the process in between;
//! - exactly once where nothing crashed and the store answered;
//! - nothing is told that the store does not know;
//! - the end of an incident follows its beginning;
//! - nothing is decided to be told in a maintenance window.
//!
//! The runs are the real ones from the decision on (`pipeline::Teller`), over a store and a channel that yield before and
//! after each effect, so that a run can be cut off, or another one let in, at every point at which it waits.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::task::noop_waker;
use gateprobe::config::{Alerts, Window};
use gateprobe::diagnose::Cause;
use gateprobe::gateway::{Change, Verb};
use gateprobe::pipeline::{LEASE, Post, Teller};
use gateprobe::remember::{
    EntryKind, Example, Health, LEDGER_FORMAT, Ledger, Seen, Sight, StageSeen, SubjectId, Transition,
};
use gateprobe::report::{Alert, Channel, Datum, NotTaken};
use gateprobe::store::{self, Expect, Item, LEDGER, Store, StoreError, WriteError};
use proptest::prelude::*;

const STAGES: [(&str, &str); 2] = [("a1", "prod"), ("b2", "live")];
const METHODS: usize = 4;
const SUBJECTS: usize = STAGES.len() * METHODS;
/// Of the stage `live` of `b2` nothing is told in the first 40 minutes of each of these.
const WINDOW_EVERY: i64 = 3 * 3600;
const WINDOW: i64 = 2400;

/// Waits once.
#[derive(Default)]
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// What the store does with a run's calls, the first to the first: after the list, all goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The call fails and does nothing.
    Before,
    /// The call does what it should, and says that it failed.
    After,
}

/// The store of one run: the items of all, the faults of this one.
#[derive(Debug)]
struct Yielding {
    items: store::Memory,
    faults: Mutex<Vec<Fault>>,
    log: Arc<Mutex<Log>>,
}

/// What happened, seen from outside.
#[derive(Debug, Default)]
struct Log {
    /// Every entry that any ledger that was written held.
    committed: BTreeMap<String, Option<u64>>,
    /// What was told, in order.
    told: Vec<String>,
    /// Messages about which the sender was told a lie: accepted, and said to have failed; or the run was cut off.
    doubtful: BTreeSet<String>,
    /// What was decided to be told of a stage in its window.
    in_window: Vec<String>,
    unknown: Vec<String>,
}

fn failed(done: &'static str) -> StoreError {
    StoreError { place: "the store".to_owned(), done, advice: "wait", detail: "as the test says".to_owned() }
}

impl Yielding {
    fn fault(&self) -> Fault {
        let mut faults = self.faults.lock().unwrap();
        if faults.is_empty() { Fault::None } else { faults.remove(0) }
    }

    fn look_at(&self, bytes: &[u8]) {
        let ledger: Ledger = store::open(LEDGER, bytes, LEDGER_FORMAT).unwrap();
        let mut log = self.log.lock().unwrap();
        // The time of the decision: the write may have been held up.
        let now = ledger.last_run.as_ref().map_or(0, |last| last.ended_at);
        for entry in &ledger.outbox {
            if log.committed.insert(entry.id.clone(), entry.incident).is_some() || entry.kind == EntryKind::Metrics {
                continue;
            }
            // Its content was written before.
            let held = entry.incident.and_then(|number| ledger.incidents.iter().find(|open| open.number == number));
            let shut = |subject: &SubjectId| subject.stage() == Some(STAGES[1]) && is_window(now);
            if held.is_some_and(|incident| incident.failing().all(|member| shut(&member.subject))) {
                log.in_window.push(entry.id.clone());
            }
        }
    }
}

fn is_window(now: i64) -> bool {
    now.rem_euclid(WINDOW_EVERY) < WINDOW
}

impl Store for Yielding {
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>> {
        Box::pin(async move {
            Once::default().await;
            if self.fault() != Fault::None {
                return Err(failed("read"));
            }
            let found = self.items.read(keys).await;
            Once::default().await;
            found
        })
    }

    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        expires_at: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>> {
        Box::pin(async move {
            Once::default().await;
            let fault = self.fault();
            if fault == Fault::Before {
                return Err(WriteError::Failed(failed("written")));
            }
            let copy = bytes.clone();
            let written = self.items.write(key, bytes, expect, expires_at).await;
            if written.is_ok() && key == LEDGER {
                self.look_at(&copy);
            }
            Once::default().await;
            if fault == Fault::After { Err(WriteError::Failed(failed("written"))) } else { written }
        })
    }

    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            Once::default().await;
            if self.fault() == Fault::Before { Err(failed("written")) } else { self.items.remove(key).await }
        })
    }
}

/// SNS and CloudWatch of one run.
struct Wire {
    faults: Mutex<Vec<Fault>>,
    log: Arc<Mutex<Log>>,
    /// What this run has begun to send: held up from here on, it may not be known to be sent.
    begun: Mutex<Vec<String>>,
}

impl Wire {
    fn fault(&self) -> Fault {
        let mut faults = self.faults.lock().unwrap();
        if faults.is_empty() { Fault::None } else { faults.remove(0) }
    }
}

impl Channel for Wire {
    fn alert<'c>(&'c self, id: &'c str, _: &'c Alert) -> BoxFuture<'c, Result<(), NotTaken>> {
        Box::pin(async move {
            // From here until the entry is taken off, what ends the run leaves it told and not known to be.
            self.begun.lock().unwrap().push(id.to_owned());
            Once::default().await;
            let fault = self.fault();
            let later = || NotTaken { reason: "as the test says".to_owned(), forever: false };
            if fault == Fault::Before {
                return Err(later());
            }
            {
                let mut log = self.log.lock().unwrap();
                if !log.committed.contains_key(id) {
                    log.unknown.push(id.to_owned());
                }
                log.told.push(id.to_owned());
                if fault == Fault::After {
                    log.doubtful.insert(id.to_owned());
                }
            }
            Once::default().await;
            if fault == Fault::After { Err(later()) } else { Ok(()) }
        })
    }

    fn metrics(&self, datums: Vec<Datum>) -> BoxFuture<'_, Result<(), (Vec<Datum>, NotTaken)>> {
        Box::pin(async move {
            Once::default().await;
            match self.fault() {
                Fault::None => Ok(()),
                _ => Err((datums, NotTaken { reason: "as the test says".to_owned(), forever: false })),
            }
        })
    }
}

/// One run as the history has it.
#[derive(Debug, Clone)]
struct Going {
    /// The point at which it is cut off, if that comes before its end.
    crash: Option<usize>,
    store: Vec<Fault>,
    wire: Vec<Fault>,
}

#[derive(Debug, Clone)]
enum Step {
    Fail(usize, bool),
    Recover(usize),
    Deploy(usize),
    Wait(i64),
    Run(Going),
    /// Two at once; which of them goes on at each point, by the bits.
    Two(Going, Going, u64),
    /// One that is held up at a point for so long that its claims count no more, while another one goes by.
    HeldUp(Going, Going, usize),
}

/// Which of two runs goes on.
#[derive(Clone, Copy)]
enum Turns {
    Bits(u64),
    HeldUp(usize),
}

fn going() -> BoxedStrategy<Going> {
    let fault = |weight: u32| {
        prop_oneof![
            20 => Just(Fault::None),
            weight => Just(Fault::Before),
            weight => Just(Fault::After),
        ]
    };
    let crash = prop_oneof![3 => Just(None), 3 => (0..60_usize).prop_map(Some)];
    (crash, prop::collection::vec(fault(2), 0..30), prop::collection::vec(fault(4), 0..6))
        .prop_map(|(crash, store, wire)| Going { crash, store, wire })
        .boxed()
}

/// Without crashes and lies of the store; SNS may refuse.
fn calm_going() -> BoxedStrategy<Going> {
    let refusing = prop::collection::vec(prop_oneof![3 => Just(Fault::None), 1 => Just(Fault::Before)], 0..6);
    refusing.prop_map(|wire| Going { crash: None, store: Vec::new(), wire }).boxed()
}

fn step(run: BoxedStrategy<Going>) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..SUBJECTS, any::<bool>()).prop_map(|(subject, other)| Step::Fail(subject, other)),
        2 => (0..SUBJECTS).prop_map(Step::Recover),
        1 => (0..STAGES.len()).prop_map(Step::Deploy),
        1 => (60..7200_i64).prop_map(Step::Wait),
        8 => run.clone().prop_map(Step::Run),
        3 => (run.clone(), run.clone(), any::<u64>()).prop_map(|(a, b, turns)| Step::Two(a, b, turns)),
        2 => (run.clone(), run, 0..40_usize).prop_map(|(a, b, at)| Step::HeldUp(a, b, at)),
    ]
}

/// The account, the store and the clock of one history.
struct World {
    items: store::Memory,
    log: Arc<Mutex<Log>>,
    now: Arc<Mutex<i64>>,
    alerts: Alerts,
    failing: [Option<Cause>; SUBJECTS],
    deployments: [u32; STAGES.len()],
    /// What the runs have seen of each stage: what the baseline would say.
    known: [u32; STAGES.len()],
    runs: u32,
}

fn subject(index: usize) -> SubjectId {
    let (api, stage) = STAGES[index / METHODS];
    SubjectId::Method {
        api: api.to_owned(),
        stage: stage.to_owned(),
        resource: format!("/r{}/x", index % METHODS),
        verb: Verb::Get,
    }
}

impl World {
    fn new() -> Self {
        let mut window = Window::new("nightly", "rate(3 hours)", u64::try_from(WINDOW).unwrap());
        window.api = Some(STAGES[1].0.to_owned());
        Self {
            items: store::Memory::default(),
            log: Arc::default(),
            now: Arc::new(Mutex::new(1_800_000_000)),
            alerts: Alerts { windows: vec![window], outbox_age: 1 << 40, ..Alerts::default() },
            failing: [None; SUBJECTS],
            deployments: [1; STAGES.len()],
            known: [1; STAGES.len()],
            runs: 0,
        }
    }

    fn now(&self) -> i64 {
        *self.now.lock().unwrap()
    }

    fn wait(&self, seconds: i64) {
        *self.now.lock().unwrap() += seconds;
    }

    fn seen(&mut self) -> Seen {
        self.runs += 1;
        let sights = (0..SUBJECTS)
            .map(|index| Sight {
                subject: subject(index),
                health: if self.failing[index].is_some() { Health::Bad } else { Health::Good },
                confirmed: true,
                host: Some("x.example.com".to_owned()),
                ignored: None,
                example: self.failing[index].map(|cause| Example {
                    method: "GET".to_owned(),
                    url: "https://x.example.com/".to_owned(),
                    cause,
                    confidence: "certain".to_owned(),
                    evidence: Vec::new(),
                    remedy: String::new(),
                    instead: None,
                    status: Some(403),
                    request_id: String::new(),
                }),
            })
            .collect();
        let stages = STAGES
            .iter()
            .enumerate()
            .map(|(index, (api, stage))| StageSeen {
                api: (*api).to_owned(),
                api_name: (*api).to_owned(),
                stage: (*stage).to_owned(),
                deployment: Some(format!("d{}", self.deployments[index])),
                deployed_at: None,
                change: (self.known[index] != self.deployments[index]).then(|| Change {
                    before: Some(format!("d{}", self.known[index])),
                    after: Some(format!("d{}", self.deployments[index])),
                    added: vec!["GET /new".to_owned()],
                    ..Change::default()
                }),
            })
            .collect();
        Seen {
            run: format!("run{}", self.runs),
            started_at: self.now(),
            region: "us-east-1".to_owned(),
            sights,
            stages,
            ..Seen::default()
        }
    }

    fn store(&self, going: &Going) -> Yielding {
        Yielding { items: self.items.clone(), faults: Mutex::new(going.store.clone()), log: self.log.clone() }
    }

    /// Two runs at once (or one), polled by turns.
    fn go(&mut self, runs: &[&Going], turns: Turns) {
        let seen: Vec<Seen> = runs.iter().map(|_| self.seen()).collect();
        let stores: Vec<Yielding> = runs.iter().map(|going| self.store(going)).collect();
        let wires: Vec<Wire> = runs
            .iter()
            .map(|going| Wire {
                faults: Mutex::new(going.wire.clone()),
                log: self.log.clone(),
                begun: Mutex::default(),
            })
            .collect();
        let now = self.now.clone();
        let clock = move || *now.lock().unwrap();
        let alerts = &self.alerts;
        let clock = &clock;
        let mut futures: Vec<Option<BoxFuture<'_, bool>>> = (0..runs.len())
            .map(|at| {
                let (seen, store, wire) = (&seen[at], &stores[at], &wires[at]);
                let run: BoxFuture<'_, bool> = Box::pin(async move {
                    let teller = Teller {
                        store,
                        alerts,
                        seen,
                        not_reached: &[],
                        withdrawn: &[],
                        render: &render,
                        post: Post::Send,
                        clock,
                        ends: None,
                        pause: &|_| Box::pin(Once::default()),
                    };
                    let Ok(written) = teller.decide().await else { return false };
                    let told = teller.send(written, wire, |_| Vec::new()).await;
                    told.problem.is_none()
                });
                Some(run)
            })
            .collect();
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        let mut polled = vec![0; runs.len()];
        let mut bits = if let Turns::Bits(bits) = turns { bits } else { 0 };
        let mut held_up = false;
        while futures.iter().any(Option::is_some) {
            let wanted = match turns {
                Turns::Bits(_) => {
                    bits = bits.rotate_right(1);
                    usize::try_from(bits % 2).unwrap() % runs.len()
                }
                Turns::HeldUp(at) if polled[0] >= at && futures[0].is_some() => {
                    if !held_up {
                        held_up = true;
                        self.wait(LEASE + 100);
                        // What it has sent, and could not write down for longer than a claim counts, another one sends.
                        self.log.lock().unwrap().doubtful.extend(wires[0].begun.lock().unwrap().iter().cloned());
                    }
                    1
                }
                Turns::HeldUp(_) => 0,
            };
            let at = if futures[wanted].is_some() { wanted } else { futures.iter().position(Option::is_some).unwrap() };
            if runs[at].crash == Some(polled[at]) {
                // Cut off: nothing of it happens any more.
                futures[at] = None;
                self.doubt(at, &seen);
                continue;
            }
            polled[at] += 1;
            assert!(polled[at] < 100_000, "a run that never ends");
            if let Some(run) = &mut futures[at]
                && let Poll::Ready(well) = run.as_mut().poll(&mut context)
            {
                futures[at] = None;
                if !well {
                    self.doubt(at, &seen);
                }
            }
        }
    }

    /// What this run had claimed may have been told without anybody knowing.
    fn doubt(&self, at: usize, seen: &[Seen]) {
        let mut log = self.log.lock().unwrap();
        let log = &mut *log;
        if let Some(ledger) = self.ledger() {
            let mine = ledger.outbox.iter().filter(|entry| entry.claim.as_ref().is_some_and(|c| c.run == seen[at].run));
            log.doubtful.extend(mine.map(|entry| entry.id.clone()));
        }
    }

    fn ledger(&self) -> Option<Ledger> {
        let keys = [LEDGER.to_owned()];
        let found = futures::executor::block_on(self.items.read(&keys)).unwrap();
        found.get(LEDGER).map(|item| store::open(LEDGER, &item.bytes, LEDGER_FORMAT).unwrap())
    }

    /// A run without any trouble, after so long that no claim of another counts.
    fn quiet(&mut self) {
        self.wait(LEASE + 60);
        self.go(&[&Going { crash: None, store: Vec::new(), wire: Vec::new() }], Turns::Bits(0));
        self.known = self.deployments;
    }

    /// Until the window over the second stage is closed.
    fn leave_window(&mut self) {
        while is_window(self.now()) {
            self.wait(300);
        }
    }
}

fn render(id: &str, transition: &Transition) -> Alert {
    Alert {
        subject: id.to_owned(),
        text: transition.kind().to_string(),
        json: serde_json::Value::Null,
        attributes: BTreeMap::new(),
        sms: None,
    }
}

fn history(steps: &[Step]) -> World {
    let mut world = World::new();
    for step in steps {
        match step {
            Step::Fail(index, other) => {
                world.failing[*index] = Some(if *other { Cause::Integration } else { Cause::PathUnknown });
            }
            Step::Recover(index) => world.failing[*index] = None,
            Step::Deploy(stage) => world.deployments[*stage] += 1,
            Step::Wait(seconds) => world.wait(*seconds),
            Step::Run(going) => {
                world.wait(300);
                world.go(&[going], Turns::Bits(0));
            }
            Step::Two(a, b, turns) => {
                world.wait(300);
                world.go(&[a, b], Turns::Bits(*turns));
            }
            Step::HeldUp(a, b, at) => {
                world.wait(300);
                world.go(&[a, b], Turns::HeldUp(*at));
            }
        }
    }
    world
}

/// What must hold at any time.
fn check(world: &World, exactly: bool) -> Result<(), TestCaseError> {
    let log = world.log.lock().unwrap();
    prop_assert!(log.unknown.is_empty(), "told and not known to the store: {:?}", log.unknown);
    prop_assert!(log.in_window.is_empty(), "decided to be told in a window: {:?}", log.in_window);
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for id in &log.told {
        *times.entry(id).or_default() += 1;
    }
    for (id, times) in &times {
        prop_assert!(*times == 1 || log.doubtful.contains(*id), "{id} was told {times} times");
        let _ = exactly;
    }
    let first = |id: &str| log.told.iter().position(|told| told == id);
    for id in times.keys().filter(|id| id.starts_with("gp-")) {
        let number = id.split('-').nth(1).unwrap();
        let opened = first(&format!("gp-{number}-opened"));
        prop_assert!(opened.is_some_and(|at| at <= first(id).unwrap()), "{id} was told before its incident was");
        let resolved = first(&format!("gp-{number}-resolved"));
        prop_assert!(resolved.is_none_or(|at| at >= first(id).unwrap()), "{id} was told after its incident was over");
    }
    Ok(())
}

/// Lets everything settle, and checks what must be true then.
fn settle(world: &mut World, exactly: bool) -> Result<(), TestCaseError> {
    world.leave_window();
    for _ in 0..8 {
        world.quiet();
        world.leave_window();
    }
    check(world, exactly)?;
    let ledger = world.ledger().unwrap();
    for index in (0..SUBJECTS).filter(|index| world.failing[*index].is_some()) {
        let wanted = subject(index);
        let incident = ledger.incidents.iter().find(|open| open.members.iter().any(|member| member.subject == wanted));
        prop_assert!(incident.is_some(), "{wanted} fails and is in no incident");
        let incident = incident.unwrap();
        let told = world.log.lock().unwrap().told.contains(&format!("gp-{}-opened", incident.number));
        prop_assert!(told, "{} is open and nobody was told", incident.name());
    }
    world.failing = [None; SUBJECTS];
    for _ in 0..16 {
        world.quiet();
        world.leave_window();
    }
    check(world, exactly)?;
    let ledger = world.ledger().unwrap();
    prop_assert!(ledger.incidents.is_empty(), "all is well and this is open: {:?}", ledger.incidents);
    prop_assert!(ledger.outbox.is_empty(), "left in the outbox: {:?}", ledger.outbox);
    let log = world.log.lock().unwrap();
    for id in log.committed.keys().filter(|id| !id.starts_with("metrics")) {
        prop_assert!(log.told.contains(id), "{id} was lost");
    }
    for id in log.told.iter().filter(|id| id.ends_with("-opened")) {
        let resolved = id.replace("-opened", "-resolved");
        prop_assert!(log.told.contains(&resolved), "{id} was told and never {resolved}");
    }
    Ok(())
}

fn config() -> ProptestConfig {
    let cases = std::env::var("GATEPROBE_HISTORIES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1500);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_ends_a_run_nothing_is_lost(steps in prop::collection::vec(step(going()), 1..24)) {
        let mut world = history(&steps);
        check(&world, false)?;
        settle(&mut world, false)?;
    }

    #[test]
    fn where_the_store_answers_everything_is_told_exactly_once(steps in prop::collection::vec(step(calm_going()), 1..24)) {
        let mut world = history(&steps);
        check(&world, true)?;
        settle(&mut world, true)?;
    }
}
