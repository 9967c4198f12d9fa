//! What callers get wrong: each mistake made to a request that is known to be good on that gateway.

use gateprobe::diagnose::Cause;
use gateprobe::gateway::{Authorization, Method, Request, Tree, Verb};
use gateprobe::probe::{Observation, TransportKind};
use url::Url;

use super::gateway::{Account, Api, Domain, Stage};
use super::naive::{self, Landing, Truths, Wrong, endpoint, hit, land, reaches, shadow, truths, verb_of};
use super::rng::Rng;
use super::wire::{self, Says};

macro_rules! mistakes {
    ($($name:ident $weight:literal $cause:expr, $what:literal;)*) => {
        /// A caller's mistake, or somebody else's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mistake { $(#[doc = $what] $name,)* }

        impl Mistake {
            /// How often each is made, in the order of the steps.
            pub const WEIGHTS: &'static [(Mistake, usize)] = &[$((Mistake::$name, $weight),)*];

            /// The cause that it is made to have.
            pub fn cause(self) -> Option<Cause> {
                match self { $(Mistake::$name => $cause,)* }
            }

            pub fn what(self) -> &'static str {
                match self { $(Mistake::$name => $what,)* }
            }
        }
    };
}

use Cause as C;

mistakes! {
    Healthy 5 None, "no mistake";
    WrongApiId 3 Some(C::ApiUnknown), "one character of the API's id";
    EndpointDisabled 2 Some(C::EndpointDisabled), "the default endpoint, which is switched off";
    PrivateOutside 2 Some(C::PrivateEndpoint), "a private API from outside";
    Unmapped 2 Some(C::DomainUnmapped), "a path of a domain that maps it nowhere";
    BasePathTypo 2 Some(C::DomainUnmapped), "one or two edits in a base path";
    BasePathLeftOut 3 Some(C::BasePathMissing), "no base path";
    DomainWrongStage 4 Some(C::DomainWrongStage), "a domain whose stage lacks what another stage has";
    RuleDiverts 2 Some(C::RoutingRule), "a routing rule takes it elsewhere";
    Reserved 1 Some(C::ReservedPath), "/ping or /sping on a domain";
    MappedToDeletedStage 2 Some(C::StageUnknown), "a mapping to a deleted stage";
    StageTypo 5 Some(C::StageUnknown), "one or two edits in the stage";
    StageCase 3 Some(C::StageUnknown), "the stage in another case";
    StageDeleted 3 Some(C::StageUnknown), "a stage that there was";
    StageLeftOut 5 Some(C::StageMissing), "no stage";
    StageTwice 3 Some(C::StageRepeated), "the stage twice";
    StageOnDomain 3 Some(C::StageInDomainPath), "the stage in a domain's path";
    StageRoot 2 Some(C::RootWithoutMethod), "nothing behind the stage";
    ParentOfProxy 3 Some(C::ProxyParent), "the parent of a {proxy+}";
    LiteralTypo 8 Some(C::PathUnknown), "one or two edits in a literal of the path";
    SegmentLeftOut 3 Some(C::PathUnknown), "a segment too few";
    SegmentAdded 3 Some(C::PathUnknown), "a segment too many";
    LiteralCase 4 Some(C::PathCase), "a literal in another case";
    DoubledSlash 3 Some(C::PathEncoding), "two slashes for one";
    Encoded 2 Some(C::PathEncoding), "a literal's character percent-encoded";
    EncodedTwice 2 Some(C::PathEncoding), "a literal's character percent-encoded twice";
    WrongVerb 5 Some(C::MethodMismatch), "another verb";
    HeadForGet 2 Some(C::MethodMismatch), "HEAD where there is GET";
    Overridden 2 Some(C::MethodOverride), "X-HTTP-Method-Override with another verb";
    NotDeployed 6 Some(C::NotDeployed), "a method of the editor";
    OnOtherStage 6 Some(C::OtherStage), "a method of another stage";
    Removed 4 Some(C::Removed), "a method that the stage had";
    Shadowed 4 Some(C::Shadowed), "a method of the editor that another answers for";
    CanaryOnly 3 Some(C::CanarySplit), "a method that only the canary has";
    CanaryLacks 3 Some(C::CanarySplit), "a method that the canary lacks";
    Propagating 3 Some(C::Propagating), "a stage deployed seconds ago";
    IamUnsigned 3 Some(C::IamUnsigned), "no signature for AWS_IAM";
    IamBearer 2 Some(C::Signature), "a Bearer token for AWS_IAM";
    SignatureWrong 1 Some(C::Signature), "a wrong signature";
    SignatureExpired 1 Some(C::Signature), "expired credentials";
    KeyMissing 2 Some(C::ApiKey), "no API key";
    KeyWrong 1 Some(C::ApiKey), "an API key that does not count";
    Unauthorized 2 Some(C::Authorizer), "no token for an authorizer";
    AuthorizerDenies 1 Some(C::Authorizer), "an authorizer says no";
    AuthorizerBroken 1 Some(C::Authorizer), "an authorizer that fails";
    PolicyDenies 1 Some(C::ResourcePolicy), "a resource policy says no";
    Waf 2 Some(C::Waf), "a web ACL says no";
    Throttled 1 Some(C::Throttle), "too many requests";
    QuotaUsed 1 Some(C::Quota), "a quota used up";
    BadParameters 1 Some(C::BadProbe), "a required parameter is missing";
    BadBody 1 Some(C::BadProbe), "a body that does not fit its model";
    BadMediaType 1 Some(C::BadProbe), "a content type without a mapping";
    TooLarge 1 Some(C::BadProbe), "a body of 11 MB";
    IntegrationBroken 2 Some(C::Integration), "an integration that fails, 500 or 502";
    IntegrationSilent 1 Some(C::IntegrationTimeout), "an integration that does not answer";
    BackendRefuses 2 Some(C::BackendStatus), "a backend's 4xx";
    BackendFails 1 Some(C::BackendStatus), "a backend's 5xx";
    UpstreamRemapped 2 Some(C::UpstreamGateway), "an inner gateway's words, with remapped headers";
    UpstreamPlain 1 Some(C::UpstreamGateway), "an inner gateway's words, without an error type";
    Cdn 1 Some(C::EdgeRefused), "a CDN's page";
    NameGone 1 Some(C::DomainDns), "a domain whose name does not resolve";
    NoName 1 Some(C::NetworkDns), "no name resolves here";
    Refused 1 Some(C::NetworkConnect), "no connection";
    TlsFails 1 Some(C::NetworkTls), "a TLS handshake that fails";
    MutualTls 1 Some(C::ClientCertificate), "no client certificate for mutual TLS";
    Silence 1 Some(C::NetworkTimeout), "no answer";
    Reset 1 Some(C::NetworkReset), "a connection that breaks";
}

