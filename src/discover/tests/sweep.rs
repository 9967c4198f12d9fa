//! A whole sweep: paging, deployments read once, what is deleted or broken in the middle, the deadline.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::script::{Answer, NOT_FOUND, Script, apis, config, count, deployment, fast, nothing, stages};
use crate::config::Scope;
use crate::discover::{ControlPlane, DiscoverError, Limits, Operation, Wanted, discover};
use crate::gateway::{Authorization, Gap, Inventory, TreeSource, Verb};

pub(super) fn scope(apis: &[&str], stages: &[&str]) -> Wanted {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    Wanted::Everything(Scope::new(&owned(apis), &owned(stages)).unwrap())
}

async fn sweep(plane: &ControlPlane) -> Inventory {
    discover(plane, &scope(&[], &[]), 0, None).await.unwrap()
}

fn ids(inventory: &Inventory) -> Vec<&str> {
    inventory.apis.iter().map(|api| api.id.as_str()).collect()
}

fn gaps(inventory: &Inventory) -> Vec<(&str, &str)> {
    inventory.gaps.iter().map(|Gap { place, reason }| (place.as_str(), reason.as_str())).collect()
}

#[tokio::test]
async fn a_whole_api() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => Answer::Json(json!({"item": [{
            "id": "a1b2c3d4e5", "name": "orders", "endpointConfiguration": {"types": ["EDGE"]},
            "disableExecuteApiEndpoint": true,
        }]})),
        "/restapis/a1b2c3d4e5/stages" => Answer::Json(json!({"item": [
            {"stageName": "dev", "deploymentId": "d1", "webAclArn": ""},
            {"stageName": "prod", "deploymentId": "d1", "lastUpdatedDate": 1_790_000_000, "webAclArn": "arn:aws:wafv2:x",
             "canarySettings": {"deploymentId": "d2", "percentTraffic": 12.5}},
            {"stageName": "bare"},
            {"stageName": "idle", "deploymentId": "", "canarySettings": {"percentTraffic": 0.0}},
        ]})),
        "/restapis/a1b2c3d4e5/deployments/d1" => Answer::Json(json!({"id": "d1", "createdDate": 1_780_000_000, "apiSummary": {
            "/": {}, "/files/{proxy+}": {"ANY": {"authorizationType": "AWS_IAM", "apiKeyRequired": true}},
            "/orders": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}, "TRACE": {}},
        }})),
        "/restapis/a1b2c3d4e5/deployments/d2" => deployment("d2", "/new"),
        "/restapis/a1b2c3d4e5/gatewayresponses" => Answer::Json(json!({"item": [
            {"responseType": "THROTTLED", "statusCode": "429", "defaultResponse": true},
            {"responseType": "MISSING_AUTHENTICATION_TOKEN", "statusCode": "404", "defaultResponse": false,
             "responseTemplates": {"application/json": "{}"}},
            {"responseType": "DEFAULT_4XX", "defaultResponse": false},
        ]})),
        "/restapis/a1b2c3d4e5/resources" => Answer::Json(json!({"item": [
            {"id": "r", "path": "/", "pathPart": ""},
            {"id": "s", "path": "/edited", "resourceMethods": {"POST": {"authorizationType": "CUSTOM", "apiKeyRequired": true}}},
        ]})),
        _ => nothing(),
    })
    .await;
    let plane = script.plane();
    let inventory = sweep(&plane).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&inventory).unwrap());
    assert_eq!(count(&plane, Operation::GetDeployment), 2, "two distinct deployments behind three uses");
    assert_eq!(script.asked("/restapis/a1b2c3d4e5/deployments/d1")[0].query["embed"], "apisummary");
    assert_eq!(script.asked("/restapis/a1b2c3d4e5/resources")[0].query["embed"], "methods");
    assert_eq!(script.asked("/restapis/a1b2c3d4e5/resources")[0].query["limit"], "500");
    // What was printed can be read again.
    assert_eq!(Inventory::from_json(&serde_json::to_string(&inventory).unwrap()).unwrap(), inventory);
}

