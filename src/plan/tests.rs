//! The plan's promises, by table and by property.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::gateway::{
    Api, Authorization, Deployment, Domain, EndpointType, HeaderGlob, Interface, Inventory, InvokeUrl, Mapping, Method,
    Parameter, Place, Protocol, RoutingMode, RoutingRule, Sample, SampleSource, Stage, Tree, TreeSource,
};

mod contract;
mod requests;

fn api(id: &str, stages: &[(&str, Tree)]) -> Api {
    Api {
        id: id.to_owned(),
        name: format!("name of {id}"),
        protocol: Protocol::Rest,
        endpoint: EndpointType::Regional,
        default_endpoint_disabled: false,
        stages: stages
            .iter()
            .map(|(name, _)| Stage {
                name: (*name).to_owned(),
                deployment: Some(format!("of-{name}")),
                canary: None,
                updated_at: None,
                web_acl: None,
            })
            .collect(),
        deployments: stages
            .iter()
            .map(|(name, tree)| {
                let deployment = Deployment {
                    source: TreeSource::ApiSummary,
                    created_at: None,
                    tree: tree.clone(),
                    undescribed: None,
                };
                (format!("of-{name}"), deployment)
            })
            .collect(),
        edited: None,
        gateway_responses: vec![],
    }
}

fn tree(methods: &[(&str, Verb)]) -> Tree {
    let mut tree = Tree::default();
    for (path, verb) in methods {
        tree.insert(path, *verb, Method::open());
    }
    tree
}

fn domain(name: &str, mappings: &[(&str, &str, Option<&str>)]) -> Domain {
    Domain {
        name: name.to_owned(),
        endpoint: EndpointType::Regional,
        target: None,
        routing_mode: RoutingMode::Mappings,
        mutual_tls: false,
        mappings: mappings
            .iter()
            .map(|(base, api, stage)| Mapping {
                base_path: (*base).to_owned(),
                api: (*api).to_owned(),
                stage: stage.map(str::to_owned),
            })
            .collect(),
        rules: vec![],
    }
}

fn planned(apis: Vec<Api>, domains: Vec<Domain>, config: &Config) -> (Plan, World) {
    let mut inventory = Inventory::empty("us-east-1");
    inventory.apis = apis;
    inventory.domains = domains;
    let world = World::new(inventory, InvokeUrl::default());
    (plan(&world, config, &DomainUrl::default(), &Unreadable::new()), world)
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.probes.iter().map(|probe| format!("{} {}", probe.request.method, probe.request.url)).collect()
}

#[test]
fn every_safe_method_is_asked_through_every_door() {
    let shop = tree(&[("/", Verb::Get), ("/pets/{id}", Verb::Any), ("/pets", Verb::Post), ("/pets", Verb::Options)]);
    let (plan, _) = planned(
        vec![api("a1", &[("prod", shop)])],
        vec![domain("api.example.com", &[("v1", "a1", Some("prod"))]), domain("x.example.com", &[("", "a1", None)])],
        &Config::default(),
    );
    assert_eq!(
        lines(&plan),
        [
            "GET https://a1.execute-api.us-east-1.amazonaws.com/prod/",
            "GET https://api.example.com/v1/",
            "GET https://x.example.com/prod/",
            "OPTIONS https://a1.execute-api.us-east-1.amazonaws.com/prod/pets",
            "OPTIONS https://api.example.com/v1/pets",
            "OPTIONS https://x.example.com/prod/pets",
            "GET https://a1.execute-api.us-east-1.amazonaws.com/prod/pets/gateprobe",
            "GET https://api.example.com/v1/pets/gateprobe",
            "GET https://x.example.com/prod/pets/gateprobe",
        ]
    );
    let skipped: Vec<_> = plan.methods.iter().filter(|method| method.fate != Fate::Probed).collect();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].fate, Fate::Skipped(SkipReason::NoSafeProof));
}

#[test]
fn any_beside_a_get_is_asked_with_what_it_still_serves() {
    let (plan, _) = planned(
        vec![api(
            "a1",
            &[(
                "p",
                tree(&[
                    ("/x", Verb::Any),
                    ("/x", Verb::Get),
                    ("/y", Verb::Any),
                    ("/y", Verb::Get),
                    ("/y", Verb::Head),
                    ("/y", Verb::Options),
                ]),
            )],
        )],
        vec![],
        &Config::default(),
    );
    let asked: Vec<_> = plan.probes.iter().map(|p| (p.request.method.as_str(), p.request.url.path())).collect();
    assert_eq!(asked, [("HEAD", "/p/x"), ("GET", "/p/x"), ("GET", "/p/y"), ("HEAD", "/p/y"), ("OPTIONS", "/p/y")]);
    assert_eq!(plan.methods.iter().filter(|m| m.fate == Fate::Skipped(SkipReason::NoSafeProof)).count(), 1);
}

