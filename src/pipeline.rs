//! One run, start to end: the only module that knows every stage of the pipeline.

mod memory;
mod refuse;

pub use memory::{LEASE, Memory, MemoryError, Past, Post, Remembered, Render, Teller, Telling, Written};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;

use crate::config::{Config, ContractEntry, Limits};
use crate::diagnose::{Cause, Diagnosis, StepName, diagnose, diagnose_deployed, hold_to};
use crate::discover::{self, ControlPlane, DiscoverError, Wanted};
use crate::gateway::{Address, Gap, InvokeUrl, Request, World};
use crate::plan::{DomainUrl, NO_STAGE_FITS, Plan, Probe, Subject, plan};
use crate::probe::{Job, Keyring, Observation, Outcome, Pin, PinError, Prober, ProberError, Settings};
use crate::report::{Report, Standing, Tally, standing, url_without_values};

/// Where the data plane is, and what the user decided.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The config.
    pub config: Config,
    /// How invoke URLs are written.
    pub invoke_url: InvokeUrl,
    /// How custom domains are called.
    pub domain_url: DomainUrl,
    /// When the run must have ended; what is not asked by then is reported as such.
    pub deadline: Option<Instant>,
}

/// The clock: Unix seconds. Handed in, so that tests decide it.
pub type Clock<'c> = &'c (dyn Fn() -> i64 + Sync);

/// Of the time until the deadline, the share that reading the control plane may take: the rest is for probes.
const DISCOVERY_SHARE: f64 = 0.6;

/// Reads what is deployed.
///
/// # Errors
/// [`DiscoverError`] where nothing could be read at all.
pub async fn read(run: &Run, plane: &ControlPlane, wanted: &Wanted, clock: Clock<'_>) -> Result<World, DiscoverError> {
    let reading = run.deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        tokio::time::Instant::now() + left.mul_f64(DISCOVERY_SHARE)
    });
    let inventory = discover::discover(plane, wanted, clock(), reading).await?;
    Ok(World::new(inventory, run.invoke_url.clone()))
}

/// Adds the history of the API that a request found no method in, for a second look: a door that was removed looks like
/// one that never was. `None` where the first look does not ask for it, or there is none. At most
/// `1 + `[`discover::HISTORY`] calls.
pub async fn recall(
    run: &Run,
    plane: &ControlPlane,
    world: &World,
    request: &Request,
    diagnosis: &Diagnosis,
) -> Option<World> {
    let address = world.locate(request);
    let (api, stage) = address.stage().filter(|_| asks_for_history(diagnosis))?;
    let deadline = run.deadline.map(tokio::time::Instant::from_std);
    let (past, gap) = discover::history(plane, api, stage, deadline).await;
    if let Some(gap) = gap {
        tracing::debug!(place = gap.place, reason = gap.reason, "no history");
    }
    let id = api.id.clone();
    (!past.is_empty()).then(|| World::new(world.inventory().clone(), run.invoke_url.clone()).with_history(&id, past))
}

