//! The alert for people: what fails, why, what to do, and how to see it for oneself.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::alert::{Group, fail, total};
use super::page::{LONGEST_TEXT, LONGEST_URL, Page, curl, words};
use super::safe::{encoded, url, without_values};
use super::{Finding, Report};
use crate::diagnose::Confidence;
use crate::remember::Severity;

/// How many requests of a cause are shown.
const EXAMPLES: usize = 3;

/// How many gaps are shown.
const GAPS: usize = 3;

/// How many certificates are shown.
const CERTIFICATES: usize = 5;

/// The text, with as many examples as fit.
pub(super) fn text(report: &Report, groups: &[Group<'_>], severity: Severity) -> String {
    let mut text = String::new();
    for examples in (0..=EXAMPLES).rev() {
        text = with_examples(report, groups, severity, examples);
        if encoded(&text) <= LONGEST_TEXT {
            break;
        }
    }
    text
}

fn with_examples(report: &Report, groups: &[Group<'_>], severity: Severity, examples: usize) -> String {
    let mut page = Page::default();
    page.say("", &format!("{} in {} ({severity}).", fail(total(groups)), words(&report.region)));
    if let Some(problem) = report.memory.as_ref().and_then(|memory| memory.problem.as_ref()) {
        page.blank();
        page.say("", &format!("Told without memory, so this may be no news: {}", words(problem)));
    }
    page.blank();
    summary(&mut page, report);
    for group in groups {
        let about = group.cause.about();
        page.blank();
        page.say("", &format!("== {}: {} ==", about.id, fail(group.findings.len())));
        page.say("", about.means);
        for (index, finding) in group.findings.iter().take(examples).enumerate() {
            page.blank();
            example(&mut page, index + 1, finding);
        }
        if examples == 0 {
            page.say("Fix: ", about.remedy);
        }
        match group.findings.len().saturating_sub(examples) {
            0 => {}
            more => {
                page.blank();
                let told = if examples == 0 { "" } else { "and " };
                let what = if examples == 0 { "of this cause, not shown" } else { "more of this cause" };
                page.say("", &format!("{told}{more} {what}"));
            }
        }
    }
    if !report.gaps.is_empty() {
        page.blank();
        page.say("", &format!("== not read or not reached: {} ==", report.gaps.len()));
        for gap in report.gaps.iter().take(GAPS) {
            page.say("- ", &format!("{}: {}", words(&gap.place), words(&gap.reason)));
        }
        if let more @ 1.. = report.gaps.len().saturating_sub(GAPS) {
            page.say("", &format!("and {more} more"));
        }
    }
    if report.warnings().next().is_some() {
        page.blank();
        page.say("", "== certificates that expire soon ==");
        for warning in report.warnings().take(CERTIFICATES) {
            page.say("- ", &words(&warning));
        }
        if let more @ 1.. = report.warnings().count().saturating_sub(CERTIFICATES) {
            page.say("", &format!("and {more} more"));
        }
    }
    page.finish()
}

fn summary(page: &mut Page, report: &Report) {
    let coverage = &report.coverage;
    page.say(
        "",
        &format!(
            "Of {} deployed methods {} were probed, {} of them healthy; {} were skipped.",
            coverage.deployed,
            coverage.probed,
            coverage.healthy,
            coverage.skipped_total()
        ),
    );
    let contract = &report.contract;
    if contract.requests > 0 {
        page.say("", &format!("Healthy of the contract's {} requests: {}.", contract.requests, contract.healthy));
    }
    let mut more = Vec::new();
    for (what, count) in [
        ("answers not healthy, and expected so", report.expected().count()),
        ("methods of the editor not deployed", report.undeployed.len()),
        ("not read or not reached", report.gaps.len()),
    ] {
        if count > 0 {
            more.push(format!("{what}: {count}"));
        }
    }
    if !more.is_empty() {
        page.say("Also ", &format!("{}.", more.join("; ")));
    }
    if report.stopped_early {
        page.say("", "The run ended at its deadline, before every request was sent.");
    }
    let began = OffsetDateTime::from_unix_timestamp(report.started_at).ok().and_then(|at| at.format(&Rfc3339).ok());
    let began = began.unwrap_or_else(|| report.started_at.to_string());
    page.say("", &format!("The run began at {began} and took {} ms.", report.duration_ms));
}

fn example(page: &mut Page, number: usize, finding: &Finding) {
    let diagnosis = &finding.diagnosis;
    let asked = &diagnosis.request;
    let told = |text: &str| words(&without_values(text, &asked.url));
    let (verb, address) = (words(&asked.method), url(&asked.url));
    page.url(&format!("{number}. {verb} "), &address);
    if let Some(matched) = &diagnosis.matched {
        let method = format!("{} {}", matched.method.as_str(), words(&matched.resource));
        let stage =
            format!("stage {} of {} ({})", words(&matched.stage), words(&matched.api_name), words(&matched.api));
        page.say("   method  ", &format!("{method}, {stage}"));
    }
    if let Some(evidence) = diagnosis.evidence.first() {
        // A guess must not read like a fact.
        let doubt = match diagnosis.confidence {
            Confidence::Certain => String::new(),
            guess => format!(" ({guess})"),
        };
        page.say("   why     ", &format!("{}{doubt}", told(evidence)));
    }
    if !diagnosis.remedy.is_empty() {
        page.say("   fix     ", &told(&diagnosis.remedy));
    }
    if let Some(suggestion) = diagnosis.suggestions.first() {
        page.url(&format!("   try     {} ", words(&suggestion.method)), &url(&suggestion.url));
        page.say("           ", &format!("reaches {}", told(&suggestion.reaches)));
    }
    if address.len() <= LONGEST_URL {
        page.whole("   repeat  ", &curl(&verb, &address));
    } else {
        page.say("   repeat  ", "the URL is too long to be shown; `gateprobe run` prints it");
    }
    page.say("   log     ", &format!("x-amzn-RequestId {}", words(&finding.request_id)));
}
