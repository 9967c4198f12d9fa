//! A store that lasts as long as its process: for tests, and for a run that goes on without any other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::StoreError;
use super::keep::{Expect, Item, Store, WriteError};

/// Items in memory. Its clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    last_version: u64,
    items: BTreeMap<String, (Item, Option<i64>)>,
}

impl Memory {
    /// Every key, in order, with the time at which the item may be forgotten.
    #[must_use]
    pub fn keys(&self) -> Vec<(String, Option<i64>)> {
        self.with(|kept| kept.items.iter().map(|(key, (_, expires_at))| (key.clone(), *expires_at)).collect())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Memory {
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>> {
        let found = |kept: &mut Kept| {
            keys.iter().filter_map(|key| Some((key.clone(), kept.items.get(key)?.0.clone()))).collect()
        };
        ready(Ok(self.with(found))).boxed()
    }

    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        expires_at: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>> {
        let written = self.with(|kept| {
            if !expect.allows(kept.items.get(key).map(|(item, _)| item.version)) {
                return Err(WriteError::Conflict);
            }
            kept.last_version += 1;
            let item = Item { bytes, version: kept.last_version };
            kept.items.insert(key.to_owned(), (item, expires_at));
            Ok(kept.last_version)
        });
        ready(written).boxed()
    }

    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>> {
        self.with(|kept| kept.items.remove(key));
        ready(Ok(())).boxed()
    }
}
