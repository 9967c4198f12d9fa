//! Proof by refusal, sent: requests that API Gateway must refuse, with every guard that keeps them from a backend.
//!
//! 1. They go after all other probes, stage by stage, one at a time in an API.
//! 2. Just before a stage's are sent, its deployment is read again. If it changed, or cannot be read, none is sent whose
//!    verb may change something: what the method demands is no longer known.
//! 3. On an endpoint that is not AWS's own a kind of refusal is used on such a verb only after it was seen to work there
//!    on one that changes nothing: emulators do not enforce them all. There: at the same server, for the same protocol,
//!    from an authorizer of the same kind.
//! 4. Where a refusal does not come that is told as a problem, and none of its kinds is used again in that API, in later
//!    runs neither where there is a memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;

use super::{Clock, Progress, Run, Step, explain};
use crate::diagnose::{Diagnosis, Proof, Symptom, diagnose, proof};
use crate::discover::{ControlPlane, serves_still};
use crate::gateway::{AuthorizerKind, Deployment, Gap, Protocol, Request, Verb, World};
use crate::plan::{Plan, Probe, RefusalKind, SkipReason};
use crate::probe::{Keyring, Observation, Pin, Prober, junk_signature};
use crate::report::Tally;

/// So many APIs are asked at once.
const APIS_AT_ONCE: usize = 8;

/// What all refusals of a run share.
struct Refusing<'r, 'p> {
    run: &'r Run,
    plane: &'r ControlPlane,
    world: &'r World,
    plan: &'p Plan,
    prober: &'r Prober,
    /// For the client certificates alone: a refusal bears no credentials.
    keyring: Option<&'r Keyring>,
    clock: Clock<'r>,
    /// The kinds that did not come in earlier runs, by API.
    withdrawn: &'r Withdrawn,
    /// What was seen to be refused of verbs that change nothing. `None`: AWS's own endpoint, where all of it is.
    seen: Option<HashSet<Seen>>,
    /// For so long what a stage serves is taken to be what was read.
    fresh_for: Duration,
    tally: Mutex<&'r mut Tally<'p>>,
    progress: Progress<'r>,
}

/// What one trial shows: emulators enforce one authorizer and not another, and what one server does says nothing of the
/// next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    server: Server,
    protocol: Protocol,
    kind: RefusalKind,
    /// Of an authorizer's refusal.
    authorizer: Option<AuthorizerKind>,
}

/// Who answers a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Server {
    /// What stands behind the template of the invoke URLs, whatever the API: one server, or AWS.
    InvokeUrl,
    /// A host and port: of a custom domain.
    Host(String),
    /// A host and port that connections are pinned to.
    Pinned(String),
}

/// Kinds of refusal by their ids, and when each did not come, by API.
pub(super) type Withdrawn = BTreeMap<String, BTreeMap<String, i64>>;

/// Sends what is to be refused, and tallies what comes back.
#[allow(clippy::too_many_arguments, reason = "what a run is made of, handed on once")]
pub(super) async fn refuse<'p>(
    run: &Run,
    plane: &ControlPlane,
    world: &World,
    plan: &'p Plan,
    prober: &Prober,
    keyring: Option<&Keyring>,
    clock: Clock<'_>,
    withdrawn: &Withdrawn,
    tally: &mut Tally<'p>,
    progress: Progress<'_>,
) {
    if plan.refusals.is_empty() {
        return;
    }
    let own = run.invoke_url.is_awss_own()
        && run.domain_url.is_awss_own()
        && run.config.connect_to.is_empty()
        && plane.is_awss_own();
    let (fresh_for, tally) = (READ_AGAIN, Mutex::new(tally));
    let mut refusing =
        Refusing { run, plane, world, plan, prober, keyring, clock, withdrawn, seen: None, fresh_for, tally, progress };
    let whole = refusing.all(own);
    match run.deadline {
        None => whole.await,
        // What is cut off was not seen to be refused, and is not told: its methods count as not reached.
        Some(deadline) => {
            if tokio::time::timeout_at(deadline.into(), whole).await.is_err() {
                refusing.tell(Tally::not_reached);
            }
        }
    }
}

/// An API's id and a stage's name.
type Stage = (Arc<str>, Arc<str>);

/// What a stage answers to a request that no method takes: unsigned, and signed by nobody.
type Controls = [Option<Diagnosis>; 2];