#[test]
fn a_door_that_leads_elsewhere_is_not_taken() {
    // /orders/v2 takes the requests of one/…/v2, so that door does not exist for them.
    let (plan, _) = planned(
        vec![
            api("one", &[("prod", tree(&[("/v2/x", Verb::Get), ("/y", Verb::Get)]))]),
            api("two", &[("prod", tree(&[("/x", Verb::Get)]))]),
        ],
        vec![domain("d.example.com", &[("orders", "one", Some("prod")), ("orders/v2", "two", Some("prod"))])],
        &Config::default(),
    );
    let through: Vec<_> = lines(&plan).into_iter().filter(|line| line.contains("d.example.com")).collect();
    assert_eq!(through, ["GET https://d.example.com/orders/y", "GET https://d.example.com/orders/v2/x"]);
}

#[test]
fn a_placeholder_never_asks_a_sibling() {
    let (plan, world) = planned(
        vec![api("a1", &[("p", tree(&[("/{id}", Verb::Get), ("/gateprobe", Verb::Get), ("/seven", Verb::Get)]))])],
        vec![],
        &Config { parameters: [("id".to_owned(), "seven".to_owned())].into(), ..Config::default() },
    );
    assert_eq!(plan.probes.len(), 3);
    let paths: BTreeSet<_> = plan.probes.iter().map(|probe| probe.request.url.path().to_owned()).collect();
    assert!(paths.contains("/p/gateprobe-0"), "{paths:?}");
    check(&plan, &world);
}

#[test]
fn closed_doors_have_their_reasons() {
    let x = || tree(&[("/x", Verb::Get)]);
    let mut private = api("private", &[("p", x())]);
    private.endpoint = EndpointType::Private;
    let mut off = api("off", &[("p", x())]);
    off.default_endpoint_disabled = true;
    let mut behind = api("behind", &[("p", x())]);
    behind.default_endpoint_disabled = true;
    let (plan, _) = planned(
        vec![private, off, behind],
        vec![
            domain("d.example.com", &[("", "behind", Some("p"))]),
            domain("*.w.example.com", &[("", "off", Some("p"))]),
        ],
        &Config::default(),
    );
    let fates: Vec<_> = plan.methods.iter().map(|method| method.fate).collect();
    assert_eq!(
        fates,
        [Fate::Skipped(SkipReason::PrivateEndpoint), Fate::Skipped(SkipReason::EndpointDisabled), Fate::Probed]
    );
    assert_eq!(lines(&plan), ["GET https://d.example.com/x"]);
    assert_eq!(plan.gaps.len(), 1, "the wildcard is a gap");
}

#[test]
fn a_domain_that_the_user_skips_is_not_called() {
    let config = Config { skip_domains: vec!["*.internal".to_owned()], ..Config::default() };
    let (plan, _) = planned(
        vec![api("a1", &[("p", tree(&[("/x", Verb::Get)]))])],
        vec![domain("api.internal", &[("", "a1", Some("p"))]), domain("api.example.com", &[("", "a1", Some("p"))])],
        &config,
    );
    assert_eq!(
        lines(&plan),
        ["GET https://a1.execute-api.us-east-1.amazonaws.com/p/x", "GET https://api.example.com/x"]
    );
    assert!(plan.gaps.is_empty(), "it is the user's own word");
}

/// A config, as a user writes it.
fn config(text: &str) -> Config {
    Config::parse(text, "test").unwrap()
}

