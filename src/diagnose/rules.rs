//! From what came back and what the model expects to the cause.

use super::predict::{Expectation, Fault, Routed};
use super::{Alternative, Cause, Confidence, Symptom, Words, alone};
use crate::gateway::{Address, Authorization, DomainAddress, EndpointType, Request, Stage};
use crate::probe::{Observation, TransportKind};

/// A change younger than this may not have reached every server: LocalStack's tests against AWS wait up to 30 s for
/// a new route (facts B26); twice that is allowed.
const PROPAGATION_SECONDS: i64 = 60;

/// Everything that a rule may look at.
pub(super) struct Case<'w, 'c> {
    pub request: &'c Request,
    pub observation: &'c Observation,
    pub address: &'c Address<'w>,
    pub symptom: Symptom,
    pub words: Option<&'c Words>,
    /// Unix seconds.
    pub now: i64,
}

/// What the rules conclude; the fault of the expectation stays where it is and is taken over where it is the cause.
#[derive(Debug)]
pub(super) struct Conclusion {
    pub cause: Option<Cause>,
    pub confidence: Confidence,
    pub evidence: Vec<String>,
    pub alternatives: Vec<Alternative>,
    /// Whether the cause is the expectation's own fault, with its place and suggestions.
    pub is_fault: bool,
}

impl Conclusion {
    pub fn new(cause: Cause, confidence: Confidence, evidence: impl Into<String>) -> Self {
        Conclusion {
            cause: Some(cause),
            confidence,
            evidence: vec![evidence.into()],
            alternatives: vec![],
            is_fault: false,
        }
    }

    fn fault(fault: &Fault, confidence: Confidence, evidence: Option<String>) -> Self {
        Conclusion {
            cause: Some(fault.cause),
            confidence,
            evidence: evidence.into_iter().collect(),
            alternatives: vec![],
            is_fault: true,
        }
    }

    pub fn or(mut self, cause: Cause, tell: &str) -> Self {
        self.alternatives.push(Alternative { cause, tell: tell.to_owned() });
        self
    }
}

/// Finds the cause.
pub(super) fn conclude(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    match case.symptom {
        symptom if symptom.is_transport() => transport(case, expectation),
        Symptom::Answered => answered(case, expectation),
        Symptom::MissingAuthenticationToken | Symptom::IncompleteSignature => unmatched(case, expectation),
        Symptom::Forbidden => forbidden(case, expectation),
        Symptom::ResourceNotFound => match expectation {
            Expectation::Fault(fault) => Conclusion::fault(fault, fault.confidence.min(Confidence::Likely), None),
            _ => unexplained("API Gateway found no resource, and the model says there is one"),
        },
        _ => refused(case, expectation),
    }
}

fn unexplained(evidence: &str) -> Conclusion {
    Conclusion::new(Cause::Unexplained, Confidence::Possible, evidence)
}

fn transport(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    let detail = case.observation.outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if matches!(&case.observation.outcome, Err(error) if error.kind == TransportKind::Unsendable) {
        return unexplained(&format!("nothing was sent: {detail}"));
    }
    // A host that cannot exist, or that cannot be called from here, says more than that it did not answer.
    if let Expectation::Fault(fault) = expectation
        && fault.cause == Cause::ApiUnknown
    {
        // The name of an API that exists resolves.
        let sure = if case.symptom == Symptom::Dns { Confidence::Certain } else { fault.confidence };
        return Conclusion::fault(fault, sure, Some(detail));
    }
    let private = case.address.stage().is_some_and(|(api, _)| api.endpoint == EndpointType::Private)
        && matches!(case.address, Address::Endpoint(_))
        || matches!(case.address, Address::Domain(address) if address.domain.endpoint == EndpointType::Private);
    if private && matches!(case.symptom, Symptom::Dns | Symptom::Connect | Symptom::Timeout) {
        return Conclusion::new(Cause::PrivateEndpoint, Confidence::Likely, detail)
            .or(Cause::NetworkDns, "the same from inside the VPC would be the network");
    }
    match (case.symptom, case.address) {
        (Symptom::Dns, Address::Domain(address)) => {
            Conclusion::new(Cause::DomainDns, Confidence::Likely, detail_for(address, detail))
                .or(Cause::NetworkDns, "other names do not resolve from here either")
        }
        (Symptom::Tls, Address::Domain(address)) if address.domain.mutual_tls => {
            Conclusion::new(Cause::ClientCertificate, Confidence::Likely, detail)
                .or(Cause::NetworkTls, "the handshake fails with a trusted client certificate too")
        }
        (Symptom::Dns, Address::Endpoint(_)) if matches!(expectation, Expectation::Unknown(_)) => {
            alone::unresolved(&detail)
        }
        (Symptom::Dns, _) => Conclusion::new(Cause::NetworkDns, Confidence::Certain, detail),
        (Symptom::Connect, _) => Conclusion::new(Cause::NetworkConnect, Confidence::Certain, detail),
        (Symptom::Tls, _) => Conclusion::new(Cause::NetworkTls, Confidence::Certain, detail),
        (Symptom::Timeout, _) => Conclusion::new(Cause::NetworkTimeout, Confidence::Certain, detail),
        _ => Conclusion::new(Cause::NetworkReset, Confidence::Certain, detail),
    }
}

