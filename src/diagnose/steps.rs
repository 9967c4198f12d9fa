//! The six steps of the checklist, filled in from the conclusion.

use super::predict::Expectation;
use super::{Cause, Confidence, Step, StepName, StepResult};
use crate::gateway::Address;

/// What the steps are told from.
pub(super) struct Told<'a> {
    pub cause: Option<Cause>,
    pub confidence: Confidence,
    /// Whether the answer proves that a method was reached.
    pub routed: Option<bool>,
    /// Whether the answer is API Gateway's own word that no method was matched: it is said once a stage is found, never
    /// before (facts A0, A1).
    pub in_a_stage: bool,
    pub evidence: &'a [String],
}

/// The steps before the failing one pass, the ones behind it are not reached. Where the model is unknown, a step is
/// only passed when the answer proves it.
pub(super) fn steps(address: &Address<'_>, expectation: &Expectation<'_>, told: &Told<'_>) -> [Step; 6] {
    let failing = told.cause.and_then(|cause| cause.about().step);
    let known = !matches!(expectation, Expectation::Unknown(_)) || told.routed == Some(true);
    StepName::ALL.map(|step| {
        let result = match (told.cause, failing) {
            (None, _) => StepResult::Pass,
            (Some(_), Some(failing)) if step < failing => {
                if known || told.in_a_stage && step <= StepName::Stage {
                    StepResult::Pass
                } else {
                    StepResult::Unknown
                }
            }
            (Some(_), Some(failing)) if step == failing => {
                if known || told.routed.is_none() && told.confidence > Confidence::Possible {
                    StepResult::Fail
                } else {
                    StepResult::Unknown
                }
            }
            (Some(_), Some(_)) => {
                if known || told.routed.is_none() && told.confidence > Confidence::Possible {
                    StepResult::NotReached
                } else {
                    StepResult::Unknown
                }
            }
            // Unexplained: everything holds but the answer.
            (Some(_), None) => {
                if step == StepName::KnownGood || !known {
                    StepResult::Unknown
                } else {
                    StepResult::Pass
                }
            }
        };
        let evidence = match result {
            StepResult::Fail => told.evidence.first().cloned().unwrap_or_default(),
            StepResult::Pass => passed(step, address, expectation, told),
            StepResult::Unknown | StepResult::NotReached => String::new(),
        };
        Step { step, result, evidence }
    })
}

/// Why a step holds, where the model says it.
fn passed(step: StepName, address: &Address<'_>, expectation: &Expectation<'_>, told: &Told<'_>) -> String {
    let routed = match expectation {
        Expectation::Routed(routed) => Some(routed),
        _ => None,
    };
    match step {
        StepName::InvokeUrl => match address {
            Address::Endpoint(endpoint) => match endpoint.api {
                Some(api) => format!("the default endpoint of the API {}", api.name),
                None if told.in_a_stage => "API Gateway answered".to_owned(),
                None => String::new(),
            },
            Address::Domain(domain) => match domain.api {
                Some(api) => format!("{} leads to the API {}", domain.domain.name, api.name),
                None => format!("{} is a custom domain of this account", domain.domain.name),
            },
            Address::Elsewhere if told.in_a_stage => "API Gateway answered".to_owned(),
            Address::Elsewhere => String::new(),
        },
        StepName::Stage => match address.stage() {
            Some((_, stage)) => format!("the stage {} exists", stage.name),
            None if told.in_a_stage => "the answer is what API Gateway says within a stage".to_owned(),
            None => String::new(),
        },
        StepName::Path => routed.map(|routed| format!("{} matches", routed.hit.resource)).unwrap_or_default(),
        StepName::Method => routed.map(|routed| format!("it has {}", routed.hit.verb)).unwrap_or_default(),
        StepName::Deployment => routed
            .and_then(|routed| routed.stage.serving())
            .map(|deployment| format!("in the deployment {deployment}"))
            .unwrap_or_default(),
        StepName::KnownGood => told.evidence.first().cloned().unwrap_or_default(),
    }
}
