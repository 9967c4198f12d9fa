//! What is kept between runs, in one item: open incidents, what may become one, the outbox, and what happened lately.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::seen::by_id;
use super::{Example, Severity, SubjectId, TransitionKind, Watched};
use crate::diagnose::Cause;

/// The format of the ledger that this version writes. An older one is read; a newer one is refused.
pub const LEDGER_FORMAT: u32 = 1;

/// The whole memory of what people were told and will be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// How many runs were written down.
    pub runs: u64,
    /// The last number that an incident or an entry was given.
    pub last_number: u64,
    /// The last run.
    pub last_run: Option<LastRun>,
    /// The last run that saw all of what is watched: what is known of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_whole: Option<LastRun>,
    /// Every stage that was seen, by `api/stage`.
    pub stages: BTreeMap<String, StageMark>,
    /// Subjects that failed lately and belong to no incident yet.
    #[serde(with = "as_list")]
    pub troubles: BTreeMap<SubjectId, Trouble>,
    /// The open incidents, the oldest first.
    pub incidents: Vec<Incident>,
    /// Incidents that ended lately, the newest last: what flapping is told by.
    pub closed: Vec<Closed>,
    /// What is to be sent, in order.
    pub outbox: Vec<Entry>,
    /// What maintenance windows hold back, by their names.
    pub held_back: BTreeMap<String, HeldBack>,
    /// What happened lately, the newest last.
    pub events: Vec<Event>,
    /// When the first message was made, in Unix seconds.
    pub greeted_at: Option<i64>,
    /// When the last digest was made, in Unix seconds.
    pub digest_at: Option<i64>,
    /// What was watched when the last digest (or the first message) was made.
    pub digest_of: Option<Watched>,
    /// How many entries were dropped from the outbox for their age or because they can never be sent, ever.
    pub dropped: u64,
    /// What the last run had no time for; the next one begins with it.
    pub not_reached: Vec<SubjectId>,
    /// Kinds of refusal that did not come, by API and the kind's id, and when that was seen: they are not relied on there.
    pub withdrawn: BTreeMap<String, BTreeMap<String, i64>>,
}

/// Maps whose keys are no texts are lists in JSON.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S, K, V>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
        K: Serialize,
        V: Serialize,
    {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// The last run that was written down.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LastRun {
    /// Its id.
    pub run: String,
    /// When it began, in Unix seconds.
    pub started_at: i64,
    /// When it was written down.
    pub ended_at: i64,
    /// What it watched.
    pub watched: Watched,
}

/// What is known of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StageMark {
    /// The API's name.
    pub api_name: String,
    /// The deployment that it serves.
    pub deployment: Option<String>,
    /// When it was made, where AWS told and that was since the run before, else when it was first seen, in Unix seconds;
    /// `None` for the one that was there when the monitor came.
    pub changed_at: Option<i64>,
    /// The deployment that it served before that.
    #[serde(default)]
    pub before: Option<String>,
}

/// A subject that failed lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The last runs' outcomes, the newest in the lowest bit, 1 for failing.
    pub runs: u32,
    /// How many of them there are.
    pub seen: u32,
    /// When it first failed, in Unix seconds.
    pub since: i64,
    /// When its last outcome was written down: a run that began before says nothing new.
    pub at: i64,
    /// How it fails.
    pub example: Example,
    /// The host of the door that failed.
    pub host: Option<String>,
}

/// What an incident is named after. The bigger comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everything through one host.
    Domain {
        /// The host's name.
        host: String,
    },
    /// An API, over several of its stages.
    Api {
        /// Its id.
        api: String,
    },
    /// A stage.
    Stage {
        /// The API's id.
        api: String,
        /// Its name.
        stage: String,
    },
    /// The resources of a stage at and below a path.
    Subtree {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
        /// The path, as `/orders`.
        path: String,
    },
    /// One subject alone.
    One {
        /// Which.
        subject: SubjectId,
    },
}

/// Why something is held back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HeldBack {
    /// When the window began, in Unix seconds.
    pub began_at: i64,
    /// When it ends.
    pub ends_at: i64,
    /// Names of incidents that opened and were not told, by number.
    pub opened: BTreeMap<u64, String>,
    /// Of those, the ones that were over before anybody was told.
    pub resolved: Vec<u64>,
}

/// One subject of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which.
    pub subject: SubjectId,
    /// Since when it fails, in Unix seconds.
    pub since: i64,
    /// When its last outcome was written down.
    pub at: i64,
    /// Whether it failed when it was last asked.
    pub failing: bool,
    /// How many good runs in a row.
    pub good: u32,
    /// How it fails.
    #[serde(with = "by_id")]
    pub cause: Cause,
}

