//! The config file: what a user may decide, refused whole when any of it is wrong.

mod credentials;
mod lookup;
mod pattern;
mod rules;
mod scope;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

pub use credentials::{ClientCertificate, Credential, Reference, ReferenceError};
pub use lookup::{MethodKey, RuleError, Rules};
pub use rules::{Allow, Authenticate, ContractDocument, ContractEntry, Expectations, Ignore, KnownGood, Methods};
pub use scope::{Scope, ScopeError};

use crate::gateway::{Request, Verb, plain};

/// The config file, in YAML. Every key is optional; an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// APIs to watch: globs on id or name. Empty: all.
    pub apis: Vec<String>,
    /// Stages to watch: globs on the name. Empty: all.
    pub stages: Vec<String>,
    /// Values of path parameters by name, as `petId: "7"`. A greedy parameter's value may hold slashes.
    pub parameters: BTreeMap<String, String>,
    /// Requests that callers rely on: probed whether deployed or not.
    pub contract: Vec<ContractEntry>,
    /// Requests that methods are known to answer well. Of several that fit a method, the first counts.
    pub known_good: Vec<KnownGood>,
    /// Verbs other than GET, HEAD and OPTIONS that may be sent.
    pub allow: Vec<Allow>,
    /// Methods to leave alone, and why.
    pub ignore: Vec<Ignore>,
    /// Ways to show who is asking, by a name of the user's.
    pub credentials: BTreeMap<String, Credential>,
    /// Which methods are asked with which credentials. Of several that fit a method, the first counts.
    pub authenticate: Vec<Authenticate>,
    /// Client certificates, by host.
    pub client_certificates: Vec<ClientCertificate>,
    /// A certificate that expires within so many days is told.
    pub certificate_days: CertificateDays,
    /// How fast and how long.
    pub limits: Limits,
    /// Where hosts lead, as curl's `--connect-to`: `HOST1:PORT1:HOST2:PORT2`.
    pub connect_to: Vec<String>,
    /// Custom domains not to call: globs on the name, for names that lead nowhere from where the monitor runs.
    pub skip_domains: Vec<String>,
    /// Whether the machine that runs the monitor can reach private APIs of the region. Without it they are skipped.
    pub private_apis: bool,
}

/// A number of days before a certificate's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct CertificateDays(pub u32);

impl Default for CertificateDays {
    /// ACM renews 60 days before the end, and what it could not renew after two weeks needs a person.
    fn default() -> Self {
        Self(21)
    }
}

/// One request that callers rely on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractRequest {
    /// The verb: `GET`, `HEAD` or `OPTIONS`.
    #[serde(default = "get")]
    pub method: String,
    /// The whole URL.
    pub url: Url,
    /// Headers that are no secret.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

fn get() -> String {
    "GET".to_owned()
}

/// How fast and how long. Zero means no limit where the unit is a rate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests under way at once.
    pub concurrency: usize,
    /// Requests under way at once to one API.
    pub api_concurrency: usize,
    /// Requests a second to one API.
    pub api_rate: u32,
    /// Calls a second to API Gateway's control plane; the account has ten, shared with every deployment.
    pub control_plane_rate: u32,
    /// Seconds for a connection, TLS included.
    pub connect_timeout: u64,
    /// Seconds for a whole request; an integration may take 29.
    pub timeout: u64,
    /// How often a transport error, a 429 or a 5xx is tried again.
    pub retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 64,
            api_concurrency: 8,
            api_rate: 25,
            control_plane_rate: 3,
            connect_timeout: 5,
            timeout: 35,
            retries: 2,
        }
    }
}

/// A config that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("the config file {} could not be read ({source}): check the path given with --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not what a config looks like.
    #[error("{origin}: {message}")]
    Shape {
        /// The file, or the name of the variable that held the text.
        origin: String,
        /// What is wrong and where, in one line.
        message: String,
    },
}

impl Config {
    /// Whether the user does not want this custom domain to be called.
    #[must_use]
    pub fn skips_domain(&self, name: &str) -> bool {
        self.skip_domains
            .iter()
            .any(|glob| globset::Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(name)))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], whose text names the file, the line and the key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a text; `origin` names it in errors.
    ///
    /// # Errors
    /// [`ConfigError::Shape`], for a text that is no YAML, an unknown key, a value of the wrong type, a verb that is
    /// not safe, a secret written out, or a URL that cannot be called.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let shape = |message: String| ConfigError::Shape { origin: origin.to_owned(), message: plain(&message) };
        // A file of nothing, or of comments, is a config of nothing.
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let config: Config = serde_saphyr::from_str(text).map_err(|error| shape(in_one_line(&error)))?;
        for (index, entry) in config.contract.iter().enumerate() {
            let ContractEntry::Request(wanted) = entry else { continue };
            wanted.check().map_err(|problem| shape(format!("contract entry {}: {problem}", index + 1)))?;
        }
        Scope::new(&config.apis, &config.stages).map_err(|error| shape(error.to_string()))?;
        for glob in &config.skip_domains {
            if glob.len() > scope::LONGEST_GLOB {
                return Err(shape(format!("skip_domains: a glob has {} bytes, and no name is that long", glob.len())));
            }
            globset::Glob::new(glob)
                .map_err(|error| shape(format!("skip_domains: `{glob}` is no glob ({})", error.kind())))?;
        }
        if config.limits.concurrency == 0 || config.limits.api_concurrency == 0 {
            return Err(shape("limits: a concurrency of 0 would send nothing; expected 1 or more".to_owned()));
        }
        if config.limits.timeout == 0 || config.limits.connect_timeout == 0 {
            return Err(shape("limits: a timeout of 0 would fail everything; expected seconds, 1 or more".to_owned()));
        }
        Ok(config)
    }
}

