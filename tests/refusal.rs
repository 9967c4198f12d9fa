//! Proof by refusal over real HTTP: what is proved, what is not sent, and that nothing of it reaches a backend.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, Limits, Scope};
use gateprobe::diagnose::Cause;
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::gateway::{Authorization, Protocol};
use gateprobe::pipeline::{self, Run};
use gateprobe::plan::SkipReason;
use gateprobe::report::Report;
use gateprobe::simulator::{
    Account, Api, ApiKey, Behaviour, Calls, ControlFault, Fault, Method, Methods, Operation, Reached, Simulator, Stage,
    Summary,
};

const NOW: i64 = 1_800_000_000;

fn aws(simulator: &Simulator) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .build()
}

async fn run_on(simulator: &Simulator, text: &str) -> Report {
    run_by(simulator, &simulator.invoke_url_template(), text).await
}

async fn run_by(simulator: &Simulator, template: &str, text: &str) -> Report {
    let mut config = Config::parse(text, "test").unwrap();
    config.limits = Limits { api_rate: 0, control_plane_rate: 1000, retries: 0, ..config.limits };
    let run = Run {
        invoke_url: template.parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config,
        deadline: None,
    };
    let plane = ControlPlane::new(&aws(simulator), pipeline::control_plane_limits(&run.config));
    let prober = pipeline::prober(&run.config).unwrap();
    pipeline::run(&run, &plane, &Wanted::Everything(Scope::default()), &prober, &|| NOW).await.unwrap()
}

async fn run(account: Account) -> (Report, Calls) {
    let simulator = Simulator::start(account).await.unwrap();
    let report = run_on(&simulator, "").await;
    (report, simulator.calls())
}

fn shop(methods: impl FnOnce(Methods) -> Methods) -> Account {
    Account::new("us-east-1").api(Api::new("a1b2c3d4e5", "shop").deploy("d1", methods).stage("prod", "d1"))
}

fn unsafe_sent(calls: &Calls) -> Vec<&str> {
    calls.data.iter().map(|call| call.verb.as_str()).filter(|verb| !["GET", "HEAD", "OPTIONS"].contains(verb)).collect()
}

#[tokio::test]
async fn verbs_that_must_not_be_sent_are_proved_by_what_refuses_them() {
    let (report, calls) = run(shop(|t| {
        t.get("/keyed", Method::mock().api_key())
            .post("/keyed", Method::mock().api_key())
            .get("/pool", Method::mock().cognito())
            .delete("/pool", Method::mock().cognito())
            .get("/iam", Method::mock().iam())
            .put("/iam", Method::mock().iam())
            .patch("/open", Behaviour::Mock)
    }))
    .await;
    let coverage = &report.coverage;
    assert_eq!((coverage.deployed, coverage.probed, coverage.routed, coverage.healthy), (7, 6, 6, 0), "{report:?}");
    assert_eq!(coverage.skipped, [(SkipReason::NoSafeProof, 1)].into());
    assert!(!report.has_problems(), "{:?}", report.diagnoses);
    let mut sent = unsafe_sent(&calls);
    sent.sort_unstable();
    assert_eq!(sent, ["DELETE", "POST", "PUT"]);
    for call in calls.data.iter().filter(|call| call.verb == "POST") {
        assert_eq!(call.header("content-length").unwrap_or("0"), "0", "the body is empty");
    }
    assert!(calls.reached.is_empty(), "no integration was called: {:?}", calls.reached);
}

#[tokio::test]
async fn where_signatures_are_looked_at_before_routing_they_prove_nothing() {
    let account = shop(|t| t.get("/iam", Method::mock().iam()).post("/iam", Method::mock().iam())).signatures_first();
    let (report, calls) = run(account).await;
    assert_eq!((report.coverage.routed, report.has_problems()), (0, false), "{:?}", report.diagnoses);
    assert!(unsafe_sent(&calls).is_empty(), "not seen to work with a verb that changes nothing");
    assert_eq!(report.coverage.skipped, [(SkipReason::RefusalNotSeen, 1)].into());
}

