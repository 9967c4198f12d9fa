//! The credentials of one run, resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt as _};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;
use url::Url;

use super::identity::Identity;
use super::signing::Signer;
use super::sources::Sources;
use super::tokens::Grant;
use super::value::{check_header, pick};
use super::{Hidden, TokenCache};
use crate::config::{ClientCertificate, Credential, Reference};
use crate::gateway::{Request, overrides_verb};
use crate::probe::resolve::is_loopback;

/// So many references are read at once.
const AT_ONCE: usize = 8;

/// What stands for a secret where only its presence matters.
const NOT_SHOWN: &str = "…";

/// The credentials of one run, by name.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    keys: BTreeMap<String, Result<Key, String>>,
    identities: BTreeMap<String, Result<Arc<Identity>, String>>,
    tokens: TokenCache,
    plain_http: bool,
    clock: fn() -> SystemTime,
}

/// What one credential adds to a request.
enum Key {
    /// A header, and what of its value is shown.
    Header { name: HeaderName, value: SecretString, scheme: &'static str, hidden: Hidden },
    /// A token that is fetched when it is needed.
    Token(Grant),
    /// A signature over all the rest.
    Signature(Signer),
}

/// Names and reasons, never a value.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.keys.iter().map(|(name, key)| (name, key.is_ok())).collect();
        let hosts: Vec<_> = self.0.identities.iter().map(|(host, identity)| (host, identity.is_ok())).collect();
        f.debug_struct("Keyring").field("credentials", &names).field("client_certificates", &hosts).finish()
    }
}

/// A reference's texts, each place read once however many ask for keys of it.
struct Places<'s> {
    sources: &'s Sources,
    read: BTreeMap<String, OnceCell<Result<SecretString, String>>>,
}

impl Places<'_> {
    async fn value(&self, reference: &Reference) -> Result<SecretString, String> {
        let fetch = || async {
            let reading = async {
                match reference {
                    Reference::SecretsManager { secret, .. } => self.sources.vault.secret(secret).await,
                    Reference::Env(_) | Reference::File(_) if !self.sources.local => {
                        Err("the Lambda function reads no env: and no file: reference: expected secretsmanager:NAME"
                            .to_owned())
                    }
                    Reference::Env(name) => self.sources.vault.variable(name),
                    Reference::File(path) => self.sources.vault.file(path).await,
                }
            };
            let waited = tokio::time::timeout(self.sources.patience, reading).await;
            waited.unwrap_or_else(|_| Err(format!("it could not be read within {:?}", self.sources.patience)))
        };
        let text = match self.read.get(&place(reference)) {
            Some(cell) => cell.get_or_init(fetch).await.clone(),
            None => fetch().await,
        };
        let key = if let Reference::SecretsManager { key, .. } = reference { key.as_deref() } else { None };
        text.and_then(|text| pick(&text, key)).map_err(|why| format!("{reference}: {why}"))
    }
}

/// A reference without its key.
fn place(reference: &Reference) -> String {
    match reference {
        Reference::SecretsManager { secret, .. } => format!("secretsmanager:{secret}"),
        other => other.to_string(),
    }
}

fn reference(credential: &Credential) -> Option<&Reference> {
    match credential {
        Credential::ApiKey(value) | Credential::Bearer(value) | Credential::Header { value, .. } => Some(value),
        Credential::Basic { password, .. } => Some(password),
        Credential::ClientCredentials { client_secret, .. } => Some(client_secret),
        Credential::Sigv4 { .. } => None,
    }
}

