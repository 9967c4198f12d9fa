//! What an HTTP API says itself: other words than a REST API's, never with `x-amzn-ErrorType`, always with
//! `apigw-requestid`. Only *Not Found* for a request without a route is documented to the letter, and so may be certain.

use super::{Case, Conclusion, age, instead_of, status, unexplained, untyped};
use crate::diagnose::predict::{Expectation, Routed};
use crate::diagnose::{Cause, Confidence, Symptom, Words};
use crate::gateway::{Address, Authorization, Protocol};

const BACKEND: (Cause, &str) = (Cause::BackendStatus, "the backend's log holds the request");

/// Whether the request reaches an HTTP API.
pub(in crate::diagnose) fn is_http(address: &Address<'_>) -> bool {
    let api = match address {
        Address::Endpoint(endpoint) => endpoint.api,
        Address::Domain(domain) => domain.api,
        Address::Elsewhere => None,
    };
    api.is_some_and(|api| api.protocol == Protocol::Http)
}

/// What an HTTP API means by words that no header vouches for. `None`: they are nobody's that is known.
pub(in crate::diagnose) fn by_words(words: &Words, status: u16, may_be_unmatched: bool) -> Option<Symptom> {
    Some(match (status, words.message.as_deref()?) {
        // A backend that answers says the same words, so that only the routes tell.
        (404, "Not Found") if may_be_unmatched => Symptom::ResourceNotFound,
        // Capitals: a REST API writes it without (DG:http-api-troubleshooting-lambda).
        (500, "Internal Server Error") => Symptom::InternalServerError,
        (503, "Service Unavailable") => Symptom::IntegrationTimeout,
        (413, "Request Entity Too Large") => Symptom::RequestTooLarge,
        _ => return None,
    })
}

/// The cause of an HTTP API's own answer. `None`: the rules are those of a REST API.
pub(super) fn conclude(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Option<Conclusion> {
    if case.address.stage().is_some_and(|(api, _)| api.protocol == Protocol::WebSocket)
        && let Expectation::Unknown(why) = expectation
    {
        let seen = format!("{why}: it is called by wss, and what it answers to a request says nothing of them");
        return Some(unexplained(&seen));
    }
    if !is_http(case.address) {
        return None;
    }
    let routed = match expectation {
        Expectation::Fault(fault) => {
            // Anybody can leave a header out, and only an HTTP API has this one.
            let sure = if has_request_id(case) { fault.confidence } else { fault.confidence.min(Confidence::Likely) };
            let own = case.symptom == Symptom::ResourceNotFound && untyped(case);
            return own.then(|| Conclusion::fault(fault, sure, None));
        }
        Expectation::Unknown(_) if case.symptom == Symptom::ResourceNotFound => {
            let seen = "404 Not Found is what an HTTP API says where no route matches";
            let conclusion = Conclusion::new(Cause::PathUnknown, Confidence::Possible, seen);
            return Some(conclusion.or(BACKEND.0, BACKEND.1));
        }
        Expectation::Unknown(_) => return None,
        Expectation::Routed(routed) => routed,
    };
    if !untyped(case) || case.symptom.is_unmatched() {
        let seen = "an HTTP API has neither this header nor these words: another gateway's came through it";
        return Some(Conclusion::new(Cause::UpstreamGateway, Confidence::Likely, seen).or(BACKEND.0, BACKEND.1));
    }
    let conclusion = match case.symptom {
        Symptom::ResourceNotFound => return Some(not_served(case, routed)),
        Symptom::Forbidden => forbidden(case, routed),
        Symptom::Unauthorized if asks_for_a_token(routed) => {
            Conclusion::new(Cause::Authorizer, Confidence::Likely, said(case)).or(BACKEND.0, BACKEND.1)
        }
        Symptom::Unauthorized => open(case),
        Symptom::Throttled => Conclusion::new(Cause::Throttle, Confidence::Likely, said(case)).or(BACKEND.0, BACKEND.1),
        Symptom::RequestTooLarge => {
            Conclusion::new(Cause::BadProbe, Confidence::Likely, said(case)).or(BACKEND.0, BACKEND.1)
        }
        Symptom::InternalServerError => {
            let conclusion = Conclusion::new(Cause::Integration, Confidence::Likely, said(case));
            let conclusion = if routed.method.authorization == Some(Authorization::Custom) {
                conclusion.or(Cause::Authorizer, "the authorizer's own log shows a failure")
            } else {
                conclusion
            };
            conclusion.or(BACKEND.0, BACKEND.1)
        }
        Symptom::IntegrationTimeout => Conclusion::new(Cause::IntegrationTimeout, Confidence::Likely, said(case))
            .or(Cause::Integration, "it comes at once: the access log's integration error says why")
            .or(BACKEND.0, BACKEND.1),
        _ => return None,
    };
    Some(instead_of(routed, conclusion))
}

/// *Not Found*, where what was read has a route: it is not served yet, or not at all.
fn not_served(case: &Case<'_, '_>, routed: &Routed<'_>) -> Conclusion {
    let Routed { hit, stage, .. } = routed;
    let conclusion = match age(case, stage) {
        Some(age) => {
            let seen = format!("the stage {} changed {age} s ago", stage.name);
            Conclusion::new(Cause::Propagating, Confidence::Likely, seen)
        }
        None => Conclusion::new(
            Cause::NotDeployed,
            Confidence::Likely,
            format!(
                "{} {} is among the API's routes, and the stage {} does not deploy by itself",
                hit.verb, hit.resource, stage.name
            ),
        ),
    };
    conclusion.or(BACKEND.0, BACKEND.1)
}

fn forbidden(case: &Case<'_, '_>, routed: &Routed<'_>) -> Conclusion {
    let Routed { hit, method, .. } = routed;
    let conclusion = match method.authorization {
        Some(Authorization::AwsIam) if case.request.header("authorization").is_none() => Conclusion::new(
            Cause::IamUnsigned,
            Confidence::Likely,
            format!("{} {} demands AWS_IAM, and the request is not signed", hit.verb, hit.resource),
        ),
        Some(Authorization::AwsIam) => {
            let seen = format!("{} {} demands AWS_IAM, and the signature does not count", hit.verb, hit.resource);
            Conclusion::new(Cause::Signature, Confidence::Likely, seen)
        }
        _ if asks_for_a_token(routed) => Conclusion::new(Cause::Authorizer, Confidence::Likely, said(case)),
        _ => open(case),
    };
    let conclusion = conclusion.or(BACKEND.0, BACKEND.1);
    if matches!(case.address, Address::Domain(address) if address.domain.mutual_tls) {
        let tell = "the same request with a trusted client certificate answers";
        return conclusion.or(Cause::ClientCertificate, tell);
    }
    conclusion
}

/// Nothing at the gateway asks who calls: there are no keys, and no resource policies.
fn open(case: &Case<'_, '_>) -> Conclusion {
    let seen = format!("{}, and the route asks nobody who calls", said(case));
    Conclusion::new(Cause::BackendStatus, Confidence::Likely, seen)
}

fn asks_for_a_token(routed: &Routed<'_>) -> bool {
    use Authorization as A;
    matches!(routed.method.authorization, Some(A::Custom | A::CognitoUserPools | A::Jwt))
}

fn said(case: &Case<'_, '_>) -> String {
    let words = case.words.and_then(|words| words.message.as_deref()).unwrap_or("");
    format!("answered {}: {words}", status(case))
}

fn has_request_id(case: &Case<'_, '_>) -> bool {
    case.observation.outcome.as_ref().is_ok_and(|response| response.header("apigw-requestid").is_some())
}
