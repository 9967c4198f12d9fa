//! The whole pipeline against the simulator, over real HTTP: the promises of a run, each in a world where it could break.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, ContractEntry, ContractRequest, Limits, Scope};
use gateprobe::diagnose::{Cause, Verdict};
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::pipeline::{self, Run, Step};
use gateprobe::plan::SkipReason;
use gateprobe::report::{Finding, Report};
use gateprobe::simulator::{Account, Api, Behaviour, Calls, ControlFault, Fault, Method, Operation, Simulator};
use url::Url;

const NOW: i64 = 1_800_000_000;

/// A config for loopback: no pace to keep, short waits between retries come from the prober itself.
fn config(simulator: &Simulator) -> Config {
    let address = simulator.address();
    Config {
        limits: Limits { api_rate: 0, control_plane_rate: 1000, retries: 1, ..Limits::default() },
        connect_to: vec![format!("api.example.test::{}:{}", address.ip(), address.port())],
        ..Config::default()
    }
}

fn aws(simulator: &Simulator) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .build()
}

async fn run_with(simulator: &Simulator, config: Config, deadline: Option<Instant>) -> Report {
    let run = Run {
        invoke_url: simulator.invoke_url_template().parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config,
        deadline,
    };
    let plane = ControlPlane::new(&aws(simulator), pipeline::control_plane_limits(&run.config));
    let prober = pipeline::prober(&run.config).unwrap();
    pipeline::run(&run, &plane, &Wanted::Everything(Scope::default()), &prober, &|| NOW).await.unwrap()
}

async fn run(account: Account) -> (Report, Calls) {
    let simulator = Simulator::start(account).await.unwrap();
    let report = run_with(&simulator, config(&simulator), None).await;
    adds_up(&report);
    (report, simulator.calls())
}

/// What is true of every report: each deployed method is probed or skipped, and the stages' counts make the whole.
fn adds_up(report: &Report) {
    let coverage = &report.coverage;
    assert_eq!(coverage.deployed, coverage.probed + coverage.skipped_total(), "{coverage:?}");
    assert!(coverage.healthy <= coverage.routed && coverage.routed <= coverage.probed, "{coverage:?}");
    for total in [
        (coverage.deployed, report.stages.iter().map(|stage| stage.coverage.deployed).sum::<usize>()),
        (coverage.probed, report.stages.iter().map(|stage| stage.coverage.probed).sum()),
    ] {
        assert_eq!(total.0, total.1);
    }
}

fn causes<'r>(findings: impl Iterator<Item = &'r Finding>) -> BTreeMap<Cause, usize> {
    let mut causes = BTreeMap::new();
    for finding in findings {
        *causes.entry(finding.diagnosis.cause.unwrap()).or_default() += 1;
    }
    causes
}

fn contract(url: &str) -> ContractEntry {
    ContractEntry::Request(ContractRequest {
        method: "GET".to_owned(),
        url: Url::parse(url).unwrap(),
        headers: BTreeMap::new(),
    })
}

#[tokio::test]
async fn a_failure_is_confirmed_on_a_fresh_connection_before_it_is_told() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/broken", Behaviour::IntegrationFailure).get("/fine", Behaviour::Mock))
            .stage("prod", "d1"),
    );
    let (report, calls) = run(account).await;
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].confirmed);
    let broken: Vec<_> = calls.data.iter().filter(|call| call.path.ends_with("/broken")).collect();
    assert_eq!(broken.len(), 3, "the first, one retry, the confirmation");
    assert_eq!(problems[0].attempts, 3);
    let before: BTreeSet<_> = broken[..2].iter().map(|call| call.connection).collect();
    assert!(!before.contains(&broken[2].connection), "the confirmation has a connection of its own");
    assert_eq!(
        broken[2].header("x-amzn-requestid"),
        Some(problems[0].request_id.as_str()),
        "it is found in access logs"
    );
}

#[tokio::test]
async fn what_passes_by_itself_is_not_told() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/flaky", Method::mock().at_first(2, Behaviour::IntegrationFailure)))
            .stage("prod", "d1"),
    );
    let (report, calls) = run(account).await;
    assert_eq!((report.coverage.healthy, report.diagnoses.len()), (1, 0));
    assert_eq!(calls.data.len(), 3);
}

