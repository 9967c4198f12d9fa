//! What is tried again, and when.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use uuid::Uuid;

use super::{Observation, Settings, TransportKind};

/// Whether sending the verb again changes nothing: the only ones of which two are ever sent.
pub(super) fn is_safe(verb: &str) -> bool {
    matches!(verb, "GET" | "HEAD" | "OPTIONS")
}

/// Whether an outcome may be another one in a moment.
pub(super) fn is_passing(observation: &Observation) -> bool {
    match &observation.outcome {
        Ok(response) => response.status == 429 || response.status >= 500,
        Err(err) => err.kind != TransportKind::Unsendable,
    }
}

/// How long to wait before a retry, the first being number 0.
pub(super) fn wait(observation: &Observation, number: u32, settings: &Settings) -> Duration {
    let jittered = backoff(number, settings, random());
    let asked = observation.outcome.as_ref().ok().and_then(|response| response.header("retry-after"));
    let asked = asked.and_then(|text| retry_after(text, OffsetDateTime::now_utc())).unwrap_or_default();
    // The jitter comes on top of what the server asks for, or all whom it asked would come back at once.
    (asked + jittered).min(settings.backoff_cap)
}

/// Full jitter: anything from nothing to the exponential step. `unit` is from 0 to 1.
fn backoff(number: u32, settings: &Settings, unit: f64) -> Duration {
    let step = settings.backoff_base.saturating_mul(2_u32.saturating_pow(number)).min(settings.backoff_cap);
    step.mul_f64(unit.clamp(0.0, 1.0))
}

/// A `Retry-After`, in seconds or as a date.
fn retry_after(text: &str, now: OffsetDateTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some((at - now).try_into().unwrap_or_default())
}

/// From 0 up to 1. A UUID is the random source at hand; its last four bytes are all random.
fn random() -> f64 {
    let uuid = Uuid::new_v4();
    let (_, _, _, [.., a, b, c, d]) = uuid.as_fields();
    f64::from(u32::from_be_bytes([*a, *b, *c, *d])) / f64::from(u32::MAX)
}
