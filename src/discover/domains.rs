//! The custom domains: which base paths lead to which stages, and which rules come before them.
//!
//! v1's `GetBasePathMappings` and v2's `GetApiMappings` list the same thing, and only v2's is sure to have the
//! multi-level paths (facts B22). Both are read: an emulator may have only v1, a private domain is reached by its id, which
//! v2's call does not take. Where both have a base path, v2's entry stands.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::DomainName;
use aws_sdk_apigatewayv2::types::{ApiMapping, RoutingRule};

use super::apis::PAGE;
use super::control_plane::Session;
use super::failure::{CallError, Kind};
use super::pages::{self, End, Page};
use super::{Operation, convert, gap};
use crate::gateway::{Domain, Gap, Mapping, RoutingMode};

const CIRCLE: &str = "the endpoint repeats its pages: there may be more";

/// Every domain of the account in this region, and what could not be read of them.
pub(super) async fn read_all(session: Session<'_>) -> (Vec<Domain>, Vec<Gap>) {
    let (listed, end) = pages::read_all(
        // A private domain may have the name of a public one.
        |listed: &(String, DomainName)| Some(listed.0.as_str()),
        async |position| {
            let send = || session.v1().get_domain_names().limit(PAGE).set_position(position.clone()).send();
            let page = session.call(Operation::GetDomainNames, send).await?;
            let next = page.position().map(ToOwned::to_owned);
            let key = |domain: &DomainName| {
                format!("{}+{}", domain.domain_name().unwrap_or_default(), domain.domain_name_id().unwrap_or_default())
            };
            let items = page.items.unwrap_or_default().into_iter().map(|domain| (key(&domain), domain));
            Ok(Page { items: items.collect(), next })
        },
    )
    .await;
    let mut gaps: Vec<Gap> = match end {
        End::Complete => Vec::new(),
        End::Circle => vec![gap("custom domains", &CIRCLE)],
        End::Failed(error) => vec![gap("custom domains", &error)],
    };
    let mut domains = Vec::with_capacity(listed.len());
    for (_, listed) in listed {
        if let Some((domain, domain_gaps)) = read(session, listed).await {
            domains.push(domain);
            gaps.extend(domain_gaps);
        }
    }
    (domains, gaps)
}

/// The domain that serves a host: of exactly this name, or else the wildcard above it
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html>).
pub(super) async fn one(session: Session<'_>, host: &str) -> Result<DomainName, CallError> {
    let exact = by_name(session, host, None).await;
    match (exact, host.split_once('.')) {
        (Err(CallError { kind: Kind::NotFound, .. }), Some((first, rest))) if first != "*" && rest.contains('.') => {
            by_name(session, &format!("*.{rest}"), None).await
        }
        (exact, _) => exact,
    }
}

async fn by_name(session: Session<'_>, name: &str, id: Option<&str>) -> Result<DomainName, CallError> {
    let request = || session.v1().get_domain_name().domain_name(name).set_domain_name_id(id.map(ToOwned::to_owned));
    let found = session.call(Operation::GetDomainName, || request().send()).await?;
    if convert::filled(found.domain_name()).is_none() {
        return Err(CallError::foreign(Operation::GetDomainName, "200 with JSON, but no domain in it"));
    }
    let domain = DomainName::builder()
        .set_domain_name(found.domain_name)
        .set_domain_name_id(found.domain_name_id)
        .set_regional_domain_name(found.regional_domain_name)
        .set_distribution_domain_name(found.distribution_domain_name)
        .set_endpoint_configuration(found.endpoint_configuration)
        .set_mutual_tls_authentication(found.mutual_tls_authentication)
        .set_routing_mode(found.routing_mode);
    Ok(domain.build())
}

/// The APIs that a domain leads to, each once, in the order of its mappings and then its rules.
pub(super) fn apis_of(domain: &Domain) -> Vec<String> {
    let mut apis: Vec<String> = Vec::new();
    let ids = domain.mappings.iter().map(|mapping| &mapping.api).chain(domain.rules.iter().map(|rule| &rule.api));
    for id in ids {
        if !apis.contains(id) {
            apis.push(id.clone());
        }
    }
    apis
}