#[tokio::test]
async fn nothing_but_safe_verbs_is_ever_sent() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| {
                t.post("/a", Behaviour::Mock)
                    .put("/a", Behaviour::IntegrationFailure)
                    .delete("/a/{id}", Behaviour::Mock)
                    .patch("/a/{id}", Behaviour::Mock)
                    .any("/b/{proxy+}", Behaviour::Mock)
                    .any("/c", Behaviour::Mock)
                    .get("/c", Behaviour::Mock)
            })
            .stage("prod", "d1"),
    );
    let (report, calls) = run(account).await;
    assert_eq!(report.coverage.skipped[&SkipReason::NoSafeProof], 4);
    assert_eq!((report.coverage.routed, report.coverage.healthy), (3, 2), "a made-up path proves the route alone");
    assert!(calls.unsafe_reached().is_empty());
    for call in &calls.data {
        assert!(["GET", "HEAD", "OPTIONS"].contains(&call.verb.as_str()), "{call:?}");
        assert!(call.header("user-agent").unwrap().starts_with("Gateprobe/"), "{call:?}");
        let id = call.header("x-amzn-requestid").unwrap();
        assert!(uuid::Uuid::parse_str(id).is_ok(), "API Gateway adopts only a UUID: {id}");
    }
}

#[tokio::test]
async fn refusals_for_want_of_credentials_are_no_problem_and_a_broken_authorizer_is() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| {
                t.get("/keyed", Method::mock().api_key())
                    .get("/iam", Method::mock().iam())
                    .get("/token", Method::mock().custom())
                    .get("/pool", Method::mock().cognito())
                    .get("/strict", Method::mock().requires_query("q"))
                    .get("/denied", Method::mock().denied_by_policy())
            })
            .stage("prod", "d1"),
    );
    let (report, calls) = run(account).await;
    assert_eq!(causes(report.expected()), [(Cause::ApiKey, 1), (Cause::Authorizer, 2)].into());
    assert_eq!(causes(report.problems()), [(Cause::ResourcePolicy, 1)].into());
    // An unsigned call to the IAM method would prove nothing; a signature of nobody's is refused by the method alone.
    assert_eq!((report.coverage.probed, report.coverage.routed, report.coverage.healthy), (6, 5, 0));
    assert_eq!(report.unhealthy, 1);
    let reached: Vec<_> = calls.reached.keys().map(|call| call.resource.as_str()).collect();
    assert_eq!(reached, ["/strict"], "its query parameter is in the export; nothing else was let in");
}

#[tokio::test]
async fn made_up_values_prove_the_route_and_the_contract_must_be_healthy() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| {
                t.get("/pets/{id}", Method::http(404, r#"{"error":"no such pet"}"#))
                    .get("/down", Method::http(500, "oops"))
            })
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let base = simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod");
    let config = Config { contract: vec![contract(&format!("{base}/pets/7"))], ..config(&simulator) };
    let report = run_with(&simulator, config, None).await;
    adds_up(&report);
    assert_eq!(causes(report.expected()), [(Cause::BackendStatus, 1)].into());
    assert_eq!(causes(report.problems()), [(Cause::BackendStatus, 2)].into(), "the 500, and the contract's 404");
    assert_eq!((report.coverage.routed, report.coverage.healthy), (2, 0), "a broken backend proves the route");
    assert_eq!((report.contract.requests, report.contract.healthy, report.unhealthy), (1, 0, 2));
}

