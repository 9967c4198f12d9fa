//! The edited tree, as `GetResources` lists it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Failure, paging};
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
                (verb.as_str(), if embed { describe_method(*verb, method) } else { json!({}) })
            };
            value["resourceMethods"] = json!(methods.iter().map(describe).collect::<BTreeMap<_, _>>());
        }
        value
    };
    paging::v1(paths.into_iter().map(describe).collect(), request)
}

fn describe_method(verb: Verb, method: &Method) -> Value {
    let headers = method.required_headers.iter().map(|name| format!("method.request.header.{name}"));
    let query = method.required_query.iter().map(|name| format!("method.request.querystring.{name}"));
    let mut value = json!({
        "httpMethod": verb.as_str(),
        "authorizationType": authorization_type(method.authorization),
        "apiKeyRequired": method.api_key_required,
        "methodIntegration": { "type": method.behaviour.integration_type() },
    });
    let parameters: BTreeMap<String, bool> = headers.chain(query).map(|name| (name, true)).collect();
    if !parameters.is_empty() {
        value["requestParameters"] = json!(parameters);
    }
    if method.required_body.is_some() {
        value["requestModels"] = json!({ "application/json": "Body" });
    }
    if method.validator().is_some() {
        value["requestValidatorId"] = json!("valid8");
    }
    value
}
