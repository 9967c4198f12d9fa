//! From outcomes, one by one as they come, to a report. Healthy outcomes leave only counts behind.

use std::collections::BTreeMap;

use super::Latencies;
use super::model::{ContractCoverage, Coverage, Finding, REPORT_VERSION, Report, StageReport, Undeployed};
use crate::diagnose::{Cause, Diagnosis, Symptom, Verdict};
use crate::gateway::{Gap, Protocol, Tree, World};
use crate::plan::{Expects, Fate, Plan, Probe, Provenance, SkipReason, Subject};
use crate::probe::Observation;

/// What an answer means for a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It answered well.
    Healthy,
    /// It exists: the answer proves the route, and nothing better was to be had.
    Routed,
    /// Nothing is known to be wrong, and nothing was proved.
    Unproved,
    /// It fails.
    Failing,
}

/// What an answer means, given what the plan expects.
#[must_use]
pub fn standing(expects: Expects, provenance: Provenance, diagnosis: &Diagnosis) -> Standing {
    let Some(cause) = diagnosis.cause else { return Standing::Healthy };
    let refused = matches!(diagnosis.symptom, Symptom::Unauthorized | Symptom::AccessDenied);
    match (expects, cause) {
        // Where a web ACL may have said it nothing is proved. An authorizer that lets anybody in leaves the key to refuse.
        (Expects::KeyRefusal | Expects::AuthorizerRefusal, Cause::ApiKey) => {
            if diagnosis.routed() == Some(true) {
                Standing::Routed
            } else {
                Standing::Unproved
            }
        }
        // An authorizer that fails is a fault; one that refuses does its work.
        (Expects::AuthorizerRefusal, Cause::Authorizer) if refused => Standing::Routed,
        // The method that always answered still does; the request's own is in the editor or in another stage, not taken away.
        (_, Cause::Shadowed) if diagnosis.response.as_ref().is_some_and(|response| response.status < 400) => {
            Standing::Routed
        }
        // What was deployed moments ago the next run tells, and until then nobody is woken.
        (Expects::IamRefusal, Cause::IamUnsigned) | (_, Cause::Propagating) => Standing::Unproved,
        // A made-up request may be one that the validator or the backend does not take; callers' own must be.
        (_, Cause::BadProbe) if provenance != Provenance::Contract => Standing::Routed,
        (_, Cause::BackendStatus) if provenance != Provenance::Contract && below_500(diagnosis) => Standing::Routed,
        _ => Standing::Failing,
    }
}

fn below_500(diagnosis: &Diagnosis) -> bool {
    diagnosis.response.as_ref().is_some_and(|response| response.status < 500)
}

/// A report in the making.
#[derive(Debug)]
pub struct Tally<'p> {
    plan: &'p Plan,
    /// The worst standing through any door; `None` until one was asked.
    methods: Vec<Option<Standing>>,
    /// The stage of each method, as an index into `stages`.
    stage_of: Vec<usize>,
    /// Whether any failure of the method is one of routing.
    misrouted: Vec<bool>,
    /// Whether any answer left the method's route unproved. A broken backend proves the route and is no health.
    unproved: Vec<bool>,
    stages: Vec<StageReport>,
    by_name: BTreeMap<(String, String), usize>,
    contract: ContractCoverage,
    findings: Vec<Finding>,
    /// Failures of contract requests that lead to no stage, and of those the ones of routing.
    astray: (usize, usize),
    not_reached: usize,
}

