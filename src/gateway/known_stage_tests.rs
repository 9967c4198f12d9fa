//! What a baseline remembers, and what it says of a deployment.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const DAY: u64 = 86_400;

fn tree(methods: &str) -> Tree {
    let mut tree = Tree::default();
    for method in methods.split_whitespace() {
        // `GET/orders`, with `:IAM` or `:?` (not told) and `+key` behind it.
        let (method, key) = method.split_once("+key").map_or((method, false), |(method, _)| (method, true));
        let (method, authorization) = match method.split_once(':') {
            Some((method, "?")) => (method, None),
            Some((method, "IAM")) => (method, Some(Authorization::AwsIam)),
            Some((_, other)) => panic!("{other}"),
            None => (method, Some(Authorization::None)),
        };
        let (verb, path) = method.split_at(method.find('/').unwrap());
        tree.insert(path, verb.parse().unwrap(), Method { authorization, api_key_required: key, interface: None });
    }
    tree
}

fn named(deployment: &str) -> KnownStage {
    KnownStage::new("a1", "orders", "prod", Some(deployment))
}

/// The stage after a run in which all of its methods answered well.
fn seen(before: Option<&KnownStage>, deployment: &str, methods: &str, now: i64) -> KnownStage {
    named(deployment).after(before, &tree(methods), DAY, now, |_, _| (true, true))
}

fn names(methods: &BTreeMap<String, BTreeMap<Verb, RemovedMethod>>) -> Vec<String> {
    methods.iter().flat_map(|(path, verbs)| verbs.keys().map(move |verb| format!("{verb} {path}"))).collect()
}

#[test]
fn a_change_is_told_in_the_words_of_aws() {
    let cases = [
        ("GET/a", "GET/a", "", "", ""),
        ("GET/a", "GET/a POST/a GET/b", "POST /a, GET /b", "", ""),
        ("GET/a POST/a ANY/b", "POST/a", "", "GET /a, ANY /b", ""),
        ("ANY/a", "GET/a", "GET /a", "ANY /a", ""),
        ("GET/a/{id}", "GET/a/{name}", "GET /a/{name}", "GET /a/{id}", ""),
        ("GET/a GET/b", "GET/a:IAM GET/b", "", "", "GET /a: authorization NONE -> AWS_IAM"),
        ("GET/a", "GET/a+key", "", "", "GET /a: API key not required -> required"),
        ("GET/a+key", "GET/a:IAM", "", "", "GET /a: authorization NONE -> AWS_IAM, API key required -> not required"),
        ("GET/a:?", "GET/a:IAM+key", "", "", ""),
        ("GET/a:IAM+key", "GET/a:?", "", "", ""),
    ];
    for (before, after, added, removed, changed) in cases {
        let change = seen(None, "d1", before, 1).change(Some("d2"), Some(7), &tree(after));
        assert_eq!(change.added.join(", "), added, "{before} -> {after}");
        assert_eq!(change.removed.join(", "), removed, "{before} -> {after}");
        assert_eq!(change.changed.join("; "), changed, "{before} -> {after}");
        assert_eq!(change.is_empty(), [added, removed, changed].concat().is_empty());
        assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("d1"), Some("d2")));
        assert_eq!(change.deployed_at, Some(7));
    }
}

#[test]
fn every_kind_of_authorization_has_the_name_that_aws_reads() {
    for kind in ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "JWT"] {
        assert_eq!(Authorization::from_aws(kind).map(aws_words), Some(kind));
    }
}

#[test]
fn times_are_of_the_last_answer_that_proved_it() {
    let first = named("d1").after(None, &tree("GET/a GET/b"), DAY, 10, |path, _| (true, path == "/a"));
    let second = named("d1").after(Some(&first), &tree("GET/a GET/b"), DAY, 20, |path, _| (path == "/b", false));
    let times = |path| second.method(path, Verb::Get).map(|method| (method.routed_at, method.healthy_at)).unwrap();
    assert_eq!(times("/a"), (Some(10), Some(10)));
    assert_eq!(times("/b"), (Some(20), None));
    assert_eq!(second.seen_at, 20);
}

