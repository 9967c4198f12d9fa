//! `GetExport`: a stage's deployment as an OpenAPI 3.0 document.
//!
//! The frame is that of the export that LocalStack recorded from AWS on 2025-05-06 (`test_export_oas30_openapi`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Body, Failure};
use crate::gateway::{Authorization, Verb};
use crate::simulator::account::Account;
use crate::simulator::api::{Api, Deployment};
use crate::simulator::method::{Behaviour, Method, RequestAuthorizer};
use crate::simulator::request::Incoming;

/// GetExport.
pub(super) fn export(
    account: &Account,
    api: &Api,
    stage: &str,
    kind: &str,
    request: &Incoming,
) -> Result<Body, Failure> {
    if kind != "oas30" {
        return Err(Failure::bad_request(format!("The simulator exports oas30 only, not {kind}")));
    }
    let stage = api.stage_named(stage).ok_or_else(|| Failure::not_found("Invalid stage identifier specified"))?;
    let deployment =
        api.deployment_of(stage).ok_or_else(|| Failure::not_found("Invalid stage identifier specified"))?;
    if api.refuses_export {
        // Facts C1: what an API with a model in another format answers.
        return Err(Failure::bad_request("Only found non-JSON body models, which are not supported for OAS export"));
    }
    // `extensions=apigateway` brings them all, `integrations` and `authorizers` their own (facts B14, C1).
    let extensions: Vec<String> = request
        .query_pairs()
        .filter(|(key, _)| key == "extensions")
        .flat_map(|(_, value)| value.split(',').map(ToOwned::to_owned).collect::<Vec<_>>())
        .collect();
    let wants = |name: &str| extensions.iter().any(|extension| extension == "apigateway" || extension == name);
    let mut document = json!({
        "openapi": "3.0.1",
        "info": { "title": api.name, "version": "1.0.0" },
        "servers": [{
            "url": format!("https://{}.execute-api.{}.amazonaws.com/{{basePath}}", api.id, account.region),
            "variables": { "basePath": { "default": stage.name } },
        }],
        "paths": paths(deployment, &wants),
        "components": { "securitySchemes": security_schemes(deployment, &wants) },
    });
    if api.sparse_export {
        thin_out(&mut document);
    }
    let validators = if api.sparse_export { Map::new() } else { validators(deployment.methods.0.values()) };
    if wants("validators") && !validators.is_empty() {
        document["x-amazon-apigateway-request-validators"] = Value::Object(validators);
    }
    let text = serde_json::to_string_pretty(&document).map_err(|e| Failure::bad_request(e.to_string()))?;
    Ok(Body::Blob { name: "oas30_1.0.0.json".to_owned(), text })
}

/// Takes out what LocalStack's exports do not tell.
fn thin_out(document: &mut Value) {
    if let Some(components) = document["components"].as_object_mut() {
        components.remove("securitySchemes");
    }
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        operation.remove("security");
        operation.remove("x-amazon-apigateway-request-validator");
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter_map(Value::as_object_mut) {
            parameter.remove("required");
        }
    }
}

fn paths(deployment: &Deployment, wants: &dyn Fn(&str) -> bool) -> Value {
    let mut paths = Map::new();
    for (resource, methods) in deployment.methods.0.iter().filter(|(_, methods)| !methods.is_empty()) {
        let mut item = Map::new();
        for (verb, method) in methods {
            // Facts B3.
            let key = match verb {
                Verb::Any => "x-amazon-apigateway-any-method".to_owned(),
                verb => verb.as_str().to_ascii_lowercase(),
            };
            item.insert(key, operation(resource, method, wants));
        }
        paths.insert(resource.clone(), Value::Object(item));
    }
    Value::Object(paths)
}