#[tokio::test]
async fn all_pages_of_the_list_are_read_in_aws_order() {
    let all: Vec<String> = (0..1001).map(|n| format!("api{:04}", (n * 7919) % 1001)).collect();
    let served = all.clone();
    let script = Script::start(move |asked| match asked.path.as_str() {
        "/restapis" => {
            let from: usize = asked.query.get("position").map_or(0, |position| position.parse().unwrap());
            let limit: usize = asked.query["limit"].parse().unwrap();
            let to = (from + limit).min(served.len());
            let items: Vec<_> = served[from..to].iter().map(|id| json!({"id": id, "name": id})).collect();
            match to {
                to if to == served.len() => Answer::Json(json!({"item": items})),
                to => Answer::Json(json!({"item": items, "position": to.to_string()})),
            }
        }
        _ => nothing(),
    })
    .await;
    let plane = ControlPlane::new(&config(&script.url), Limits { edited: false, ..fast() });
    let inventory = sweep(&plane).await;
    assert_eq!(ids(&inventory), all);
    assert_eq!(count(&plane, Operation::GetRestApis), 3, "limit 500");
    assert_eq!(gaps(&inventory), []);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => {
            Answer::Json(json!({"item": [{"id": "a", "name": "n"}, {"id": "b", "name": "n"}], "position": "x"}))
        }
        _ => nothing(),
    })
    .await;
    let plane = script.plane();
    let inventory = sweep(&plane).await;
    assert_eq!(ids(&inventory), ["a", "b"]);
    assert_eq!(count(&plane, Operation::GetRestApis), 2);
    let expected = ("list of APIs", "the endpoint repeats its pages: there may be more than the 2 read");
    assert_eq!(gaps(&inventory), [expected]);
}

#[tokio::test]
async fn a_later_page_that_fails_is_a_gap() {
    let script = Script::start(|asked| match (asked.path.as_str(), asked.query.get("position")) {
        ("/restapis", None) => Answer::Json(json!({"item": [{"id": "a", "name": "n"}], "position": "2"})),
        ("/restapis", Some(_)) => Answer::Error(429, "TooManyRequestsException", "Too Many Requests"),
        _ => nothing(),
    })
    .await;
    let inventory = sweep(&script.plane()).await;
    assert_eq!(ids(&inventory), ["a"]);
    let reason = "only the first 1 were read: GetRestApis was throttled 3 times: 429 TooManyRequestsException, Too Many Requests";
    assert_eq!(gaps(&inventory), [("list of APIs", reason)]);
}

#[tokio::test]
async fn one_broken_api_does_not_hide_the_others() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a", "b", "c"]),
        path if path.starts_with("/restapis/b/") => Answer::Error(500, "InternalError", "boom"),
        path if path.ends_with("/stages") => stages(&[("prod", "d1")]),
        path if path.ends_with("/deployments/d1") => deployment("d1", "/x"),
        _ => nothing(),
    })
    .await;
    let plane = script.plane();
    let inventory = sweep(&plane).await;
    assert_eq!(ids(&inventory), ["a", "b", "c"]);
    assert_eq!(inventory.apis[0].deployments["d1"].tree.len(), 1);
    assert_eq!(inventory.apis[2].deployments["d1"].tree.len(), 1);
    assert!(inventory.apis[1].stages.is_empty());
    let reason = "GetStages failed at the endpoint 3 times: 500 InternalError, boom";
    assert_eq!(gaps(&inventory), [("api b (name of b)", reason)]);
    assert_eq!(count(&plane, Operation::GetStages), 1 + 3 + 1);
}

#[tokio::test]
async fn what_cannot_be_read_of_an_api_is_named_door_by_door() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        "/restapis/a/stages" => Answer::Json(json!({"item": [
            {"stageName": "prod", "deploymentId": "d2"},
            {"stageName": "dev", "deploymentId": "d1", "canarySettings": {"deploymentId": "d2", "percentTraffic": 5.0}},
        ]})),
        "/restapis/a/deployments/d1" => deployment("d1", "/x"),
        path if path.contains("/domainnames") => Answer::Error(403, "AccessDeniedException", "no domains for you"),
        path if path.contains("/deployments/") || path.contains("/stages/") => {
            Answer::Error(403, "AccessDeniedException", "no")
        }
        "/v2/apis" => nothing(),
        _ => Answer::Error(400, "BadRequestException", "no"),
    })
    .await;
    let inventory = sweep(&script.plane()).await;
    let denied = "deployment d2: GetDeployment is not allowed; grant apigateway:GET: 403 AccessDeniedException, no";
    // The stage's export is refused too; its summary was not.
    let export = "deployment d1: GetExport is not allowed; grant apigateway:GET: 403 AccessDeniedException, no; what its \
                  methods' requests look like is not known";
    let expected = [
        ("api a (name of a) stage dev", export),
        ("api a (name of a) stage dev canary", denied),
        ("api a (name of a) stage prod", denied),
        ("api a (name of a) gateway responses", "GetGatewayResponses was refused: 400 BadRequestException, no"),
        ("api a (name of a) edited tree", "GetResources was refused: 400 BadRequestException, no"),
        (
            "custom domains",
            "GetDomainNames is not allowed; grant apigateway:GET: 403 AccessDeniedException, no domains for you",
        ),
    ];
    assert_eq!(gaps(&inventory), expected);
    assert_eq!(inventory.apis[0].deployments.keys().collect::<Vec<_>>(), ["d1"]);
    assert_eq!(inventory.apis[0].edited, None);
}