impl Keyring {
    /// Resolves the credentials that are used, and the client certificates, all at once. Never fails as a whole: what cannot be had is in
    /// [`Self::unreadable`]. `used` may hold names that the config lacks; they are unreadable too.
    pub async fn open<'n>(
        credentials: &BTreeMap<String, Credential>,
        certificates: &[ClientCertificate],
        used: impl IntoIterator<Item = &'n str>,
        sources: &Sources,
    ) -> Self {
        let used: BTreeSet<&str> = used.into_iter().collect();
        let references = used.iter().filter_map(|name| credentials.get(*name)).filter_map(reference);
        let references = references.chain(certificates.iter().map(|certificate| &certificate.identity));
        let read = references.map(|reference| (place(reference), OnceCell::new())).collect();
        let places = Places { sources, read };
        let places = &places;
        let keys = stream::iter(used)
            .map(|name| async move {
                let key = match credentials.get(name) {
                    Some(credential) => key(credential, places).await,
                    None => Err("there is no entry of this name in `credentials`".to_owned()),
                };
                (name.to_owned(), key)
            })
            .buffer_unordered(AT_ONCE);
        let identities = stream::iter(certificates)
            .map(|certificate| async move {
                let identity = match places.value(&certificate.identity).await {
                    Ok(pem) => {
                        Identity::from_pem(&pem).map(Arc::new).map_err(|why| format!("{}: {why}", certificate.identity))
                    }
                    Err(why) => Err(why),
                };
                (certificate.domain.to_ascii_lowercase(), identity)
            })
            .buffer_unordered(AT_ONCE);
        let (keys, identities) = futures::join!(keys.collect::<BTreeMap<_, _>>(), identities.collect());
        Self(Arc::new(Inner {
            keys,
            identities,
            tokens: sources.tokens.clone(),
            plain_http: sources.plain_http,
            clock: sources.clock,
        }))
    }

    /// The credentials that cannot be used, and why. No reason holds any of a secret.
    #[must_use]
    pub fn unreadable(&self) -> BTreeMap<String, String> {
        let failed = |(name, key): (&String, &Result<Key, String>)| Some((name.clone(), key.as_ref().err()?.clone()));
        self.0.keys.iter().filter_map(failed).collect()
    }

    /// The hosts whose client certificate cannot be used, in lower case, and why.
    #[must_use]
    pub fn unreadable_certificates(&self) -> BTreeMap<String, String> {
        self.0
            .identities
            .iter()
            .filter_map(|(host, identity)| Some((host.clone(), identity.as_ref().err()?.clone())))
            .collect()
    }

    /// The request with a stand-in for each header that these credentials add: its name and its scheme, not its value. A diagnosis needs
    /// to know what was sent, and not the secret; what the server said back of that is hidden in the observation already.
    #[must_use]
    pub fn as_sent(&self, names: &[Arc<str>], request: &Request) -> Request {
        let mut sent = request.clone();
        for key in names.iter().filter_map(|name| self.0.keys.get(&**name)?.as_ref().ok()) {
            let (name, scheme) = match key {
                Key::Header { name, scheme, .. } => (name.as_str(), *scheme),
                Key::Token(_) => (AUTHORIZATION.as_str(), "Bearer "),
                Key::Signature(_) => (AUTHORIZATION.as_str(), "AWS4-HMAC-SHA256 "),
            };
            sent.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            sent.headers.push((name.to_owned(), format!("{scheme}{NOT_SHOWN}")));
        }
        sent
    }

    /// Adds the credentials to what goes out to `destination`, and says what to take out of the answer.
    pub(in crate::probe) async fn attach(
        &self,
        names: &[Arc<str>],
        request: &Request,
        destination: &Url,
        headers: &mut HeaderMap,
    ) -> Result<Hidden, String> {
        let mut hidden = Hidden::default();
        if names.is_empty() {
            return Ok(hidden);
        }
        if destination.scheme() != "https" && !self.0.plain_http && !is_loopback(destination) {
            return Err("credentials are not sent over plain http, where anybody on the way can read them: use https"
                .to_owned());
        }
        let mut signer = None;
        for name in names {
            let unusable = |why: &str| format!("the credential `{name}` cannot be used: {why}");
            match self.0.keys.get(&**name) {
                None => return Err(unusable("it was not read")),
                Some(Err(why)) => return Err(unusable(why)),
                Some(Ok(Key::Header { name: header, value, hidden: forms, .. })) => {
                    headers.insert(header.clone(), sensitive(value).map_err(|why| unusable(&why))?);
                    hidden.extend(forms);
                }
                Some(Ok(Key::Token(grant))) => {
                    let token = self.0.tokens.token(grant, (self.0.clock)()).await.map_err(|why| unusable(&why))?;
                    let value = bearer(&token);
                    headers.insert(AUTHORIZATION, sensitive(&value).map_err(|why| unusable(&why))?);
                    hidden.add(&token);
                    hidden.add(&value);
                }
                Some(Ok(Key::Signature(by))) => signer = Some((name, by)),
            }
        }
        // Last, for it covers the others.
        if let Some((name, signer)) = signer {
            let unusable = |why: String| format!("the credential `{name}` cannot be used: {why}");
            let added = signer.sign(request, headers, (self.0.clock)(), &mut hidden).await.map_err(unusable)?;
            for (header, value) in added {
                let header =
                    HeaderName::try_from(header).map_err(|_| unusable("its signature is no header".to_owned()))?;
                headers.insert(header, sensitive(&value).map_err(unusable)?);
            }
        }
        Ok(hidden)
    }

    /// The client certificate for a host, if it has one.
    pub(in crate::probe) fn identity(&self, url: &Url) -> Option<Result<&Arc<Identity>, &str>> {
        let host = url.host_str()?;
        self.0.identities.get(host).map(|identity| identity.as_ref().map_err(String::as_str))
    }
}

