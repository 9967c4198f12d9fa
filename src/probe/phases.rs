//! When the phases of one attempt ended.
//!
//! reqwest opens connections behind the request's back: it first polls a connect future from within the request, but if another
//! connection falls free meanwhile, it takes that one and finishes the new one in a task of its own. So the marks live in a task
//! local that only the request's own future has: a connection that is finished elsewhere finds none and marks nothing. And a
//! connection counts for the request only if the answer came over it, which its local address tells.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower::{Layer, Service};

use super::Timings;

tokio::task_local! {
    static MARKS: Cell<Marks>;
}

#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    connect_started: Option<Instant>,
    lookup_started: Option<Instant>,
    dns: Option<Duration>,
    connect: Option<Duration>,
    opened: Option<SocketAddr>,
    first_byte: Option<Instant>,
    used: Option<SocketAddr>,
}

/// Marks nothing where no attempt is being watched.
fn mark(change: impl FnOnce(&mut Marks)) {
    let _ = MARKS.try_with(|cell| {
        let mut marks = cell.get();
        change(&mut marks);
        cell.set(marks);
    });
}

/// Runs one attempt and says how long its phases took.
pub(super) async fn watch<F: Future>(attempt: F) -> (F::Output, Timings) {
    let started = Instant::now();
    let watched = async {
        let output = attempt.await;
        (output, MARKS.with(Cell::get))
    };
    let (output, marks) = MARKS.scope(Cell::default(), watched).await;
    (output, marks.timings(started, Instant::now()))
}

/// A name is looked up within the attempt.
pub(super) async fn looking_up<F: Future>(lookup: F) -> F::Output {
    let started = Instant::now();
    mark(|marks| marks.lookup_started = Some(started));
    let output = lookup.await;
    mark(|marks| marks.dns = Some(started.elapsed()));
    output
}

/// The answer's head is there, on this connection.
pub(super) fn head_received(response: &reqwest::Response) {
    let used = response.extensions().get::<HttpInfo>().map(HttpInfo::local_addr);
    mark(|marks| {
        marks.first_byte = Some(Instant::now());
        marks.used = used;
    });
}

/// Whether the answer's head is there.
pub(super) fn has_head() -> bool {
    MARKS.try_with(|cell| cell.get().first_byte.is_some()).unwrap_or(false)
}

impl Marks {
    fn timings(self, started: Instant, ended: Instant) -> Timings {
        let (dns, connect) = match (self.connect_started, self.connect) {
            // Opened for this request, and used by it (or there is no answer, so that nothing else was).
            (Some(_), Some(connect)) if self.first_byte.is_none() || self.used == self.opened => {
                (self.dns, Some(connect))
            }
            // It died while connecting: what it waited for is worth telling.
            (Some(began), None) if self.first_byte.is_none() => match (self.lookup_started, self.dns) {
                (Some(asked), None) => (Some(ended.saturating_duration_since(asked)), None),
                (_, dns) => {
                    let waited = ended.saturating_duration_since(began);
                    (dns, Some(waited.saturating_sub(dns.unwrap_or_default())))
                }
            },
            _ => (None, None),
        };
        Timings {
            dns,
            connect,
            first_byte: self.first_byte.map(|at| at.saturating_duration_since(started)),
            total: ended.saturating_duration_since(started),
        }
    }
}

/// The layer around reqwest's connector that marks what opening a connection took.
#[derive(Clone, Copy)]
pub(super) struct ConnectMarks;

impl<S> Layer<S> for ConnectMarks {
    type Service = MarkedConnect<S>;

    fn layer(&self, inner: S) -> MarkedConnect<S> {
        MarkedConnect { inner }
    }
}

#[derive(Clone)]
pub(super) struct MarkedConnect<S> {
    inner: S,
}

impl<S, R> Service<R> for MarkedConnect<S>
where
    S: Service<R>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let started = Instant::now();
        mark(|marks| {
            // A second connection in one attempt (hyper gave the first up unused) starts the count again.
            *marks = Marks { connect_started: Some(started), ..Marks::default() };
        });
        let connecting = self.inner.call(target);
        Box::pin(async move {
            let connection = connecting.await?;
            let opened = local_address(&connection);
            mark(|marks| {
                marks.connect = Some(started.elapsed().saturating_sub(marks.dns.unwrap_or_default()));
                marks.opened = opened;
            });
            Ok(connection)
        })
    }
}

fn local_address(connection: &impl Connection) -> Option<SocketAddr> {
    let mut extras = hyper::http::Extensions::new();
    connection.connected().get_extras(&mut extras);
    extras.get::<HttpInfo>().map(HttpInfo::local_addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which connection's opening is told, for each way in which an attempt can go. In real time the odd ones are rare, so they are
    /// tested as data; `tests/timings.rs` has the rest.
    #[test]
    fn an_opening_counts_only_for_the_connection_that_was_used() {
        let started = Instant::now();
        let at = |millis| started + Duration::from_millis(millis);
        let took = |millis| Some(Duration::from_millis(millis));
        let port = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        let begun = Marks { connect_started: Some(at(1)), lookup_started: Some(at(2)), ..Marks::default() };
        let resolved = Marks { dns: took(3), ..begun };
        let opened = Marks { connect: took(10), opened: port(1), ..resolved };
        let answered = |marks, used| Marks { first_byte: Some(at(50)), used, ..marks };
        let table = [
            ("on a connection that was open already", answered(Marks::default(), port(1)), (None, None)),
            ("on the one it opened", answered(opened, port(1)), (took(3), took(10))),
            ("on another that fell free just then", answered(opened, port(2)), (None, None)),
            ("on another, its own being finished elsewhere", answered(resolved, port(2)), (None, None)),
            ("opened, and no answer", opened, (took(3), took(10))),
            ("dead while connecting", resolved, (took(3), took(96))),
            ("dead while looking the name up", begun, (took(98), None)),
            ("dead while connecting to an address", Marks { lookup_started: None, ..begun }, (None, took(99))),
            ("nothing begun", Marks::default(), (None, None)),
        ];
        for (case, marks, expected) in table {
            let timings = marks.timings(started, at(100));
            assert_eq!((timings.dns, timings.connect), expected, "{case}");
            assert_eq!(timings.first_byte, marks.first_byte.and(took(50)), "{case}");
            assert_eq!(timings.total, Duration::from_millis(100), "{case}");
        }
    }
}
