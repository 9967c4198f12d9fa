//! The outputs for machines of others: JUnit, SARIF, Prometheus, EMF.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jsonschema::Draft;
use proptest::prelude::*;
use serde_json::Value;

use super::metrics::{Amount, Unit};
use super::*;
use crate::diagnose::Cause;
use crate::gateway::Verb;
use crate::plan::{Provenance, SkipReason};

fn method(resource: &str, verb: Verb, state: State) -> MethodReport {
    MethodReport {
        api: Arc::from("a1b2c3d4e5"),
        stage: Arc::from("prod"),
        resource: Arc::from(resource),
        method: verb,
        state,
        skipped: None,
        detail: None,
        remedy: None,
        ignored: None,
        provenance: None,
        cause: None,
        latency_ms: Some(25),
    }
}

/// The small run with its methods: one of each state, one that is ignored; a contract of two; names that want escaping.
fn run() -> Report {
    let mut report = fixture::small();
    let mut skipped = method("/pay", Verb::Post, State::Skipped);
    (skipped.skipped, skipped.detail, skipped.latency_ms) =
        (Some(SkipReason::NoSafeProof), Some("nothing is asked of its body".to_owned()), None);
    let mut ignored = method("/old", Verb::Get, State::Failing);
    ignored.ignored = Some(Arc::from("goes in May"));
    let mut unproved = method("/iam", Verb::Get, State::Unproved);
    unproved.cause = Some(Cause::IamUnsigned);
    report.methods = vec![
        method("/broken", Verb::Any, State::Failing),
        method("/healthy", Verb::Get, State::Healthy),
        method("/a\u{1b}[31m<\"&'>]]>\u{0}", Verb::Get, State::Routed),
        unproved,
        skipped,
        ignored,
    ];
    let broken =
        report.diagnoses.iter_mut().find(|finding| finding.diagnosis.cause == Some(Cause::Integration)).unwrap();
    (broken.of, broken.provenance) = (Some(0), Provenance::Bare);
    let url = url_without_values(&report.diagnoses[0].diagnosis.request.url);
    report.contract_requests = vec![
        ContractRequest {
            method: "GET".to_owned(),
            url,
            state: State::Failing,
            cause: Some(Cause::PathUnknown),
            latency_ms: Some(12),
        },
        ContractRequest {
            method: "GET".to_owned(),
            url: "https://h/ok".to_owned(),
            state: State::Healthy,
            cause: None,
            latency_ms: Some(7),
        },
    ];
    report
}

#[test]
fn junit_of_a_run() {
    let xml = junit(&run()).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(true);
    settings.bind(|| insta::assert_snapshot!(xml));
    let read = quick_junit_counts(&xml);
    // 1 method + the contract's GET + two requests of neither; the ignored one is skipped, the gap an error.
    assert_eq!(read, (11, 4, 1, 2), "tests, failures, errors, skipped");
}

/// The counts of the root element.
fn quick_junit_counts(xml: &str) -> (usize, usize, usize, usize) {
    let root = xml.lines().find(|line| line.starts_with("<testsuites")).unwrap();
    let count = |name: &str| {
        let (_, rest) = root.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    (count("tests"), count("failures"), count("errors"), count("skipped"))
}

/// The part of SARIF 2.1.0 that is used, closed, in our words: OASIS's own schema has a notice that is no open licence, so it
/// is not kept here. This output was held to that one by hand on 2026-11-23, without a fault.
fn sarif_as_used() -> Value {
    use serde_json::json;
    let closed = |required: &[&str], properties: Value| json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties});
    let text = json!({"type": "string", "minLength": 1});
    let message = closed(&["text"], json!({"text": text}));
    let level = json!({"enum": ["none", "note", "warning", "error"]});
    let rule = closed(
        &["id", "shortDescription"],
        json!({
            "id": text, "name": text, "shortDescription": message, "fullDescription": message, "help": {"type": "object"},
            "helpUri": {"type": "string", "format": "uri"}, "defaultConfiguration": closed(&[], json!({"level": level})),
            "properties": {"type": "object"},
        }),
    );
    let region = closed(&["startLine"], json!({"startLine": {"type": "integer", "minimum": 1}}));
    let physical = closed(
        &["artifactLocation"],
        json!({"artifactLocation": closed(&["uri"], json!({"uri": text})), "region": region}),
    );
    let logical = closed(&["fullyQualifiedName"], json!({"fullyQualifiedName": text, "name": text, "kind": text}));
    let location = closed(
        &["physicalLocation"],
        json!({"physicalLocation": physical, "logicalLocations": {"type": "array", "items": logical}}),
    );
    let result = closed(
        &["message", "ruleId", "ruleIndex", "level", "locations"],
        json!({
            "message": message, "ruleId": text, "ruleIndex": {"type": "integer", "minimum": 0}, "level": level,
            "locations": {"type": "array", "minItems": 1, "items": location},
            "partialFingerprints": {"type": "object", "additionalProperties": text},
        }),
    );
    let notification = closed(&["message"], json!({"level": level, "message": message}));
    let invocation = closed(
        &["executionSuccessful"],
        json!({
            "executionSuccessful": {"type": "boolean"},
            "startTimeUtc": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"},
            "toolExecutionNotifications": {"type": "array", "items": notification},
        }),
    );
    let driver = closed(
        &["name"],
        json!({
            "name": text, "semanticVersion": text, "informationUri": {"type": "string", "format": "uri"},
            "rules": {"type": "array", "items": rule},
        }),
    );
    let run = closed(
        &["tool"],
        json!({
            "tool": closed(&["driver"], json!({"driver": driver})), "automationDetails": closed(&["id"], json!({"id": text})),
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "invocations": {"type": "array", "items": invocation}, "results": {"type": "array", "items": result},
        }),
    );
    closed(
        &["version", "runs"],
        json!({"$schema": text, "version": {"enum": ["2.1.0"]}, "runs": {"type": "array", "items": run}}),
    )
}

