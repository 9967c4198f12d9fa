//! How hard the control plane may be asked.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// The budget of calls to API Gateway's control plane.
///
/// AWS gives an account 10 calls a second in a region (burst 40) and 5 `GetResources` in two seconds, none of it
/// adjustable (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>); deployments, the console and
/// every other tool share it. The defaults take less than a third.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls a second, every attempt counted; as many may go at once at the start.
    pub calls_per_second: NonZeroU32,
    /// `GetResources` calls a second, which count among the others too.
    pub get_resources_per_second: NonZeroU32,
    /// How often a call is tried in all when the endpoint throttles it, answers 5xx or does not answer.
    pub attempts: NonZeroU32,
    /// The wait before the second attempt; it doubles from then on, and each wait has jitter added.
    pub first_wait: Duration,
    /// No wait is longer, whatever the endpoint's `Retry-After` asks for.
    pub longest_wait: Duration,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long one attempt may take, its connection included.
    pub attempt_timeout: Duration,
    /// How many APIs are read at once.
    pub apis_at_once: NonZeroUsize,
    /// Whether every API's edited tree is read. Without it an edit that nobody deployed cannot be seen; a deployed tree
    /// that can be had in no other way is still taken from it.
    pub edited: bool,
    /// Whether the export of a stage on every deployment is read where everything is: without it nothing is known of
    /// parameters, bodies and validators. One call for each deployment that was not seen before.
    pub exports: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_per_second: nonzero(3),
            get_resources_per_second: nonzero(1),
            attempts: nonzero(4),
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(20),
            apis_at_once: NonZeroUsize::MIN.saturating_add(3),
            edited: true,
            exports: true,
        }
    }
}

/// A small number that is not zero, without a panic path.
fn nonzero(calls: u32) -> NonZeroU32 {
    NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN)
}
