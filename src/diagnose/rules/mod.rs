//! From what came back and what the model expects to the cause.

mod answered;
mod forbidden;
pub(super) mod http;
mod refused;
mod transport;
mod unmatched;

use super::predict::{Expectation, Fault, Routed, sure};
use super::refusal::refusals;
use super::{Alternative, Cause, Confidence, Symptom, Words};
use crate::gateway::{Address, Request, Stage};
use crate::probe::Observation;

/// A change younger than this may not have reached every server: LocalStack's tests against AWS wait up to 30 s for
/// a new route (facts B26); twice that is allowed.
pub const PROPAGATION_SECONDS: i64 = 60;

/// Everything that a rule may look at.
pub(super) struct Case<'w, 'c> {
    pub request: &'c Request,
    pub observation: &'c Observation,
    pub address: &'c Address<'w>,
    pub symptom: Symptom,
    /// Whether the words would fit any refusal of the API's, so that the symptom is what the model says.
    pub guessed: bool,
    pub words: Option<&'c Words>,
    /// Unix seconds.
    pub now: i64,
}

/// What the rules conclude; the fault of the expectation stays where it is and is taken over where it is the cause.
#[derive(Debug)]
pub(super) struct Conclusion {
    pub cause: Option<Cause>,
    pub confidence: Confidence,
    pub evidence: Vec<String>,
    pub alternatives: Vec<Alternative>,
    /// Whether the cause is the expectation's own fault, with its place and suggestions.
    pub is_fault: bool,
}

impl Conclusion {
    pub fn new(cause: Cause, confidence: Confidence, evidence: impl Into<String>) -> Self {
        Conclusion {
            cause: Some(cause),
            confidence,
            evidence: vec![evidence.into()],
            alternatives: vec![],
            is_fault: false,
        }
    }

    fn fault(fault: &Fault, confidence: Confidence, evidence: Option<String>) -> Self {
        Conclusion {
            cause: Some(fault.cause),
            confidence,
            evidence: evidence.into_iter().collect(),
            alternatives: vec![],
            is_fault: true,
        }
    }

    /// Another cause that the evidence admits; what is said already is not said again.
    pub fn or(mut self, cause: Cause, tell: &str) -> Self {
        if self.cause != Some(cause) && !self.alternatives.iter().any(|known| known.cause == cause) {
            self.alternatives.push(Alternative { cause, tell: tell.to_owned() });
        }
        self
    }

    /// Not surer than this.
    fn at_most(mut self, confidence: Confidence) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }
}

/// Finds the cause.
pub(super) fn conclude(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    // Whatever the API has deployed, these are answered before it is asked, a 200 as well (facts B9).
    if let Expectation::Fault(fault) = expectation
        && fault.cause == Cause::ReservedPath
        && !case.symptom.is_transport()
    {
        let seen = format!("answered {}, which says nothing of the API", status(case));
        return Conclusion::fault(fault, fault.confidence, Some(seen));
    }
    let conclusion = by_symptom(case, expectation);
    match expectation {
        Expectation::Routed(routed) if case.guessed => guessed(case, routed, conclusion),
        _ => conclusion,
    }
}

/// The words fit any refusal of the API's: what else can refuse this request is listed, and the backend's own answer.
fn guessed(case: &Case<'_, '_>, routed: &Routed<'_>, mut conclusion: Conclusion) -> Conclusion {
    conclusion.confidence = conclusion.confidence.min(Confidence::Likely);
    conclusion.evidence.push("the answer is in the API's own words for any refusal".to_owned());
    conclusion = or_any(conclusion, case, routed);
    if recently_changed(case, routed).is_some() {
        conclusion = conclusion.or(Cause::Propagating, "it goes away within a minute");
    }
    let others = [
        (Cause::ResourcePolicy, "a policy refuses the caller"),
        (Cause::BadProbe, "the request lacks a parameter or a body that the method demands"),
        (Cause::Throttle, "fewer requests answer"),
        (Cause::Quota, "the usage plan's quota for the period is used up"),
        (Cause::BackendStatus, "the backend's log holds the request"),
    ];
    others.into_iter().fold(conclusion, |conclusion, (cause, tell)| conclusion.or(cause, tell))
}

