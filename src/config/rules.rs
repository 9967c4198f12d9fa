//! What a user says of some methods: which requests are known to be good, which verbs may be sent, what to leave alone,
//! and with what credentials to ask.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use crate::gateway::Verb;

/// Which deployed methods a rule is about. What is left out stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Methods {
    /// A glob on the API's id or name.
    pub api: Option<String>,
    /// A glob on the stage's name.
    pub stage: Option<String>,
    /// The resource's path as AWS writes it, `/orders/{id}`. `*` stands for one segment, `**` for any number of them.
    pub path: Option<String>,
    /// The verbs, `ANY` for the method that is declared so.
    pub method: Vec<Verb>,
}

/// A request that a method is known to answer well.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnownGood {
    /// The methods that it is for.
    #[serde(flatten)]
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
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// The methods that may be called.
    #[serde(flatten)]
    pub methods: Methods,
}

/// Methods to leave alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The methods.
    #[serde(flatten)]
    pub methods: Methods,
    /// Why, for whoever reads the report.
    pub reason: String,
}

/// Credentials for methods that are asked without a request of their own in `known_good`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authenticate {
    /// The methods.
    #[serde(flatten)]
    pub methods: Methods,
    /// Names of entries of `credentials`.
    pub with: Vec<String>,
}

/// One entry of the contract: a request, or a document of many.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ContractEntry {
    /// A request, written out.
    Request(super::ContractRequest),
    /// An OpenAPI document whose operations must be reachable.
    Document(ContractDocument),
}

/// An OpenAPI document whose operations must be reachable, deployed or not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractDocument {
    /// A file's path, relative to the config's; or the document itself.
    pub openapi: serde_json::Value,
    /// The API: a glob on its id or name. In place of `base`.
    #[serde(default)]
    pub api: Option<String>,
    /// Its stages: globs. Empty: all.
    #[serde(default)]
    pub stages: Vec<String>,
    /// The URL that the document's paths begin behind, as `https://api.example.com/v1`.
    #[serde(default)]
    pub base: Option<Url>,
    /// Names of entries of `credentials`.
    #[serde(default)]
    pub with: Vec<String>,
}
