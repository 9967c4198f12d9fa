//! What is kept between runs, in the stack's own DynamoDB table. Today that is the config.

mod config;
mod table;

mod keep;

pub use config::{CONFIG, CONFIG_GOOD, ConfigItem, ConfigItems, Current, LARGEST, Source, TooLarge};
pub use keep::{Expect, Item, Store, WriteError};
pub use table::{StoreError, Table};
