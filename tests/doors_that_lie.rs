//! Doors whose answer alone misleads, over real HTTP: each is asked, shown to mislead, and then told by the join with what
//! is deployed.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, ContractEntry, ContractRequest, Limits, Scope};
use gateprobe::diagnose::{Cause, Confidence, Diagnosis, UNREAD, diagnose};
use gateprobe::discover::{ControlPlane, Wanted, history};
use gateprobe::gateway::{Baseline, Gap, Inventory, Request, Seen, World};
use gateprobe::pipeline::{self, Run};
use gateprobe::probe::Observation;
use gateprobe::report::Report;
use gateprobe::simulator::{Account, Api, Behaviour, Simulator, Stage};
use url::Url;

const NOW: i64 = 1_800_000_000;

fn run(simulator: &Simulator) -> Run {
    Run {
        invoke_url: simulator.invoke_url_template().parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config: Config {
            limits: Limits { api_rate: 0, control_plane_rate: 1000, retries: 0, ..Limits::default() },
            ..Config::default()
        },
        deadline: None,
    }
}

fn plane(simulator: &Simulator) -> ControlPlane {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .build();
    ControlPlane::new(&config, pipeline::control_plane_limits(&run(simulator).config))
}

async fn world(simulator: &Simulator) -> World {
    let wanted = Wanted::Everything(Scope::default());
    pipeline::read(&run(simulator), &plane(simulator), &wanted, &|| NOW).await.unwrap()
}

fn request(simulator: &Simulator, stage: &str, path: &str) -> Request {
    let base = run(simulator).invoke_url.base("a1b2c3d4e5", "us-east-1", stage);
    Request::new("GET", Url::parse(&format!("{base}{path}")).unwrap())
}

async fn ask(simulator: &Simulator, request: &Request) -> Observation {
    pipeline::prober(&run(simulator).config).unwrap().send(request).await
}

/// What the answer alone says.
fn alone(simulator: &Simulator, request: &Request, observation: &Observation) -> Diagnosis {
    let mut inventory = Inventory::empty("us-east-1");
    inventory.gaps.push(Gap { place: UNREAD.to_owned(), reason: "not read".to_owned() });
    diagnose(request, observation, &World::new(inventory, run(simulator).invoke_url), NOW)
}

fn status(observation: &Observation) -> u16 {
    observation.outcome.as_ref().unwrap().status
}

fn users() -> Api {
    Api::new("a1b2c3d4e5", "users")
        .deploy("d1", |tree| tree.get("/users/{id}", Behaviour::Mock).any("/{proxy+}", Behaviour::Mock))
        .stage("prod", "d1")
}

#[tokio::test]
async fn shadowed_answers_200() {
    let account = Account::new("us-east-1").api(users().edit(|tree| tree.get("/users/me", Behaviour::Mock)));
    let simulator = Simulator::start(account).await.unwrap();
    let request = request(&simulator, "prod", "/users/me");
    let observation = ask(&simulator, &request).await;
    assert_eq!(status(&observation), 200);
    assert_eq!(alone(&simulator, &request, &observation).cause, None, "the answer alone looks healthy");
    let told = diagnose(&request, &observation, &world(&simulator).await, NOW);
    assert_eq!((told.cause, told.confidence), (Some(Cause::Shadowed), Confidence::Certain));
    assert!(told.evidence[0].contains("GET /users/{id} takes the request instead"), "{:?}", told.evidence);
    assert_eq!(told.matched.unwrap().resource, "/users/{id}");
}

async fn report(account: Account, contract: &[&str]) -> Report {
    let simulator = Simulator::start(account).await.unwrap();
    let mut run = run(&simulator);
    run.config.contract = contract
        .iter()
        .map(|path| ContractRequest {
            method: "GET".to_owned(),
            url: request(&simulator, "prod", path).url,
            headers: std::collections::BTreeMap::new(),
        })
        .map(ContractEntry::Request)
        .collect();
    let prober = pipeline::prober(&run.config).unwrap();
    let wanted = Wanted::Everything(Scope::default());
    pipeline::run(&run, &plane(&simulator), &wanted, &prober, &|| NOW).await.unwrap()
}

