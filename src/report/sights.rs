//! What memory takes of a run: for each method and each request of the contract the worst that was seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::safe;
use super::tally::Standing;
use crate::diagnose::{Cause, Diagnosis, Verdict};
use crate::gateway::{Verb, World};
use crate::plan::{Fate, Missing, Plan, Probe, SkipReason, Subject};
use crate::probe::Observation;
use crate::remember::{Example, Health, Sight, SubjectId};

/// The worst answer to one subject's probes.
#[derive(Debug)]
struct Worst {
    standing: Standing,
    confirmed: bool,
    host: Option<String>,
    example: Option<Example>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Sights {
    methods: BTreeMap<usize, Worst>,
    removed: BTreeMap<usize, Worst>,
    contract: BTreeMap<SubjectId, Option<Worst>>,
    /// How many requests of each subject have no answer yet: the one that fails may be among them.
    left: BTreeMap<Asked, usize>,
    /// Whether it is known which domains lead where.
    domains_read: bool,
}

/// A subject, before it has its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Method(usize),
    Removed(usize),
    Contract(SubjectId),
}

impl Asked {
    fn of(world: &World, probe: &Probe) -> Self {
        match probe.subject {
            Subject::Method(index) => Self::Method(index),
            Subject::Removed(index) => Self::Removed(index),
            Subject::Contract(_) => Self::Contract(contract_id(world, probe)),
        }
    }
}

impl Sights {
    /// Begins with the contract's requests, none of them answered.
    pub(super) fn new(world: &World, plan: &Plan) -> Self {
        let mut sights = Self::default();
        for probe in plan.probes.iter().chain(&plan.refusals) {
            let asked = Asked::of(world, probe);
            if let Asked::Contract(subject) = &asked {
                sights.contract.insert(subject.clone(), None);
            }
            *sights.left.entry(asked).or_default() += 1;
        }
        sights.domains_read = world.inventory().gaps.iter().all(|gap| gap.place.starts_with("api "));
        sights
    }

    /// Takes one answer.
    pub(super) fn take(
        &mut self,
        world: &World,
        probe: &Probe,
        observation: &Observation,
        diagnosis: &Diagnosis,
        standing: Standing,
    ) {
        if let Some(left) = self.left.get_mut(&Asked::of(world, probe)) {
            *left = left.saturating_sub(1);
        }
        let failing = standing == Standing::Failing;
        let worse = |known: Option<&Worst>| known.is_none_or(|known| standing > known.standing);
        let make = || Worst {
            standing,
            confirmed: observation.confirmed,
            host: probe.request.url.host_str().map(str::to_owned),
            example: failing
                .then(|| {
                    let url = safe::url(&diagnosis.request.url);
                    let mut example = Example::of(diagnosis, url, &observation.request_id)?;
                    // What is kept and told holds no value of the request's query, not in its sentences either.
                    let asked = &diagnosis.request.url;
                    example.remedy = safe::without_values(&example.remedy, asked);
                    for line in &mut example.evidence {
                        *line = safe::without_values(line, asked);
                    }
                    if let Some((verb, url)) = example.instead.as_deref().and_then(|best| best.split_once(' ')) {
                        example.instead = Some(format!("{verb} {}", safe::url(url)));
                    }
                    Some(example)
                })
                .flatten(),
        };
        match probe.subject {
            Subject::Method(index) => {
                if worse(self.methods.get(&index)) {
                    self.methods.insert(index, make());
                }
            }
            Subject::Removed(index) => {
                if worse(self.removed.get(&index)) {
                    self.removed.insert(index, make());
                }
            }
            Subject::Contract(_) => {
                let known = self.contract.entry(contract_id(world, probe)).or_default();
                if worse(known.as_ref()) {
                    *known = Some(make());
                }
            }
        }
    }

    fn is_left(&self, asked: &Asked) -> bool {
        self.left.get(asked).is_some_and(|left| *left > 0)
    }

    /// Whether a method is left out on purpose, by the user's word or by what the API is like, and so will be the next time.
    fn is_left_out(&self, fate: Fate) -> bool {
        match fate {
            Fate::Skipped(SkipReason::Ignored) => true,
            // Another door may be known when all domains could be read.
            Fate::Skipped(SkipReason::EndpointDisabled | SkipReason::PrivateEndpoint) => self.domains_read,
            Fate::Probed | Fate::Skipped(_) => false,
        }
    }

