//! HTTP and WebSocket APIs, as the wire has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::script::{Answer, NOT_FOUND, Script, apis, count, nothing};
use crate::config::Scope;
use crate::discover::{DiscoverError, Operation, Wanted, discover, serves_still};
use crate::gateway::{Api, Authorization, Inventory, Protocol, TreeSource, Verb};

const H: &str = "h1h1h1h1h1";

fn listed(id: &str, protocol: &str) -> Value {
    json!({"apiId": id, "name": format!("name of {id}"), "protocolType": protocol, "disableExecuteApiEndpoint": false})
}

fn route(key: &str, authorization: &str) -> Value {
    json!({"routeKey": key, "authorizationType": authorization, "apiKeyRequired": true})
}

/// An HTTP API with a stage of each kind, its routes on two pages; a WebSocket API.
fn answer(path: &str, token: Option<&str>) -> Answer {
    match (path, token) {
        ("/v2/apis", None) => Answer::Json(json!({"items": [listed(H, "HTTP")], "nextToken": "more"})),
        ("/v2/apis", Some("more")) => Answer::Json(json!({"items": [listed("w1", "WEBSOCKET")]})),
        ("/v2/apis/h1h1h1h1h1", _) => Answer::Json(listed(H, "HTTP")),
        ("/v2/apis/h1h1h1h1h1/stages", None) => Answer::Json(json!({"nextToken": "2", "items": [
            {"stageName": "$default", "autoDeploy": true, "deploymentId": "auto1", "lastUpdatedDate": "2026-01-01T00:00:00Z"},
            {"stageName": "new", "autoDeploy": true},
        ]})),
        ("/v2/apis/h1h1h1h1h1/stages", Some("2")) => Answer::Json(json!({"items": [
            {"stageName": "stuck", "autoDeploy": true, "deploymentId": "dep2",
             "lastDeploymentStatusMessage": "Deployment attempt failed: no integration"},
            {"stageName": "manual", "autoDeploy": false, "deploymentId": "dep2"},
            {"stageName": "empty", "autoDeploy": false},
        ]})),
        ("/v2/apis/h1h1h1h1h1/routes", None) => Answer::Json(json!({"nextToken": "2", "items": [
            route("GET /pets/{id}", "JWT"), route("ANY /files/{proxy+}", "AWS_IAM"),
        ]})),
        ("/v2/apis/h1h1h1h1h1/routes", Some("2")) => Answer::Json(json!({"items": [
            route("$default", "NONE"), route("POST /pets", "CUSTOM"),
        ]})),
        ("/v2/apis/w1/stages", None) => Answer::Json(json!({"items": [{"stageName": "prod", "deploymentId": "dw"}]})),
        ("/v2/apis/h1h1h1h1h1/exports/OAS30", _) => Answer::Json(json!({"openapi": "3.0.1", "paths": {
            "/pets/{id}": {"get": {}}, "/old": {"get": {}},
            "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": true}},
        }})),
        ("/restapis", _) => apis(&["a"]),
        ("/restapis/a/stages", _) => nothing(),
        (path, _) if path.starts_with("/v2/apis") => NOT_FOUND,
        _ => nothing(),
    }
}

async fn sweep(script: &Script) -> Inventory {
    discover(&script.plane(), &Wanted::Everything(Scope::default()), 0, None).await.unwrap()
}

fn routes(api: &Api, stage: &str) -> (TreeSource, Vec<String>) {
    let deployment = api.deployment_of(api.stage(stage).unwrap()).unwrap();
    (deployment.source, deployment.tree.methods().map(|(path, verb, _)| format!("{verb} {path}")).collect())
}

