//! What a method's requests look like, and what API Gateway checks of them before any integration: as a stage's export
//! tells it, and on emulators the editor. Distilled when it is read: samples are kept, schemas are not.

use serde::{Deserialize, Serialize};

/// What a method's requests look like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Interface {
    /// The parameters: path, query, header.
    pub parameters: Vec<Parameter>,
    /// The body that it takes; `None` where none is described.
    pub body: Option<BodyShape>,
    /// Whether a validator checks that required query parameters and headers are there and not blank.
    pub validates_parameters: bool,
    /// Whether a validator checks the body against the model of its content type.
    pub validates_body: bool,
    /// What it leads to.
    pub integration: Option<Integration>,
    /// Who decides whether a caller may, in more detail than [`Method::authorization`](super::Method::authorization).
    pub authorizer: Option<Authorizer>,
    /// Where it is from.
    #[serde(skip_serializing_if = "InterfaceSource::is_export")]
    pub source: InterfaceSource,
}

/// Where an [`Interface`] is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InterfaceSource {
    /// The stage's export.
    #[default]
    Export,
    /// Completed from the editor, whose method may be another than the deployed one: on emulators alone.
    Editor,
}

impl InterfaceSource {
    /// Whether it is all the export's.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if hands a reference to the field")]
    pub fn is_export(&self) -> bool {
        *self == InterfaceSource::Export
    }
}

/// One parameter of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The name, in the case that the validator wants (facts B8). A greedy path parameter's is without its `+`.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether a request must have it. Path parameters always must.
    #[serde(default)]
    pub required: bool,
    /// A value that fits, not yet percent-encoded; or why there is none.
    pub sample: Result<Sample, String>,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the path, in place of `{name}` or `{name+}`.
    Path,
    /// In the query string.
    Query,
    /// A request header.
    Header,
}

/// A value that fits a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The value as text: of a body, the whole body.
    pub value: String,
    /// Where it comes from.
    pub from: SampleSource,
}

/// Where a sample comes from, the most telling first: the API's authors know the first, nobody the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleSource {
    /// `example` or `examples`.
    Example,
    /// `default`.
    Default,
    /// The first value of `enum`, or `const`.
    Enum,
    /// Made up to fit the schema.
    Schema,
}

/// The body that a method takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyShape {
    /// Its content type; of several, JSON before others.
    pub content_type: String,
    /// Whether an empty body is surely refused by a validator that checks bodies, whether API Gateway reads nothing at
    /// all or `{}` in it: the schema is an object with required properties.
    #[serde(default)]
    pub refuses_empty: bool,
    /// A body that fits, or why there is none.
    pub sample: Result<Sample, String>,
}

/// What a method leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// AWS's name of the kind in lower case: `aws`, `aws_proxy`, `http`, `http_proxy`, `mock`.
    pub kind: String,
    /// What becomes of a content type that no template is for.
    #[serde(default)]
    pub passthrough: Passthrough,
    /// The content types that there are request templates for, in lower case.
    #[serde(default)]
    pub templates: Vec<String>,
}

impl Integration {
    /// Whether requests are handed on as they are: then there are no templates and no passthrough to go by.
    #[must_use]
    pub fn is_proxy(&self) -> bool {
        self.kind.ends_with("_proxy")
    }
}

/// A non-proxy integration's `passthroughBehavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Passthrough {
    /// It is handed on: the default.
    #[default]
    WhenNoMatch,
    /// It is handed on where there is no template at all, else refused with 415.
    WhenNoTemplates,
    /// It is refused with 415.
    Never,
}

/// Who decides whether a caller may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorizer {
    /// The kind.
    pub kind: AuthorizerKind,
    /// Where it looks, in AWS's words: `method.request.header.Authorization`, `method.request.querystring.token`,
    /// `context.httpMethod`. May be empty.
    #[serde(default)]
    pub identity_sources: Vec<String>,
    /// How long its answers are kept, in seconds; 0: not at all. `None`: not said, and AWS's default is 300.
    #[serde(default)]
    pub ttl: Option<u32>,
}

/// The kinds of authorizers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorizerKind {
    /// A Lambda function that is given one token: without the token API Gateway refuses, and does not call it.
    Token,
    /// A Lambda function that is given the request.
    Request,
    /// A Cognito user pool.
    Cognito,
    /// A JWT authorizer of an HTTP API.
    Jwt,
}
