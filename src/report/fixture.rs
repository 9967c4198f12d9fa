//! Reports for tests.

use std::time::Duration;

use super::{ContractCoverage, Coverage, Finding, Latencies, Phases, REPORT_VERSION, Report, StageReport, Undeployed};
use crate::diagnose::{
    Cause, Confidence, Diagnosis, Matched, RequestLine, Step, StepName, StepResult, Suggestion, Symptom,
};
use crate::gateway::{Gap, Verb};
use crate::plan::{Door, Provenance, SkipReason};

pub(super) fn report(diagnoses: Vec<Finding>, stages: Vec<StageReport>) -> Report {
    Report {
        memory: None,
        version: REPORT_VERSION,
        started_at: 1_790_000_000,
        duration_ms: 1234,
        region: "eu-central-1".to_owned(),
        coverage: Coverage::default(),
        contract: ContractCoverage::default(),
        unhealthy: 0,
        routing_failures: 0,
        ignored: 0,
        stages,
        methods: vec![],
        contract_requests: vec![],
        diagnoses,
        undeployed: vec![],
        refusals_not_given: vec![],
        certificates: vec![],
        gaps: vec![],
        notes: vec![],
        stopped_early: false,
    }
}

pub(super) fn stage(api: &str, api_name: &str, stage: &str) -> StageReport {
    StageReport {
        api: api.to_owned(),
        api_name: api_name.to_owned(),
        stage: stage.to_owned(),
        deployment: None,
        tree: None,
        coverage: Coverage::default(),
        unhealthy: 0,
        routing_failures: 0,
        undeployed: 0,
        latencies: Latencies::default(),
        phases: Phases::default(),
    }
}

pub(super) fn finding(cause: Cause, method: &str, url: &str) -> Finding {
    Finding {
        diagnosis: Diagnosis {
            request: RequestLine { method: method.to_owned(), url: url.to_owned() },
            verdict: cause.about().verdict,
            symptom: Symptom::MissingAuthenticationToken,
            cause: Some(cause),
            confidence: Confidence::Certain,
            matched: None,
            steps: StepName::ALL.map(|step| Step { step, result: StepResult::Unknown, evidence: String::new() }),
            evidence: vec!["no resource of the deployment matches /orderz".to_owned(), "second line".to_owned()],
            remedy: cause.about().remedy.to_owned(),
            suggestions: vec![],
            alternatives: vec![],
            response: None,
            at: None,
        },
        of: None,
        expected: false,
        ignored: None,
        door: Door::InvokeUrl,
        provenance: Provenance::Contract,
        attempts: 2,
        confirmed: true,
        request_id: "00000000-0000-4000-8000-000000000001".to_owned(),
    }
}

/// One stage, three routing failures of two causes, a broken backend, a refusal that was expected, and a gap.
pub(super) fn small() -> Report {
    let base = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod";
    let mut typo = finding(Cause::PathUnknown, "GET", &format!("{base}/orderz?token=s3cret-value&page="));
    typo.diagnosis.suggestions.push(Suggestion {
        method: "GET".to_owned(),
        without: vec![],
        url: format!("{base}/orders?token=s3cret-value&page="),
        reaches: "GET /orders of stage prod".to_owned(),
        why: "the nearest resource, with token=s3cret-value as it was".to_owned(),
    });
    typo.diagnosis.evidence[0].push_str(" (asked with s3cret-value)");
    let mut broken = finding(Cause::Integration, "GET", &format!("{base}/broken"));
    broken.diagnosis.matched = Some(Matched {
        api: "a1b2c3d4e5".to_owned(),
        api_name: "shop".to_owned(),
        stage: "prod".to_owned(),
        resource: "/broken".to_owned(),
        method: Verb::Any,
    });
    broken.diagnosis.confidence = Confidence::Likely;
    broken.diagnosis.evidence = vec!["answered 502: Internal server error".to_owned()];
    let mut refused = finding(Cause::ApiKey, "GET", &format!("{base}/keyed"));
    refused.expected = true;
    let mut stage = stage("a1b2c3d4e5", "shop", "prod");
    stage.coverage = Coverage {
        deployed: 12,
        probed: 9,
        routed: 6,
        healthy: 5,
        by_provenance: [(Provenance::Bare, 6), (Provenance::Schema, 3)].into(),
        skipped: [(SkipReason::NoSafeProof, 2), (SkipReason::OutOfTime, 1)].into(),
    };
    (stage.unhealthy, stage.routing_failures, stage.undeployed) = (4, 3, 1);
    for milliseconds in [20, 20, 30] {
        stage.latencies.add(Duration::from_millis(milliseconds));
    }
    let findings = vec![
        typo,
        finding(Cause::PathUnknown, "HEAD", &format!("{base}/it's")),
        finding(Cause::NotDeployed, "GET", &format!("{base}/new")),
        broken,
        refused,
    ];
    Report {
        coverage: stage.coverage.clone(),
        contract: ContractCoverage { requests: 4, healthy: 1, routed: 1 },
        unhealthy: 4,
        routing_failures: 3,
        undeployed: vec![Undeployed {
            api: "a1b2c3d4e5".to_owned(),
            api_name: "shop".to_owned(),
            stage: "prod".to_owned(),
            resource: "/new".to_owned(),
            method: Verb::Get,
        }],
        gaps: vec![Gap {
            place: "custom domains".to_owned(),
            reason: "GetDomainNames is not allowed; grant apigateway:GET".to_owned(),
        }],
        ..report(findings, vec![stage])
    }
}
