//! The control plane: API Gateway's own REST API (restJson1) as the AWS SDK speaks it, and those calls of v2 that
//! HTTP APIs and custom domains need.
//!
//! On the wire v1's lists are under `item` (recorded from AWS; the SDKs rename it to `items`), v2's under `items`; v1's
//! times are Unix seconds. Errors carry `x-amzn-ErrorType` and a `message` (facts C2).

mod domains;
mod export;
mod http_apis;
mod paging;
mod resources;
mod rest_apis;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::account::Account;
use super::answer::Answer;
use super::fault::{Fault, Operation};
use super::request::Incoming;

/// What became of a call.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What it was.
    pub(super) operation: Operation,
    /// The API id or domain name that it was about.
    pub(super) target: Option<String>,
    /// The answer; `None` closes the connection.
    pub(super) answer: Option<Answer>,
    /// How long it takes.
    pub(super) delay: Duration,
}

/// An error of the control plane: status, code, message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    status: u16,
    code: &'static str,
    message: String,
    retry_after: Option<u32>,
}

impl Failure {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFoundException", message)
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequestException", message)
    }

    fn answer(&self) -> Answer {
        // AccessDeniedException spells its key with a capital (facts A2, and the SDKs read both).
        let key = if self.code == "AccessDeniedException" { "Message" } else { "message" };
        let answer =
            Answer::json(self.status, json!({ key: self.message }).to_string()).with("x-amzn-ErrorType", self.code);
        match self.retry_after {
            Some(seconds) => answer.with("Retry-After", &seconds.to_string()),
            None => answer,
        }
    }
}

/// A call's answer before it is wrapped.
enum Body {
    /// JSON.
    Json(Value),
    /// An export, which is a blob with headers of its own.
    Blob { name: String, text: String },
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

/// Answers a control-plane call.
pub(super) fn serve(account: &Account, request: &Incoming) -> Outcome {
    let segments = request.decoded_segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (operation, target) = classify(&request.verb, &path);
    let fault = account.faults.iter().find(|fault| fault.hits(operation, target)).map(|fault| fault.fault);
    let delay = if let Some(Fault::Slow(delay)) = fault { delay } else { Duration::ZERO };
    let failure = fault.and_then(|fault| failure_of(fault, account, request));
    let answer = match (fault, failure) {
        (Some(Fault::Disconnect), _) => None,
        (Some(Fault::Garbage), _) => {
            Some(Answer { status: 200, body: "<html>not JSON</html>".to_owned(), ..Answer::default() })
        }
        (_, Some(failure)) => Some(failure.answer()),
        (_, None) => Some(answer(account, request, operation, &path)),
    };
    let answer = answer.map(|answer| answer.with("x-amzn-RequestId", &Uuid::new_v4().to_string()));
    Outcome { operation, target: target.map(ToOwned::to_owned), answer, delay }
}

fn answer(account: &Account, request: &Incoming, operation: Operation, path: &[&str]) -> Answer {
    // The control plane's own token message: every call must be signed.
    let Some(signature) = request.header("authorization").filter(|value| value.starts_with("AWS4-HMAC-SHA256")) else {
        return Failure::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token").answer();
    };
    // Regions are apart: what is signed for another one finds an account without anything.
    let elsewhere = signed_region(signature).is_some_and(|region| region != account.region);
    let empty = elsewhere.then(|| Account::new(signed_region(signature).unwrap_or_default()));
    let account = empty.as_ref().unwrap_or(account);
    match dispatch(account, request, operation, path) {
        Ok(Body::Json(value)) => Answer::json(200, value.to_string()),
        Ok(Body::Blob { name, text }) => Answer { status: 200, body: text, ..Answer::default() }
            .with("content-type", "application/octet-stream")
            .with("content-disposition", &format!("attachment; filename=\"{name}\"")),
        Err(failure) => failure.answer(),
    }
}

/// Which call a verb and path are, and what about.
fn classify<'p>(verb: &str, path: &[&'p str]) -> (Operation, Option<&'p str>) {
    if verb != "GET" {
        return (Operation::Unknown, None);
    }
    match path {
        ["restapis"] => (Operation::GetRestApis, None),
        ["restapis", api] => (Operation::GetRestApi, Some(api)),
        ["restapis", api, "stages"] => (Operation::GetStages, Some(api)),
        ["restapis", api, "stages", _] => (Operation::GetStage, Some(api)),
        ["restapis", api, "stages", _, "exports", _] => (Operation::GetExport, Some(api)),
        ["restapis", api, "deployments"] => (Operation::GetDeployments, Some(api)),
        ["restapis", api, "deployments", _] => (Operation::GetDeployment, Some(api)),
        ["restapis", api, "resources"] => (Operation::GetResources, Some(api)),
        ["restapis", api, "gatewayresponses"] => (Operation::GetGatewayResponses, Some(api)),
        ["restapis", api, "requestvalidators"] => (Operation::GetRequestValidators, Some(api)),
        ["restapis", api, "authorizers"] => (Operation::GetAuthorizers, Some(api)),
        ["restapis", api, "models"] => (Operation::GetModels, Some(api)),
        ["domainnames"] => (Operation::GetDomainNames, None),
        ["domainnames", domain] => (Operation::GetDomainName, Some(domain)),
        ["domainnames", domain, "basepathmappings"] => (Operation::GetBasePathMappings, Some(domain)),
        ["v2", "apis"] => (Operation::GetApis, None),
        ["v2", "apis", api] => (Operation::GetApi, Some(api)),
        ["v2", "apis", api, "stages"] => (Operation::GetStagesV2, Some(api)),
        ["v2", "apis", api, "stages", _] => (Operation::GetStageV2, Some(api)),
        ["v2", "apis", api, "routes"] => (Operation::GetRoutes, Some(api)),
        ["v2", "apis", api, "exports", "OAS30"] => (Operation::ExportApi, Some(api)),
        ["v2", "domainnames", domain, "apimappings"] => (Operation::GetApiMappings, Some(domain)),
        ["v2", "domainnames", domain, "routingrules"] => (Operation::ListRoutingRules, Some(domain)),
        _ => (Operation::Unknown, None),
    }
}

