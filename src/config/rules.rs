//! What a user says of some methods: which requests are known to be good, which verbs may be sent, what to leave alone,
//! and with what credentials to ask.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::ContractRequest;
use super::values::{body, date, document, optional_url, verbs};
use crate::gateway::Verb;

/// Which deployed methods a rule is about. What is left out stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Methods {
    /// A glob on the API's id or name.
    pub api: Option<String>,
    /// A glob on the stage's name.
    pub stage: Option<String>,
    /// The resource's path as AWS writes it, `/orders/{id}`. `*` stands for one segment, `**` for any number of them.
    pub path: Option<String>,
    /// The verbs, one or a list, `ANY` for the method that is declared so.
    #[serde(deserialize_with = "verbs")]
    #[schemars(with = "super::schema::OneOrMore")]
    pub method: Vec<Verb>,
}

/// A request that a method is known to answer well.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(from = "KnownGoodKeys")]
#[schemars(with = "KnownGoodKeys")]
pub struct KnownGood {
    /// The methods that it is for.
    pub methods: Methods,
    /// Path parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// Query parameters by name.
    pub query: BTreeMap<String, String>,
    /// Headers that are no secret.
    pub headers: BTreeMap<String, String>,
    /// The body as text. With one that is JSON, `content-type: application/json` goes without saying.
    pub body: Option<String>,
    /// Names of entries of `credentials`.
    pub with: Vec<String>,
    /// What a good answer is.
    pub expect: Expectations,
}

/// What a good answer is.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expectations {
    /// The statuses that are good. Empty: any below 400.
    pub status: Vec<u16>,
    /// A text that the body must hold.
    pub contains: Option<String>,
    /// JSON pointers, and the values that must stand there.
    pub pointer: BTreeMap<String, serde_json::Value>,
    /// The longest that the answer may take, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// Verbs that may be sent although they may change something.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Allow {
    /// The methods that may be called. Their verbs must be named.
    pub methods: Methods,
}

/// Methods whose failures nobody wants to be told of. They are asked as any other, unless `probe` says no.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "IgnoreKeys")]
#[schemars(with = "IgnoreKeys")]
pub struct Ignore {
    /// The methods.
    pub methods: Methods,
    /// Why, for whoever reads the report.
    pub reason: String,
    /// Whether they are asked all the same, and only not told of.
    pub probe: bool,
    /// The last day, by UTC, that this is so. Without one: for ever.
    pub until: Option<jiff::civil::Date>,
}

impl Ignore {
    /// Whether its last day is over at this time, in Unix seconds.
    #[must_use]
    pub fn ended(&self, now: i64) -> bool {
        let today = jiff::Timestamp::from_second(now).map(|now| jiff::tz::TimeZone::UTC.to_datetime(now).date());
        self.until.zip(today.ok()).is_some_and(|(until, today)| today > until)
    }
}

/// Credentials for methods that are asked without a request of their own in `known_good`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(from = "AuthenticateKeys")]
#[schemars(with = "AuthenticateKeys")]
pub struct Authenticate {
    /// The methods.
    pub methods: Methods,
    /// Names of entries of `credentials`.
    pub with: Vec<String>,
}

/// One entry of the contract: a request, or a document of many.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "ContractKeys")]
#[schemars(with = "ContractKeys")]
pub enum ContractEntry {
    /// A request, written out.
    Request(super::ContractRequest),
    /// An OpenAPI document whose operations must be reachable.
    Document(ContractDocument),
}

/// An OpenAPI document whose operations must be reachable, deployed or not.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractDocument {
    /// A file's path, relative to the config's; or the document itself.
    pub openapi: serde_json::Value,
    /// The API: a glob on its id or name. In place of `base`.
    pub api: Option<String>,
    /// Its stages: globs. Empty: all.
    pub stages: Vec<String>,
    /// The URL that the document's paths begin behind, as `https://api.example.com/v1`.
    pub base: Option<Url>,
    /// Names of entries of `credentials`.
    pub with: Vec<String>,
}

/// The keys of [`KnownGood`] as they are written: those of [`Methods`] stand among them. serde could take them apart by
/// itself, and would forget where each stands.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KnownGoodKeys {
    /// A glob on the API's id or name.
    api: Option<String>,
    /// A glob on the stage's name.
    stage: Option<String>,
    /// The resource's path as AWS writes it, `/orders/{id}`. `*` stands for one segment, `**` for any number of them.
    path: Option<String>,
    /// The verbs, one or a list.
    #[serde(deserialize_with = "verbs")]
    #[schemars(with = "super::schema::OneOrMore")]
    method: Vec<Verb>,
    /// Path parameters by name.
    #[schemars(with = "BTreeMap<String, super::schema::Scalar>")]
    parameters: BTreeMap<String, String>,
    /// Query parameters by name.
    #[schemars(with = "BTreeMap<String, super::schema::Scalar>")]
    query: BTreeMap<String, String>,
    /// Headers that are no secret.
    #[schemars(with = "BTreeMap<String, super::schema::Scalar>")]
    headers: BTreeMap<String, String>,
    /// The body: a text, or a value that is sent as JSON.
    #[serde(deserialize_with = "body")]
    #[schemars(with = "serde_json::Value")]
    body: Option<String>,
    /// Names of entries of `credentials`.
    with: Vec<String>,
    /// What a good answer is.
    expect: Expectations,
}

