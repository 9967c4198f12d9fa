//! Discover against the simulator, which answers as AWS does: what comes out is what was built, and for how many calls.

use std::time::Duration;

use super::script::{config, count, fast};
use crate::config::Scope;
use crate::discover::{ControlPlane, DiscoverError, Limits, MemoryCache, Operation, Wanted, discover, history};
use crate::gateway::{Api, Authorization, EndpointType, Inventory, RoutingMode, TreeSource, Verb};
use crate::simulator::{
    self, Account, Behaviour, ControlFault, Fault, GatewayResponse, Method, Operation as Simulated, ResponseType,
    Simulator, Stage, Summary,
};

const REGION: &str = "eu-central-1";

async fn start(account: Account) -> (Simulator, ControlPlane) {
    let simulator = Simulator::start(account).await.unwrap();
    let plane = ControlPlane::new(&config(&simulator.endpoint_url()), fast());
    (simulator, plane)
}

async fn sweep(plane: &ControlPlane) -> Inventory {
    discover(plane, &Wanted::Everything(Scope::default()), 0, None).await.unwrap()
}

fn reasons(inventory: &Inventory) -> Vec<String> {
    inventory.gaps.iter().map(|gap| format!("{}: {}", gap.place, gap.reason)).collect()
}

/// Three deployments: prod and qa on the first, a canary of prod on the second, dev on the third; an edit left undeployed.
fn orders() -> simulator::Api {
    simulator::Api::new("a1b2c3d4e5", "orders")
        .endpoint(EndpointType::Edge)
        .deploy("dep1", |tree| {
            tree.get("/", Behaviour::Mock)
                .get("/orders", Method::mock().api_key())
                .post("/orders", Method::mock().iam())
                .any("/files/{proxy+}", Method::mock().custom())
                .get("/me", Method::mock().cognito())
        })
        .gateway_response(GatewayResponse::new(ResponseType::MissingAuthenticationToken).status(404).body("{}"))
        .deploy("dep2", |tree| tree.get("/new", Behaviour::Mock))
        .deploy("dep3", |tree| tree.remove_resource("/me"))
        .edit(|tree| tree.get("/draft", Behaviour::Mock))
        .with_stage(Stage::new("prod", "dep1").canary("dep2", 10.0).web_acl("arn:aws:wafv2:x", false))
        .stage("qa", "dep1")
        .stage("dev", "dep3")
        .with_stage(Stage::undeployed("bare"))
}

fn built(api: &Api, simulated: &simulator::Api) {
    for (id, deployment) in &api.deployments {
        assert_eq!(deployment.source, TreeSource::ApiSummary);
        assert!(same(&deployment.tree, &simulated.deployments[id].tree()), "{id}: {:?}", deployment.tree);
        assert_eq!(deployment.created_at, Some(simulated.deployments[id].created_at));
    }
    assert!(same(api.edited.as_ref().unwrap(), &simulated.edited.tree()));
}

/// Whether two trees have the same methods: resources without any may be there or not. What their requests look like is
/// the exports' matter.
fn same(one: &crate::gateway::Tree, other: &crate::gateway::Tree) -> bool {
    let demands = |tree: &crate::gateway::Tree| -> Vec<_> {
        tree.methods()
            .map(|(path, verb, method)| (path.to_owned(), verb, method.authorization, method.api_key_required))
            .collect()
    };
    demands(one) == demands(other)
}

#[tokio::test]
async fn what_comes_out_is_what_was_built() {
    let simulated = orders();
    let (simulator, plane) = start(Account::new(REGION).api(simulated.clone())).await;
    let inventory = sweep(&plane).await;
    assert_eq!(reasons(&inventory), [""; 0]);
    let api = &inventory.apis[0];
    built(api, &simulated);
    assert_eq!(api.deployments.keys().collect::<Vec<_>>(), ["dep1", "dep2", "dep3"]);
    assert_eq!((api.name.as_str(), api.endpoint), ("orders", EndpointType::Edge));
    let prod = api.stage("prod").unwrap();
    assert_eq!((prod.deployment.as_deref(), prod.web_acl.as_deref()), (Some("dep1"), Some("arn:aws:wafv2:x")));
    let canary = prod.canary.as_ref().unwrap();
    assert_eq!(canary.deployment, "dep2");
    assert!((canary.percent - 10.0).abs() < f64::EPSILON);
    assert_eq!(api.stage("bare").unwrap().deployment, None);
    let responses: Vec<_> = api.gateway_responses.iter().map(|response| (&*response.kind, response.status)).collect();
    assert_eq!(responses, [("MISSING_AUTHENTICATION_TOKEN", Some(404))], "only what is customised");
    // Each distinct deployment once, though five uses point to three.
    assert_eq!(count(&plane, Operation::GetDeployment), 3);
    let seen = simulator.calls().control.len();
    assert_eq!(u64::try_from(seen).unwrap(), plane.calls().values().sum::<u64>(), "every attempt is counted");
}