/// Name, place, whether it is required, a sample.
type Declared<'d> = (&'d str, Place, bool, Option<(&'d str, SampleSource)>);

fn interface(parameters: &[Declared<'_>]) -> Method {
    let parameters = parameters.iter().map(|(name, place, required, sample)| Parameter {
        name: (*name).to_owned(),
        place: *place,
        required: *required,
        sample: sample
            .map_or(Err("nothing fits".to_owned()), |(value, from)| Ok(Sample { value: value.to_owned(), from })),
    });
    let interface = Interface { parameters: parameters.collect(), ..Interface::default() };
    Method { interface: Some(Box::new(interface)), ..Method::open() }
}

fn one(resource: &str, verb: Verb, method: Method, text: &str) -> Plan {
    let mut tree = Tree::default();
    tree.insert(resource, verb, method);
    planned(vec![api("a1", &[("prod", tree)])], vec![], &config(text)).0
}

#[test]
fn the_best_values_that_there_are_are_sent_and_said() {
    use Place::{Header, Path, Query};
    use SampleSource::{Default, Example, Schema};
    let declared = || {
        interface(&[
            ("id", Path, true, Some(("7", Example))),
            ("q", Query, true, Some(("a b", Schema))),
            ("page", Query, false, Some(("1", Default))),
            ("X-Tenant", Header, true, Some(("acme", Example))),
            ("Authorization", Header, true, Some(("string", Schema))),
        ])
    };
    let all_examples = interface(&[("id", Path, true, Some(("7", Example)))]);
    let nothing = interface(&[("id", Path, true, None), ("q", Query, true, None)]);
    let table = [
        (declared(), "", "/prod/x/7?q=a+b", Provenance::Schema),
        (declared(), "parameters: {q: z, id: '9'}", "/prod/x/9?q=z", Provenance::Example),
        (
            declared(),
            "known_good: [{path: '/x/{id}', parameters: {id: '1'}, query: {q: m, extra: e}, headers: {X-Tenant: t}}]",
            "/prod/x/1?q=m&extra=e",
            Provenance::Config,
        ),
        (all_examples, "", "/prod/x/7", Provenance::Example),
        (nothing, "", "/prod/x/gateprobe", Provenance::Placeholder),
        (Method::open(), "", "/prod/x/gateprobe", Provenance::Placeholder),
    ];
    for (method, text, expected, provenance) in table {
        let plan = one("/x/{id}", Verb::Get, method, text);
        let url = &plan.probes[0].request.url;
        let found = format!("{}{}", url.path(), url.query().map_or(String::new(), |query| format!("?{query}")));
        assert_eq!((found.as_str(), plan.probes[0].provenance), (expected, provenance), "{text}");
        assert_eq!(plan.probes[0].request.header("authorization"), None, "a made-up credential is none");
    }
}

#[test]
fn what_the_user_says_of_a_method_holds() {
    let post = || Method { api_key_required: true, ..Method::open() };
    // Left alone, with the reason.
    let plan = one("/x", Verb::Get, Method::open(), "ignore: [{path: '/x', reason: switched off, probe: false}]");
    assert_eq!(plan.methods[0].fate, Fate::Skipped(SkipReason::Ignored));
    assert_eq!((plan.methods[0].detail.as_deref(), plan.probes.len()), (Some("switched off"), 0));
    assert_eq!(plan.methods[0].ignored, None);
    // Not told of, and asked all the same.
    let plan = one("/x", Verb::Get, Method::open(), "ignore: [{path: '/x', reason: the team knows}]");
    assert_eq!((plan.methods[0].fate, plan.probes.len()), (Fate::Probed, 1));
    assert_eq!((plan.methods[0].ignored.as_deref(), plan.methods[0].detail.as_deref()), (Some("the team knows"), None));
    // No longer, and said so. The inventory bears the time 0.
    let plan =
        one("/x", Verb::Get, Method::open(), "ignore: [{path: '/x', reason: r, probe: false, until: 1969-12-31}]");
    assert_eq!((plan.methods[0].fate, plan.methods[0].ignored.as_deref()), (Fate::Probed, None));
    let note = "the `ignore` with the reason `r` ended with 1969-12-31: what it held back is told again";
    assert!(plan.notes.len() == 1 && plan.notes[0].starts_with(note), "{:?}", plan.notes);
    let plan = one("/x", Verb::Get, Method::open(), "ignore: [{path: '/x', reason: r, until: 1970-01-01}]");
    assert_eq!((plan.methods[0].ignored.as_deref(), plan.notes.len()), (Some("r"), 0));
    // Not allowed: a refusal, or nothing, with the line that would allow it.
    let plan = one("/x", Verb::Post, post(), "");
    assert_eq!((plan.probes.len(), plan.refusals.len()), (0, 1));
    assert_eq!(plan.refusals[0].refusal, [RefusalKind::ApiKey]);
    let plan = one("/x", Verb::Post, Method::open(), "");
    assert_eq!(plan.methods[0].fate, Fate::Skipped(SkipReason::NoSafeProof));
    let remedy = plan.methods[0].remedy.clone().unwrap();
    assert_eq!(remedy, "allow: [{api: 'a1', stage: 'prod', path: '/x', method: POST}]");
    // The remedy is one: with it the method is asked.
    let plan = one("/x", Verb::Post, Method::open(), &remedy);
    assert_eq!((plan.methods[0].fate, plan.probes[0].request.method.as_str()), (Fate::Probed, "POST"));
    // Allowed, with the user's own request.
    let plan = one(
        "/x",
        Verb::Post,
        post(),
        "allow: [{path: '/x', method: POST}]\nknown_good: [{path: '/x', method: POST, body: '{}', with: [k], expect: {status: [201]}}]\ncredentials: {k: {api_key: 'env:K'}}",
    );
    let probe = &plan.probes[0];
    assert_eq!((probe.request.body.as_deref(), probe.expects), (Some("{}"), Expects::Answer));
    assert_eq!(probe.request.header("content-type"), Some("application/json"));
    assert_eq!((&*probe.credentials[0], probe.check.as_ref().unwrap().status[0]), ("k", 201));
    assert!(probe.request.header("x-api-key").is_none(), "a plan holds no secret");
}

#[test]
fn a_secret_that_cannot_be_read_skips_its_methods_alone() {
    let mut inventory = Inventory::empty("us-east-1");
    inventory.apis = vec![api("a1", &[("prod", tree(&[("/x", Verb::Get), ("/y", Verb::Get)]))])];
    let world = World::new(inventory, InvokeUrl::default());
    let config = config("credentials: {k: {api_key: 'env:K'}}\nauthenticate: [{path: '/x', with: [k]}]");
    let unreadable = [("k".to_owned(), "K is not set".to_owned())].into();
    let plan = plan(&world, &config, &DomainUrl::default(), &unreadable);
    assert_eq!(plan.methods[0].fate, Fate::Skipped(SkipReason::SecretUnreadable));
    assert_eq!(plan.methods[0].detail.as_deref(), Some("k: K is not set"));
    assert_eq!(plan.methods[1].fate, Fate::Probed);
}

#[test]
fn under_a_canary_only_what_both_deployments_demand_is_sure() {
    let demanding = |keyed: bool| {
        let mut tree = Tree::default();
        tree.insert("/x", Verb::Post, Method { api_key_required: keyed, ..Method::open() });
        tree
    };
    for (keyed, percent, refusable) in [(true, 10.0, true), (false, 10.0, false), (false, 0.0, true)] {
        let mut api = api("a1", &[("prod", demanding(true)), ("next", demanding(keyed))]);
        api.stages.truncate(1);
        api.stages[0].canary = Some(crate::gateway::Canary { deployment: "of-next".to_owned(), percent });
        let (plan, _) = planned(vec![api], vec![], &Config::default());
        assert_eq!(plan.refusals.len(), usize::from(refusable), "{keyed} {percent}");
    }
}

#[test]
fn a_control_is_a_request_that_no_method_takes() {
    let keyed = || Method { api_key_required: true, ..Method::open() };
    let plan = one("/x", Verb::Post, keyed(), "");
    let control = plan.controls.values().next().unwrap();
    assert_eq!(control.url.path(), "/prod/gateprobe-no-such-resource");
    let plan = one("/{proxy+}", Verb::Any, keyed(), "");
    assert!(plan.controls.is_empty(), "everything is taken");
}

#[test]
fn no_request_says_that_it_is_one_of_another_verb() {
    use Place::Header;
    use SampleSource::{Enum, Example};
    let others = ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"];
    for name in others {
        let declared = [(name, Header, true, Some(("DELETE", Example))), ("X-Tenant", Header, true, Some(("a", Enum)))];
        let plan = one("/x", Verb::Get, interface(&declared), "");
        let names: Vec<_> = plan.probes[0].request.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["X-Tenant"], "from an export");
        let document = format!(
            "contract: [{{api: a1, openapi: {{openapi: 3.0.1, paths: {{/y: {{get: {{parameters: [{{name: {name}, in: header, required: true, example: DELETE}}]}}}}}}}}}}]"
        );
        let plan = one("/x", Verb::Get, Method::open(), &document);
        assert_eq!((plan.probes.len(), plan.probes[1].request.url.path()), (2, "/prod/y"));
        assert!(plan.probes[1].request.headers.is_empty(), "from a contract: {:?}", plan.probes[1]);
        // A rule that wants such a header opens no way; one that has another for it does.
        let glob = |name: &str| HeaderGlob { header: name.to_owned(), value: "DELETE".to_owned() };
        for (headers, ways) in [(vec![glob(name)], 0), (vec![glob(name), glob("x-tenant")], 1)] {
            let mut domain = domain("d.example.com", &[]);
            domain.routing_mode = RoutingMode::Rules;
            domain.rules = vec![RoutingRule {
                id: "r".to_owned(),
                priority: 1,
                base_paths: vec![],
                headers: vec![headers],
                api: "a1".to_owned(),
                stage: "prod".to_owned(),
                strip_base_path: false,
            }];
            let stages = [("prod", tree(&[("/x", Verb::Get)]))];
            let (plan, _) = planned(vec![api("a1", &stages)], vec![domain], &Config::default());
            assert_eq!((plan.probes.len(), plan.gaps.len()), (1 + ways, 1 - ways), "{plan:?}");
            assert!(plan.probes.iter().all(|probe| probe.request.header(name).is_none()));
            assert!(plan.gaps.iter().all(|gap| gap.reason.contains(name)));
        }
    }
}

#[test]
fn a_refusal_goes_by_a_path_that_is_routed_for_sure() {
    let example = |value: &'static str| interface(&[("id", Place::Path, true, Some((value, SampleSource::Example)))]);
    let keyed = |method: Method| Method { api_key_required: true, ..method };
    // A good value is for what is answered.
    let plan = one("/x/{id}", Verb::Post, keyed(example("7")), "");
    assert_eq!(plan.refusals[0].request.url.path(), "/prod/x/gateprobe");
    for value in ["a/b", "a%2Fb", "a//b", "//"] {
        let text = format!("parameters: {{id: '{value}'}}");
        let plan = one("/x/{id+}", Verb::Delete, keyed(example("7")), &text);
        assert_eq!(plan.refusals[0].request.url.path(), "/prod/x/gateprobe", "{value}");
    }
    // Only a plain value serves where the placeholders are literal siblings.
    for (value, fate) in [("7", Fate::Probed), ("a/b", Fate::Skipped(SkipReason::Unreachable))] {
        let mut tree = tree(&[("/gateprobe", Verb::Post), ("/gateprobe-0", Verb::Post)]);
        tree.insert("/{id}", Verb::Post, keyed(example(value)));
        let (plan, _) = planned(vec![api("a1", &[("prod", tree)])], vec![], &Config::default());
        let method = plan.methods.iter().find(|method| &*method.resource == "/{id}").unwrap();
        assert_eq!(method.fate, fate, "{value}");
    }
    // A resource that is itself escaped in a URL has no sure refusal.
    let plan = one("/a%20b", Verb::Post, keyed(Method::open()), "");
    assert_eq!((plan.methods[0].fate, plan.refusals.len()), (Fate::Skipped(SkipReason::NoSafeProof), 0));
    // What a contract says of a verb that must not be sent goes by the same rule.
    for (path, sent) in [("/y/{id}", Some("/prod/y/gateprobe")), ("/y%2Fz", None), ("/y//z", None)] {
        let document = format!(
            "contract: [{{api: a1, openapi: {{openapi: 3.0.1, paths: {{'{path}': {{post: {{parameters: [{{name: id, in: path, required: true, example: a/b}}]}}}}}}}}}}]"
        );
        let plan = one("/x", Verb::Get, Method::open(), &document);
        assert_eq!(plan.refusals.first().map(|probe| probe.request.url.path()), sent, "{:?}", plan.gaps);
        assert_eq!(plan.gaps.len(), usize::from(sent.is_none()));
    }
}

#[test]
fn contract_requests_are_asked_as_they_stand() {
    let config = Config::parse("contract: [{url: 'https://api.example.com/gone?x=1'}]", "test").unwrap();
    let (plan, _) = planned(vec![], vec![], &config);
    assert_eq!(lines(&plan), ["GET https://api.example.com/gone?x=1"]);
    assert_eq!(plan.probes[0].subject, Subject::Contract(0));
}

/// Promises 1, 2 and 7: each deployed method is exactly once probed or skipped; a probed one has a probe and a skipped
/// one has none; only safe verbs may reach a backend, and any other comes without a body and only where the deployed
/// method is sure to refuse it; each probe reaches its own method by the model.
fn check(plan: &Plan, world: &World) {
    let deployed: usize = world
        .inventory()
        .apis
        .iter()
        .flat_map(|api| api.stages.iter().filter_map(|stage| api.deployment_of(stage)))
        .map(|deployment| deployment.tree.len())
        .sum();
    assert_eq!(plan.methods.len(), deployed);
    let names: BTreeSet<_> =
        plan.methods.iter().map(|m| (m.api.clone(), m.stage.clone(), m.resource.clone(), m.verb)).collect();
    assert_eq!(names.len(), deployed, "each once");
    let mut asked = vec![0; plan.methods.len()];
    for probe in plan.probes.iter().chain(&plan.refusals).chain(&plan.trials) {
        let verb = Verb::of_request(&probe.request.method).unwrap();
        assert!(verb.is_safe() || !probe.refusal.is_empty(), "{:?}", probe.request);
        assert_eq!(probe.refusal.is_empty(), probe.provenance != Provenance::Refusal);
        assert!(probe.refusal.is_empty() || (probe.request.body.is_none() && probe.credentials.is_empty()));
        let Subject::Method(index) = probe.subject else { continue };
        if !plan.trials.iter().any(|trial| std::ptr::eq(trial, probe)) {
            asked[index] += 1;
        }
        let method = &plan.methods[index];
        let address = world.locate(&probe.request);
        let (api, stage) = address.stage().unwrap();
        assert_eq!((&*api.id, &*stage.name), (&*method.api, &*method.stage));
        let path = &probe.request.url.as_str()[address.path_at().unwrap()];
        let hit = world.stage_router(api, stage).unwrap().route(verb, path).unwrap();
        assert_eq!((hit.resource, hit.verb), (&*method.resource, method.verb), "{}", probe.request.url);
        if !probe.refusal.is_empty() {
            assert_eq!(probe.refusal, refusals(api, stage, &method.resource, method.verb));
        }
    }
    for (method, asked) in plan.methods.iter().zip(asked) {
        assert_eq!(method.fate == Fate::Probed, asked > 0, "{method:?}");
    }
}

prop_compose! {
    fn any_tree()(methods in prop::collection::vec((
        prop::collection::vec(prop::sample::select(vec!["a", "b", "gateprobe", "{p}", "{q+}"]), 0..4),
        prop::sample::select([&[Verb::Any][..], &Verb::CONCRETE].concat()),
        prop::sample::select(vec![None, Some(Authorization::AwsIam), Some(Authorization::Custom)]),
    ), 0..12)) -> Tree {
        let mut tree = Tree::default();
        for (segments, verb, authorization) in methods {
            // Greedy is last.
            let end = segments.iter().position(|s| s.ends_with("+}")).map_or(segments.len(), |at| at + 1);
            let path = format!("/{}", segments[..end].join("/"));
            tree.insert(&path, verb, Method { authorization, ..Method::default() });
        }
        tree
    }
}

proptest! {
    #[test]
    fn every_deployed_method_is_probed_or_skipped(
        trees in prop::collection::vec((any_tree(), any_tree(), any::<bool>()), 1..4),
        bases in prop::collection::vec((prop::sample::select(vec!["", "a", "v1", "v1/a"]), 0..4usize, prop::sample::select(vec![Some("prod"), Some("dev"), Some("gone"), None])), 0..4),
        parameter in prop::sample::select(vec!["a", "7", "..", "x/y", "%2e", "ü?#"]),
    ) {
        let apis = trees.into_iter().enumerate().map(|(index, (prod, dev, disabled))| {
            let mut api = api(&format!("a{index}"), &[("prod", prod), ("dev", dev)]);
            api.default_endpoint_disabled = disabled;
            api
        }).collect();
        let mut mappings: Vec<(&str, String, Option<&str>)> = Vec::new();
        for (base, index, stage) in bases {
            if !mappings.iter().any(|(known, ..)| *known == base) {
                mappings.push((base, format!("a{index}"), stage));
            }
        }
        let mappings: Vec<_> = mappings.iter().map(|(base, api, stage)| (*base, api.as_str(), *stage)).collect();
        let config = Config { parameters: [("p".to_owned(), parameter.to_owned())].into(), ..Config::default() };
        let (plan, world) = planned(apis, vec![domain("d.example.com", &mappings)], &config);
        check(&plan, &world);
    }
}
