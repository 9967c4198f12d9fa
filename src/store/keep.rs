//! The trait behind which everything that is kept between runs is kept: small items by key, each with a version.

use std::collections::BTreeMap;
use std::fmt;

use futures::future::BoxFuture;

use super::StoreError;

/// An item as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The content: JSON, compressed where that pays. See [`super::envelope`].
    pub bytes: Vec<u8>,
    /// Changes with every write.
    pub version: u64,
}

/// On what condition an item is written or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// None: whoever writes last is right.
    Anything,
    /// There is no such item yet.
    Absent,
    /// It has this version.
    Version(u64),
}

impl Expect {
    /// Whether it holds for an item of this version, or for none.
    pub(super) fn allows(self, known: Option<u64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Absent => known.is_none(),
            Self::Version(version) => known == Some(version),
        }
    }
}

/// Why a write did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Somebody else wrote meanwhile: read again, and decide again.
    #[error("somebody else wrote the item meanwhile")]
    Conflict,
    /// The store did not do it.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// A place for items. Every write is seen by every later read.
pub trait Store: Send + Sync + fmt::Debug {
    /// Reads items; those that are not there are left out.
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>>;

    /// Writes an item, and says its new version. `expires_at`, in Unix seconds, is when it may be forgotten.
    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        expires_at: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>>;

    /// Removes an item. One that is not there is none that fails.
    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>>;
}

/// A version that nothing ever had.
pub(super) fn drawn() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}
