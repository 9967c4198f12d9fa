//! Custom domain names, base path mappings (v1), API mappings and routing rules (v2).

use serde_json::{Value, json};

use super::rest_apis::endpoint_type;
use super::{Failure, paging};
use crate::gateway::{Domain, Mapping, RoutingMode, RoutingRule};
use crate::simulator::account::Account;
use crate::simulator::request::Incoming;

/// The domain of this name.
pub(super) fn find<'a>(account: &'a Account, name: &str) -> Result<&'a Domain, Failure> {
    let found = account.domains.iter().find(|domain| domain.name == name);
    found.ok_or_else(|| Failure::not_found("Invalid domain name identifier specified"))
}

/// GetDomainNames.
pub(super) fn list(account: &Account, request: &Incoming) -> Result<Value, Failure> {
    paging::v1(account.domains.iter().map(|domain| describe(account, domain)).collect(), request)
}

/// GetDomainName.
pub(super) fn describe(account: &Account, domain: &Domain) -> Value {
    // The v1 spelling of the modes (facts B23).
    let mode = match domain.routing_mode {
        RoutingMode::Mappings => "BASE_PATH_MAPPING_ONLY",
        RoutingMode::Rules => "ROUTING_RULE_ONLY",
        RoutingMode::RulesThenMappings => "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
    };
    let mut value = json!({
        "domainName": domain.name,
        "domainNameArn": format!("arn:aws:apigateway:{}::/domainnames/{}", account.region, domain.name),
        "endpointConfiguration": { "types": [endpoint_type(domain.endpoint)], "ipAddressType": "ipv4" },
        "domainNameStatus": "AVAILABLE",
        "securityPolicy": "TLS_1_2",
        "routingMode": mode,
    });
    if let Some(target) = &domain.target {
        // An edge domain has a distribution, a regional one a regional domain name.
        let key = match domain.endpoint {
            crate::gateway::EndpointType::Edge => "distributionDomainName",
            _ => "regionalDomainName",
        };
        value[key] = json!(target);
    }
    if domain.mutual_tls {
        value["mutualTlsAuthentication"] = json!({ "truststoreUri": "s3://truststore/ca.pem" });
    }
    value
}

/// GetBasePathMappings: `(none)` for the empty base path; multi-level ones only in v2 (facts B22).
pub(super) fn base_path_mappings(domain: &Domain, request: &Incoming) -> Result<Value, Failure> {
    let describe = |mapping: &Mapping| {
        let base_path = if mapping.base_path.is_empty() { "(none)" } else { &mapping.base_path };
        let mut value = json!({ "basePath": base_path, "restApiId": mapping.api });
        if let Some(stage) = &mapping.stage {
            value["stage"] = json!(stage);
        }
        value
    };
    let single = domain.mappings.iter().filter(|mapping| !mapping.base_path.contains('/'));
    paging::v1(single.map(describe).collect(), request)
}

/// v2's GetApiMappings: all levels; the empty base path is the empty key.
pub(super) fn api_mappings(domain: &Domain, request: &Incoming) -> Result<Value, Failure> {
    let describe = |(index, mapping): (usize, &Mapping)| {
        json!({
            "apiId": mapping.api,
            "apiMappingId": format!("map{index:03}"),
            "apiMappingKey": mapping.base_path,
            "stage": mapping.stage.as_deref().unwrap_or_default(),
        })
    };
    paging::v2(domain.mappings.iter().enumerate().map(describe).collect(), request, "items")
}

/// v2's ListRoutingRules.
pub(super) fn routing_rules(account: &Account, domain: &Domain, request: &Incoming) -> Result<Value, Failure> {
    let describe = |rule: &RoutingRule| {
        let mut conditions = Vec::new();
        if !rule.base_paths.is_empty() {
            conditions.push(json!({ "matchBasePaths": { "anyOf": rule.base_paths } }));
        }
        for group in &rule.headers {
            let any_of: Vec<Value> =
                group.iter().map(|glob| json!({ "header": glob.header, "valueGlob": glob.value })).collect();
            conditions.push(json!({ "matchHeaders": { "anyOf": any_of } }));
        }
        json!({
            "routingRuleId": rule.id,
            "routingRuleArn": format!(
                "arn:aws:apigateway:{}:{}:/domainnames/{}/routingrules/{}",
                account.region, account.number, domain.name, rule.id
            ),
            "priority": rule.priority,
            "conditions": conditions,
            "actions": [{ "invokeApi": {
                "apiId": rule.api,
                "stage": rule.stage,
                "stripBasePath": rule.strip_base_path,
            } }],
        })
    };
    paging::v2(domain.rules.iter().map(describe).collect(), request, "routingRules")
}