#[tokio::test]
async fn more_apis_than_a_page_holds() {
    let mut account = Account::new(REGION);
    for number in 0..507 {
        account.apis.push(simulator::Api::new(&format!("api{number:07}"), &format!("api {number}")));
    }
    let (simulator, plane) = start(account).await;
    let inventory = sweep(&plane).await;
    assert_eq!(inventory.apis.len(), 507);
    assert!(inventory.apis.iter().enumerate().all(|(number, api)| api.name == format!("api {number}")), "AWS's order");
    assert_eq!(count(&plane, Operation::GetRestApis), 2);
    let listed: Vec<_> =
        simulator.calls().control.into_iter().filter(|call| call.operation == Simulated::GetRestApis).collect();
    assert!(listed.iter().all(|call| call.path.contains("limit=500")), "{listed:?}");
}

#[tokio::test]
async fn more_resources_than_a_page_holds() {
    let api = simulator::Api::new("a", "wide")
        .deploy("d", |tree| (0..612).fold(tree, |tree, number| tree.get(&format!("/r{number}"), Behaviour::Mock)))
        .stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let inventory = sweep(&plane).await;
    assert_eq!(inventory.apis[0].edited.as_ref().map(crate::gateway::Tree::len), Some(612));
    assert_eq!(count(&plane, Operation::GetResources), 2);
}

#[tokio::test]
async fn another_region_is_an_empty_account() {
    let (_simulator, plane) = start(Account::new("us-east-1").api(orders())).await;
    assert_eq!(sweep(&plane).await, Inventory::empty(REGION));
}

#[tokio::test]
async fn throttled_once_and_read_all_the_same() {
    for operation in [Simulated::GetRestApis, Simulated::GetStages, Simulated::GetDeployment, Simulated::GetResources] {
        let fault = ControlFault::on(operation, Fault::TooManyRequests(1)).first(1);
        let (simulator, plane) = start(Account::new(REGION).api(orders()).fault(fault)).await;
        assert_eq!(reasons(&sweep(&plane).await), [""; 0], "{operation:?}");
        let answers: Vec<_> = simulator
            .calls()
            .control
            .iter()
            .filter(|call| call.operation == operation)
            .map(|call| call.status)
            .collect();
        assert_eq!(answers[..2], [Some(429), Some(200)], "{operation:?}");
    }
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let fault = ControlFault::everywhere(Fault::Disconnect).first(2);
    let (_simulator, plane) = start(Account::new(REGION).api(orders()).fault(fault)).await;
    assert_eq!(reasons(&sweep(&plane).await), [""; 0]);
}

#[tokio::test]
async fn every_fault_of_one_api_leaves_the_other_whole() {
    let faults = [
        (Fault::InternalFailure, "failed at the endpoint 3 times: 500 InternalFailure, Internal server error"),
        (
            Fault::ServiceUnavailable,
            "failed at the endpoint 3 times: 503 ServiceUnavailableException, Service Unavailable",
        ),
        (Fault::TooManyRequests(1), "was throttled 3 times: 429 TooManyRequestsException, Too Many Requests"),
        (Fault::BadRequest, "was refused: 400 BadRequestException, Invalid request"),
        (Fault::Unauthorized, "is not allowed; grant apigateway:GET: 401 UnauthorizedException, Unauthorized"),
        (Fault::Garbage, "got an answer that is not API Gateway's: status 200, whose body does not parse: "),
        (Fault::Disconnect, "could not reach the endpoint 3 times: "),
        (Fault::ExpiredToken, "AWS rejected the credentials: 403 ExpiredTokenException, "),
    ];
    for (fault, reason) in faults {
        let broken = simulator::Api::new("broken", "broken")
            .deploy("d", |tree| tree.get("/x", Behaviour::Mock))
            .stage("prod", "d");
        let account =
            Account::new(REGION).api(broken).api(orders()).fault(ControlFault::everywhere(fault).of("broken"));
        let (_simulator, plane) = start(account).await;
        let inventory = sweep(&plane).await;
        built(&inventory.apis[1], &orders());
        let [gap] = inventory.gaps.as_slice() else { panic!("{fault:?}: {:?}", inventory.gaps) };
        assert_eq!(gap.place, "api broken (broken)");
        assert!(gap.reason.starts_with("GetStages") && gap.reason.contains(reason), "{fault:?}: {}", gap.reason);
    }
}