    /// All of them, one for each subject; those that were not asked are unknown, and so are good ones of which a request
    /// has no answer.
    pub(super) fn all(mut self, plan: &Plan) -> Vec<Sight> {
        let mut sights = Vec::with_capacity(plan.methods.len() + plan.removed.len() + self.contract.len());
        let whole = |sight: Sight, left: bool| match sight.health {
            Health::Good if left => Sight { health: Health::Unknown, ..sight },
            _ => sight,
        };
        for (index, method) in plan.methods.iter().enumerate() {
            if self.is_left_out(method.fate) {
                continue;
            }
            let subject = method_id(&method.api, &method.stage, &method.resource, method.verb);
            let ignored = method.ignored.as_deref().map(str::to_owned);
            let seen = sight(subject, self.methods.remove(&index));
            sights.push(whole(Sight { ignored, ..seen }, self.is_left(&Asked::Method(index))));
        }
        for (index, missing) in plan.removed.iter().enumerate() {
            let subject = method_id(&missing.api, &missing.stage, &missing.resource, missing.verb);
            let ignored = missing.ignored.as_deref().map(str::to_owned);
            let seen = match self.removed.remove(&index) {
                None if !missing.asked => known_to_be_gone(subject, missing),
                worst => sight(subject, worst),
            };
            sights.push(whole(Sight { ignored, ..seen }, self.is_left(&Asked::Removed(index))));
        }
        for (subject, worst) in std::mem::take(&mut self.contract) {
            let asked = Asked::Contract(subject.clone());
            sights.push(whole(sight(subject, worst), self.is_left(&asked)));
        }
        sights
    }

    /// What the run had no time for.
    pub(super) fn not_reached(&self, plan: &Plan) -> Vec<SubjectId> {
        let planned = plan.probes.iter().chain(&plan.refusals);
        let mut left: Vec<SubjectId> = planned
            .filter_map(|probe| match probe.subject {
                Subject::Method(index) if self.is_left(&Asked::Method(index)) => {
                    let method = plan.methods.get(index).filter(|method| method.fate == Fate::Probed)?;
                    Some(method_id(&method.api, &method.stage, &method.resource, method.verb))
                }
                _ => None,
            })
            .chain(self.contract.iter().filter(|(_, worst)| worst.is_none()).map(|(subject, _)| subject.clone()))
            .collect();
        left.dedup();
        left
    }
}

fn method_id(api: &str, stage: &str, resource: &str, verb: Verb) -> SubjectId {
    SubjectId::Method { api: api.to_owned(), stage: stage.to_owned(), resource: resource.to_owned(), verb }
}

/// A request of the contract is the same as long as its verb and its URL are, wherever it stands in the config.
pub(crate) fn contract_id(world: &World, probe: &Probe) -> SubjectId {
    let named = |(api, stage): &(Arc<str>, Arc<str>)| (api.to_string(), stage.to_string());
    let located = || {
        let (api, stage) = world.locate(&probe.request).stage()?;
        Some((api.id.clone(), stage.name.clone()))
    };
    SubjectId::Contract {
        verb: probe.request.method.clone(),
        url: safe::url(probe.request.url.as_str()),
        stage: probe.stage.as_ref().map(named).or_else(located),
    }
}

/// The subject of a probe.
pub(crate) fn subject_id(world: &World, plan: &Plan, probe: &Probe) -> Option<SubjectId> {
    match probe.subject {
        Subject::Method(index) => {
            let method = plan.methods.get(index)?;
            Some(method_id(&method.api, &method.stage, &method.resource, method.verb))
        }
        Subject::Removed(index) => {
            let missing = plan.removed.get(index)?;
            Some(method_id(&missing.api, &missing.stage, &missing.resource, missing.verb))
        }
        Subject::Contract(_) => Some(contract_id(world, probe)),
    }
}

fn sight(subject: SubjectId, worst: Option<Worst>) -> Sight {
    let Some(worst) = worst else {
        return Sight { subject, health: Health::Unknown, confirmed: false, host: None, ignored: None, example: None };
    };
    let health = match worst.standing {
        Standing::Healthy | Standing::Routed => Health::Good,
        Standing::Unproved => Health::Unknown,
        Standing::Failing => Health::Bad,
    };
    Sight { subject, health, confirmed: worst.confirmed, host: worst.host, ignored: None, example: worst.example }
}

/// A method whose verb may change something is not asked for: the deployment's own list says that it is gone.
fn known_to_be_gone(subject: SubjectId, missing: &Missing) -> Sight {
    let cause = Cause::Removed;
    let by = |id: &Option<String>| id.as_ref().map_or_else(|| "another".to_owned(), Clone::clone);
    let example = Example {
        method: missing.verb.to_string(),
        url: missing.resource.to_string(),
        cause,
        confidence: "certain".to_owned(),
        evidence: vec![format!(
            "deployment {} of stage {} does not have {} {}; deployment {} had it, and it answered (not sent: the verb may \
             change something)",
            by(&missing.removed.taken_by),
            missing.stage,
            missing.verb,
            missing.resource,
            by(&missing.removed.had_by),
        )],
        remedy: cause.about().remedy.to_owned(),
        instead: None,
        status: None,
        request_id: String::new(),
    };
    debug_assert_eq!(example.verdict(), Verdict::Routing);
    Sight { subject, health: Health::Bad, confirmed: true, host: None, ignored: None, example: Some(example) }
}

#[cfg(test)]
#[path = "sights_tests.rs"]
mod tests;
