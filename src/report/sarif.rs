//! `--format sarif`: the problems as SARIF 2.1.0, as GitHub's code scanning takes it.
//!
//! What GitHub asks beyond the standard (docs.github.com, "SARIF support for code scanning", read 2026-11): each result has a
//! physical location in a file of the repository, or it is not shown; `partialFingerprints.primaryLocationLineHash` tells
//! whether it is the same as before; of more than 5,000 results of a run the rest is left out. A broken door is in no
//! file, so the location is the config's line that asks for it, else the first line of the config.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::finding_text::{line, lines, request, summary};
use super::safe::url;
use super::{Finding, Report};
use crate::diagnose::Cause;

/// So many results are told; GitHub shows no more.
const MOST_RESULTS: usize = 5000;

/// The file that stands for the config where none was given.
const NO_CONFIG: &str = "gateprobe.yaml";

/// Where results are shown: the config file, as a path from the repository's root, and its text.
#[derive(Debug, Clone, Default)]
pub struct Location {
    /// The path, with slashes; empty where there is no config file.
    pub path: String,
    /// What is in it, to find lines by.
    pub text: String,
}

/// The report as a SARIF log.
#[must_use]
pub fn sarif(report: &Report, location: &Location) -> Value {
    let problems: Vec<&Finding> = report.problems().collect();
    let causes: BTreeSet<Cause> = problems.iter().filter_map(|finding| finding.diagnosis.cause).collect();
    let causes: Vec<Cause> = causes.into_iter().collect();
    let index: BTreeMap<Cause, usize> = causes.iter().enumerate().map(|(index, cause)| (*cause, index)).collect();
    // Two doors of one method may fail alike: a fingerprint is told once.
    let mut told: BTreeSet<String> = BTreeSet::new();
    let results: Vec<Value> = problems
        .iter()
        .filter_map(|finding| Some((finding.diagnosis.cause?, finding)))
        .filter_map(|(cause, finding)| {
            let subject = subject(report, finding);
            let print = fingerprint(&subject, cause);
            told.insert(print.clone()).then(|| result(finding, cause, index[&cause], &subject, &print, location))
        })
        .take(MOST_RESULTS)
        .collect();
    let mut notices: Vec<Value> =
        report.gaps.iter().map(|gap| notice(&format!("{}: {}", gap.place, gap.reason))).collect();
    notices.extend(report.warnings().map(|warning| notice(&warning)));
    if report.stopped_early {
        notices.push(notice("the run ended at its deadline with probes not sent"));
    }
    if results.len() == MOST_RESULTS {
        notices.push(notice(&format!("at most {MOST_RESULTS} problems are told here; --format json has them all")));
    }
    let mut invocation = json!({
        "executionSuccessful": !report.saw_nothing(),
        "toolExecutionNotifications": notices,
    });
    if let Ok(at) = jiff::Timestamp::from_second(report.started_at) {
        invocation["startTimeUtc"] = at.to_string().into();
    }
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Gateprobe",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": causes.iter().map(|cause| rule(*cause)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("gateprobe/{}/", report.region)},
            "columnKind": "utf16CodeUnits",
            "invocations": [invocation],
            "results": results,
        }],
    })
}

fn notice(text: &str) -> Value {
    json!({"level": "warning", "message": {"text": line(text, "")}})
}

fn rule(cause: Cause) -> Value {
    let (about, page) = (cause.about(), cause.page());
    let mut rule = json!({
        "id": about.id,
        "name": about.id,
        "shortDescription": {"text": about.means},
        "fullDescription": {"text": format!("{} {}", about.means, about.remedy)},
        "help": {
            "text": format!("{}\n\n{}\n\nOn the wire: {}\n\nFix: {}\n\nMore: gateprobe explain {}",
                about.means, page.more, about.wire, about.remedy, about.id),
            "markdown": format!("{}\n\n{}\n\n**On the wire:** {}\n\n**Fix:** {}\n\nMore: `gateprobe explain {}`",
                about.means, page.more, about.wire, about.remedy, about.id),
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["api-gateway", about.verdict.to_string()], "precision": "high", "problem.severity": "error"},
    });
    // Where the package says whose repository it is, the rule links to the cause's page there.
    let repository = env!("CARGO_PKG_REPOSITORY");
    if !repository.is_empty() {
        rule["helpUri"] = format!("{repository}/blob/main/docs/causes.md#{}", about.id).into();
    }
    rule
}

fn result(finding: &Finding, cause: Cause, rule: usize, subject: &str, print: &str, location: &Location) -> Value {
    let path = if location.path.is_empty() { NO_CONFIG } else { &location.path };
    let mut logical = vec![];
    if let Some(method) = &finding.diagnosis.matched {
        let name = format!("{} {}", method.method, method.resource);
        logical.push(json!({
            "name": line(&name, ""),
            "fullyQualifiedName": line(&format!("{}/{}/{name}", method.api, method.stage), ""),
            "kind": "function",
        }));
    } else {
        logical.push(json!({"fullyQualifiedName": subject, "kind": "resource"}));
    }
    json!({
        "ruleId": cause.id(),
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": format!("{}: {}\n\n{}", request(finding), summary(finding), lines(finding)[1..].join("\n"))},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": encoded(path)},
                "region": {"startLine": line_of(finding, &location.text)},
            },
            "logicalLocations": logical,
        }],
        "partialFingerprints": {"primaryLocationLineHash": format!("{print}:1"), "gatewayMethod/v1": print},
    })
}

/// What failed, by a name that stays: of a method its API, stage, verb and resource, else the request.
fn subject(report: &Report, finding: &Finding) -> String {
    let method = finding.of.and_then(|index| report.methods.get(index));
    let name = match method {
        Some(method) => format!("{}/{}/{} {}", method.api, method.stage, method.method, method.resource),
        None => format!("{} {}", finding.diagnosis.request.method, url(&finding.diagnosis.request.url)),
    };
    line(&name, "")
}

/// FNV-1a, 64 bits: the same in each version of Gateprobe, which no hash of the standard library promises.
fn fingerprint(subject: &str, cause: Cause) -> String {
    let bytes = subject.bytes().chain([0]).chain(cause.id().bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// The line of the config that asks for what failed, counted from 1; the first where none does.
fn line_of(finding: &Finding, text: &str) -> usize {
    let asked = finding.diagnosis.request.url.as_str();
    // The URL must end where its text ends: `/orders` is not asked for by the line of `/orders/42`.
    let ends =
        |rest: &str| rest.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '\'' | '"' | ',' | '}' | '#'));
    let asks = |line: &str| line.match_indices(asked).any(|(at, _)| ends(&line[at + asked.len()..]));
    text.lines().position(asks).map_or(1, |index| index + 1)
}

/// A path as a relative URI.
fn encoded(path: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(path, &KEPT).to_string()
}
