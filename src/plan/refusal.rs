//! Proof by refusal: which requests API Gateway must refuse after it has routed them and before it calls any integration.
//!
//! Each kind rests on a stated property of the *deployed* method. A refusal request lacks everything at once (token,
//! key, signature, parameters, body), so that where one demand should not hold the next one does; it is sent only where
//! at least one kind is sure.

use std::fmt;

use serde::Serialize;

use crate::gateway::{
    Api, Authorization, Authorizer, AuthorizerKind, Interface, Method, Passthrough, Place, Protocol, Stage, Verb, World,
};

/// What a request lacks, so that it must be refused. In the order in which API Gateway looks (facts B14, B15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// A token where an authorizer demands one: 401, and no authorizer is called.
    Authorizer,
    /// A signature by anybody known: the request is signed by nobody.
    Iam,
    /// An API key: 403.
    ApiKey,
    /// A required parameter: 400.
    Parameters,
    /// A body: 400.
    Body,
    /// A content type that the integration takes: 415.
    MediaType,
    /// A method: nothing of the deployment takes it. What callers rely on is so seen to be missing.
    NoRoute,
}

impl RefusalKind {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Authorizer, Self::Iam, Self::ApiKey, Self::Parameters, Self::Body, Self::MediaType, Self::NoRoute];

    /// The kind of this id.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// The id, as in the JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            RefusalKind::Authorizer => "authorizer",
            RefusalKind::Iam => "iam",
            RefusalKind::ApiKey => "api-key",
            RefusalKind::Parameters => "parameters",
            RefusalKind::Body => "body",
            RefusalKind::MediaType => "media-type",
            RefusalKind::NoRoute => "no-route",
        }
    }

    /// What the request comes without.
    #[must_use]
    pub fn lacks(self) -> &'static str {
        match self {
            RefusalKind::Authorizer => "the token that the authorizer demands",
            RefusalKind::Iam => "a signature of anybody known",
            RefusalKind::ApiKey => "the API key",
            RefusalKind::Parameters => "the parameters that the validator demands",
            RefusalKind::Body => "the body that the validator demands",
            RefusalKind::MediaType => "a content type that the integration takes",
            RefusalKind::NoRoute => "a method that is deployed for it",
        }
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A content type that nobody has a template for.
const UNSUPPORTED: &str = "application/x-gateprobe";

/// Headers that any client sends: a check that demands one is no sure refusal.
const SENT_ANYWAY: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "forwarded",
    "host",
    "transfer-encoding",
    "user-agent",
    "via",
];

/// Beginnings of the headers that CloudFront and API Gateway put on before anything is checked, and of our request id.
const ADDED_ON_THE_WAY: [&str; 4] = ["x-forwarded-", "x-amz-", "x-amzn-", "cloudfront-"];

/// Whether a request may bear a header that nobody put on it on purpose.
fn is_sent_anyway(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SENT_ANYWAY.contains(&name.as_str()) || ADDED_ON_THE_WAY.iter().any(|start| name.starts_with(start))
}

/// What a bare request to a method of a stage is surely refused for, in API Gateway's order. Empty: it may reach the
/// integration.
///
/// Where a canary takes a share of the traffic, only what both deployments demand is sure.
#[must_use]
pub fn refusals(api: &Api, stage: &Stage, resource: &str, verb: Verb) -> Vec<RefusalKind> {
    let of = |deployment: &str| {
        let tree = &api.deployments.get(deployment)?.tree;
        Some(of_method(api.protocol, tree.method(resource, verb)?))
    };
    let Some(mut kinds) = stage.serving().and_then(of) else { return Vec::new() };
    if let Some(canary) = stage.split() {
        let other = [Some(canary.deployment.as_str()), stage.deployment.as_deref()];
        for deployment in other.into_iter().flatten() {
            let there = of(deployment).unwrap_or_default();
            // One request has one content type, and the two may have models and templates for others.
            kinds.retain(|kind| there.contains(kind) && !matches!(kind, RefusalKind::Body | RefusalKind::MediaType));
        }
    }
    kinds
}

