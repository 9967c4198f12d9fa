//! What a deployment's requests look like, from the export of a stage on it, asked for once a deployment.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use serde::{Deserialize, Serialize};

use super::control_plane::Session;
use super::deployed;
use super::failure::{CallError, Kind};
use crate::gateway::Tree;

/// What an export came to: its methods with their interfaces, or why this deployment has none and will have none.
pub type Described = Result<Arc<Tree>, String>;

/// Where exports are kept between runs. A deployment is immutable, so nothing in it ever expires.
pub trait InterfaceCache: Send + Sync + fmt::Debug {
    /// What was kept of an API's deployment.
    fn get(&self, api: &str, deployment: &str) -> Option<Described>;
    /// Keeps it, if there is room.
    fn put(&self, api: &str, deployment: &str, described: Described);
    /// Lets go of it: the stage was deployed again while it was read, and it may be of the newer deployment.
    fn forget(&self, api: &str, deployment: &str);

    /// Called before an API's deployments are read: the time for a cache that lies elsewhere to fetch what it has of them.
    fn warm<'c>(&'c self, api: &'c str, deployments: &'c [String]) -> BoxFuture<'c, ()> {
        let _ = (api, deployments);
        ready(()).boxed()
    }

    /// The API summary of a deployment, if this cache keeps them.
    fn summary(&self, api: &str, deployment: &str) -> Option<Arc<Summary>> {
        let _ = (api, deployment);
        None
    }

    /// Keeps an API summary, if this cache does. [`InterfaceCache::forget`] is not about it: it is surely the deployment's.
    fn put_summary(&self, api: &str, deployment: &str, summary: Summary) {
        let _ = (api, deployment, summary);
    }
}

/// A REST API's deployment as its API summary tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// When it was made, in Unix seconds.
    pub created_at: Option<i64>,
    /// Its methods. Who may call them is missing where the summary did not say it.
    pub tree: Tree,
    /// `VERB path` of methods with verbs that this Gateprobe does not know.
    pub unknown: Vec<String>,
}

/// An API's id and a deployment's.
type Key = (String, String);

/// A cache in memory, which lets go of what it was given first.
#[derive(Debug)]
pub struct MemoryCache {
    room: usize,
    kept: Mutex<(HashMap<Key, Described>, VecDeque<Key>)>,
}

impl MemoryCache {
    /// A cache for so many deployments.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { room, kept: Mutex::default() }
    }
}

impl Default for MemoryCache {
    /// For 500 deployments: those of a hundred APIs with five stages each.
    fn default() -> Self {
        Self::new(500)
    }
}

impl InterfaceCache for MemoryCache {
    fn get(&self, api: &str, deployment: &str) -> Option<Described> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.get(&(api.to_owned(), deployment.to_owned())).cloned()
    }

    fn put(&self, api: &str, deployment: &str, described: Described) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *kept;
        let key = (api.to_owned(), deployment.to_owned());
        if known.insert(key.clone(), described).is_none() {
            order.push_back(key);
        }
        while known.len() > self.room
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
    }

    fn forget(&self, api: &str, deployment: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *kept;
        let key = (api.to_owned(), deployment.to_owned());
        if known.remove(&key).is_some() {
            order.retain(|other| *other != key);
        }
    }
}

/// What is known of a deployment's interfaces.
#[derive(Debug)]
pub(super) enum Interfaces {
    /// Nobody asked.
    NotAsked,
    /// The export's methods.
    Known(Arc<Tree>),
    /// There is no export; `gap`: because the credentials may not read it, which the user can mend.
    Unknown { reason: String, gap: Option<String> },
}

/// Asks for them, unless they are known from an earlier run. `stage`: one that the deployment serves.
pub(super) async fn read(session: Session<'_>, api: &str, id: &str, stage: Option<&str>) -> Interfaces {
    if !session.exports {
        return Interfaces::NotAsked;
    }
    let cache = session.plane.interfaces();
    if let Some(known) = cache.get(api, id) {
        return of(known);
    }
    let Some(stage) = stage else {
        let reason = "only a canary serves this deployment, and a stage's export is of its other one".to_owned();
        return Interfaces::Unknown { reason, gap: None };
    };
    match deployed::export(session, api, stage).await {
        Ok(document) => {
            let described =
                super::export::parse(&document).map(Arc::new).map_err(|error| format!("GetExport: {error}"));
            cache.put(api, id, described.clone());
            of(described)
        }
        Err(error) => {
            let reason = error.to_string();
            // API Gateway refuses the document, as with models that are no JSON: it will refuse it the next time too.
            if is_final(&error) {
                cache.put(api, id, Err(reason.clone()));
            }
            let gap = (error.kind == Kind::Denied)
                .then(|| format!("{reason}; what its methods' requests look like is not known"));
            Interfaces::Unknown { reason, gap }
        }
    }
}

fn is_final(error: &CallError) -> bool {
    error.kind == Kind::Refused && error.detail.starts_with("400 ")
}

fn of(described: Described) -> Interfaces {
    match described {
        Ok(tree) => Interfaces::Known(tree),
        Err(reason) => Interfaces::Unknown { reason, gap: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_lets_go_of_the_oldest() {
        let cache = MemoryCache::new(2);
        for id in ["1", "2", "2", "3"] {
            cache.put("a", id, Err(id.to_owned()));
        }
        let kept: Vec<_> = ["1", "2", "3"].into_iter().filter(|id| cache.get("a", id).is_some()).collect();
        assert_eq!(kept, ["2", "3"]);
        assert!(cache.get("b", "2").is_none());
    }
}
