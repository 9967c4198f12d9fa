//! The answers of the labelled cases, by name.

use crate::probe::{Observation, Response, TransportError, TransportKind, read_saved};

/// What was recorded from AWS; recorded/README.md says by whom.
const RECORDED: &[(&str, &[u8])] = &[
    ("canary_canary", include_bytes!("recorded/canary_canary.http")),
    ("canary_default", include_bytes!("recorded/canary_default.http")),
    ("edge_lambda", include_bytes!("recorded/edge_lambda.http")),
    ("edge_mock", include_bytes!("recorded/edge_mock.http")),
    ("failed_invoke", include_bytes!("recorded/failed_invoke.http")),
    ("http_answer", include_bytes!("recorded/http_answer.http")),
    ("http_proxy_answer", include_bytes!("recorded/http_proxy_answer.http")),
    ("remapping_refused", include_bytes!("recorded/remapping_refused.http")),
    ("routing_not_found", include_bytes!("recorded/routing_not_found.http")),
    ("validator_all", include_bytes!("recorded/validator_all.http")),
    ("validator_body", include_bytes!("recorded/validator_body.http")),
    ("validator_header", include_bytes!("recorded/validator_header.http")),
    ("validator_passed", include_bytes!("recorded/validator_passed.http")),
    ("validator_query", include_bytes!("recorded/validator_query.http")),
    ("working_route", include_bytes!("recorded/working_route.http")),
];

/// The answer of a row: a file of `recorded/`, as `recorded:NAME`; an answer written out, as `403 ForbiddenException
/// {"message":"Forbidden"}` with `-` for no error type; else one of the names below, so that a row fits on a line.
pub(super) fn answer(text: &str) -> Result<Observation, String> {
    if let Some(name) = text.strip_prefix("recorded:") {
        let (_, bytes) = RECORDED
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("nothing recorded is called {name}"))?;
        return read_saved(bytes).map(Observation::saved).map_err(|wrong| format!("{name}: {wrong}"));
    }
    match text.split_once(' ') {
        Some((status, rest)) => written_out(status, rest),
        None => named(text),
    }
}

/// `TYPE BODY` behind a status; headers as `name:value` may stand between, with `~` for a space.
fn written_out(status: &str, rest: &str) -> Result<Observation, String> {
    let status = status.parse().map_err(|_| format!("`{status}` is no status"))?;
    let (kind, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut headers = vec![];
    if kind != "-" {
        headers.push(("x-amzn-ErrorType".to_owned(), kind.to_owned()));
    }
    while let Some((name, value, after)) = header(rest) {
        headers.push((name.to_owned(), value.replace('~', " ")));
        rest = after;
    }
    Ok(Observation::saved(Response { status, headers, body: rest.to_owned(), truncated: false }))
}

/// A leading `name:value`, and what follows it.
fn header(text: &str) -> Option<(&str, &str, &str)> {
    let (word, after) = text.split_once(' ').unwrap_or((text, ""));
    let (name, value) = word.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then_some((name, value, after))
}

/// Names for the answers that many rows have.
fn named(name: &str) -> Result<Observation, String> {
    let transport = |kind| Err(TransportError { kind, detail: "as the test says".to_owned() });
    let gateway =
        |status, kind: &str, message: &str| (status, kind.to_owned(), format!(r#"{{"message":"{message}"}}"#));
    let (status, kind, body) = match name {
        "MAT-words" => gateway(403, "", "Missing Authentication Token"),
        "MAT" | "MAT-remapped" => gateway(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        "incomplete" => gateway(403, "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'x='."),
        "incomplete-old" => gateway(403, "IncompleteSignatureException", "'t0k3n' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer t0k3n'."),
        "incomplete-basic" => gateway(403, "IncompleteSignatureException", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=Basic"),
        "forbidden" => gateway(403, "ForbiddenException", "Forbidden"),
        "forbidden-words" | "http-403" => gateway(403, "", "Forbidden"),
        "redirect" => (302, "MissingAuthenticationTokenException".to_owned(), String::new()),
        "own-404" => (404, String::new(), r#"{"error":"no such door"}"#.to_owned()),
        "localstack-404" => gateway(404, "", "The API id 'x' does not correspond to a deployed API Gateway API"),
        "s3-404" => (404, String::new(), "<Error><Code>NoSuchBucket</Code></Error>".to_owned()),
        "denied" => (403, "AccessDeniedException".to_owned(), r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#.to_owned()),
        "policy" => (403, "AccessDeniedException".to_owned(), r#"{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********1234:a/prod/GET/x"}"#.to_owned()),
        "unauthorized" => gateway(401, "UnauthorizedException", "Unauthorized"),
        "throttled" => gateway(429, "TooManyRequestsException", "Too Many Requests"),
        "quota" => gateway(429, "LimitExceededException", "Limit Exceeded"),
        "missing-parameter" => gateway(400, "BadRequestException", "Missing required request parameters: [q1]"),
        "bad-signature" => gateway(403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."),
        "502" => gateway(502, "InternalServerErrorException", "Internal server error"),
        "500" => gateway(500, "InternalServerErrorException", "Internal server error"),
        "504" => gateway(504, "InternalServerErrorException", "Endpoint request timed out"),
        "authorizer-500" => gateway(500, "AuthorizerConfigurationException", "Internal server error"),
        "backend-500" => (500, String::new(), "oops".to_owned()),
        "backend-404" => (404, String::new(), r#"{"error":"no such order"}"#.to_owned()),
        "authorizer-401-words" | "http-401" => gateway(401, "", "Unauthorized"),
        "500-words" => gateway(500, "", "Internal server error"),
        "http-404" => gateway(404, "", "Not Found"),
        "http-429" => gateway(429, "", "Too Many Requests"),
        "http-500" => gateway(500, "", "Internal Server Error"),
        "http-503" => gateway(503, "", "Service Unavailable"),
        "http-backend-404" => (404, String::new(), r#"{"error":"no such pet"}"#.to_owned()),
        "200" | "http-200" => (200, String::new(), "{}".to_owned()),
        "cloudfront" => (403, String::new(), "<HTML>The request could not be satisfied. Generated by cloudfront</HTML>".to_owned()),
        _ => {
            let kind = match name {
                "dns" => TransportKind::Dns,
                "connect" => TransportKind::Connect,
                "tls" => TransportKind::Tls,
                "timeout" => TransportKind::Timeout,
                "reset" => TransportKind::Reset,
                "unsendable" => TransportKind::Unsendable,
                "garbage" => TransportKind::Protocol,
                other => return Err(format!("no answer is called {other}")),
            };
            let mut observation = Observation::saved(Response { status: 0, headers: vec![], body: String::new(), truncated: false });
            observation.outcome = transport(kind);
            return Ok(observation);
        }
    };
    let mut headers = vec![];
    if !kind.is_empty() {
        headers.push(("x-amzn-errortype".to_owned(), kind));
    }
    // What every answer of an HTTP API has (facts C4).
    if name.starts_with("http-") {
        headers.push(("apigw-requestid".to_owned(), "UVJ1aj8GoAMEPtQ=".to_owned()));
    }
    if name == "MAT-remapped" {
        headers.push(("x-amzn-remapped-x-amzn-requestid".to_owned(), "c6b5".to_owned()));
    }
    Ok(Observation::saved(Response { status, headers, body, truncated: false }))
}