#[tokio::test]
async fn every_fault_of_the_first_call_is_an_error() {
    let kind = |error: &DiscoverError| match error {
        DiscoverError::Failing { .. } => "failing",
        DiscoverError::Throttled { .. } => "throttled",
        DiscoverError::Denied { .. } => "denied",
        DiscoverError::Rejected { .. } => "rejected",
        DiscoverError::NotApiGateway { .. } => "foreign",
        DiscoverError::Unreachable { .. } => "unreachable",
        DiscoverError::Refused { .. } => "refused",
        _ => "other",
    };
    for (fault, expected) in [
        (Fault::InternalFailure, "failing"),
        (Fault::ServiceUnavailable, "failing"),
        (Fault::TooManyRequests(1), "throttled"),
        (Fault::AccessDenied, "denied"),
        (Fault::Unauthorized, "denied"),
        (Fault::InvalidToken, "rejected"),
        (Fault::ExpiredToken, "rejected"),
        (Fault::Garbage, "foreign"),
        (Fault::NotFound, "foreign"),
        (Fault::Disconnect, "unreachable"),
        (Fault::BadRequest, "refused"),
        (Fault::Slow(Duration::from_secs(5)), "unreachable"),
    ] {
        let account = Account::new(REGION).fault(ControlFault::on(Simulated::GetRestApis, fault));
        let simulator = Simulator::start(account).await.unwrap();
        let limits = Limits { attempt_timeout: Duration::from_millis(500), ..fast() };
        let plane = ControlPlane::new(&config(&simulator.endpoint_url()), limits);
        let error = discover(&plane, &Wanted::Everything(Scope::default()), 0, None).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn an_api_that_vanishes_is_left_out_without_a_gap() {
    let gone = simulator::Api::new("gone", "gone")
        .deploy("d", |tree| tree.get("/x", Behaviour::Mock))
        .stage("prod", "d")
        .vanish();
    let (_simulator, plane) = start(Account::new(REGION).api(gone).api(orders())).await;
    let inventory = sweep(&plane).await;
    assert_eq!(inventory.apis.iter().map(|api| api.id.as_str()).collect::<Vec<_>>(), ["a1b2c3d4e5"]);
    assert_eq!(reasons(&inventory), [""; 0]);
}

#[tokio::test]
async fn a_stage_whose_deployment_is_gone_is_a_gap() {
    let api = orders().stage("dangling", "no-such");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let inventory = sweep(&plane).await;
    let [gap] = inventory.gaps.as_slice() else { panic!("{:?}", inventory.gaps) };
    assert_eq!(gap.place, "api a1b2c3d4e5 (orders) stage dangling");
    assert!(gap.reason.starts_with("deployment no-such: GetDeployment found nothing"), "{}", gap.reason);
    assert_eq!(inventory.apis[0].deployments.len(), 3);
}

#[tokio::test]
async fn without_a_summary_the_export_and_then_the_edited_tree() {
    let (_simulator, plane) = start(Account::new(REGION).api(orders().summary(Summary::Absent))).await;
    let inventory = sweep(&plane).await;
    let sources: Vec<_> = inventory.apis[0].deployments.values().map(|deployment| deployment.source).collect();
    // The canary's deployment has no stage of its own, and so no export.
    assert_eq!(sources, [TreeSource::Export, TreeSource::Edited, TreeSource::Export]);
    // The simulator's export is of the stage's deployment, as AWS's, and says who may call.
    let tree = &inventory.apis[0].deployments["dep1"].tree;
    assert!(same(tree, &orders().deployments["dep1"].tree()), "{tree:?}");
    assert_eq!(tree.method("/me", Verb::Get).unwrap().authorization, Some(Authorization::CognitoUserPools));
    assert_eq!(count(&plane, Operation::GetExport), 2);

    let (_simulator, plane) = start(Account::new(REGION).api(orders().summary(Summary::Absent).refuse_export())).await;
    let inventory = sweep(&plane).await;
    assert!(inventory.apis[0].deployments.values().all(|deployment| deployment.source == TreeSource::Edited));
    assert!(inventory.apis[0].deployments["dep1"].tree.method("/draft", Verb::Get).is_some());
    assert_eq!(reasons(&inventory), [""; 0]);
}

#[tokio::test]
async fn authorization_is_borrowed_where_the_summary_has_none() {
    let (_simulator, plane) = start(Account::new(REGION).api(orders().summary(Summary::WithoutAuthorization))).await;
    let inventory = sweep(&plane).await;
    let tree = &inventory.apis[0].deployments["dep1"].tree;
    assert_eq!(tree.method("/orders", Verb::Post).unwrap().authorization, Some(Authorization::AwsIam));
    // `/me` has been removed from the editor: nobody knows any more.
    assert_eq!(tree.method("/me", Verb::Get).unwrap().authorization, None);
    assert_eq!(inventory.apis[0].deployments["dep1"].source, TreeSource::ApiSummary);
}

#[tokio::test]
async fn domains_mappings_and_rules() {
    let rule = crate::gateway::RoutingRule {
        id: String::new(),
        priority: 5,
        base_paths: vec!["beta".to_owned()],
        headers: vec![vec![crate::gateway::HeaderGlob { header: "x-version".to_owned(), value: "2*".to_owned() }]],
        api: "a1b2c3d4e5".to_owned(),
        stage: "dev".to_owned(),
        strip_base_path: true,
    };
    let account = Account::new(REGION)
        .api(orders())
        .mapping("api.example.com", "", "a1b2c3d4e5", Some("prod"))
        .mapping("api.example.com", "deep/down", "a1b2c3d4e5", Some("dev"))
        .mapping("api.example.com", "open", "httpapi000", None)
        .mapping("*.wild.example.com", "", "a1b2c3d4e5", Some("qa"))
        .rule("*.wild.example.com", rule.clone())
        .routing_mode("empty.example.com", RoutingMode::Rules);
    let expected = account.domains.clone();
    let (_simulator, plane) = start(account).await;
    let inventory = sweep(&plane).await;
    assert_eq!(reasons(&inventory), [""; 0]);
    for (got, expected) in inventory.domains.iter().zip(&expected) {
        assert_eq!(
            (&got.name, got.routing_mode, &got.target),
            (&expected.name, expected.routing_mode, &expected.target)
        );
        assert_eq!(got.mappings, expected.mappings);
        assert_eq!(got.rules.len(), expected.rules.len());
    }
    let read = &inventory.domains[1].rules[0];
    assert_eq!(crate::gateway::RoutingRule { id: String::new(), ..read.clone() }, rule);
    assert_eq!(count(&plane, Operation::ListRoutingRules), 2, "only where rules count");

    // One host of the wildcard: the domain above it, and the one API that it leads to.
    let (_simulator, plane) = start(Account { domains: expected, ..Account::new(REGION).api(orders()) }).await;
    let one = discover(&plane, &Wanted::Domain("eu.wild.example.com".to_owned()), 0, None).await.unwrap();
    assert_eq!((one.domains[0].name.as_str(), one.apis.len()), ("*.wild.example.com", 1));
    let one = discover(&plane, &Wanted::Domain("api.example.com".to_owned()), 0, None).await.unwrap();
    assert_eq!((one.domains[0].mappings.len(), one.apis.len(), one.gaps.len()), (3, 1, 0), "an HTTP API is no gap");
}

#[tokio::test]
async fn a_sweep_ends_at_its_deadline_with_what_it_has() {
    let slow = ControlFault::everywhere(Fault::Slow(Duration::from_secs(30))).of("slow");
    let slow_api =
        simulator::Api::new("slow", "slow").deploy("d", |tree| tree.get("/x", Behaviour::Mock)).stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(slow_api).api(orders()).fault(slow)).await;
    let start = tokio::time::Instant::now();
    let deadline = start + Duration::from_secs(1);
    let inventory = discover(&plane, &Wanted::Everything(Scope::default()), 0, Some(deadline)).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(reasons(&inventory), ["api slow (slow): not read: out of time"]);
    built(&inventory.apis[1], &orders());
}

/// dep3 is served; dep4 is newer, and dep0 to dep2 are behind no stage.
fn with_a_past() -> simulator::Api {
    let api = (0..5).fold(simulator::Api::new("a1b2c3d4e5", "orders"), |api, n| {
        api.deploy(&format!("dep{n}"), |tree| tree.get(&format!("/door{n}"), Behaviour::Mock))
    });
    api.stage("prod", "dep3")
}

#[tokio::test]
async fn the_history_is_what_is_older_and_served_by_nobody() {
    let (_simulator, plane) = start(Account::new(REGION).api(with_a_past())).await;
    let inventory = sweep(&plane).await;
    let api = &inventory.apis[0];
    assert_eq!(api.deployments.keys().collect::<Vec<_>>(), ["dep3"], "a sweep reads what is served and no more");
    let before = plane.calls();
    let (past, gap) = history(&plane, api, api.stage("prod").unwrap(), None).await;
    assert_eq!(gap, None);
    assert_eq!(past.keys().collect::<Vec<_>>(), ["dep0", "dep1", "dep2"]);
    assert!(past["dep1"].tree.method("/door1", Verb::Get).is_some());
    assert!(past["dep1"].created_at < api.deployments["dep3"].created_at);
    let after = plane.calls();
    let made = |operation| after.get(&operation).unwrap_or(&0) - before.get(&operation).unwrap_or(&0);
    assert_eq!((made(Operation::GetDeployments), made(Operation::GetDeployment)), (1, 3));
    assert_eq!(after.values().sum::<u64>() - before.values().sum::<u64>(), 4);
}

#[tokio::test]
async fn a_history_that_cannot_be_read_is_a_gap() {
    let denied = ControlFault::on(Simulated::GetDeployments, Fault::AccessDenied);
    let (_simulator, plane) = start(Account::new(REGION).api(with_a_past()).fault(denied)).await;
    let inventory = sweep(&plane).await;
    let api = &inventory.apis[0];
    let (past, gap) = history(&plane, api, api.stage("prod").unwrap(), None).await;
    assert!(past.is_empty());
    let gap = gap.unwrap();
    assert!(gap.place.contains("history") && gap.reason.contains("GetDeployments"), "{gap:?}");
}

fn interface<'a>(api: &'a Api, deployment: &str, path: &str, verb: Verb) -> Option<&'a crate::gateway::Interface> {
    api.deployments[deployment].tree.method(path, verb).unwrap().interface.as_deref()
}

