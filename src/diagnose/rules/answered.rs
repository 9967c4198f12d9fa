//! The integration replied, or so it looks.

use super::{Case, Conclusion, age, by_canary, came_through_an_integration, instead_of, or_any, status, untyped};
use crate::diagnose::predict::{Expectation, Fault, Routed};
use crate::diagnose::{Cause, Confidence, StepName};
use crate::gateway::{Address, Protocol};

/// Answered, although the model has no route: chance or delay may be the reason, and then the next call fails.
fn answered_without_route(case: &Case<'_, '_>, fault: &Fault) -> Option<Conclusion> {
    let status = status(case);
    if let Some((sure, canary)) = &fault.canary {
        let mut conclusion = Conclusion::new(Cause::CanarySplit, *sure, canary.clone());
        conclusion.evidence.push(format!("answered {status} this time, by the canary"));
        return Some(conclusion);
    }
    // An old snapshot can only answer for what a new one lacks.
    let by_deployment =
        fault.cause.about().step >= Some(StepName::Path) && fault.cause.about().step <= Some(StepName::Deployment);
    let (_, stage) = case.address.stage().filter(|_| by_deployment)?;
    let age = age(case, stage)?;
    let conclusion = Conclusion::new(
        Cause::Propagating,
        Confidence::Likely,
        format!("the stage {} changed {age} s ago, and its deployment has no method for this request", stage.name),
    )
    .or(fault.cause, "it fails within a minute, when the last server has the new deployment");
    Some(Conclusion {
        evidence: [conclusion.evidence, vec![format!("answered {status}, by the deployment before it")]].concat(),
        ..conclusion
    })
}

pub(super) fn answered(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    let status = status(case);
    match expectation {
        Expectation::Routed(routed) if routed.taken.is_some() => {
            instead_of(routed, answered_by_its_own(case, expectation))
        }
        Expectation::Routed(routed) => {
            let split = by_canary(routed, &format!("answered {status} this time, by a deployment that has it"));
            match split {
                Some(split) if status < 400 => split,
                // The answer is a fault of its own; the other is there all the same.
                Some(split) => {
                    let tell = split.evidence.first().map_or("", String::as_str);
                    let own = answered_by_its_own(case, expectation).at_most(Confidence::Likely);
                    own.or(Cause::CanarySplit, tell)
                }
                None => answered_by_its_own(case, expectation),
            }
        }
        Expectation::Fault(fault) if status < 400 || fault.canary.is_some() => {
            answered_without_route(case, fault).unwrap_or_else(|| answered_by_its_own(case, expectation))
        }
        _ => answered_by_its_own(case, expectation),
    }
}

/// The answer at its word.
fn answered_by_its_own(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    let status = status(case);
    if status < 400 {
        let evidence = match expectation {
            Expectation::Fault(fault) => {
                format!("answered {status}, although the model says {}: it may be stale", fault.cause)
            }
            _ => format!("answered {status}"),
        };
        return Conclusion {
            cause: None,
            confidence: if matches!(expectation, Expectation::Routed(_)) {
                Confidence::Certain
            } else {
                Confidence::Likely
            },
            evidence: vec![evidence],
            alternatives: vec![],
            is_fault: false,
        };
    }
    // No route by the model, and a refusal in nobody's words: the API's own, which no one could read, or an emulator's.
    if let Expectation::Fault(fault) = expectation
        && status < 500
        && !came_through_an_integration(case)
    {
        let evidence = format!("the answer is {status} in words that are not API Gateway's own");
        return Conclusion::fault(fault, fault.confidence.min(Confidence::Likely), Some(evidence))
            .or(Cause::BackendStatus, "the backend's log would hold the request");
    }
    match expectation {
        Expectation::Routed(routed) => by_backend(case, routed),
        Expectation::Fault(fault) => {
            Conclusion::new(Cause::BackendStatus, Confidence::Likely, format!("the integration answered {status}"))
                .or(fault.cause, "the model has no route for this request")
        }
        Expectation::Unknown(_) => without_model(case),
    }
}

