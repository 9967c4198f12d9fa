//! To come.

mod scope;

pub use scope::{Scope, ScopeError};
