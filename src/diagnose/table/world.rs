//! The account that the labelled cases are asked in.

use crate::gateway::{
    Api, Authorization, Baseline, Canary, Deployment, Domain, EndpointType, GatewayResponse, HeaderGlob, Inventory,
    InvokeUrl, Mapping, Method, RoutingMode, RoutingRule, Seen, Stage, Tree, TreeSource, Verb, World,
};

/// When everything is asked, in Unix seconds.
pub(super) const NOW: i64 = 1_800_000_000;

fn tree(methods: &[&str]) -> Tree {
    let mut tree = Tree::default();
    for line in methods {
        let mut words = line.split(' ');
        let verb: Verb = words.next().unwrap().parse().unwrap();
        let path = words.next().unwrap();
        let mut method = Method::open();
        for word in words {
            match word {
                "key" => method.api_key_required = true,
                auth => method.authorization = Authorization::from_aws(auth),
            }
        }
        tree.insert(path, verb, method);
    }
    tree
}

fn deployment(methods: &[&str]) -> Deployment {
    Deployment { source: TreeSource::ApiSummary, created_at: None, tree: tree(methods) }
}

fn stage(name: &str, deployment: &str) -> Stage {
    Stage {
        name: name.to_owned(),
        deployment: Some(deployment.to_owned()),
        canary: None,
        updated_at: Some(NOW - 86_400),
        web_acl: None,
    }
}

fn api(id: &str, name: &str) -> Api {
    Api {
        id: id.to_owned(),
        name: name.to_owned(),
        endpoint: EndpointType::Regional,
        default_endpoint_disabled: false,
        stages: vec![],
        deployments: [].into(),
        edited: None,
        gateway_responses: vec![],
    }
}

fn mapping(base_path: &str, api: &str, stage: &str) -> Mapping {
    Mapping { base_path: base_path.to_owned(), api: api.to_owned(), stage: Some(stage.to_owned()) }
}

fn domain(name: &str, mappings: Vec<Mapping>) -> Domain {
    Domain {
        name: name.to_owned(),
        endpoint: EndpointType::Regional,
        target: Some("d-abc123.execute-api.us-east-1.amazonaws.com".to_owned()),
        routing_mode: RoutingMode::Mappings,
        mutual_tls: false,
        mappings,
        rules: vec![],
    }
}

/// Methods of the editor and of another stage that others take the requests of.
fn shadowing() -> Api {
    const TAKEN: &[&str] = &[
        "ANY /{proxy+}",
        "GET /users/{id}",
        "ANY /things",
        "GET /locked/{id} AWS_IAM",
        "GET /auth/{id} CUSTOM",
        "GET /keyed/{id} NONE key",
    ];
    let mut shadowing = api("shadowing0", "shadowing");
    shadowing.stages = vec![stage("prod", "s1"), stage("next", "s2")];
    shadowing.deployments =
        [("s1".to_owned(), deployment(TAKEN)), ("s2".to_owned(), deployment(&["GET /reports", "ANY /{proxy+}"]))]
            .into();
    let mut edited: Vec<&str> = TAKEN.to_vec();
    edited.extend([
        "GET /users/me",
        "GET /things",
        "GET /locked/me",
        "GET /auth/me",
        "GET /keyed/me",
        "GET /v1/{proxy+}",
    ]);
    shadowing.edited = Some(tree(&edited));
    shadowing
}

fn domains() -> Vec<Domain> {
    let mut ruled = domain("rules.example.com", vec![mapping("", "a1b2c3d4e5", "prod")]);
    ruled.routing_mode = RoutingMode::RulesThenMappings;
    ruled.rules = vec![RoutingRule {
        id: "r1".to_owned(),
        priority: 1,
        base_paths: vec![],
        headers: vec![vec![HeaderGlob { header: "x-version".to_owned(), value: "beta".to_owned() }]],
        api: "ownwords00".to_owned(),
        stage: "prod".to_owned(),
        strip_base_path: false,
    }];
    let mut mutual = domain("mtls.example.com", vec![mapping("", "a1b2c3d4e5", "prod")]);
    mutual.mutual_tls = true;

    vec![
        domain("shop.example.com", vec![mapping("orders", "a1b2c3d4e5", "prod"), mapping("next", "a1b2c3d4e5", "dev")]),
        domain("root.example.com", vec![mapping("", "a1b2c3d4e5", "prod"), mapping("own", "ownwords00", "prod")]),
        domain("off.example.com", vec![mapping("v1", "offoffoff0", "prod")]),
        domain("mixed.example.com", vec![mapping("shop", "f6g7h8i9j0", "prod")]),
        domain("gone.example.com", vec![mapping("", "a1b2c3d4e5", "deleted")]),
        ruled,
        mutual,
    ]
}