/// A request, its answer, and what is true of it.
pub struct Case {
    pub mistake: Mistake,
    pub request: Request,
    pub observation: Observation,
    /// `None`: nothing is wrong.
    pub intended: Option<Cause>,
    /// Whatever else is literally true of it.
    pub truths: Truths,
    /// Whether a mistake turned out to be none, or another one.
    pub turned: bool,
    /// Whether some method of the stage's deployment takes the request.
    pub took_it: bool,
    /// The good request that the mistake was made to.
    pub meant: Option<Request>,
}

/// A request that is good, and how it is made up.
#[derive(Clone)]
struct Good<'a> {
    api: &'a Api,
    stage: &'a Stage,
    domain: Option<&'a Domain>,
    /// What stands before the path: the base path, and on a default endpoint the stage.
    base: String,
    /// Whether the caller names the stage behind the base.
    names_stage: bool,
    path: String,
    resource: String,
    declared: Verb,
    method: Method,
    request: Request,
}

impl Good<'_> {
    fn origin(&self) -> String {
        self.domain.map_or_else(|| endpoint(&self.api.id), |domain| format!("https://{}", domain.host))
    }

    /// The same request with another URL.
    fn at(&self, stage: Option<&str>, path: &str) -> Option<Request> {
        let stage = stage.map(|stage| format!("/{stage}")).unwrap_or_default();
        self.to(&format!("{}{stage}{path}", self.base))
    }

    fn to(&self, url_path: &str) -> Option<Request> {
        let mut url = Url::parse(&format!("{}{url_path}", self.origin())).ok()?;
        if let Some(query) = self.request.url.query() {
            url.set_query(Some(query));
        }
        Some(Request { url, ..self.request.clone() })
    }

    fn own_stage(&self) -> Option<&str> {
        self.names_stage.then_some(self.stage.name.as_str())
    }

    /// The path with one segment changed, and which that is from the end.
    fn changed(&self, rng: &mut Rng, change: impl Fn(&mut Rng, &str) -> Option<String>) -> Option<(Request, Wrong)> {
        let resource: Vec<&str> = self.resource.split('/').skip(1).collect();
        let mut parts: Vec<String> = self.path.split('/').skip(1).map(str::to_owned).collect();
        let literals: Vec<usize> = (0..resource.len())
            .filter(|index| !resource[*index].starts_with('{') && !resource[*index].is_empty())
            .collect();
        if literals.is_empty() {
            return None;
        }
        let index = *rng.pick(&literals);
        parts[index] = change(rng, &parts[index])?;
        let wrong = Wrong::SegmentFromEnd(parts.len() - 1 - index);
        Some((self.at(self.own_stage(), &format!("/{}", parts.join("/")))?, wrong))
    }
}

const VALUES: [&str; 8] =
    ["7", "42", "a1b2c3", "me", "Anna", "orders", "x.y-z", "c56a4180-65aa-42ec-a945-5fd21dec0538"];

