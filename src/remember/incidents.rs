//! Incidents: firing subjects join one that is open or make one, and one that is over is closed.

use std::collections::BTreeMap;

use super::clock::stamp;
use super::grouping::{self, Asked, Group};
use super::outcomes::{Firing, cause_of, is_gone};
use super::run::Run;
use super::{Closed, Ended, Example, Incident, Ledger, Member, Scope, Severity, SubjectId};
use crate::diagnose::Cause;

/// So many members are kept. What fails beyond stays a trouble, and finds room when the incident has it.
pub(super) const MOST_MEMBERS: usize = 5000;
const MOST_EXAMPLES: usize = 3;
/// A flapping incident is over after so many times the healthy runs of another.
const LONGER_WHEN_FLAPPING: u32 = 3;
/// What changed so long before, in seconds, is said to have been just before.
const JUST_BEFORE: i64 = 1800;

/// Where firing subjects are looked up, the bigger scope first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Cover {
    Domain(String),
    Api(String),
    Stage(String, String),
    Host(String),
    Cause(String, String, Cause),
}

/// Puts what fires into open incidents that cover it, and makes incidents of the rest.
pub(super) fn place(ledger: &mut Ledger, firing: Vec<Firing<'_>>, run: &Run<'_>) {
    if firing.is_empty() {
        return;
    }
    let asked = Asked::of(ledger, &firing, run);
    let rest = join(ledger, firing, &asked, run);
    for group in grouping::group(rest, &asked, run) {
        match biggest_below(ledger, &group) {
            Some(at) => {
                let incident = &mut ledger.incidents[at];
                incident.scope = group.scope;
                for firing in group.firing {
                    if add(incident, &firing, run) {
                        ledger.troubles.remove(&firing.subject);
                    }
                }
            }
            None => open(ledger, group, run),
        }
    }
}

fn join<'a>(ledger: &mut Ledger, firing: Vec<Firing<'a>>, asked: &Asked, run: &Run<'_>) -> Vec<Firing<'a>> {
    let mut covers: BTreeMap<Cover, usize> = BTreeMap::new();
    for (at, incident) in ledger.incidents.iter().enumerate() {
        if let Some(cover) = cover_of(incident) {
            covers.entry(cover).or_insert(at);
        }
    }
    let mut rest = Vec::new();
    let mut joined = Vec::new();
    for firing in firing {
        let Some((at, by_host)) = covering(&covers, &firing) else {
            rest.push(firing);
            continue;
        };
        let incident = &mut ledger.incidents[at];
        if !add(incident, &firing, run) {
            continue;
        }
        ledger.troubles.remove(&firing.subject);
        incident.scope = match by_host {
            Some(host) => Scope::Domain { host },
            None => grouping::widen(&incident.scope, &firing.subject),
        };
        if joined.last() != Some(&at) {
            joined.push(at);
        }
    }
    for at in joined {
        let incident = &mut ledger.incidents[at];
        if let Some(stage) = grouping::stage_if_most(incident, asked, run) {
            incident.scope = stage;
        }
    }
    rest
}

fn cover_of(incident: &Incident) -> Option<Cover> {
    let of_stage = |stage: (&str, &str)| Cover::Cause(stage.0.to_owned(), stage.1.to_owned(), incident.cause);
    match &incident.scope {
        Scope::Domain { host } => Some(Cover::Domain(host.clone())),
        Scope::Api { api } => Some(Cover::Api(api.clone())),
        Scope::Stage { api, stage } => Some(Cover::Stage(api.clone(), stage.clone())),
        Scope::Subtree { api, stage, .. } => {
            Some(grouping::host_bucket_of(incident).map_or_else(|| of_stage((api, stage)), Cover::Host))
        }
        Scope::One { subject } => {
            grouping::host_bucket_of(incident).map(Cover::Host).or_else(|| subject.stage().map(of_stage))
        }
    }
}

