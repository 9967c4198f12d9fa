//! What an answer admits where the model cannot say what was called: from the request's own shape, the likelier first.

use super::rules::{Case, Conclusion};
use super::{Cause, Confidence, Symptom};
use crate::gateway::{Address, DomainRoute, EndpointType, segments};

/// What the URL shows without any model.
struct Shape<'c> {
    /// The path that a stage would see, or the whole one where no stage is known of.
    path: &'c str,
    /// The text of the stage segment, on a default endpoint.
    stage: Option<&'c str>,
    /// Whether the host is a default endpoint's.
    endpoint: bool,
}

impl<'c> Shape<'c> {
    fn of(case: &'c Case<'_, '_>) -> Self {
        match case.address {
            Address::Endpoint(endpoint) => Shape {
                path: case.request.url.as_str().get(endpoint.path_at.clone()).unwrap_or(""),
                stage: endpoint.stage_text.as_deref(),
                endpoint: true,
            },
            Address::Domain(_) | Address::Elsewhere => {
                Shape { path: case.request.url.path(), stage: None, endpoint: false }
            }
        }
    }
}

/// The first is the cause, the others are its alternatives.
fn one_of(causes: Vec<(Cause, &str)>, why: &str) -> Conclusion {
    let mut causes = causes.into_iter();
    let (first, tell) = causes.next().unwrap_or((Cause::Unexplained, ""));
    let mut conclusion = Conclusion::new(first, Confidence::Possible, why);
    if !tell.is_empty() {
        conclusion.evidence.push(format!("what would decide for {first}: {tell}"));
    }
    causes.fold(conclusion, |conclusion, (cause, tell)| conclusion.or(cause, tell))
}

/// No method was matched: this much the answer proves.
pub(super) fn unmatched(case: &Case<'_, '_>, why: &str) -> Conclusion {
    let shape = Shape::of(case);
    let first = segments(shape.path).next();
    let mut causes = Vec::new();
    if shape.endpoint && first.is_some() && first == shape.stage {
        causes.push((Cause::StageRepeated, "the URL with the stage once answers"));
    }
    if first.is_none() {
        causes.push((Cause::RootWithoutMethod, "a resource's path behind the stage answers"));
    }
    if case.request.header("x-http-method-override").is_some() {
        causes.push((Cause::MethodOverride, "the same request without X-HTTP-Method-Override answers"));
    }
    if shape.path.contains("//") || shape.path.contains('%') {
        causes.push((Cause::PathEncoding, "the path with single slashes and nothing escaped answers"));
    }
    if first.is_some() {
        causes.push((Cause::PathUnknown, "the console's Stages page shows no such resource below this stage"));
    }
    causes.push((Cause::MethodMismatch, "another verb on the same URL answers"));
    causes.push((Cause::NotDeployed, "the console shows the method, and its stage was not deployed since"));
    if case.symptom == Symptom::IncompleteSignature {
        causes.push((Cause::Signature, "the method demands AWS_IAM, and the same request signed with SigV4 answers"));
    } else {
        causes.push((Cause::IamUnsigned, "the method demands AWS_IAM: the same request signed with SigV4 answers"));
    }
    if !shape.endpoint && first.is_some() {
        causes.push((Cause::StageInDomainPath, "the path without its first segment answers, where that names a stage"));
        causes.push((Cause::BasePathMissing, "the domain maps this API below a base path"));
    }
    if case.words.is_some_and(|words| words.error_type.is_none()) {
        causes
            .push((Cause::UpstreamGateway, "the access log of the stage holds the request with an integration status"));
    }
    one_of(causes, &format!("no deployed method was matched; {why}"))
}

/// `Forbidden` comes before a route is looked for, or for want of a key.
pub(super) fn forbidden(case: &Case<'_, '_>, why: &str) -> Conclusion {
    let shape = Shape::of(case);
    let mut causes = Vec::new();
    // Of an API that was read, its switch and its kind are known.
    let known = match case.address {
        Address::Endpoint(endpoint) => endpoint.api,
        Address::Domain(_) | Address::Elsewhere => None,
    };
    let key = if case.request.header("x-api-key").is_some() {
        "the key is of no enabled usage plan that lists this stage"
    } else {
        "the same request with an x-api-key answers"
    };
    if let Some((_, stage)) = case.address.stage() {
        // The stage is there, and only what it serves could not be read.
        causes.push((Cause::ApiKey, key));
        if stage.web_acl.is_some() {
            causes.push((Cause::Waf, "the web ACL's sampled requests hold this one"));
        }
        causes.push((
            Cause::UpstreamGateway,
            "the stage's access log shows an integration status: another gateway's words",
        ));
        return one_of(causes, why);
    }
    if shape.endpoint {
        if shape.stage.is_some() {
            causes.push((Cause::StageUnknown, "the API has no stage of this name: stage names are case-sensitive"));
        }
        causes.push((Cause::StageMissing, "the path routes once a stage stands before it"));
        if known.is_none() {
            causes.push((Cause::EndpointDisabled, "every URL of the default endpoint answers the same"));
        }
    } else if let Address::Domain(domain) = case.address
        && matches!(domain.route, DomainRoute::To(_))
    {
        // Where it leads is known, and only what is there is not.
        if domain.domain.mutual_tls {
            causes.push((Cause::ClientCertificate, "the same request with a trusted client certificate answers"));
        }
        causes.push((Cause::ApiKey, key));
        causes.push((Cause::Waf, "the stage has a web ACL"));
        causes.push((Cause::StageUnknown, "the stage that the domain leads to was deleted"));
        return one_of(causes, why);
    } else {
        causes.push((Cause::DomainUnmapped, "the domain has no mapping for this path"));
        causes.push((Cause::BasePathMissing, "the path routes below one of the domain's base paths"));
        causes.push((Cause::ClientCertificate, "the domain demands mutual TLS"));
    }
    causes.push((Cause::ApiKey, key));
    causes.push((Cause::Waf, "the stage has a web ACL"));
    if shape.endpoint && known.is_none_or(|api| api.endpoint == EndpointType::Private) {
        causes.push((Cause::PrivateEndpoint, "the API is private, and the request came through another VPC endpoint"));
    }
    one_of(causes, why)
}

/// The name of an API's default endpoint does not resolve.
pub(super) fn unresolved(detail: &str) -> Conclusion {
    Conclusion::new(Cause::ApiUnknown, Confidence::Likely, detail)
        .or(Cause::PrivateEndpoint, "the API is private: its name resolves inside a VPC only")
        .or(Cause::NetworkDns, "other names do not resolve from here either")
}
