//! The limits that probes are sent within.

use std::time::Duration;

use super::Pin;

/// What a [`Prober`](super::Prober) may do, and how hard.
///
/// The defaults suit a Lambda that watches one account's region: polite to each API, and patient enough for an integration
/// that takes the 29 seconds that API Gateway allows it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Probes in flight over all groups in one sweep. 0 counts as 1.
    pub concurrency: usize,
    /// Probes in flight for one group (an API) in one sweep. 0 counts as 1.
    pub group_concurrency: usize,
    /// Requests a second to one group, retries and confirmations included; bursts of up to `group_concurrency` pass.
    /// 0 means unlimited.
    pub group_rate: u32,
    /// How long a connection may take to open: name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// How long one attempt may take as a whole, connection and body included.
    pub total_timeout: Duration,
    /// How many bytes of a decoded body are read; the rest is left.
    pub body_cap: usize,
    /// How often a safe request is sent again after a transport error, a 429 or a 5xx.
    pub retries: u32,
    /// The longest wait before the first retry; it doubles with each. The wait itself is drawn between zero and that ("full
    /// jitter"), so that a thousand probes that failed together do not come back together.
    pub backoff_base: Duration,
    /// What no wait before a retry exceeds, a server's `Retry-After` included.
    pub backoff_cap: Duration,
    /// Connections that go elsewhere than their URL says; the first that matches a URL counts.
    pub pins: Vec<Pin>,
    /// The `User-Agent`, unless a request brings its own.
    pub user_agent: String,
    /// Certificate authorities in PEM that are trusted beside the platform's own: private ones, emulators'. May be empty.
    pub extra_roots: Vec<u8>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 64,
            group_concurrency: 8,
            group_rate: 25,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(35),
            body_cap: 16 * 1024,
            retries: 2,
            backoff_base: Duration::from_millis(200),
            backoff_cap: Duration::from_secs(5),
            pins: Vec::new(),
            user_agent: concat!("Gateprobe/", env!("CARGO_PKG_VERSION"), " (API Gateway route monitor)").to_owned(),
            extra_roots: Vec::new(),
        }
    }
}

/// Why no [`Prober`](super::Prober) could be made: a setting, or the platform's trust store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProberError {
    /// The user agent holds a character that no header may hold.
    #[error("the user agent {0:?} holds a character that HTTP headers do not allow; use printable ASCII")]
    UserAgent(String),
    /// The extra roots are no PEM certificates.
    #[error("the extra root certificates cannot be read: {0}; expected PEM, `-----BEGIN CERTIFICATE-----` and so on")]
    ExtraRoots(String),
    /// TLS could not be set up, most likely because the platform has no root certificates.
    #[error("TLS cannot be set up: {0}; install the platform's CA certificates, or name a bundle in SSL_CERT_FILE")]
    Tls(String),
}
