//! The HTTP clients: which one a request goes through, and how it is addressed there.
//!
//! A pin changes where a connection goes and nothing else. reqwest cannot be told that in one place, so:
//!
//! - **http** needs no certificate: the URL is rewritten to the pin's target, and a `Host` header keeps the original name.
//! - **https** takes the server name for TLS from the URL, so the URL keeps its host and the client's own resolver answers with
//!   the target. Each pin has clients of its own, for connections are pooled by the URL's host and port. A port in the URL
//!   would beat the resolver's, so it moves from the URL to a `Host` header.
//! - A `Host` header (that one, or the user's, as private endpoints want it) has no effect on HTTP/2, which names the host by
//!   `:authority`, from the URL. Such requests go over HTTP/1.1.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, redirect, retry};
use url::{Host, Url};

use super::classify::innermost;
use super::credentials::Identity;
use super::phases::ConnectMarks;
use super::resolve::{Lookup, Resolver};
use super::{Pin, ProberError, Settings};

/// Idle connections are closed early: API Gateway's own limit is not documented, and a connection that the other side closes
/// just as it is used again looks like a fault.
const IDLE: Duration = Duration::from_secs(15);

/// API Gateway takes and gives 10 KiB of headers; more than six times that is no answer of its.
const HEADER_LIST: u32 = 64 * 1024;

/// Whether a request may use a connection that is open already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    Kept,
    Fresh,
}

/// The clients of one prober. All but the first are made when first needed: each reads the platform's root certificates.
pub(super) struct Clients {
    settings: Arc<Settings>,
    lookup: Arc<dyn Lookup>,
    kept: Client,
    /// By route and connection, see [`Route::slot`].
    others: Vec<OnceLock<Result<Client, String>>>,
    /// Those that show a client certificate, by the host that it is for and the slot.
    with_identity: Mutex<HashMap<(String, usize), Shown>>,
}

/// A client certificate, and the client that shows it.
type Shown = (Arc<Identity>, Client);

/// Where a request goes: an index into the pins, and whether HTTP/2 is out of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Route {
    pin: Option<usize>,
    only_http1: bool,
}

impl Route {
    fn slot(self, connection: Connection) -> usize {
        let pin = self.pin.map_or(0, |pin| pin + 1);
        pin * 4 + usize::from(self.only_http1) * 2 + usize::from(connection == Connection::Fresh)
    }
}

/// A request's address, ready for the client that is meant for it.
pub(super) struct Addressed {
    pub(super) client: Client,
    pub(super) url: Url,
    /// What goes into the `Host` header, unless the user has set one.
    pub(super) host: Option<HeaderValue>,
}

impl Clients {
    pub(super) fn new(settings: Arc<Settings>, lookup: Arc<dyn Lookup>) -> Result<Self, ProberError> {
        let route = Route::default();
        Ok(Self {
            kept: build(&settings, &lookup, route, Connection::Kept, None)?,
            with_identity: Mutex::default(),
            others: (0..(settings.pins.len() + 1) * 4).map(|_| OnceLock::new()).collect(),
            settings,
            lookup,
        })
    }

    /// Finds the client and the address. The error says in one line why there is none.
    pub(super) fn address(
        &self,
        url: &Url,
        has_host: bool,
        connection: Connection,
        identity: Option<&Arc<Identity>>,
    ) -> Result<Addressed, String> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(format!("`{other}` is no scheme that can be probed; expected http or https")),
        };
        let found = self.settings.pins.iter().enumerate().find(|(_, pin)| pin.matches(url));
        let (url, host, route) = match found {
            None => (url.clone(), None, Route { pin: None, only_http1: has_host && tls }),
            Some((at, pin)) if tls => {
                let (url, host) = keep_name(url, pin)?;
                let only_http1 = has_host || host.is_some();
                (url, host, Route { pin: Some(at), only_http1 })
            }
            Some((_, pin)) => {
                let (url, host) = rewrite(url, pin)?;
                (url, Some(host), Route::default())
            }
        };
        let client = match identity.filter(|_| tls) {
            Some(identity) => self.client_with(identity, &url, route, connection)?,
            None => self.client(route, connection)?.clone(),
        };
        Ok(Addressed { client, url, host })
    }

    /// The client that shows this certificate, and to this host alone.
    fn client_with(
        &self,
        identity: &Arc<Identity>,
        url: &Url,
        route: Route,
        connection: Connection,
    ) -> Result<Client, String> {
        let key = (url.host_str().unwrap_or_default().to_owned(), route.slot(connection));
        let mut clients = self.with_identity.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((shown, client)) = clients.get(&key)
            && Arc::ptr_eq(shown, identity)
        {
            return Ok(client.clone());
        }
        let client = build(&self.settings, &self.lookup, route, connection, Some(identity))
            .map_err(|_| "the client certificate cannot be used for TLS".to_owned())?;
        // In the place of an older one: the next run's may have been renewed.
        clients.insert(key, (Arc::clone(identity), client.clone()));
        Ok(client)
    }

    fn client(&self, route: Route, connection: Connection) -> Result<&Client, String> {
        if route == Route::default() && connection == Connection::Kept {
            return Ok(&self.kept);
        }
        let made = self.others[route.slot(connection)].get_or_init(|| {
            build(&self.settings, &self.lookup, route, connection, None).map_err(|err| err.to_string())
        });
        made.as_ref().map_err(Clone::clone)
    }
}

