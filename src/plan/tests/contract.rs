//! Documents of the contract: what is asked of each operation, what is not, and what is told of it.

use super::*;
use crate::gateway::{Canary, Integration, Passthrough};

/// A contract of one operation, on the API or behind the base that `place` names.
fn of(place: &str, path: &str, operation: &str) -> Config {
    config(&format!("contract: [{{{place}, openapi: {{openapi: 3.0.1, paths: {{'{path}': {{{operation}}}}}}}}}]"))
}

fn shop(methods: &[(&str, Verb)]) -> Api {
    api("a1", &[("prod", tree(methods))])
}

/// What is asked for the contract, as `VERB PATH`, with what it is to be refused for; and what is told.
fn told(apis: Vec<Api>, domains: Vec<Domain>, config: &Config) -> (Vec<String>, Vec<String>) {
    let (plan, world) = planned(apis, domains, config);
    let contract = |probe: &&Probe| matches!(probe.subject, Subject::Contract(_));
    let asked = plan.probes.iter().chain(&plan.refusals).filter(contract).map(|probe| {
        let kinds: Vec<&str> = probe.refusal.iter().map(|kind| kind.id()).collect();
        format!("{} {} {}", probe.request.method, probe.request.url.path(), kinds.join(",")).trim_end().to_owned()
    });
    let asked = asked.collect();
    for probe in &plan.refusals {
        assert!(probe.request.body.is_none() && probe.credentials.is_empty() && probe.check.is_none());
        let stage = probe.stage.as_ref().unwrap();
        let control = plan.controls.get(stage).unwrap();
        assert!(world.locate(control).stage().is_some(), "each has a control to compare it with");
    }
    (asked, plan.gaps.into_iter().map(|gap| format!("{}: {}", gap.place, gap.reason)).collect())
}

/// The two halves of an expectation.
fn is(asked: &[&str], gaps: &[&str]) -> (Vec<String>, Vec<String>) {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    (texts(asked), texts(gaps))
}

#[test]
fn a_verb_that_must_not_be_sent_is_asked_only_where_nothing_takes_it() {
    let post = |place: &str| of(place, "/orders", "post: {}");
    let missing = is(&["POST /prod/orders no-route"], &[]);
    assert_eq!(told(vec![shop(&[("/pets", Verb::Get)])], vec![], &post("api: a1")), missing);
    // What is deployed is planned with the others, under whatever name its parameters have, and nothing is told of it.
    for (resource, verb, path) in [
        ("/orders", Verb::Post, "/orders"),
        ("/orders", Verb::Any, "/orders"),
        ("/pets/{id}", Verb::Post, "/pets/{petId}"),
        ("/files/{proxy+}", Verb::Any, "/files/{path+}"),
    ] {
        let found = told(vec![shop(&[(resource, verb)])], vec![], &of("api: a1", path, "post: {}"));
        assert_eq!(found, is(&[], &[]), "{resource} for {path}");
    }
    // A method of another shape would take it.
    for (resource, verb) in [("/{proxy+}", Verb::Any), ("/{kind}", Verb::Post)] {
        let gap = format!(
            "contract entry 1: POST /orders is not deployed to stage prod (name of a1), and {verb} {resource} would take it: it was not sent"
        );
        assert_eq!(told(vec![shop(&[(resource, verb)])], vec![], &post("api: a1")), is(&[], &[&gap]));
    }
    // Another verb takes nothing of it.
    assert_eq!(told(vec![shop(&[("/orders", Verb::Get)])], vec![], &post("api: a1")), missing);
}

#[test]
fn what_was_not_read_is_not_taken_for_what_is_missing() {
    let config = of("api: a1", "/orders", "post: {}");
    let mut unread = shop(&[("/orders", Verb::Post)]);
    unread.deployments.clear();
    let gap = "contract entry 1: POST /orders was not asked: what the stage serves could not be read";
    assert_eq!(told(vec![unread], vec![], &config), is(&[], &[gap]));
    // The other deployment of a canary may have it.
    let canary = |methods: &[(&str, Verb)], percent: f64| {
        let mut api = api("a1", &[("prod", tree(&[("/pets", Verb::Get)])), ("next", tree(methods))]);
        api.stages.truncate(1);
        api.stages[0].canary = Some(Canary { deployment: "of-next".to_owned(), percent });
        api
    };
    let gap = "contract entry 1: POST /orders was not sent: stage prod has a canary that takes it";
    assert_eq!(told(vec![canary(&[("/orders", Verb::Post)], 10.0)], vec![], &config), is(&[], &[gap]));
    let missing = is(&["POST /prod/orders no-route"], &[]);
    assert_eq!(told(vec![canary(&[("/pets", Verb::Get)], 10.0)], vec![], &config), missing, "neither has it");
    let mut unread = canary(&[("/pets", Verb::Get)], 10.0);
    unread.deployments.remove("of-next");
    assert_eq!(told(vec![unread], vec![], &config), is(&[], &[gap]));
}