#[tokio::test]
async fn an_api_deleted_in_mid_sweep_is_left_out() {
    // `a` goes before its stages are read, `b` before its deployment, `c` before its responses, `d` before its resources.
    for victim in ["a", "b", "c", "d"] {
        let script = Script::start(move |asked| {
            let gone_at = match victim {
                "a" => "/restapis/a/stages",
                "b" => "/restapis/b/deployments/d1",
                "c" => "/restapis/c/gatewayresponses",
                _ => "/restapis/d/resources",
            };
            match asked.path.as_str() {
                "/restapis" => apis(&["a", "b", "c", "d"]),
                path if path == gone_at || path == format!("/restapis/{victim}") => NOT_FOUND,
                path if path.ends_with("/stages") => stages(&[("prod", "d1")]),
                path if path.ends_with("/deployments/d1") => deployment("d1", "/x"),
                _ => nothing(),
            }
        })
        .await;
        let plane = script.plane();
        let inventory = sweep(&plane).await;
        let others: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|id| *id != victim).collect();
        assert_eq!(ids(&inventory), others);
        assert_eq!(gaps(&inventory), []);
        assert_eq!(count(&plane, Operation::GetRestApi), 1);
    }
}

#[tokio::test]
async fn an_endpoint_that_lacks_an_operation_does_not_make_apis_disappear() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        "/restapis/a" => Answer::Json(json!({"id": "a", "name": "name of a"})),
        _ => NOT_FOUND,
    })
    .await;
    let inventory = sweep(&script.plane()).await;
    assert_eq!(ids(&inventory), ["a"]);
    assert_eq!(gaps(&inventory)[0].0, "api a (name of a)");
}

#[tokio::test]
async fn a_deployment_replaced_in_mid_sweep_is_a_gap() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        "/restapis/a" => Answer::Json(json!({"id": "a", "name": "name of a"})),
        "/restapis/a/stages" => stages(&[("prod", "d1")]),
        "/restapis/a/deployments/d1" => {
            Answer::Error(404, "NotFoundException", "Invalid Deployment identifier specified")
        }
        _ => nothing(),
    })
    .await;
    let inventory = sweep(&script.plane()).await;
    let reason =
        "deployment d1: GetDeployment found nothing: 404 NotFoundException, Invalid Deployment identifier specified";
    assert_eq!(gaps(&inventory), [("api a (name of a) stage prod", reason)]);
    assert!(inventory.apis[0].deployments.is_empty());
}

#[tokio::test]
async fn the_scope_leaves_out_apis_and_stages() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a", "b", "c", "empty"]),
        "/restapis/a/stages" => stages(&[("dev", "d1"), ("prod", "d2")]),
        "/restapis/c/stages" => stages(&[("dev", "d3")]),
        path if path.contains("/deployments/") => deployment("d", "/x"),
        _ => nothing(),
    })
    .await;
    let plane = script.plane();
    let inventory = discover(&plane, &scope(&["a", "name of c", "empty"], &["prod*"]), 0, None).await.unwrap();
    // `c` has stages and none that is wanted; `empty` has none at all, which somebody should hear of.
    assert_eq!(ids(&inventory), ["a", "empty"]);
    assert_eq!(inventory.apis[0].stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(), ["prod"]);
    assert_eq!(inventory.apis[0].deployments.keys().collect::<Vec<_>>(), ["d2"]);
    assert!(script.asked("/restapis/b/stages").is_empty() && script.asked("/restapis/a/deployments/d1").is_empty());
}

#[tokio::test]
async fn one_api_takes_a_handful_of_calls() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis/a" => Answer::Json(json!({"id": "a", "name": "orders"})),
        "/restapis/a/stages" => stages(&[("dev", "d1"), ("prod", "d1")]),
        "/restapis/a/deployments/d1" => deployment("d1", "/x"),
        _ => nothing(),
    })
    .await;
    let inventory = discover(&script.plane(), &Wanted::Api("a".to_owned()), 0, None).await.unwrap();
    assert_eq!((ids(&inventory), inventory.apis[0].stages.len()), (vec!["a"], 2));
    let tail = ["", "/stages", "/deployments/d1", "/gatewayresponses", "/resources"];
    assert_eq!(script.paths(), tail.map(|tail| format!("/restapis/a{tail}")));
}

#[tokio::test]
async fn without_the_edited_tree_no_resources_are_asked_for() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        "/restapis/a/stages" => stages(&[("prod", "d1")]),
        "/restapis/a/deployments/d1" => deployment("d1", "/x"),
        _ => nothing(),
    })
    .await;
    let plane = ControlPlane::new(&config(&script.url), Limits { edited: false, ..fast() });
    let inventory = sweep(&plane).await;
    assert_eq!(count(&plane, Operation::GetResources), 0);
    assert_eq!((inventory.apis[0].edited.as_ref(), gaps(&inventory)), (None, vec![]));
}