/// The open incident that covers a subject, and the host where that is what they have in common.
fn covering(covers: &BTreeMap<Cover, usize>, firing: &Firing<'_>) -> Option<(usize, Option<String>)> {
    let host = firing.sight.host.clone();
    let bucket = grouping::host_bucket(firing);
    let stage = firing.subject.stage().map(|(api, stage)| (api.to_owned(), stage.to_owned()));
    let find = |cover: Cover| covers.get(&cover).copied();
    let bigger = host
        .or_else(|| bucket.clone())
        .and_then(|host| find(Cover::Domain(host)))
        .or_else(|| find(Cover::Api(stage.clone()?.0)))
        .or_else(|| stage.clone().and_then(|(api, stage)| find(Cover::Stage(api, stage))));
    if let Some(at) = bigger {
        return Some((at, None));
    }
    if let Some(host) = bucket {
        return find(Cover::Host(host.clone())).map(|at| (at, Some(host)));
    }
    let (api, stage) = stage?;
    find(Cover::Cause(api, stage, firing.cause())).map(|at| (at, None))
}

/// Where most of a stage fails, what was smaller in it before becomes the stage's incident instead of a second one.
fn biggest_below(ledger: &Ledger, group: &Group<'_>) -> Option<usize> {
    let Scope::Stage { api, stage } = &group.scope else { return None };
    let below = |scope: &Scope| match scope {
        Scope::Subtree { api: a, stage: s, .. } => a == api && s == stage,
        Scope::One { subject } => subject.stage() == Some((api, stage)),
        Scope::Domain { .. } | Scope::Api { .. } | Scope::Stage { .. } => false,
    };
    let candidates = ledger.incidents.iter().enumerate().filter(|(_, incident)| group.most && below(&incident.scope));
    candidates
        .map(|(at, incident)| (incident.failing().count(), std::cmp::Reverse(at)))
        .filter(|(failing, _)| *failing > 0)
        .max()
        .map(|(_, at)| at.0)
}

fn open(ledger: &mut Ledger, group: Group<'_>, run: &Run<'_>) {
    let causes = group.firing.iter().map(Firing::cause);
    let Some(cause) = grouping::most_frequent(causes, None) else { return };
    ledger.last_number += 1;
    let mut incident = Incident {
        number: ledger.last_number,
        scope: group.scope,
        cause,
        severity: severity_of(cause),
        apis: BTreeMap::new(),
        since: run.now,
        opened_at: run.now,
        told_at: None,
        held_by: None,
        members: Vec::with_capacity(group.firing.len().min(MOST_MEMBERS)),
        told_members: 0,
        examples: Vec::new(),
        after: None,
        times: 1,
        flapping: false,
        reminders: 0,
        remind_at: None,
        acknowledged_until: None,
    };
    for firing in &group.firing {
        if add(&mut incident, firing, run) {
            ledger.troubles.remove(&firing.subject);
        }
    }
    let again = |closed: &&Closed| {
        closed.scope == incident.scope
            && closed.cause == incident.cause
            && closed.opened_at > run.now.saturating_sub(seconds(run.alerts.flapping_within))
    };
    let before = u32::try_from(ledger.closed.iter().filter(again).count()).unwrap_or(u32::MAX);
    incident.times = before.saturating_add(1);
    incident.flapping = run.alerts.flapping > 0 && incident.times >= run.alerts.flapping;
    incident.after = what_changed(ledger, &incident);
    ledger.incidents.push(incident);
}

fn add(incident: &mut Incident, firing: &Firing<'_>, run: &Run<'_>) -> bool {
    if incident.members.len() >= MOST_MEMBERS {
        return false;
    }
    if let Some((api, _)) = firing.subject.stage()
        && !incident.apis.contains_key(api)
    {
        incident.apis.insert(api.to_owned(), run.name(api).to_owned());
    }
    incident.since = incident.since.min(firing.since);
    incident.members.push(firing.member(run.now));
    offer(&mut incident.examples, &firing.example);
    true
}

/// Keeps a few examples, of as many causes as there is room for.
fn offer(examples: &mut Vec<Example>, example: &Example) {
    let is_new = examples.iter().all(|other| other.cause != example.cause);
    if examples.len() < MOST_EXAMPLES {
        examples.push(example.clone());
    } else if is_new {
        let repeats = |at: usize| examples[..at].iter().any(|before| before.cause == examples[at].cause);
        if let Some(at) = (1..examples.len()).rev().find(|at| repeats(*at)) {
            examples[at] = example.clone();
        }
    }
}