#[test]
fn behind_a_base_of_the_users_only_verbs_that_change_nothing_are_asked() {
    let domains = || vec![domain("api.example.com", &[("v1", "a1", Some("prod"))])];
    let apis = || vec![shop(&[("/pets", Verb::Get), ("/v2/orders", Verb::Post)])];
    let behind =
        |base: &str, operation: &str| told(apis(), domains(), &of(&format!("base: '{base}'"), "/orders", operation));
    let base = "https://api.example.com/v1";
    assert_eq!(behind(base, "get: {}"), is(&["GET /v1/orders"], &[]));
    let gap = "contract entry 1: POST /orders is not deployed to stage prod (name of a1): it was not sent";
    assert_eq!(behind(base, "post: {}"), is(&[], &[gap]));
    // The base may stand for the first segments of the method's own path.
    assert_eq!(behind("https://api.example.com/v1/v2/", "post: {}"), is(&[], &[]));
    // Another host, or the same name at another port or in the clear, is not API Gateway's.
    for base in ["https://elsewhere.example.com/v1", "http://api.example.com:8080/v1"] {
        let (asked, gaps) = behind(base, "post: {}");
        assert_eq!((asked.len(), gaps.len()), (0, 1), "{base}: {gaps:?}");
    }
}

#[test]
fn an_operation_that_another_method_answers_is_asked_and_told() {
    let get = of("api: a1", "/orders", "get: {}");
    let gap = "contract entry 1: GET /orders is not deployed to stage prod, and ANY /{proxy+} takes it";
    assert_eq!(told(vec![shop(&[("/{proxy+}", Verb::Any)])], vec![], &get), is(&["GET /prod/orders"], &[gap]));
    for resource in ["/orders", "/orders/"] {
        let found = told(vec![shop(&[(resource, Verb::Get)])], vec![], &get);
        assert_eq!(found, is(&["GET /prod/orders"], &[]), "its own, {resource}");
    }
    assert_eq!(told(vec![shop(&[("/x", Verb::Get)])], vec![], &get), is(&["GET /prod/orders"], &[]), "a missing one");
    // A value that meets a literal sibling gives way to one that does not.
    let mine = "get: {parameters: [{name: id, in: path, required: true, example: mine}]}";
    let apis = vec![shop(&[("/orders/mine", Verb::Get), ("/orders/{id}", Verb::Get)])];
    let found = told(apis, vec![], &of("api: a1", "/orders/{id}", mine));
    assert_eq!(found, is(&["GET /prod/orders/gateprobe"], &[]));
    // An operation for any verb names none that callers use.
    let any = of("api: a1", "/orders", "x-amazon-apigateway-any-method: {}");
    assert_eq!(told(vec![shop(&[("/x", Verb::Get)])], vec![], &any), is(&["GET /prod/orders"], &[]));
}

#[test]
fn a_document_is_held_against_the_stages_that_it_names() {
    let two = || api("a1", &[("prod", tree(&[("/x", Verb::Get)])), ("dev", tree(&[("/x", Verb::Get)]))]);
    let asked = |place: &str| told(vec![two()], vec![], &of(place, "/x", "get: {}"));
    assert_eq!(asked("api: 'name of*'"), is(&["GET /prod/x", "GET /dev/x"], &[]));
    assert_eq!(asked("api: a1, stages: ['d*']"), is(&["GET /dev/x"], &[]));
    let none = "contract entry 1: no stage that was read fits its `api` and `stages`: none of its operations was asked";
    for place in ["api: a2", "api: a1, stages: [live]"] {
        assert_eq!(asked(place), is(&[], &[none]), "{place}");
    }
    let mut socket = two();
    socket.protocol = Protocol::WebSocket;
    assert_eq!(told(vec![socket], vec![], &of("api: a1", "/x", "get: {}")), is(&[], &[none]));
    let mut private = two();
    private.endpoint = EndpointType::Private;
    let (asked, gaps) = told(vec![private], vec![], &of("api: a1, stages: [dev]", "/x", "get: {}"));
    assert_eq!((asked.len(), gaps.len()), (0, 2));
    assert!(gaps[0].starts_with("contract entry 1: stage dev of name of a1: private API"), "{gaps:?}");
}

