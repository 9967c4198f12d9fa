//! The data plane against the rows of facts A, B and H, without sockets.

use std::time::Duration;

use super::{Outcome, is_for, serve};
use crate::gateway::{EndpointType, HeaderGlob, RoutingMode, RoutingRule};
use crate::simulator::account::Account;
use crate::simulator::answer::Answer;
use crate::simulator::api::{Api, Stage};
use crate::simulator::gateway_response::{GatewayResponse, ResponseType};
use crate::simulator::method::{Behaviour, Method, Reply};
use crate::simulator::request::Incoming;

const HOST: &str = "a1b2c3d4e5.execute-api.us-east-1.localhost";
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/execute-api/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=00";

/// `GET /path name: value, name: value`
fn request(host: &str, line: &str) -> Incoming {
    let mut parts = line.splitn(3, ' ');
    let verb = parts.next().unwrap().to_owned();
    let target = parts.next().unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
    let headers = parts
        .next()
        .map(|headers| headers.split(" | ").map(|header| header.split_once(": ").unwrap()))
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Incoming { verb, host: host.to_owned(), path: path.to_owned(), query, headers, body: Some(Vec::new()) }
}

fn ask(account: &Account, line: &str) -> Answer {
    ask_at(account, HOST, line)
}

#[track_caller]
fn ask_at(account: &Account, host: &str, line: &str) -> Answer {
    serve(account, &request(host, line)).answer.expect("somebody answers")
}

/// Status, error type and body of an answer in one line.
fn brief(answer: &Answer) -> String {
    format!("{} {} {}", answer.status, answer.header("x-amzn-ErrorType").unwrap_or("-"), answer.body)
}

#[track_caller]
fn check(account: &Account, cases: &[(&str, &str)]) {
    check_at(account, HOST, cases);
}

#[track_caller]
fn check_at(account: &Account, host: &str, cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(&brief(&ask_at(account, host, line)), expected, "{host} {line}");
    }
}

const MAT: &str = r#"403 MissingAuthenticationTokenException {"message":"Missing Authentication Token"}"#;
const FORBIDDEN: &str = r#"403 ForbiddenException {"message":"Forbidden"}"#;
const OK: &str = "200 - ";

fn one(method: impl Into<Method>) -> Account {
    Account::new("us-east-1")
        .api(Api::new("a1b2c3d4e5", "orders").deploy("d1", |t| t.any("/x", method)).stage("prod", "d1"))
}

fn orders() -> Account {
    Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "orders")
            .deploy("d1", |t| {
                t.get("/orders", Behaviour::Mock)
                    .post("/orders", Behaviour::Mock)
                    .get("/orders/{id}", Behaviour::http(200, r#"{"id":1}"#))
                    .any("/files/{proxy+}", Behaviour::Mock)
            })
            .stage("prod", "d1")
            .edit(|t| t.get("/new", Behaviour::Mock)),
    )
}

