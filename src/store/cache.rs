//! What deployments hold, kept between runs: a deployment never changes, so that a new process need not ask for it again.
//!
//! One item for each deployment of a REST API, `cache#API#DEPLOYMENT`. HTTP APIs are not kept: most deploy by themselves,
//! and what is read of them are their routes at this moment.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::envelope::{self, OpenError};
use super::keep::{Expect, Store};
use crate::discover::{Described, InterfaceCache, Summary};
use crate::gateway::Tree;

/// The format of these items. A newer one is left alone.
const FORMAT: u32 = 1;

/// Who reads exports keeps what it made of them: another version may make more of them, and asks anew.
const READER: &str = env!("CARGO_PKG_VERSION");

const DAY: i64 = 24 * 60 * 60;

/// What nobody asks for is forgotten.
const KEPT_FOR: i64 = 30 * DAY;

/// What is still asked for after this is written again.
const FRESH_FOR: i64 = 15 * DAY;

/// How much is written in one run, and held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// So many items are written at the end of a run; the rest by the next one.
    pub items: usize,
    /// So many bytes.
    pub bytes: usize,
    /// So many deployments are held in memory.
    pub room: usize,
    /// So long the store is waited for: a cache that takes longer than the calls that it saves is none.
    pub patience: Duration,
}

impl Default for CacheLimits {
    /// A run of a large account for the first time writes 500 items and 16 MB, for two cents.
    fn default() -> Self {
        Self { items: 500, bytes: 16 * 1024 * 1024, room: 1_000, patience: Duration::from_secs(5) }
    }
}

/// What came of writing at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flushed {
    /// Deployments that were read from the store since the last time.
    pub read: usize,
    /// Items that were written.
    pub written: usize,
    /// Deployments that are too large for an item. Of some the summary alone was written.
    pub too_large: usize,
    /// Items that are left for the next run.
    pub left: usize,
    /// Why the cache was of no use, in one line. The run has lost nothing but time.
    pub failed: Option<String>,
}

/// An API's id and a deployment's.
type Key = (String, String);

fn name((api, deployment): &Key) -> String {
    format!("cache#{api}#{deployment}")
}

#[derive(Debug, Clone, Default)]
struct Entry {
    summary: Option<Arc<Summary>>,
    described: Option<Described>,
    /// When the item was written, if there is one, in Unix seconds.
    at: Option<i64>,
    /// Whether the item is not what is known.
    changed: bool,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Key, Entry>,
    order: VecDeque<Key>,
    /// Items of a newer Gateprobe, which are its own.
    newer: HashSet<Key>,
    read: usize,
    failed: Option<String>,
}

impl Kept {
    fn entry(&mut self, key: Key, room: usize) -> &mut Entry {
        if !self.entries.contains_key(&key) {
            while self.entries.len() >= room
                && let Some(oldest) = self.order.pop_front()
            {
                self.entries.remove(&oldest);
            }
            self.order.push_back(key.clone());
        }
        self.entries.entry(key).or_default()
    }
}

/// An item as it is written.
#[derive(Serialize)]
struct Write<'a> {
    at: i64,
    reader: &'static str,
    summary: Option<&'a Summary>,
    described: Option<Result<&'a Tree, &'a str>>,
}

/// An item as it is read.
#[derive(Deserialize)]
struct Read {
    at: i64,
    reader: String,
    #[serde(default)]
    summary: Option<Summary>,
    #[serde(default)]
    described: Option<Result<Tree, String>>,
}

/// API summaries and exports by deployment, in a store. What was asked for once is held in memory, too.
///
/// A store that fails is not asked again before the next [`StoreCache::flush`]: then API Gateway is asked instead.
pub struct StoreCache {
    store: Arc<dyn Store>,
    limits: CacheLimits,
    kept: Mutex<Kept>,
    given_up: AtomicBool,
}