#[test]
fn a_contracts_request_is_the_documents_and_expects_what_is_deployed() {
    let keyed = || {
        let mut tree = Tree::default();
        let method = Method { api_key_required: true, authorization: Some(Authorization::Custom), ..Method::default() };
        tree.insert("/x", Verb::Get, method);
        tree.insert("/open", Verb::Get, Method::open());
        vec![api("a1", &[("prod", tree)])]
    };
    let credentials = "credentials: {t: {bearer: 'env:T'}, k: {header: {name: X-Api-Key, value: 'env:K'}}}";
    let plan_of = |place: &str, path: &str, unreadable: &Unreadable| {
        let text = format!(
            "contract: [{{{place}, openapi: {{openapi: 3.0.1, paths: {{'{path}': {{get: {{}}}}}}}}}}]\n{credentials}"
        );
        let mut inventory = Inventory::empty("us-east-1");
        inventory.apis = keyed();
        let world = World::new(inventory, InvokeUrl::default());
        let plan = plan(&world, &config(&text), &DomainUrl::default(), unreadable);
        let mut probes: Vec<Probe> =
            plan.probes.into_iter().filter(|probe| probe.subject == Subject::Contract(0)).collect();
        (probes.pop(), plan.gaps)
    };
    let none = Unreadable::new();
    for (place, path, with, expects) in [
        ("api: a1", "/x", &[][..], Expects::AuthorizerRefusal),
        ("api: a1, with: [t]", "/x", &["t"], Expects::KeyRefusal),
        ("api: a1, with: [t, k]", "/x", &["t", "k"], Expects::Answer),
        ("api: a1", "/open", &[], Expects::Answer),
        ("api: a1", "/gone", &[], Expects::Answer),
    ] {
        let probe = plan_of(place, path, &none).0.unwrap();
        assert_eq!((probe.expects, probe.provenance), (expects, Provenance::Contract), "{place} {path}");
        let shown: Vec<&str> = probe.credentials.iter().map(|name| &**name).collect();
        assert_eq!(shown, with, "{place}");
    }
    let unreadable: Unreadable = [("t".to_owned(), "T is not set".to_owned())].into();
    let (probe, gaps) = plan_of("api: a1, with: [t]", "/x", &unreadable);
    assert!(probe.is_none(), "{probe:?}");
    assert_eq!(gaps[0].reason, "GET /x was not asked: t: T is not set");
    assert!(plan_of("api: a1", "/x", &unreadable).0.is_some(), "another's secret is nothing to it");
}

#[test]
fn what_a_refusal_rests_on_goes_along() {
    // A body and `NEVER`: one content type, and the model's.
    let integration = Integration {
        kind: "http".to_owned(),
        passthrough: Passthrough::Never,
        templates: vec!["application/json".to_owned()],
    };
    let never = Method {
        interface: Some(Box::new(Interface { integration: Some(integration), ..Interface::default() })),
        ..Method::open()
    };
    let plan = one("/x", Verb::Post, never.clone(), "");
    assert_eq!(plan.refusals[0].request.header("content-type"), Some("application/x-gateprobe"));
    // A routing rule's header may be the very one that a refusal is to come without.
    let mut guarded = Tree::default();
    guarded.insert("/x", Verb::Post, never);
    let mut behind = api("a1", &[("prod", guarded)]);
    behind.default_endpoint_disabled = true;
    let mut domain = domain("api.example.com", &[]);
    domain.routing_mode = RoutingMode::Rules;
    domain.rules = vec![RoutingRule {
        id: "r".to_owned(),
        priority: 1,
        base_paths: vec![],
        headers: vec![vec![HeaderGlob { header: "X-Tenant".to_owned(), value: "acme".to_owned() }]],
        api: "a1".to_owned(),
        stage: "prod".to_owned(),
        strip_base_path: false,
    }];
    let (plan, _) = planned(vec![behind], vec![domain], &Config::default());
    assert_eq!((plan.refusals.len(), plan.methods[0].fate), (0, Fate::Skipped(SkipReason::Unreachable)));
}