#[tokio::test]
async fn two_doors_count_as_one_method_and_the_worse_one_counts() {
    let account = Account::new("us-east-1")
        .api(Api::new("a1b2c3d4e5", "shop").deploy("d1", |t| t.get("/x", Behaviour::Mock)).stage("prod", "d1"))
        .domain(gateprobe::gateway::Domain {
            name: "api.example.test".to_owned(),
            endpoint: gateprobe::gateway::EndpointType::Regional,
            target: None,
            routing_mode: gateprobe::gateway::RoutingMode::Mappings,
            mutual_tls: false,
            mappings: vec![],
            rules: vec![],
        })
        .mapping("api.example.test", "", "a1b2c3d4e5", Some("prod"));
    let simulator = Simulator::start(account).await.unwrap();
    let report = run_with(&simulator, config(&simulator), None).await;
    assert_eq!((report.coverage.deployed, report.coverage.probed, report.coverage.healthy), (1, 1, 1));
    assert_eq!(simulator.calls().data.len(), 2, "it was asked through both");

    // The domain leads nowhere: the method is not healthy through it.
    let mut astray = config(&simulator);
    astray.connect_to = vec!["api.example.test::127.0.0.1:1".to_owned()];
    let report = run_with(&simulator, astray, None).await;
    adds_up(&report);
    assert_eq!((report.coverage.probed, report.coverage.healthy, report.unhealthy), (1, 0, 1));
    let problem = report.problems().next().unwrap();
    assert_eq!((problem.diagnosis.cause, problem.diagnosis.verdict), (Some(Cause::NetworkConnect), Verdict::Transport));
    assert_eq!(problem.door.to_string(), "api.example.test");
}

#[tokio::test]
async fn what_cannot_be_read_is_a_gap_and_the_rest_goes_on() {
    let api = |id: &str| Api::new(id, id).deploy("d1", |t| t.get("/x", Behaviour::Mock)).stage("prod", "d1");
    let account = Account::new("us-east-1")
        .api(api("good000000"))
        .api(api("bad0000000"))
        .fault(ControlFault::on(Operation::GetDeployment, Fault::AccessDenied).of("bad0000000"))
        .fault(ControlFault::on(Operation::GetExport, Fault::AccessDenied).of("bad0000000"));
    let (report, _) = run(account).await;
    assert_eq!((report.coverage.deployed, report.coverage.healthy), (1, 1));
    assert!(report.gaps.iter().any(|gap| gap.place.contains("bad0000000")), "{:?}", report.gaps);
    assert_eq!(report.stages.len(), 2, "the stage is there, with nothing known of it");
    assert!(report.stages.iter().any(|stage| stage.tree.is_none()));
}

#[tokio::test]
async fn a_run_ends_at_its_deadline_with_what_it_has() {
    let slow = |t: gateprobe::simulator::Methods| {
        (0..40).fold(t.get("/quick", Behaviour::Mock), |t, index| {
            t.get(&format!("/slow{index}"), Method::mock().latency(Duration::from_mins(10)))
        })
    };
    let account = Account::new("us-east-1").api(Api::new("a1b2c3d4e5", "shop").deploy("d1", slow).stage("prod", "d1"));
    let simulator = Simulator::start(account).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(3);
    let report = run_with(&simulator, config(&simulator), Some(deadline)).await;
    adds_up(&report);
    assert!(report.stopped_early);
    assert_eq!((report.coverage.probed, report.coverage.healthy), (1, 1));
    assert_eq!(report.coverage.skipped[&SkipReason::OutOfTime], 40);
    assert!(report.gaps.iter().any(|gap| gap.reason.contains("40 requests were not sent")), "{:?}", report.gaps);
    assert_eq!(report.diagnoses.len(), 0, "what was abandoned is not called unhealthy");
}

#[tokio::test]
async fn edits_that_nobody_deployed_are_counted_by_stage() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/old", Behaviour::Mock))
            .stage("prod", "d1")
            .deploy("d2", |t| t.get("/new", Behaviour::Mock))
            .stage("dev", "d2")
            .edit(|t| t.post("/newer", Behaviour::Mock)),
    );
    let (report, _) = run(account).await;
    let missing: Vec<_> =
        report.undeployed.iter().map(|m| format!("{} {} {}", m.stage, m.method, m.resource)).collect();
    assert_eq!(missing, ["prod GET /new", "prod POST /newer", "dev POST /newer"]);
    let counts: Vec<_> = report.stages.iter().map(|stage| stage.undeployed).collect();
    assert_eq!(counts, [2, 1]);
    assert!(!report.has_problems(), "an edit is work in hand, not a fault");
}

