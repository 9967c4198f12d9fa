//! Methods, what they do with a request that was let in, and the tree that they stand in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tally::Tally;
use crate::gateway::{self, Authorization, Tree, Verb};

/// What a method does with a request that the gateway let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// A MOCK integration: 200 with an empty JSON body.
    Mock,
    /// An HTTP_PROXY integration whose backend answered so.
    Http(Reply),
    /// An AWS_PROXY integration whose function answered so: as `Http`, with an `X-Amzn-Trace-Id` (facts A5).
    Lambda(Reply),
    /// The function's answer has the wrong shape, or it threw: 502 (facts A2, DEFAULT_5XX).
    MalformedProxyResponse,
    /// The function was throttled or may not be invoked: 500, and 504 once `INTEGRATION_FAILURE` is customised (A2).
    IntegrationFailure,
    /// The backend could not be reached: 504 `Network error communicating with endpoint` (A2 (uncertain)).
    NetworkError,
    /// The integration's own setting is wrong: 500 (A2, API_CONFIGURATION_ERROR).
    ApiConfigurationError,
    /// The integration did not answer in time: 504. Not after 29 s, but after the method's latency.
    IntegrationTimeout,
    /// Another API Gateway stands behind an HTTP_PROXY integration, and these are its words (A0): its headers arrive
    /// as `x-amzn-Remapped-*`, its error type as it is.
    InnerGateway {
        /// The inner answer's status.
        status: u16,
        /// The inner `x-amzn-ErrorType`.
        error_type: String,
        /// The inner `message`.
        message: String,
    },
    /// A usage plan's, the method's or the account's rate is used up: 429 `Too Many Requests`. Reaches no integration.
    Throttled,
    /// The usage plan's quota is used up: 429 `Limit Exceeded`. Reaches no integration.
    QuotaExceeded,
    /// A mapped integration that passes nothing through: 415 for any content type but JSON, else as a mock (A2).
    OnlyJson,
}

impl Behaviour {
    /// A backend's answer over HTTP with a JSON body.
    #[must_use]
    pub fn http(status: u16, body: &str) -> Self {
        Self::Http(Reply::json(status, body))
    }

    /// A function's answer with a JSON body.
    #[must_use]
    pub fn lambda(status: u16, body: &str) -> Self {
        Self::Lambda(Reply::json(status, body))
    }

    /// The API Gateway integration type that shows in exports and resources.
    pub(super) fn integration_type(&self) -> &'static str {
        match self {
            Self::Mock | Self::OnlyJson => "MOCK",
            Self::Lambda(_) | Self::MalformedProxyResponse | Self::IntegrationFailure => "AWS_PROXY",
            Self::Http(_)
            | Self::NetworkError
            | Self::ApiConfigurationError
            | Self::IntegrationTimeout
            | Self::InnerGateway { .. }
            | Self::Throttled
            | Self::QuotaExceeded => "HTTP_PROXY",
        }
    }
}

/// An answer of something behind the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, `content-type` included.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_owned(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A Lambda authorizer of type `REQUEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestAuthorizer {
    /// Where it looks, in AWS's words: `method.request.header.NAME`, `method.request.querystring.NAME`.
    pub identity_sources: Vec<String>,
    /// How long its answers are kept, in seconds.
    pub ttl: u32,
    /// What the function says to a request without a token that it is asked about.
    pub allows_without_token: bool,
}

impl RequestAuthorizer {
    /// Whether a request that lacks an identity source is refused before the function is asked: facts B16, only where
    /// answers are kept.
    pub(super) fn refuses_unidentified(&self) -> bool {
        self.ttl > 0 && !self.identity_sources.is_empty()
    }
}

