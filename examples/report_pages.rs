//! Writes pages of runs that the demo does not show, for tests/browser: all well, nothing readable, one of every section with
//! hostile names, and large accounts.
//!
//!     cargo run --example report_pages -- DIRECTORY

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateprobe::diagnose::{
    Alternative, Cause, Confidence, Diagnosis, Matched, RequestLine, ResponseLine, Step, StepName, StepResult,
    Suggestion, Symptom,
};
use gateprobe::gateway::{Gap, TreeSource, Verb};
use gateprobe::plan::{Door, Provenance, SkipReason};
use gateprobe::report::{
    Certificate, ContractCoverage, ContractRequest, Coverage, Finding, Latencies, Memory, MethodReport, Phases,
    REPORT_VERSION, Report, StageReport, State, Undeployed, html,
};

/// What somebody may have called an API, a stage or a resource, and what a backend may have said.
const HOSTILE: &str = "</title></script><script>window.broken=1</script><img src=//x.invalid onerror=window.broken=2>\"'`&amp;\u{202e}gpj.exe\u{0}{{7*7}}";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("expected a directory: report_pages DIRECTORY")?;
    let directory = std::path::PathBuf::from(directory);
    std::fs::create_dir_all(&directory)?;
    for (name, report) in [
        ("healthy", account(3, 2, 12, |_| State::Healthy)),
        ("blind", blind()),
        ("hostile", hostile()),
        ("large-10000", account(100, 10, 10, mixed)),
        ("large-100000", account(720, 10, 14, mixed)),
    ] {
        let began = Instant::now();
        let page = html::page(&report);
        let made = began.elapsed();
        println!("{name}: {} methods, {} bytes in {made:?}", report.methods.len(), page.len());
        std::fs::write(directory.join(format!("{name}.html")), page)?;
    }
    Ok(())
}

fn mixed(index: usize) -> State {
    match index % 50 {
        0 if index < 50_000 => State::Failing,
        1 => State::Unproved,
        2..6 => State::Skipped,
        6..20 => State::Routed,
        _ => State::Healthy,
    }
}

fn empty() -> Report {
    Report {
        version: REPORT_VERSION,
        started_at: 1_795_000_000,
        duration_ms: 83_400,
        region: "eu-central-1".to_owned(),
        coverage: Coverage::default(),
        contract: ContractCoverage::default(),
        unhealthy: 0,
        routing_failures: 0,
        ignored: 0,
        stages: vec![],
        methods: vec![],
        contract_requests: vec![],
        diagnoses: vec![],
        undeployed: vec![],
        refusals_not_given: vec![],
        certificates: vec![],
        gaps: vec![],
        notes: vec![],
        stopped_early: false,
        memory: None,
    }
}

/// So many APIs of so many stages of so many methods.
fn account(apis: usize, per_api: usize, methods: usize, seen: impl Fn(usize) -> State) -> Report {
    let mut report = empty();
    for api in 0..apis {
        let (id, name) = (format!("a{api:09}"), format!("service-{api}"));
        for number in 0..per_api {
            let on = format!("stage{number}");
            let first = report.methods.len();
            for method in 0..methods {
                let index = report.methods.len();
                let state = seen(index);
                let cause = (state == State::Failing).then_some(Cause::NotDeployed);
                let skipped = (state == State::Skipped).then_some(SkipReason::NoSafeProof);
                let resource: Arc<str> = format!("/things/{{thingId}}/parts/{}", method / 3).into();
                if cause.is_some() {
                    let url = format!(
                        "https://{id}.execute-api.eu-central-1.amazonaws.com/{on}/things/1/parts/{}",
                        method / 3
                    );
                    report.diagnoses.push(finding(Cause::NotDeployed, &url, Some(index)));
                }
                report.methods.push(MethodReport {
                    api: id.as_str().into(),
                    stage: on.as_str().into(),
                    resource,
                    method: [Verb::Get, Verb::Post, Verb::Delete][method % 3],
                    state,
                    skipped,
                    detail: None,
                    remedy: skipped.map(|_| format!("allow: [{{api: '{id}', stage: '{on}', method: POST}}]")),
                    ignored: None,
                    provenance: skipped.is_none().then_some(Provenance::Bare),
                    cause,
                    latency_ms: skipped.is_none().then_some(20 + index as u64 % 300),
                });
            }
            report.stages.push(stage_of(&id, &name, &on, &report.methods[first..]));
        }
    }
    report.unhealthy = report.diagnoses.len();
    for stage in &report.stages {
        let (all, one) = (&mut report.coverage, &stage.coverage);
        all.deployed += one.deployed;
        all.probed += one.probed;
        all.routed += one.routed;
        all.healthy += one.healthy;
        for (reason, count) in &one.skipped {
            *all.skipped.entry(*reason).or_default() += count;
        }
    }
    report
}

fn stage_of(api: &str, api_name: &str, stage: &str, methods: &[MethodReport]) -> StageReport {
    let count = |states: &[State]| methods.iter().filter(|method| states.contains(&method.state)).count();
    let skipped = count(&[State::Skipped]);
    let (mut latencies, mut phases) = (Latencies::default(), Phases::default());
    for latency in methods.iter().filter_map(|method| method.latency_ms) {
        latencies.add(Duration::from_millis(latency));
        phases.first_byte.add(Duration::from_millis(latency - latency / 10));
        phases.connect.add(Duration::from_millis(latency / 4));
        phases.dns.add(Duration::from_millis(2));
    }
    StageReport {
        api: api.to_owned(),
        api_name: api_name.to_owned(),
        stage: stage.to_owned(),
        deployment: Some("d4e5f6".to_owned()),
        tree: Some(TreeSource::ApiSummary),
        coverage: Coverage {
            deployed: methods.len(),
            probed: methods.len() - skipped,
            routed: count(&[State::Routed, State::Healthy]),
            healthy: count(&[State::Healthy]),
            by_provenance: BTreeMap::new(),
            skipped: if skipped > 0 { [(SkipReason::NoSafeProof, skipped)].into() } else { BTreeMap::new() },
        },
        unhealthy: count(&[State::Failing]),
        routing_failures: count(&[State::Failing]),
        undeployed: 0,
        latencies,
        phases,
    }
}