/// With whatever else can refuse this very request.
fn or_any(conclusion: Conclusion, case: &Case<'_, '_>, routed: &Routed<'_>) -> Conclusion {
    let can = refusals(case.request, routed);
    can.into_iter().fold(conclusion, |conclusion, (_, cause, tell)| conclusion.or(cause, tell))
}

fn by_symptom(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    match case.symptom {
        symptom if symptom.is_transport() => return transport::transport(case, expectation),
        Symptom::Answered => return answered::answered(case, expectation),
        _ => {}
    }
    if let Some(conclusion) = http::conclude(case, expectation) {
        return conclusion;
    }
    match case.symptom {
        Symptom::MissingAuthenticationToken | Symptom::IncompleteSignature => unmatched::unmatched(case, expectation),
        Symptom::Forbidden => forbidden::forbidden(case, expectation),
        Symptom::ResourceNotFound => match expectation {
            Expectation::Fault(fault) => Conclusion::fault(fault, fault.confidence.min(Confidence::Likely), None),
            _ => unexplained("API Gateway found no resource, and the model says there is one"),
        },
        _ => refused::refused(case, expectation),
    }
}

fn unexplained(evidence: &str) -> Conclusion {
    Conclusion::new(Cause::Unexplained, Confidence::Possible, evidence)
}

fn status(case: &Case<'_, '_>) -> u16 {
    case.observation.outcome.as_ref().map_or(0, |response| response.status)
}

/// An integration's headers that collide with the gateway's own come out renamed: the answer passed through an
/// integration (LocalStack's recorded `test_apigateway_header_remapping_http`).
fn came_through_an_integration(case: &Case<'_, '_>) -> bool {
    case.observation.outcome.as_ref().is_ok_and(|response| {
        response.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amzn-remapped-"))
    })
}

/// Where the method that the request was meant for is not in the deployment, whatever came back is the wrong one's answer;
/// `otherwise` is what it means if the wrong one was meant.
fn instead_of(routed: &Routed<'_>, otherwise: Conclusion) -> Conclusion {
    let Some(taken) = &routed.taken else { return otherwise };
    let mut conclusion = Conclusion::new(taken.cause, taken.confidence, taken.evidence.clone());
    if let Some(cause) = otherwise.cause {
        conclusion.confidence = conclusion.confidence.min(Confidence::Likely);
        conclusion = conclusion.or(cause, &format!("{} {} was meant", routed.hit.verb, routed.hit.resource));
    }
    conclusion.evidence.extend(otherwise.evidence);
    conclusion
}

/// One of the stage's two deployments lacks the method: it fails by chance, whatever this answer was.
fn by_canary(routed: &Routed<'_>, seen: &str) -> Option<Conclusion> {
    let canary = routed.canary_without?;
    let mut conclusion = Conclusion::new(
        Cause::CanarySplit,
        sure(routed.source),
        format!(
            "the deployment {} of the canary ({} % of the traffic) lacks {} {}",
            canary.deployment, canary.percent, routed.hit.verb, routed.hit.resource
        ),
    );
    conclusion.evidence.push(seen.to_owned());
    Some(conclusion)
}

/// API Gateway's words without its header, where the model says that it had no reason to say them.
fn in_other_words() -> Conclusion {
    Conclusion::new(
        Cause::UpstreamGateway,
        Confidence::Likely,
        "the answer has no x-amzn-ErrorType, which API Gateway's own always has: the integration may have passed on another gateway's words",
    )
    .or(Cause::Unexplained, "a CDN or proxy in front strips the header")
}

fn recently_changed(case: &Case<'_, '_>, routed: &Routed<'_>) -> Option<Conclusion> {
    age(case, routed.stage).map(|age| {
        Conclusion::new(
            Cause::Propagating,
            Confidence::Likely,
            format!("the stage {} changed {age} s ago", routed.stage.name),
        )
    })
}

/// How many seconds ago a stage changed, where that is so few that not every server may know.
fn age(case: &Case<'_, '_>, stage: &Stage) -> Option<i64> {
    age_at(case.now, stage)
}

/// As [`age`], at this time.
pub(super) fn age_at(now: i64, stage: &Stage) -> Option<i64> {
    let age = now.checked_sub(stage.updated_at?)?;
    (0..PROPAGATION_SECONDS).contains(&age).then_some(age)
}

/// Whether API Gateway's own header is not there, which says that its words may be another's.
fn untyped(case: &Case<'_, '_>) -> bool {
    case.words.is_some_and(|words| words.error_type.is_none())
}
