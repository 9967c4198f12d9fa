//! The product's router against the simulator's brute-force oracle, on random trees and paths.

use std::collections::BTreeSet;

use gateprobe::gateway::{DEFAULT_ROUTE, Method, Protocol, Router, Tree, Verb};
use gateprobe::simulator::{http_oracle, oracle};
use proptest::prelude::*;

/// Few words, so that siblings, prefixes and misses in case are common.
const WORDS: [&str; 4] = ["a", "b", "A", "ping"];

/// A resource path as API Gateway accepts it: literals and parameters, a greedy one at the end or none.
///
/// A parent has one parameter child at most, so a parameter's name is made of its depth alone.
fn resource() -> impl Strategy<Value = String> {
    let segment =
        prop_oneof![4 => proptest::sample::select(&WORDS[..]).prop_map(ToOwned::to_owned), 2 => Just("{}".to_owned())];
    (proptest::collection::vec(segment, 0..4), proptest::bool::weighted(0.3)).prop_map(|(segments, greedy)| {
        let mut path = String::new();
        for (depth, segment) in segments.iter().enumerate() {
            let part = if segment == "{}" { format!("{{p{depth}}}") } else { segment.clone() };
            path.extend(["/", &part]);
        }
        if greedy {
            path.push_str("/{proxy+}");
        }
        if path.is_empty() { "/".to_owned() } else { path }
    })
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![3 => Just(Verb::Any), 7 => proptest::sample::select(&Verb::CONCRETE[..])]
}

fn tree() -> impl Strategy<Value = Tree> {
    proptest::collection::vec((resource(), proptest::collection::vec(verb(), 0..3)), 0..12).prop_map(|resources| {
        let mut tree = Tree::default();
        for (resource, verbs) in resources {
            tree.0.entry(resource.clone()).or_default();
            for verb in verbs {
                tree.insert(&resource, verb, Method::open());
            }
        }
        tree
    })
}

/// Paths of the same words, odd slashes included.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![8 => proptest::sample::select(&WORDS[..]), 2 => Just("other"), 1 => Just("")];
    (proptest::collection::vec(segment, 0..6), 0..3_usize)
        .prop_map(|(segments, slashes)| format!("/{}{}", segments.join("/"), "/".repeat(slashes)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_router_agrees_with_the_oracle(tree in tree(), paths in proptest::collection::vec(path(), 1..12)) {
        let router = Router::new(&tree);
        for path in &paths {
            for verb in Verb::CONCRETE {
                let routed = router.route(verb, path).map(|hit| (hit.resource.to_owned(), hit.verb));
                let expected = oracle(&tree, verb, path).map(|(resource, verb)| (resource.to_owned(), verb));
                prop_assert_eq!(routed, expected, "{} {} in {:?}", verb, path, tree.0.keys().collect::<BTreeSet<_>>());
            }
        }
    }

    #[test]
    fn the_router_of_an_http_api_agrees_with_its_oracle(
        mut tree in tree(),
        catches_all in proptest::bool::ANY,
        paths in proptest::collection::vec(path(), 1..12),
    ) {
        if catches_all {
            tree.insert(DEFAULT_ROUTE, Verb::Any, Method::open());
        }
        let router = Router::of(Protocol::Http, &tree);
        for path in &paths {
            for verb in Verb::CONCRETE {
                let routed = router.route(verb, path).map(|hit| (hit.resource.to_owned(), hit.verb));
                let expected = http_oracle(&tree, verb, path).map(|(resource, verb)| (resource.to_owned(), verb));
                prop_assert_eq!(routed, expected, "{} {} in {:?}", verb, path, tree.0.keys().collect::<BTreeSet<_>>());
            }
        }
    }
}