#[tokio::test]
async fn an_export_tells_what_requests_look_like_and_is_asked_for_once() {
    let (simulator, plane) = start(Account::new(REGION).api(orders())).await;
    let inventory = sweep(&plane).await;
    assert_eq!(reasons(&inventory), [""; 0]);
    let api = &inventory.apis[0];
    let files = interface(api, "dep1", "/files/{proxy+}", Verb::Any).unwrap();
    assert_eq!(files.parameters[0].name, "proxy");
    assert_eq!(api.deployments["dep1"].undescribed, None);
    let canary = api.deployments["dep2"].undescribed.as_deref();
    assert_eq!(canary, Some("only a canary serves this deployment, and a stage's export is of its other one"));
    // prod and qa are on the same one.
    assert_eq!(count(&plane, Operation::GetExport), 2);
    let again = sweep(&plane).await;
    assert_eq!(again, inventory);
    assert_eq!(count(&plane, Operation::GetExport), 2, "a deployment never changes");
    // As a Lambda does whose instance is new: what is kept elsewhere is found again.
    let cache = std::sync::Arc::new(MemoryCache::default());
    for calls in [2, 0] {
        let plane = ControlPlane::new(&config(&simulator.endpoint_url()), fast()).keep_interfaces_in(cache.clone());
        assert_eq!(sweep(&plane).await, inventory);
        assert_eq!(count(&plane, Operation::GetExport), calls);
    }
    // Not for one API, nor where it is switched off.
    let plane = ControlPlane::new(&config(&simulator.endpoint_url()), Limits { exports: false, ..fast() });
    let inventory = sweep(&plane).await;
    assert_eq!(interface(&inventory.apis[0], "dep1", "/me", Verb::Get), None);
    assert_eq!(inventory.apis[0].deployments["dep2"].undescribed, None, "nobody asked");
    let plane = ControlPlane::new(&config(&simulator.endpoint_url()), fast());
    discover(&plane, &Wanted::Api("a1b2c3d4e5".to_owned()), 0, None).await.unwrap();
    assert_eq!(count(&plane, Operation::GetExport), 0);
}

