//! What is told of open incidents: that they began, that they grew, and that they are still there.

use std::collections::HashMap;

use super::held_back::{self, Hold, Holds};
use super::incidents::seconds;
use super::run::Run;
use super::{Ended, Event, EventKind, Incident, Ledger, Scope, Severity, Transition, TransitionKind};

/// How big and how bad each open incident was before the run.
pub(super) type Standing = HashMap<u64, (Severity, Scope)>;

pub(super) fn standing(ledger: &Ledger) -> Standing {
    ledger.incidents.iter().map(|incident| (incident.number, (incident.severity, incident.scope.clone()))).collect()
}

/// Tells what there is to tell of every open incident: one thing each at most.
pub(super) fn tell(
    ledger: &mut Ledger,
    before: &Standing,
    run: &Run<'_>,
    holds: &mut Holds<'_, '_>,
) -> Vec<(String, Transition)> {
    let mut told = Vec::new();
    let mut incidents = std::mem::take(&mut ledger.incidents);
    for incident in &mut incidents {
        let hold = holds.over(incident);
        let was = before.get(&incident.number);
        if was.is_none() {
            let why = hold.as_ref().map(|hold| format!(" (held back by {})", hold.reason())).unwrap_or_default();
            let text = format!("{}{why}", line(incident, run));
            ledger.events.push(event(incident, TransitionKind::Opened, run, text));
        }
        let bigger = was.and_then(|(severity, scope)| outgrown(incident, *severity, scope));
        told.extend(match hold {
            Some(hold) => {
                keep_back(ledger, incident, &hold, bigger, run);
                // What became worse meanwhile is told afterwards, if it still is: nobody knows of it yet.
                if let Some((severity, _)) = was.filter(|_| incident.told_at.is_some()) {
                    incident.severity = *severity;
                }
                None
            }
            None => tell_one(ledger, incident, bigger, run),
        });
    }
    ledger.incidents = incidents;
    told
}

fn keep_back(ledger: &mut Ledger, incident: &mut Incident, hold: &Hold, bigger: Option<&str>, run: &Run<'_>) {
    incident.held_by = Some(hold.reason());
    let Hold::Window(window) = hold else { return };
    if incident.told_at.is_none() {
        held_back::note(ledger, window, incident.number, line(incident, run));
    } else if let Some(bigger) = bigger {
        held_back::note(ledger, window, incident.number, format!("{}, {bigger}", line(incident, run)));
    }
}

fn tell_one(
    ledger: &mut Ledger,
    incident: &mut Incident,
    bigger: Option<&str>,
    run: &Run<'_>,
) -> Option<(String, Transition)> {
    incident.held_by = None;
    let fails = incident.failing().next().is_some();
    if !fails {
        return None;
    }
    if incident.acknowledged_until.is_some_and(|until| until <= run.now) {
        incident.acknowledged_until = None;
    }
    let name = incident.name();
    if incident.told_at.is_none() {
        incident.told_at = Some(run.now);
        incident.told_members = incident.members.len();
        incident.remind_at = remind_after(0, run);
        for held in ledger.held_back.values_mut() {
            held.opened.remove(&incident.number);
        }
        ledger.held_back.retain(|_, held| !held.opened.is_empty());
        return Some((format!("{name}-opened"), Transition::Opened(Box::new(incident.clone()))));
    }
    let doubled = incident.members.len() >= incident.told_members.max(1).saturating_mul(2);
    if doubled || bigger.is_some() {
        let before = std::mem::replace(&mut incident.told_members, incident.members.len());
        incident.remind_at = incident.remind_at.max(remind_after(0, run));
        ledger.last_number += 1;
        let id = format!("{name}-grew-{}", ledger.last_number);
        let text = format!("{}, {}", line(incident, run), bigger.unwrap_or("it grew"));
        ledger.events.push(event(incident, TransitionKind::Grew, run, text));
        return Some((id, Transition::Grew(Box::new(incident.clone()), before)));
    }
    remind(incident, run)
}

fn remind(incident: &mut Incident, run: &Run<'_>) -> Option<(String, Transition)> {
    let Some(latest) = remind_after(incident.reminders, run) else {
        incident.remind_at = None;
        return None;
    };
    // The interval may have become shorter since, and reminders may have been off.
    let due = incident.remind_at.map_or(latest, |due| due.min(latest));
    incident.remind_at = Some(due);
    if due > run.now || incident.acknowledged_until.is_some() {
        return None;
    }
    incident.reminders = incident.reminders.saturating_add(1);
    incident.remind_at = remind_after(incident.reminders, run);
    let id = format!("{}-reminder-{}", incident.name(), incident.reminders);
    Some((id, Transition::Reminder(Box::new(incident.clone()))))
}

/// When the reminder after so many is due, counted from now.
fn remind_after(sent: u32, run: &Run<'_>) -> Option<i64> {
    let first = run.alerts.remind_after;
    if first == 0 {
        return None;
    }
    let doubled = first.saturating_mul(2u64.saturating_pow(sent));
    let interval = doubled.min(run.alerts.remind_at_most.max(first));
    Some(run.now.saturating_add(seconds(interval)))
}

/// What became worse since the run before, in words.
fn outgrown(incident: &Incident, severity: Severity, scope: &Scope) -> Option<&'static str> {
    if incident.severity > severity {
        Some("it became worse")
    } else if incident.scope == *scope {
        None
    } else {
        Some("it became bigger")
    }
}

/// Tells that an incident is over, where people knew of it.
pub(super) fn over(
    ledger: &mut Ledger,
    incident: Incident,
    ended: Ended,
    run: &Run<'_>,
) -> Option<(String, Transition)> {
    let how = match ended {
        Ended::Healthy => "it answers again",
        Ended::Gone => "what failed is gone, or is not asked any more",
        Ended::Accepted => "it was taken away and stayed away",
    };
    let text = format!("{}: over, {how}", line(&incident, run));
    ledger.events.push(event(&incident, TransitionKind::Resolved, run, text));
    if incident.told_at.is_none() {
        held_back::note_over(ledger, incident.number);
        return None;
    }
    Some((format!("{}-resolved", incident.name()), Transition::Resolved(Box::new(incident), ended)))
}

/// `gp-12: orders, stage prod: path-unknown (3 failing)`.
fn line(incident: &Incident, run: &Run<'_>) -> String {
    let names: Vec<&str> = incident.apis.values().map(String::as_str).collect();
    let scope = match &incident.scope {
        Scope::Domain { .. } => incident.scope.to_string(),
        Scope::Api { api } => format!("{}, all of its stages", run.name(api)),
        scope if names.is_empty() => scope.to_string(),
        scope => format!("{}, {scope}", names.join(" and ")),
    };
    let failing = incident.failing().count();
    let count = if failing > 0 { format!(" ({failing} failing)") } else { String::new() };
    format!("{}: {scope}: {}{count}", incident.name(), incident.cause)
}

fn event(incident: &Incident, kind: TransitionKind, run: &Run<'_>, text: String) -> Event {
    let (api, stage) = match &incident.scope {
        Scope::Domain { .. } => (None, None),
        Scope::Api { api } => (Some(api.clone()), None),
        Scope::Stage { api, stage } | Scope::Subtree { api, stage, .. } => (Some(api.clone()), Some(stage.clone())),
        Scope::One { subject } => subject.stage().map(|(a, s)| (a.to_owned(), s.to_owned())).unzip(),
    };
    let api_name = api.as_ref().map(|api| run.name(api).to_owned());
    Event { at: run.now, kind: EventKind::Transition(kind), api, api_name, stage, text }
}