/// Fills in a domain that was listed. `None`: it has been deleted since.
pub(super) async fn read(session: Session<'_>, listed: DomainName) -> Option<(Domain, Vec<Gap>)> {
    let name = convert::filled(listed.domain_name())?.to_owned();
    let place = format!("domain {name}");
    let id = convert::filled(listed.domain_name_id());
    let endpoint = convert::endpoint(listed.endpoint_configuration());
    let mut gaps = Vec::new();

    let mode = listed.routing_mode().map(aws_sdk_apigateway::types::RoutingMode::as_str);
    let routing_mode = convert::routing_mode(mode).unwrap_or_else(|| {
        let mode = mode.unwrap_or_default();
        gaps.push(gap(
            format!("{place} routing mode"),
            &format!("`{mode}` is not known to this Gateprobe: read as rules before mappings"),
        ));
        RoutingMode::RulesThenMappings
    });

    let (mappings, v1_gap) = match mappings_v1(session, &name, id).await {
        (mappings, End::Complete) => (mappings, None),
        (mappings, End::Circle) => (mappings, Some(CIRCLE.to_owned())),
        (_, End::Failed(error)) if is_gone(session, &name, id, &error).await => return None,
        (mappings, End::Failed(error)) => (mappings, Some(error.to_string())),
    };
    let mut by_path: BTreeMap<String, Mapping> = BTreeMap::new();
    by_path.extend(mappings.into_iter().map(|mapping| (mapping.base_path.clone(), mapping)));
    // v2's call knows domains by name only, so for a private one it would list those of its public namesake.
    let v2 = if id.is_some() { None } else { Some(mappings_v2(session, &name).await) };
    let mapping_gap = match v2 {
        None => v1_gap,
        Some((mappings, end)) => {
            by_path.extend(mappings.into_iter().map(|mapping| (mapping.base_path.clone(), mapping)));
            match end {
                // v2's list has all that v1's has.
                End::Complete => None,
                End::Circle => Some(CIRCLE.to_owned()),
                End::Failed(error) if error.is_unsupported() && routing_mode == RoutingMode::Mappings => v1_gap,
                End::Failed(error) => Some(format!("those of several levels may be missing: {error}")),
            }
        }
    };
    gaps.extend(mapping_gap.map(|reason| gap(format!("{place} mappings"), &reason)));

    let mut rules = Vec::new();
    if routing_mode != RoutingMode::Mappings {
        let (read, end) = routing_rules(session, &name, id).await;
        for rule in &read {
            if let Some(rule) = convert::routing_rule(rule) {
                rules.push(rule);
                continue;
            }
            let place = format!("{place} routing rule {}", rule.routing_rule_id().unwrap_or_default());
            gaps.push(gap(place, &"its action or its conditions are of a kind that this Gateprobe does not know"));
        }
        rules.sort_by(|a, b| (a.priority, &a.id).cmp(&(b.priority, &b.id)));
        match end {
            End::Complete => {}
            End::Circle => gaps.push(gap(format!("{place} routing rules"), &CIRCLE)),
            End::Failed(error) => gaps.push(gap(format!("{place} routing rules"), &error)),
        }
    }

    let mutual_tls =
        listed.mutual_tls_authentication().and_then(|mutual| convert::filled(mutual.truststore_uri())).is_some();
    let target = convert::target(&listed, endpoint);
    let mappings = by_path.into_values().collect();
    Some((Domain { name, endpoint, target, routing_mode, mutual_tls, mappings, rules }, gaps))
}

/// Whether a 404 on something of a domain means that the domain has been deleted.
async fn is_gone(session: Session<'_>, name: &str, id: Option<&str>, error: &CallError) -> bool {
    if error.kind != Kind::NotFound {
        return false;
    }
    let gone = matches!(by_name(session, name, id).await, Err(CallError { kind: Kind::NotFound, .. }));
    if gone {
        tracing::debug!(domain = name, "deleted while it was being read");
    }
    gone
}

async fn mappings_v1(session: Session<'_>, name: &str, id: Option<&str>) -> (Vec<Mapping>, End) {
    pages::read_all(
        |mapping: &Mapping| Some(mapping.base_path.as_str()),
        async |position| {
            let request = || {
                let request = session.v1().get_base_path_mappings().domain_name(name).limit(PAGE);
                request.set_domain_name_id(id.map(ToOwned::to_owned)).set_position(position.clone())
            };
            let page = session.call(Operation::GetBasePathMappings, || request().send()).await?;
            let items = page.items().iter().filter_map(convert::mapping_v1).collect();
            Ok(Page { items, next: page.position().map(ToOwned::to_owned) })
        },
    )
    .await
}

/// `MaxResults` is left to AWS: its greatest value for this call is not documented.
async fn mappings_v2(session: Session<'_>, name: &str) -> (Vec<Mapping>, End) {
    let (mappings, end) = pages::read_all(
        |mapping: &ApiMapping| Some(mapping.api_mapping_key().unwrap_or_default()),
        async |position| {
            let request = || session.v2().get_api_mappings().domain_name(name).set_next_token(position.clone());
            let page = session.call(Operation::GetApiMappings, || request().send()).await?;
            let next = page.next_token().map(ToOwned::to_owned);
            Ok(Page { items: page.items.unwrap_or_default(), next })
        },
    )
    .await;
    (mappings.iter().filter_map(convert::mapping_v2).collect(), end)
}

async fn routing_rules(session: Session<'_>, name: &str, id: Option<&str>) -> (Vec<RoutingRule>, End) {
    pages::read_all(
        |rule: &RoutingRule| rule.routing_rule_id(),
        async |position| {
            let request = || {
                let request = session.v2().list_routing_rules().domain_name(name);
                request.set_domain_name_id(id.map(ToOwned::to_owned)).set_next_token(position.clone())
            };
            let page = session.call(Operation::ListRoutingRules, || request().send()).await?;
            let next = page.next_token().map(ToOwned::to_owned);
            Ok(Page { items: page.routing_rules.unwrap_or_default(), next })
        },
    )
    .await
}
