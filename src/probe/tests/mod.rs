//! The probe against real sockets on loopback. No name server is asked, no time is asserted.

mod attempts;
mod certificates;
mod credentials;
mod errors;
mod pins;
mod retries;
mod servers;
mod sweeps;
mod timings;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::resolve::Lookup;
use super::{Prober, Response, Settings, TransportError};
use crate::gateway::Request;

/// Knows the names under `test` as loopback, never answers for `slow.invalid`, and no other name.
struct StubLookup;

impl Lookup for StubLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            match name.rsplit_once('.') {
                Some(("slow", "invalid")) => std::future::pending().await,
                Some(("empty", "invalid")) => Ok(Vec::new()),
                Some((_, "test")) => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
                _ => Err(io::Error::other("failed to lookup address information: Name or service not known")),
            }
        })
    }
}

/// Quick to retry, unlimited in rate, and patient enough for a busy machine.
fn settings() -> Settings {
    Settings {
        group_rate: 0,
        backoff_base: Duration::from_millis(1),
        connect_timeout: Duration::from_secs(20),
        total_timeout: Duration::from_secs(20),
        extra_roots: include_bytes!("../testdata/ca.pem").to_vec(),
        ..Settings::default()
    }
}

fn prober(settings: Settings) -> Prober {
    Prober::with_lookup(settings, Arc::new(StubLookup)).unwrap()
}

fn get(url: &str) -> Request {
    Request::new("GET", url.parse().unwrap())
}

fn with_header(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

/// Sends once with the given settings.
async fn outcome(settings: Settings, request: &Request) -> Result<Response, TransportError> {
    prober(settings).send(request).await.outcome
}

/// What two tasks need: all futures can go to another thread, as the Lambda's runtime wants.
#[test]
fn futures_are_send() {
    fn is_send<T: Send>(_: &T) {}
    struct Nothing(Request);
    impl super::Job for Nothing {
        fn group(&self) -> &'static str {
            ""
        }
        fn request(&self) -> &Request {
            &self.0
        }
    }
    let prober = prober(settings());
    let request = get("http://127.0.0.1:1/");
    is_send(&prober.send(&request));
    is_send(&prober.probe("", &request, |_| true));
    is_send(&prober.sweep(Vec::<Nothing>::new(), |_, _| true, None));
}
