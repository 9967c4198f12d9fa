//! What is new: from what a run saw and what is remembered to incidents and their transitions. Pure: data in, data out.
//!
//! ```text
//! Ledger (read) + Seen (this run) + Alerts (the user's) + now  ──decide──►  Ledger (to be written) + Transitions (to be told)
//! ```
//!
//! The [`Ledger`] is one small item with a version. A run reads it, decides, puts the messages of its transitions beside it,
//! and then writes the ledger on the condition that nobody else did meanwhile: that write is the moment from which on the
//! transitions have happened. Where somebody else was faster it is read again and [`decide`] runs again on the same sights.
//! The outbox is a list in the ledger: who sends an entry has claimed it by such a write before, and takes it off by another.

mod clock;
mod decide;
mod grouping;
mod held_back;
mod incidents;
mod ledger;
mod notices;
mod outcomes;
mod run;
mod seen;
mod tell;
#[cfg(test)]
mod tests;
mod transition;

pub use decide::decide;
pub use ledger::{
    Claim, Closed, Ended, Entry, EntryKind, Event, EventKind, HeldBack, Incident, LEDGER_FORMAT, LastRun, Ledger,
    Member, Scope, StageMark, Trouble,
};
pub use seen::{Example, Health, Seen, Sight, StageSeen, SubjectId, Watched};
pub use transition::{Decision, Severity, Transition, TransitionKind};
