//! What a diagnosis holds: the JSON contract of `gateprobe diagnose` and of a report's `diagnoses`.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::{Cause, Symptom};
use crate::gateway::Verb;

/// One request, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The request that was sent.
    pub request: RequestLine,
    /// Whose problem it is.
    pub verdict: Verdict,
    /// What the answer is.
    pub symptom: Symptom,
    /// Why; `null` where the verdict is healthy.
    pub cause: Option<Cause>,
    /// How sure.
    pub confidence: Confidence,
    /// The method that the request routes to by the deployed tree; `null` where it routes to none.
    pub matched: Option<Matched>,
    /// The six steps, in order.
    pub steps: [Step; 6],
    /// What was seen, one fact a line.
    pub evidence: Vec<String>,
    /// What to do, in one imperative sentence; empty where nothing is to be done.
    pub remedy: String,
    /// Corrected requests that the router says will reach a method; the best first.
    pub suggestions: Vec<Suggestion>,
    /// Other causes that the evidence admits, the likelier first, each with what would tell it apart.
    pub alternatives: Vec<Alternative>,
    /// The answer in short; `null` where none came.
    pub response: Option<ResponseLine>,
    /// The part of `request.url` that is wrong, in bytes.
    #[serde(serialize_with = "range")]
    pub at: Option<Range<usize>>,
}

#[allow(clippy::ref_option, reason = "serde's serialize_with hands a reference to the field")]
fn range<S: serde::Serializer>(at: &Option<Range<usize>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.as_ref().map(|at| [at.start, at.end]).serialize(serializer)
}

/// Verb and URL of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestLine {
    /// The verb.
    pub method: String,
    /// The URL as sent, without credentials.
    pub url: String,
}

/// Whose problem a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nobody's: the method answered.
    Healthy,
    /// The URL, the stage, the deployment or the verb.
    Routing,
    /// Credentials, or who checks them.
    Auth,
    /// API Gateway's limits and checks, or what stands before it.
    Gateway,
    /// What lies behind the method.
    Backend,
    /// The network: API Gateway was not reached.
    Transport,
    /// Nothing was sent.
    Skipped,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Healthy => "healthy",
            Verdict::Routing => "routing",
            Verdict::Auth => "auth",
            Verdict::Gateway => "gateway",
            Verdict::Backend => "backend",
            Verdict::Transport => "transport",
            Verdict::Skipped => "skipped",
        })
    }
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One of several.
    Possible,
    /// The best of several.
    Likely,
    /// The evidence admits one cause.
    Certain,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        })
    }
}

/// A deployed method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// The API's id.
    pub api: String,
    /// The API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The resource's path.
    pub resource: String,
    /// The verb as declared, `ANY` included.
    pub method: Verb,
}

/// The six steps of the checklist that people know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// The host leads to the API.
    InvokeUrl,
    /// The URL names a stage that exists.
    Stage,
    /// A resource matches the path.
    Path,
    /// The resource has the verb.
    Method,
    /// The stage's deployment holds the method.
    Deployment,
    /// The request is one that the method answers.
    KnownGood,
}

impl StepName {
    /// All six, in order.
    pub const ALL: [StepName; 6] = [
        StepName::InvokeUrl,
        StepName::Stage,
        StepName::Path,
        StepName::Method,
        StepName::Deployment,
        StepName::KnownGood,
    ];

    /// The id, as `invoke-url`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            StepName::InvokeUrl => "invoke-url",
            StepName::Stage => "stage",
            StepName::Path => "path",
            StepName::Method => "method",
            StepName::Deployment => "deployment",
            StepName::KnownGood => "known-good",
        }
    }
}

/// What one step found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which.
    pub step: StepName,
    /// How it went.
    pub result: StepResult,
    /// Why, in one line; empty where there is nothing to say.
    pub evidence: String,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// It holds.
    Pass,
    /// It does not: this is the cause.
    Fail,
    /// It could not be decided.
    Unknown,
    /// An earlier step failed.
    NotReached,
}

/// A corrected request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The verb.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Headers of the request that are to be left out, by name; the others stay.
    pub without: Vec<String>,
    /// The method that it reaches, as `GET /orders/{id} of stage prod`.
    pub reaches: String,
    /// What was changed.
    pub why: String,
}

/// Another cause that the evidence admits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// The cause.
    pub cause: Cause,
    /// What would tell it from the first one.
    pub tell: String,
}

/// The answer in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResponseLine {
    /// The status code.
    pub status: u16,
    /// The `x-amzn-ErrorType` header.
    pub error_type: Option<String>,
    /// The body's `message` or `Message`, or the start of a body that is no JSON.
    pub message: Option<String>,
}

impl Diagnosis {
    /// What the answer proves about the route: `Some(true)` that a method exists behind this request, `Some(false)`
    /// that none does, `None` nothing.
    #[must_use]
    pub fn routed(&self) -> Option<bool> {
        if self.symptom.is_transport() {
            return None;
        }
        match self.cause {
            // A method answered, and not the right one; or the right one, by chance or for a moment longer.
            Some(Cause::Removed | Cause::Shadowed | Cause::CanarySplit | Cause::Propagating)
                if self.symptom == Symptom::Answered || self.matched.is_some() && !self.symptom.is_unmatched() =>
            {
                None
            }
            // Another may have said it that is asked before any routing.
            Some(Cause::ApiKey) if self.may_be_before_routing() => None,
            // Where the model knows no method, anybody may have answered.
            Some(Cause::BackendStatus | Cause::UpstreamGateway) if self.matched.is_none() => None,
            None
            | Some(
                Cause::ApiKey
                | Cause::Authorizer
                | Cause::Throttle
                | Cause::Quota
                | Cause::BadProbe
                | Cause::Integration
                | Cause::IntegrationTimeout
                | Cause::BackendStatus
                | Cause::UpstreamGateway,
            ) => Some(true),
            // Unsigned IAM looks like a missing route; a policy, a signature check, a web ACL or an edge may answer
            // before routing (facts, open uncertainties 1 and 3).
            Some(
                Cause::IamUnsigned
                | Cause::ResourcePolicy
                | Cause::Signature
                | Cause::Waf
                | Cause::EdgeRefused
                | Cause::ClientCertificate,
            ) => None,
            Some(cause) => match cause.about().verdict {
                Verdict::Transport => None,
                _ => Some(false),
            },
        }
    }

    /// Whether a web ACL, mutual TLS or a private API's endpoint may have refused it as well.
    fn may_be_before_routing(&self) -> bool {
        self.matched.is_none()
            || self
                .alternatives
                .iter()
                .any(|other| matches!(other.cause, Cause::Waf | Cause::ClientCertificate | Cause::PrivateEndpoint))
    }
}
