//! What came back of one request.

use std::time::Duration;

use super::CertificateSeen;

/// The outcome of one probe after its retries, with everything that a diagnosis may need and nothing else:
/// the body is cut, headers are few, so that ten thousand of them fit in a small function.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The answer, or why there is none.
    pub outcome: Result<Response, TransportError>,
    /// How long the last attempt took, by phase.
    pub timings: Timings,
    /// How many requests were sent for it, the confirmation included. 0 if it could not be sent at all.
    pub attempts: u32,
    /// Whether a failure was seen again on a fresh connection.
    pub confirmed: bool,
    /// The `x-amzn-RequestId` that was sent; API Gateway adopts it, so access logs hold it.
    pub request_id: String,
    /// The certificate that the host showed last; `None` over http and where no handshake succeeded.
    pub certificate: Option<Box<CertificateSeen>>,
}

impl Observation {
    /// An observation of a saved answer: nothing was sent, so there are no timings.
    #[must_use]
    pub fn saved(response: Response) -> Self {
        Self {
            outcome: Ok(response),
            timings: Timings::default(),
            attempts: 0,
            confirmed: false,
            request_id: String::new(),
            certificate: None,
        }
    }
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in the order they came, names in lower case, values as text (invalid UTF-8 replaced). At most 64, each cut
    /// at 4 KiB.
    pub headers: Vec<(String, String)>,
    /// The start of the body, at most the configured cap, invalid UTF-8 replaced.
    pub body: String,
    /// Whether the body went on past the cap.
    pub truncated: bool,
}

impl Response {
    /// The first value of a header, by a name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The phases of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Name resolution; `None` on a connection that was open already, or where the host is an address.
    pub dns: Option<Duration>,
    /// TCP and TLS handshakes (name resolution not included); `None` on a connection that was open already.
    pub connect: Option<Duration>,
    /// From the start of the attempt to the first byte of the answer's head.
    pub first_byte: Option<Duration>,
    /// The whole attempt, body (to the cap) included.
    pub total: Duration,
}

/// Why no HTTP answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct TransportError {
    /// The family.
    pub kind: TransportKind,
    /// The innermost reason in one line, without the URL.
    pub detail: String,
}

/// The families of transport errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// The name did not resolve.
    Dns,
    /// No TCP connection: refused, unreachable.
    Connect,
    /// The TLS handshake failed: certificate, name, protocol, client certificate.
    Tls,
    /// Nothing came within the connect or the total timeout.
    Timeout,
    /// The connection was closed before a whole answer.
    Reset,
    /// What came is no HTTP.
    Protocol,
    /// Nothing was sent: the request has a verb, header or URL that HTTP or a pin does not allow. Our own fault, not the gateway's.
    Unsendable,
}

impl std::fmt::Display for TransportKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TransportKind::Dns => "the name does not resolve",
            TransportKind::Connect => "no connection",
            TransportKind::Tls => "the TLS handshake failed",
            TransportKind::Timeout => "timed out",
            TransportKind::Reset => "the connection was closed early",
            TransportKind::Protocol => "the answer is no HTTP",
            TransportKind::Unsendable => "the request cannot be sent",
        })
    }
}