/// A path that a resource matches.
fn filled(rng: &mut Rng, resource: &str) -> String {
    let mut path = String::new();
    for segment in resource.split('/').filter(|segment| !segment.is_empty()) {
        let text = if segment.ends_with("+}") {
            (0..rng.within(1, 3)).map(|_| *rng.pick(&VALUES)).collect::<Vec<_>>().join("/")
        } else if segment.starts_with('{') {
            (*rng.pick(&VALUES)).to_owned()
        } else {
            segment.to_owned()
        };
        path.push('/');
        path.push_str(&text);
    }
    if path.is_empty() { if rng.chance(70) { "/".to_owned() } else { path } } else { path }
}

#[derive(Clone, Copy, PartialEq)]
enum Door {
    Any,
    Endpoint,
    Domain,
}

/// A request for a method of a tree, sent through a door to a stage (which need not have it).
fn request_for<'a>(
    rng: &mut Rng,
    account: &'a Account,
    (api, stage): (&'a Api, &'a Stage),
    tree: &Tree,
    door: Door,
) -> Option<Good<'a>> {
    let methods: Vec<(&str, Verb, &Method)> = tree.methods().collect();
    if methods.is_empty() {
        return None;
    }
    let (resource, declared, method) = *rng.pick(&methods);
    let verb = if declared == Verb::Any { *rng.pick(&Verb::CONCRETE) } else { declared };
    let path = filled(rng, resource);
    if hit(tree, Some(verb), &path) != Some((resource, declared)) {
        return None;
    }
    let mut ways = vec![];
    if door != Door::Domain {
        ways.push((None, String::new(), true));
    }
    if door == Door::Domain || door == Door::Any && rng.chance(40) {
        for domain in &account.domains {
            for mapping in &domain.mappings {
                if mapping.api == api.id && mapping.stage.as_ref().is_none_or(|name| *name == stage.name) {
                    let base = if mapping.base.is_empty() { String::new() } else { format!("/{}", mapping.base) };
                    ways.push((Some(domain), base, mapping.stage.is_none()));
                }
            }
        }
    }
    if ways.is_empty() {
        return None;
    }
    let (domain, base, names_stage) = ways.swap_remove(rng.below(ways.len()));
    let mut headers = vec![];
    match method.authorization {
        Some(Authorization::AwsIam) => headers.push(("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc123")),
        Some(Authorization::Custom | Authorization::CognitoUserPools) => headers.push(("authorization", "Bearer eyJhbGciOi.tok.en")),
        _ => match rng.below(10) {
            0 | 1 => headers.push(("authorization", "Bearer eyJhbGciOi.tok.en")),
            2 => headers.push(("Authorization", "Basic dXNlcjpwYXNz")),
            _ => {}
        },
    }
    if method.api_key_required {
        headers.push(("x-api-key", "the-right-key-of-the-plan"));
    }
    if domain.is_some() && rng.chance(15) {
        headers.push(("X-Version", "beta"));
    }
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let url = Url::parse("https://unset.invalid/").unwrap();
    let body = matches!(verb, Verb::Post | Verb::Put | Verb::Patch).then(|| "{}".to_owned());
    let request = Request { method: verb.to_string(), url, headers, body };
    let mut good = Good {
        api,
        stage,
        domain,
        base,
        names_stage,
        path,
        resource: resource.to_owned(),
        declared,
        method: method.clone(),
        request,
    };
    let query = if rng.chance(15) { "?page=2&q=a%20b" } else { "" };
    good.request = good.at(good.own_stage(), &format!("{}{query}", good.path))?;
    // The door must lead there: another mapping, a rule or a parser's own ideas about dots may not let it.
    let landed = naive::place(account, &good.request)
        .is_some_and(|place| place.api.id == api.id && place.stage.name == stage.name && place.path == good.path);
    (landed || api.disabled && domain.is_none()).then_some(good)
}

/// A request that its method answers.
fn known_good<'a>(rng: &mut Rng, account: &'a Account, door: Door) -> Option<Good<'a>> {
    let api = rng.pick(&account.apis);
    if api.private || api.disabled && door == Door::Endpoint {
        return None;
    }
    let stage = rng.pick(&api.stages);
    let good = request_for(rng, account, (api, stage), api.tree(stage), door)?;
    reaches(account, &good.request)?;
    (land_is_open(account, &good.request)).then_some(good)
}

fn land_is_open(account: &Account, request: &Request) -> bool {
    matches!(land(account, request), Landing::Stage(_))
}

/// One or two edits: insert, delete, substitute, transpose.
fn typo(rng: &mut Rng, text: &str) -> Option<String> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..if rng.chance(70) { 1 } else { 2 } {
        let at = rng.below(letters.len().max(1));
        let letter = *rng.pick(LETTERS) as char;
        match rng.below(4) {
            0 => letters.insert(at, letter),
            1 if letters.len() > 1 => {
                letters.remove(at);
            }
            2 if at + 1 < letters.len() => letters.swap(at, at + 1),
            _ if !letters.is_empty() => letters[at] = letter,
            _ => {}
        }
    }
    let changed: String = letters.into_iter().collect();
    (!changed.is_empty() && changed != text).then_some(changed)
}