#[tokio::test]
async fn an_http_api_is_read_behind_the_rest_apis() {
    let script = Script::start(|asked| answer(&asked.path, asked.query.get("nextToken").map(String::as_str))).await;
    let plane = script.plane();
    let inventory = discover(&plane, &Wanted::Everything(Scope::default()), 0, None).await.unwrap();
    let kinds: Vec<_> = inventory.apis.iter().map(|api| (api.id.as_str(), api.protocol)).collect();
    assert_eq!(kinds, [("a", Protocol::Rest), (H, Protocol::Http), ("w1", Protocol::WebSocket)]);
    assert!(inventory.gaps.is_empty(), "{:?}", inventory.gaps);
    let api = &inventory.apis[1];
    let all = ["ANY $default", "ANY /files/{proxy+}", "POST /pets", "GET /pets/{id}"].map(str::to_owned).to_vec();
    assert_eq!(routes(api, "$default"), (TreeSource::ApiSummary, all.clone()), "it deploys by itself");
    assert_eq!(routes(api, "new").1, all, "the endpoint does not say which deployment it made");
    let snapshot = ["ANY $default", "GET /old", "GET /pets/{id}"].map(str::to_owned).to_vec();
    assert_eq!(routes(api, "manual"), (TreeSource::Export, snapshot.clone()), "the snapshot");
    assert_eq!(routes(api, "stuck").1, snapshot, "what it could not deploy it does not serve");
    assert_eq!(api.stage("empty").unwrap().deployment, None);
    assert_eq!(api.stage("$default").unwrap().updated_at, Some(1_767_225_600));
    assert_eq!(api.edited.as_ref().map(crate::gateway::Tree::len), Some(4));
    let tree = &api.deployments["auto1"].tree;
    for (resource, verb, authorization) in [
        ("/pets/{id}", Verb::Get, Authorization::Jwt),
        ("/files/{proxy+}", Verb::Any, Authorization::AwsIam),
        ("$default", Verb::Any, Authorization::None),
        ("/pets", Verb::Post, Authorization::Custom),
    ] {
        let method = tree.method(resource, verb).unwrap();
        assert_eq!((method.authorization, method.api_key_required), (Some(authorization), false), "{resource}");
    }
    // What the export does not say the routes do.
    let snapshot = &api.deployments["dep2"].tree;
    assert_eq!(snapshot.method("/pets/{id}", Verb::Get).unwrap().authorization, Some(Authorization::Jwt));
    assert_eq!(snapshot.method("/old", Verb::Get).unwrap().authorization, Some(Authorization::None));
    let export = &script.asked("/v2/apis/h1h1h1h1h1/exports/OAS30");
    assert_eq!(export.len(), 1, "each deployment once");
    assert_eq!((&*export[0].query["stageName"], &*export[0].query["includeExtensions"]), ("stuck", "true"));
    let socket = &inventory.apis[2];
    assert_eq!((socket.stages.len(), socket.deployments.len(), &socket.edited), (1, 0, &None));
    assert!(script.asked("/v2/apis/w1/routes").is_empty(), "its routes are of messages");
    assert_eq!((count(&plane, Operation::GetApis), count(&plane, Operation::GetRoutes)), (2, 2));
    assert_eq!(Inventory::from_json(&serde_json::to_string(&inventory).unwrap()).unwrap(), inventory);
}

#[tokio::test]
async fn an_endpoint_without_http_apis_is_no_gap() {
    for lacks in [
        || Answer::Error(501, "InternalFailure", "not implemented"),
        || Answer::Error(404, "UnknownOperationException", "unknown path"),
        || Answer::Raw(404, vec![("content-type", "text/html")], "<html>no such page</html>".to_owned()),
        || Answer::Raw(200, vec![], "<html>hello</html>".to_owned()),
    ] {
        let script = Script::start(move |asked| match asked.path.as_str() {
            path if path.starts_with("/v2/") => lacks(),
            path => answer(path, None),
        })
        .await;
        let inventory = sweep(&script).await;
        assert_eq!((inventory.apis.len(), inventory.gaps.len()), (1, 0), "{:?}", inventory.gaps);
    }
}

