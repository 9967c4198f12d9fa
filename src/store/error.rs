//! Why something that is kept could not be read or written.

/// A call to a store that failed, what it does again by itself included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} could not be {done}: {advice} ({detail})")]
pub struct StoreError {
    /// Which store: `the table gateprobe`, `the file /home/me/.local/state/gateprobe.redb`.
    pub place: String,
    /// `read` or `written`.
    pub done: &'static str,
    /// What to look at.
    pub advice: &'static str,
    /// What DynamoDB, the SDK or the system said, in one line.
    pub detail: String,
}
