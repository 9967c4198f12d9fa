//! The config file: what a user may decide, refused whole when any of it is wrong.

mod alerts;
mod check;
mod credentials;
mod documents;
mod duration;
mod lookup;
mod node;
mod pattern;
mod rules;
mod schedule;
mod schema;
mod scope;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

pub use alerts::{Alerts, OpenWindow, Window};
pub use credentials::{ClientCertificate, Credential, Reference, ReferenceError};
pub use duration::{duration_text, parse_duration};
pub use lookup::{MethodKey, RuleError, Rules};
pub use rules::{Allow, Authenticate, ContractDocument, ContractEntry, Expectations, Ignore, KnownGood, Methods};
pub use schedule::runs_a_year;
pub use schema::json_schema;
pub use scope::{Scope, ScopeError};

use crate::gateway::{Request, Verb, plain};
use check::{Message, Problem};
use node::{Fault, Place, Step, Tree};

/// The config file, in YAML. Every key is optional; an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// APIs to watch: globs on id or name. Empty: all.
    pub apis: Vec<String>,
    /// Stages to watch: globs on the name. Empty: all.
    pub stages: Vec<String>,
    /// Values of parameters by name, as `petId: "7"`: of a path, and of required query parameters and headers. A greedy
    /// parameter's value may hold slashes.
    #[schemars(with = "BTreeMap<String, schema::Scalar>")]
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
    /// When and how to tell.
    pub alerts: Alerts,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CertificateDays(pub u32);

impl Default for CertificateDays {
    /// ACM renews 60 days before the end, and what it could not renew after two weeks needs a person.
    fn default() -> Self {
        Self(21)
    }
}

/// One request that callers rely on.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractRequest {
    /// The verb: `GET`, `HEAD` or `OPTIONS`.
    pub method: String,
    /// The whole URL.
    pub url: Url,
    /// Headers that are no secret.
    pub headers: BTreeMap<String, String>,
}

/// How fast and how long. Zero means no limit where the unit is a rate.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
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
    /// An OpenAPI document of the contract cannot be used.
    #[error("the OpenAPI document {} of contract entry {entry} {reason}", path.display())]
    Document {
        /// Its file.
        path: PathBuf,
        /// Which entry of the contract names it, from 1.
        entry: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The text is not what a config looks like.
    #[error("{origin}:{line}:{column}: {message}")]
    Shape {
        /// The file, or the name of the variable that held the text.
        origin: String,
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// The keys that lead there, what is wrong and what was expected, in one line.
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

    /// Reads a file, and the OpenAPI documents that it names beside it.
    ///
    /// # Errors
    /// [`ConfigError`], whose text names the file, the line and the key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut config = Self::parse(&text, &path.display().to_string())?;
        config.load_documents(path.parent().unwrap_or(Path::new("")))?;
        Ok(config)
    }

    /// Reads a text; `origin` names it in errors.
    ///
    /// # Errors
    /// [`ConfigError::Shape`], for a text that is no YAML, an unknown key, a value of the wrong type, a pattern that can
    /// not be used, a verb that nothing allows, a secret written out, a name that leads to nothing, a URL that cannot be
    /// called, or a rule that is never reached.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        // A file of nothing, or of comments, is a config of nothing.
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let shape = |fault: &Fault| {
            let Place { line, column } = fault.place();
            ConfigError::Shape { origin: origin.to_owned(), line, column, message: plain(&fault.message()) }
        };
        let tree = Tree::new(text).map_err(|fault| shape(&fault))?;
        let config: Config = tree.read().map_err(|fault| shape(&fault))?;
        check::check(&config).map_err(|Problem { steps, message }| {
            let message = match message {
                Message::Text(text) => text,
                Message::Earlier { text, steps, advice } => format!("{text}, line {}: {advice}", tree.line(&steps)),
            };
            shape(&tree.fault(&steps, message))
        })?;
        Ok(config)
    }
}

