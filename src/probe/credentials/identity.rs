//! Client certificates for hosts that demand one.

use secrecy::{ExposeSecret as _, SecretString};

/// A certificate with its chain and its private key.
pub(in crate::probe) struct Identity(reqwest::Identity);

impl Identity {
    /// From PEM that holds all of it.
    pub(super) fn from_pem(pem: &SecretString) -> Result<Self, String> {
        let text = pem.expose_secret();
        let missing = |what: &str| {
            format!("it holds no {what}: expected PEM with the certificate, its chain and its private key")
        };
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(missing("certificate"));
        }
        if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err("its private key is encrypted: expected one without a passphrase".to_owned());
        }
        if !text.contains("PRIVATE KEY-----") {
            return Err(missing("private key"));
        }
        let identity = reqwest::Identity::from_pem(text.as_bytes())
            .map_err(|_| "it is PEM that cannot be read: is a line of it missing?".to_owned())?;
        // What the key is like is looked at only when a client is built; here, so that the reason is told before anything is planned.
        let checked =
            reqwest::Client::builder().tls_backend_rustls().tls_certs_only([]).identity(identity.clone()).build();
        checked.map_err(|_| "its private key cannot be used, or is not that of its certificate".to_owned())?;
        Ok(Self(identity))
    }

    pub(in crate::probe) fn get(&self) -> reqwest::Identity {
        self.0.clone()
    }
}
