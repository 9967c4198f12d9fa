//! Short histories as text: a column a subject, a line a run, and after `=>` what is told.
//!
//! Columns: `/orders` is `GET /orders` of the API `a1`, stage `prod`; `dev:/orders` of another stage; `b1/prod:/x` of another API;
//! `=https://old.example.com/x` a line of the contract that leads to no stage, `=prod=https://…` one that leads to `a1`'s stage.
//!
//! Cells: `.` good, `?` unknown, `-` not there, `!` fails with `path-unknown`. After `!` may stand `m` method-mismatch,
//! `b` backend-status, `r` removed, `t` network-timeout of the default endpoint, `d` network-timeout of `api.example.com`,
//! `u` domain-unmapped of it; then `*`: confirmed, `#`: ignored.
//!
//! After `;` words on the run: `d2` (the deployment of `a1`'s stage `prod`, with a changed method), `+3600` (seconds since the run
//! before, else 300), `partial`, `unread` (of `a1`), `no-domain` (`api.example.com` could not be read), `no-contract`,
//! `cut` (it ended before everything was asked), `late` (began before the run before was written down), `window` (one is open
//! over `a1`'s stage `prod`), `ack3600`, `-dev` (the stage is gone).

mod figures;
mod held_back;
mod incidents;
mod notices;
mod outcomes;
mod property;

use super::decide::decide_with;
use super::*;
use crate::config::{Alerts, OpenWindow, Window};
use crate::diagnose::Cause;
use crate::gateway::{Change, Verb};

const HOST: &str = "api.example.com";
const START: i64 = 1_800_000_000;

pub(super) struct Past {
    pub ledger: Ledger,
    pub alerts: Alerts,
    pub now: i64,
    pub runs: u32,
    deployment: String,
    stages: Vec<(&'static str, &'static str)>,
    /// The ledger that the last decision began with.
    pub before: Ledger,
    pub last: Option<Decision>,
    pub seen: Seen,
    pub in_window: bool,
}

impl Past {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(set: impl FnOnce(&mut Alerts)) -> Self {
        let window = Window::new("night", "rate(1 day)", 60);
        let mut alerts = Alerts { deployment_grace: 0, remind_after: 0, windows: vec![window], ..Alerts::default() };
        set(&mut alerts);
        let ledger = Ledger { greeted_at: Some(START), digest_at: Some(START), ..Ledger::default() };
        let stages = vec![("a1", "prod"), ("a1", "dev"), ("b1", "prod")];
        let (now, deployment) = (START, "d1".to_owned());
        let seen = Seen::default();
        let before = Ledger::default();
        Self { ledger, before, alerts, now, runs: 0, deployment, stages, last: None, seen, in_window: false }
    }

    /// Lives through a history, and holds what was told against what it says.
    pub fn live(&mut self, history: &str) -> &mut Self {
        let mut lines = history.lines().map(str::trim).filter(|line| !line.is_empty());
        let subjects: Vec<SubjectId> = lines.next().unwrap().split_whitespace().map(subject).collect();
        for line in lines {
            let (run, told) = line.split_once("=>").unwrap_or((line, ""));
            let (cells, words) = run.split_once(';').unwrap_or((run, ""));
            let cells: Vec<&str> = cells.split_whitespace().collect();
            assert_eq!(cells.len(), subjects.len(), "{line}");
            let ids = self.run(&subjects, &cells, words);
            assert_eq!(ids.join(" "), told.trim(), "in run {} of this history, `{line}`:{history}", self.runs);
        }
        self
    }

    pub fn run(&mut self, subjects: &[SubjectId], cells: &[&str], words: &str) -> Vec<String> {
        self.runs += 1;
        let (mut step, mut change) = (300, None);
        let mut seen = Seen { run: format!("run-{}", self.runs), region: "eu-west-1".to_owned(), ..Seen::default() };
        let before = self.now;
        self.in_window = false;
        for word in words.split_whitespace() {
            match word.split_at(1) {
                _ if word == "partial" => seen.partial = true,
                _ if word == "no-domain" => seen.unread_domains = [HOST.to_owned()].into(),
                _ if word == "cut" => seen.cut_short = true,
                _ if word == "no-contract" => seen.contract_unread = true,
                _ if word == "unread" => seen.unread = ["a1".to_owned()].into(),
                _ if word == "late" => step = 5,
                _ if word == "window" => self.in_window = true,
                ("a", ack) => {
                    let until = before + ack.trim_start_matches("ck").parse::<i64>().unwrap();
                    self.ledger.incidents.iter_mut().for_each(|incident| incident.acknowledged_until = Some(until));
                }
                ("-", gone) => self.stages.retain(|(api, stage)| (*api, *stage) != ("a1", gone)),
                ("+", seconds) => step = seconds.parse().unwrap(),
                _ => {
                    let added = vec!["GET /new".to_owned()];
                    let (before, after) = (Some(self.deployment.clone()), Some(word.to_owned()));
                    change = Some(Change { before, after, added, ..Change::default() });
                    self.deployment = word.to_owned();
                }
            }
        }
        self.now += step;
        seen.started_at = if step == 5 { before - 1 } else { self.now - 10 };
        seen.sights = subjects.iter().zip(cells).filter_map(|(subject, cell)| sight(subject, cell)).collect();
        let stage = |&(api, stage): &(&str, &str)| {
            let is_it = (api, stage) == ("a1", "prod");
            StageSeen {
                api: api.to_owned(),
                api_name: if api == "a1" { "orders" } else { "other" }.to_owned(),
                stage: stage.to_owned(),
                deployment: Some(if is_it { self.deployment.clone() } else { "x1".to_owned() }),
                deployed_at: None,
                change: change.clone().filter(|_| is_it),
            }
        };
        seen.stages = self.stages.iter().map(stage).collect();
        self.seen = seen;
        self.decide()
    }

