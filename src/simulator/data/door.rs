//! Which stage a request's host and path lead to.

use crate::gateway::{Domain, EndpointType, HeaderGlob, Mapping, Protocol, RoutingMode, RoutingRule};
use crate::simulator::account::Account;
use crate::simulator::api::{Api, Stage};
use crate::simulator::request::Incoming;

/// Where a request arrives.
#[derive(Debug)]
pub(super) enum Door<'a> {
    /// At a stage, with the path that is left for routing.
    Stage {
        /// Its API.
        api: &'a Api,
        /// The stage.
        stage: &'a Stage,
        /// The raw path after stage or base path.
        path: &'a str,
        /// Whether AWS's CloudFront stands in front.
        edge: bool,
        /// Whether it came by the API's own host, not by a custom domain.
        default_endpoint: bool,
    },
    /// 403 Forbidden: no such stage (facts A1), no mapping (A4).
    Refused,
    /// At an HTTP API that has no stage for it, or that is of another account.
    HttpApi,
    /// At API Gateway's own health check.
    HealthCheck,
    /// Nowhere: the name does not resolve (facts A0).
    Nobody,
}

/// Whether host and path are the data plane's: an `execute-api` host, a name that is no address, or the emulators'
/// `_user_request_` path.
pub(super) fn is_data_plane(host: &str, path: &str) -> bool {
    let bare = host.is_empty()
        || host == "localhost"
        || host.starts_with("apigateway.")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    !bare || user_request(path).is_some()
}

/// Finds the door.
pub(super) fn open<'a>(account: &'a Account, request: &'a Incoming) -> Door<'a> {
    if let Some(id) = default_host(account, &request.host) {
        return default_endpoint(account, id, &request.path);
    }
    if let Some(domain) = domain(account, &request.host) {
        return custom_domain(account, domain, request);
    }
    match user_request(&request.path) {
        Some((id, stage, rest)) => match reachable(account, id) {
            // The emulators have REST APIs alone there.
            Ok(api) if api.protocol != Protocol::Rest => Door::Nobody,
            Ok(api) => at_stage(api, stage, rest),
            Err(door) => door,
        },
        None => Door::Nobody,
    }
}

/// The API id of `{id}.execute-api.{region}.{suffix}` or `{id}.execute-api.{suffix}`. A host of another region is none
/// of ours.
fn default_host<'h>(account: &Account, host: &'h str) -> Option<&'h str> {
    let (id, rest) = host.split_once(".execute-api.")?;
    let first = rest.split('.').next().unwrap_or_default();
    // A region has the shape of `us-east-1`; a suffix, `localhost` or `amazonaws`, has not.
    let is_region = first.contains('-');
    // An emptied id finds no API: that region has an account of its own.
    Some(if is_region && first != account.region { "" } else { id })
}

fn default_endpoint<'a>(account: &'a Account, id: &str, path: &'a str) -> Door<'a> {
    let (stage, rest) = first_segment(path);
    match reachable(account, id) {
        Ok(api) if api.protocol == Protocol::Http => match super::http::stage(api, path) {
            Some((stage, path)) => Door::Stage { api, stage, path, edge: false, default_endpoint: true },
            None => Door::HttpApi,
        },
        // What a WebSocket API answers to a request that is no handshake is [U].
        Ok(api) if api.protocol == Protocol::WebSocket => Door::Refused,
        Ok(api) => at_stage(api, stage, rest),
        Err(door) => door,
    }
}

/// The API behind an execute-api name, if callers can get there (facts A0, B19).
fn reachable<'a>(account: &'a Account, id: &str) -> Result<&'a Api, Door<'a>> {
    match account.find_api(id).filter(|api| !api.vanishing) {
        Some(api) if (api.endpoint == EndpointType::Private) == account.inside_vpc => Ok(api),
        // From inside a VPC every execute-api name leads to its endpoint, which has only private APIs.
        _ if account.inside_vpc => Err(Door::Refused),
        _ => Err(Door::Nobody),
    }
}

fn at_stage<'a>(api: &'a Api, stage: &str, path: &'a str) -> Door<'a> {
    match api.stage_named(stage) {
        Some(stage) => {
            Door::Stage { api, stage, path, edge: api.endpoint == EndpointType::Edge, default_endpoint: true }
        }
        None => Door::Refused,
    }
}