/// The parser draws a snippet; a log line and an exit message want its first line, which has the place in it.
fn in_one_line(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or("unreadable").trim().to_owned()
}

/// Words in the name of a header that make its value a secret: a config file holds none.
const SECRET_HEADERS: [&str; 7] = ["auth", "token", "secret", "password", "key", "cookie", "session"];

/// Words in the name of a query parameter that make its value a secret.
const SECRET_PARAMETERS: [&str; 7] = ["token", "secret", "password", "apikey", "api_key", "api-key", "signature"];

fn is_secret(name: &str, words: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    words.iter().any(|word| name.contains(word))
}

impl ContractRequest {
    fn check(&self) -> Result<(), String> {
        if !Verb::of_request(&self.method).is_some_and(Verb::is_safe) {
            return Err(format!(
                "`{}` is not sent without more: expected GET, HEAD or OPTIONS, in capitals",
                self.method
            ));
        }
        if !matches!(self.url.scheme(), "http" | "https") || self.url.host_str().is_none() {
            return Err("the URL is neither http nor https".to_owned());
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Err("the URL has credentials in it: a config holds no secrets".to_owned());
        }
        if self.url.fragment().is_some() {
            return Err(
                "everything from # on in the URL is never sent: write %23 where it belongs to the path".to_owned()
            );
        }
        if let Some((name, _)) = self.url.query_pairs().find(|(name, _)| is_secret(name, &SECRET_PARAMETERS)) {
            return Err(format!("the query parameter {name} is a secret: a config holds none"));
        }
        let secret = self.headers.keys().find(|name| is_secret(name, &SECRET_HEADERS));
        secret.map_or(Ok(()), |name| Err(format!("the header {name} is a secret: a config holds none")))
    }

    /// The request to send.
    #[must_use]
    pub fn request(&self) -> Request {
        let mut request = Request::new(&self.method, self.url.clone());
        request.headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(config: &Config, index: usize) -> &ContractRequest {
        let ContractEntry::Request(request) = &config.contract[index] else { panic!("a document") };
        request
    }

    #[test]
    fn reads_every_key() {
        let config = Config::parse(
            "apis: ['shop-*']\nstages: [prod]\nparameters: {petId: '7'}\ncontract:\n  - {url: 'https://api.example.com/pets'}\n  - {method: HEAD, url: 'https://api.example.com/pets', headers: {accept: text/html}}\nlimits: {api_rate: 5, timeout: 10}\nconnect_to: ['::127.0.0.1:80']\nprivate_apis: true\nskip_domains: ['*.internal.example']\n",
            "test",
        )
        .unwrap();
        assert_eq!(config.limits, Limits { api_rate: 5, timeout: 10, ..Limits::default() });
        assert_eq!(request(&config, 0).method, "GET");
        assert_eq!(request(&config, 1).request().header("Accept"), Some("text/html"));
        assert_eq!(config.parameters["petId"], "7");
        assert!(config.skips_domain("api.internal.example") && !config.skips_domain("api.example.com"));
    }

    #[test]
    fn nothing_is_a_config_of_nothing() {
        assert_eq!(Config::parse("\n# only a comment\n", "test").unwrap(), Config::default());
    }

    #[test]
    fn each_mistake_is_one_clear_line() {
        for (text, expected) in [
            ("apis: []\napi: [x]\n", "api"),
            ("limits: {speed: 9}\n", "speed"),
            ("limits: {timeout: soon}\n", "line 1"),
            ("apis: [\n", "line"),
            ("contract: [{url: 'https://x.example/', method: POST}]\n", "expected GET, HEAD or OPTIONS"),
            ("contract: [{url: 'https://u:p@x.example/'}]\n", "credentials"),
            ("contract: [{url: 'https://x.example/', headers: {Authorization: abc}}]\n", "is a secret"),
            ("contract: [{url: 'https://x.example/', headers: {x-auth-token: abc}}]\n", "is a secret"),
            ("contract: [{url: 'https://x.example/?api_key=abc'}]\n", "is a secret"),
            ("contract: [{url: 'https://x.example/a#b'}]\n", "%23"),
            ("contract: [{url: 'x'}]\n", "line 1"),
            ("contract: [{url: 'ftp://x.example/'}]\n", "neither http nor https"),
            ("limits: {concurrency: 0}\n", "expected 1 or more"),
            ("apis: ['a[']\n", "a["),
            ("skip_domains: ['a[']\n", "skip_domains"),
        ] {
            let error = Config::parse(text, "gateprobe.yaml").unwrap_err().to_string();
            assert!(error.starts_with("gateprobe.yaml: ") && error.contains(expected), "{text:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(!error.contains("u:p") && !error.contains("abc"), "no secret is echoed: {error}");
        }
    }
}
