//! What API Gateway would refuse a request with, by the model: what tells its words from a backend's where they were
//! customised away, or taken off.

use super::predict::{Expectation, Routed};
use super::{Cause, Symptom};
use crate::gateway::{Authorization, Protocol, Request};

/// What a refusal of this request would be, as far as the model knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No method answers, so that no backend can.
    Unrouted,
    /// The method would refuse it so, or a backend answers.
    Routed(Option<Symptom>),
    /// The model cannot say whether it is routed.
    Unknown,
}

/// What the model says that a refusal would be.
pub(super) fn refusal(request: &Request, expectation: &Expectation<'_>) -> Refusal {
    match expectation {
        Expectation::Fault(_) => Refusal::Unrouted,
        Expectation::Unknown(_) => Refusal::Unknown,
        Expectation::Routed(routed) => Refusal::Routed(refusals(request, routed).first().map(|(symptom, ..)| *symptom)),
    }
}

/// How the method, or what stands before it, can refuse this very request: what it surely does first.
pub(super) fn refusals(request: &Request, routed: &Routed<'_>) -> Vec<(Symptom, Cause, &'static str)> {
    let mut found = Vec::new();
    let credentials = request.header("authorization").is_some();
    match routed.method.authorization {
        Some(Authorization::AwsIam) if credentials => {
            found.push((
                Symptom::InvalidSignature,
                Cause::Signature,
                "the method demands SigV4, and the signature may be wrong",
            ));
        }
        Some(Authorization::AwsIam) => {
            let http = routed.api.protocol == Protocol::Http;
            found.push((
                if http { Symptom::Forbidden } else { Symptom::MissingAuthenticationToken },
                Cause::IamUnsigned,
                "the method demands SigV4, and the request is not signed",
            ));
        }
        Some(Authorization::Custom | Authorization::CognitoUserPools | Authorization::Jwt) => {
            let symptom = if credentials { Symptom::AccessDenied } else { Symptom::Unauthorized };
            found.push((symptom, Cause::Authorizer, "the method has an authorizer"));
        }
        Some(Authorization::None) | None => {}
    }
    if routed.method.api_key_required {
        found.push((Symptom::Forbidden, Cause::ApiKey, "the method demands an API key"));
    }
    if routed.canary_without.is_some() {
        let tell = "one of the stage's two deployments lacks the method";
        found.push((Symptom::MissingAuthenticationToken, Cause::CanarySplit, tell));
    }
    if routed.stage.web_acl.is_some() {
        found.push((Symptom::Forbidden, Cause::Waf, "the stage has a web ACL"));
    }
    found
}
