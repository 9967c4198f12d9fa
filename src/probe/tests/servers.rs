//! Servers that live as long as their value: plain HTTP that remembers, raw TCP, and TLS.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// On which connection, from 0.
    pub connection: usize,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub type Answer = hyper::Response<Full<Bytes>>;

pub fn answer(status: u16, body: &str) -> Answer {
    let mut answer = Answer::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = status.try_into().unwrap();
    answer
}

/// A plain HTTP/1.1 server. Dropped, it stops listening and closes its connections.
pub struct Http {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Http {
    /// Answers each request with what `respond` makes of it and its number, from 0.
    pub async fn start<R>(respond: R) -> Self
    where
        R: Fn(Seen, usize) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let respond = Arc::new(respond);
        let task = tokio::spawn(accept(listener, Arc::clone(&seen), Arc::clone(&connections), respond));
        Self { address, seen, connections, task }
    }

    /// Answers by the request alone, at once.
    pub async fn answering(respond: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |seen, number| {
            let answer = respond(&seen, number);
            Box::pin(async move { answer })
        })
        .await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<R>(listener: TcpListener, seen: Arc<Mutex<Vec<Seen>>>, count: Arc<AtomicUsize>, respond: Arc<R>)
where
    R: Fn(Seen, usize) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
{
    // Aborted with this task when it is dropped.
    let mut serving = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = count.fetch_add(1, Ordering::SeqCst);
        let (seen, respond) = (Arc::clone(&seen), Arc::clone(&respond));
        serving.spawn(async move {
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let (seen, respond) = (Arc::clone(&seen), Arc::clone(&respond));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
                    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
                        (name.to_string(), value.to_str().unwrap().to_owned())
                    };
                    let request = Seen {
                        connection,
                        method: head.method.to_string(),
                        target: head.uri.to_string(),
                        headers: head.headers.iter().map(header).collect(),
                        body: String::from_utf8(body).unwrap(),
                    };
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    Ok::<_, Infallible>(respond(request, number).await)
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A TCP server that does with each connection what it is told.
pub struct Raw {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Raw {
    pub async fn start<R>(handle: R) -> Self
    where
        R: Fn(TcpStream) -> BoxFuture<'static, ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                serving.spawn(handle(stream));
            }
        });
        Self { address, connections, task }
    }

    /// Reads a request's head, writes this, and closes.
    pub async fn writing(bytes: &'static [u8]) -> Self {
        Self::start(move |mut stream| {
            Box::pin(async move {
                read_head(&mut stream).await;
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await;
            })
        })
        .await
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
}

/// What came over one TLS connection.
#[derive(Debug, Clone, Default)]
pub struct Shaken {
    pub server_name: Option<String>,
    pub protocol: Option<String>,
    /// The first bytes: a request's head, or HTTP/2's preface.
    pub head: String,
    /// Whether the client showed a certificate.
    pub client: bool,
}

const LEAF: (&[u8], &[u8]) = (include_bytes!("../testdata/leaf.pem"), include_bytes!("../testdata/leaf.key"));
const EXPIRED: (&[u8], &[u8]) = (include_bytes!("../testdata/expired.pem"), include_bytes!("../testdata/expired.key"));

/// A TLS server with the certificate of `testdata`, in a thread of its own: each connection gets one answer of status 204.
pub struct Tls {
    pub address: SocketAddr,
    shaken: Arc<Mutex<Vec<Shaken>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Tls {
    pub fn start(protocols: &[&str]) -> Self {
        Self::with(protocols, true, LEAF, None)
    }

    /// Shows a certificate that ended years ago.
    pub fn expired() -> Self {
        Self::with(&["http/1.1"], true, EXPIRED, None)
    }

    /// Demands a client certificate of the CA of `testdata`.
    pub fn demanding(protocols: &[&str]) -> Self {
        Self::with(protocols, true, LEAF, Some(include_bytes!("../testdata/client-ca.pem")))
    }

    /// Shakes hands, reads the first bytes, and hangs up.
    pub fn hanging_up(protocols: &[&str]) -> Self {
        Self::with(protocols, false, LEAF, None)
    }

    fn with(protocols: &[&str], answers: bool, (chain, key): (&[u8], &[u8]), clients: Option<&[u8]>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = CertificateDer::from_pem_slice(chain).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key).unwrap();
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(ca).unwrap()).unwrap();
                let verifier =
                    rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.unwrap())
            }
        };
        let mut config = builder.with_single_cert(vec![chain], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let config = Arc::new(config);

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shaken = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (log, stop) = (Arc::clone(&shaken), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let seen = serve_tls(stream.unwrap(), Arc::clone(&config), &log, answers);
                // A client that does not trust us hangs up: nothing to see then.
                let _ = seen;
            }
        });
        Self { address, shaken, stopping, thread: Some(thread) }
    }

    pub fn shaken(&self) -> Vec<Shaken> {
        self.shaken.lock().unwrap().clone()
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve_tls(
    stream: std::net::TcpStream,
    config: Arc<rustls::ServerConfig>,
    log: &Mutex<Vec<Shaken>>,
    answers: bool,
) -> std::io::Result<()> {
    // A test that fails must not leave its server waiting.
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20)))?;
    let session = rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut tls = rustls::StreamOwned::new(session, stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let protocol = tls.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    let http2 = protocol.as_deref() == Some("h2");
    log.lock().unwrap().push(Shaken {
        server_name: tls.conn.server_name().map(str::to_owned),
        protocol,
        head: String::from_utf8_lossy(&head).into_owned(),
        client: tls.conn.peer_certificates().is_some(),
    });
    if !answers {
        return Ok(());
    }
    if http2 {
        return answer_http2(&mut tls);
    }
    tls.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")?;
    tls.conn.send_close_notify();
    tls.flush()
}

/// The least HTTP/2 that is an answer: our settings, then on the request's HEADERS frame (type 1, on stream 1) a HEADERS frame with
/// END_HEADERS and END_STREAM whose block is the static table's entry 9, `:status: 204`.
fn answer_http2(tls: &mut (impl std::io::Read + std::io::Write)) -> std::io::Result<()> {
    // The preface goes on after the blank line that ended the "head".
    tls.read_exact(&mut [0; 6])?;
    tls.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])?;
    tls.flush()?;
    loop {
        let mut header = [0; 9];
        tls.read_exact(&mut header)?;
        let length = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        tls.read_exact(&mut vec![0; length])?;
        if header[3] == 1 {
            tls.write_all(&[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x89])?;
            return tls.flush();
        }
    }
}
