//! The errors that API Gateway makes itself, and how its gateway responses turn them into an answer.

use serde_json::{Value, json};

use crate::simulator::answer::Answer;
use crate::simulator::gateway_response::{DEFAULT_TEMPLATE, GatewayResponse, ResponseType, in_force};
use crate::simulator::request::Incoming;

/// An error of the gateway's own. Status, words and error type are those of facts A2 unless a constructor says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    kind: ResponseType,
    status: u16,
    error_type: &'static str,
    /// `None` is written as `null`.
    message: Option<String>,
    /// Whether the uncustomised body spells its key `Message` (facts A2, ACCESS_DENIED).
    capital: bool,
}

/// What a template may speak of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The request.
    pub(super) request: &'a Incoming,
    /// The API's id.
    pub(super) api: &'a str,
    /// The stage's name.
    pub(super) stage: &'a str,
    /// The resource that matched.
    pub(super) resource: Option<&'a str>,
}

impl Refusal {
    fn new(kind: ResponseType, status: u16, error_type: &'static str, message: &str) -> Self {
        Self { kind, status, error_type, message: Some(message.to_owned()), capital: false }
    }

    /// No route, or an unsigned call to an IAM method (facts A0).
    pub(super) fn missing_authentication_token() -> Self {
        let error_type = "MissingAuthenticationTokenException";
        Self::new(ResponseType::MissingAuthenticationToken, 403, error_type, "Missing Authentication Token")
    }

    /// An Authorization header that does not read as SigV4. Which gateway response customises it is open (facts, open
    /// question 2); the table of A2 lists it under INVALID_SIGNATURE.
    pub(super) fn incomplete_signature(message: &str) -> Self {
        Self::new(ResponseType::InvalidSignature, 403, "IncompleteSignatureException", message)
    }

    /// Keys that nobody has (facts A2, ACCESS_DENIED (bad keys); the error type is that of other services [U]).
    pub(super) fn unknown_keys() -> Self {
        Self {
            error_type: "UnrecognizedClientException",
            ..Self::access_denied("The security token included in the request is invalid.")
        }
    }

    /// A signature for something else.
    pub(super) fn invalid_signature(message: &str) -> Self {
        Self::new(ResponseType::InvalidSignature, 403, "InvalidSignatureException", message)
    }

    /// Facts A1, A4: no such stage, no mapping, endpoint disabled.
    pub(super) fn forbidden() -> Self {
        Self::new(ResponseType::Default4xx, 403, "ForbiddenException", "Forbidden")
    }

    /// A missing, unknown or disabled API key.
    pub(super) fn invalid_api_key() -> Self {
        Self { kind: ResponseType::InvalidApiKey, ..Self::forbidden() }
    }

    /// The web ACL.
    pub(super) fn waf_filtered() -> Self {
        Self { kind: ResponseType::WafFiltered, ..Self::forbidden() }
    }

    /// A deny of an authorizer or a policy, with the key `Message`.
    pub(super) fn access_denied(message: &str) -> Self {
        Self { capital: true, ..Self::new(ResponseType::AccessDenied, 403, "AccessDeniedException", message) }
    }

