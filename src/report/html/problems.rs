//! What is wrong, by cause: the request with carets, the six steps, the evidence, and what to do; and what was expected
//! or is ignored.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};

use super::super::model::{Finding, Report};
use super::parts::{about, capped, counted, more, number, request, say, shell};
use crate::diagnose::{Cause, Confidence, Diagnosis, StepResult};

/// So many problems of one cause are drawn.
const MOST_OF_A_CAUSE: usize = 50;

/// So many problems are drawn in all.
const MOST: usize = 400;

/// So many of what is no problem are listed under one heading.
const MOST_LISTED: usize = 50;

/// So few problems need not be opened one by one.
const FEW: usize = 3;

/// The findings that are problems, by cause, and where each method's is drawn.
pub(super) struct Problems {
    /// By cause, the most first: indices of findings.
    groups: Vec<(Option<Cause>, Vec<usize>)>,
    /// How many of each group are drawn.
    drawn: HashMap<Option<Cause>, usize>,
    /// Of each method's first problem, where it is on the page.
    of: HashMap<usize, String>,
}

impl Problems {
    pub(super) fn new(report: &Report) -> Self {
        let mut groups: BTreeMap<Option<Cause>, Vec<usize>> = BTreeMap::new();
        for (index, finding) in report.diagnoses.iter().enumerate() {
            if !finding.expected && finding.ignored.is_none() {
                groups.entry(finding.diagnosis.cause).or_default().push(index);
            }
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(cause, indices)| (std::cmp::Reverse(indices.len()), *cause));
        let (mut left, mut drawn, mut of) = (MOST, HashMap::new(), HashMap::new());
        for (cause, indices) in &groups {
            let shown = indices.len().min(MOST_OF_A_CAUSE).min(left);
            left -= shown;
            drawn.insert(*cause, shown);
            for (place, index) in indices.iter().enumerate() {
                let Some(method) = report.diagnoses.get(*index).and_then(|finding| finding.of) else { continue };
                let anchor = if place < shown { format!("f{index}") } else { group_id(*cause) };
                of.entry(method).or_insert(anchor);
            }
        }
        Self { groups, drawn, of }
    }

    /// Where the problem of a method is drawn.
    pub(super) fn of(&self, method: usize) -> Option<&str> {
        self.of.get(&method).map(String::as_str)
    }

    /// Where the problems of a cause are drawn.
    pub(super) fn group(&self, cause: Cause) -> Option<String> {
        self.drawn.contains_key(&Some(cause)).then(|| group_id(Some(cause)))
    }

    /// The problems, each cause with its own.
    pub(super) fn section(&self, report: &Report) -> Markup {
        let total: usize = self.groups.iter().map(|(_, indices)| indices.len()).sum();
        if total == 0 {
            return html! {};
        }
        html! {
            section #problems {
                h2 { "Problems " span.n { (number(total)) } }
                @for (cause, indices) in &self.groups {
                    @let shown = self.drawn.get(cause).copied().unwrap_or(0);
                    section.cause id=(group_id(*cause)) {
                        h3 {
                            @match cause {
                                Some(cause) => { code.id { (cause.id()) } " " (means(*cause)) },
                                None => "No cause was found",
                            }
                            " " span.n { (number(indices.len())) }
                        }
                        @if let Some(cause) = cause {
                            p.remedy { b { "Do: " } (cause.about().remedy) }
                        }
                        @for index in indices.iter().take(shown) {
                            @if let Some(finding) = report.diagnoses.get(*index) { (card(report, *index, finding, total <= FEW)) }
                        }
                        @if indices.len() > shown { p.more { (more(indices.len() - shown)) } }
                    }
                }
            }
        }
    }

    /// What the plan said would happen: no problem, and told for that.
    #[allow(clippy::unused_self, reason = "one family of sections")]
    pub(super) fn expected(&self, report: &Report) -> Markup {
        let mut groups: BTreeMap<Option<Cause>, Vec<&Finding>> = BTreeMap::new();
        for finding in report.expected() {
            groups.entry(finding.diagnosis.cause).or_default().push(finding);
        }
        if groups.is_empty() {
            return html! {};
        }
        html! {
            section #expected {
                h2 { "Answered as expected " span.n { (number(report.expected().count())) } }
                p.dim { "Not healthy, and no problem: the request was made to be refused, or is made up and nobody vouches for it." }
                @for (cause, findings) in groups {
                    details {
                        summary {
                            @if let Some(cause) = cause { code.id { (cause.id()) } " " (means(cause)) } @else { "Without a cause" }
                            " " span.n { (number(findings.len())) }
                        }
                        (listed(&findings))
                    }
                }
            }
        }
    }

    /// What fails and is held back by the config, by its reason.
    #[allow(clippy::unused_self, reason = "one family of sections")]
    pub(super) fn ignored(&self, report: &Report) -> Markup {
        let mut groups: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for (finding, reason) in report.ignored() {
            groups.entry(reason).or_default().push(finding);
        }
        if groups.is_empty() {
            return html! {};
        }
        html! {
            section #ignored {
                h2 { "Failing and ignored " span.n { (number(report.ignored().count())) } }
                @for (reason, findings) in groups {
                    details open {
                        summary { (say(reason)) " " span.n { (number(findings.len())) } }
                        (listed(&findings))
                    }
                }
            }
        }
    }
}

fn group_id(cause: Option<Cause>) -> String {
    format!("c-{}", cause.map_or("none", Cause::id))
}

