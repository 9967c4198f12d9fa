//! What a page about a cause is made of, and which page is whose.

use serde::Serialize;

use super::{About, Cause, auth, backend, deployment, domain, endpoint, network, path, refused, stage};

/// The long description of one cause: what its [`About`] says in a line, so that somebody can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Page {
    /// How it comes about, and what is easily got wrong about it.
    pub more: &'static str,
    /// What comes back on the wire, exactly.
    pub answers: &'static [Answer],
    /// How to see that it is this cause.
    pub confirm: Confirm,
    /// The fix in the API Gateway console, as a path of menus.
    pub console: &'static str,
    /// The fix in SAM or CloudFormation.
    pub cloudformation: Fix,
    /// The fix in Terraform.
    pub terraform: Fix,
    /// What the page rests on.
    pub grounds: &'static [Ground],
}

/// One answer that the cause is seen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// When it is this one.
    pub when: &'static str,
    /// The status, where API Gateway's responses are not customised; `None` where no HTTP answer comes.
    pub status: Option<u16>,
    /// The header x-amzn-ErrorType; `None` where there is none.
    pub error_type: Option<&'static str>,
    /// The body, or what curl says where no answer comes. `…` stands for what differs from case to case.
    pub body: &'static str,
}

/// One command, and what its output says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Confirm {
    /// The command, over `$API`, `$STAGE`, `$DOMAIN`, `$REGION` and `$URL`.
    pub command: &'static str,
    /// What in its output makes it this cause.
    pub shows: &'static str,
}

/// A fix in a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What to do; where the tool cannot help, what does.
    pub say: &'static str,
    /// A snippet, or nothing.
    pub code: &'static str,
}

/// How sure a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// AWS's documentation, service model or Knowledge Center says it.
    Documented,
    /// Others saw or recorded it on real accounts.
    Seen,
    /// Inference or hearsay; nobody has shown it.
    Unverified,
}

impl Grade {
    /// All of them, the surest first.
    pub const ALL: [Grade; 3] = [Grade::Documented, Grade::Seen, Grade::Unverified];

    /// As a heading says it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Grade::Documented => "Documented by AWS",
            Grade::Seen => "Seen by others",
            Grade::Unverified => "Not yet verified",
        }
    }
}

/// A statement, how sure it is, and where that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ground {
    /// How sure it is.
    pub grade: Grade,
    /// The statement.
    pub says: &'static str,
    /// An address, or what is missing for one.
    pub source: &'static str,
}

/// A cause that is easily taken for another one, and the signs by which the two are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    /// The other cause.
    pub cause: Cause,
    /// What is seen where it is the other cause.
    pub there: &'static str,
    /// What is seen where it is this one.
    pub here: &'static str,
}

/// All that there is to say about a cause, as `gateprobe explain CAUSE --format json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The short fields.
    #[serde(flatten)]
    pub about: About,
    /// The long ones.
    #[serde(flatten)]
    pub page: &'static Page,
    /// How it is told from its neighbours.
    pub neighbours: Vec<Neighbour>,
}

impl Cause {
    /// The long description. The match makes a cause without a page an error of the compiler.
    #[must_use]
    pub fn page(self) -> &'static Page {
        match self {
            Cause::ApiUnknown => &endpoint::API_UNKNOWN,
            Cause::EndpointDisabled => &endpoint::ENDPOINT_DISABLED,
            Cause::PrivateEndpoint => &endpoint::PRIVATE_ENDPOINT,
            Cause::DomainUnmapped => &domain::DOMAIN_UNMAPPED,
            Cause::BasePathMissing => &domain::BASE_PATH_MISSING,
            Cause::DomainWrongStage => &domain::DOMAIN_WRONG_STAGE,
            Cause::DomainDns => &domain::DOMAIN_DNS,
            Cause::RoutingRule => &domain::ROUTING_RULE,
            Cause::ReservedPath => &domain::RESERVED_PATH,
            Cause::StageMissing => &stage::STAGE_MISSING,
            Cause::StageUnknown => &stage::STAGE_UNKNOWN,
            Cause::StageInDomainPath => &stage::STAGE_IN_DOMAIN_PATH,
            Cause::StageRepeated => &stage::STAGE_REPEATED,
            Cause::RootWithoutMethod => &path::ROOT_WITHOUT_METHOD,
            Cause::ProxyParent => &path::PROXY_PARENT,
            Cause::PathCase => &path::PATH_CASE,
            Cause::PathUnknown => &path::PATH_UNKNOWN,
            Cause::PathEncoding => &path::PATH_ENCODING,
            Cause::MethodMismatch => &path::METHOD_MISMATCH,
            Cause::MethodOverride => &path::METHOD_OVERRIDE,
            Cause::NotDeployed => &deployment::NOT_DEPLOYED,
            Cause::OtherStage => &deployment::OTHER_STAGE,
            Cause::Removed => &deployment::REMOVED,
            Cause::Shadowed => &deployment::SHADOWED,
            Cause::CanarySplit => &deployment::CANARY_SPLIT,
            Cause::Propagating => &deployment::PROPAGATING,
            Cause::IamUnsigned => &auth::IAM_UNSIGNED,
            Cause::ApiKey => &auth::API_KEY,
            Cause::ResourcePolicy => &auth::RESOURCE_POLICY,
            Cause::Authorizer => &auth::AUTHORIZER,
            Cause::Signature => &auth::SIGNATURE,
            Cause::Waf => &refused::WAF,
            Cause::EdgeRefused => &refused::EDGE_REFUSED,
            Cause::ClientCertificate => &auth::CLIENT_CERTIFICATE,
            Cause::Throttle => &refused::THROTTLE,
            Cause::Quota => &refused::QUOTA,
            Cause::BadProbe => &refused::BAD_PROBE,
            Cause::UpstreamGateway => &backend::UPSTREAM_GATEWAY,
            Cause::Integration => &backend::INTEGRATION,
            Cause::IntegrationTimeout => &backend::INTEGRATION_TIMEOUT,
            Cause::BackendStatus => &backend::BACKEND_STATUS,
            Cause::NetworkDns => &network::NETWORK_DNS,
            Cause::NetworkConnect => &network::NETWORK_CONNECT,
            Cause::NetworkTls => &network::NETWORK_TLS,
            Cause::NetworkTimeout => &network::NETWORK_TIMEOUT,
            Cause::NetworkReset => &network::NETWORK_RESET,
            Cause::Unexplained => &backend::UNEXPLAINED,
        }
    }

    /// Everything there is to say about it.
    #[must_use]
    pub fn description(self) -> Description {
        Description { about: self.about(), page: self.page(), neighbours: self.neighbours() }
    }
}
