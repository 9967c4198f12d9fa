//! What a region's API Gateway holds: the model that every later stage of the pipeline reads.
//!
//! It serialises to the JSON that `gateprobe inventory --format json` prints and `--inventory FILE` takes back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::router::DEEPEST;
use super::{Interface, Verb, segments};

/// The version of the inventory's JSON. A file with a higher one is refused by [`Inventory::from_json`].
pub const INVENTORY_VERSION: u32 = 1;

/// The stage of an HTTP API that is served from the base of its URL, without a segment of its own
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html>).
pub const DEFAULT_STAGE: &str = "$default";

/// Everything that was read of one region: the APIs, the custom domains, and what could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// [`INVENTORY_VERSION`] of the writer.
    pub version: u32,
    /// The region, as `eu-central-1`.
    pub region: String,
    /// When it was read, in Unix seconds.
    pub read_at: i64,
    /// The APIs, in the order AWS gave them: the REST APIs, then HTTP and WebSocket APIs.
    pub apis: Vec<Api>,
    /// The custom domain names of the account in this region.
    #[serde(default)]
    pub domains: Vec<Domain>,
    /// Whether filters left APIs out, so that one that is not here may exist.
    #[serde(default)]
    pub apis_filtered: bool,
    /// Whether filters left stages out.
    #[serde(default)]
    pub stages_filtered: bool,
    /// What could not be read, and why. Empty only where everything was read.
    #[serde(default)]
    pub gaps: Vec<Gap>,
}

/// An inventory file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// It was written by a newer Gateprobe.
    #[error(
        "the inventory has version {found}, and this Gateprobe reads up to {INVENTORY_VERSION}: use a newer Gateprobe, or write the file again with this one"
    )]
    Newer {
        /// The version in the file.
        found: u64,
    },
    /// It is no inventory.
    #[error("this is no inventory ({}): expected the JSON that `gateprobe inventory --format json` prints", super::plain(&.0.to_string()))]
    Shape(#[from] serde_json::Error),
}

impl Inventory {
    /// An inventory of nothing.
    #[must_use]
    pub fn empty(region: &str) -> Self {
        Self {
            version: INVENTORY_VERSION,
            region: region.to_owned(),
            read_at: 0,
            apis: Vec::new(),
            domains: Vec::new(),
            apis_filtered: false,
            stages_filtered: false,
            gaps: Vec::new(),
        }
    }

    /// Reads what `gateprobe inventory --format json` wrote.
    ///
    /// # Errors
    /// [`InventoryError`], for a file of a newer version or of another shape.
    pub fn from_json(text: &str) -> Result<Self, InventoryError> {
        // The version is looked at first: a newer file's new fields must not be called a mistake of the user's.
        let value: serde_json::Value = serde_json::from_str(text)?;
        if let Some(found) = value.get("version").and_then(serde_json::Value::as_u64)
            && found > u64::from(INVENTORY_VERSION)
        {
            return Err(InventoryError::Newer { found });
        }
        let inventory: Self = serde_json::from_value(value)?;
        let mut trees = inventory
            .apis
            .iter()
            .flat_map(|api| api.deployments.values().map(|deployment| &deployment.tree).chain(&api.edited));
        if trees.any(Tree::is_too_deep) {
            return Err(InventoryError::Shape(serde::de::Error::custom(format!(
                "a resource has more than {DEEPEST} segments, and API Gateway has none so deep"
            ))));
        }
        Ok(inventory)
    }
}

/// An API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The id, the first label of its default endpoint's host.
    pub id: String,
    /// The name, which need not be unique in the account.
    pub name: String,
    /// What it speaks.
    #[serde(default, skip_serializing_if = "Protocol::is_rest")]
    pub protocol: Protocol,
    /// Where its default endpoint can be called from.
    #[serde(default)]
    pub endpoint: EndpointType,
    /// `disableExecuteApiEndpoint`: the default endpoint answers 403 Forbidden on every stage, an HTTP API's 404 Not Found.
    #[serde(default)]
    pub default_endpoint_disabled: bool,
    /// Its stages.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// The deployed trees that the stages rest on, by deployment id. A stage whose deployment is not here could
    /// not be read; a [`Gap`] says why. Where the API's history was read, earlier deployments that no stage serves any
    /// more are here too.
    #[serde(default)]
    pub deployments: BTreeMap<String, Deployment>,
    /// The methods in the editor, deployed or not. `None` when they were not or could not be read.
    #[serde(default)]
    pub edited: Option<Tree>,
    /// The customised gateway responses. API Gateway shows the current setting, which is not always the deployed one.
    #[serde(default)]
    pub gateway_responses: Vec<GatewayResponse>,
}

impl Api {
    /// The stage of exactly this name (stage names are case-sensitive).
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The deployment that a stage serves to callers outside its canary, or to all where the canary takes all of the
    /// traffic, if it was read.
    #[must_use]
    pub fn deployment_of(&self, stage: &Stage) -> Option<&Deployment> {
        self.deployments.get(stage.serving()?)
    }
}

