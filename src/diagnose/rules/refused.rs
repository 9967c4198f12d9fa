//! The other refusals, which name their cause themselves.

use super::{Case, Conclusion, came_through_an_integration, instead_of, status, unexplained, untyped};
use crate::diagnose::predict::{Expectation, Routed};
use crate::diagnose::{Cause, Confidence, Symptom};
use crate::gateway::Authorization;

pub(super) fn refused(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    if came_through_an_integration(case) && matches!(expectation, Expectation::Routed(_)) {
        return Conclusion::new(
            Cause::UpstreamGateway,
            Confidence::Likely,
            "the answer has x-amzn-remapped- headers, so it came through an integration: another gateway's words",
        )
        .or(Cause::BackendStatus, "the backend's log holds the request");
    }
    let words = case.words.and_then(|words| words.message.as_deref()).unwrap_or("");
    let status = status(case);
    let said = if words.is_empty() { format!("answered {status}") } else { format!("answered {status}: {words}") };
    let authorizer = matches!(
        expectation,
        Expectation::Routed(Routed { method, .. })
            if matches!(
                method.authorization,
                Some(Authorization::Custom | Authorization::CognitoUserPools | Authorization::Jwt)
            )
    );
    let open = matches!(
        expectation,
        Expectation::Routed(Routed { method, .. }) if method.authorization == Some(Authorization::None)
    );
    let mut conclusion = match case.symptom {
        Symptom::AccessDenied
            if words.starts_with("User is not authorized to access this resource")
                || authorizer && !words.contains("execute-api:Invoke") =>
        {
            // An authorizer's denial and a policy's are one kind; only the words tell them apart.
            let denied = words.starts_with("User is not authorized to access this resource");
            let sure = if authorizer && denied { Confidence::Certain } else { Confidence::Likely };
            let conclusion = Conclusion::new(Cause::Authorizer, sure, said);
            if denied {
                conclusion
            } else {
                conclusion.or(Cause::ResourcePolicy, "a policy of the API refuses the caller")
            }
        }
        Symptom::AccessDenied if words.starts_with("The security token included in the request is invalid") => {
            Conclusion::new(Cause::Signature, Confidence::Certain, said)
        }
        Symptom::AccessDenied => Conclusion::new(Cause::ResourcePolicy, Confidence::Likely, said),
        // Nobody at the gateway asks who calls an open method: the backend does, in the same words.
        Symptom::Unauthorized | Symptom::AuthorizerFailure | Symptom::AuthorizerConfigurationError
            if open && untyped(case) && !case.guessed =>
        {
            Conclusion::new(Cause::BackendStatus, Confidence::Likely, said)
        }
        Symptom::Unauthorized | Symptom::AuthorizerFailure | Symptom::AuthorizerConfigurationError => {
            Conclusion::new(Cause::Authorizer, Confidence::Certain, said)
        }
        Symptom::InvalidSignature | Symptom::ExpiredToken => {
            Conclusion::new(Cause::Signature, Confidence::Certain, said)
        }
        Symptom::Throttled => Conclusion::new(Cause::Throttle, Confidence::Certain, said),
        Symptom::QuotaExceeded => Conclusion::new(Cause::Quota, Confidence::Certain, said),
        Symptom::BadRequestParameters
        | Symptom::BadRequestBody
        | Symptom::UnsupportedMediaType
        | Symptom::RequestTooLarge => Conclusion::new(Cause::BadProbe, Confidence::Certain, said),
        Symptom::IntegrationTimeout if words.contains("timed out") => {
            Conclusion::new(Cause::IntegrationTimeout, Confidence::Certain, said)
        }
        // INTEGRATION_FAILURE is documented as 504 too (facts, open uncertainty 7).
        Symptom::IntegrationTimeout => Conclusion::new(Cause::IntegrationTimeout, Confidence::Likely, said)
            .or(Cause::Integration, "the execution log shows another error than the timeout"),
        Symptom::IntegrationFailure | Symptom::ApiConfigurationError => {
            Conclusion::new(Cause::Integration, Confidence::Certain, said)
        }
        Symptom::InternalServerError => Conclusion::new(Cause::Integration, Confidence::Likely, said),
        Symptom::CdnRefused => Conclusion::new(Cause::EdgeRefused, Confidence::Likely, said),
        _ => unexplained(&said),
    };
    if matches!(expectation, Expectation::Unknown(_)) && untyped(case) {
        let tell = "without x-amzn-ErrorType the words may be the backend's, or those of no API Gateway at all";
        return conclusion.at_most(Confidence::Likely).or(Cause::BackendStatus, tell);
    }
    if let Expectation::Routed(routed) = expectation {
        // 413 and 414 come before anything that knows the header (facts A2).
        if untyped(case) && !case.guessed && !matches!(case.symptom, Symptom::CdnRefused | Symptom::RequestTooLarge) {
            conclusion.confidence = conclusion.confidence.min(Confidence::Likely);
            conclusion = conclusion.or(
                Cause::UpstreamGateway,
                "API Gateway's own answers have x-amzn-ErrorType: without it the words may be the backend's",
            );
            if authorizer && case.symptom == Symptom::InternalServerError {
                conclusion = conclusion.or(Cause::Authorizer, "the authorizer's own log shows a failure");
            }
        }
        let by_the_method = matches!(
            conclusion.cause,
            Some(Cause::Authorizer | Cause::BadProbe | Cause::Integration | Cause::IntegrationTimeout)
        );
        return if by_the_method { instead_of(routed, conclusion) } else { conclusion };
    }
    if let Expectation::Fault(fault) = expectation {
        let tell = "the model has no route for this request, and this answer may come before routing";
        conclusion = conclusion.or(fault.cause, tell).at_most(Confidence::Likely);
    }
    conclusion
}
