//! The plan's promises, by table and by property.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::gateway::{
    Api, Deployment, Domain, EndpointType, Inventory, InvokeUrl, Mapping, Method, Protocol, RoutingMode, Stage, Tree,
    TreeSource,
};

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
    (plan(&world, config, &DomainUrl::default()), world)
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
    assert_eq!(skipped[0].fate, Fate::Skipped(SkipReason::UnsafeVerb));
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
    assert_eq!(plan.methods.iter().filter(|m| m.fate == Fate::Skipped(SkipReason::UnsafeVerb)).count(), 1);
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

#[test]
fn contract_requests_are_asked_as_they_stand() {
    let config = Config::parse("contract: [{url: 'https://api.example.com/gone?x=1'}]", "test").unwrap();
    let (plan, _) = planned(vec![], vec![], &config);
    assert_eq!(lines(&plan), ["GET https://api.example.com/gone?x=1"]);
    assert_eq!(plan.probes[0].subject, Subject::Contract(0));
}

/// Promises 1, 2 and 7: each deployed method is exactly once probed or skipped; a probed one has a probe and a skipped
/// one has none; only safe verbs; each probe reaches its own method by the model.
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
    for probe in &plan.probes {
        let verb = Verb::of_request(&probe.request.method).unwrap();
        assert!(verb.is_safe(), "{:?}", probe.request);
        let Subject::Method(index) = probe.subject else { continue };
        asked[index] += 1;
        let method = &plan.methods[index];
        let address = world.locate(&probe.request);
        let (api, stage) = address.stage().unwrap();
        assert_eq!((&*api.id, &*stage.name), (&*method.api, &*method.stage));
        let path = &probe.request.url.as_str()[address.path_at().unwrap()];
        let hit = world.stage_router(api, stage).unwrap().route(verb, path).unwrap();
        assert_eq!((hit.resource, hit.verb), (&*method.resource, method.verb), "{}", probe.request.url);
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
