//! What routing and a whole diagnosis cost: `cargo bench --bench diagnosis`.
//!
//! Routing stands beside `matchit` on the same literal and parameter paths; `matchit` knows no verbs and no fall-back, so it
//! does less. The diagnoses are in an account of 700 APIs, whose routers are compiled when first asked for.

use divan::{Bencher, black_box};
use gateprobe::diagnose::diagnose;
use gateprobe::gateway::{
    Api, Deployment, EndpointType, Inventory, InvokeUrl, Method, Protocol, Request, Router, Stage, Tree, TreeSource,
    Verb, World,
};
use gateprobe::probe::{Observation, Response};
use url::Url;

fn main() {
    divan::main();
}

/// AWS's default limit of resources, a third each: a literal, a parameter below it, a literal below that.
fn paths() -> Vec<String> {
    (0..100)
        .flat_map(|n| [format!("/things{n}"), format!("/things{n}/{{id}}"), format!("/things{n}/{{id}}/parts")])
        .collect()
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    for path in paths() {
        tree.insert(&path, Verb::Get, Method::open());
        tree.insert(&path, Verb::Post, Method::open());
    }
    tree
}

const REQUESTS: [&str; 3] = ["/things7", "/things42/a-value", "/things99/a-value/parts"];

#[divan::bench(args = REQUESTS)]
fn route(bencher: Bencher, path: &str) {
    let router = Router::new(&tree());
    bencher.bench_local(|| router.route(black_box(Verb::Get), black_box(path)).is_some());
}

#[divan::bench(args = REQUESTS)]
fn matchit(bencher: Bencher, path: &str) {
    let mut router = matchit::Router::new();
    for path in paths() {
        if router.insert(&path, ()).is_err() {
            return;
        }
    }
    bencher.bench_local(|| router.at(black_box(path)).is_ok());
}

fn account() -> World {
    let mut inventory = Inventory::empty("us-east-1");
    for n in 0..700 {
        let stage = Stage {
            name: "prod".to_owned(),
            deployment: Some("d1".to_owned()),
            canary: None,
            updated_at: None,
            web_acl: None,
        };
        inventory.apis.push(Api {
            id: format!("api{n:07}"),
            name: format!("api {n}"),
            protocol: Protocol::Rest,
            endpoint: EndpointType::Regional,
            default_endpoint_disabled: false,
            stages: vec![stage],
            deployments: [(
                "d1".to_owned(),
                Deployment { source: TreeSource::ApiSummary, created_at: None, tree: tree(), undescribed: None },
            )]
            .into(),
            edited: Some(tree()),
            gateway_responses: vec![],
        });
    }
    World::new(inventory, InvokeUrl::default())
}

/// A healthy call, a typo in the path (which looks through every resource), and a typo in the stage.
const DIAGNOSED: [&str; 3] = ["prod/things42/7", "prod/thigns42/7", "prd/things42/7"];

#[divan::bench(args = DIAGNOSED)]
fn diagnosis(bencher: Bencher, path: &str) {
    let world = account();
    let Ok(url) = Url::parse(&format!("https://api0000350.execute-api.us-east-1.amazonaws.com/{path}")) else { return };
    let request = Request::new("GET", url);
    let (status, headers, body) = if path == DIAGNOSED[0] {
        (200, vec![], "{}")
    } else {
        let error_type = ("x-amzn-errortype".to_owned(), "MissingAuthenticationTokenException".to_owned());
        (403, vec![error_type], r#"{"message":"Missing Authentication Token"}"#)
    };
    let observation = Observation::saved(Response { status, headers, body: body.to_owned(), truncated: false });
    bencher.bench_local(|| diagnose(black_box(&request), black_box(&observation), &world, 0));
}
