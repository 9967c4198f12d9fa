//! What the model says of a request before its answer is looked at: which method it reaches, or why none.

mod deployment;
mod domain;
mod endpoint;
mod path;
mod reading;

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use path::Respelt;
use reading::{Grade, Reading, best_of, takes_anything};

use super::suggest::{MOST, offer, offer_without, reaches};
use super::{Alternative, Cause, Confidence, StepName, Suggestion};
use crate::gateway::{
    Address, Api, Canary, DEFAULT_ROUTE, DomainAddress, Match, Method, Near, Protocol, Request, Router, Stage,
    TreeSource, Verb, World,
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
    /// Whether the stage has a canary whose deployment was not read.
    pub canary_unread: bool,
    /// The request's own method, where it is not in the deployment and this one takes the request.
    pub taken: Option<Taken>,
}

/// A request whose own method is not in the deployment, and which another method takes.
#[derive(Debug)]
pub(super) struct Taken {
    /// [`Cause::Removed`] or [`Cause::Shadowed`].
    pub cause: Cause,
    pub confidence: Confidence,
    pub evidence: String,
}

/// How a request is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meant {
    /// Whether it is meant for the method of its verb and path, wherever that is, and not just for the deployed one that it
    /// reaches, which nothing can shadow.
    pub by_its_url: bool,
    /// Whether the switch of the default endpoint counts: it takes effect with a deployment only.
    pub switch_counts: bool,
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
    /// What says that the stage's canary has the method, whatever the cause is.
    pub canary: Option<(Confidence, String)>,
}

impl Fault {
    fn new(cause: Cause, confidence: Confidence, evidence: String) -> Self {
        let (suggestions, alternatives) = (vec![], vec![]);
        Fault { cause, confidence, at: None, evidence: vec![evidence], suggestions, alternatives, canary: None }
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
pub(super) fn predict<'w>(world: &'w World, request: &Request, address: &Address<'w>, meant: Meant) -> Expectation<'w> {
    let question = Question { world, request, verb: Verb::of_request(&request.method), meant, offered: Cell::new(0) };
    match address {
        Address::Elsewhere => Expectation::Unknown(format!(
            "{} is neither a default endpoint nor a custom domain that was read",
            request.url.host_str().unwrap_or("the URL")
        )),
        Address::Endpoint(endpoint) => question.at_endpoint(endpoint),
        Address::Domain(domain) => question.at_domain(domain),
    }
}

#[derive(Clone)]
struct Question<'w, 'r> {
    world: &'w World,
    request: &'r Request,
    verb: Option<Verb>,
    meant: Meant,
    /// How many corrected requests were looked at.
    offered: Cell<usize>,
}

/// So many corrected requests are looked at: more than a domain has mappings (200) or an API stages (10) unless AWS was
/// asked for more. Each costs as much as the request is long, so that all of a huge account would be slow.
const MOST_OFFERED: usize = 1000;

/// How sure a statement about a tree can be.
pub(super) fn sure(source: TreeSource) -> Confidence {
    match source {
        TreeSource::ApiSummary => Confidence::Certain,
        TreeSource::Export => Confidence::Likely,
        TreeSource::Edited => Confidence::Possible,
    }
}

impl<'w> Question<'w, '_> {
    /// Where something of this place could not be read, what follows from its absence is not known.
    fn unread(&self, of: impl Fn(&str) -> bool) -> Option<Expectation<'w>> {
        let gap = self.world.inventory().gaps.iter().find(|gap| of(&gap.place))?;
        Some(Expectation::Unknown(format!("{}: {}", gap.place, gap.reason)))
    }

    fn url(&self) -> &str {
        self.request.url.as_str()
    }

    fn method(&self) -> &str {
        &self.request.method
    }

    fn offer(&self, url: &str, why: String) -> Option<Suggestion> {
        if self.offered.replace(self.offered.get() + 1) >= MOST_OFFERED {
            return None;
        }
        offer(self.world, self.request, self.method(), url, why)
    }

