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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_jitter_down_to_nothing() {
        let settings = Settings::default();
        let millis = |number, unit| backoff(number, &settings, unit).as_millis();
        assert_eq!([0, 1, 2, 3].map(|number| millis(number, 1.0)), [200, 400, 800, 1600]);
        assert_eq!([5, 31, 32, u32::MAX].map(|number| millis(number, 1.0)), [5000; 4]);
        assert_eq!((millis(2, 0.0), millis(2, 0.5)), (0, 400));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_717).unwrap();
        let table = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
            ("99999999999", None),
        ];
        for (text, seconds) in table {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn chance_is_from_nothing_to_one_and_not_always_the_same() {
        let drawn: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(drawn.iter().all(|unit| (0.0..=1.0).contains(unit)));
        assert!(drawn.iter().any(|unit| *unit < 0.5) && drawn.iter().any(|unit| *unit >= 0.5));
    }
}
