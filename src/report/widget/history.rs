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
            table {
                tr { th { "When" } th { "What" } th { "Where" } th { "" } }
                @for event in events.iter().take(shown) {
                    tr {
                        td.gp-when title=(moment(event.at)) { (span(about.now.saturating_sub(event.at))) " ago" }
                        td { (kind(event.kind)) }
                        td { (place(event)) }
                        td { (words(&event.text)) }
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

/// `shop/prod`.
fn place(event: &Event) -> String {
    let api = event.api_name.as_deref().filter(|name| !name.trim().is_empty()).or(event.api.as_deref());
    let parts: Vec<String> = api.into_iter().chain(event.stage.as_deref()).map(words).collect();
    parts.join("/")
}
