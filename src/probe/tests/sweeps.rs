//! Many at once: bounds, fairness, deadline.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::sync::{Barrier, Semaphore};

use super::servers::{Http, answer};
use super::{Settings, get, prober, settings};
use crate::gateway::Request;
use crate::probe::{Job, Outcome};

struct Probe {
    group: &'static str,
    number: usize,
    request: Request,
}

impl Job for Probe {
    fn group(&self) -> &str {
        self.group
    }
    fn request(&self) -> &Request {
        &self.request
    }
}

fn jobs(server: &Http, group: &'static str, count: usize) -> impl Iterator<Item = Probe> {
    (0..count).map(move |number| Probe { group, number, request: get(&server.url(&format!("/{group}/{number}"))) })
}

/// Every job of every group exactly once.
fn complete(mut seen: Vec<(&'static str, usize)>, groups: &[(&'static str, usize)]) -> bool {
    seen.sort_unstable();
    let mut expected: Vec<_> =
        groups.iter().flat_map(|&(group, count)| (0..count).map(move |at| (group, at))).collect();
    expected.sort_unstable();
    seen == expected
}

fn id<'a>(outcome: &Outcome<Probe>) -> (&'a str, usize) {
    let (Outcome::Observed(job, _) | Outcome::NotReached(job)) = outcome;
    (job.group, job.number)
}

/// Answers only when `width` requests are there at once, and counts how many were there at most.
async fn crowd(width: usize) -> (Http, Arc<AtomicUsize>) {
    let (barrier, inside, most) =
        (Arc::new(Barrier::new(width)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peak = Arc::clone(&most);
    let server = Http::start(move |_, _| {
        let (barrier, inside, most) = (Arc::clone(&barrier), Arc::clone(&inside), Arc::clone(&most));
        Box::pin(async move {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            barrier.wait().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            answer(200, "")
        })
    })
    .await;
    (server, peak)
}

#[tokio::test]
async fn concurrency_is_used_to_the_full_and_never_exceeded() {
    // (global, of a group), groups, so many at once
    for (concurrency, group_concurrency, groups, width) in [
        (6, 8, &["a"][..], 6),
        (64, 3, &["a"], 3),
        (64, 3, &["a", "b"], 6),
        (4, 3, &["a", "b", "c"], 4),
        (0, 0, &["a"], 1),
    ] {
        let (server, most) = crowd(width).await;
        let prober = prober(Settings { concurrency, group_concurrency, ..settings() });
        let all: Vec<_> = groups.iter().flat_map(|group| jobs(&server, group, width * 4)).collect();
        let mut sweep = prober.sweep(all, |_, _| true, None);
        let mut outcomes = Vec::new();
        while let Some(outcome) = sweep.next().await {
            assert!(
                matches!(&outcome, Outcome::Observed(_, seen) if seen.outcome.is_ok()),
                "fewer than {width} at once"
            );
            outcomes.push(outcome);
        }
        let expected: Vec<_> = groups.iter().map(|group| (*group, width * 4)).collect();
        assert!(complete(outcomes.iter().map(id).collect(), &expected));
        assert_eq!(most.load(Ordering::SeqCst), width);
    }
}

#[tokio::test]
async fn a_stuck_api_does_not_starve_the_others() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Http::start(move |seen, _| {
        let held = Arc::clone(&held);
        Box::pin(async move {
            if seen.target.starts_with("/stuck") {
                let _ = held.acquire().await;
            }
            answer(200, "")
        })
    })
    .await;
    // The stuck API comes first and would fill the window alone.
    let prober = prober(Settings { concurrency: 4, group_concurrency: 4, ..settings() });
    let all: Vec<_> = jobs(&server, "stuck", 20).chain(jobs(&server, "a", 20)).chain(jobs(&server, "b", 20)).collect();
    let mut sweep = prober.sweep(all, |_, _| true, None);
    let mut seen = Vec::new();
    for _ in 0..40 {
        let (group, number) = id(&sweep.next().await.unwrap());
        assert_ne!(group, "stuck", "after {}", seen.len());
        seen.push((group, number));
    }
    assert!(complete(seen.clone(), &[("a", 20), ("b", 20)]), "{seen:?}");
    gate.add_permits(20);
    while let Some(outcome) = sweep.next().await {
        seen.push(id(&outcome));
    }
    assert!(complete(seen, &[("stuck", 20), ("a", 20), ("b", 20)]));
}

#[tokio::test]
async fn at_the_deadline_everything_left_comes_back() {
    let server = Http::start(|seen, _| {
        Box::pin(async move {
            if seen.target.starts_with("/stuck") {
                std::future::pending::<()>().await;
            }
            answer(200, "")
        })
    })
    .await;
    let prober = prober(Settings { concurrency: 4, group_concurrency: 2, ..settings() });
    let all: Vec<_> = jobs(&server, "stuck", 30).chain(jobs(&server, "quick", 3)).collect();
    let deadline = Instant::now() + Duration::from_millis(300);
    let outcomes: Vec<_> = prober.sweep(all, |_, _| true, Some(deadline)).collect().await;
    assert!(complete(outcomes.iter().map(id).collect(), &[("stuck", 30), ("quick", 3)]));
    for outcome in &outcomes {
        if let Outcome::Observed(job, _) = outcome {
            assert_eq!(job.group, "quick");
        }
    }
    assert!(server.seen().iter().filter(|seen| seen.target.starts_with("/stuck")).count() <= 2);
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    let outcomes: Vec<_> =
        prober(settings()).sweep(jobs(&server, "a", 5), |_, _| true, Some(Instant::now())).collect().await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::NotReached(_))));
    // In the caller's order, for they come first next time.
    assert_eq!(outcomes.iter().map(|outcome| id(outcome).1).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(server.connections(), 0);
}

/// A group at its rate limit waits while others go on, also past the deadline: 1 a second after a burst of 1.
#[tokio::test]
async fn a_throttled_api_waits_alone() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    let prober = prober(Settings { group_rate: 1, group_concurrency: 1, ..settings() });
    let groups = ["a", "b", "c", "d", "e"];
    let all: Vec<_> = groups.into_iter().flat_map(|group| jobs(&server, group, 3)).collect();
    let mut sweep = prober.sweep(all, |_, _| true, None);
    let mut first = HashMap::new();
    for _ in 0..groups.len() {
        *first.entry(id(&sweep.next().await.unwrap()).0).or_insert(0) += 1;
    }
    assert_eq!(first, groups.into_iter().map(|group| (group, 1)).collect());
}

#[tokio::test]
async fn each_job_is_settled_by_its_own_measure() {
    let server = Http::answering(|_, _| answer(403, "")).await;
    let prober = prober(settings());
    let mut sweep = prober.sweep(jobs(&server, "a", 2), |job, _| job.number == 0, None);
    while let Some(outcome) = sweep.next().await {
        let Outcome::Observed(job, seen) = outcome else { panic!("no deadline") };
        assert_eq!((seen.attempts, seen.confirmed), if job.number == 0 { (1, false) } else { (2, true) });
    }
}

#[tokio::test]
async fn an_empty_sweep_ends() {
    assert!(prober(settings()).sweep(Vec::<Probe>::new(), |_, _| true, None).next().await.is_none());
}
