//! Labelled cases: request, answer, and what must be said of them. Each row names where it comes from.

use url::Url;

use super::{Cause, Diagnosis, StepResult, diagnose};
use crate::gateway::{
    Api, Authorization, Canary, Deployment, Domain, EndpointType, GatewayResponse, HeaderGlob, Inventory, InvokeUrl,
    Mapping, Method, Request, RoutingMode, RoutingRule, Stage, Tree, TreeSource, Verb, World,
};
use crate::probe::{Observation, Response, TransportError, TransportKind};

const NOW: i64 = 1_800_000_000;

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

/// An account with one of everything.
fn world() -> World {
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
    orders.stages = vec![stage("prod", "d1"), stage("dev", "d2"), canary, fresh, walled];
    orders.deployments = [
        ("d1".to_owned(), deployment(ORDERS)),
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

    let mut inventory = Inventory::empty("us-east-1");
    inventory.apis = vec![orders, root, off, own_words, private];
    inventory.domains = vec![
        domain("shop.example.com", vec![mapping("orders", "a1b2c3d4e5", "prod"), mapping("next", "a1b2c3d4e5", "dev")]),
        domain("root.example.com", vec![mapping("", "a1b2c3d4e5", "prod"), mapping("own", "ownwords00", "prod")]),
        domain("off.example.com", vec![mapping("v1", "offoffoff0", "prod")]),
        domain("mixed.example.com", vec![mapping("shop", "f6g7h8i9j0", "prod")]),
        domain("gone.example.com", vec![mapping("", "a1b2c3d4e5", "deleted")]),
        ruled,
        mutual,
    ];
    World::new(inventory, InvokeUrl::default())
}

/// `-X VERB`, headers as `Name: value`, then the URL; `@api` stands for an API's host.
fn request(line: &str) -> Request {
    let mut words: Vec<&str> = line.split(' ').collect();
    let url = words.pop().unwrap();
    let url = match url.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((api, path)) => format!("https://{api}.execute-api.us-east-1.amazonaws.com/{path}"),
        None => url.to_owned(),
    };
    let mut request = Request::new(words.first().unwrap_or(&"GET"), Url::parse(&url).unwrap());
    request.headers =
        words.iter().skip(1).filter_map(|word| word.split_once(':')).map(|(k, v)| (k.into(), v.into())).collect();
    request
}

