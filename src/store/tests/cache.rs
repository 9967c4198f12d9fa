//! What a new process need not ask API Gateway for again.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use futures::FutureExt;
use futures::future::ready;

use crate::config;
use crate::discover::{ControlPlane, Described, InterfaceCache, Limits, Operation, Summary, Wanted, discover};
use crate::gateway::{Inventory, Method, Tree, Verb};
use crate::simulator::{self, Account, Behaviour, Simulator, Stage};
use crate::store::{CacheLimits, Call, CallKind, Expect, Fate, Faulty, Memory, Store, StoreCache, envelope};

const NOW: i64 = 1_790_000_000;
const DAY: i64 = 24 * 60 * 60;

fn orders() -> simulator::Api {
    simulator::Api::new("a1b2c3d4e5", "orders")
        .deploy("dep1", |tree| tree.get("/", Behaviour::Mock).any("/files/{proxy+}", Behaviour::Mock))
        .deploy("dep2", |tree| tree.get("/new", Behaviour::Mock))
        .deploy("dep3", |tree| tree.remove_resource("/files/{proxy+}"))
        .with_stage(Stage::new("prod", "dep1").canary("dep2", 10.0))
        .stage("qa", "dep1")
        .stage("dev", "dep3")
}

/// One run of a new process: what it saw, and its calls for deployments and their exports.
async fn run(simulator: &Simulator, cache: &Arc<StoreCache>) -> (Inventory, u64, u64) {
    let keys = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .build();
    let many = NonZeroU32::new(1_000_000).unwrap();
    let limits = Limits { calls_per_second: many, get_resources_per_second: many, ..Limits::default() };
    let plane = ControlPlane::new(&sdk, limits).keep_interfaces_in(Arc::clone(cache) as Arc<dyn InterfaceCache>);
    let inventory = discover(&plane, &Wanted::Everything(config::Scope::default()), 0, None).await.unwrap();
    let count = |operation| plane.calls().get(&operation).copied().unwrap_or_default();
    (inventory, count(Operation::GetDeployment), count(Operation::GetExport))
}

fn cache(store: &Memory) -> Arc<StoreCache> {
    Arc::new(StoreCache::new(Arc::new(store.clone()), CacheLimits::default()))
}

#[tokio::test]
async fn a_new_process_asks_for_no_deployment_that_is_known() {
    let other = simulator::Api::new("z1z2z3z4z5", "other")
        .deploy("dep9", |tree| tree.get("/", Behaviour::Mock))
        .stage("prod", "dep9");
    let simulator = Simulator::start(Account::new("eu-central-1").api(orders()).api(other)).await.unwrap();
    let store = Memory::default();
    let first = cache(&store);
    let (inventory, deployments, exports) = run(&simulator, &first).await;
    // dep2 is only a canary's, which no export is of.
    assert_eq!((deployments, exports), (4, 3));
    let flushed = first.flush(NOW, None).await;
    assert_eq!((flushed.written, flushed.left, flushed.read, flushed.failed.clone()), (4, 0, 0, None));
    let expires_at = Some(NOW + 30 * DAY);
    let names = ["cache#a1b2c3d4e5#dep1", "cache#a1b2c3d4e5#dep2", "cache#a1b2c3d4e5#dep3", "cache#z1z2z3z4z5#dep9"];
    assert_eq!(store.keys(), names.map(|name| (name.to_owned(), expires_at)));
    // A cold start.
    let second = cache(&store);
    assert_eq!(run(&simulator, &second).await, (inventory.clone(), 0, 0));
    let flushed = second.flush(NOW + 60, None).await;
    assert_eq!((flushed.read, flushed.written), (4, 0), "what is there is not written again");
    // And a warm one.
    assert_eq!(run(&simulator, &second).await, (inventory, 0, 0));
    assert_eq!(second.flush(NOW + 120, None).await.read, 0, "what is in memory is not read again");
}

fn tree(path: &str) -> Tree {
    let mut tree = Tree::default();
    tree.insert(path, Verb::Get, Method::default());
    tree
}

fn summary(path: &str) -> Summary {
    Summary { created_at: Some(5), tree: tree(path), unknown: vec!["TRACE /x".to_owned()] }
}

