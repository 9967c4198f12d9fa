//! Who is asking: credentials by reference, resolved before a run is planned and attached within each attempt.
//!
//! A [`Keyring`] holds what the config's references lead to. What it promises:
//!
//! - Only credentials that something asks for are read: all at once, bounded in time. One that cannot be read has a named
//!   reason, [`Keyring::unreadable`], and the others work.
//! - A secret is nowhere but in the keyring and on the wire. A [`Request`](crate::gateway::Request) of the plan never holds one, nor does the one that
//!   [`Keyring::as_sent`] gives for the diagnosis; what a server says back of it is taken out of the answer at once.
//! - A credential goes to the host of the request that names it and to no other (redirects are not followed), and over plain http
//!   only to loopback.

mod hidden;
mod identity;
mod keyring;
mod signing;
mod sources;
mod tokens;
mod value;

pub use keyring::Keyring;
pub use signing::junk_signature;
pub use sources::{SecretsManager, Sources, Vault};
pub use tokens::TokenCache;

pub(super) use hidden::Hidden;
pub(crate) use hidden::hide_named_digests;
pub(super) use identity::Identity;
