//! A request as it came over the wire, and what is read of it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A request, its body read.
#[derive(Debug, Clone, Default)]
pub(super) struct Incoming {
    /// The verb of the request line.
    pub(super) verb: String,
    /// The host without port, in lower case.
    pub(super) host: String,
    /// The raw path.
    pub(super) path: String,
    /// The raw query.
    pub(super) query: Option<String>,
    /// All headers, names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// The body; `None` when it is longer than API Gateway takes.
    pub(super) body: Option<Vec<u8>>,
}

impl Incoming {
    /// The first value of a header; the name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The query's parameters, decoded, in their order.
    pub(super) fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        url::form_urlencoded::parse(self.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// The first value of a query parameter.
    pub(super) fn query_value(&self, name: &str) -> Option<String> {
        self.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The path with its query, as in the request line.
    pub(super) fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The path's segments, percent-decoded; empty ones left out. For the control plane, whose paths are identifiers.
    pub(super) fn decoded_segments(&self) -> Vec<String> {
        self.path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }

    /// Whether it has a body.
    pub(super) fn has_body(&self) -> bool {
        self.body.as_ref().is_none_or(|body| !body.is_empty())
    }
}

/// A `Host` without its port, in lower case; an IPv6 address keeps its brackets.
pub(super) fn host_name(host: &str) -> String {
    let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
    host[..end.unwrap_or(host.len())].to_ascii_lowercase()
}
