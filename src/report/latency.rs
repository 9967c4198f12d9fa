//! Latencies as CloudWatch wants them: values with counts.

use std::collections::BTreeMap;
use std::time::Duration;

/// A distribution of latencies in milliseconds, rounded to two significant digits, so that ten thousand of them stay a
/// few hundred values while every percentile stays within five percent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Latencies(BTreeMap<u64, u64>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        *self.0.entry(rounded(milliseconds(latency))).or_default() += 1;
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Latencies) {
        for (value, count) in &other.0 {
            *self.0.entry(*value).or_default() += count;
        }
    }

    /// The values in milliseconds with how often each was seen, ascending.
    #[must_use]
    pub fn values(&self) -> impl ExactSizeIterator<Item = (u64, u64)> {
        self.0.iter().map(|(value, count)| (*value, *count))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The smallest value that at least this share (0 to 100) of them do not exceed; `None` where there are none.
    #[must_use]
    pub fn percentile(&self, share: u64) -> Option<u64> {
        let rank = (self.count() * share).div_ceil(100).max(1);
        let mut seen = 0;
        self.0.iter().find_map(|(value, count)| {
            seen += count;
            (seen >= rank).then_some(*value)
        })
    }
}

/// Whole milliseconds, rounded up: an instant answer took one.
pub(super) fn milliseconds(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

fn rounded(value: u64) -> u64 {
    let mut unit = 1;
    while value / unit >= 100 {
        unit *= 10;
    }
    // Half up, without running over at the very top.
    (value / unit + u64::from(value % unit >= unit.div_ceil(2) && unit > 1)) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_two_digits_and_counts() {
        for (value, expected) in
            [(1, 1), (99, 99), (100, 100), (104, 100), (105, 110), (994, 990), (995, 1000), (12_345, 12_000)]
        {
            assert_eq!(rounded(value), expected, "{value}");
        }
        let mut latencies = Latencies::default();
        for milliseconds in 1..=100 {
            latencies.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(latencies.count(), 100);
        assert_eq!(
            (latencies.percentile(50), latencies.percentile(90), latencies.percentile(100)),
            (Some(50), Some(90), Some(100))
        );
        assert_eq!(Latencies::default().percentile(50), None);
    }

    #[test]
    fn an_instant_answer_is_a_millisecond_and_an_eternal_one_no_panic() {
        let mut latencies = Latencies::default();
        latencies.add(Duration::ZERO);
        latencies.add(Duration::MAX);
        assert_eq!(latencies.values().next(), Some((1, 1)));
    }
}