#[test]
fn what_had_answered_and_was_taken_away_is_watched_for_a_while() {
    let had = named("d1").after(None, &tree("GET/a GET/b GET/c"), DAY, 10, |path, _| (path != "/b", false));
    let without = seen(Some(&had), "d2", "GET/c", 100);
    assert_eq!(names(&without.removed), ["GET /a"], "/b never answered");
    let removed = &without.removed["/a"][&Verb::Get];
    assert_eq!((removed.had_by.as_deref(), removed.taken_by.as_deref()), (Some("d1"), Some("d2")));
    assert_eq!((removed.since, removed.known.routed_at), (100, Some(10)));

    let day = i64::try_from(DAY).unwrap();
    let later = seen(Some(&without), "d3", "GET/c", 99 + day);
    assert_eq!(later.removed, without.removed, "who took it, and when, stays");
    assert!(seen(Some(&later), "d3", "GET/c", 100 + day).removed.is_empty());
    assert_eq!(names(&later.watched(DAY, 99 + day).removed), ["GET /a"]);
    assert!(later.watched(DAY, 100 + day).removed.is_empty());
}

#[test]
fn what_comes_back_is_what_went() {
    let had = seen(None, "d1", "GET/a GET/b", 10);
    let without = seen(Some(&had), "d2", "GET/b", 20);
    let back = named("d3").after(Some(&without), &tree("GET/a GET/b"), DAY, 30, |_, _| (false, false));
    assert!(back.removed.is_empty());
    assert_eq!(back.method("/a", Verb::Get).and_then(|method| method.routed_at), Some(10));
    // And so it is watched when it goes again before it has answered.
    assert_eq!(names(&seen(Some(&back), "d4", "GET/b", 40).removed), ["GET /a"]);
}

#[test]
fn who_may_call_is_kept_where_nobody_tells() {
    let told = seen(None, "d1", "GET/a:IAM+key GET/b+key", 10);
    let untold = seen(Some(&told), "d2", "GET/a:? GET/b", 20);
    let method = |path| untold.method(path, Verb::Get).map(|method| (method.authorization, method.api_key_required));
    assert_eq!(method("/a"), Some((Some(Authorization::AwsIam), true)));
    assert_eq!(method("/b"), Some((Some(Authorization::None), false)));
    assert!(untold.change(Some("d3"), None, &tree("GET/a:IAM+key GET/b")).is_empty());
}

#[test]
fn a_write_is_needed_for_what_changed_or_after_six_hours() {
    let before = seen(None, "d1", "GET/a GET/b", 1000);
    let good = |now| seen(Some(&before), "d1", "GET/a GET/b", now);
    assert!(!good(1300).needs_write(&before, 1300));
    assert!(!good(22_599).needs_write(&before, 22_599));
    assert!(good(22_600).needs_write(&before, 22_600));
    assert!(good(900).needs_write(&before, 900), "written by a clock that ran ahead");
    assert!(seen(Some(&before), "d2", "GET/a GET/b", 1300).needs_write(&before, 1300));
    assert!(seen(Some(&before), "d1", "GET/a", 1300).needs_write(&before, 1300));
    assert!(seen(Some(&before), "d1", "GET/a:IAM GET/b", 1300).needs_write(&before, 1300));
    let routed = named("d1").after(None, &tree("GET/a"), DAY, 1000, |_, _| (true, false));
    let healthy = named("d1").after(Some(&routed), &tree("GET/a"), DAY, 1300, |_, _| (true, true));
    assert!(healthy.needs_write(&routed, 1300), "it answers well for the first time");
    let unasked = named("d1").after(None, &tree("GET/a"), DAY, 1000, |_, _| (false, false));
    assert!(routed.needs_write(&unasked, 1300), "it is routed for the first time");
}