/// One full run.
///
/// # Errors
/// [`DiscoverError`] where nothing could be read at all. Everything less is in the report.
pub async fn run(
    run: &Run,
    plane: &ControlPlane,
    wanted: &Wanted,
    prober: &Prober,
    clock: Clock<'_>,
) -> Result<Report, DiscoverError> {
    Ok(Box::pin(run_with(run, plane, wanted, prober, clock, None)).await?.report)
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcomes {
    /// What it found.
    pub report: Report,
    /// What memory takes of it; `None` where the run has none.
    pub remembered: Option<Remembered>,
}

/// One full run, beside what earlier ones saw: what was taken away is asked for too, and what matters most comes first.
/// Nothing is written down yet; see [`Memory::settle`].
///
/// Where one API of the scope is wanted ([`Scope::only`](crate::config::Scope::only)), what the run does not see is not gone, its figures are no figures
/// of all, and requests of the contract that lead to no API that was read are left to the next whole run.
///
/// # Errors
/// [`DiscoverError`] where nothing could be read at all. Everything less is in the report.
pub async fn run_with(
    run: &Run,
    plane: &ControlPlane,
    wanted: &Wanted,
    prober: &Prober,
    clock: Clock<'_>,
    memory: Option<&Memory>,
) -> Result<Outcomes, DiscoverError> {
    let (begun, started_at) = (Instant::now(), clock());
    let of_one = wanted.is_part();
    let (world, keyring) =
        futures::join!(Box::pin(read(run, plane, wanted, clock)), Box::pin(keyring(&run.config, prober)));
    let mut world = world?;
    let past = match memory {
        Some(memory) => Some(memory.recall(&world, of_one).await),
        None => None,
    };
    if let Some(past) = &past {
        world = world.with_baseline(past.baseline());
    }
    let world = world;
    let unreadable = keyring.as_ref().map(Keyring::unreadable).unwrap_or_default();
    let certificates = keyring.as_ref().map(Keyring::unreadable_certificates).unwrap_or_default();
    let mut config = run.config.clone();
    // A certificate that cannot be read opens no door.
    config.client_certificates.retain(|entry| !certificates.contains_key(&entry.domain.to_ascii_lowercase()));
    let mut planned = plan(&world, &config, &run.domain_url, &unreadable);
    planned.gaps.extend(
        certificates.into_iter().map(|(host, reason)| Gap { place: format!("client certificate for {host}"), reason }),
    );
    if of_one {
        leave_to_the_whole(&world, &mut planned);
    }
    if let Some(past) = &past {
        planned.ask_for_removed(
            &world,
            &config,
            &run.domain_url,
            &past.watched(&world, &run.config.alerts, started_at),
        );
        past.order(&world, &mut planned);
    }
    let sent = planned.probes.len();
    tracing::info!(methods = planned.methods.len(), probes = sent, refusals = planned.refusals.len(), "planned");
    // Boxed: the compiler lays out nested futures only so deep.
    let (mut tally, missed) = Box::pin(sweep(run, &world, &planned, prober, keyring.as_ref(), clock)).await;
    let withdrawn = past.as_ref().map(Past::withdrawn).unwrap_or_default();
    let keys = keyring.as_ref();
    Box::pin(refuse::refuse(run, plane, &world, &planned, prober, keys, clock, &withdrawn, &mut tally)).await;
    Box::pin(recall_missed(run, plane, &world, keyring.as_ref(), clock, &mut tally, missed)).await;
    let duration = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let remembered =
        past.map(|past| Remembered::new(past, &world, &planned, &mut tally, &run.config.alerts, started_at));
    let mut report = tally.report(&world, started_at, duration);
    report.warn_of_certificates(run.config.certificate_days.0);
    let remembered = remembered.map(|remembered| remembered.of(&report));
    Ok(Outcomes { report, remembered })
}

/// Takes out what a run of a part can say nothing of: requests of the contract to APIs that it did not read.
fn leave_to_the_whole(world: &World, plan: &mut Plan) {
    let of_it = |probe: &Probe| {
        let known = match world.locate(&probe.request) {
            Address::Endpoint(endpoint) => endpoint.api,
            Address::Domain(domain) => domain.api,
            Address::Elsewhere => None,
        };
        !matches!(probe.subject, Subject::Contract(_)) || known.is_some()
    };
    plan.probes.retain(of_it);
    plan.refusals.retain(of_it);
    // Of documents for APIs that were not read.
    plan.gaps.retain(|gap| !gap.place.starts_with("contract entry ") || !gap.reason.starts_with(NO_STAGE_FITS));
}

/// Sends what is planned and tallies what comes back, one by one: no observation is kept.
///
/// What found no method of those that callers rely on is kept back: a door that was removed looks like one that never was.
async fn sweep<'p>(
    run: &Run,
    world: &World,
    plan: &'p Plan,
    prober: &Prober,
    keyring: Option<&Keyring>,
    clock: Clock<'_>,
) -> (Tally<'p>, Vec<Missed<'p>>) {
    let mut missed = Vec::new();
    let mut tally = Tally::new(world, plan);
    let settled = |probe: &&Probe, observation: &Observation| {
        let diagnosis = explain(probe, observation, world, keyring, clock());
        standing(probe, &diagnosis) != Standing::Failing
    };
    let mut outcomes = std::pin::pin!(prober.sweep_with(&plan.probes, keyring, settled, run.deadline));
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Outcome::Observed(probe, observation) => {
                let diagnosis = explain(probe, &observation, world, keyring, clock());
                tracing::debug!(
                    method = %probe.request.method, url = %url_without_values(probe.request.url.as_str()), request_id = %observation.request_id,
                    verdict = %diagnosis.verdict, cause = diagnosis.cause.map(crate::diagnose::Cause::id), "probed"
                );
                if matches!(probe.subject, Subject::Contract(_)) && asks_for_history(&diagnosis) {
                    missed.push(Missed { probe, observation, diagnosis });
                } else {
                    tally.observed(world, probe, &observation, diagnosis);
                }
            }
            Outcome::NotReached(_) => tally.not_reached(),
        }
    }
    (tally, missed)
}

/// A request that callers rely on, and that found no method.
struct Missed<'p> {
    probe: &'p Probe,
    observation: Observation,
    diagnosis: Diagnosis,
}

/// The history of so many stages is read in a run, at most.
const MOST_RECALLED: usize = 5;

