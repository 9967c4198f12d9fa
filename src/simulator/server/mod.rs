//! The simulator as a server on loopback.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::simulator::account::Account;
use crate::simulator::answer::Answer;
use crate::simulator::calls::{Calls, ControlCall, DataCall, Recording};
use crate::simulator::request::{Incoming, host_name};
use crate::simulator::{control, data};

#[cfg(test)]
mod tests;

/// A running simulator. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    world: Arc<World>,
    server: AbortHandle,
}

#[derive(Debug)]
struct World {
    account: RwLock<Account>,
    calls: Mutex<Calls>,
}

impl Simulator {
    /// Serves an account on a free port of 127.0.0.1. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(account: Account) -> io::Result<Self> {
        Self::start_on(account, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// As [`Simulator::start`], at an address of the caller's choice.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start_on(account: Account, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World { account: RwLock::new(account), calls: Mutex::default() });
        let server = tokio::spawn(accept(listener, Arc::clone(&world))).abort_handle();
        Ok(Self { address, world, server })
    }

    /// Where it listens: the address to connect to for any custom domain or `execute-api` host.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The control plane's endpoint, for `AWS_ENDPOINT_URL` or an SDK client.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The data plane by path, as the emulators have it: needs no name resolution.
    #[must_use]
    pub fn invoke_url_template(&self) -> String {
        format!("http://{}/restapis/{{api}}/{{stage}}/_user_request_", self.address)
    }

    /// The data plane by host, as AWS has it: `*.localhost` must lead to loopback.
    #[must_use]
    pub fn host_url_template(&self) -> String {
        format!("http://{{api}}.execute-api.{{region}}.localhost:{}/{{stage}}", self.address.port())
    }

    /// A custom domain's URL; its name must be pinned to [`Simulator::address`], as curl's `--connect-to` does.
    #[must_use]
    pub fn domain_url_template(&self) -> String {
        "http://{domain}".to_owned()
    }

    /// What was asked so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.world.calls().clone()
    }

    /// Forgets what was asked so far. Connections go on being counted, and what is under way stays so.
    pub fn forget_calls(&self) {
        let mut calls = self.world.calls();
        let Calls { connections, under_way, .. } = std::mem::take(&mut *calls);
        *calls = Calls { connections, under_way, ..Calls::default() };
    }

    /// A copy of the account as it is now.
    #[must_use]
    pub fn account(&self) -> Account {
        self.world.account.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the account while it is served; the next request sees it.
    pub fn account_mut<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.world.account.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, world: Arc<World>) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&world)));
                }
                // Out of file descriptors, most likely: give running connections time to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, world: Arc<World>) {
    // Answers are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    let number = {
        let mut calls = world.calls();
        calls.connections += 1;
        calls.connections
    };
    let service = service_fn(move |request| {
        let world = Arc::clone(&world);
        async move { world.answer(read(request).await, number).await }
    });
    // Ends with the client's going away, or with an answer that is none: either is nothing to tell.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Reads a request with its body, up to the longest that API Gateway takes.
async fn read<B>(request: Request<B>) -> Incoming
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let host = headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.as_str());
    let host = host.or_else(|| head.uri.authority().map(hyper::http::uri::Authority::as_str)).unwrap_or_default();
    let body = match Limited::new(body, data::BODY_LIMIT).collect().await {
        Ok(body) => Some(body.to_bytes().to_vec()),
        Err(_) => None,
    };
    Incoming {
        verb: head.method.as_str().to_owned(),
        host: host_name(host),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(ToOwned::to_owned),
        headers,
        body,
    }
}

/// A connection to be closed instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("nobody answers")]
struct Disconnect;

impl World {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Incoming, connection: usize) -> Result<Response<Full<Bytes>>, Disconnect> {
        let at = Instant::now();
        let (answer, delay, _under_way) = if data::is_for(&request) {
            let under_way = UnderWay::note(self, &request);
            let (answer, delay) = self.data_plane(request, at, connection);
            (answer, delay, Some(under_way))
        } else {
            let (answer, delay) = self.control_plane(&request, at);
            (answer, delay, None)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        answer.map(response).ok_or(Disconnect)
    }

    // Both keep the account's lock only while they look things up: never across an await.

    fn data_plane(&self, request: Incoming, at: Instant, connection: usize) -> (Option<Answer>, Duration) {
        let (outcome, recording) = {
            let account = self.account.read().unwrap_or_else(PoisonError::into_inner);
            (data::serve(&account, &request), account.recording)
        };
        let mut calls = self.calls();
        calls.data_count += 1;
        if let Some(reached) = &outcome.reached {
            *calls.reached.entry(reached.clone()).or_default() += 1;
        }
        if recording == Recording::Full {
            let path = request.target();
            calls.data.push(DataCall {
                verb: request.verb,
                host: request.host,
                path,
                headers: request.headers,
                status: outcome.answer.as_ref().map(|answer| answer.status),
                reached: outcome.reached,
                at,
                connection,
            });
        }
        (outcome.answer, outcome.delay)
    }

    fn control_plane(&self, request: &Incoming, at: Instant) -> (Option<Answer>, Duration) {
        let outcome = control::serve(&self.account.read().unwrap_or_else(PoisonError::into_inner), request);
        self.calls().control.push(ControlCall {
            operation: outcome.operation,
            target: outcome.target,
            path: request.target(),
            status: outcome.answer.as_ref().map(|answer| answer.status),
            at,
        });
        (outcome.answer, outcome.delay)
    }
}

/// A data-plane request between its coming and its end, whichever end that is.
struct UnderWay<'w> {
    world: &'w World,
    place: String,
}

impl<'w> UnderWay<'w> {
    fn note(world: &'w World, request: &Incoming) -> Self {
        let place = data::place(request);
        world.calls().enter(&place);
        Self { world, place }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.world.calls().leave(&self.place);
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::from(answer.body)).unwrap_or_else(|error| {
        // A world was built with a header or status that HTTP does not have: say so to whoever built it.
        let mut response = Response::new(Full::from(format!("the simulated answer cannot be sent: {error}")));
        *response.status_mut() = hyper::StatusCode::NOT_IMPLEMENTED;
        response
    })
}
