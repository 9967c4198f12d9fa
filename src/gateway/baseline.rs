//! What was seen before: the memory without which a door that was taken away cannot be told from one that never was.

use serde::{Deserialize, Serialize};

use super::Tree;

/// What the monitor itself saw each stage serve before now. Empty on a first run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// In any order; a stage may stand here with several deployments.
    #[serde(default)]
    pub stages: Vec<Seen>,
}

/// One deployment that a stage was seen to serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The API's id.
    pub api: String,
    /// The stage's name.
    pub stage: String,
    /// The deployment's id.
    pub deployment: String,
    /// When the stage was last seen to serve it, in Unix seconds.
    pub seen_at: i64,
    /// What it held.
    pub tree: Tree,
}