fn operation(resource: &str, method: &Method, wants: &dyn Fn(&str) -> bool) -> Value {
    let parameter = |name: &str, place: &str| {
        let mut parameter = json!({ "name": name, "in": place, "required": true, "schema": { "type": "string" } });
        if let Some(example) = method.examples.get(name) {
            parameter["example"] = json!(example);
        }
        if let Some(values) = method.values.get(name) {
            parameter["schema"]["enum"] = json!(values);
        }
        parameter
    };
    let names = resource.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names.map(|name| parameter(name.trim_end_matches('+'), "path")).collect();
    parameters.extend(method.required_headers.iter().map(|name| parameter(name, "header")));
    parameters.extend(method.required_query.iter().map(|name| parameter(name, "query")));
    let mut value = json!({ "responses": { "200": { "description": "200 response", "content": {} } } });
    if !parameters.is_empty() {
        value["parameters"] = json!(parameters);
    }
    if let Some(schema) = model(method) {
        value["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    let mut security: Vec<Value> = scheme(method).map(|scheme| json!({ (scheme): [] })).into_iter().collect();
    if method.api_key_required {
        // Both in one requirement: the caller needs the one and the other.
        match security.first_mut() {
            Some(first) => first["api_key"] = json!([]),
            None => security.push(json!({ "api_key": [] })),
        }
    }
    if !security.is_empty() {
        value["security"] = json!(security);
    }
    if wants("integrations") {
        let kind = method.behaviour.integration_type().to_ascii_lowercase();
        let mut integration = json!({ "type": kind, "passthroughBehavior": passthrough(method) });
        if kind == "mock" {
            integration["requestTemplates"] = json!({ "application/json": "{\"statusCode\": 200}" });
        }
        value["x-amazon-apigateway-integration"] = integration;
    }
    // Facts B14: without the extension the validator is dropped.
    if let Some((name, ..)) = method.validator().filter(|_| wants("validators")) {
        value["x-amazon-apigateway-request-validator"] = json!(name);
    }
    value
}

/// The schema of a method's JSON body.
pub(super) fn model(method: &Method) -> Option<Value> {
    let required = method.required_body.as_ref().map(|keys| {
        let properties: BTreeMap<&String, Value> = keys.iter().map(|key| (key, json!({ "type": "string" }))).collect();
        json!({ "type": "object", "required": keys, "properties": properties })
    });
    method.model.clone().or(required)
}

/// Whether anything but JSON is refused, in the words of an integration.
pub(super) fn passthrough(method: &Method) -> &'static str {
    if method.behaviour == Behaviour::OnlyJson { "never" } else { "when_no_match" }
}

fn methods(deployment: &Deployment) -> impl Iterator<Item = &Method> {
    deployment.methods.0.values().flat_map(BTreeMap::values)
}

/// The validators that methods name.
pub(super) fn validators<'m>(resources: impl Iterator<Item = &'m BTreeMap<Verb, Method>>) -> Map<String, Value> {
    let methods = resources.flat_map(BTreeMap::values);
    let named = methods.filter_map(Method::validator).map(|(name, parameters, body)| {
        let own = json!({ "validateRequestParameters": parameters, "validateRequestBody": body });
        (name.to_owned(), own)
    });
    named.collect()
}

/// The name of a method's scheme: methods with the same authorizer share one.
pub(super) fn scheme(method: &Method) -> Option<String> {
    match (method.authorization, &method.authorizer) {
        // No REST API has JWT authorizers.
        (Authorization::None | Authorization::Jwt, _) => None,
        (Authorization::AwsIam, _) => Some("sigv4".to_owned()),
        (Authorization::CognitoUserPools, _) => Some("user_pool".to_owned()),
        (Authorization::Custom, None) => Some("authorizer".to_owned()),
        (Authorization::Custom, Some(RequestAuthorizer { identity_sources, ttl, .. })) => {
            Some(format!("request-{ttl}-{}", identity_sources.join("-")))
        }
    }
}

fn security_schemes(deployment: &Deployment, wants: &dyn Fn(&str) -> bool) -> Value {
    let mut schemes = Map::new();
    for (name, method) in methods(deployment).filter_map(|method| Some((scheme(method)?, method))) {
        // API Gateway's own word for the header of a `REQUEST` authorizer, which need not look at any [U].
        let header = if method.authorizer.is_some() { "Unused" } else { "Authorization" };
        let mut value = json!({ "type": "apiKey", "name": header, "in": "header" });
        if wants("authorizers") {
            value["x-amazon-apigateway-authtype"] = json!(match method.authorization {
                Authorization::AwsIam => "awsSigv4",
                Authorization::CognitoUserPools => "cognito_user_pools",
                _ => "custom",
            });
            if let Some(authorizer) = authorizer(method) {
                value["x-amazon-apigateway-authorizer"] = authorizer;
            }
        }
        schemes.insert(name, value);
    }
    if methods(deployment).any(|method| method.api_key_required) {
        schemes.insert("api_key".to_owned(), json!({ "type": "apiKey", "name": "x-api-key", "in": "header" }));
    }
    Value::Object(schemes)
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html>
pub(super) fn authorizer(method: &Method) -> Option<Value> {
    match (method.authorization, &method.authorizer) {
        (Authorization::None | Authorization::AwsIam | Authorization::Jwt, _) => None,
        (Authorization::CognitoUserPools, _) => Some(json!({ "type": "cognito_user_pools", "providerARNs": [] })),
        (Authorization::Custom, None) => Some(json!({ "type": "token", "authorizerResultTtlInSeconds": 300 })),
        (Authorization::Custom, Some(RequestAuthorizer { identity_sources, ttl, .. })) => {
            let mut own = json!({ "type": "request", "authorizerResultTtlInSeconds": ttl });
            if !identity_sources.is_empty() {
                own["identitySource"] = json!(identity_sources.join(", "));
            }
            Some(own)
        }
    }
}
