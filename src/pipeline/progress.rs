//! How far a run has come, for whoever waits for it.

/// What has just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// What is deployed was read: so many requests will be sent, and so many that must be refused.
    Planned {
        /// Probes.
        probes: usize,
        /// Refusals.
        refusals: usize,
    },
    /// A probe was answered, or given up.
    Probed {
        /// Whether it counts as failing, as far as is known by now.
        failing: bool,
    },
    /// A request that must be refused was answered, or left.
    Refused,
}

/// Is told of each step. Called from the run itself: it must be quick, and never wait.
pub type Progress<'p> = &'p (dyn Fn(Step) + Sync);

/// For a run that nobody waits for.
pub fn unwatched(_: Step) {}
