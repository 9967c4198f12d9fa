//! What the model says of a request before its answer is looked at: which method it reaches, or why none.

use std::ops::Range;

use super::suggest::{MOST, offer, reaches, replaced, segment_at};
use super::{Alternative, Cause, Confidence, Suggestion};
use crate::gateway::{
    Address, Api, Canary, DomainAddress, DomainRoute, EndpointAddress, Match, Method, Request, Router, SEGMENT_COST,
    Stage, TreeSource, Verb, Via, World, segments,
};

/// The place of the gap that stands for a control plane that was not read at all: a diagnosis then rests on the answer
/// alone.
pub const UNREAD: &str = "the control plane";

/// What the model expects of a request.
#[derive(Debug)]
pub(super) enum Expectation<'w> {
    /// It reaches a method.
    Routed(Routed<'w>),
    /// It reaches none, for this reason.
    Fault(Box<Fault>),
    /// The model cannot tell.
    Unknown(String),
}

/// The method that the model says answers.
#[derive(Debug)]
pub(super) struct Routed<'w> {
    pub api: &'w Api,
    pub stage: &'w Stage,
    pub hit: Match<'w>,
    pub method: &'w Method,
    pub source: TreeSource,
    /// The stage's canary, where its deployment is known to lack the method.
    pub canary_without: Option<&'w Canary>,
}

/// Why the model says that no method answers.
#[derive(Debug)]
pub(super) struct Fault {
    pub cause: Cause,
    pub confidence: Confidence,
    pub at: Option<Range<usize>>,
    pub evidence: Vec<String>,
    pub suggestions: Vec<Suggestion>,
    pub alternatives: Vec<Alternative>,
}

impl Fault {
    fn new(cause: Cause, confidence: Confidence, evidence: String) -> Self {
        Fault { cause, confidence, at: None, evidence: vec![evidence], suggestions: vec![], alternatives: vec![] }
    }

    fn at(mut self, at: Range<usize>) -> Self {
        self.at = Some(at);
        self
    }

    fn suggest(mut self, suggestions: impl IntoIterator<Item = Suggestion>) -> Self {
        for suggestion in suggestions {
            let known = self.suggestions.iter().any(|s| (&s.method, &s.url) == (&suggestion.method, &suggestion.url));
            if self.suggestions.len() < MOST && !known {
                self.suggestions.push(suggestion);
            }
        }
        self
    }

    fn or(mut self, cause: Cause, tell: &str) -> Self {
        self.alternatives.push(Alternative { cause, tell: tell.to_owned() });
        self
    }
}

impl From<Fault> for Expectation<'_> {
    fn from(fault: Fault) -> Self {
        Expectation::Fault(Box::new(fault))
    }
}

/// What the model says of a request.
pub(super) fn predict<'w>(world: &'w World, request: &Request, address: &Address<'w>) -> Expectation<'w> {
    let question = Question { world, request, verb: Verb::of_request(&request.method) };
    match address {
        Address::Elsewhere => Expectation::Unknown(format!(
            "{} is neither a default endpoint nor a custom domain that was read",
            request.url.host_str().unwrap_or("the URL")
        )),
        Address::Endpoint(endpoint) => question.at_endpoint(endpoint),
        Address::Domain(domain) => question.at_domain(domain),
    }
}

struct Question<'w, 'r> {
    world: &'w World,
    request: &'r Request,
    verb: Option<Verb>,
}

/// How sure a statement about a tree can be.
fn sure(source: TreeSource) -> Confidence {
    match source {
        TreeSource::ApiSummary => Confidence::Certain,
        TreeSource::Export => Confidence::Likely,
        TreeSource::Edited => Confidence::Possible,
    }
}

