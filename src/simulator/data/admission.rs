//! Who may call a matched method, and with what: policy, authorizer, API key, validator.

use serde_json::Value;

use super::refusal::Refusal;
use super::signature::{self, Signature};
use crate::gateway::{Authorization, Protocol};
use crate::simulator::account::Account;
use crate::simulator::method::Method;
use crate::simulator::request::Incoming;

/// Lets a request in, or says why not.
pub(super) fn admit(
    account: &Account,
    request: &Incoming,
    method: &Method,
    arn: &str,
    api: &str,
    stage: &str,
) -> Result<(), Refusal> {
    // Facts A2, ACCESS_DENIED (IAM / resource policy).
    if method.denied_by_policy {
        return Err(Refusal::access_denied(&format!(
            "User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn} with an explicit deny"
        )));
    }
    if account.enforces(Protocol::Rest, method.authorization) {
        authorize(request, method)?;
    }
    if method.api_key_required {
        let key = request.header("x-api-key").unwrap_or_default();
        if !account.api_keys.iter().any(|known| known.value == key && known.opens(api, stage)) {
            return Err(Refusal::invalid_api_key());
        }
    }
    validate(request, method)
}

fn authorize(request: &Incoming, method: &Method) -> Result<(), Refusal> {
    let header = request.header("authorization").unwrap_or_default().trim();
    let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
    match method.authorization {
        Authorization::None => Ok(()),
        // Facts A0: an unsigned call to an IAM method gets the token message.
        Authorization::AwsIam => match signature::read(request) {
            Signature::Valid => Ok(()),
            Signature::OfNobody => Err(Refusal::unknown_keys()),
            Signature::Absent => Err(Refusal::missing_authentication_token()),
            Signature::Refused(refusal) => Err(refusal),
        },
        Authorization::Custom if method.authorizer.is_some() => ask_about_request(request, method),
        // Facts A2, B16: without its identity source the Lambda is not called.
        Authorization::Custom | Authorization::CognitoUserPools | Authorization::Jwt if token.is_empty() => {
            Err(Refusal::unauthorized("Unauthorized"))
        }
        Authorization::Custom => ask(method, token),
        Authorization::CognitoUserPools | Authorization::Jwt => match token {
            "expired" => Err(Refusal::unauthorized("The incoming token has expired")), // [U]
            "deny" => Err(Refusal::unauthorized("Unauthorized")),
            _ => Ok(()),
        },
    }
}

/// What the Lambda authorizer says to a token.
fn ask(method: &Method, token: &str) -> Result<(), Refusal> {
    match token {
        _ if method.authorizer_broken => Err(Refusal::authorizer_configuration_error()),
        "deny" => Err(Refusal::access_denied("User is not authorized to access this resource with an explicit deny")),
        // The literal string that an authorizer raises for a 401.
        "unauthorized" => Err(Refusal::unauthorized("Unauthorized")),
        "error" => Err(Refusal::authorizer_failure()),
        _ => Ok(()),
    }
}

/// A `REQUEST` authorizer: facts B16. Where its answers are kept by identity sources, a request that lacks one is refused
/// and the function not asked; where they are not, the function decides about a request without a token too.
fn ask_about_request(request: &Incoming, method: &Method) -> Result<(), Refusal> {
    let Some(authorizer) = &method.authorizer else { return Ok(()) };
    let found = |source: &String| match source.strip_prefix("method.request.") {
        Some(part) => match part.split_once('.') {
            Some(("header", name)) => request.header(&name.to_ascii_lowercase()).map(ToOwned::to_owned),
            Some(("querystring", name)) => request.query_value(name),
            _ => None,
        },
        // The context and the stage variables are always there.
        None => Some(source.clone()),
    };
    let identities: Vec<Option<String>> = authorizer
        .identity_sources
        .iter()
        .map(found)
        .map(|found| found.filter(|text| !text.trim().is_empty()))
        .collect();
    if authorizer.refuses_unidentified() && identities.iter().any(Option::is_none) {
        return Err(Refusal::unauthorized("Unauthorized"));
    }
    let token =
        identities.into_iter().flatten().next().or_else(|| request.header("authorization").map(ToOwned::to_owned));
    match token.as_deref().map(|token| token.trim().strip_prefix("Bearer ").unwrap_or(token.trim())) {
        Some(token) if !token.is_empty() => ask(method, token),
        _ if method.authorizer_broken => Err(Refusal::authorizer_configuration_error()),
        _ if authorizer.allows_without_token => Ok(()),
        _ => Err(Refusal::access_denied("User is not authorized to access this resource with an explicit deny")),
    }
}

/// Facts B14: parameters first (present and not blank), then the body, which only a known content type has checked.
fn validate(request: &Incoming, method: &Method) -> Result<(), Refusal> {
    let blank = |value: Option<&str>| value.is_none_or(|value| value.trim().is_empty());
    // Headers before the query string, as recorded (LocalStack's test_api_gateway_request_validator, 2024-01-10). Names
    // are compared in any case: HTTP/2 clients cannot do otherwise (facts B8 [U]).
    let headers = method.required_headers.iter().filter(|name| blank(request.header(&name.to_ascii_lowercase())));
    let query = method.required_query.iter().filter(|name| blank(request.query_value(name).as_deref()));
    let missing: Vec<&str> = headers.chain(query).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(Refusal::bad_request_parameters(&missing));
    }
    let Some(keys) = &method.required_body else { return Ok(()) };
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap_or_default();
    if body.is_object() && keys.iter().all(|key| body.get(key).is_some()) {
        Ok(())
    } else {
        Err(Refusal::bad_request_body())
    }
}