/// A short name for each answer, so that a row fits on a line.
fn answer(name: &str) -> Observation {
    let transport = |kind| Err(TransportError { kind, detail: "as the test says".to_owned() });
    let gateway =
        |status, kind: &str, message: &str| (status, kind.to_owned(), format!(r#"{{"message":"{message}"}}"#));
    let (status, kind, body) = match name {
        "MAT-words" => gateway(403, "", "Missing Authentication Token"),
        "MAT" | "MAT-remapped" => gateway(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        "incomplete" => gateway(403, "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'x='."),
        "forbidden" => gateway(403, "ForbiddenException", "Forbidden"),
        "forbidden-words" => gateway(403, "", "Forbidden"),
        "redirect" => (302, "MissingAuthenticationTokenException".to_owned(), String::new()),
        "own-404" => (404, String::new(), r#"{"error":"no such door"}"#.to_owned()),
        "localstack-404" => gateway(404, "", "The API id 'x' does not correspond to a deployed API Gateway API"),
        "s3-404" => (404, String::new(), "<Error><Code>NoSuchBucket</Code></Error>".to_owned()),
        "denied" => (403, "AccessDeniedException".to_owned(), r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#.to_owned()),
        "policy" => (403, "AccessDeniedException".to_owned(), r#"{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********1234:a/prod/GET/x"}"#.to_owned()),
        "unauthorized" => gateway(401, "UnauthorizedException", "Unauthorized"),
        "throttled" => gateway(429, "TooManyRequestsException", "Too Many Requests"),
        "quota" => gateway(429, "LimitExceededException", "Limit Exceeded"),
        "missing-parameter" => gateway(400, "BadRequestException", "Missing required request parameters: [q1]"),
        "bad-signature" => gateway(403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."),
        "502" => gateway(502, "InternalServerErrorException", "Internal server error"),
        "500" => gateway(500, "InternalServerErrorException", "Internal server error"),
        "504" => gateway(504, "InternalServerErrorException", "Endpoint request timed out"),
        "authorizer-500" => gateway(500, "AuthorizerConfigurationException", "Internal server error"),
        "backend-500" => (500, String::new(), "oops".to_owned()),
        "backend-404" => (404, String::new(), r#"{"error":"no such order"}"#.to_owned()),
        "200" => (200, String::new(), "{}".to_owned()),
        "cloudfront" => (403, String::new(), "<HTML>The request could not be satisfied. Generated by cloudfront</HTML>".to_owned()),
        _ => {
            let kind = match name {
                "dns" => TransportKind::Dns,
                "connect" => TransportKind::Connect,
                "tls" => TransportKind::Tls,
                "timeout" => TransportKind::Timeout,
                "reset" => TransportKind::Reset,
                "garbage" => TransportKind::Protocol,
                other => panic!("no answer is called {other}"),
            };
            let mut observation = Observation::saved(Response { status: 0, headers: vec![], body: String::new(), truncated: false });
            observation.outcome = transport(kind);
            return observation;
        }
    };
    let mut headers = vec![];
    if !kind.is_empty() {
        headers.push(("x-amzn-errortype".to_owned(), kind));
    }
    if name == "MAT-remapped" {
        headers.push(("x-amzn-remapped-x-amzn-requestid".to_owned(), "c6b5".to_owned()));
    }
    Observation::saved(Response { status, headers, body, truncated: false })
}

struct Row {
    source: &'static str,
    request: &'static str,
    answer: &'static str,
    /// Symptom, cause, confidence.
    said: [&'static str; 3],
    /// The first one.
    suggestion: &'static str,
}

const AWS: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

/// The rows of `cases.txt`.
fn rows() -> Vec<Row> {
    include_str!("cases.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&'static str> = line.split(" | ").map(str::trim).collect();
            let [source, request, answer, symptom, cause, confidence, suggestion] = fields[..] else {
                panic!("seven fields, please: {line}");
            };
            Row { source, request, answer, said: [symptom, cause, confidence], suggestion }
        })
        .collect()
}

fn explain(world: &World, line: &str, answered: &str) -> Diagnosis {
    diagnose(&request(line), &answer(answered), world, NOW)
}

#[test]
fn every_labelled_case_is_right() {
    let world = world();
    let mut wrong = Vec::new();
    for row in rows() {
        let diagnosis = explain(&world, row.request, row.answer);
        let said = [
            diagnosis.symptom.to_string(),
            diagnosis.cause.map_or("-", Cause::id).to_owned(),
            diagnosis.confidence.to_string(),
        ];
        let offered = diagnosis.suggestions.first().map_or("-".to_owned(), |s| format!("{} {}", s.method, s.url));
        let expected = row.suggestion.replace('@', AWS);
        if said != row.said || offered != expected {
            let Row { source, request, answer, .. } = row;
            wrong.push(format!(
                "{source}: {request} <- {answer}\n  expected {:?} {expected}\n  got      {said:?} {offered}\n  {:?}",
                row.said, diagnosis.evidence
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_failing_step_is_the_causes_and_the_rest_follow_from_it() {
    let world = world();
    for Row { source, request, answer, .. } in rows() {
        let diagnosis = explain(&world, request, answer);
        let Some(cause) = diagnosis.cause else {
            assert!(diagnosis.steps.iter().all(|step| step.result == StepResult::Pass), "{source}");
            continue;
        };
        let Some(failing) = cause.about().step else { continue };
        for step in &diagnosis.steps {
            let allowed: &[StepResult] = match step.step.cmp(&failing) {
                std::cmp::Ordering::Less => &[StepResult::Pass, StepResult::Unknown],
                std::cmp::Ordering::Equal => &[StepResult::Fail, StepResult::Unknown],
                std::cmp::Ordering::Greater => &[StepResult::NotReached, StepResult::Unknown],
            };
            assert!(allowed.contains(&step.result), "{source}: {:?} is {:?}", step.step, step.result);
        }
    }
}

#[test]
fn every_reachable_cause_has_a_row_and_no_other_is_said() {
    let world = world();
    let mut said: Vec<Cause> =
        rows().into_iter().filter_map(|row| explain(&world, row.request, row.answer).cause).collect();
    said.sort();
    said.dedup();
    let reachable: Vec<Cause> = Cause::ALL.iter().copied().filter(|cause| cause.about().reachable).collect();
    assert_eq!(said, reachable);
}

#[test]
fn the_caret_stands_under_the_wrong_part() {
    let world = world();
    for (line, answered, part) in [
        ("GET @a1b2c3d4e5/prd/orders", "forbidden", "prd"),
        ("GET @a1b2c3d4e5/prod/ordrs", "MAT", "ordrs"),
        ("GET @a1b2c3d4e5/prod/orders/7/x", "MAT", "x"),
        ("GET @a1b2c3d4e5/prod/admin/Users", "MAT", "admin"),
        ("GET https://root.example.com/prod/orders", "MAT", "prod"),
        ("GET @a1b2c3d4e6/prod/orders", "dns", "a1b2c3d4e6"),
        ("GET https://shop.example.com/weather", "forbidden", "weather"),
    ] {
        let diagnosis = explain(&world, line, answered);
        let at = diagnosis.at.clone().unwrap();
        assert_eq!(&diagnosis.request.url[at], part, "{line}");
    }
}

#[test]
fn the_json_keeps_to_the_contract() {
    let diagnosis = explain(&world(), "GET @a1b2c3d4e5/prod/ordrs", "MAT");
    insta::assert_json_snapshot!(diagnosis);
}

proptest::proptest! {
    /// No request and no answer makes it panic, and what it says always hangs together.
    #[test]
    fn any_request_and_any_answer_are_explained(
        host in proptest::sample::select(vec!["a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "shop.example.com", "root.example.com", "rules.example.com", "zz.execute-api.eu-west-1.amazonaws.com", "127.0.0.1:99", "[::1]", "xn--bcher-kva.example"]),
        path in "(/(prod|dev|canary|orders|new|files|Orders|%2F|%zz|\\PC{0,4}|\\.\\.|;|)){0,6}(\\?\\PC{0,6})?",
        verb in "GET|POST|HEAD|TRACE|\\PC{1,5}",
        header in "\\PC{0,12}",
        status in 0u16..1000,
        error_type in "(MissingAuthenticationTokenException|ForbiddenException|\\PC{0,9}|)(:\\PC{0,3})?",
        body in "\\PC{0,40}|\\{\"[mM]essage\":(null|3|\"(Forbidden|Missing Authentication Token|\\PC{0,9})\")\\}",
    ) {
        let Ok(url) = Url::parse(&format!("https://{host}{path}")) else { return Ok(()) };
        let mut request = Request::new(&verb, url);
        request.headers = vec![("authorization".to_owned(), header.clone()), ("x-http-method-override".to_owned(), header)];
        let response = Response { status, headers: vec![("x-amzn-errortype".to_owned(), error_type)], body, truncated: false };
        let world = world();
        let diagnosis = diagnose(&request, &Observation::saved(response), &world, NOW);
        proptest::prop_assert_eq!(diagnosis.cause.is_none(), diagnosis.verdict == super::Verdict::Healthy);
        proptest::prop_assert!(diagnosis.at.is_none_or(|at| diagnosis.request.url.get(at).is_some()));
        proptest::prop_assert!(!diagnosis.evidence.is_empty());
        for suggestion in &diagnosis.suggestions {
            let again = Request { method: suggestion.method.clone(), url: Url::parse(&suggestion.url).unwrap(), ..request.clone() };
            proptest::prop_assert!(super::suggest::reaches(&world, &again).is_some(), "{}", suggestion.url);
        }
    }
}
