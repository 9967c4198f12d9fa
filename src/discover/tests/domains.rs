//! Custom domains: v1's and v2's mappings together, rules, and endpoints that lack one or the other.

use serde_json::{Value, json};

use super::script::{Answer, Asked, NOT_FOUND, Script, apis, count, deployment, nothing, stages};
use crate::config::Scope;
use crate::discover::{Operation, Wanted, discover};
use crate::gateway::{Domain, Inventory, Mapping, RoutingMode};

const V1: &str = "/domainnames/api.example.com/basepathmappings";
const V2: &str = "/v2/domainnames/api.example.com/apimappings";
const RULES: &str = "/v2/domainnames/api.example.com/routingrules";

fn domain(mode: &str) -> Value {
    json!({"domainName": "api.example.com", "regionalDomainName": "d-1.execute-api.eu-central-1.amazonaws.com",
           "distributionDomainName": "x.cloudfront.net", "endpointConfiguration": {"types": ["REGIONAL"]},
           "mutualTlsAuthentication": {"truststoreUri": "s3://bucket/trust.pem"}, "routingMode": mode})
}

fn v1() -> Answer {
    Answer::Json(json!({"item": [
        {"basePath": "(none)", "restApiId": "a", "stage": "prod"},
        {"basePath": "shop", "restApiId": "old", "stage": "prod"},
        {"basePath": "open", "restApiId": "a", "stage": ""},
    ]}))
}

fn v2() -> Answer {
    Answer::Json(json!({"items": [
        {"apiId": "a", "apiMappingId": "1", "apiMappingKey": "", "stage": "prod"},
        {"apiId": "new", "apiMappingId": "2", "apiMappingKey": "shop", "stage": "live"},
        {"apiId": "http", "apiMappingId": "3", "apiMappingKey": "deep/down", "stage": "$default"},
    ]}))
}

fn rules() -> Answer {
    Answer::Json(json!({"routingRules": [
        {"routingRuleId": "r2", "priority": 20, "conditions": [], "actions": [{"invokeApi": {"apiId": "a", "stage": "prod"}}]},
        {"routingRuleId": "r1", "priority": 10,
         "conditions": [{"matchBasePaths": {"anyOf": ["beta", "new"]}},
                        {"matchHeaders": {"anyOf": [{"header": "X-Version", "valueGlob": "2*"}]}}],
         "actions": [{"invokeApi": {"apiId": "b", "stage": "beta", "stripBasePath": true}}]},
        {"routingRuleId": "r3", "priority": 30, "conditions": [], "actions": []},
    ]}))
}

async fn read(
    mode: &'static str,
    answer: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) -> (Inventory, Script) {
    let script = Script::start(move |asked| match (asked.path.as_str(), answer(asked)) {
        (_, Some(answer)) => answer,
        ("/restapis", None) => apis(&[]),
        ("/domainnames", None) => Answer::Json(json!({"item": [domain(mode)]})),
        ("/domainnames/api.example.com", None) => Answer::Json(domain(mode)),
        (V1, None) => v1(),
        (V2, None) => v2(),
        (RULES, None) => rules(),
        _ => nothing(),
    })
    .await;
    let inventory = discover(&script.plane(), &Wanted::Everything(Scope::default()), 0, None).await.unwrap();
    (inventory, script)
}

fn mappings(domain: &Domain) -> Vec<(&str, &str, Option<&str>)> {
    domain
        .mappings
        .iter()
        .map(|Mapping { base_path, api, stage }| (base_path.as_str(), api.as_str(), stage.as_deref()))
        .collect()
}

fn gaps(inventory: &Inventory) -> Vec<(&str, &str)> {
    inventory.gaps.iter().map(|gap| (gap.place.as_str(), gap.reason.as_str())).collect()
}

#[tokio::test]
async fn both_lists_of_mappings_are_one() {
    let (inventory, script) = read("BASE_PATH_MAPPING_ONLY", |_| None).await;
    let domain = &inventory.domains[0];
    let expected = [
        ("", "a", Some("prod")),
        ("deep/down", "http", Some("$default")),
        ("open", "a", None),
        ("shop", "new", Some("live")),
    ];
    assert_eq!(mappings(domain), expected);
    assert_eq!(domain.target.as_deref(), Some("d-1.execute-api.eu-central-1.amazonaws.com"));
    assert_eq!((domain.routing_mode, domain.mutual_tls), (RoutingMode::Mappings, true));
    assert!(script.asked(RULES).is_empty(), "rules do not count in this mode");
    assert_eq!(gaps(&inventory), []);
}

