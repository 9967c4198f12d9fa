//! HTTP APIs beside REST APIs, through the whole pipeline against the simulator.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, ContractEntry, ContractRequest, Limits, Scope};
use gateprobe::diagnose::{Cause, Symptom};
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::gateway::{Authorization, Verb};
use gateprobe::pipeline::{self, Run};
use gateprobe::report::Report;
use gateprobe::simulator::{Account, Api, Behaviour, Calls, Method, Methods, Simulator, Stage};
use url::Url;

const REGION: &str = "us-east-1";

fn sdk(simulator: &Simulator) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .build()
}

/// One run by host names, with requests that callers rely on: `api path`.
async fn run(account: Account, contract: &[&str]) -> (Report, Calls) {
    let simulator = Simulator::start(account).await.unwrap();
    let template = simulator.host_url_template();
    run_by(&simulator, &template, contract).await
}

async fn run_by(simulator: &Simulator, template: &str, contract: &[&str]) -> (Report, Calls) {
    let port = simulator.address().port();
    let contract = contract.iter().map(|entry| {
        let (api, path) = entry.split_once(' ').unwrap();
        let url = if api.contains('.') {
            format!("http://{api}:{port}{path}")
        } else {
            format!("http://{api}.execute-api.{REGION}.localhost:{port}{path}")
        };
        let url = Url::parse(&url).unwrap();
        ContractEntry::Request(ContractRequest { method: "GET".to_owned(), url, headers: BTreeMap::new() })
    });
    let config = Config {
        contract: contract.collect(),
        limits: Limits { api_rate: 0, control_plane_rate: 1000, retries: 1, ..Limits::default() },
        connect_to: vec![format!("api.example.test::{}:{port}", simulator.address().ip())],
        ..Config::default()
    };
    let plane = ControlPlane::new(&sdk(simulator), pipeline::control_plane_limits(&config));
    let prober = pipeline::prober(&config).unwrap();
    let run = Run {
        invoke_url: template.parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config,
        deadline: None,
    };
    let wanted = Wanted::Everything(Scope::default());
    let report = pipeline::run(&run, &plane, &wanted, &prober, &|| 1_800_000_000).await.unwrap();
    (report, simulator.calls())
}

