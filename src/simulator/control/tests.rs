//! The control plane, asked by the AWS SDK's own clients over a socket.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_apigateway as v1;
use aws_sdk_apigatewayv2 as v2;

use crate::gateway::{Domain, EndpointType, HeaderGlob, RoutingMode, RoutingRule, Verb};
use crate::simulator::{
    Account, Api, Behaviour, Calls, ControlFault, Fault, GatewayResponse, Method, Operation, ResponseType, Simulator,
    Stage, Summary,
};

const REGION: &str = "us-east-1";

struct World {
    simulator: Simulator,
    v1: v1::Client,
    v2: v2::Client,
}

/// The SDK is told not to retry: the tests are about single answers.
async fn start_in(account: Account, region: &'static str) -> World {
    let simulator = Simulator::start(account).await.unwrap();
    let url = simulator.endpoint_url();
    let v1 = v1::Config::builder()
        .behavior_version(v1::config::BehaviorVersion::latest())
        .region(v1::config::Region::new(region))
        .credentials_provider(v1::config::Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(v1::config::retry::RetryConfig::disabled())
        .endpoint_url(&url)
        .build();
    let v2 = v2::Config::builder()
        .behavior_version(v2::config::BehaviorVersion::latest())
        .region(v2::config::Region::new(region))
        .credentials_provider(v2::config::Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(v2::config::retry::RetryConfig::disabled())
        .endpoint_url(&url)
        .build();
    World { simulator, v1: v1::Client::from_conf(v1), v2: v2::Client::from_conf(v2) }
}

async fn start(account: Account) -> World {
    start_in(account, REGION).await
}

fn orders() -> Api {
    Api::new("a1b2c3d4e5", "orders")
        .gateway_response(
            GatewayResponse::new(ResponseType::MissingAuthenticationToken)
                .status(404)
                .header("X-A", "'b'")
                .body(r#"{"error":"no"}"#),
        )
        .deploy("old", |t| t.get("/orders", Behaviour::Mock))
        .deploy("new", |t| {
            t.post("/orders", Method::mock().api_key().requires_body(&["name"]))
                .get("/orders/{id}", Method::mock().iam().requires_query("q").requires_header("X-H"))
                .any("/files/{proxy+}", Method::mock().custom())
                .get("/me", Method::mock().cognito().api_key())
        })
        .with_stage(
            Stage::new("prod", "old").canary("new", 12.5).web_acl("arn:aws:wafv2:acl", false).updated_at(1_800_000_000),
        )
        .stage("dev", "new")
        .edit(|t| t.put("/a/b/c", Behaviour::lambda(200, "{}")))
}

#[tokio::test]
async fn rest_apis_are_listed_by_pages() {
    let mut account = Account::new(REGION);
    for number in 0..60 {
        account = account.api(Api::new(&format!("api{number:07}"), "many"));
    }
    account.apis[3].endpoint = EndpointType::Private;
    account.apis[4].default_endpoint_disabled = true;
    let world = start(account).await;
    let first = world.v1.get_rest_apis().send().await.unwrap();
    assert_eq!(first.items().len(), 25, "the default page");
    let mut found = Vec::new();
    let mut pages = world.v1.get_rest_apis().limit(20).into_paginator().send();
    while let Some(page) = pages.next().await {
        found.extend(page.unwrap().items.unwrap_or_default());
    }
    let ids: BTreeSet<_> = found.iter().filter_map(v1::types::RestApi::id).collect();
    assert_eq!((found.len(), ids.len()), (60, 60));
    let types = |index: usize| found[index].endpoint_configuration().unwrap().types()[0].as_str().to_owned();
    assert_eq!((types(2).as_str(), types(3).as_str()), ("REGIONAL", "PRIVATE"));
    assert!(found[4].disable_execute_api_endpoint() && !found[5].disable_execute_api_endpoint());
    assert_eq!(world.simulator.calls().count(Operation::GetRestApis), 1 + 3);

    let one = world.v1.get_rest_api().rest_api_id("api0000007").send().await.unwrap();
    assert_eq!(one.id(), Some("api0000007"));
    let wrong = world.v1.get_rest_apis().position("nonsense").send().await.unwrap_err();
    assert!(wrong.into_service_error().is_bad_request_exception());
}

#[tokio::test]
async fn stages_with_canaries_and_acls() {
    let world = start(Account::new(REGION).api(orders())).await;
    let stages = world.v1.get_stages().rest_api_id("a1b2c3d4e5").send().await.unwrap();
    let names: Vec<_> = stages.item().iter().filter_map(|stage| stage.stage_name()).collect();
    assert_eq!(names, ["prod", "dev"]);
    let prod = &stages.item()[0];
    assert_eq!(prod.deployment_id(), Some("old"));
    assert_eq!(prod.web_acl_arn(), Some("arn:aws:wafv2:acl"));
    assert_eq!(prod.last_updated_date().unwrap().secs(), 1_800_000_000);
    let canary = prod.canary_settings().unwrap();
    assert_eq!(canary.deployment_id(), Some("new"));
    assert!((canary.percent_traffic() - 12.5).abs() < f64::EPSILON);
    assert!(stages.item()[1].canary_settings().is_none());

    let only = world.v1.get_stages().rest_api_id("a1b2c3d4e5").deployment_id("new").send().await.unwrap();
    assert_eq!(only.item().len(), 1);
    let dev = world.v1.get_stage().rest_api_id("a1b2c3d4e5").stage_name("dev").send().await.unwrap();
    assert_eq!(dev.deployment_id(), Some("new"));
    let missing = world.v1.get_stage().rest_api_id("a1b2c3d4e5").stage_name("prd").send().await.unwrap_err();
    let missing = missing.into_service_error();
    assert!(missing.is_not_found_exception());
    assert_eq!(missing.meta().message(), Some("Invalid stage identifier specified"));
}

#[tokio::test]
async fn a_deployment_shows_its_snapshot_where_asked() {
    let world = start(Account::new(REGION).api(orders())).await;
    let get = || world.v1.get_deployment().rest_api_id("a1b2c3d4e5").deployment_id("new");
    assert!(get().send().await.unwrap().api_summary().is_none(), "only with embed=apisummary");
    let summary = get().embed("apisummary").send().await.unwrap().api_summary.unwrap();
    let of = |path: &str, verb: &str| {
        let snapshot = &summary[path][verb];
        (snapshot.authorization_type().unwrap_or("-").to_owned(), snapshot.api_key_required())
    };
    assert_eq!(summary.len(), 4);
    assert_eq!(of("/orders", "GET"), ("NONE".to_owned(), false));
    assert_eq!(of("/orders", "POST"), ("NONE".to_owned(), true));
    assert_eq!(of("/orders/{id}", "GET"), ("AWS_IAM".to_owned(), false));
    assert_eq!(of("/files/{proxy+}", "ANY"), ("CUSTOM".to_owned(), false));
    assert_eq!(of("/me", "GET"), ("COGNITO_USER_POOLS".to_owned(), true));

    let all = world.v1.get_deployments().rest_api_id("a1b2c3d4e5").send().await.unwrap();
    let ids: Vec<_> = all.items().iter().filter_map(|deployment| deployment.id()).collect();
    assert_eq!(ids, ["new", "old"]);

    world.simulator.account_mut(|account| account.apis[0].summary = Summary::Absent);
    assert!(get().embed("apisummary").send().await.unwrap().api_summary().is_none());
    world.simulator.account_mut(|account| account.apis[0].summary = Summary::WithoutAuthorization);
    let terse = get().embed("apisummary").send().await.unwrap().api_summary.unwrap();
    assert!(terse["/me"]["GET"].authorization_type().is_none() && terse["/me"]["GET"].api_key_required());

    let gone = world.v1.get_deployment().rest_api_id("a1b2c3d4e5").deployment_id("none").send().await.unwrap_err();
    assert!(gone.into_service_error().is_not_found_exception());
}

#[tokio::test]
async fn resources_are_the_edited_tree_with_its_inner_nodes() {
    let world = start(Account::new(REGION).api(orders())).await;
    let mut found = Vec::new();
    let request = world.v1.get_resources().rest_api_id("a1b2c3d4e5").embed("methods").limit(3);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        found.extend(page.unwrap().items.unwrap_or_default());
    }
    let paths: Vec<_> = found.iter().filter_map(|resource| resource.path()).collect();
    assert_eq!(paths, ["/", "/a", "/a/b", "/a/b/c", "/files", "/files/{proxy+}", "/me", "/orders", "/orders/{id}"]);
    let by_path = |path: &str| found.iter().find(|resource| resource.path() == Some(path)).unwrap();
    assert_eq!(by_path("/a/b").parent_id(), by_path("/a").id());
    assert_eq!(by_path("/a").parent_id(), by_path("/").id());
    assert_eq!(by_path("/files/{proxy+}").path_part(), Some("{proxy+}"));
    assert!(by_path("/").parent_id().is_none() && by_path("/a").resource_methods().is_none());
    let get = &by_path("/orders/{id}").resource_methods().unwrap()["GET"];
    assert_eq!(get.authorization_type(), Some("AWS_IAM"));
    assert!(get.request_parameters().unwrap()["method.request.querystring.q"]);
    let put = &by_path("/a/b/c").resource_methods().unwrap()["PUT"];
    assert_eq!(put.method_integration().unwrap().r#type().unwrap().as_str(), "AWS_PROXY");

    let plain = world.v1.get_resources().rest_api_id("a1b2c3d4e5").send().await.unwrap();
    let get = plain.items().iter().find(|resource| resource.path() == Some("/me")).unwrap();
    assert!(get.resource_methods().unwrap()["GET"].authorization_type().is_none(), "details only when embedded");
}

#[tokio::test]
async fn gateway_responses_are_all_21() {
    let world = start(Account::new(REGION).api(orders())).await;
    let found = world.v1.get_gateway_responses().rest_api_id("a1b2c3d4e5").send().await.unwrap();
    assert_eq!(found.items().len(), 21);
    let of = |kind: &str| {
        found.items().iter().find(|r| r.response_type().is_some_and(|found| found.as_str() == kind)).unwrap()
    };
    let custom = of("MISSING_AUTHENTICATION_TOKEN");
    assert!(!custom.default_response());
    assert_eq!(custom.status_code(), Some("404"));
    assert_eq!(custom.response_templates().unwrap()["application/json"], r#"{"error":"no"}"#);
    assert_eq!(custom.response_parameters().unwrap()["gatewayresponse.header.X-A"], "'b'");
    let default = of("DEFAULT_4XX");
    assert!(default.default_response() && default.status_code().is_none());
    let unknown: Vec<_> = found
        .items()
        .iter()
        .filter_map(|r| r.response_type())
        .filter(|kind| !v1::types::GatewayResponseType::values().contains(&kind.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[tokio::test]
async fn an_export_is_the_deployed_tree() {
    let world = start(Account::new(REGION).api(orders())).await;
    let export = |stage: &str| {
        world
            .v1
            .get_export()
            .rest_api_id("a1b2c3d4e5")
            .stage_name(stage)
            .export_type("oas30")
            .accepts("application/json")
    };
    let answer = export("dev").parameters("extensions", "apigateway").send().await.unwrap();
    assert_eq!(answer.content_type(), Some("application/octet-stream"));
    assert_eq!(answer.content_disposition(), Some("attachment; filename=\"oas30_1.0.0.json\""));
    let document: serde_json::Value = serde_json::from_slice(answer.body().unwrap().as_ref()).unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/files/{proxy+}", "/me", "/orders", "/orders/{id}"]);
    assert!(document["paths"]["/files/{proxy+}"]["x-amazon-apigateway-any-method"].is_object());
    let get = &document["paths"]["/orders/{id}"]["get"];
    let names: Vec<_> = get["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["id", "X-H", "q"]);
    assert_eq!(get["security"][0]["sigv4"], serde_json::json!([]));
    assert_eq!(get["x-amazon-apigateway-integration"]["type"], "mock");
    assert_eq!(get["x-amazon-apigateway-request-validator"], "params-only");
    let both = &document["paths"]["/me"]["get"]["security"][0];
    assert!(both["api_key"].is_array() && both["user_pool"].is_array());
    let scheme = &document["components"]["securitySchemes"]["sigv4"];
    assert_eq!(scheme["x-amazon-apigateway-authtype"], "awsSigv4");

    let plain = export("prod").send().await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(plain.body().unwrap().as_ref()).unwrap();
    assert_eq!(document["paths"]["/orders"]["get"].get("x-amazon-apigateway-integration"), None);
    assert_eq!(document["paths"].as_object().unwrap().len(), 1, "prod serves the old deployment");

    world.simulator.account_mut(|account| account.apis[0].refuses_export = true);
    assert!(export("prod").send().await.unwrap_err().into_service_error().is_bad_request_exception());
}

fn domains() -> Account {
    let rule = RoutingRule {
        id: "rule1".to_owned(),
        priority: 10,
        base_paths: vec!["v2".to_owned()],
        headers: vec![vec![HeaderGlob { header: "X-Beta".to_owned(), value: "*".to_owned() }]],
        api: "a1b2c3d4e5".to_owned(),
        stage: "dev".to_owned(),
        strip_base_path: true,
    };
    Account::new(REGION)
        .api(orders())
        .mapping("api.example.com", "", "a1b2c3d4e5", Some("prod"))
        .mapping("api.example.com", "v1", "a1b2c3d4e5", None)
        .mapping("api.example.com", "v1/deep", "a1b2c3d4e5", Some("dev"))
        .rule("api.example.com", rule)
        .domain(Domain {
            name: "*.edge.example.com".to_owned(),
            endpoint: EndpointType::Edge,
            target: Some("d111.cloudfront.net".to_owned()),
            routing_mode: RoutingMode::Mappings,
            mutual_tls: true,
            mappings: Vec::new(),
            rules: Vec::new(),
        })
}

#[tokio::test]
async fn custom_domains_and_their_mappings() {
    let world = start(domains()).await;
    let names = world.v1.get_domain_names().send().await.unwrap();
    assert_eq!(names.items().len(), 2);
    let one = world.v1.get_domain_name().domain_name("api.example.com").send().await.unwrap();
    assert_eq!(one.routing_mode(), Some(&v1::types::RoutingMode::RoutingRuleThenBasePathMapping));
    assert_eq!(one.regional_domain_name(), Some("d-1234567890.execute-api.us-east-1.amazonaws.com"));
    let edge = world.v1.get_domain_name().domain_name("*.edge.example.com").send().await.unwrap();
    assert_eq!(edge.distribution_domain_name(), Some("d111.cloudfront.net"));
    assert_eq!(edge.endpoint_configuration().unwrap().types()[0].as_str(), "EDGE");
    assert!(edge.mutual_tls_authentication().is_some() && one.mutual_tls_authentication().is_none());
    assert_eq!(edge.routing_mode(), Some(&v1::types::RoutingMode::BasePathMappingOnly));

    let mappings = world.v1.get_base_path_mappings().domain_name("api.example.com").send().await.unwrap();
    let mappings: Vec<_> = mappings.items().iter().map(|m| (m.base_path().unwrap(), m.stage())).collect();
    assert_eq!(mappings, [("(none)", Some("prod")), ("v1", None)]);

    let mappings = world.v2.get_api_mappings().domain_name("api.example.com").send().await.unwrap();
    let mappings: Vec<_> =
        mappings.items().iter().map(|m| (m.api_mapping_key().unwrap(), m.stage().unwrap())).collect();
    assert_eq!(mappings, [("", "prod"), ("v1", ""), ("v1/deep", "dev")]);

    let rules = world.v2.list_routing_rules().domain_name("api.example.com").send().await.unwrap();
    let rule = &rules.routing_rules()[0];
    assert_eq!((rule.priority(), rule.routing_rule_id()), (Some(10), Some("rule1")));
    assert_eq!(rule.conditions()[0].match_base_paths().unwrap().any_of(), ["v2"]);
    let glob = &rule.conditions()[1].match_headers().unwrap().any_of()[0];
    assert_eq!((glob.header(), glob.value_glob()), (Some("X-Beta"), Some("*")));
    let action = rule.actions()[0].invoke_api().unwrap();
    assert_eq!(
        (action.api_id(), action.stage(), action.strip_base_path()),
        (Some("a1b2c3d4e5"), Some("dev"), Some(true))
    );

    let missing = world.v1.get_domain_name().domain_name("other.example.com").send().await.unwrap_err();
    assert!(missing.into_service_error().is_not_found_exception());
    let missing = world.v2.list_routing_rules().domain_name("other.example.com").send().await.unwrap_err();
    assert!(missing.into_service_error().is_not_found_exception());
}

#[tokio::test]
async fn v2_pages() {
    let mut account = Account::new(REGION).api(orders());
    for number in 0..60 {
        account = account.mapping("api.example.com", &format!("p{number}"), "a1b2c3d4e5", Some("prod"));
    }
    let world = start(account).await;
    let mut token = None;
    let mut found = 0;
    loop {
        let request = world.v2.get_api_mappings().domain_name("api.example.com").max_results("40");
        let page = request.set_next_token(token).send().await.unwrap();
        found += page.items().len();
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((found, world.simulator.calls().count(Operation::GetApiMappings)), (60, 2));
}

/// Facts C2: the errors as the SDK reads them.
#[tokio::test]
async fn injected_faults() {
    for (fault, status, code) in [
        (Fault::BadRequest, 400, "BadRequestException"),
        (Fault::Unauthorized, 401, "UnauthorizedException"),
        (Fault::AccessDenied, 403, "AccessDeniedException"),
        (Fault::InvalidToken, 403, "UnrecognizedClientException"),
        (Fault::ExpiredToken, 403, "ExpiredTokenException"),
        (Fault::NotFound, 404, "NotFoundException"),
        (Fault::TooManyRequests(7), 429, "TooManyRequestsException"),
        (Fault::InternalFailure, 500, "InternalFailure"),
        (Fault::ServiceUnavailable, 503, "ServiceUnavailableException"),
    ] {
        let world = start(Account::new(REGION).fault(ControlFault::on(Operation::GetRestApis, fault))).await;
        let error = world.v1.get_rest_apis().send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status, "{fault:?}");
        let error = error.into_service_error();
        assert_eq!(error.meta().code(), Some(code), "{fault:?}");
        assert!(error.meta().message().is_some_and(|message| !message.is_empty()), "{fault:?}");
        if let v1::operation::get_rest_apis::GetRestApisError::TooManyRequestsException(e) = error {
            assert_eq!(e.retry_after_seconds(), Some("7"));
        }
        assert!(world.v1.get_domain_names().send().await.is_ok(), "only the operation that was named");
    }
    for fault in [Fault::Garbage, Fault::Disconnect] {
        let world = start(Account::new(REGION).fault(ControlFault::everywhere(fault))).await;
        assert!(world.v1.get_rest_apis().send().await.is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn faults_of_one_api_and_of_the_first_calls() {
    let other = Api::new("other00000", "other").deploy("d", |t| t).stage("prod", "d");
    let fault = ControlFault::on(Operation::GetStages, Fault::TooManyRequests(1)).of("a1b2c3d4e5").first(2);
    let world = start(Account::new(REGION).api(orders()).api(other).fault(fault)).await;
    let stages = |id: &'static str| world.v1.get_stages().rest_api_id(id).send();
    assert!(stages("other00000").await.is_ok());
    assert!(stages("a1b2c3d4e5").await.is_err());
    assert!(stages("other00000").await.is_ok());
    assert!(stages("a1b2c3d4e5").await.is_err());
    assert!(stages("a1b2c3d4e5").await.is_ok());
    let calls: Calls = world.simulator.calls();
    assert_eq!(calls.count(Operation::GetStages), 5);
    let statuses: Vec<_> = calls.control.iter().map(|call| call.status.unwrap()).collect();
    assert_eq!(statuses, [200, 429, 200, 429, 200]);
    assert_eq!(calls.control[1].target.as_deref(), Some("a1b2c3d4e5"));
}

#[tokio::test]
async fn a_slow_control_plane_answers_rightly_but_late() {
    let slow = Fault::Slow(Duration::from_millis(50));
    let world = start(Account::new(REGION).api(orders()).fault(ControlFault::everywhere(slow))).await;
    let before = std::time::Instant::now();
    assert_eq!(world.v1.get_rest_apis().send().await.unwrap().items().len(), 1);
    assert!(before.elapsed() >= Duration::from_millis(50));
}

/// Facts C2: 404 in a sweep is normal.
#[tokio::test]
async fn an_api_deleted_in_mid_sweep() {
    let world = start(Account::new(REGION).api(orders().vanish())).await;
    assert_eq!(world.v1.get_rest_apis().send().await.unwrap().items().len(), 1);
    let error = world.v1.get_stages().rest_api_id("a1b2c3d4e5").send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception());
    let words = "Invalid API identifier specified 123456789012:a1b2c3d4e5";
    assert_eq!(error.meta().message(), Some(words));
}

#[tokio::test]
async fn another_region_is_empty_and_an_unsigned_call_refused() {
    let world = start_in(domains(), "eu-central-1").await;
    assert!(world.v1.get_rest_apis().send().await.unwrap().items().is_empty());
    assert!(world.v1.get_rest_api().rest_api_id("a1b2c3d4e5").send().await.is_err());
    let url = format!("{}/restapis", world.simulator.endpoint_url());
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
}

/// What is changed while the simulator runs is seen by the next call.
#[tokio::test]
async fn the_world_changes_while_it_runs() {
    let world = start(Account::new(REGION).api(orders())).await;
    world.simulator.account_mut(|account| {
        account
            .change_api("a1b2c3d4e5", |api| api.deploy("third", |t| t.remove(Verb::Get, "/me")).stage("prod", "third"));
    });
    let prod = world.v1.get_stage().rest_api_id("a1b2c3d4e5").stage_name("prod").send().await.unwrap();
    assert_eq!(prod.deployment_id(), Some("third"));
    world.simulator.account_mut(|account| account.remove_api("a1b2c3d4e5"));
    assert!(world.v1.get_rest_apis().send().await.unwrap().items().is_empty());
}
