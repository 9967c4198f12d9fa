//! The guards one by one: what a whole run cannot show, because each of them stands behind another.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};

use super::*;

/// No kind was withdrawn before.
static NONE: Withdrawn = Withdrawn::new();
use crate::config::{Config, Limits, Scope};
use crate::discover::Wanted;
use crate::gateway::{Canary, InterfaceSource, Inventory, InvokeUrl};
use crate::pipeline::{self, unwatched};
use crate::plan::plan;
use crate::probe::Response;
use crate::report::Report;
use crate::simulator::{Account, Api, Calls, Method, Methods, Operation, Reply, Simulator};

const NOW: i64 = 1_800_000_000;

/// A simulated account, read and planned for; what is then asked of whom is a test's.
struct Bench {
    simulator: Simulator,
    run: Run,
    world: World,
    plan: Plan,
    prober: Prober,
    /// That has read the account: before its first call a control plane is taken for AWS's own.
    plane: ControlPlane,
}

impl Bench {
    async fn new(account: Account, config: &str) -> Self {
        let simulator = Simulator::start(account).await.unwrap();
        let mut config = Config::parse(config, "test").unwrap();
        config.limits = Limits { api_rate: 0, control_plane_rate: 1000, retries: 0, ..Limits::default() };
        let invoke_url = simulator.invoke_url_template().parse().unwrap();
        let run = Run { config, invoke_url, ..Run::default() };
        let plane = plane(&simulator, &run);
        let world = pipeline::read(&run, &plane, &Wanted::Everything(Scope::default()), &|| NOW).await.unwrap();
        let prober = pipeline::prober(&run.config).unwrap();
        let plan = planned(&run, &world);
        let bench = Self { simulator, run, world, plan, prober, plane };
        bench.simulator.forget_calls();
        bench
    }

    /// The same with another world.
    fn knowing(mut self, change: impl FnOnce(&mut Inventory)) -> Self {
        let mut inventory = self.world.inventory().clone();
        change(&mut inventory);
        self.world = World::new(inventory, self.run.invoke_url.clone());
        self.plan = planned(&self.run, &self.world);
        self
    }

    fn awss_own(&self) -> ControlPlane {
        plane(&self.simulator, &self.run).pass_for_awss_own()
    }

    async fn refuse(&self, plane: &ControlPlane) -> (Report, Calls) {
        let mut tally = Tally::new(&self.world, &self.plan);
        refuse(
            &self.run,
            plane,
            &self.world,
            &self.plan,
            &self.prober,
            None,
            &|| NOW,
            &Withdrawn::new(),
            &mut tally,
            &unwatched,
        )
        .await;
        (tally.report(&self.world, NOW, 0), self.simulator.calls())
    }

    /// What the guards say of a plan's only refusal, with this seen and withdrawn.
    fn now(&self, plane: &ControlPlane, seen: Option<HashSet<Seen>>, withdrawn: &[RefusalKind]) -> Option<SkipReason> {
        let mut tally = Tally::new(&self.world, &self.plan);
        let refusing = self.refusing(plane, seen, &mut tally);
        let [probe] = &self.plan.refusals[..] else { panic!("one refusal: {:?}", self.plan.refusals) };
        refusing.unsafe_now(probe, true, &withdrawn.iter().copied().collect())
    }

    fn refusing<'b>(
        &'b self,
        plane: &'b ControlPlane,
        seen: Option<HashSet<Seen>>,
        tally: &'b mut Tally<'b>,
    ) -> Refusing<'b, 'b> {
        let (Self { run, world, plan, prober, .. }, tally) = (self, Mutex::new(tally));
        let fresh_for = READ_AGAIN;
        Refusing {
            run,
            plane,
            world,
            plan,
            prober,
            keyring: None,
            clock: &|| NOW,
            withdrawn: &NONE,
            seen,
            fresh_for,
            tally,
            progress: &unwatched,
        }
    }
}

fn planned(run: &Run, world: &World) -> Plan {
    plan(world, &run.config, &run.domain_url, &BTreeMap::new())
}

fn plane(simulator: &Simulator, run: &Run) -> ControlPlane {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .build();
    ControlPlane::new(&config, pipeline::control_plane_limits(&run.config))
}

fn shop(methods: impl FnOnce(Methods) -> Methods) -> Api {
    Api::new("a1b2c3d4e5", "shop").deploy("d1", methods).stage("prod", "d1")
}

fn account(api: Api) -> Account {
    Account::new("us-east-1").api(api)
}

fn seen(kind: RefusalKind) -> Seen {
    Seen { server: Server::InvokeUrl, protocol: Protocol::Rest, kind, authorizer: None }
}

fn unsafe_sent(calls: &Calls) -> usize {
    calls.data.iter().filter(|call| !["GET", "HEAD", "OPTIONS"].contains(&call.verb.as_str())).count()
}