/// An account with one of everything.
pub(super) fn world() -> World {
    const ORDERS: &[&str] = &[
        "GET /orders",
        "POST /orders",
        "GET /orders/{id}",
        "ANY /files/{proxy+}",
        "GET /iam AWS_IAM",
        "GET /keyed NONE key",
        "GET /auth CUSTOM",
        "GET /Admin/Users",
    ];
    let mut orders = api("a1b2c3d4e5", "orders");
    let mut canary = stage("canary", "d1");
    canary.canary = Some(Canary { deployment: "d2".to_owned(), percent: 10.0 });
    let mut fresh = stage("fresh", "d1");
    fresh.updated_at = Some(NOW - 5);
    let mut walled = stage("walled", "d1");
    walled.web_acl = Some("arn:aws:wafv2:us-east-1:1:regional/webacl/x/1".to_owned());
    let mut all = stage("all", "d1");
    all.canary = Some(Canary { deployment: "d2".to_owned(), percent: 100.0 });
    let mut none = stage("none", "d1");
    none.canary = Some(Canary { deployment: "d2".to_owned(), percent: 0.0 });
    orders.stages = vec![stage("prod", "d1"), stage("dev", "d2"), canary, fresh, walled, all, none];
    orders.deployments = [
        ("d1".to_owned(), Deployment { created_at: Some(NOW - 86_400), ..deployment(ORDERS) }),
        // Made since, and served by nobody yet.
        ("d9".to_owned(), Deployment { created_at: Some(NOW - 60), ..deployment(&["GET /to-come"]) }),
        // Of the history: behind no stage any more.
        (
            "d0".to_owned(),
            Deployment { created_at: Some(NOW - 172_800), ..deployment(&["GET /orders", "GET /legacy", "GET /new"]) },
        ),
        ("d2".to_owned(), deployment(&["GET /orders", "GET /new", "PUT /orders/{id}"])),
    ]
    .into();
    let mut edited: Vec<&str> = ORDERS.to_vec();
    edited.extend(["GET /new", "DELETE /drafts/{id}"]);
    orders.edited = Some(tree(&edited));

    let mut root = api("f6g7h8i9j0", "catch-all");
    root.stages = vec![stage("prod", "r1"), stage("other", "r2"), stage("byid", "r3")];
    root.deployments = [
        ("r1".to_owned(), deployment(&["GET /", "ANY /{proxy+}"])),
        ("r2".to_owned(), deployment(&["GET /orders"])),
        ("r3".to_owned(), deployment(&["GET /{id}"])),
    ]
    .into();

    let mut off = api("offoffoff0", "switched-off");
    off.default_endpoint_disabled = true;
    off.stages = vec![stage("prod", "o1")];
    off.deployments = [("o1".to_owned(), deployment(&["GET /x"]))].into();

    let shadowing = shadowing();

    let mut own_words = api("ownwords00", "own-words");
    own_words.stages = vec![stage("prod", "w1")];
    own_words.deployments = [("w1".to_owned(), deployment(&["GET /pets", "DELETE /trash"]))].into();
    own_words.gateway_responses = vec![GatewayResponse {
        kind: "MISSING_AUTHENTICATION_TOKEN".to_owned(),
        status: Some(404),
        templates: [("application/json".to_owned(), r#"{"error":"no such door"}"#.to_owned())].into(),
    }];

    let mut private = api("private000", "private");
    private.endpoint = EndpointType::Private;
    private.stages = vec![stage("prod", "p1")];
    private.deployments = [("p1".to_owned(), deployment(&["GET /x"]))].into();

    let mut inventory = Inventory::empty("us-east-1");
    inventory.apis = vec![orders, root, off, shadowing, own_words, private];
    inventory.domains = domains();
    let seen = |api: &str, deployment: &str, seen_at, methods: &[&str]| Seen {
        api: api.to_owned(),
        stage: "prod".to_owned(),
        deployment: deployment.to_owned(),
        seen_at,
        tree: tree(methods),
    };
    let stages = vec![
        seen("a1b2c3d4e5", "d-1", NOW - 600_000, &["GET /orders", "GET /statistics", "GET /ancient"]),
        seen("a1b2c3d4e5", "d-2", NOW - 172_800, &["GET /orders", "GET /statistics", "GET /new", "GET /orders/latest"]),
        // What is served now is no past.
        seen("a1b2c3d4e5", "d1", NOW - 60, &["GET /phantom"]),
        seen("shadowing0", "s0", NOW - 172_800, &["GET /users/{id}/avatar", "GET /exports"]),
    ];
    World::new(inventory, InvokeUrl::default()).with_baseline(Baseline { stages })
}
