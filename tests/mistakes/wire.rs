//! What AWS answers, from the fact sheet: the rows A0 to A6.

use gateprobe::gateway::Request;
use gateprobe::probe::{Observation, Response, TransportError, TransportKind};

use super::gateway::Api;
use super::rng::Rng;

/// What API Gateway itself says, and what it calls that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    MissingAuthenticationToken,
    BadSignature,
    ExpiredToken,
    /// Of an existing stage: customisable.
    InvalidApiKey,
    WafFiltered,
    AuthorizerDenied,
    PolicyDenied,
    Unauthorized,
    AuthorizerFailed,
    AuthorizerMisconfigured,
    Throttled,
    QuotaExceeded,
    BadParameters,
    BadBody,
    UnsupportedMediaType,
    RequestTooLarge,
    Integration500,
    Integration502,
    IntegrationTimeout,
}

struct Words {
    kind: &'static str,
    status: u16,
    error_type: &'static str,
    body: String,
}

fn message(text: &str) -> String {
    format!(r#"{{"message":"{text}"}}"#)
}

fn words(rng: &mut Rng, says: Says, authorization: Option<&str>) -> Words {
    let new = |kind, status, error_type, body: String| Words { kind, status, error_type, body };
    match says {
        Says::MissingAuthenticationToken => match authorization {
            // A3: any Authorization header that is no SigV4 is read as one.
            Some(value) if value.starts_with("Basic") => new(
                "",
                403,
                "IncompleteSignatureException",
                message(
                    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=Basic",
                ),
            ),
            Some(value) if !value.starts_with("AWS4") => {
                let text = if rng.chance(50) {
                    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c='.".to_owned()
                } else {
                    format!("'tok' not a valid key=value pair (missing equal-sign) in Authorization header: '{value}'.")
                };
                new("", 403, "IncompleteSignatureException", message(&text))
            }
            _ => new(
                "MISSING_AUTHENTICATION_TOKEN",
                403,
                "MissingAuthenticationTokenException",
                message("Missing Authentication Token"),
            ),
        },
        Says::BadSignature => new(
            "INVALID_SIGNATURE",
            403,
            "InvalidSignatureException",
            message(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            ),
        ),
        Says::ExpiredToken => new(
            "EXPIRED_TOKEN",
            403,
            "ExpiredTokenException",
            message("The security token included in the request is expired"),
        ),
        Says::InvalidApiKey => new("INVALID_API_KEY", 403, "ForbiddenException", message("Forbidden")),
        Says::WafFiltered => new("WAF_FILTERED", 403, "ForbiddenException", message("Forbidden")),
        Says::AuthorizerDenied => new(
            "ACCESS_DENIED",
            403,
            "AccessDeniedException",
            format!(
                r#"{{"Message":"User is not authorized to access this resource{}"}}"#,
                rng.pick(&["", " with an explicit deny", " with an explicit deny in an identity-based policy"])
            ),
        ),
        Says::PolicyDenied => new(
            "ACCESS_DENIED",
            403,
            "AccessDeniedException",
            format!(
                r#"{{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********1234:abc/prod/GET/x{}"}}"#,
                rng.pick(&[
                    "",
                    " with an explicit deny",
                    " because no resource-based policy allows the execute-api:Invoke action"
                ])
            ),
        ),
        Says::Unauthorized => new("UNAUTHORIZED", 401, "UnauthorizedException", message("Unauthorized")),
        Says::AuthorizerFailed => {
            new("AUTHORIZER_FAILURE", 500, "AuthorizerFailureException", message("Internal server error"))
        }
        Says::AuthorizerMisconfigured => {
            let body = if rng.chance(50) { r#"{"message":null}"#.to_owned() } else { message("Internal server error") };
            new("AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", body)
        }
        Says::Throttled => new("THROTTLED", 429, "TooManyRequestsException", message("Too Many Requests")),
        Says::QuotaExceeded => new("QUOTA_EXCEEDED", 429, "LimitExceededException", message("Limit Exceeded")),
        Says::BadParameters => new(
            "BAD_REQUEST_PARAMETERS",
            400,
            "BadRequestException",
            message("Missing required request parameters: [q1, q2]"),
        ),
        Says::BadBody => new("BAD_REQUEST_BODY", 400, "BadRequestException", message("Invalid request body")),
        Says::UnsupportedMediaType => {
            new("UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", message("Unsupported Media Type"))
        }
        // Not customisable, plain text, no error type (A2).
        Says::RequestTooLarge => new("", 413, "", "HTTP content length exceeded 10485760 bytes.".to_owned()),
        Says::Integration500 => {
            new("INTEGRATION_FAILURE", 500, "InternalServerErrorException", message("Internal server error"))
        }
        Says::Integration502 => new("", 502, "InternalServerErrorException", message("Internal server error")),
        Says::IntegrationTimeout => {
            new("INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", message("Endpoint request timed out"))
        }
    }
}

fn observed(status: u16, headers: Vec<(String, String)>, body: String) -> Observation {
    Observation::saved(Response { status, headers, body, truncated: false })
}

/// A gateway's own headers (A5).
fn gateway_headers(error_type: &str) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-amzn-requestid".to_owned(), "00000000-0000-4000-8000-000000000000".to_owned()),
        ("x-amz-apigw-id".to_owned(), "AbCdEfGhIjKlMnO=".to_owned()),
    ];
    if !error_type.is_empty() {
        headers.push(("x-amzn-errortype".to_owned(), error_type.to_owned()));
    }
    headers
}

