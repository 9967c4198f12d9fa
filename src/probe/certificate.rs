//! The certificate that a host shows.

use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name};

/// What is kept of a host's certificate. The chain was verified before: this is for what is still good and about to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSeen {
    /// When it ends, in Unix seconds.
    pub not_after: i64,
    /// The common name of whom it was made for, or else the whole name; cut at 120 characters.
    pub subject: String,
    /// The same of who made it.
    pub issuer: String,
}

/// Names are for people.
const LONGEST_NAME: usize = 120;

impl CertificateSeen {
    /// From DER. `None` where it is none.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            not_after: certificate.validity().not_after.timestamp(),
            subject: short(certificate.subject()),
            issuer: short(certificate.issuer()),
        })
    }
}

fn short(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|common| common.as_str().ok().map(str::to_owned));
    let text = common.unwrap_or_else(|| name.to_string());
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_NAME).collect()
}