#[tokio::test]
async fn a_contract_request_outside_the_filters_is_not_called_unknown() {
    let account = Account::new("us-east-1")
        .api(Api::new("a1b2c3d4e5", "shop").deploy("d1", |t| t.get("/x", Behaviour::Mock)).stage("prod", "d1"))
        .api(Api::new("other00000", "other").deploy("d1", |t| t.get("/x", Behaviour::Mock)).stage("prod", "d1"));
    let simulator = Simulator::start(account).await.unwrap();
    let base = simulator.invoke_url_template().replace("{api}", "other00000").replace("{stage}", "prod");
    let run = Run {
        invoke_url: simulator.invoke_url_template().parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config: Config { contract: vec![contract(&format!("{base}/y"))], ..config(&simulator) },
        deadline: None,
    };
    let plane = ControlPlane::new(&aws(&simulator), pipeline::control_plane_limits(&run.config));
    let prober = pipeline::prober(&run.config).unwrap();
    let wanted = Wanted::Everything(Scope::new(&["shop".to_owned()], &[]).unwrap());
    let report = pipeline::run(&run, &plane, &wanted, &prober, &|| NOW).await.unwrap();
    let problem = report.problems().next().unwrap();
    assert_eq!(problem.diagnosis.cause, Some(Cause::PathUnknown));
    assert_eq!(
        problem.diagnosis.confidence,
        gateprobe::diagnose::Confidence::Possible,
        "{:?}",
        problem.diagnosis.evidence
    );
}

#[tokio::test]
async fn whoever_waits_is_told_of_every_request() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| {
                t.get("/x", Behaviour::Mock).get("/y", Behaviour::Mock).post("/keyed", Method::mock().api_key())
            })
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let base = simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod");
    let run = Run {
        invoke_url: simulator.invoke_url_template().parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config: Config { contract: vec![contract(&format!("{base}/z"))], ..config(&simulator) },
        deadline: None,
    };
    let plane = ControlPlane::new(&aws(&simulator), pipeline::control_plane_limits(&run.config));
    let prober = pipeline::prober(&run.config).unwrap();
    let (told, wanted) = (Mutex::new(Vec::new()), Wanted::Everything(Scope::default()));
    let progress = |step| told.lock().unwrap().push(step);
    pipeline::run_watched(&run, &plane, &wanted, &prober, &|| NOW, None, &progress).await.unwrap();
    let told = told.into_inner().unwrap();
    let Some(Step::Planned { probes: 3, refusals }) = told.first().copied() else { panic!("{told:?}") };
    let count = |wanted: Step| told.iter().filter(|step| **step == wanted).count();
    assert_eq!((count(Step::Probed { failing: false }), count(Step::Probed { failing: true })), (2, 1), "{told:?}");
    assert_eq!((count(Step::Refused), refusals), (1, 1), "{told:?}");
}

#[tokio::test]
async fn a_run_that_could_read_nothing_is_no_healthy_run() {
    let account = Account::new("us-east-1")
        .api(Api::new("a1b2c3d4e5", "shop").deploy("d1", |t| t.get("/x", Behaviour::Mock)).stage("prod", "d1"))
        .fault(ControlFault::on(Operation::GetStages, Fault::AccessDenied));
    let (report, _) = run(account).await;
    assert!(report.saw_nothing() && !report.has_problems());
    let datums = gateprobe::report::datums(&report, NOW);
    let names: Vec<_> = datums.iter().map(|datum| &*datum.name).collect();
    assert!(!names.contains(&"Heartbeat") && !names.contains(&"RoutingFailures"), "{names:?}");
    assert!(names.contains(&"Gaps"), "{names:?}");
}

#[tokio::test]
async fn a_contract_finds_the_door_that_is_not_deployed() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/old", Behaviour::Mock))
            .stage("prod", "d1")
            .edit(|t| t.get("/new", Behaviour::Mock)),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let base = simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5");
    let config = Config {
        contract: vec![
            contract(&format!("{}/new", base.replace("{stage}", "prod"))),
            contract(&format!("{}/old", base.replace("{stage}", "prd"))),
        ],
        ..config(&simulator)
    };
    let report = run_with(&simulator, config, None).await;
    assert_eq!(causes(report.problems()), [(Cause::NotDeployed, 1), (Cause::StageUnknown, 1)].into());
    assert_eq!((report.unhealthy, report.routing_failures), (2, 2), "the one that leads to no stage counts too");
    assert_eq!(report.stages[0].routing_failures, 1);
}
