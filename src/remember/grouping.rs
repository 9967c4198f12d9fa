//! One alert a cause: what failing subjects have in common, and what that is called.

use std::collections::{BTreeMap, BTreeSet};

use super::outcomes::Firing;
use super::run::Run;
use super::{Health, Incident, Ledger, Member, Scope, SubjectId};
use crate::diagnose::{Cause, StepName};
use crate::gateway::segments;

/// Fewer than so many methods are never most of a stage.
const A_FEW: usize = 3;

/// Subjects that make one incident.
pub(super) struct Group<'a> {
    pub scope: Scope,
    pub firing: Vec<Firing<'a>>,
    /// Whether it is the stage because most of it fails.
    pub most: bool,
}

/// How many methods of each stage were asked, and how many of them fail in incidents or fire.
#[derive(Default)]
pub(super) struct Asked(BTreeMap<(String, String), (usize, usize)>);

impl Asked {
    pub(super) fn of(ledger: &Ledger, firing: &[Firing<'_>], run: &Run<'_>) -> Self {
        let mut asked = Self::default();
        for (subject, sight) in &run.sights {
            if sight.health != Health::Unknown
                && let Some(counts) = asked.counts(subject)
            {
                counts.0 += 1;
            }
        }
        let members = ledger.incidents.iter().flat_map(Incident::failing).filter(|member| member.good == 0);
        let failing = members.map(|member| &member.subject).chain(firing.iter().map(|firing| &firing.subject));
        for subject in failing {
            if let Some(counts) = asked.counts(subject) {
                counts.1 += 1;
            }
        }
        asked
    }

    fn counts(&mut self, subject: &SubjectId) -> Option<&mut (usize, usize)> {
        match subject {
            SubjectId::Method { api, stage, .. } => Some(self.0.entry((api.clone(), stage.clone())).or_default()),
            SubjectId::Contract { .. } => None,
        }
    }

    /// Whether so many of the stage's methods are most of it.
    fn is_most(&self, stage: &(String, String), failing: usize, run: &Run<'_>) -> bool {
        let asked = self.0.get(stage).map_or(0, |counts| counts.0);
        let share = usize::from(run.alerts.most_of_a_stage.clamp(1, 100));
        !run.seen.cut_short && failing >= A_FEW && failing.saturating_mul(100) >= share * asked
    }

    fn most_fail(&self, stage: &(String, String), run: &Run<'_>) -> bool {
        self.is_most(stage, self.0.get(stage).map_or(0, |counts| counts.1), run)
    }

    /// The stages of an API of which something was asked.
    fn stages(&self, api: &str) -> BTreeSet<&str> {
        self.0
            .iter()
            .filter(|((id, _), counts)| id == api && counts.0 > 0)
            .map(|((_, stage), _)| stage.as_str())
            .collect()
    }
}

/// Puts together what fails for one reason.
pub(super) fn group<'a>(firing: Vec<Firing<'a>>, asked: &Asked, run: &Run<'_>) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let mut hosts: BTreeMap<String, Vec<Firing<'a>>> = BTreeMap::new();
    let mut stages: BTreeMap<(String, String), Vec<Firing<'a>>> = BTreeMap::new();
    for firing in firing {
        match host_bucket(&firing) {
            Some(host) => hosts.entry(host).or_default().push(firing),
            None => stages.entry(stage_of(&firing.subject)).or_default().push(firing),
        }
    }
    for (host, firing) in hosts {
        if firing.len() > 1 {
            groups.push(Group { scope: Scope::Domain { host }, firing, most: false });
        } else {
            for firing in firing {
                stages.entry(stage_of(&firing.subject)).or_default().push(firing);
            }
        }
    }
    let mut below = Vec::new();
    for (stage, firing) in stages {
        if asked.most_fail(&stage, run) {
            let (api, stage) = stage;
            below.push(Group { scope: Scope::Stage { api, stage }, firing, most: true });
            continue;
        }
        let mut causes: BTreeMap<(Cause, Option<SubjectId>), Vec<Firing<'a>>> = BTreeMap::new();
        for firing in firing {
            // What leads to no stage and shares no host with another has nothing in common with it.
            let alone = firing.subject.stage().is_none().then(|| firing.subject.clone());
            causes.entry((firing.cause(), alone)).or_default().push(firing);
        }
        for firing in causes.into_values() {
            if let Some(scope) = common(firing.iter().map(|firing| &firing.subject)) {
                below.push(Group { scope, firing, most: false });
            }
        }
    }
    groups.extend(whole_apis(below, asked));
    groups
}

/// Groups of one cause in every stage of an API that was asked become the API's.
fn whole_apis<'a>(groups: Vec<Group<'a>>, asked: &Asked) -> Vec<Group<'a>> {
    let mut hit: BTreeMap<(String, Cause), BTreeSet<String>> = BTreeMap::new();
    let key = |group: &Group<'_>| {
        let first = group.firing.first()?.subject.stage()?;
        let cause = most_frequent(group.firing.iter().map(Firing::cause), None)?;
        Some(((first.0.to_owned(), cause), first.1.to_owned()))
    };
    for group in &groups {
        if let Some((api, stage)) = key(group) {
            hit.entry(api).or_default().insert(stage);
        }
    }
    hit.retain(|(api, _), stages| {
        let asked = asked.stages(api);
        asked.len() > 1 && asked.iter().all(|stage| stages.contains(*stage))
    });
    let mut whole: BTreeMap<(String, Cause), Vec<Firing<'a>>> = BTreeMap::new();
    let mut kept = Vec::new();
    for group in groups {
        match key(&group) {
            Some((api, _)) if hit.contains_key(&api) => whole.entry(api).or_default().extend(group.firing),
            _ => kept.push(group),
        }
    }
    let whole = whole.into_iter().map(|((api, _), firing)| Group { scope: Scope::Api { api }, firing, most: false });
    whole.chain(kept).collect()
}