#[test]
fn sarif_of_a_run_is_what_the_standard_says() {
    let schema = jsonschema::options().with_draft(Draft::Draft202012).build(&sarif_as_used()).unwrap();
    let text = "contract:\n  - url: https://other/\n  - {url: 'https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod/new'}\n";
    let location = Location { path: "ops/gate probe.yaml".to_owned(), text: text.to_owned() };
    let log = sarif(&run(), &location);
    let wrong: Vec<String> =
        schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!schema.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})), "the schema can refuse");
    let mut odd = log.clone();
    odd["runs"][0]["results"][0]["location"] = serde_json::json!([]);
    assert!(!schema.is_valid(&odd), "and knows no property that is not named");
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 4, "the problems, and not what was expected");
    for result in results {
        // What GitHub wants beyond the schema.
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "ops/gate%20probe.yaml");
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        let rule =
            &log["runs"][0]["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let line = if result["ruleId"] == "not-deployed" { 3 } else { 1 };
        assert_eq!(place["region"]["startLine"], line, "{result}");
    }
    let mut shown = log;
    for rule in shown["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        rule["help"] = "[help]".into();
    }
    insta::assert_json_snapshot!(shown);
}

#[test]
fn a_fingerprint_is_of_the_subject_and_the_cause_alone() {
    let prints = |report: &Report| -> Vec<String> {
        let log = sarif(report, &Location::default());
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|result| result["partialFingerprints"]["gatewayMethod/v1"].as_str().unwrap().to_owned())
            .collect()
    };
    let (before, mut later) = (run(), run());
    later.started_at += 600;
    for finding in &mut later.diagnoses {
        finding.request_id = "another".to_owned();
        finding.diagnosis.evidence = vec!["other words".to_owned()];
    }
    // The other query value is no other subject.
    later.diagnoses[0].diagnosis.request.url =
        later.diagnoses[0].diagnosis.request.url.replace("s3cret-value", "another");
    assert_eq!(prints(&before), prints(&later));
    assert_eq!(prints(&before).iter().collect::<BTreeSet<_>>().len(), 4);
    // Written down: a later version must say the same of the same.
    assert_eq!(prints(&before)[0], "797d5d7d443a9862");
    later.diagnoses[0].diagnosis.cause = Some(Cause::Removed);
    assert_ne!(prints(&before)[0], prints(&later)[0]);
}

#[test]
fn prometheus_of_a_run() {
    let mut report = run();
    report.stages[0].api_name = "a \"quoted\\name\nof two lines".to_owned();
    report.certificates = vec![Certificate {
        host: "*.example.com".to_owned(),
        not_after: 1_800_000_000,
        days_left: 3,
        expires_soon: true,
        issuer: String::new(),
    }];
    report.memory = Some(Memory { remembered: true, open: 2, ..Memory::default() });
    insta::assert_snapshot!(prometheus(&report).unwrap());
}