fn other_case(rng: &mut Rng, text: &str) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    match rng.below(3) {
        0 => letters.iter_mut().for_each(|letter| *letter = letter.to_ascii_uppercase()),
        1 => letters.iter_mut().for_each(|letter| *letter = letter.to_ascii_lowercase()),
        _ => {
            let letter = letters.first_mut()?;
            *letter =
                if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        }
    }
    let changed: String = letters.into_iter().collect();
    (changed != text).then_some(changed)
}

fn encoded(rng: &mut Rng, text: &str, percent: &str) -> Option<String> {
    let at = rng.below(text.len());
    let byte = *text.as_bytes().get(at)?;
    Some(format!("{}{percent}{byte:02X}{}", &text[..at], &text[at + 1..]))
}

/// Makes the mistake somewhere in the account; `None` where this gateway, or this throw, has no place for it.
pub fn make(rng: &mut Rng, account: &Account, mistake: Mistake) -> Option<Case> {
    let mut meant = None;
    let case = made(rng, account, mistake, &mut meant)?;
    Some(Case { meant, ..case })
}

/// A good request, remembered as what the caller meant.
fn good_for<'a>(rng: &mut Rng, account: &'a Account, meant: &mut Option<Request>, door: Door) -> Option<Good<'a>> {
    let good = known_good(rng, account, door)?;
    *meant = Some(good.request.clone());
    Some(good)
}