/// Facts A0: the headline table.
#[test]
fn what_has_no_route() {
    check(
        &orders(),
        &[
            ("GET /prod/orders", OK),
            ("GET /prod/orders/", OK),
            ("GET /prod/orders/7", r#"200 - {"id":1}"#),
            ("POST /prod/files/a/b", OK),
            ("GET /prod/nowhere", MAT),
            ("DELETE /prod/orders", MAT),
            ("HEAD /prod/orders", MAT),
            ("OPTIONS /prod/orders", MAT),
            ("TRACE /prod/files/a", MAT),
            ("GET /prod", MAT),
            ("GET /prod/", MAT),
            ("GET /prod/files", MAT),
            ("GET /prod/new", MAT),
            ("GET /prod/Orders", MAT),
            ("GET /prod/orders X-HTTP-Method-Override: PATCH", MAT),
            ("PATCH /prod/orders X-HTTP-Method-Override: GET", OK),
            // A1: no stage, an unknown one, one of another case.
            ("GET /orders", FORBIDDEN),
            ("GET /", FORBIDDEN),
            ("GET /prd/orders", FORBIDDEN),
            ("GET /Prod/orders", FORBIDDEN),
            ("GET /prd/orders Authorization: Bearer abc", FORBIDDEN),
        ],
    );
}

/// Facts A2 (INVALID_SIGNATURE) and A3.
#[test]
fn an_authorization_header_on_an_unmatched_route() {
    let account = orders();
    let bearer = brief(&ask(&account, "GET /prod/nowhere Authorization: Bearer abc"));
    let start = "403 IncompleteSignatureException {\"message\":\"Invalid key=value pair (missing equal-sign) in \
                 Authorization header (hashed with SHA-256 and encoded with Base64): '";
    let hash = bearer.strip_prefix(start).unwrap_or_else(|| panic!("{bearer}"));
    assert_eq!(hash.find('\''), Some(44), "{hash}");
    assert!(hash.ends_with("='.\"}"), "{hash}");

    let requires = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
                    parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires \
                    existence of either a 'X-Amz-Date' or a 'Date' header. ";
    let requires = format!(r#"403 IncompleteSignatureException {{"message":"{requires}"}}"#);
    let credential =
        r#"403 IncompleteSignatureException {"message":"Authorization header requires 'Credential' parameter. "}"#;
    let service = r#"403 InvalidSignatureException {"message":"Credential should be scoped to correct service: 'execute-api'. "}"#;
    check(
        &account,
        &[
            ("GET /prod/nowhere Authorization: Basic dTpw==", &requires),
            (
                "GET /prod/nowhere Authorization: AWS4-HMAC-SHA256 Signature=0, SignedHeaders=host | X-Amz-Date: 1",
                credential,
            ),
            (
                "GET /prod/nowhere Authorization: AWS4-HMAC-SHA256 Credential=A/1/us-east-1/s3/aws4_request, \
                 Signature=0, SignedHeaders=host | X-Amz-Date: 1",
                service,
            ),
            (&format!("GET /prod/nowhere Authorization: {SIGNED} | X-Amz-Date: 1"), MAT),
            // On a route that matches and asks nobody, the header is the backend's business.
            ("GET /prod/orders Authorization: Bearer abc", OK),
        ],
    );
}

/// Facts A0 and A2: what each way of authorization says.
#[test]
fn who_may_call() {
    check(
        &one(Method::mock().iam()),
        &[
            ("GET /prod/x", MAT),
            (&format!("GET /prod/x Authorization: {SIGNED} | X-Amz-Date: 20260101T000000Z"), OK),
            ("GET /prod/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", OK),
        ],
    );
    let bearer = brief(&ask(&one(Method::mock().iam()), "GET /prod/x Authorization: Bearer abc"));
    assert!(bearer.starts_with("403 IncompleteSignatureException"), "{bearer}");
    let unauthorized = r#"401 UnauthorizedException {"message":"Unauthorized"}"#;
    check(
        &one(Method::mock().custom()),
        &[
            ("GET /prod/x", unauthorized),
            ("GET /prod/x Authorization:  ", unauthorized),
            ("GET /prod/x Authorization: Bearer unauthorized", unauthorized),
            (
                "GET /prod/x Authorization: deny",
                r#"403 AccessDeniedException {"Message":"User is not authorized to access this resource with an explicit deny"}"#,
            ),
            ("GET /prod/x Authorization: Bearer error", r#"500 AuthorizerFailureException {"message":null}"#),
            ("GET /prod/x Authorization: Bearer good", OK),
        ],
    );
    check(
        &one(Method::mock().broken_authorizer()),
        &[
            ("GET /prod/x", unauthorized),
            ("GET /prod/x Authorization: good", r#"500 AuthorizerConfigurationException {"message":null}"#),
        ],
    );
    check(
        &one(Method::mock().cognito()),
        &[
            ("GET /prod/x", unauthorized),
            (
                "GET /prod/x Authorization: expired",
                r#"401 UnauthorizedException {"message":"The incoming token has expired"}"#,
            ),
            ("GET /prod/x Authorization: good", OK),
        ],
    );
    let arn = "arn:aws:execute-api:us-east-1:********9012:a1b2c3d4e5/prod/GET/x";
    let denied = format!(
        r#"403 AccessDeniedException {{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn} with an explicit deny"}}"#
    );
    check(&one(Method::mock().denied_by_policy()), &[("GET /prod/x", &denied)]);
}

/// Facts A2, INVALID_API_KEY; B15: the authorizer speaks before the key.
#[test]
fn api_keys() {
    let account = one(Method::mock().api_key()).api_key_for("good", "a1b2c3d4e5", "prod").api_key_for(
        "elsewhere",
        "a1b2c3d4e5",
        "dev",
    );
    let mut disabled = account.clone();
    disabled.api_keys[0].enabled = false;
    check(
        &account,
        &[
            ("GET /prod/x", FORBIDDEN),
            ("GET /prod/x X-Api-Key: bad", FORBIDDEN),
            ("GET /prod/x X-Api-Key: elsewhere", FORBIDDEN),
            ("GET /prod/x X-Api-Key: good", OK),
        ],
    );
    check(&disabled, &[("GET /prod/x X-Api-Key: good", FORBIDDEN)]);
    let both = one(Method::mock().api_key().custom());
    assert_eq!(ask(&both, "GET /prod/x").status, 401);
}

/// Facts A2 (BAD_REQUEST_*) and B14.
#[test]
fn validators() {
    let method = Method::mock().requires_query("q1").requires_header("X-Tenant").requires_body(&["name"]);
    let account = one(method);
    let bad = |names: &str| {
        format!(r#"400 BadRequestException {{"message":"Missing required request parameters: [{names}]"}}"#)
    };
    let post = |content_type: &str, body: &str| {
        let mut request = request(HOST, "POST /prod/x?q1=1 X-Tenant: a");
        request.headers.push(("content-type".to_owned(), content_type.to_owned()));
        request.body = Some(body.as_bytes().to_vec());
        brief(&serve(&account, &request).answer.unwrap())
    };
    check(
        &account,
        &[
            ("POST /prod/x", &bad("X-Tenant, q1")),
            ("POST /prod/x?q1=1", &bad("X-Tenant")),
            ("POST /prod/x?q1=%20 X-Tenant: a", &bad("q1")),
            ("POST /prod/x?q1=1 X-Tenant: a", OK),
        ],
    );
    let bad_body = r#"400 BadRequestException {"message":"Invalid request body"}"#;
    assert_eq!(post("application/json", "{}"), bad_body);
    assert_eq!(post("application/json", "no json"), bad_body);
    assert_eq!(post("application/json", r#"{"name":1}"#), OK);
    assert_eq!(post("text/plain", "no json"), OK);
}

/// Facts A2: the gateway's words on what lies behind it.
#[test]
fn integrations() {
    let internal =
        |status: u16| format!(r#"{status} InternalServerErrorException {{"message":"Internal server error"}}"#);
    for (behaviour, expected) in [
        (Behaviour::Mock, OK.to_owned()),
        (Behaviour::http(500, r#"{"error":"db"}"#), r#"500 - {"error":"db"}"#.to_owned()),
        (Behaviour::MalformedProxyResponse, internal(502)),
        (Behaviour::IntegrationFailure, internal(500)),
        (Behaviour::ApiConfigurationError, internal(500)),
        (
            Behaviour::NetworkError,
            r#"504 InternalServerErrorException {"message":"Network error communicating with endpoint"}"#.to_owned(),
        ),
        (
            Behaviour::IntegrationTimeout,
            r#"504 InternalServerErrorException {"message":"Endpoint request timed out"}"#.to_owned(),
        ),
        (Behaviour::Throttled, r#"429 TooManyRequestsException {"message":"Too Many Requests"}"#.to_owned()),
        (Behaviour::QuotaExceeded, r#"429 LimitExceededException {"message":"Limit Exceeded"}"#.to_owned()),
    ] {
        let reaches = !matches!(behaviour, Behaviour::Throttled | Behaviour::QuotaExceeded);
        let outcome = serve(&one(behaviour.clone()), &request(HOST, "GET /prod/x"));
        assert_eq!(brief(outcome.answer.as_ref().unwrap()), expected, "{behaviour:?}");
        assert_eq!(outcome.reached.is_some(), reaches, "{behaviour:?}");
    }
    check(
        &one(Behaviour::OnlyJson),
        &[
            ("POST /prod/x content-type: text/csv", r#"415 BadRequestException {"message":"Unsupported Media Type"}"#),
            ("POST /prod/x content-type: application/json", OK),
        ],
    );
}

/// Facts A0: an inner gateway's words look the same, but its headers are remapped (and the outer ids are fresh).
#[test]
fn an_inner_gateway_behind_the_outer_one() {
    let inner = Behaviour::InnerGateway {
        status: 403,
        error_type: "MissingAuthenticationTokenException".to_owned(),
        message: "Missing Authentication Token".to_owned(),
    };
    let answer = ask(&one(inner), "GET /prod/x");
    assert_eq!(brief(&answer), MAT);
    assert!(answer.header("x-amzn-Remapped-x-amzn-RequestId").is_some());
    let plain = ask(&one(Behaviour::Mock), "GET /prod/nowhere");
    assert!(plain.headers.iter().all(|(name, _)| !name.starts_with("x-amzn-Remapped")));
}

/// Facts A5: the headers of every answer.
#[test]
fn the_shape_of_answers() {
    let account = one(Behaviour::lambda(200, "{}"));
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let answer = ask(&account, &format!("GET /prod/nowhere x-amzn-RequestId: {id}"));
    assert_eq!(answer.header("x-amzn-requestid"), Some(id));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-amz-apigw-id").map(str::len), Some(16));
    assert_eq!(answer.header("x-amzn-trace-id"), None);
    assert_eq!(answer.header("x-cache"), None);
    let forbidden = ask(&account, "GET /nowhere x-amzn-RequestId: no-uuid");
    assert!(uuid::Uuid::parse_str(forbidden.header("x-amzn-requestid").unwrap()).is_ok());
    assert!(forbidden.header("x-amz-apigw-id").is_some());
    assert!(ask(&account, "GET /prod/x").header("x-amzn-trace-id").is_some());

    // A backend's own ids do not get through.
    let reply = Reply::json(200, "{}").header("x-amzn-RequestId", "backend").header("x-amz-apigw-id", "backend");
    let answer = ask(&one(Behaviour::Http(reply)), "GET /prod/x");
    let ids: Vec<_> = answer.headers.iter().filter(|(_, value)| value == "backend").collect();
    assert!(ids.is_empty(), "{ids:?}");
}

/// Facts A5: edge APIs.
#[test]
fn cloudfront_in_front() {
    let api = |endpoint| {
        Account::new("us-east-1").api(
            Api::new("a1b2c3d4e5", "a")
                .endpoint(endpoint)
                .deploy("d", |t| t.get("/x", Behaviour::Mock))
                .stage("prod", "d"),
        )
    };
    let edge = api(EndpointType::Edge);
    assert_eq!(ask(&edge, "GET /prod/x").header("x-cache"), Some("Miss from cloudfront"));
    assert_eq!(ask(&edge, "GET /prod/y").header("x-cache"), Some("Error from cloudfront"));
    let with_body = Incoming { body: Some(b"{}".to_vec()), ..request(HOST, "GET /prod/x") };
    let refused = serve(&edge, &with_body).answer.unwrap();
    assert_eq!((refused.status, refused.header("x-amz-apigw-id")), (403, None));
    assert!(refused.body.contains("Generated by cloudfront"));
    assert_eq!(serve(&api(EndpointType::Regional), &with_body).answer.unwrap().status, 200);
}

/// Facts A2, REQUEST_TOO_LARGE.
#[test]
fn a_body_that_is_too_long() {
    let long = Incoming { body: None, ..request(HOST, "POST /prod/orders") };
    let answer = serve(&orders(), &long).answer.unwrap();
    assert_eq!(brief(&answer), "413 - HTTP content length exceeded 10485760 bytes.");
}

fn customised(response: GatewayResponse, method: impl Into<Method>) -> Account {
    Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "a").gateway_response(response).deploy("d", |t| t.get("/x", method)).stage("prod", "d"),
    )
}

/// Facts A6 and H: what customising changes, and that the error type stays.
#[test]
fn customised_gateway_responses() {
    let not_found = GatewayResponse::new(ResponseType::MissingAuthenticationToken)
        .status(404)
        .header("Access-Control-Allow-Origin", "'*'")
        .header("x-asked-by", "method.request.header.User-Agent")
        .body(r#"{"error":$context.error.messageString,"type":"$context.error.responseType","at":"$context.stage"}"#);
    let account = customised(not_found, Behaviour::Mock);
    let answer = ask(&account, "GET /prod/nowhere User-Agent: me");
    assert_eq!(
        brief(&answer),
        r#"404 MissingAuthenticationTokenException {"error":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN","at":"prod"}"#
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("x-asked-by"), Some("me"));
    // No stage, no gateway responses (A1).
    check(&account, &[("GET /nowhere/x", FORBIDDEN), ("GET /prod/x", OK)]);

    let mut stripped = account.clone();
    stripped.apis[0].strips_error_type = true;
    assert_eq!(ask(&stripped, "GET /prod/nowhere").header("x-amzn-errortype"), None);

    // The two defaults take the rest, each its own family.
    let default = GatewayResponse::new(ResponseType::Default4xx).status(418);
    check(
        &customised(default.clone(), Behaviour::IntegrationTimeout),
        &[
            ("GET /prod/nowhere", &MAT.replace("403", "418")),
            ("GET /prod/x", r#"504 InternalServerErrorException {"message":"Endpoint request timed out"}"#),
        ],
    );
    // Facts A2: INTEGRATION_FAILURE is 500 until it is customised, then 504.
    let failure = GatewayResponse::new(ResponseType::IntegrationFailure).header("x-a", "'b'");
    assert_eq!(ask(&customised(failure, Behaviour::IntegrationFailure), "GET /prod/x").status, 504);

    // A specific entry beats the default (H).
    let both = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "a")
            .gateway_response(default)
            .gateway_response(GatewayResponse::new(ResponseType::MissingAuthenticationToken).status(404))
            .deploy("d", |t| t.get("/x", Method::mock().api_key()))
            .stage("prod", "d"),
    );
    assert_eq!(ask(&both, "GET /prod/nowhere").status, 404);
    assert_eq!(ask(&both, "GET /prod/x").status, 418);
}

/// Facts H (ministack PR#1756): the responses in force are those that the deployment captured.
#[test]
fn gateway_responses_wait_for_a_deployment() {
    let mut account = orders();
    let custom = GatewayResponse::new(ResponseType::MissingAuthenticationToken).status(404);
    account.change_api("a1b2c3d4e5", |api| api.gateway_response(custom));
    assert_eq!(ask(&account, "GET /prod/nowhere").status, 403);
    account.change_api("a1b2c3d4e5", |api| api.deploy("d2", |t| t).stage("prod", "d2"));
    assert_eq!(ask(&account, "GET /prod/nowhere").status, 404);
    check(&account, &[("GET /prod/new", OK)]);
}

/// Facts H (yulin#811): the web ACL comes before routing and authorizers.
#[test]
fn a_web_acl() {
    let acl = |blocks| {
        Account::new("us-east-1").api(
            Api::new("a1b2c3d4e5", "a")
                .deploy("d", |t| t.get("/x", Method::mock().custom()))
                .with_stage(Stage::new("prod", "d").web_acl("arn:aws:wafv2:x", blocks)),
        )
    };
    check(&acl(true), &[("GET /prod/x", FORBIDDEN), ("GET /prod/nowhere", FORBIDDEN)]);
    check(&acl(false), &[("GET /prod/nowhere", MAT)]);
}

/// Facts A4, B20: by a deployment, on every stage of the default endpoint only.
#[test]
fn a_disabled_default_endpoint() {
    let mut account = orders().mapping("api.example.com", "", "a1b2c3d4e5", Some("prod"));
    account.change_api("a1b2c3d4e5", Api::disable_default_endpoint);
    check(&account, &[("GET /prod/orders", OK)]);
    account.change_api("a1b2c3d4e5", |api| api.deploy("d2", |t| t).stage("prod", "d2"));
    check(&account, &[("GET /prod/orders", FORBIDDEN), ("GET /prod/nowhere", FORBIDDEN)]);
    check_at(&account, "api.example.com", &[("GET /orders", OK)]);
}

/// Facts A0, B19: who has no HTTP answer at all, and what a VPC changes.
#[test]
fn hosts_that_nobody_answers_for() {
    let nobody = |account: &Account, host: &str, path: &str| {
        serve(account, &request(host, &format!("GET {path}"))).answer.is_none()
    };
    let private =
        |id: &str| Api::new(id, "p").endpoint(EndpointType::Private).deploy("d", |t| t.get("/x", Behaviour::Mock));
    let account = orders()
        .api(private("p0p0p0p0p0").stage("prod", "d"))
        .api(Api::new("gonegone00", "g").deploy("d", |t| t.get("/x", Behaviour::Mock)).stage("prod", "d").vanish());
    let of = |id: &str| format!("{id}.execute-api.us-east-1.localhost");
    assert!(nobody(&account, &of("unknown000"), "/prod/x"));
    assert!(nobody(&account, &of("gonegone00"), "/prod/x"));
    assert!(nobody(&account, &of("p0p0p0p0p0"), "/prod/x"));
    assert!(nobody(&account, "a1b2c3d4e5.execute-api.eu-west-1.localhost", "/prod/orders"));
    assert!(nobody(&account, "unknown.example.com", "/"));
    assert!(nobody(&account, "127.0.0.1", "/restapis/unknown000/prod/_user_request_/x"));

    let inside = account.inside_vpc();
    check_at(&inside, &of("p0p0p0p0p0"), &[("GET /prod/x", OK)]);
    check_at(&inside, &of("unknown000"), &[("GET /prod/x", FORBIDDEN)]);
    check(&inside, &[("GET /prod/orders", FORBIDDEN)]);
}

#[test]
fn every_shape_of_the_default_endpoint() {
    let account = orders();
    for host in [
        HOST,
        "a1b2c3d4e5.execute-api.localhost",
        "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "a1b2c3d4e5.execute-api.localhost.localstack.cloud",
    ] {
        check_at(&account, host, &[("GET /prod/orders", OK), ("GET /orders", FORBIDDEN)]);
    }
    check_at(
        &account,
        "127.0.0.1",
        &[
            ("GET /restapis/a1b2c3d4e5/prod/_user_request_/orders", OK),
            ("GET /restapis/a1b2c3d4e5/prod/_user_request_", MAT),
            ("GET /restapis/a1b2c3d4e5/prd/_user_request_/orders", FORBIDDEN),
        ],
    );
}

#[test]
fn the_planes_are_told_apart() {
    for (host, path, data) in [
        ("127.0.0.1", "/restapis", false),
        ("localhost", "/restapis/a/stages/prod", false),
        ("[::1]", "/restapis", false),
        ("apigateway.us-east-1.amazonaws.com", "/restapis", false),
        ("127.0.0.1", "/restapis/a/prod/_user_request_/x", true),
        ("127.0.0.1", "/restapis/a/prod/_user_request_x", false),
        (HOST, "/restapis", true),
        ("api.example.com", "/v2/domainnames", true),
    ] {
        assert_eq!(is_for(&request(host, &format!("GET {path}"))), data, "{host} {path}");
    }
}

fn shop() -> Account {
    orders()
        .api(
            Api::new("c4t8l0g2xy", "catalog")
                .deploy("c1", |t| t.get("/products", Behaviour::http(200, "catalog")))
                .stage("prod", "c1"),
        )
        .mapping("api.shop.example", "orders", "a1b2c3d4e5", Some("prod"))
        .mapping("api.shop.example", "catalog/v1", "c4t8l0g2xy", Some("prod"))
        .mapping("api.shop.example", "catalog", "a1b2c3d4e5", Some("prod"))
        .mapping("api.shop.example", "free", "a1b2c3d4e5", None)
        .mapping("api.shop.example", "http", "httpapi000", Some("$default"))
}

/// Facts B22 and B9.
#[test]
fn custom_domains() {
    let not_found = r#"404 - {"message":"Not Found"}"#;
    check_at(
        &shop(),
        "api.shop.example",
        &[
            ("GET /orders/orders", OK),
            ("GET /orders/nowhere", MAT),
            ("GET /orders/prod/orders", MAT),
            ("GET /catalog/v1/products", "200 - catalog"),
            ("GET /catalog/orders", OK),
            // The longest mapping wins on its path alone, though the shorter one would route.
            ("GET /catalog/v1/orders", MAT),
            ("GET /orders", MAT),
            ("GET /Orders/orders", FORBIDDEN),
            ("GET /payments/x", FORBIDDEN),
            ("GET /", FORBIDDEN),
            ("GET /free/prod/orders", OK),
            ("GET /free/prd/orders", FORBIDDEN),
            ("GET /free", FORBIDDEN),
            ("GET /http/x", not_found),
            ("GET /ping", "200 - healthy"),
            ("GET /sping", "200 - healthy"),
        ],
    );
    let with_root = shop().mapping("api.shop.example", "", "c4t8l0g2xy", Some("prod"));
    check_at(
        &with_root,
        "api.shop.example",
        &[("GET /products", "200 - catalog"), ("GET /prod/products", MAT), ("GET /orders/orders", OK), ("GET /", MAT)],
    );
}

#[test]
fn wildcard_domains_yield_to_longer_and_exact_names() {
    let account = orders()
        .mapping("*.example.com", "wild", "a1b2c3d4e5", Some("prod"))
        .mapping("*.eu.example.com", "eu", "a1b2c3d4e5", Some("prod"))
        .mapping("api.example.com", "exact", "a1b2c3d4e5", Some("prod"));
    check_at(&account, "x.example.com", &[("GET /wild/orders", OK), ("GET /exact/orders", FORBIDDEN)]);
    check_at(&account, "api.example.com", &[("GET /exact/orders", OK), ("GET /wild/orders", FORBIDDEN)]);
    check_at(&account, "x.eu.example.com", &[("GET /eu/orders", OK), ("GET /wild/orders", FORBIDDEN)]);
}

#[test]
fn a_domain_with_mutual_tls_refuses_strangers() {
    let mut account = shop();
    account.domains[0].mutual_tls = true;
    check_at(&account, "api.shop.example", &[("GET /orders/orders", FORBIDDEN)]);
}

fn rule(priority: i32, base: &str, header: Option<(&str, &str)>, strip: bool) -> RoutingRule {
    let glob = |(header, value): (&str, &str)| vec![HeaderGlob { header: header.to_owned(), value: value.to_owned() }];
    RoutingRule {
        id: format!("rule{priority}"),
        priority,
        base_paths: if base.is_empty() { Vec::new() } else { vec![base.to_owned()] },
        headers: header.map(glob).into_iter().collect(),
        api: "c4t8l0g2xy".to_owned(),
        stage: "prod".to_owned(),
        strip_base_path: strip,
    }
}

/// Facts B23.
#[test]
fn routing_rules() {
    let host = "api.shop.example";
    let beta = rule(10, "", Some(("X-Channel", "beta*")), false);
    let account =
        shop().rule(host, rule(20, "orders", None, true)).rule(host, beta).rule(host, rule(30, "kept", None, false));
    check_at(
        &account,
        host,
        &[
            // By base path, stripped.
            ("GET /orders/products", "200 - catalog"),
            ("GET /orders/orders", MAT),
            // By header, before the other rule by its priority, nothing stripped.
            ("GET /products X-Channel: beta-2", "200 - catalog"),
            ("GET /orders/products X-Channel: beta", MAT),
            // By base path, not stripped: the stage sees all of the path.
            ("GET /kept/products", MAT),
            // No rule: the mappings.
            ("GET /catalog/orders X-Channel: stable", OK),
        ],
    );
    let mappings_only = account.clone().routing_mode(host, RoutingMode::Mappings);
    check_at(&mappings_only, host, &[("GET /orders/orders", OK), ("GET /products X-Channel: beta", FORBIDDEN)]);
    let rules_only = account.routing_mode(host, RoutingMode::Rules);
    check_at(&rules_only, host, &[("GET /orders/products", "200 - catalog"), ("GET /catalog/orders", FORBIDDEN)]);
}

/// Facts B12: one URL, two deployments.
#[test]
fn a_canary_serves_its_share() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "a")
            .deploy("old", |t| t.get("/x", Behaviour::Mock))
            .deploy("new", |t| t.get("/y", Behaviour::Mock))
            .with_stage(Stage::new("prod", "old").canary("new", 50.0)),
    );
    let statuses: Vec<u16> = (0..4).map(|_| ask(&account, "GET /prod/y").status).collect();
    assert_eq!(statuses, [403, 200, 403, 200]);
}

#[test]
fn a_stage_without_a_deployment_refuses() {
    let api = Api::new("a1b2c3d4e5", "a").with_stage(Stage::undeployed("prod")).stage("dev", "deleted");
    let account = Account::new("us-east-1").api(api);
    check(&account, &[("GET /prod/x", FORBIDDEN), ("GET /dev/x", FORBIDDEN)]);
}

#[test]
fn latency_and_recovery() {
    let account = one(Method::mock().at_first(2, Behaviour::MalformedProxyResponse).latency(Duration::from_secs(3)));
    let outcomes: Vec<Outcome> = (0..3).map(|_| serve(&account, &request(HOST, "GET /prod/x"))).collect();
    let statuses: Vec<u16> = outcomes.iter().map(|outcome| outcome.answer.as_ref().unwrap().status).collect();
    assert_eq!(statuses, [502, 502, 200]);
    assert_eq!(outcomes[0].delay, Duration::from_secs(3));
    let default = one(Behaviour::Mock).latency(Duration::from_secs(1));
    assert_eq!(serve(&default, &request(HOST, "GET /prod/x")).delay, Duration::from_secs(1));
    // What the gateway itself refuses does not wait for an integration.
    assert_eq!(serve(&default, &request(HOST, "GET /prod/nowhere")).delay, Duration::ZERO);
}

#[test]
fn nothing_panics_on_odd_requests() {
    let account = shop();
    for host in ["", ":", "[", "[::1", "é.execute-api.", ".execute-api.", "api.shop.example", HOST] {
        for path in ["", "/", "//", "*", "/prod//x", "/%", "/restapis/", "/restapis/a/b/_user_request_", "/é/é"] {
            for header in ["", " Authorization: =", " Authorization: AWS4-HMAC-SHA256", " Authorization: ,,,"] {
                let incoming = request(host, &format!("GET {path}{header}"));
                let _ = serve(&account, &incoming);
            }
        }
    }
}

#[test]
fn request_authorizers_refuse_or_are_asked() {
    let header = &["method.request.header.X-Token"][..];
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "orders")
            .deploy("d", |tree| {
                tree.get("/kept", Method::mock().request_authorizer(header, 300))
                    .get("/asked", Method::mock().request_authorizer(header, 0))
                    .get("/open", Method::mock().request_authorizer(header, 0).authorizer_allows())
                    .get("/nowhere", Method::mock().request_authorizer(&[], 300).authorizer_allows())
                    .get(
                        "/query",
                        Method::mock().request_authorizer(&["method.request.querystring.t", "context.path"], 60),
                    )
            })
            .stage("prod", "d"),
    );
    let unauthorized = r#"401 UnauthorizedException {"message":"Unauthorized"}"#;
    let denied = "403 AccessDeniedException \
                  {\"Message\":\"User is not authorized to access this resource with an explicit deny\"}";
    check(
        &account,
        &[
            ("GET /prod/kept", unauthorized),
            // Another header is not where it looks.
            ("GET /prod/kept authorization: Bearer x", unauthorized),
            ("GET /prod/kept x-token: x", "200 - "),
            ("GET /prod/kept x-token: deny", denied),
            ("GET /prod/asked", denied),
            ("GET /prod/asked x-token: x", "200 - "),
            ("GET /prod/open", "200 - "),
            ("GET /prod/open x-token: deny", denied),
            ("GET /prod/nowhere", "200 - "),
            ("GET /prod/query", unauthorized),
            ("GET /prod/query?t=x", "200 - "),
        ],
    );
}

#[test]
fn a_content_type_that_is_never_passed_through_reaches_nothing() {
    let api =
        Api::new("a1b2c3d4e5", "orders").deploy("d", |tree| tree.post("/x", Behaviour::OnlyJson)).stage("prod", "d");
    let account = Account::new("us-east-1").api(api);
    let reached = |line: &str| serve(&account, &request(HOST, line)).reached.is_some();
    assert!(!reached("POST /prod/x content-type: text/plain"));
    assert!(reached("POST /prod/x content-type: application/json"), "and JSON does reach it");
    assert!(reached("POST /prod/x"));
}
