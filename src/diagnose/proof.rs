//! What a request proves that API Gateway must refuse.

use super::{Cause, Diagnosis, Symptom};
use crate::plan::RefusalKind;

/// What the answer to a refusal request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The method is there, and refused for want of this.
    Refused(RefusalKind),
    /// It was not refused: the answer comes from behind the method.
    NotRefused,
    /// Nothing: others may have said the same.
    Nothing,
    /// Something is wrong, as the diagnosis says.
    Fault,
}

/// Reads the answer to a request that is to be refused for one of `kinds`. `control` is the answer of the same stage to
/// a request that no method takes, where one was sent.
///
/// What is answered alike to both proves no route: a web ACL, a resource policy or a check of signatures may speak before
/// any routing (facts, open uncertainties 1 and 3). So the proof is right whichever way AWS has it.
#[must_use]
pub fn proof(kinds: &[RefusalKind], diagnosis: &Diagnosis, control: Option<&Diagnosis>) -> Proof {
    if diagnosis.symptom.is_transport() {
        return Proof::Fault;
    }
    // Another gateway's words, passed on by the integration, are no refusal of this one's.
    if diagnosis.cause == Some(Cause::UpstreamGateway) {
        return Proof::NotRefused;
    }
    let kind = match diagnosis.symptom {
        Symptom::Answered
        | Symptom::IntegrationFailure
        | Symptom::IntegrationTimeout
        | Symptom::ApiConfigurationError
        | Symptom::InternalServerError => return Proof::NotRefused,
        Symptom::Unauthorized => RefusalKind::Authorizer,
        Symptom::InvalidSignature | Symptom::ExpiredToken => RefusalKind::Iam,
        Symptom::AccessDenied if kinds.contains(&RefusalKind::Iam) => RefusalKind::Iam,
        Symptom::AccessDenied if diagnosis.cause == Some(Cause::Authorizer) => RefusalKind::Authorizer,
        Symptom::Forbidden if kinds.contains(&RefusalKind::ApiKey) => RefusalKind::ApiKey,
        // An HTTP API's words for it (facts C4).
        Symptom::Forbidden if kinds.contains(&RefusalKind::Iam) => RefusalKind::Iam,
        Symptom::BadRequestParameters => RefusalKind::Parameters,
        Symptom::BadRequestBody => RefusalKind::Body,
        Symptom::UnsupportedMediaType => RefusalKind::MediaType,
        Symptom::Throttled | Symptom::QuotaExceeded => return Proof::Nothing,
        _ => return Proof::Fault,
    };
    let told_apart = match control {
        Some(control) if alike(diagnosis, control) => false,
        Some(control) if control.routed() == Some(false) => true,
        // Without a control that says "no route" only what is said of a matched method alone counts.
        _ => match kind {
            RefusalKind::Iam => false,
            RefusalKind::ApiKey => diagnosis.routed() == Some(true),
            _ => true,
        },
    };
    if told_apart { Proof::Refused(kind) } else { Proof::Nothing }
}