/// What an API speaks: the two kinds of HTTP APIs route and refuse by rules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// A REST API (`apigateway`).
    #[default]
    Rest,
    /// An HTTP API (`apigatewayv2`).
    Http,
    /// A WebSocket API (`apigatewayv2`): listed, and never probed.
    WebSocket,
}

impl Protocol {
    /// Whether it is a REST API.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if hands a reference to the field")]
    pub fn is_rest(&self) -> bool {
        *self == Protocol::Rest
    }
}

/// Where an API's default endpoint, or a custom domain, can be called from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointType {
    /// Through AWS's own CloudFront.
    Edge,
    /// In the region.
    #[default]
    Regional,
    /// Only through an interface VPC endpoint.
    Private,
}

/// A named reference to a deployment, with a URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The name, the first path segment on the default endpoint; of an HTTP API's [`DEFAULT_STAGE`] there is none.
    pub name: String,
    /// The id of the deployment that it serves. `None`: nothing is deployed.
    #[serde(default)]
    pub deployment: Option<String>,
    /// A second deployment that takes a share of the same URL's traffic.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// When the stage last changed, in Unix seconds.
    #[serde(default)]
    pub updated_at: Option<i64>,
    /// The ARN of the web ACL in front of it.
    #[serde(default)]
    pub web_acl: Option<String>,
}

/// The share of a stage's traffic that goes to another deployment, chosen at random for each request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The canary's deployment id.
    pub deployment: String,
    /// Its share in percent, 0 to 100.
    pub percent: f64,
}

impl Stage {
    /// The canary, where it takes some of the traffic and not all of it: two deployments then answer by chance.
    #[must_use]
    pub fn split(&self) -> Option<&Canary> {
        self.canary.as_ref().filter(|canary| canary.percent > 0.0 && canary.percent < 100.0)
    }

    /// The id of the deployment that answers callers: the canary's where that takes all of the traffic.
    #[must_use]
    pub fn serving(&self) -> Option<&str> {
        match &self.canary {
            Some(canary) if canary.percent >= 100.0 => Some(&canary.deployment),
            _ => self.deployment.as_deref(),
        }
    }
}

/// An immutable snapshot of an API's methods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// What the tree was read from.
    pub source: TreeSource,
    /// When it was made, in Unix seconds.
    #[serde(default)]
    pub created_at: Option<i64>,
    /// The deployed methods.
    pub tree: Tree,
    /// Why no export tells what its methods' requests look like. `None` where one does, or none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undescribed: Option<String>,
}

impl Deployment {
    /// Whether all that is known of it is surely what was deployed: nothing of it is from the editor.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let of_export = |method: &Method| method.interface.as_ref().is_none_or(|own| own.source.is_export());
        self.source.is_snapshot() && self.tree.methods().all(|(_, _, method)| of_export(method))
    }
}

/// How far a deployed tree can be trusted. An HTTP API has no summaries: where its stage deploys by itself, its routes are
/// what is served, and count as [`TreeSource::ApiSummary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TreeSource {
    /// `GetDeployment embed=apisummary`: the snapshot itself.
    ApiSummary,
    /// The stage's OpenAPI export: a snapshot on AWS, the edited tree on some emulators.
    Export,
    /// The edited tree, because neither of the others could be had: what is deployed may differ.
    Edited,
}

impl TreeSource {
    /// Whether the tree is surely what the stage serves.
    #[must_use]
    pub fn is_snapshot(self) -> bool {
        self == TreeSource::ApiSummary
    }
}

/// The methods of a deployment or of the editor: resource path, verb, method. The same shape as AWS's `apiSummary`.
///
/// A resource without methods (an inner node of the tree) is present with an empty map, or absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree(pub BTreeMap<String, BTreeMap<Verb, Method>>);

impl Tree {
    /// Every method, by path and then verb.
    pub fn methods(&self) -> impl Iterator<Item = (&str, Verb, &Method)> {
        self.0
            .iter()
            .flat_map(|(path, methods)| methods.iter().map(move |(verb, method)| (path.as_str(), *verb, method)))
    }

    /// The method declared for exactly this resource and verb (`ANY` only by that name).
    #[must_use]
    pub fn method(&self, resource: &str, verb: Verb) -> Option<&Method> {
        self.0.get(resource)?.get(&verb)
    }

    /// Adds a method, replacing one of the same resource and verb.
    pub fn insert(&mut self, resource: &str, verb: Verb, method: Method) {
        self.0.entry(resource.to_owned()).or_default().insert(verb, method);
    }

    /// Whether a resource lies deeper than [`Router`](super::Router) goes.
    fn is_too_deep(&self) -> bool {
        self.0.keys().any(|path| segments(path).nth(DEEPEST).is_some())
    }

    /// How many methods there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Whether there is no method at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the parameters in its resource paths, without braces and `+`.
    #[must_use]
    pub fn parameter_names(&self) -> BTreeSet<&str> {
        self.0
            .keys()
            .flat_map(|path| path.split('/'))
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| name.trim_end_matches('+'))
            .collect()
    }
}