fn detail_for(address: &DomainAddress<'_>, detail: String) -> String {
    match &address.domain.target {
        Some(target) => format!("{detail}; {} should lead to {target}", address.domain.name),
        None => detail,
    }
}

fn status(case: &Case<'_, '_>) -> u16 {
    case.observation.outcome.as_ref().map_or(0, |response| response.status)
}

/// An integration's headers that collide with the gateway's own come out renamed: the answer passed through an
/// integration (LocalStack's recorded `test_apigateway_header_remapping_http`).
fn came_through_an_integration(case: &Case<'_, '_>) -> bool {
    case.observation.outcome.as_ref().is_ok_and(|response| {
        response.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amzn-remapped-"))
    })
}

/// Where the method that the request was meant for is not in the deployment, whatever came back is the wrong one's answer;
/// `otherwise` is what it means if the wrong one was meant.
fn instead_of(routed: &Routed<'_>, otherwise: Conclusion) -> Conclusion {
    let Some(taken) = &routed.taken else { return otherwise };
    let mut conclusion = Conclusion::new(taken.cause, taken.confidence, taken.evidence.clone());
    if let Some(cause) = otherwise.cause {
        conclusion.confidence = conclusion.confidence.min(Confidence::Likely);
        conclusion = conclusion.or(cause, &format!("{} {} was meant", routed.hit.verb, routed.hit.resource));
    }
    conclusion.evidence.extend(otherwise.evidence);
    conclusion
}

/// One of the stage's two deployments lacks the method: it fails by chance, whatever this answer was.
fn by_canary(routed: &Routed<'_>, seen: &str) -> Option<Conclusion> {
    let canary = routed.canary_without?;
    let sure = if routed.source.is_snapshot() { Confidence::Certain } else { Confidence::Likely };
    let mut conclusion = Conclusion::new(
        Cause::CanarySplit,
        sure,
        format!(
            "the deployment {} of the canary ({} % of the traffic) lacks {} {}",
            canary.deployment, canary.percent, routed.hit.verb, routed.hit.resource
        ),
    );
    conclusion.evidence.push(seen.to_owned());
    Some(conclusion)
}

