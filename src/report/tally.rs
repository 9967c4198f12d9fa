//! From outcomes, one by one as they come, to a report. Healthy outcomes leave only counts behind.

use std::collections::{BTreeMap, BTreeSet};

use super::Latencies;
use super::certificates::Certificates;
use super::latency::milliseconds;
use super::model::{
    ContractCoverage, ContractRequest, Coverage, Finding, MethodReport, Phases, REPORT_VERSION, Report, StageReport,
    State, Undeployed,
};
use super::safe;
use super::sights::Sights;
use crate::diagnose::{Cause, Confidence, Diagnosis, Proof, Symptom, Verdict};
use crate::gateway::{Gap, Protocol, Tree, Verb, World, plain};
use crate::plan::{Expects, Fate, Plan, Probe, Provenance, RefusalKind, SkipReason, Subject};
use crate::probe::Observation;
use crate::remember::{Sight, SubjectId};

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

impl From<Standing> for State {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Healthy => State::Healthy,
            Standing::Routed => State::Routed,
            Standing::Unproved => State::Unproved,
            Standing::Failing => State::Failing,
        }
    }
}

/// What an answer to a probe means, given what the plan expects of it.
#[must_use]
pub fn standing(probe: &Probe, diagnosis: &Diagnosis) -> Standing {
    // A method that throws at a thing that is not there answers its callers well, as far as anybody knows.
    if may_be_for_its_values(probe, diagnosis) {
        return if diagnosis.routed() == Some(true) { Standing::Routed } else { Standing::Unproved };
    }
    // Something else serves it now, a catch-all say: the deployment's notice tells that it is gone, and nobody is woken.
    if matches!(probe.subject, Subject::Removed(_))
        && diagnosis.response.as_ref().is_some_and(|response| response.status < 400)
    {
        return Standing::Routed;
    }
    weighed(probe.expects, probe.provenance, diagnosis)
}

/// Whether this is the failure of what lies behind a method at a value that was made up, and not one that does not depend on
/// values: what API Gateway is not let to call, cannot reach or waits for in vain fails for everybody.
fn may_be_for_its_values(probe: &Probe, diagnosis: &Diagnosis) -> bool {
    if probe.provenance != Provenance::Placeholder && probe.made_up.is_empty() {
        return false;
    }
    let Some(response) = &diagnosis.response else { return false };
    match (diagnosis.cause, diagnosis.symptom) {
        (Some(Cause::BackendStatus), _) => response.status >= 500,
        // A Lambda function that throws: 502 of a REST API, 500 of an HTTP API, which sends no `x-amzn-ErrorType`. A REST
        // API's own 500 is for want of a permission or a mapping (facts A2).
        (Some(Cause::Integration), Symptom::IntegrationFailure) => response.status == 502,
        (Some(Cause::Integration), Symptom::InternalServerError) => response.error_type.is_none(),
        _ => false,
    }
}

/// Says of a failure at a made-up value what it may be, and how to know.
fn made_up(diagnosis: &mut Diagnosis, probe: &Probe, resource: Option<&str>) {
    let quoted = |name: &String| format!("`{}`", plain(name));
    let names = probe.made_up.iter().map(quoted).collect::<Vec<_>>().join(", ");
    let what = if names.is_empty() { "a value of the request".to_owned() } else { format!("the value of {names}") };
    let told = format!("{what} was made up: this may be the answer to something that does not exist");
    diagnosis.evidence.insert(0, told);
    let parameters = probe.made_up.iter().map(|name| format!("{}: …", plain(name))).collect::<Vec<_>>().join(", ");
    diagnosis.remedy = match resource.map(plain) {
        Some(resource) if !parameters.is_empty() => format!(
            "Give the config a good value, as `known_good: [{{path: '{resource}', parameters: {{{parameters}}}}}]` or \
             `parameters: {{{parameters}}}`: a failure then counts."
        ),
        Some(resource) => {
            format!(
                "Give the config a good request, as `known_good: [{{path: '{resource}', …}}]`: a failure then counts."
            )
        }
        None => "Give the operation's parameters good values, by `example` in the document or by `parameters` in the \
                 config: a failure then counts."
            .to_owned(),
    };
}