#[tokio::test]
async fn a_run_notes_the_shadow_and_wakes_nobody_for_an_edit() {
    let account = || Account::new("us-east-1").api(users().edit(|tree| tree.get("/users/me", Behaviour::Mock)));
    let report = report(account(), &["/users/me", "/users/7"]).await;
    assert_eq!(report.problems().count(), 0, "what answered before still does");
    let causes: Vec<_> = report.expected().map(|finding| finding.diagnosis.cause).collect();
    assert_eq!(causes, [Some(Cause::Shadowed)]);
    assert_eq!((report.contract.requests, report.contract.healthy), (2, 1));
}

/// The value that the plan makes up for `{proxy+}` would reach the `{id}` that somebody has begun to edit: the deployed
/// method is as healthy as before.
#[tokio::test]
async fn an_edit_does_not_shadow_the_probe_of_a_deployed_method() {
    let api = users().edit(|tree| tree.any("/{id}", Behaviour::Mock).get("/users/gateprobe", Behaviour::Mock));
    let report = report(Account::new("us-east-1").api(api), &[]).await;
    assert_eq!(report.problems().count(), 0, "{:?}", report.problems().collect::<Vec<_>>());
    assert_eq!(report.coverage.routed, 2);
}

#[tokio::test]
async fn a_canary_fails_by_chance() {
    let api = Api::new("a1b2c3d4e5", "orders")
        .deploy("d1", |tree| tree.get("/orders", Behaviour::Mock))
        .deploy("d2", |tree| tree.remove_resource("/orders").get("/new", Behaviour::Mock))
        .with_stage(Stage::new("prod", "d1").canary("d2", 50.0));
    let simulator = Simulator::start(Account::new("us-east-1").api(api)).await.unwrap();
    let world = world(&simulator).await;
    let request = request(&simulator, "prod", "/orders");
    let (first, second) = (ask(&simulator, &request).await, ask(&simulator, &request).await);
    assert_eq!((status(&first), status(&second)), (200, 403));
    assert_eq!(alone(&simulator, &request, &first).cause, None, "once it looks healthy");
    assert_eq!(alone(&simulator, &request, &second).cause, Some(Cause::PathUnknown), "and once like a typo");
    for observation in [&first, &second] {
        let told = diagnose(&request, observation, &world, NOW);
        assert_eq!((told.cause, told.confidence), (Some(Cause::CanarySplit), Confidence::Certain));
    }
}

#[tokio::test]
async fn another_gateways_words_come_through_an_integration() {
    let inner = Behaviour::InnerGateway {
        status: 403,
        error_type: "MissingAuthenticationTokenException".to_owned(),
        message: "Missing Authentication Token".to_owned(),
    };
    let api = Api::new("a1b2c3d4e5", "outer").deploy("d1", |tree| tree.get("/orders", inner)).stage("prod", "d1");
    let simulator = Simulator::start(Account::new("us-east-1").api(api)).await.unwrap();
    let request = request(&simulator, "prod", "/orders");
    let observation = ask(&simulator, &request).await;
    let response = observation.outcome.as_ref().unwrap();
    assert_eq!(response.header("x-amzn-errortype"), Some("MissingAuthenticationTokenException"));
    assert!(response.body.contains("Missing Authentication Token"), "word for word what a missing route says");
    let told = diagnose(&request, &observation, &world(&simulator).await, NOW);
    assert_eq!(told.cause, Some(Cause::UpstreamGateway));
    assert_eq!(told.routed(), Some(true));
}

fn reorganised() -> Api {
    Api::new("a1b2c3d4e5", "orders")
        .deploy("d1", |tree| tree.get("/orders", Behaviour::Mock).get("/statistics", Behaviour::Mock))
        .deploy("d2", |tree| tree.remove_resource("/statistics"))
}