impl ContractRequest {
    /// What is wrong, and with which key.
    fn check(&self) -> Result<(), (Option<Step>, String)> {
        let of = |key: &'static str| move |reason: String| (Some(Step::from(key)), reason);
        if !Verb::of_request(&self.method).is_some_and(Verb::is_safe) {
            let reason =
                format!("`{}` is not sent without more: expected GET, HEAD or OPTIONS, in capitals", self.method);
            return Err(of("method")(reason));
        }
        check::check_url(&self.url).map_err(of("url"))?;
        for (name, value) in &self.headers {
            if check::is_secret_header(name) {
                return Err(of("headers")(format!("the header {name} is a secret: a config holds none")));
            }
            check::check_header(name, value).map_err(of("headers"))?;
        }
        Ok(())
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

    /// What is wrong, as `gateprobe.yaml:LINE:COLUMN: …`.
    fn refused(text: &str) -> String {
        let error = Config::parse(text, "gateprobe.yaml").expect_err(text).to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
        for secret in ["u:p", "abc", "hunter2"] {
            assert!(!error.contains(secret), "no secret is echoed: {error}");
        }
        error
    }

    #[test]
    fn each_mistake_is_one_clear_line() {
        let mut wrong = Vec::new();
        for (text, place, expected) in [
            ("apis: []\napi: [x]\n", "2:1", "unknown key `api`, perhaps apis: expected one of apis, stages"),
            ("limits: {speed: 9}\n", "1:10", "limits: unknown key `speed`: expected one of concurrency"),
            ("limits:\n  timeout: soon\n", "2:12", "limits.timeout: expected a whole number, 0 or more, found a text"),
            ("limits: {timeout: -1}\n", "1:19", "limits.timeout: expected a whole number"),
            ("apis: shop\n", "1:7", "apis: expected a list, found a text"),
            ("- apis\n", "1:1", "expected a map of keys and values, found a list"),
            ("private_apis: maybe\n", "1:15", "private_apis: expected true or false, found a text"),
            ("parameters: {a: [b]}\n", "1:17", "parameters.a: expected a text, found a list"),
            (
                "apis: [a]\nparameters:\n  id: '7'\n  X-HTTP-Method-Override: DELETE\n",
                "4:3",
                "parameters.X-HTTP-Method-Override: the header X-HTTP-Method-Override has the request taken for one of another verb: expected that verb as `method`, with an `allow` for it",
            ),
            (
                "parameters: {x-http-method: PUT}\n",
                "1:14",
                "parameters.x-http-method: the header x-http-method has the request taken for one of another verb: expected that verb as `method`, with an `allow` for it",
            ),
            (
                "credentials:\n  k:\n    header: {name: X-Method-Override, value: 'env:K'}\n",
                "3:13",
                "credentials.k.header: the header X-Method-Override has a request taken for one of another verb: it is no credential",
            ),
            ("apis: []\napis: []\n", "2:1", "no YAML that can be read"),
            ("contract: [{url: 'https://x.example/', method: POST}]\n", "1:48", "expected GET, HEAD or OPTIONS"),
            ("contract: [{url: 'https://u:p@x.example/'}]\n", "1:18", "credentials"),
            ("contract: [{url: 'https://x.example/', headers: {Authorization: abc}}]\n", "1:49", "is a secret"),
            ("contract: [{url: 'https://x.example/', headers: {x-auth-token: abc}}]\n", "1:49", "is a secret"),
            ("contract: [{url: 'https://x.example/?api_key=abc'}]\n", "1:18", "is a secret"),
            ("contract: [{url: 'https://x.example/a#b'}]\n", "1:18", "%23"),
            ("contract: [{url: 'x'}]\n", "1:18", "contract[1].url: this is no URL"),
            ("contract: [{url: 'ftp://x.example/'}]\n", "1:18", "neither http nor https"),
            ("contract: [{method: GET}]\n", "1:12", "contract[1]: neither `url` nor `openapi`"),
            ("contract: [{url: 'https://x.example/', openapi: a.yaml}]\n", "1:12", "both `url` and `openapi`"),
            ("contract: [{openapi: a.yaml}]\n", "1:12", "neither `api` nor `base`"),
            ("contract: [{openapi: a.yaml, api: a, base: 'https://x.example/'}]\n", "1:44", "both `api` and `base`"),
            ("contract: [{openapi: 7, api: a}]\n", "1:22", "expected a file's path, or an OpenAPI document"),
            ("contract: [{openapi: a.yaml, api: a, method: GET}]\n", "1:12", "belong to `url`"),
            ("contract:\n  - {openapi: a.yaml, api: a, with: [who]}\n", "2:38", "no credentials of the name `who`"),
            ("limits: {concurrency: 0}\n", "1:23", "expected 1 or more"),
            ("apis: [b, 'a[']\n", "1:11", "apis[2]: `a[` is no glob"),
            ("skip_domains: ['a[']\n", "1:16", "skip_domains[1]: `a[`"),
            ("certificate_days: soon\n", "1:19", "certificate_days: expected a whole number"),
        ] {
            let error = refused(text);
            if !error.starts_with(&format!("gateprobe.yaml:{place}: ")) || !error.contains(expected) {
                wrong.push((text, error));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(refused("apis: [\n").starts_with("gateprobe.yaml:"));
    }

    #[test]
    fn each_mistake_in_a_rule_has_its_place() {
        let mut wrong = Vec::new();
        for (text, place, expected) in [
            ("known_good:\n  - {path: /a, verbs: [GET]}\n", "2:16", "known_good[1]: unknown key `verbs`"),
            (
                "known_good:\n  - {path: /a, expect: {statuses: 200}}\n",
                "2:25",
                "unknown key `statuses`, perhaps status",
            ),
            ("known_good:\n  - {path: /a, method: FETCH}\n", "2:24", "expected one of ANY, DELETE"),
            ("known_good:\n  - {path: /a, method: [GET, get]}\n", "2:30", "`get` is no verb: expected one of ANY"),
            ("known_good:\n  - {path: orders}\n", "2:12", "does not begin with a slash"),
            ("known_good:\n  - {path: /a//b}\n", "2:12", "empty segment"),
            ("known_good:\n  - {path: /orders/}\n", "2:12", "empty segment"),
            ("known_good:\n  - {path: '/a**/b'}\n", "2:12", "** must stand alone"),
            ("known_good:\n  - {path: '/a?b=c'}\n", "2:12", "has a ? or #"),
            ("known_good:\n  - {api: 'a['}\n", "2:11", "`a[` is no glob"),
            ("known_good:\n  - {stage: ''}\n", "2:13", "the glob is empty"),
            ("known_good:\n  - {headers: {x-api-key: hunter2}}\n", "2:16", "by its name this header is a secret"),
            ("known_good:\n  - {headers: {'a b': c}}\n", "2:16", "no header's name"),
            ("known_good:\n  - {headers: {a: \"b\\nc\"}}\n", "2:16", "control character"),
            ("known_good:\n  - {query: {api_key: hunter2}}\n", "2:14", "this query parameter is a secret"),
            (
                "known_good:\n  - {with: [caller]}\n",
                "2:13",
                "no credentials of the name `caller`: `credentials` has no entry",
            ),
            ("known_good:\n  - {expect: {status: [200, 700]}}\n", "2:29", "700 is no status of HTTP"),
            ("known_good:\n  - {expect: {status: [99999]}}\n", "2:24", "99999, which is too much"),
            ("known_good:\n  - {expect: {pointer: {id: 7}}}\n", "2:25", "no JSON pointer"),
            ("known_good:\n  - {expect: {pointer: {/a~2: 7}}}\n", "2:25", "no JSON pointer"),
            ("known_good:\n  - {expect: {latency_ms: 0}}\n", "2:27", "expected 1 or more"),
            ("known_good:\n  - {expect: {contains: ''}}\n", "2:25", "an empty text is in every body"),
            ("allow:\n  - {path: /a}\n", "2:5", "no verb is named, and that would open everything"),
            ("ignore:\n  - {path: /a}\n", "2:5", "the key `reason` is missing"),
            ("ignore:\n  - {path: /a, reason: ' '}\n", "2:24", "the reason is empty"),
            ("ignore:\n  - {reason: r, until: tomorrow}\n", "2:24", "ignore[1].until: expected a day, as 2026-12-31"),
            ("ignore:\n  - {reason: r, until: 2026-02-30}\n", "2:24", "expected a day, as 2026-12-31"),
            ("ignore:\n  - {reason: r, until: 20261231}\n", "2:24", "expected a day, as 2026-12-31"),
            ("ignore:\n  - {reason: r, until: [2026-12-31]}\n", "2:24", "expected a text, found a list"),
            ("ignore:\n  - {reason: r, probe: maybe}\n", "2:24", "expected true or false"),
            ("authenticate:\n  - {path: /a}\n", "2:5", "the key `with` is missing"),
            ("authenticate:\n  - {with: caller}\n", "2:12", "expected a list"),
            ("client_certificates:\n  - {domain: 'https://x', identity: 'env:A'}\n", "2:14", "no host's name"),
            (
                "client_certificates:\n  - {domain: a.b, identity: 'env:A'}\n  - {domain: A.B, identity: 'env:A'}\n",
                "3:14",
                "a certificate already, line 2",
            ),
        ] {
            let error = refused(text);
            if !error.starts_with(&format!("gateprobe.yaml:{place}: ")) || !error.contains(expected) {
                wrong.push((text, error));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn each_mistake_in_alerts_has_its_place() {
        let mut wrong = Vec::new();
        for (text, place, expected) in [
            ("{failing: 4 of 3}", "1:19", "alerts.failing: expected at least 1 failing run, of at least as many"),
            ("{failing: 0 of 3}", "1:19", "at least 1 failing run"),
            ("{failing: 2 of 33}", "1:19", "at most 32"),
            ("{failing: 33}", "1:19", "at most 32"),
            ("{failing: often}", "1:19", "alerts.failing: expected how many failing runs of how many, as 2 of 3"),
            ("{failing: [2, 3]}", "1:19", "how many failing runs of how many, as 2 of 3, found a list"),
            ("{healthy: 0}", "1:19", "expected 1 or more"),
            ("{healthy: 1.5}", "1:19", "expected a whole number"),
            ("{remind_after: 1 hour}", "1:24", "`1 hour` is none: expected a length of time, as 45s, 15m, 2h or 1d"),
            ("{remind_after: -1}", "1:24", "expected a length of time, as 45s, 15m, 2h or 1d, found a number"),
            ("{remind_after: 11y}", "1:24", "expected a length of time"),
            ("{remind_after: 2d}", "1:24", "later than remind_at_most"),
            ("{remind_at_most: 3651d}", "1:26", "more than ten years"),
            ("{flapping: 3}", "1:20", "expected how many times in how long, as 3 in 6h"),
            ("{flapping: 1 in 6h}", "1:20", "does not flap"),
            ("{flapping: 3 in 0}", "1:20", "does not flap"),
            ("{most_of_a_stage: 0}", "1:27", "in percent, 1 to 100"),
            ("{most_of_a_stage: 101}", "1:27", "in percent, 1 to 100"),
            ("{most_of_a_stage: 1000}", "1:27", "expected a whole number"),
            ("{outbox_age: 0}", "1:22", "would be lost"),
            ("{weekly_digest: often}", "1:25", "expected true or false"),
            ("{of: 3}", "1:10", "unknown key `of`"),
            ("{windows: {}}", "1:19", "alerts.windows: expected a list"),
        ] {
            let error = refused(&format!("alerts: {text}\n"));
            if !error.starts_with(&format!("gateprobe.yaml:{place}: ")) || !error.contains(expected) {
                wrong.push((text, error));
            }
        }
        for (text, place, expected) in [
            ("{schedule: rate(1 day), duration: 1h}", "3:7", "windows[1]: the key `name` is missing"),
            ("{name: a, duration: 1h}", "3:7", "the key `schedule` is missing"),
            ("{name: a, schedule: rate(1 day)}", "3:7", "the key `duration` is missing"),
            ("{name: ' ', schedule: rate(1 day), duration: 1h}", "3:14", "alerts.windows[1].name: the name is empty"),
            ("{name: \"a\\nb\", schedule: rate(1 day), duration: 1h}", "3:14", "on one line"),
            ("{name: a, api: 'a[', schedule: rate(1 day), duration: 1h}", "3:22", "`a[` is no glob"),
            ("{name: a, stage: '', schedule: rate(1 day), duration: 1h}", "3:24", "the glob is empty"),
            (
                "{name: a, schedule: daily, duration: 1h}",
                "3:27",
                "`daily` is no schedule: expected cron(0 2 ? * SUN *)",
            ),
            ("{name: a, schedule: each(1 day), duration: 1h}", "3:27", "is no schedule"),
            ("{name: a, schedule: rate(0 days), duration: 1h}", "3:27", "is no rate: expected rate(30 minutes)"),
            ("{name: a, schedule: rate(5 seconds), duration: 1s}", "3:27", "is no rate"),
            ("{name: a, schedule: at(2026-12-24), duration: 1h}", "3:27", "is no time of its own"),
            ("{name: a, schedule: 'at(2026-02-30T10:00:00)', duration: 1h}", "3:27", "is no time of its own"),
            ("{name: a, schedule: cron(0 2 * * *), duration: 1h}", "3:27", "the cron has 5 fields"),
            ("{name: a, schedule: cron(0 2 30 2 ? *), duration: 1h}", "3:27", "no day is ever one of these"),
            ("{name: a, schedule: cron(0 2 29 2 ? 2027), duration: 1h}", "3:27", "no day is ever one of these"),
            (
                "{name: a, schedule: cron(0 2 * * ? *), timezone: Europe/Berlln, duration: 1h}",
                "3:56",
                "there is no time zone `Europe/Berlln`, perhaps Europe/Berlin: expected one of IANA's",
            ),
            ("{name: a, schedule: rate(1 day), timezone: UTC, duration: 1h}", "3:50", "leave the time zone out"),
            ("{name: a, schedule: rate(1 day), duration: 0}", "3:50", "expected more than 0"),
            ("{name: a, schedule: rate(1 day), duration: 1d}", "3:50", "it never ends"),
            ("{name: a, schedule: rate(1 hour), duration: 2h}", "3:51", "it never ends"),
            ("{name: a, schedule: cron(0/15 * * * ? *), duration: 15m}", "3:59", "it never ends"),
            ("{name: a, schedule: cron(0 2 * * ? *), duration: 24h}", "3:56", "it never ends"),
            ("{name: a, schedule: rate(1 day), duration: 1h, tz: x}", "3:54", "unknown key `tz`"),
        ] {
            let error = refused(&format!("alerts:\n  windows:\n    - {text}\n"));
            if !error.starts_with(&format!("gateprobe.yaml:{place}: ")) || !error.contains(expected) {
                wrong.push((text, error));
            }
        }
        let window = "{name: a, schedule: rate(1 day), duration: 1h}";
        let error = refused(&format!("alerts:\n  windows:\n    - {window}\n    - {window}\n"));
        assert!(error.starts_with("gateprobe.yaml:4:14: alerts.windows[2].name: the 1. window has"), "{error}");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn alerts_are_read_as_they_are_written_and_the_rest_stays() {
        let read = |text: &str| Config::parse(text, "test").unwrap().alerts;
        assert_eq!(read("alerts: {}\n"), Alerts::default());
        let alerts = read(
            "alerts: {failing: 3 of 5, healthy: 4, remind_after: 30m, remind_at_most: 2d, flapping: 4 in 90m, deployment_grace: 120, watch_removed: 1w, most_of_a_stage: 80, outbox_age: 12h, weekly_digest: true, windows: [{name: nightly, api: 'shop*', stage: prod, schedule: cron(0 2 ? * SUN *), timezone: Europe/Berlin, duration: 2h}]}\n",
        );
        let mut window = Window::new("nightly", "cron(0 2 ? * SUN *)", 7200);
        window.api = Some("shop*".to_owned());
        window.stage = Some("prod".to_owned());
        window.timezone = Some("Europe/Berlin".to_owned());
        let expected = Alerts {
            failing: 3,
            of: 5,
            healthy: 4,
            remind_after: 1800,
            remind_at_most: 2 * 86_400,
            flapping: 4,
            flapping_within: 5400,
            deployment_grace: 120,
            watch_removed: 7 * 86_400,
            most_of_a_stage: 80,
            outbox_age: 12 * 3600,
            weekly_digest: true,
            windows: vec![window],
        };
        assert_eq!(alerts, expected);
        assert_eq!((read("alerts: {failing: 2}\n").failing, read("alerts: {failing: 2}\n").of), (2, 2));
        assert_eq!(read("alerts: {remind_after: 0}\n").remind_after, 0);
        // A window that closes only for a while each week, or month, does close.
        for fields in ["0/15 8-17 ? * MON-FRI *", "0 * ? * MON-FRI *", "0 0 ? 1-11 * *"] {
            read(&format!("alerts: {{windows: [{{name: a, schedule: cron({fields}), duration: 1h}}]}}\n"));
        }
        read("alerts: {windows: [{name: a, schedule: cron(0 0 ? 1-11 * *), duration: 1d}]}\n");
    }

    #[test]
    fn a_secret_that_is_written_out_is_refused_and_not_said() {
        for (text, place) in [
            ("credentials:\n  k: {api_key: hunter2}\n", "2:16"),
            ("credentials:\n  k: {api_key: 'vault:hunter2'}\n", "2:16"),
            ("credentials:\n  k: {api_key: 'env:'}\n", "2:16"),
            ("credentials:\n  k: hunter2\n", "2:6"),
            ("credentials:\n  k: {bearer: [hunter2]}\n", "2:15"),
            ("credentials:\n  k: {basic: {user: u, password: hunter2}}\n", "2:34"),
            ("credentials:\n  k: {header: {name: x-token, value: hunter2}}\n", "2:38"),
            ("credentials:\n  k: {bearer: 'env:A', api_key: hunter2}\n", "2:24"),
            ("credentials:\n  k: {token: hunter2}\n", "2:7"),
            (
                "credentials:\n  k: {client_credentials: {token_url: 'http://x.example/', client_id: i, client_secret: 'env:A'}}\n",
                "2:27",
            ),
            (
                "credentials:\n  k: {client_credentials: {token_url: hunter2, client_id: i, client_secret: 'env:A'}}\n",
                "2:39",
            ),
            ("credentials:\n  k: {sigv4: {role: hunter2}}\n", "2:14"),
            ("client_certificates:\n  - {domain: a.b, identity: hunter2}\n", "2:29"),
        ] {
            let error = refused(text);
            assert!(error.starts_with(&format!("gateprobe.yaml:{place}: ")), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_text_that_is_no_yaml_is_refused_and_not_said() {
        for text in [
            "credentials: {k: {api_key: hunter2\n",
            "credentials:\n  k: {api_key: 'hunter2}\n",
            "credentials:\n  k: {api_key: \"hunter2\\q\"}\n",
            "credentials:\n  k: {api_key: !!int hunter2}\n",
            "credentials:\n  k: {api_key: !!binary hunter2}\n",
            "credentials:\n  k: {api_key: hunter2: x}\n",
            "credentials:\n  k: {api_key: @hunter2}\n",
            "credentials:\n\tk: hunter2\n",
            "- hunter2\n--- hunter2\n",
        ] {
            refused(text);
        }
    }

    #[test]
    fn two_credentials_for_one_header_are_refused() {
        let error = refused("credentials: {a: {bearer: 'env:A'}, b: {sigv4: {}}}\nauthenticate: [{with: [a, b]}]\n");
        assert!(
            error.contains("2:27: authenticate[1].with[2]: `a` and `b` both set the header authorization"),
            "{error}"
        );
    }

    #[test]
    fn a_rule_that_is_never_reached_is_refused() {
        for (first, second) in [
            ("{}", "{path: /a}"),
            ("{path: /a}", "{path: /a}"),
            ("{path: '/a/**'}", "{path: /a/b, method: GET}"),
            ("{api: 'shop*'}", "{api: shop-eu, stage: prod}"),
            ("{method: [GET, HEAD]}", "{method: GET, path: /a}"),
            ("{path: '/**'}", "{}"),
        ] {
            for list in ["known_good", "authenticate", "ignore"] {
                let rest = match list {
                    "authenticate" => "with: []",
                    "ignore" => "reason: r",
                    _ => "body: b",
                };
                let entry =
                    |rule: &str| rule.replace('}', &format!("{}{rest}}}", if rule == "{}" { "" } else { ", " }));
                let error = refused(&format!("# rules\n{list}:\n  - {}\n  - {}\n", entry(first), entry(second)));
                let expected = format!("gateprobe.yaml:4:5: {list}[2]: this rule is never reached");
                assert!(error.starts_with(&expected) && error.contains("line 3"), "{first} {second}: {error}");
            }
        }
    }

    #[test]
    fn a_rule_that_still_fits_something_stays() {
        for (first, second) in [
            ("{path: /a}", "{}"),
            ("{path: /a}", "{path: /b}"),
            ("{path: '/*'}", "{path: '/**'}"),
            ("{method: GET}", "{method: [GET, HEAD]}"),
            ("{method: GET}", "{path: /a}"),
            ("{method: ANY}", "{method: GET}"),
            ("{api: a}", "{api: 'a*'}"),
            ("{stage: prod}", "{stage: dev}"),
        ] {
            let text = format!("known_good:\n  - {first}\n  - {second}\n");
            assert!(Config::parse(&text, "test").is_ok(), "{text}");
        }
    }

    #[test]
    fn an_allow_that_allows_nothing_more_is_refused_wherever_it_stands() {
        let broad = "{method: [POST, PUT]}";
        let narrow = "{method: POST, path: /a}";
        assert!(refused(&format!("allow:\n  - {broad}\n  - {narrow}\n")).starts_with("gateprobe.yaml:3:5: allow[2]: "));
        let error = refused(&format!("allow:\n  - {narrow}\n  - {broad}\n"));
        assert!(
            error.starts_with("gateprobe.yaml:2:5: allow[1]: this rule allows nothing") && error.contains("line 3")
        );
    }

    #[test]
    fn a_request_that_nothing_allows_says_what_to_add() {
        let wanted = "known_good:\n  - {api: pets, path: /a, method: POST}\n";
        let error = refused(wanted);
        assert!(error.starts_with("gateprobe.yaml:2:5: known_good[1]: POST may change something"), "{error}");
        let advice = error.split_once("to send it, add ").unwrap().1;
        assert_eq!(advice, "allow: [{api: 'pets', path: '/a', method: POST}]");
        assert!(Config::parse(&format!("{wanted}{advice}\n"), "test").is_ok(), "the advice is good");
        for other in ["{method: PUT}", "{api: orders, method: POST}", "{path: /b, method: POST}"] {
            refused(&format!("{wanted}allow: [{other}]\n"));
        }
        for enough in ["{method: POST}", "{api: 'p*', method: [PUT, POST]}", "{method: ANY}"] {
            assert!(Config::parse(&format!("{wanted}allow: [{enough}]\n"), "test").is_ok(), "{enough}");
        }
    }

    #[test]
    fn verbs_and_bodies_may_be_written_in_two_ways() {
        let config = Config::parse(
            "known_good:\n  - {path: /a, method: GET, body: text}\n  - {path: /b, method: [GET, HEAD], body: {id: 7, tags: [x]}}\n  - {path: /c, body: 42}\n  - path: /d\n    body: |\n      two\n      lines\n",
            "test",
        )
        .unwrap();
        let rules = &config.known_good;
        assert_eq!(rules[0].methods.method, [Verb::Get]);
        assert_eq!(rules[1].methods.method, [Verb::Get, Verb::Head]);
        let bodies: Vec<_> = rules.iter().map(|rule| rule.body.as_deref().unwrap()).collect();
        assert_eq!(bodies, ["text", r#"{"id":7,"tags":["x"]}"#, "42", "two\nlines\n"]);
    }

    #[test]
    fn a_text_that_looks_like_a_number_is_what_was_typed() {
        let config =
            Config::parse("parameters: {a: 007, b: 1.50, c: yes, d: 0x1F, e: \"8\", f: &x 1e3, g: *x}\n", "test")
                .unwrap();
        let values: Vec<_> = config.parameters.values().map(String::as_str).collect();
        assert_eq!(values, ["007", "1.50", "yes", "0x1F", "8", "1e3", "1e3"]);
    }

    #[test]
    fn every_kind_of_credential_is_read() {
        let config = Config::parse(
            "credentials:\n  a: {api_key: 'secretsmanager:n#k'}\n  b: {bearer: 'env:T'}\n  c: {basic: {user: u, password: 'file:p'}}\n  d: {header: {name: x-token, value: 'env:T'}}\n  e: {sigv4: {role: 'arn:aws:iam::1:role/r'}}\n  f: {sigv4: }\n  g: {client_credentials: {token_url: 'https://t.example/token', client_id: i, client_secret: 'env:S', scopes: [s]}}\n",
            "test",
        )
        .unwrap();
        assert_eq!(config.credentials.len(), 7);
        assert_eq!(config.credentials["f"], Credential::Sigv4 { role: None });
    }
}