impl fmt::Debug for StoreCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreCache").field("store", &self.store).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl StoreCache {
    /// A cache in a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, limits: CacheLimits) -> Self {
        Self { store, limits, kept: Mutex::default(), given_up: AtomicBool::new(false) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn give_up(&self, reason: String) {
        self.given_up.store(true, Ordering::Relaxed);
        self.with(|kept| kept.failed.get_or_insert(reason).clone());
    }

    async fn fetch(&self, api: &str, deployments: &[String]) {
        let key = |deployment: &String| (api.to_owned(), deployment.clone());
        let wanted: Vec<Key> =
            self.with(|kept| deployments.iter().map(key).filter(|key| !kept.entries.contains_key(key)).collect());
        if wanted.is_empty() || self.given_up.load(Ordering::Relaxed) {
            return;
        }
        let names: Vec<String> = wanted.iter().map(name).collect();
        let mut found = match tokio::time::timeout(self.limits.patience, self.store.read(&names)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return self.give_up(error.to_string()),
            Err(_) => return self.give_up(format!("the cache gave no answer within {:?}", self.limits.patience)),
        };
        for (key, name) in wanted.into_iter().zip(names) {
            let Some(item) = found.remove(&name) else { continue };
            match envelope::open::<Read>(&name, &item.bytes, FORMAT) {
                Ok(item) if item.reader == READER => self.with(|kept| {
                    kept.read += 1;
                    let described = item.described.map(|described| described.map(Arc::new));
                    let summary = item.summary.map(Arc::new);
                    *kept.entry(key, self.limits.room) =
                        Entry { summary, described, at: Some(item.at), changed: false };
                }),
                Ok(_) => {}
                Err(OpenError::Newer { .. }) => drop(self.with(|kept| kept.newer.insert(key))),
                // It is read from API Gateway and written anew.
                Err(error) => tracing::warn!(%error, "not taken from the cache"),
            }
        }
    }

    /// Writes what is new, at the end of a run. `now` is in Unix seconds; at the deadline the rest is left.
    pub async fn flush(&self, now: i64, deadline: Option<Instant>) -> Flushed {
        self.given_up.store(false, Ordering::Relaxed);
        let (mut due, mut flushed): (Vec<(Key, Entry)>, Flushed) = self.with(|kept| {
            let flushed =
                Flushed { read: std::mem::take(&mut kept.read), failed: kept.failed.take(), ..Flushed::default() };
            let is_due = |entry: &Entry| entry.changed || entry.at.is_some_and(|at| now - at > FRESH_FOR);
            let due = kept.order.iter().filter(|key| !kept.newer.contains(*key));
            let due =
                due.filter_map(|key| Some((key.clone(), kept.entries.get(key).filter(|entry| is_due(entry))?.clone())));
            (due.collect(), flushed)
        });
        // What is in the store and has become wrong comes before what is merely not there yet.
        due.sort_by_key(|(_, entry)| entry.at.is_none() || !entry.changed);
        let mut bytes_left = self.limits.bytes;
        flushed.left = due.len();
        for (key, entry) in due {
            if flushed.written >= self.limits.items || flushed.failed.is_some() {
                break;
            }
            let name = name(&key);
            let whole = Write {
                at: now,
                reader: READER,
                summary: entry.summary.as_deref(),
                described: entry.described.as_ref().map(|described| described.as_deref().map_err(String::as_str)),
            };
            let sealed = envelope::seal(&name, FORMAT, &whole).or_else(|error| {
                flushed.too_large += 1;
                if whole.summary.is_none() {
                    Err(error)
                } else {
                    envelope::seal(&name, FORMAT, &Write { described: None, ..whole })
                }
            });
            let Ok(bytes) = sealed else {
                flushed.left -= 1;
                // It will not be smaller at the next run's end.
                self.with(|kept| kept.entries.get_mut(&key).map(|known| known.changed = false));
                continue;
            };
            let Some(rest) = bytes_left.checked_sub(bytes.len()) else { break };
            bytes_left = rest;
            let limit = Instant::now() + self.limits.patience;
            let limit = deadline.map_or(limit, |deadline| deadline.min(limit));
            let writing = self.store.write(&name, bytes, Expect::Anything, Some(now + KEPT_FOR));
            match tokio::time::timeout_at(limit, writing).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    flushed.failed = Some(error.to_string());
                    break;
                }
                // The run's end, or a store that hangs: the rest would wait as long.
                Err(_) => break,
            }
            flushed.written += 1;
            flushed.left -= 1;
            self.with(|kept| {
                if let Some(known) = kept.entries.get_mut(&key) {
                    (known.at, known.changed) = (Some(now), false);
                }
            });
        }
        flushed
    }
}

impl InterfaceCache for StoreCache {
    fn get(&self, api: &str, deployment: &str) -> Option<Described> {
        self.with(|kept| kept.entries.get(&(api.to_owned(), deployment.to_owned()))?.described.clone())
    }

    fn put(&self, api: &str, deployment: &str, described: Described) {
        self.with(|kept| {
            let entry = kept.entry((api.to_owned(), deployment.to_owned()), self.limits.room);
            (entry.described, entry.changed) = (Some(described), true);
        });
    }

    fn forget(&self, api: &str, deployment: &str) {
        self.with(|kept| {
            if let Some(entry) = kept.entries.get_mut(&(api.to_owned(), deployment.to_owned()))
                && entry.described.take().is_some()
            {
                entry.changed = true;
            }
        });
    }

    fn warm<'c>(&'c self, api: &'c str, deployments: &'c [String]) -> BoxFuture<'c, ()> {
        self.fetch(api, deployments).boxed()
    }

    fn summary(&self, api: &str, deployment: &str) -> Option<Arc<Summary>> {
        self.with(|kept| kept.entries.get(&(api.to_owned(), deployment.to_owned()))?.summary.clone())
    }

    fn put_summary(&self, api: &str, deployment: &str, summary: Summary) {
        self.with(|kept| {
            let entry = kept.entry((api.to_owned(), deployment.to_owned()), self.limits.room);
            (entry.summary, entry.changed) = (Some(Arc::new(summary)), true);
        });
    }
}
