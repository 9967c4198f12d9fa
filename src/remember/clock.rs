//! Times that cannot be: a clock that jumped back must not make memory wait for years.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Ledger;

/// From this many seconds on a difference is worth a line: below, two machines' clocks differ so much every day.
const WORTH_A_NOTE: i64 = 300;

/// Makes every time of the ledger that lies after `now` be `now`, and says so where it was by much.
///
/// `began` is when the run began. Where the clock jumped, outcomes count as written down before it: nothing can be said of
/// which was first, and a run that is thrown away for it would be one more that is missing.
pub(super) fn set_right(ledger: &mut Ledger, began: i64, now: i64) -> Option<String> {
    let mut ahead = 0;
    past(ledger, &mut |time, _| ahead = ahead.max(time.saturating_sub(now)));
    if ahead == 0 {
        return None;
    }
    let jumped = ahead > WORTH_A_NOTE;
    past(ledger, &mut |time, kind| {
        if *time > now {
            *time = if jumped && kind == Kind::Outcome { began } else { now };
        }
    });
    if !jumped {
        return None;
    }
    future(ledger, &mut |time| *time = time.saturating_sub(ahead));
    Some(format!(
        "the clock stands {ahead} s before what was written down last: times in the memory were set back to now; check the clock of this machine, and of those that share the table"
    ))
}

/// A time as people and machines read it.
pub(super) fn stamp(time: i64) -> String {
    OffsetDateTime::from_unix_timestamp(time)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("@{time}"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// When an outcome was written down: runs are compared with it.
    Outcome,
    Other,
}

/// Every time that lies in the past when it is written.
fn past(ledger: &mut Ledger, each: &mut dyn FnMut(&mut i64, Kind)) {
    for last in [&mut ledger.last_run, &mut ledger.last_whole].into_iter().flatten() {
        each(&mut last.started_at, Kind::Other);
        each(&mut last.ended_at, Kind::Outcome);
    }
    for time in ledger.stages.values_mut().filter_map(|mark| mark.changed_at.as_mut()) {
        each(time, Kind::Other);
    }
    for trouble in ledger.troubles.values_mut() {
        each(&mut trouble.since, Kind::Other);
        each(&mut trouble.at, Kind::Outcome);
    }
    for incident in &mut ledger.incidents {
        each(&mut incident.since, Kind::Other);
        each(&mut incident.opened_at, Kind::Other);
        if let Some(time) = &mut incident.told_at {
            each(time, Kind::Other);
        }
        for member in &mut incident.members {
            each(&mut member.since, Kind::Other);
            each(&mut member.at, Kind::Outcome);
        }
    }
    for closed in &mut ledger.closed {
        each(&mut closed.opened_at, Kind::Other);
        each(&mut closed.closed_at, Kind::Other);
    }
    for entry in &mut ledger.outbox {
        each(&mut entry.made_at, Kind::Other);
    }
    for held in ledger.held_back.values_mut() {
        each(&mut held.began_at, Kind::Other);
    }
    for event in &mut ledger.events {
        each(&mut event.at, Kind::Other);
    }
    for time in [&mut ledger.greeted_at, &mut ledger.digest_at].into_iter().flatten() {
        each(time, Kind::Other);
    }
}

/// Every time that lies in the future when it is written: where the clock jumped it goes back as far.
fn future(ledger: &mut Ledger, each: &mut dyn FnMut(&mut i64)) {
    for incident in &mut ledger.incidents {
        for time in [&mut incident.remind_at, &mut incident.acknowledged_until].into_iter().flatten() {
            each(time);
        }
    }
    for claim in ledger.outbox.iter_mut().filter_map(|entry| entry.claim.as_mut()) {
        each(&mut claim.until);
    }
    for held in ledger.held_back.values_mut() {
        each(&mut held.ends_at);
    }
}
