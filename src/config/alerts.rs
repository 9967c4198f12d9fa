//! When to tell people: how often a door must fail, when to remind, and when to keep quiet.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::duration::{parse_duration, seconds};
use super::node::Step;
use super::pattern::NameGlob;
use super::schedule::Schedule;

/// When and how to tell. All durations are in seconds here; the config writes them as `15m`, `2h`, `1d`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "AlertsKeys")]
#[schemars(with = "AlertsKeys")]
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

/// The keys of [`Alerts`] as they are written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlertsKeys {
    /// An incident opens after so many failing runs of the last so many, as `2 of 3`. A number alone: so many in a row.
    #[serde(deserialize_with = "runs")]
    #[schemars(with = "super::schema::Runs")]
    failing: (u32, u32),
    /// An incident is resolved after so many healthy runs in a row.
    healthy: u32,
    /// The first reminder of an open incident, as `1h`; each later one after twice the time. 0: no reminders.
    #[serde(deserialize_with = "seconds")]
    #[schemars(with = "super::schema::Duration")]
    remind_after: u64,
    /// The longest time between reminders, as `1d`.
    #[serde(deserialize_with = "seconds")]
    #[schemars(with = "super::schema::Duration")]
    remind_at_most: u64,
    /// An incident that opens so many times within so long is told as flapping, as `3 in 6h`.
    #[serde(deserialize_with = "times")]
    #[schemars(with = "super::schema::Times")]
    flapping: (u32, u64),
    /// What fails so soon after a deployment is not told before this is over, as `1m`.
    #[serde(deserialize_with = "seconds")]
    #[schemars(with = "super::schema::Duration")]
    deployment_grace: u64,
    /// How long a method that was taken away is still asked for, as `1d`.
    #[serde(deserialize_with = "seconds")]
    #[schemars(with = "super::schema::Duration")]
    watch_removed: u64,
    /// From this share of a stage's methods failing, in percent, the stage is the incident.
    #[schemars(range(min = 1, max = 100))]
    most_of_a_stage: u8,
    /// What was not accepted is kept so long and then dropped, as `3d`.
    #[serde(deserialize_with = "seconds")]
    #[schemars(with = "super::schema::Duration")]
    outbox_age: u64,
    /// Whether a summary is sent every week.
    weekly_digest: bool,
    /// When not to tell.
    windows: Vec<Window>,
}

impl Default for AlertsKeys {
    fn default() -> Self {
        let Alerts {
            failing,
            of,
            healthy,
            remind_after,
            remind_at_most,
            flapping,
            flapping_within,
            deployment_grace,
            watch_removed,
            most_of_a_stage,
            outbox_age,
            weekly_digest,
            windows,
        } = Alerts::default();
        Self {
            failing: (failing, of),
            healthy,
            remind_after,
            remind_at_most,
            flapping: (flapping, flapping_within),
            deployment_grace,
            watch_removed,
            most_of_a_stage,
            outbox_age,
            weekly_digest,
            windows,
        }
    }
}

impl From<AlertsKeys> for Alerts {
    fn from(keys: AlertsKeys) -> Self {
        Self {
            failing: keys.failing.0,
            of: keys.failing.1,
            healthy: keys.healthy,
            remind_after: keys.remind_after,
            remind_at_most: keys.remind_at_most,
            flapping: keys.flapping.0,
            flapping_within: keys.flapping.1,
            deployment_grace: keys.deployment_grace,
            watch_removed: keys.watch_removed,
            most_of_a_stage: keys.most_of_a_stage,
            outbox_age: keys.outbox_age,
            weekly_digest: keys.weekly_digest,
            windows: keys.windows,
        }
    }
}

/// `2 of 3`, or a number.
fn runs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(u32, u32), D::Error> {
    struct Runs;
    impl Visitor<'_> for Runs {
        type Value = (u32, u32);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("how many failing runs of how many, as 2 of 3")
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<(u32, u32), E> {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            Ok((number, number))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<(u32, u32), E> {
            let two = text.split_once(" of ").and_then(|(failing, of)| Some((whole(failing)?, whole(of)?)));
            two.ok_or_else(|| E::custom("expected how many failing runs of how many, as 2 of 3"))
        }
    }
    deserializer.deserialize_any(Runs)
}

/// `3 in 6h`.
fn times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(u32, u64), D::Error> {
    struct Times;
    impl Visitor<'_> for Times {
        type Value = (u32, u64);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("how many times in how long, as 3 in 6h")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<(u32, u64), E> {
            let two =
                text.split_once(" in ").and_then(|(times, within)| Some((whole(times)?, parse_duration(within).ok()?)));
            two.ok_or_else(|| E::custom("expected how many times in how long, as 3 in 6h"))
        }
    }
    deserializer.deserialize_any(Times)
}

fn whole(text: &str) -> Option<u32> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A maintenance window.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// When it begins: `cron(0 2 ? * SUN *)`, `rate(1 day)` or `at(2026-12-24T22:00:00)`, as EventBridge Scheduler
    /// writes them.
    pub schedule: String,
    /// The time zone of a cron or an at, as `Europe/Berlin`. Without one: UTC.
    #[serde(default)]
    pub timezone: Option<String>,
    /// How long it lasts, as `2h`.
    #[serde(deserialize_with = "seconds")]
    #[schemars(with = "super::schema::Duration")]
    pub duration: u64,
    /// What the texts say, read once; `None` where they cannot be.
    #[serde(skip)]
    compiled: OnceLock<Option<Compiled>>,
}

