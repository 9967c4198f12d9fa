//! Where the deployed tree comes from when there is no API summary.

use serde_json::{Value, json};

use super::script::{Answer, Script, apis, count, nothing, stages};
use crate::config::Scope;
use crate::discover::{Operation, Wanted, discover};
use crate::gateway::{Authorization, Inventory, TreeSource, Verb};

const STAGES: &str = "/restapis/a/stages";
const DEPLOYMENT: &str = "/restapis/a/deployments/d1";
const EXPORT: &str = "/restapis/a/stages/prod/exports/oas30";
const RESOURCES: &str = "/restapis/a/resources";

/// What a server with this deployment, this export and these resources is read as.
async fn read(
    deployment: impl Fn() -> Answer + Send + Sync + 'static,
    export: impl Fn() -> Answer + Send + Sync + 'static,
    resources: impl Fn() -> Answer + Send + Sync + 'static,
) -> (Inventory, Script) {
    let script = Script::start(move |asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        STAGES => stages(&[("prod", "d1")]),
        DEPLOYMENT => deployment(),
        EXPORT => export(),
        RESOURCES => resources(),
        _ => nothing(),
    })
    .await;
    let plane = script.plane();
    let inventory = discover(&plane, &Wanted::Everything(Scope::default()), 0, None).await.unwrap();
    assert!(count(&plane, Operation::GetResources) <= 3);
    (inventory, script)
}

fn no_summary() -> Answer {
    Answer::Json(json!({"id": "d1", "createdDate": 1_780_000_000}))
}

