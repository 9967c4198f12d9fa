//! A run as one page for a browser: no file beside it, nothing from the network, and nothing secret, since it is mailed
//! around.
//!
//! Without its script the page can be read whole; the script only filters, opens and copies. Values of queries are
//! masked
//! as in alerts. What a large account has too much of is counted instead of drawn, each place saying so.

mod latency;
mod methods;
mod parts;
mod problems;
mod rest;
mod summary;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;

use super::model::{Report, State};
use problems::Problems;

/// What the page begins with: a file that does not is not one of ours, and is not written over.
pub const MARKER: &str = "<!DOCTYPE html><!-- gateprobe report -->";

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let problems = Problems::new(report);
    let body = html! {
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (summary::title(report)) ", Gateprobe" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body.large[report.methods.len() > methods::LARGE] {
                a.skip href="#main" { "Skip to the content" }
                (summary::header(report))
                (contents(report))
                (filter(report))
                main #main tabindex="-1" {
                    (rest::gaps(report))
                    (rest::refusals_not_given(report))
                    (problems.section(report))
                    (methods::section(report, &problems))
                    (rest::contract(report, &problems))
                    (rest::skipped(report))
                    (rest::undeployed(report))
                    (latency::section(report))
                    (rest::certificates(report))
                    (problems.expected(report))
                    (problems.ignored(report))
                    (rest::memory(report))
                    (rest::notes(report))
                }
                footer {
                    p { "Written by gateprobe " (env!("CARGO_PKG_VERSION")) ". All data: " code { "gateprobe run --format json" } "." }
                    p { "In a URL … stands for a value of its query, which may be a secret." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    format!("{MARKER}{}", body.into_string())
}

/// Only this page's own style and script, and nothing from anywhere: what an API's name might smuggle in does not run.
fn policy() -> String {
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    format!(
        "default-src 'none'; img-src data:; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )
}

/// As a policy names an inline text. Without a hash nothing runs, which is the safe side.
fn hash(text: &str) -> String {
    let Some(suite) = TLS13_AES_128_GCM_SHA256.tls13() else { return "'none'".to_owned() };
    format!("'sha256-{}'", STANDARD.encode(suite.common.hash_provider.hash(text.as_bytes())))
}

/// What is on the page, each with its count; what a run has nothing of has no section.
fn contents(report: &Report) -> Markup {
    let expected = report.expected().count();
    let ignored = report.ignored().count();
    let sections: [(&str, &str, usize); 12] = [
        ("gaps", "Not seen", report.gaps.len()),
        ("problems", "Problems", report.problems().count()),
        ("methods", "Methods", report.methods.len().max(report.coverage.deployed)),
        ("contract", "Contract", report.contract_requests.len()),
        ("skipped", "Not asked", report.coverage.skipped_total()),
        ("undeployed", "Not deployed", report.undeployed.len()),
        ("latency", "Latency", latency::measured(report)),
        ("certificates", "Certificates", report.certificates.len()),
        ("expected", "Expected", expected),
        ("ignored", "Ignored", ignored),
        ("memory", "Memory", report.memory.iter().count()),
        ("notes", "Notes", report.notes.len()),
    ];
    html! {
        nav aria-label="Sections" {
            @for (id, name, count) in sections {
                @if count > 0 { a href={ "#" (id) } { (name) " " span.n { (parts::number(count)) } } }
            }
        }
    }
}

/// Shown by the script, which makes it work.
fn filter(report: &Report) -> Markup {
    let mut apis: Vec<(&str, &str)> =
        report.stages.iter().map(|stage| (stage.api.as_str(), stage.api_name.as_str())).collect();
    apis.dedup_by_key(|(id, _)| *id);
    let problems = report.problems().map(|_| State::Failing);
    let states = report.methods.iter().map(|method| method.state);
    let contract = report.contract_requests.iter().map(|request| request.state);
    let states = parts::counts(states.chain(contract).chain(problems));
    html! {
        search #filter hidden {
            div.row {
                label.sr for="q" { "Search" }
                input #q type="search" placeholder="Path, verb, cause, API …" autocomplete="off" spellcheck="false";
                @if apis.len() > 1 {
                    label.sr for="api" { "API" }
                    select #api {
                        option value="" { "All APIs" }
                        @for (id, name) in apis { option value=(parts::say(id)) { (parts::say(name)) " " (parts::say(id)) } }
                    }
                }
                div.states role="group" aria-label="States" {
                    @for (state, _) in states {
                        button type="button" data-state=(state.name()) aria-pressed="false" {
                            (parts::badge(state))
                        }
                    }
                }
                button #all type="button" aria-expanded="false" { "Open all" }
            }
            p #shown role="status" {}
        }
    }
}
