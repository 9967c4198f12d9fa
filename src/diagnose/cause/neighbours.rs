//! Causes that are easily taken for one another, and what tells them apart.
//!
//! One list of pairs, so that the relation is symmetrical by its shape: what is said on one page about the other is said
//! on the other page about the first.

use super::Cause;
use super::page::Neighbour;

/// Two causes, and the sign of each.
struct Pair(Cause, &'static str, Cause, &'static str);

macro_rules! pairs {
    ($($a:ident $a_sign:literal, $b:ident $b_sign:literal;)*) => {
        const PAIRS: &[Pair] = &[$(Pair(Cause::$a, $a_sign, Cause::$b, $b_sign)),*];
    };
}

pairs! {
    ApiUnknown "get-rest-api says NotFoundException for the id in this account and Region",
        NetworkDns "the API exists, and its host resolves from elsewhere";
    ApiUnknown "the API does not exist, from inside or outside a VPC",
        PrivateEndpoint "the API exists and its endpoint type is PRIVATE";
    EndpointDisabled "every URL of the host answers Forbidden, a right stage too",
        StageUnknown "another stage of the same host answers otherwise";
    EndpointDisabled "disableExecuteApiEndpoint is true, and the custom domain works",
        Waf "the stage has a web ACL, and the custom domain is refused as well";
    EndpointDisabled "the host is execute-api",
        DomainUnmapped "the host is a custom domain";
    DomainUnmapped "no mapping fits the path, and none would with another base path in front",
        BasePathMissing "with one of the mapped base paths in front the rest routes";
    DomainUnmapped "Forbidden: no API takes the request",
        PathUnknown "the token message: an API took it and has no such route";
    DomainUnmapped "the host is a custom domain",
        StageUnknown "the host is execute-api";
    DomainUnmapped "no rule and no mapping takes the request",
        RoutingRule "a rule takes it, or the mode is ROUTING_RULE_ONLY and the mappings do not count";
    DomainUnmapped "Forbidden whatever is sent with the request",
        ClientCertificate "the domain has a truststore, and a trusted certificate makes the difference";
    BasePathMissing "the path routes under a mapped base path that the URL lacks",
        PathUnknown "it routes under none of them";
    BasePathMissing "a base path is missing in front",
        StageInDomainPath "a stage stands in front that must go";
    DomainWrongStage "the mapping leads to a stage without the method, and another stage has it",
        OtherStage "the same, called by the stage's own execute-api URL";
    DomainWrongStage "another stage has the method",
        NotDeployed "no stage has it, only the editor";
    DomainWrongStage "the mapping chose the stage",
        RoutingRule "a routing rule chose it, before any mapping";
    DomainDns "the name is a custom domain of the account, and the default host resolves",
        NetworkDns "other names do not resolve from here either, or the name is nobody's";
    DomainDns "the certificate is another server's, since the record leads there",
        NetworkTls "the record leads to API Gateway's target, and the handshake fails there";
    RoutingRule "the request meets a rule's conditions; without its header or base path it goes where the mapping says",
        PathUnknown "no rule is met, and the mapped API lacks the path";
    ReservedPath "the path is /ping or /sping on a custom domain",
        PathUnknown "any other path";
    ReservedPath "the domain's /ping answers without the integration",
        BackendStatus "the integration's log has the request";
    PrivateEndpoint "the API is private, and the call works from its VPC",
        NetworkDns "the name does not resolve from inside the VPC either";
    PrivateEndpoint "the API is private, and the call is from outside its VPC",
        NetworkTimeout "the call times out from inside the VPC too, or the API is public";
    PrivateEndpoint "a connection is refused from outside the VPC only",
        NetworkConnect "it is refused from everywhere";
    PrivateEndpoint "Forbidden: the endpoint does not know which API is meant",
        ResourcePolicy "AccessDeniedException with User: anonymous: the API is found, and its policy does not allow the endpoint";
    StageMissing "the whole path routes once a stage is put in front",
        StageUnknown "the path routes once the first segment is replaced by a stage's name";
    StageMissing "Forbidden, and the first segment is a resource",
        PathUnknown "the token message, and the first segment is a stage";
    StageUnknown "no stage has the name",
        PathUnknown "the stage exists: the token message, not Forbidden";
    StageUnknown "the stage does not exist, so no key helps",
        ApiKey "the stage exists, and the same request with a good x-api-key answers";
    StageMissing "no stage is named, so no key helps",
        ApiKey "the stage is named, and the same request with a good x-api-key answers";
    StageUnknown "the stage does not exist",
        Waf "the stage exists and has a web ACL, whose sampled requests hold the call";
    StageInDomainPath "the host is a custom domain and the path starts with the mapped stage's name",
        StageRepeated "the host is execute-api and the stage stands twice";
    StageInDomainPath "without the stage the rest routes",
        PathUnknown "without the first segment it does not route either";
    StageRepeated "with the stage once the rest routes",
        PathUnknown "it does not route with the stage once either";
    RootWithoutMethod "the path is / and greedy children do not take it",
        ProxyParent "the path is a resource's, and its child is {proxy+}";
    RootWithoutMethod "the path is empty behind the stage",
        PathUnknown "a path stands behind the stage";
    RootWithoutMethod "/ has no method at all, or none for the verb, and child resources do",
        MethodMismatch "the path is a child resource's, and another verb on it answers";
    ProxyParent "one more segment behind the path routes",
        PathUnknown "nothing below the path routes";
    ProxyParent "the parent lacks the method in the editor too",
        NotDeployed "the editor has the method on the parent";
    PathCase "the same letters in another case route",
        PathUnknown "no case of it routes";
    PathCase "the stage is right, the path's case is not: the token message",
        StageUnknown "the stage's case is wrong: Forbidden";
    PathUnknown "no verb on the path answers",
        MethodMismatch "another verb on the same path answers";
    PathUnknown "the editor has no such path either",
        NotDeployed "the editor has the method, and the stage was not deployed since";
    PathUnknown "the deployment lacks the path",
        IamUnsigned "the deployment has the method, with AWS_IAM; signed, the request answers";
    PathUnknown "the path as sent is the path as meant",
        PathEncoding "the path as sent is not the one that was meant: #, //, %25, or a raw character";
    PathEncoding "a doubled slash stands where the stage should: with one slash it routes",
        StageMissing "with one slash the path still lacks its stage";
    PathUnknown "x-amzn-ErrorType is this gateway's",
        UpstreamGateway "no x-amzn-ErrorType, or x-amzn-remapped- headers";
    PathUnknown "the answer is the gateway's own, customised or not",
        BackendStatus "the backend's log holds the request";
    MethodMismatch "the verb as sent is the one that is missing",
        MethodOverride "an X-HTTP-Method-Override header makes another verb of it";
    MethodMismatch "the editor lacks the verb too",
        NotDeployed "the editor has the verb, and the stage was not deployed since";
    MethodMismatch "the deployment lacks the verb",
        IamUnsigned "the deployment has the verb, with AWS_IAM";
    MethodMismatch "the path has no other verb's {proxy+} or {param} beside it that takes the request",
        Shadowed "a {proxy+} or {param} sibling has the verb and answers";
    MethodOverride "without the header the same request is routed",
        Unexplained "no such header was sent";
    NotDeployed "no stage ever had the method",
        Removed "an earlier deployment of this stage had it";
    NotDeployed "no stage has the method",
        OtherStage "another stage's deployment has it";
    NotDeployed "the token message: nothing else takes the request",
        Shadowed "another method's integration answers";
    NotDeployed "it stays so",
        Propagating "the stage changed less than a minute ago, and it goes away";
    NotDeployed "it fails every time",
        CanarySplit "it fails for a share of the requests";
    OtherStage "this stage never had the method",
        Removed "this stage had it and lost it";
    Removed "the route is missing in every request",
        CanarySplit "the stage has a canary, and only one of the two deployments lacks the method";
    Removed "an earlier deployment of this stage had the method",
        Shadowed "this stage never had it: the editor has, or another stage";
    Removed "the tree was read after the last deployment",
        Unexplained "the stage was deployed again since the tree was read: read it again";
    CanarySplit "the stage has canarySettings",
        Propagating "it has none, and changed less than a minute ago";
    CanarySplit "it fails for a share of the requests, signed or not",
        IamUnsigned "every unsigned request fails, and every signed one answers";
    Shadowed "the wrong integration answers, well or not",
        BackendStatus "the right one answers, with an error status";
    Propagating "it goes away within a minute",
        Unexplained "it stays";
    IamUnsigned "the request has no Authorization header",
        Signature "it has one that is no valid SigV4";
    IamUnsigned "the method has AWS_IAM",
        Unexplained "it has another authorization";
    IamUnsigned "unsigned: Missing Authentication Token",
        ResourcePolicy "signed or not asked to sign: AccessDeniedException, naming execute-api:Invoke";
    IamUnsigned "the method's authorization is AWS_IAM",
        Authorizer "it is CUSTOM or COGNITO_USER_POOLS: 401 Unauthorized without a token";
    UpstreamGateway "403 in a gateway's words, without this gateway's x-amzn-ErrorType",
        BackendStatus "an error in the backend's own words";
    UpstreamGateway "the execution log shows the integration's answer",
        Unexplained "a CDN or proxy in front strips the header: the integration was never called";
    UpstreamGateway "the integration answered",
        Integration "the integration could not be called, or its answer could not be used: 500 or 502";
    ApiKey "the method has apiKeyRequired, and the web ACL's samples lack the request",
        Waf "the web ACL's sampled requests hold it";
    ApiKey "Forbidden, a key demanded by the method",
        ResourcePolicy "AccessDeniedException, naming execute-api:Invoke";
    ApiKey "403: the key does not count",
        Quota "429 Limit Exceeded: the key counts, and has used up its quota";
    ApiKey "403 Forbidden: the key",
        Authorizer "401 or AccessDeniedException: the token; authorizers are asked first";
    ResourcePolicy "the message names execute-api:Invoke and an ARN",
        Authorizer "the message is User is not authorized to access this resource";
    Authorizer "the method has an authorizer of its own",
        Signature "the method has AWS_IAM, and the error type speaks of the signature";
    Authorizer "AuthorizerConfigurationException or AuthorizerFailureException",
        Integration "InternalServerErrorException: the authorizer let it pass";
    Signature "the deployment has the method, with AWS_IAM",
        PathUnknown "IncompleteSignatureException where the deployment lacks the method: it stands for the token message";
    Waf "JSON with x-amz-apigw-id: the web ACL of the stage",
        EdgeRefused "CloudFront's HTML without x-amz-apigw-id: a web ACL or rule of the distribution";
    Waf "the web ACL's sampled requests hold the call",
        Unexplained "the stage has no web ACL, as far as was read";
    Waf "the stage has a web ACL, and a trusted certificate makes no difference",
        ClientCertificate "the custom domain has a truststore, and the default host answers";
    EdgeRefused "the TLS handshake holds and CloudFront answers in HTML",
        BackendStatus "x-amz-apigw-id is there: the answer came through API Gateway";
    ClientCertificate "with a trusted client certificate the handshake holds",
        NetworkTls "the handshake fails with a trusted client certificate too";
    ClientCertificate "the server asks for a certificate, then ends the connection",
        NetworkReset "the connection breaks without a request for a certificate";
    Throttle "TooManyRequestsException: goes away as soon as fewer are sent",
        Quota "LimitExceededException: stays until the period ends";
    Throttle "429 with x-amzn-ErrorType",
        BackendStatus "429 without it: the backend's own limit";
    BadProbe "400, 413 or 415 with x-amzn-ErrorType, or 413 in plain text",
        BackendStatus "400 without it: the backend's own validation";
    Integration "500 or 502, at once",
        IntegrationTimeout "504, when the integration's timeout is over";
    Integration "x-amzn-ErrorType is InternalServerErrorException",
        BackendStatus "there is none: the backend itself answered 500";
    IntegrationTimeout "an HTTP answer, 504",
        NetworkTimeout "no HTTP answer at all";
    NetworkConnect "refused at once, or no route",
        NetworkTimeout "nothing comes back until the time is over";
    NetworkConnect "no TCP connection",
        NetworkTls "a TCP connection, and no TLS";
    NetworkDns "no address",
        NetworkConnect "an address, and no connection";
    NetworkTls "the handshake itself fails",
        NetworkReset "the handshake holds, and the answer breaks off";
    NetworkTimeout "the time runs out",
        NetworkReset "the connection ends before";
}

impl Cause {
    /// The causes that it is easily taken for, in the order of the steps, and what tells each from it.
    #[must_use]
    pub fn neighbours(self) -> Vec<Neighbour> {
        let mut found: Vec<Neighbour> = PAIRS
            .iter()
            .filter_map(|&Pair(a, a_sign, b, b_sign)| {
                if a == self {
                    Some(Neighbour { cause: b, there: b_sign, here: a_sign })
                } else if b == self {
                    Some(Neighbour { cause: a, there: a_sign, here: b_sign })
                } else {
                    None
                }
            })
            .collect();
        found.sort_by_key(|neighbour| neighbour.cause);
        found
    }
}