#[tokio::test]
async fn a_kind_that_was_not_seen_to_work_is_not_used() {
    let (report, calls) = run(shop(|t| {
        t.post("/keyed", Method::mock().api_key())
            .post("/pool", Method::mock().cognito())
            .get("/pool", Method::mock().cognito())
    }))
    .await;
    assert_eq!(report.coverage.skipped, [(SkipReason::RefusalNotSeen, 1)].into(), "no GET is keyed");
    assert_eq!(unsafe_sent(&calls), ["POST"]);
    assert!(calls.data.iter().all(|call| !(call.verb == "POST" && call.path.ends_with("/keyed"))));
}

fn guarded(t: Methods, path: &str, method: impl Fn() -> Method) -> Methods {
    t.get(path, method()).post(path, method())
}

/// Emulators enforce one authorizer and not another: what one of them refuses says nothing of the other.
#[tokio::test]
async fn what_one_authorizer_refuses_is_not_believed_of_another() {
    let account =
        shop(|t| guarded(guarded(t, "/token", || Method::mock().custom()), "/pool", || Method::mock().cognito()));
    let other = Api::new("other00000", "other").deploy("d1", |t| t.delete("/pool", Method::mock().cognito()));
    let account = account.api(other.stage("prod", "d1")).unenforced(Protocol::Rest, Authorization::CognitoUserPools);
    let (report, calls) = run(account).await;
    assert_eq!(calls.unsafe_reached(), Vec::<&Reached>::new());
    assert_eq!(unsafe_sent(&calls), ["POST"], "the token's is used");
    assert_eq!(report.coverage.skipped, [(SkipReason::RefusalNotSeen, 2)].into());
    assert_eq!(report.refusals_not_given, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_rest_api_refuses_is_not_believed_of_an_http_api() {
    let both = |t: Methods| {
        guarded(guarded(t, "/jwt", || Method::mock().authorization(Authorization::Jwt)), "/iam", || {
            Method::mock().iam()
        })
    };
    let http = Api::new("http000000", "http").http().deploy("d1", both).with_stage(Stage::new("$default", "d1"));
    let account = shop(|t| guarded(guarded(t, "/pool", || Method::mock().cognito()), "/iam", || Method::mock().iam()))
        .api(http)
        .unenforced(Protocol::Http, Authorization::Jwt)
        .unenforced(Protocol::Http, Authorization::AwsIam);
    let simulator = Simulator::start(account).await.unwrap();
    let report = run_by(&simulator, &simulator.host_url_template(), "").await;
    let calls = simulator.calls();
    assert_eq!(calls.unsafe_reached(), Vec::<&Reached>::new());
    assert_eq!(unsafe_sent(&calls), ["POST", "POST"], "the REST API's two");
    assert_eq!(report.coverage.skipped, [(SkipReason::RefusalNotSeen, 2)].into());
}

/// A name may be pinned to another server, which enforces less.
#[tokio::test]
async fn what_one_server_refuses_is_not_believed_of_another() {
    let api = |id: &str| {
        Api::new(id, id).deploy("d1", |t| guarded(t, "/pool", || Method::mock().cognito())).stage("prod", "d1")
    };
    let account = Account::new("us-east-1").api(api("a1b2c3d4e5")).api(api("b1b2c3d4e5"));
    let strict = Simulator::start(account.clone()).await.unwrap();
    let lax = account.unenforced(Protocol::Rest, Authorization::CognitoUserPools);
    let lax = Simulator::start(lax).await.unwrap();
    let pins = format!(
        "connect_to: ['a1b2c3d4e5.execute-api.us-east-1.localhost::127.0.0.1:{}', '::127.0.0.1:{}']",
        strict.address().port(),
        lax.address().port()
    );
    let report = run_by(&strict, "http://{api}.execute-api.{region}.localhost/{stage}", &pins).await;
    assert_eq!(unsafe_sent(&strict.calls()), ["POST"]);
    assert_eq!(unsafe_sent(&lax.calls()), Vec::<&str>::new(), "only the other one was seen to refuse it");
    assert_eq!(report.coverage.skipped, [(SkipReason::RefusalNotSeen, 1)].into());
}

#[tokio::test]
async fn a_refusal_that_does_not_come_is_told_and_its_kind_not_used_again() {
    // A key that opens one API to everybody: what the deployment demands is not enforced there.
    let open = ApiKey {
        value: String::new(),
        stages: Some(vec![("open000000".to_owned(), "prod".to_owned())]),
        enabled: true,
    };
    let keyed = |t: Methods| {
        t.post("/a", Method::mock().api_key())
            .post("/b", Method::mock().api_key())
            .delete("/c", Method::mock().api_key())
            .post("/pool", Method::mock().cognito())
            .get("/pool", Method::mock().cognito())
    };
    let mut account = shop(|t| keyed(t).get("/a", Method::mock().api_key()))
        .api(Api::new("open000000", "open").deploy("d1", keyed).stage("prod", "d1"));
    account.api_keys.push(open);
    let (report, calls) = run(account).await;
    let reached: Vec<String> = calls.unsafe_reached().iter().map(|call| call.resource.clone()).collect();
    assert_eq!(reached, ["/a"], "one, and no other of that kind in that API");
    assert_eq!(report.refusals_not_given.len(), 1, "{:?}", report.refusals_not_given);
    assert!(report.refusals_not_given[0].contains("POST /a of stage prod (open)"), "{:?}", report.refusals_not_given);
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].diagnosis.cause, Some(Cause::Unexplained));
    assert!(problems[0].diagnosis.evidence[0].contains("was not refused"), "{:?}", problems[0].diagnosis.evidence);
    assert_eq!(report.coverage.skipped, [(SkipReason::NoSafeProof, 2)].into(), "/b and /c");
    let other = calls.data.iter().filter(|call| call.verb == "POST" && call.path.ends_with("/pool")).count();
    assert_eq!(other, 2, "another kind goes on, and so does another API");
}

