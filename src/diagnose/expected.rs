//! An answer held to what the user expects of it.

use std::time::Duration;

use serde_json::Value;

use super::{Cause, Confidence, Diagnosis, StepName, StepResult, Verdict, said_back};
use crate::config::Expectations;
use crate::probe::Observation;

/// Holds an answer to the user's expectations: a status that is named is good whatever it is, as long as the request
/// reached its method; an answer that lacks what is named is the backend's fault (`backend-status`).
pub fn hold_to(diagnosis: &mut Diagnosis, expected: &Expectations, observation: &Observation) {
    let Ok(response) = &observation.outcome else { return };
    // What a web ACL or a policy may have said is no answer of the method's, whatever its status.
    if diagnosis.routed() != Some(true) {
        return;
    }
    let named = expected.status.contains(&response.status);
    if diagnosis.cause.is_some() && !named {
        return;
    }
    let mut short = Vec::new();
    if !expected.status.is_empty() && !named {
        let wanted = expected.status.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        short.push(format!("it answered {}, and the config expects {wanted}", response.status));
    }
    let cut = if response.truncated { " (only the start of the body was read)" } else { "" };
    if let Some(text) = &expected.contains
        && !response.body.contains(text.as_str())
    {
        short.push(format!("the body does not hold `{text}`{cut}"));
    }
    if !expected.pointer.is_empty() {
        match serde_json::from_str::<Value>(&response.body) {
            Ok(body) => {
                for (pointer, wanted) in &expected.pointer {
                    match body.pointer(pointer) {
                        Some(found) if found == wanted => {}
                        Some(_) => short.push(format!("the body's {pointer} is not {wanted}")),
                        None => short.push(format!("the body has no {pointer}, and the config expects {wanted} there")),
                    }
                }
            }
            Err(_) => short.push(format!("the body is not JSON{cut}, and the config expects some")),
        }
    }
    if let Some(most) = expected.latency_ms
        && observation.timings.total > Duration::from_millis(most)
    {
        let took = observation.timings.total.as_millis();
        short.push(format!("it took {took} ms, and the config expects {most} at most"));
    }
    short.iter_mut().for_each(said_back::cut);
    let cause = (!short.is_empty()).then_some(Cause::BackendStatus);
    diagnosis.cause = cause;
    diagnosis.confidence = Confidence::Certain;
    diagnosis.alternatives.clear();
    diagnosis.suggestions.clear();
    diagnosis.verdict = cause.map_or(Verdict::Healthy, |cause| cause.about().verdict);
    diagnosis.remedy = cause.map(|cause| cause.about().remedy.to_owned()).unwrap_or_default();
    let last = diagnosis.steps.iter_mut().find(|step| step.step == StepName::KnownGood);
    if let Some(step) = last {
        step.result = if cause.is_some() { StepResult::Fail } else { StepResult::Pass };
        step.evidence =
            short.first().cloned().unwrap_or_else(|| format!("it answered {}, as expected", response.status));
    }
    short.append(&mut diagnosis.evidence);
    diagnosis.evidence = short;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::gateway::{Inventory, InvokeUrl, Request, World};
    use crate::probe::Response;

    const INVENTORY: &str = r#"{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [{"id": "a1b2c3d4e5", "name": "shop",
        "stages": [{"name": "prod", "deployment": "d1"}],
        "deployments": {"d1": {"source": "apisummary", "tree": {"/x": {"GET": {"authorization": "NONE"}}}}}}]}"#;

    fn held(expected: &str, status: u16, body: &str, took: u64) -> Diagnosis {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/x";
        let request = Request::new("GET", url.parse().unwrap());
        let response = Response { status, headers: vec![], body: body.to_owned(), truncated: false };
        let mut observation = Observation::saved(response);
        observation.timings.total = Duration::from_millis(took);
        let mut diagnosis = diagnose(&request, &observation, &world, 0);
        hold_to(&mut diagnosis, &serde_json::from_str(expected).unwrap(), &observation);
        diagnosis
    }

    #[test]
    fn what_is_named_is_good_and_what_is_lacking_is_told() {
        let table = [
            ("{}", 200, "x", None),
            (r#"{"status": [404]}"#, 404, "x", None),
            (r#"{"status": [404]}"#, 200, "x", Some("it answered 200, and the config expects 404")),
            (r#"{"contains": "pets"}"#, 200, "the pets", None),
            (r#"{"contains": "pets"}"#, 200, "no", Some("does not hold `pets`")),
            (r#"{"pointer": {"/a/0": 1}}"#, 200, r#"{"a":[1]}"#, None),
            (r#"{"pointer": {"/a/0": 1}}"#, 200, r#"{"a":[2]}"#, Some("the body's /a/0 is not 1")),
            (r#"{"pointer": {"/a/0": 1}}"#, 200, r#"{"a":[]}"#, Some("the body has no /a/0")),
            (r#"{"pointer": {"/a": 1}}"#, 200, "<html>", Some("not JSON")),
            (r#"{"latency_ms": 100}"#, 200, "x", Some("it took 150 ms")),
        ];
        for (expected, status, body, told) in table {
            let diagnosis = held(expected, status, body, 150);
            match told {
                None => assert_eq!(diagnosis.verdict, Verdict::Healthy, "{expected} {status}"),
                Some(told) => {
                    assert_eq!(diagnosis.cause, Some(Cause::BackendStatus), "{expected} {status}");
                    assert!(diagnosis.evidence[0].contains(told), "{:?}", diagnosis.evidence);
                    assert_eq!(diagnosis.routed(), Some(true));
                }
            }
        }
    }

    #[test]
    fn a_missing_route_is_not_made_good_by_its_status() {
        let missing = r#"{"message":"Missing Authentication Token"}"#;
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/y";
        let request = Request::new("GET", url.parse().unwrap());
        let headers = vec![("x-amzn-errortype".to_owned(), "MissingAuthenticationTokenException".to_owned())];
        let response = Response { status: 403, headers, body: missing.to_owned(), truncated: false };
        let observation = Observation::saved(response);
        let mut diagnosis = diagnose(&request, &observation, &world, 0);
        let expected = Expectations { status: vec![403], ..Expectations::default() };
        hold_to(&mut diagnosis, &expected, &observation);
        assert_eq!(diagnosis.cause, Some(Cause::PathUnknown));
    }
}
