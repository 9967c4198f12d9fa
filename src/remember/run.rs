//! One run, made ready for looking things up in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Health, Incident, Ledger, Seen, Sight, StageSeen, SubjectId};
use crate::config::{Alerts, OpenWindow};

/// Which window is open over a stage, by the API's id and name, the stage's name and the time.
pub(super) type Windows<'a> = &'a dyn Fn(&str, &str, &str, i64) -> Option<OpenWindow>;

/// What a decision is made from besides the ledger.
pub(super) struct Run<'a> {
    pub seen: &'a Seen,
    pub alerts: &'a Alerts,
    pub windows: Windows<'a>,
    /// When it is decided, in Unix seconds.
    pub now: i64,
    /// When the run began, never after `now`: what it saw is dated so.
    pub began: i64,
    /// Whether it began before the last one was written down.
    pub overlaps: bool,
    /// What was seen of each subject.
    pub sights: BTreeMap<Cow<'a, SubjectId>, &'a Sight>,
    /// The stages that were read, by API and name.
    pub stages: HashMap<(&'a str, &'a str), &'a StageSeen>,
    /// The names of APIs, by id.
    pub names: BTreeMap<String, String>,
    /// Stages of which this run is the first to see their deployment.
    pub changed: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(ledger: &Ledger, seen: &'a Seen, alerts: &'a Alerts, windows: Windows<'a>, now: i64) -> Self {
        let began = seen.started_at.min(now);
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (key, mark) in &ledger.stages {
            if let Some((api, _)) = key.split_once('/') {
                names.insert(api.to_owned(), mark.api_name.clone());
            }
        }
        for incident in &ledger.incidents {
            for (api, name) in &incident.apis {
                names.entry(api.clone()).or_insert_with(|| name.clone());
            }
        }
        for stage in &seen.stages {
            names.insert(stage.api.clone(), stage.api_name.clone());
        }
        Self {
            seen,
            alerts,
            windows,
            now,
            began,
            overlaps: ledger.last_run.as_ref().is_some_and(|last| began < last.ended_at),
            sights: sights(ledger, seen),
            stages: seen.stages.iter().map(|stage| ((stage.api.as_str(), stage.stage.as_str()), stage)).collect(),
            names,
            changed: BTreeSet::new(),
        }
    }

    /// Whether the run says anything newer than what was written down at this time.
    pub(super) fn is_newer(&self, at: i64) -> bool {
        self.began >= at
    }

    /// Whether a subject without a sight is not there any more, as far as the run could see.
    pub(super) fn is_gone(&self, subject: &SubjectId) -> bool {
        let doubted = self.seen.contract_unread && matches!(subject, SubjectId::Contract { .. });
        !self.seen.partial && !doubted && subject.stage().is_none_or(|(api, _)| !self.seen.unread.contains(api))
    }

    /// Whether an incident is of a domain that the run knew too little of to ask anything through it.
    pub(super) fn is_unread_domain(&self, incident: &Incident) -> bool {
        let unread = &self.seen.unread_domains;
        !unread.is_empty() && incident.hosts().any(|host| unread.contains(host.as_str()))
    }

    /// An API's name; its id where nobody told.
    pub(super) fn name<'n>(&'n self, api: &'n str) -> &'n str {
        self.names.get(api).filter(|name| !name.is_empty()).map_or(api, String::as_str)
    }
}

/// What was seen, by subject. A contract's line is one subject wherever it leads: when the mapping that led it to a stage
/// is taken away, the line itself is neither gone nor new.
fn sights<'a>(ledger: &Ledger, seen: &'a Seen) -> BTreeMap<Cow<'a, SubjectId>, &'a Sight> {
    let remembered =
        ledger.troubles.keys().chain(ledger.incidents.iter().flat_map(|i| i.members.iter().map(|m| &m.subject)));
    let lines: HashMap<(&str, &str), &SubjectId> =
        remembered.filter_map(|subject| Some((line(subject)?, subject))).collect();
    let mut sights: BTreeMap<Cow<'a, SubjectId>, &'a Sight> = BTreeMap::new();
    for sight in &seen.sights {
        let known = line(&sight.subject).and_then(|line| lines.get(&line).copied());
        let subject = match known {
            Some(known) if *known != sight.subject => Cow::Owned(known.clone()),
            _ => Cow::Borrowed(&sight.subject),
        };
        let worst = sights.entry(subject).or_insert(sight);
        if sight.health > worst.health {
            *worst = sight;
        }
    }
    sights
}

fn line(subject: &SubjectId) -> Option<(&str, &str)> {
    match subject {
        SubjectId::Contract { verb, url, .. } => Some((verb, url)),
        SubjectId::Method { .. } => None,
    }
}

impl Sight {
    /// Whether it fails, and somebody wants to know.
    pub(super) fn counts(&self) -> bool {
        self.health == Health::Bad && self.ignored.is_none()
    }
}