#[test]
fn a_run_that_saw_nothing_tells_no_health() {
    let mut report = fixture::report(vec![], vec![]);
    report.gaps = fixture::small().gaps;
    let text = prometheus(&report).unwrap();
    assert!(text.contains("gateprobe_gaps 1"), "{text}");
    assert!(!text.contains("last_run_timestamp") && !text.contains("unhealthy"), "{text}");
    assert_eq!(sarif(&report, &Location::default())["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(quick_junit_counts(&junit(&report).unwrap()), (1, 0, 1, 0));
}

#[test]
fn no_value_of_a_query_is_in_any_of_them() {
    let report = run();
    assert!(serde_json::to_string(&report).unwrap().contains("s3cret-value"), "the fixture has one");
    let lines = emf_lines(&datums(&report, 0), &MetricsSink::default()).join("\n");
    let sarif = sarif(&report, &Location::default()).to_string();
    for text in [junit(&report).unwrap(), sarif, prometheus(&report).unwrap(), lines] {
        assert!(!text.contains("s3cret-value"), "{text}");
    }
}

#[test]
fn emf_of_a_run() {
    let sink = MetricsSink::new(MetricsMode::Emf, Some("Doors")).unwrap().at_level("warn");
    let lines = emf_lines(&datums(&run(), 1_790_000_000), &sink);
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    insta::assert_json_snapshot!(lines);
}

/// Name, dimensions, unit, values, milliseconds.
type Told = (String, Vec<(String, String)>, String, Vec<f64>, i64);

/// What CloudWatch would make of a line, and whether the line keeps to the specification.
fn read_emf(line: &str) -> Result<Vec<Told>, TestCaseError> {
    prop_assert!(line.len() <= 256 * 1024, "{} bytes", line.len());
    prop_assert!(!line.contains('\n'));
    let root: Value = serde_json::from_str(line).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let at = root["_aws"]["Timestamp"].as_i64().unwrap_or(-1);
    let directives = root["_aws"]["CloudWatchMetrics"].as_array().cloned().unwrap_or_default();
    prop_assert_eq!(directives.len(), 1);
    let (sets, metrics) =
        (directives[0]["Dimensions"].as_array().unwrap(), directives[0]["Metrics"].as_array().unwrap());
    prop_assert_eq!(sets.len(), 1, "one set of dimensions");
    prop_assert!((1..=100).contains(&metrics.len()));
    let names: BTreeSet<&str> = metrics.iter().filter_map(|metric| metric["Name"].as_str()).collect();
    prop_assert_eq!(names.len(), metrics.len(), "a name twice");
    let dimensions: Vec<(String, String)> = sets[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| (name.as_str().unwrap().to_owned(), root[name.as_str().unwrap()].as_str().unwrap().to_owned()))
        .collect();
    let mut all = Vec::new();
    for metric in metrics {
        let name = metric["Name"].as_str().unwrap();
        let values: Vec<f64> = match &root[name] {
            Value::Array(values) => values.iter().map(|value| value.as_f64().unwrap()).collect(),
            value => vec![value.as_f64().unwrap_or(f64::NAN)],
        };
        prop_assert!((1..=100).contains(&values.len()), "{} values", values.len());
        prop_assert!(values.iter().all(|value| value.is_finite()));
        all.push((name.to_owned(), dimensions.clone(), metric["Unit"].as_str().unwrap().to_owned(), values, at));
    }
    Ok(all)
}

proptest! {
    #[test]
    fn emf_tells_what_put_metric_data_would(
        stages in prop::collection::vec(
            (any::<String>(), "[a-z0-9]{10}", "[a-zA-Z0-9_-]{1,128}", prop::collection::vec(1u64..100_000_000, 0..400)),
            0..20,
        ),
    ) {
        let mut all = Vec::new();
        for (name, api, stage, latencies) in &stages {
            let mut one = fixture::stage(api, name, stage);
            for latency in latencies {
                one.latencies.add(Duration::from_millis(*latency));
            }
            all.push(one);
        }
        let datums = datums(&fixture::report(vec![], all), 77);
        let mut told = Vec::new();
        for line in emf_lines(&datums, &MetricsSink::default()) {
            told.extend(read_emf(&line)?);
        }
        // Value by value, in order: a distribution may be cut in parts, and nothing else may happen to it.
        let flat = |name: &str, dimensions: &[(String, String)], unit: &str, value: f64| {
            (name.to_owned(), dimensions.to_vec(), unit.to_owned(), value.to_bits())
        };
        let told: Vec<_> = told.iter().flat_map(|(name, dimensions, unit, values, at)| {
            assert_eq!(*at, 77_000, "milliseconds");
            values.iter().map(|value| flat(name, dimensions, unit, *value)).collect::<Vec<_>>()
        }).collect();
        let meant: Vec<_> = datums.iter().flat_map(|datum| {
            let dimensions: Vec<_> = datum.dimensions.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            let unit = match datum.unit {
                Unit::Count => "Count",
                Unit::Percent => "Percent",
                Unit::Milliseconds => "Milliseconds",
            };
            let values = match &datum.amount {
                Amount::One(value) => vec![(*value, 1.0)],
                Amount::Many(values) => values.clone(),
            };
            values.into_iter().flat_map(|(value, count)| {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of values, whole and small")]
                std::iter::repeat_n(flat(&datum.name, &dimensions, unit, value), count as usize)
            }).collect::<Vec<_>>()
        }).collect();
        prop_assert_eq!(told, meant);
    }

    #[test]
    fn any_words_make_a_file_that_can_be_read(words in any::<String>()) {
        let mut report = run();
        report.stages[0].api_name.clone_from(&words);
        report.methods[0].resource = Arc::from(words.as_str());
        report.diagnoses[0].diagnosis.evidence[0].clone_from(&words);
        report.gaps[0].reason.clone_from(&words);
        let xml = junit(&report).unwrap();
        let unfit = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}');
        prop_assert!(!xml.contains(unfit), "{:?}", xml);
        let text = prometheus(&report).unwrap();
        for line in text.lines().filter(|line| line.contains('{')) {
            // name{label="value",…} number: outside of escapes there are as many quotes as labels have.
            let plain = line.replace("\\\\", "").replace("\\\"", "");
            let labels = plain.matches("=\"").count();
            prop_assert!(plain.matches('"').count() >= 2 * labels.min(1), "{}", line);
            let value = line.rsplit(' ').next().unwrap();
            prop_assert!(value.parse::<f64>().is_ok(), "{}", line);
        }
    }
}
