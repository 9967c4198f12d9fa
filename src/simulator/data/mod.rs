//! The data plane: what a caller of the simulated APIs gets.
//!
//! The order of the checks: the door (host, stage or mapping), the disabled endpoint, the web ACL before method
//! matching (facts H), routing, and only on a matched method its resource policy, authorizer, API key (facts B15:
//! authorizer first), validator (B14) and integration. Whether a resource policy speaks before routing is open
//! (facts, open question 3); here it does not.

mod admission;
mod door;
mod http;
mod integration;
mod refusal;
mod signature;

#[cfg(test)]
mod tests;

use std::time::Duration;

use uuid::Uuid;

use self::door::Door;
use self::refusal::{Context, Refusal};
use super::account::Account;
use super::answer::{Answer, base64};
use super::api::{Api, Stage};
use super::calls::Reached;
use super::request::Incoming;
use crate::gateway::{Protocol, Verb};

/// The longest body that API Gateway takes (facts B10; the message of A2, REQUEST_TOO_LARGE, says it in bytes).
pub(super) const BODY_LIMIT: usize = 10_485_760;

/// What became of a request.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The answer; `None` when there is nobody to give one.
    pub(super) answer: Option<Answer>,
    /// How long it takes.
    pub(super) delay: Duration,
    /// The integration that it reached.
    pub(super) reached: Option<Reached>,
}

/// Whether a request is for the data plane, by its host and path.
pub(super) fn is_for(request: &Incoming) -> bool {
    door::is_data_plane(&request.host, &request.path)
}

/// The host, or on the emulators' URLs the API, that a request is counted under.
pub(super) fn place(request: &Incoming) -> String {
    door::user_request(&request.path).map_or_else(|| request.host.clone(), |(api, _, _)| api.to_owned())
}

/// Answers a request of the data plane.
pub(super) fn serve(account: &Account, request: &Incoming) -> Outcome {
    let mut answer = match door::open(account, request) {
        Door::Nobody => return Outcome::default(),
        Door::Refused => Refusal::forbidden().uncustomised(),
        Door::HttpApi => return Outcome { answer: Some(http::not_found()), ..Outcome::default() },
        Door::Stage { api, stage, path, default_endpoint, .. } if api.protocol == Protocol::Http => {
            return http::enter(account, request, api, stage, path, default_endpoint);
        }
        // Facts B9: API Gateway's own health check; the answer's words are [U].
        Door::HealthCheck => Answer { status: 200, body: "healthy".to_owned(), ..Answer::default() },
        Door::Stage { api, stage, path, edge, default_endpoint } => {
            // Facts A5: CloudFront refuses a GET with a body before API Gateway sees it.
            let cdn_refused = edge && request.verb == "GET" && request.has_body();
            let mut outcome = if cdn_refused {
                Outcome { answer: Some(cdn_refusal()), ..Outcome::default() }
            } else {
                enter(account, request, api, stage, path, default_endpoint)
            };
            if let Some(answer) = &mut outcome.answer {
                if !cdn_refused {
                    sign(answer, request);
                }
                if edge {
                    through_cloudfront(answer);
                }
                if api.strips_error_type {
                    answer.remove("x-amzn-ErrorType");
                }
            }
            return outcome;
        }
    };
    sign(&mut answer, request);
    Outcome { answer: Some(answer), ..Outcome::default() }
}

