//! One attempt: a request goes out, an observation comes back.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::tls::TlsInfo;
use reqwest::{Body, Client, Method};
use uuid::Uuid;

use crate::gateway::Request;

use super::classify::classify;
use super::client::{Clients, Connection};
use super::credentials::Hidden;
use super::phases;
use super::{CertificateSeen, Keyring, Observation, Response, Timings, TransportError, TransportKind};

/// API Gateway adopts the UUID in it as the request's id, so that access logs hold the probe's.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// What is kept of an answer's headers: all that API Gateway and the CDNs before it send, many times over.
const MOST_HEADERS: usize = 64;
const LONGEST_HEADER: usize = 4 * 1024;

/// What bounds one attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) total: Duration,
    pub(super) body_cap: usize,
}

/// A request, and with which credentials of which keyring it is asked.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    pub(super) credentials: &'a [Arc<str>],
    pub(super) keyring: Option<&'a Keyring>,
}

impl<'a> Ask<'a> {
    /// Without credentials.
    pub(super) fn plain(request: &'a Request) -> Self {
        Self { request, credentials: &[], keyring: None }
    }
}

/// A request as reqwest takes it.
struct Prepared {
    client: Client,
    wire: reqwest::Request,
    /// What the answer must not say.
    hidden: Hidden,
}

/// Sends a request once. Never fails: what goes wrong is what was observed.
pub(super) async fn attempt(clients: &Clients, ask: Ask<'_>, connection: Connection, limits: Limits) -> Observation {
    let own_id = ask.request.header(REQUEST_ID.as_str());
    let request_id = own_id.map_or_else(|| Uuid::new_v4().hyphenated().to_string(), str::to_owned);
    let prepared = prepare(clients, ask, connection, own_id.is_none().then_some(&request_id)).await;
    let Prepared { client, wire, hidden } = match prepared {
        Ok(prepared) => prepared,
        Err(detail) => {
            let outcome = Err(TransportError { kind: TransportKind::Unsendable, detail });
            let timings = Timings::default();
            return Observation { outcome, timings, attempts: 0, confirmed: false, request_id, certificate: None };
        }
    };
    let mut certificate = None;
    let whole = async {
        match tokio::time::timeout(limits.total, exchange(&client, wire, limits.body_cap, &mut certificate)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(overdue(limits.total)),
        }
    };
    let (mut outcome, timings) = phases::watch(whole).await;
    if let Ok(response) = &mut outcome {
        hidden.hide(response);
    }
    let attempts = u32::from(!matches!(&outcome, Err(err) if err.kind == TransportKind::Unsendable));
    Observation { outcome, timings, attempts, confirmed: false, request_id, certificate }
}

/// Must be called from within the attempt, whose marks it reads.
fn overdue(total: Duration) -> TransportError {
    let missing = if phases::has_head() { "the body's end did not come" } else { "no answer" };
    TransportError { kind: TransportKind::Timeout, detail: format!("{missing} within {total:?}") }
}

/// The request as reqwest takes it. An error says in one line why it cannot be sent; it names no header's value.
async fn prepare(
    clients: &Clients,
    ask: Ask<'_>,
    connection: Connection,
    request_id: Option<&String>,
) -> Result<Prepared, String> {
    let request = ask.request;
    let method = Method::from_bytes(request.method.as_bytes())
        .ok()
        .filter(|method| *method != Method::CONNECT)
        .ok_or_else(|| format!("{:?} is no verb that can be sent", request.method))?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
    for (name, value) in &request.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header name"))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of header `{name}` holds a character that HTTP does not allow"))?;
        // Any of them may be a key; this keeps it out of debug output and HTTP/2's compression tables.
        value.set_sensitive(true);
        headers.append(key, value);
    }
    let identity = ask.keyring.and_then(|keyring| keyring.identity(&request.url)).transpose();
    let identity = identity.map_err(|why| format!("the client certificate cannot be used: {why}"))?;
    let addressed = clients.address(&request.url, headers.contains_key(HOST), connection, identity)?;
    if let Some(host) = addressed.host {
        headers.entry(HOST).or_insert(host);
    }
    let hidden = match ask.keyring {
        Some(keyring) => keyring.attach(ask.credentials, request, &addressed.url, &mut headers).await?,
        None if ask.credentials.is_empty() => Hidden::default(),
        None => return Err("the request is asked with credentials, and none were read".to_owned()),
    };
    if let Some(id) = request_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(REQUEST_ID, id);
    }
    let mut wire = reqwest::Request::new(method, addressed.url);
    *wire.headers_mut() = headers;
    *wire.body_mut() = request.body.clone().map(Body::from);
    Ok(Prepared { client: addressed.client, wire, hidden })
}

async fn exchange(
    client: &Client,
    wire: reqwest::Request,
    body_cap: usize,
    certificate: &mut Option<Box<CertificateSeen>>,
) -> Result<Response, TransportError> {
    let mut answer = client.execute(wire).await.map_err(|err| classify(&err))?;
    phases::head_received(&answer);
    let shown = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    *certificate = shown.and_then(CertificateSeen::from_der).map(Box::new);
    let status = answer.status().as_u16();
    let headers = answer.headers().iter().take(MOST_HEADERS).map(|(name, value)| (name.to_string(), text(value)));
    let headers = headers.collect();
    let mut body = Vec::new();
    let mut truncated = false;
    while let Some(chunk) = answer.chunk().await.map_err(|err| classify(&err))? {
        let room = body_cap - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            truncated = true;
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).unwrap_or_else(|err| String::from_utf8_lossy(err.as_bytes()).into_owned());
    Ok(Response { status, headers, body, truncated })
}

fn text(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_HEADER)]).into_owned()
}
