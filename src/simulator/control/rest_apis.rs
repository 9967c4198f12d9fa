//! REST APIs, stages, deployments, gateway responses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Failure, paging};
use crate::gateway::{EndpointType, Protocol};
use crate::simulator::account::Account;
use crate::simulator::api::{Api, Deployment, EPOCH, Stage, Summary};
use crate::simulator::gateway_response::{DEFAULT_TEMPLATE, ResponseType};
use crate::simulator::method::authorization_type;
use crate::simulator::request::Incoming;

/// The API, unless it was deleted; the words are the recorded ones (facts C2).
pub(super) fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Api, Failure> {
    account
        .find_api(id)
        .filter(|api| !api.vanishing && api.protocol == Protocol::Rest)
        .ok_or_else(|| Failure::not_found(format!("Invalid API identifier specified {}:{id}", account.number)))
}

/// GetRestApis. One that is deleted in the middle of a sweep is still listed.
pub(super) fn list(account: &Account, request: &Incoming) -> Result<Value, Failure> {
    paging::v1(account.apis.iter().filter(|api| api.protocol == Protocol::Rest).map(describe).collect(), request)
}

/// GetRestApi.
pub(super) fn describe(api: &Api) -> Value {
    json!({
        "id": api.id,
        "name": api.name,
        "createdDate": EPOCH,
        "apiKeySource": "HEADER",
        "endpointConfiguration": { "types": [endpoint_type(api.endpoint)], "ipAddressType": "ipv4" },
        "disableExecuteApiEndpoint": api.default_endpoint_disabled,
        "rootResourceId": super::resources::id("/"),
        "apiStatus": "AVAILABLE",
    })
}

/// AWS's spelling of an endpoint type.
pub(super) fn endpoint_type(endpoint: EndpointType) -> &'static str {
    match endpoint {
        EndpointType::Edge => "EDGE",
        EndpointType::Regional => "REGIONAL",
        EndpointType::Private => "PRIVATE",
    }
}

/// GetStages: not paged, filtered by `deploymentId` if that is given (facts C1).
pub(super) fn stages(api: &Api, request: &Incoming) -> Value {
    let wanted = request.query_value("deploymentId");
    let matches = |stage: &&Stage| wanted.is_none() || stage.deployment == wanted;
    json!({ "item": api.stages.iter().filter(matches).map(describe_stage).collect::<Vec<_>>() })
}

/// GetStage.
pub(super) fn stage(api: &Api, name: &str) -> Result<Value, Failure> {
    let stage = api.stage_named(name).ok_or_else(|| Failure::not_found("Invalid stage identifier specified"))?;
    Ok(describe_stage(stage))
}

// The keys are those that LocalStack recorded from AWS on 2026-02-25 and, for canaries, on 2025-05-30.
fn describe_stage(stage: &Stage) -> Value {
    let mut value = json!({
        "stageName": stage.name,
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": false,
        "createdDate": EPOCH,
        "lastUpdatedDate": stage.updated_at,
    });
    if let Some(deployment) = &stage.deployment {
        value["deploymentId"] = json!(deployment);
    }
    if let Some(canary) = &stage.canary {
        value["canarySettings"] = json!({
            "deploymentId": canary.deployment,
            "percentTraffic": canary.percent,
            "useStageCache": false,
        });
    }
    if let Some(acl) = &stage.web_acl {
        value["webAclArn"] = json!(acl.arn);
    }
    value
}

/// GetDeployments: never with a summary (facts C1). AWS promises no order; here the newest is first.
pub(super) fn deployments(api: &Api, request: &Incoming) -> Result<Value, Failure> {
    let mut deployments: Vec<&Deployment> = api.deployments.values().collect();
    deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    let describe = |d: &Deployment| json!({ "id": d.id, "createdDate": d.created_at });
    paging::v1(deployments.into_iter().map(describe).collect(), request)
}

/// GetDeployment, with the API summary where it is asked for.
pub(super) fn deployment(api: &Api, id: &str, request: &Incoming) -> Result<Value, Failure> {
    let deployment =
        api.deployments.get(id).ok_or_else(|| Failure::not_found("Invalid Deployment identifier specified"))?;
    let mut value = json!({ "id": deployment.id, "createdDate": deployment.created_at });
    let embed = request.query_pairs().any(|(key, value)| key == "embed" && value.eq_ignore_ascii_case("apisummary"));
    if embed && api.summary != Summary::Absent {
        value["apiSummary"] = summary(deployment, api.summary);
    }
    Ok(value)
}

fn summary(deployment: &Deployment, summary: Summary) -> Value {
    let mut paths = Map::new();
    for (resource, methods) in deployment.methods.0.iter().filter(|(_, methods)| !methods.is_empty()) {
        let describe = |method: &crate::simulator::Method| match summary {
            Summary::WithoutAuthorization => json!({ "apiKeyRequired": method.api_key_required }),
            Summary::Full | Summary::Absent => json!({
                "authorizationType": authorization_type(method.authorization),
                "apiKeyRequired": method.api_key_required,
            }),
        };
        let methods: BTreeMap<&str, Value> =
            methods.iter().map(|(verb, method)| (verb.as_str(), describe(method))).collect();
        paths.insert(resource.clone(), json!(methods));
    }
    Value::Object(paths)
}

/// GetGatewayResponses: all 21, the edited setting and not the deployed one, unpaged (facts A6).
pub(super) fn gateway_responses(api: &Api) -> Value {
    let describe = |kind: ResponseType| {
        let custom = api.gateway_responses.iter().find(|response| response.kind == kind);
        let status = custom.and_then(|custom| custom.status).or_else(|| kind.documented_status());
        let mut parameters = BTreeMap::new();
        let mut templates = BTreeMap::from([("application/json", DEFAULT_TEMPLATE)]);
        if let Some(custom) = custom {
            for (name, value) in &custom.headers {
                parameters.insert(format!("gatewayresponse.header.{name}"), value);
            }
            if !custom.templates.is_empty() {
                templates = custom.templates.iter().map(|(kind, text)| (kind.as_str(), text.as_str())).collect();
            }
        }
        let mut value = json!({
            "responseType": kind.as_str(),
            "responseParameters": parameters,
            "responseTemplates": templates,
            "defaultResponse": custom.is_none(),
        });
        if let Some(status) = status {
            value["statusCode"] = json!(status.to_string());
        }
        value
    };
    json!({ "item": ResponseType::ALL.into_iter().map(describe).collect::<Vec<_>>() })
}