/// What is left of `kinds` for a request with just this path: under a canary the other deployment may have another
/// method for it.
pub(super) fn on_path(
    world: &World,
    api: &Api,
    stage: &Stage,
    verb: Verb,
    path: &str,
    mut kinds: Vec<RefusalKind>,
) -> Vec<RefusalKind> {
    let Some(canary) = stage.split() else { return kinds };
    for id in [Some(canary.deployment.as_str()), stage.deployment.as_deref()].into_iter().flatten() {
        // What was not read may do anything.
        let Some(deployment) = api.deployments.get(id) else { return Vec::new() };
        let Some(router) = world.router(api, id) else { return Vec::new() };
        // Where nothing takes it, API Gateway itself answers.
        let Some(hit) = router.route(verb, path) else { continue };
        let there = deployment.tree.method(hit.resource, hit.verb).map(|method| of_method(api.protocol, method));
        let there = there.unwrap_or_default();
        kinds.retain(|kind| there.contains(kind));
    }
    kinds
}

/// The kind of the authorizer that answers a request with just this path. `None`: there is none, its kind is not known,
/// or a canary's deployments have different ones.
pub(super) fn authorizer_on_path(
    world: &World,
    api: &Api,
    stage: &Stage,
    verb: Verb,
    path: &str,
) -> Option<AuthorizerKind> {
    let of = |id: &str| {
        let hit = world.router(api, id)?.route(verb, path)?;
        authorizer_of(api.deployments.get(id)?.tree.method(hit.resource, hit.verb)?)
    };
    let Some(canary) = stage.split() else { return of(stage.serving()?) };
    of(&canary.deployment).filter(|kind| stage.deployment.as_deref().and_then(of) == Some(*kind))
}

/// The kind of a method's authorizer, where it is known.
pub(super) fn authorizer_of(method: &Method) -> Option<AuthorizerKind> {
    match method.authorization? {
        Authorization::CognitoUserPools => Some(AuthorizerKind::Cognito),
        Authorization::Jwt => Some(AuthorizerKind::Jwt),
        Authorization::Custom => Some(method.interface.as_deref()?.authorizer.as_ref()?.kind),
        Authorization::None | Authorization::AwsIam => None,
    }
}

fn of_method(protocol: Protocol, method: &Method) -> Vec<RefusalKind> {
    let mut kinds = Vec::new();
    let interface = method.interface.as_deref();
    match method.authorization {
        // Without a token a user pool's authorizer answers 401 (facts A2, UNAUTHORIZED).
        // So does a JWT authorizer of an HTTP API.
        Some(Authorization::CognitoUserPools | Authorization::Jwt) => kinds.push(RefusalKind::Authorizer),
        Some(Authorization::Custom) if protocol == Protocol::Rest => {
            let authorizer = interface.and_then(|interface| interface.authorizer.as_ref());
            if authorizer.is_some_and(demands_a_token) {
                kinds.push(RefusalKind::Authorizer);
            }
        }
        Some(Authorization::AwsIam) => kinds.push(RefusalKind::Iam),
        _ => {}
    }
    // Keys, validators and mapping templates are of REST APIs alone.
    if protocol != Protocol::Rest {
        return kinds;
    }
    // An authorizer that is asked may hand a key to whom it lets in (`apiKeySource: AUTHORIZER`, facts B15).
    if method.api_key_required
        && (method.authorization != Some(Authorization::Custom) || kinds.contains(&RefusalKind::Authorizer))
    {
        kinds.push(RefusalKind::ApiKey);
    }
    if let Some(interface) = interface {
        if demands_parameters(interface) {
            kinds.push(RefusalKind::Parameters);
        }
        if demands_a_body(interface) {
            kinds.push(RefusalKind::Body);
        }
        // A request for want of a body has the content type that the model is for.
        if takes_no_other_type(interface) && !kinds.contains(&RefusalKind::Body) {
            kinds.push(RefusalKind::MediaType);
        }
    }
    kinds
}

/// Whether API Gateway refuses without calling the function (facts B16): a TOKEN authorizer's one source must be there;
/// a REQUEST authorizer's must be where its answers are kept, for they are the key that they are kept under.
fn demands_a_token(authorizer: &Authorizer) -> bool {
    let absent = |source: &String| {
        let source = source.to_ascii_lowercase();
        let header = source
            .strip_prefix("method.request.header.")
            .or_else(|| source.strip_prefix("method.request.multivalueheader."));
        header.is_some_and(|name| !is_sent_anyway(name))
            || source.starts_with("method.request.querystring.")
            || source.starts_with("method.request.multivaluequerystring.")
    };
    let sources = &authorizer.identity_sources;
    match authorizer.kind {
        AuthorizerKind::Token | AuthorizerKind::Cognito | AuthorizerKind::Jwt => {
            sources.is_empty() || sources.iter().any(absent)
        }
        AuthorizerKind::Request => authorizer.ttl != Some(0) && sources.iter().any(absent),
    }
}