fn means(cause: Cause) -> &'static str {
    cause.about().means.trim_end_matches('.')
}

/// One problem. What is wrong is seen without opening it.
fn card(report: &Report, index: usize, finding: &Finding, open: bool) -> Markup {
    let diagnosis = &finding.diagnosis;
    let told = |text: &str| about(text, diagnosis);
    html! {
        details.card.item id={ "f" (index) } data-s="failing" data-a=[api(report, finding).map(say)] open[open] {
            summary {
                (request(diagnosis))
                @if let Some(first) = diagnosis.evidence.first() { span.first { (told(first)) } }
            }
            div.body {
                (steps(diagnosis))
                div.why {
                    h4 { "Evidence" }
                    ul {
                        @for evidence in &diagnosis.evidence { li { (told(evidence)) } }
                        @if diagnosis.confidence != Confidence::Certain { li { "this is " (diagnosis.confidence) ", not certain" } }
                    }
                    @if !diagnosis.alternatives.is_empty() {
                        h4 { "It may be instead" }
                        ul {
                            @for other in &diagnosis.alternatives { li { code.id { (other.cause.id()) } " " (told(&other.tell)) } }
                        }
                    }
                    @if !diagnosis.remedy.is_empty() || !diagnosis.suggestions.is_empty() {
                        h4 { "What to do" }
                        @if !diagnosis.remedy.is_empty() { p { (told(&diagnosis.remedy)) } }
                        @for suggestion in diagnosis.suggestions.iter().take(3) {
                            p {
                                (told(&suggestion.why))
                                @if !suggestion.without.is_empty() { ", without the header " (say(&suggestion.without.join(", "))) }
                                ", reaching " (told(&suggestion.reaches)) ":"
                            }
                            (shell(&suggestion.method, &suggestion.url))
                        }
                    }
                    h4 { "The request that failed" }
                    (shell(&diagnosis.request.method, &diagnosis.request.url))
                    (facts(finding))
                }
            }
        }
    }
}

/// The checklist that people know.
fn steps(diagnosis: &Diagnosis) -> Markup {
    html! {
        ol.steps aria-label="The six steps" {
            @for step in &diagnosis.steps {
                @let (class, glyph, word) = match step.result {
                    StepResult::Pass => ("healthy", "✓", "pass"),
                    StepResult::Fail => ("failing", "✕", "FAIL"),
                    StepResult::Unknown => ("unproved", "?", "unknown"),
                    StepResult::NotReached => ("skipped", "–", "not reached"),
                };
                li class=(class) {
                    span.st.(class) { span aria-hidden="true" { (glyph) } " " (word) } " "
                    b { (step.step.id()) }
                    @if !step.evidence.is_empty() { " " span.ev { (about(&step.evidence, diagnosis)) } }
                }
            }
        }
    }
}

/// What one needs to find the request in a log.
fn facts(finding: &Finding) -> Markup {
    let diagnosis = &finding.diagnosis;
    html! {
        dl.facts {
            @if let Some(method) = &diagnosis.matched {
                div { dt { "Method" } dd {
                    code { (method.method) " " (say(&method.resource)) } " of " (say(&method.stage)) ", " (say(&method.api_name))
                } }
            }
            @if let Some(response) = &diagnosis.response {
                div { dt { "Answer" } dd {
                    (response.status)
                    @if let Some(kind) = &response.error_type { " " code { (say(kind)) } }
                    @if let Some(message) = &response.message { " “" (about(message, diagnosis)) "”" }
                } }
            }
            div { dt { "Symptom" } dd { (diagnosis.symptom) } }
            div { dt { "Verdict" } dd { (diagnosis.verdict) ", " (diagnosis.confidence) } }
            div { dt { "Door" } dd { (say(&finding.door.to_string())) } }
            div { dt { "Request from" } dd { (finding.provenance.id()) } }
            div { dt { "Sent" } dd {
                (counted(finding.attempts as usize, "time")) @if finding.confirmed { ", confirmed on a fresh connection" }
            } }
            @if !finding.request_id.is_empty() {
                div { dt { "x-amzn-RequestId" } dd { code { (say(&finding.request_id)) } } }
            }
        }
    }
}

fn listed(findings: &[&Finding]) -> Markup {
    html! {
        ul.list {
            (capped(findings, MOST_LISTED, |finding| html! {
                li {
                    (request(&finding.diagnosis))
                    @if let Some(response) = &finding.diagnosis.response { " " span.dim { "answered " (response.status) } }
                    @if !finding.diagnosis.remedy.is_empty() { " " span.dim { (about(&finding.diagnosis.remedy, &finding.diagnosis)) } }
                }
            }))
        }
    }
}

/// The API that a finding is about, as far as that can be told.
fn api<'r>(report: &'r Report, finding: &'r Finding) -> Option<&'r str> {
    if let Some(method) = &finding.diagnosis.matched {
        return Some(&method.api);
    }
    if let Some(method) = finding.of.and_then(|index| report.methods.get(index)) {
        return Some(&method.api);
    }
    of_url(report, &finding.diagnosis.request.url)
}

/// The API whose id stands in a label of the host, or in the path of an emulator.
pub(super) fn of_url<'r>(report: &'r Report, url: &str) -> Option<&'r str> {
    let url = url.split(['?', '#']).next().unwrap_or("");
    let words: Vec<&str> = url.split(['/', '.', ':']).collect();
    report.stages.iter().map(|stage| stage.api.as_str()).find(|id| words.contains(id))
}
