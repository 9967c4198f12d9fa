//! Accounts, requests and answers: the labelled one, and those that are decoded from bytes or texts.

use std::sync::OnceLock;

use gateprobe::diagnose::UNREAD;
use gateprobe::gateway::{
    Api, Authorization, Baseline, Canary, Deployment, Domain, EndpointType, Gap, GatewayResponse, HeaderGlob,
    Inventory, InvokeUrl, Mapping, Method, Protocol, Request, RoutingMode, RoutingRule, Seen, Stage, Tree, TreeSource,
    Verb, World,
};
use gateprobe::probe::{Observation, Response, TransportError, TransportKind, read_saved};
use url::Url;

use super::NOW;
use super::bytes::Bytes;

/// An account with one of everything.
pub fn inventory() -> Inventory {
    Inventory::from_json(include_str!("account.json")).unwrap()
}

/// The same, ready for questions.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new(inventory(), InvokeUrl::default()))
}

/// A line `VERB URL`, headers, an empty line, a body. A path alone is one of the labelled account's default endpoint, and
/// what is no URL at all stands for its root.
pub fn request(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").map_or((text, None), |(head, body)| (head, Some(body)));
    let mut lines = head.lines();
    let (verb, url) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or(("GET", "/"));
    let base = Url::parse("https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/").unwrap();
    let mut url = base.join(url).unwrap_or(base);
    // As the command line does.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    let mut request = Request::new(verb, url);
    let headers = lines.filter_map(|line| line.split_once(':'));
    request.headers = headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
    request.body = body.map(str::to_owned);
    request
}

/// What `curl -i` wrote, or the name of a transport error; what is neither stands for Missing Authentication Token.
pub fn answer(text: &str) -> Observation {
    let response = read_saved(text.as_bytes()).unwrap_or_else(|_| Response {
        status: 403,
        headers: vec![("x-amzn-errortype".to_owned(), "MissingAuthenticationTokenException".to_owned())],
        body: "{\"message\":\"Missing Authentication Token\"}".to_owned(),
        truncated: false,
    });
    let mut observation = Observation::saved(response);
    let kinds = [("dns", TransportKind::Dns), ("tls", TransportKind::Tls), ("timeout", TransportKind::Timeout)];
    if let Some((name, kind)) = kinds.into_iter().find(|(name, _)| *name == text.trim()) {
        observation.outcome = Err(TransportError { kind, detail: name.to_owned() });
    }
    observation
}

const STAGES: [&str; 6] = ["prod", "dev", "v1", "Prod", "test", "orders"];
const APIS: [&str; 4] = ["a1b2c3d4e5", "a1b2c3d4e6", "f6g7h8i9j0", "httphttp00"];
const DEPLOYMENTS: [&str; 4] = ["d1", "d2", "d3", "d4"];
const REGIONS: [&str; 2] = ["us-east-1", "cn-north-1"];
const SEGMENTS: [&str; 14] =
    ["orders", "{id}", "{proxy+}", "users", "Orders", "order", "me", "prod", "v1", "%6Frders", "", "7", "ping", "{}"];

fn path(bytes: &mut Bytes<'_>) -> String {
    bytes.many(5, |bytes| format!("/{}", bytes.word(&SEGMENTS))).concat()
}

fn tree(bytes: &mut Bytes<'_>) -> Tree {
    let mut tree = Tree::default();
    for _ in 0..bytes.below(10) {
        let path = path(bytes);
        let verb =
            [Verb::Get, Verb::Any, Verb::Post, Verb::Head, Verb::Options, Verb::Delete][usize::from(bytes.below(6))];
        let authorization = [
            Some(Authorization::None),
            None,
            Some(Authorization::AwsIam),
            Some(Authorization::Custom),
            Some(Authorization::CognitoUserPools),
        ][usize::from(bytes.below(5))];
        let path = if path.is_empty() { "/" } else { &path };
        tree.insert(path, verb, Method { authorization, api_key_required: bytes.one_in(4), interface: None });
    }
    tree
}

fn deployment(bytes: &mut Bytes<'_>) -> (String, Deployment) {
    let source = [TreeSource::ApiSummary, TreeSource::Export, TreeSource::Edited][usize::from(bytes.below(3))];
    let created_at = [Some(10), Some(20), Some(i64::MIN), None][usize::from(bytes.below(4))];
    (bytes.word(&DEPLOYMENTS), Deployment { source, created_at, tree: tree(bytes), undescribed: None })
}

