//! What is suggested, and that it is a config as it is and with every suggestion taken up.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::gateway::{Inventory, InvokeUrl};
use crate::plan::{DomainUrl, Unreadable, plan};

fn started(inventory: &Value, config: &Config) -> (String, World) {
    let mut whole = json!({"version": 1, "region": "us-east-1", "read_at": 1_800_000_000});
    for (key, value) in inventory.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let world = World::new(Inventory::from_json(&whole.to_string()).unwrap(), InvokeUrl::default());
    let plan = plan(&world, config, &DomainUrl::default(), &Unreadable::new());
    (starting_config(&world, &plan, config), world)
}

/// The config with every suggestion taken up, as a user would.
fn taken_up(text: &str) -> Config {
    Config::parse(text, "as it is").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    Config::parse(&lines.join("\n"), "taken up").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn api(id: &str, name: &str, tree: &Value) -> Value {
    json!({"id": id, "name": name, "stages": [{"name": "live", "deployment": "d1"}, {"name": "v2", "deployment": "d1"}],
        "deployments": {"d1": {"source": "export", "tree": tree}}})
}

fn parameter(name: &str, place: &str, value: &str) -> Value {
    json!({"name": name, "place": place, "required": true, "sample": {"Ok": {"value": value, "from": "schema"}}})
}

#[test]
fn every_kind_of_gap_has_its_suggestion() {
    let tree = json!({
        "/it's/{id}": {
            "GET": {"interface": {"parameters": [
                parameter("id", "path", "o'clock"), parameter("size", "query", "7"), parameter("x-version", "header", "2"),
                parameter("x-session-key", "header", "s3cr3t"), parameter("api_key", "query", "s3cr3t"),
                parameter("Authorization", "header", "s3cr3t"),
            ]}},
            "POST": {},
        },
        "/open": {"GET": {}},
        "/key": {"GET": {"api_key_required": true}},
        "/token": {"GET": {"authorization": "CUSTOM"}},
        "/signed": {"GET": {"authorization": "AWS_IAM"}},
    });
    let (text, _) = started(
        &json!({
            "apis": [api("a1", "shop\n# allow: x", &tree),
                {"id": "p1", "name": "inner", "endpoint": "private", "stages": [{"name": "live", "deployment": "d1"}],
                 "deployments": {"d1": {"source": "export", "tree": {"/x": {"GET": {}}}}}}],
            "domains": [{"name": "mtls.example.com", "mutual_tls": true,
                "mappings": [{"base_path": "", "api": "a1", "stage": "live"}]},
                {"name": "*.example.com", "mappings": [{"base_path": "", "api": "a1", "stage": "live"}]}],
        }),
        &Config { apis: vec!["*".to_owned()], ..Config::default() },
    );
    insta::assert_snapshot!(text);
    let config = taken_up(&text);
    assert_eq!(config.known_good.len(), 1);
    assert_eq!(config.known_good[0].parameters["id"], "o'clock");
    assert_eq!(config.allow[0].methods.path.as_deref(), Some("/it's/{id}"));
    assert_eq!((config.allow.len(), config.credentials.len(), config.authenticate.len()), (2, 3, 2));
    assert!(config.private_apis && config.skips_domain("a.example.com"));
    assert_eq!(config.client_certificates[0].domain, "mtls.example.com");
    assert_eq!(config.apis, ["*"]);
    assert!(!text.contains("s3cr3t"), "{text}");
}

/// A suggestion does what it says: with all of them taken up nothing is left that could be suggested.
#[test]
fn what_is_taken_up_is_no_gap_any_more() {
    let tree = json!({
        "/a/{id}": {"ANY": {}, "GET": {}, "POST": {}}, "/it's": {"PUT": {}},
        "/all": {"GET": {}, "HEAD": {}, "OPTIONS": {}, "ANY": {}}, "/key": {"GET": {"api_key_required": true}},
    });
    let mut http = api("h1", "http", &json!({"$default": {"ANY": {}}, "/x": {"POST": {}}}));
    http["protocol"] = "http".into();
    let inventory = json!({"apis": [api("a1", "shop", &tree), http]});
    let (text, world) = started(&inventory, &Config::default());
    let config = taken_up(&text);
    assert!(config.allow.len() >= 6 && config.known_good.len() >= 2, "{text}");
    let after = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
    assert!(after.methods.iter().all(|method| method.fate == Fate::Probed), "{text}{:?}", after.methods);
    let again = starting_config(&world, &after, &config);
    assert!(!again.lines().any(|line| line.starts_with("# ")), "{again}");
}

#[test]
fn nothing_to_suggest_is_a_config_too() {
    let (text, _) = started(&json!({"apis": []}), &Config::default());
    assert_eq!(taken_up(&text), Config::default());
    assert!(!text.lines().any(|line| line.starts_with("# ")), "{text}");
}

#[test]
fn a_large_account_gets_the_first_and_the_count_of_the_others() {
    let tree: serde_json::Map<String, Value> =
        (0..150).map(|n| (format!("/r{n}/{{id}}"), json!({"GET": {}, "PUT": {}}))).collect();
    let (text, _) = started(
        &json!({"apis": [api("a1", "x", &tree.clone().into()), api("b2", "y", &tree.into())]}),
        &Config::default(),
    );
    let config = taken_up(&text);
    assert_eq!((config.known_good.len(), config.allow.len()), (MOST, MOST));
    assert!(text.contains("## and 100 more") && text.contains("## and 400 more"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Names of any kind: an emulator holds to none of AWS's rules.
    #[test]
    fn any_account_gives_a_config(
        apis in proptest::collection::btree_map("[a-z'*{?\\\\]{1,3}", (any::<String>(),
            proptest::collection::btree_map("/(\\{[a-z'\\\\\"]{1,2}\\+?\\}|[a-c*?#':{ ,]{0,3}|\\PC{0,2})(/\\{id\\}|/)?",
                (any::<bool>(), any::<bool>(), 0..4_usize, any::<String>(), any::<String>()), 1..6)), 1..4)
    ) {
        let apis: Vec<Value> = apis.iter().map(|(id, (name, tree))| {
            let tree: serde_json::Map<String, Value> = tree.iter().map(|(path, (any, key, who, parameter_name, value))| {
                let who = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"][*who];
                let method = json!({"api_key_required": key, "authorization": who, "interface": {"parameters": [
                    parameter(parameter_name, "query", value), parameter(parameter_name, "header", value),
                    parameter("id", "path", value)]}});
                (path.clone(), json!({if *any { "ANY" } else { "GET" }: method, "POST": {}}))
            }).collect();
            api(id, name, &tree.into())
        }).collect();
        let (text, _) = started(&json!({"apis": apis}), &Config::default());
        taken_up(&text);
    }
}
