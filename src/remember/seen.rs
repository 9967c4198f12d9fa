//! What one run saw, as far as memory cares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::diagnose::{Cause, Diagnosis, Verdict};
use crate::gateway::{Change, Verb};

/// What can fail: a method of a stage, or a request of the contract. Its order is the order of lists in messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectId {
    /// A deployed method (or one that a deployment took away).
    Method {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
        /// The resource's path.
        resource: String,
        /// The verb as declared.
        verb: Verb,
    },
    /// A request of the contract.
    Contract {
        /// The verb that is sent.
        verb: String,
        /// The URL, its query's values taken out.
        url: String,
        /// The API's id and the stage's name that it leads to, where that is known.
        stage: Option<(String, String)>,
    },
}

impl SubjectId {
    /// The API's id and the stage's name.
    #[must_use]
    pub fn stage(&self) -> Option<(&str, &str)> {
        match self {
            Self::Method { api, stage, .. } => Some((api, stage)),
            Self::Contract { stage, .. } => stage.as_ref().map(|(api, stage)| (api.as_str(), stage.as_str())),
        }
    }
}

impl fmt::Display for SubjectId {
    /// `GET /orders/{id}`, or `GET https://api.example.com/orders`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method { resource, verb, .. } => write!(f, "{verb} {resource}"),
            Self::Contract { verb, url, .. } => write!(f, "{verb} {url}"),
        }
    }
}

/// What an answer says of a subject; through several doors, the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It answered as well as could be shown.
    Good,
    /// Nothing was learnt: not asked, not reached, or an answer that proves nothing.
    Unknown,
    /// It fails.
    Bad,
}

/// What a failing request looked like: enough for a message, and no secret. Query values are taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The verb that was sent.
    pub method: String,
    /// The URL, its query's values taken out.
    pub url: String,
    /// The cause.
    #[serde(with = "by_id")]
    pub cause: Cause,
    /// `certain`, `likely` or `possible`.
    pub confidence: String,
    /// The first lines of the evidence.
    pub evidence: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// A request that will work, as `GET https://…`, where the router knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// The status that came back; `None` where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The `x-amzn-RequestId` that was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
}

/// A cause in state is its id. One that a later version knows and this one does not reads as `unexplained`.
pub(super) mod by_id {
    use super::Cause;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's with hands a reference to the field")]
    pub fn serialize<S: Serializer>(cause: &Cause, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(cause.id())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cause, D::Error> {
        let id = String::deserialize(deserializer)?;
        Ok(id.parse().unwrap_or(Cause::Unexplained))
    }
}

impl Example {
    /// The example that a diagnosis with a cause gives. `url` is the diagnosis' own, its query's values taken out.
    #[must_use]
    pub fn of(diagnosis: &Diagnosis, url: String, request_id: &str) -> Option<Self> {
        Some(Self {
            method: diagnosis.request.method.clone(),
            url,
            cause: diagnosis.cause?,
            confidence: diagnosis.confidence.to_string(),
            evidence: diagnosis.evidence.iter().take(3).cloned().collect(),
            remedy: diagnosis.remedy.clone(),
            instead: diagnosis.suggestions.first().map(|best| format!("{} {}", best.method, best.url)),
            status: diagnosis.response.as_ref().map(|response| response.status),
            request_id: request_id.to_owned(),
        })
    }

    /// Whose problem it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.cause.about().verdict
    }
}

/// One subject in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// What was asked for.
    pub subject: SubjectId,
    /// What was learnt.
    pub health: Health,
    /// Whether a failure was seen again on a fresh connection.
    pub confirmed: bool,
    /// The host of the door that failed.
    pub host: Option<String>,
    /// The user's reason for not being told of it.
    pub ignored: Option<String>,
    /// Of a failing one, how it fails.
    pub example: Option<Example>,
}

/// A stage that was read in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageSeen {
    /// The API's id.
    pub api: String,
    /// The API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The deployment that it serves; `None`: it has none.
    pub deployment: Option<String>,
    /// When that was made, in Unix seconds, where AWS told.
    pub deployed_at: Option<i64>,
    /// What changed since the baseline; `None` where there is no baseline or nothing changed.
    pub change: Option<Change>,
}

/// What is being watched: what the first message and the digest tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watched {
    /// How many APIs.
    pub apis: usize,
    /// How many stages.
    pub stages: usize,
    /// Methods of stages that are deployed.
    pub deployed: usize,
    /// Of them, asked.
    pub probed: usize,
    /// Of those, seen routed.
    pub routed: usize,
    /// Of those, seen healthy.
    pub healthy: usize,
    /// Those that were asked, by the provenance's id.
    pub by_provenance: BTreeMap<String, usize>,
    /// Those that were not, by the reason's id.
    pub skipped: BTreeMap<String, usize>,
    /// Requests of the contract.
    pub contract: usize,
    /// What could not be read or reached.
    pub gaps: usize,
}

/// Everything that a run saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The run's own id: claims bear it.
    pub run: String,
    /// When it began, in Unix seconds.
    pub started_at: i64,
    /// The region.
    pub region: String,
    /// Every subject that was asked, or would have been; one entry for each. What is left out on purpose is not among them.
    pub sights: Vec<Sight>,
    /// Every stage that was read.
    pub stages: Vec<StageSeen>,
    /// The ids of APIs of which something could not be read: what is missing of them is not gone.
    pub unread: BTreeSet<String>,
    /// Custom domains that could not be read and through which nothing was asked: what fails there did not recover.
    pub unread_domains: BTreeSet<String>,
    /// Whether the run ended before everything was asked. What fails goes first: of what was asked it is more than of all.
    pub cut_short: bool,
    /// Whether some of the contract could not be asked, so that a line of it that is missing is not gone.
    pub contract_unread: bool,
    /// Whether the list of APIs itself is not whole (or the run was told to look at a part): nothing that is missing is gone.
    pub partial: bool,
    /// What is being watched.
    pub watched: Watched,
}
