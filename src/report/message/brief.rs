//! The shortest ways to say it: the subject of an e-mail, and what a telephone shows.

use super::names::{self, count};
use super::when::{clock, short_span};
use super::{Context, is_worse_only};
use crate::gateway::Change;
use crate::remember::{Ended, Incident, Scope, Severity, Transition, Watched};
use crate::report::alert::LONGEST_SUBJECT;

/// One SMS has 160 characters of GSM 03.38, of which braces and brackets are two each.
const LONGEST_SMS: usize = 140;

/// The most characters of what others named, where it is not what the message is about.
const LONGEST_ID: usize = 20;

/// A line whose middle gives way where it is too long.
struct Line {
    lead: String,
    title: String,
    tail: String,
}

impl Line {
    fn new(lead: impl Into<String>, title: &str, tail: impl Into<String>) -> Self {
        Self { lead: lead.into(), title: ascii(title), tail: tail.into() }
    }

    fn fit(mut self, most: usize) -> String {
        const CUT: &str = "..";
        let room = most.saturating_sub(self.lead.len() + self.tail.len());
        if self.title.len() > room {
            self.title.truncate(room.saturating_sub(CUT.len()));
            self.title.truncate(self.title.trim_end().len());
            self.title.push_str(CUT);
        }
        let mut line = format!("{}{}{}", self.lead, self.title, self.tail);
        line.truncate(most);
        line
    }
}

/// What every mail server and telephone takes. A backtick is none of GSM's characters.
fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        ' '..='~' if c != '`' => c,
        '`' => '\'',
        _ if c.is_whitespace() => ' ',
        _ => '?',
    };
    text.chars().map(plain).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn id(text: Option<&str>) -> String {
    let mut text = ascii(text.unwrap_or("none"));
    text.truncate(LONGEST_ID);
    text
}

fn loud(severity: Severity) -> String {
    severity.to_string().to_uppercase()
}

/// The subject: fewer than 100 ASCII characters.
pub(super) fn subject(transition: &Transition, about: &Context) -> String {
    subject_line(transition, about).fit(LONGEST_SUBJECT)
}

fn subject_line(transition: &Transition, about: &Context) -> Line {
    match transition {
        Transition::Opened(incident) => {
            let flapping = if incident.flapping { ", flapping" } else { "" };
            let lead = format!("Gateprobe {}{flapping}: ", loud(incident.severity));
            Line::new(lead, &names::title(incident), failing(incident, ""))
        }
        Transition::Grew(incident, before) => {
            let lead = format!("Gateprobe {}: ", loud(incident.severity));
            let tail = if is_worse_only(incident, *before) {
                format!(" got worse, now {} [{}]", incident.cause, incident.name())
            } else {
                let now = count(incident.members.len(), "route");
                format!(": grew from {before} to {now}, {} [{}]", incident.cause, incident.name())
            };
            Line::new(lead, &names::title(incident), tail)
        }
        Transition::Reminder(incident) => {
            let lead = format!("Gateprobe still {}: ", loud(incident.severity));
            let lasts = format!(" for {}", short_span(about.now.saturating_sub(incident.since)));
            Line::new(lead, &names::title(incident), failing(incident, &lasts))
        }
        Transition::Resolved(incident, ended) => {
            let tail = format!("{} [{}]", resolved(incident, *ended, about), incident.name());
            Line::new("Gateprobe RESOLVED: ", &names::title(incident), tail)
        }
        Transition::Deployment(seen) => {
            let change = seen.change.clone().unwrap_or_default();
            let tail = format!(": deployment {}, {}", id(seen.deployment.as_deref()), changes(&change));
            Line::new("Gateprobe notice: ", &names::stage(seen), tail)
        }
        Transition::Window { name, held_back, .. } => {
            let tail = format!(" is over: {}", held(held_back.len()));
            Line::new("Gateprobe notice: window ", name, tail)
        }
        Transition::Watching(watched) => Line::new("Gateprobe is watching: ", &watching(watched, about), ""),
        Transition::Digest { now, open, .. } => {
            let lead = format!("Gateprobe this week: {}, ", open_ones(open.len()));
            Line::new(lead, &watching(now, about), "")
        }
    }
}