fn made(rng: &mut Rng, account: &Account, mistake: Mistake, meant: &mut Option<Request>) -> Option<Case> {
    let done = |request: Request, wrong: Wrong, rng: &mut Rng| settle(rng, account, mistake, request, wrong, false);
    // An answer that the mistake itself brings, to a request whose method exists.
    let said = |request: Request, observation: Observation| {
        let truths = truths(account, &request, Wrong::Other);
        Some(Case {
            mistake,
            request,
            observation,
            intended: mistake.cause(),
            truths,
            turned: false,
            took_it: true,
            meant: None,
        })
    };
    match mistake {
        Mistake::Healthy => {
            let good = good_for(rng, account, meant, Door::Any)?;
            done(good.request, Wrong::Other, rng)
        }
        Mistake::WrongApiId => {
            let good = good_for(rng, account, meant, Door::Endpoint)?;
            let id = typo(rng, &good.api.id).filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
            let url = Url::parse(&good.request.url.as_str().replacen(&good.api.id, &id, 1)).ok()?;
            done(Request { url, ..good.request }, Wrong::Other, rng)
        }
        Mistake::EndpointDisabled => {
            let api = rng.pick(&account.apis);
            let stage = rng.pick(&api.stages);
            let good = request_for(rng, account, (api, stage), api.tree(stage), Door::Endpoint)?;
            api.disabled.then_some(())?;
            done(good.request, Wrong::Other, rng)
        }
        Mistake::PrivateOutside => {
            let api = rng.pick(&account.apis);
            let stage = rng.pick(&api.stages);
            (api.private && !api.disabled).then_some(())?;
            let good = request_for(rng, account, (api, stage), api.tree(stage), Door::Endpoint)?;
            done(good.request, Wrong::Other, rng)
        }
        Mistake::Unmapped => {
            let good = good_for(rng, account, meant, Door::Domain)?;
            let path = format!("/{}{}", rng.pick(&["nowhere", "metrics", "app", "index.html"]), good.path);
            let request = good.to(&path)?;
            matches!(land(account, &request), Landing::Unmapped(_)).then_some(())?;
            done(request, Wrong::Other, rng)
        }
        Mistake::BasePathTypo => {
            let good = good_for(rng, account, meant, Door::Domain)?;
            let mut bases: Vec<String> = good.base.split('/').skip(1).map(str::to_owned).collect();
            if bases.is_empty() {
                return None;
            }
            let at = rng.below(bases.len());
            bases[at] = typo(rng, &bases[at])?;
            let stage = good.own_stage().map(|stage| format!("/{stage}")).unwrap_or_default();
            done(good.to(&format!("/{}{stage}{}", bases.join("/"), good.path))?, Wrong::Other, rng)
        }
        Mistake::BasePathLeftOut => {
            let good = good_for(rng, account, meant, Door::Domain)?;
            (!good.base.is_empty()).then_some(())?;
            let stage = good.own_stage().map(|stage| format!("/{stage}")).unwrap_or_default();
            done(good.to(&format!("{stage}{}", good.path))?, Wrong::Other, rng)
        }
        Mistake::RuleDiverts => {
            let domain = account.domains.get(rng.below(4))?;
            let mapping = rng.pick(&domain.mappings);
            let api = account.api(&mapping.api)?;
            let stage = api.stage(mapping.stage.as_deref()?)?;
            (domain.mode == "rules-then-mappings").then_some(())?;
            let mut good = request_for(rng, account, (api, stage), api.tree(stage), Door::Endpoint)?;
            good.domain = Some(domain);
            good.base = if mapping.base.is_empty() { String::new() } else { format!("/{}", mapping.base) };
            if let Some((header, glob)) = &rng.pick(&domain.rules).header {
                good.request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header));
                good.request.headers.push((header.to_lowercase(), glob.replace('*', "1")));
            }
            let request = good.at(None, &good.path)?;
            naive::place(account, &request).is_some_and(|place| place.by_rule).then_some(())?;
            done(request, Wrong::Other, rng)
        }
        Mistake::Reserved => {
            let domain = account.domains.get(rng.below(4))?;
            let url = Url::parse(&format!("https://{}/{}", domain.host, rng.pick(&["ping", "sping"]))).ok()?;
            done(Request::new("GET", url), Wrong::Other, rng)
        }
        Mistake::MappedToDeletedStage => {
            let domain = account.domains.get(rng.below(4))?;
            let mapping = rng.pick(&domain.mappings);
            let api = account.api(&mapping.api)?;
            let name = mapping.stage.as_deref()?;
            api.stage(name).is_none().then_some(())?;
            let stage = rng.pick(&api.stages);
            let mut good = request_for(rng, account, (api, stage), &api.edited, Door::Endpoint)?;
            good.domain = Some(domain);
            good.base = if mapping.base.is_empty() { String::new() } else { format!("/{}", mapping.base) };
            let request = good.at(None, &good.path)?;
            matches!(land(account, &request), Landing::NoStage { .. }).then_some(())?;
            done(request, Wrong::Other, rng)
        }
        Mistake::StageTypo | Mistake::StageCase | Mistake::StageDeleted | Mistake::StageLeftOut => {
            let good = good_for(rng, account, meant, Door::Any)?;
            good.names_stage.then_some(())?;
            let stage = match mistake {
                Mistake::StageTypo => Some(typo(rng, &good.stage.name)?),
                Mistake::StageCase => Some(other_case(rng, &good.stage.name)?),
                Mistake::StageDeleted if good.api.deleted_stages.is_empty() => return None,
                Mistake::StageDeleted => Some(rng.pick(&good.api.deleted_stages).clone()),
                _ => None,
            };
            done(good.at(stage.as_deref(), &good.path)?, Wrong::Other, rng)
        }
        Mistake::StageTwice => {
            let good = good_for(rng, account, meant, Door::Endpoint)?;
            done(good.at(Some(&good.stage.name), &format!("/{}{}", good.stage.name, good.path))?, Wrong::Other, rng)
        }
        Mistake::StageOnDomain => {
            let good = good_for(rng, account, meant, Door::Domain)?;
            (!good.names_stage).then_some(())?;
            done(good.at(Some(&good.stage.name), &good.path)?, Wrong::Other, rng)
        }
        Mistake::StageRoot => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let path = if rng.chance(50) { "/" } else { "" };
            done(good.at(good.own_stage(), path)?, Wrong::Other, rng)
        }
        Mistake::ParentOfProxy => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let parents = good.resource.strip_suffix("+}")?.matches('/').count() - 1;
            let parts: Vec<&str> = good.path.split('/').skip(1).take(parents).collect();
            (!parts.is_empty()).then_some(())?;
            let slash = if rng.chance(30) { "/" } else { "" };
            done(good.at(good.own_stage(), &format!("/{}{slash}", parts.join("/")))?, Wrong::Other, rng)
        }
        Mistake::LiteralTypo => {
            let (request, wrong) = good_for(rng, account, meant, Door::Any)?.changed(rng, typo)?;
            done(request, wrong, rng)
        }
        Mistake::LiteralCase => {
            let (request, wrong) = good_for(rng, account, meant, Door::Any)?.changed(rng, other_case)?;
            done(request, wrong, rng)
        }
        Mistake::Encoded => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let (request, wrong) = good.changed(rng, |rng, text| encoded(rng, text, "%"))?;
            done(request, wrong, rng)
        }
        Mistake::EncodedTwice => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let (request, wrong) = good.changed(rng, |rng, text| encoded(rng, text, "%25"))?;
            done(request, wrong, rng)
        }
        Mistake::SegmentLeftOut | Mistake::SegmentAdded => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let mut parts: Vec<&str> = good.path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
            if mistake == Mistake::SegmentLeftOut {
                (parts.len() > 1).then_some(())?;
                parts.remove(rng.below(parts.len()));
            } else {
                let extra = *rng.pick(&["all", "list", "v3", "7", "public", "orders"]);
                parts.insert(rng.below(parts.len() + 1), extra);
            }
            done(good.at(good.own_stage(), &format!("/{}", parts.join("/")))?, Wrong::Other, rng)
        }
        Mistake::DoubledSlash => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let url_path = good.request.url.path().to_owned();
            let slashes: Vec<usize> =
                url_path.match_indices('/').map(|(at, _)| at).filter(|at| at + 1 < url_path.len()).collect();
            (!slashes.is_empty()).then_some(())?;
            let at = *rng.pick(&slashes);
            done(good.to(&format!("{}/{}", &url_path[..at], &url_path[at..]))?, Wrong::Other, rng)
        }
        Mistake::WrongVerb | Mistake::HeadForGet => {
            let mut good = good_for(rng, account, meant, Door::Any)?;
            let verb = if mistake == Mistake::HeadForGet {
                (good.request.method == "GET").then_some(Verb::Head)?
            } else {
                *rng.pick(&Verb::CONCRETE)
            };
            good.request.method = verb.to_string();
            (verb != good.declared && good.declared != Verb::Any).then_some(())?;
            done(good.request, Wrong::Verb, rng)
        }
        Mistake::Overridden => {
            let mut good = good_for(rng, account, meant, Door::Any)?;
            let verb = rng.pick(&Verb::CONCRETE).to_string();
            (verb != good.request.method).then_some(())?;
            good.request.headers.push(("X-HTTP-Method-Override".to_owned(), verb));
            done(good.request, Wrong::Verb, rng)
        }
        Mistake::NotDeployed
        | Mistake::OnOtherStage
        | Mistake::DomainWrongStage
        | Mistake::Removed
        | Mistake::CanaryOnly => {
            let api = rng.pick(&account.apis);
            let stage = rng.pick(&api.stages);
            let (tree, door) = match mistake {
                Mistake::NotDeployed => (&api.edited, Door::Any),
                Mistake::OnOtherStage => (api.tree(rng.pick(&api.stages)), Door::Endpoint),
                Mistake::DomainWrongStage => (api.tree(rng.pick(&api.stages)), Door::Domain),
                Mistake::Removed if stage.history.is_empty() => return None,
                Mistake::Removed => (&api.deployments[*rng.pick(&stage.history)].tree, Door::Any),
                _ => (&api.deployments[stage.split()?].tree, Door::Any),
            };
            let good = request_for(rng, account, (api, stage), tree, door)?;
            (land_is_open(account, &good.request) && reaches(account, &good.request).is_none()).then_some(())?;
            done(good.request, Wrong::Other, rng)
        }
        Mistake::Shadowed => {
            let api = rng.pick(&account.apis);
            let stage = rng.pick(&api.stages);
            let good = request_for(rng, account, (api, stage), &api.edited, Door::Any)?;
            land_is_open(account, &good.request).then_some(())?;
            let place = naive::place(account, &good.request)?;
            shadow(&place, verb_of(&good.request))?;
            done(good.request, Wrong::Other, rng)
        }
        Mistake::CanaryLacks => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let canary = good.stage.split()?;
            let tree = &good.api.deployments[canary].tree;
            hit(tree, verb_of(&good.request), &good.path).is_none().then_some(())?;
            settle(rng, account, mistake, good.request, Wrong::Other, true)
        }
        Mistake::Propagating => {
            let good = good_for(rng, account, meant, Door::Any)?;
            (good.stage.age < 60).then_some(())?;
            let observation = wire::refusal(rng, good.api, &good.request, Says::MissingAuthenticationToken);
            said(good.request, observation)
        }
        Mistake::IamUnsigned | Mistake::IamBearer | Mistake::SignatureWrong | Mistake::SignatureExpired => {
            let mut good = good_for(rng, account, meant, Door::Any)?;
            (good.method.authorization == Some(Authorization::AwsIam)).then_some(())?;
            let says = match mistake {
                Mistake::SignatureWrong => Says::BadSignature,
                Mistake::SignatureExpired => Says::ExpiredToken,
                _ => {
                    good.request.headers.retain(|(name, _)| name != "authorization");
                    if mistake == Mistake::IamBearer {
                        let value = *rng.pick(&["Bearer abc.def.ghi", "Basic dXNlcjpwYXNz"]);
                        good.request.headers.push(("Authorization".to_owned(), value.to_owned()));
                    }
                    Says::MissingAuthenticationToken
                }
            };
            let observation = wire::refusal(rng, good.api, &good.request, says);
            said(good.request, observation)
        }
        Mistake::KeyMissing | Mistake::KeyWrong => {
            let mut good = good_for(rng, account, meant, Door::Any)?;
            good.method.api_key_required.then_some(())?;
            good.request.headers.retain(|(name, _)| name != "x-api-key");
            if mistake == Mistake::KeyWrong {
                good.request.headers.push(("X-Api-Key".to_owned(), "some-old-key".to_owned()));
            }
            let observation = wire::refusal(rng, good.api, &good.request, Says::InvalidApiKey);
            said(good.request, observation)
        }
        Mistake::Unauthorized | Mistake::AuthorizerDenies | Mistake::AuthorizerBroken => {
            let mut good = good_for(rng, account, meant, Door::Any)?;
            matches!(good.method.authorization, Some(Authorization::Custom | Authorization::CognitoUserPools))
                .then_some(())?;
            let says = match mistake {
                Mistake::Unauthorized => {
                    good.request.headers.retain(|(name, _)| name != "authorization");
                    Says::Unauthorized
                }
                Mistake::AuthorizerDenies => Says::AuthorizerDenied,
                _ => *rng.pick(&[Says::AuthorizerFailed, Says::AuthorizerMisconfigured]),
            };
            let observation = wire::refusal(rng, good.api, &good.request, says);
            said(good.request, observation)
        }
        Mistake::Waf => {
            let good = good_for(rng, account, meant, Door::Any)?;
            good.stage.web_acl.then_some(())?;
            let observation = wire::refusal(rng, good.api, &good.request, Says::WafFiltered);
            said(good.request, observation)
        }
        Mistake::PolicyDenies
        | Mistake::Throttled
        | Mistake::QuotaUsed
        | Mistake::BadParameters
        | Mistake::BadBody
        | Mistake::BadMediaType
        | Mistake::TooLarge
        | Mistake::IntegrationBroken
        | Mistake::IntegrationSilent => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let says = match mistake {
                Mistake::PolicyDenies => Says::PolicyDenied,
                Mistake::Throttled => Says::Throttled,
                Mistake::QuotaUsed => Says::QuotaExceeded,
                Mistake::BadParameters => Says::BadParameters,
                Mistake::BadBody => Says::BadBody,
                Mistake::BadMediaType => Says::UnsupportedMediaType,
                Mistake::TooLarge => Says::RequestTooLarge,
                Mistake::IntegrationSilent => Says::IntegrationTimeout,
                _ => *rng.pick(&[Says::Integration500, Says::Integration502]),
            };
            // A quota belongs to a usage plan's key, and a body to a verb that has one.
            (mistake != Mistake::QuotaUsed || good.method.api_key_required).then_some(())?;
            let has_body = matches!(mistake, Mistake::BadBody | Mistake::BadMediaType | Mistake::TooLarge);
            (!has_body || good.request.body.is_some()).then_some(())?;
            let observation = wire::refusal(rng, good.api, &good.request, says);
            said(good.request, observation)
        }
        Mistake::BackendRefuses | Mistake::BackendFails => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let status = if mistake == Mistake::BackendFails {
                *rng.pick(&[500, 501, 502, 503, 504])
            } else {
                *rng.pick(&[400, 401, 403, 404, 404, 405, 409, 410, 422, 429])
            };
            let body = *rng.pick(&[
                r#"{"error":"no such order"}"#,
                r#"{"message":"Pet 7 not found"}"#,
                r#"{"message":"only admins","code":17}"#,
                "oops",
                "",
                "<html><h1>Not Found</h1></html>",
            ]);
            said(good.request.clone(), wire::backend(status, if good.request.method == "HEAD" { "" } else { body }))
        }
        Mistake::UpstreamRemapped => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let (text, kind) = *rng.pick(&[
                ("Missing Authentication Token", "MissingAuthenticationTokenException"),
                ("Forbidden", "ForbiddenException"),
            ]);
            let kind = rng.chance(50).then_some(kind);
            (good.request.method != "HEAD").then_some(())?;
            said(good.request, wire::upstream(403, text, kind, true))
        }
        Mistake::UpstreamPlain => {
            let good = good_for(rng, account, meant, Door::Any)?;
            // Where this gateway's own error types are taken off, nothing would tell its words from another's.
            (good.request.method != "HEAD" && !good.api.strips_error_type).then_some(())?;
            let text = *rng.pick(&["Missing Authentication Token", "Forbidden"]);
            said(good.request, wire::upstream(403, text, None, false))
        }
        Mistake::Cdn => {
            let good = good_for(rng, account, meant, Door::Any)?;
            (good.request.method != "HEAD").then_some(())?;
            said(good.request, wire::cdn())
        }
        Mistake::NameGone | Mistake::MutualTls => {
            let good = good_for(rng, account, meant, Door::Domain)?;
            let kind = if mistake == Mistake::NameGone { TransportKind::Dns } else { TransportKind::Tls };
            (mistake == Mistake::NameGone || good.domain?.mutual_tls).then_some(())?;
            said(good.request, wire::broken(kind))
        }
        Mistake::NoName => {
            let good = good_for(rng, account, meant, Door::Endpoint)?;
            said(good.request, wire::broken(TransportKind::Dns))
        }
        Mistake::Refused | Mistake::TlsFails | Mistake::Silence | Mistake::Reset => {
            let good = good_for(rng, account, meant, Door::Any)?;
            let kind = match mistake {
                Mistake::Refused => TransportKind::Connect,
                Mistake::TlsFails => TransportKind::Tls,
                Mistake::Silence => TransportKind::Timeout,
                _ => *rng.pick(&[TransportKind::Reset, TransportKind::Protocol]),
            };
            // A failed handshake with mutual TLS is the client certificate's.
            (kind != TransportKind::Tls || good.domain.is_none_or(|domain| !domain.mutual_tls)).then_some(())?;
            said(good.request, wire::broken(kind))
        }
    }
}