/// What a method demands of its callers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Who decides whether a caller may. `None`: the endpoint did not say.
    #[serde(default)]
    pub authorization: Option<Authorization>,
    /// Whether an API key of a usage plan with this stage is needed.
    #[serde(default)]
    pub api_key_required: bool,
    /// What its requests look like. `None`: no export was read, and nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<Box<Interface>>,
}

impl Method {
    /// A method that anybody may call.
    #[must_use]
    pub fn open() -> Self {
        Self { authorization: Some(Authorization::None), ..Self::default() }
    }
}

/// A method's or a route's `authorizationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Authorization {
    /// Nobody asks.
    None,
    /// A `SigV4` signature.
    AwsIam,
    /// A Lambda authorizer.
    Custom,
    /// A Cognito user pool's token.
    CognitoUserPools,
    /// A JSON Web Token of an issuer that the HTTP API trusts.
    Jwt,
}

impl Authorization {
    /// AWS's spelling.
    #[must_use]
    pub fn as_aws(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::AwsIam => "AWS_IAM",
            Self::Custom => "CUSTOM",
            Self::CognitoUserPools => "COGNITO_USER_POOLS",
            Self::Jwt => "JWT",
        }
    }

    /// Reads AWS's spelling, as `COGNITO_USER_POOLS`. `None` for a kind that this Gateprobe does not know.
    #[must_use]
    pub fn from_aws(text: &str) -> Option<Self> {
        match text {
            "NONE" => Some(Self::None),
            "AWS_IAM" => Some(Self::AwsIam),
            "CUSTOM" => Some(Self::Custom),
            "COGNITO_USER_POOLS" => Some(Self::CognitoUserPools),
            "JWT" => Some(Self::Jwt),
            _ => None,
        }
    }
}

/// A customised gateway response: what an API says in place of API Gateway's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayResponse {
    /// AWS's name of the kind, as `MISSING_AUTHENTICATION_TOKEN` or `DEFAULT_4XX`.
    pub kind: String,
    /// The status in place of the default one.
    #[serde(default)]
    pub status: Option<u16>,
    /// The body's template by content type.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
}

/// A custom domain name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// The name, as `api.example.com` or `*.example.com`.
    pub name: String,
    /// Where it can be called from.
    #[serde(default)]
    pub endpoint: EndpointType,
    /// The host that its DNS record should lead to.
    #[serde(default)]
    pub target: Option<String>,
    /// Whether mappings, rules or both decide.
    #[serde(default)]
    pub routing_mode: RoutingMode,
    /// Whether callers must show a client certificate.
    #[serde(default)]
    pub mutual_tls: bool,
    /// Its base path mappings, multi-level ones included.
    #[serde(default)]
    pub mappings: Vec<Mapping>,
    /// Its routing rules.
    #[serde(default)]
    pub rules: Vec<RoutingRule>,
}

impl Domain {
    /// Whether the name stands for many hosts.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.name.starts_with("*.")
    }
}

/// What a custom domain's requests are decided by
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-routing-mode.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoutingMode {
    /// Base path mappings only: the default.
    #[default]
    Mappings,
    /// Routing rules only: mappings still list but do not route.
    Rules,
    /// The rules first, then the mappings.
    RulesThenMappings,
}

/// From a base path of a custom domain to a stage of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The base path without slashes at its ends; empty for `(none)`; several segments for a multi-level one.
    #[serde(default)]
    pub base_path: String,
    /// The API's id: a REST API of the inventory, or an HTTP API, which is not in it.
    pub api: String,
    /// The stage. `None`: the caller names the stage as the next path segment.
    #[serde(default)]
    pub stage: Option<String>,
}

/// A custom domain's routing rule: all of its conditions hold, then its action is taken. Lower priority numbers go first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// AWS's id of the rule.
    #[serde(default)]
    pub id: String,
    /// 1 (first) to 1,000,000.
    pub priority: i32,
    /// The base paths of which one must match; empty for any.
    #[serde(default)]
    pub base_paths: Vec<String>,
    /// The headers of which one must match in each group; empty for any.
    #[serde(default)]
    pub headers: Vec<Vec<HeaderGlob>>,
    /// The API that the rule invokes.
    pub api: String,
    /// The stage that the rule invokes.
    pub stage: String,
    /// Whether the base path is taken off before the stage sees the path.
    #[serde(default)]
    pub strip_base_path: bool,
}

/// A condition on one request header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderGlob {
    /// The header's name, matched without regard to case.
    pub header: String,
    /// The value, where `*` at either end stands for anything.
    pub value: String,
}

/// Something that could not be read or reached, and why. Gaps are reported, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What it is about, as `api a1b2c3 (orders) stage prod` or `custom domains`.
    #[serde(rename = "where")]
    pub place: String,
    /// Why, in one line.
    pub reason: String,
}
