//! Why a request did not reach its method: a closed list, whose ids are a public contract.

mod auth;
mod backend;
mod deployment;
mod domain;
mod endpoint;
mod neighbours;
mod network;
mod page;
mod path;
mod refused;
mod shared;
mod stage;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::{StepName, Verdict};

pub use page::{Answer, Confirm, Description, Fix, Grade, Ground, Neighbour, Page};

/// One cause, as `gateprobe explain` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct About {
    /// The id: stable, kebab-case.
    pub id: &'static str,
    /// The step of the checklist that fails; `None` for `unexplained`.
    pub step: Option<StepName>,
    /// Whose problem it is.
    pub verdict: Verdict,
    /// What it means, in one sentence.
    pub means: &'static str,
    /// What it looks like on the wire.
    pub wire: &'static str,
    /// What to do, in one imperative sentence.
    pub remedy: &'static str,
    /// Whether a rule of this version can name it.
    pub reachable: bool,
}

macro_rules! causes {
    ($($variant:ident $id:literal $step:expr, $verdict:ident, $reachable:literal, $means:literal, $wire:literal, $remedy:literal;)*) => {
        /// Why a request fails. Closed and complete: a cause that no rule can name yet says so here and in
        /// [`About::reachable`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause {
            $(#[doc = concat!("`", $id, "`: ", $means, " (A rule can name it in this version: ", stringify!($reachable), ".)")] $variant,)*
        }

        impl Cause {
            /// Every cause, in the order of the steps.
            pub const ALL: &'static [Cause] = &[$(Cause::$variant),*];

            /// What there is to say about it.
            #[must_use]
            pub fn about(self) -> About {
                match self {
                    $(Cause::$variant => About {
                        id: $id, step: $step, verdict: Verdict::$verdict, means: $means, wire: $wire, remedy: $remedy,
                        reachable: $reachable,
                    },)*
                }
            }
        }
    };
}

const INVOKE_URL: Option<StepName> = Some(StepName::InvokeUrl);
const STAGE: Option<StepName> = Some(StepName::Stage);
const PATH: Option<StepName> = Some(StepName::Path);
const METHOD: Option<StepName> = Some(StepName::Method);
const DEPLOYMENT: Option<StepName> = Some(StepName::Deployment);
const KNOWN_GOOD: Option<StepName> = Some(StepName::KnownGood);

