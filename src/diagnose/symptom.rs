//! What an answer *is*, before any thought of why.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Words;
use super::custom_response::by_custom_response;
use super::refusal::Refusal;
use super::rules::http;
use crate::gateway::GatewayResponse;
use crate::probe::{Observation, Response, TransportKind};

/// What came back, in API Gateway's own terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// `Missing Authentication Token`: no route, or an unsigned call to an `AWS_IAM` method.
    MissingAuthenticationToken,
    /// An Authorization header that is no `SigV4`: what an unmatched route answers to a Bearer or Basic header.
    IncompleteSignature,
    /// A `SigV4` signature that does not match.
    InvalidSignature,
    /// Credentials that have expired.
    ExpiredToken,
    /// `Forbidden`: an unknown stage, an API key, a web ACL, a disabled endpoint, an unmapped domain.
    Forbidden,
    /// A policy or an authorizer said no.
    AccessDenied,
    /// No identity, or one that an authorizer does not take.
    Unauthorized,
    /// A rate limit.
    Throttled,
    /// A usage plan's quota.
    QuotaExceeded,
    /// A required parameter is missing.
    BadRequestParameters,
    /// The body does not fit the model.
    BadRequestBody,
    /// No mapping for the content type.
    UnsupportedMediaType,
    /// The body or the URL is too long.
    RequestTooLarge,
    /// The integration could not be called, or its answer could not be used.
    IntegrationFailure,
    /// The integration did not answer in time.
    IntegrationTimeout,
    /// The method's integration is set up wrongly.
    ApiConfigurationError,
    /// The authorizer failed.
    AuthorizerFailure,
    /// The authorizer could not be called.
    AuthorizerConfigurationError,
    /// API Gateway's 404, after authorization.
    ResourceNotFound,
    /// API Gateway's `Internal server error` with nothing more said.
    InternalServerError,
    /// A CDN in front refused.
    CdnRefused,
    /// The integration replied: these are not the gateway's words.
    Answered,
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// Nothing came in time.
    Timeout,
    /// The connection broke.
    Reset,
    /// What came is no HTTP.
    Protocol,
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is serde's: one place names it.
        match serde_json::to_value(self) {
            Ok(Value::String(id)) => f.pad(&id),
            _ => Err(fmt::Error),
        }
    }
}

impl Symptom {
    /// Reads the symptom of an observation.
    ///
    /// The order of the evidence: transport; `x-amzn-ErrorType` in any case; the API's own customised gateway
    /// responses; the words of the body; the status, never alone. `unrouted` says whether the model expects no route:
    /// it decides only what a customised `DEFAULT_4XX` with a fixed body stands for, which nothing else can.
    #[must_use]
    pub fn read(observation: &Observation, customised: &[GatewayResponse], unrouted: bool) -> Symptom {
        let refusal = if unrouted { Refusal::Unrouted } else { Refusal::Unknown };
        read(observation, customised, refusal, Speaks::Rest).symptom
    }

    /// Whether it is what an unmatched route answers: the token message, or its form for a request with an
    /// Authorization header (facts A3).
    #[must_use]
    pub fn is_unmatched(self) -> bool {
        matches!(self, Symptom::MissingAuthenticationToken | Symptom::IncompleteSignature)
    }

    /// Whether no answer came.
    #[must_use]
    pub fn is_transport(self) -> bool {
        matches!(
            self,
            Symptom::Dns | Symptom::Connect | Symptom::Tls | Symptom::Timeout | Symptom::Reset | Symptom::Protocol
        )
    }
}

/// A symptom, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    pub symptom: Symptom,
    /// Whether the words are the API's own for any refusal, so that the symptom is what the model says it would be.
    pub guessed: bool,
}

impl Read {
    pub(super) fn sure(symptom: Symptom) -> Self {
        Read { symptom, guessed: false }
    }
}

/// Whose words an answer is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// A REST API's, or those of an API that is not known.
    Rest,
    /// An HTTP API's. Its *Not Found* is a backend's too, where nothing says that it may be without a route.
    Http { may_be_unmatched: bool },
}