/// A window's texts, read.
#[derive(Debug, Clone)]
struct Compiled {
    api: Option<NameGlob>,
    stage: Option<NameGlob>,
    schedule: Schedule,
    /// The last time that was asked about, and when the window had begun by then: a run asks of thousands of methods
    /// about one and the same time.
    known: Arc<Mutex<Known>>,
}

/// A time that was asked about, and when the window had begun by then.
type Known = Option<(i64, Option<i64>)>;

impl Compiled {
    fn last(&self, now: i64) -> Option<i64> {
        // A lock that somebody else died with holds a good answer all the same, or none.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((at, began)) if at == now => began,
            _ => {
                let began = self.schedule.last(now);
                *known = Some((now, began));
                began
            }
        }
    }
}

impl PartialEq for Window {
    fn eq(&self, other: &Self) -> bool {
        let texts = |window: &Self| {
            [
                Some(window.name.clone()),
                window.api.clone(),
                window.stage.clone(),
                Some(window.schedule.clone()),
                window.timezone.clone(),
            ]
        };
        self.duration == other.duration && texts(self) == texts(other)
    }
}

impl Eq for Window {}

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

impl Window {
    /// A window for everything, on UTC's clock. `duration` is in seconds.
    #[must_use]
    pub fn new(name: &str, schedule: &str, duration: u64) -> Self {
        Self {
            name: name.to_owned(),
            api: None,
            stage: None,
            schedule: schedule.to_owned(),
            timezone: None,
            duration,
            compiled: OnceLock::new(),
        }
    }

    fn compile(&self) -> Result<Compiled, (&'static str, String)> {
        let glob =
            |key, text: &Option<String>| text.as_deref().map(NameGlob::new).transpose().map_err(|reason| (key, reason));
        Ok(Compiled {
            api: glob("api", &self.api)?,
            stage: glob("stage", &self.stage)?,
            schedule: Schedule::new(&self.schedule, self.timezone.as_deref())?,
            known: Arc::default(),
        })
    }

    /// Whether it is open at this time for this stage. One that cannot be read never is: the parser refuses it.
    fn open(&self, api: &str, api_name: &str, stage: &str, now: i64) -> Option<OpenWindow> {
        let compiled = self.compiled.get_or_init(|| self.compile().ok()).as_ref()?;
        let fits = compiled.api.as_ref().is_none_or(|glob| glob.fits(api) || glob.fits(api_name))
            && compiled.stage.as_ref().is_none_or(|glob| glob.fits(stage));
        if !fits {
            return None;
        }
        let began_at = compiled.last(now)?;
        let ends_at = began_at.saturating_add_unsigned(self.duration);
        (now < ends_at).then(|| OpenWindow { name: self.name.clone(), began_at, ends_at })
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        const LONGEST_NAME: usize = 64;
        if self.name.trim().is_empty() {
            return Err(("name", "the name is empty: expected what messages shall call the window".to_owned()));
        }
        if self.name.chars().count() > LONGEST_NAME || self.name.chars().any(char::is_control) {
            return Err(("name", format!("expected a name of at most {LONGEST_NAME} characters on one line")));
        }
        let compiled = self.compile()?;
        if self.duration == 0 {
            return Err((
                "duration",
                "a window of no length holds nothing back: expected more than 0, as 2h".to_owned(),
            ));
        }
        compiled.schedule.check(self.duration)
    }
}

impl Alerts {
    /// The window that holds back what there is to tell of a stage at the time `now`; of several the one that ends last.
    #[must_use]
    pub fn window(&self, api: &str, api_name: &str, stage: &str, now: i64) -> Option<OpenWindow> {
        let open = self.windows.iter().filter_map(|window| window.open(api, api_name, stage, now));
        open.reduce(|best, other| if other.ends_at > best.ends_at { other } else { best })
    }

    /// The first thing that is wrong, and the steps within `alerts` that lead to it.
    pub(super) fn check(&self) -> Result<(), (Vec<Step>, String)> {
        let wrong = |key: &str, message: &str| Err((vec![Step::from(key)], message.to_owned()));
        if self.failing == 0 || self.failing > self.of || self.of > 32 {
            return wrong("failing", "expected at least 1 failing run, of at least as many and at most 32, as 2 of 3");
        }
        if self.healthy == 0 {
            return wrong(
                "healthy",
                "an incident that no healthy run is wanted for would end at once: expected 1 or more",
            );
        }
        if self.remind_after > self.remind_at_most {
            return wrong("remind_after", "the first reminder comes later than remind_at_most: expected at most that");
        }
        if self.flapping < 2 || self.flapping_within == 0 {
            return wrong(
                "flapping",
                "what opens once does not flap: expected 2 times or more in some time, as 3 in 6h",
            );
        }
        if !(1..=100).contains(&self.most_of_a_stage) {
            return wrong("most_of_a_stage", "expected a share in percent, 1 to 100");
        }
        if self.outbox_age == 0 {
            return wrong("outbox_age", "what is not accepted at once would be lost: expected more than 0, as 3d");
        }
        let mut names = BTreeMap::new();
        for (index, window) in self.windows.iter().enumerate() {
            let at = |key: &str| vec![Step::from("windows"), Step::from(index), Step::from(key)];
            window.check().map_err(|(key, message)| (at(key), message))?;
            if let Some(first) = names.insert(window.name.as_str(), index + 1) {
                return Err((at("name"), format!("the {first}. window has this name already: expected another")));
            }
        }
        Ok(())
    }
}