/// The place and the reason of each gap.
async fn gaps(wrong: &'static str) -> (Inventory, Vec<String>) {
    let script = Script::start(move |asked| {
        let token = asked.query.get("nextToken").map(String::as_str);
        if asked.path == wrong { Answer::Error(403, "AccessDeniedException", "no") } else { answer(&asked.path, token) }
    })
    .await;
    let inventory = sweep(&script).await;
    let gaps = inventory.gaps.iter().map(|gap| format!("{}: {}", gap.place, gap.reason)).collect();
    (inventory, gaps)
}

#[tokio::test]
async fn what_cannot_be_read_of_http_apis_is_a_gap() {
    let denied = |call: &str| format!("{call} is not allowed; grant apigateway:GET: 403 AccessDeniedException, no");
    let (inventory, found) = gaps("/v2/apis").await;
    assert_eq!(found, [format!("list of HTTP and WebSocket APIs: {}", denied("GetApis"))]);
    assert_eq!(inventory.apis.len(), 1, "the REST API is there");

    let (inventory, found) = gaps("/v2/apis/h1h1h1h1h1/stages").await;
    assert_eq!(found, [format!("api {H} (name of {H}): {}", denied("GetStages"))]);
    assert!(inventory.apis[1].stages.is_empty());

    let (inventory, found) = gaps("/v2/apis/h1h1h1h1h1/routes").await;
    assert_eq!(found, [format!("api {H} (name of {H}) routes: {}", denied("GetRoutes"))]);
    let deployments = &inventory.apis[1].deployments;
    assert_eq!(deployments.keys().collect::<Vec<_>>(), ["dep2"], "the export needs no routes");

    let (inventory, found) = gaps("/v2/apis/h1h1h1h1h1/exports/OAS30").await;
    let stand_in = "the API's routes stand in, and what is deployed may differ";
    let reason = format!("deployment dep2: {}; {stand_in}", denied("ExportApi"));
    assert_eq!(found, [format!("api {H} (name of {H}) stage stuck: {reason}")]);
    assert_eq!(inventory.apis[1].deployments["dep2"].source, TreeSource::Edited);
}

#[tokio::test]
async fn an_endpoint_that_cannot_export_has_the_routes_stand_in() {
    for (status, code) in [(501, "InternalFailure"), (404, "NotFoundException"), (500, "InternalError")] {
        let script = Script::start(move |asked| {
            let token = asked.query.get("nextToken").map(String::as_str);
            if asked.path.contains("/exports/") {
                Answer::Error(status, code, "no")
            } else {
                answer(&asked.path, token)
            }
        })
        .await;
        let inventory = sweep(&script).await;
        assert_eq!(inventory.gaps, [], "{status}");
        assert_eq!(routes(&inventory.apis[1], "manual").0, TreeSource::Edited, "{status}");
        assert_eq!(script.asked("/v2/apis/h1h1h1h1h1/exports/OAS30").len(), 1, "{status}: asked once for a deployment");
    }
}

#[tokio::test]
async fn one_http_api_is_found_by_its_id_and_behind_its_domain() {
    let script = Script::start(|asked| {
        let token = asked.query.get("nextToken").map(String::as_str);
        match asked.path.as_str() {
            "/domainnames/api.example.com" => Answer::Json(json!({"domainName": "api.example.com"})),
            "/v2/domainnames/api.example.com/apimappings" => Answer::Json(json!({"items": [
                {"apiId": H, "stage": "$default", "apiMappingKey": "v2"}, {"apiId": "gone", "stage": "prod", "apiMappingKey": "x"},
            ]})),
            path if path.starts_with("/restapis/") => NOT_FOUND,
            path => answer(path, token),
        }
    })
    .await;
    let plane = script.plane();
    let one = discover(&plane, &Wanted::Api(H.to_owned()), 0, None).await.unwrap();
    assert_eq!((one.apis[0].protocol, one.apis[0].stages.len(), one.gaps.len()), (Protocol::Http, 5, 0));
    let domain = discover(&plane, &Wanted::Domain("api.example.com".to_owned()), 0, None).await.unwrap();
    assert_eq!(domain.apis.iter().map(|api| &*api.id).collect::<Vec<_>>(), [H]);
    assert_eq!((domain.domains[0].mappings.len(), domain.gaps.len()), (2, 0));
    let none = discover(&plane, &Wanted::Api("nowhere".to_owned()), 0, None).await.unwrap_err();
    assert!(matches!(none, DiscoverError::ApiNotFound { .. }), "{none:?}");
}

