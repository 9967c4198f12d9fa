//! API Gateway v2's HTTP and WebSocket APIs. On the wire the names are in camel case, and times are texts.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Body, Failure, paging};
use crate::gateway::{Authorization, Protocol, Verb};
use crate::simulator::account::Account;
use crate::simulator::api::{Api, Stage};
use crate::simulator::method::authorization_type;
use crate::simulator::request::Incoming;

/// The API, unless it was deleted or is a REST API.
pub(super) fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Api, Failure> {
    account
        .find_api(id)
        .filter(|api| !api.vanishing && api.protocol != Protocol::Rest)
        .ok_or_else(|| Failure::not_found(format!("Invalid API identifier specified {}:{id}", account.number)))
}

/// GetApis: both protocols.
pub(super) fn list(account: &Account, request: &Incoming) -> Result<Value, Failure> {
    let apis = account.apis.iter().filter(|api| api.protocol != Protocol::Rest);
    paging::v2(apis.map(|api| describe(account, api)).collect(), request, "items")
}

/// GetApi.
pub(super) fn describe(account: &Account, api: &Api) -> Value {
    let socket = api.protocol == Protocol::WebSocket;
    let (protocol, scheme) = if socket { ("WEBSOCKET", "wss") } else { ("HTTP", "https") };
    json!({
        "apiId": api.id,
        "name": api.name,
        "protocolType": protocol,
        "apiEndpoint": format!("{scheme}://{}.execute-api.{}.amazonaws.com", api.id, account.region),
        "disableExecuteApiEndpoint": api.default_endpoint_disabled,
        "routeSelectionExpression": "$request.method $request.path",
    })
}

/// GetStages.
pub(super) fn stages(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    paging::v2(api.stages.iter().map(stage).collect(), request, "items")
}

/// GetStage.
pub(super) fn stage_named(api: &Api, name: &str) -> Result<Value, Failure> {
    api.stage_named(name).map(stage).ok_or_else(|| Failure::not_found("Invalid stage identifier specified"))
}

fn stage(stage: &Stage) -> Value {
    let updated = OffsetDateTime::from_unix_timestamp(stage.updated_at).ok().and_then(|at| at.format(&Rfc3339).ok());
    let mut value = json!({ "stageName": stage.name, "autoDeploy": stage.auto_deploy, "lastUpdatedDate": updated });
    if let Some(deployment) = &stage.deployment {
        value["deploymentId"] = json!(deployment);
    }
    value
}

/// GetRoutes: what is edited, deployed or not.
pub(super) fn routes(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    let mut routes = Vec::new();
    for (resource, methods) in &api.edited.0 {
        for (verb, method) in methods {
            let key = if resource.starts_with('$') { resource.clone() } else { format!("{verb} {resource}") };
            routes.push(json!({
                "routeKey": key,
                "routeId": format!("r{:04}", routes.len()),
                "authorizationType": authorization_type(method.authorization),
                "apiKeyRequired": false,
            }));
        }
    }
    paging::v2(routes, request, "items")
}

/// ExportApi: with `stageName` what that stage serves.
pub(super) fn export(api: &Api, request: &Incoming) -> Result<Body, Failure> {
    if api.refuses_export {
        return Err(Failure::bad_request("Unable to export"));
    }
    let methods = match request.query_value("stageName") {
        None => &api.edited,
        Some(name) => {
            let stage =
                api.stage_named(&name).ok_or_else(|| Failure::not_found("Invalid stage identifier specified"))?;
            match api.deployment_of(stage) {
                _ if stage.auto_deploy => &api.edited,
                Some(deployment) => &deployment.methods,
                None => return Err(Failure::not_found("Invalid deployment identifier specified")),
            }
        }
    };
    let mut paths = Map::new();
    for (resource, methods) in &methods.0 {
        let catches_all = resource.starts_with('$');
        let path = if catches_all { format!("/{resource}") } else { resource.clone() };
        let mut item = Map::new();
        for (verb, method) in methods {
            let key = match verb {
                Verb::Any => "x-amazon-apigateway-any-method".to_owned(),
                verb => verb.as_str().to_ascii_lowercase(),
            };
            let mut operation = json!({ "responses": { "default": { "description": "Default response" } } });
            if catches_all {
                operation["isDefaultRoute"] = json!(true);
            }
            match method.authorization {
                Authorization::AwsIam => operation["x-amazon-apigateway-auth"] = json!({ "type": "AWS_IAM" }),
                Authorization::Jwt => operation["security"] = json!([{ "jwt": [] }]),
                Authorization::Custom => operation["security"] = json!([{ "lambda": [] }]),
                Authorization::None | Authorization::CognitoUserPools => {}
            }
            item.insert(key, operation);
        }
        paths.insert(path, Value::Object(item));
    }
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    let source = "$request.header.Authorization";
    let schemes = json!({
        "jwt": { "type": "oauth2", "x-amazon-apigateway-authorizer": { "type": "jwt", "identitySource": source } },
        "lambda": { "type": "apiKey", "name": "Authorization", "in": "header",
                    "x-amazon-apigateway-authorizer": { "type": "request", "identitySource": source } },
    });
    let document = json!({
        "openapi": "3.0.1",
        "info": { "title": api.name, "version": "1" },
        "paths": paths,
        "components": { "securitySchemes": schemes },
    });
    Ok(Body::Blob { name: format!("{}.json", api.id), text: document.to_string() })
}