fn stage_of(subject: &SubjectId) -> (String, String) {
    subject.stage().map(|(api, stage)| (api.to_owned(), stage.to_owned())).unwrap_or_default()
}

/// The host that a failing subject is put together by: where its host is the trouble, or nothing else is known of it.
pub(super) fn host_bucket(firing: &Firing<'_>) -> Option<String> {
    let host = firing.sight.host.clone().or_else(|| host_in(&firing.example.url))?;
    let by_host = firing.subject.stage().is_none() || is_of_host(firing.cause()) && is_custom(&host);
    by_host.then_some(host)
}

/// The host that an open incident below a domain is put together by.
pub(super) fn host_bucket_of(incident: &Incident) -> Option<String> {
    let alone = matches!(&incident.scope, Scope::One { subject } if subject.stage().is_none());
    let host = host_in(&incident.examples.first()?.url)?;
    (alone || is_of_host(incident.cause) && is_custom(&host)).then_some(host)
}

fn host_in(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    Some(url.host_str()?.to_owned())
}

/// Whether the cause lies in the way to the host rather than in what a stage has deployed.
fn is_of_host(cause: Cause) -> bool {
    cause.about().step == Some(StepName::InvokeUrl) || matches!(cause, Cause::EdgeRefused | Cause::ClientCertificate)
}

/// Whether a host is no API's default endpoint.
fn is_custom(host: &str) -> bool {
    !host.contains(".execute-api.")
}

/// The cause that occurs most often; of several the one that was it before, else the first in the causes' order.
pub(super) fn most_frequent(causes: impl Iterator<Item = Cause>, before: Option<Cause>) -> Option<Cause> {
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for cause in causes {
        *counts.entry(cause).or_default() += 1;
    }
    let rank = |(cause, count): &(Cause, usize)| (*count, Some(*cause) == before, std::cmp::Reverse(*cause));
    counts.into_iter().max_by_key(rank).map(|(cause, _)| cause)
}

/// What subjects of one stage have in common.
pub(super) fn common<'s>(mut subjects: impl Iterator<Item = &'s SubjectId>) -> Option<Scope> {
    let first = subjects.next()?;
    let mut scope = Scope::One { subject: first.clone() };
    for subject in subjects {
        scope = widen(&scope, subject);
    }
    Some(scope)
}

/// A scope with one more subject in it. It only grows.
pub(super) fn widen(scope: &Scope, subject: &SubjectId) -> Scope {
    let (api, stage, path) = match scope {
        Scope::Domain { .. } | Scope::Api { .. } | Scope::Stage { .. } => return scope.clone(),
        Scope::One { subject: only } if only == subject => return scope.clone(),
        Scope::One { subject: only } => {
            let (api, stage) = stage_of(only);
            (api, stage, path_of(only))
        }
        Scope::Subtree { api, stage, path } => (api.clone(), stage.clone(), Some(path.as_str())),
    };
    // A contract's line says no resource: it is under whatever the methods have in common.
    let path = match (path, path_of(subject)) {
        (Some(path), Some(other)) => ancestor(path, other),
        (Some(path), None) | (None, Some(path)) => ancestor(path, path),
        (None, None) => "/".to_owned(),
    };
    if path == "/" { Scope::Stage { api, stage } } else { Scope::Subtree { api, stage, path } }
}

fn path_of(subject: &SubjectId) -> Option<&str> {
    match subject {
        SubjectId::Method { resource, .. } => Some(resource),
        SubjectId::Contract { .. } => None,
    }
}

/// The lowest common ancestor of two resources. What has no path, as an HTTP API's `$default`, is below the root.
fn ancestor(one: &str, other: &str) -> String {
    if !one.starts_with('/') || !other.starts_with('/') {
        return "/".to_owned();
    }
    let mut path = String::new();
    for (segment, _) in segments(one).zip(segments(other)).take_while(|(one, other)| one == other) {
        path.push('/');
        path.push_str(segment);
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

/// The stage, where the failing members of an incident below it are most of it.
pub(super) fn stage_if_most(incident: &Incident, asked: &Asked, run: &Run<'_>) -> Option<Scope> {
    let stage = match &incident.scope {
        Scope::Subtree { api, stage, .. } => (api.clone(), stage.clone()),
        Scope::One { subject } => stage_of(subject),
        Scope::Stage { .. } | Scope::Api { .. } | Scope::Domain { .. } => return None,
    };
    let is_method = |member: &&Member| matches!(member.subject, SubjectId::Method { .. });
    let failing = incident.failing().filter(is_method).count();
    asked.is_most(&stage, failing, run).then_some(Scope::Stage { api: stage.0, stage: stage.1 })
}