/// A request at the door of a stage that exists.
fn enter(
    account: &Account,
    request: &Incoming,
    api: &Api,
    stage: &Stage,
    path: &str,
    default_endpoint: bool,
) -> Outcome {
    let refuse = |answer: Answer| Outcome { answer: Some(answer), ..Outcome::default() };
    // Facts A2: plain text, no error type, not customisable.
    if request.body.is_none() {
        let body = format!("HTTP content length exceeded {BODY_LIMIT} bytes.");
        return refuse(Answer { status: 413, body, ..Answer::default() }.with("content-type", "text/plain"));
    }
    // A stage whose deployment is not there routes nothing; AWS does not let one exist, so the words are [U].
    let Some(deployment) = stage.next_deployment().and_then(|id| api.deployments.get(id)) else {
        return refuse(Refusal::forbidden().uncustomised());
    };
    // Facts A4, B20: 403 Forbidden on every stage, by a deployment.
    if default_endpoint && deployment.default_endpoint_disabled {
        return refuse(Refusal::forbidden().uncustomised());
    }
    let context = Context { request, api: &api.id, stage: &stage.name, resource: None };
    let responses = &deployment.gateway_responses;
    if stage.web_acl.as_ref().is_some_and(|acl| acl.blocks) {
        return refuse(Refusal::waf_filtered().render(&context, responses));
    }

    // Facts A0: the gateway routes by the overriding verb.
    let verb = request.header("x-http-method-override").unwrap_or(&request.verb);
    let matched = Verb::of_request(verb).and_then(|verb| {
        let (resource, declared) = deployment.routes.route(verb, path)?;
        Some((verb, resource, declared, deployment.methods.method(resource, declared)?))
    });
    let Some((verb, resource, declared, method)) = matched else {
        // Facts A0, A3: an Authorization header that is no SigV4 is complained of instead of the missing route.
        let refusal = match signature::read(request) {
            signature::Signature::Refused(refusal) => refusal,
            // A signed call to an unmatched route: open question 1 of the facts; here the token message too.
            signature::Signature::OfNobody if account.signatures_first => Refusal::unknown_keys(),
            signature::Signature::Absent | signature::Signature::Valid | signature::Signature::OfNobody => {
                Refusal::missing_authentication_token()
            }
        };
        return refuse(refusal.render(&context, responses));
    };

    let context = Context { resource: Some(resource), ..context };
    let arn = format!(
        "arn:aws:execute-api:{}:********{}:{}/{}/{verb}{path}",
        account.region,
        account.number.get(8..).unwrap_or_default(),
        api.id,
        stage.name
    );
    if let Err(refusal) = admission::admit(account, request, method, &arn, &api.id, &stage.name) {
        return refuse(refusal.render(&context, responses));
    }
    let behaviour = method.behave();
    let answer = integration::answer(behaviour, request).unwrap_or_else(|refusal| refusal.render(&context, responses));
    let reached = integration::is_reached(behaviour, request).then(|| Reached {
        api: api.id.clone(),
        stage: stage.name.clone(),
        resource: resource.to_owned(),
        declared,
        verb,
    });
    Outcome { answer: Some(answer), delay: method.latency.unwrap_or(account.latency), reached }
}

/// Puts on what every answer of API Gateway's carries (facts A5), its own ids in place of a backend's.
fn sign(answer: &mut Answer, request: &Incoming) {
    // Facts A5: a client's UUID is adopted, anything else replaced.
    let adopted = request.header("x-amzn-requestid").filter(|id| Uuid::parse_str(id).is_ok());
    let fresh = Uuid::new_v4();
    answer.set("x-amzn-RequestId", &adopted.map_or_else(|| fresh.to_string(), ToOwned::to_owned));
    answer.set("x-amz-apigw-id", &extended_request_id(fresh));
    if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        answer.set("content-type", "application/json");
    }
}

/// An extended request id: 16 characters that end in `=`, as the recorded ones.
fn extended_request_id(seed: Uuid) -> String {
    base64(&seed.as_bytes()[..11])
}

/// What a CloudFront in front adds (facts A5): AWS's own for an edge API.
fn through_cloudfront(answer: &mut Answer) {
    let ok = (200..300).contains(&answer.status);
    answer.set("via", "1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)");
    answer.set("x-cache", if ok { "Miss from cloudfront" } else { "Error from cloudfront" });
    answer.set("x-amz-cf-pop", "IAD89-C1");
    answer.set("x-amz-cf-id", &base64(Uuid::new_v4().as_bytes()));
}

/// CloudFront's own page (facts A5): HTML, and none of API Gateway's headers.
fn cdn_refusal() -> Answer {
    let body = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\"><HTML><HEAD><TITLE>ERROR: The request \
                could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1><H2>The request could not be satisfied.\
                </H2><HR noshade size=\"1px\">Bad request.<PRE>Generated by cloudfront (CloudFront)</PRE></BODY></HTML>";
    Answer { status: 403, body: body.to_owned(), ..Answer::default() }.with("content-type", "text/html")
}
