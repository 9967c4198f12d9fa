//! Names to addresses: our own resolver, so that lookups can be timed, pinned, and stubbed in tests.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::Pin;
use super::phases;

/// Where addresses come from.
pub(super) trait Lookup: Send + Sync {
    /// The addresses of a name. An empty list means that there are none.
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|addr| addr.ip()).collect()) })
    }
}

/// The one reason for which no name resolves, found again by type in the error's chain.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct LookupError(String);

/// Resolves for one client: through its pin if it has one, else by name.
pub(super) struct Resolver {
    lookup: Arc<dyn Lookup>,
    pin: Option<Pin>,
}

impl Resolver {
    pub(super) fn new(lookup: Arc<dyn Lookup>, pin: Option<Pin>) -> Self {
        Self { lookup, pin }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        // Port 0 leaves the port to the URL.
        let port = self.pin.as_ref().and_then(Pin::to_port).unwrap_or(0);
        let name = match self.pin.as_ref().and_then(Pin::to_host) {
            Some(Host::Ipv4(ip)) => return ready((*ip).into(), port),
            Some(Host::Ipv6(ip)) => return ready((*ip).into(), port),
            Some(Host::Domain(name)) => name.clone(),
            None => name.as_str().to_owned(),
        };
        if is_localhost(&name) {
            return ready(Ipv4Addr::LOCALHOST.into(), port);
        }
        let looking = self.lookup.lookup(name);
        Box::pin(async move {
            let ips = phases::looking_up(looking).await.map_err(|err| LookupError(reason(&err)))?;
            if ips.is_empty() {
                return Err(LookupError("the name has no address".to_owned()).into());
            }
            let addrs: Addrs = Box::new(ips.into_iter().map(move |ip| SocketAddr::new(ip, port)));
            Ok(addrs)
        })
    }
}

fn ready(ip: IpAddr, port: u16) -> Resolving {
    let addrs: Addrs = Box::new(std::iter::once(SocketAddr::new(ip, port)));
    Box::pin(std::future::ready(Ok(addrs)))
}

/// RFC 6761, 6.3: these names are loopback, and no name server is to be asked about them. Systems differ in whether they know,
/// and LocalStack and the simulator hand out such names.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

/// Whether a URL leads to this machine and nowhere else.
pub(super) fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The standard library wraps `getaddrinfo`'s own words in a phrase that repeats what `TransportKind::Dns` says already.
fn reason(err: &io::Error) -> String {
    let text = err.to_string();
    text.strip_prefix("failed to lookup address information: ").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_under_localhost_are_loopback() {
        for name in ["localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.LocalHost."] {
            assert!(is_localhost(name), "{name}");
        }
        for name in ["localhost.example.com", "notlocalhost", "a.notlocalhost", "", "."] {
            assert!(!is_localhost(name), "{name}");
        }
    }
}
