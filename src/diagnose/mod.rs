//! Why a request did, or did not, reach its method. Pure: no I/O, no clock, microseconds a question.
//!
//! First the [`Symptom`], which is what the answer *is*; then the [`Cause`], which is *why*; then the six steps of the
//! checklist. Symptom and cause are apart because one says little of the other: a missing stage answers `Forbidden`,
//! an unmatched route answers `IncompleteSignatureException` to a Bearer token, and an unsigned call to an `AWS_IAM`
//! method is byte for byte the same as a wrong path. Only the join with what is deployed tells them apart.

mod alone;
mod cause;
mod custom_response;
mod diagnosis;
mod expected;
mod predict;
mod proof;
mod refusal;
mod rules;
mod said_back;
mod steps;
mod suggest;
mod symptom;
#[cfg(test)]
mod table;
mod words;

pub use cause::{About, Answer, Cause, Confirm, Description, Fix, Grade, Ground, Neighbour, Page, UnknownCause};
pub use diagnosis::{
    Alternative, Confidence, Diagnosis, Matched, RequestLine, ResponseLine, Step, StepName, StepResult, Suggestion,
    Verdict,
};
pub use expected::hold_to;
pub use predict::UNREAD;
pub use proof::{Proof, proof};
pub use rules::PROPAGATION_SECONDS;
pub use symptom::Symptom;
pub use words::Words;

use crate::gateway::{Address, Request, TreeSource, World};
use crate::probe::Observation;
use predict::{Expectation, Meant};
use symptom::{Read, Speaks};

/// Explains one request, taken at its word: where the method of its verb and path is not deployed and another one takes
/// the request, that is a fault, whatever the answer.
///
/// `now` is the time of the observation in Unix seconds; it tells whether a stage changed moments ago.
#[must_use]
pub fn diagnose(request: &Request, observation: &Observation, world: &World, now: i64) -> Diagnosis {
    explain(request, observation, world, now, true)
}

/// Explains a request that was made for the deployed method it reaches, with values that stand for any: that another
/// tree has a more specific method for just these values is no fault of it.
#[must_use]
pub fn diagnose_deployed(request: &Request, observation: &Observation, world: &World, now: i64) -> Diagnosis {
    explain(request, observation, world, now, false)
}

/// What the model expects of a request, as far as its answer leaves it standing, and what the answer is.
struct Expected<'w> {
    expectation: Expectation<'w>,
    read: Read,
    /// Whether the default endpoint is switched off, and the answer says that this is not deployed yet.
    switched_off: bool,
}

fn expect<'w>(
    world: &'w World,
    request: &Request,
    address: &Address<'w>,
    observation: &Observation,
    by_its_url: bool,
    now: i64,
) -> Expected<'w> {
    let meant = Meant { by_its_url, switch_counts: true };
    let mut expectation = predict::predict(world, request, address, meant);
    let customised = address.stage().map_or(&[][..], |(api, _)| &api.gateway_responses);
    let speaks = if rules::http::is_http(address) {
        // Where the routes are surely what is served, and have been for a while, a Not Found is the backend's.
        let may_be_unmatched = match &expectation {
            Expectation::Routed(routed) => {
                routed.source == TreeSource::Edited || rules::age_at(now, routed.stage).is_some()
            }
            Expectation::Fault(_) | Expectation::Unknown(_) => true,
        };
        Speaks::Http { may_be_unmatched }
    } else {
        Speaks::Rest
    };
    let read = symptom::read(observation, customised, refusal::refusal(request, &expectation), speaks);
    let cause = match &expectation {
        Expectation::Fault(fault) => Some(fault.cause),
        _ => None,
    };
    // It is said within a stage only, and a backend answers within one only.
    // A bare 403 may be the switch's own, with its words taken off.
    let by_backend =
        read.symptom == Symptom::Answered && observation.outcome.as_ref().is_ok_and(|response| response.status != 403);
    let answered = read.symptom.is_unmatched() || by_backend;
    let switched_off = cause == Some(Cause::EndpointDisabled) && answered;
    if switched_off {
        expectation = predict::predict(world, request, address, Meant { switch_counts: false, ..meant });
    }
    if let (Expectation::Fault(fault), Address::Endpoint(endpoint)) = (&expectation, address)
        && fault.cause == Cause::ApiUnknown
        && endpoint.api.is_some()
        && !read.symptom.is_transport()
    {
        // What answers in the other region was not read.
        expectation = Expectation::Unknown(fault.evidence.first().cloned().unwrap_or_default());
    }
    Expected { expectation, read, switched_off }
}