impl<'p> Tally<'p> {
    /// Begins with what is deployed and nothing asked.
    #[must_use]
    pub fn new(world: &World, plan: &'p Plan) -> Self {
        let mut stages = Vec::new();
        let mut by_name = BTreeMap::new();
        for api in &world.inventory().apis {
            for stage in &api.stages {
                by_name.insert((api.id.clone(), stage.name.clone()), stages.len());
                stages.push(StageReport {
                    api: api.id.clone(),
                    api_name: api.name.clone(),
                    stage: stage.name.clone(),
                    deployment: stage.deployment.clone(),
                    tree: api.deployment_of(stage).map(|deployment| deployment.source),
                    coverage: Coverage::default(),
                    unhealthy: 0,
                    routing_failures: 0,
                    undeployed: 0,
                    latencies: Latencies::default(),
                });
            }
        }
        let stage_of = plan
            .methods
            .iter()
            .map(|method| by_name.get(&(method.api.to_string(), method.stage.to_string())).copied().unwrap_or(0))
            .collect();
        let contract = plan.probes.iter().filter(|probe| matches!(probe.subject, Subject::Contract(_))).count();
        Tally {
            plan,
            methods: vec![None; plan.methods.len()],
            stage_of,
            misrouted: vec![false; plan.methods.len()],
            unproved: vec![false; plan.methods.len()],
            stages,
            by_name,
            contract: ContractCoverage { requests: contract, healthy: 0 },
            findings: Vec::new(),
            astray: (0, 0),
            not_reached: 0,
        }
    }

    /// Takes one answer.
    pub fn observed(&mut self, world: &World, probe: &Probe, observation: &Observation, diagnosis: Diagnosis) {
        let standing = standing(probe.expects, probe.provenance, &diagnosis);
        let routing = standing == Standing::Failing && diagnosis.verdict == Verdict::Routing;
        let stage = match probe.subject {
            Subject::Method(index) => {
                if let Some(method) = self.methods.get_mut(index) {
                    *method = (*method).max(Some(standing));
                    self.misrouted[index] |= routing;
                    self.unproved[index] |= diagnosis.routed() != Some(true);
                }
                self.stage_of.get(index).copied()
            }
            Subject::Contract(_) => {
                if standing == Standing::Healthy {
                    self.contract.healthy += 1;
                }
                world
                    .locate(&probe.request)
                    .stage()
                    .and_then(|(api, stage)| self.by_name.get(&(api.id.clone(), stage.name.clone())).copied())
            }
        };
        if matches!(probe.subject, Subject::Contract(_)) && standing == Standing::Failing {
            let (failing, misrouted) = match stage.and_then(|stage| self.stages.get_mut(stage)) {
                Some(stage) => (&mut stage.unhealthy, &mut stage.routing_failures),
                None => (&mut self.astray.0, &mut self.astray.1),
            };
            *failing += 1;
            *misrouted += usize::from(routing);
        }
        if observation.outcome.is_ok()
            && let Some(stage) = stage.and_then(|stage| self.stages.get_mut(stage))
        {
            stage.latencies.add(observation.timings.total);
        }
        if standing != Standing::Healthy {
            self.findings.push(Finding {
                diagnosis,
                expected: standing != Standing::Failing,
                door: probe.door.clone(),
                provenance: probe.provenance,
                attempts: observation.attempts,
                confirmed: observation.confirmed,
                request_id: observation.request_id.clone(),
            });
        }
    }

    /// Takes one probe that the deadline came before.
    pub fn not_reached(&mut self) {
        self.not_reached += 1;
    }