fn dispatch(account: &Account, request: &Incoming, operation: Operation, path: &[&str]) -> Result<Body, Failure> {
    let target = path.get(1).copied().unwrap_or_default();
    let last = path.last().copied().unwrap_or_default();
    let json = match operation {
        Operation::GetRestApis => rest_apis::list(account, request)?,
        Operation::GetRestApi => rest_apis::describe(rest_apis::find(account, target)?),
        Operation::GetStages => rest_apis::stages(rest_apis::find(account, target)?, request),
        Operation::GetStage => rest_apis::stage(rest_apis::find(account, target)?, last)?,
        Operation::GetDeployments => rest_apis::deployments(rest_apis::find(account, target)?, request)?,
        Operation::GetDeployment => rest_apis::deployment(rest_apis::find(account, target)?, last, request)?,
        Operation::GetResources => resources::list(rest_apis::find(account, target)?, request)?,
        Operation::GetRequestValidators => resources::validators(rest_apis::find(account, target)?, request)?,
        Operation::GetAuthorizers => resources::authorizers(rest_apis::find(account, target)?, request)?,
        Operation::GetModels => resources::models(rest_apis::find(account, target)?, request)?,
        Operation::GetGatewayResponses => rest_apis::gateway_responses(rest_apis::find(account, target)?),
        Operation::GetExport => {
            let api = rest_apis::find(account, target)?;
            return export::export(account, api, path.get(3).copied().unwrap_or_default(), last, request);
        }
        Operation::GetDomainNames => domains::list(account, request)?,
        Operation::GetDomainName => domains::describe(account, domains::find(account, target)?),
        Operation::GetBasePathMappings => domains::base_path_mappings(domains::find(account, target)?, request)?,
        Operation::GetApis => http_apis::list(account, request)?,
        Operation::GetApi => http_apis::describe(account, http_apis::find(account, path[2])?),
        Operation::GetStagesV2 => http_apis::stages(http_apis::find(account, path[2])?, request)?,
        Operation::GetStageV2 => http_apis::stage_named(http_apis::find(account, path[2])?, last)?,
        Operation::GetRoutes => http_apis::routes(http_apis::find(account, path[2])?, request)?,
        Operation::ExportApi => return http_apis::export(http_apis::find(account, path[2])?, request),
        Operation::GetApiMappings => domains::api_mappings(domains::find(account, path[2])?, request)?,
        Operation::ListRoutingRules => domains::routing_rules(account, domains::find(account, path[2])?, request)?,
        Operation::Unknown => {
            let message = format!("The simulator knows no {} {}", request.verb, request.path);
            return Err(Failure::new(404, "UnknownOperationException", message));
        }
    };
    Ok(json.into())
}

/// The error that a fault stands for; `None` for those that are none.
fn failure_of(fault: Fault, account: &Account, request: &Incoming) -> Option<Failure> {
    Some(match fault {
        Fault::BadRequest => Failure::bad_request("Invalid request"),
        Fault::Unauthorized => Failure::new(401, "UnauthorizedException", "Unauthorized"),
        Fault::AccessDenied => {
            let message = format!(
                "User: arn:aws:iam::{}:user/monitor is not authorized to perform: apigateway:GET on resource: \
                 arn:aws:apigateway:{}::{} because no identity-based policy allows the apigateway:GET action",
                account.number, account.region, request.path
            );
            Failure::new(403, "AccessDeniedException", message)
        }
        Fault::InvalidToken => {
            let message = "The security token included in the request is invalid.";
            Failure::new(403, "UnrecognizedClientException", message)
        }
        Fault::ExpiredToken => {
            Failure::new(403, "ExpiredTokenException", "The security token included in the request is expired")
        }
        Fault::NotFound => Failure::not_found("Not found"),
        Fault::TooManyRequests(seconds) => {
            Failure { retry_after: Some(seconds), ..Failure::new(429, "TooManyRequestsException", "Too Many Requests") }
        }
        Fault::InternalFailure => Failure::new(500, "InternalFailure", "Internal server error"),
        Fault::ServiceUnavailable => Failure::new(503, "ServiceUnavailableException", "Service Unavailable"),
        Fault::Garbage | Fault::Slow(_) | Fault::Disconnect => return None,
    })
}

/// The region of `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/apigateway/aws4_request, …`.
fn signed_region(authorization: &str) -> Option<&str> {
    authorization.split_once("Credential=")?.1.split('/').nth(2)
}
