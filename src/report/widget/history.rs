//! What happened lately, the newest first.

use maud::{Markup, html};

use super::{About, words};
use crate::remember::{Event, EventKind, Ledger};
use crate::report::message::names::count;
use crate::report::message::when::{moment, span};

pub(super) fn page(ledger: &Ledger, about: &About, shown: usize) -> Markup {
    let mut events: Vec<&Event> = ledger.events.iter().collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    let left = events.len().saturating_sub(shown);
    html! {
        div.gp-head { b { "What happened lately" } }
        @if events.is_empty() {
            div { "Nothing was written down yet." }
        } @else {
            ul.gp-list {
                @for event in events.iter().take(shown) {
                    li {
                        span.gp-short title=(moment(event.at)) { (span(about.now.saturating_sub(event.at))) " ago" }
                        span.gp-long {
                            b { (kind(event.kind)) } " "
                            @if let Some(place) = place(event) { (place) ": " }
                            (words(&event.text))
                        }
                    }
                }
            }
            @if left > 0 { div { "and " (count(left, "event")) " more, which `gateprobe history` has" } }
        }
    }
}

fn kind(kind: EventKind) -> String {
    match kind {
        EventKind::Transition(transition) => transition.to_string(),
        EventKind::Deployment => "deployment".to_owned(),
        EventKind::Acknowledged => "acknowledged".to_owned(),
    }
}

/// `shop/prod`, where the event's own words do not say it: those of an incident begin with its name.
fn place(event: &Event) -> Option<String> {
    if event.kind != EventKind::Deployment {
        return None;
    }
    let api = event.api_name.as_deref().filter(|name| !name.trim().is_empty()).or(event.api.as_deref());
    let parts: Vec<String> = api.into_iter().chain(event.stage.as_deref()).map(words).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}
