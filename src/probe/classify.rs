//! Errors to families: what a failed exchange means, told from the error's chain by type.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::CertificateError;
use time::OffsetDateTime;

use super::resolve::LookupError;
use super::{TransportError, TransportKind};

/// No detail needs more. A certificate's list of names can be long.
const LONGEST: usize = 240;

/// How hyper says that a server spoke before it was asked. It has no method that tells.
const SPOKE_FIRST: &str = "received unexpected message from connection";

/// How rustls says that the other side broke TLS off.
const ALERT: &str = "received fatal alert: ";

/// Sorts an error of reqwest's. Its URL is not looked at: that may hold secrets.
pub(super) fn classify(err: &reqwest::Error) -> TransportError {
    let kind = kind(err);
    let detail = match kind {
        TransportKind::Timeout if err.is_connect() => "no connection within the connect timeout".to_owned(),
        TransportKind::Tls => out_of_date(err).unwrap_or_else(|| innermost(err)),
        _ => innermost(err),
    };
    TransportError { kind, detail }
}

fn kind(err: &reqwest::Error) -> TransportKind {
    if err.is_builder() {
        return TransportKind::Unsendable;
    }
    // From the outside in. The outer types know the phase, the inner ones the reason, and the innermost that speaks wins.
    let told = chain(err).filter_map(|cause| told_by(cause, err.is_connect())).last();
    if let Some(kind) = told {
        return kind;
    }
    if err.is_timeout() {
        return TransportKind::Timeout;
    }
    if err.is_connect() {
        return TransportKind::Connect;
    }
    // In TLS 1.3 a server that wants a client certificate says so after the handshake, and HTTP/2 keeps the text of that alone.
    if innermost(err).starts_with(ALERT) {
        return TransportKind::Tls;
    }
    // What is left is HTTP/2's (its error type is not ours to name) or a body that is not what its encoding says.
    TransportKind::Protocol
}

/// A certificate that is not good yet or no more, with its date. rustls tells it in seconds since 1970.
fn out_of_date(err: &reqwest::Error) -> Option<String> {
    let told = chain(err).filter_map(|cause| cause.downcast_ref::<rustls::Error>()).last()?;
    let (what, at) = match told {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            ("the certificate expired on", not_after)
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            ("the certificate is not valid before", not_before)
        }
        _ => return None,
    };
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(at.as_secs()).ok()?).ok()?;
    Some(format!("{what} {}", at.date()))
}

/// What one cause says, if it says anything.
fn told_by(cause: &(dyn Error + 'static), connecting: bool) -> Option<TransportKind> {
    if cause.is::<LookupError>() {
        return Some(TransportKind::Dns);
    }
    if cause.is::<rustls::Error>() {
        return Some(TransportKind::Tls);
    }
    if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
        return told_by_hyper(hyper);
    }
    cause.downcast_ref::<io::Error>().and_then(|io| told_by_io(io, connecting))
}

fn told_by_hyper(err: &hyper::Error) -> Option<TransportKind> {
    if err.is_timeout() {
        Some(TransportKind::Timeout)
    } else if err.is_parse() || err.to_string() == SPOKE_FIRST {
        Some(TransportKind::Protocol)
    } else if err.is_incomplete_message() || err.is_closed() || err.is_canceled() || err.is_body_write_aborted() {
        Some(TransportKind::Reset)
    } else {
        None
    }
}

fn told_by_io(err: &io::Error, connecting: bool) -> Option<TransportKind> {
    match err.kind() {
        ErrorKind::TimedOut => Some(TransportKind::Timeout),
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::PermissionDenied => Some(TransportKind::Connect),
        // TCP is there by then: closed while connecting means closed during the handshake, as servers do that do not know the
        // name, or want a client certificate.
        ErrorKind::UnexpectedEof if connecting => Some(TransportKind::Tls),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Some(TransportKind::Reset),
        _ => None,
    }
}

/// An error and what caused it, outermost first. `io::Error` hides the error that it wraps from `source`.
fn chain<'a>(err: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(err), |err| {
        let err: &'a (dyn Error + 'static) = *err;
        match err.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => err.source(),
        }
    })
}

/// The innermost reason in one line. Outer ones repeat themselves, and reqwest's outermost holds the URL.
pub(super) fn innermost(err: &(dyn Error + 'static)) -> String {
    let reason = chain(err).last().map(ToString::to_string).unwrap_or_default();
    // reqwest's own, when nothing caused it, may end with the URL; rustls's with that of a page of its manual.
    let reason = [" for url (", ": https://"]
        .iter()
        .fold(reason.as_str(), |reason, tail| reason.split_once(tail).map_or(reason, |(reason, _)| reason));
    let mut line: String = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(cut);
        line.push('…');
    }
    line
}