fn export() -> Answer {
    Answer::Json(json!({"openapi": "3.0.1", "paths": {
        "/exported": {"get": {"security": [{"api_key": []}]}, "x-amazon-apigateway-any-method": {}},
        "/iam": {"get": {}},
    }, "components": {"securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}}}))
}

fn resources() -> Answer {
    Answer::Json(json!({"item": [
        {"path": "/edited", "resourceMethods": {"GET": {"authorizationType": "NONE"}}},
        {"path": "/iam", "resourceMethods": {"GET": {"authorizationType": "AWS_IAM", "apiKeyRequired": true}}},
        {"path": "/exported", "resourceMethods": {"GET": {"authorizationType": "CUSTOM", "apiKeyRequired": false}}},
    ]}))
}

fn denied() -> Answer {
    Answer::Error(403, "AccessDeniedException", "no")
}

fn failing() -> Answer {
    Answer::Error(500, "InternalError", "One or more HTTP methods are invalid: any")
}

fn source(inventory: &Inventory) -> Option<TreeSource> {
    inventory.apis[0].deployments.get("d1").map(|deployment| deployment.source)
}

fn reasons(inventory: &Inventory) -> Vec<&str> {
    inventory.gaps.iter().map(|gap| gap.reason.as_str()).collect()
}

#[tokio::test]
async fn no_summary_means_the_export() {
    for empty in [Value::Null, json!({})] {
        let (inventory, script) = read(
            move || Answer::Json(json!({"id": "d1", "createdDate": 1_780_000_000, "apiSummary": empty.clone()})),
            export,
            resources,
        )
        .await;
        let deployment = &inventory.apis[0].deployments["d1"];
        assert_eq!((deployment.source, deployment.created_at), (TreeSource::Export, Some(1_780_000_000)));
        let method = |path, verb| deployment.tree.method(path, verb).unwrap();
        let exported = method("/exported", Verb::Get);
        assert!(exported.api_key_required, "the export says so, whatever the editor does");
        assert_eq!(exported.authorization, Some(Authorization::Custom), "the export does not say, the editor does");
        assert_eq!(method("/exported", Verb::Any).authorization, Some(Authorization::None));
        // LocalStack's export says nothing of either.
        let iam = method("/iam", Verb::Get);
        assert_eq!((iam.authorization, iam.api_key_required), (Some(Authorization::AwsIam), true));
        assert_eq!(reasons(&inventory), [""; 0]);
        let query = &script.asked(EXPORT)[0].query;
        assert_eq!(query["extensions"], "apigateway");
    }
}

#[tokio::test]
async fn no_summary_and_no_export_means_the_edited_tree() {
    for export in
        [failing, || Answer::Error(501, "InternalFailure", "no"), || Answer::Raw(200, vec![], "<html>".into())]
    {
        let (inventory, script) = read(no_summary, export, resources).await;
        assert_eq!(source(&inventory), Some(TreeSource::Edited));
        assert_eq!(script.asked(EXPORT).len(), 1, "an export that cannot be had is not asked for again");
        assert_eq!(Some(&inventory.apis[0].deployments["d1"].tree), inventory.apis[0].edited.as_ref());
        assert_eq!(reasons(&inventory), [""; 0], "the source says it");
    }
}

#[tokio::test]
async fn a_refused_or_throttled_export_is_told() {
    let (inventory, _) = read(no_summary, denied, resources).await;
    assert_eq!(source(&inventory), Some(TreeSource::Edited));
    let reason = "deployment d1: GetExport is not allowed; grant apigateway:GET: 403 AccessDeniedException, no; \
                  the edited tree stands in, and what is deployed may differ";
    assert_eq!(reasons(&inventory), [reason]);
    let throttled = || Answer::Error(429, "TooManyRequestsException", "slow");
    let (inventory, _) = read(no_summary, throttled, resources).await;
    assert_eq!(source(&inventory), Some(TreeSource::Edited));
    assert!(reasons(&inventory)[0].contains("GetExport was throttled 3 times"), "{:?}", inventory.gaps);
}

#[tokio::test]
async fn nothing_at_all_is_a_gap_and_no_deployment() {
    let (inventory, _) = read(no_summary, failing, denied).await;
    assert_eq!(source(&inventory), None);
    let expected = [
        "deployment d1: the endpoint gave no summary and no export of it, and the edited tree could not be read",
        "GetResources is not allowed; grant apigateway:GET: 403 AccessDeniedException, no",
    ];
    assert_eq!(reasons(&inventory), expected);
}

#[tokio::test]
async fn a_deployment_that_is_refused_is_read_from_the_export_and_told() {
    let (inventory, _) = read(denied, export, resources).await;
    assert_eq!(source(&inventory), Some(TreeSource::Export));
    let reason = "deployment d1: GetDeployment is not allowed; grant apigateway:GET: 403 AccessDeniedException, no; \
                  its methods are taken from the stage's export";
    assert_eq!(reasons(&inventory), [reason]);
}

#[tokio::test]
async fn a_deployment_that_failed_is_never_read_from_the_edited_tree() {
    for deployment in [denied, failing, || Answer::Error(429, "TooManyRequestsException", "slow")] {
        let (inventory, _) = read(deployment, failing, resources).await;
        assert_eq!(source(&inventory), None);
        assert_eq!(inventory.gaps.len(), 1, "{:?}", inventory.gaps);
        assert!(inventory.gaps[0].reason.starts_with("deployment d1: GetDeployment "), "{:?}", inventory.gaps);
        assert!(inventory.apis[0].edited.is_some());
    }
}

#[tokio::test]
async fn a_throttled_or_missing_deployment_is_not_asked_for_elsewhere() {
    let missing = || Answer::Error(404, "NotFoundException", "Invalid Deployment identifier specified");
    for deployment in [missing, || Answer::Error(429, "TooManyRequestsException", "slow")] {
        let (inventory, script) = read(deployment, export, resources).await;
        assert_eq!((source(&inventory), inventory.gaps.len()), (None, 1));
        assert!(script.asked(EXPORT).is_empty(), "it would only add to the load, or be of another deployment");
    }
}

#[tokio::test]
async fn an_empty_deployment_stays_empty() {
    let empty = || Answer::Json(json!({"id": "d1", "apiSummary": {}}));
    let no_paths = || Answer::Json(json!({"openapi": "3.0.1", "paths": {}}));
    let (inventory, _) = read(empty, no_paths, nothing).await;
    assert_eq!(source(&inventory), Some(TreeSource::ApiSummary));
    let (inventory, _) = read(empty, failing, nothing).await;
    assert_eq!(source(&inventory), Some(TreeSource::ApiSummary));
}

#[tokio::test]
async fn a_canary_has_no_export_of_its_own() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        STAGES => Answer::Json(json!({"item": [{"stageName": "prod", "deploymentId": "d1",
            "canarySettings": {"deploymentId": "d2", "percentTraffic": 5.0}}]})),
        "/restapis/a/deployments/d2" | DEPLOYMENT => no_summary(),
        EXPORT => export(),
        RESOURCES => resources(),
        _ => nothing(),
    })
    .await;
    let plane = script.plane();
    let inventory = discover(&plane, &Wanted::Everything(Scope::default()), 0, None).await.unwrap();
    assert_eq!(count(&plane, Operation::GetExport), 1);
    let sources: Vec<_> = inventory.apis[0].deployments.values().map(|deployment| deployment.source).collect();
    assert_eq!(sources, [TreeSource::Export, TreeSource::Edited]);
}

#[tokio::test]
async fn an_export_that_is_none_leaves_the_summary_alone() {
    let summary = || super::script::deployment("d1", "/x");
    let cases = [
        (
            Answer::Raw(200, vec![], "<html>".into()),
            "GetExport: the document is no JSON (expected value at line 1 column 1)",
        ),
        (Answer::Raw(200, vec![], "{}".into()), "GetExport: the document has no `paths`"),
        (Answer::Raw(200, vec![], " ".repeat((16 << 20) + 1)), "GetExport: the document has 16777217 bytes"),
        (
            Answer::Error(501, "InternalFailure", "not implemented"),
            "the endpoint has no GetExport: 501 InternalFailure",
        ),
        (Answer::Error(409, "ConflictException", "busy"), "GetExport was refused: 409 ConflictException, busy"),
    ];
    for (answer, reason) in cases {
        let answer = std::sync::Mutex::new(Some(answer));
        let (inventory, _) =
            read(summary, move || answer.lock().unwrap().take().unwrap_or_else(failing), resources).await;
        assert_eq!(source(&inventory), Some(TreeSource::ApiSummary));
        let deployment = &inventory.apis[0].deployments["d1"];
        let why = deployment.undescribed.as_deref().unwrap();
        assert!(why.starts_with(reason) && !why.contains('\n'), "{why}");
        assert_eq!((deployment.tree.len(), reasons(&inventory)), (1, vec![]));
    }
}