#[tokio::test]
async fn a_stage_that_is_deployed_in_mid_run_is_left_alone() {
    let account = shop(|t| {
        t.get("/slow", Method::mock().latency(Duration::from_millis(1500)))
            .get("/keyed", Method::mock().api_key())
            .post("/keyed", Method::mock().api_key())
    });
    let simulator = Simulator::start(account).await.unwrap();
    let run = run_on(&simulator, "");
    let change = async {
        let begun = Instant::now();
        while !simulator.calls().data.iter().any(|call| call.path.ends_with("/slow")) {
            assert!(begun.elapsed() < Duration::from_secs(20), "the run never began");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        simulator.account_mut(|account| {
            account.change_api("a1b2c3d4e5", |api| {
                api.deploy("d2", |t| t.post("/keyed", Behaviour::Mock)).stage("prod", "d2")
            });
        });
    };
    let (report, ()) = tokio::join!(run, change);
    assert_eq!(report.coverage.skipped, [(SkipReason::DeploymentChanged, 1)].into());
    let calls = simulator.calls();
    assert!(unsafe_sent(&calls).is_empty(), "the method is open by now");
    assert!(calls.unsafe_reached().is_empty());
}

#[tokio::test]
async fn a_stage_that_cannot_be_read_again_is_a_gap_and_left_alone() {
    let account = shop(|t| t.get("/keyed", Method::mock().api_key()).post("/keyed", Method::mock().api_key()))
        .fault(ControlFault::on(Operation::GetStage, Fault::AccessDenied));
    let (report, calls) = run(account).await;
    assert_eq!(report.coverage.skipped, [(SkipReason::DeploymentChanged, 1)].into());
    assert!(report.gaps.iter().any(|gap| gap.reason.contains("no refusal was asked for: ")), "{:?}", report.gaps);
    assert!(unsafe_sent(&calls).is_empty());
}

#[tokio::test]
async fn an_allowed_verb_is_sent_and_held_to_what_is_expected() {
    let simulator = Simulator::start(shop(|t| {
        t.post("/search", Method::http(200, r#"{"hits": 3}"#)).post("/other", Behaviour::Mock)
    }))
    .await
    .unwrap();
    let config = |hits: u8| {
        format!(
            "allow: [{{path: /search, method: [POST]}}]\nknown_good: [{{path: /search, method: [POST], body: '{{}}', expect: {{status: [200], pointer: {{/hits: {hits}}}}}}}]\n"
        )
    };
    let report = run_on(&simulator, &config(3)).await;
    assert_eq!((report.coverage.healthy, report.has_problems()), (1, false), "{:?}", report.diagnoses);
    assert_eq!(simulator.calls().unsafe_reached().len(), 1, "the one that is allowed, once");
    let report = run_on(&simulator, &config(4)).await;
    let problem = report.problems().next().unwrap();
    assert_eq!(problem.diagnosis.cause, Some(Cause::BackendStatus));
    assert!(problem.diagnosis.evidence[0].contains("/hits is not 4"), "{:?}", problem.diagnosis.evidence);
}

#[tokio::test]
async fn an_openapi_contract_finds_the_doors_that_were_removed() {
    let simulator = Simulator::start(shop(|t| {
        t.get("/pets", Method::http(200, "[]"))
            .post("/pets", Method::mock().api_key())
            .get("/keyed", Method::mock().api_key())
            .any("/files/{proxy+}", Behaviour::Mock)
    }))
    .await
    .unwrap();
    let document = r#"{"openapi": "3.0.1", "paths": {
        "/pets": {"get": {}, "post": {}},
        "/orders": {"get": {}, "delete": {}},
        "/files/report": {"put": {}}}}"#;
    let report = run_on(&simulator, &format!("contract: [{{api: shop, stages: [prod], openapi: {document}}}]")).await;
    let mut told: Vec<String> = report
        .problems()
        .map(|finding| format!("{} {:?}", finding.diagnosis.request.method, finding.diagnosis.cause.unwrap()))
        .collect();
    told.sort();
    assert_eq!(told, ["DELETE PathUnknown", "GET PathUnknown"], "{:?}", report.diagnoses);
    assert_eq!((report.contract.requests, report.contract.healthy), (3, 1));
    assert!(
        report.gaps.iter().any(|gap| gap.reason.contains("ANY /files/{proxy+} would take it")),
        "what another method would take is not sent: {:?}",
        report.gaps
    );
    assert!(simulator.calls().unsafe_reached().is_empty());
    assert!(report.problems().all(|finding| finding.confirmed));
}

/// A GET and a POST behind each check that API Gateway makes before an integration.
fn checked(t: Methods) -> Methods {
    let t = guarded(t, "/query", || Method::mock().requires_query("q"));
    let t = guarded(t, "/body", || Method::mock().requires_body(&["name"]));
    let t = guarded(t, "/json", || Behaviour::OnlyJson.into());
    guarded(t, "/token", || Method::mock().custom()).patch("/open", Behaviour::Mock)
}

#[tokio::test]
async fn what_an_emulators_export_keeps_back_is_proved_all_the_same() {
    let api = || Api::new("a1b2c3d4e5", "shop").deploy("d1", checked).stage("prod", "d1");
    for api in [api(), api().sparse_export(), api().refuse_export(), api().sparse_export().summary(Summary::Absent)] {
        let (report, calls) = run(Account::new("us-east-1").api(api.clone())).await;
        assert_eq!(unsafe_sent(&calls), ["POST"; 4], "{api:?}");
        assert_eq!(calls.unsafe_reached(), Vec::<&Reached>::new());
        assert_eq!(report.coverage.skipped, [(SkipReason::NoSafeProof, 1)].into(), "{:?}", report.diagnoses);
        assert_eq!(report.coverage.routed, 8, "{:?}", report.diagnoses);
    }
}

/// What remains of the danger on an emulator: the editor's validator alone is no deployed one's. One request reaches the
/// integration, is told, and is the last of its kind there.
#[tokio::test]
async fn a_validator_of_the_editor_alone_is_told_at_its_first_request() {
    let query = || Method::mock().requires_query("q");
    let api = Api::new("a1b2c3d4e5", "shop")
        .sparse_export()
        .deploy("d1", |t| t.get("/safe", query()).post("/a", Method::mock()).post("/b", Method::mock()))
        .edit(|t| t.post("/a", query()).post("/b", query()))
        .stage("prod", "d1");
    let (report, calls) = run(Account::new("us-east-1").api(api)).await;
    assert_eq!(calls.unsafe_reached().len(), 1);
    assert_eq!(report.refusals_not_given.len(), 1);
    assert_eq!(report.coverage.skipped, [(SkipReason::NoSafeProof, 1)].into());
}

/// MiniStack answers with the editor's methods, deployed or not: what is missing of a deployment may be there.
#[tokio::test]
async fn on_an_emulator_what_the_editor_has_is_not_asked_for_as_missing() {
    let api = |api: Api| api.deploy("d1", |t| t.get("/pets", Behaviour::Mock)).stage("prod", "d1");
    let document = r#"{"openapi": "3.0.1", "paths": {"/orders": {"delete": {}}}}"#;
    let config = format!("contract: [{{api: shop, openapi: {document}}}]");
    let new = || Api::new("a1b2c3d4e5", "shop");
    let simulator = Simulator::start(Account::new("us-east-1").api(api(new()))).await.unwrap();
    let report = run_on(&simulator, &config).await;
    assert_eq!(unsafe_sent(&simulator.calls()), ["DELETE"; 2], "asked, and again before it is told");
    assert_eq!(report.problems().count(), 1);
    let edited = api(new()).edit(|t| t.delete("/orders", Behaviour::Mock));
    let simulator = Simulator::start(Account::new("us-east-1").api(edited)).await.unwrap();
    let report = run_on(&simulator, &config).await;
    assert_eq!(unsafe_sent(&simulator.calls()), Vec::<&str>::new());
    assert!(
        report.gaps.iter().any(|gap| gap.place == "contract DELETE /restapis/a1b2c3d4e5/prod/_user_request_/orders")
    );
}

/// Where a web ACL answers for everything, nothing shows that there is no route.
#[tokio::test]
async fn a_missing_door_is_asked_for_only_where_one_was_seen_to_be_missing() {
    let api = Api::new("a1b2c3d4e5", "shop").deploy("d1", |t| t.get("/pets", Behaviour::Mock));
    let stage = Stage::new("prod", "d1").web_acl("arn:aws:wafv2:x", true);
    let simulator = Simulator::start(Account::new("us-east-1").api(api.with_stage(stage))).await.unwrap();
    let document = r#"{"openapi": "3.0.1", "paths": {"/orders": {"delete": {}}}}"#;
    run_on(&simulator, &format!("contract: [{{api: shop, openapi: {document}}}]")).await;
    assert_eq!(unsafe_sent(&simulator.calls()), Vec::<&str>::new());
}

/// A refusal comes at once. What takes its time has reached something.
#[tokio::test]
async fn a_refusal_that_takes_too_long_is_not_asked_for_again() {
    let slow = |method: Method| method.latency(Duration::from_secs(30));
    let keyed = || slow(Method::mock().api_key());
    let open = Api::new("open000000", "open")
        .deploy("d1", |t| t.post("/a", keyed()).post("/b", keyed()).get("/signed", slow(Method::mock().iam())));
    let mut account = shop(|t| t.get("/a", Method::mock().api_key()))
        .api(open.stage("prod", "d1"))
        .unenforced(Protocol::Rest, Authorization::AwsIam);
    account.api_keys.push(ApiKey {
        value: String::new(),
        stages: Some(vec![("open000000".to_owned(), "prod".to_owned())]),
        enabled: true,
    });
    let simulator = Simulator::start(account).await.unwrap();
    let report = run_on(&simulator, "limits: {timeout: 1}").await;
    assert_eq!(unsafe_sent(&simulator.calls()), ["POST"], "once, and no other of its kind");
    assert_eq!(report.coverage.skipped, [(SkipReason::NoSafeProof, 1)].into());
    let told: Vec<_> = report.problems().map(|finding| finding.diagnosis.request.url.clone()).collect();
    assert!(told.len() == 1 && told[0].ends_with("/signed"), "a verb that changes nothing is a fault: {told:?}");
}

/// A domain whose every path some method takes: nothing there shows that API Gateway still answers.
#[tokio::test]
async fn a_domain_that_was_not_heard_to_be_api_gateway_gets_nothing_unsafe() {
    for (catch_all, sent) in [(false, 1), (true, 0)] {
        let api = Api::new("a1b2c3d4e5", "shop").disable_default_endpoint().deploy("d1", |t| {
            let t = guarded(t, "/query", || Method::mock().requires_query("q"));
            if catch_all { t.get("/{proxy+}", Method::http(404, "{}")) } else { t }
        });
        let account = Account::new("us-east-1").api(api.stage("prod", "d1"));
        let account = account.mapping("api.example.test", "", "a1b2c3d4e5", Some("prod"));
        let simulator = Simulator::start(account).await.unwrap();
        let pin = format!("connect_to: ['api.example.test::127.0.0.1:{}']", simulator.address().port());
        run_by(&simulator, &simulator.host_url_template(), &pin).await;
        assert_eq!(unsafe_sent(&simulator.calls()).len(), sent, "{catch_all}");
    }
}