#[tokio::test]
async fn without_an_export_the_summary_stands_alone_and_says_why() {
    let deployed = |plane: &ControlPlane, inventory: &Inventory| {
        let api = &inventory.apis[0];
        built(api, &orders());
        assert_eq!(interface(api, "dep1", "/me", Verb::Get), None);
        (api.deployments["dep1"].undescribed.clone().unwrap(), count(plane, Operation::GetExport))
    };
    // What API Gateway refuses it refuses for good; what failed is asked for again by the next run.
    let (_simulator, plane) = start(Account::new(REGION).api(orders().refuse_export())).await;
    for _ in 0..2 {
        let inventory = sweep(&plane).await;
        let refused = "GetExport was refused: 400 BadRequestException, Only found non-JSON body models, which are not \
                       supported for OAS export";
        assert_eq!(deployed(&plane, &inventory), (refused.to_owned(), 2));
        assert_eq!(reasons(&inventory), [""; 0]);
    }
    let faults = [
        (Fault::InternalFailure, "GetExport failed at the endpoint once: 500 ", 2, 0),
        (Fault::TooManyRequests(1), "GetExport was throttled 3 times: 429 ", 6, 0),
        (Fault::AccessDenied, "GetExport is not allowed; grant apigateway:GET: ", 2, 3),
        (Fault::NotFound, "GetExport found nothing: 404 ", 2, 0),
        (Fault::Garbage, "GetExport", 2, 0),
    ];
    for (fault, reason, calls, gaps) in faults {
        let account = Account::new(REGION).api(orders()).fault(ControlFault::on(Simulated::GetExport, fault));
        let (_simulator, plane) = start(account).await;
        let inventory = sweep(&plane).await;
        let (why, made) = deployed(&plane, &inventory);
        assert!(why.starts_with(reason) && !why.contains('\n'), "{fault:?}: {why}");
        assert_eq!((made, inventory.gaps.len()), (calls, gaps), "{fault:?} {:?}", inventory.gaps);
        sweep(&plane).await;
        let more = count(&plane, Operation::GetExport);
        assert_eq!(more, if matches!(fault, Fault::Garbage) { calls } else { 2 * calls }, "{fault:?}");
    }
}

