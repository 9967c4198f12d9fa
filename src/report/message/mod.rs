//! From a transition to the message that tells of it: for e-mail, for telephones and for machines. Pure; `sns.rs` sends it.
//!
//! [`super::alert()`] is the message of a run without a memory: it tells what fails now, and tells it again. A transition is
//! told once, and so its message says all that a tired person needs: what, since when, why, what changed just before,
//! what to do, and where to look.

mod brief;
pub(super) mod links;
mod machine;
pub(super) mod names;
#[cfg(test)]
mod tests;
mod text;
mod watched;
pub(super) mod when;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::alert::{shortened, words};
use super::safe::url;
use super::{Alert, Attribute, page};
use crate::config::Alerts;
use crate::diagnose::Cause;
use crate::remember::{Example, Incident, Member, Scope, Severity, SubjectId, Transition};

pub use machine::{MESSAGE_VERSION, json_schema};

/// What a message says beside the transition itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The region that was read.
    pub region: String,
    /// The time of the run, in Unix seconds: ages are counted to it.
    pub now: i64,
    /// The account's id, where it is known.
    pub account: Option<String>,
    /// Whether AWS's console shows what was read: not so for an emulator.
    pub console: bool,
    /// The dashboard's URL.
    pub dashboard_url: Option<String>,
    /// What the reader should know of the memory itself, as that the message was made without it.
    pub memory_note: Option<String>,
    /// When people are told: messages name what is next.
    pub alerts: Alerts,
}

impl Context {
    /// That of a run on AWS of which nothing more is known.
    #[must_use]
    pub fn new(region: &str, now: i64) -> Self {
        Self {
            region: region.to_owned(),
            now,
            account: None,
            console: true,
            dashboard_url: None,
            memory_note: None,
            alerts: Alerts::default(),
        }
    }
}

/// The message that tells of a transition; `id` is the transition's own, as `gp-12-opened`.
///
/// Whatever the transition holds, SNS takes the message: its subject has fewer than 100 ASCII characters, and all of it
/// fewer than 256 KB. What is left out is counted.
#[must_use]
pub fn message(id: &str, transition: &Transition, about: &Context) -> Alert {
    Alert {
        subject: brief::subject(transition, about),
        text: text::text(id, transition, about),
        sms: Some(brief::sms(transition, about)),
        json: machine::json(id, transition, about),
        attributes: attributes(id, transition, about),
    }
}

/// How bad a message is. What is over keeps the severity that it had: whoever was woken by a severity is told its end.
fn severity(transition: &Transition) -> Severity {
    transition.incident().map_or(Severity::Info, |incident| incident.severity)
}

/// Whether an incident that was told as having so many members has no more than that: then it is told again for being
/// worse.
fn is_worse_only(incident: &Incident, before: usize) -> bool {
    incident.members.len() <= before
}

/// The members as messages list them: the failing ones before those that answer again, and of a growing incident the
/// newest first.
fn members<'t>(incident: &'t Incident, transition: &Transition) -> Vec<&'t Member> {
    let mut members: Vec<&Member> = incident.members.iter().collect();
    let newest_first = matches!(transition, Transition::Grew(..));
    members.sort_by_key(|member| (!member.failing, newest_first.then_some(Reverse(member.since))));
    members
}

/// How many members have which cause, the most frequent first. Of an incident that is over those count that it had.
fn causes(incident: &Incident) -> Vec<(Cause, usize)> {
    let is_over = incident.failing().next().is_none();
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for member in incident.members.iter().filter(|member| is_over || member.failing) {
        *counts.entry(member.cause).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(cause, count)| (Reverse(*count), *cause != incident.cause, *cause));
    counts
}

/// The example to be shown first: one of the incident's own cause.
pub(super) fn main_example(incident: &Incident) -> Option<&Example> {
    incident.examples.iter().find(|example| example.cause == incident.cause).or(incident.examples.first())
}

/// The request that will work, where an example knows one: its verb and its URL, values of its query left out.
pub(super) fn instead(example: &Example) -> Option<(String, String)> {
    let (verb, address) = example.instead.as_deref()?.split_once(' ')?;
    is_web(address).then(|| (page::words(verb), url(address)))
}

/// Whether it can be opened by a browser or curl. What is not is no link, however it came into the memory.
pub(super) fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// The stages that a transition is about: the API's id and name, and the stage's name where it is about one.
fn places(transition: &Transition) -> BTreeSet<(String, String, Option<String>)> {
    let mut places = BTreeSet::new();
    if let Transition::Deployment(seen) = transition {
        places.insert((seen.api.clone(), seen.api_name.clone(), Some(seen.stage.clone())));
    }
    let Some(incident) = transition.incident() else { return places };
    let name = |api: &str| incident.apis.get(api).cloned().unwrap_or_default();
    match &incident.scope {
        Scope::Domain { .. } => {}
        Scope::Api { api } => {
            places.insert((api.clone(), name(api), None));
        }
        Scope::Stage { api, stage } | Scope::Subtree { api, stage, .. } => {
            places.insert((api.clone(), name(api), Some(stage.clone())));
        }
        Scope::One { subject } => {
            places.extend(subject.stage().map(|(api, stage)| (api.to_owned(), name(api), Some(stage.to_owned()))));
        }
    }
    for (api, stage) in incident.members.iter().filter_map(|member| SubjectId::stage(&member.subject)) {
        places.insert((api.to_owned(), name(api), Some(stage.to_owned())));
    }
    places
}

fn attributes(id: &str, transition: &Transition, about: &Context) -> BTreeMap<String, Attribute> {
    let mut attributes = BTreeMap::new();
    let mut text = |name: &str, text: String| {
        if !text.trim().is_empty() {
            attributes.insert(name.to_owned(), Attribute::Text(text));
        }
    };
    text("id", words(id));
    text("transition", transition.kind().to_string());
    text("severity", severity(transition).to_string());
    text("region", words(&about.region));
    text("incident", transition.incident().map(Incident::name).unwrap_or_default());
    let places = places(transition);
    let both = |id: &str, name: &str| [words(id), words(name)].into_iter().filter(|text| !text.trim().is_empty());
    let apis: BTreeSet<String> = places.iter().flat_map(|(id, name, _)| both(id, name)).collect();
    let mut stages = BTreeSet::new();
    for (id, name, stage) in &places {
        let Some(stage) = stage.as_ref().map(|stage| words(stage)).filter(|stage| !stage.trim().is_empty()) else {
            continue;
        };
        stages.extend(both(id, name).map(|api| format!("{api}/{stage}")));
        stages.insert(stage);
    }
    let causes: Vec<String> = match transition.incident() {
        Some(incident) => {
            let causes = std::iter::once(incident.cause).chain(causes(incident).into_iter().map(|(cause, _)| cause));
            causes
                .enumerate()
                .filter(|(at, cause)| *at == 0 || *cause != incident.cause)
                .map(|(_, c)| c.to_string())
                .collect()
        }
        None => Vec::new(),
    };
    let mut cut_short = Vec::new();
    for (name, texts) in
        [("cause", causes), ("api", apis.into_iter().collect()), ("stage", stages.into_iter().collect())]
    {
        let (texts, is_cut) = shortened(texts);
        if is_cut {
            cut_short.push(name.to_owned());
        }
        if !texts.is_empty() {
            attributes.insert(name.to_owned(), Attribute::List(texts));
        }
    }
    // So that a filter policy can take these too: what it looks for may be in the part that is not there.
    if !cut_short.is_empty() {
        attributes.insert("cut".to_owned(), Attribute::List(cut_short));
    }
    attributes
}
