//! The table against a server that answers as a test says. What all stores have in common is in tests/store.rs.

mod script;
mod table;
