//! The head of the page: is everything reachable, how much of it was asked, and when.

use maud::{Markup, html};

use super::super::message::when::moment;
use super::super::model::{Coverage, Report, State};
use super::parts::{badge, counted, counts, number, say, word};

/// What the run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Problems,
    /// Nothing was seen, so nothing is known.
    Blind,
    /// No problem, in what was seen.
    Partly,
    Well,
}

fn standing(report: &Report) -> Standing {
    if report.has_problems() {
        Standing::Problems
    } else if report.saw_nothing() || report.coverage.probed == 0 && report.contract.requests == 0 {
        Standing::Blind
    } else if !report.gaps.is_empty() || report.stopped_early || !report.refusals_not_given.is_empty() {
        Standing::Partly
    } else {
        Standing::Well
    }
}

/// The run in a few words: the title of the page.
pub(super) fn title(report: &Report) -> String {
    let region = say(&report.region);
    match standing(report) {
        Standing::Problems => format!("{} in {region}", counted(report.problems().count(), "problem")),
        Standing::Blind if report.gaps.is_empty() => format!("Nothing was asked in {region}"),
        Standing::Blind => format!("Nothing could be read in {region}"),
        Standing::Partly => format!("No problem in what was seen of {region}"),
        Standing::Well => format!("No problems in {region}"),
    }
}

/// The head of the page.
pub(super) fn header(report: &Report) -> Markup {
    let standing = standing(report);
    let (class, glyph) = match standing {
        Standing::Problems => ("failing", "✕"),
        Standing::Blind | Standing::Partly => ("unproved", "!"),
        Standing::Well => ("healthy", "✓"),
    };
    html! {
        header class=(class) {
            p.brand { "Gateprobe" }
            h1 { span.glyph aria-hidden="true" { (glyph) } " " (title(report)) }
            p.lead { (lead(report)) }
            @if !report.gaps.is_empty() || report.stopped_early {
                p.loud {
                    b { "Not everything was seen: " }
                    @if !report.gaps.is_empty() { a href="#gaps" { (counted(report.gaps.len(), "gap")) } }
                    @if !report.gaps.is_empty() && report.stopped_early { ", and " }
                    @if report.stopped_early { "the run ended at its deadline with requests not sent" }
                    ". What was not seen is not told healthy."
                }
            }
            (coverage(report))
            dl.facts {
                div { dt { "Begun" } dd { (moment(report.started_at)) } }
                div { dt { "Took" } dd { (took(report.duration_ms)) } }
                div { dt { "Region" } dd { (say(&report.region)) } }
                div { dt { "Stages" } dd { (number(report.stages.len())) } }
                @if report.contract.requests > 0 {
                    div { dt { "Contract" } dd {
                        (number(report.contract.healthy)) " of " (number(report.contract.requests)) " healthy"
                    } }
                }
                @if let Some(memory) = &report.memory {
                    div { dt { "Open incidents" } dd { (number(memory.open)) } }
                }
            }
        }
    }
}

/// One sentence of counts.
fn lead(report: &Report) -> Markup {
    let Coverage { deployed, probed, routed, healthy, .. } = &report.coverage;
    if *deployed == 0 && report.contract.requests == 0 {
        return html! { "No deployed method is known, and no request was sent." };
    }
    html! {
        (number(*probed)) " of " (counted(*deployed, "deployed method")) " asked: "
        (number(*routed)) " routed, " (number(*healthy)) " healthy, " (number(report.unhealthy)) " unhealthy"
        @if report.routing_failures > 0 { " (" (number(report.routing_failures)) " by routing)" }
        @if report.ignored > 0 { ", " (number(report.ignored)) " failing and ignored" }
        "."
    }
}

/// How long a run took.
fn took(milliseconds: u64) -> String {
    let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
    if seconds < 60 { format!("{seconds}.{tenths} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// The methods by state, as one bar with its legend.
fn coverage(report: &Report) -> Markup {
    const WIDE: usize = 1000;
    let mut counts = counts(report.methods.iter().map(|method| method.state));
    // The good end of the bar first, as a progress bar has it.
    counts.reverse();
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return html! {};
    }
    // Nothing that there is any of is too narrow to be seen.
    let least = WIDE / 100;
    let room = WIDE - least * counts.len();
    let mut bars: Vec<(State, usize, usize)> = Vec::new();
    let mut x = 0;
    for (index, (state, count)) in counts.iter().enumerate() {
        let wide = if index + 1 == counts.len() { WIDE + 3 - x } else { least + room * count / total };
        bars.push((*state, x, wide));
        x += wide;
    }
    let told: Vec<String> =
        counts.iter().map(|(state, count)| format!("{} {}", number(*count), word(*state))).collect();
    html! {
        svg.bar viewBox={ "0 0 " (WIDE) " 10" } preserveAspectRatio="none" role="img"
            aria-label={ "Methods by state: " (told.join(", ")) } {
            @for (state, x, wide) in bars {
                rect class=(state.name()) x=(x) y="0" width=(wide.saturating_sub(3)) height="10" {}
            }
        }
        ul.legend {
            @for (state, count) in &counts { li { b { (number(*count)) } " " (badge(*state)) } }
        }
    }
}