    fn routes(&self, router: Option<&'w Router>, path: &str) -> Option<Match<'w>> {
        router?.route(self.verb?, path)
    }

    /// Whether a suggested request reaches a method that takes anything.
    fn lands_by_pattern(&self, suggestion: &Suggestion) -> bool {
        let Ok(url) = url::Url::parse(&suggestion.url) else { return true };
        let request =
            Request { method: suggestion.method.clone(), url, headers: self.request.headers.clone(), body: None };
        reaches(self.world, &request).is_none_or(|(_, _, hit)| takes_anything(hit.resource))
    }

    /// The request reaches an existing stage: does its deployment have the method?
    fn in_stage(
        &self,
        api: &'w Api,
        stage: &'w Stage,
        path_at: &Range<usize>,
        domain: Option<&DomainAddress<'w>>,
    ) -> Expectation<'w> {
        if api.protocol == Protocol::WebSocket {
            return Expectation::Unknown(format!(
                "the API {} is a WebSocket API, whose routes are of messages",
                api.name
            ));
        }
        let Some(deployment_id) = stage.serving() else {
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
        if self.verb.is_none() && deployment.tree.0.contains_key(DEFAULT_ROUTE) {
            return Expectation::Unknown(format!("whether {DEFAULT_ROUTE} takes {} is not known", self.method()));
        }
        // A REST API routes by the overriding verb (DG:api-gateway-known-issues).
        let over = self.request.header("x-http-method-override").filter(|_| api.protocol == Protocol::Rest);
        let over = over.and_then(Verb::of_request);
        let routed_by = Question { verb: over.or(self.verb), ..self.clone() };
        if let Some(hit) = routed_by.routes(Some(router), path)
            && let Some(method) = deployment.tree.method(hit.resource, hit.verb)
        {
            let canary_unread =
                stage.split().is_some_and(|canary| self.world.router(api, &canary.deployment).is_none());
            let canary_without = stage.split().filter(|canary| {
                let canary_router = self.world.router(api, &canary.deployment);
                canary_router.is_some() && routed_by.routes(canary_router, path).is_none()
            });
            let source = deployment.source;
            let taken = self.meant.by_its_url.then(|| routed_by.taken(api, stage, path, &hit, source)).flatten();
            return Routed { api, stage, hit, method, source, canary_without, canary_unread, taken }.into();
        }
        if let Some(over) = over
            && let Some(hit) = self.routes(Some(router), path)
        {
            let without = ["x-http-method-override"];
            let why = format!("{} {} answers", hit.verb, hit.resource);
            return Fault::new(
                Cause::MethodOverride,
                Confidence::Likely,
                format!("X-HTTP-Method-Override makes this a {over}, which {} does not have", hit.resource),
            )
            .suggest(offer_without(self.world, self.request, &without, why))
            .into();
        }
        let place = Place {
            api,
            stage,
            router,
            path,
            path_at,
            source: deployment.source,
            domain,
            near: OnceCell::new(),
            right_case: OnceCell::new(),
            respelt: OnceCell::new(),
            fragment: self.request.url.fragment(),
        };
        self.no_route(&place).into()
    }

    /// The stage's deployment does not have it: every reading of the request, in the order of design.md section 4.
    fn no_route(&self, place: &Place<'w, '_>) -> Fault {
        let (cut_off, respelt) = match self.by_encoding(place) {
            Some(reading) if reading.grade == Grade::Named => (Some(reading), None),
            respelt => (None, respelt),
        };
        let mut readings: Vec<Reading> =
            [self.by_routing_rule(place), cut_off, self.by_repeated_stage(place)].into_iter().flatten().collect();
        readings.extend(self.elsewhere(place));
        let canary = readings.iter().find(|reading| reading.fault.cause == Cause::CanarySplit);
        let canary = canary.and_then(|Reading { fault, .. }| Some((fault.confidence, fault.evidence.first()?.clone())));
        readings.extend(
            [
                self.by_verb(place),
                self.by_other_base(place),
                self.by_missing_stage(place),
                self.by_stage_typo(place),
                self.by_proxy_parent(place),
                self.by_case(place),
                respelt,
                self.by_nearness(place),
            ]
            .into_iter()
            .flatten(),
        );
        self.unless_elsewhere(place, Fault { canary, ..best_of(readings, self.by_absence(place)) })
    }

    /// Where else the method may be, if what was not read has it.
    fn unless_elsewhere(&self, place: &Place<'w, '_>, mut fault: Fault) -> Fault {
        if fault.cause.about().step > Some(StepName::Method) || fault.cause.about().step < Some(StepName::Path) {
            return fault;
        }
        let mut may = Vec::new();
        if let Some(canary) = place.stage.split()
            && self.world.router(place.api, &canary.deployment).is_none()
        {
            may.push((Cause::CanarySplit, format!("the deployment {} of the canary was not read", canary.deployment)));
        }
        let unread = |stage: &&Stage| stage.serving().is_some() && self.world.stage_router(place.api, stage).is_none();
        if let Some(stage) = place.api.stages.iter().find(unread) {
            let cause = if place.domain.is_some() { Cause::DomainWrongStage } else { Cause::OtherStage };
            may.push((cause, format!("what the stage {} serves was not read", stage.name)));
        }
        if place.api.edited.is_none() {
            may.push((Cause::NotDeployed, "the edited tree was not read".to_owned()));
        }
        for (cause, tell) in may {
            fault.confidence = fault.confidence.min(Confidence::Likely);
            if !fault.alternatives.iter().any(|known| known.cause == cause) {
                fault.alternatives.push(Alternative { cause, tell });
            }
        }
        fault
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
    /// What is near is asked for more than once, and dear.
    near: OnceCell<Vec<Near<'w>>>,
    right_case: OnceCell<Option<Near<'w>>>,
    respelt: OnceCell<Option<Respelt>>,
    /// What stands behind a `#` in the URL, which is never sent.
    fragment: Option<&'r str>,
}

impl<'w> Place<'w, '_> {
    /// The nearest paths that route, the nearest first.
    fn near(&self, verb: Verb) -> &[Near<'w>] {
        self.near.get_or_init(|| self.router.nearest(verb, self.path, MOST))
    }

    fn in_right_case(&self, verb: Verb) -> Option<&Near<'w>> {
        self.right_case.get_or_init(|| self.router.in_right_case(verb, self.path)).as_ref()
    }
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