/// An error without API Gateway's header, from a method that is there.
fn by_backend(case: &Case<'_, '_>, routed: &Routed<'_>) -> Conclusion {
    let status = status(case);
    let words = case.words.and_then(|words| words.message.as_deref());
    let said = Conclusion::new(Cause::BackendStatus, Confidence::Certain, format!("the integration answered {status}"));
    if matches!(case.address, Address::Domain(_)) && is_from_elsewhere(case) {
        let seen = "the answer has none of x-amz-apigw-id, x-amzn-RequestId and apigw-requestid, as everything that API Gateway sends has";
        return Conclusion::new(Cause::DomainDns, Confidence::Likely, seen).or(
            Cause::BackendStatus,
            "the domain's name resolves to API Gateway's target, and a proxy in front takes the headers off",
        );
    }
    // Refusals that come without the header, or from before the gateway (facts A2, GRT).
    let said = match (status, words) {
        (431, _) => said.at_most(Confidence::Likely).or(Cause::BadProbe, "the same request with fewer headers answers"),
        (503, Some("Service Unavailable")) => said
            .at_most(Confidence::Likely)
            .or(Cause::Integration, "API Gateway says so too, where a VPC link or it itself has trouble"),
        // An HTTP API says so where no route matches, and what was read has this one.
        (404, Some("Not Found")) if routed.api.protocol == Protocol::Http => said
            .at_most(Confidence::Likely)
            .or(Cause::Removed, "the stage was deployed again since its routes were read: read them again"),
        _ => said,
    };
    let said = if status < 500 && routed.stage.web_acl.is_some() {
        said.at_most(Confidence::Likely)
            .or(Cause::Waf, "a web ACL may answer in words of its own: its sampled requests tell")
    } else {
        said
    };
    // With neither header nor words only the status is left, which anybody may send.
    let silent = words.is_none() && case.words.is_some_and(|words| !words.null_message) && is_empty(case);
    match (silent, status) {
        (true, 401 | 403 | 404) => {
            let said = or_any(said.at_most(Confidence::Likely), case, routed);
            let said = said.or(Cause::ResourcePolicy, "a policy of the API refuses the caller");
            if age(case, routed.stage).is_some() {
                said.or(Cause::Propagating, "it goes away within a minute")
            } else {
                said
            }
        }
        (true, 429) => said
            .at_most(Confidence::Likely)
            .or(Cause::Throttle, "fewer requests answer")
            .or(Cause::Quota, "the usage plan's quota for the period is used up"),
        (true, 400 | 413 | 415) => said.at_most(Confidence::Likely).or(Cause::BadProbe, "a complete request answers"),
        (true, 500..) => {
            let said = said
                .at_most(Confidence::Likely)
                .or(Cause::Integration, "the execution log shows no answer of the backend");
            let said = if status == 504 {
                said.or(Cause::IntegrationTimeout, "the execution log shows that the time ran out")
            } else {
                said
            };
            or_any(said, case, routed)
        }
        _ => said,
    }
}

fn is_empty(case: &Case<'_, '_>) -> bool {
    case.observation.outcome.as_ref().is_ok_and(|response| response.body.trim().is_empty())
}

/// Whether another server than API Gateway answered. A saved answer of a body alone tells nothing.
fn is_from_elsewhere(case: &Case<'_, '_>) -> bool {
    case.observation.outcome.as_ref().is_ok_and(|response| {
        let has = |name| response.header(name).is_some();
        let ids = ["x-amz-apigw-id", "x-amzn-requestid", "apigw-requestid"];
        (has("server") || has("date")) && !ids.into_iter().any(has)
    })
}

/// An error in nobody's words, where the model knows neither the method nor the API's own words.
fn without_model(case: &Case<'_, '_>) -> Conclusion {
    let status = status(case);
    let said = Conclusion::new(Cause::BackendStatus, Confidence::Likely, format!("the integration answered {status}"));
    let words = case.words.and_then(|words| words.message.as_deref());
    match status {
        // Word for word what an HTTP API says where no route matches (DG:http-api-develop-routes).
        404 if words == Some("Not Found") && untyped(case) => {
            let seen = "404 Not Found is what an HTTP API says where no route matches";
            Conclusion::new(Cause::PathUnknown, Confidence::Possible, seen)
                .or(Cause::BackendStatus, "the backend's log holds the request")
        }
        403 | 404 => {
            said.or(Cause::PathUnknown, "the API may have customised its refusals: no gateway response was read")
        }
        _ => said,
    }
}