fn explain(request: &Request, observation: &Observation, world: &World, now: i64, by_its_url: bool) -> Diagnosis {
    let address = world.locate(request);
    let Expected { expectation, read: Read { symptom, guessed }, switched_off } =
        expect(world, request, &address, observation, by_its_url, now);
    let response = observation.outcome.as_ref().ok();
    let words = response.map(|response| said_back::without_secrets(Words::of(response), request));
    let observed =
        rules::Case { request, observation, address: &address, symptom, guessed, words: words.as_ref(), now };
    let mut concluded = rules::conclude(&observed, &expectation);
    if switched_off {
        concluded.confidence = concluded.confidence.min(Confidence::Likely);
        if concluded.cause.is_some() {
            let tell = "the default endpoint is switched off, perhaps without a deployment since";
            concluded = concluded.or(Cause::EndpointDisabled, tell);
        }
    }

    let matched = match &expectation {
        Expectation::Routed(routed) => Some(Matched {
            api: routed.api.id.clone(),
            api_name: routed.api.name.clone(),
            stage: routed.stage.name.clone(),
            resource: routed.hit.resource.to_owned(),
            method: routed.hit.verb,
        }),
        _ => None,
    };
    let (mut evidence, mut suggestions, mut alternatives, mut at) = (vec![], vec![], concluded.alternatives, None);
    if let Expectation::Fault(fault) = &expectation
        && concluded.is_fault
    {
        evidence.extend(fault.evidence.iter().cloned());
        suggestions.clone_from(&fault.suggestions);
        for other in &fault.alternatives {
            if !alternatives.iter().any(|known| known.cause == other.cause) {
                alternatives.push(other.clone());
            }
        }
        at.clone_from(&fault.at);
    }
    evidence.extend(concluded.evidence);
    if matches!(concluded.cause, Some(Cause::Shadowed | Cause::Removed))
        && matches!(expectation, Expectation::Routed(_))
    {
        at = address.path_at();
    }
    if let Some(response) = &words
        && symptom != Symptom::Answered
    {
        let shown = response.error_type.as_deref().map_or(String::new(), |kind| format!(", x-amzn-ErrorType {kind}"));
        let status = observation.outcome.as_ref().map_or(0, |response| response.status);
        evidence.push(format!("the answer is {status}, {symptom}{shown}"));
    }
    if let Expectation::Routed(routed) = &expectation
        && !routed.source.is_snapshot()
        && concluded.cause.is_some()
    {
        evidence.push(
            "the deployed tree was not read from the deployment itself, so it may differ from what is served"
                .to_owned(),
        );
    }
    let cause = concluded.cause;
    let mut diagnosis = Diagnosis {
        request: RequestLine { method: request.method.clone(), url: request.url.as_str().to_owned() },
        verdict: cause.map_or(Verdict::Healthy, |cause| cause.about().verdict),
        symptom,
        cause,
        confidence: concluded.confidence,
        matched,
        steps: StepName::ALL.map(|step| Step { step, result: StepResult::Unknown, evidence: String::new() }),
        evidence,
        remedy: cause.map(|cause| cause.about().remedy.to_owned()).unwrap_or_default(),
        suggestions,
        alternatives,
        response: response.map(|response| ResponseLine {
            status: response.status,
            error_type: words.as_ref().and_then(|words| words.error_type.clone()),
            message: words.as_ref().and_then(|words| words.message.clone()),
        }),
        at,
    };
    diagnosis.evidence.iter_mut().for_each(said_back::cut);
    let in_a_stage = symptom.is_unmatched() && words.as_ref().is_some_and(|words| words.error_type.is_some());
    let confidence = diagnosis.confidence;
    let told = steps::Told { cause, confidence, routed: diagnosis.routed(), in_a_stage, evidence: &diagnosis.evidence };
    diagnosis.steps = steps::steps(&address, &expectation, &told);
    diagnosis
}