fn stage(bytes: &mut Bytes<'_>) -> Stage {
    Stage {
        name: bytes.word(&STAGES),
        deployment: (!bytes.one_in(8)).then(|| bytes.word(&DEPLOYMENTS)),
        canary: bytes.one_in(4).then(|| Canary {
            deployment: bytes.word(&DEPLOYMENTS),
            percent: [10.0, 0.0, 100.0, f64::NAN][usize::from(bytes.below(4))],
        }),
        updated_at: [None, Some(NOW - 20), Some(NOW - 86_400), Some(i64::MIN), Some(i64::MAX)]
            [usize::from(bytes.below(5))],
        web_acl: bytes.one_in(4).then(|| bytes.word(&["arn:aws:wafv2:us-east-1:1:x"])),
    }
}

fn endpoint(bytes: &mut Bytes<'_>) -> EndpointType {
    [EndpointType::Regional, EndpointType::Edge, EndpointType::Private][usize::from(bytes.below(3))]
}

fn gateway_response(bytes: &mut Bytes<'_>) -> GatewayResponse {
    const TEMPLATES: [&str; 4] = [
        "{\"message\":$context.error.messageString}",
        "{\"error\":\"no such door\"}",
        "{\"error\":\"$context.error.message\",\"id\":\"$context.requestId\"}",
        "$",
    ];
    GatewayResponse {
        kind: bytes.word(&["MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX", "ACCESS_DENIED", "THROTTLED"]),
        status: [None, Some(404), Some(403), Some(200)][usize::from(bytes.below(4))],
        templates: bytes.many(2, |bytes| ("application/json".to_owned(), bytes.word(&TEMPLATES))).into_iter().collect(),
    }
}

fn api(bytes: &mut Bytes<'_>) -> Api {
    Api {
        id: bytes.word(&APIS),
        name: bytes.word(&["orders", "\u{1b}[31mred", "two\nlines", "\u{202e}back"]),
        protocol: Protocol::Rest,
        endpoint: endpoint(bytes),
        default_endpoint_disabled: bytes.one_in(8),
        stages: bytes.many(4, stage),
        deployments: bytes.many(4, deployment).into_iter().collect(),
        edited: bytes.one_in(2).then(|| tree(bytes)),
        gateway_responses: bytes.many(3, gateway_response),
    }
}

fn mapping(bytes: &mut Bytes<'_>) -> Mapping {
    Mapping {
        base_path: bytes.word(&["", "orders", "v1", "v1/users", "prod", "ping"]),
        api: bytes.word(&APIS),
        stage: (!bytes.one_in(4)).then(|| bytes.word(&STAGES)),
    }
}

fn rule(bytes: &mut Bytes<'_>) -> RoutingRule {
    RoutingRule {
        id: bytes.word(&["r1"]),
        priority: i32::from(bytes.byte()),
        base_paths: bytes.many(2, |bytes| bytes.word(&["v1", "orders", ""])),
        headers: bytes.many(2, |bytes| {
            bytes.many(2, |bytes| HeaderGlob {
                header: bytes.word(&["x-version", "accept"]),
                value: bytes.word(&["beta*", "*", "**", "*b"]),
            })
        }),
        api: bytes.word(&APIS),
        stage: bytes.word(&STAGES),
        strip_base_path: bytes.one_in(2),
    }
}

const DOMAINS: [&str; 4] =
    ["shop.example.com", "*.example.com", "Root.example.com", "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"];

fn domain(bytes: &mut Bytes<'_>) -> Domain {
    Domain {
        name: bytes.word(&DOMAINS),
        endpoint: endpoint(bytes),
        target: bytes.one_in(2).then(|| bytes.word(&["d-abc123.execute-api.us-east-1.amazonaws.com"])),
        routing_mode: [RoutingMode::Mappings, RoutingMode::Rules, RoutingMode::RulesThenMappings]
            [usize::from(bytes.below(3))],
        mutual_tls: bytes.one_in(4),
        mappings: bytes.many(4, mapping),
        rules: bytes.many(2, rule),
    }
}

