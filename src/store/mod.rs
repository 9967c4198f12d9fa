//! What is kept between runs: in the stack's own DynamoDB table, in one file for the command line, or in memory.
//!
//! A [`Store`] keeps small items by key, each with a version, and writes on condition of it. What is in an item is sealed
//! by [`envelope`]: a format, JSON, compressed where that pays, and never larger than DynamoDB takes.

mod cache;
mod config;
pub mod envelope;
mod error;
mod faulty;
mod file;
mod keep;
mod ledger;
mod memory;
mod table;
#[cfg(test)]
mod tests;

pub use cache::{CacheLimits, Flushed, StoreCache};
pub use config::{CONFIG, CONFIG_GOOD, ConfigItem, ConfigItems, Current, LARGEST, Source, TooLarge};
pub use envelope::{OpenError, SealError, open, seal};
pub use error::StoreError;
pub use faulty::{Call, CallKind, Fate, Faulty};
pub use file::FileStore;
pub use keep::{Expect, Item, Store, WriteError};
pub use ledger::{
    LEDGER, LetGo, ReadLedgerError, Trimmed, WriteLedgerError, WrittenLedger, read_ledger, trim, write_ledger,
};
pub use memory::Memory;
pub use table::Table;
