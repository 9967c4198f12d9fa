//! From a report with problems to the one message that tells of them. Pure; `sns.rs` sends it.
//!
//! SNS takes 256 KB a message, attributes included, and counts the JSON in which the versions for e-mail, for SMS and for
//! machines travel together. Each part has a limit of its own, counted as it is encoded there, so that their sum fits
//! whatever the report holds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::alert_text;
use super::safe::{clean, cut, encoded, url, without_values};
use super::{Finding, Report};
use crate::diagnose::{Cause, Matched};
use crate::remember::Severity;

/// The version of [`Alert::json`].
pub const ALERT_VERSION: u32 = 1;

/// SNS wants fewer than 100 characters.
pub(super) const LONGEST_SUBJECT: usize = 99;

/// The most bytes of the JSON for machines, as encoded inside the message.
pub(super) const LONGEST_JSON: usize = 160 * 1024;

/// The most bytes of one list among the attributes.
const LONGEST_LIST: usize = 16 * 1024;

/// The most bytes of a URL in the JSON. API Gateway itself takes 10,240 bytes of request line and headers together.
pub(super) const LONGEST_URL: usize = 4096;

/// The most bytes of any other text in the JSON.
const LONGEST_WORDS: usize = 1024;

/// One message. It can be kept and sent by a later run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Fewer than 100 ASCII characters.
    pub subject: String,
    /// For people: what e-mail subscribers get.
    pub text: String,
    /// For telephones; `None`: the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<String>,
    /// For machines: what every other subscriber gets.
    pub json: Value,
    /// For filter policies: `severity`, `region`, `causes`, `apis`, `stages`, and `cut` where a list is not whole.
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// One text.
    Text(String),
    /// Several texts; a filter policy matches any of them.
    List(Vec<String>),
}

impl Attribute {
    /// SNS's name of the type.
    #[must_use]
    pub fn data_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::List(_) => "String.Array",
        }
    }

    /// The value as SNS takes it: a list is JSON.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(texts) => json!(texts).to_string(),
        }
    }
}

impl Alert {
    /// The message for `MessageStructure=json`: a version for e-mail, one for SMS, and the JSON for all the others.
    ///
    /// The JSON is the `default` and not repeated for each of sqs, lambda, http, https, firehose and email-json: six copies
    /// would leave it a sixth of the room.
    #[must_use]
    pub fn message(&self) -> String {
        json!({ "default": self.json.to_string(), "email": self.text, "sms": self.sms() }).to_string()
    }

    /// What telephones get.
    #[must_use]
    pub fn sms(&self) -> &str {
        self.sms.as_deref().unwrap_or(&self.subject)
    }

    /// How many bytes SNS counts: the message, the subject, and names, types and values of the attributes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, attribute)| name.len() + attribute.data_type().len() + attribute.value().len());
        self.message().len() + self.subject.len() + attributes.sum::<usize>()
    }
}

/// The problems of one cause.
pub(super) struct Group<'r> {
    pub(super) cause: Cause,
    pub(super) findings: Vec<&'r Finding>,
}

impl Group<'_> {
    pub(super) fn severity(&self) -> Severity {
        Severity::of(self.cause.about().verdict)
    }
}

/// The message about a run; `None` where it found no problem.
#[must_use]
pub fn alert(report: &Report) -> Option<Alert> {
    let groups = groups(report);
    let severity = groups.iter().map(Group::severity).max()?;
    Some(Alert {
        subject: subject(report, &groups, severity),
        text: alert_text::text(report, &groups, severity),
        sms: None,
        json: machine(report, &groups, severity),
        attributes: attributes(report, &groups, severity),
    })
}

/// The problems by cause: what is critical first, then what there is most of.
fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut by_cause: BTreeMap<Cause, Vec<&Finding>> = BTreeMap::new();
    for finding in report.problems() {
        by_cause.entry(finding.diagnosis.cause.unwrap_or(Cause::Unexplained)).or_default().push(finding);
    }
    let mut groups: Vec<_> = by_cause.into_iter().map(|(cause, findings)| Group { cause, findings }).collect();
    groups.sort_by_key(|group| (Reverse(group.severity()), Reverse(group.findings.len()), group.cause));
    groups
}

