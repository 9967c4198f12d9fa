//! Many probes at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::stream::{self, FuturesUnordered, Stream, StreamExt};
use tokio::time::Sleep;

use crate::gateway::Request;

use super::attempt::Ask;
use super::schedule::{Schedule, Start};
use super::{Keyring, Observation, Prober};

/// Something to probe.
pub trait Job {
    /// The group whose concurrency and pace it shares: its API.
    fn group(&self) -> &str;
    /// What to send.
    fn request(&self) -> &Request;
    /// The names of the credentials to ask with.
    fn credentials(&self) -> &[Arc<str>] {
        &[]
    }
}

/// What became of a job in a sweep.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<T> {
    /// It was probed.
    Observed(T, Observation),
    /// The deadline came first. Nothing can be said about it, except that it is next run's first.
    NotReached(T),
}

impl Prober {
    /// Probes all jobs, as [`Self::probe`] does, within the settings' concurrency and pace. Outcomes come as they are there, each
    /// job's exactly once.
    ///
    /// The stream does the work: probes go on while it is polled, in the polling task, and stop when it is dropped. At the
    /// `deadline` those in flight are abandoned and those waiting given up. All jobs are taken in at the start (they are the
    /// plan's, in memory anyway), so that one API's can wait while the next one's go ahead; observations are not kept.
    pub fn sweep<'a, T: Job + 'a>(
        &'a self,
        jobs: impl IntoIterator<Item = T>,
        settled: impl Fn(&T, &Observation) -> bool + 'a,
        deadline: Option<Instant>,
    ) -> impl Stream<Item = Outcome<T>> + 'a {
        self.sweep_with(jobs, None, settled, deadline)
    }

    /// [`Self::sweep`] with the keyring that the jobs' credentials and the hosts' client certificates are in.
    pub fn sweep_with<'a, T: Job + 'a>(
        &'a self,
        jobs: impl IntoIterator<Item = T>,
        keyring: Option<&'a Keyring>,
        settled: impl Fn(&T, &Observation) -> bool + 'a,
        deadline: Option<Instant>,
    ) -> impl Stream<Item = Outcome<T>> + 'a {
        let settings = self.settings();
        let schedule = Schedule::new(jobs, settings.concurrency, settings.group_concurrency, |group| self.pace(group));
        let settled = Arc::new(settled);
        let launch = move |start| run(self, keyring, start, Arc::clone(&settled), deadline);
        let mut sweep = Sweep { schedule, launch, running: FuturesUnordered::new(), alarm: None, deadline };
        stream::poll_fn(move |cx| sweep.poll_next(cx))
    }
}

/// What a job's end means to the sweep.
struct Ended<T> {
    outcome: Outcome<T>,
    group: usize,
    took: Duration,
}

/// One job from its start to its end, which the deadline may be.
async fn run<T: Job>(
    prober: &Prober,
    keyring: Option<&Keyring>,
    start: Start<T>,
    settled: Arc<impl Fn(&T, &Observation) -> bool>,
    deadline: Option<Instant>,
) -> Ended<T> {
    let Start { job, group, pace } = start;
    let started = Instant::now();
    let ask = Ask { request: job.request(), credentials: job.credentials(), keyring };
    let probing = prober.probe_now(pace.as_deref(), ask, |seen| settled(&job, seen));
    let seen = match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline.into(), probing).await.ok(),
        None => Some(probing.await),
    };
    let outcome = match seen {
        Some(seen) => Outcome::Observed(job, seen),
        None => Outcome::NotReached(job),
    };
    Ended { outcome, group, took: started.elapsed() }
}

struct Sweep<T, F, L> {
    schedule: Schedule<T>,
    launch: L,
    running: FuturesUnordered<F>,
    /// Rings when a group has rested; made when first needed.
    alarm: Option<Pin<Box<Sleep>>>,
    deadline: Option<Instant>,
}

impl<T, F, L> Sweep<T, F, L>
where
    T: Job,
    F: Future<Output = Ended<T>>,
    L: Fn(Start<T>) -> F,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T>>> {
        loop {
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| deadline <= now) {
                if let Some(job) = self.schedule.give_up() {
                    return Poll::Ready(Some(Outcome::NotReached(job)));
                }
            } else {
                while let Some(start) = self.schedule.start(now) {
                    self.running.push((self.launch)(start));
                }
            }
            if let Poll::Ready(Some(Ended { outcome, group, took })) = self.running.poll_next_unpin(cx) {
                self.schedule.finish(group, took);
                return Poll::Ready(Some(outcome));
            }
            // Those in flight end at the deadline by themselves; those that wait for their group's turn do not.
            let Some(wake) = self.schedule.wake() else {
                return if self.running.is_empty() { Poll::Ready(None) } else { Poll::Pending };
            };
            let wake = self.deadline.map_or(wake, |deadline| wake.min(deadline)).into();
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(wake)));
            if alarm.deadline() != wake || alarm.is_elapsed() {
                alarm.as_mut().reset(wake);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
