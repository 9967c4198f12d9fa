//! CloudWatch's custom widget: what is open, why and what to do, as HTML. Pure; the function reads the ledger and answers.
//!
//! What CloudWatch takes (its user guide, "Details about custom widgets" and "Interactivity in custom widgets"): HTML as a
//! JSON string, or `{"markdown": …}`, which `describe` is answered with. No JavaScript, no frames. `<style>` anywhere, inline
//! SVG, links. A `<cwdb-action>` belongs to the element right before it: here it calls the function again with other
//! parameters and shows the answer in a popup.
//!
//! Names, URLs and answers are other people's words: each is cut, freed of what steers (direction marks, control
//! characters), and escaped by `maud`. Nothing here is pre-escaped but the style sheet and an action's JSON, which hold no
//! such words.

mod history;
mod incident;
mod overview;
mod style;
#[cfg(test)]
mod tests;

use maud::{Markup, PreEscaped, html};

use crate::event::{Draw, Show, Theme};
use crate::remember::{Incident, Ledger};
use crate::report::message::names::count;
use crate::report::safe::{cut, url};
use crate::report::{page, safe};

/// The most bytes of the HTML. Lambda would take 6 MB; nobody reads so much, and a browser has many widgets to draw.
pub const LONGEST: usize = 100_000;

/// How many of each list are shown: the first number that fits.
const SHOWN: [usize; 6] = [50, 20, 10, 5, 2, 0];

/// What a page says beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The time, in Unix seconds: ages are counted to it.
    pub now: i64,
    /// The region that is watched.
    pub region: String,
    /// Whether AWS's console shows what was read: not so for an emulator.
    pub console: bool,
    /// The ARN of the function that draws the widget: its buttons call it. `None`, or what is no ARN of a function: there
    /// are no buttons.
    pub function: Option<String>,
    /// The table's name, for the commands that are shown.
    pub table: Option<String>,
}

/// What the widget is and takes, in Markdown.
#[must_use]
pub fn describe() -> &'static str {
    include_str!("describe.md")
}

/// The HTML of a page. Whatever the ledger holds, it has at most [`LONGEST`] bytes; what is left out is counted.
#[must_use]
pub fn draw(ledger: &Ledger, draw: &Draw, about: &About) -> String {
    let mut text = String::new();
    for shown in SHOWN {
        let body = match &draw.show {
            Ok(Show::Overview) => overview::page(ledger, draw.stale_after, about, shown),
            Ok(Show::History) => history::page(ledger, about, shown),
            Ok(Show::Incident(number)) => incident::page(ledger, *number, about, shown),
            Err(wrong) => notice(wrong),
        };
        text = framed(&body, draw.theme);
        if text.len() <= LONGEST {
            break;
        }
    }
    text
}

/// The HTML that says why there is nothing to draw: a person looks at it, who needs a sentence and no trace.
#[must_use]
pub fn sorry(reason: &str, theme: Theme) -> String {
    framed(&notice(reason), theme)
}

fn notice(reason: &str) -> Markup {
    html! { div.gp-notice { (words(reason)) } }
}

fn framed(body: &Markup, theme: Theme) -> String {
    let (class, sheet) = style::sheet(theme);
    html! { div.gateprobe.(class) { style { (PreEscaped(sheet)) } (body) } }.into_string()
}

/// What a button does.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// Opens an incident.
    Incident(u64),
    /// Opens the history.
    History,
}

/// A button that opens a popup. An action belongs to the element right before it.
fn button(label: &str, action: Action, about: &About) -> Markup {
    let Some(function) = about.function.as_deref().filter(|arn| is_function(arn)) else { return html! {} };
    // A number and words of this program: nothing to escape, and CloudWatch's own samples have their JSON as it is.
    let parameters = PreEscaped(match action {
        Action::Incident(number) => format!(r#"{{"incident":"gp-{number}"}}"#),
        Action::History => r#"{"show":"history"}"#.to_owned(),
    });
    html! {
        a.btn { (label) }
        cwdb-action action="call" display="popup" endpoint=(function) event="click" { (parameters) }
    }
}

/// `arn:aws:lambda:eu-central-1:123456789012:function:name`, with a version or alias behind it or not.
fn is_function(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_$".contains(&byte))
    };
    match parts[..] {
        ["arn", partition, "lambda", region, account, "function", ref name @ ..] => {
            arn.len() <= 256
                && [partition, region].iter().all(plain)
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && (1..=2).contains(&name.len())
                && name.iter().all(plain)
        }
        _ => false,
    }
}

/// Other people's words, as one line that is not endless.
fn words(text: &str) -> String {
    page::words(text)
}

/// A URL without what may be secret.
fn address(text: &str) -> String {
    const LONGEST_URL: usize = 600;
    cut(&safe::clean(&url(text)), LONGEST_URL).into_owned()
}

/// `12 routes fail`.
fn failing(incident: &Incident) -> String {
    let failing = incident.failing().count();
    format!("{} {}", count(failing, "route"), if failing == 1 { "fails" } else { "fail" })
}