    /// Closes the books.
    #[must_use]
    pub fn report(mut self, world: &World, started_at: i64, duration_ms: u64) -> Report {
        let inventory = world.inventory();
        for (index, method) in self.plan.methods.iter().enumerate() {
            let Some(stage) = self.stages.get_mut(self.stage_of[index]) else { continue };
            stage.coverage.deployed += 1;
            match (method.fate, self.methods[index]) {
                (Fate::Skipped(reason), _) => *stage.coverage.skipped.entry(reason).or_default() += 1,
                (Fate::Probed, None) => *stage.coverage.skipped.entry(SkipReason::OutOfTime).or_default() += 1,
                (Fate::Probed, Some(standing)) => {
                    stage.coverage.probed += 1;
                    stage.coverage.routed += usize::from(!self.unproved[index]);
                    stage.coverage.healthy += usize::from(standing == Standing::Healthy);
                    stage.unhealthy += usize::from(standing == Standing::Failing);
                    stage.routing_failures += usize::from(self.misrouted[index]);
                }
            }
        }
        let mut coverage = Coverage::default();
        for stage in &self.stages {
            coverage.deployed += stage.coverage.deployed;
            coverage.probed += stage.coverage.probed;
            coverage.routed += stage.coverage.routed;
            coverage.healthy += stage.coverage.healthy;
            for (reason, count) in &stage.coverage.skipped {
                *coverage.skipped.entry(*reason).or_default() += count;
            }
        }
        let undeployed = undeployed(world);
        for method in &undeployed {
            if let Some(stage) = self.by_name.get(&(method.api.clone(), method.stage.clone())) {
                self.stages[*stage].undeployed += 1;
            }
        }
        let mut gaps = inventory.gaps.clone();
        gaps.extend(self.plan.gaps.iter().cloned());
        if self.not_reached > 0 {
            let reason = format!("{} requests were not sent before the run's deadline", self.not_reached);
            gaps.push(Gap { place: "this run".to_owned(), reason });
        }
        self.findings.sort_by(|a, b| {
            let key = |finding: &Finding| (finding.expected, finding.diagnosis.cause);
            key(a).cmp(&key(b)).then_with(|| {
                let line = |finding: &Finding| {
                    (finding.diagnosis.request.url.clone(), finding.diagnosis.request.method.clone())
                };
                line(a).cmp(&line(b))
            })
        });
        Report {
            version: REPORT_VERSION,
            started_at,
            duration_ms,
            region: inventory.region.clone(),
            coverage,
            contract: self.contract,
            unhealthy: self.astray.0 + self.stages.iter().map(|stage| stage.unhealthy).sum::<usize>(),
            routing_failures: self.astray.1 + self.stages.iter().map(|stage| stage.routing_failures).sum::<usize>(),
            notes: notes(world),
            stages: self.stages,
            diagnoses: self.findings,
            undeployed,
            gaps,
            stopped_early: self.not_reached > 0,
        }
    }
}

/// What the editor has and a stage does not. A stage whose tree is the edited one cannot tell.
fn undeployed(world: &World) -> Vec<Undeployed> {
    let mut found = Vec::new();
    for api in &world.inventory().apis {
        let Some(edited) = &api.edited else { continue };
        for stage in &api.stages {
            let Some(deployment) = api.deployment_of(stage) else { continue };
            if deployment.source == crate::gateway::TreeSource::Edited {
                continue;
            }
            found.extend(missing(edited, &deployment.tree).map(|(resource, verb)| Undeployed {
                api: api.id.clone(),
                api_name: api.name.clone(),
                stage: stage.name.clone(),
                resource: resource.to_owned(),
                method: verb,
            }));
        }
    }
    found
}

fn missing<'t>(edited: &'t Tree, deployed: &'t Tree) -> impl Iterator<Item = (&'t str, crate::gateway::Verb)> {
    edited
        .methods()
        .filter(|(resource, verb, _)| deployed.method(resource, *verb).is_none())
        .map(|(resource, verb, _)| (resource, verb))
}

