//! The widget's first page: is everything reachable, what is not and why, and can the monitor be believed.

use std::cmp::Reverse;

use maud::{Markup, html};

use super::{About, Action, address, button, failing, words};
use crate::remember::{Incident, LastRun, Ledger, Scope, Severity, SubjectId, Watched};
use crate::report::message::main_example;
use crate::report::message::names::{self, count};
use crate::report::message::when::{moment, span};

/// So many incidents are told in full: a widget has the height of a few. The others have a line each.
const IN_FULL: usize = 5;

/// So many windows are named; there are few.
const MOST_WINDOWS: usize = 5;

pub(super) fn page(ledger: &Ledger, stale_after: u32, about: &About, shown: usize) -> Markup {
    let Some(last) = &ledger.last_run else {
        return html! {
            div.gp-head { b { "No run yet" } }
            div { "No run was written down so far. The first one comes with the schedule; look at the function's log if it does not." }
        };
    };
    let age = about.now.saturating_sub(last.ended_at).max(0);
    let is_stale = age > i64::from(stale_after);
    let mut open: Vec<&Incident> = ledger.incidents.iter().collect();
    open.sort_by_key(|incident| {
        let acknowledged = incident.acknowledged_until.is_some_and(|until| until > about.now);
        (acknowledged, Reverse(incident.severity), incident.since)
    });
    html! {
        (head(ledger, &open, is_stale))
        @if is_stale {
            div.gp-notice {
                b { "No run for " (span(age)) ". " }
                "What is shown here is as old as that. Look at the function's errors, its throttles and its schedule."
            }
        }
        (health(ledger, last, age, about))
        @for incident in open.iter().take(shown.min(IN_FULL)) { (card(incident, about)) }
        @if shown.min(open.len()) > IN_FULL {
            ul.gp-list { @for incident in open.iter().take(shown).skip(IN_FULL) { (row(incident, about)) } }
        }
        @if open.len() > shown {
            div { b { (more(open.len() - shown, shown)) } " `gateprobe status` names them all." }
        }
    }
}

fn more(left: usize, shown: usize) -> String {
    let what = count(left, "incident");
    let (verb, other) = if left == 1 { ("is", "") } else { ("are", "") };
    if shown == 0 {
        format!("{what}{other} {verb} not shown here.")
    } else {
        format!("{what} more {verb} not shown here.")
    }
}

/// One line that answers the question.
fn head(ledger: &Ledger, open: &[&Incident], is_stale: bool) -> Markup {
    let watched = ledger.of_all().map(|last| &last.watched);
    let (mark, class, line) = match (open.len(), is_stale) {
        (0, true) => ("?", "gp-warning", "Not known".to_owned()),
        (0, false) if watched.is_some_and(is_all_reached) && troubled(ledger) == 0 => {
            ("\u{2713}", "gp-good", "Everything is reachable".to_owned())
        }
        (0, false) => ("\u{2713}", "gp-good", "No incident is open".to_owned()),
        (number, _) => {
            let worst = open.iter().map(|incident| incident.severity).max();
            let class = if worst == Some(Severity::Critical) { "gp-critical" } else { "gp-warning" };
            let verb = if number == 1 { "is" } else { "are" };
            ("\u{2715}", class, format!("{} {verb} open", count(number, "incident")))
        }
    };
    let routes: usize = open.iter().map(|incident| incident.failing().count()).sum();
    html! {
        div.gp-head {
            span class=(class) aria-hidden="true" { (mark) }
            b class=(class) { (line) }
            @if routes > 0 { span { (count(routes, "route")) @if routes == 1 { " fails" } @else { " fail" } } }
        }
    }
}

/// How many failed when they were last asked, and belong to no incident.
fn troubled(ledger: &Ledger) -> usize {
    ledger.troubles.values().filter(|trouble| trouble.runs & 1 == 1).count()
}

/// Whether all that is deployed was asked and seen routed, and nothing was left unread.
fn is_all_reached(watched: &Watched) -> bool {
    watched.deployed > 0 && watched.routed >= watched.deployed && watched.gaps == 0
}

/// What the badge says.
fn badge(severity: Severity) -> (&'static str, String) {
    let class = match severity {
        Severity::Critical => "gp-critical",
        Severity::Warning => "gp-warning",
        Severity::Info => "gp-info",
    };
    (class, severity.to_string())
}

/// The line that names an incident.
pub(super) fn title(incident: &Incident) -> Markup {
    let (class, word) = badge(incident.severity);
    html! {
        div.gp-title {
            span.gp-word.(class) { (word) }
            b { (names::title(incident)) }
            span.gp-quiet { (incident.name()) }
        }
    }
}

/// Since when, how many, and what keeps people from being told.
pub(super) fn standing(incident: &Incident, about: &About) -> Markup {
    let lasts = span(about.now.saturating_sub(incident.since));
    let again = incident.members.iter().filter(|member| !member.failing).count();
    html! {
        div {
            @if is_one(incident) { "Fails" } @else { (failing(incident)) }
            " for " (lasts) ", since " (moment(incident.since))
            @if again > 0 { "; " (again) @if again == 1 { " answers again" } @else { " answer again" } }
            "."
            @if incident.flapping { " Flapping: opened " (incident.times) " times." }
            @if let Some(until) = incident.acknowledged_until.filter(|until| *until > about.now) {
                " Acknowledged until " (moment(until)) "."
            }
            @if let Some(by) = incident.held_by.as_ref().filter(|_| incident.told_at.is_none()) {
                " Not told yet, held back by " (words(by)) "."
            }
        }
    }
}