fn sensitive(value: &SecretString) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(value.expose_secret())
        .map_err(|_| "its value holds a character that HTTP headers do not allow".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn bearer(token: &SecretString) -> SecretString {
    SecretString::from(format!("Bearer {}", token.expose_secret()))
}

async fn key(credential: &Credential, places: &Places<'_>) -> Result<Key, String> {
    let header = |name: HeaderName, value: SecretString, scheme, secrets: &[&SecretString]| {
        let mut hidden = Hidden::default();
        for secret in secrets {
            hidden.add(secret);
        }
        hidden.add(&value);
        Key::Header { name, value, scheme, hidden }
    };
    let checked =
        |value: &SecretString, reference: &Reference| check_header(value).map_err(|why| format!("{reference}: {why}"));
    match credential {
        Credential::ApiKey(reference) => {
            let value = places.value(reference).await?;
            checked(&value, reference)?;
            Ok(header(HeaderName::from_static("x-api-key"), value, "", &[]))
        }
        Credential::Bearer(reference) => {
            let token = places.value(reference).await?;
            checked(&token, reference)?;
            Ok(header(AUTHORIZATION, bearer(&token), "Bearer ", &[&token]))
        }
        Credential::Basic { user, password: reference } => {
            if user.contains(':') {
                return Err("a user's name for basic authentication has no colon".to_owned());
            }
            let password = places.value(reference).await?;
            if password.expose_secret().is_empty() {
                return Err(format!("{reference}: the value is empty"));
            }
            let pair = SecretString::from(format!("{user}:{}", password.expose_secret()));
            let value = SecretString::from(format!("Basic {}", STANDARD.encode(pair.expose_secret())));
            checked(&value, reference)?;
            Ok(header(AUTHORIZATION, value, "Basic ", &[&password, &pair]))
        }
        Credential::Header { name, value: reference } => {
            let name = HeaderName::try_from(name.as_str()).map_err(|_| format!("{name:?} is no header name"))?;
            if NOT_OURS.contains(&name.as_str()) || overrides_verb(name.as_str()) {
                return Err(format!("the header {name} is not one that a credential may set"));
            }
            let value = places.value(reference).await?;
            checked(&value, reference)?;
            // A scheme and a token: the token is told back alone.
            let token = value.expose_secret().split_once(' ').map(|(_, token)| SecretString::from(token.trim()));
            let tokens: Vec<&SecretString> = token.iter().collect();
            Ok(header(name, value.clone(), "", &tokens))
        }
        Credential::Sigv4 { role } => {
            let signer = Signer::new(&places.sources.aws, role.as_deref(), places.sources.patience)?;
            signer.credentials((places.sources.clock)()).await?;
            Ok(Key::Signature(signer))
        }
        Credential::ClientCredentials { token_url, client_id, client_secret, scopes } => {
            let secret = places.value(client_secret).await?;
            let grant = Grant {
                token_url: token_url.clone(),
                client_id: client_id.clone(),
                client_secret: secret,
                scopes: scopes.clone(),
            };
            places.sources.tokens.token(&grant, (places.sources.clock)()).await?;
            Ok(Key::Token(grant))
        }
    }
}

/// Headers that steer the connection or the routing: a credential is none of them.
const NOT_OURS: [&str; 5] = ["host", "content-length", "transfer-encoding", "connection", "upgrade"];
