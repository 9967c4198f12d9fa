//! Runs' outcomes: what a run says of each subject is written down, and those that failed often enough fire.

use std::borrow::Cow;
use std::collections::HashSet;

use super::run::Run;
use super::{Example, Health, Ledger, Member, Sight, SubjectId, Trouble};
use crate::diagnose::Cause;

/// So many failing subjects are remembered at once: the ledger is one item, and an item has its largest size. Those that
/// found no room are looked at again in the next run, when the first have become incidents.
const MOST_TROUBLES: usize = 20_000;

/// So many of them with all that was said; the cause is enough of the others, for what fires is told by its last run.
const TOLD_WHOLE: usize = 50;

/// A subject that failed often enough.
pub(super) struct Firing<'a> {
    pub subject: SubjectId,
    pub sight: &'a Sight,
    pub example: Cow<'a, Example>,
    /// When it first failed.
    pub since: i64,
}

impl Firing<'_> {
    pub(super) fn cause(&self) -> Cause {
        self.example.cause
    }

    pub(super) fn member(&self, now: i64) -> Member {
        Member {
            subject: self.subject.clone(),
            since: self.since,
            at: now,
            failing: true,
            good: 0,
            cause: self.cause(),
        }
    }
}

/// Writes the run's outcomes down, and returns the subjects that fire and belong to no incident.
pub(super) fn take_down<'a>(ledger: &mut Ledger, run: &Run<'a>) -> Vec<Firing<'a>> {
    for incident in &mut ledger.incidents {
        let unread = run.is_unread_domain(incident);
        for member in &mut incident.members {
            take_down_member(member, unread, run);
        }
    }
    let members: HashSet<&SubjectId> =
        ledger.incidents.iter().flat_map(|incident| incident.members.iter().map(|member| &member.subject)).collect();
    let troubles = &mut ledger.troubles;
    troubles.retain(|subject, trouble| {
        run.sights.contains_key(subject) || !run.is_newer(trouble.at) || !run.is_gone(subject)
    });
    let mut firing = Vec::new();
    for (subject, sight) in &run.sights {
        if sight.health == Health::Unknown || members.contains(subject.as_ref()) {
            continue;
        }
        let room = troubles.len();
        let Some(trouble) = troubles.get_mut(subject.as_ref()) else {
            if sight.health == Health::Bad && room < MOST_TROUBLES {
                let trouble = begin(sight, room < TOLD_WHOLE, run);
                firing.extend(fires(&trouble, subject, sight, run));
                troubles.insert(subject.as_ref().clone(), trouble);
            }
            continue;
        };
        if !run.is_newer(trouble.at) {
            continue;
        }
        push(trouble, sight, run);
        if trouble.runs == 0 {
            troubles.remove(subject.as_ref());
        } else {
            firing.extend(fires(trouble, subject, sight, run));
        }
    }
    firing
}

/// A member that is there no more keeps failing, while `good` counts the runs that missed it: see [`is_gone`]. Where the
/// domain is `unread` that it may fail at, another door that answers says nothing of that one.
fn take_down_member(member: &mut Member, unread: bool, run: &Run<'_>) {
    if !run.is_newer(member.at) {
        return;
    }
    let Some(sight) = run.sights.get(&member.subject) else {
        if run.is_gone(&member.subject) {
            member.good = member.good.saturating_add(1);
            member.at = run.now;
        }
        return;
    };
    match sight.health {
        Health::Unknown => return,
        Health::Good if unread => return,
        Health::Good => {
            member.good = if member.failing { 1 } else { member.good.saturating_add(1) };
            member.failing = false;
        }
        Health::Bad => {
            if !member.failing {
                member.since = run.began;
            }
            member.failing = true;
            member.good = 0;
            member.cause = cause_of(sight);
        }
    }
    member.at = run.now;
}

/// Whether a member was missed by so many runs that it is gone: one that is asked and fails has no good runs.
pub(super) fn is_gone(member: &Member, runs: u32) -> bool {
    member.failing && member.good >= runs
}

fn begin(sight: &Sight, whole: bool, run: &Run<'_>) -> Trouble {
    let mut example = example_of(sight).into_owned();
    if !whole {
        slim(&mut example);
    }
    Trouble { runs: 1, seen: 1, since: run.began, at: run.now, example, host: sight.host.clone() }
}

fn push(trouble: &mut Trouble, sight: &Sight, run: &Run<'_>) {
    let of = run.alerts.of.clamp(1, 32);
    let bad = sight.health == Health::Bad;
    trouble.runs = (trouble.runs << 1 | u32::from(bad)) & (u32::MAX >> (32 - of));
    trouble.seen = (trouble.seen.saturating_add(1)).min(of);
    trouble.at = run.now;
    if bad {
        let slimmed = trouble.example.remedy.is_empty();
        trouble.example = example_of(sight).into_owned();
        if slimmed {
            slim(&mut trouble.example);
        }
        trouble.host.clone_from(&sight.host);
    }
}

fn slim(example: &mut Example) {
    example.url = String::new();
    example.evidence = Vec::new();
    example.remedy = String::new();
    example.instead = None;
    example.request_id = String::new();
}

/// At once where a confirmed failure began with a deployment that nobody had seen before; else after enough runs.
fn fires<'a>(trouble: &Trouble, subject: &SubjectId, sight: &'a Sight, run: &Run<'_>) -> Option<Firing<'a>> {
    if !sight.counts() {
        return None;
    }
    let failing = run.alerts.failing.clamp(1, run.alerts.of.clamp(1, 32));
    let with_deployment = || {
        let began_now = trouble.since >= run.began;
        sight.confirmed && began_now && subject.stage().is_some_and(|stage| run.changed.contains(&stage))
    };
    (trouble.runs.count_ones() >= failing || with_deployment()).then(|| Firing {
        subject: subject.clone(),
        sight,
        example: example_of(sight),
        since: trouble.since,
    })
}

pub(super) fn cause_of(sight: &Sight) -> Cause {
    sight.example.as_ref().map_or(Cause::Unexplained, |example| example.cause)
}

/// How a failing subject fails. Whoever saw it fail should have said how; if not, it is unexplained.
pub(super) fn example_of(sight: &Sight) -> Cow<'_, Example> {
    if let Some(example) = &sight.example {
        return Cow::Borrowed(example);
    }
    let (method, url) = match &sight.subject {
        SubjectId::Method { verb, resource, .. } => (verb.to_string(), resource.clone()),
        SubjectId::Contract { verb, url, .. } => (verb.clone(), url.clone()),
    };
    Cow::Owned(Example {
        method,
        url,
        cause: Cause::Unexplained,
        confidence: "possible".to_owned(),
        evidence: Vec::new(),
        remedy: Cause::Unexplained.about().remedy.to_owned(),
        instead: None,
        status: None,
        request_id: String::new(),
    })
}
