//! What several runs make of a stage: its baseline, and what is told of its deployments.

use super::*;
use crate::config::Config;
use crate::gateway::{Inventory, InvokeUrl};
use crate::plan::{DomainUrl, Unreadable, plan};
use crate::report::Alert;
use crate::store::Memory as InMemory;

const START: i64 = 1_800_000_000;

/// A store, and a process that keeps running against it.
struct Monitor {
    store: InMemory,
    memory: Memory,
    now: i64,
}

/// What a run reads of the stage `prod` of the only API.
fn inventory(stages: &str, deployments: &str, gaps: &str) -> String {
    format!(
        r#"{{"version": 1, "region": "us-east-1", "read_at": 0,
            "apis": [{{"id": "a1", "name": "shop", "stages": [{stages}], "deployments": {{{deployments}}}}}], "gaps": [{gaps}]}}"#
    )
}

fn read(id: &str, source: &str, paths: &[&str]) -> String {
    let tree: Vec<String> =
        paths.iter().map(|path| format!(r#""{path}": {{"GET": {{"authorization": "NONE"}}}}"#)).collect();
    format!(r#""{id}": {{"source": "{source}", "tree": {{{}}}}}"#, tree.join(", "))
}

fn stage(id: &str) -> String {
    format!(r#"{{"name": "prod", "deployment": "{id}"}}"#)
}

const GAP: &str = r#"{"where": "api a1 (shop) stage prod", "reason": "throttled"}"#;

impl Monitor {
    fn new() -> Self {
        let store = InMemory::default();
        Self { memory: Memory::new(Arc::new(store.clone()), false), store, now: START }
    }

    /// A run that asks nothing. Returns the names of the messages that it made, and the ledger.
    async fn run(&mut self, inventory: &str) -> (Vec<String>, Ledger) {
        self.now += 300;
        let now = self.now;
        let world = World::new(Inventory::from_json(inventory).unwrap(), InvokeUrl::default());
        let past = self.memory.recall(&world, false).await;
        let (config, unreadable) = (Config::default(), Unreadable::new());
        let mut planned = plan(&world, &config, &DomainUrl::default(), &unreadable);
        planned.ask_for_removed(&world, &config, &DomainUrl::default(), &past.watched(&world, &config.alerts, now));
        let mut tally = Tally::new(&world, &planned);
        let remembered = Remembered::new(past, &world, &planned, &mut tally, &config.alerts, now);
        let mut report = tally.report(&world, now, 0);
        let render = |_: &str, _: &_| Alert {
            subject: String::new(),
            text: String::new(),
            sms: None,
            json: serde_json::Value::Null,
            attributes: BTreeMap::new(),
        };
        let before = store::read_ledger(&self.store).await.unwrap().0.outbox.len();
        let (alerts, clock) = (&config.alerts, move || now);
        let telling = Telling { alerts, channel: None, nobody: false, render: &render, clock: &clock, ends: None };
        self.memory.settle(remembered, &mut report, telling).await;
        let ledger = store::read_ledger(&self.store).await.unwrap().0;
        let kinds = ledger.outbox.iter().skip(before).map(|entry| entry.id.rsplit_once('-').unwrap().0.to_owned());
        (kinds.collect(), ledger)
    }

    async fn known(&self) -> KnownStage {
        let key = stage_key("a1", "prod");
        let item = self.store.read(std::slice::from_ref(&key)).await.unwrap().remove(&key).unwrap();
        store::open(&key, &item.bytes, STAGE_FORMAT).unwrap()
    }
}

#[tokio::test]
async fn what_a_deployment_changed_is_told_when_it_can_be_read() {
    for stand_in in [String::new(), read("d2", "edited", &["/x", "/draft"])] {
        let mut monitor = Monitor::new();
        let both = read("d1", "apisummary", &["/x", "/y"]);
        assert_eq!(monitor.run(&inventory(&stage("d1"), &both, "")).await.0, ["watching"]);
        // It could not be read in the run that saw it first.
        let (told, ledger) = monitor.run(&inventory(&stage("d2"), &stand_in, GAP)).await;
        assert_eq!((told, ledger.events.len()), (vec![], 0), "{stand_in}");
        assert_eq!(monitor.known().await.deployment.as_deref(), Some("d1"));
        let (told, ledger) = monitor.run(&inventory(&stage("d2"), &read("d2", "apisummary", &["/x"]), "")).await;
        assert_eq!(told, ["deployment-a1-prod"], "{stand_in}");
        assert!(ledger.events[0].text.contains("0 added, 1 removed, 0 changed"), "{:?}", ledger.events);
    }
}

#[tokio::test]
async fn an_emulator_that_has_the_edited_tree_alone_is_believed() {
    let mut monitor = Monitor::new();
    monitor.run(&inventory(&stage("d1"), &read("d1", "edited", &["/x"]), "")).await;
    let (told, _) = monitor.run(&inventory(&stage("d2"), &read("d2", "edited", &["/x", "/y"]), "")).await;
    assert_eq!(told, ["deployment-a1-prod"]);
}

#[tokio::test]
async fn a_canary_that_takes_everything_is_what_is_served() {
    let mut monitor = Monitor::new();
    let both = [read("d1", "apisummary", &["/x"]), read("d2", "apisummary", &["/x", "/y"])].join(", ");
    monitor.run(&inventory(&stage("d1"), &both, "")).await;
    let canary = r#"{"name": "prod", "deployment": "d1", "canary": {"deployment": "d2", "percent": 100.0}}"#;
    assert_eq!(monitor.run(&inventory(canary, &both, "")).await.0, ["deployment-a1-prod"]);
    // It is promoted: the same methods as before.
    assert_eq!(monitor.run(&inventory(&stage("d2"), &both, "")).await.0, [""; 0]);
}

#[tokio::test]
async fn what_matters_most_is_asked_first() {
    use crate::gateway::Verb;
    use crate::remember::{Example, Trouble};

    let id = |resource: &str, stage: &str| SubjectId::Method {
        api: "a1".to_owned(),
        stage: stage.to_owned(),
        resource: resource.to_owned(),
        verb: Verb::Get,
    };
    let two = r#"{"name": "dev", "deployment": "d2"}, {"name": "prod", "deployment": "d1"}"#;
    let deployed = format!("{}, {}", read("d1", "apisummary", &["/a", "/b", "/c"]), read("d2", "apisummary", &["/n"]));
    let world = World::new(Inventory::from_json(&inventory(two, &deployed, "")).unwrap(), InvokeUrl::default());
    let mut past = Past::default();
    let asked = |past: &Past| {
        let mut planned = plan(&world, &Config::default(), &DomainUrl::default(), &Unreadable::new());
        past.order(&world, &mut planned);
        planned.probes.iter().map(|probe| probe.request.url.path().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&past), ["/dev/n", "/prod/a", "/prod/b", "/prod/c"]);
    let example = Example {
        method: "GET".to_owned(),
        url: String::new(),
        cause: crate::diagnose::Cause::Integration,
        confidence: String::new(),
        evidence: Vec::new(),
        remedy: String::new(),
        instead: None,
        status: None,
        request_id: String::new(),
    };
    let trouble = Trouble { runs: 1, seen: 1, since: START, at: START, example, host: None };
    past.ledger.troubles.insert(id("/c", "prod"), trouble);
    assert_eq!(asked(&past), ["/prod/c", "/dev/n", "/prod/a", "/prod/b"], "what fails before what does not");
    past.stages.insert(stage_key("a1", "dev"), KnownStage::new("a1", "shop", "dev", Some("d0")));
    assert_eq!(asked(&past), ["/dev/n", "/prod/c", "/prod/a", "/prod/b"], "what was deployed since before that");
    past.ledger.not_reached = vec![id("/b", "prod")];
    assert_eq!(asked(&past), ["/prod/b", "/dev/n", "/prod/c", "/prod/a"], "what was not reached before all");
}

#[tokio::test]
async fn a_stage_that_comes_back_after_long_is_a_new_one() {
    for (days, told) in [(0, vec!["/y"]), (3, vec![])] {
        let mut monitor = Monitor::new();
        let (one, two) = (read("d1", "apisummary", &["/x", "/y"]), read("d2", "apisummary", &["/x"]));
        monitor.run(&inventory(&stage("d1"), &one, "")).await;
        let key = stage_key("a1", "prod");
        let mut known = monitor.known().await;
        known.methods.values_mut().flat_map(BTreeMap::values_mut).for_each(|method| method.routed_at = Some(START));
        let bytes = store::seal(&key, STAGE_FORMAT, &known).unwrap();
        monitor.store.write(&key, bytes, Expect::Anything, None).await.unwrap();
        monitor.memory = Memory::new(Arc::new(monitor.store.clone()), false);
        let (_, ledger) = monitor.run(&inventory("", "", "")).await;
        assert!(ledger.stages.is_empty());
        monitor.now += days * DAY;
        monitor.run(&inventory("", "", "")).await;
        monitor.run(&inventory(&stage("d2"), &two, "")).await;
        let known = monitor.known().await;
        assert_eq!(known.removed.keys().map(String::as_str).collect::<Vec<_>>(), told, "after {days} days");
    }
}

#[tokio::test]
async fn what_stages_were_like_is_forgotten_when_nobody_sees_them() {
    let mut monitor = Monitor::new();
    monitor.run(&inventory(&stage("d1"), &read("d1", "apisummary", &["/x"]), "")).await;
    let expires: BTreeMap<_, _> = monitor.store.keys().into_iter().collect();
    assert_eq!(expires[&stage_key("a1", "prod")], Some(monitor.now + STAGE_KEPT_FOR));
}

#[tokio::test]
async fn a_run_that_stopped_early_says_so() {
    let text = inventory(&stage("d1"), &read("d1", "apisummary", &["/x", "/y"]), "");
    let world = World::new(Inventory::from_json(&text).unwrap(), InvokeUrl::default());
    let config = Config::default();
    let planned = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
    for early in [false, true] {
        let mut tally = Tally::new(&world, &planned);
        if early {
            tally.not_reached();
        }
        let past = Past::default();
        let remembered = Remembered::new(past, &world, &planned, &mut tally, &config.alerts, START);
        assert_eq!(remembered.of(&tally.report(&world, START, 0)).seen.cut_short, early);
    }
}
