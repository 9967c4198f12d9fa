//! One file, for the command line: a small database (redb) that several processes take turns at.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};

use super::StoreError;
use super::keep::{Expect, Item, Store, WriteError, drawn};
use crate::discover::said::chain;

/// Version, time of expiry and content, by key. The table's name goes with this shape.
const ITEMS: TableDefinition<'_, &str, (u64, Option<i64>, &[u8])> = TableDefinition::new("items-1");

/// How long another process is waited for. It holds the file for one call only, which is milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What may be forgotten is, this long after its time: a clock that is a little off does no harm.
const GRACE: Duration = Duration::from_hours(24);

/// A file of items. It is opened for each call and closed after it, because who has it open keeps all others out:
/// `gateprobe status` must not wait for the end of a run.
///
/// Calls block, on the runtime's threads for that: a write waits for the disk, and opening for another process.
#[derive(Debug, Clone)]
pub struct FileStore {
    path: Arc<Path>,
    patience: Duration,
    /// Within the process one call follows the other without having to try.
    turn: Arc<Mutex<Turn>>,
}

/// What is done once in a process.
#[derive(Debug, Default)]
struct Turn {
    /// The file was read through and is whole.
    checked: bool,
    /// What had expired was let go of.
    tidied: bool,
}

impl FileStore {
    /// The file at a path. It is made, with the folders above it, by the first write.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into().into(), patience: PATIENCE, turn: Arc::default() }
    }

    /// The same with another time to wait for other processes.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Opens the file, waiting while another process has it.
    fn open(&self, turn: &mut Turn) -> Result<Database, redb::Error> {
        let deadline = Instant::now() + self.patience;
        loop {
            // Without the check a damaged file is believed, and panics where it is read. It reads the whole file.
            match Database::builder().set_check_integrity_on_open(!turn.checked).create(&*self.path) {
                Err(DatabaseError::DatabaseAlreadyOpen) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                }
                opened => {
                    turn.checked = opened.is_ok();
                    return Ok(opened?);
                }
            }
        }
    }

    fn failed(&self, done: &'static str, error: &redb::Error) -> StoreError {
        const NO_DATABASE: &str = "it is damaged, or no file of Gateprobe's: move it away, and a new one is made";
        let advice = match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                "another process has it open and does not let go of it: end that one, or name another file"
            }
            redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. } => {
                "another version of Gateprobe wrote it: use that one, or name another file"
            }
            redb::Error::Corrupted(_) | redb::Error::RepairAborted => NO_DATABASE,
            redb::Error::Io(error) => match error.kind() {
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof => NO_DATABASE,
                ErrorKind::IsADirectory => "it is a folder: name a file",
                ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                    "something above it is no folder: name another file"
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "it must be allowed to read and to write it: change that, or name another file"
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full: make room",
                _ => "check the file and the disk",
            },
            _ => "check the file and the disk",
        };
        self.error(done, advice, chain(error))
    }

    fn error(&self, done: &'static str, advice: &'static str, detail: String) -> StoreError {
        StoreError { place: format!("the file {}", self.path.display()), done, advice, detail }
    }

    /// Does something with the file on a thread that may block.
    async fn with<T: Send + 'static>(
        &self,
        done: &'static str,
        act: impl FnOnce(&Self, &mut Turn) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = self.clone();
        let acted = tokio::task::spawn_blocking(move || {
            let mut turn = this.turn.lock().unwrap_or_else(PoisonError::into_inner);
            act(&this, &mut turn)
        });
        match acted.await {
            Ok(acted) => acted.map_err(|error| self.failed(done, &error)),
            Err(ended) => Err(self.error(done, "check the file and the disk", chain(&ended))),
        }
    }

    fn read_now(&self, turn: &mut Turn, keys: &[String]) -> Result<BTreeMap<String, Item>, redb::Error> {
        // Who only looks makes no file.
        if !self.path.try_exists()? {
            return Ok(BTreeMap::new());
        }
        let database = self.open(turn)?;
        let items = match database.begin_read()?.open_table(ITEMS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(BTreeMap::new()),
            opened => opened?,
        };
        let mut found = BTreeMap::new();
        for key in keys {
            if let Some(kept) = items.get(key.as_str())? {
                let (version, _, bytes) = kept.value();
                found.insert(key.clone(), Item { bytes: bytes.to_vec(), version });
            }
        }
        Ok(found)
    }

    /// Writes, or, without a value, removes. `None`: the condition does not hold. The first change of a process lets go
    /// of what has expired.
    fn change(
        &self,
        turn: &mut Turn,
        key: &str,
        expect: Expect,
        value: Option<(Option<i64>, &[u8])>,
    ) -> Result<Option<u64>, redb::Error> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let database = self.open(turn)?;
        let transaction = database.begin_write()?;
        let version = drawn();
        {
            let mut items = transaction.open_table(ITEMS)?;
            let known = items.get(key)?.map(|kept| kept.value().0);
            if !expect.allows(known) {
                return Ok(None);
            }
            match value {
                Some((expires_at, bytes)) => drop(items.insert(key, (version, expires_at, bytes))?),
                None => drop(items.remove(key)?),
            }
            if !turn.tidied {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let old = i64::try_from(now.saturating_sub(GRACE).as_secs()).unwrap_or_default();
                items.retain(|_, (_, expires_at, _)| expires_at.is_none_or(|at| at > old))?;
            }
        }
        transaction.commit()?;
        turn.tidied = true;
        Ok(Some(version))
    }
}

impl Store for FileStore {
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>> {
        let keys = keys.to_vec();
        self.with("read", move |this, turn| this.read_now(turn, &keys)).boxed()
    }

    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        expires_at: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>> {
        let key = key.to_owned();
        async move {
            let write = move |this: &Self, turn: &mut Turn| this.change(turn, &key, expect, Some((expires_at, &bytes)));
            self.with("written", write).await?.ok_or(WriteError::Conflict)
        }
        .boxed()
    }

    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>> {
        let key = key.to_owned();
        async move {
            self.with("written", move |this, turn| {
                if this.path.try_exists()? { this.change(turn, &key, Expect::Anything, None).map(drop) } else { Ok(()) }
            })
            .await
        }
        .boxed()
    }
}
