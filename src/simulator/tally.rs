//! A counter inside the simulated world.

use std::sync::atomic::{AtomicU32, Ordering};

/// Counts events while the world is only borrowed for reading, so that requests need no exclusive lock.
#[derive(Debug, Default)]
pub(super) struct Tally(AtomicU32);

impl Tally {
    /// Counts one more and returns how many there were before it.
    pub(super) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether this event is among the first `limit`. It is counted only while it is, so the counter cannot wrap.
    pub(super) fn is_among_first(&self, limit: u32) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < limit).then_some(count + 1)).is_ok()
    }
}

// An atomic has no `Clone`: a cloned world goes on from the same count.
impl Clone for Tally {
    fn clone(&self) -> Self {
        Self(AtomicU32::new(self.0.load(Ordering::Relaxed)))
    }
}