fn validated(t: Methods) -> Methods {
    let method = || Method::mock().requires_query("q");
    t.get("/safe", method()).post("/validated", method())
}

#[tokio::test]
async fn what_the_editor_says_is_no_evidence_at_awss_own_endpoint() {
    let bench = Bench::new(account(shop(validated).sparse_export()), "").await;
    let (report, calls) = bench.refuse(&bench.plane).await;
    assert_eq!((unsafe_sent(&calls), report.coverage.routed), (1, 1), "an emulator has nothing better");
    bench.simulator.forget_calls();
    let (report, calls) = bench.refuse(&bench.awss_own()).await;
    assert_eq!((unsafe_sent(&calls), report.coverage.routed), (0, 0));
    assert_eq!(report.coverage.skipped.get(&SkipReason::NoSafeProof), Some(&1));
}

#[tokio::test]
async fn at_awss_own_endpoint_a_refusal_rests_on_a_snapshot_that_is_all_exported() {
    let bench = Bench::new(account(shop(validated)), "").await;
    let own = bench.awss_own();
    assert_eq!(bench.now(&own, None, &[]), None);
    let of_the_editor = |inventory: &mut Inventory, id: &str| {
        let deployment = inventory.apis[0].deployments.get_mut(id).unwrap();
        let method = deployment.tree.0.get_mut("/validated").unwrap().get_mut(&Verb::Post).unwrap();
        method.interface.as_mut().unwrap().source = InterfaceSource::Editor;
    };
    let bench = bench.knowing(|inventory| of_the_editor(inventory, "d1"));
    assert_eq!(bench.now(&own, None, &[]), Some(SkipReason::NoSafeProof));
    // Under a canary both deployments answer.
    for (of_stage, of_canary) in [(true, false), (false, true)] {
        let bench = Bench::new(account(shop(validated)), "").await.knowing(|inventory| {
            let api = &mut inventory.apis[0];
            api.deployments.insert("d2".to_owned(), api.deployments["d1"].clone());
            api.stages[0].canary = Some(Canary { deployment: "d2".to_owned(), percent: 10.0 });
        });
        assert_eq!(bench.now(&own, None, &[]), None);
        let bench = bench.knowing(|inventory| {
            [("d1", of_stage), ("d2", of_canary)]
                .into_iter()
                .filter(|(_, is)| *is)
                .for_each(|(id, _)| of_the_editor(inventory, id));
        });
        assert_eq!(bench.now(&own, None, &[]), Some(SkipReason::NoSafeProof), "{of_stage} {of_canary}");
    }
}

/// Behind a proxy of the user's the control plane's address is not AWS's, and what answers is.
#[tokio::test]
async fn where_aws_answers_the_editor_is_no_evidence_either() {
    let mut bench = Bench::new(account(shop(validated).sparse_export()), "").await;
    let seen = || Some(HashSet::from([seen(RefusalKind::Parameters)]));
    assert_eq!(bench.now(&bench.plane, seen(), &[]), None);
    bench.run.invoke_url = InvokeUrl::default();
    let mut bench = bench.knowing(|_| {});
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::NoSafeProof));
    bench.run.config.connect_to = vec!["::127.0.0.1:1".to_owned()];
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::RefusalNotSeen), "no AWS, and not tried there");
}

#[tokio::test]
async fn only_what_was_seen_and_not_withdrawn_is_used() {
    use RefusalKind::{ApiKey, Body, Parameters};
    let both = |t: Methods| t.post("/both", Method::mock().requires_query("q").api_key());
    let bench = Bench::new(account(shop(both)), "").await;
    let now = |kinds: &[RefusalKind], withdrawn: &[RefusalKind]| {
        bench.now(&bench.plane, Some(kinds.iter().copied().map(seen).collect()), withdrawn)
    };
    assert_eq!(now(&[], &[]), Some(SkipReason::RefusalNotSeen));
    assert_eq!(now(&[Body], &[]), Some(SkipReason::RefusalNotSeen));
    assert_eq!(now(&[Parameters], &[]), None, "one of its kinds is enough");
    assert_eq!(now(&[Parameters], &[Parameters]), Some(SkipReason::NoSafeProof));
    assert_eq!(now(&[ApiKey, Parameters], &[ApiKey]), None);
    assert_eq!(bench.now(&bench.plane, None, &[ApiKey, Parameters]), Some(SkipReason::NoSafeProof));
    let elsewhere = |change: fn(&mut Seen)| {
        let mut other = seen(ApiKey);
        change(&mut other);
        bench.now(&bench.plane, Some(HashSet::from([other])), &[])
    };
    assert_eq!(elsewhere(|_| {}), None);
    let changes: [fn(&mut Seen); 3] = [
        |other| other.protocol = Protocol::Http,
        |other| other.server = Server::Host("localhost".to_owned()),
        |other| other.authorizer = Some(AuthorizerKind::Token),
    ];
    for change in changes {
        assert_eq!(elsewhere(change), Some(SkipReason::RefusalNotSeen));
    }
}

