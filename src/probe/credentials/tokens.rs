//! Tokens of the OAuth2 client-credentials grant (RFC 6749, 4.4), Cognito's included: fetched once for all who want them, and kept until
//! shortly before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::value::check_header;
use crate::probe::resolve::is_loopback;

/// A token that ends sooner than this is fetched anew, for the request has to travel too.
const MARGIN: Duration = Duration::from_mins(1);

/// RFC 6749 lets a server leave `expires_in` out.
const UNSAID: u64 = 300;

/// A failure is told to all who ask within so much time, instead of asking again for each of them.
const FAILURE_KEPT: Duration = Duration::from_secs(10);

/// No token answer is longer.
const MOST_BYTES: usize = 64 * 1024;

/// What RFC 6749, 5.2, lets a server say. Anything else is left out: it might hold a secret.
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// Who asks for a token, and where.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) token_url: Url,
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) scopes: Vec<String>,
}

/// The tokens that were fetched. Clones share them; keep one to let them outlive a run.
#[derive(Clone, Default)]
pub struct TokenCache(Arc<Inner>);

#[derive(Default)]
struct Inner {
    client: OnceLock<Result<Client, String>>,
    /// By token endpoint, client and scopes.
    slots: Mutex<HashMap<(String, String, String), Slot>>,
}

/// Held while a token is fetched, so that the others wait for it.
type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

struct Kept {
    token: Result<SecretString, String>,
    until: SystemTime,
    /// With another secret another answer may come.
    with: SecretString,
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenCache")
    }
}

impl TokenCache {
    /// The token of a grant. An error is one line, and holds nothing that the endpoint said but RFC 6749's own codes.
    pub(super) async fn token(&self, grant: &Grant, now: SystemTime) -> Result<SecretString, String> {
        let key = (grant.token_url.to_string(), grant.client_id.clone(), grant.scopes.join(" "));
        let slot = {
            let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(kept) = &*slot
            && now < kept.until
            && kept.with.expose_secret() == grant.client_secret.expose_secret()
        {
            return kept.token.clone();
        }
        let fetched = self.fetch(grant).await;
        let until = match &fetched {
            Ok((_, lasts)) => now + lasts.saturating_sub(MARGIN),
            Err(_) => now + FAILURE_KEPT,
        };
        let token = fetched.map(|(token, _)| token);
        *slot = Some(Kept { token: token.clone(), until, with: grant.client_secret.clone() });
        token
    }

    async fn fetch(&self, grant: &Grant) -> Result<(SecretString, Duration), String> {
        let host = grant.token_url.host_str().unwrap_or_default();
        check(&grant.token_url)?;
        let client = self.0.client.get_or_init(|| client().map_err(|_| "TLS cannot be set up".to_owned()));
        let client = client.as_ref().map_err(Clone::clone)?;
        let sent = client
            .post(grant.token_url.clone())
            .header(AUTHORIZATION, basic(grant)?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form(grant))
            .send()
            .await;
        let mut answer = sent.map_err(|error| {
            let why = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
            format!("the token endpoint {host} {why}")
        })?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| format!("the token endpoint {host} broke off"))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(format!("the token endpoint {host} answered more than {MOST_BYTES} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let code = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error).unwrap_or_default();
            let code = CODES.iter().find(|known| **known == code).map_or(String::new(), |code| format!(" ({code})"));
            return Err(format!("the token endpoint {host} answered {}{code}", status.as_u16()));
        }
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| format!("the token endpoint {host} answered no JSON with an access_token"))?;
        let token = SecretString::from(granted.access_token);
        if !granted.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return Err(format!("the token endpoint {host} answered a token that is no bearer token"));
        }
        check_header(&token)
            .map_err(|why| format!("the token endpoint {host} answered a token that cannot be sent: {why}"))?;
        Ok((token, Duration::from_secs(granted.expires_in.unwrap_or(UNSAID).min(24 * 3600))))
    }
}

fn check(url: &Url) -> Result<(), String> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err("the token_url must be https: a client's secret goes there".to_owned()),
    }
}

fn form(grant: &Grant) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !grant.scopes.is_empty() {
        form.append_pair("scope", &grant.scopes.join(" "));
    }
    form.finish()
}

/// RFC 6749, 2.3.1: both parts are form-encoded first.
fn basic(grant: &Grant) -> Result<HeaderValue, String> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(&grant.client_id), encoded(grant.client_secret.expose_secret()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
        .map_err(|_| "the client's secret cannot be sent".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn client() -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_rustls()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("Gateprobe/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(8))
        .build()
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}