    /// No token, or one that is not valid.
    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(ResponseType::Unauthorized, 401, "UnauthorizedException", message)
    }

    /// The authorizer answered something else than a policy.
    pub(super) fn authorizer_failure() -> Self {
        Self { message: None, ..Self::new(ResponseType::AuthorizerFailure, 500, "AuthorizerFailureException", "") }
    }

    /// The authorizer cannot be invoked. Its message is null by default; other clients saw words (open question 6).
    pub(super) fn authorizer_configuration_error() -> Self {
        let kind = ResponseType::AuthorizerConfigurationError;
        Self { message: None, ..Self::new(kind, 500, "AuthorizerConfigurationException", "") }
    }

    /// The validator misses parameters: their names in one pair of brackets.
    pub(super) fn bad_request_parameters(missing: &[&str]) -> Self {
        let message = format!("Missing required request parameters: [{}]", missing.join(", "));
        Self::new(ResponseType::BadRequestParameters, 400, "BadRequestException", &message)
    }

    /// The body does not fit its model.
    pub(super) fn bad_request_body() -> Self {
        Self::new(ResponseType::BadRequestBody, 400, "BadRequestException", "Invalid request body")
    }

    /// The content type has no mapping template.
    pub(super) fn unsupported_media_type() -> Self {
        let kind = ResponseType::UnsupportedMediaType;
        Self::new(kind, 415, "BadRequestException", "Unsupported Media Type")
    }

    /// A rate limit.
    pub(super) fn throttled() -> Self {
        Self::new(ResponseType::Throttled, 429, "TooManyRequestsException", "Too Many Requests")
    }

    /// A usage plan's quota.
    pub(super) fn quota_exceeded() -> Self {
        Self::new(ResponseType::QuotaExceeded, 429, "LimitExceededException", "Limit Exceeded")
    }

    /// An error behind the gateway: `Internal server error` in lower case, as REST APIs write it.
    pub(super) fn internal(kind: ResponseType, status: u16) -> Self {
        Self::new(kind, status, "InternalServerErrorException", "Internal server error")
    }

    /// The integration took too long.
    pub(super) fn integration_timeout() -> Self {
        let kind = ResponseType::IntegrationTimeout;
        Self::new(kind, 504, "InternalServerErrorException", "Endpoint request timed out")
    }

    /// The backend could not be reached.
    pub(super) fn network_error() -> Self {
        let message = "Network error communicating with endpoint";
        Self::new(ResponseType::IntegrationFailure, 504, "InternalServerErrorException", message)
    }

    /// The answer where no stage was found: gateway responses belong to stages, so none applies (facts A6).
    pub(super) fn uncustomised(&self) -> Answer {
        let key = if self.capital { "Message" } else { "message" };
        Answer::json(self.status, json!({ key: self.message }).to_string()).with("x-amzn-ErrorType", self.error_type)
    }

    /// The answer under the gateway responses that the deployment captured. The error type stays (facts A6).
    pub(super) fn render(&self, context: &Context<'_>, responses: &[GatewayResponse]) -> Answer {
        let Some(custom) = in_force(responses, self.kind, self.status) else { return self.uncustomised() };
        // Facts A2, INTEGRATION_FAILURE: 500 until it is customised, then the documented 504.
        let documented = (custom.kind == ResponseType::IntegrationFailure).then(|| custom.kind.documented_status());
        let status = custom.status.or(documented.flatten()).unwrap_or(self.status);
        // The caller's Accept chooses among the templates on AWS; here the first is taken.
        let (content_type, template) = custom
            .templates
            .get_key_value("application/json")
            .or_else(|| custom.templates.iter().next())
            .map_or(("application/json", DEFAULT_TEMPLATE), |(content_type, template)| (content_type, template));
        let mut answer = Answer { status, body: self.fill(template, context), ..Answer::default() };
        answer.set("content-type", content_type);
        answer.set("x-amzn-ErrorType", self.error_type);
        for (name, value) in &custom.headers {
            if let Some(value) = header_value(value, context) {
                answer.set(name, &value);
            }
        }
        answer
    }

    /// Simple substitution, not VTL (facts A6). `messageString` comes with its quotes, `message` without.
    fn fill(&self, template: &str, context: &Context<'_>) -> String {
        let quoted = self.message.as_ref().map_or(Value::Null, |message| Value::from(message.as_str())).to_string();
        template
            .replace("$context.error.messageString", &quoted)
            .replace("$context.error.message", self.message.as_deref().unwrap_or("null"))
            .replace("$context.error.responseType", self.kind.as_str())
            .replace("$context.resourcePath", context.resource.unwrap_or(""))
            .replace("$context.apiId", context.api)
            .replace("$context.stage", context.stage)
            .replace("$context.path", &context.request.path)
            .replace("$context.httpMethod", &context.request.verb)
    }
}

/// The value of an added header: `'a literal'` or a parameter of the request. `None` when the request has no such.
fn header_value(expression: &str, context: &Context<'_>) -> Option<String> {
    if let Some(literal) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(literal.to_owned());
    }
    if let Some(name) = expression.strip_prefix("method.request.header.") {
        return context.request.header(&name.to_ascii_lowercase()).map(ToOwned::to_owned);
    }
    let name = expression.strip_prefix("method.request.querystring.")?;
    context.request.query_value(name)
}