fn weighed(expects: Expects, provenance: Provenance, diagnosis: &Diagnosis) -> Standing {
    let Some(cause) = diagnosis.cause else {
        // What answers made-up values well is there; whether it answers its callers well they cannot show.
        return if provenance.is_known_good() { Standing::Healthy } else { Standing::Routed };
    };
    let promised = matches!(provenance, Provenance::Contract | Provenance::Config);
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
        (_, Cause::Propagating) => Standing::Unproved,
        // A made-up request, and an example of another day's, may be one that the validator or the backend does not take;
        // what the user says is good must be.
        (_, Cause::BadProbe) if !promised => Standing::Routed,
        (_, Cause::BackendStatus) if !promised && below_500(diagnosis) => Standing::Routed,
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
    /// The cause of that standing.
    causes: Vec<Option<Cause>>,
    /// The slowest answer of each method, in milliseconds.
    slowest: Vec<Option<u64>>,
    /// The requests of the contract, by URL and verb.
    contract_requests: BTreeMap<ContractKey, ContractRequest>,
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
    /// The weakest provenance of a method's probes.
    provenance: Vec<Option<Provenance>>,
    /// Methods that were not asked after all.
    dropped: BTreeMap<usize, SkipReason>,
    refusals_not_given: Vec<String>,
    gaps: Vec<Gap>,
    certificates: Certificates,
    sights: Sights,
    withdrawn: BTreeSet<(String, RefusalKind)>,
}