pub(super) fn total(groups: &[Group<'_>]) -> usize {
    groups.iter().map(|group| group.findings.len()).sum()
}

/// `1 request fails`, `2 requests fail`.
pub(super) fn fail(count: usize) -> String {
    if count == 1 { "1 request fails".to_owned() } else { format!("{count} requests fail") }
}

/// As many causes as have room, whole.
fn subject(report: &Report, groups: &[Group<'_>], severity: Severity) -> String {
    let region: String = report.region.chars().filter(char::is_ascii_graphic).take(25).collect();
    let mut subject = format!("Gateprobe {severity}: {} in {region}: ", fail(total(groups)));
    for (index, group) in groups.iter().enumerate() {
        let told = format!("{}{} {}", if index == 0 { "" } else { ", " }, group.findings.len(), group.cause);
        let left = groups.len() - index;
        let rest = if left > 1 { ", +99 more".len() } else { 0 };
        if subject.len() + told.len() + rest > LONGEST_SUBJECT {
            let more = if index == 0 { format!("{left} causes") } else { format!(", +{left} more") };
            subject.push_str(&more);
            break;
        }
        subject.push_str(&told);
    }
    subject.truncate(LONGEST_SUBJECT);
    subject
}

fn machine(report: &Report, groups: &[Group<'_>], severity: Severity) -> Value {
    let coverage = &report.coverage;
    let causes: Vec<Value> = groups
        .iter()
        .map(|group| {
            let verdict = group.cause.about().verdict;
            json!({ "cause": group.cause, "verdict": verdict, "count": group.findings.len() })
        })
        .collect();
    let mut alert = json!({
        "version": ALERT_VERSION,
        "severity": severity.to_string(),
        "region": words(&report.region),
        "started_at": report.started_at,
        "duration_ms": report.duration_ms,
        "counts": {
            "deployed": coverage.deployed,
            "probed": coverage.probed,
            "routed": coverage.routed,
            "healthy": coverage.healthy,
            "skipped": coverage.skipped_total(),
            "contract": report.contract,
            "problems": total(groups),
            "expected": report.expected().count(),
            "unhealthy": report.unhealthy,
            "routing_failures": report.routing_failures,
            "undeployed": report.undeployed.len(),
        },
        "gaps": report.gaps.len(),
        "stopped_early": report.stopped_early,
        "causes": causes,
        "diagnoses": [],
        "omitted": total(groups),
    });
    // One of each cause, then a second of each, and so on: what is cut is more of the same.
    let mut order: Vec<(usize, usize, &Finding)> = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        order.extend(group.findings.iter().enumerate().map(|(rank, finding)| (rank, place, *finding)));
    }
    order.sort_by_key(|(rank, place, _)| (*rank, *place));
    let mut room = LONGEST_JSON.saturating_sub(encoded(&alert.to_string()));
    let mut told: Vec<((usize, usize), Value)> = Vec::new();
    for (rank, place, finding) in order {
        let diagnosis = diagnosis(finding);
        let size = encoded(&diagnosis.to_string()) + ",".len();
        if size > room {
            break;
        }
        room -= size;
        told.push(((place, rank), diagnosis));
    }
    told.sort_by_key(|(place, _)| *place);
    if let Some(problem) = report.memory.as_ref().and_then(|memory| memory.problem.as_ref()) {
        alert["without_memory"] = json!(words(problem));
    }
    alert["omitted"] = json!(total(groups) - told.len());
    alert["diagnoses"] = told.into_iter().map(|(_, diagnosis)| diagnosis).collect();
    alert
}

fn diagnosis(finding: &Finding) -> Value {
    let diagnosis = &finding.diagnosis;
    let asked = &diagnosis.request;
    let told = |text: &str| words(&without_values(text, &asked.url));
    json!({
        "request": { "method": words(&asked.method), "url": link(&asked.url) },
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause,
        "confidence": diagnosis.confidence,
        "matched": diagnosis.matched.as_ref().map(|matched| json!({
            "api": words(&matched.api),
            "api_name": words(&matched.api_name),
            "stage": words(&matched.stage),
            "resource": words(&matched.resource),
            "method": matched.method,
        })),
        "evidence": diagnosis.evidence.first().map(|line| told(line)),
        "remedy": told(&diagnosis.remedy),
        "suggestion": diagnosis.suggestions.first().map(|suggestion| json!({
            "method": words(&suggestion.method),
            "url": link(&suggestion.url),
            "reaches": told(&suggestion.reaches),
            "why": told(&suggestion.why),
        })),
        "door": words(&finding.door.to_string()),
        "request_id": words(&finding.request_id),
    })
}

pub(super) fn words(text: &str) -> String {
    cut(&clean(text), LONGEST_WORDS).into_owned()
}

pub(super) fn link(text: &str) -> String {
    cut(&url(text), LONGEST_URL).into_owned()
}

fn attributes(report: &Report, groups: &[Group<'_>], severity: Severity) -> BTreeMap<String, Attribute> {
    let stages = Stages::of(report);
    let (mut by_api, mut by_stage): (BTreeMap<String, usize>, BTreeMap<String, usize>) = Default::default();
    for finding in groups.iter().flat_map(|group| &group.findings) {
        let Some((api, stage)) = stages.of_finding(finding) else { continue };
        if let Some(stage) = stage {
            *by_stage.entry(format!("{api}/{stage}")).or_default() += 1;
        }
        *by_api.entry(api).or_default() += 1;
    }
    let mut attributes = BTreeMap::from([("severity".to_owned(), Attribute::Text(severity.to_string()))]);
    let region = words(&report.region);
    if !region.trim().is_empty() {
        attributes.insert("region".to_owned(), Attribute::Text(region));
    }
    let causes = groups.iter().map(|group| group.cause.id().to_owned()).collect();
    let mut cut_short = Vec::new();
    for (name, texts) in [("causes", causes), ("apis", most_first(by_api)), ("stages", most_first(by_stage))] {
        let (texts, is_cut) = shortened(texts);
        if is_cut {
            cut_short.push(name.to_owned());
        }
        if !texts.is_empty() {
            attributes.insert(name.to_owned(), Attribute::List(texts));
        }
    }
    // So that a filter policy can take these too: what it looks for may be in the part that is not there.
    if !cut_short.is_empty() {
        attributes.insert("cut".to_owned(), Attribute::List(cut_short));
    }
    attributes
}

fn most_first(counts: BTreeMap<String, usize>) -> Vec<String> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts.into_iter().map(|(text, _)| words(&text)).collect()
}

/// As many as have room, and whether that is not all.
pub(super) fn shortened(mut texts: Vec<String>) -> (Vec<String>, bool) {
    let mut bytes = "[]".len();
    let fit = texts.iter().take_while(|text| {
        bytes += encoded(text) + "\"\",".len();
        bytes <= LONGEST_LIST
    });
    let fit = fit.count();
    let is_cut = fit < texts.len();
    texts.truncate(fit);
    (texts, is_cut)
}

/// The stages that the report knows, by API.
struct Stages<'r>(BTreeMap<&'r str, BTreeSet<&'r str>>);

impl<'r> Stages<'r> {
    fn of(report: &'r Report) -> Self {
        let mut stages: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for stage in &report.stages {
            stages.entry(stage.api.as_str()).or_default().insert(stage.stage.as_str());
        }
        Self(stages)
    }

    /// Whose problem it is: the matched method's, else what the URL itself names. A custom domain's name says nothing of
    /// what lies behind it, and then it is nobody's.
    fn of_finding(&self, finding: &Finding) -> Option<(String, Option<String>)> {
        if let Some(Matched { api, stage, .. }) = &finding.diagnosis.matched {
            return Some((api.clone(), Some(stage.clone())));
        }
        let url = url::Url::parse(&finding.diagnosis.request.url).ok()?;
        let host = url.host_str()?;
        // A private API may be called as `{api}-vpce-….execute-api.…`.
        let label = host.split('.').next().unwrap_or_default();
        let label = label.split_once("-vpce-").map_or(label, |(api, _)| api);
        let mut segments = url.path_segments()?;
        let api = if self.0.contains_key(label) || host.contains(".execute-api.") {
            label.to_owned()
        } else {
            segments.by_ref().find(|segment| self.0.contains_key(segment))?.to_owned()
        };
        let stages = self.0.get(api.as_str());
        let stage = segments.next().filter(|segment| stages.is_some_and(|stages| stages.contains(segment)));
        let stage = stage.map(str::to_owned);
        Some((api, stage))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnose::Suggestion;
    use crate::gateway::Gap;
    use crate::report::fixture::{self, finding, small};

    /// What SNS would refuse, and what a reader would curse.
    fn check(alert: &Alert) {
        assert!((1..100).contains(&alert.subject.len()), "{}", alert.subject);
        assert!(alert.subject.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{}", alert.subject);
        assert!(alert.bytes() <= 256 * 1024, "{}", alert.bytes());
        assert!((1..=10).contains(&alert.attributes.len()));
        for (name, attribute) in &alert.attributes {
            assert!(!attribute.value().is_empty() && attribute.value() != "[]", "{name}");
        }
        for line in alert.text.lines() {
            assert!(line.chars().count() <= 80 || line.contains("://"), "{line}");
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
        let counted =
            alert.json["diagnoses"].as_array().unwrap().len() as u64 + alert.json["omitted"].as_u64().unwrap();
        assert_eq!(json!(counted), alert.json["counts"]["problems"]);
        let message: Value = serde_json::from_str(&alert.message()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(message["default"].as_str().unwrap()).unwrap(), alert.json);
        assert_eq!(message["email"], alert.text);
        assert_eq!(message["sms"], alert.subject);
        assert_eq!(&serde_json::from_str::<Alert>(&serde_json::to_string(alert).unwrap()).unwrap(), alert);
    }

    #[test]
    fn a_run_without_problems_says_nothing() {
        assert_eq!(alert(&fixture::report(vec![], vec![])), None);
        let mut report = small();
        report.diagnoses.retain(|finding| finding.expected);
        assert_eq!(alert(&report), None, "what was expected wakes nobody");
    }

    #[test]
    fn for_people() {
        let alert = alert(&small()).unwrap();
        check(&alert);
        insta::assert_snapshot!(format!("{}\n\n{}", alert.subject, alert.text));
    }

    #[test]
    fn for_machines() {
        let alert = alert(&small()).unwrap();
        insta::assert_json_snapshot!(json!({ "json": alert.json, "attributes": alert.attributes }));
    }

    #[test]
    fn no_value_of_a_query_is_told() {
        let alert = alert(&small()).unwrap();
        assert!(!alert.message().contains("s3cret"), "{}", alert.text);
        assert!(alert.text.contains("/orderz?token=…&page="), "{}", alert.text);
    }

    #[test]
    fn a_door_that_is_there_is_a_warning() {
        let url = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod/x";
        let mut findings = vec![finding(Cause::Throttle, "GET", url); 7];
        let severity = |findings: &[Finding]| {
            alert(&fixture::report(findings.to_vec(), vec![])).unwrap().attributes["severity"].value()
        };
        assert_eq!(severity(&findings), "warning");
        findings.push(finding(Cause::NetworkDns, "GET", url));
        assert_eq!(severity(&findings), "critical");
        let alert = alert(&fixture::report(findings, vec![])).unwrap();
        assert_eq!(
            alert.subject, "Gateprobe critical: 8 requests fail in eu-central-1: 1 network-dns, 7 throttle",
            "what is critical comes first"
        );
    }

    #[test]
    fn whose_problem_it_is() {
        let stages = vec![fixture::stage("a1b2c3d4e5", "shop", "prod")];
        for (url, expected) in [
            ("https://a1b2c3d4e5.execute-api.x.amazonaws.com/prod/a", Some(("a1b2c3d4e5", Some("prod")))),
            ("https://a1b2c3d4e5.execute-api.x.amazonaws.com/prud/a", Some(("a1b2c3d4e5", None))),
            ("https://gone000000.execute-api.x.amazonaws.com/prod/a", Some(("gone000000", None))),
            ("https://a1b2c3d4e5-vpce-01.execute-api.x.amazonaws.com/prod", Some(("a1b2c3d4e5", Some("prod")))),
            ("http://localhost:4566/restapis/a1b2c3d4e5/prod/_user_request_/a", Some(("a1b2c3d4e5", Some("prod")))),
            ("https://shop.example.com/prod/a", None),
        ] {
            let report = fixture::report(vec![finding(Cause::PathUnknown, "GET", url)], stages.clone());
            let found = Stages::of(&report).of_finding(&report.diagnoses[0]);
            let expected = expected.map(|(api, stage)| (api.to_owned(), stage.map(str::to_owned)));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn every_cause_is_told_before_a_second_of_any() {
        let long = format!("https://x.example.com/{}", "segment/".repeat(400));
        let mut findings = vec![finding(Cause::PathUnknown, "GET", &long); 10_000];
        findings.push(finding(Cause::Throttle, "GET", &long));
        let alert = alert(&fixture::report(findings, vec![])).unwrap();
        check(&alert);
        assert!(alert.json["omitted"].as_u64().unwrap() > 9_000);
        let told = alert.json["diagnoses"].as_array().unwrap();
        assert!(told.len() > 10, "{}", told.len());
        assert_eq!(told.last().unwrap()["cause"], "throttle");
        assert!(alert.text.contains("and 9997 more of this cause"), "{}", alert.text);
    }

    #[test]
    fn lists_that_do_not_fit_say_so() {
        let findings: Vec<_> = (0..5000)
            .map(|index| {
                let url = format!("https://api{index:07}.execute-api.eu-central-1.amazonaws.com/prod/x");
                finding(Cause::PathUnknown, "GET", &url)
            })
            .collect();
        let alert = alert(&fixture::report(findings, vec![])).unwrap();
        check(&alert);
        assert_eq!(alert.attributes["cut"], Attribute::List(vec!["apis".to_owned()]));
    }

    #[test]
    fn every_cause_at_once() {
        let long = format!("https://x.example.com/{}?t={}", "x".repeat(1900), "\"".repeat(9_000));
        let findings = Cause::ALL.iter().flat_map(|cause| vec![finding(*cause, "GET", &long); 20]).collect();
        let mut report = fixture::report(findings, vec![]);
        let gap = Gap { place: "\u{202e}place\n".repeat(500), reason: "\"".repeat(5000) };
        report.gaps = vec![gap; 1000];
        check(&alert(&report).unwrap());
    }

    /// A word of anything, short or very long.
    fn text() -> impl Strategy<Value = String> {
        (any::<String>(), 1usize..400).prop_map(|(text, times)| text.repeat(times))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_the_report_holds_sns_takes_it(
            parts in prop::collection::vec((0..Cause::ALL.len(), text(), text(), text(), any::<String>()), 1..6),
            region in any::<String>(),
            repeat in prop::sample::select(vec![1usize, 2, 5, 100, 2000]),
        ) {
            let mut findings = Vec::new();
            for (cause, path, evidence, url, method) in &parts {
                let mut one = finding(Cause::ALL[*cause], method, &format!("https://{url}/{path}"));
                one.diagnosis.evidence = vec![evidence.clone()];
                one.diagnosis.remedy.clone_from(evidence);
                one.diagnosis.suggestions.push(Suggestion {
                    method: method.clone(), url: format!("https://{path}"), reaches: evidence.clone(), why: path.clone(),
                    without: vec![],
                });
                one.request_id.clone_from(path);
                one.diagnosis.matched = Some(Matched {
                    api: path.clone(), api_name: evidence.clone(), stage: url.clone(), resource: path.clone(),
                    method: crate::gateway::Verb::Any,
                });
                findings.extend(std::iter::repeat_n(one, repeat));
            }
            let mut report = fixture::report(findings, vec![]);
            report.region = region;
            report.started_at = i64::MAX;
            check(&alert(&report).unwrap());
        }
    }
}