/// Looks again at what found no method, with the API's history at hand.
async fn recall_missed(
    run: &Run,
    plane: &ControlPlane,
    world: &World,
    keyring: Option<&Keyring>,
    clock: Clock<'_>,
    tally: &mut Tally<'_>,
    missed: Vec<Missed<'_>>,
) {
    let mut recalled: BTreeMap<(String, String), Option<World>> = BTreeMap::new();
    for Missed { probe, observation, mut diagnosis } in missed {
        if let Some((api, stage)) = world.locate(&probe.request).stage() {
            let door = (api.id.clone(), stage.name.clone());
            if !recalled.contains_key(&door) && recalled.len() < MOST_RECALLED {
                let past = recall(run, plane, world, &probe.request, &diagnosis).await;
                recalled.insert(door.clone(), past);
            }
            if let Some(Some(past)) = recalled.get(&door) {
                diagnosis = explain(probe, &observation, past, keyring, clock());
            }
        }
        tally.observed(world, probe, &observation, diagnosis);
    }
}

/// Whether a look at the past may tell more.
fn asks_for_history(diagnosis: &Diagnosis) -> bool {
    match diagnosis.cause {
        Some(Cause::NotDeployed) => true,
        Some(cause) => matches!(cause.about().step, Some(StepName::Path | StepName::Method)),
        None => false,
    }
}

/// A request that callers rely on is taken at its word; one that the plan made up stands for the method it was made for.
fn explain(probe: &Probe, observation: &Observation, world: &World, keyring: Option<&Keyring>, now: i64) -> Diagnosis {
    let dressed = keyring
        .filter(|_| !probe.credentials.is_empty())
        .map(|keyring| keyring.as_sent(&probe.credentials, &probe.request));
    let request = dressed.as_ref().unwrap_or(&probe.request);
    let mut diagnosis = match probe.subject {
        Subject::Contract(_) | Subject::Removed(_) => diagnose(request, observation, world, now),
        Subject::Method(_) => diagnose_deployed(request, observation, world, now),
    };
    if let Some(expected) = &probe.check {
        hold_to(&mut diagnosis, expected, observation);
    }
    diagnosis
}

impl Job for &Probe {
    fn group(&self) -> &str {
        &self.group
    }

    fn request(&self) -> &Request {
        &self.request
    }

    fn credentials(&self) -> &[Arc<str>] {
        &self.credentials
    }
}

/// A config whose limits cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A pin is none.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Prober(#[from] ProberError),
}

/// The credentials that the config's requests name, and its client certificates. `None` where it has none, or the prober no sources.
pub async fn keyring(config: &Config, prober: &Prober) -> Option<Keyring> {
    let sources =
        prober.sources().filter(|_| !config.credentials.is_empty() || !config.client_certificates.is_empty())?;
    let documents = config.contract.iter().filter_map(|entry| match entry {
        ContractEntry::Document(document) => Some(&document.with),
        ContractEntry::Request(_) => None,
    });
    let used = config.known_good.iter().map(|rule| &rule.with).chain(config.authenticate.iter().map(|rule| &rule.with));
    let used = used.chain(documents).flatten().map(String::as_str);
    Some(Keyring::open(&config.credentials, &config.client_certificates, used, sources).await)
}

/// The prober that a config asks for.
///
/// # Errors
/// [`SetupError`], for an entry of `connect_to` that is none, or a platform without TLS roots.
pub fn prober(config: &Config) -> Result<Prober, SetupError> {
    let Limits { concurrency, api_concurrency, api_rate, connect_timeout, timeout, retries, .. } = config.limits;
    let pins = config.connect_to.iter().map(|pin| pin.parse::<Pin>()).collect::<Result<Vec<_>, _>>()?;
    Ok(Prober::new(Settings {
        concurrency,
        group_concurrency: api_concurrency,
        group_rate: api_rate,
        connect_timeout: Duration::from_secs(connect_timeout),
        total_timeout: Duration::from_secs(timeout),
        retries,
        pins,
        ..Settings::default()
    })?)
}

/// The control plane's budget that a config asks for.
#[must_use]
pub fn control_plane_limits(config: &Config) -> discover::Limits {
    let defaults = discover::Limits::default();
    discover::Limits {
        calls_per_second: std::num::NonZeroU32::new(config.limits.control_plane_rate)
            .unwrap_or(std::num::NonZeroU32::MAX),
        ..defaults
    }
}

/// Of the time that is left to a process, what a run may take, so that what it saw is still written down and told.
#[must_use]
pub fn time_for_a_run(left: Duration) -> Duration {
    let margin = (left / 10).clamp(Duration::from_secs(10), Duration::from_secs(40)).min(left / 2);
    left.saturating_sub(margin)
}