/// What a stage serves is read again when it was read so long ago.
const READ_AGAIN: Duration = Duration::from_secs(10);

fn is_signed(probe: &Probe) -> bool {
    probe.refusal.contains(&RefusalKind::Iam)
}

impl<'p> Refusing<'_, 'p> {
    fn out_of_time(&self) -> bool {
        self.run.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// With the tally at hand.
    fn tell(&self, tell: impl FnOnce(&mut Tally<'p>)) {
        tell(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All of them, within the run's time.
    async fn all(&mut self, own: bool) {
        if !own {
            self.seen = Some(self.trials().await);
        }
        let mut apis: BTreeMap<&str, Vec<&'p Probe>> = BTreeMap::new();
        for probe in &self.plan.refusals {
            apis.entry(&probe.group).or_default().push(probe);
        }
        let refusing = &*self;
        futures::stream::iter(apis.into_values())
            .for_each_concurrent(APIS_AT_ONCE, |probes| async move { refusing.api(&probes).await })
            .await;
    }

    /// The refusals that are seen here to be given to verbs that change nothing.
    async fn trials(&self) -> HashSet<Seen> {
        let mut seen = HashSet::new();
        let mut asked = HashSet::new();
        for probe in self.plan.refusals.iter().filter(|probe| probe.refusal.contains(&RefusalKind::NoRoute)) {
            let Some(trial) = self.would_show(probe, RefusalKind::NoRoute) else { continue };
            let control = probe.stage.as_ref().and_then(|stage| self.plan.controls.get(stage));
            let control = control.filter(|control| self.server(control) == trial.server);
            let Some(request) = control.filter(|_| !asked.contains(&trial) && !self.out_of_time()) else { continue };
            let observation = self.once(&probe.group, request).await;
            if diagnose(request, &observation, self.world, (self.clock)()).routed() == Some(false) {
                seen.insert(trial.clone());
            }
            asked.insert(trial);
        }
        for trial in &self.plan.trials {
            let first = trial.refusal.first().and_then(|first| self.would_show(trial, *first));
            if self.out_of_time() || first.is_none_or(|first| seen.contains(&first)) {
                continue;
            }
            let mut controls = Controls::default();
            let control = self.control(&mut controls, trial.stage.as_ref(), trial).await;
            let (_, diagnosis) = self.send(trial).await;
            if let Proof::Refused(kind) = proof(&trial.refusal, &diagnosis, control.as_ref())
                && trial.refusal.contains(&kind)
            {
                seen.extend(self.would_show(trial, kind));
            }
        }
        tracing::info!(?seen, "not AWS's own endpoint: refusals that were seen to work");
        seen
    }

    /// What a refusal of this kind, given to this request, shows. `None` where it is not known what gave it.
    fn would_show(&self, probe: &Probe, kind: RefusalKind) -> Option<Seen> {
        let (api, _) = probe.stage.as_ref()?;
        let authorizer = match kind {
            RefusalKind::Authorizer => Some(probe.authorizer?),
            _ => None,
        };
        let (server, protocol) = (self.server(&probe.request), self.world.api(api)?.protocol);
        Some(Seen { server, protocol, kind, authorizer })
    }

    /// Who answers a request.
    fn server(&self, request: &Request) -> Server {
        let host_of = |url: &url::Url| url.host_str().unwrap_or_default().to_owned();
        let url = &request.url;
        let pins = self.run.config.connect_to.iter().filter_map(|pin| pin.parse::<Pin>().ok());
        if let Some(pin) = pins.into_iter().find(|pin| pin.matches(url)) {
            let host = pin.to_host().map_or_else(|| host_of(url), ToString::to_string);
            return Server::Pinned(format!("{host}:{:?}", pin.to_port().or(url.port_or_known_default())));
        }
        if self.run.invoke_url.read(url).is_some() {
            return Server::InvokeUrl;
        }
        Server::Host(format!("{}:{:?}", host_of(url), url.port_or_known_default()))
    }

    /// One API's refusals, one at a time.
    async fn api(&self, probes: &[&'p Probe]) {
        let before = probes.first().and_then(|probe| self.withdrawn.get(&*probe.group));
        let mut withdrawn: BTreeSet<RefusalKind> =
            before.into_iter().flatten().filter_map(|(id, _)| RefusalKind::of(id)).collect();
        let mut at: Option<Stage> = None;
        let (mut sure, mut controls, mut read_at) = (false, Controls::default(), Instant::now());
        for probe in probes {
            if self.out_of_time() {
                self.tell(Tally::not_reached);
                (self.progress)(Step::Refused);
                continue;
            }
            let stage = probe.stage.clone();
            if at != stage {
                controls = Controls::default();
            }
            // First the control, which may take its time: nothing comes between the look at the stage and the request.
            let control = self.control(&mut controls, stage.as_ref(), probe).await;
            if at != stage || (sure && read_at.elapsed() > self.fresh_for) {
                sure = self.serves_still(stage.as_ref()).await;
                read_at = Instant::now();
            }
            at = stage;
            let changes = !Verb::of_request(&probe.request.method).is_some_and(Verb::is_safe);
            let here = self.is_api_gateway(probe, control.as_ref());
            if changes && let Some(reason) = self.unsafe_now(probe, sure && here, &withdrawn) {
                self.tell(|tally| tally.dropped(probe, reason));
                (self.progress)(Step::Refused);
                continue;
            }
            let (mut observation, mut diagnosis) = self.send(probe).await;
            let mut found = proof(&probe.refusal, &diagnosis, control.as_ref());
            let lost = matches!(diagnosis.symptom, Symptom::Timeout | Symptom::Reset | Symptom::Protocol);
            if changes && lost {
                // A refusal comes at once. What does not may have reached something slow: it is never sent again.
                withdrawn.extend(&probe.refusal);
                found = Proof::Nothing;
            }
            let fresh = !changes || read_at.elapsed() <= self.fresh_for;
            if found == Proof::Fault && fresh && !self.out_of_time() {
                // Seen twice before it is told. It was refused once, or never arrived; it is refused again.
                let attempts = observation.attempts;
                (observation, diagnosis) = self.send(probe).await;
                observation.attempts += attempts;
                found = proof(&probe.refusal, &diagnosis, control.as_ref());
                observation.confirmed = found == Proof::Fault;
            }
            if found == Proof::NotRefused {
                withdrawn.extend(&probe.refusal);
                self.tell(|tally| tally.withdrew(&probe.group, &probe.refusal));
            }
            tracing::debug!(
                method = %probe.request.method, kinds = ?probe.refusal, ?found, request_id = %observation.request_id,
                "asked to be refused"
            );
            self.tell(|tally| tally.refused(self.world, probe, &observation, diagnosis, found));
            (self.progress)(Step::Refused);
        }
    }

    /// Why a refusal request must not be sent now, if it must not.
    fn unsafe_now(&self, probe: &Probe, sure: bool, withdrawn: &BTreeSet<RefusalKind>) -> Option<SkipReason> {
        if !sure {
            return Some(SkipReason::DeploymentChanged);
        }
        // What is of the editor may not be deployed. An emulator has nothing better, and every kind is tried first.
        if self.may_be_aws(&probe.request) && !self.is_snapshot(probe) {
            return Some(SkipReason::NoSafeProof);
        }
        // On some emulators the editor's methods answer, deployed or not.
        if self.seen.is_some() && probe.refusal.contains(&RefusalKind::NoRoute) && self.is_edited(probe) {
            return Some(SkipReason::NoSafeProof);
        }
        let seen = |kind: &RefusalKind| {
            self.seen
                .as_ref()
                .is_none_or(|seen| self.would_show(probe, *kind).is_some_and(|refusal| seen.contains(&refusal)))
        };
        if probe.refusal.iter().any(|kind| !withdrawn.contains(kind) && seen(kind)) {
            return None;
        }
        let ever_seen = probe.refusal.iter().any(seen);
        Some(if ever_seen { SkipReason::NoSafeProof } else { SkipReason::RefusalNotSeen })
    }

    /// Whether what a request rests on, or what answers it, may be AWS's.
    fn may_be_aws(&self, request: &Request) -> bool {
        self.plane.is_awss_own()
            || match self.server(request) {
                Server::InvokeUrl => self.run.invoke_url.is_awss_own(),
                Server::Host(_) => self.run.domain_url.is_awss_own(),
                Server::Pinned(_) => false,
            }
    }

    /// Whether all that is known of what may answer is surely what was deployed.
    fn is_snapshot(&self, probe: &Probe) -> bool {
        let found = probe.stage.as_ref().and_then(|(api, stage)| {
            let api = self.world.api(api)?;
            Some((api, api.stage(stage)?))
        });
        let Some((api, stage)) = found else { return false };
        let is_sure = |id: &str| api.deployments.get(id).is_some_and(Deployment::is_sure);
        // Under a canary the stage's own deployment is the serving one.
        stage.serving().is_some_and(is_sure) && stage.split().is_none_or(|canary| is_sure(&canary.deployment))
    }

    /// Whether the editor has, or may have, a method for a request.
    fn is_edited(&self, probe: &Probe) -> bool {
        let api = probe.stage.as_ref().and_then(|(api, _)| self.world.api(api));
        let Some(router) = api.and_then(|api| self.world.edited_router(api)) else { return true };
        let path = self.world.locate(&probe.request).path_at().and_then(|at| probe.request.url.as_str().get(at));
        let verb = Verb::of_request(&probe.request.method);
        path.zip(verb).is_none_or(|(path, verb)| router.route(verb, path).is_some())
    }

    /// Whether API Gateway surely answers at a request's host: a default endpoint is its own; a custom domain's name may
    /// lead elsewhere by now, and counts only where the same host said in API Gateway's words that there is no such route.
    fn is_api_gateway(&self, probe: &Probe, control: Option<&Diagnosis>) -> bool {
        if self.run.invoke_url.read(&probe.request.url).is_some() {
            return true;
        }
        let asked = probe.stage.as_ref().and_then(|stage| self.plan.controls.get(stage));
        asked.is_some_and(|asked| asked.url.host_str() == probe.request.url.host_str())
            && control.is_some_and(|control| control.routed() == Some(false))
    }

    /// Whether the stage serves what was read. What cannot be read is a gap, and does not count as sure.
    async fn serves_still(&self, stage: Option<&Stage>) -> bool {
        let found = stage.and_then(|(api, stage)| {
            let api = self.world.api(api)?;
            Some((api, api.stage(stage)?))
        });
        let Some((api, stage)) = found else { return false };
        let deadline = self.run.deadline.map(tokio::time::Instant::from_std);
        match serves_still(self.plane, api, stage, deadline).await {
            Ok(true) => true,
            Ok(false) => {
                // What was exported may be of the newer deployment, and a rollback would find it under the older one's id.
                for deployment in stage.deployment.iter().chain(stage.canary.as_ref().map(|canary| &canary.deployment))
                {
                    self.plane.forget_interfaces(&api.id, deployment);
                }
                false
            }
            Err(reason) => {
                let place = format!("api {} ({}) stage {}", api.id, api.name, stage.name);
                let reason = format!("no refusal was asked for: {reason}");
                self.tell(|tally| tally.gap(Gap { place, reason }));
                false
            }
        }
    }

    /// What the stage answers to a request that no method takes, and that is signed if the probe is.
    async fn control(&self, known: &mut Controls, stage: Option<&Stage>, probe: &Probe) -> Option<Diagnosis> {
        let sign = is_signed(probe);
        if known[usize::from(sign)].is_none() {
            let request = self.plan.controls.get(stage?)?;
            let signed = self.signed(request, sign);
            let observation = self.once(&probe.group, &signed).await;
            known[usize::from(sign)] = Some(diagnose(&signed, &observation, self.world, (self.clock)()));
        }
        known[usize::from(sign)].clone()
    }

    /// Sends a request once, whatever comes back: what may be sent again is decided here.
    async fn once(&self, group: &str, request: &Request) -> Observation {
        match self.keyring {
            Some(keyring) => self.prober.send_with(request, &[], keyring).await,
            None => self.prober.probe(group, request, |_| true).await,
        }
    }

    async fn send(&self, probe: &'p Probe) -> (Observation, Diagnosis) {
        let signed = self.signed(&probe.request, is_signed(probe));
        let observation = self.once(&probe.group, &signed).await;
        let sent = Probe { request: signed, ..probe.clone() };
        let diagnosis = explain(&sent, &observation, self.world, None, (self.clock)());
        (observation, diagnosis)
    }

    /// The request with a signature of nobody's where one is wanted.
    fn signed(&self, request: &Request, sign: bool) -> Request {
        let mut request = request.clone();
        if sign {
            let signature = junk_signature(&request, (self.clock)());
            request.headers.extend(signature);
        }
        request
    }
}

#[cfg(test)]
mod tests;
