//! What a decision comes to: the next ledger, and what there is to tell.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Ended, Incident, Ledger, StageSeen, Watched};
use crate::diagnose::Verdict;

/// How bad it is; what is worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is wrong: a notice.
    Info,
    /// The door is there; something behind it or in front of it says no.
    Warning,
    /// A door is not there, or not to be reached: the verdict is routing or transport.
    Critical,
}

impl Severity {
    /// That of a verdict.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Routing | Verdict::Transport => Self::Critical,
            Verdict::Healthy | Verdict::Auth | Verdict::Gateway | Verdict::Backend | Verdict::Skipped => Self::Warning,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

/// The kinds of transition; their names are the attribute `transition` of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransitionKind {
    /// An incident began.
    Opened,
    /// It became bigger, or worse.
    Grew,
    /// It is still there.
    Reminder,
    /// It is over.
    Resolved,
    /// A stage serves another deployment with other methods.
    Deployment,
    /// What a maintenance window held back.
    Window,
    /// The first run's message.
    Watching,
    /// The weekly one.
    Digest,
}

/// Something to tell, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// An incident began (or, after a window, is told of now).
    Opened(Box<Incident>),
    /// It became bigger or worse: how many members it had when it was told last.
    Grew(Box<Incident>, usize),
    /// It is still there.
    Reminder(Box<Incident>),
    /// It is over.
    Resolved(Box<Incident>, Ended),
    /// A stage serves another deployment.
    Deployment(Box<StageSeen>),
    /// A window ended: its name, when it began and ended, and a line for each incident that it held back.
    Window {
        /// The window's name.
        name: String,
        /// When it began, in Unix seconds.
        began_at: i64,
        /// When it ended.
        ended_at: i64,
        /// What was held back, a line each.
        held_back: Vec<String>,
    },
    /// The first run.
    Watching(Watched),
    /// The weekly summary: what is watched now, what was a week ago, and the week's events in one line each.
    Digest {
        /// Now.
        now: Watched,
        /// When the last one was made.
        before: Option<Watched>,
        /// The open incidents.
        open: Vec<Incident>,
        /// What happened meanwhile, a line each.
        events: Vec<String>,
    },
}

impl Transition {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> TransitionKind {
        match self {
            Self::Opened(_) => TransitionKind::Opened,
            Self::Grew(..) => TransitionKind::Grew,
            Self::Reminder(_) => TransitionKind::Reminder,
            Self::Resolved(..) => TransitionKind::Resolved,
            Self::Deployment(_) => TransitionKind::Deployment,
            Self::Window { .. } => TransitionKind::Window,
            Self::Watching(_) => TransitionKind::Watching,
            Self::Digest { .. } => TransitionKind::Digest,
        }
    }

    /// The incident that it is about.
    #[must_use]
    pub fn incident(&self) -> Option<&Incident> {
        match self {
            Self::Opened(incident)
            | Self::Grew(incident, _)
            | Self::Reminder(incident)
            | Self::Resolved(incident, _) => Some(incident),
            _ => None,
        }
    }
}

impl fmt::Display for TransitionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Opened => "opened",
            Self::Grew => "grew",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Deployment => "deployment",
            Self::Window => "window",
            Self::Watching => "watching",
            Self::Digest => "digest",
        })
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The ledger to be written. Its outbox holds no entry for the transitions yet: whoever puts the messages adds them.
    pub ledger: Ledger,
    /// What there is to tell, in order, each with its id: unique for ever, as `gp-12-opened` or `gp-12-reminder-3`.
    pub transitions: Vec<(String, Transition)>,
    /// What the report should say of the memory itself, as a clock that jumped back.
    pub notes: Vec<String>,
}
