//! Corrected requests, each checked against the router before it is offered.

use std::ops::Range;

use url::Url;

use super::Suggestion;
use crate::gateway::{Address, Api, DomainRoute, Match, Request, Stage, Verb, World};

/// At most this many are offered.
pub(super) const MOST: usize = 3;

/// API Gateway takes URLs of up to 10,240 characters (facts B10), so nothing much longer is worth correcting.
const LONGEST_URL: usize = 16 * 1024;

/// Whether no correction of this URL can reach a method, for its length alone.
pub(super) fn is_too_long(url: &str) -> bool {
    url.len() > LONGEST_URL
}

/// The method that a request reaches by the model, if everything that decides it was read.
pub(super) fn reaches<'w>(world: &'w World, request: &Request) -> Option<(&'w Api, &'w Stage, Match<'w>)> {
    let address = world.locate(request);
    if matches!(&address, Address::Endpoint(endpoint) if endpoint.api.is_some_and(|api| api.default_endpoint_disabled))
        || matches!(&address, Address::Domain(domain) if matches!(domain.route, DomainRoute::Reserved))
    {
        return None;
    }
    let (api, stage) = address.stage()?;
    let path = request.url.as_str().get(address.path_at()?)?;
    let hit = world.stage_router(api, stage)?.route(Verb::of_request(&request.method)?, path)?;
    Some((api, stage, hit))
}

/// The header that changes the verb that API Gateway routes by.
const OVERRIDE: &str = "x-http-method-override";

/// Offers a corrected URL if the router says that it reaches a method.
pub(super) fn offer(world: &World, request: &Request, method: &str, url: &str, why: String) -> Option<Suggestion> {
    let mut url = Url::parse(Some(url).filter(|url| !is_too_long(url))?).ok()?;
    // It is never sent.
    url.set_fragment(None);
    // The verb of a correction is the one that it says, so that no header may change it.
    let (out, headers): (Vec<_>, Vec<_>) =
        request.headers.iter().cloned().partition(|(name, _)| name.eq_ignore_ascii_case(OVERRIDE));
    let corrected = Request { method: method.to_owned(), url, headers, body: None };
    offered(world, corrected, out.into_iter().map(|(name, _)| name).collect(), why)
}

/// Offers the same request without some of its headers if the router says that it then reaches a method.
pub(super) fn offer_without(world: &World, request: &Request, names: &[&str], why: String) -> Option<Suggestion> {
    let left_out = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let (out, headers): (Vec<_>, Vec<_>) = request.headers.iter().cloned().partition(|(name, _)| left_out(name));
    let without: Vec<String> = out.into_iter().map(|(name, _)| name).collect();
    if without.is_empty() {
        return None;
    }
    let corrected = Request { method: request.method.clone(), url: request.url.clone(), headers, body: None };
    offered(world, corrected, without, why)
}

fn offered(world: &World, corrected: Request, without: Vec<String>, why: String) -> Option<Suggestion> {
    let (api, stage, hit) = reaches(world, &corrected)?;
    Some(Suggestion {
        reaches: format!("{} {} of stage {} ({})", hit.verb, hit.resource, stage.name, api.name),
        method: corrected.method,
        url: corrected.url.into(),
        without,
        why,
    })
}

/// The request's URL with one part replaced; empty, and so no URL, where it is too long to be offered.
pub(super) fn replaced(request: &Request, at: Range<usize>, with: &str) -> String {
    let url = request.url.as_str();
    if is_too_long(url) {
        return String::new();
    }
    format!("{}{with}{}", url.get(..at.start).unwrap_or(url), url.get(at.end..).unwrap_or(""))
}

/// Where the n-th segment of a path stands, as a range of the URL's text, without its slash; the whole path where it
/// has fewer segments.
pub(super) fn segment_at(url: &str, path_at: &Range<usize>, index: usize) -> Range<usize> {
    let Some(path) = url.get(path_at.clone()) else { return path_at.clone() };
    let mut start = path_at.start + usize::from(path.starts_with('/'));
    for (position, segment) in path.strip_prefix('/').unwrap_or(path).split('/').enumerate() {
        if position == index && !segment.is_empty() {
            return start..start + segment.len();
        }
        start += segment.len() + 1;
    }
    path_at.clone()
}
