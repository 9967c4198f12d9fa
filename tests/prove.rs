//! `prove` against the simulator, which answers as AWS is taken to: what is set there is found, and every diagnosis of it is right.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, Limits, Scope};
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::pipeline::{self, Run};
use gateprobe::probe::Sources;
use gateprobe::prove::{Agreement, Asking, Ground, MARKER, Proof, facts, markdown, prove};
use gateprobe::simulator::{Account, Api, Behaviour, Calls, Methods, Simulator, Stage};

const REGION: &str = "us-east-1";

/// A method that says which one it is, as the template's mocks do.
fn says(door: &str) -> Behaviour {
    Behaviour::http(200, &serde_json::json!({ "door": door }).to_string())
}

/// The API `trees` as infra/proving-ground.yaml makes it.
fn trees() -> Api {
    let early = |t: Methods| {
        let doors = [
            "/any",
            "/users/{id}",
            "/users/{id}/{part}",
            "/deep/{rest+}",
            "/deep/part1/fixed",
            "/shadow/{proxy+}",
            "/over",
        ];
        let t = doors.into_iter().fold(t, |t, path| t.get(path, says(&format!("GET {path}"))));
        let t = [MARKER, "/open", "/files/{path+}", "/a.b-c_d:e"]
            .into_iter()
            .fold(t, |t, path| t.get(path, Behaviour::Mock));
        t.any("/any", says("ANY /any"))
            .patch("/users/me", Behaviour::Mock)
            .any("/mixed/{proxy+}", says("ANY /mixed/{proxy+}"))
            .post("/mixed/jobs", Behaviour::Mock)
            .post("/over", Behaviour::Mock)
    };
    Api::new("trees00000", "gp-trees")
        .deploy("early", early)
        .deploy("full", |t| t.get("/late", Behaviour::Mock).get("/shadow/own", says("GET /shadow/own")))
        .edit(|t| t.get("/draft", Behaviour::Mock))
        .stage("early", "early")
        .stage("full", "full")
        .with_stage(Stage::new("canary", "early").canary("full", 50.0))
}

async fn proved(account: Account) -> (Proof, Calls) {
    let simulator = Simulator::start(account).await.unwrap();
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .build();
    let config = Config { limits: Limits { control_plane_rate: 1000, ..Limits::default() }, ..Config::default() };
    let plane = ControlPlane::new(&sdk, pipeline::control_plane_limits(&config));
    let prober = pipeline::prober(&config).unwrap().with_sources(Sources::new(&sdk));
    let invoke_url = simulator.host_url_template().parse().unwrap();
    let run = Run { config, invoke_url, ..Run::default() };
    let wanted = Wanted::Everything(Scope::new(&["gp-*".to_owned()], &[]).unwrap());
    let clock = || 1_900_000_000;
    let world = pipeline::read(&run, &plane, &wanted, &clock).await.unwrap();
    let ground = Ground::find(&world, "gp").unwrap();
    let asking = Asking { run: &run, prober: &prober, clock: &clock, large: false };
    let proof = prove(&ground, &facts(), &asking).await;
    (proof, simulator.calls())
}

fn ended(proof: &Proof, agreement: Agreement) -> BTreeSet<&str> {
    proof.facts.iter().filter(|fact| fact.agrees == agreement).map(|fact| fact.id.as_str()).collect()
}

#[tokio::test]
async fn what_answers_as_aws_is_taken_to_is_as_taken() {
    let closed = Api::new("closed0000", "gp-closed").disable_default_endpoint();
    let closed = closed.deploy("main", |t| t.get(MARKER, Behaviour::Mock)).stage("main", "main");
    let foreign =
        Api::new("orders0000", "orders").deploy("d", |t| t.any("/{proxy+}", Behaviour::Mock)).stage("full", "d");
    let (proof, calls) = proved(Account::new(REGION).api(trees()).api(closed).api(foreign)).await;
    let taken = ended(&proof, Agreement::AsTaken);
    for id in [
        "A0.path",
        "A0.root",
        "A0.proxy-parent",
        "A0.slash",
        "B1.pairs",
        "B1.backtracking",
        "A0.head",
        "A1.stage-missing",
        "A1.stage-unknown",
        "A0.not-deployed",
        "A0.other-stage",
        "H.shadowed",
        "B12.canary",
        "A3.bearer",
        "O1.signed",
        "A0.case",
        "B5.slash-in-value",
        "A4.disabled",
    ] {
        assert!(taken.contains(id), "{id}: {:#?}", proof.facts.iter().find(|fact| fact.id == id));
    }
    assert_eq!(proof.misjudged(), 0, "{}", markdown(&proof));
    // What the stack lacks is said, row by row.
    let policy = proof.facts.iter().find(|fact| fact.id == "A2.policy").unwrap();
    assert!(policy.rows.iter().all(|row| row.means == "the stack has no API policy"), "{policy:#?}");
    assert!(proof.heard_anything() && proof.notes.is_empty(), "{:?}", proof.notes);
    // Its methods of ANY are no mocks here, so nothing that may change something went out; and nothing went elsewhere.
    assert!(calls.data.iter().all(|call| ["GET", "HEAD", "OPTIONS"].contains(&call.verb.as_str())), "{:?}", calls.data);
    assert!(calls.data.iter().all(|call| !call.host.contains("orders0000")), "{:?}", calls.data);
}

#[tokio::test]
async fn a_stage_that_changed_moments_ago_is_noted() {
    let mut api = trees();
    for stage in &mut api.stages {
        stage.updated_at = 1_900_000_000 - 20;
    }
    let (proof, _) = proved(Account::new(REGION).api(api)).await;
    assert!(proof.notes.iter().any(|note| note.contains("less than 90 seconds ago")), "{:?}", proof.notes);
}