/// The exact name, else the longest wildcard.
fn domain<'a>(account: &'a Account, host: &str) -> Option<&'a Domain> {
    let wildcard = |domain: &&Domain| {
        domain.name.strip_prefix('*').is_some_and(|tail| host.len() > tail.len() && host.ends_with(tail))
    };
    account
        .domains
        .iter()
        .find(|domain| domain.name.eq_ignore_ascii_case(host))
        .or_else(|| account.domains.iter().filter(wildcard).max_by_key(|domain| domain.name.len()))
}

fn custom_domain<'a>(account: &'a Account, domain: &'a Domain, request: &'a Incoming) -> Door<'a> {
    // A trusted client certificate cannot be shown without TLS (facts A4, mutual TLS [U]).
    if domain.mutual_tls {
        return Door::Refused;
    }
    // Facts B9.
    if matches!(request.path.as_str(), "/ping" | "/sping") {
        return Door::HealthCheck;
    }
    let segments = segments(&request.path);
    if domain.routing_mode != RoutingMode::Mappings {
        let mut rules: Vec<&RoutingRule> = domain.rules.iter().collect();
        rules.sort_by_key(|rule| rule.priority);
        if let Some((rule, base)) = rules.into_iter().find_map(|rule| Some((rule, matches(rule, &segments, request)?)))
        {
            let depth = if rule.strip_base_path { base } else { 0 };
            return mapped(account, domain, &rule.api, Some(&rule.stage), request, depth);
        }
    }
    if domain.routing_mode == RoutingMode::Rules {
        return Door::Refused;
    }
    // Facts B22: the longest mapping path wins, decided on mapping paths alone; `(none)` last.
    let depth = |mapping: &Mapping| prefix_length(&mapping.base_path, &segments);
    let longest = domain.mappings.iter().filter_map(|m| Some((depth(m)?, m))).max_by_key(|(depth, _)| *depth);
    match longest {
        Some((depth, mapping)) => mapped(account, domain, &mapping.api, mapping.stage.as_deref(), request, depth),
        None => Door::Refused,
    }
}

/// At the stage that a mapping or a rule names, `depth` segments of the path used up.
fn mapped<'a>(
    account: &'a Account,
    domain: &Domain,
    api: &str,
    stage: Option<&str>,
    request: &'a Incoming,
    depth: usize,
) -> Door<'a> {
    let Some(api) = account.find_api(api) else { return Door::HttpApi };
    let mut rest = request.path.as_str();
    for _ in 0..depth {
        rest = first_segment(rest).1;
    }
    // Facts B22 [U]: without a stage in the mapping, the caller names it next.
    let (stage, rest) = stage.map_or_else(|| first_segment(rest), |stage| (stage, rest));
    match api.stage_named(stage).filter(|_| !api.vanishing) {
        Some(stage) => {
            Door::Stage { api, stage, path: rest, edge: domain.endpoint == EndpointType::Edge, default_endpoint: false }
        }
        None => Door::Refused,
    }
}

/// How many segments of the path a rule's base path takes, if the rule matches (facts B23). The longest of several.
fn matches(rule: &RoutingRule, segments: &[&str], request: &Incoming) -> Option<usize> {
    let headers_match = rule.headers.iter().all(|any_of| any_of.iter().any(|glob| glob_matches(glob, request)));
    if !headers_match {
        return None;
    }
    if rule.base_paths.is_empty() {
        return Some(0);
    }
    rule.base_paths.iter().filter_map(|base| prefix_length(base, segments)).max()
}

fn glob_matches(glob: &HeaderGlob, request: &Incoming) -> bool {
    let Some(value) = request.header(&glob.header.to_ascii_lowercase()) else { return false };
    let pattern = glob.value.as_str();
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(tail), Some(_)) => value.contains(tail.trim_end_matches('*')),
        (Some(tail), None) => value.ends_with(tail),
        (None, Some(head)) => value.starts_with(head),
        (None, None) => value == pattern,
    }
}

/// How many segments `base` takes at the start of the path; `None` when it does not stand there. Case matters.
fn prefix_length(base: &str, path: &[&str]) -> Option<usize> {
    let base = segments(base);
    path.starts_with(&base).then_some(base.len())
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// The first segment, and the rest from its slash on.
pub(super) fn first_segment(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_at(path.find('/').unwrap_or(path.len()))
}

/// The API, stage and path of `/restapis/{api}/{stage}/_user_request_/{path}`, as the emulators have it.
pub(super) fn user_request(path: &str) -> Option<(&str, &str, &str)> {
    let (api, rest) = path.strip_prefix("/restapis/")?.split_once('/')?;
    let (stage, rest) = rest.split_once('/')?;
    let rest = rest.strip_prefix("_user_request_")?;
    (rest.is_empty() || rest.starts_with('/')).then_some((api, stage, rest))
}