impl From<KnownGoodKeys> for KnownGood {
    fn from(keys: KnownGoodKeys) -> Self {
        let KnownGoodKeys { api, stage, path, method, parameters, query, headers, body, with, expect } = keys;
        Self { methods: Methods { api, stage, path, method }, parameters, query, headers, body, with, expect }
    }
}

/// The keys of [`Ignore`] as they are written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IgnoreKeys {
    /// A glob on the API's id or name.
    #[serde(default)]
    api: Option<String>,
    /// A glob on the stage's name.
    #[serde(default)]
    stage: Option<String>,
    /// The resource's path as AWS writes it, `/orders/{id}`. `*` stands for one segment, `**` for any number of them.
    #[serde(default)]
    path: Option<String>,
    /// The verbs, one or a list.
    #[serde(default, deserialize_with = "verbs")]
    #[schemars(with = "super::schema::OneOrMore")]
    method: Vec<Verb>,
    /// Why, for whoever reads the report.
    reason: String,
    /// Whether the methods are asked all the same, and only not told of. `false`: nothing is sent to them.
    #[serde(default = "yes")]
    probe: bool,
    /// The last day, by UTC, that this is so, as `2026-12-31`. Left out: for ever.
    #[serde(default, deserialize_with = "date")]
    #[schemars(with = "super::schema::Date")]
    until: Option<jiff::civil::Date>,
}

fn yes() -> bool {
    true
}

impl From<IgnoreKeys> for Ignore {
    fn from(keys: IgnoreKeys) -> Self {
        let IgnoreKeys { api, stage, path, method, reason, probe, until } = keys;
        Self { methods: Methods { api, stage, path, method }, reason, probe, until }
    }
}

/// The keys of [`Authenticate`] as they are written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthenticateKeys {
    /// A glob on the API's id or name.
    #[serde(default)]
    api: Option<String>,
    /// A glob on the stage's name.
    #[serde(default)]
    stage: Option<String>,
    /// The resource's path as AWS writes it, `/orders/{id}`. `*` stands for one segment, `**` for any number of them.
    #[serde(default)]
    path: Option<String>,
    /// The verbs, one or a list.
    #[serde(default, deserialize_with = "verbs")]
    #[schemars(with = "super::schema::OneOrMore")]
    method: Vec<Verb>,
    /// Names of entries of `credentials`. An empty list asks without any.
    with: Vec<String>,
}

impl From<AuthenticateKeys> for Authenticate {
    fn from(keys: AuthenticateKeys) -> Self {
        let AuthenticateKeys { api, stage, path, method, with } = keys;
        Self { methods: Methods { api, stage, path, method }, with }
    }
}

/// The keys of a [`ContractEntry`] as they are written: `url` makes it a request, `openapi` a document.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ContractKeys {
    /// Of a request: its verb, `GET` where it is left out.
    method: Option<String>,
    /// Of a request: the whole URL.
    #[serde(deserialize_with = "optional_url")]
    url: Option<Url>,
    /// Of a request: headers that are no secret.
    #[schemars(with = "Option<BTreeMap<String, super::schema::Scalar>>")]
    headers: Option<BTreeMap<String, String>>,
    /// Of a document: a file's path, relative to the config's; or the document itself, as a map or as a text.
    #[serde(deserialize_with = "document")]
    openapi: Option<serde_json::Value>,
    /// Of a document: the API, a glob on its id or name. In place of `base`.
    api: Option<String>,
    /// Of a document: the API's stages, globs. Left out: all.
    stages: Vec<String>,
    /// Of a document: the URL that its paths begin behind, as `https://api.example.com/v1`. In place of `api`.
    #[serde(deserialize_with = "optional_url")]
    base: Option<Url>,
    /// Of a document: names of entries of `credentials`.
    with: Vec<String>,
}

impl TryFrom<ContractKeys> for ContractEntry {
    type Error = &'static str;

    fn try_from(keys: ContractKeys) -> Result<Self, Self::Error> {
        let ContractKeys { method, url, headers, openapi, api, stages, base, with } = keys;
        match (url, openapi) {
            (Some(_), Some(_)) => Err("both `url` and `openapi`: expected one, for a request or a document"),
            (None, None) => Err("neither `url` nor `openapi`: expected one, for a request or a document"),
            (Some(url), None) => {
                if api.is_some() || base.is_some() || !stages.is_empty() || !with.is_empty() {
                    return Err(
                        "`api`, `stages`, `base` and `with` belong to `openapi`: expected method, url and headers",
                    );
                }
                let method = method.unwrap_or_else(|| "GET".to_owned());
                Ok(Self::Request(ContractRequest { method, url, headers: headers.unwrap_or_default() }))
            }
            (None, Some(openapi)) => {
                if method.is_some() || headers.is_some() {
                    return Err("`method` and `headers` belong to `url`: expected openapi, api, stages, base and with");
                }
                Ok(Self::Document(ContractDocument { openapi, api, stages, base, with }))
            }
        }
    }
}