/// Answered, although the model has no route: chance or delay may be the reason, and then the next call fails.
fn answered_without_route(case: &Case<'_, '_>, fault: &Fault) -> Option<Conclusion> {
    let status = status(case);
    if let Some(canary) = &fault.canary {
        let mut conclusion = Conclusion::new(Cause::CanarySplit, fault.confidence, canary.clone());
        conclusion.evidence.push(format!("answered {status} this time, by the canary"));
        return Some(conclusion);
    }
    // An old snapshot can only answer for what a new one lacks.
    let by_deployment = fault.cause.about().step >= Some(super::StepName::Path)
        && fault.cause.about().step <= Some(super::StepName::Deployment);
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

fn answered(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    let status = status(case);
    match expectation {
        Expectation::Routed(routed) if routed.taken.is_some() => {
            instead_of(routed, answered_by_its_own(case, expectation))
        }
        Expectation::Routed(routed) => {
            by_canary(routed, &format!("answered {status} this time, by a deployment that has it"))
                .unwrap_or_else(|| answered_by_its_own(case, expectation))
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
        && matches!(status, 403 | 404)
        && !came_through_an_integration(case)
    {
        let evidence = format!("the answer is {status} in words that are not API Gateway's own");
        return Conclusion::fault(fault, fault.confidence.min(Confidence::Likely), Some(evidence))
            .or(Cause::BackendStatus, "the backend's log would hold the request");
    }
    Conclusion::new(
        Cause::BackendStatus,
        if matches!(expectation, Expectation::Routed(_)) { Confidence::Certain } else { Confidence::Likely },
        format!("the integration answered {status}"),
    )
}

/// Missing Authentication Token, or its form for requests with an Authorization header.
fn unmatched(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    if came_through_an_integration(case) {
        return Conclusion::new(
            Cause::UpstreamGateway,
            Confidence::Likely,
            "the answer has x-amzn-remapped- headers, so it came through an integration: another gateway's words",
        );
    }
    let routed = match expectation {
        Expectation::Fault(fault) => {
            let seen = (case.symptom == Symptom::IncompleteSignature).then(|| {
                "an unmatched route reads any Authorization header as SigV4: this answer stands for Missing Authentication Token".to_owned()
            });
            return Conclusion::fault(fault, fault.confidence, seen);
        }
        Expectation::Unknown(why) => return alone::unmatched(case, why),
        Expectation::Routed(routed) => routed,
    };
    let iam = routed.method.authorization == Some(Authorization::AwsIam);
    if iam && case.symptom == Symptom::IncompleteSignature {
        return Conclusion::new(
            Cause::Signature,
            Confidence::Certain,
            format!("{} {} demands SigV4, and the Authorization header is none", routed.hit.verb, routed.hit.resource),
        );
    }
    if let Some(conclusion) = by_canary(routed, "this request was the canary's") {
        let sure = conclusion.confidence;
        // An unsigned call to an AWS_IAM method fails in both deployments, and looks the same.
        return if iam && case.request.header("authorization").is_none() {
            Conclusion { confidence: sure.min(Confidence::Likely), ..conclusion }
                .or(Cause::IamUnsigned, "the same request signed with SigV4 always answers")
        } else {
            conclusion
        };
    }
    if iam && case.request.header("authorization").is_none() {
        let unsigned = Conclusion::new(
            Cause::IamUnsigned,
            if routed.source.is_snapshot() { Confidence::Certain } else { Confidence::Likely },
            format!(
                "{} {} is deployed with AWS_IAM, and the request is not signed",
                routed.hit.verb, routed.hit.resource
            ),
        );
        return instead_of(routed, unsigned);
    }
    if let Some(changed) = recently_changed(case, routed) {
        return changed;
    }
    if case.words.is_some_and(|words| words.error_type.is_none()) {
        return in_other_words();
    }
    if routed.method.authorization.is_none() {
        return Conclusion::new(
            Cause::IamUnsigned,
            Confidence::Possible,
            "the endpoint did not say what authorization the method has",
        )
        .or(Cause::Unexplained, "the method has no AWS_IAM authorization");
    }
    unexplained("the deployed tree has the method without AWS_IAM, and the wire says that nothing matched")
        .or(Cause::Propagating, "it goes away within a minute")
        .or(Cause::Removed, "the stage was deployed again since the tree was read: read it again")
}

/// API Gateway's words without its header, where the model says that it had no reason to say them.
fn in_other_words() -> Conclusion {
    Conclusion::new(
        Cause::UpstreamGateway,
        Confidence::Likely,
        "the answer has no x-amzn-ErrorType, which API Gateway's own always has: the integration may have passed on another gateway's words",
    )
    .or(Cause::Unexplained, "a CDN or proxy in front strips the header")
}

fn recently_changed(case: &Case<'_, '_>, routed: &Routed<'_>) -> Option<Conclusion> {
    age(case, routed.stage).map(|age| {
        Conclusion::new(
            Cause::Propagating,
            Confidence::Likely,
            format!("the stage {} changed {age} s ago", routed.stage.name),
        )
    })
}

/// How many seconds ago a stage changed, where that is so few that not every server may know.
fn age(case: &Case<'_, '_>, stage: &Stage) -> Option<i64> {
    let age = case.now.checked_sub(stage.updated_at?)?;
    (0..PROPAGATION_SECONDS).contains(&age).then_some(age)
}

fn forbidden(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    if came_through_an_integration(case) {
        return Conclusion::new(Cause::UpstreamGateway, Confidence::Likely, "the answer came through an integration");
    }
    let web_acl = case.address.stage().and_then(|(_, stage)| stage.web_acl.as_deref());
    let mutual_tls = matches!(case.address, Address::Domain(address) if address.domain.mutual_tls);
    match expectation {
        Expectation::Fault(fault) => {
            // Before a stage is resolved there is no route to be missing.
            let early = case.address.stage().is_none() || fault.cause.about().step <= Some(super::StepName::Stage);
            match web_acl {
                Some(acl) if !early => Conclusion::new(
                    Cause::Waf,
                    Confidence::Likely,
                    format!("the stage has the web ACL {acl}, which is asked before any routing"),
                )
                .or(fault.cause, "the model has no route for this request either"),
                _ if early => Conclusion::fault(fault, fault.confidence, None),
                _ => Conclusion::fault(
                    fault,
                    Confidence::Possible,
                    Some("Forbidden is not what an unmatched route of an existing stage says".to_owned()),
                ),
            }
        }
        Expectation::Unknown(why) => alone::forbidden(case, why),
        Expectation::Routed(routed) => {
            if routed.method.api_key_required {
                let sent = case.request.header("x-api-key").is_some();
                let conclusion = Conclusion::new(
                    Cause::ApiKey,
                    if sent || web_acl.is_some() { Confidence::Likely } else { Confidence::Certain },
                    format!(
                        "{} {} demands an API key, and the request has {}",
                        routed.hit.verb,
                        routed.hit.resource,
                        if sent { "one that does not count for this stage" } else { "none" }
                    ),
                );
                return match web_acl {
                    Some(_) => conclusion.or(Cause::Waf, "the web ACL's sampled requests hold this one"),
                    None => instead_of(routed, conclusion),
                };
            }
            if mutual_tls {
                return Conclusion::new(
                    Cause::ClientCertificate,
                    Confidence::Likely,
                    "the custom domain demands a client certificate",
                );
            }
            if let Some(acl) = web_acl {
                return Conclusion::new(Cause::Waf, Confidence::Likely, format!("the stage has the web ACL {acl}"));
            }
            if routed.api.endpoint == EndpointType::Private {
                return Conclusion::new(
                    Cause::PrivateEndpoint,
                    Confidence::Likely,
                    "a private API answers Forbidden where the endpoint or the host name names another API",
                );
            }
            if case.words.is_some_and(|words| words.error_type.is_none()) {
                return in_other_words();
            }
            recently_changed(case, routed).unwrap_or_else(|| {
                unexplained("the method needs no key, and the stage has no web ACL")
                    .or(Cause::Waf, "a web ACL was associated since the stage was read")
            })
        }
    }
}

/// The other refusals name their cause themselves.
fn refused(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
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
            if matches!(method.authorization, Some(Authorization::Custom | Authorization::CognitoUserPools))
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
            Conclusion::new(Cause::Authorizer, if authorizer { Confidence::Certain } else { Confidence::Likely }, said)
        }
        Symptom::AccessDenied => Conclusion::new(Cause::ResourcePolicy, Confidence::Likely, said),
        // Nobody at the gateway asks who calls an open method: the backend does, in the same words.
        Symptom::Unauthorized if open && case.words.is_some_and(|words| words.error_type.is_none()) => {
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
        Symptom::IntegrationTimeout => Conclusion::new(Cause::IntegrationTimeout, Confidence::Certain, said),
        Symptom::IntegrationFailure | Symptom::ApiConfigurationError => {
            Conclusion::new(Cause::Integration, Confidence::Certain, said)
        }
        Symptom::InternalServerError => Conclusion::new(Cause::Integration, Confidence::Likely, said),
        Symptom::CdnRefused => Conclusion::new(Cause::EdgeRefused, Confidence::Likely, said),
        _ => unexplained(&said),
    };
    if let Expectation::Routed(routed) = expectation {
        // 413 and 414 come before anything that knows the header (facts A2).
        if case.words.is_some_and(|words| words.error_type.is_none())
            && !matches!(case.symptom, Symptom::CdnRefused | Symptom::RequestTooLarge)
        {
            conclusion.confidence = conclusion.confidence.min(Confidence::Likely);
            conclusion = conclusion.or(
                Cause::UpstreamGateway,
                "API Gateway's own answers have x-amzn-ErrorType: without it the words may be the backend's",
            );
        }
        let by_the_method = matches!(
            conclusion.cause,
            Some(Cause::Authorizer | Cause::BadProbe | Cause::Integration | Cause::IntegrationTimeout)
        );
        return if by_the_method { instead_of(routed, conclusion) } else { conclusion };
    }
    if let Expectation::Fault(fault) = expectation {
        conclusion.alternatives.push(Alternative {
            cause: fault.cause,
            tell: "the model has no route for this request, and this answer may come before routing".to_owned(),
        });
        conclusion.confidence = conclusion.confidence.min(Confidence::Likely);
    }
    conclusion
}
