//! The edited tree, as `GetResources` lists it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Failure, export, paging};
use crate::gateway::Verb;
use crate::simulator::answer::hex;
use crate::simulator::api::Api;
use crate::simulator::method::{Method, authorization_type};
use crate::simulator::request::Incoming;

/// A resource's id, made of its path so that it is the same in every answer.
pub(super) fn id(path: &str) -> String {
    // FNV-1a: any spread does, as long as two paths of one API do not meet.
    let hash = path
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hex(&hash.to_be_bytes())
}

/// GetResources, paged; with the methods' details where `embed=methods` asks for them. The inner nodes of the tree are
/// resources too, methods or not.
pub(super) fn list(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    let embed = request.query_pairs().any(|(key, value)| key == "embed" && value.eq_ignore_ascii_case("methods"));
    let mut paths = BTreeSet::from(["/"]);
    for path in api.edited.0.keys() {
        paths.insert(path);
        paths.extend(path.match_indices('/').skip(1).map(|(at, _)| &path[..at]));
    }
    let describe = |path: &str| {
        let mut value = json!({ "id": id(path), "path": path });
        if let Some((parent, part)) = path.rsplit_once('/').filter(|(_, part)| !part.is_empty()) {
            value["parentId"] = json!(id(if parent.is_empty() { "/" } else { parent }));
            value["pathPart"] = json!(part);
        }
        if let Some(methods) = api.edited.0.get(path).filter(|methods| !methods.is_empty()) {
            let describe = |(verb, method): (&Verb, &Method)| {
                (verb.as_str(), if embed { describe_method(path, *verb, method) } else { json!({}) })
            };
            value["resourceMethods"] = json!(methods.iter().map(describe).collect::<BTreeMap<_, _>>());
        }
        value
    };
    paging::v1(paths.into_iter().map(describe).collect(), request)
}

fn describe_method(path: &str, verb: Verb, method: &Method) -> Value {
    let headers = method.required_headers.iter().map(|name| format!("method.request.header.{name}"));
    let query = method.required_query.iter().map(|name| format!("method.request.querystring.{name}"));
    let mut value = json!({
        "httpMethod": verb.as_str(),
        "authorizationType": authorization_type(method.authorization),
        "apiKeyRequired": method.api_key_required,
        "methodIntegration": integration(method),
    });
    let parameters: BTreeMap<String, bool> = headers.chain(query).map(|name| (name, true)).collect();
    if !parameters.is_empty() {
        value["requestParameters"] = json!(parameters);
    }
    if export::model(method).is_some() {
        value["requestModels"] = json!({ "application/json": model_name(path, verb) });
    }
    if let Some((name, ..)) = method.validator() {
        value["requestValidatorId"] = json!(name);
    }
    if export::authorizer(method).is_some() {
        value["authorizerId"] = json!(export::scheme(method));
    }
    value
}

fn integration(method: &Method) -> Value {
    let kind = method.behaviour.integration_type();
    let mut value = json!({ "type": kind, "passthroughBehavior": export::passthrough(method).to_ascii_uppercase() });
    if kind == "MOCK" {
        value["requestTemplates"] = json!({ "application/json": "{\"statusCode\": 200}" });
    }
    value
}

/// Each body has a model of its own.
fn model_name(path: &str, verb: Verb) -> String {
    format!("Body{}{verb}", id(path))
}

fn edited(api: &Api) -> impl Iterator<Item = (&str, Verb, &Method)> {
    api.edited.0.iter().flat_map(|(path, methods)| methods.iter().map(|(verb, method)| (path.as_str(), *verb, method)))
}

/// GetRequestValidators.
pub(super) fn validators(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    let validators = export::validators(api.edited.0.values()).into_iter().map(|(name, mut own)| {
        own["id"] = json!(name);
        own["name"] = json!(name);
        own
    });
    paging::v1(validators.collect(), request)
}

/// GetAuthorizers.
pub(super) fn authorizers(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    let authorizers: BTreeMap<_, _> = edited(api)
        .filter_map(|(_, _, method)| {
            let (id, mut own) = (export::scheme(method)?, export::authorizer(method)?);
            own["id"] = json!(id);
            own["name"] = json!(id);
            own["type"] = json!(own["type"].as_str().unwrap_or_default().to_ascii_uppercase());
            if own["type"] == "TOKEN" {
                own["identitySource"] = json!("method.request.header.Authorization");
            }
            Some((id, own))
        })
        .collect();
    paging::v1(authorizers.into_values().collect(), request)
}

/// GetModels.
pub(super) fn models(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    let models = edited(api).filter_map(|(path, verb, method)| {
        let schema = export::model(method)?.to_string();
        Some(json!({ "name": model_name(path, verb), "contentType": "application/json", "schema": schema }))
    });
    paging::v1(models.collect(), request)
}
