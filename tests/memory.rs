//! The whole pipeline with a memory, run after run against the simulator: what a deployment took away is asked for and
//! told, what answers again is told once, and what is known of a deployment is not read again.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use futures::future::BoxFuture;
use gateprobe::config::{Config, Limits, Methods, Scope};
use gateprobe::diagnose::Cause;
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::gateway::Verb;
use gateprobe::pipeline::{self, Memory, Run, Telling};
use gateprobe::remember::Ledger;
use gateprobe::report::{Alert, Channel, Context, Datum, NotTaken, Report, message};
use gateprobe::simulator::{Account, Api, ApiKey, Behaviour, Calls, ControlFault, Fault, Method, Operation, Simulator};
use gateprobe::store;

/// What was sent, in order.
#[derive(Default)]
struct Sent(Mutex<Vec<(String, Alert)>>, Mutex<Vec<Datum>>);

impl Channel for Sent {
    fn alert<'c>(&'c self, id: &'c str, alert: &'c Alert) -> BoxFuture<'c, Result<(), NotTaken>> {
        self.0.lock().unwrap().push((id.to_owned(), alert.clone()));
        Box::pin(std::future::ready(Ok(())))
    }

    fn metrics(&self, datums: Vec<Datum>) -> BoxFuture<'_, Result<(), (Vec<Datum>, NotTaken)>> {
        *self.1.lock().unwrap() = datums;
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A monitor that goes on over many runs.
struct Monitor {
    store: store::Memory,
    config: Config,
    now: i64,
    sent: Sent,
    told: usize,
}

/// What one run came to.
struct Ran {
    report: Report,
    calls: Calls,
    /// The ids of what was sent.
    news: Vec<String>,
}

impl Monitor {
    fn new() -> Self {
        let limits = Limits { api_rate: 0, control_plane_rate: 1000, retries: 1, ..Limits::default() };
        let mut config = Config { limits, ..Config::default() };
        config.alerts.deployment_grace = 0;
        Self { store: store::Memory::default(), config, now: 1_800_000_000, sent: Sent::default(), told: 0 }
    }

    /// A run by a new process, five minutes later.
    async fn run(&mut self, account: Account) -> Ran {
        self.run_of(account, Wanted::Everything(Scope::default())).await
    }

    /// The same, of one API alone.
    async fn look_at(&mut self, api: &str, account: Account) -> Ran {
        self.run_of(account, Wanted::Everything(Scope::default().only(api))).await
    }

    async fn run_of(&mut self, account: Account, wanted: Wanted) -> Ran {
        self.now += 300;
        let simulator = Simulator::start(account).await.unwrap();
        let credentials = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test"));
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(simulator.endpoint_url())
            .credentials_provider(credentials)
            .build();
        let run = Run {
            invoke_url: simulator.invoke_url_template().parse().unwrap(),
            domain_url: simulator.domain_url_template().parse().unwrap(),
            config: self.config.clone(),
            deadline: None,
        };
        let memory = Memory::new(Arc::new(self.store.clone()), false);
        let plane =
            ControlPlane::new(&aws, pipeline::control_plane_limits(&run.config)).keep_interfaces_in(memory.cache());
        let prober = pipeline::prober(&run.config).unwrap();
        let now = self.now;
        let clock = move || now;
        let outcomes = pipeline::run_with(&run, &plane, &wanted, &prober, &clock, Some(&memory)).await.unwrap();
        let mut report = outcomes.report;
        let context = Context::new(&report.region, now);
        let telling = Telling {
            alerts: &run.config.alerts,
            channel: Some(&self.sent),
            nobody: false,
            render: &|id, transition| message(id, transition, &context),
            clock: &clock,
            ends: None,
        };
        memory.settle(outcomes.remembered.unwrap(), &mut report, telling).await;
        let told = report.memory.as_ref().unwrap();
        assert!(told.remembered && told.problem.is_none() && told.notes.is_empty(), "{told:?}");
        let sent = self.sent.0.lock().unwrap();
        let news = sent[self.told..].iter().map(|(id, _)| id.clone()).collect();
        self.told = sent.len();
        Ran { report, calls: simulator.calls(), news }
    }