fn finding(cause: Cause, url: &str, of: Option<usize>) -> Finding {
    let path = url.get(8..).and_then(|rest| rest.find('/')).map(|at| at + 8);
    Finding {
        diagnosis: Diagnosis {
            request: RequestLine { method: "GET".to_owned(), url: url.to_owned() },
            verdict: cause.about().verdict,
            symptom: Symptom::MissingAuthenticationToken,
            cause: Some(cause),
            confidence: Confidence::Certain,
            matched: None,
            steps: StepName::ALL.map(|step| {
                let result = match Some(step).cmp(&cause.about().step) {
                    Ordering::Less => StepResult::Pass,
                    Ordering::Equal => StepResult::Fail,
                    Ordering::Greater => StepResult::NotReached,
                };
                Step { step, result, evidence: String::new() }
            }),
            evidence: vec!["the method is in the edited tree and not in the deployment d4e5f6".to_owned()],
            remedy: cause.about().remedy.to_owned(),
            suggestions: vec![],
            alternatives: vec![],
            response: None,
            at: path.map(|at| at..url.find('?').unwrap_or(url.len())),
        },
        expected: false,
        ignored: None,
        of,
        door: Door::InvokeUrl,
        provenance: Provenance::Bare,
        attempts: 2,
        confirmed: true,
        request_id: "6f1c9a52-0000-4000-8000-000000000001".to_owned(),
    }
}

fn blind() -> Report {
    let gap = |place: &str, reason: &str| Gap { place: place.to_owned(), reason: reason.to_owned() };
    Report {
        gaps: vec![
            gap(
                "REST APIs",
                "GetRestApis is not allowed; grant apigateway:GET on arn:aws:apigateway:eu-central-1::/restapis",
            ),
            gap("HTTP APIs", "GetApis is not allowed; grant apigateway:GET on arn:aws:apigateway:eu-central-1::/apis"),
            gap("custom domains", "GetDomainNames: no answer within 5 s"),
        ],
        stopped_early: true,
        ..empty()
    }
}

/// One of everything that a page can hold, each with words that want to break it.
fn hostile() -> Report {
    let mut report = account(2, 2, 6, |index| {
        [State::Failing, State::Unproved, State::Skipped, State::Routed, State::Healthy][index % 5]
    });
    let evil = || HOSTILE.to_owned();
    report.region = evil();
    for stage in &mut report.stages {
        stage.api_name = evil();
        stage.deployment = Some(evil());
        stage.tree = Some(TreeSource::Edited);
    }
    for method in &mut report.methods {
        method.resource = format!("/{HOSTILE}").into();
        method.detail = Some(evil());
        method.remedy = Some(evil());
        method.ignored = Some(HOSTILE.into());
    }
    for finding in &mut report.diagnoses {
        let url = format!("https://h.example/{HOSTILE}?token=s3cret-value");
        let diagnosis = &mut finding.diagnosis;
        diagnosis.at = Some(18..url.find('?').unwrap_or(18));
        diagnosis.request = RequestLine { method: evil(), url };
        diagnosis.confidence = Confidence::Possible;
        diagnosis.evidence = vec![evil(), "sent with s3cret-value".to_owned()];
        diagnosis.remedy = evil();
        diagnosis.matched =
            Some(Matched { api: evil(), api_name: evil(), stage: evil(), resource: evil(), method: Verb::Any });
        diagnosis.response = Some(ResponseLine { status: 403, error_type: Some(evil()), message: Some(evil()) });
        diagnosis.alternatives = vec![Alternative { cause: Cause::Waf, tell: evil() }];
        diagnosis.suggestions = vec![Suggestion {
            method: evil(),
            url: format!("https://h.example/{HOSTILE}?token=s3cret-value"),
            without: vec![evil()],
            reaches: evil(),
            why: evil(),
        }];
        for step in &mut diagnosis.steps {
            step.evidence = evil();
        }
        finding.request_id = evil();
        finding.door = Door::Domain(HOSTILE.into());
    }
    let mut more = report.diagnoses.clone();
    if let [expected, ignored, ..] = more.as_mut_slice() {
        expected.expected = true;
        ignored.ignored = Some(evil());
        report.diagnoses.extend([expected.clone(), ignored.clone()]);
    }
    report.contract_requests = vec![ContractRequest {
        method: evil(),
        url: format!("https://h.example/{HOSTILE}"),
        state: State::Failing,
        cause: Some(Cause::NotDeployed),
        latency_ms: Some(12),
    }];
    report.contract = ContractCoverage { requests: 1, healthy: 0, routed: 0 };
    report.undeployed =
        vec![Undeployed { api: evil(), api_name: evil(), stage: evil(), resource: evil(), method: Verb::Get }];
    report.refusals_not_given = vec![evil()];
    report.certificates =
        vec![Certificate { host: evil(), not_after: 1_796_000_000, days_left: 11, expires_soon: true, issuer: evil() }];
    report.gaps = vec![Gap { place: evil(), reason: "x".repeat(5000) }];
    report.notes = vec![evil(), "y".repeat(5000)];
    report.stopped_early = true;
    report.memory = Some(Memory {
        problem: Some(evil()),
        news: vec![evil()],
        notes: vec![evil()],
        lost: true,
        open: 3,
        ..Memory::default()
    });
    report
}