impl<'w> Question<'w, '_> {
    fn url(&self) -> &str {
        self.request.url.as_str()
    }

    fn method(&self) -> &str {
        &self.request.method
    }

    fn offer(&self, url: &str, why: String) -> Option<Suggestion> {
        offer(self.world, self.request, self.method(), url, why)
    }

    fn routes(&self, router: Option<&'w Router>, path: &str) -> Option<Match<'w>> {
        router?.route(self.verb?, path)
    }

    fn at_endpoint(&self, endpoint: &EndpointAddress<'w>) -> Expectation<'w> {
        let inventory = self.world.inventory();
        // Nothing was read: that an API is not in it says nothing.
        if let Some(gap) = inventory.gaps.iter().find(|gap| gap.place == UNREAD) {
            return Expectation::Unknown(format!("{}: {}", gap.place, gap.reason));
        }
        if let Some(region) = &endpoint.region
            && *region != inventory.region
        {
            return Expectation::Unknown(format!(
                "the URL is of region {region}, and what was read is of {}",
                inventory.region
            ));
        }
        let Some(api) = endpoint.api else {
            if inventory.apis_filtered {
                return Expectation::Unknown(format!(
                    "the API {} is none of those that the filters admit",
                    endpoint.api_id
                ));
            }
            return self.unknown_api(endpoint).into();
        };
        if api.default_endpoint_disabled {
            return self.disabled_endpoint(endpoint, api).into();
        }
        match endpoint.stage {
            Some(stage) => self.in_stage(api, stage, &endpoint.path_at, None),
            None if inventory.stages_filtered => Expectation::Unknown(format!(
                "the stage {} is none of those that the filters admit",
                endpoint.stage_text.as_deref().unwrap_or("(none)")
            )),
            None => self.without_stage(endpoint, api).into(),
        }
    }

    fn unknown_api(&self, endpoint: &EndpointAddress<'w>) -> Fault {
        let inventory = self.world.inventory();
        let host_start = self.url().find(&endpoint.api_id).unwrap_or(0);
        let at = host_start..host_start + endpoint.api_id.len();
        let near = inventory
            .apis
            .iter()
            .filter(|api| api.id.len().abs_diff(endpoint.api_id.len()) <= 2)
            .filter(|api| strsim::osa_distance(&api.id, &endpoint.api_id) <= 2)
            .filter_map(|api| {
                self.offer(&replaced(self.request, at.clone(), &api.id), format!("the API {} has this id", api.name))
            });
        let host = self.request.url.host_str().unwrap_or("");
        if let Some(domain) = inventory.domains.iter().find(|domain| domain.target.as_deref() == Some(host)) {
            let path = self.url().get(self.request.url[..url::Position::BeforePath].len()..).unwrap_or("");
            let url = format!("https://{}{path}", domain.name);
            return Fault::new(
                Cause::ApiUnknown,
                Confidence::Certain,
                format!(
                    "{host} is what the DNS record of {} should lead to; it is not called by this name",
                    domain.name
                ),
            )
            .at(at.clone())
            .suggest(self.offer(&url, "by the custom domain's own name".to_owned()));
        }
        // Where the name resolves, something answers there: HTTP and WebSocket APIs have the same hosts and are not read.
        Fault::new(
            Cause::ApiUnknown,
            Confidence::Likely,
            format!(
                "no REST API of region {} in this account has the id {}; HTTP and WebSocket APIs are not read",
                inventory.region, endpoint.api_id
            ),
        )
        .at(at.clone())
        .suggest(near.collect::<Vec<_>>())
    }

    fn disabled_endpoint(&self, endpoint: &EndpointAddress<'w>, api: &'w Api) -> Fault {
        let path = self.url().get(endpoint.path_at.clone()).unwrap_or("");
        let through_domains = self.world.inventory().domains.iter().filter(|domain| !domain.is_wildcard());
        let suggestions = through_domains
            .flat_map(|domain| domain.mappings.iter().map(move |mapping| (domain, mapping)))
            .filter(|(_, mapping)| mapping.api == api.id && mapping.stage.as_deref() == endpoint.stage_text.as_deref())
            .filter_map(|(domain, mapping)| {
                let base = if mapping.base_path.is_empty() { String::new() } else { format!("/{}", mapping.base_path) };
                self.offer(
                    &format!("https://{}{base}{path}", domain.name),
                    format!("{} maps to this stage", domain.name),
                )
            });
        Fault::new(
            Cause::EndpointDisabled,
            Confidence::Certain,
            format!("the API {} has its default endpoint switched off", api.name),
        )
        .suggest(suggestions.collect::<Vec<_>>())
    }

    /// No stage of this name, or no stage segment at all.
    fn without_stage(&self, endpoint: &EndpointAddress<'w>, api: &'w Api) -> Fault {
        let rest = self.url().get(endpoint.path_at.clone()).unwrap_or("");
        let names = api.stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let has = if names.is_empty() { "it has no stage at all".to_owned() } else { format!("it has {names}") };
        if let Some(fault) = self.by_doubled_slash(endpoint) {
            return fault;
        }
        let Some(text) = endpoint.stage_text.as_deref() else {
            let suggestions: Vec<_> =
                api.stages.iter().filter_map(|stage| self.with_stage(endpoint, stage, rest)).collect();
            return Fault::new(
                Cause::StageMissing,
                Confidence::Certain,
                format!("the path ends before a stage of the API {}; {has}", api.name),
            )
            .at(endpoint.stage_at.clone())
            .suggest(suggestions);
        };
        let whole = format!("/{text}{rest}");
        let mut near: Vec<(usize, &Stage)> =
            api.stages.iter().filter_map(|stage| Some((stage_distance(&stage.name, text)?, stage))).collect();
        near.sort_by_key(|(distance, _)| *distance);
        let typo: Vec<_> = near
            .iter()
            .filter_map(|(_, stage)| {
                let why = if stage.name.eq_ignore_ascii_case(text) {
                    format!("stage names are case-sensitive: it is {}", stage.name)
                } else {
                    format!("the nearest stage is {}", stage.name)
                };
                self.offer(&replaced(self.request, endpoint.stage_at.clone(), &stage.name), why)
            })
            .collect();
        // A catch-all takes any path, so that the whole path would route there says little.
        let (catch_all, missing): (Vec<_>, Vec<_>) = api
            .stages
            .iter()
            .filter_map(|stage| self.with_stage(endpoint, stage, &whole))
            .partition(|suggestion| self.lands_on_a_catch_all(suggestion));
        let others: Vec<_> = api
            .stages
            .iter()
            .filter_map(|stage| {
                self.offer(
                    &replaced(self.request, endpoint.stage_at.clone(), &stage.name),
                    format!("stage {} has this path", stage.name),
                )
            })
            .collect();
        let unknown = || {
            Fault::new(
                Cause::StageUnknown,
                Confidence::Certain,
                format!("the API {} has no stage {text}; {has}", api.name),
            )
            .at(endpoint.stage_at.clone())
        };
        let gone = || {
            Fault::new(
                Cause::StageMissing,
                Confidence::Certain,
                format!(
                    "{text} is no stage of the API {} ({has}), and {whole} routes once a stage stands before it",
                    api.name
                ),
            )
            .at(endpoint.stage_at.clone())
        };
        match (typo.is_empty(), missing.is_empty(), catch_all.is_empty()) {
            (true, false, _) => gone().suggest(missing),
            (_, true, true) => unknown().suggest(typo).suggest(others),
            _ => {
                let mut fault = unknown().suggest(typo).suggest(others).suggest(missing).suggest(catch_all);
                fault.confidence = Confidence::Likely;
                fault.or(Cause::StageMissing, "the whole path routes too once a stage stands before it")
            }
        }
    }

    /// A base URL that ends in a slash, and a path that begins with one.
    fn by_doubled_slash(&self, endpoint: &EndpointAddress<'w>) -> Option<Fault> {
        let path = self.request.url.path();
        let folded = path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
        if endpoint.stage_text.is_some() || folded.is_empty() || !path.starts_with("//") {
            return None;
        }
        let start = self.request.url[..url::Position::BeforePath].len();
        let at = start..start + path.len();
        Some(
            Fault::new(
                Cause::PathEncoding,
                Confidence::Likely,
                "a doubled slash after the host stands where the stage should".to_owned(),
            )
            .at(at.clone())
            .suggest(self.offer(&replaced(self.request, at, &format!("/{folded}")), "with one slash".to_owned()))
            .or(Cause::StageMissing, "the stage is missing too"),
        )
    }

    /// Whether a suggested request reaches a `{proxy+}`.
    fn lands_on_a_catch_all(&self, suggestion: &Suggestion) -> bool {
        let Ok(url) = url::Url::parse(&suggestion.url) else { return true };
        let request =
            Request { method: suggestion.method.clone(), url, headers: self.request.headers.clone(), body: None };
        reaches(self.world, &request).is_none_or(|(_, _, hit)| hit.resource.contains("+}"))
    }

    fn with_stage(&self, endpoint: &EndpointAddress<'w>, stage: &Stage, path: &str) -> Option<Suggestion> {
        let api = endpoint.api?;
        let region = endpoint.region.as_deref().unwrap_or(&self.world.inventory().region);
        // The template's shape where that is the host that was called, else AWS's own.
        let authority = &self.request.url[..url::Position::BeforePath];
        let base = self.world.invoke_url().base(&api.id, region, &stage.name);
        let base =
            if base.starts_with(&format!("{authority}/")) { base } else { format!("{authority}/{}", stage.name) };
        let url = format!("{base}{path}");
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.offer(&format!("{url}{query}"), format!("with the stage {} in front", stage.name))
    }

    fn at_domain(&self, address: &DomainAddress<'w>) -> Expectation<'w> {
        let name = &address.domain.name;
        match &address.route {
            DomainRoute::Reserved => Fault::new(
                Cause::ReservedPath,
                Confidence::Likely,
                format!("{} on {name} is API Gateway's own health check", self.request.url.path()),
            )
            .at(address.path_at.clone())
            .into(),
            DomainRoute::Unmapped => self.unmapped(address).into(),
            DomainRoute::To(target) => {
                let Some(api) = address.api else {
                    return Expectation::Unknown(format!(
                        "{name} leads to the API {}, which is none of the REST APIs that were read",
                        target.api
                    ));
                };
                let Some(stage) = address.stage else {
                    if self.world.inventory().stages_filtered {
                        return Expectation::Unknown(format!("{name} leads to a stage that the filters do not admit"));
                    }
                    let text = target.stage.as_deref();
                    let (cause, evidence) = match text {
                        Some(text) => (
                            Cause::StageUnknown,
                            format!(
                                "{name} leads to the stage {text} of the API {}, which has no such stage",
                                api.name
                            ),
                        ),
                        None => (
                            Cause::StageMissing,
                            format!("{name} leads to the API {} without a stage, so the path must name one", api.name),
                        ),
                    };
                    return Fault::new(cause, Confidence::Certain, evidence).at(address.base_at.clone()).into();
                };
                self.in_stage(api, stage, &address.path_at, Some(address))
            }
        }
    }

    fn unmapped(&self, address: &DomainAddress<'w>) -> Fault {
        let domain = address.domain;
        let path = self.url().get(address.path_at.clone()).unwrap_or("");
        let (catch_all, with_base): (Vec<_>, Vec<_>) =
            self.under_other_bases(address, path).into_iter().partition(|s| self.lands_on_a_catch_all(s));
        let missing = |confidence| {
            Fault::new(
                Cause::BasePathMissing,
                confidence,
                format!("{} maps nothing to {path}, and the path routes under a base path of it", domain.name),
            )
            .at(segment_at(self.url(), &address.path_at, 0))
        };
        if !with_base.is_empty() {
            return missing(Confidence::Certain).suggest(with_base);
        }
        let first = segments(path).next().unwrap_or("");
        let near: Vec<_> = domain
            .mappings
            .iter()
            .filter(|mapping| !first.is_empty() && stage_distance(&mapping.base_path, first).is_some())
            .filter_map(|mapping| {
                let at = segment_at(self.url(), &address.path_at, 0);
                let why = format!("the nearest base path is /{}", mapping.base_path);
                self.offer(&replaced(self.request, at, &mapping.base_path), why)
            })
            .collect();
        if near.is_empty() && !catch_all.is_empty() {
            // Below a catch-all any path routes, so this is one reading of two.
            return missing(Confidence::Likely)
                .suggest(catch_all)
                .or(Cause::DomainUnmapped, "the path belongs to none of the mapped APIs");
        }
        let mapped: Vec<String> = domain.mappings.iter().map(|mapping| format!("/{}", mapping.base_path)).collect();
        let has = if mapped.is_empty() { "nothing".to_owned() } else { mapped.join(", ") };
        Fault::new(
            Cause::DomainUnmapped,
            Confidence::Certain,
            format!("{} has no mapping or rule for {path}; it maps {has}", domain.name),
        )
        .at(segment_at(self.url(), &address.path_at, 0))
        .suggest(near)
    }

    /// The request with each of the domain's base paths in front, where that reaches a method.
    fn under_other_bases(&self, address: &DomainAddress<'w>, path: &str) -> Vec<Suggestion> {
        let at = address.base_at.start..address.path_at.end;
        address
            .domain
            .mappings
            .iter()
            .filter(|mapping| !mapping.base_path.is_empty())
            .filter_map(|mapping| {
                let url = replaced(self.request, at.clone(), &format!("/{}{path}", mapping.base_path));
                self.offer(&url, format!("under the base path /{}", mapping.base_path))
            })
            .collect()
    }

    /// The request reaches an existing stage: does its deployment have the method?
    fn in_stage(
        &self,
        api: &'w Api,
        stage: &'w Stage,
        path_at: &Range<usize>,
        domain: Option<&DomainAddress<'w>>,
    ) -> Expectation<'w> {
        let Some(deployment_id) = stage.deployment.as_deref() else {
            return Fault::new(
                Cause::NotDeployed,
                Confidence::Certain,
                format!("the stage {} of the API {} has no deployment", stage.name, api.name),
            )
            .into();
        };
        let Some((deployment, router)) = api.deployments.get(deployment_id).zip(self.world.router(api, deployment_id))
        else {
            return Expectation::Unknown(format!(
                "the deployment {deployment_id} of the stage {} could not be read",
                stage.name
            ));
        };
        let path = self.url().get(path_at.clone()).unwrap_or("");
        if let Some(over) = self.request.header("x-http-method-override")
            && let Some(verb) = Verb::of_request(over)
            && Some(verb) != self.verb
            && router.route(verb, path).is_none()
            && let Some(hit) = self.routes(Some(router), path)
        {
            return Fault::new(
                Cause::MethodOverride,
                Confidence::Likely,
                format!("X-HTTP-Method-Override makes this a {over}, and {} has {} only", hit.resource, hit.verb),
            )
            .into();
        }
        if let Some(hit) = self.routes(Some(router), path)
            && let Some(method) = deployment.tree.method(hit.resource, hit.verb)
        {
            let canary_without = stage.canary.as_ref().filter(|canary| {
                let canary_router = self.world.router(api, &canary.deployment);
                canary_router.is_some() && self.routes(canary_router, path).is_none()
            });
            return Routed { api, stage, hit, method, source: deployment.source, canary_without }.into();
        }
        let place = Place { api, stage, router, path, path_at, source: deployment.source, domain };
        self.no_route(&place).into()
    }

    /// The stage's deployment does not have it. The causes in the order of design.md section 4.
    fn no_route(&self, place: &Place<'w, '_>) -> Fault {
        self.by_routing_rule(place)
            .or_else(|| self.by_repeated_stage(place))
            .or_else(|| self.by_canary(place))
            .or_else(|| self.by_other_stage(place))
            .or_else(|| self.by_edited_tree(place))
            .or_else(|| self.by_verb(place))
            .or_else(|| self.by_other_base(place))
            .unwrap_or_else(|| self.by_path(place))
    }

    fn by_routing_rule(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let address = place.domain?;
        let DomainRoute::To(target) = &address.route else { return None };
        let Via::Rule(rule) = target.via else { return None };
        let mut without = address.domain.clone();
        without.rules.clear();
        without.routing_mode = crate::gateway::RoutingMode::Mappings;
        let DomainRoute::To(mapped) = without.route(self.request) else { return None };
        let api = self.world.api(mapped.api)?;
        let stage = api.stage(mapped.stage.as_deref()?)?;
        let path = self.request.url.path().get(mapped.consumed..)?;
        let hit = self.routes(self.world.stage_router(api, stage), path)?;
        Some(
            Fault::new(
                Cause::RoutingRule,
                Confidence::Certain,
                format!(
                    "the rule {} (priority {}) of {} takes the request to the stage {} of the API {}; by its base path mapping it would reach {} {} of the stage {} of the API {}",
                    rule.id, rule.priority, address.domain.name, place.stage.name, place.api.name, hit.verb, hit.resource, stage.name, api.name
                ),
            )
            .at(address.base_at.clone()),
        )
    }

    fn by_repeated_stage(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let first = segments(place.path).next()?;
        let at = segment_at(self.url(), place.path_at, 0);
        let rest = place.path.get(1 + first.len()..)?;
        let cause = match place.domain {
            Some(_) if place.api.stage(first).is_some() => Cause::StageInDomainPath,
            None if first == place.stage.name => Cause::StageRepeated,
            _ => return None,
        };
        let hit = self.routes(Some(place.router), rest)?;
        let why = match place.domain {
            Some(address) => format!("{} already stands for the stage {}", address.domain.name, place.stage.name),
            None => "the stage once".to_owned(),
        };
        // The slash before the repeated stage goes with it.
        let url = replaced(self.request, at.start - 1..at.end, "");
        Some(
            Fault::new(
                cause,
                sure(place.source),
                format!(
                    "{} is the stage's name again; without it the path reaches {} {}",
                    first, hit.verb, hit.resource
                ),
            )
            .at(at)
            .suggest(self.offer(&url, why)),
        )
    }

    fn by_canary(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let canary = place.stage.canary.as_ref()?;
        let hit = self.routes(self.world.router(place.api, &canary.deployment), place.path)?;
        Some(Fault::new(
            Cause::CanarySplit,
            Confidence::Certain,
            format!(
                "only the canary of the stage {} (deployment {}, {} % of the traffic) has {} {}",
                place.stage.name, canary.deployment, canary.percent, hit.verb, hit.resource
            ),
        ))
    }

    fn by_other_stage(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let mut found: Vec<(&Stage, Match<'_>)> = place
            .api
            .stages
            .iter()
            .filter(|stage| stage.name != place.stage.name)
            .filter_map(|stage| Some((stage, self.routes(self.world.stage_router(place.api, stage), place.path)?)))
            .filter(|(_, hit)| self.tells_more(place, hit))
            .collect();
        // A stage that has the very resource tells more than one that catches everything.
        found.sort_by_key(|(_, hit)| hit.resource.contains("+}"));
        let (stage, hit) = found.first()?;
        let names = found.iter().map(|(stage, _)| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let cause = if place.domain.is_some() { Cause::DomainWrongStage } else { Cause::OtherStage };
        let region = &self.world.inventory().region;
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let suggestions: Vec<_> = found
            .iter()
            .filter_map(|(stage, _)| {
                let base = self.world.invoke_url().base(&place.api.id, region, &stage.name);
                self.offer(&format!("{base}{}{query}", place.path), format!("the stage {} has it", stage.name))
            })
            .collect();
        let mut fault = Fault::new(
            cause,
            sure(place.source),
            format!(
                "{} {} is deployed to {names} (deployment {}) and not to {} (deployment {})",
                hit.verb,
                hit.resource,
                stage.deployment.as_deref().unwrap_or("-"),
                place.stage.name,
                place.stage.deployment.as_deref().unwrap_or("-")
            ),
        )
        .suggest(suggestions);
        fault.at = Some(place.domain.map_or_else(
            || place.path_at.clone(),
            |address| {
                if address.base_at.is_empty() { address.path_at.clone() } else { address.base_at.clone() }
            },
        ));
        if self.routes(self.world.edited_router(place.api), place.path).is_some() {
            fault.evidence.push("the edited tree has it too: a new deployment to this stage would bring it".to_owned());
        }
        Some(fault)
    }

    fn by_edited_tree(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let hit = self.routes(self.world.edited_router(place.api), place.path)?;
        self.tells_more(place, &hit).then(|| {
            Fault::new(
                Cause::NotDeployed,
                sure(place.source),
                format!(
                    "{} {} is in the edited tree of the API {} and not in the deployment {} of the stage {}",
                    hit.verb,
                    hit.resource,
                    place.api.name,
                    place.stage.deployment.as_deref().unwrap_or("-"),
                    place.stage.name
                ),
            )
            .at(place.path_at.clone())
        })
    }

    /// Whether another tree's hit says more than a look at this tree would. A catch-all there matches any typo, and a
    /// parameter the typo of a literal, so they say nothing where this tree has the path in another case or one that
    /// is near.
    fn tells_more(&self, place: &Place<'w, '_>, hit: &Match<'_>) -> bool {
        let Some(verb) = self.verb else { return true };
        if !hit.resource.contains('{') {
            return true;
        }
        let catch_all = hit.resource.contains("+}");
        let near = place.router.nearest(verb, place.path, 1);
        // Against a parameter only a typo counts: a segment more or less is another resource.
        let is_near = near.first().is_some_and(|near| catch_all || near.distance < SEGMENT_COST);
        !is_near
            && place.router.in_right_case(verb, place.path).is_none()
            && (!catch_all || place.router.verbs(place.path).is_empty())
    }

    fn by_other_base(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let address = place.domain?;
        // The `(none)` mapping caught what belongs under a base path.
        if !address.base_at.is_empty() {
            return None;
        }
        let mut suggestions = self.under_other_bases(address, place.path);
        suggestions.retain(|suggestion| !self.lands_on_a_catch_all(suggestion));
        (!suggestions.is_empty()).then(|| {
            Fault::new(
                Cause::BasePathMissing,
                sure(place.source),
                format!("the path routes under another base path of {}", address.domain.name),
            )
            .at(segment_at(self.url(), place.path_at, 0))
            .suggest(suggestions)
        })
    }

    fn by_verb(&self, place: &Place<'w, '_>) -> Option<Fault> {
        /// What reads comes first; what deletes comes last, and is never offered as a request to send.
        const ORDER: [Verb; 6] = [Verb::Get, Verb::Head, Verb::Options, Verb::Post, Verb::Put, Verb::Patch];
        let mut verbs = place.router.verbs(place.path);
        verbs.first()?;
        verbs.sort_by_key(|(verb, _)| ORDER.iter().position(|known| known == verb).unwrap_or(ORDER.len()));
        let mut resources: Vec<(&str, Vec<&str>)> = Vec::new();
        for (verb, hit) in &verbs {
            match resources.iter_mut().find(|(resource, _)| *resource == hit.resource) {
                Some((_, names)) => names.push(verb.as_str()),
                None => resources.push((hit.resource, vec![verb.as_str()])),
            }
        }
        let has = resources
            .iter()
            .map(|(resource, names)| format!("{resource} is deployed with {}", names.join(", ")))
            .collect::<Vec<_>>()
            .join("; ");
        let suggestions = verbs.iter().filter(|(verb, _)| *verb != Verb::Delete).filter_map(|(verb, hit)| {
            offer(self.world, self.request, verb.as_str(), self.url(), format!("{} answers to {verb}", hit.resource))
        });
        Some(
            Fault::new(Cause::MethodMismatch, sure(place.source), format!("{has}, and not with {}", self.method()))
                .suggest(suggestions.collect::<Vec<_>>()),
        )
    }

    fn by_path(&self, place: &Place<'w, '_>) -> Fault {
        let deployed = format!("the deployment of the stage {} of the API {}", place.stage.name, place.api.name);
        let sure = sure(place.source);
        let Some(verb) = self.verb else {
            return Fault::new(
                Cause::MethodMismatch,
                sure,
                format!("{} is a verb that no REST API method can have", self.method()),
            );
        };
        let at = |segment| segment_at(self.url(), place.path_at, segment);
        let below = format!("{}/gateprobe", place.path.trim_end_matches('/'));
        let greedy = place.router.route(verb, &below).filter(|hit| {
            hit.resource.contains("+}") && segments(hit.resource).count() == segments(place.path).count() + 1
        });
        if segments(place.path).next().is_none() {
            let mut fault = Fault::new(Cause::RootWithoutMethod, sure, format!("{deployed} has no {verb} on /"))
                .at(place.path_at.clone());
            if let Some(hit) = greedy {
                fault.evidence.push(format!("{} does not match its own parent", hit.resource));
            }
            return fault;
        }
        if let Some(hit) = greedy {
            return Fault::new(
                Cause::ProxyParent,
                sure,
                format!("{} needs at least one more segment, and {} itself has no {verb}", hit.resource, place.path),
            )
            .at(place.path_at.clone())
            .suggest(self.offer(
                &replaced(self.request, place.path_at.clone(), &below),
                "any path below it does; put your own in place of `gateprobe`".to_owned(),
            ));
        }
        if let Some(near) = place.router.in_right_case(verb, place.path) {
            let url = replaced(self.request, place.path_at.clone(), &near.path);
            return Fault::new(
                Cause::PathCase,
                sure,
                format!("paths are case-sensitive: the resource is {}", near.resource),
            )
            .at(at(near.segment))
            .suggest(self.offer(&url, "in the case of the resource".to_owned()));
        }
        if let Some(fault) = self.by_encoding(place, verb) {
            return fault;
        }
        let near = place.router.nearest(verb, place.path, MOST);
        let fault = Fault::new(
            Cause::PathUnknown,
            sure,
            match near.first() {
                Some(near) => {
                    format!("no resource of {deployed} matches {}; the nearest is {}", place.path, near.resource)
                }
                None => format!("no resource of {deployed} matches {}, and none is near", place.path),
            },
        )
        .at(near.first().map_or_else(|| place.path_at.clone(), |near| at(near.segment)));
        fault.suggest(
            near.iter()
                .filter_map(|near| {
                    let url = replaced(self.request, place.path_at.clone(), &near.path);
                    self.offer(&url, format!("the nearest resource is {}", near.resource))
                })
                .collect::<Vec<_>>(),
        )
    }

    /// A doubled slash, or an escape that hides the character that the resource has.
    fn by_encoding(&self, place: &Place<'w, '_>, verb: Verb) -> Option<Fault> {
        let single =
            format!("/{}", segments(place.path).filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/"));
        let decoded = percent_encoding::percent_decode_str(place.path).decode_utf8().ok()?.into_owned();
        let (corrected, what) = [
            (single, "a doubled slash is an empty segment, which meets no resource"),
            (decoded, "an escaped character is not decoded before the path is matched"),
        ]
        .into_iter()
        .find(|(path, _)| path != place.path && place.router.route(verb, path).is_some())?;
        let url = replaced(self.request, place.path_at.clone(), &corrected);
        Some(
            Fault::new(Cause::PathEncoding, Confidence::Likely, what.to_owned())
                .at(place.path_at.clone())
                .suggest(self.offer(&url, "written plainly".to_owned()))
                .or(Cause::PathUnknown, "whether API Gateway folds such paths is not documented"),
        )
    }
}

impl<'w> From<Routed<'w>> for Expectation<'w> {
    fn from(routed: Routed<'w>) -> Self {
        Expectation::Routed(routed)
    }
}

/// Where a request landed that no method of the stage answers.
struct Place<'w, 'r> {
    api: &'w Api,
    stage: &'w Stage,
    router: &'w Router,
    path: &'r str,
    path_at: &'r Range<usize>,
    source: TreeSource,
    domain: Option<&'r DomainAddress<'w>>,
}

/// How far a name is from what was written; `None` when they are not near.
fn stage_distance(name: &str, text: &str) -> Option<usize> {
    if name.eq_ignore_ascii_case(text) {
        return Some(0);
    }
    if name.len() > 128 || text.len() > 128 {
        return None;
    }
    let distance = strsim::osa_distance(name, text);
    (distance * 2 <= name.len().max(text.len())).then_some(distance)
}
