//! Gateway responses: the kinds of error that API Gateway makes itself, and what an API says in their place.

use std::collections::BTreeMap;

/// A kind of gateway response. The 21 of facts A2, in the order in which AWS lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // AWS's own names; `as_str` gives its spelling, facts A2 the meaning.
pub enum ResponseType {
    AccessDenied,
    ApiConfigurationError,
    AuthorizerConfigurationError,
    AuthorizerFailure,
    BadRequestBody,
    BadRequestParameters,
    Default4xx,
    Default5xx,
    ExpiredToken,
    IntegrationFailure,
    IntegrationTimeout,
    InvalidApiKey,
    InvalidSignature,
    MissingAuthenticationToken,
    QuotaExceeded,
    RequestTooLarge,
    ResourceNotFound,
    Throttled,
    Unauthorized,
    UnsupportedMediaType,
    WafFiltered,
}

impl ResponseType {
    /// All of them.
    pub const ALL: [ResponseType; 21] = [
        Self::AccessDenied,
        Self::ApiConfigurationError,
        Self::AuthorizerConfigurationError,
        Self::AuthorizerFailure,
        Self::BadRequestBody,
        Self::BadRequestParameters,
        Self::Default4xx,
        Self::Default5xx,
        Self::ExpiredToken,
        Self::IntegrationFailure,
        Self::IntegrationTimeout,
        Self::InvalidApiKey,
        Self::InvalidSignature,
        Self::MissingAuthenticationToken,
        Self::QuotaExceeded,
        Self::RequestTooLarge,
        Self::ResourceNotFound,
        Self::Throttled,
        Self::Unauthorized,
        Self::UnsupportedMediaType,
        Self::WafFiltered,
    ];

    /// AWS's spelling, as `MISSING_AUTHENTICATION_TOKEN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "ACCESS_DENIED",
            Self::ApiConfigurationError => "API_CONFIGURATION_ERROR",
            Self::AuthorizerConfigurationError => "AUTHORIZER_CONFIGURATION_ERROR",
            Self::AuthorizerFailure => "AUTHORIZER_FAILURE",
            Self::BadRequestBody => "BAD_REQUEST_BODY",
            Self::BadRequestParameters => "BAD_REQUEST_PARAMETERS",
            Self::Default4xx => "DEFAULT_4XX",
            Self::Default5xx => "DEFAULT_5XX",
            Self::ExpiredToken => "EXPIRED_TOKEN",
            Self::IntegrationFailure => "INTEGRATION_FAILURE",
            Self::IntegrationTimeout => "INTEGRATION_TIMEOUT",
            Self::InvalidApiKey => "INVALID_API_KEY",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::RequestTooLarge => "REQUEST_TOO_LARGE",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND",
            Self::Throttled => "THROTTLED",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::WafFiltered => "WAF_FILTERED",
        }
    }

    /// The status that `GetGatewayResponses` shows for it when nobody changed it (recorded from AWS on 2024-04-15,
    /// LocalStack's `test_gateway_response_crud`). `None` for the two defaults, which take the status as it comes.
    #[must_use]
    pub fn documented_status(self) -> Option<u16> {
        match self {
            Self::Default4xx | Self::Default5xx => None,
            Self::BadRequestBody | Self::BadRequestParameters => Some(400),
            Self::Unauthorized => Some(401),
            Self::AccessDenied
            | Self::ExpiredToken
            | Self::InvalidApiKey
            | Self::InvalidSignature
            | Self::MissingAuthenticationToken
            | Self::WafFiltered => Some(403),
            Self::ResourceNotFound => Some(404),
            Self::RequestTooLarge => Some(413),
            Self::UnsupportedMediaType => Some(415),
            Self::QuotaExceeded | Self::Throttled => Some(429),
            Self::ApiConfigurationError | Self::AuthorizerConfigurationError | Self::AuthorizerFailure => Some(500),
            Self::IntegrationFailure | Self::IntegrationTimeout => Some(504),
        }
    }
}

/// The template that every kind has when nobody changed it (recorded, as above). `messageString` brings its own quotes.
pub(super) const DEFAULT_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

/// A customised gateway response. Like the methods, it reaches a stage only with a deployment (facts A6, H).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayResponse {
    /// The kind.
    pub kind: ResponseType,
    /// The status in place of the usual one.
    pub status: Option<u16>,
    /// Added headers by name; a value is `'a literal'`, `method.request.header.NAME` or
    /// `method.request.querystring.NAME`.
    pub headers: BTreeMap<String, String>,
    /// Body templates by content type.
    pub templates: BTreeMap<String, String>,
}

impl GatewayResponse {
    /// A customisation that changes nothing yet.
    #[must_use]
    pub fn new(kind: ResponseType) -> Self {
        Self { kind, status: None, headers: BTreeMap::new(), templates: BTreeMap::new() }
    }

    /// Answers with this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a header. A fixed value is written in single quotes, as API Gateway has it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Answers with this body as `application/json`. `$context.error.messageString` and its like are filled in.
    #[must_use]
    pub fn body(self, template: &str) -> Self {
        self.template("application/json", template)
    }

    /// Answers with this body for a content type.
    #[must_use]
    pub fn template(mut self, content_type: &str, template: &str) -> Self {
        self.templates.insert(content_type.to_owned(), template.to_owned());
        self
    }
}

/// The customisation in force for an error of this kind and status: its own entry beats `DEFAULT_4XX`/`DEFAULT_5XX`
/// (facts H).
///
/// `UNAUTHORIZED` falls back too: facts A2 found no sentence either way, and A6 has `DEFAULT_4XX` rewrite every
/// unspecified 4xx [U].
pub(super) fn in_force(responses: &[GatewayResponse], kind: ResponseType, status: u16) -> Option<&GatewayResponse> {
    let default = if status >= 500 { ResponseType::Default5xx } else { ResponseType::Default4xx };
    let entry = |wanted: ResponseType| responses.iter().find(|response| response.kind == wanted);
    entry(kind).or_else(|| entry(default))
}