#[tokio::test]
async fn interfaces_are_what_was_built() {
    use crate::gateway::{Authorizer, AuthorizerKind, Passthrough, Place, SampleSource};
    let sources = &["method.request.header.X-Token", "method.request.querystring.t"][..];
    let api = simulator::Api::new("a", "described")
        .deploy("d", |tree| {
            tree.get(
                "/items/{id}",
                Method::mock().values("id", &["7", "8"]).requires_header("X-Tenant").example("X-Tenant", "acme"),
            )
            .post("/items", Method::http(200, "{}").requires_body(&["name"]))
            .put("/items", Method::http(200, "{}").requires_query("v").requires_body(&["name"]))
            .post("/json", Behaviour::OnlyJson)
            .get("/token", Method::mock().custom())
            .get("/request", Method::mock().request_authorizer(sources, 60))
            .get("/unsaid", Method::mock().request_authorizer(&[], 0))
            .get("/pool", Method::mock().cognito())
        })
        .stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let inventory = sweep(&plane).await;
    let of = |path, verb| interface(&inventory.apis[0], "d", path, verb).unwrap();
    let samples: Vec<_> = of("/items/{id}", Verb::Get)
        .parameters
        .iter()
        .map(|own| {
            (own.place, own.name.as_str(), own.required, own.sample.as_ref().map(|own| (own.value.as_str(), own.from)))
        })
        .collect();
    let expected = [
        (Place::Path, "id", true, Ok(("7", SampleSource::Enum))),
        (Place::Header, "X-Tenant", true, Ok(("acme", SampleSource::Example))),
    ];
    assert_eq!(samples, expected);
    let validated = |path, verb| (of(path, verb).validates_parameters, of(path, verb).validates_body);
    assert_eq!(validated("/items/{id}", Verb::Get), (true, false));
    assert_eq!(validated("/items", Verb::Post), (false, true));
    assert_eq!(validated("/items", Verb::Put), (true, true));
    assert_eq!(validated("/json", Verb::Post), (false, false));
    let body = of("/items", Verb::Post).body.as_ref().unwrap();
    assert_eq!((body.refuses_empty, body.sample.as_ref().unwrap().value.as_str()), (true, r#"{"name":"sample"}"#));
    let json = of("/json", Verb::Post).integration.as_ref().unwrap();
    assert_eq!(
        (json.passthrough, json.templates.as_slice()),
        (Passthrough::Never, &["application/json".to_owned()][..])
    );
    let authorizer = |path| of(path, Verb::Get).authorizer.clone();
    let expected = |kind, sources: &[&str], ttl| {
        Some(Authorizer { kind, identity_sources: sources.iter().map(|source| (*source).to_owned()).collect(), ttl })
    };
    let header = &["method.request.header.Authorization"][..];
    assert_eq!(authorizer("/token"), expected(AuthorizerKind::Token, header, Some(300)));
    assert_eq!(authorizer("/request"), expected(AuthorizerKind::Request, sources, Some(60)));
    assert_eq!(authorizer("/unsaid"), expected(AuthorizerKind::Request, &[], Some(0)));
    assert_eq!(authorizer("/pool"), expected(AuthorizerKind::Cognito, header, None));
    assert_eq!(authorizer("/items/{id}"), None);
}

/// What is wrong with one model is one line at its own method, and the others have their samples.
#[tokio::test]
async fn a_bad_model_costs_its_own_method_the_sample_and_no_other() {
    use serde_json::{Map, Value, json};
    let member =
        |number: usize| (format!("property-number-{number:07}-of-a-model-of-ten-megabytes"), json!({"type": "string"}));
    let properties: Map<String, Value> = (0..80_000).map(member).collect();
    let required: Vec<&String> = properties.keys().collect();
    let large = json!({"type": "object", "required": required, "properties": properties});
    assert!(large.to_string().len() > 10_000_000, "{}", large.to_string().len());
    // It needs itself: `#/paths/…` is where the export has it.
    let own = "#/paths/~1cyclic/post/requestBody/content/application~1json/schema";
    let cyclic = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": own}}});
    let pattern =
        json!({"type": "object", "required": ["p"], "properties": {"p": {"type": "string", "pattern": "^(?!a)a$"}}});
    let models = [("/cyclic", cyclic), ("/large", large), ("/pattern", pattern)];
    let api = simulator::Api::new("a", "described")
        .deploy("d", |tree| {
            let tree = tree.get("/items/{id}", Method::mock()).post("/good", Method::mock().requires_body(&["a"]));
            models.iter().fold(tree, |tree, (path, model)| tree.post(path, Method::mock().model(model.clone())))
        })
        .stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let inventory = sweep(&plane).await;
    assert_eq!(reasons(&inventory), [""; 0]);
    let api = &inventory.apis[0];
    assert_eq!(api.deployments["d"].undescribed, None);
    let sample = |path| interface(api, "d", path, Verb::Post).unwrap().body.clone().unwrap().sample;
    let why = |path| sample(path).unwrap_err();
    assert!(why("/cyclic").contains("cyclic schema: `#/paths/"), "{}", why("/cyclic"));
    assert!(why("/large").starts_with("the schema is too large: no sample was found in "), "{}", why("/large"));
    assert!(
        why("/pattern").contains("no value is made for the pattern `^(?!a)a$`: look-around"),
        "{}",
        why("/pattern")
    );
    assert!(["/cyclic", "/large", "/pattern"].into_iter().all(|path| !why(path).contains('\n')));
    assert_eq!(sample("/good").unwrap().value, r#"{"a":"sample"}"#);
    assert!(interface(api, "d", "/items/{id}", Verb::Get).unwrap().parameters[0].sample.is_ok());
}

/// A method behind each check, and one behind none.
fn guarded(api: simulator::Api) -> simulator::Api {
    let sources = &["method.request.header.X-Token", "method.request.querystring.t"][..];
    api.deploy("d", |tree| {
        tree.post("/parameters", Method::mock().requires_query("q").requires_header("X-Tenant"))
            .post("/body", Method::mock().requires_body(&["name"]))
            .post("/both", Method::mock().requires_query("q").requires_body(&["name"]).api_key())
            .post("/json", Behaviour::OnlyJson)
            .post("/token", Method::mock().custom())
            .post("/request", Method::mock().request_authorizer(sources, 60))
            .post("/uncached", Method::mock().request_authorizer(sources, 0))
            .post("/pool", Method::mock().cognito())
            .post("/iam", Method::mock().iam())
            .post("/open", Behaviour::Mock)
    })
    .stage("prod", "d")
}

fn refused(inventory: &Inventory) -> Vec<(String, Vec<crate::plan::RefusalKind>)> {
    let api = &inventory.apis[0];
    let stage = api.stage("prod").unwrap();
    let tree = &api.deployments["d"].tree;
    let kinds = |path: &str, verb| crate::plan::refusals(api, stage, path, verb);
    tree.methods().map(|(path, verb, _)| (path.to_owned(), kinds(path, verb))).collect()
}

const OF_THE_EDITOR: [Operation; 3] =
    [Operation::GetRequestValidators, Operation::GetAuthorizers, Operation::GetModels];

#[tokio::test]
async fn what_no_export_of_an_emulator_tells_its_editor_does() {
    let new = || simulator::Api::new("a", "guarded");
    let (_simulator, plane) = start(Account::new(REGION).api(guarded(new()))).await;
    let full = sweep(&plane).await;
    let expected = refused(&full);
    assert_eq!(expected.iter().filter(|(_, kinds)| kinds.is_empty()).count(), 2, "{expected:?}");
    assert!(full.apis[0].deployments["d"].is_sure(), "a full export needs no editor");
    for api in [new().sparse_export(), new().sparse_export().summary(Summary::Absent), new().refuse_export()] {
        let (_simulator, plane) = start(Account::new(REGION).api(guarded(api.clone()))).await;
        let inventory = sweep(&plane).await;
        assert_eq!(refused(&inventory), expected, "{api:?}");
        assert_eq!(reasons(&inventory), [""; 0]);
        let deployment = &inventory.apis[0].deployments["d"];
        assert!(!deployment.is_sure());
        let sources: Vec<_> = ["/parameters", "/open"]
            .map(|path| deployment.tree.method(path, Verb::Post).unwrap().interface.as_ref().map(|own| own.source))
            .to_vec();
        let open = (!api.refuses_export).then_some(crate::gateway::InterfaceSource::Export);
        assert_eq!(sources, [Some(crate::gateway::InterfaceSource::Editor), open]);
        assert_eq!(OF_THE_EDITOR.map(|operation| count(&plane, operation)), [1, 1, 1], "each list once");
    }
}

/// The editor is no evidence there, and AWS's quota is shared.
#[tokio::test]
async fn at_awss_own_endpoint_the_editor_is_not_asked() {
    let api = guarded(simulator::Api::new("a", "guarded").sparse_export());
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let plane = plane.pass_for_awss_own();
    let inventory = sweep(&plane).await;
    assert_eq!(OF_THE_EDITOR.map(|operation| count(&plane, operation)), [0, 0, 0]);
    assert!(inventory.apis[0].deployments["d"].is_sure());
    let kinds = refused(&inventory);
    let validated = kinds.iter().find(|(path, _)| path == "/parameters").unwrap();
    assert_eq!(validated.1, [], "nobody told that it has a validator");
}

#[tokio::test]
async fn nothing_is_asked_for_that_no_method_names() {
    let api = simulator::Api::new("a", "plain")
        .sparse_export()
        .deploy("d", |tree| tree.get("/a", Behaviour::Mock).get("/k", Method::mock().api_key()))
        .stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    sweep(&plane).await;
    assert_eq!(OF_THE_EDITOR.map(|operation| count(&plane, operation)), [0, 0, 0]);
}

/// What was edited since is another method: what is told of both decides.
#[tokio::test]
async fn a_method_that_differs_from_the_editors_is_left_as_the_export_has_it() {
    let validated = || Method::mock().requires_query("q");
    let api = simulator::Api::new("a", "edited")
        .sparse_export()
        .deploy("d", |tree| {
            tree.post("/same", validated())
                .post("/key", validated())
                .post("/auth", validated())
                .post("/kind", validated())
                .post("/body", validated())
                .post("/gone", validated())
        })
        .edit(|tree| {
            tree.post("/key", validated().api_key())
                .post("/auth", validated().cognito())
                .post("/kind", Method::http(200, "{}").requires_query("q"))
                .post("/body", validated().requires_body(&["name"]))
                .remove_resource("/gone")
                .post("/new", validated())
        })
        .stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let kinds = refused(&sweep(&plane).await);
    let found: Vec<&str> = kinds.iter().filter(|(_, kinds)| !kinds.is_empty()).map(|(path, _)| path.as_str()).collect();
    // Of a body that only the editor has nothing is told of the deployed one: that is what remains (docs/known-good.md).
    assert_eq!(found, ["/body", "/same"]);
}

/// A validator that was edited in and not deployed is not believed where the export tells of validators.
#[tokio::test]
async fn an_export_that_tells_validators_is_believed() {
    let api = simulator::Api::new("a", "edited")
        .deploy("d", |tree| tree.post("/told", Method::mock().requires_query("q")).post("/open", Behaviour::Mock))
        .edit(|tree| tree.post("/open", Method::mock().requires_query("q")))
        .stage("prod", "d");
    let (_simulator, plane) = start(Account::new(REGION).api(api)).await;
    let inventory = sweep(&plane).await;
    let open = refused(&inventory).into_iter().find(|(path, _)| path == "/open").unwrap();
    assert_eq!(open.1, []);
    assert!(inventory.apis[0].deployments["d"].is_sure());
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_a_gap() {
    let lists = [Simulated::GetRequestValidators, Simulated::GetAuthorizers, Simulated::GetModels];
    for (list, name) in lists.into_iter().zip(["GetRequestValidators", "GetAuthorizers", "GetModels"]) {
        let account = Account::new(REGION)
            .api(guarded(simulator::Api::new("a", "guarded").sparse_export()))
            .fault(ControlFault::on(list, Fault::AccessDenied));
        let (_simulator, plane) = start(account).await;
        let inventory = sweep(&plane).await;
        let told = reasons(&inventory);
        assert!(told.len() == 1 && told[0].starts_with(&format!("api a (guarded) edited tree: {name} ")), "{told:?}");
    }
}