#[tokio::test]
async fn the_scope_and_a_deleted_api_leave_out_http_apis() {
    let script = Script::start(|asked| answer(&asked.path, asked.query.get("nextToken").map(String::as_str))).await;
    let scope = super::sweep::scope(&["h1*", "w1"], &["manual"]);
    let inventory = discover(&script.plane(), &scope, 0, None).await.unwrap();
    let api = &inventory.apis[0];
    assert_eq!((inventory.apis.len(), api.stages.len(), api.deployments.len()), (1, 1, 1));

    let script = Script::start(|asked| match asked.path.as_str() {
        "/v2/apis" => Answer::Json(json!({"items": [listed("gone", "HTTP")]})),
        path if path.starts_with("/v2/apis/gone") => NOT_FOUND,
        path => answer(path, None),
    })
    .await;
    let inventory = sweep(&script).await;
    assert_eq!((inventory.apis.len(), inventory.gaps.len()), (1, 0));
}

/// Whether each stage is still served as it was read, where the second look at the API is answered like this.
async fn serves(again: fn(&str) -> Option<Answer>) -> Vec<(String, Result<bool, String>)> {
    let late = Arc::new(AtomicBool::new(false));
    let turned = Arc::clone(&late);
    let script = Script::start(move |asked| {
        let own = again(&asked.path).filter(|_| turned.load(Ordering::SeqCst));
        own.unwrap_or_else(|| guarded(&asked.path))
    })
    .await;
    let plane = script.plane();
    let inventory = discover(&plane, &Wanted::Everything(Scope::default()), 0, None).await.unwrap();
    assert_eq!(inventory.gaps, []);
    late.store(true, Ordering::SeqCst);
    let api = &inventory.apis[0];
    let mut found = Vec::new();
    for stage in &api.stages {
        found.push((stage.name.clone(), serves_still(&plane, api, stage, None).await));
    }
    found
}

fn guarded_stage(name: &str) -> Value {
    let updated = "2026-01-01T00:00:00Z";
    match name {
        "named" => json!({"stageName": name, "autoDeploy": true, "deploymentId": "d1", "lastUpdatedDate": updated}),
        "unnamed" => json!({"stageName": name, "autoDeploy": true, "lastUpdatedDate": updated}),
        _ => json!({"stageName": name, "deploymentId": "d2", "lastUpdatedDate": updated}),
    }
}

fn guarded_export(jwt: &str, iam: &str) -> Value {
    json!({"openapi": "3.0.1", "paths": {
        "/pets": {"post": {"security": [{jwt: []}]}}, "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": true}},
        "/orders": {"delete": {"x-amazon-apigateway-auth": {"type": iam}}},
    }, "components": {"securitySchemes": {
        "jwt": {"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "jwt"}},
        "lambda": {"type": "apiKey", "name": "x", "in": "header", "x-amazon-apigateway-authorizer": {"type": "request"}},
    }}})
}

/// An HTTP API whose export, of any stage, says what its routes say.
fn guarded(path: &str) -> Answer {
    match path.strip_prefix("/v2/apis/h1h1h1h1h1") {
        Some("/stages") => {
            let stages = ["named", "unnamed", "manual"].map(guarded_stage);
            Answer::Json(json!({"items": stages}))
        }
        Some("/routes") => Answer::Json(json!({"items": [
            route("POST /pets", "JWT"), route("DELETE /orders", "AWS_IAM"), route("$default", "NONE"),
        ]})),
        Some("/exports/OAS30") => Answer::Json(guarded_export("jwt", "AWS_IAM")),
        Some(path) => path.strip_prefix("/stages/").map_or(NOT_FOUND, |name| Answer::Json(guarded_stage(name))),
        None if path == "/v2/apis" => Answer::Json(json!({"items": [listed(H, "HTTP")]})),
        None => nothing(),
    }
}

