//! The best request that can be made for a method: the user's values, then the API's own examples, then values made up to
//! fit, then placeholders.

use std::collections::BTreeMap;

use super::Provenance;
use super::path::{self, Filling};
use crate::config::KnownGood;
use crate::gateway::{Interface, Place, Request, SampleSource, Segment, overrides_verb, segments};

/// Where the values of a request may come from, the best first.
#[derive(Clone, Copy)]
pub(super) struct Values<'c> {
    /// The user's request for this method.
    pub known: Option<&'c KnownGood>,
    /// The user's parameters for all methods, by name.
    pub parameters: &'c BTreeMap<String, String>,
    /// What the export says.
    pub interface: Option<&'c Interface>,
    /// Whether a body goes along where one is described.
    pub with_body: bool,
}

impl Values<'_> {
    /// A parameter's value.
    pub(super) fn of(&self, place: Place, name: &str) -> Option<(&str, Provenance)> {
        let known = self.known.and_then(|known| match place {
            Place::Path => known.parameters.get(name),
            Place::Query => known.query.get(name),
            Place::Header => {
                known.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
        });
        if let Some(value) = known.or_else(|| self.parameters.get(name)) {
            return Some((value, Provenance::Config));
        }
        let mut declared = self.interface.into_iter().flat_map(|interface| &interface.parameters);
        let declared = declared.find(|parameter| parameter.place == place && parameter.name == name)?;
        let sample = declared.sample.as_ref().ok()?;
        Some((&sample.value, provenance(sample.from)))
    }

    /// The paths to try, the best first: with every value that is known, then with placeholders alone, for a value may
    /// meet a literal sibling.
    pub(super) fn paths(&self, resource: &str) -> Vec<Filling> {
        path::fillings(resource, |name| self.of(Place::Path, name))
    }

    /// The paths to try for a request that is to be refused, and that needs no good values: with placeholders before any
    /// value, and of values only those that are written in a URL as they are.
    pub(super) fn plain_paths(&self, resource: &str) -> Vec<Filling> {
        path::plain_fillings(resource, |name| self.of(Place::Path, name))
    }

    /// The parameters of a path whose best value is one that nobody named: made up to a schema, or a placeholder.
    pub(super) fn made_up(&self, resource: &str) -> Vec<String> {
        let declared = self.interface.map_or(&[][..], |interface| &interface.parameters);
        let stated = |name: &str| match self.of(Place::Path, name) {
            // A default or one of an enumeration is the API's own word.
            Some((_, Provenance::Schema)) => {
                let declared = declared.iter().find(|known| known.place == Place::Path && known.name == name);
                let sample = declared.and_then(|declared| declared.sample.as_ref().ok());
                sample.is_some_and(|sample| sample.from != SampleSource::Schema)
            }
            found => found.is_some(),
        };
        let names = segments(resource).filter_map(|segment| match Segment::parse(segment) {
            Segment::Literal(_) => None,
            Segment::Parameter(name) | Segment::Greedy(name) => Some(name),
        });
        names.filter(|name| !stated(name)).map(str::to_owned).collect()
    }

    /// Puts query, headers and body on a request, and says of what kind its values are.
    pub(super) fn dress(&self, request: &mut Request, path: Provenance) -> Provenance {
        let mut provenance = path;
        for parameter in self.interface.into_iter().flat_map(|interface| &interface.parameters) {
            if !parameter.required || parameter.place == Place::Path || is_credential(&parameter.name) {
                continue;
            }
            let Some((value, from)) = self.of(parameter.place, &parameter.name) else {
                provenance = provenance.max(Provenance::Placeholder);
                continue;
            };
            provenance = provenance.max(from);
            match parameter.place {
                Place::Query => {
                    request.url.query_pairs_mut().append_pair(&parameter.name, value);
                }
                Place::Header => {
                    if value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                        request.headers.push((parameter.name.clone(), value.to_owned()));
                    }
                }
                Place::Path => {}
            }
        }
        if let Some(known) = self.known {
            self.add_known(request, known);
            provenance = provenance.max(Provenance::Config);
        }
        if let Some(from) = self.body(request) {
            provenance = provenance.max(from);
        }
        // What is the user's whole request is the user's, whatever an optional value beside it may be.
        provenance
    }

    fn add_known(&self, request: &mut Request, known: &KnownGood) {
        let required = |place: Place, name: &str| {
            self.interface.is_some_and(|interface| {
                interface.parameters.iter().any(|parameter| {
                    parameter.required && parameter.place == place && parameter.name.eq_ignore_ascii_case(name)
                })
            })
        };
        for (name, value) in known.query.iter().filter(|(name, _)| !required(Place::Query, name)) {
            request.url.query_pairs_mut().append_pair(name, value);
        }
        for (name, value) in known.headers.iter().filter(|(name, _)| !required(Place::Header, name)) {
            request.headers.push((name.clone(), value.clone()));
        }
    }

    fn body(&self, request: &mut Request) -> Option<Provenance> {
        let described = self.interface.and_then(|interface| interface.body.as_ref());
        let (body, kind, from) = match (self.known.and_then(|known| known.body.as_ref()), described) {
            (Some(body), _) => {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok();
                (body, if json { "application/json" } else { "text/plain" }, Provenance::Config)
            }
            (None, Some(described)) if self.with_body => {
                let sample = described.sample.as_ref().ok()?;
                (&sample.value, described.content_type.as_str(), provenance(sample.from))
            }
            _ => return None,
        };
        // What no header can hold is the type of no body that could be sent.
        if !kind.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return None;
        }
        request.body = Some(body.clone());
        if request.header("content-type").is_none() {
            request.headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        Some(from)
    }
}

/// A made-up value in one of these would be taken for a credential and refused as such, lead elsewhere, or have API
/// Gateway or the backend take the request for one of another verb.
pub(super) fn is_credential(name: &str) -> bool {
    overrides_verb(name)
        || ["authorization", "x-api-key", "x-amz-security-token", "x-amz-date", "host"]
            .iter()
            .any(|credential| name.eq_ignore_ascii_case(credential))
}

fn provenance(from: SampleSource) -> Provenance {
    match from {
        SampleSource::Example => Provenance::Example,
        SampleSource::Default | SampleSource::Enum | SampleSource::Schema => Provenance::Schema,
    }
}