#[allow(clippy::unnecessary_wraps, reason = "the cache keeps results")]
fn described(path: &str) -> Described {
    Ok(Arc::new(tree(path)))
}

async fn warm(cache: &StoreCache, deployments: &[&str]) {
    let deployments: Vec<String> = deployments.iter().map(ToString::to_string).collect();
    cache.warm("a", &deployments).await;
}

#[tokio::test]
async fn what_is_forgotten_stays_so_and_the_summary_is_kept() {
    let store = Memory::default();
    let first = cache(&store);
    first.put_summary("a", "1", summary("/s"));
    first.put("a", "1", described("/d"));
    first.put("a", "2", Err("refused".to_owned()));
    first.flush(NOW, None).await;
    let second = cache(&store);
    warm(&second, &["1", "2", "3"]).await;
    assert_eq!(second.summary("a", "1").as_deref(), Some(&summary("/s")));
    assert_eq!(second.get("a", "1"), Some(described("/d")));
    assert_eq!(second.get("a", "2"), Some(Err("refused".to_owned())));
    assert_eq!(second.get("a", "3"), None);
    second.forget("a", "1");
    second.forget("a", "3");
    assert_eq!(second.get("a", "1"), None);
    assert_eq!(second.flush(NOW, None).await.written, 1);
    let third = cache(&store);
    warm(&third, &["1"]).await;
    assert_eq!(third.get("a", "1"), None);
    assert_eq!(third.summary("a", "1").as_deref(), Some(&summary("/s")));
}

#[tokio::test]
async fn what_is_still_asked_for_is_written_again_after_half_its_time() {
    let store = Memory::default();
    let first = cache(&store);
    first.put("a", "1", described("/d"));
    first.put("a", "2", described("/d"));
    first.flush(NOW, None).await;
    let second = cache(&store);
    warm(&second, &["1"]).await;
    assert_eq!(second.flush(NOW + 14 * DAY, None).await.written, 0);
    assert_eq!(second.flush(NOW + 16 * DAY, None).await.written, 1);
    let expires: Vec<_> = store.keys().into_iter().map(|(_, expires_at)| expires_at.unwrap() - NOW).collect();
    assert_eq!(expires, [46 * DAY, 30 * DAY]);
    assert_eq!(second.flush(NOW + 17 * DAY, None).await.written, 0);
}

/// A tree that no compression makes small.
fn noise(paths: u64) -> Tree {
    let mut state = 1_u64;
    let mut tree = Tree::default();
    for _ in 0..paths {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state
        };
        tree.insert(&format!("/{:016x}{:016x}", next(), next()), Verb::Get, Method::default());
    }
    tree
}

#[tokio::test]
async fn a_run_writes_so_many_and_the_next_one_the_rest() {
    let store = Memory::default();
    let counts = async |limits: CacheLimits, deployments: &[(&str, Tree)]| {
        let cache = StoreCache::new(Arc::new(store.clone()), limits);
        for (deployment, tree) in deployments {
            cache.put("a", deployment, Ok(Arc::new(tree.clone())));
        }
        let mut counts = Vec::new();
        for _ in 0..3 {
            let flushed = cache.flush(NOW, None).await;
            counts.push((flushed.written, flushed.left));
        }
        counts
    };
    let small = [("1", tree("/a")), ("2", tree("/a")), ("3", tree("/a"))];
    let limits = CacheLimits { items: 2, ..CacheLimits::default() };
    assert_eq!(counts(limits, &small).await, [(2, 1), (1, 0), (0, 0)]);
    let large = [("4", noise(1_000)), ("5", noise(1_000)), ("6", noise(1_000))];
    let limits = CacheLimits { bytes: 60_000, ..CacheLimits::default() };
    assert_eq!(counts(limits, &large).await, [(2, 1), (1, 0), (0, 0)]);
    let limits = CacheLimits { room: 2, ..CacheLimits::default() };
    assert_eq!(counts(limits, &small).await, [(2, 0), (0, 0), (0, 0)], "what has no room is gone");
}

