//! From the SDK's types to `gateway`'s nouns. Pure.
//!
//! Where AWS leaves a field out, MiniStack sends an empty string: both are `None` here.

use std::collections::HashMap;

use aws_sdk_apigateway::primitives::DateTime;
use aws_sdk_apigateway::types as v1;
use aws_sdk_apigatewayv2::types as v2;

use crate::gateway::{
    Authorization, Canary, EndpointType, GatewayResponse, HeaderGlob, Mapping, Method, RoutingMode, RoutingRule, Stage,
    Tree, Verb,
};

/// A text that is really there.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn owned(text: Option<&str>) -> Option<String> {
    filled(text).map(ToOwned::to_owned)
}

fn seconds(date: Option<&DateTime>) -> Option<i64> {
    date.map(DateTime::secs)
}

/// The endpoint's type. While an API or a domain is moved from edge to regional it has both, and then the regional one
/// is the one to come (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-api-migration.html>).
pub(super) fn endpoint(configuration: Option<&v1::EndpointConfiguration>) -> EndpointType {
    let types = configuration.map(v1::EndpointConfiguration::types).unwrap_or_default();
    if types.contains(&v1::EndpointType::Private) {
        EndpointType::Private
    } else if types.contains(&v1::EndpointType::Edge) && !types.contains(&v1::EndpointType::Regional) {
        EndpointType::Edge
    } else {
        EndpointType::Regional
    }
}

/// A stage; `None` for one without a name, which has no URL.
pub(super) fn stage(stage: &v1::Stage) -> Option<Stage> {
    let canary = stage.canary_settings().and_then(|canary| {
        Some(Canary { deployment: owned(canary.deployment_id())?, percent: canary.percent_traffic() })
    });
    Some(Stage {
        name: owned(stage.stage_name())?,
        deployment: owned(stage.deployment_id()),
        canary,
        updated_at: seconds(stage.last_updated_date()),
        web_acl: owned(stage.web_acl_arn()),
    })
}

/// A gateway response, if it is customised. `GetGatewayResponses` lists all 21 kinds and marks those that nobody has
/// touched with `defaultResponse`.
pub(super) fn gateway_response(response: &v1::GatewayResponse) -> Option<GatewayResponse> {
    if response.default_response() {
        return None;
    }
    let templates = response.response_templates().into_iter().flatten();
    Some(GatewayResponse {
        kind: response.response_type()?.as_str().to_owned(),
        status: response.status_code().and_then(|status| status.parse().ok()),
        templates: templates.map(|(kind, template)| (kind.clone(), template.clone())).collect(),
    })
}

/// A tree, and those methods, as `TRACE /x`, that a REST API cannot have as far as this Gateprobe knows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Methods {
    pub(super) tree: Tree,
    pub(super) unknown: Vec<String>,
}

impl Methods {
    pub(super) fn add(&mut self, path: &str, verb: &str, authorization: Option<&str>, api_key_required: bool) {
        match verb.parse::<Verb>() {
            Ok(verb) => {
                let authorization = filled(authorization).and_then(Authorization::from_aws);
                self.tree.insert(path, verb, Method { authorization, api_key_required, interface: None });
            }
            Err(_) => self.unknown.push(format!("{verb} {path}")),
        }
    }
}

/// The tree of an API summary: resource path, verb, snapshot of the method.
pub(super) fn api_summary(summary: &HashMap<String, HashMap<String, v1::MethodSnapshot>>) -> Methods {
    let mut methods = Methods::default();
    for (path, verbs) in summary {
        methods.tree.0.entry(path.clone()).or_default();
        for (verb, snapshot) in verbs {
            methods.add(path, verb, snapshot.authorization_type(), snapshot.api_key_required());
        }
    }
    methods.unknown.sort();
    methods
}

/// The tree of the editor's resources.
pub(super) fn resources(resources: &[v1::Resource]) -> Methods {
    let mut methods = Methods::default();
    for resource in resources {
        let Some(path) = filled(resource.path()) else { continue };
        methods.tree.0.entry(path.to_owned()).or_default();
        for (verb, method) in resource.resource_methods().into_iter().flatten() {
            let key = method.api_key_required().unwrap_or_default();
            methods.add(path, verb, method.authorization_type(), key);
        }
    }
    methods.unknown.sort();
    methods
}

/// A domain's routing mode by either API's name of it; `None` for one that this Gateprobe does not know.
pub(super) fn routing_mode(mode: Option<&str>) -> Option<RoutingMode> {
    match filled(mode) {
        // LocalStack has none: it knows mappings only.
        None | Some("BASE_PATH_MAPPING_ONLY" | "API_MAPPING_ONLY") => Some(RoutingMode::Mappings),
        Some("ROUTING_RULE_ONLY") => Some(RoutingMode::Rules),
        Some("ROUTING_RULE_THEN_BASE_PATH_MAPPING" | "ROUTING_RULE_THEN_API_MAPPING") => {
            Some(RoutingMode::RulesThenMappings)
        }
        Some(_) => None,
    }
}

/// The host that a domain's DNS record should lead to.
pub(super) fn target(domain: &v1::DomainName, endpoint: EndpointType) -> Option<String> {
    // MiniStack fills both whatever the type, so the type decides first.
    let (regional, edge) = (filled(domain.regional_domain_name()), filled(domain.distribution_domain_name()));
    match endpoint {
        EndpointType::Edge => edge.or(regional),
        EndpointType::Regional | EndpointType::Private => regional.or(edge),
    }
    .map(ToOwned::to_owned)
}