    /// Decides on the last sights once more.
    pub fn decide(&mut self) -> Vec<String> {
        let (began, open) = (self.now - self.now % 3600, self.in_window);
        let windows = |api: &str, _: &str, stage: &str, _: i64| {
            let window = OpenWindow { name: "night".to_owned(), began_at: began, ends_at: began + 1 };
            (open && api == "a1" && stage == "prod").then_some(window)
        };
        self.before = self.ledger.clone();
        let decision = decide_with(self.ledger.clone(), &self.seen, &self.alerts, &windows, self.now);
        self.ledger = decision.ledger.clone();
        let ids = decision.transitions.iter().map(|(id, _)| id.clone()).collect();
        self.last = Some(decision);
        ids
    }

    pub fn incident(&self, number: u64) -> &Incident {
        self.ledger.incidents.iter().find(|incident| incident.number == number).unwrap()
    }

    pub fn told(&self) -> &[(String, Transition)] {
        &self.last.as_ref().unwrap().transitions
    }
}

pub(super) fn subject(text: &str) -> SubjectId {
    let (verb, a1) = ("GET".to_owned(), "a1".to_owned());
    if let Some(line) = text.strip_prefix('=') {
        return match line.split_once('=') {
            Some((stage, url)) => {
                SubjectId::Contract { verb, url: url.to_owned(), stage: Some((a1, stage.to_owned())) }
            }
            None => SubjectId::Contract { verb, url: line.to_owned(), stage: None },
        };
    }
    let (place, resource) = text.split_once(':').unwrap_or(("prod", text));
    let (api, stage) = place.split_once('/').unwrap_or(("a1", place));
    SubjectId::Method { api: api.to_owned(), stage: stage.to_owned(), resource: resource.to_owned(), verb: Verb::Get }
}

pub(super) fn sight(subject: &SubjectId, cell: &str) -> Option<Sight> {
    let health = match cell.get(..1)? {
        "." => Health::Good,
        "?" => Health::Unknown,
        "!" => Health::Bad,
        "-" => return None,
        other => panic!("{other}"),
    };
    let endpoint = "a1.execute-api.eu-west-1.amazonaws.com";
    let (cause, host) = match cell.chars().nth(1) {
        Some('m') => (Cause::MethodMismatch, endpoint),
        Some('b') => (Cause::BackendStatus, endpoint),
        Some('r') => (Cause::Removed, endpoint),
        Some('t') => (Cause::NetworkTimeout, endpoint),
        Some('d') => (Cause::NetworkTimeout, HOST),
        Some('u') => (Cause::DomainUnmapped, HOST),
        _ => (Cause::PathUnknown, endpoint),
    };
    let (url, host) = match subject {
        SubjectId::Method { resource, stage, .. } => (format!("https://{host}/{stage}{resource}"), host.to_owned()),
        SubjectId::Contract { url, .. } => {
            let host = url::Url::parse(url).unwrap().host_str().unwrap().to_owned();
            (url.clone(), host)
        }
    };
    let example = Example {
        method: "GET".to_owned(),
        url,
        cause,
        confidence: "certain".to_owned(),
        evidence: vec!["it was seen".to_owned()],
        remedy: cause.about().remedy.to_owned(),
        instead: None,
        status: Some(403),
        request_id: "r1".to_owned(),
    };
    let bad = health == Health::Bad;
    Some(Sight {
        subject: subject.clone(),
        health,
        confirmed: cell.contains('*'),
        host: bad.then_some(host),
        ignored: cell.contains('#').then(|| "known".to_owned()),
        example: bad.then_some(example),
    })
}