/// What an operator should know, and what is no fault.
fn notes(world: &World) -> Vec<String> {
    let inventory = world.inventory();
    let mut notes = Vec::new();
    if inventory.apis.is_empty() {
        notes.push(format!(
            "no REST API was found in {}: check the region, the account and the --api and --stage filters",
            inventory.region
        ));
    }
    for api in &inventory.apis {
        if api.protocol == Protocol::WebSocket {
            let stages = api.stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(", ");
            let stages = if stages.is_empty() { "no stage".to_owned() } else { format!("stages {stages}") };
            notes.push(format!("{} ({}, {stages}) is a WebSocket API: not probed", api.name, api.id));
            continue;
        }
        if api.stages.is_empty() && !inventory.gaps.iter().any(|gap| gap.place.contains(&api.id)) {
            notes.push(format!("the API {} ({}) has no stage: nothing of it is deployed", api.name, api.id));
        }
        for stage in &api.stages {
            if stage.deployment.is_none() {
                notes.push(format!(
                    "the stage {} of the API {} ({}) has no deployment: nothing can be called through it",
                    stage.name, api.name, api.id
                ));
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::diagnose::diagnose;
    use crate::gateway::{Inventory, InvokeUrl};
    use crate::plan::{DomainUrl, plan};
    use crate::probe::Response;

    const INVENTORY: &str = r#"{"version": 1, "region": "us-east-1", "read_at": 0,
        "apis": [{"id": "a1", "name": "shop", "stages": [{"name": "prod", "deployment": "d1"}],
            "deployments": {"d1": {"source": "apisummary", "tree": {"/x": {"GET": {"authorization": "NONE"}}}}}}],
        "domains": [{"name": "api.example.com", "mappings": [{"api": "a1", "stage": "prod"}]}]}"#;

    fn answer(status: u16) -> Observation {
        let headers = match status {
            200 => vec![],
            _ => vec![("x-amzn-errortype".to_owned(), "InternalServerErrorException".to_owned())],
        };
        Observation::saved(Response { status, headers, body: String::new(), truncated: false })
    }

    /// A method with two doors, whose answers come in this order.
    fn told(answers: [u16; 2]) -> Report {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let plan = plan(&world, &Config::default(), &DomainUrl::default());
        assert_eq!((plan.methods.len(), plan.probes.len()), (1, 2));
        let mut tally = Tally::new(&world, &plan);
        for (probe, status) in plan.probes.iter().zip(answers) {
            let observation = answer(status);
            let diagnosis = diagnose(&probe.request, &observation, &world, 0);
            tally.observed(&world, probe, &observation, diagnosis);
        }
        tally.report(&world, 0, 0)
    }

    #[test]
    fn the_worst_door_counts_whichever_answers_first() {
        for (answers, healthy, unhealthy) in [([200, 200], 1, 0), ([200, 502], 0, 1), ([502, 200], 0, 1)] {
            let report = told(answers);
            let found = (report.coverage.probed, report.coverage.routed, report.coverage.healthy, report.unhealthy);
            assert_eq!(found, (1, 1, healthy, unhealthy), "{answers:?}");
        }
    }

    #[test]
    fn a_probe_that_was_not_sent_is_skipped_for_want_of_time() {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let plan = plan(&world, &Config::default(), &DomainUrl::default());
        let mut tally = Tally::new(&world, &plan);
        tally.not_reached();
        tally.not_reached();
        let report = tally.report(&world, 0, 0);
        assert_eq!(report.coverage.skipped, [(SkipReason::OutOfTime, 1)].into());
        assert!(report.stopped_early && !report.saw_nothing());
    }

    #[test]
    fn an_api_without_a_stage_and_a_stage_without_a_deployment_are_noted_and_no_fault() {
        let inventory = r#"{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [
            {"id": "a1", "name": "bare"}, {"id": "b2", "name": "empty", "stages": [{"name": "live"}]}]}"#;
        let world = World::new(Inventory::from_json(inventory).unwrap(), InvokeUrl::default());
        let plan = plan(&world, &Config::default(), &DomainUrl::default());
        let report = Tally::new(&world, &plan).report(&world, 0, 0);
        assert_eq!(
            report.notes,
            [
                "the API bare (a1) has no stage: nothing of it is deployed",
                "the stage live of the API empty (b2) has no deployment: nothing can be called through it",
            ]
        );
        assert!(!report.has_problems() && report.gaps.is_empty() && !report.saw_nothing());
    }
}