/// [`Symptom::read`], with what the model says a refusal would be, and whose words they are.
pub(super) fn read(
    observation: &Observation,
    customised: &[GatewayResponse],
    refusal: Refusal,
    speaks: Speaks,
) -> Read {
    let response = match &observation.outcome {
        Ok(response) => response,
        Err(error) => {
            return Read::sure(match error.kind {
                TransportKind::Dns => Symptom::Dns,
                TransportKind::Connect => Symptom::Connect,
                TransportKind::Tls => Symptom::Tls,
                TransportKind::Timeout => Symptom::Timeout,
                TransportKind::Reset => Symptom::Reset,
                TransportKind::Protocol | TransportKind::Unsendable => Symptom::Protocol,
            });
        }
    };
    let words = Words::of(response);
    let message = words.message.as_deref().unwrap_or("");
    let typed = words.error_type.as_deref().and_then(|kind| by_error_type(kind, message, response.status));
    if let Some(symptom) = typed {
        return Read::sure(symptom);
    }
    let own = || by_custom_response(response, customised, refusal);
    if response.status < 400 {
        // A refusal customised to a redirect or a success is still a refusal: never the status alone. Words for any
        // refusal are believed where one is sure to come.
        let own = match refusal {
            Refusal::Unrouted => own(),
            Refusal::Routed(Some(_)) => own().filter(|read| read.guessed),
            Refusal::Routed(None) | Refusal::Unknown => None,
        };
        // Where a method answers, a backend may say these words with a success; where none does, only the gateway can.
        let unmatched = || {
            let symptom = by_words(&words, response.status).filter(|symptom| symptom.is_unmatched());
            symptom.filter(|_| refusal == Refusal::Unrouted).map(Read::sure)
        };
        return own.or_else(unmatched).unwrap_or(Read::sure(Symptom::Answered));
    }
    let http = || match speaks {
        Speaks::Http { may_be_unmatched } => http::by_words(&words, response.status, may_be_unmatched),
        Speaks::Rest => None,
    };
    own()
        .or_else(|| http().map(Read::sure))
        .or_else(|| by_words(&words, response.status).map(Read::sure))
        .or_else(|| by_shape(response, message).map(Read::sure))
        .unwrap_or(Read::sure(Symptom::Answered))
}

fn by_error_type(error_type: &str, message: &str, status: u16) -> Option<Symptom> {
    Some(match error_type.to_ascii_lowercase().trim_end_matches("exception") {
        "missingauthenticationtoken" => Symptom::MissingAuthenticationToken,
        "incompletesignature" => Symptom::IncompleteSignature,
        // "Signature expired" is a stale clock, an expired STS token is another type: both are about time, and the
        // words tell them apart (facts A2).
        "invalidsignature" => Symptom::InvalidSignature,
        "expiredtoken" => Symptom::ExpiredToken,
        "forbidden" => Symptom::Forbidden,
        "accessdenied" | "unrecognizedclient" => Symptom::AccessDenied,
        "unauthorized" => Symptom::Unauthorized,
        "toomanyrequests" | "throttling" => Symptom::Throttled,
        "limitexceeded" => Symptom::QuotaExceeded,
        "unsupportedmediatype" => Symptom::UnsupportedMediaType,
        "requesttoolarge" | "requestentitytoolarge" => Symptom::RequestTooLarge,
        "badrequest" => by_bad_request(message, status),
        "authorizerfailure" => Symptom::AuthorizerFailure,
        "authorizerconfiguration" => Symptom::AuthorizerConfigurationError,
        "apiconfiguration" => Symptom::ApiConfigurationError,
        "resourcenotfound" => Symptom::ResourceNotFound,
        "internalservererror" => by_server_error(message, status),
        _ => return None,
    })
}

