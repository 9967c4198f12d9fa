//! Probes to observations: what is sent, within which limits, and what came back.
//!
//! A [`Prober`] sends [`Request`](crate::gateway::Request)s and returns [`Observation`]s. It never fails and never judges: whether an
//! outcome is good enough is the caller's to say (`settled`), what it means is `diagnose`'s. What it promises:
//!
//! - It calls the host that the URL names, or the one that a [`Pin`] puts in its place; it follows no redirect and no proxy from the
//!   environment, and keeps no cookies.
//! - A verb that may change something is sent once, whatever comes back.
//! - A failure is seen twice, the second time on a fresh connection, before it is called `confirmed`.
//! - Body, headers, time, concurrency and rate are bounded by [`Settings`].
//!
//! - Credentials come from a [`Keyring`] and are attached within the attempt; no request of a plan and no observation holds one.
//!
//! One attempt runs through `attempt` (which uses `client` for the connection, `resolve` for the name, `phases` for the timings and
//! `classify` for errors); `prober` adds `retry` and `pace` to it; `sweep` does many at once, in the order of `schedule`.

mod attempt;
mod certificate;
mod classify;
mod client;
mod credentials;
mod curl;
mod observation;
mod pace;
mod phases;
mod pin;
mod prober;
mod resolve;
mod retry;
mod saved;
mod schedule;
mod settings;
mod sweep;
#[cfg(test)]
mod tests;

pub use certificate::CertificateSeen;
pub(crate) use credentials::hide_named_digests;
pub use credentials::{Keyring, SecretsManager, Sources, TokenCache, Vault, junk_signature};
pub use curl::{CurlError, CurlLine, Place, read_curl};
pub use observation::{Observation, Response, Timings, TransportError, TransportKind};
pub use pin::{Pin, PinError};
pub use prober::Prober;
pub use saved::{SavedError, read_saved};
pub use settings::{ProberError, Settings};
pub use sweep::{Job, Outcome};