#[tokio::test]
async fn an_authorizer_that_nobody_named_is_never_taken_for_one_that_was_seen() {
    let pool = |t: Methods| t.post("/pool", Method::mock().cognito());
    let mut bench = Bench::new(account(shop(pool)), "").await;
    let of = |authorizer| Some(HashSet::from([Seen { authorizer, ..seen(RefusalKind::Authorizer) }]));
    assert_eq!(bench.now(&bench.plane, of(Some(AuthorizerKind::Cognito)), &[]), None);
    assert_eq!(bench.now(&bench.plane, of(Some(AuthorizerKind::Token)), &[]), Some(SkipReason::RefusalNotSeen));
    bench.plan.refusals[0].authorizer = None;
    assert_eq!(bench.now(&bench.plane, of(None), &[]), Some(SkipReason::RefusalNotSeen));
    assert_eq!(bench.now(&bench.plane, None, &[]), None, "AWS refuses by any");
}

#[tokio::test]
async fn servers_are_told_apart() {
    let mut bench = Bench::new(account(shop(validated)), "").await;
    let template = bench.run.invoke_url.to_string();
    bench.run.config.connect_to = vec!["pinned.test::127.0.0.1:9".to_owned(), "port.test:80::81".to_owned()];
    let mut tally = Tally::new(&bench.world, &bench.plan);
    let refusing = bench.refusing(&bench.plane, None, &mut tally);
    let server = |url: &str| refusing.server(&Request::new("GET", url.parse().unwrap()));
    let stage = |api: &str| server(&template.replace("{api}", api).replace("{stage}", "prod"));
    assert_eq!((stage("a1b2c3d4e5"), stage("b1b2c3d4e5")), (Server::InvokeUrl, Server::InvokeUrl));
    assert_eq!(server("https://x.execute-api.us-east-1.amazonaws.com/prod"), Server::InvokeUrl);
    assert_ne!(server("https://one.test/"), server("https://two.test/"));
    assert_ne!(server("https://one.test/"), server("http://one.test/"), "another port");
    assert_eq!(server("https://pinned.test/"), Server::Pinned("127.0.0.1:Some(9)".to_owned()));
    assert_eq!(server("http://port.test/"), Server::Pinned("port.test:Some(81)".to_owned()));
}

#[tokio::test]
async fn where_a_domain_may_be_awss_the_editor_is_no_evidence() {
    let api = shop(validated).sparse_export().disable_default_endpoint();
    // What is disabled takes effect with a deployment.
    let api = api.deploy("d2", |t| t).stage("prod", "d2");
    let account = account(api).mapping("api.example.test", "", "a1b2c3d4e5", Some("prod"));
    let mut bench = Bench::new(account, "").await;
    assert_eq!(bench.plan.refusals[0].request.url.host_str(), Some("api.example.test"));
    let server = Server::Host("api.example.test:Some(443)".to_owned());
    let seen = || Some(HashSet::from([Seen { server: server.clone(), ..seen(RefusalKind::Parameters) }]));
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::NoSafeProof));
    bench.run.domain_url = "https://{domain}:443".parse().unwrap();
    assert_eq!(bench.now(&bench.plane, seen(), &[]), None, "an address of the user's");
}

const CONTRACT: &str =
    r#"contract: [{api: shop, openapi: {"openapi": "3.0.1", "paths": {"/orders": {"delete": {}}}}}]"#;

#[tokio::test]
async fn what_the_editor_has_counts_as_missing_on_aws_alone() {
    let api = shop(|t| t.get("/pets", Method::mock()));
    let edited = api.clone().edit(|t| t.delete("/orders", Method::mock()));
    let seen = || Some(HashSet::from([seen(RefusalKind::NoRoute)]));
    let bench = Bench::new(account(edited), CONTRACT).await;
    assert_eq!(bench.now(&bench.awss_own(), None, &[]), None);
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::NoSafeProof));
    let bench = Bench::new(account(api), CONTRACT).await;
    assert_eq!(bench.now(&bench.plane, seen(), &[]), None);
    let bench = bench.knowing(|inventory| inventory.apis[0].edited = None);
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::NoSafeProof), "who knows what it has");
}