    fn text(&self, id: &str) -> String {
        self.sent.0.lock().unwrap().iter().find(|(sent, _)| sent == id).unwrap().1.text.clone()
    }

    async fn ledger(&self) -> Ledger {
        store::read_ledger(&self.store).await.unwrap().0
    }
}

/// A shop of two deployments: the second lacks `GET /old` and `POST /old`.
fn shop(deployment: &str) -> Account {
    Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/x", Behaviour::Mock).get("/old", Behaviour::Mock).post("/old", Behaviour::Mock))
            .deploy("d2", |t| t.remove(Verb::Get, "/old").remove(Verb::Post, "/old"))
            .stage("prod", deployment),
    )
}

#[tokio::test]
async fn what_a_deployment_took_away_is_asked_for_and_told_until_it_is_back() {
    let mut monitor = Monitor::new();
    let first = monitor.run(shop("d1")).await;
    assert_eq!(first.news, ["watching-1"]);
    assert!(monitor.run(shop("d1")).await.news.is_empty());
    let gone = monitor.run(shop("d2")).await;
    assert_eq!(gone.news.len(), 2, "{:?}", gone.news);
    assert!(gone.news[0].starts_with("deployment-") && gone.news[1].ends_with("-opened"), "{:?}", gone.news);
    let notice = monitor.text(&gone.news[0]);
    assert!(notice.contains("d1") && notice.contains("d2") && notice.contains("GET /old"), "{notice}");
    let opened = monitor.text(&gone.news[1]);
    assert!(opened.contains("removed") && opened.contains("GET /old"), "{opened}");
    let causes: Vec<Option<Cause>> = gone.report.problems().map(|problem| problem.diagnosis.cause).collect();
    assert_eq!(causes, [Some(Cause::Removed)]);
    assert_eq!((gone.report.routing_failures, gone.report.coverage.deployed), (1, 1));
    assert!(monitor.run(shop("d2")).await.news.is_empty(), "told once");
    // Rolled back.
    let back = monitor.run(shop("d1")).await;
    assert!(back.news[0].starts_with("deployment-"), "{:?}", back.news);
    let over = monitor.run(shop("d1")).await;
    assert_eq!(over.news.iter().chain(&back.news).filter(|id| id.ends_with("-resolved")).count(), 1, "{:?}", over.news);
    assert!(monitor.ledger().await.incidents.is_empty());
}

#[tokio::test]
async fn what_something_else_serves_now_is_told_as_gone_and_wakes_nobody() {
    let moved = || {
        Account::new("us-east-1").api(
            Api::new("a1b2c3d4e5", "shop")
                .deploy("d1", |t| t.get("/x", Behaviour::Mock).get("/old", Behaviour::Mock))
                .deploy("d3", |t| t.remove(Verb::Get, "/old").any("/{proxy+}", Behaviour::Mock))
                .stage("prod", "d3"),
        )
    };
    let mut monitor = Monitor::new();
    monitor.run(shop("d1")).await;
    let mut news = Vec::new();
    for _ in 0..4 {
        let ran = monitor.run(moved()).await;
        assert_eq!(ran.report.unhealthy, 0);
        news.extend(ran.news);
    }
    assert!(news.len() == 1 && news[0].starts_with("deployment-"), "{news:?}");
    assert!(monitor.text(&news[0]).contains("GET /old"), "{}", monitor.text(&news[0]));
}

#[tokio::test]
async fn what_stays_away_for_its_time_is_accepted() {
    let mut monitor = Monitor::new();
    monitor.config.alerts.watch_removed = 1200;
    monitor.run(shop("d1")).await;
    let mut news = Vec::new();
    for _ in 0..8 {
        news.extend(monitor.run(shop("d2")).await.news);
    }
    let resolved = news.iter().find(|id| id.ends_with("-resolved")).unwrap();
    assert!(monitor.text(resolved).contains("GET /old"), "{}", monitor.text(resolved));
    assert!(monitor.run(shop("d2")).await.report.problems().next().is_none(), "it is not asked for any more");
}