impl Ledger {
    /// The run that speaks for all that is watched: one that saw a part does so only where there was no other.
    #[must_use]
    pub fn of_all(&self) -> Option<&LastRun> {
        self.last_whole.as_ref().or(self.last_run.as_ref())
    }
}

/// An open incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number, for ever: messages call it `gp-12`.
    pub number: u64,
    /// What it is named after.
    pub scope: Scope,
    /// The cause that most members have.
    #[serde(with = "by_id")]
    pub cause: Cause,
    /// How bad.
    pub severity: Severity,
    /// The names of the APIs that it touches, by id.
    pub apis: BTreeMap<String, String>,
    /// Since when the first of it fails, in Unix seconds.
    pub since: i64,
    /// When it was opened.
    pub opened_at: i64,
    /// When people were told; `None` while that is held back.
    pub told_at: Option<i64>,
    /// The window or rule that holds it back.
    pub held_by: Option<String>,
    /// Everything that fails, or did since it was opened.
    pub members: Vec<Member>,
    /// How many members were told of last.
    pub told_members: usize,
    /// A few of the ways it fails, at most three.
    pub examples: Vec<Example>,
    /// What changed just before, where something did, in one line.
    pub after: Option<String>,
    /// How often it opened within the time for flapping, this one included.
    pub times: u32,
    /// Whether it is flapping.
    pub flapping: bool,
    /// How many reminders were sent.
    pub reminders: u32,
    /// When the next is due, in Unix seconds; `None`: never.
    pub remind_at: Option<i64>,
    /// Until when nobody wants to be reminded, in Unix seconds.
    pub acknowledged_until: Option<i64>,
}

impl Incident {
    /// As people call it: `gp-12`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("gp-{}", self.number)
    }

    /// The hosts that it is known to fail at: the domain that it is named after, and those of its examples.
    pub fn hosts(&self) -> impl Iterator<Item = String> {
        let domain = match &self.scope {
            Scope::Domain { host } => Some(host.clone()),
            _ => None,
        };
        let of_url = |example: &Example| Some(url::Url::parse(&example.url).ok()?.host_str()?.to_owned());
        domain.into_iter().chain(self.examples.iter().filter_map(of_url))
    }

    /// The members that failed when they were last asked.
    pub fn failing(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.failing)
    }
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// All of it answers again.
    Healthy,
    /// What failed is not there any more: the stage, the API or the contract's line is gone, or the config leaves it out.
    Gone,
    /// A method that was taken away stayed away, and nobody's contract names it.
    Accepted,
}

/// An incident that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Its number.
    pub number: u64,
    /// What it was named after.
    pub scope: Scope,
    /// Its cause.
    #[serde(with = "by_id")]
    pub cause: Cause,
    /// When it was opened, in Unix seconds.
    pub opened_at: i64,
    /// When it ended.
    pub closed_at: i64,
    /// How.
    pub ended: Ended,
}

/// What an entry of the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A message for SNS.
    Alert,
    /// Figures for CloudWatch.
    Metrics,
}

/// Who sends an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The run.
    pub run: String,
    /// Until when, in Unix seconds; then anybody may.
    pub until: i64,
}

/// One entry of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id: the transition's, so that a receiver knows a repetition.
    pub id: String,
    /// The key of the item that holds its content.
    pub key: String,
    /// What it is.
    pub kind: EntryKind,
    /// The incident that it is about: of one incident entries are sent strictly in order.
    pub incident: Option<u64>,
    /// When it was made, in Unix seconds.
    pub made_at: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// Who sends it now.
    pub claim: Option<Claim>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, in Unix seconds.
    pub at: i64,
    /// What.
    pub kind: EventKind,
    /// The API's id, where it is of one.
    pub api: Option<String>,
    /// The API's name, where it is of one.
    pub api_name: Option<String>,
    /// The stage's name, where it is of one.
    pub stage: Option<String>,
    /// In one line.
    pub text: String,
}

/// What kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A transition.
    Transition(TransitionKind),
    /// A stage serves another deployment.
    Deployment,
    /// Somebody said that they know.
    Acknowledged,
}

impl fmt::Display for Scope {
    /// `stage prod`, `/orders and below`, `GET /orders/{id}`: the API's name is put before it by whoever knows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain { host } => write!(f, "domain {host}"),
            Self::Api { api } => write!(f, "api {api}"),
            Self::Stage { stage, .. } => write!(f, "stage {stage}"),
            Self::Subtree { stage, path, .. } => write!(f, "stage {stage}, {path} and below"),
            Self::One { subject } => match subject.stage() {
                Some((_, stage)) => write!(f, "stage {stage}, {subject}"),
                None => write!(f, "{subject}"),
            },
        }
    }
}