/// The deployment that came just before, if one did.
fn what_changed(ledger: &Ledger, incident: &Incident) -> Option<String> {
    let stages = incident.members.iter().filter_map(|member| member.subject.stage());
    let mut stages: Vec<(&str, &str)> = stages.collect();
    stages.dedup();
    let marks = stages.into_iter().filter_map(|(api, stage)| ledger.stages.get(&format!("{api}/{stage}")));
    let just_before = |at: i64| at <= incident.since && at >= incident.since.saturating_sub(JUST_BEFORE);
    let (at, mark) = marks
        .filter_map(|mark| Some((mark.changed_at?, mark)))
        .filter(|(at, _)| just_before(*at))
        .max_by_key(|(at, _)| *at)?;
    Some(format!("{} at {}", deployment_line(mark.deployment.as_deref(), mark.before.as_deref()), stamp(at)))
}

/// `deployment abc123 (was def456)`.
pub(super) fn deployment_line(now: Option<&str>, before: Option<&str>) -> String {
    let was = before.map_or_else(|| "was without one".to_owned(), |before| format!("was {before}"));
    now.map_or_else(|| format!("without a deployment ({was})"), |now| format!("deployment {now} ({was})"))
}

/// Brings every open incident's cause, severity and examples up to date with its members.
pub(super) fn refresh(ledger: &mut Ledger, run: &Run<'_>) {
    for incident in &mut ledger.incidents {
        let failing = incident.members.iter().filter(|member| member.failing && member.good == 0);
        let causes: Vec<Cause> = failing.map(|member| member.cause).collect();
        let Some(cause) = grouping::most_frequent(causes.iter().copied(), Some(incident.cause)) else { continue };
        incident.cause = cause;
        incident.severity = causes.into_iter().map(severity_of).fold(incident.severity, Severity::max);
        if let Some(at) = incident.examples.iter().position(|example| example.cause == cause) {
            incident.examples.swap(0, at);
            continue;
        }
        let now = incident.failing().filter(|member| member.cause == cause).find_map(|member| {
            run.sights.get(&member.subject).filter(|sight| cause_of(sight) == cause)?.example.as_ref()
        });
        if let Some(example) = now {
            incident.examples.insert(0, example.clone());
            incident.examples.truncate(MOST_EXAMPLES);
        }
    }
}

pub(super) fn severity_of(cause: Cause) -> Severity {
    Severity::of(cause.about().verdict)
}

/// Takes the incidents that are over off the ledger, each with how it ended. `stays` may keep one whose end is not to be
/// told yet: it stays open, and good.
pub(super) fn close(
    ledger: &mut Ledger,
    run: &Run<'_>,
    stays: &mut dyn FnMut(&Incident) -> bool,
) -> Vec<(Incident, Ended)> {
    let mut over = Vec::new();
    let mut open = Vec::with_capacity(ledger.incidents.len());
    for mut incident in std::mem::take(&mut ledger.incidents) {
        let needed = runs_to_resolve(&incident, run);
        if incident.members.iter().any(|member| member.good < needed) {
            incident.members.retain(|member| !is_gone(member, needed));
            open.push(incident);
        } else if stays(&incident) {
            open.push(incident);
        } else {
            let ended = how(&incident.members, run);
            over.push((incident, ended));
        }
    }
    ledger.incidents = open;
    for (incident, ended) in &over {
        ledger.closed.push(Closed {
            number: incident.number,
            scope: incident.scope.clone(),
            cause: incident.cause,
            opened_at: incident.opened_at,
            closed_at: run.now,
            ended: *ended,
        });
    }
    over
}

fn runs_to_resolve(incident: &Incident, run: &Run<'_>) -> u32 {
    let longer = if incident.flapping { LONGER_WHEN_FLAPPING } else { 1 };
    run.alerts.healthy.max(1).saturating_mul(longer)
}

fn how(members: &[Member], run: &Run<'_>) -> Ended {
    let is_there = |subject: &SubjectId| subject.stage().is_some_and(|stage| run.stages.contains_key(&stage));
    if members.iter().any(|member| !member.failing) {
        Ended::Healthy
    } else if members.iter().any(|member| member.cause != Cause::Removed || !is_there(&member.subject)) {
        Ended::Gone
    } else {
        Ended::Accepted
    }
}

/// Seconds of the config, where they are unsigned.
pub(super) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