#[tokio::test]
async fn a_deployment_that_is_known_is_not_read_again_by_a_new_process() {
    let mut monitor = Monitor::new();
    let reads =
        |ran: &Ran, operation: Operation| ran.calls.control.iter().filter(|call| call.operation == operation).count();
    let first = monitor.run(shop("d1")).await;
    assert_eq!((reads(&first, Operation::GetDeployment), reads(&first, Operation::GetExport)), (1, 1));
    let second = monitor.run(shop("d1")).await;
    assert_eq!((reads(&second, Operation::GetDeployment), reads(&second, Operation::GetExport)), (0, 0));
    assert_eq!(second.report.coverage, first.report.coverage);
}

#[tokio::test]
async fn what_could_not_be_read_is_neither_gone_nor_over() {
    let mut monitor = Monitor::new();
    let broken = || {
        Account::new("us-east-1").api(
            Api::new("a1b2c3d4e5", "shop")
                .deploy("d1", |t| t.get("/x", Behaviour::Mock).get("/bad", Behaviour::http(500, "{}")))
                .stage("prod", "d1"),
        )
    };
    monitor.run(broken()).await;
    let opened = monitor.run(broken()).await;
    assert_eq!(opened.news, ["gp-1-opened"]);
    for _ in 0..4 {
        let unread = broken().fault(ControlFault::on(Operation::GetStages, Fault::AccessDenied));
        assert_eq!(monitor.run(unread).await.news, Vec::<String>::new());
    }
    assert_eq!(monitor.ledger().await.incidents.len(), 1);
}

#[tokio::test]
async fn a_refusal_that_did_not_come_is_not_relied_on_by_later_runs() {
    // A key that opens one API to everybody: what the deployment demands is not enforced there.
    let lax = || {
        let mut account = Account::new("us-east-1")
            .api(
                Api::new("keyed00000", "keyed")
                    .deploy("d1", |t| t.get("/a", Method::mock().api_key()).post("/a", Method::mock().api_key()))
                    .stage("prod", "d1"),
            )
            .api(
                Api::new("open000000", "open")
                    .deploy("d1", |t| t.post("/a", Method::mock().api_key()))
                    .stage("prod", "d1"),
            );
        account.api_keys.push(ApiKey {
            value: String::new(),
            stages: Some(vec![("open000000".to_owned(), "prod".to_owned())]),
            enabled: true,
        });
        account
    };
    let mut monitor = Monitor::new();
    let unsafe_calls = |ran: &Ran| ran.calls.data.iter().filter(|call| call.verb == "POST").count();
    let first = monitor.run(lax()).await;
    assert_eq!((first.report.refusals_not_given.len(), unsafe_calls(&first)), (1, 2));
    let second = monitor.run(lax()).await;
    assert_eq!((second.report.refusals_not_given.len(), unsafe_calls(&second)), (0, 1), "the other API's is used");
    assert_eq!(second.report.coverage.skipped.values().sum::<usize>(), 1);
    monitor.now += 31 * 86_400;
    monitor.run(lax()).await;
    let later = monitor.run(lax()).await;
    assert_eq!((later.report.refusals_not_given.len(), unsafe_calls(&later)), (1, 2), "it is tried again in a month");
}

#[tokio::test]
async fn what_is_ignored_is_watched_and_not_told() {
    let mut monitor = Monitor::new();
    monitor.config.ignore = vec![gateprobe::config::Ignore {
        methods: Methods { path: Some("/bad".to_owned()), ..Methods::default() },
        reason: "the team knows".to_owned(),
        probe: true,
        until: None,
    }];
    let broken = || {
        Account::new("us-east-1").api(
            Api::new("a1b2c3d4e5", "shop")
                .deploy("d1", |t| t.get("/bad", Behaviour::http(500, "{}")))
                .stage("prod", "d1"),
        )
    };
    monitor.run(broken()).await;
    for _ in 0..3 {
        let ran = monitor.run(broken()).await;
        assert!(ran.news.is_empty(), "{:?}", ran.news);
        assert_eq!((ran.report.unhealthy, ran.report.ignored), (0, 1));
    }
    monitor.config.ignore.clear();
    assert_eq!(monitor.run(broken()).await.news, ["gp-1-opened"], "it was watched all the time");
}