/// A method of the simulated API: what it demands, and what it then does.
#[derive(Debug, Clone)]
pub struct Method {
    /// Who decides whether a caller may. A well-formed SigV4 header is taken as valid; the token `deny` is refused by a
    /// Lambda authorizer, `error` breaks it; a user pool refuses `deny` and `expired`. Every other token is good.
    pub authorization: Authorization,
    /// Whether an API key of a usage plan with this stage is needed.
    pub api_key_required: bool,
    /// Whether the authorizer cannot be invoked at all (500).
    pub authorizer_broken: bool,
    /// Whether the API's resource policy denies everybody this method.
    pub denied_by_policy: bool,
    /// The request headers that the validator wants.
    pub required_headers: Vec<String>,
    /// The query parameters that the validator wants.
    pub required_query: Vec<String>,
    /// The top-level keys that the validator wants of a JSON body.
    pub required_body: Option<Vec<String>>,
    /// The Lambda authorizer of a method that asks one; `None`: a `TOKEN` authorizer that looks at `Authorization`.
    pub authorizer: Option<RequestAuthorizer>,
    /// The values that the export gives as examples, by the parameter's name.
    pub examples: BTreeMap<String, String>,
    /// The values that the export lists for a path parameter, by its name.
    pub values: BTreeMap<String, Vec<String>>,
    /// The schema that the export has for a JSON body, if it is another than of [`Self::required_body`].
    pub model: Option<serde_json::Value>,
    /// What it does.
    pub behaviour: Behaviour,
    /// What it does for the first so many requests instead; counted per deployment.
    pub at_first: Option<(u32, Behaviour)>,
    /// How long the integration takes. `None`: the account's.
    pub latency: Option<Duration>,
    pub(super) tally: Tally,
}

impl From<Behaviour> for Method {
    fn from(behaviour: Behaviour) -> Self {
        Self {
            authorization: Authorization::None,
            api_key_required: false,
            authorizer_broken: false,
            denied_by_policy: false,
            required_headers: Vec::new(),
            required_query: Vec::new(),
            required_body: None,
            authorizer: None,
            examples: BTreeMap::new(),
            values: BTreeMap::new(),
            model: None,
            behaviour,
            at_first: None,
            latency: None,
            tally: Tally::default(),
        }
    }
}

impl Method {
    /// An open method with a MOCK integration.
    #[must_use]
    pub fn mock() -> Self {
        Behaviour::Mock.into()
    }

    /// An open method whose HTTP backend answers so.
    #[must_use]
    pub fn http(status: u16, body: &str) -> Self {
        Behaviour::http(status, body).into()
    }

    /// Sets who decides.
    #[must_use]
    pub fn authorization(mut self, authorization: Authorization) -> Self {
        self.authorization = authorization;
        self
    }

    /// Wants a SigV4 signature.
    #[must_use]
    pub fn iam(self) -> Self {
        self.authorization(Authorization::AwsIam)
    }

    /// Asks a Lambda authorizer.
    #[must_use]
    pub fn custom(self) -> Self {
        self.authorization(Authorization::Custom)
    }

    /// Asks a Lambda authorizer of type `REQUEST` that looks at these sources and whose answers are kept so long. Where it
    /// is asked about a request without a token, it denies it.
    #[must_use]
    pub fn request_authorizer(mut self, identity_sources: &[&str], ttl: u32) -> Self {
        let identity_sources = identity_sources.iter().map(|source| (*source).to_owned()).collect();
        self.authorizer = Some(RequestAuthorizer { identity_sources, ttl, allows_without_token: false });
        self.custom()
    }

    /// Its `REQUEST` authorizer lets requests in that have no token.
    #[must_use]
    pub fn authorizer_allows(mut self) -> Self {
        if let Some(authorizer) = &mut self.authorizer {
            authorizer.allows_without_token = true;
        }
        self
    }

    /// Gives an example of a parameter in the export.
    #[must_use]
    pub fn example(mut self, parameter: &str, value: &str) -> Self {
        self.examples.insert(parameter.to_owned(), value.to_owned());
        self
    }