/// API Gateway refuses a request in an existing stage: by the API's own words where it has some (A6).
pub fn refusal(rng: &mut Rng, api: &Api, request: &Request, says: Says) -> Observation {
    let mut words = words(rng, says, request.header("authorization"));
    let own = api.own_words.iter().find(|own| own.kind == words.kind).or_else(|| {
        let fallback = api.own_words.iter().find(|own| own.kind == "DEFAULT_4XX");
        // Setting DEFAULT_4XX changes every 4xx that has no entry of its own; no fall-back is stated for UNAUTHORIZED,
        // and 413 cannot be customised (A2).
        fallback.filter(|_| words.status < 500 && !matches!(says, Says::Unauthorized | Says::RequestTooLarge))
    });
    if let Some(own) = own {
        words.status = own.status;
        words.body = own.body.replace("$context.requestId", "00000000-0000-4000-8000-000000000000");
    }
    let error_type = if api.strips_error_type { "" } else { words.error_type };
    let body = if request.method == "HEAD" { String::new() } else { words.body };
    observed(words.status, gateway_headers(error_type), body)
}

/// `Forbidden` before any stage is resolved: never customised (A1, A6).
pub fn forbidden(api: Option<&Api>, request: &Request) -> Observation {
    let error_type = if api.is_some_and(|api| api.strips_error_type) { "" } else { "ForbiddenException" };
    let body = if request.method == "HEAD" { String::new() } else { message("Forbidden") };
    observed(403, gateway_headers(error_type), body)
}

/// The integration's own answer.
pub fn answered(rng: &mut Rng, request: &Request) -> Observation {
    let status = *rng.pick(&[200, 200, 200, 201, 204, 302]);
    let body = if request.method == "HEAD" || status == 204 { "" } else { r#"{"ok":true}"# };
    backend(status, body)
}

pub fn backend(status: u16, body: &str) -> Observation {
    observed(status, vec![("x-amz-apigw-id".to_owned(), "AbCdEfGhIjKlMnO=".to_owned())], body.to_owned())
}

/// Another gateway's words, passed on by an integration.
pub fn upstream(status: u16, text: &str, error_type: Option<&str>, remapped: bool) -> Observation {
    let mut headers = gateway_headers(error_type.unwrap_or(""));
    if remapped {
        headers.push(("x-amzn-remapped-x-amzn-requestid".to_owned(), "c6b5".to_owned()));
        headers.push(("x-amzn-remapped-date".to_owned(), "Mon, 23 Nov 2026 01:00:00 GMT".to_owned()));
    }
    observed(status, headers, message(text))
}

pub fn cdn() -> Observation {
    observed(
        403,
        vec![("server".to_owned(), "CloudFront".to_owned()), ("content-type".to_owned(), "text/html".to_owned())],
        "<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1>Bad request. Generated by cloudfront (CloudFront)</BODY></HTML>".to_owned(),
    )
}

pub fn broken(kind: TransportKind) -> Observation {
    let mut observation = observed(0, vec![], String::new());
    observation.outcome = Err(TransportError { kind, detail: "as the generator says".to_owned() });
    observation
}
