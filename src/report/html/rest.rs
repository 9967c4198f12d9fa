//! The lists of the page: what was not seen, the contract, what was not asked or is not deployed, certificates, memory,
//! notes.

use std::collections::BTreeMap;

use maud::{Markup, html};
use time::OffsetDateTime;

use super::super::model::{ContractRequest, Report, Undeployed};
use super::parts::{address, badge, capped, counted, number, say};
use super::problems::{Problems, of_url};

/// So many lines of one list are drawn.
const MOST: usize = 200;

/// What could not be read or reached: it may hold anything.
pub(super) fn gaps(report: &Report) -> Markup {
    if report.gaps.is_empty() {
        return html! {};
    }
    html! {
        section #gaps .loud {
            h2 { span aria-hidden="true" { "! " } "Not seen " span.n { (number(report.gaps.len())) } }
            p { "These could not be read or reached, so nothing is known of what they hold." }
            ul.list {
                (capped(&report.gaps, MOST, |gap| html! { li { b { (say(&gap.place)) } ": " (say(&gap.reason)) } }))
            }
        }
    }
}

/// Requests that were to be refused and were let through.
pub(super) fn refusals_not_given(report: &Report) -> Markup {
    if report.refusals_not_given.is_empty() {
        return html! {};
    }
    html! {
        section #refusals .loud {
            h2 { span aria-hidden="true" { "! " } "Not refused " span.n { (number(report.refusals_not_given.len())) } }
            p { "API Gateway had to refuse these requests and did not: each reached what lies behind its method." }
            ul.list { (capped(&report.refusals_not_given, MOST, |line| html! { li { (say(line)) } })) }
        }
    }
}

/// The requests that callers rely on, the failing ones first.
pub(super) fn contract(report: &Report, problems: &Problems) -> Markup {
    if report.contract_requests.is_empty() {
        return html! {};
    }
    let mut requests: Vec<&ContractRequest> = report.contract_requests.iter().collect();
    requests.sort_by_key(|request| super::parts::STATES.iter().position(|state| *state == request.state));
    html! {
        section #contract {
            h2 { "Contract " span.n { (number(requests.len())) } }
            p.dim {
                (number(report.contract.healthy)) " of " (counted(report.contract.requests, "request")) " healthy, "
                (number(report.contract.routed)) " routed."
            }
            ul.list.contract {
                (capped(&requests, MOST, |request| html! {
                    li.item data-s=(request.state.name()) data-a=[of_url(report, &request.url).map(say)] {
                        (badge(request.state)) " "
                        code.req { b { (say(&request.method)) } " " (address(&request.url)) } " "
                        @if let Some(cause) = request.cause {
                            @match problems.group(cause) {
                                Some(anchor) => a href={ "#" (anchor) } { (cause.id()) },
                                None => code.id { (cause.id()) },
                            } " "
                        }
                        @if let Some(latency) = request.latency_ms { span.ms { (latency) " ms" } }
                    }
                }))
            }
        }
    }
}

/// Why methods were not asked.
pub(super) fn skipped(report: &Report) -> Markup {
    if report.coverage.skipped.is_empty() {
        return html! {};
    }
    html! {
        section #skipped {
            h2 { "Not asked " span.n { (number(report.coverage.skipped_total())) } }
            ul.list {
                @for (reason, count) in &report.coverage.skipped {
                    li { b { (number(*count)) } " " code.id { (reason.id()) } " " (reason.means()) "." }
                }
            }
        }
    }
}

/// What the editor has and a stage lacks.
pub(super) fn undeployed(report: &Report) -> Markup {
    if report.undeployed.is_empty() {
        return html! {};
    }
    let mut stages: BTreeMap<(&str, &str, &str), Vec<&Undeployed>> = BTreeMap::new();
    for method in &report.undeployed {
        stages.entry((&method.api_name, &method.api, &method.stage)).or_default().push(method);
    }
    let stages: Vec<_> = stages.into_iter().collect();
    html! {
        section #undeployed {
            h2 { "Not deployed " span.n { (number(report.undeployed.len())) } }
            p.dim { "Methods of the editor that a stage does not serve. A caller gets Missing Authentication Token for each." }
            ul.list {
                (capped(&stages, MOST, |((name, _, stage), methods)| html! {
                    li {
                        details {
                            summary { b { (say(name)) } " " (say(stage)) " " span.n { (number(methods.len())) } }
                            ul.list {
                                (capped(methods, MOST, |method| html! {
                                    li { code { b { (method.method) } " " (address(&method.resource)) } }
                                }))
                            }
                        }
                    }
                }))
            }
        }
    }
}

/// How long the certificates are good.
pub(super) fn certificates(report: &Report) -> Markup {
    if report.certificates.is_empty() {
        return html! {};
    }
    html! {
        section #certificates {
            h2 { "Certificates " span.n { (number(report.certificates.len())) } }
            ul.list {
                (capped(&report.certificates, MOST, |certificate| html! {
                    li {
                        @if certificate.expires_soon { span.st.failing { span aria-hidden="true" { "!" } " expires soon" } " " }
                        code { (address(&certificate.host)) } " "
                        b { (certificate.days_left) " days left" } " "
                        span.dim { "until " (date(certificate.not_after)) ", by " (say(&certificate.issuer)) }
                        @if let Some(warning) = certificate.warning() { p { (say(&warning)) "." } }
                    }
                }))
            }
        }
    }
}

fn date(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| format!("Unix time {at}"), |at| at.date().to_string())
}

/// What became of the run's place in memory.
pub(super) fn memory(report: &Report) -> Markup {
    let Some(memory) = &report.memory else { return html! {} };
    html! {
        section #memory {
            h2 { "Memory" }
            @if let Some(problem) = &memory.problem { p.loud { b { "Not well: " } (say(problem)) } }
            @if memory.lost { p.loud { b { "Lost: " } "something was neither remembered nor taken, and nobody will tell it." } }
            @if !memory.remembered && memory.problem.is_none() { p { "This run is not remembered: everything is told as if it were new." } }
            p {
                (counted(memory.open, "incident")) " open; " (counted(memory.sent, "message")) " sent, "
                (number(memory.waiting)) " waiting for a later run, " (memory.dropped) " dropped."
            }
            @if !memory.news.is_empty() {
                h3 { "Since the last run" }
                ul.list { (capped(&memory.news, MOST, |line| html! { li { (say(line)) } })) }
            }
            @if !memory.notes.is_empty() {
                ul.list { (capped(&memory.notes, MOST, |line| html! { li { (say(line)) } })) }
            }
        }
    }
}

/// What is wrong with nothing.
pub(super) fn notes(report: &Report) -> Markup {
    if report.notes.is_empty() {
        return html! {};
    }
    html! {
        section #notes {
            h2 { "Notes " span.n { (number(report.notes.len())) } }
            ul.list { (capped(&report.notes, MOST, |line| html! { li { (say(line)) } })) }
        }
    }
}
