//! What a run found: the JSON contract of `gateprobe run --format json`, and what every other output is made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Certificate, Latencies};
use crate::diagnose::{Cause, Diagnosis};
use crate::gateway::{Gap, TreeSource, Verb};
use crate::plan::{Door, Provenance, SkipReason};

/// The version of the report's JSON.
pub const REPORT_VERSION: u32 = 1;

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// When the run began, in Unix seconds.
    pub started_at: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The region that was read.
    pub region: String,
    /// How much of what is deployed was asked, in methods of stages.
    pub coverage: Coverage,
    /// How the requests of the contract fared.
    pub contract: ContractCoverage,
    /// Methods and contract requests that failed, those that lead to no stage included.
    pub unhealthy: usize,
    /// Of those, the ones whose verdict is routing.
    pub routing_failures: usize,
    /// Methods that failed and that an `ignore` of the config holds back: they are no problems.
    pub ignored: usize,
    /// Each stage, in the inventory's order.
    pub stages: Vec<StageReport>,
    /// Each deployed method of each stage, stage by stage, in the plan's order.
    pub methods: Vec<MethodReport>,
    /// Each request of the contract, by URL and verb.
    pub contract_requests: Vec<ContractRequest>,
    /// Everything that was not healthy, the problems first.
    pub diagnoses: Vec<Finding>,
    /// Methods of the editor that a stage does not have.
    pub undeployed: Vec<Undeployed>,
    /// Requests that API Gateway had to refuse and did not, one a line: each reached what lies behind its method.
    pub refusals_not_given: Vec<String>,
    /// The certificates of the hosts that were asked over https.
    pub certificates: Vec<Certificate>,
    /// What could not be read or reached.
    pub gaps: Vec<Gap>,
    /// What is worth knowing and wrong with nothing.
    pub notes: Vec<String>,
    /// Whether the run ended at its deadline with probes not sent.
    pub stopped_early: bool,
    /// What became of the run's place in memory; `null` where none is kept.
    pub memory: Option<Memory>,
}

/// What became of a run's place in memory, and of what there was to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Memory {
    /// Whether the run is remembered. Where it is not, everything is told as if it were new.
    pub remembered: bool,
    /// What is wrong with the memory, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Incidents that are open.
    pub open: usize,
    /// What happened since the last run: the messages' subjects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<String>,
    /// Messages that were sent, older ones included.
    pub sent: usize,
    /// Whether something that was not remembered was not taken either: nobody will tell it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// What waits for a later run.
    pub waiting: usize,
    /// What this run dropped, for its age or because it can never be sent.
    pub dropped: u64,
    /// Why something waits or was dropped, and what is odd about the memory, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How much was asked, counted in methods of stages: a method asked through two doors counts once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Methods of stages that are deployed.
    pub deployed: usize,
    /// Of them, those that a probe was sent for.
    pub probed: usize,
    /// Of those, the ones whose route every door's answer proved.
    pub routed: usize,
    /// Of those, the ones that answered well through every door.
    pub healthy: usize,
    /// Of those that were asked, by where the request came from; of several doors' the least telling.
    pub by_provenance: BTreeMap<Provenance, usize>,
    /// Of them, those that no probe was sent for, by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
}

impl Coverage {
    /// How many were skipped.
    #[must_use]
    pub fn skipped_total(&self) -> usize {
        self.skipped.values().sum()
    }

    /// Probed of deployed in percent; 100 where nothing is deployed.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.deployed == 0 {
            return 100.0;
        }
        #[allow(clippy::cast_precision_loss, reason = "counts of methods are far below 2^52")]
        let percent = self.probed as f64 * 100.0 / self.deployed as f64;
        percent
    }
}

/// How the contract fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ContractCoverage {
    /// How many requests it has.
    pub requests: usize,
    /// How many of them were healthy.
    pub healthy: usize,
    /// How many of them were seen to be routed, the healthy ones included.
    pub routed: usize,
}

/// One stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageReport {
    /// The API's id.
    pub api: String,
    /// The API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The deployment that it serves.
    pub deployment: Option<String>,
    /// What its deployed tree was read from; `null` where it was not read.
    pub tree: Option<TreeSource>,
    /// Its share of the run's coverage.
    #[serde(flatten)]
    pub coverage: Coverage,
    /// Methods and contract requests that failed.
    pub unhealthy: usize,
    /// Of those, the ones whose verdict is routing.
    pub routing_failures: usize,
    /// Methods of the editor that it does not have.
    pub undeployed: usize,
    /// The latencies of its probes.
    #[serde(rename = "latency_ms", serialize_with = "percentiles")]
    pub latencies: Latencies,
    /// Where that time went.
    #[serde(rename = "phases_ms")]
    pub phases: Phases,
}

