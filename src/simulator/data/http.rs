//! An HTTP API's data plane: other routes, other words, other headers (facts C4), and none of what only REST APIs have:
//! keys, validators, resource policies, web ACLs, gateway responses.

use serde_json::json;
use uuid::Uuid;

use super::signature::{self, Signature};
use super::{Outcome, extended_request_id};
use crate::gateway::{Authorization, Protocol, Verb};
use crate::simulator::account::Account;
use crate::simulator::answer::Answer;
use crate::simulator::api::{Api, Stage};
use crate::simulator::calls::Reached;
use crate::simulator::method::{Behaviour, Method};
use crate::simulator::oracle::Routes;
use crate::simulator::request::Incoming;

/// The stage that is served from the base of the URL.
const DEFAULT: &str = "$default";

/// The stage that a path leads to, and the path that is left: the first segment's, else the default one's.
pub(super) fn stage<'a>(api: &'a Api, path: &'a str) -> Option<(&'a Stage, &'a str)> {
    let (first, rest) = super::door::first_segment(path);
    let named = api.stages.iter().find(|stage| stage.name == first && stage.name != DEFAULT);
    named.map(|stage| (stage, rest)).or_else(|| api.stage_named(DEFAULT).map(|stage| (stage, path)))
}

/// No such stage, no such route, an endpoint that is switched off: all the same.
pub(super) fn not_found() -> Answer {
    words(404, "Not Found")
}

fn words(status: u16, message: &str) -> Answer {
    let answer = Answer::json(status, json!({ "message": message }).to_string());
    answer.with("apigw-requestid", &extended_request_id(Uuid::new_v4()))
}

/// A request at a stage that exists.
pub(super) fn enter(
    account: &Account,
    request: &Incoming,
    api: &Api,
    stage: &Stage,
    path: &str,
    default_endpoint: bool,
) -> Outcome {
    let refuse = |answer: Answer| Outcome { answer: Some(answer), ..Outcome::default() };
    if default_endpoint && api.default_endpoint_disabled {
        return refuse(not_found());
    }
    let methods = match api.deployment_of(stage) {
        _ if stage.auto_deploy => &api.edited,
        Some(deployment) => &deployment.methods,
        None => return refuse(not_found()),
    };
    let routes = Routes::new(methods.0.iter().map(|(resource, methods)| (&**resource, methods.keys().copied())));
    let matched = Verb::of_request(&request.verb).and_then(|verb| {
        let (resource, declared) = routes.route_http(verb, path)?;
        Some((verb, resource, declared, methods.method(resource, declared)?))
    });
    let Some((verb, resource, declared, method)) = matched else { return refuse(not_found()) };
    if account.enforces(Protocol::Http, method.authorization)
        && let Err(answer) = admit(request, method)
    {
        return refuse(answer);
    }
    let behaviour = method.behave();
    let (answer, is_reached) = integrate(behaviour);
    let reached = is_reached.then(|| Reached {
        api: api.id.clone(),
        stage: stage.name.clone(),
        resource: resource.to_owned(),
        declared,
        verb,
    });
    let answer = answer.with("apigw-requestid", &extended_request_id(Uuid::new_v4()));
    Outcome { answer: Some(answer), delay: method.latency.unwrap_or(account.latency), reached }
}

/// Who may call a route. What is refused with which words is [U] for all but the unsigned call.
fn admit(request: &Incoming, method: &Method) -> Result<(), Answer> {
    let header = request.header("authorization").unwrap_or_default().trim();
    let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
    match (method.authorization, token) {
        (Authorization::None, _) => Ok(()),
        (Authorization::AwsIam, _) => match signature::read(request) {
            Signature::Valid => Ok(()),
            Signature::Absent | Signature::OfNobody | Signature::Refused(_) => Err(words(403, "Forbidden")),
        },
        (_, "") | (Authorization::Jwt | Authorization::CognitoUserPools, "deny" | "expired") => {
            Err(words(401, "Unauthorized"))
        }
        (Authorization::Custom, _) if method.authorizer_broken => Err(words(500, "Internal Server Error")),
        (Authorization::Custom, "deny") => Err(words(403, "Forbidden")),
        (Authorization::Custom | Authorization::Jwt | Authorization::CognitoUserPools, _) => Ok(()),
    }
}

/// The integration's answer, and whether anything was called.
fn integrate(behaviour: &Behaviour) -> (Answer, bool) {
    let bare = |status, message: &str| Answer::json(status, json!({ "message": message }).to_string());
    match behaviour {
        Behaviour::Mock | Behaviour::OnlyJson => (Answer::json(200, "{}"), true),
        Behaviour::Http(reply) | Behaviour::Lambda(reply) => {
            (Answer { status: reply.status, headers: reply.headers.clone(), body: reply.body.clone() }, true)
        }
        Behaviour::MalformedProxyResponse | Behaviour::IntegrationFailure | Behaviour::ApiConfigurationError => {
            (bare(500, "Internal Server Error"), true)
        }
        Behaviour::NetworkError | Behaviour::IntegrationTimeout => (bare(503, "Service Unavailable"), true),
        Behaviour::Throttled | Behaviour::QuotaExceeded => (bare(429, "Too Many Requests"), false),
        Behaviour::InnerGateway { status, error_type, message } => {
            (bare(*status, message).with("x-amzn-ErrorType", error_type), true)
        }
    }
}
