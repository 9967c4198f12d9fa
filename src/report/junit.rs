//! `--format junit`: the report as JUnit XML, which every pipeline can show.
//!
//! A test suite is a stage, a test case a deployed method; the contract, what was taken away, and the gaps have suites of their
//! own. A pipeline asks what is broken: only failures and gaps are not green.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::finding_text::{line, lines, request, summary};
use super::{ContractRequest, Finding, MethodReport, Report, State};
use crate::diagnose::Cause;
use crate::plan::Provenance;

/// The XML could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report could not be written as JUnit XML ({0}): use --format json, and report this")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The report as JUnit XML.
///
/// # Errors
/// [`JunitError`], should the XML writer refuse something.
pub fn junit(report: &Report) -> Result<String, JunitError> {
    let mut all = quick_junit::Report::new("gateprobe");
    all.set_time(Duration::from_millis(report.duration_ms));
    let findings = Findings::of(report);
    let stage_of = |method: &MethodReport| (method.api.to_string(), method.stage.to_string());
    let mut by_stage: BTreeMap<(String, String), Vec<(usize, &MethodReport)>> = BTreeMap::new();
    for (index, method) in report.methods.iter().enumerate() {
        by_stage.entry(stage_of(method)).or_default().push((index, method));
    }
    for stage in &report.stages {
        let mut suite = suite(report, &line(&format!("{} {} ({})", stage.api_name, stage.stage, stage.api), ""));
        for (name, value) in [("api", &stage.api), ("api_name", &stage.api_name), ("stage", &stage.stage)] {
            suite.add_property(Property::new(name, line(value, "")));
        }
        if let Some(deployment) = &stage.deployment {
            suite.add_property(Property::new("deployment", deployment));
        }
        let class = line(&format!("{}.{}", stage.api_name, stage.stage), "");
        for (index, method) in by_stage.get(&(stage.api.clone(), stage.stage.clone())).into_iter().flatten() {
            suite.add_test_case(method_case(method, &class, findings.methods.get(index)));
        }
        all.add_test_suite(suite);
    }
    let mut contract = suite(report, "contract");
    contract.add_test_cases(report.contract_requests.iter().map(|asked| contract_case(asked, &findings)));
    let mut removed = suite(report, "removed");
    removed.add_test_cases(findings.removed.iter().map(|finding| {
        let mut case = TestCase::new(request(finding), failure([*finding]));
        case.set_classname("removed");
        case
    }));
    let mut gaps = suite(report, "gaps");
    gaps.add_test_cases(report.gaps.iter().map(|gap| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("gap").set_message(line(&gap.reason, ""));
        let mut case = TestCase::new(line(&gap.place, ""), status);
        case.set_classname("gaps");
        case
    }));
    all.add_test_suites([contract, removed, gaps].into_iter().filter(|suite| !suite.test_cases.is_empty()));
    Ok(all.to_string()?)
}

fn suite(report: &Report, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(name);
    if let Ok(at) = jiff::Timestamp::from_second(report.started_at) {
        suite.extra.insert("timestamp".into(), at.to_string().trim_end_matches('Z').into());
    }
    suite
}

/// The problems, by what they are of.
struct Findings<'r> {
    methods: BTreeMap<usize, Vec<&'r Finding>>,
    /// By verb and masked URL.
    contract: BTreeMap<String, Vec<&'r Finding>>,
    removed: Vec<&'r Finding>,
}

impl<'r> Findings<'r> {
    fn of(report: &'r Report) -> Self {
        let mut findings = Self { methods: BTreeMap::new(), contract: BTreeMap::new(), removed: Vec::new() };
        let promised: BTreeSet<String> = report.contract_requests.iter().map(contract_name).collect();
        for finding in report.problems() {
            let name = request(finding);
            match finding.of {
                Some(index) => findings.methods.entry(index).or_default().push(finding),
                None if finding.provenance == Provenance::Contract && promised.contains(&name) => {
                    findings.contract.entry(name).or_default().push(finding);
                }
                None => findings.removed.push(finding),
            }
        }
        findings
    }
}

fn method_case(method: &MethodReport, class: &str, findings: Option<&Vec<&Finding>>) -> TestCase {
    let because = |words: &str| method.detail.as_ref().map_or(words.to_owned(), |detail| format!("{words}: {detail}"));
    let mut says = None;
    let status = match (method.state, &method.ignored) {
        (State::Failing, Some(reason)) => skipped(&format!("fails, and the config ignores it: {reason}")),
        (State::Failing, None) => match findings {
            Some(findings) => failure(findings.iter().copied()),
            None => bare_failure(method.cause),
        },
        (State::Skipped, _) => skipped(&because(
            &method
                .skipped
                .map_or("it was not asked".to_owned(), |reason| format!("{}: {}", reason.id(), reason.means())),
        )),
        (State::Healthy, _) => TestCaseStatus::success(),
        (State::Routed, _) => {
            says = Some("routed, not healthy: the answer proves the route, and nothing of what lies behind it");
            TestCaseStatus::success()
        }
        (State::Unproved, _) => {
            says = Some("unproved: nothing is known to be wrong, and the answer does not prove the route either");
            TestCaseStatus::success()
        }
    };
    let mut case = TestCase::new(line(&format!("{} {}", method.method, method.resource), ""), status);
    case.set_classname(class);
    time(&mut case, method.latency_ms);
    if let Some(says) = says {
        let named =
            method.cause.map_or(String::new(), |cause| format!("\ncause: {}: {}", cause.id(), cause.about().means));
        let remedy = method.remedy.as_ref().map_or(String::new(), |remedy| format!("\nconfig: {}", line(remedy, "")));
        case.set_system_out(format!("{}{named}{remedy}", line(&because(says), "")));
    }
    case
}

fn contract_name(asked: &ContractRequest) -> String {
    line(&format!("{} {}", asked.method, asked.url), "")
}

fn contract_case(asked: &ContractRequest, findings: &Findings<'_>) -> TestCase {
    let name = contract_name(asked);
    let status = match asked.state {
        State::Failing => match findings.contract.get(&name) {
            Some(findings) => failure(findings.iter().copied()),
            None => bare_failure(asked.cause),
        },
        State::Skipped => skipped("it was not asked; a gap may say why"),
        State::Healthy | State::Routed | State::Unproved => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname("contract");
    time(&mut case, asked.latency_ms);
    if matches!(asked.state, State::Routed | State::Unproved) {
        case.set_system_out(format!("{}, not healthy", asked.state.name()));
    }
    case
}

fn time(case: &mut TestCase, latency_ms: Option<u64>) {
    if let Some(latency) = latency_ms {
        case.set_time(Duration::from_millis(latency));
    }
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(line(reason, ""));
    status
}

/// A failure whose diagnosis is not in the report.
fn bare_failure(cause: Option<Cause>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    if let Some(cause) = cause {
        status.set_type(cause.id()).set_message(cause.about().means);
    }
    status
}

/// A failure: the first finding gives type and message, all of them the text.
fn failure<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> TestCaseStatus {
    let findings: Vec<&Finding> = findings.into_iter().collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    if let Some(first) = findings.first() {
        status.set_type(first.diagnosis.cause.map_or("unknown", Cause::id)).set_message(summary(first));
    }
    let text: Vec<String> = findings.iter().map(|finding| lines(finding).join("\n")).collect();
    status.set_description(text.join("\n\n"));
    status
}
