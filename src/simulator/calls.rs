//! What was asked of the simulator.

use std::collections::BTreeMap;
use std::time::Instant;

use super::fault::Operation;
use crate::gateway::Verb;

/// How much of the data plane's traffic is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recording {
    /// Every request with its headers.
    #[default]
    Full,
    /// Only the counts: for benchmarks of many thousand requests.
    Counts,
}

/// Everything that was asked so far.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// The control-plane calls, in the order they came.
    pub control: Vec<ControlCall>,
    /// The data-plane requests, in the order they came. Empty under [`Recording::Counts`].
    pub data: Vec<DataCall>,
    /// How many data-plane requests there were.
    pub data_count: usize,
    /// How often each method's integration was reached.
    pub reached: BTreeMap<Reached, usize>,
    /// How many TCP connections were accepted.
    pub connections: usize,
    /// The most data-plane requests that were under way at once.
    pub peak: usize,
    /// The same by host (by the API's path on the emulators' URLs).
    pub peak_by_host: BTreeMap<String, usize>,
    pub(super) under_way: BTreeMap<String, usize>,
}

/// A control-plane call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlCall {
    /// What it was.
    pub operation: Operation,
    /// The API id or the domain name that it was about.
    pub target: Option<String>,
    /// The path and query.
    pub path: String,
    /// The status of the answer; `None` when the connection was closed instead.
    pub status: Option<u16>,
    /// When it came.
    pub at: Instant,
}

/// A data-plane request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataCall {
    /// The verb of the request line.
    pub verb: String,
    /// The host, without port, in lower case.
    pub host: String,
    /// The path and query as they came.
    pub path: String,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The status of the answer; `None` when the connection was closed instead.
    pub status: Option<u16>,
    /// The method whose integration it reached, if it did.
    pub reached: Option<Reached>,
    /// When it came.
    pub at: Instant,
    /// The number of the TCP connection that it came on, counted from 1.
    pub connection: usize,
}

impl DataCall {
    /// The first value of a header, by a name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A method's integration, reached by a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reached {
    /// The API's id.
    pub api: String,
    /// The stage's name.
    pub stage: String,
    /// The resource that matched.
    pub resource: String,
    /// The verb that the method is declared for, perhaps `ANY`.
    pub declared: Verb,
    /// The verb of the request: what the backend saw.
    pub verb: Verb,
}

impl Calls {
    /// Notes that a data-plane request has come.
    pub(super) fn enter(&mut self, host: &str) {
        let here = self.under_way.entry(host.to_owned()).or_default();
        *here += 1;
        let peak = self.peak_by_host.entry(host.to_owned()).or_default();
        *peak = (*peak).max(*here);
        self.peak = self.peak.max(self.under_way.values().sum());
    }

    /// Notes that it was answered, or given up by its client.
    pub(super) fn leave(&mut self, host: &str) {
        if let Some(here) = self.under_way.get_mut(host) {
            *here = here.saturating_sub(1);
        }
    }

    /// How often a control-plane call was made.
    #[must_use]
    pub fn count(&self, operation: Operation) -> usize {
        self.control.iter().filter(|call| call.operation == operation).count()
    }

    /// The methods that a verb other than GET, HEAD and OPTIONS reached: a monitor left alone must have none.
    #[must_use]
    pub fn unsafe_reached(&self) -> Vec<&Reached> {
        self.reached.keys().filter(|reached| !reached.verb.is_safe()).collect()
    }

    /// How often a method's integration was reached, by any verb.
    #[must_use]
    pub fn reached_count(&self, api: &str, stage: &str, resource: &str) -> usize {
        let matches = |r: &Reached| r.api == api && r.stage == stage && r.resource == resource;
        self.reached.iter().filter(|(reached, _)| matches(reached)).map(|(_, count)| count).sum()
    }
}