#[tokio::test]
async fn what_is_too_large_is_counted_and_its_summary_kept() {
    let store = Memory::default();
    let first = cache(&store);
    first.put_summary("a", "1", summary("/s"));
    first.put("a", "1", Ok(Arc::new(noise(40_000))));
    first.put("a", "2", Ok(Arc::new(noise(40_000))));
    let flushed = first.flush(NOW, None).await;
    assert_eq!((flushed.written, flushed.too_large, flushed.left), (1, 2, 0));
    assert_eq!(first.flush(NOW, None).await.too_large, 0, "once is enough");
    let second = cache(&store);
    warm(&second, &["1", "2"]).await;
    assert_eq!(second.summary("a", "1").as_deref(), Some(&summary("/s")));
    assert_eq!((second.get("a", "1"), second.get("a", "2")), (None, None));
}

#[tokio::test]
async fn items_of_others_are_not_taken_and_those_of_a_newer_one_not_touched() {
    let store = Memory::default();
    let first = cache(&store);
    first.put("a", "good", described("/d"));
    first.flush(NOW, None).await;
    let item = store.read(&["cache#a#good".to_owned()]).await.unwrap().remove("cache#a#good").unwrap();
    let good: serde_json::Value = envelope::open("k", &item.bytes, 1).unwrap();
    let mut other = good.clone();
    other["reader"] = "0.0.1".into();
    let newer = envelope::seal("k", 2, &good).unwrap();
    for (name, bytes) in [
        ("cache#a#other", envelope::seal("k", 1, &other).unwrap()),
        ("cache#a#newer", newer.clone()),
        ("cache#a#damaged", b"gateprobe 1 gzip\nno".to_vec()),
    ] {
        store.write(name, bytes, Expect::Absent, None).await.unwrap();
    }
    let second = cache(&store);
    let all = ["good", "other", "newer", "damaged"];
    warm(&second, &all).await;
    assert_eq!(all.map(|deployment| second.get("a", deployment).is_some()), [true, false, false, false]);
    for deployment in all {
        second.put("a", deployment, described("/e"));
    }
    let flushed = second.flush(NOW, None).await;
    assert_eq!((flushed.written, flushed.failed), (3, None));
    let kept = store.read(&["cache#a#newer".to_owned()]).await.unwrap();
    assert_eq!(kept["cache#a#newer"].bytes, newer);
}

#[tokio::test]
async fn a_store_that_fails_costs_nothing_but_calls() {
    let simulator = Simulator::start(Account::new("eu-central-1").api(orders())).await.unwrap();
    let calls: Arc<Mutex<BTreeMap<bool, usize>>> = Arc::default();
    let log = Arc::clone(&calls);
    let faulty = Faulty::new(Memory::default(), move |call: Call| {
        *log.lock().unwrap().entry(call.kind == CallKind::Read).or_default() += 1;
        ready(Fate::Failed).boxed()
    });
    let cache = Arc::new(StoreCache::new(Arc::new(faulty), CacheLimits::default()));
    let (inventory, deployments, exports) = run(&simulator, &cache).await;
    assert_eq!((inventory.gaps.len(), deployments, exports), (0, 3, 2));
    warm(&cache, &["1"]).await;
    assert_eq!(calls.lock().unwrap()[&true], 1, "it is not asked again in this run");
    let flushed = cache.flush(NOW, None).await;
    let failed = flushed.failed.unwrap();
    assert!(failed.starts_with("the faulty store could not be read: "), "{failed}");
    assert_eq!((flushed.written, flushed.left), (0, 3));
    warm(&cache, &["1"]).await;
    assert_eq!(calls.lock().unwrap()[&true], 2, "the next run tries again");
}

#[tokio::test]
async fn a_store_that_hangs_is_not_waited_for() {
    let faulty = Faulty::new(Memory::default(), |_| futures::future::pending().boxed());
    let limits = CacheLimits { patience: Duration::from_millis(10), ..CacheLimits::default() };
    let cache = StoreCache::new(Arc::new(faulty), limits);
    warm(&cache, &["1"]).await;
    cache.put("a", "1", described("/d"));
    assert_eq!(cache.flush(NOW, None).await.failed.as_deref(), Some("the cache gave no answer within 10ms"));
    let flushed = cache.flush(NOW, None).await;
    assert_eq!((flushed.written, flushed.left), (0, 1));
}
