//! The guards one by one: what a whole run cannot show, because each of them stands behind another.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};

use super::*;
use crate::config::{Config, Limits, Scope};
use crate::discover::Wanted;
use crate::gateway::{Canary, InterfaceSource, Inventory};
use crate::pipeline;
use crate::plan::plan;
use crate::report::Report;
use crate::simulator::{Account, Api, Calls, Method, Methods, Simulator};

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
        let run = Run { invoke_url, config, ..Run::default() };
        let plane = plane(&simulator, &run);
        let world = pipeline::read(&run, &plane, &Wanted::Everything(Scope::default()), &|| NOW).await.unwrap();
        let prober = pipeline::prober(&run.config).unwrap();
        let bench = Self { plan: planned(&run, &world), simulator, run, world, prober, plane };
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
        refuse(&self.run, plane, &self.world, &self.plan, &self.prober, None, &|| NOW, &mut tally).await;
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
        let Self { run, world, plan, prober, .. } = self;
        Refusing { run, plane, world, plan, prober, keyring: None, clock: &|| NOW, seen, tally: Mutex::new(tally) }
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
    bench.run.invoke_url = crate::gateway::InvokeUrl::default();
    let mut bench = bench.knowing(|_| {});
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::NoSafeProof));
    bench.run.config.connect_to = vec!["::127.0.0.1:1".to_owned()];
    assert_eq!(bench.now(&bench.plane, seen(), &[]), Some(SkipReason::RefusalNotSeen), "no AWS, and not tried there");
}

#[tokio::test]
async fn only_what_was_seen_and_not_withdrawn_is_used() {
    let both = |t: Methods| t.post("/both", Method::mock().requires_query("q").api_key());
    let bench = Bench::new(account(shop(both)), "").await;
    let now = |kinds: &[RefusalKind], withdrawn: &[RefusalKind]| {
        bench.now(&bench.plane, Some(kinds.iter().copied().map(seen).collect()), withdrawn)
    };
    use RefusalKind::{ApiKey, Body, Parameters};
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