/// `BadRequestException` also stands on a 415 (facts A2, LocalStack).
fn by_bad_request(message: &str, status: u16) -> Symptom {
    match (message, status) {
        (_, 415) | ("Unsupported Media Type", _) => Symptom::UnsupportedMediaType,
        (_, 413) => Symptom::RequestTooLarge,
        ("Invalid request body", _) => Symptom::BadRequestBody,
        _ => Symptom::BadRequestParameters,
    }
}

fn by_server_error(message: &str, status: u16) -> Symptom {
    if message.contains("timed out") {
        return Symptom::IntegrationTimeout;
    }
    if message.contains("Network error communicating with endpoint") {
        return Symptom::IntegrationFailure;
    }
    match status {
        // The status of INTEGRATION_FAILURE is documented as 504 and seen as 500; a 504 with customised words is
        // more often a timeout (facts A2, open uncertainty 7).
        504 if message.is_empty() || !message.eq_ignore_ascii_case("internal server error") => {
            Symptom::IntegrationTimeout
        }
        502 | 504 => Symptom::IntegrationFailure,
        _ => Symptom::InternalServerError,
    }
}

/// The words that API Gateway is known to use, where no header helps. A wrong status makes them somebody else's.
fn by_words(words: &Words, status: u16) -> Option<Symptom> {
    if words.null_message && status == 500 {
        return Some(Symptom::AuthorizerConfigurationError);
    }
    let message = words.message.as_deref()?;
    Some(match (status, message) {
        (_, "Missing Authentication Token") => Symptom::MissingAuthenticationToken,
        (_, text)
            if text.contains("missing equal-sign")
                || text.starts_with("Authorization header requires 'Credential'") =>
        {
            Symptom::IncompleteSignature
        }
        (403, text)
            if text.starts_with("The request signature we calculated") || text.starts_with("Signature expired") =>
        {
            Symptom::InvalidSignature
        }
        (403, text) if text.starts_with("Credential should be scoped") => Symptom::InvalidSignature,
        (401 | 403, text) if text.starts_with("The security token included in the request is expired") => {
            Symptom::ExpiredToken
        }
        (403, "Forbidden") => Symptom::Forbidden,
        (403, text)
            if text.starts_with("User is not authorized to access this resource")
                || (text.starts_with("User: ") && text.contains("execute-api:Invoke"))
                || text.starts_with("The security token included in the request is invalid") =>
        {
            Symptom::AccessDenied
        }
        (401, "Unauthorized" | "The incoming token has expired") => Symptom::Unauthorized,
        (429, "Too Many Requests") => Symptom::Throttled,
        (429, "Limit Exceeded" | "Limit Exceeded Exception") => Symptom::QuotaExceeded,
        (400, text) if text.starts_with("Missing required request parameters:") => Symptom::BadRequestParameters,
        (400, "Invalid request body") => Symptom::BadRequestBody,
        (415, "Unsupported Media Type") => Symptom::UnsupportedMediaType,
        (413, text) if text == "Request Too Long" || text.starts_with("HTTP content length exceeded") => {
            Symptom::RequestTooLarge
        }
        (414, "Request URI too long") => Symptom::RequestTooLarge,
        (500..=504, text)
            if text == "Internal server error"
                || text == "Endpoint request timed out"
                || text == "Network error communicating with endpoint" =>
        {
            by_server_error(text, status)
        }
        // Not AWS's words: LocalStack's, for a stage that does not exist.
        (404, text) if text.ends_with("does not correspond to a deployed API Gateway API") => Symptom::ResourceNotFound,
        _ => return None,
    })
}