    /// Lists the values of a path parameter in the export.
    #[must_use]
    pub fn values(mut self, parameter: &str, values: &[&str]) -> Self {
        self.values.insert(parameter.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
        self
    }

    /// Has this schema for a JSON body in the export.
    #[must_use]
    pub fn model(mut self, schema: serde_json::Value) -> Self {
        self.model = Some(schema);
        self
    }

    /// Wants a token of a user pool.
    #[must_use]
    pub fn cognito(self) -> Self {
        self.authorization(Authorization::CognitoUserPools)
    }

    /// Asks a Lambda authorizer that cannot be invoked.
    #[must_use]
    pub fn broken_authorizer(mut self) -> Self {
        self.authorizer_broken = true;
        self.custom()
    }

    /// Wants an API key.
    #[must_use]
    pub fn api_key(mut self) -> Self {
        self.api_key_required = true;
        self
    }

    /// Is denied to everybody by the resource policy.
    #[must_use]
    pub fn denied_by_policy(mut self) -> Self {
        self.denied_by_policy = true;
        self
    }

    /// Wants a request header.
    #[must_use]
    pub fn requires_header(mut self, name: &str) -> Self {
        self.required_headers.push(name.to_owned());
        self
    }

    /// Wants a query parameter.
    #[must_use]
    pub fn requires_query(mut self, name: &str) -> Self {
        self.required_query.push(name.to_owned());
        self
    }

    /// Wants a JSON body with these top-level keys.
    #[must_use]
    pub fn requires_body(mut self, keys: &[&str]) -> Self {
        self.required_body = Some(keys.iter().map(|key| (*key).to_owned()).collect());
        self
    }

    /// Takes this long.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// Behaves otherwise for the first `count` requests that are let in.
    #[must_use]
    pub fn at_first(mut self, count: u32, behaviour: Behaviour) -> Self {
        self.at_first = Some((count, behaviour));
        self
    }

    /// What it does with this request; counts it.
    pub(super) fn behave(&self) -> &Behaviour {
        match &self.at_first {
            Some((count, behaviour)) if self.tally.is_among_first(*count) => behaviour,
            _ => &self.behaviour,
        }
    }

    /// The validator's name in the export, and whether it checks parameters and the body.
    pub(super) fn validator(&self) -> Option<(&'static str, bool, bool)> {
        let parameters = !self.required_headers.is_empty() || !self.required_query.is_empty();
        match (parameters, self.required_body.is_some()) {
            (false, false) => None,
            (true, false) => Some(("params-only", true, false)),
            (false, true) => Some(("body-only", false, true)),
            (true, true) => Some(("all", true, true)),
        }
    }

    fn noun(&self) -> gateway::Method {
        gateway::Method {
            authorization: Some(self.authorization),
            api_key_required: self.api_key_required,
            interface: None,
        }
    }
}

/// AWS's spelling of an authorization type.
pub(super) fn authorization_type(authorization: Authorization) -> &'static str {
    match authorization {
        Authorization::None => "NONE",
        Authorization::AwsIam => "AWS_IAM",
        Authorization::Custom => "CUSTOM",
        Authorization::CognitoUserPools => "COGNITO_USER_POOLS",
        Authorization::Jwt => "JWT",
    }
}

/// Resources and their methods, written down in one chain: `t.get("/orders", Behaviour::Mock).any("/{proxy+}", …)`.
#[derive(Debug, Clone, Default)]
pub struct Methods(pub BTreeMap<String, BTreeMap<Verb, Method>>);

impl Methods {
    /// Adds or replaces a method.
    #[must_use]
    pub fn on(mut self, verb: Verb, resource: &str, method: impl Into<Method>) -> Self {
        self.0.entry(resource.to_owned()).or_default().insert(verb, method.into());
        self
    }

    /// `GET`
    #[must_use]
    pub fn get(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Get, resource, method)
    }

    /// `HEAD`
    #[must_use]
    pub fn head(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Head, resource, method)
    }

    /// `OPTIONS`
    #[must_use]
    pub fn options(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Options, resource, method)
    }

    /// `POST`
    #[must_use]
    pub fn post(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Post, resource, method)
    }

    /// `PUT`
    #[must_use]
    pub fn put(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Put, resource, method)
    }

    /// `PATCH`
    #[must_use]
    pub fn patch(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Patch, resource, method)
    }

    /// `DELETE`
    #[must_use]
    pub fn delete(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Delete, resource, method)
    }

    /// `ANY`
    #[must_use]
    pub fn any(self, resource: &str, method: impl Into<Method>) -> Self {
        self.on(Verb::Any, resource, method)
    }

    /// Adds a resource without methods, if it is not there yet.
    #[must_use]
    pub fn resource(mut self, resource: &str) -> Self {
        self.0.entry(resource.to_owned()).or_default();
        self
    }

    /// Takes a method away; its resource stays.
    #[must_use]
    pub fn remove(mut self, verb: Verb, resource: &str) -> Self {
        if let Some(methods) = self.0.get_mut(resource) {
            methods.remove(&verb);
        }
        self
    }

    /// Takes a resource and its methods away (its children stay: say so for each).
    #[must_use]
    pub fn remove_resource(mut self, resource: &str) -> Self {
        self.0.remove(resource);
        self
    }

    /// The method that exactly this resource declares for the verb (`ANY` only by that name).
    #[must_use]
    pub fn method(&self, resource: &str, verb: Verb) -> Option<&Method> {
        self.0.get(resource)?.get(&verb)
    }

    /// The same as the pipeline's noun.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let nouns = |methods: &BTreeMap<Verb, Method>| methods.iter().map(|(verb, m)| (*verb, m.noun())).collect();
        Tree(self.0.iter().map(|(resource, methods)| (resource.clone(), nouns(methods))).collect())
    }
}