const EXPORT: &str = "/v2/apis/h1h1h1h1h1/exports/OAS30";
const ROUTES: &str = "/v2/apis/h1h1h1h1h1/routes";

fn at(path: &str, wanted: &str, answer: impl FnOnce() -> Answer) -> Option<Answer> {
    (path == wanted).then(answer)
}

fn changed(path: &str, key: &str, value: &str) -> Option<Answer> {
    let mut stage = guarded_stage(path.strip_prefix("/v2/apis/h1h1h1h1h1/stages/")?);
    stage[key] = json!(value);
    Some(Answer::Json(stage))
}

fn no_export(path: &str) -> Option<Answer> {
    at(path, EXPORT, || Answer::Error(501, "InternalFailure", "not implemented"))
}

#[tokio::test]
async fn a_stage_that_deploys_by_itself_is_compared_with_what_it_serves() {
    let of = |results: [Result<bool, &str>; 3]| -> Vec<(String, Result<bool, String>)> {
        let names = ["named", "unnamed", "manual"].map(str::to_owned);
        names.into_iter().zip(results.map(|result| result.map_err(str::to_owned))).collect()
    };
    assert_eq!(serves(|_| None).await, of([Ok(true), Ok(true), Ok(true)]), "nothing changed");
    // Another deployment, or one where there was no name for any.
    let found = serves(|path| changed(path, "deploymentId", "d3")).await;
    assert_eq!(found, of([Ok(false), Ok(false), Ok(false)]));
    // Changed since: what deploys by itself may serve other routes; of another the deployment tells.
    let found = serves(|path| changed(path, "lastUpdatedDate", "2026-01-01T00:00:01Z")).await;
    assert_eq!(found, of([Ok(false), Ok(false), Ok(true)]));
    // The deployment failed: it serves what it did before, and nobody knows what that is.
    let found = serves(|path| changed(path, "lastDeploymentStatusMessage", "Deployment attempt failed: x")).await;
    assert_eq!(found[1], ("unnamed".to_owned(), Ok(false)));
    // The editor is ahead of what is deployed: a token is demanded there alone, or another authorizer decides.
    let behind =
        "its export has other routes than were read, or other demands: what is edited is not deployed, or not yet";
    for found in [
        serves(|path| at(path, EXPORT, || Answer::Json(guarded_export("none", "AWS_IAM")))).await,
        serves(|path| at(path, EXPORT, || Answer::Json(guarded_export("lambda", "AWS_IAM")))).await,
        serves(|path| at(path, EXPORT, || Answer::Json(guarded_export("jwt", "NONE")))).await,
        serves(|path| {
            at(path, EXPORT, || {
                let mut export = guarded_export("jwt", "AWS_IAM");
                export["paths"]["/{id}"] = json!({"post": {}});
                Answer::Json(export)
            })
        })
        .await,
        serves(|path| {
            at(path, EXPORT, || {
                let mut export = guarded_export("jwt", "AWS_IAM");
                export["paths"]["/orders"] = json!({"put": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}});
                Answer::Json(export)
            })
        })
        .await,
    ] {
        assert_eq!(found, of([Err(behind), Err(behind), Err(behind)]));
    }
    // Where the endpoint cannot export, and is not AWS's own, the routes are read again.
    assert_eq!(serves(no_export).await, of([Ok(true), Ok(true), Ok(true)]));
    let other = |path: &str| {
        no_export(path).or_else(|| at(path, ROUTES, || Answer::Json(json!({"items": [route("POST /pets", "NONE")]}))))
    };
    assert_eq!(serves(other).await, of([Ok(false), Ok(false), Ok(true)]));
    let denied = serves(|path| at(path, EXPORT, || Answer::Error(403, "AccessDeniedException", "no"))).await;
    assert!(
        denied.iter().all(|(_, found)| found.as_ref().is_err_and(|error| error.starts_with("ExportApi"))),
        "{denied:?}"
    );
}