#[test]
fn of_two_overlapping_runs_the_later_deployment_and_the_later_times_count() {
    let before = seen(None, "d1", "GET/a GET/b GET/c", 10);
    let answers = |good: &'static str| move |path: &str, _: Verb| (path == good, path == good);
    let one = named("d1").after(Some(&before), &tree("GET/a GET/b GET/c"), DAY, 30, answers("/a"));
    let other = named("d2").after(Some(&before), &tree("GET/a GET/b"), DAY, 40, answers("/b"));
    for merged in [one.clone().merge(other.clone()), other.clone().merge(one.clone())] {
        assert_eq!((merged.deployment.as_deref(), merged.seen_at), (Some("d2"), 40));
        let healthy = |path| merged.method(path, Verb::Get).and_then(|method| method.healthy_at);
        assert_eq!((healthy("/a"), healthy("/b"), healthy("/c")), (Some(30), Some(40), None));
        assert_eq!(names(&merged.removed), ["GET /c"]);
    }
    // What both miss was missed by the earlier one first.
    let early = seen(Some(&before), "d2", "GET/a", 20);
    let late = seen(Some(&before), "d2", "GET/a", 25);
    assert_eq!(late.merge(early).removed["/b"][&Verb::Get].since, 20);
}

#[test]
fn the_diagnosis_is_told_what_was_served() {
    let had = seen(None, "d1", "GET/a GET/b:IAM+key", 10);
    let without = seen(Some(&had), "d2", "GET/c", 20);
    let served = without.served();
    let deployments: Vec<&str> = served.iter().map(|seen| seen.deployment.as_str()).collect();
    assert_eq!(deployments, ["d2", "d1"]);
    assert_eq!(served[0].tree, tree("GET/c"));
    assert_eq!(served[1].tree, tree("GET/a GET/b:IAM+key"));
    assert_eq!((served[0].api.as_str(), served[0].stage.as_str(), served[0].seen_at), ("a1", "prod", 20));
}

fn methods() -> impl Strategy<Value = String> {
    let method = select(vec!["GET/a", "GET/a:IAM", "POST/a", "ANY/a", "GET/b+key", "GET/b:?", "GET/c/{id}"]);
    proptest::collection::vec(method, 0..5).prop_map(|methods| methods.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whatever_is_deployed(history in proptest::collection::vec((methods(), 1..50_000i64, any::<bool>()), 1..8)) {
        let mut now = 0;
        let mut before: Option<KnownStage> = None;
        for (at, (methods, step, good)) in history.into_iter().enumerate() {
            now += step;
            let tree = tree(&methods);
            let deployment = format!("d{at}");
            let after = named(&deployment).after(before.as_ref(), &tree, DAY, now, |_, _| (good, good));
            // What was just written down has no change to itself, and is not written again.
            prop_assert!(after.change(Some(&deployment), None, &tree).is_empty());
            prop_assert!(!after.needs_write(&after, now));
            prop_assert_eq!(&after.clone().merge(after.clone()), &after);
            let json = serde_json::to_string(&after).unwrap();
            prop_assert_eq!(&serde_json::from_str::<KnownStage>(&json).unwrap(), &after);
            for (resource, verb, removed) in after.known_removed() {
                prop_assert!(tree.method(resource, verb).is_none());
                prop_assert!(removed.known.routed_at.is_some());
            }
            if let Some(before) = &before {
                let change = before.change(Some(&deployment), None, &tree);
                prop_assert_eq!(before.methods.values().map(BTreeMap::len).sum::<usize>() + change.added.len(),
                    tree.len() + change.removed.len());
                let answered = before.known_methods().filter(|(.., known)| known.routed_at.is_some());
                for (resource, verb, _) in answered {
                    prop_assert!(after.method(resource, verb).is_some() || after.removed[resource].contains_key(&verb));
                }
            }
            before = Some(after);
        }
    }
}
