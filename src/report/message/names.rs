//! What incidents and their members are called.

use std::collections::BTreeMap;

use crate::remember::{Incident, Scope, StageSeen, SubjectId};
use crate::report::page::words;
use crate::report::safe::url;

/// An API as people know it: by its name, else by its id.
pub(in crate::report) fn api(id: &str, apis: &BTreeMap<String, String>) -> String {
    let name = apis.get(id).map(|name| words(name)).unwrap_or_default();
    if name.trim().is_empty() { words(id) } else { name }
}

/// `shop/prod, /orders and below`.
pub(in crate::report) fn title(incident: &Incident) -> String {
    let apis = &incident.apis;
    match &incident.scope {
        Scope::Domain { host } => words(host),
        Scope::Api { api: id } => format!("API {}", api(id, apis)),
        Scope::Stage { api: id, stage } => format!("{}/{}", api(id, apis), words(stage)),
        Scope::Subtree { api: id, stage, path } => {
            format!("{}/{}, {} and below", api(id, apis), words(stage), words(path))
        }
        Scope::One { subject } => in_full(subject, apis),
    }
}

/// `shop/prod /orders`: as short as it can be without being another.
pub(in crate::report) fn short(incident: &Incident) -> String {
    match &incident.scope {
        Scope::Subtree { api: id, stage, path } => {
            format!("{}/{} {}", api(id, &incident.apis), words(stage), words(path))
        }
        Scope::One { subject: SubjectId::Contract { verb, url: address, .. } } => {
            let address = url(address);
            let address = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
            format!("{} {}", words(verb), words(address))
        }
        _ => title(incident),
    }
}

/// A subject by itself: `GET /orders`, or `GET https://api.example.com/orders`.
pub(in crate::report) fn subject(subject: &SubjectId) -> String {
    match subject {
        SubjectId::Method { resource, verb, .. } => format!("{verb} {}", words(resource)),
        SubjectId::Contract { verb, url: address, .. } => format!("{} {}", words(verb), words(&url(address))),
    }
}

/// A subject and whose it is: `shop/prod GET /orders`. A URL says that itself.
fn in_full(one: &SubjectId, apis: &BTreeMap<String, String>) -> String {
    match one {
        SubjectId::Method { api: id, stage, .. } => format!("{}/{} {}", api(id, apis), words(stage), subject(one)),
        SubjectId::Contract { .. } => subject(one),
    }
}

/// A member in the list of an incident, whose name says the rest.
pub(in crate::report) fn member(one: &SubjectId, incident: &Incident) -> String {
    match incident.scope {
        Scope::Domain { .. } | Scope::Api { .. } => in_full(one, &incident.apis),
        _ => subject(one),
    }
}

/// `shop/prod`.
pub(in crate::report) fn stage(seen: &StageSeen) -> String {
    let name = if seen.api_name.trim().is_empty() { &seen.api } else { &seen.api_name };
    format!("{}/{}", words(name), words(&seen.stage))
}

/// `1 route`, `12 routes`.
pub(in crate::report) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
