//! Which phases a request is told to have had.

use std::collections::HashSet;

use futures::future::join_all;
use tokio::net::TcpListener;

use super::servers::{Http, Raw, answer};
use super::{Settings, get, prober, settings};
use crate::probe::Timings;

/// Phases that happened, and that their sum is no more than the whole.
fn phases(timings: &Timings) -> [bool; 3] {
    let Timings { dns, connect, first_byte, total } = *timings;
    let opening = dns.unwrap_or_default() + connect.unwrap_or_default();
    assert!(opening <= first_byte.unwrap_or(total) && first_byte.unwrap_or_default() <= total, "{timings:?}");
    [dns.is_some(), connect.is_some(), first_byte.is_some()]
}

#[tokio::test]
async fn a_connection_is_timed_once() {
    let server = Http::answering(|_, _| answer(200, "x")).await;
    let prober = prober(settings());
    let by_name = get(&format!("http://api.test:{}/", server.port()));
    assert_eq!(phases(&prober.send(&by_name).await.timings), [true, true, true]);
    assert_eq!(phases(&prober.send(&by_name).await.timings), [false, false, true]);
    // An address needs no name server.
    assert_eq!(phases(&prober.send(&get(&server.url("/"))).await.timings), [false, true, true]);
}

#[tokio::test]
async fn failures_are_timed_as_far_as_they_came() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let prober = prober(settings());
    let refused = prober.send(&get(&format!("http://api.test:{}/", free.port()))).await;
    assert_eq!(phases(&refused.timings), [true, true, false]);
    let unknown = prober.send(&get("http://nx.invalid/")).await;
    assert!(phases(&unknown.timings)[0]);
    let closed = Raw::writing(b"").await;
    let closed = prober.send(&get(&format!("http://{}/", closed.address))).await;
    assert_eq!(phases(&closed.timings), [false, true, false]);
    let cut = Raw::writing(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
    let cut = prober.send(&get(&format!("http://{}/", cut.address))).await;
    assert_eq!(phases(&cut.timings), [false, true, true]);
}

/// Whoever is told to have opened a connection was the first on one; no one else is. Many at once, so that connections are begun by
/// one request and used by another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_is_told_to_the_request_that_used_it_first() {
    // Answers that take a moment and yield, so that connections fall free while others are being opened.
    let server = Http::start(|_, number| {
        Box::pin(async move {
            for _ in 0..number % 7 {
                tokio::task::yield_now().await;
            }
            answer(200, "x")
        })
    })
    .await;
    let prober = prober(Settings { group_concurrency: 64, ..settings() });
    let request = get(&format!("http://api.test:{}/", server.port()));
    let mut opened = HashSet::new();
    let mut reused = 0;
    for _ in 0..40 {
        for seen in join_all((0..16).map(|_| prober.send(&request))).await {
            let [dns, connect, first_byte] = phases(&seen.timings);
            assert!(first_byte && dns == connect, "{:?}", seen.timings);
            if connect {
                opened.insert(seen.request_id);
            } else {
                reused += 1;
            }
        }
    }
    let mut used = HashSet::new();
    let mut firsts = HashSet::new();
    for request in server.seen() {
        if used.insert(request.connection) {
            firsts.insert(request.header("x-amzn-requestid").unwrap().to_owned());
        }
    }
    assert!(!opened.is_empty() && reused > 0, "{} opened, {reused} reused", opened.len());
    let wrong: Vec<_> = opened.difference(&firsts).collect();
    assert!(wrong.is_empty(), "told to have opened a connection that was open already: {wrong:?}");
}
