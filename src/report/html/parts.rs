//! What the sections of the page are made of: safe words, counts, badges, requests with carets, lists that end.

use maud::{Markup, html};

use super::super::model::State;
use super::super::page::curl;
use super::super::safe::{clean, cut, url, without_values};
use super::super::wrong_part::wrong_part;
use crate::diagnose::Diagnosis;

/// The most bytes of other people's words, and of each part of a URL. Nobody reads more.
const LONGEST: usize = 1500;

/// Other people's words: one line that turns no writing direction and is not endless. maud escapes what is markup.
pub(super) fn say(text: &str) -> String {
    cut(&clean(text), LONGEST).into_owned()
}

/// Words about a request, without the values of its query.
pub(super) fn about(text: &str, diagnosis: &Diagnosis) -> String {
    say(&without_values(text, &diagnosis.request.url))
}

/// A count with its thousands set apart.
pub(super) fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 method`, `2 methods`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// All states, the one that matters most first.
pub(super) const STATES: [State; 5] = [State::Failing, State::Unproved, State::Skipped, State::Routed, State::Healthy];

/// How many are in each state, those that none is in left out.
pub(super) fn counts(states: impl Iterator<Item = State>) -> Vec<(State, usize)> {
    let mut counts = STATES.map(|state| (state, 0));
    for state in states {
        for (of, count) in &mut counts {
            *count += usize::from(*of == state);
        }
    }
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// What stands for a state beside its word: colour alone would be lost on many, and on paper.
pub(super) fn glyph(state: State) -> &'static str {
    match state {
        State::Healthy => "✓",
        State::Routed => "→",
        State::Unproved => "?",
        State::Failing => "✕",
        State::Skipped => "–",
    }
}

/// Its word as people read it.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Skipped => "not asked",
        state => state.name(),
    }
}

/// A state's glyph and word.
pub(super) fn badge(state: State) -> Markup {
    html! { span class={ "st " (state.name()) } { span aria-hidden="true" { (glyph(state)) } " " (word(state)) } }
}

/// Counts by state, in short.
pub(super) fn tallies(counts: &[(State, usize)]) -> Markup {
    html! {
        span.tallies {
            @for (state, count) in counts {
                span class={ "st " (state.name()) } {
                    span aria-hidden="true" { (glyph(*state)) } " " (number(*count)) " " (word(*state))
                } " "
            }
        }
    }
}

/// The request with carets under the part that is wrong.
pub(super) fn request(diagnosis: &Diagnosis) -> Markup {
    let whole = diagnosis.request.url.as_str();
    // What is behind the path is masked, and nothing of it can be pointed at.
    let path_ends = whole.find(['?', '#']).unwrap_or(whole.len());
    let at = wrong_part(diagnosis).filter(|at| at.end <= path_ends);
    let pieces = at.and_then(|at| {
        let (before, wrong) = (whole.get(..at.start)?, whole.get(at.clone())?);
        // Credentials are masked in the whole only. A URL that was parsed has none left.
        (!before.contains('@') && !wrong.contains('@')).then(|| {
            let behind = whole.get(at.end..).unwrap_or("");
            (before, wrong, behind)
        })
    });
    html! {
        code.req {
            b { (say(&diagnosis.request.method)) } " "
            @match pieces {
                Some((before, wrong, behind)) => {
                    (address(before)) mark { (address(wrong)) } (address(&url(behind)))
                }
                None => { (address(&url(whole))) }
            }
        }
    }
}

/// A URL, or a piece of one, that may be broken before its separators, where a narrow screen must break it.
pub(super) fn address(text: &str) -> Markup {
    let text = say(text);
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(['/', '?', '&', '.']) {
        // Not within `://`.
        if at > start && !text[..at].ends_with(['/', ':']) {
            pieces.push(&text[start..at]);
            start = at;
        }
    }
    pieces.push(&text[start..]);
    html! { @for (index, piece) in pieces.iter().enumerate() { @if index > 0 { wbr; } (piece) } }
}

/// A request as a line for a shell, with a place for the button that copies it.
pub(super) fn shell(verb: &str, address: &str) -> Markup {
    html! { div.sh { pre tabindex="0" { code { (curl(&say(verb), &say(&url(address)))) } } } }
}

/// The first so many of them, and how many more there are.
pub(super) fn capped<T>(items: &[T], most: usize, draw: impl Fn(&T) -> Markup) -> Markup {
    html! {
        @for item in items.iter().take(most) { (draw(item)) }
        @if items.len() > most { li.more { (more(items.len() - most)) } }
    }
}

/// What is said in the place of what is not drawn.
pub(super) fn more(count: usize) -> Markup {
    html! { "… and " (number(count)) " more, in " code { "--format json" } }
}