causes! {
    ApiUnknown "api-unknown" INVOKE_URL, Routing, true,
        "The host names an API id that this account and region do not have.",
        "The name does not resolve; inside a VPC with private DNS it answers 403 Forbidden.",
        "Call the id of an API that exists: check the region, the account, and whether the API was deleted.";
    EndpointDisabled "endpoint-disabled" INVOKE_URL, Routing, true,
        "The API's default execute-api endpoint is switched off.",
        "403 {\"message\":\"Forbidden\"}, ForbiddenException, on every stage.",
        "Call the API through its custom domain, or switch the default endpoint on and deploy.";
    DomainUnmapped "domain-unmapped" INVOKE_URL, Routing, true,
        "The custom domain has no base path mapping and no routing rule for this path.",
        "403 {\"message\":\"Forbidden\"}, ForbiddenException.",
        "Add a base path mapping for this path, or call one of the base paths that are mapped.";
    BasePathMissing "base-path-missing" INVOKE_URL, Routing, true,
        "The path routes under one of the custom domain's base paths, which the URL lacks.",
        "403 Forbidden where nothing is mapped to (none), Missing Authentication Token where something is.",
        "Put the base path in front of the resource path.";
    DomainWrongStage "domain-wrong-stage" INVOKE_URL, Routing, true,
        "The custom domain's mapping leads to a stage that lacks this method, and another stage has it.",
        "403 Missing Authentication Token.",
        "Point the base path mapping at the stage that has the method, or deploy the method to the mapped stage.";
    DomainDns "domain-dns" INVOKE_URL, Transport, true,
        "The custom domain's name does not lead to API Gateway's target for it.",
        "The name does not resolve, or another server answers.",
        "Point the domain's DNS record at the target domain name that API Gateway shows for it.";
    RoutingRule "routing-rule" INVOKE_URL, Routing, true,
        "A routing rule of the custom domain diverts this request away from its base path mapping.",
        "403 Missing Authentication Token, or another API's answer.",
        "Change the rule's conditions or priority, or the request's header or base path that meets them.";
    ReservedPath "reserved-path" INVOKE_URL, Routing, true,
        "/ping and /sping on a custom domain are API Gateway's own health checks.",
        "API Gateway's own answer, whatever the API has deployed.",
        "Use another path than /ping or /sping on a custom domain.";
    PrivateEndpoint "private-endpoint" INVOKE_URL, Routing, true,
        "A private API was called from where it cannot be.",
        "The name does not resolve or the connection times out outside the VPC; 403 Forbidden through the wrong endpoint or host name.",
        "Call it from a VPC with an execute-api interface endpoint that the API's policy allows.";
    StageMissing "stage-missing" STAGE, Routing, true,
        "The URL has no stage; with the stage in front of the path it routes.",
        "403 {\"message\":\"Forbidden\"}, ForbiddenException (blogs say Missing Authentication Token).",
        "Put the stage's name in front of the path.";
    StageUnknown "stage-unknown" STAGE, Routing, true,
        "The first path segment names no stage of this API: a typo, another case, or a deleted stage.",
        "403 {\"message\":\"Forbidden\"}, ForbiddenException (blogs say Missing Authentication Token).",
        "Call a stage that the API has: stage names are case-sensitive.";
    StageInDomainPath "stage-in-domain-path" STAGE, Routing, true,
        "The custom domain's mapping already stands for the stage, and the URL repeats it.",
        "403 Missing Authentication Token.",
        "Leave the stage's name out of URLs on a custom domain.";
    StageRepeated "stage-repeated" STAGE, Routing, true,
        "The stage's name stands twice in an execute-api URL.",
        "403 Missing Authentication Token.",
        "Write the stage's name once.";
    RootWithoutMethod "root-without-method" PATH, Routing, true,
        "The stage's root is called, and / has no method for this verb.",
        "403 Missing Authentication Token.",
        "Call a resource's path, or add a method to / and deploy.";
    ProxyParent "proxy-parent" PATH, Routing, true,
        "The parent of a greedy {proxy+} resource is called; greedy needs at least one more segment.",
        "403 Missing Authentication Token.",
        "Add a method to the parent resource itself and deploy, or call a path below it.";
    PathCase "path-case" PATH, Routing, true,
        "The path would match but for upper or lower case.",
        "403 Missing Authentication Token.",
        "Write the path in the case of the resource.";
    PathUnknown "path-unknown" PATH, Routing, true,
        "No resource of the deployment matches the path.",
        "403 Missing Authentication Token.",
        "Correct the path, or add the resource and deploy.";
    PathEncoding "path-encoding" PATH, Routing, true,
        "An unescaped, doubly escaped or doubled character breaks the match.",
        "403 Missing Authentication Token.",
        "Percent-encode each path value exactly once, and write one slash between segments.";
    MethodMismatch "method-mismatch" METHOD, Routing, true,
        "The path exists with other verbs only.",
        "403 Missing Authentication Token: API Gateway has no 405.",
        "Send one of the verbs that the resource has, or add the method and deploy.";
    MethodOverride "method-override" METHOD, Routing, true,
        "An X-HTTP-Method-Override header changed the verb that is routed by.",
        "403 Missing Authentication Token although URL and verb are right.",
        "Leave the X-HTTP-Method-Override header out.";
    NotDeployed "not-deployed" DEPLOYMENT, Routing, true,
        "The method is in the editor and not in this stage's deployment.",
        "403 Missing Authentication Token: the stage serves its old snapshot.",
        "Deploy the API to this stage.";
    OtherStage "other-stage" DEPLOYMENT, Routing, true,
        "The method is deployed to another stage and not to this one.",
        "403 Missing Authentication Token.",
        "Promote the other stage's deployment to this stage, or call the other stage.";
    Removed "removed" DEPLOYMENT, Routing, true,
        "An earlier deployment of this stage had the method; the current one does not.",
        "403 Missing Authentication Token on a URL that used to answer, or any answer of a {proxy+} or {param} that now takes it.",
        "Put the method back and deploy, or roll the stage back to the earlier deployment.";
    Shadowed "shadowed" DEPLOYMENT, Routing, true,
        "Another method answers: the request's own is not in the deployment, and a {proxy+} or {param} sibling takes it.",
        "Any answer, even 200, from the wrong integration.",
        "Deploy the API to this stage, so that the method takes its requests back.";
    CanarySplit "canary-split" DEPLOYMENT, Routing, true,
        "Only one of the stage's two deployments has the method, so it fails at random.",
        "403 Missing Authentication Token on a share of the requests.",
        "Promote or delete the canary, or deploy the method to both deployments.";
    Propagating "propagating" DEPLOYMENT, Routing, true,
        "The stage changed moments ago, and the change has not reached every server.",
        "403 Missing Authentication Token that goes away by itself.",
        "Wait a minute and try again.";
    IamUnsigned "iam-unsigned" KNOWN_GOOD, Auth, true,
        "The method exists and demands a SigV4 signature: here it really is authentication.",
        "403 Missing Authentication Token, the same bytes as for a missing route.",
        "Sign the request with SigV4 for the service execute-api.";
    UpstreamGateway "upstream-gateway" KNOWN_GOOD, Backend, true,
        "The request was routed; the words came from another gateway or service behind the integration.",
        "403 Missing Authentication Token without this gateway's x-amzn-ErrorType, or with x-amzn-remapped- headers.",
        "Correct the URL, stage or credentials that the integration calls with.";
    ApiKey "api-key" KNOWN_GOOD, Auth, true,
        "The method demands an API key of a usage plan with this stage, and the request has none that counts.",
        "403 {\"message\":\"Forbidden\"}, ForbiddenException.",
        "Send x-api-key with an enabled key of a usage plan that lists this API and stage.";
    ResourcePolicy "resource-policy" KNOWN_GOOD, Auth, true,
        "A resource or identity policy refuses the caller.",
        "403 {\"Message\":\"User: … is not authorized to perform: execute-api:Invoke …\"}, AccessDeniedException.",
        "Allow execute-api:Invoke for this caller in the API's resource policy or the caller's own, and deploy.";
    Authorizer "authorizer" KNOWN_GOOD, Auth, true,
        "The method's authorizer refused the request, or failed.",
        "401 Unauthorized, 403 AccessDeniedException, or 500 with an Authorizer error type.",
        "Send a token that the authorizer accepts; if it did, look at the authorizer's own logs.";
    Signature "signature" KNOWN_GOOD, Auth, true,
        "The SigV4 signature is missing parts, wrong, or expired.",
        "403 InvalidSignatureException, IncompleteSignatureException or ExpiredTokenException.",
        "Sign for the service execute-api in the API's region, with current credentials and a right clock.";
    Waf "waf" KNOWN_GOOD, Gateway, true,
        "The stage's web ACL refused the request before it was routed.",
        "403 {\"message\":\"Forbidden\"}, ForbiddenException.",
        "Look for the request in the web ACL's sampled requests, and allow it there.";
    EdgeRefused "edge-refused" KNOWN_GOOD, Gateway, true,
        "A CDN in front refused the request; it never reached API Gateway.",
        "403 with CloudFront's HTML page and no x-amz-apigw-id.",
        "Correct what CloudFront refuses: a GET with a body, a wrong Host header, a blocked country.";
    ClientCertificate "client-certificate" KNOWN_GOOD, Auth, true,
        "The custom domain demands a client certificate, and the request's is missing or not trusted.",
        "A TLS failure, or 403 {\"message\":\"Forbidden\"}.",
        "Present a client certificate that the domain's truststore trusts.";
    Throttle "throttle" KNOWN_GOOD, Gateway, true,
        "Routed, then refused: a rate limit of the account, stage, method or usage plan is used up.",
        "429 {\"message\":\"Too Many Requests\"}, TooManyRequestsException.",
        "Raise the throttle that applies, or send fewer requests.";
    Quota "quota" KNOWN_GOOD, Gateway, true,
        "Routed, then refused: the usage plan's quota for the period is used up.",
        "429 {\"message\":\"Limit Exceeded\"}, LimitExceededException.",
        "Raise the usage plan's quota; trying again will not help before the period ends.";
    BadProbe "bad-probe" KNOWN_GOOD, Gateway, true,
        "Routed, then refused: the request lacks a parameter or a body that the method demands.",
        "400 BadRequestException, 413, or 415.",
        "Send the required parameters and a body that fits the method's model.";
    Integration "integration" KNOWN_GOOD, Backend, true,
        "Routed; API Gateway could not get a usable answer from what lies behind the method.",
        "500 or 502 {\"message\":\"Internal server error\"}, InternalServerErrorException.",
        "Look at the integration: its function's errors and permission, its URL, its stage variables, its mapping templates.";
    IntegrationTimeout "integration-timeout" KNOWN_GOOD, Backend, true,
        "Routed; what lies behind the method did not answer within the integration's timeout.",
        "504 {\"message\":\"Endpoint request timed out\"}.",
        "Make the backend answer within the integration's timeout (29 s unless raised), or raise it.";
    BackendStatus "backend-status" KNOWN_GOOD, Backend, true,
        "Routed; the integration itself answered with an error status.",
        "A 4xx or 5xx without API Gateway's x-amzn-ErrorType.",
        "Look at the backend's own logs: the gateway passed its answer on.";
    NetworkDns "network-dns" INVOKE_URL, Transport, true,
        "The host's name did not resolve.",
        "No answer: a name resolution error.",
        "Check the host name, and the resolver of the machine that asks.";
    NetworkConnect "network-connect" INVOKE_URL, Transport, true,
        "No connection to the host could be made.",
        "No answer: refused or unreachable.",
        "Check the port, the route and the firewall between here and the host.";
    NetworkTls "network-tls" INVOKE_URL, Transport, true,
        "The TLS handshake with the host failed.",
        "No answer: a certificate, a name or a protocol version was refused.",
        "Check the certificate's names and dates, and the domain's security policy.";
    NetworkTimeout "network-timeout" INVOKE_URL, Transport, true,
        "Nothing came back in time.",
        "No answer before the connect or total timeout.",
        "Check the route to the host; a private API's name leads nowhere from outside its VPC.";
    NetworkReset "network-reset" INVOKE_URL, Transport, true,
        "The connection broke before a whole answer, or what came was no HTTP.",
        "A reset, an early end, or garbage.",
        "Look at what stands between here and API Gateway: a proxy, a firewall, a load balancer.";
    Unexplained "unexplained" None, Routing, true,
        "Everything that was read says that the request should have reached its method.",
        "Any refusal that no rule accounts for.",
        "Run again; if it stays, compare the request's x-amzn-RequestId with the stage's access log.";
}

impl Cause {
    /// The id, as `path-unknown`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.about().id
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// The text is the id of no cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no cause `{given}`{}: `gateprobe explain` lists them all", near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownCause {
    /// The text as given.
    pub given: String,
    /// The nearest id, if one is near.
    pub near: Option<&'static str>,
}

impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(cause) = Cause::ALL.iter().find(|cause| cause.id() == text) {
            return Ok(*cause);
        }
        let near = Cause::ALL
            .iter()
            .map(|cause| (strsim::osa_distance(cause.id(), text), cause.id()))
            .filter(|(distance, id)| *distance * 3 <= id.len())
            .min();
        Err(UnknownCause { given: text.to_owned(), near: near.map(|(_, id)| id) })
    }
}