/// https through a pin: the resolver leads to the target, the URL only has to leave the port to it.
fn keep_name(url: &Url, pin: &Pin) -> Result<(Url, Option<HeaderValue>), String> {
    let mut addressed = url.clone();
    let Some(Host::Domain(_)) = url.host() else {
        return Err("a pin cannot lead an https URL elsewhere whose host is an address; use a name".to_owned());
    };
    if pin.to_port().is_none() || url.port().is_none() {
        return Ok((addressed, None));
    }
    let host = host_header(url)?;
    addressed.set_port(None).map_err(|()| cannot_pin())?;
    Ok((addressed, Some(host)))
}

/// http through a pin: straight to the target, under the original name.
fn rewrite(url: &Url, pin: &Pin) -> Result<(Url, HeaderValue), String> {
    let mut addressed = url.clone();
    if let Some(host) = pin.to_host() {
        addressed.set_host(Some(&host.to_string())).map_err(|_| cannot_pin())?;
    }
    if let Some(port) = pin.to_port() {
        addressed.set_port(Some(port)).map_err(|()| cannot_pin())?;
    }
    Ok((addressed, host_header(url)?))
}

fn host_header(url: &Url) -> Result<HeaderValue, String> {
    let host = url.host_str().ok_or_else(cannot_pin)?;
    let text = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::try_from(text).map_err(|_| cannot_pin())
}

fn cannot_pin() -> String {
    "the URL's host and port cannot be pinned".to_owned()
}

fn build(
    settings: &Settings,
    lookup: &Arc<dyn Lookup>,
    route: Route,
    connection: Connection,
    identity: Option<&Arc<Identity>>,
) -> Result<Client, ProberError> {
    let agent =
        HeaderValue::try_from(&settings.user_agent).map_err(|_| ProberError::UserAgent(settings.user_agent.clone()))?;
    let roots =
        Certificate::from_pem_bundle(&settings.extra_roots).map_err(|err| ProberError::ExtraRoots(innermost(&err)))?;
    if roots.is_empty() && !settings.extra_roots.is_empty() {
        return Err(ProberError::ExtraRoots("there is no certificate in it".to_owned()));
    }
    let pin = route.pin.and_then(|pin| settings.pins.get(pin)).cloned();
    let mut builder = Client::builder()
        .tls_backend_rustls()
        .tls_certs_merge(roots)
        .tls_info(true)
        .user_agent(agent)
        .connect_timeout(settings.connect_timeout)
        .dns_resolver(Resolver::new(Arc::clone(lookup), pin))
        .connector_layer(ConnectMarks)
        // A monitor must know what it sends: no second request behind its back, and no detour that an
        // environment variable opens (a Lambda in a company's VPC may well have HTTPS_PROXY set for other reasons).
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(match connection {
            Connection::Kept => settings.group_concurrency.max(1),
            // No idle connection is kept, so none is found.
            Connection::Fresh => 0,
        })
        // HTTP/1 has a bound of 100 headers in hyper already; setting it again would only cost an allocation.
        .http2_max_header_list_size(HEADER_LIST);
    if let Some(identity) = identity {
        builder = builder.identity(identity.get());
    }
    if route.only_http1 {
        builder = builder.http1_only();
    }
    builder.build().map_err(|err| match settings.extra_roots.as_slice() {
        [] => ProberError::Tls(innermost(&err)),
        // They pass as PEM, but what is in them is looked at only here.
        _ => ProberError::ExtraRoots(innermost(&err)),
    })
}