/// A domain's name may lead to anybody by now.
#[tokio::test]
async fn a_domain_counts_only_where_the_same_host_speaks_as_api_gateway() {
    let bench = Bench::new(account(shop(validated)), "").await;
    let mut tally = Tally::new(&bench.world, &bench.plan);
    let refusing = bench.refusing(&bench.plane, None, &mut tally);
    let control = bench.plan.controls.values().next().unwrap();
    let said = |status: u16, error_type: &str, body: &str| {
        let headers = vec![("x-amzn-errortype".to_owned(), error_type.to_owned())];
        let response = Response { status, headers, body: body.to_owned(), truncated: false };
        diagnose(control, &Observation::saved(response), &bench.world, NOW)
    };
    let no_route = said(403, "MissingAuthenticationTokenException", r#"{"message":"Missing Authentication Token"}"#);
    let cdn = said(200, "", "<html>hello</html>");
    let invoke = &bench.plan.refusals[0];
    let probe = |url: &str| Probe { request: Request::new("POST", url.parse().unwrap()), ..invoke.clone() };
    assert!(refusing.is_api_gateway(invoke, None));
    // The same host in another shape than the template's, as a domain has it.
    let mut domain = control.url.clone();
    domain.set_path("/validated");
    let domain = probe(domain.as_str());
    assert!(!refusing.is_api_gateway(&domain, None));
    assert!(!refusing.is_api_gateway(&domain, Some(&cdn)));
    assert!(refusing.is_api_gateway(&domain, Some(&no_route)));
    assert!(!refusing.is_api_gateway(&probe("http://other.test/validated"), Some(&no_route)));
}

#[tokio::test]
async fn each_stage_is_read_again_for_itself() {
    let bench = Bench::new(account(shop(validated).stage("qa", "d1")), "").await;
    bench.simulator.account_mut(|account| {
        account.change_api("a1b2c3d4e5", |api| {
            api.deploy("d2", |t| t.post("/validated", Method::mock())).stage("qa", "d2")
        });
    });
    let (report, calls) = bench.refuse(&bench.plane).await;
    assert_eq!((unsafe_sent(&calls), calls.unsafe_reached().len()), (1, 0));
    assert_eq!(report.coverage.skipped.get(&SkipReason::DeploymentChanged), Some(&1));
}

#[tokio::test]
async fn what_was_read_too_long_ago_is_read_again_and_nothing_is_sent_twice_on_it() {
    let keyed = || Method::mock().api_key();
    let bench = Bench::new(account(shop(|t| t.post("/a", keyed()).post("/b", keyed()))), "").await;
    // One of them is gone from the data plane alone: the answer is a fault, which is seen twice where that is safe.
    let gone = bench.knowing(|inventory| {
        let tree = &mut inventory.apis[0].deployments.get_mut("d1").unwrap().tree;
        let method = tree.method("/a", Verb::Post).unwrap().clone();
        tree.insert("/gone", Verb::Post, method);
    });
    for (fresh_for, read, sent) in [(Duration::from_mins(10), 1, 4), (Duration::ZERO, 3, 3)] {
        gone.simulator.forget_calls();
        let mut tally = Tally::new(&gone.world, &gone.plan);
        let own = gone.awss_own();
        let mut refusing = gone.refusing(&own, None, &mut tally);
        refusing.fresh_for = fresh_for;
        refusing.all(true).await;
        let calls = gone.simulator.calls();
        assert_eq!((calls.count(Operation::GetStage), unsafe_sent(&calls)), (read, sent));
    }
}

#[tokio::test]
async fn a_trial_shows_what_it_was_made_for_and_is_made_until_it_is_seen() {
    // The key opens to everybody, and the backend speaks as a validator does.
    let words = Reply::json(400, r#"{"message": "Missing required request parameters: [q]"}"#);
    let words = words.header("x-amzn-ErrorType", "BadRequestException");
    let posing = Method::from(crate::simulator::Behaviour::Http(words)).api_key();
    let mut posed = account(shop(|t| t.get("/posing", posing).post("/validated", Method::mock().requires_query("q"))));
    posed.api_keys.push(crate::simulator::ApiKey { value: String::new(), stages: None, enabled: true });
    let bench = Bench::new(posed, "").await;
    let (report, calls) = bench.refuse(&bench.plane).await;
    assert_eq!(unsafe_sent(&calls), 0);
    assert_eq!(report.coverage.skipped.get(&SkipReason::RefusalNotSeen), Some(&1));
    let keyed = || Method::mock().api_key();
    let several =
        shop(|t| ["/a", "/b", "/c", "/d"].into_iter().fold(t, |t, path| t.get(path, keyed())).post("/a", keyed()));
    let bench = Bench::new(account(several), "").await;
    assert_eq!(bench.plan.trials.len(), 3);
    let (_, calls) = bench.refuse(&bench.plane).await;
    let asked = |path: &str| calls.data.iter().filter(|call| call.verb == "GET" && call.path.ends_with(path)).count();
    assert_eq!(["/a", "/b", "/c", "/d"].map(asked), [1, 0, 0, 0], "seen at the first");
}