/// Two APIs, each with a broken door, and callers that rely on both and on neither.
fn two(deployment: &str) -> Account {
    let broken = |id: &str, name: &str| {
        Api::new(id, name)
            .deploy("d1", |t| t.get("/x", Behaviour::Mock).get("/broken", Behaviour::IntegrationFailure))
            .deploy("d2", |t| t.remove(Verb::Get, "/broken"))
    };
    Account::new("us-east-1")
        .api(broken("a1b2c3d4e5", "shop").stage("prod", deployment))
        .api(broken("f6g7h8i9j0", "stock").stage("prod", "d1"))
}

#[tokio::test]
async fn a_look_at_one_api_leaves_the_others_as_they_were() {
    let mut monitor = Monitor::new();
    monitor.config.alerts.failing = 1;
    let elsewhere = "contract: [{url: 'https://api.example.com/not-ours'}, {url: 'https://f6g7h8i9j0.execute-api.us-east-1.amazonaws.com/prod/x'}]";
    monitor.run(two("d1")).await;
    let before = monitor.ledger().await;
    assert_eq!(before.incidents.len(), 2);
    let members = before.incidents.iter().map(|incident| incident.members[0].subject.clone());
    let (asked, late): (Vec<_>, Vec<_>) = members.partition(|subject| subject.stage().unwrap().0 == "a1b2c3d4e5");
    let mut kept = before.clone();
    kept.not_reached = late.iter().chain(&asked).cloned().collect();
    let (_, expect) = store::read_ledger(&monitor.store).await.unwrap();
    store::write_ledger(&monitor.store, kept, expect).await.unwrap();

    monitor.config.contract = Config::parse(elsewhere, "test").unwrap().contract;
    let look = monitor.look_at("a1b2c3d4e5", two("d2")).await;
    assert_eq!((look.report.coverage.deployed, look.report.coverage.healthy), (1, 1));
    assert_eq!(look.report.contract.requests, 0, "what leads elsewhere is left to the next whole run");
    assert!(look.news.iter().any(|id| id.starts_with("deployment-a1b2c3d4e5-")), "{:?}", look.news);
    let after = monitor.ledger().await;
    assert_eq!(after.incidents.len(), 2, "nothing that was not looked at is gone");
    assert!(after.stages.keys().eq(before.stages.keys()), "{:?}", after.stages.keys());
    assert_eq!(after.last_whole, before.last_whole, "it does not speak for all");
    assert_ne!(after.last_run, before.last_run);
    assert_eq!(after.not_reached, late, "what waited elsewhere still waits; what was asked does not");
    let figures = monitor.sent.1.lock().unwrap().clone();
    let of_all: Vec<_> = figures.iter().filter(|datum| datum.dimensions.is_empty()).map(|datum| &*datum.name).collect();
    assert_eq!(of_all, ["MemoryFailed", "OutboxWaiting", "OutboxDropped", "OpenIncidents"], "no heartbeat, no counts");
    assert!(figures.iter().any(|datum| datum.name == "Probed" && datum.dimensions[1].1 == "a1b2c3d4e5"));

    monitor.config.contract.clear();
    let whole = monitor.run(two("d2")).await;
    assert_eq!(whole.report.coverage.deployed, 3, "one and two");
    let ledger = monitor.ledger().await;
    assert_eq!(ledger.last_whole, ledger.last_run);
    assert!(ledger.not_reached.is_empty());
}

#[tokio::test]
async fn a_look_asks_what_callers_of_that_api_rely_on_and_calls_the_others_no_gap() {
    let mut monitor = Monitor::new();
    monitor.run(two("d1")).await;
    let document = "contract: [{api: shop, openapi: {openapi: 3.0.1, paths: {/x: {get: {}}}}}, {api: stock, openapi: {openapi: 3.0.1, paths: {/x: {get: {}}}}}]";
    monitor.config.contract = Config::parse(document, "test").unwrap().contract;
    let look = monitor.look_at("a1b2c3d4e5", two("d1")).await;
    assert_eq!((look.report.contract.requests, look.report.gaps.len()), (1, 0), "{:?}", look.report.gaps);
}