fn demands_parameters(interface: &Interface) -> bool {
    interface.validates_parameters
        && interface.parameters.iter().any(|parameter| {
            parameter.required
                && match parameter.place {
                    Place::Path => false,
                    Place::Query => true,
                    Place::Header => !is_sent_anyway(&parameter.name),
                }
        })
}

fn demands_a_body(interface: &Interface) -> bool {
    interface.validates_body && interface.body.as_ref().is_some_and(|body| body.refuses_empty)
}

/// `NEVER` refuses what no template is for (facts A2, UNSUPPORTED_MEDIA_TYPE). A template for anything there is none.
fn takes_no_other_type(interface: &Interface) -> bool {
    interface.integration.as_ref().is_some_and(|integration| {
        !integration.is_proxy()
            && integration.passthrough == Passthrough::Never
            && !integration.templates.iter().any(|kind| kind == UNSUPPORTED || kind.contains('*') || kind == "$default")
    })
}

/// The headers that a refusal request needs to be refused for these kinds; a signature comes when it is sent.
pub(super) fn headers(interface: Option<&Interface>, kinds: &[RefusalKind]) -> Vec<(String, String)> {
    // A body is looked at only where its content type has a model.
    let body = interface.and_then(|interface| interface.body.as_ref()).filter(|_| kinds.contains(&RefusalKind::Body));
    let content_type = match body {
        Some(body) => Some(body.content_type.as_str()),
        None => kinds.contains(&RefusalKind::MediaType).then_some(UNSUPPORTED),
    };
    content_type.map(|kind| ("content-type".to_owned(), kind.to_owned())).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{BodyShape, Integration, Parameter};

    fn with(interface: Interface) -> Method {
        Method { authorization: Some(Authorization::None), interface: Some(Box::new(interface)), ..Method::default() }
    }

    fn guarded(kind: AuthorizerKind, sources: &[&str], ttl: Option<u32>) -> Method {
        let identity_sources = sources.iter().map(|source| (*source).to_owned()).collect();
        let authorizer = Some(Authorizer { kind, identity_sources, ttl });
        Method { authorization: Some(Authorization::Custom), ..with(Interface { authorizer, ..Interface::default() }) }
    }

    fn parameter(name: &str, place: Place) -> Interface {
        let parameter = Parameter { name: name.to_owned(), place, required: true, sample: Err("-".to_owned()) };
        Interface { parameters: vec![parameter], validates_parameters: true, ..Interface::default() }
    }

    fn body(refuses_empty: bool) -> Interface {
        let body =
            BodyShape { content_type: "application/json".to_owned(), refuses_empty, sample: Err("-".to_owned()) };
        Interface { body: Some(body), validates_body: true, ..Interface::default() }
    }

    fn integration(kind: &str, passthrough: Passthrough, templates: &[&str]) -> Interface {
        let templates = templates.iter().map(|kind| (*kind).to_owned()).collect();
        let integration = Some(Integration { kind: kind.to_owned(), passthrough, templates });
        Interface { integration, ..Interface::default() }
    }

    #[test]
    fn a_kind_is_there_only_where_the_refusal_is_sure() {
        use RefusalKind as K;
        let header = "method.request.header.X-Token";
        let table: Vec<(&str, Method, Vec<K>)> = vec![
            ("open", Method::open(), vec![]),
            ("unknown", Method::default(), vec![]),
            ("iam", Method { authorization: Some(Authorization::AwsIam), ..Method::default() }, vec![K::Iam]),
            (
                "pool",
                Method { authorization: Some(Authorization::CognitoUserPools), ..Method::default() },
                vec![K::Authorizer],
            ),
            ("keyed", Method { api_key_required: true, ..Method::open() }, vec![K::ApiKey]),
            // The summary alone does not say of which kind it is.
            ("custom", Method { authorization: Some(Authorization::Custom), ..Method::default() }, vec![]),
            ("token", guarded(AuthorizerKind::Token, &[], None), vec![K::Authorizer]),
            ("request", guarded(AuthorizerKind::Request, &[header], None), vec![K::Authorizer]),
            ("request kept", guarded(AuthorizerKind::Request, &[header], Some(60)), vec![K::Authorizer]),
            (
                "request of a query parameter",
                guarded(AuthorizerKind::Request, &["method.request.querystring.t"], None),
                vec![K::Authorizer],
            ),
            (
                "request of a query parameter, listed",
                guarded(AuthorizerKind::Request, &["method.request.multivaluequerystring.t"], None),
                vec![K::Authorizer],
            ),
            (
                "request of a header, listed",
                guarded(AuthorizerKind::Request, &["method.request.multivalueheader.X-Token"], None),
                vec![K::Authorizer],
            ),
            ("request not kept", guarded(AuthorizerKind::Request, &[header], Some(0)), vec![]),
            ("request of nothing", guarded(AuthorizerKind::Request, &[], None), vec![]),
            ("request of what is always there", guarded(AuthorizerKind::Request, &["context.path"], None), vec![]),
            (
                "request of what is sent anyway",
                guarded(AuthorizerKind::Request, &["method.request.header.User-Agent"], None),
                vec![],
            ),
            (
                "request of what CloudFront adds",
                guarded(AuthorizerKind::Request, &["method.request.header.X-Forwarded-For"], None),
                vec![],
            ),
            (
                "token in a header that is always there",
                guarded(AuthorizerKind::Token, &["method.request.header.Host"], None),
                vec![],
            ),
            (
                "an authorizer that may hand out the key",
                Method { api_key_required: true, ..guarded(AuthorizerKind::Request, &[header], Some(0)) },
                vec![],
            ),
            (
                "an authorizer that refuses before it",
                Method { api_key_required: true, ..guarded(AuthorizerKind::Token, &[], None) },
                vec![K::Authorizer, K::ApiKey],
            ),
            (
                "a body and NEVER: one content type",
                with(Interface {
                    integration: integration("http", Passthrough::Never, &["application/json"]).integration,
                    ..body(true)
                }),
                vec![K::Body],
            ),
            ("query", with(parameter("q", Place::Query)), vec![K::Parameters]),
            ("header", with(parameter("X-Tenant", Place::Header)), vec![K::Parameters]),
            ("header that is sent anyway", with(parameter("Host", Place::Header)), vec![]),
            ("path", with(parameter("id", Place::Path)), vec![]),
            (
                "query, not validated",
                with(Interface { validates_parameters: false, ..parameter("q", Place::Query) }),
                vec![],
            ),
            (
                "query that may be left out",
                with({
                    let mut optional = parameter("q", Place::Query);
                    optional.parameters[0].required = false;
                    optional
                }),
                vec![],
            ),
            ("body", with(body(true)), vec![K::Body]),
            ("body that may be empty", with(body(false)), vec![]),
            ("body, not validated", with(Interface { validates_body: false, ..body(true) }), vec![]),
            ("never", with(integration("http", Passthrough::Never, &["application/json"])), vec![K::MediaType]),
            ("never, of a proxy", with(integration("http_proxy", Passthrough::Never, &[])), vec![]),
            ("when no match", with(integration("http", Passthrough::WhenNoMatch, &["application/json"])), vec![]),
            ("never, a template for all", with(integration("aws", Passthrough::Never, &["*/*"])), vec![]),
            ("never, a template for the rest", with(integration("aws", Passthrough::Never, &["$default"])), vec![]),
            ("never, a template for it", with(integration("aws", Passthrough::Never, &[UNSUPPORTED])), vec![]),
        ];
        for (what, method, expected) in table {
            assert_eq!(of_method(Protocol::Rest, &method), expected, "{what}");
        }
        let keyed = Method { api_key_required: true, ..Method::open() };
        assert_eq!(of_method(Protocol::Http, &keyed), [], "an HTTP API has no keys");
        let token = guarded(AuthorizerKind::Token, &[], None);
        assert_eq!(of_method(Protocol::Http, &token), [], "an HTTP API's Lambda may be asked without a token");
    }

    #[test]
    fn a_content_type_is_sent_where_the_refusal_needs_one() {
        let kinds = [RefusalKind::Body, RefusalKind::MediaType];
        let json = [("content-type".to_owned(), "application/json".to_owned())];
        assert_eq!(headers(Some(&body(true)), &kinds), json, "the model is looked at by its content type");
        let other = [("content-type".to_owned(), UNSUPPORTED.to_owned())];
        assert_eq!(headers(None, &[RefusalKind::MediaType]), other);
        assert_eq!(headers(Some(&body(true)), &[RefusalKind::ApiKey]), []);
    }
}