#[tokio::test]
async fn removed_looks_like_a_typo() {
    let api = reorganised().stage("prod", "d2");
    let simulator = Simulator::start(Account::new("us-east-1").api(api)).await.unwrap();
    let request = request(&simulator, "prod", "/statistics");
    let observation = ask(&simulator, &request).await;
    assert_eq!(status(&observation), 403);
    let present = world(&simulator).await;
    let without = diagnose(&request, &observation, &present, NOW);
    assert_eq!(without.cause, Some(Cause::PathUnknown), "what is deployed now knows nothing of it");

    // By the API's own history, which does not say what this stage served.
    let mut inventory = present.inventory().clone();
    let api = &inventory.apis[0];
    let (past, gap) = history(&plane(&simulator), api, api.stage("prod").unwrap(), None).await;
    assert_eq!(gap, None);
    inventory.apis[0].deployments.extend(past);
    let with_history = World::new(inventory, run(&simulator).invoke_url);
    let told = diagnose(&request, &observation, &with_history, NOW);
    assert_eq!((told.cause, told.confidence), (Some(Cause::Removed), Confidence::Likely));

    // By what the monitor itself saw.
    let tree = with_history.inventory().apis[0].deployments["d1"].tree.clone();
    let (api, stage, deployment) = ("a1b2c3d4e5".to_owned(), "prod".to_owned(), "d1".to_owned());
    let seen = Seen { api, stage, deployment, seen_at: NOW - 3600, tree };
    let told = diagnose(&request, &observation, &present.with_baseline(Baseline { stages: vec![seen] }), NOW);
    assert_eq!((told.cause, told.confidence), (Some(Cause::Removed), Confidence::Certain));
}

/// What is deployed is read of one simulator, and another one that stands for a server not yet told answers.
#[tokio::test]
async fn a_new_deployment_takes_its_time() {
    let told = |deployment| reorganised().with_stage(Stage::new("prod", deployment).updated_at(NOW - 5));
    let new = Simulator::start(Account::new("us-east-1").api(told("d2"))).await.unwrap();
    let old = Simulator::start(Account::new("us-east-1").api(told("d1"))).await.unwrap();
    for (model, wire, path, status_) in [(&new, &old, "/statistics", 200), (&old, &new, "/statistics", 403)] {
        let observation = ask(wire, &request(wire, "prod", path)).await;
        assert_eq!(status(&observation), status_);
        let request = request(model, "prod", path);
        let told = diagnose(&request, &observation, &world(model).await, NOW);
        assert_eq!((told.cause, told.confidence), (Some(Cause::Propagating), Confidence::Likely), "{status_}");
        let later = diagnose(&request, &observation, &world(model).await, NOW + 600);
        assert_ne!(later.cause, Some(Cause::Propagating), "ten minutes later it is something else");
    }
}

/// A method that was deployed seconds ago, and whose first answer came from a server that does not know it yet, wakes
/// nobody; an hour later it does.
#[tokio::test]
async fn a_run_waits_for_a_new_deployment() {
    for (age, problems) in [(5, 0), (3600, 1)] {
        let api = |deployment| {
            Api::new("a1b2c3d4e5", "orders")
                .deploy("d1", |tree| tree.get("/orders", Behaviour::Mock))
                .deploy("d2", |tree| tree.get("/new", Behaviour::Mock))
                .with_stage(Stage::new("prod", deployment).updated_at(NOW - age))
        };
        let told = Simulator::start(Account::new("us-east-1").api(api("d2"))).await.unwrap();
        let wire = Simulator::start(Account::new("us-east-1").api(api("d1"))).await.unwrap();
        let run = Run { invoke_url: wire.invoke_url_template().parse().unwrap(), ..run(&told) };
        let prober = pipeline::prober(&run.config).unwrap();
        let wanted = Wanted::Everything(Scope::default());
        let report = pipeline::run(&run, &plane(&told), &wanted, &prober, &|| NOW).await.unwrap();
        assert_eq!(report.problems().count(), problems, "{age} s");
        assert_eq!(report.expected().filter(|f| f.diagnosis.cause == Some(Cause::Propagating)).count(), 1 - problems);
        assert_eq!((report.coverage.deployed, report.coverage.healthy), (2, 1));
    }
}

/// A contract request whose door was taken away: the run reads the history of the API, once for all that it misses there.
#[tokio::test]
async fn a_run_names_a_removed_door_that_callers_rely_on() {
    let account = Account::new("us-east-1").api(reorganised().stage("prod", "d2"));
    let report = report(account, &["/statistics", "/orders", "/nowhere-near"]).await;
    let mut causes: Vec<_> = report.problems().map(|finding| finding.diagnosis.cause).collect();
    causes.sort();
    assert_eq!(causes, [Some(Cause::PathUnknown), Some(Cause::Removed)]);
    assert_eq!((report.contract.requests, report.contract.healthy), (3, 1));
}
