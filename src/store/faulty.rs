//! A store that fails as a test says: every call passes a closure that decides what becomes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::StoreError;
use super::keep::{Expect, Item, Store, WriteError};

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The how manieth it is, from 1.
    pub number: u64,
    /// What is done.
    pub kind: CallKind,
    /// The keys that it is about.
    pub keys: Vec<String>,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// It removes.
    Remove,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is done.
    Done,
    /// It fails, and nothing was done.
    Failed,
    /// It is done, but its caller is told that it failed: the answer was lost.
    DoneUnheard,
    /// A write meets somebody else's. Other calls fail.
    Conflict,
}

type Decide = dyn Fn(Call) -> BoxFuture<'static, Fate> + Send + Sync;

/// A store behind a closure that decides on every call. The closure's future may take its time: that is the latency, and
/// where a test holds it back, the place to let another run overtake. One that never ends is a crash at this point.
pub struct Faulty<S> {
    store: S,
    calls: AtomicU64,
    decide: Box<Decide>,
}

impl<S> Faulty<S> {
    /// A store that is asked through `decide`.
    pub fn new(store: S, decide: impl Fn(Call) -> BoxFuture<'static, Fate> + Send + Sync + 'static) -> Self {
        Self { store, calls: AtomicU64::new(0), decide: Box::new(decide) }
    }

    fn call(&self, kind: CallKind, keys: &[String]) -> BoxFuture<'static, Fate> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        (self.decide)(Call { number, kind, keys: keys.to_vec() })
    }
}

impl<S: fmt::Debug> fmt::Debug for Faulty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").field("store", &self.store).field("calls", &self.calls).finish_non_exhaustive()
    }
}

fn failed(done: &'static str) -> StoreError {
    let detail = "the test said so".to_owned();
    StoreError { place: "the faulty store".to_owned(), done, advice: "let it be", detail }
}

impl<S: Store> Store for Faulty<S> {
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>> {
        async move {
            match self.call(CallKind::Read, keys).await {
                Fate::Done => self.store.read(keys).await,
                Fate::DoneUnheard | Fate::Failed | Fate::Conflict => Err(failed("read")),
            }
        }
        .boxed()
    }

    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        expires_at: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>> {
        async move {
            match self.call(CallKind::Write, &[key.to_owned()]).await {
                Fate::Done => self.store.write(key, bytes, expect, expires_at).await,
                Fate::DoneUnheard => {
                    self.store.write(key, bytes, expect, expires_at).await?;
                    Err(failed("written").into())
                }
                Fate::Failed => Err(failed("written").into()),
                Fate::Conflict => Err(WriteError::Conflict),
            }
        }
        .boxed()
    }

    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>> {
        async move {
            match self.call(CallKind::Remove, &[key.to_owned()]).await {
                Fate::Done => self.store.remove(key).await,
                Fate::DoneUnheard => {
                    self.store.remove(key).await?;
                    Err(failed("written"))
                }
                Fate::Failed | Fate::Conflict => Err(failed("written")),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::future::ready;

    use super::super::Memory;
    use super::*;

    #[tokio::test]
    async fn each_call_meets_its_fate() {
        let seen: Arc<Mutex<Vec<Call>>> = Arc::default();
        let log = Arc::clone(&seen);
        let memory = Memory::default();
        let store = Faulty::new(memory.clone(), move |call| {
            let fates = [Fate::Done, Fate::DoneUnheard, Fate::Failed, Fate::Conflict, Fate::DoneUnheard];
            let fate = fates[usize::try_from(call.number).unwrap() - 1];
            log.lock().unwrap().push(call);
            ready(fate).boxed()
        });
        let keys = ["a".to_owned()];
        assert!(store.read(&keys).await.unwrap().is_empty());
        let unheard = store.write("a", b"1".to_vec(), Expect::Absent, None).await;
        assert!(matches!(unheard, Err(WriteError::Failed(_))), "{unheard:?}");
        assert_eq!(memory.read(&keys).await.unwrap()["a"].bytes, b"1");
        assert!(matches!(store.write("a", Vec::new(), Expect::Anything, None).await, Err(WriteError::Failed(_))));
        assert_eq!(store.write("a", Vec::new(), Expect::Anything, None).await, Err(WriteError::Conflict));
        assert_eq!(memory.read(&keys).await.unwrap()["a"].bytes, b"1");
        assert!(store.remove("a").await.is_err());
        assert!(memory.keys().is_empty());
        let kinds: Vec<_> = seen.lock().unwrap().iter().map(|call| call.kind).collect();
        assert_eq!(kinds[..2], [CallKind::Read, CallKind::Write]);
        assert_eq!(seen.lock().unwrap()[4].keys, ["a"]);
    }
}
