//! Who may call an operation: its security requirements and the schemes that they name.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::document::Document;
use crate::gateway::{Authorization, Authorizer, AuthorizerKind};

/// What an operation demands of its callers.
#[derive(Debug, Clone, Default)]
pub(super) struct Demands {
    pub(super) authorization: Option<Authorization>,
    pub(super) api_key_required: bool,
    pub(super) authorizer: Option<Authorizer>,
}

/// What one scheme asks of a caller.
#[derive(Debug, Clone)]
enum Demand {
    ApiKey,
    Authorization(Authorization, Option<Authorizer>),
}

/// The document's schemes, by name.
#[derive(Debug)]
pub(super) struct Schemes<'d> {
    /// `None`: defined, and nothing that API Gateway enforces.
    known: HashMap<&'d str, Option<Demand>>,
}

impl<'d> Schemes<'d> {
    pub(super) fn new(document: Document<'d>) -> Self {
        let root = document.root;
        let schemes = root.pointer("/components/securitySchemes").or_else(|| root.get("securityDefinitions"));
        let schemes = schemes.and_then(Value::as_object).into_iter().flatten();
        let known =
            schemes.map(|(name, scheme)| (name.as_str(), demand(document, document.resolve(scheme).unwrap_or(scheme))));
        Self { known: known.collect() }
    }

    /// What a list of security requirements asks of a caller.
    pub(super) fn demanded(&self, security: Option<&Value>) -> Demands {
        let mut demands = Demands::default();
        let requirements = security.and_then(Value::as_array);
        // API Gateway writes a key and an authorizer as two alternatives, `[{"api_key": []}, {"auth": []}]`, and means both.
        for name in requirements.into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys) {
            match self.known.get(name.as_str()) {
                Some(Some(Demand::ApiKey)) => demands.api_key_required = true,
                Some(Some(Demand::Authorization(kind, authorizer))) => {
                    demands.authorization = Some(*kind);
                    demands.authorizer.clone_from(authorizer);
                }
                Some(None) => {}
                // Not defined in the document: `api_key` is the name that AWS gives to its own.
                None => demands.api_key_required |= name.eq_ignore_ascii_case("api_key"),
            }
        }
        demands
    }
}

/// What a scheme asks of a caller; `None` for one that API Gateway does not enforce.
fn demand(document: Document<'_>, scheme: &Value) -> Option<Demand> {
    let own = scheme.get("x-amazon-apigateway-authorizer");
    let own = own.map(|own| document.resolve(own).unwrap_or(own));
    let lower = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_ascii_lowercase);
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
    // Besides these two values `authtype` may hold any words for a Lambda authorizer, as "Custom scheme with corporate claims".
    let authtype = lower(scheme.get("x-amazon-apigateway-authtype"));
    let kind = lower(own.and_then(|own| own.get("type")));
    let decided = match (authtype.as_deref(), kind.as_deref()) {
        (Some("awssigv4"), _) => Authorization::AwsIam,
        (Some("cognito_user_pools"), _) | (_, Some("cognito_user_pools")) => Authorization::CognitoUserPools,
        (Some(_), _) | (_, Some(_)) => Authorization::Custom,
        // An API key's scheme is an `apiKey` in the header x-api-key without an authorizer of its own.
        (None, None) => {
            let is_key = lower(scheme.get("type")).as_deref() == Some("apikey")
                && lower(scheme.get("name")).as_deref() == Some("x-api-key");
            return is_key.then_some(Demand::ApiKey);
        }
    };
    Some(Demand::Authorization(decided, authorizer(scheme, own, decided, kind.as_deref())))
}

/// Who decides, as `x-amazon-apigateway-authorizer` says
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html>).
fn authorizer(scheme: &Value, own: Option<&Value>, decided: Authorization, kind: Option<&str>) -> Option<Authorizer> {
    let kind = match (decided, kind) {
        (Authorization::CognitoUserPools, _) => AuthorizerKind::Cognito,
        (Authorization::Custom, Some("token")) => AuthorizerKind::Token,
        (Authorization::Custom, Some("request")) => AuthorizerKind::Request,
        (Authorization::Custom, Some("jwt")) => AuthorizerKind::Jwt,
        _ => return None,
    };
    let own = own.unwrap_or(&Value::Null);
    let mut identity_sources: Vec<String> = match own.get("identitySource") {
        Some(Value::String(sources)) => split(sources),
        Some(Value::Array(sources)) => sources.iter().filter_map(Value::as_str).flat_map(split).collect(),
        _ => Vec::new(),
    };
    // The scheme itself names the header of the one token that these two look at.
    if identity_sources.is_empty()
        && matches!(kind, AuthorizerKind::Token | AuthorizerKind::Cognito)
        && scheme.get("in").and_then(Value::as_str).is_none_or(|place| place.eq_ignore_ascii_case("header"))
        && let Some(name) = scheme.get("name").and_then(Value::as_str)
    {
        identity_sources.push(format!("method.request.header.{name}"));
    }
    let ttl = own.get("authorizerResultTtlInSeconds").and_then(|ttl| match ttl {
        Value::Number(seconds) => seconds.as_u64(),
        Value::String(seconds) => seconds.trim().parse().ok(),
        _ => None,
    });
    Some(Authorizer { kind, identity_sources, ttl: ttl.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)) })
}

fn split(sources: impl AsRef<str>) -> Vec<String> {
    sources.as_ref().split(',').map(str::trim).filter(|source| !source.is_empty()).map(ToOwned::to_owned).collect()
}