/// What shows in the shape of the whole: CloudFront's page, an early refusal of too much.
fn by_shape(response: &Response, message: &str) -> Option<Symptom> {
    let from_gateway = response.header("x-amz-apigw-id").or(response.header("apigw-requestid")).is_some();
    let cloudfront = message.contains("The request could not be satisfied")
        || response.body.contains("Generated by cloudfront")
        || (response.header("server").is_some_and(|server| server.eq_ignore_ascii_case("cloudfront"))
            && response.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    if cloudfront && !from_gateway {
        return Some(Symptom::CdnRefused);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, error_type: &str, body: &str) -> Observation {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if !error_type.is_empty() {
            headers.push(("x-amzn-ErrorType".to_owned(), error_type.to_owned()));
        }
        Observation::saved(Response { status, headers, body: body.to_owned(), truncated: false })
    }

    /// Rows of facts/api-gateway.md A2 and A3; the source of each stands there.
    #[test]
    fn reads_what_api_gateway_says() {
        use Symptom as S;
        let rows = [
            (
                403,
                "MissingAuthenticationTokenException",
                r#"{"message":"Missing Authentication Token"}"#,
                S::MissingAuthenticationToken,
            ),
            (403, "", r#"{"message": "Missing Authentication Token"}"#, S::MissingAuthenticationToken),
            // Customised to 404 with other words: the header stays (DG:set-up-gateway-response-using-the-console).
            (404, "MissingAuthenticationTokenException", r#"{"oops":"no such thing"}"#, S::MissingAuthenticationToken),
            // HEAD has no body.
            (403, "MissingAuthenticationTokenException", "", S::MissingAuthenticationToken),
            (403, "IncompleteSignatureException", r#"{"message":"x"}"#, S::IncompleteSignature),
            (
                403,
                "",
                r#"{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'abc='."}"#,
                S::IncompleteSignature,
            ),
            (
                403,
                "",
                r#"{"message":"'tok' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer tok'."}"#,
                S::IncompleteSignature,
            ),
            (
                403,
                "",
                r#"{"message":"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter."}"#,
                S::IncompleteSignature,
            ),
            (
                403,
                "InvalidSignatureException",
                r#"{"message":"The request signature we calculated does not match the signature you provided."}"#,
                S::InvalidSignature,
            ),
            (
                403,
                "ExpiredTokenException",
                r#"{"message":"The security token included in the request is expired"}"#,
                S::ExpiredToken,
            ),
            (403, "ForbiddenException", r#"{"message":"Forbidden"}"#, S::Forbidden),
            (403, "", r#"{"message":"Forbidden"}"#, S::Forbidden),
            (
                403,
                "AccessDeniedException",
                r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#,
                S::AccessDenied,
            ),
            (
                403,
                "",
                r#"{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********1234:a/p/GET/x"}"#,
                S::AccessDenied,
            ),
            (401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#, S::Unauthorized),
            (429, "TooManyRequestsException", r#"{"message":"Too Many Requests"}"#, S::Throttled),
            (429, "LimitExceededException", r#"{"message":"Limit Exceeded"}"#, S::QuotaExceeded),
            (
                400,
                "BadRequestException",
                r#"{"message":"Missing required request parameters: [q1]"}"#,
                S::BadRequestParameters,
            ),
            (400, "BadRequestException", r#"{"message":"Invalid request body"}"#, S::BadRequestBody),
            (415, "BadRequestException", r#"{"message":"Unsupported Media Type"}"#, S::UnsupportedMediaType),
            (413, "", "HTTP content length exceeded 10485760 bytes.", S::RequestTooLarge),
            (500, "InternalServerErrorException", r#"{"message":"Internal server error"}"#, S::InternalServerError),
            (502, "InternalServerErrorException", r#"{"message":"Internal server error"}"#, S::IntegrationFailure),
            (504, "InternalServerErrorException", r#"{"message":"Endpoint request timed out"}"#, S::IntegrationTimeout),
            (
                504,
                "InternalServerErrorException",
                r#"{"message":"Network error communicating with endpoint"}"#,
                S::IntegrationFailure,
            ),
            (500, "AuthorizerConfigurationException", r#"{"message":null}"#, S::AuthorizerConfigurationError),
            (500, "", r#"{"message":null}"#, S::AuthorizerConfigurationError),
            (500, "AuthorizerFailureException", r#"{"message":"Internal server error"}"#, S::AuthorizerFailure),
            // The integration's own words.
            (404, "", r#"{"error":"no such pet"}"#, S::Answered),
            (500, "", r#"{"message":"database is down"}"#, S::Answered),
            (403, "", r#"{"message":"only admins"}"#, S::Answered),
            (200, "", r#"{"message":"Missing Authentication Token"}"#, S::Answered),
            (301, "", "", S::Answered),
            // HTTP APIs capitalise; a REST API does not.
            (500, "", r#"{"message":"Internal Server Error"}"#, S::Answered),
        ];
        for (status, error_type, body, expected) in rows {
            assert_eq!(
                Symptom::read(&answer(status, error_type, body), &[], false),
                expected,
                "{status} {error_type} {body}"
            );
        }
    }

    #[test]
    fn cloudfront_refuses_with_a_page() {
        let page = "<HTML><H1>403 ERROR</H1>The request could not be satisfied.<HR>Generated by cloudfront (CloudFront)</HTML>";
        assert_eq!(Symptom::read(&answer(403, "", page), &[], false), Symptom::CdnRefused);
    }

    #[test]
    fn an_apis_own_words_are_known() {
        let custom = |kind: &str, status: u16, template: &str| GatewayResponse {
            kind: kind.to_owned(),
            status: Some(status),
            templates: [("application/json".to_owned(), template.to_owned())].into(),
        };
        let own = [custom("MISSING_AUTHENTICATION_TOKEN", 404, r#"{"error": "no route", "id": "$context.requestId"}"#)];
        let body = r#"{"error":"no route","id":"c6b5…"}"#;
        assert_eq!(Symptom::read(&answer(404, "", body), &own, false), Symptom::MissingAuthenticationToken);
        assert_eq!(Symptom::read(&answer(404, "", r#"{"error":"no pet"}"#), &own, true), Symptom::Answered);
        assert_eq!(Symptom::read(&answer(410, "", body), &own, true), Symptom::Answered, "another status is not its");

        let default = [custom("DEFAULT_4XX", 404, r#"{"error":"not found"}"#)];
        let body = r#"{"error":"not found"}"#;
        assert_eq!(Symptom::read(&answer(404, "", body), &default, true), Symptom::MissingAuthenticationToken);
        assert_eq!(Symptom::read(&answer(404, "", body), &default, false), Symptom::Answered);
    }

    #[test]
    fn a_template_of_variables_is_not_believed_against_the_model() {
        let boilerplate = [GatewayResponse {
            kind: "MISSING_AUTHENTICATION_TOKEN".to_owned(),
            status: Some(404),
            templates: [("application/json".to_owned(), r#"{"message":"$context.error.message"}"#.to_owned())].into(),
        }];
        let backend = answer(404, "", r#"{"message":"Pet 7 not found"}"#);
        assert_eq!(Symptom::read(&backend, &boilerplate, false), Symptom::Answered);
        assert_eq!(Symptom::read(&backend, &boilerplate, true), Symptom::MissingAuthenticationToken);
    }

    #[test]
    fn a_refusal_customised_to_a_redirect_is_no_health() {
        let redirect = answer(302, "MissingAuthenticationTokenException", "");
        assert_eq!(Symptom::read(&redirect, &[], true), Symptom::MissingAuthenticationToken);
        assert_eq!(Symptom::read(&answer(302, "", ""), &[], true), Symptom::Answered);
    }

    #[test]
    fn a_token_that_the_gateway_quotes_back_is_not_kept() {
        let quoted = answer(
            403,
            "IncompleteSignatureException",
            r#"{"message":"'S3CRET' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer S3CRET'."}"#,
        );
        let words = Words::of(quoted.outcome.as_ref().unwrap());
        assert!(!words.message.as_deref().unwrap().contains("S3CRET"), "{words:?}");
        assert_eq!(Symptom::read(&quoted, &[], false), Symptom::IncompleteSignature);
    }

    #[test]
    fn ids_are_kebab_case() {
        assert_eq!(Symptom::MissingAuthenticationToken.to_string(), "missing-authentication-token");
        assert_eq!(Symptom::Dns.to_string(), "dns");
    }
}