/// Says of a request that was to be refused, and was not, what there is to say.
fn not_refused(diagnosis: &mut Diagnosis, told: &str) {
    diagnosis.cause = Some(Cause::Unexplained);
    diagnosis.verdict = Verdict::Auth;
    diagnosis.confidence = Confidence::Certain;
    diagnosis.alternatives.clear();
    diagnosis.suggestions.clear();
    diagnosis.evidence.insert(0, told.to_owned());
    "Look at once whether this method is open to everybody: what its deployment demands is not enforced."
        .clone_into(&mut diagnosis.remedy);
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
                    phases: Phases::default(),
                });
            }
        }
        let stage_of = plan
            .methods
            .iter()
            .map(|method| by_name.get(&(method.api.to_string(), method.stage.to_string())).copied().unwrap_or(0))
            .collect();
        let promised =
            || plan.probes.iter().chain(&plan.refusals).filter(|probe| matches!(probe.subject, Subject::Contract(_)));
        let contract = promised().count();
        let contract_requests = promised().map(|probe| (contract_key(probe), not_asked(probe))).collect();
        Tally {
            plan,
            methods: vec![None; plan.methods.len()],
            causes: vec![None; plan.methods.len()],
            slowest: vec![None; plan.methods.len()],
            contract_requests,
            stage_of,
            misrouted: vec![false; plan.methods.len()],
            unproved: vec![false; plan.methods.len()],
            stages,
            by_name,
            contract: ContractCoverage { requests: contract, ..ContractCoverage::default() },
            findings: Vec::new(),
            astray: (0, 0),
            not_reached: 0,
            provenance: vec![None; plan.methods.len()],
            dropped: BTreeMap::new(),
            refusals_not_given: Vec::new(),
            gaps: Vec::new(),
            certificates: Certificates::default(),
            sights: Sights::new(world, plan),
            withdrawn: BTreeSet::new(),
        }
    }

    /// Takes one answer.
    pub fn observed(&mut self, world: &World, probe: &Probe, observation: &Observation, mut diagnosis: Diagnosis) {
        let standing = standing(probe, &diagnosis);
        if may_be_for_its_values(probe, &diagnosis) {
            let resource = match probe.subject {
                Subject::Method(index) => self.plan.methods.get(index).map(|method| &*method.resource),
                Subject::Contract(_) | Subject::Removed(_) => None,
            };
            made_up(&mut diagnosis, probe, resource);
        }
        let routed = diagnosis.routed() == Some(true);
        self.judged(world, probe, observation, diagnosis, standing, routed);
    }

    /// Takes the answer to a request that must be refused.
    pub fn refused(
        &mut self,
        world: &World,
        probe: &Probe,
        observation: &Observation,
        mut diagnosis: Diagnosis,
        proof: Proof,
    ) {
        let safe = Verb::of_request(&probe.request.method).is_some_and(Verb::is_safe);
        let (standing, routed) = match proof {
            Proof::Refused(_) => (Standing::Routed, true),
            Proof::Nothing => (Standing::Unproved, false),
            Proof::Fault => {
                (weighed(Expects::Answer, Provenance::Refusal, &diagnosis), diagnosis.routed() == Some(true))
            }
            // A verb that changes nothing may be answered; that the answer came in spite of all is worth a look.
            Proof::NotRefused if safe => {
                (weighed(Expects::Answer, Provenance::Refusal, &diagnosis).min(Standing::Routed), true)
            }
            Proof::NotRefused => {
                let place = self.plan_place(probe.subject);
                let lacks = probe.refusal.iter().map(|kind| kind.lacks()).collect::<Vec<_>>().join(", nor ");
                let told = format!(
                    "{place}: a {} without {lacks} was not refused, and reached what lies behind it",
                    probe.request.method
                );
                not_refused(&mut diagnosis, &told);
                self.refusals_not_given.push(told);
                (Standing::Failing, true)
            }
        };
        self.judged(world, probe, observation, diagnosis, standing, routed);
    }

    fn plan_place(&self, subject: Subject) -> String {
        match subject {
            Subject::Method(index) => self.plan.methods.get(index).map_or_else(String::new, |method| {
                format!("{} {} of stage {} ({})", method.verb, method.resource, method.stage, method.api_name)
            }),
            Subject::Contract(index) => format!("contract entry {}", index + 1),
            Subject::Removed(index) => self.plan.removed.get(index).map_or_else(String::new, |missing| {
                format!("{} {} of stage {} ({})", missing.verb, missing.resource, missing.stage, missing.api_name)
            }),
        }
    }

    fn judged(
        &mut self,
        world: &World,
        probe: &Probe,
        observation: &Observation,
        diagnosis: Diagnosis,
        standing: Standing,
        routed: bool,
    ) {
        self.certificates.saw(&probe.request.url, observation);
        self.sights.take(world, probe, observation, &diagnosis, standing);
        let routing = standing == Standing::Failing && diagnosis.verdict == Verdict::Routing;
        let took = observation.outcome.is_ok().then(|| milliseconds(observation.timings.total));
        let stage =
            match probe.subject {
                Subject::Method(index) => {
                    if let Some(method) = self.methods.get_mut(index) {
                        if *method < Some(standing) {
                            self.causes[index] = diagnosis.cause;
                        }
                        *method = (*method).max(Some(standing));
                        self.slowest[index] = self.slowest[index].max(took);
                        self.misrouted[index] |= routing;
                        self.unproved[index] |= !routed;
                        self.provenance[index] = self.provenance[index].max(Some(probe.provenance));
                    }
                    self.stage_of.get(index).copied()
                }
                Subject::Contract(_) => {
                    self.contract.healthy += usize::from(standing == Standing::Healthy);
                    self.contract.routed += usize::from(matches!(standing, Standing::Healthy | Standing::Routed));
                    if let Some(request) = self.contract_requests.get_mut(&contract_key(probe)) {
                        request.state = standing.into();
                        request.cause = diagnosis.cause;
                        request.latency_ms = took;
                    }
                    world
                        .locate(&probe.request)
                        .stage()
                        .and_then(|(api, stage)| self.by_name.get(&(api.id.clone(), stage.name.clone())).copied())
                }
                Subject::Removed(index) => self.plan.removed.get(index).and_then(|missing| {
                    self.by_name.get(&(missing.api.to_string(), missing.stage.to_string())).copied()
                }),
            };
        let ignored = match probe.subject {
            Subject::Method(index) => self.plan.methods.get(index).and_then(|method| method.ignored.as_deref()),
            Subject::Removed(index) => self.plan.removed.get(index).and_then(|missing| missing.ignored.as_deref()),
            Subject::Contract(_) => None,
        };
        if matches!(probe.subject, Subject::Contract(_) | Subject::Removed(_))
            && standing == Standing::Failing
            && ignored.is_none()
        {
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
            let timings = &observation.timings;
            stage.latencies.add(timings.total);
            let Phases { dns, connect, first_byte } = &mut stage.phases;
            for (phase, time) in [(dns, timings.dns), (connect, timings.connect), (first_byte, timings.first_byte)] {
                if let Some(time) = time {
                    phase.add(time);
                }
            }
        }
        // A made-up request that was answered well is nothing to tell.
        // And so is a refusal that proved the route it was to prove.
        let as_hoped = probe.expects == Expects::Refusal && standing == Standing::Routed;
        if standing != Standing::Healthy && diagnosis.cause.is_some() && !as_hoped {
            let ignored = ignored.filter(|_| standing == Standing::Failing);
            self.findings.push(Finding {
                diagnosis,
                expected: standing != Standing::Failing,
                ignored: ignored.map(ToOwned::to_owned),
                of: match probe.subject {
                    Subject::Method(index) => Some(index),
                    Subject::Contract(_) | Subject::Removed(_) => None,
                },
                door: probe.door.clone(),
                provenance: probe.provenance,
                attempts: observation.attempts,
                confirmed: observation.confirmed,
                request_id: observation.request_id.clone(),
            });
        }
    }

    /// Takes one method that was not asked after all.
    pub fn dropped(&mut self, probe: &Probe, reason: SkipReason) {
        match probe.subject {
            Subject::Method(index) => {
                self.dropped.insert(index, reason);
            }
            Subject::Removed(_) => {}
            Subject::Contract(_) => {
                let place = format!("contract {} {}", probe.request.method, probe.request.url.path());
                self.gaps.push(Gap { place, reason: format!("not asked: {}", reason.means()) });
            }
        }
    }

    /// Takes that these refusals did not come in an API.
    pub fn withdrew(&mut self, api: &str, kinds: &[RefusalKind]) {
        self.withdrawn.extend(kinds.iter().map(|kind| (api.to_owned(), *kind)));
    }

    /// The kinds of refusal that did not come, by API.
    pub fn withdrawn(&self) -> impl Iterator<Item = (&str, RefusalKind)> {
        self.withdrawn.iter().map(|(api, kind)| (api.as_str(), *kind))
    }

    /// Takes a gap that the run found on its way.
    pub fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// Takes one probe that the deadline came before.
    pub fn not_reached(&mut self) {
        self.not_reached += 1;
    }

    /// What memory takes of the run: every subject's sight, and what the run had no time for.
    #[must_use]
    pub fn take_sights(&mut self) -> (Vec<Sight>, Vec<SubjectId>) {
        let sights = std::mem::take(&mut self.sights);
        let not_reached = sights.not_reached(self.plan);
        (sights.all(self.plan), not_reached)
    }

    /// Which methods were proved to be routed, and which to be healthy, by their index in the plan.
    pub fn proved(&self) -> impl Iterator<Item = (usize, bool, bool)> {
        self.methods.iter().enumerate().filter_map(|(index, standing)| {
            standing.map(|standing| (index, !self.unproved[index], standing == Standing::Healthy))
        })
    }

    /// What became of one of the plan's methods.
    fn method(&self, index: usize) -> MethodReport {
        let planned = &self.plan.methods[index];
        let standing = self.methods[index];
        let skipped = match (planned.fate, standing) {
            (Fate::Skipped(reason), _) => Some(reason),
            (Fate::Probed, None) => Some(self.dropped.get(&index).copied().unwrap_or(SkipReason::OutOfTime)),
            (Fate::Probed, Some(_)) => None,
        };
        MethodReport {
            api: planned.api.clone(),
            stage: planned.stage.clone(),
            resource: planned.resource.clone(),
            method: planned.verb,
            state: standing.filter(|_| skipped.is_none()).map_or(State::Skipped, State::from),
            skipped,
            detail: planned.detail.clone(),
            remedy: planned.remedy.clone(),
            ignored: planned.ignored.clone(),
            provenance: self.provenance[index],
            cause: self.causes[index],
            latency_ms: self.slowest[index],
        }
    }

    /// Closes the books.
    #[must_use]
    pub fn report(mut self, world: &World, started_at: i64, duration_ms: u64) -> Report {
        let inventory = world.inventory();
        let mut ignored = 0;
        for (index, method) in self.plan.methods.iter().enumerate() {
            let Some(stage) = self.stages.get_mut(self.stage_of[index]) else { continue };
            stage.coverage.deployed += 1;
            match (method.fate, self.methods[index]) {
                (Fate::Skipped(reason), _) => *stage.coverage.skipped.entry(reason).or_default() += 1,
                (Fate::Probed, None) if self.dropped.contains_key(&index) => {
                    *stage.coverage.skipped.entry(self.dropped[&index]).or_default() += 1;
                }
                (Fate::Probed, None) => *stage.coverage.skipped.entry(SkipReason::OutOfTime).or_default() += 1,
                (Fate::Probed, Some(standing)) => {
                    stage.coverage.probed += 1;
                    if let Some(provenance) = self.provenance[index] {
                        *stage.coverage.by_provenance.entry(provenance).or_default() += 1;
                    }
                    stage.coverage.routed += usize::from(!self.unproved[index]);
                    stage.coverage.healthy += usize::from(standing == Standing::Healthy);
                    if method.ignored.is_some() {
                        ignored += usize::from(standing == Standing::Failing);
                    } else {
                        stage.unhealthy += usize::from(standing == Standing::Failing);
                        stage.routing_failures += usize::from(self.misrouted[index]);
                    }
                }
            }
        }
        for missing in self.plan.removed.iter().filter(|missing| !missing.asked && missing.ignored.is_none()) {
            let stage = self.by_name.get(&(missing.api.to_string(), missing.stage.to_string()));
            if let Some(stage) = stage.and_then(|stage| self.stages.get_mut(*stage)) {
                stage.unhealthy += 1;
                stage.routing_failures += 1;
            }
        }
        let methods = (0..self.plan.methods.len()).map(|index| self.method(index)).collect();
        let mut coverage = Coverage::default();
        for stage in &self.stages {
            coverage.deployed += stage.coverage.deployed;
            coverage.probed += stage.coverage.probed;
            coverage.routed += stage.coverage.routed;
            coverage.healthy += stage.coverage.healthy;
            for (reason, count) in &stage.coverage.skipped {
                *coverage.skipped.entry(*reason).or_default() += count;
            }
            for (provenance, count) in &stage.coverage.by_provenance {
                *coverage.by_provenance.entry(*provenance).or_default() += count;
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
        gaps.append(&mut self.gaps);
        if self.not_reached > 0 {
            let reason = format!("{} requests were not sent before the run's deadline", self.not_reached);
            gaps.push(Gap { place: "this run".to_owned(), reason });
        }
        self.findings.sort_by(|a, b| {
            let key = |finding: &Finding| (finding.expected, finding.ignored.is_some(), finding.diagnosis.cause);
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
            ignored,
            notes: [notes(world), self.plan.notes.clone()].concat(),
            stages: self.stages,
            methods,
            contract_requests: self.contract_requests.into_values().collect(),
            diagnoses: self.findings,
            undeployed,
            refusals_not_given: self.refusals_not_given,
            certificates: self.certificates.told(started_at),
            gaps,
            stopped_early: self.not_reached > 0,
            memory: None,
        }
    }
}

/// Two entries may ask for one URL with different headers.
fn contract_key(probe: &Probe) -> ContractKey {
    let entry = match probe.subject {
        Subject::Contract(entry) => entry,
        Subject::Method(_) | Subject::Removed(_) => usize::MAX,
    };
    (probe.request.url.to_string(), probe.request.method.clone(), entry)
}

/// URL, verb, and the config's entry.
type ContractKey = (String, String, usize);

fn not_asked(probe: &Probe) -> ContractRequest {
    ContractRequest {
        method: probe.request.method.clone(),
        url: safe::url(probe.request.url.as_ref()),
        state: State::Skipped,
        cause: None,
        latency_ms: None,
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
            "no API was found in {}: check the region, the account and the --api and --stage filters",
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
    notes.extend(world.undescribed());
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::diagnose::diagnose;
    use crate::gateway::{Inventory, InvokeUrl};
    use crate::plan::{DomainUrl, Unreadable, plan};
    use crate::probe::Response;
    use crate::report::terminal::{self, Style};

    const INVENTORY: &str = r#"{"version": 1, "region": "us-east-1", "read_at": 0,
        "apis": [{"id": "a1", "name": "shop", "stages": [{"name": "prod", "deployment": "d1"}],
            "deployments": {"d1": {"source": "apisummary", "tree": {"/x": {"GET": {"authorization": "NONE"}}}}}}],
        "domains": [{"name": "api.example.com", "mappings": [{"api": "a1", "stage": "prod"}]}]}"#;

    fn answer(status: u16) -> Observation {
        let headers = match status {
            200 => vec![],
            403 => vec![("x-amzn-errortype".to_owned(), "MissingAuthenticationTokenException".to_owned())],
            _ => vec![("x-amzn-errortype".to_owned(), "InternalServerErrorException".to_owned())],
        };
        Observation::saved(Response { status, headers, body: String::new(), truncated: false })
    }

    /// A method with two doors, whose answers come in this order.
    fn told(answers: [u16; 2]) -> Report {
        told_by("", answers)
    }

    /// The same, with a config.
    fn told_by(config: &str, answers: [u16; 2]) -> Report {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let config = Config::parse(config, "test").unwrap();
        let plan = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
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
            let [method] = report.methods.as_slice() else { panic!("{:?}", report.methods) };
            let (state, cause) =
                if unhealthy == 1 { (State::Failing, Some(Cause::Integration)) } else { (State::Healthy, None) };
            assert_eq!((&*method.resource, method.state, method.cause), ("/x", state, cause), "{answers:?}");
            assert_eq!(method.latency_ms, Some(1), "an answer came");
            assert!(report.diagnoses.iter().all(|finding| finding.of == Some(0)));
        }
    }

    #[test]
    fn every_method_and_every_request_of_the_contract_is_listed_asked_or_not() {
        let config = "contract:\n  - {url: 'https://api.example.com/x?key=secret'}\n  - {url: 'https://api.example.com/y'}\n  \
                      - {url: 'https://api.example.com/x?key=secret', headers: {accept: text/html}}\n";
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let config = Config::parse(config, "test").unwrap();
        let plan = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
        let mut tally = Tally::new(&world, &plan);
        let missing = plan.probes.iter().find(|probe| probe.request.url.path() == "/y").unwrap();
        let observation = answer(403);
        let diagnosis = diagnose(&missing.request, &observation, &world, 0);
        tally.observed(&world, missing, &observation, diagnosis);
        let report = tally.report(&world, 0, 0);
        let [method] = report.methods.as_slice() else { panic!("{:?}", report.methods) };
        assert_eq!((method.state, method.skipped), (State::Skipped, Some(SkipReason::OutOfTime)));
        let listed: Vec<_> =
            report.contract_requests.iter().map(|asked| (asked.url.as_str(), asked.state, asked.cause)).collect();
        let unasked = ("https://api.example.com/x?key=…", State::Skipped, None);
        let failing = ("https://api.example.com/y", State::Failing, Some(Cause::PathUnknown));
        assert_eq!(listed, [unasked, unasked, failing]);
    }

    /// What one answer to the only method of an API makes of it: failures, healthy ones, routed ones, findings.
    fn answered(resource: &str, method: &str, protocol: &str, config: &str, answer: (u16, &str, &str)) -> Report {
        let inventory = format!(
            r#"{{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [{{"id": "a1", "name": "shop", "protocol": "{protocol}",
                "stages": [{{"name": "prod", "deployment": "d1"}}],
                "deployments": {{"d1": {{"source": "apisummary", "tree": {{"{resource}": {{"GET": {method}}}}}}}}}}}]}}"#
        );
        let world = World::new(Inventory::from_json(&inventory).unwrap(), InvokeUrl::default());
        let config = Config::parse(config, "test").unwrap();
        let plan = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
        let mut tally = Tally::new(&world, &plan);
        let (status, kind, body) = answer;
        let headers = if kind.is_empty() { vec![] } else { vec![("x-amzn-errortype".to_owned(), kind.to_owned())] };
        let observation = Observation::saved(Response { status, headers, body: body.to_owned(), truncated: false });
        let [probe] = plan.probes.as_slice() else { panic!("{plan:?}") };
        let diagnosis = diagnose(&probe.request, &observation, &world, 0);
        tally.observed(&world, probe, &observation, diagnosis);
        tally.report(&world, 0, 0)
    }

    const OPEN: &str = r#"{"authorization": "NONE"}"#;
    const INTERNAL: &str = "InternalServerErrorException";
    /// What a Lambda function that throws is answered with; what a REST API that may not call it says; a backend's own.
    const THROWS: (u16, &str, &str) = (502, INTERNAL, r#"{"message":"Internal server error"}"#);
    const MAY_NOT: (u16, &str, &str) = (500, INTERNAL, r#"{"message":"Internal server error"}"#);
    const OWN: (u16, &str, &str) = (500, "", "no such order");

    /// A method with a path parameter that has this sample, or none.
    fn of_sample(sample: &str) -> String {
        format!(
            r#"{{"authorization": "NONE", "interface": {{"parameters": [{{"name": "id", "place": "path", "required": true, "sample": {sample}}}]}}}}"#
        )
    }

    #[test]
    fn a_failure_at_a_made_up_value_wakes_nobody_and_is_told() {
        let schema = of_sample(r#"{"Ok": {"value": "1", "from": "schema"}}"#);
        let unknown = of_sample(r#"{"Err": "nothing fits"}"#);
        let first = of_sample(r#"{"Ok": {"value": "1", "from": "enum"}}"#);
        let example = of_sample(r#"{"Ok": {"value": "1", "from": "example"}}"#);
        let query = r#"{"authorization": "NONE", "interface": {"parameters": [{"name": "q", "place": "query", "required": true, "sample": {"Ok": {"value": "1", "from": "schema"}}}]}}"#;
        let good = "parameters: {id: '7'}";
        let known = "known_good: [{path: '/x/{id}', parameters: {id: '7'}}]";
        for (resource, method, config, answer, failing) in [
            ("/x/{id}", OPEN, "", THROWS, false),
            ("/x/{id}", &unknown, "", OWN, false),
            ("/x/{id}", &schema, "", THROWS, false),
            ("/x/{id}", &schema, "", OWN, false),
            // Of what does not depend on values nobody is spared.
            ("/x/{id}", OPEN, "", MAY_NOT, true),
            ("/x/{id}", OPEN, "", (504, INTERNAL, r#"{"message":"Endpoint request timed out"}"#), true),
            ("/x/{id}", OPEN, "", (504, INTERNAL, r#"{"message":"Network error communicating with endpoint"}"#), true),
            ("/x/{id}", OPEN, "", (500, "AuthorizerConfigurationException", r#"{"message":null}"#), true),
            ("/x/{id}", OPEN, "", (500, "ApiConfigurationException", r#"{"message":"Internal server error"}"#), true),
            // A value that somebody stands for is a good one, and what has none has none to blame.
            ("/x/{id}", &first, "", THROWS, true),
            ("/x/{id}", &example, "", THROWS, true),
            ("/x/{id}", &schema, good, THROWS, true),
            ("/x/{id}", OPEN, known, OWN, true),
            ("/x", OPEN, "", THROWS, true),
            ("/x", OPEN, "", OWN, true),
            ("/x", query, "", OWN, true),
        ] {
            let report = answered(resource, method, "rest", config, answer);
            let case = format!("{resource} {method} {config} {answer:?}");
            assert_eq!((report.unhealthy == 1, report.has_problems()), (failing, failing), "{case}");
            let [finding] = report.diagnoses.as_slice() else { panic!("{case}: it is told") };
            assert_eq!(finding.expected, !failing, "{case}");
            let told = finding.diagnosis.evidence[0].contains("the value of `id` was made up");
            assert_eq!(
                (told, finding.diagnosis.remedy.contains("parameters: {id: …}")),
                (!failing, !failing),
                "{case}"
            );
            let drawn = terminal::report(&report, Style { width: 400, ..Style::default() });
            let line = format!("1 failed at a made-up value ({})", finding.diagnosis.cause.unwrap());
            assert_eq!(drawn.contains(&line), !failing, "{drawn}");
            if !failing {
                let url = &finding.diagnosis.request.url;
                let why = format!("GET {url} answered {}: Give the config a good value", answer.0);
                assert!(drawn.contains(&why), "{drawn}");
                assert_eq!((report.coverage.routed, report.coverage.healthy), (1, 0), "{case}");
                assert!(finding.diagnosis.remedy.contains("known_good: [{path: '/x/{id}'"), "{case}");
            }
        }
    }

    #[test]
    fn a_backend_that_does_not_know_a_made_up_value_has_not_failed() {
        let report = answered("/x/{id}", OPEN, "rest", "", (404, "", "no such order"));
        let [finding] = report.diagnoses.as_slice() else { panic!("it is told") };
        assert!(finding.expected && !finding.diagnosis.evidence[0].contains("made up"), "{finding:?}");
        assert!(!terminal::report(&report, Style::default()).contains("failed at"));
    }

    #[test]
    fn an_http_api_has_one_word_for_a_function_that_throws() {
        let threw = (500, "", r#"{"message":"Internal Server Error"}"#);
        for (resource, failing) in [("/x/{id}", false), ("/x", true)] {
            let report = answered(resource, OPEN, "http", "", threw);
            assert_eq!((report.unhealthy == 1, report.diagnoses.len()), (failing, 1), "{resource}");
            assert_eq!(report.diagnoses[0].diagnosis.cause, Some(Cause::Integration));
        }
    }

    #[test]
    fn a_made_up_value_of_a_contract_is_told_where_the_document_can_give_a_better_one() {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let text = "contract: [{api: a1, openapi: {openapi: 3.0.1, paths: {'/y/{id}': {get: {}}}}}]";
        let config = Config::parse(text, "test").unwrap();
        let plan = plan(&world, &config, &DomainUrl::default(), &Unreadable::new());
        let mut tally = Tally::new(&world, &plan);
        let probe = plan.probes.last().unwrap();
        assert_eq!((probe.subject, probe.made_up.as_slice()), (Subject::Contract(0), &["id".to_owned()][..]));
        let (status, _, body) = OWN;
        let observation =
            Observation::saved(Response { status, headers: vec![], body: body.to_owned(), truncated: false });
        tally.observed(&world, probe, &observation, diagnose(&probe.request, &observation, &world, 0));
        let report = tally.report(&world, 0, 0);
        // Where the model knows no method for it, anybody may have answered: nothing is proved.
        assert_eq!((report.contract.routed, report.contract.healthy, report.unhealthy), (0, 0, 0));
        assert!(report.diagnoses[0].diagnosis.remedy.contains("`example` in the document"));
    }

    #[test]
    fn what_is_ignored_is_asked_and_counted_and_no_problem() {
        let ignore = "ignore: [{path: /x, reason: the team knows}]";
        let report = told_by(ignore, [502, 404]);
        assert_eq!((report.coverage.probed, report.coverage.skipped_total(), report.coverage.healthy), (1, 0, 0));
        assert_eq!((report.unhealthy, report.routing_failures, report.ignored), (0, 0, 1));
        assert_eq!((report.stages[0].unhealthy, report.stages[0].routing_failures), (0, 0));
        assert!(!report.has_problems() && report.causes().is_empty());
        let reasons: Vec<&str> = report.ignored().map(|(_, reason)| reason).collect();
        assert_eq!(reasons, ["the team knows"; 2]);
        assert_eq!(serde_json::to_value(&report).unwrap()["diagnoses"][0]["ignored"], "the team knows");
        let style = crate::report::terminal::Style { color: false, verbose: false, width: 80 };
        let text = crate::report::terminal::report(&report, style);
        assert!(text.contains("failing and ignored (the team knows): 2 integration\n"), "{text}");
        assert!(text.contains("no problems in us-east-1"), "{text}");
        // Nor is a door that is not there.
        for (config, unhealthy, ignored) in [("", 1, 0), (ignore, 0, 1)] {
            let report = told_by(config, [403, 200]);
            let found = (report.unhealthy, report.routing_failures, report.ignored);
            assert_eq!(found, (unhealthy, unhealthy, ignored), "{config}");
        }
        // What answers well is healthy as ever, and nothing is held back.
        let report = told_by(ignore, [200, 200]);
        assert_eq!((report.coverage.healthy, report.ignored, report.ignored().count()), (1, 0, 0));
        // An end that has come: told, with a note.
        let report = told_by("ignore: [{path: /x, reason: r, until: 1969-12-31}]", [502, 200]);
        assert_eq!((report.unhealthy, report.ignored, report.has_problems()), (1, 0, true));
        assert!(report.notes.iter().any(|note| note.contains("ended with 1969-12-31")), "{:?}", report.notes);
        // The contract's requests are promised to somebody: no `ignore` is for them.
        let text = format!("{ignore}\ncontract: [{{url: 'https://api.example.com/x'}}]");
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let plan = plan(&world, &Config::parse(&text, "test").unwrap(), &DomainUrl::default(), &Unreadable::new());
        let mut tally = Tally::new(&world, &plan);
        for probe in &plan.probes {
            let observation = answer(502);
            let diagnosis = diagnose(&probe.request, &observation, &world, 0);
            tally.observed(&world, probe, &observation, diagnosis);
        }
        let report = tally.report(&world, 0, 0);
        assert_eq!((report.unhealthy, report.ignored, report.problems().count()), (1, 1, 1));
        assert!(report.diagnoses[0].ignored.is_none(), "the problem comes first");
    }

    #[test]
    fn a_probe_that_was_not_sent_is_skipped_for_want_of_time() {
        let world = World::new(Inventory::from_json(INVENTORY).unwrap(), InvokeUrl::default());
        let plan = plan(&world, &Config::default(), &DomainUrl::default(), &Unreadable::new());
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
        let plan = plan(&world, &Config::default(), &DomainUrl::default(), &Unreadable::new());
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

    #[test]
    fn a_stage_without_an_export_is_noted() {
        let inventory = r#"{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [{"id": "a1", "name": "old",
            "stages": [{"name": "live", "deployment": "d1"}, {"name": "next", "deployment": "d2"}],
            "deployments": {
                "d1": {"source": "apisummary", "tree": {"/x": {"GET": {}}}, "undescribed": "it is too large"},
                "d2": {"source": "apisummary", "tree": {"/x": {"GET": {}}}}}}]}"#;
        let world = World::new(Inventory::from_json(inventory).unwrap(), InvokeUrl::default());
        let plan = plan(&world, &Config::default(), &DomainUrl::default(), &Unreadable::new());
        assert_eq!(
            Tally::new(&world, &plan).report(&world, 0, 0).notes,
            [
                "the stage live of old (a1) has no export (it is too large): its requests are made from the API summary alone"
            ]
        );
    }
}
