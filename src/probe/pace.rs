//! The rate limit of one group.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket in its shortest form, the generic cell rate algorithm: all that it keeps is when the bucket will be full again.
///
/// governor has one too, but a retry must be able to *reserve* its turn: one that polled for a free moment would lose it again
/// and again to the sweep, which takes each one as it comes.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two requests at a steady rate.
    interval: Duration,
    /// How far ahead of the steady rate a burst may run.
    tolerance: Duration,
    full_at: Mutex<Instant>,
}

impl Pace {
    /// `rate` requests a second, after a burst of up to `burst`. `None` where the rate is 0, which means unlimited.
    pub(super) fn new(rate: u32, burst: usize, now: Instant) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(rate)?;
        let burst = u32::try_from(burst.max(1)).unwrap_or(u32::MAX);
        Some(Self { interval, tolerance: interval.saturating_mul(burst - 1), full_at: Mutex::new(now) })
    }

    /// Takes a turn now, or says when one will be free.
    pub(super) fn take(&self, now: Instant) -> Result<(), Instant> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (*full_at).max(now);
        match from.checked_sub(self.tolerance) {
            Some(free) if free > now => Err(free),
            _ => {
                *full_at = from + self.interval;
                Ok(())
            }
        }
    }

    /// Takes the next free turn, which may lie in the future, and says when it is.
    pub(super) fn reserve(&self, now: Instant) -> Instant {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (*full_at).max(now);
        *full_at = from + self.interval;
        from.checked_sub(self.tolerance).map_or(now, |free| free.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_steady_rate() {
        let now = Instant::now();
        let at = |millis| now + Duration::from_millis(millis);
        let pace = Pace::new(10, 3, now).unwrap();
        assert_eq!([(); 3].map(|()| pace.take(now)), [Ok(()); 3]);
        assert_eq!(pace.take(now), Err(at(100)));
        assert_eq!(pace.take(at(99)), Err(at(100)));
        assert_eq!(pace.take(at(100)), Ok(()));
        assert_eq!(pace.take(at(100)), Err(at(200)));
        // Rested, the whole burst is there again, but no more.
        assert_eq!([(); 3].map(|()| pace.take(at(10_000))), [Ok(()); 3]);
        assert_eq!(pace.take(at(10_000)), Err(at(10_100)));
    }

    #[test]
    fn a_reserved_turn_is_nobody_elses() {
        let now = Instant::now();
        let at = |millis| now + Duration::from_millis(millis);
        let pace = Pace::new(10, 1, now).unwrap();
        assert_eq!([(); 3].map(|()| pace.reserve(now)), [now, at(100), at(200)]);
        assert_eq!(pace.take(at(200)), Err(at(300)));
        assert_eq!(pace.take(at(300)), Ok(()));
    }

    #[test]
    fn nothing_means_unlimited() {
        assert!(Pace::new(0, 8, Instant::now()).is_none());
        // A rate too high for its interval is no panic either.
        assert!(Pace::new(u32::MAX, usize::MAX, Instant::now()).is_some_and(|pace| pace.take(Instant::now()).is_ok()));
    }
}
