//! The shop: four APIs, seven stages, a custom domain with two base paths.

use std::time::Duration;

use super::{ContractCall, Door, Fault};
use crate::gateway::Verb;
use crate::simulator::account::Account;
use crate::simulator::api::Api;
use crate::simulator::gateway_response::{GatewayResponse, ResponseType};
use crate::simulator::method::{Behaviour, Method};

const ORDERS: &str = "o7rd3rs1ab";
const CATALOG: &str = "c4t8l0g2xy";
const PAYMENTS: &str = "p9ym3nts5z";
const IDENTITY: &str = "id3nt1ty0q";
const DOMAIN: &str = "api.shop.example";

pub(super) fn account() -> Account {
    Account::new("us-east-1")
        // As long as a call in one region takes: enough to show that probes run at once.
        .latency(Duration::from_millis(15))
        .api(orders())
        .api(catalog())
        .api(payments())
        .api(identity())
        .mapping(DOMAIN, "orders", ORDERS, Some("prod"))
        .mapping(DOMAIN, "catalog", CATALOG, Some("prod"))
}

fn ok(body: &str) -> Behaviour {
    Behaviour::lambda(200, body)
}

fn orders() -> Api {
    Api::new(ORDERS, "orders")
        .deploy("ord001", |tree| {
            tree.get("/orders", ok(r#"{"orders":[]}"#))
                .post("/orders", ok(r#"{"id":"42"}"#))
                .options("/orders", Behaviour::Mock)
                .get("/orders/{orderId}", ok(r#"{"id":"42","state":"paid"}"#))
                .delete("/orders/{orderId}", ok("{}"))
                .get("/orders/export", Behaviour::Throttled)
                .get("/shipments", ok(r#"{"shipments":[]}"#))
                .get("/health", Behaviour::Mock)
        })
        .stage("prod", "ord001")
        .deploy("ord002", |tree| {
            tree.get("/orders/export", ok("[]")).get("/orders/{orderId}/tracking", ok(r#"{"at":"Leipzig"}"#))
        })
        .stage("dev", "ord002")
}

fn catalog() -> Api {
    Api::new(CATALOG, "catalog")
        .deploy("cat001", |tree| {
            tree.get("/products", ok(r#"{"products":[]}"#))
                .head("/products", ok(""))
                .options("/products", Behaviour::Mock)
                .post("/products", ok(r#"{"id":"7"}"#))
                .get("/products/{productId}", ok(r#"{"id":"7"}"#))
                .put("/products/{productId}", ok("{}"))
                .get("/search", Behaviour::IntegrationTimeout)
                .get("/recommendations", Behaviour::MalformedProxyResponse)
        })
        .stage("prod", "cat001")
        .deploy("cat002", |tree| {
            tree.get("/search", ok("[]"))
                .get("/recommendations", ok("[]"))
                .get("/prices", Behaviour::http(500, r#"{"error":"price service: connection pool exhausted"}"#))
        })
        .stage("dev", "cat002")
        .edit(|tree| tree.get("/products/{productId}/reviews", ok("[]")))
}

fn payments() -> Api {
    Api::new(PAYMENTS, "payments")
        .deploy("pay001", |tree| tree.post("/charges", ok(r#"{"id":"ch_1"}"#)).get("/health", Behaviour::Mock))
        .stage("sandbox", "pay001")
        .deploy("pay002", |tree| {
            tree.get("/charges/{chargeId}", ok(r#"{"id":"ch_1"}"#))
                .get("/refunds", Method::from(ok("[]")).iam())
                .get("/rates", Method::from(ok(r#"{"EUR":1}"#)).api_key())
                .any("/webhooks/{proxy+}", ok("{}"))
        })
        .stage("prod", "pay002")
}

fn identity() -> Api {
    Api::new(IDENTITY, "identity")
        .gateway_response(
            GatewayResponse::new(ResponseType::MissingAuthenticationToken)
                .status(404)
                .header("Access-Control-Allow-Origin", "'*'")
                .body(r#"{"error":"not_found","message":"There is nothing here."}"#),
        )
        .deploy("idn001", |tree| {
            tree.get("/", Behaviour::Mock)
                .get("/sessions", ok("[]"))
                .post("/sessions", ok(r#"{"token":"..."}"#))
                .get("/me", Method::from(ok(r#"{"name":"Ada"}"#)).custom())
                .get("/profiles/{userId}", ok(r#"{"name":"Ada"}"#))
        })
        .stage("prod", "idn001")
}

pub(super) fn faults() -> Vec<Fault> {
    let fault = |api, stage, resource, cause, why| Fault {
        api,
        stage,
        resource,
        verb: Verb::Get,
        why,
        cause,
        expected: matches!(cause, "iam-unsigned" | "api-key" | "authorizer"),
    };
    vec![
        fault(CATALOG, "prod", "/recommendations", "integration", "the function's answer has the wrong shape: 502"),
        fault(CATALOG, "prod", "/search", "integration-timeout", "the search backend does not answer in time: 504"),
        fault(CATALOG, "dev", "/prices", "backend-status", "the price service itself answers 500"),
        fault(ORDERS, "prod", "/orders/export", "throttle", "the method's rate limit is used up: 429"),
        fault(PAYMENTS, "prod", "/refunds", "iam-unsigned", "wants a SigV4 signature"),
        fault(PAYMENTS, "prod", "/rates", "api-key", "wants an API key"),
        fault(IDENTITY, "prod", "/me", "authorizer", "asks a Lambda authorizer"),
    ]
}

pub(super) fn contract() -> Vec<ContractCall> {
    let call = |door, path, cause, why| ContractCall { method: "GET", door, path, headers: Vec::new(), why, cause };
    let (orders, catalog) = (Door::Api(ORDERS), Door::Api(CATALOG));
    let (payments, identity, domain) = (Door::Api(PAYMENTS), Door::Api(IDENTITY), Door::Domain(DOMAIN));
    vec![
        call(catalog, "/products", "stage-missing", "the stage was left out of the URL"),
        call(orders, "/prd/orders", "stage-unknown", "the stage is called prod"),
        call(orders, "/prod/ordres", "path-unknown", "a typo for /orders"),
        call(catalog, "/prod/Products", "path-case", "paths are matched by case"),
        call(payments, "/prod/charges", "method-mismatch", "/charges takes POST only"),
        call(catalog, "/prod/", "root-without-method", "the API has no method at its root"),
        call(payments, "/prod/webhooks", "proxy-parent", "/webhooks/{proxy+} does not match its own parent"),
        call(catalog, "/prod/products/7/reviews", "not-deployed", "edited in the console, and never deployed"),
        call(orders, "/prod/orders/42/tracking", "other-stage", "deployed to dev, not promoted to prod"),
        call(domain, "/catalog/prod/products", "stage-in-domain-path", "the base path stands for the stage already"),
        call(domain, "/payments/charges/1", "domain-unmapped", "the domain has no base path /payments"),
        // Answers 404 in the API's own words: nothing in it says token.
        call(identity, "/prod/sesions", "path-unknown", "a typo for /sessions, behind a customised gateway response"),
        // Answers IncompleteSignatureException: nothing in it says route.
        ContractCall {
            headers: vec![("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJkZW1vIn0.")],
            ..call(orders, "/prod/shipment", "path-unknown", "a typo for /shipments, sent with a Bearer token")
        },
    ]
}