#[tokio::test]
async fn rules_are_read_where_they_count() {
    for (mode, expected) in [
        ("ROUTING_RULE_ONLY", RoutingMode::Rules),
        ("ROUTING_RULE_THEN_BASE_PATH_MAPPING", RoutingMode::RulesThenMappings),
        ("ROUTING_RULE_THEN_API_MAPPING", RoutingMode::RulesThenMappings),
    ] {
        let (inventory, _) = read(mode, |_| None).await;
        let domain = &inventory.domains[0];
        assert_eq!((domain.routing_mode, domain.mappings.len()), (expected, 4), "{mode}");
        let rules = serde_json::to_string_pretty(&domain.rules).unwrap();
        insta::allow_duplicates!(insta::assert_snapshot!("rules", rules));
        let unknown = "its action or its conditions are of a kind that this Gateprobe does not know";
        assert_eq!(gaps(&inventory), [("domain api.example.com routing rule r3", unknown)]);
    }
}

#[tokio::test]
async fn an_endpoint_without_v2_has_v1s_mappings() {
    let localstack =
        || Answer::Raw(501, vec![], r#"{"__type": "InternalFailure", "message": "not included"}"#.to_owned());
    let ministack = || Answer::Error(404, "NotFoundException", "Unknown API Gateway path");
    let moto = || Answer::Raw(404, vec![], "<html>not here</html>".to_owned());
    for missing in [localstack, ministack, moto] {
        let (inventory, _) = read("", move |asked| asked.path.starts_with("/v2/").then(missing)).await;
        let expected = [("", "a", Some("prod")), ("open", "a", None), ("shop", "old", Some("prod"))];
        assert_eq!(mappings(&inventory.domains[0]), expected);
        assert_eq!(gaps(&inventory), [], "mappings decide, and they were read");
    }
}

#[tokio::test]
async fn without_v2_a_domain_with_rules_is_a_gap() {
    let missing = || Answer::Raw(501, vec![], "{}".to_owned());
    let (inventory, _) = read("ROUTING_RULE_ONLY", move |asked| asked.path.starts_with("/v2/").then(missing)).await;
    let places: Vec<_> = inventory.gaps.iter().map(|gap| gap.place.as_str()).collect();
    assert_eq!(places, ["domain api.example.com mappings", "domain api.example.com routing rules"]);
    assert_eq!(inventory.gaps[1].reason, "the endpoint has no ListRoutingRules: status 501");
    assert_eq!(inventory.domains[0].mappings.len(), 3);
}

#[tokio::test]
async fn a_refused_v2_is_a_gap() {
    let denied = || Answer::Error(403, "AccessDeniedException", "no");
    let (inventory, _) = read("BASE_PATH_MAPPING_ONLY", move |asked| (asked.path == V2).then(denied)).await;
    let reason = "those of several levels may be missing: GetApiMappings is not allowed; grant apigateway:GET: \
                  403 AccessDeniedException, no";
    assert_eq!(gaps(&inventory), [("domain api.example.com mappings", reason)]);
    assert_eq!(inventory.domains[0].mappings.len(), 3);
}

#[tokio::test]
async fn v1s_mappings_are_missed_only_where_v2s_are_too() {
    let denied = || Answer::Error(403, "AccessDeniedException", "no");
    let (inventory, _) = read("", move |asked| (asked.path == V1).then(denied)).await;
    assert_eq!((inventory.domains[0].mappings.len(), gaps(&inventory)), (3, vec![]));
    let both = move |asked: &Asked| match asked.path.as_str() {
        V1 => Some(denied()),
        V2 => Some(NOT_FOUND),
        _ => None,
    };
    let (inventory, _) = read("", both).await;
    assert_eq!(inventory.domains[0].mappings, []);
    let reason = "GetBasePathMappings is not allowed; grant apigateway:GET: 403 AccessDeniedException, no";
    assert_eq!(gaps(&inventory), [("domain api.example.com mappings", reason)]);
}

#[tokio::test]
async fn a_domain_deleted_in_mid_sweep_is_left_out() {
    let gone = |asked: &Asked| asked.path.contains("/domainnames/api.example.com").then_some(NOT_FOUND);
    let (inventory, _) = read("", gone).await;
    assert_eq!((inventory.domains.len(), gaps(&inventory)), (0, vec![]));
}

#[tokio::test]
async fn an_unknown_routing_mode_is_told() {
    let (inventory, _) = read("BY_THE_MOON", |_| None).await;
    assert_eq!(inventory.domains[0].routing_mode, RoutingMode::RulesThenMappings);
    assert_eq!(gaps(&inventory)[0].0, "domain api.example.com routing mode");
}

#[tokio::test]
async fn all_pages_of_mappings_and_rules_are_read() {
    let (inventory, script) = read("ROUTING_RULE_ONLY", |asked| {
        let second = asked.query.contains_key("position") || asked.query.contains_key("nextToken");
        Some(match (asked.path.as_str(), second) {
            (V1, false) => Answer::Json(json!({"item": [{"basePath": "a", "restApiId": "x"}], "position": "2"})),
            (V1, true) => Answer::Json(json!({"item": [{"basePath": "b", "restApiId": "x"}]})),
            (V2, false) => Answer::Json(json!({"items": [{"apiMappingKey": "c/d", "apiId": "x"}], "nextToken": "2"})),
            (V2, true) => Answer::Json(json!({"items": [{"apiMappingKey": "e", "apiId": "x"}]})),
            (RULES, second) => {
                let id = if second { "r2" } else { "r1" };
                let rule = json!({"routingRuleId": id, "priority": 1, "actions": [{"invokeApi": {"apiId": "x", "stage": "s"}}]});
                Answer::Json(if second { json!({"routingRules": [rule]}) } else { json!({"routingRules": [rule], "nextToken": "2"}) })
            }
            _ => return None,
        })
    })
    .await;
    let paths: Vec<_> = inventory.domains[0].mappings.iter().map(|mapping| mapping.base_path.as_str()).collect();
    assert_eq!(paths, ["a", "b", "c/d", "e"]);
    assert_eq!(inventory.domains[0].rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["r1", "r2"]);
    assert_eq!(script.asked(V1)[0].query["limit"], "500");
}

#[tokio::test]
async fn a_private_domain_is_read_by_its_id() {
    let private = json!({"domainName": "api.example.com", "domainNameId": "abc123", "endpointConfiguration": {"types": ["PRIVATE"]}});
    let (inventory, script) = read("", move |asked| {
        (asked.path == "/domainnames").then(|| Answer::Json(json!({"item": [domain(""), private.clone()]})))
    })
    .await;
    assert_eq!(inventory.domains.len(), 2, "the public namesake too");
    assert_eq!(script.asked(V1)[1].query["domainNameId"], "abc123");
    assert_eq!(script.asked(V2).len(), 1, "v2's call knows no id: it would list the public one's");
}

#[tokio::test]
async fn one_domain_and_the_apis_behind_it() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/domainnames/*.example.com" => {
            Answer::Json(json!({"domainName": "*.example.com", "endpointConfiguration": {"types": ["EDGE"]}, "distributionDomainName": "x.cloudfront.net"}))
        }
        "/domainnames/*.example.com/basepathmappings" => v1(),
        "/v2/domainnames/*.example.com/apimappings" => v2(),
        "/restapis/a" => Answer::Json(json!({"id": "a", "name": "orders"})),
        "/restapis/new" => Answer::Error(500, "InternalError", "boom"),
        "/restapis/a/stages" => stages(&[("prod", "d1")]),
        "/restapis/a/deployments/d1" => deployment("d1", "/x"),
        "/restapis/a/gatewayresponses" | "/restapis/a/resources" => nothing(),
        _ => NOT_FOUND,
    })
    .await;
    let plane = script.plane();
    let inventory = discover(&plane, &Wanted::Domain("api.example.com".to_owned()), 0, None).await.unwrap();
    assert_eq!(inventory.domains[0].name, "*.example.com");
    assert_eq!(inventory.domains[0].target.as_deref(), Some("x.cloudfront.net"));
    // `http` is an HTTP API: mapped, and not one of ours.
    assert_eq!(inventory.apis.iter().map(|api| api.id.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(gaps(&inventory), [("api new", "GetRestApi failed at the endpoint 3 times: 500 InternalError, boom")]);
    assert_eq!(count(&plane, Operation::GetRestApis) + count(&plane, Operation::GetDomainNames), 0);
}
