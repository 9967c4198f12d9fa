//! The account that the labelled cases are asked in.

use crate::diagnose::UNREAD;
use crate::gateway::{
    Api, Authorization, Baseline, Canary, Deployment, Domain, EndpointType, Gap, GatewayResponse, HeaderGlob,
    Inventory, InvokeUrl, Mapping, Method, Protocol, RoutingMode, RoutingRule, Seen, Stage, Tree, TreeSource, Verb,
    World,
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
    Deployment { source: TreeSource::ApiSummary, created_at: None, tree: tree(methods), undescribed: None }
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
        protocol: Protocol::Rest,
        endpoint: EndpointType::Regional,
        default_endpoint_disabled: false,
        stages: vec![],
        deployments: [].into(),
        edited: Some(Tree::default()),
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

/// An API with one stage, prod.
fn plain(id: &str, name: &str, methods: &[&str]) -> Api {
    let mut plain = api(id, name);
    plain.stages = vec![stage("prod", "p1")];
    plain.deployments = [("p1".to_owned(), deployment(methods))].into();
    plain
}

fn says(kind: &str, status: u16, template: &str) -> GatewayResponse {
    GatewayResponse {
        kind: kind.to_owned(),
        status: Some(status),
        templates: [("application/json".to_owned(), template.to_owned())].into(),
    }
}

/// APIs that say what API Gateway says in words of their own.
fn in_own_words() -> Vec<Api> {
    const GUARDED: &[&str] = &["GET /pets", "GET /keyed NONE key", "GET /iam AWS_IAM", "GET /auth CUSTOM"];
    let mut own_words = plain("ownwords00", "own-words", &["GET /pets", "DELETE /trash"]);
    own_words.gateway_responses = vec![says("MISSING_AUTHENTICATION_TOKEN", 404, r#"{"error":"no such door"}"#)];

    let mut every_4xx = plain("own4xx0000", "every-4xx", GUARDED);
    every_4xx.gateway_responses =
        vec![says("DEFAULT_4XX", 404, r#"{"error":"not found"}"#), says("THROTTLED", 503, r#"{"error":"later"}"#)];

    // What pulumi-aws-apigateway writes without being asked (pulumi/pulumi-aws-apigateway#423).
    let mut pulumi = plain("pulumi0000", "pulumi", GUARDED);
    pulumi.gateway_responses = vec![
        says("MISSING_AUTHENTICATION_TOKEN", 404, r#"{"message": "404 Not found" }"#),
        says("ACCESS_DENIED", 404, r#"{"message": "404 Not found" }"#),
    ];

    // The one that LocalStack's gateway_response_put recorded.
    let mut recorded = plain("recorded00", "recorded", &["GET /pets/{petId}", "GET /status"]);
    recorded.gateway_responses = vec![says(
        "MISSING_AUTHENTICATION_TOKEN",
        404,
        r#"{"message": $context.error.messageString, "type": "$context.error.responseType", "stage": "$context.stage", "resourcePath": "$context.resourcePath", "stageVariables.a": "$stageVariables.a", "statusCode": "'404'"}"#,
    )];

    // Nothing but variables: any backend's answer may look so.
    let mut variables = plain("variables0", "variables", &["GET /pets"]);
    variables.gateway_responses =
        vec![says("MISSING_AUTHENTICATION_TOKEN", 404, r#"{"code":"$context.error.responseType"}"#)];
    vec![own_words, every_4xx, pulumi, recorded, variables]
}

/// The trees that were measured on AWS (facts H), and one whose methods ask in every way who calls.
fn measured() -> Vec<Api> {
    let mut edge = plain("edge000000", "edge", &["GET /pets", "GET /keyed NONE key"]);
    edge.endpoint = EndpointType::Edge;
    vec![
        plain("jobs000000", "jobs", &["ANY /{proxy+}", "GET /jobs/{operation_type}", "OPTIONS /cors_only"]),
        plain("cors000000", "cors", &["POST /test", "OPTIONS /{proxy+}"]),
        plain("users00000", "users", &["PATCH /users/me", "GET /users/{userId}"]),
        plain("part100000", "parts", &["GET /{param+}", "GET /part1/hardcoded-value"]),
        plain("route00000", "routing-not-found", &["GET /existing"]),
        plain(
            "guarded000",
            "guarded",
            &[
                "GET /token CUSTOM",
                "GET /pool COGNITO_USER_POOLS",
                "POST /both CUSTOM key",
                "GET /unsaid ?",
                "POST /{test}",
                "ANY /any CUSTOM",
                "ANY /anykey NONE key",
                "ANY /anyiam AWS_IAM",
            ],
        ),
        edge,
    ]
}

/// Stages whose trees are known from elsewhere than the snapshot itself, or not at all.
fn half_known() -> Api {
    const TREE: &[&str] = &["GET /orders", "GET /iam AWS_IAM"];
    let mut half_known = api("halfknown0", "half-known");
    let mut lost_canary = stage("lostcanary", "t1");
    lost_canary.canary = Some(Canary { deployment: "t8".to_owned(), percent: 50.0 });
    half_known.stages = vec![
        stage("exported", "t1"),
        stage("edited", "t2"),
        stage("lost", "t9"),
        Stage { deployment: None, ..stage("empty", "") },
        lost_canary,
    ];
    half_known.deployments = [
        ("t1".to_owned(), Deployment { source: TreeSource::Export, ..deployment(TREE) }),
        ("t2".to_owned(), Deployment { source: TreeSource::Edited, ..deployment(TREE) }),
    ]
    .into();
    half_known
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

/// A rule for what it matches on, to the stage prod.
fn rule(id: &str, priority: i32, base_paths: &[&str], header: Option<(&str, &str)>, api: &str) -> RoutingRule {
    let glob = |(header, value): (&str, &str)| HeaderGlob { header: header.to_owned(), value: value.to_owned() };
    RoutingRule {
        id: id.to_owned(),
        priority,
        base_paths: base_paths.iter().map(|base| (*base).to_owned()).collect(),
        headers: header.map(|header| vec![glob(header)]).into_iter().collect(),
        api: api.to_owned(),
        stage: "prod".to_owned(),
        strip_base_path: !base_paths.is_empty(),
    }
}

fn domains() -> Vec<Domain> {
    let mut ruled = domain("rules.example.com", vec![mapping("", "a1b2c3d4e5", "prod")]);
    ruled.routing_mode = RoutingMode::RulesThenMappings;
    ruled.rules = vec![
        rule("r1", 1, &[], Some(("x-version", "beta")), "ownwords00"),
        rule("r2", 2, &[], Some(("x-tenant", "acme*")), "ownwords00"),
        rule("r3", 3, &["shop"], None, "ownwords00"),
    ];
    // In this mode the mapping lists and does not route.
    let mut rules_only = domain("rulesonly.example.com", vec![mapping("old", "a1b2c3d4e5", "prod")]);
    rules_only.routing_mode = RoutingMode::Rules;
    rules_only.rules = vec![rule("r4", 1, &["v1"], None, "a1b2c3d4e5")];
    let by_caller = |base_path: &str| Mapping { stage: None, ..mapping(base_path, "a1b2c3d4e5", "") };
    let mut inside = domain("inside.example.com", vec![mapping("", "private000", "prod")]);
    inside.endpoint = EndpointType::Private;
    let mut mutual = domain("mtls.example.com", vec![mapping("", "a1b2c3d4e5", "prod")]);
    mutual.mutual_tls = true;

    vec![
        domain("shop.example.com", vec![mapping("orders", "a1b2c3d4e5", "prod"), mapping("next", "a1b2c3d4e5", "dev")]),
        domain("root.example.com", vec![mapping("", "a1b2c3d4e5", "prod"), mapping("own", "ownwords00", "prod")]),
        domain("off.example.com", vec![mapping("v1", "offoffoff0", "prod")]),
        domain("mixed.example.com", vec![mapping("shop", "f6g7h8i9j0", "prod")]),
        domain("gone.example.com", vec![mapping("", "a1b2c3d4e5", "deleted")]),
        domain(
            "deep.example.com",
            vec![
                mapping("", "recorded00", "prod"),
                mapping("shop", "ownwords00", "prod"),
                mapping("shop/v2", "a1b2c3d4e5", "prod"),
            ],
        ),
        domain("deeper.example.com", vec![mapping("shop/v2", "a1b2c3d4e5", "prod")]),
        domain("open.example.com", vec![by_caller("api")]),
        domain("openroot.example.com", vec![by_caller("")]),
        domain("stale.example.com", vec![mapping("", "a1b2c3d4e5", "dev")]),
        domain("*.wild.example.com", vec![mapping("", "a1b2c3d4e5", "prod")]),
        domain("http.example.com", vec![mapping("", "httpapi000", "prod")]),
        domain("walled.example.com", vec![mapping("", "a1b2c3d4e5", "walled")]),
        domain("users.example.com", vec![mapping("", "shadowing0", "prod")]),
        domain("canary.example.com", vec![mapping("", "a1b2c3d4e5", "canary")]),
        domain("empty.example.com", vec![]),
        domain("pets.example.com", vec![mapping("", "pets000000", "$default"), mapping("next", "pets000000", "dev")]),
        domain("offhttp.example.com", vec![mapping("", "offhttp000", "$default")]),
        inside,
        ruled,
        rules_only,
        mutual,
    ]
}

/// Two stages: what one has by a pattern, the other lacks.
fn patterns() -> Api {
    let mut patterns = api("patterns00", "patterns");
    patterns.stages = vec![stage("prod", "q1"), stage("next", "q2"), stage("deep", "q3")];
    patterns.deployments = [
        ("q1".to_owned(), deployment(&["GET /me/admin"])),
        ("q2".to_owned(), deployment(&["GET /me", "GET /me/{name}", "ANY /{proxy+}"])),
        ("q3".to_owned(), deployment(&["POST /{a}/{b}"])),
    ]
    .into();
    patterns
}

/// HTTP APIs, whose stages may be `$default`, and a WebSocket API.
fn http_apis() -> Vec<Api> {
    const PETS: &[&str] = &[
        "GET /",
        "GET /pets",
        "POST /pets",
        "GET /pets/{id}",
        "ANY /files/{proxy+}",
        "GET /iam AWS_IAM",
        "GET /jwt JWT",
        "GET /custom CUSTOM",
        "GET /reports/{proxy+}",
        "GET /{kind}/daily",
    ];
    let http = |id: &str, name: &str| Api { protocol: Protocol::Http, ..api(id, name) };
    let mut pets = http("pets000000", "pets");
    let mut fresh = stage("fresh", "h1");
    fresh.updated_at = Some(NOW - 5);
    pets.stages = vec![stage("$default", "h1"), stage("dev", "h2"), fresh];
    pets.deployments = [
        ("h1".to_owned(), deployment(PETS)),
        ("h2".to_owned(), deployment(&["GET /pets", "GET /beta", "GET /pets/{id}"])),
    ]
    .into();
    let mut edited: Vec<&str> = PETS.to_vec();
    edited.push("PUT /draft");
    pets.edited = Some(tree(&edited));

    let mut catches = http("catches000", "catches");
    catches.stages = vec![stage("$default", "k1"), stage("next", "k2")];
    catches.deployments = [
        ("k1".to_owned(), deployment(&["ANY $default", "GET /pets"])),
        ("k2".to_owned(), deployment(&["ANY $default", "GET /pets", "GET /orders"])),
    ]
    .into();

    let mut named = http("named00000", "named");
    named.stages = vec![stage("prod", "n1"), stage("dev", "n2")];
    named.deployments =
        [("n1".to_owned(), deployment(&["GET /pets"])), ("n2".to_owned(), deployment(&["GET /pets", "GET /new"]))]
            .into();

    // No deployment by itself, and no export that says what is served.
    let mut manual = http("manual0000", "manual");
    manual.stages = vec![stage("$default", "m1")];
    manual.deployments =
        [("m1".to_owned(), Deployment { source: TreeSource::Edited, ..deployment(&["GET /pets"]) })].into();

    let mut off = http("offhttp000", "off-http");
    off.default_endpoint_disabled = true;
    off.stages = vec![stage("$default", "o1")];
    off.deployments = [("o1".to_owned(), deployment(&["GET /pets"]))].into();

    let mut half = http("halfhttp00", "half");
    half.stages = vec![stage("prod", "x1"), stage("next", "x2")];
    half.deployments =
        [("x1".to_owned(), deployment(&["GET /orders"])), ("x2".to_owned(), deployment(&["ANY $default"]))].into();

    let mut socket = Api { protocol: Protocol::WebSocket, ..api("socket0000", "chat") };
    socket.stages = vec![stage("prod", "w1")];
    vec![pets, catches, named, manual, off, half, socket]
}

/// An account with one of everything.
fn inventory() -> Inventory {
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

    let mut private = api("private000", "private");
    private.endpoint = EndpointType::Private;
    private.stages = vec![stage("prod", "p1")];
    private.deployments = [("p1".to_owned(), deployment(&["GET /x"]))].into();

    let mut inventory = Inventory::empty("us-east-1");
    inventory.apis = vec![orders, root, off, shadowing, private, half_known(), patterns()];
    inventory.apis.extend(in_own_words());
    inventory.apis.extend(measured());
    inventory.apis.extend(http_apis());
    inventory.domains = domains();
    inventory
}

/// The account, and what was seen in it before.
pub(super) fn world() -> World {
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
    World::new(inventory(), InvokeUrl::default()).with_baseline(Baseline { stages })
}

/// The account as it looks when not all of it could be read.
pub(super) struct Worlds {
    all: World,
    /// Nothing was read: no credentials, no inventory.
    unread: World,
    /// Filters left out the API a1b2c3d4e5.
    other_apis: World,
    /// The list of APIs broke off before a1b2c3d4e5, the stages of f6g7h8i9j0 and the mappings of shop.example.com could
    /// not be read.
    gappy: World,
    /// Filters left out every stage but dev.
    only_dev: World,
    /// The same account behind an emulator's addresses.
    emulator: World,
}

impl Default for Worlds {
    fn default() -> Self {
        let mut unread = Inventory::empty("us-east-1");
        unread.gaps = vec![Gap { place: UNREAD.to_owned(), reason: "no credentials".to_owned() }];
        let mut other_apis = inventory();
        other_apis.apis_filtered = true;
        other_apis.apis.retain(|api| api.id != "a1b2c3d4e5");
        let mut only_dev = inventory();
        only_dev.stages_filtered = true;
        only_dev.apis.iter_mut().for_each(|api| api.stages.retain(|stage| stage.name == "dev"));
        let mut gappy = inventory();
        let gap = |place: &str| Gap { place: place.to_owned(), reason: "AccessDenied".to_owned() };
        gappy.gaps =
            vec![gap("list of APIs"), gap("api f6g7h8i9j0 (catch-all)"), gap("domain shop.example.com mappings")];
        gappy.apis.retain(|api| api.id != "a1b2c3d4e5");
        gappy.apis.iter_mut().filter(|api| api.id == "f6g7h8i9j0").for_each(|api| api.stages.clear());
        gappy.domains.iter_mut().filter(|domain| domain.name == "shop.example.com").for_each(|d| d.mappings.clear());
        let emulator: InvokeUrl = "http://localhost:4566/restapis/{api}/{stage}/_user_request_".parse().unwrap();
        Worlds {
            all: world(),
            unread: World::new(unread, InvokeUrl::default()),
            other_apis: World::new(other_apis, InvokeUrl::default()),
            gappy: World::new(gappy, InvokeUrl::default()),
            only_dev: World::new(only_dev, InvokeUrl::default()),
            emulator: World::new(inventory(), emulator),
        }
    }
}

impl Worlds {
    /// The world that a row names.
    pub(super) fn named(&self, name: &str) -> Result<&World, String> {
        Ok(match name {
            "" => &self.all,
            "unread" => &self.unread,
            "other-apis" => &self.other_apis,
            "gappy" => &self.gappy,
            "only-dev" => &self.only_dev,
            "emulator" => &self.emulator,
            other => return Err(format!("no world is called {other}")),
        })
    }
}