/// Where the time of a stage's answers went. The first two are there for the answers that opened a connection.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Phases {
    /// Resolving the name.
    #[serde(serialize_with = "percentiles")]
    pub dns: Latencies,
    /// TCP and TLS handshakes.
    #[serde(serialize_with = "percentiles")]
    pub connect: Latencies,
    /// From the start to the first byte of the answer's head, what came before it included.
    #[serde(serialize_with = "percentiles")]
    pub first_byte: Latencies,
}

/// What is known of a method after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answered well through every door.
    Healthy,
    /// It exists: the answers prove the route, and nothing better was to be had.
    Routed,
    /// Nothing is known to be wrong, and nothing was proved.
    Unproved,
    /// It fails through at least one door.
    Failing,
    /// It was not asked.
    Skipped,
}

impl State {
    /// Its name, as the JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Routed => "routed",
            Self::Unproved => "unproved",
            Self::Failing => "failing",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of one deployed method of one stage.
#[derive(Debug, Clone, Serialize)]
pub struct MethodReport {
    /// The API's id.
    pub api: Arc<str>,
    /// The stage's name.
    pub stage: Arc<str>,
    /// The resource's path; of an HTTP API the route's.
    pub resource: Arc<str>,
    /// The verb as declared, `ANY` included.
    pub method: Verb,
    /// The worst that was seen through any door.
    pub state: State,
    /// Why it was not asked, where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkipReason>,
    /// What there is to say beyond that reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The config line that would bring a proof, or a better one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The user's reason for not being told of its failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Arc<str>>,
    /// Where its requests came from; of several the least telling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// The cause of the worst answer, where that was not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The slowest answer in milliseconds, where one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}

/// What became of one request of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContractRequest {
    /// The verb.
    pub method: String,
    /// The URL, the values of its query masked.
    pub url: String,
    /// What was seen; skipped where it was not asked.
    pub state: State,
    /// The cause, where it was asked and not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// How long the answer took in milliseconds, where one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}

fn percentiles<S: serde::Serializer>(latencies: &Latencies, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Percentiles {
        count: u64,
        p50: Option<u64>,
        p90: Option<u64>,
        p99: Option<u64>,
    }
    let at = |share| latencies.percentile(share);
    Percentiles { count: latencies.count(), p50: at(50), p90: at(90), p99: at(99) }.serialize(serializer)
}

/// One probe that was not healthy.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What and why.
    #[serde(flatten)]
    pub diagnosis: Diagnosis,
    /// Whether the plan expected just this, so that it is no problem: a refusal for credentials that are not
    /// configured, a backend that does not know a made-up id.
    pub expected: bool,
    /// The user's reason for not being told of it, where it is a failure all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
    /// The index in [`Report::methods`] of the method that it was for; none for the contract and for what was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<usize>,
    /// The door that it went through.
    pub door: Door,
    /// Where the request came from.
    pub provenance: Provenance,
    /// How many requests were sent for it.
    pub attempts: u32,
    /// Whether it was seen again on a fresh connection.
    pub confirmed: bool,
    /// The `x-amzn-RequestId` that was sent last; the stage's access log holds it.
    pub request_id: String,
}

/// A method that the editor has and a stage does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undeployed {
    /// The API's id.
    pub api: String,
    /// The API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The resource's path.
    pub resource: String,
    /// The verb as declared.
    pub method: Verb,
}

impl Report {
    /// The findings that are problems.
    pub fn problems(&self) -> impl Iterator<Item = &Finding> {
        self.diagnoses.iter().filter(|finding| !finding.expected && finding.ignored.is_none())
    }

    /// The findings that were expected.
    pub fn expected(&self) -> impl Iterator<Item = &Finding> {
        self.diagnoses.iter().filter(|finding| finding.expected)
    }

    /// The failures that the user does not want to be told of, each with the reason.
    pub fn ignored(&self) -> impl Iterator<Item = (&Finding, &str)> {
        self.diagnoses.iter().filter_map(|finding| Some((finding, finding.ignored.as_deref()?)))
    }

    /// Whether nothing was seen for want of reading it: no health can be told from such a run.
    #[must_use]
    pub fn saw_nothing(&self) -> bool {
        self.coverage.deployed == 0 && self.contract.requests == 0 && !self.gaps.is_empty()
    }

    /// Marks the certificates that end within so many days: a warning each, and no failure of a method.
    pub fn warn_of_certificates(&mut self, days: u32) {
        for certificate in &mut self.certificates {
            certificate.expires_soon = certificate.days_left < i64::from(days);
        }
    }

    /// What to say of the certificates that end soon.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.certificates.iter().filter_map(Certificate::warning)
    }

    /// Whether anything is wrong.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        self.problems().next().is_some()
    }

    /// How many problems each cause has, the most first.
    #[must_use]
    pub fn causes(&self) -> Vec<(Cause, usize)> {
        let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
        for cause in self.problems().filter_map(|finding| finding.diagnosis.cause) {
            *counts.entry(cause).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(cause, count)| (std::cmp::Reverse(*count), *cause));
        counts
    }
}