/// What a method says to a request without what it demands.
fn demanded(method: &Method, request: &Request) -> Option<(Says, Cause)> {
    let sent = request.header("authorization");
    match method.authorization {
        Some(Authorization::AwsIam) if sent.is_none() => Some((Says::MissingAuthenticationToken, Cause::IamUnsigned)),
        Some(Authorization::AwsIam) if !sent.is_some_and(|sent| sent.starts_with("AWS4")) => {
            Some((Says::MissingAuthenticationToken, Cause::Signature))
        }
        Some(Authorization::Custom | Authorization::CognitoUserPools) if sent.is_none() => {
            Some((Says::Unauthorized, Cause::Authorizer))
        }
        _ if method.api_key_required && request.header("x-api-key").is_none() => {
            Some((Says::InvalidApiKey, Cause::ApiKey))
        }
        _ => None,
    }
}

/// The order in which one true cause goes before another: design.md, section 4.
pub const ORDER: &[Cause] = &[
    C::ApiUnknown,
    C::EndpointDisabled,
    C::PrivateEndpoint,
    C::ReservedPath,
    C::RoutingRule,
    C::StageInDomainPath,
    C::StageRepeated,
    C::Removed,
    C::Shadowed,
    C::CanarySplit,
    C::Propagating,
    C::DomainWrongStage,
    C::OtherStage,
    C::NotDeployed,
    C::MethodOverride,
    C::BasePathMissing,
    C::DomainUnmapped,
    C::MethodMismatch,
    C::RootWithoutMethod,
    C::ProxyParent,
    C::PathCase,
    C::PathEncoding,
    C::StageMissing,
    C::StageUnknown,
    C::PathUnknown,
];

