//! What is sent again, and when a failure counts as confirmed.

use super::servers::{Answer, Http, Raw, answer};
use super::{Settings, get, prober, settings};
use crate::gateway::Request;
use crate::probe::{Observation, TransportKind};

/// Answers with these statuses in turn, the last one for ever.
async fn script(statuses: &'static [u16]) -> Http {
    Http::answering(move |_, number| answer(statuses[number.min(statuses.len() - 1)], "")).await
}

fn healthy(seen: &Observation) -> bool {
    seen.outcome.as_ref().is_ok_and(|response| response.status == 200)
}

fn status(seen: &Observation) -> u16 {
    seen.outcome.as_ref().map_or(0, |response| response.status)
}

#[tokio::test]
async fn what_is_sent_how_often() {
    /// Verb; statuses in turn; the status told, attempts, confirmed; connections.
    type Row = (&'static str, &'static [u16], (u16, u32, bool), usize);
    let table: &[Row] = &[
        ("GET", &[200], (200, 1, false), 1),
        // Passing faults are retried on the same connection.
        ("GET", &[503, 200], (200, 2, false), 1),
        ("HEAD", &[429, 500, 200], (200, 3, false), 1),
        // Then comes a fresh connection: an all-clear there counts ...
        ("OPTIONS", &[502, 502, 502, 200], (200, 4, false), 2),
        ("GET", &[403, 200], (200, 2, false), 2),
        // ... and so does a failure, also another one.
        ("GET", &[504], (504, 4, true), 2),
        ("GET", &[403], (403, 2, true), 2),
        ("GET", &[500, 403, 404], (404, 3, true), 2),
        // Nothing that may change something is sent twice.
        ("POST", &[503, 200], (503, 1, false), 1),
        ("DELETE", &[403, 200], (403, 1, false), 1),
        ("get", &[503, 200], (503, 1, false), 1),
        ("PUT", &[429, 200], (429, 1, false), 1),
    ];
    for (verb, statuses, expected, connections) in table {
        let server = script(statuses).await;
        let request = Request::new(verb, server.url("/").parse().unwrap());
        let seen = prober(settings()).probe("", &request, healthy).await;
        assert_eq!((status(&seen), seen.attempts, seen.confirmed), *expected, "{verb} {statuses:?}");
        assert_eq!(server.seen().len(), expected.1 as usize, "{verb} {statuses:?}");
        assert_eq!(server.connections(), *connections, "{verb} {statuses:?}");
    }
}

#[tokio::test]
async fn a_settled_outcome_is_never_sent_again() {
    let server = script(&[503]).await;
    let seen = prober(settings()).probe("", &get(&server.url("/")), |seen| status(seen) == 503).await;
    assert_eq!((status(&seen), seen.attempts, seen.confirmed), (503, 1, false));
}

#[tokio::test]
async fn send_sends_once() {
    let server = script(&[503]).await;
    let seen = prober(settings()).send(&get(&server.url("/"))).await;
    assert_eq!((seen.attempts, seen.confirmed, server.seen().len()), (1, false, 1));
}

#[tokio::test]
async fn transport_errors_are_retried_and_confirmed() {
    let server = Raw::writing(b"").await;
    let seen = prober(settings()).probe("", &get(&format!("http://{}/", server.address)), healthy).await;
    assert_eq!(seen.outcome.unwrap_err().kind, TransportKind::Reset);
    assert_eq!((seen.attempts, seen.confirmed, server.connections()), (4, true, 4));
}

#[tokio::test]
async fn without_retries_there_is_still_a_confirmation() {
    let server = script(&[503]).await;
    let seen = prober(Settings { retries: 0, ..settings() }).probe("", &get(&server.url("/")), healthy).await;
    assert_eq!((seen.attempts, seen.confirmed), (2, true));
}

#[tokio::test]
async fn a_long_retry_after_does_not_hold_the_run_up() {
    let server = Http::answering(|_, number| {
        let mut answer: Answer = answer(if number == 0 { 429 } else { 200 }, "");
        answer.headers_mut().insert("retry-after", "86400".parse().unwrap());
        answer
    })
    .await;
    let seen = prober(Settings { backoff_cap: std::time::Duration::from_millis(1), ..settings() })
        .probe("", &get(&server.url("/")), healthy)
        .await;
    assert_eq!((status(&seen), seen.attempts), (200, 2));
}