fn pets(routes: Methods) -> Methods {
    routes
        .get("/pets", Behaviour::Mock)
        .post("/pets", Behaviour::Mock)
        .get("/pets/{id}", Behaviour::http(404, r#"{"message":"Not Found"}"#))
        .any("/files/{proxy+}", Behaviour::Mock)
        .any("$default", Behaviour::Mock)
}

#[tokio::test]
async fn a_rest_and_an_http_api_are_probed_side_by_side() {
    let account = Account::new(REGION)
        .api(Api::new("rest000000", "orders").deploy("d1", |t| t.get("/orders", Behaviour::Mock)).stage("prod", "d1"))
        .api(
            Api::new("http000000", "pets")
                .http()
                .edit(pets)
                .with_stage(Stage::auto_deployed("$default"))
                .with_stage(Stage::auto_deployed("dev")),
        )
        .api(Api::new("sock000000", "chat").web_socket().with_stage(Stage::new("live", "d9")))
        .mapping("api.example.test", "", "http000000", Some("$default"));
    let (report, calls) = run(account, &[]).await;
    assert_eq!(report.gaps, []);
    // Each of two stages has five routes, and POST is not sent; the catch-all is asked at the root.
    let coverage = &report.coverage;
    assert_eq!((coverage.deployed, coverage.probed, coverage.routed), (11, 9, 9), "{coverage:?}");
    // A backend's own Not Found is no missing route where the routes say so; the values are made up.
    let causes: Vec<_> = report.diagnoses.iter().map(|finding| finding.diagnosis.cause.unwrap()).collect();
    assert!(causes.iter().all(|cause| *cause == Cause::BackendStatus), "{causes:?}");
    assert_eq!(coverage.healthy, 3, "made-up values prove the route alone");
    assert!(report.problems().next().is_none(), "{:?}", report.problems().next());
    assert!(calls.unsafe_reached().is_empty());
    let hosts: BTreeSet<&str> = calls.data.iter().map(|call| call.host.as_str()).collect();
    let expected = [
        "api.example.test",
        "http000000.execute-api.us-east-1.localhost",
        "rest000000.execute-api.us-east-1.localhost",
    ];
    assert_eq!(hosts.into_iter().collect::<Vec<_>>(), expected, "a WebSocket API is not called");
    let at = |stage: &str| calls.reached_count("http000000", stage, "$default");
    assert_eq!((at("$default"), at("dev")), (2, 1), "through the domain too");
    assert_eq!(report.notes, ["chat (sock000000, stages live) is a WebSocket API: not probed"]);
}

#[tokio::test]
async fn a_route_that_is_not_served_is_found_and_named() {
    let account = Account::new(REGION)
        .api(
            Api::new("manual0000", "manual")
                .http()
                .deploy("d1", |t| t.get("/old", Behaviour::Mock))
                .edit(|t| t.remove_resource("/old").get("/new", Behaviour::Mock))
                .stage("$default", "d1"),
        )
        .api(
            Api::new("blind00000", "blind")
                .http()
                .deploy("d1", |t| t.get("/old", Behaviour::Mock))
                .edit(|t| t.get("/new", Behaviour::Mock))
                .stage("$default", "d1")
                .refuse_export(),
        )
        .api(
            Api::new("named00000", "named")
                .http()
                .edit(|t| t.get("/pets", Behaviour::Mock))
                .with_stage(Stage::auto_deployed("prod")),
        );
    let contract =
        ["manual0000 /new", "manual0000 /old", "named00000 /pets", "named00000 /prod/pest", "named00000 /prod/pets"];
    let (report, calls) = run(account, &contract).await;
    let mut found: Vec<_> = report
        .problems()
        .map(|finding| {
            let diagnosis = &finding.diagnosis;
            let url = Url::parse(&diagnosis.request.url).unwrap();
            let api = url.host_str().unwrap().split('.').next().unwrap().to_owned();
            let suggested = diagnosis.suggestions.first().map(|suggestion| Url::parse(&suggestion.url).unwrap());
            let suggested = suggested.map_or("-".to_owned(), |url| url.path().to_owned());
            (format!("{api} {}", url.path()), diagnosis.symptom, diagnosis.cause.unwrap(), suggested)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let not_found = Symptom::ResourceNotFound;
    let expected = [
        // The routes stand in for what could not be exported, and one of them is not served.
        ("blind00000 /new", Cause::NotDeployed, "-"),
        ("manual0000 /new", Cause::NotDeployed, "-"),
        ("named00000 /pets", Cause::StageMissing, "/prod/pets"),
        ("named00000 /prod/pest", Cause::PathUnknown, "/prod/pets"),
    ]
    .map(|(asked, cause, suggested)| (asked.to_owned(), not_found, cause, suggested.to_owned()));
    assert_eq!(found, expected);
    assert_eq!(report.contract.healthy, 2, "what the snapshot serves answers, in the editor or not");
    assert_eq!(calls.reached_count("manual0000", "$default", "/old"), 2, "by the export, and by the contract");
    assert_eq!(report.undeployed.len(), 1, "{:?}", report.undeployed);
}

#[tokio::test]
async fn what_an_http_api_refuses_is_told_apart_from_what_is_broken() {
    let jwt = Method::mock().authorization(Authorization::Jwt);
    let account = Account::new(REGION)
        .api(
            Api::new("http000000", "guarded")
                .http()
                .edit(|t| {
                    t.get("/iam", Method::mock().iam())
                        .get("/jwt", jwt)
                        .get("/lambda", Method::mock().custom())
                        .get("/broken", Behaviour::IntegrationFailure)
                        .get("/slow", Behaviour::IntegrationTimeout)
                        .get("/busy", Behaviour::Throttled)
                        .get("/shut", Method::mock().broken_authorizer())
                        .on(Verb::Any, "/fine", Behaviour::Mock)
                })
                .with_stage(Stage::auto_deployed("$default")),
        )
        .api(
            Api::new("shut000000", "shut")
                .http()
                .disable_default_endpoint()
                .edit(|t| t.get("/pets", Behaviour::Mock))
                .with_stage(Stage::auto_deployed("$default")),
        );
    let (report, calls) = run(account, &["shut000000 /pets"]).await;
    let path = |url: &str| Url::parse(url).unwrap().path().to_owned();
    let told = |expected: bool| -> BTreeMap<String, Cause> {
        let findings = report.diagnoses.iter().filter(|finding| finding.expected == expected);
        findings.map(|finding| (path(&finding.diagnosis.request.url), finding.diagnosis.cause.unwrap())).collect()
    };
    // What a signature of nobody's proves of /iam leaves nothing to tell.
    let refusals = [("/jwt", Cause::Authorizer), ("/lambda", Cause::Authorizer), ("/shut", Cause::Authorizer)];
    assert_eq!(told(true), refusals.map(|(path, cause)| (path.to_owned(), cause)).into());
    let broken = [
        ("/broken", Cause::Integration),
        ("/slow", Cause::IntegrationTimeout),
        ("/busy", Cause::Throttle),
        ("/pets", Cause::EndpointDisabled),
    ];
    assert_eq!(told(false), broken.map(|(path, cause)| (path.to_owned(), cause)).into());
    assert_eq!(calls.reached_count("http000000", "$default", "/fine"), 1);
    assert_eq!(report.coverage.healthy, 1);
}

#[tokio::test]
async fn where_the_template_is_a_rest_apis_no_http_api_is_called() {
    let account = Account::new(REGION)
        .api(Api::new("rest000000", "orders").deploy("d1", |t| t.get("/orders", Behaviour::Mock)).stage("prod", "d1"))
        .api(Api::new("http000000", "pets").http().edit(pets).with_stage(Stage::auto_deployed("$default")));
    let simulator = Simulator::start(account).await.unwrap();
    let (report, calls) = run_by(&simulator, &simulator.invoke_url_template(), &[]).await;
    assert_eq!((report.coverage.deployed, report.coverage.healthy), (6, 1));
    assert_eq!(report.coverage.skipped_total(), 5);
    assert_eq!(calls.data.len(), 1, "the REST API's");
}

#[tokio::test]
async fn a_stage_that_deploys_by_itself_has_its_refusals_too() {
    let guarded = |api: Api| {
        let jwt = || Method::mock().authorization(Authorization::Jwt);
        let routes = |t: Methods| {
            t.get("/jwt", jwt()).post("/jwt", jwt()).get("/iam", Method::mock().iam()).put("/iam", Method::mock().iam())
        };
        // The simulator, as some emulators do, gives such a stage's deployment no id.
        Account::new(REGION).api(api.http().edit(routes).with_stage(Stage::auto_deployed("$default")))
    };
    let api = || Api::new("http000000", "guarded");
    for account in [guarded(api()), guarded(api().refuse_export())] {
        let (report, calls) = run(account, &[]).await;
        let coverage = &report.coverage;
        assert_eq!(
            (coverage.routed, &coverage.skipped),
            (4, &BTreeMap::new()),
            "{:?} {:?}",
            report.gaps,
            report.diagnoses
        );
        assert!(!report.has_problems() && report.gaps.is_empty());
        let sent: BTreeSet<&str> = calls.data.iter().map(|call| call.verb.as_str()).collect();
        assert_eq!(sent.into_iter().collect::<Vec<_>>(), ["GET", "POST", "PUT"]);
        assert!(calls.reached.is_empty(), "no integration was called: {:?}", calls.reached);
    }
}
