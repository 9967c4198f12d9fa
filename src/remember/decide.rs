//! The decision as a whole: each part in its order.

use super::held_back::{self, Holds};
use super::incidents::{self, seconds};
use super::run::{Run, Windows};
use super::{Decision, Event, EventKind, LastRun, Ledger, Seen, Transition, TransitionKind};
use super::{clock, notices, outcomes, tell};
use crate::config::Alerts;

const MOST_EVENTS: usize = 500;
const MOST_CLOSED: usize = 200;

/// Decides what happened.
///
/// `now` is in Unix seconds. Times in the ledger that lie after `now` (a clock that jumped back) count as `now`.
///
/// A run that was written down already (a write whose answer got lost) changes nothing and tells nothing: its transitions
/// are in the outbox that the same write put there.
#[must_use]
pub fn decide(ledger: Ledger, seen: &Seen, alerts: &Alerts, now: i64) -> Decision {
    let windows = |api: &str, name: &str, stage: &str, now| alerts.window(api, name, stage, now);
    decide_with(ledger, seen, alerts, &windows, now)
}

/// The same, with the windows from elsewhere: what they hold back does not depend on how a schedule is read.
pub(super) fn decide_with(ledger: Ledger, seen: &Seen, alerts: &Alerts, windows: Windows<'_>, now: i64) -> Decision {
    if !seen.run.is_empty() && ledger.last_run.as_ref().is_some_and(|last| last.run == seen.run) {
        return Decision { ledger, transitions: Vec::new(), notes: Vec::new() };
    }
    let mut ledger = ledger;
    let notes = clock::set_right(&mut ledger, seen.started_at.min(now), now).into_iter().collect();
    let mut run = Run::new(&ledger, seen, alerts, windows, now);
    let standing = tell::standing(&ledger);
    let mut transitions: Vec<(String, Transition)> = notices::watching(&mut ledger, &run).into_iter().collect();

    let changed = notices::stages(&mut ledger, &mut run);
    let firing = outcomes::take_down(&mut ledger, &run);
    incidents::place(&mut ledger, firing, &run);
    incidents::refresh(&mut ledger, &run);

    let mut holds = Holds::new(&ledger, &run);
    let over = incidents::close(&mut ledger, &run, &mut |incident| {
        incident.told_at.is_some() && holds.window_over(incident).is_some()
    });
    let over: Vec<_> =
        over.into_iter().filter_map(|(incident, ended)| tell::over(&mut ledger, incident, ended, &run)).collect();
    transitions.extend(sum_up(&mut ledger, &mut holds, now));
    transitions.extend(notices::deployments(&mut ledger, &changed, &mut holds));
    transitions.extend(over);
    transitions.extend(tell::tell(&mut ledger, &standing, &run, &mut holds));
    transitions.extend(notices::digest(&mut ledger, &run));

    written_down(&mut ledger, &run);
    Decision { ledger, transitions, notes }
}

fn sum_up(ledger: &mut Ledger, holds: &mut Holds<'_, '_>, now: i64) -> Vec<(String, Transition)> {
    let mut told = Vec::new();
    for transition in held_back::sum_up(ledger, holds) {
        ledger.last_number += 1;
        if let Transition::Window { name, held_back, .. } = &transition {
            ledger.events.push(Event {
                at: now,
                kind: EventKind::Transition(TransitionKind::Window),
                api: None,
                api_name: None,
                stage: None,
                text: format!("maintenance window {name} is over; it held back {}", held_back.len()),
            });
        }
        told.push((format!("window-{}", ledger.last_number), transition));
    }
    told
}

/// The run itself is written down, and what is old is dropped.
fn written_down(ledger: &mut Ledger, run: &Run<'_>) {
    ledger.runs = ledger.runs.saturating_add(1);
    let last = LastRun {
        run: run.seen.run.clone(),
        started_at: run.began,
        ended_at: run.now,
        watched: run.seen.watched.clone(),
    };
    if !run.seen.partial {
        ledger.last_whole = Some(last.clone());
    }
    ledger.last_run = Some(last);
    let oldest = run.now.saturating_sub(seconds(run.alerts.flapping_within));
    let extra = ledger.events.len().saturating_sub(MOST_EVENTS);
    ledger.events.drain(..extra);
    ledger.closed.retain(|closed| closed.opened_at > oldest);
    let extra = ledger.closed.len().saturating_sub(MOST_CLOSED);
    ledger.closed.drain(..extra);
}