/// What a telephone shows: at most 140 ASCII characters.
pub(super) fn sms(transition: &Transition, about: &Context) -> String {
    let tail = |incident: &Incident, routes: String| {
        let since = clock(incident.since, about.now);
        format!(": {routes}{}, since {since} {}", incident.cause, incident.name())
    };
    // One route is its own name.
    let routes = |incident: &Incident| match incident.scope {
        Scope::One { .. } => String::new(),
        _ => format!("{}, ", count(incident.failing().count(), "route")),
    };
    let line = match transition {
        Transition::Opened(incident) => {
            let flapping = if incident.flapping { ", flapping" } else { "" };
            let lead = format!("Gateprobe {}{flapping}: ", loud(incident.severity));
            Line::new(lead, &names::short(incident), tail(incident, routes(incident)))
        }
        Transition::Grew(incident, before) => {
            let lead = format!("Gateprobe {}: ", loud(incident.severity));
            let grown = if is_worse_only(incident, *before) {
                format!("worse, {}", routes(incident))
            } else {
                format!("{before} -> {}, ", count(incident.members.len(), "route"))
            };
            Line::new(lead, &names::short(incident), tail(incident, grown))
        }
        Transition::Reminder(incident) => {
            let lead = format!("Gateprobe still {}: ", loud(incident.severity));
            Line::new(lead, &names::short(incident), tail(incident, routes(incident)))
        }
        Transition::Resolved(incident, ended) => {
            let tail = format!("{} {}", resolved(incident, *ended, about), incident.name());
            Line::new("Gateprobe RESOLVED: ", &names::short(incident), tail)
        }
        Transition::Deployment(_) | Transition::Window { .. } | Transition::Watching(_) | Transition::Digest { .. } => {
            subject_line(transition, about)
        }
    };
    line.fit(LONGEST_SMS)
}

fn failing(incident: &Incident, lasts: &str) -> String {
    let fail = match (&incident.scope, incident.failing().count()) {
        (Scope::One { .. }, _) => " fails".to_owned(),
        (_, 1) => ": 1 route fails".to_owned(),
        (_, more) => format!(": {more} routes fail"),
    };
    format!("{fail}{lasts}, {} [{}]", incident.cause, incident.name())
}

fn resolved(incident: &Incident, ended: Ended, about: &Context) -> String {
    let lasted = short_span(about.now.saturating_sub(incident.since));
    match (ended, incident.members.len()) {
        (Ended::Healthy, 1) => format!(" answers again after {lasted}"),
        (Ended::Healthy, more) => format!(": {more} routes answer again after {lasted}"),
        (Ended::Gone, _) => format!(": gone after {lasted}"),
        (Ended::Accepted, more) => format!(": {} removed for good", count(more, "route")),
    }
}

/// `2 methods removed, 1 changed, 3 added`.
pub(super) fn changes(change: &Change) -> String {
    let counts = [("removed", &change.removed), ("changed", &change.changed), ("added", &change.added)];
    let mut told: Vec<String> = counts
        .iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(what, list)| format!("{} {what}", list.len()))
        .collect();
    let Some(first) = told.first_mut() else { return "the same methods".to_owned() };
    if let Some((number, what)) = first.split_once(' ') {
        *first = format!("{number} {} {what}", if number == "1" { "method" } else { "methods" });
    }
    told.join(", ")
}

fn held(number: usize) -> String {
    if number == 0 { "nothing held back".to_owned() } else { format!("{} held back", count(number, "incident")) }
}

fn open_ones(number: usize) -> String {
    if number == 0 { "no incident open".to_owned() } else { format!("{} open", count(number, "incident")) }
}

fn watching(watched: &Watched, about: &Context) -> String {
    let place = if about.region.trim().is_empty() { String::new() } else { format!(" in {}", id(Some(&about.region))) };
    format!(
        "{}, {}, {}{place}",
        count(watched.apis, "API"),
        count(watched.stages, "stage"),
        count(watched.deployed, "method")
    )
}