/// Whether its title is all that fails.
fn is_one(incident: &Incident) -> bool {
    matches!(incident.scope, Scope::One { .. }) && incident.failing().count() == 1
}

/// The cause and what it means.
pub(super) fn cause(incident: &Incident) -> Markup {
    html! { div { span.gp-label { "Why " } code { (incident.cause.id()) } " " (incident.cause.about().means) } }
}

/// What to do.
pub(super) fn fix(incident: &Incident) -> Markup {
    let remedy = main_example(incident)
        .map_or_else(|| incident.cause.about().remedy.to_owned(), |example| words(&example.remedy));
    html! { div { span.gp-label { "Fix " } (remedy) } }
}

/// An incident in a line.
fn row(incident: &Incident, about: &About) -> Markup {
    let (class, word) = badge(incident.severity);
    html! {
        li {
            span.gp-word.gp-short.(class) { (word) }
            span.gp-long {
                (names::title(incident)) " "
                span.gp-quiet {
                    (incident.name()) ", for " (span(about.now.saturating_sub(incident.since)))
                    @if incident.acknowledged_until.is_some_and(|until| until > about.now) { ", acknowledged" }
                }
                br;
                code { (incident.cause.id()) }
            }
            span { (button("Details", Action::Incident(incident.number), about)) }
        }
    }
}

fn card(incident: &Incident, about: &About) -> Markup {
    const EXAMPLES: usize = 2;
    let evidence = main_example(incident).map(|example| &example.evidence[..]).unwrap_or_default();
    let (class, _) = badge(incident.severity);
    // A request of the contract is called by its URL.
    let says_its_url = matches!(&incident.scope, Scope::One { subject: SubjectId::Contract { .. } });
    html! {
        div.gp-card.(class) {
            (title(incident))
            (standing(incident, about))
            (cause(incident))
            @if !evidence.is_empty() {
                ul { @for line in evidence.iter().take(2) { li { (words(line)) } } }
            }
            (fix(incident))
            @for example in incident.examples.iter().take(if says_its_url { 0 } else { EXAMPLES }) {
                div {
                    code { (words(&example.method)) " " (address(&example.url)) }
                    span.gp-quiet { " " (answered(example.status)) }
                }
            }
            @if let Some(after) = &incident.after { div.gp-quiet { "Just before: " (words(after)) } }
            div.gp-act { (button("Details", Action::Incident(incident.number), about)) }
        }
    }
}

/// `answered 403`, or that nothing did.
pub(super) fn answered(status: Option<u16>) -> String {
    status.map_or_else(|| "no answer".to_owned(), |status| format!("answered {status}"))
}

/// How much is watched, and how the monitor is.
fn health(ledger: &Ledger, last: &LastRun, age: i64, about: &About) -> Markup {
    let troubled = troubled(ledger);
    html! {
        div.gp-health {
            @if let Some(whole) = ledger.of_all() { div { (coverage(&whole.watched)) } }
            @if troubled > 0 {
                div { (count(troubled, "route")) " failed lately and opened no incident yet." }
            }
            div.gp-quiet {
                "Last run " (span(age)) " ago (" (moment(last.ended_at)) ")"
                @if let Some(whole) = ledger.last_whole.as_ref().filter(|whole| whole.run != last.run) {
                    ", of one API after a deployment; all of them " (span(about.now.saturating_sub(whole.ended_at))) " ago"
                }
                "."
            }
            @if !ledger.outbox.is_empty() {
                @let oldest = ledger.outbox.iter().map(|entry| entry.made_at).min().unwrap_or(about.now);
                div {
                    b { (ledger.outbox.len()) @if ledger.outbox.len() == 1 { " message waits" } @else { " messages wait" } " to be sent" }
                    ", the oldest for " (span(about.now.saturating_sub(oldest))) "."
                }
            }
            @if ledger.dropped > 0 {
                div { (count(usize::try_from(ledger.dropped).unwrap_or(usize::MAX), "message")) " had to be dropped, ever." }
            }
            @for (name, held) in ledger.held_back.iter().take(MOST_WINDOWS) {
                div { "Window " (words(name)) " holds back " (count(held.opened.len(), "incident")) " until " (moment(held.ends_at)) "." }
            }
            div.gp-act { (button("What happened lately", Action::History, about)) }
        }
    }
}

/// `17 of 18 methods of 3 stages asked, 17 routed, 16 healthy; 1 skipped (no-example 1).`
fn coverage(watched: &Watched) -> Markup {
    let skipped: usize = watched.skipped.values().sum();
    let reasons: Vec<String> =
        watched.skipped.iter().map(|(reason, count)| format!("{} {count}", words(reason))).collect();
    html! {
        span.gp-label { "Coverage " }
        (watched.probed) " of " (count(watched.deployed, "method")) " of " (count(watched.stages, "stage")) " asked, "
        (watched.routed) " routed, " (watched.healthy) " healthy"
        @if skipped > 0 { "; " (skipped) " skipped (" (reasons.join(", ")) ")" }
        @if watched.contract > 0 { "; " (count(watched.contract, "request")) " of the contract" }
        @if watched.gaps > 0 { "; " b { (count(watched.gaps, "gap")) } ": things that could not be read or reached" }
        "."
    }
}
