//! One finding in plain lines, for files that pipelines keep: no value of a query, no control characters, not endless.

use super::Finding;
use super::safe::{clean, cut, url, without_values};
use crate::diagnose::StepResult;

/// The most bytes of one line.
const LONGEST_LINE: usize = 2000;

/// The request, as `GET https://…`.
pub(super) fn request(finding: &Finding) -> String {
    let request = &finding.diagnosis.request;
    line(&format!("{} {}", request.method, url(&request.url)), "")
}

/// What is wrong, in one line.
pub(super) fn summary(finding: &Finding) -> String {
    let diagnosis = &finding.diagnosis;
    let means = diagnosis.cause.map_or("Something answered that no rule accounts for.", |cause| cause.about().means);
    let evidence = diagnosis.evidence.first().map_or("", String::as_str);
    line(&format!("{means} {evidence}"), &diagnosis.request.url)
}

/// The whole diagnosis, a fact a line.
pub(super) fn lines(finding: &Finding) -> Vec<String> {
    let diagnosis = &finding.diagnosis;
    let id = diagnosis.cause.map_or("unknown", crate::diagnose::Cause::id);
    let mut lines = vec![
        request(finding),
        format!("cause: {id} ({}, {})", diagnosis.verdict, diagnosis.confidence),
        summary(finding),
    ];
    let mut say = |text: String| lines.push(line(&text, &diagnosis.request.url));
    for evidence in diagnosis.evidence.iter().skip(1) {
        say(format!("evidence: {evidence}"));
    }
    for step in &diagnosis.steps {
        let result = match step.result {
            StepResult::Pass => "pass",
            StepResult::Fail => "FAIL",
            StepResult::Unknown => "unknown",
            StepResult::NotReached => continue,
        };
        say(format!("step {}: {result} {}", step.step.id(), step.evidence).trim_end().to_owned());
    }
    say(format!("help: {}", diagnosis.remedy));
    for suggestion in &diagnosis.suggestions {
        say(format!("try: {} {} reaches {}", suggestion.method, url(&suggestion.url), suggestion.reaches));
    }
    for alternative in &diagnosis.alternatives {
        say(format!("or: {}: {}", alternative.cause, alternative.tell));
    }
    let confirmed = if finding.confirmed { "; seen again on a fresh connection" } else { "" };
    say(format!("x-amzn-RequestId sent: {}{confirmed}", finding.request_id));
    lines
}

/// Other people's words as one line, without the values of this URL's query.
pub(super) fn line(text: &str, asked: &str) -> String {
    cut(&clean(&without_values(text, asked)), LONGEST_LINE).trim().to_owned()
}