/// The cause that goes first of those that are true; by name before by pattern.
fn first_of(truths: &Truths) -> Option<Cause> {
    let known = |how| ORDER.iter().copied().find(|cause| truths.get(cause) == Some(&how));
    known(naive::How::ByName).or_else(|| known(naive::How::ByPattern))
}

/// The wire's answer to a request, and what is true of it, whatever it was made for.
fn settle(
    rng: &mut Rng,
    account: &Account,
    mistake: Mistake,
    request: Request,
    wrong: Wrong,
    by_canary: bool,
) -> Option<Case> {
    let truths = truths(account, &request, wrong);
    let landing = land(account, &request);
    let mut answers = None;
    let observation = match &landing {
        Landing::Nowhere => wire::broken(TransportKind::Dns),
        Landing::Private(_) => {
            let kinds = [TransportKind::Dns, TransportKind::Timeout, TransportKind::Connect];
            wire::broken(*rng.pick(&kinds))
        }
        Landing::Disabled(api) | Landing::NoStage { api, .. } => wire::forbidden(Some(api), &request),
        Landing::Reserved | Landing::Unmapped(_) => wire::forbidden(None, &request),
        Landing::Stage(place) => {
            let tree = match place.stage.split() {
                Some(canary) if by_canary => &place.api.deployments[canary].tree,
                _ => place.api.tree(place.stage),
            };
            match hit(tree, verb_of(&request), &place.path) {
                None => wire::refusal(rng, place.api, &request, Says::MissingAuthenticationToken),
                Some((resource, verb)) => {
                    let refused = demanded(tree.method(resource, verb)?, &request);
                    answers = Some(refused.map(|(_, cause)| cause));
                    match refused {
                        Some((says, _)) => wire::refusal(rng, place.api, &request, says),
                        None => wire::answered(rng, &request),
                    }
                }
            }
        }
    };
    let wanted = mistake.cause();
    let intended = match answers {
        // A method answers after all: whatever the mistake was meant to be, it is none, but for a method that another
        // answers for.
        Some(Some(refused)) => Some(refused),
        Some(None) => (truths.get(&Cause::Shadowed) == Some(&naive::How::ByName)).then_some(Cause::Shadowed),
        None if wanted.is_some_and(|cause| truths.contains_key(&cause)) => wanted,
        None => Some(first_of(&truths)?),
    };
    Some(Case {
        mistake,
        request,
        observation,
        intended,
        truths,
        turned: intended != wanted,
        took_it: answers.is_some(),
        meant: None,
    })
}
