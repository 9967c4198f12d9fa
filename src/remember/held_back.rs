//! Holding back: what is not told in a maintenance window, after a deployment, or by the user's wish; it is watched all the
//! same.
//!
//! - An incident is held back while every failing member is. It is opened all the same, and told when that ends, if it is
//!   still failing then. One that is over before anybody was told is told only as a line of the window's summary.
//! - The end of an incident that people know of waits only for a window: the incident stays open, and good, until then.
//! - Growth of an incident that people know of becomes a line of the window's summary. That it doubled or became worse is
//!   told afterwards as well, if it still is so.

use std::collections::{BTreeMap, HashMap};

use super::incidents::seconds;
use super::run::Run;
use super::{HeldBack, Incident, Ledger, SubjectId, Transition};
use crate::config::OpenWindow;

/// What holds something back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    Window(OpenWindow),
    Grace,
    Ignored(String),
}

impl Hold {
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Window(window) => format!("maintenance window {}", window.name),
            Self::Grace => "the time of grace after a deployment".to_owned(),
            Self::Ignored(reason) => format!("ignored: {reason}"),
        }
    }
}

/// Answers what is held back, asking for each stage's window once.
pub(super) struct Holds<'r, 'a> {
    run: &'r Run<'a>,
    /// Until when each stage's deployment is young.
    young_until: HashMap<(String, String), i64>,
    windows: HashMap<(String, String), Option<OpenWindow>>,
}

impl<'r, 'a> Holds<'r, 'a> {
    pub(super) fn new(ledger: &Ledger, run: &'r Run<'a>) -> Self {
        let grace = seconds(run.alerts.deployment_grace);
        let mut young_until = HashMap::new();
        for (key, mark) in &ledger.stages {
            let Some((api, stage)) = key.split_once('/') else { continue };
            let made = run.stages.get(&(api, stage)).and_then(|stage| stage.deployed_at).map(|at| at.min(run.now));
            if let Some(at) = mark.changed_at.max(made) {
                young_until.insert((api.to_owned(), stage.to_owned()), at.saturating_add(grace));
            }
        }
        Self { run, young_until, windows: HashMap::new() }
    }

    /// The window over a stage, if one is open.
    pub(super) fn window(&mut self, api: &str, stage: &str) -> Option<OpenWindow> {
        let run = self.run;
        let key = (api.to_owned(), stage.to_owned());
        let name = if api.is_empty() { "" } else { run.name(api) };
        self.windows.entry(key).or_insert_with(|| (run.windows)(api, name, stage, run.now)).clone()
    }

    fn of(&mut self, subject: &SubjectId) -> Option<Hold> {
        let (api, stage) = subject.stage().unwrap_or_default();
        if let Some(window) = self.window(api, stage) {
            return Some(Hold::Window(window));
        }
        if let Some(reason) = self.run.sights.get(subject).and_then(|sight| sight.ignored.as_ref()) {
            return Some(Hold::Ignored(reason.clone()));
        }
        let until = self.young_until.get(&(api.to_owned(), stage.to_owned()))?;
        (self.run.now < *until).then_some(Hold::Grace)
    }

    /// What holds a failing incident back; `None` where some of it may be told.
    pub(super) fn over(&mut self, incident: &Incident) -> Option<Hold> {
        let mut first = None;
        for member in incident.failing() {
            let hold = self.of(&member.subject)?;
            if first.is_none() || !matches!(first, Some(Hold::Window(_))) && matches!(hold, Hold::Window(_)) {
                first = Some(hold);
            }
        }
        first
    }

    /// The window that holds back that an incident is over.
    pub(super) fn window_over(&mut self, incident: &Incident) -> Option<OpenWindow> {
        let mut first = None;
        for member in &incident.members {
            let (api, stage) = member.subject.stage().unwrap_or_default();
            let window = self.window(api, stage)?;
            first = first.or(Some(window));
        }
        first
    }

    /// Whether a window of this name is open over any stage that is known.
    fn is_open(&mut self, name: &str, ledger: &Ledger) -> bool {
        let known = ledger.stages.keys().filter_map(|key| key.split_once('/'));
        known.chain([("", "")]).any(|(api, stage)| self.window(api, stage).is_some_and(|window| window.name == name))
    }
}

/// Notes a line of the window's summary; of what is noted already the line is brought up to date.
pub(super) fn note(ledger: &mut Ledger, window: &OpenWindow, number: u64, line: String) {
    if let Some(noted) = ledger.held_back.values_mut().find_map(|held| held.opened.get_mut(&number)) {
        *noted = line;
        return;
    }
    let held = ledger
        .held_back
        .entry(window.name.clone())
        .or_insert_with(|| HeldBack { began_at: window.began_at, ..HeldBack::default() });
    held.ends_at = held.ends_at.max(window.ends_at);
    held.opened.insert(number, line);
}

/// Notes that an incident that nobody was told of is over.
pub(super) fn note_over(ledger: &mut Ledger, number: u64) {
    for held in ledger.held_back.values_mut() {
        if held.opened.contains_key(&number) && !held.resolved.contains(&number) {
            held.resolved.push(number);
        }
    }
}

/// Sums up the windows that are over.
pub(super) fn sum_up(ledger: &mut Ledger, holds: &mut Holds<'_, '_>) -> Vec<Transition> {
    let now = holds.run.now;
    let configured = |name: &str| holds.run.alerts.windows.iter().any(|window| window.name == name);
    let ended = ledger.held_back.iter().filter(|(name, held)| held.ends_at <= now || !configured(name));
    let ended: Vec<String> = ended.map(|(name, _)| name.clone()).collect();
    let mut told = Vec::new();
    for name in ended {
        // It may have begun anew at once: then it is still a window in which nothing is told.
        if holds.is_open(&name, ledger) {
            continue;
        }
        let Some(held) = ledger.held_back.remove(&name) else { continue };
        let open: BTreeMap<u64, bool> =
            ledger.incidents.iter().map(|incident| (incident.number, incident.failing().next().is_some())).collect();
        let line = |(number, line): (&u64, &String)| match open.get(number) {
            Some(true) => format!("{line}: still failing"),
            Some(false) => format!("{line}: answers again"),
            None if held.resolved.contains(number) => format!("{line}: over"),
            None => line.clone(),
        };
        let held_back: Vec<String> = held.opened.iter().map(line).collect();
        if !held_back.is_empty() {
            told.push(Transition::Window { name, began_at: held.began_at, ended_at: held.ends_at.min(now), held_back });
        }
    }
    told
}