/// A base path without `(none)` (v1's word for the root, facts B22) and without slashes at its ends.
fn base_path(path: Option<&str>) -> String {
    match path.unwrap_or_default().trim_matches('/') {
        "(none)" => String::new(),
        path => path.to_owned(),
    }
}

/// A mapping as v1 lists it.
pub(super) fn mapping_v1(mapping: &v1::BasePathMapping) -> Option<Mapping> {
    Some(Mapping {
        base_path: base_path(mapping.base_path()),
        api: owned(mapping.rest_api_id())?,
        stage: owned(mapping.stage()),
    })
}

/// A mapping as v2 lists it.
pub(super) fn mapping_v2(mapping: &v2::ApiMapping) -> Option<Mapping> {
    Some(Mapping {
        base_path: base_path(mapping.api_mapping_key()),
        api: owned(mapping.api_id())?,
        stage: owned(mapping.stage()),
    })
}

/// A routing rule. `None` for one that the model has no place for: an action other than to invoke an API's stage, or two
/// conditions on base paths, which would both have to hold. AWS's console offers neither.
pub(super) fn routing_rule(rule: &v2::RoutingRule) -> Option<RoutingRule> {
    let invoke = rule.actions().iter().find_map(v2::RoutingRuleAction::invoke_api)?;
    let mut converted = RoutingRule {
        id: rule.routing_rule_id().unwrap_or_default().to_owned(),
        priority: rule.priority()?,
        base_paths: Vec::new(),
        headers: Vec::new(),
        api: owned(invoke.api_id())?,
        stage: owned(invoke.stage())?,
        strip_base_path: invoke.strip_base_path().unwrap_or_default(),
    };
    if rule.conditions().iter().filter(|condition| condition.match_base_paths().is_some()).count() > 1 {
        return None;
    }
    for condition in rule.conditions() {
        let paths = condition.match_base_paths().map(v2::RoutingRuleMatchBasePaths::any_of).unwrap_or_default();
        converted.base_paths.extend(paths.iter().map(|path| base_path(Some(path))));
        let headers = condition.match_headers().map(v2::RoutingRuleMatchHeaders::any_of).unwrap_or_default();
        let group: Vec<HeaderGlob> = headers
            .iter()
            .map(|header| HeaderGlob {
                header: header.header().unwrap_or_default().to_owned(),
                value: header.value_glob().unwrap_or_default().to_owned(),
            })
            .collect();
        if !group.is_empty() {
            converted.headers.push(group);
        }
    }
    Some(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(types: &[v1::EndpointType]) -> EndpointType {
        endpoint(Some(&v1::EndpointConfiguration::builder().set_types(Some(types.to_vec())).build()))
    }

    #[test]
    fn endpoint_types() {
        use v1::EndpointType as Aws;
        assert_eq!(endpoint(None), EndpointType::Regional);
        assert_eq!(types(&[Aws::Edge]), EndpointType::Edge);
        assert_eq!(types(&[Aws::Regional]), EndpointType::Regional);
        assert_eq!(types(&[Aws::Private]), EndpointType::Private);
        assert_eq!(types(&[Aws::Edge, Aws::Regional]), EndpointType::Regional);
        assert_eq!(types(&["NEW".into()]), EndpointType::Regional);
    }

    #[test]
    fn a_domains_target_is_of_its_type() {
        let both = v1::DomainName::builder().regional_domain_name("r").distribution_domain_name("d").build();
        assert_eq!(target(&both, EndpointType::Regional).as_deref(), Some("r"));
        assert_eq!(target(&both, EndpointType::Edge).as_deref(), Some("d"));
        let blank = v1::DomainName::builder().regional_domain_name("").distribution_domain_name("d").build();
        assert_eq!(target(&blank, EndpointType::Private).as_deref(), Some("d"));
        assert_eq!(target(&v1::DomainName::builder().build(), EndpointType::Edge), None);
    }

    #[test]
    fn base_paths_lose_their_word_for_the_root_and_their_slashes() {
        for (aws, ours) in [(None, ""), (Some("(none)"), ""), (Some(""), ""), (Some("/a/b/"), "a/b"), (Some("a"), "a")]
        {
            assert_eq!(base_path(aws), ours);
        }
    }

    #[test]
    fn a_rule_that_the_model_has_no_place_for_is_none() {
        let paths = || v2::RoutingRuleMatchBasePaths::builder().any_of("a").build();
        let condition = || v2::RoutingRuleCondition::builder().match_base_paths(paths()).build();
        let invoke = v2::RoutingRuleActionInvokeApi::builder().api_id("x").stage("s").build();
        let action = v2::RoutingRuleAction::builder().invoke_api(invoke).build();
        let rule = || v2::RoutingRule::builder().priority(1).actions(action.clone()).conditions(condition());
        assert_eq!(routing_rule(&rule().build()).unwrap().base_paths, ["a"]);
        assert_eq!(routing_rule(&rule().conditions(condition()).build()), None);
        assert_eq!(routing_rule(&v2::RoutingRule::builder().priority(1).build()), None);
    }
}