/// Whether two answers are of one kind.
fn alike(one: &Diagnosis, other: &Diagnosis) -> bool {
    let of = |diagnosis: &Diagnosis| {
        let response = diagnosis.response.as_ref();
        (response.map(|response| response.status), response.and_then(|response| response.error_type.clone()))
    };
    one.symptom == other.symptom && of(one) == of(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose_deployed;
    use crate::gateway::{Inventory, InvokeUrl, Request, World};
    use crate::probe::{Observation, Response};

    const INVENTORY: &str = r#"{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [{"id": "a1b2c3d4e5", "name": "shop",
        "stages": [{"name": "prod", "deployment": "d1"}], "deployments": {"d1": {"source": "apisummary", "tree": {
            "/iam": {"POST": {"authorization": "AWS_IAM"}}, "/pool": {"POST": {"authorization": "COGNITO_USER_POOLS"}},
            "/keyed": {"POST": {"authorization": "NONE", "api_key_required": true}}, "/open": {"POST": {"authorization": "NONE"}}}}}}]}"#;

    fn seen(path: &str, status: u16, kind: &str, body: &str) -> Diagnosis {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let url = format!("https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod{path}");
        let verb = if path == "/none" { "GET" } else { "POST" };
        let mut request = Request::new(verb, url.parse().unwrap());
        if path == "/iam" {
            let header = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00";
            request.headers.push(("authorization".to_owned(), header.to_owned()));
        }
        let headers = if kind.is_empty() { vec![] } else { vec![("x-amzn-errortype".to_owned(), kind.to_owned())] };
        let response = Response { status, headers, body: body.to_owned(), truncated: false };
        diagnose_deployed(&request, &Observation::saved(response), &world, 0)
    }

    #[test]
    fn a_refusal_proves_the_route_where_a_missing_one_is_answered_otherwise() {
        use RefusalKind as K;
        let missing =
            seen("/none", 403, "MissingAuthenticationTokenException", r#"{"message":"Missing Authentication Token"}"#);
        let forbidden = seen("/none", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        let bad_keys = r#"{"message":"The security token included in the request is invalid."}"#;
        let signature = seen("/none", 403, "UnrecognizedClientException", bad_keys);
        let table = [
            (
                "/pool",
                401,
                "UnauthorizedException",
                r#"{"message":"Unauthorized"}"#,
                Some(&missing),
                Proof::Refused(K::Authorizer),
            ),
            (
                "/pool",
                401,
                "UnauthorizedException",
                r#"{"message":"Unauthorized"}"#,
                None,
                Proof::Refused(K::Authorizer),
            ),
            ("/iam", 403, "UnrecognizedClientException", bad_keys, Some(&missing), Proof::Refused(K::Iam)),
            ("/iam", 403, "UnrecognizedClientException", bad_keys, Some(&signature), Proof::Nothing),
            ("/iam", 403, "UnrecognizedClientException", bad_keys, None, Proof::Nothing),
            (
                "/keyed",
                403,
                "ForbiddenException",
                r#"{"message":"Forbidden"}"#,
                Some(&missing),
                Proof::Refused(K::ApiKey),
            ),
            ("/keyed", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#, Some(&forbidden), Proof::Nothing),
            ("/keyed", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#, None, Proof::Refused(K::ApiKey)),
            (
                "/open",
                400,
                "BadRequestException",
                r#"{"message":"Missing required request parameters: [q]"}"#,
                Some(&missing),
                Proof::Refused(K::Parameters),
            ),
            (
                "/open",
                400,
                "BadRequestException",
                r#"{"message":"Invalid request body"}"#,
                Some(&missing),
                Proof::Refused(K::Body),
            ),
            (
                "/open",
                415,
                "BadRequestException",
                r#"{"message":"Unsupported Media Type"}"#,
                Some(&missing),
                Proof::Refused(K::MediaType),
            ),
            ("/open", 200, "", "{}", Some(&missing), Proof::NotRefused),
            ("/open", 401, "", r#"{"error":"who are you"}"#, Some(&missing), Proof::NotRefused),
            (
                "/pool",
                500,
                "InternalServerErrorException",
                r#"{"message":"Internal server error"}"#,
                Some(&missing),
                Proof::NotRefused,
            ),
            (
                "/pool",
                403,
                "MissingAuthenticationTokenException",
                r#"{"message":"Missing Authentication Token"}"#,
                Some(&missing),
                Proof::Fault,
            ),
            (
                "/pool",
                429,
                "TooManyRequestsException",
                r#"{"message":"Too Many Requests"}"#,
                Some(&missing),
                Proof::Nothing,
            ),
        ];
        for (path, status, kind, body, control, expected) in table {
            let kinds = match path {
                "/iam" => vec![K::Iam],
                "/pool" => vec![K::Authorizer],
                "/keyed" => vec![K::ApiKey],
                _ => vec![K::Parameters, K::Body, K::MediaType],
            };
            let diagnosis = seen(path, status, kind, body);
            let found = proof(&kinds, &diagnosis, control);
            assert_eq!(found, expected, "{path} {status} {kind}: {:?} {:?}", diagnosis.symptom, diagnosis.cause);
        }
    }
}