/// An account of a few APIs and domains, with what was seen of it before.
pub fn decoded(bytes: &mut Bytes<'_>) -> World {
    const TEMPLATES: [&str; 3] = [
        gateprobe::gateway::AWS_INVOKE_URL,
        "http://127.0.0.1:4566/restapis/{api}/{stage}/_user_request_",
        "http://{api}.local:80/{stage}",
    ];
    let inventory = Inventory {
        region: bytes.word(&REGIONS),
        apis: bytes.many(3, api),
        domains: bytes.many(2, domain),
        apis_filtered: bytes.one_in(8),
        stages_filtered: bytes.one_in(8),
        gaps: bytes.many(1, |bytes| Gap {
            place: bytes.word(&["custom domains", UNREAD]),
            reason: bytes.word(&["not allowed"]),
        }),
        ..Inventory::empty("us-east-1")
    };
    let seen = |bytes: &mut Bytes<'_>| Seen {
        api: bytes.word(&APIS),
        stage: bytes.word(&STAGES),
        deployment: bytes.word(&DEPLOYMENTS),
        seen_at: [NOW - 100, i64::MAX, i64::MIN][usize::from(bytes.below(3))],
        tree: tree(bytes),
    };
    let baseline = Baseline { stages: bytes.many(2, seen) };
    let template = bytes.word(&TEMPLATES).parse().unwrap_or_default();
    World::new(inventory, template).with_baseline(baseline)
}

/// A request that has to do with the account, or with none.
pub fn decoded_request(bytes: &mut Bytes<'_>, world: &World) -> Request {
    let base = match bytes.below(5) {
        0 | 1 => world.invoke_url().base(&bytes.word(&APIS), &bytes.word(&REGIONS), &bytes.word(&STAGES)),
        2 => format!("https://{}", bytes.word(&["shop.example.com", "x.example.com", "root.example.com"])),
        3 => format!(
            "https://{}",
            bytes.word(&[
                "vpce-1.execute-api.us-east-1.vpce.amazonaws.com",
                "d-abc123.execute-api.us-east-1.amazonaws.com"
            ])
        ),
        _ => bytes.word(&["https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "https://[::1]:99", "data:x"]),
    };
    let mut written = format!("{base}{}", path(bytes));
    if bytes.one_in(4) {
        written = format!("{written}?{}", bytes.word(&["a=b", "token=s3cret"]));
    }
    let mut request = request(&format!("{} {written}", bytes.word(&["GET", "POST", "HEAD", "TRACE", "get"])));
    let names = ["authorization", "x-api-key", "x-http-method-override", "host", "x-apigw-api-id", "x-version"];
    let values = ["Bearer abc.def.ghi", "POST", "a1b2c3d4e5", "beta-2", "AWS4-HMAC-SHA256 Credential=x"];
    request.headers = bytes.many(4, |bytes| (bytes.word(&names), bytes.word(&values)));
    request
}

/// What came back: API Gateway's words, others', or none.
pub fn decoded_observation(bytes: &mut Bytes<'_>) -> Observation {
    const KINDS: [&str; 9] = [
        "MissingAuthenticationTokenException",
        "ForbiddenException",
        "IncompleteSignatureException",
        "AccessDeniedException",
        "UnauthorizedException",
        "TooManyRequestsException",
        "BadRequestException",
        "InternalServerErrorException",
        "ResourceNotFoundException",
    ];
    const BODIES: [&str; 8] = [
        "{\"message\":\"Missing Authentication Token\"}",
        "{\"message\":\"Forbidden\"}",
        "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke\"}",
        "{\"message\":null}",
        "{\"error\":\"no such door\"}",
        "{}",
        "Generated by cloudfront",
        "{\"message\":\"Endpoint request timed out\"}",
    ];
    let transport = [
        TransportKind::Dns,
        TransportKind::Connect,
        TransportKind::Tls,
        TransportKind::Timeout,
        TransportKind::Reset,
        TransportKind::Protocol,
        TransportKind::Unsendable,
    ];
    let status = [403, 200, 404, 401, 429, 400, 500, 502, 504, 302, 415, 0, 999][usize::from(bytes.below(13))];
    let mut headers = vec![];
    if !bytes.one_in(3) {
        headers.push(("x-amzn-errortype".to_owned(), bytes.word(&KINDS)));
    }
    headers.extend(bytes.many(2, |bytes| {
        (
            bytes.word(&["server", "content-type", "x-amz-apigw-id", "x-amzn-remapped-date"]),
            bytes.word(&["CloudFront", "text/html"]),
        )
    }));
    let body = bytes.word(&BODIES);
    let mut observation = Observation::saved(Response { status, headers, body, truncated: false });
    if bytes.one_in(5) {
        let kind = transport[usize::from(bytes.below(7))];
        observation.outcome = Err(TransportError { kind, detail: bytes.word(&["refused"]) });
    }
    observation
}
