//! One incident in full: what a popup shows.

use maud::{Markup, html};

use super::overview::{answered, cause, fix, standing, title};
use super::{About, address, notice, words};
use crate::remember::{Ended, Example, Incident, Ledger};
use crate::report::message::names::{self, count};
use crate::report::message::when::{moment, span};
use crate::report::message::{Context, instead, links};

pub(super) fn page(ledger: &Ledger, number: u64, about: &About, shown: usize) -> Markup {
    match ledger.incidents.iter().find(|incident| incident.number == number) {
        Some(incident) => open(incident, about, shown),
        None => not_open(ledger, number, about),
    }
}

fn not_open(ledger: &Ledger, number: u64, about: &About) -> Markup {
    let closed = ledger.closed.iter().find(|closed| closed.number == number);
    let names: Vec<String> = ledger.incidents.iter().take(8).map(Incident::name).collect();
    let open = match (names.is_empty(), ledger.incidents.len() > names.len()) {
        (true, _) => "No incident is open.".to_owned(),
        (false, false) => format!("Open: {}.", names.join(", ")),
        (false, true) => format!("Open: {} and others.", names.join(", ")),
    };
    let what = match closed {
        Some(closed) => {
            let how = match closed.ended {
                Ended::Healthy => "all of it answers again",
                Ended::Gone => "what failed is no longer there, or no longer asked for",
                Ended::Accepted => "what was removed stayed away",
            };
            let ago = span(about.now.saturating_sub(closed.closed_at));
            format!("gp-{number} is over: {how}. It ended {ago} ago, at {}.", moment(closed.closed_at))
        }
        None => format!("There is no open incident gp-{number}."),
    };
    notice(&format!("{what} {open}"))
}

fn open(incident: &Incident, about: &About, shown: usize) -> Markup {
    let mut context = Context::new(&about.region, about.now);
    context.console = about.console;
    let pages = links::pages(&incident.scope, &context);
    let failing = incident.failing();
    let members: Vec<_> = failing.chain(incident.members.iter().filter(|member| !member.failing)).collect();
    let left = members.len().saturating_sub(shown);
    html! {
        (title(incident))
        (standing(incident, about))
        (cause(incident))
        (fix(incident))
        @if let Some(after) = &incident.after { div { span.gp-label { "Just before " } (words(after)) } }
        @for example in &incident.examples { (evidence(example)) }
        @if !members.is_empty() {
            ul.gp-list {
                @for member in members.iter().take(shown) {
                    li {
                        span.gp-short { @if member.failing { "fails" } @else { "answers again" } }
                        span.gp-long {
                            code { (names::member(&member.subject, incident)) }
                            span.gp-quiet { " " (member.cause.id()) ", since " (moment(member.since)) }
                        }
                    }
                }
            }
            @if left > 0 { div { "and " (count(left, "route")) " more" } }
        }
        @if let Some(at) = incident.told_at { div.gp-quiet {
                "Told at " (moment(at))
                @if incident.reminders > 0 {
                    ", with " (count(usize::try_from(incident.reminders).unwrap_or(usize::MAX), "reminder")) " since"
                }
                "."
            } }
        @if !pages.is_empty() {
            div {
                span.gp-label { "In the console " }
                @for (name, link) in &pages { a href=(link) target="_blank" rel="noopener noreferrer" { (name) } " " }
            }
        }
        div.gp-quiet {
            code { "gateprobe explain " (incident.cause.id()) } " tells more of the cause, "
            code { (acknowledge(incident, about)) } " stops reminders."
        }
    }
}

/// The command that a person would type.
fn acknowledge(incident: &Incident, about: &About) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let table = about.table.as_deref().filter(|name| name.bytes().all(plain)).unwrap_or("TABLE");
    format!("gateprobe ack {} --for 4h --state table:{table}", incident.name())
}

fn evidence(example: &Example) -> Markup {
    html! {
        div.gp-card {
            div {
                code { (words(&example.method)) " " (address(&example.url)) }
                span.gp-quiet { " " (answered(example.status)) }
            }
            div { code { (example.cause.id()) } " (" (words(&example.confidence)) ")" }
            @if !example.evidence.is_empty() { ul { @for line in &example.evidence { li { (words(line)) } } } }
            div { span.gp-label { "Fix " } (words(&example.remedy)) }
            @if let Some((verb, url)) = instead(example) {
                div { span.gp-label { "This one reaches a method " } code { (verb) " " (address(&url)) } }
            }
            @if !example.request_id.is_empty() {
                div.gp-quiet { "Sent with x-amzn-RequestId " code { (words(&example.request_id)) } }
            }
        }
    }
}
