//! The table against a server that answers as a test says, and the cache against the simulator. What all stores have in common is in tests/store.rs.

mod cache;
mod script;
mod table;