#[tokio::test]
async fn resources_are_paged_and_half_a_tree_is_none() {
    let page = |asked: &super::script::Asked, second: Answer| match asked.query.get("position") {
        None => Answer::Json(json!({"item": [{"path": "/a", "resourceMethods": {"GET": {}}}], "position": "2"})),
        Some(_) => second,
    };
    for broken in [false, true] {
        let script = Script::start(move |asked| match asked.path.as_str() {
            "/restapis" => apis(&["a"]),
            "/restapis/a/resources" if broken => {
                page(asked, Answer::Error(503, "ServiceUnavailableException", "later"))
            }
            "/restapis/a/resources" => {
                page(asked, Answer::Json(json!({"item": [{"path": "/b", "resourceMethods": {"ANY": {}}}]})))
            }
            _ => nothing(),
        })
        .await;
        let inventory = sweep(&script.plane()).await;
        let edited = inventory.apis[0].edited.as_ref();
        assert_eq!(edited.map(crate::gateway::Tree::len), (!broken).then_some(2));
        assert_eq!(inventory.gaps.len(), usize::from(broken), "{:?}", inventory.gaps);
    }
}

#[tokio::test]
async fn at_the_deadline_the_rest_are_gaps() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a", "b", "c", "d", "e", "f"]),
        "/restapis/a/stages" => stages(&[("prod", "d1")]),
        "/restapis/a/deployments/d1" => deployment("d1", "/x"),
        path if path.starts_with("/restapis/a/") => nothing(),
        _ => Answer::Hang,
    })
    .await;
    let plane = script.plane();
    let start = Instant::now();
    let deadline = start + Duration::from_millis(400);
    let inventory = discover(&plane, &scope(&[], &[]), 0, Some(deadline)).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(ids(&inventory), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(inventory.apis[0].deployments["d1"].tree.len(), 1, "what was read stays");
    let late = "not read: out of time";
    let mut expected = vec![("list of HTTP and WebSocket APIs".to_owned(), late)];
    expected.extend(["b", "c", "d", "e", "f"].map(|id| (format!("api {id} (name of {id})"), late)));
    expected.push(("custom domains".to_owned(), late));
    let got: Vec<_> = inventory.gaps.iter().map(|gap| (gap.place.clone(), gap.reason.as_str())).collect();
    assert_eq!(got, expected);
    let calls = plane.calls();
    let passed = discover(&plane, &scope(&[], &[]), 0, Some(start)).await.unwrap_err();
    assert!(matches!(passed, DiscoverError::OutOfTime { .. }), "{passed:?}");
    assert_eq!(plane.calls(), calls, "nothing is asked after the deadline");
}

#[tokio::test]
async fn an_absent_authorization_is_borrowed_from_the_edited_tree() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a"]),
        "/restapis/a/stages" => stages(&[("prod", "d1")]),
        // As MiniStack has it.
        "/restapis/a/deployments/d1" => Answer::Json(json!({"id": "d1", "apiSummary": {
            "/a": {"GET": {"apiKeyRequired": false}, "POST": {"apiKeyRequired": true}},
            "/b": {"ANY": {"apiKeyRequired": false}}, "/stated": {"GET": {"authorizationType": "NONE"}},
        }})),
        "/restapis/a/resources" => Answer::Json(json!({"item": [
            {"path": "/a", "resourceMethods": {"GET": {"authorizationType": "AWS_IAM", "apiKeyRequired": true}}},
            {"path": "/b", "resourceMethods": {"ANY": {"authorizationType": "NONE"}, "GET": {"authorizationType": "CUSTOM"}}},
            {"path": "/stated", "resourceMethods": {"GET": {"authorizationType": "AWS_IAM"}}},
        ]})),
        _ => nothing(),
    })
    .await;
    let inventory = sweep(&script.plane()).await;
    let deployment = &inventory.apis[0].deployments["d1"];
    assert_eq!(deployment.source, TreeSource::ApiSummary);
    let read = |path, verb| {
        let method = deployment.tree.method(path, verb).unwrap();
        (method.authorization, method.api_key_required)
    };
    assert_eq!(read("/a", Verb::Get), (Some(Authorization::AwsIam), false));
    assert_eq!(read("/a", Verb::Post), (None, true));
    assert_eq!(read("/b", Verb::Any), (Some(Authorization::None), false));
    assert_eq!(read("/stated", Verb::Get), (Some(Authorization::None), false));
}

#[test]
fn a_sweep_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let config = config("http://127.0.0.1:9");
    let plane = ControlPlane::new(&config, fast());
    let wanted = scope(&[], &[]);
    is_send(&discover(&plane, &wanted, 0, None));
    is_send(&plane);
}
