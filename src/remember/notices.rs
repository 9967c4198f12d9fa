//! Notices: what is no incident and worth a line. Deployments, stages that went, the first message and the weekly one.

use super::clock::stamp;
use super::held_back::{self, Holds};
use super::incidents::deployment_line;
use super::run::Run;
use super::{Event, EventKind, Ledger, StageMark, StageSeen, Transition};
use crate::gateway::Change;

const WEEK: i64 = 7 * 86_400;
const DAY: i64 = 86_400;

/// Compares what stages serve with what they served, writes it down, and returns the stages that changed.
pub(super) fn stages<'a>(ledger: &mut Ledger, run: &mut Run<'a>) -> Vec<&'a StageSeen> {
    // A run of one API has not looked at the others: what was deployed there before it is still news.
    let last_began = ledger.of_all().map(|last| last.started_at);
    let mut changed = Vec::new();
    for stage in &run.seen.stages {
        let key = format!("{}/{}", stage.api, stage.stage);
        let Some(mark) = ledger.stages.get_mut(&key) else {
            let (api_name, deployment) = (stage.api_name.clone(), stage.deployment.clone());
            ledger.stages.insert(key, StageMark { api_name, deployment, ..StageMark::default() });
            continue;
        };
        mark.api_name.clone_from(&stage.api_name);
        // An overlapping run may have read the stage before the change.
        let is_older = mark.changed_at.is_some_and(|at| run.began < at);
        if mark.deployment == stage.deployment || is_older {
            continue;
        }
        // A deployment that was made since the last run is as old as AWS says; an older one was only pointed at now.
        let made = stage.deployed_at.filter(|made| last_began.is_some_and(|last| last < *made) && *made < run.began);
        mark.changed_at = Some(made.unwrap_or(run.began));
        mark.before = std::mem::replace(&mut mark.deployment, stage.deployment.clone());
        run.changed.insert((&stage.api, &stage.stage));
        changed.push(stage);
    }
    for stage in &changed {
        let before = ledger.stages.get(&format!("{}/{}", stage.api, stage.stage)).and_then(|mark| mark.before.clone());
        let line = deployment_line(stage.deployment.as_deref(), before.as_deref());
        let what =
            stage.change.as_ref().filter(|change| !change.is_empty()).map(|change| format!(": {}", counts(change)));
        let event = event(run, stage, format!("{line}{}", what.unwrap_or_default()));
        ledger.events.push(event);
    }
    forget(ledger, run);
    changed
}

fn event(run: &Run<'_>, stage: &StageSeen, text: String) -> Event {
    Event {
        at: run.now,
        kind: EventKind::Deployment,
        api: Some(stage.api.clone()),
        api_name: Some(stage.api_name.clone()),
        stage: Some(stage.stage.clone()),
        text,
    }
}

fn counts(change: &Change) -> String {
    format!("{} added, {} removed, {} changed", change.added.len(), change.removed.len(), change.changed.len())
}

/// Drops the marks of stages that are gone. A run beside another may only not have seen them yet.
fn forget(ledger: &mut Ledger, run: &Run<'_>) {
    if run.seen.partial || run.overlaps {
        return;
    }
    let Ledger { stages, events, .. } = ledger;
    stages.retain(|key, mark| {
        let Some((api, stage)) = key.split_once('/') else { return false };
        let stays = run.stages.contains_key(&(api, stage)) || run.seen.unread.contains(api);
        if !stays {
            events.push(Event {
                at: run.now,
                kind: EventKind::Deployment,
                api: Some(api.to_owned()),
                api_name: Some(mark.api_name.clone()),
                stage: Some(stage.to_owned()),
                text: "the stage is gone".to_owned(),
            });
        }
        stays
    });
}

/// The notices of stages whose new deployment has other methods; in a window they become lines of its summary.
pub(super) fn deployments(
    ledger: &mut Ledger,
    changed: &[&StageSeen],
    holds: &mut Holds<'_, '_>,
) -> Vec<(String, Transition)> {
    let mut told = Vec::new();
    for stage in changed {
        let Some(change) = stage.change.as_ref().filter(|change| !change.is_empty()) else { continue };
        ledger.last_number += 1;
        let number = ledger.last_number;
        if let Some(window) = holds.window(&stage.api, &stage.stage) {
            let line = deployment_line(stage.deployment.as_deref(), change.before.as_deref());
            let line = format!("{}, stage {}: {line}: {}", stage.api_name, stage.stage, counts(change));
            held_back::note(ledger, &window, number, line);
        } else {
            let id = format!("deployment-{}-{}-{number}", stage.api, stage.stage);
            told.push((id, Transition::Deployment(Box::new((*stage).clone()))));
        }
    }
    told
}

/// The first message, once.
pub(super) fn watching(ledger: &mut Ledger, run: &Run<'_>) -> Option<(String, Transition)> {
    if ledger.greeted_at.is_some() {
        return None;
    }
    ledger.greeted_at = Some(run.now);
    ledger.digest_at = Some(run.now);
    ledger.digest_of = Some(run.seen.watched.clone());
    Some(("watching-1".to_owned(), Transition::Watching(run.seen.watched.clone())))
}

/// The weekly message. A run that saw a part only does not speak for the whole, unless no other comes for a day.
pub(super) fn digest(ledger: &mut Ledger, run: &Run<'_>) -> Option<(String, Transition)> {
    let last = ledger.digest_at.or(ledger.greeted_at)?;
    let age = run.now.saturating_sub(last);
    if !run.alerts.weekly_digest || age < WEEK || run.seen.partial && age < WEEK + DAY {
        return None;
    }
    let events = ledger.events.iter().filter(|event| event.at >= last).map(line).collect();
    let now = run.seen.watched.clone();
    let before = ledger.digest_of.replace(now.clone());
    ledger.digest_at = Some(run.now);
    ledger.last_number += 1;
    let id = format!("digest-{}", ledger.last_number);
    Some((id, Transition::Digest { now, before, open: ledger.incidents.clone(), events }))
}

fn line(event: &Event) -> String {
    let of = match (&event.api_name, &event.stage) {
        (Some(name), Some(stage)) if event.kind == EventKind::Deployment => format!("{name}, stage {stage}: "),
        _ => String::new(),
    };
    format!("{} {of}{}", stamp(event.at), event.text)
}
