//! Requests that callers rely on: those written out, and the operations of OpenAPI documents, deployed or not.

use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use url::Url;

use super::ask::Values;
use super::doors::{Door, Opening};
use super::path::is_plain;
use super::refusal::on_path;
use super::{Expects, Known, Plan, Probe, Provenance, RefusalKind, Shown, Subject, control};
use crate::config::{ContractDocument, ContractEntry};
use crate::gateway::{Api, Authorization, Gap, Method, Protocol, Request, Segment, Stage, Verb, segments};
use crate::openapi;

/// How the gap of a document begins whose stages were not read.
pub const NO_STAGE_FITS: &str = "no stage that was read fits";

/// Plans every entry of the contract.
pub(super) fn contract(known: &Known<'_>, plan: &mut Plan) {
    for (index, entry) in known.config.contract.iter().enumerate() {
        match entry {
            ContractEntry::Request(wanted) => {
                let request = wanted.request();
                let stage = known.world.locate(&request).stage().map(|(api, stage)| place(api, stage));
                let group = group(stage.as_ref(), &request);
                plan.probes.push(Probe {
                    subject: Subject::Contract(index),
                    stage,
                    door: Door::Contract,
                    request,
                    provenance: Provenance::Contract,
                    made_up: Vec::new(),
                    expects: Expects::Answer,
                    check: None,
                    refusal: Vec::new(),
                    authorizer: None,
                    credentials: Vec::new(),
                    group,
                });
            }
            ContractEntry::Document(document) => operations(known, plan, index, document),
        }
    }
}

fn place(api: &Api, stage: &Stage) -> (Arc<str>, Arc<str>) {
    (api.id.as_str().into(), stage.name.as_str().into())
}

fn group(stage: Option<&(Arc<str>, Arc<str>)>, request: &Request) -> Arc<str> {
    stage.map_or_else(|| request.url.host_str().unwrap_or("").into(), |(api, _)| api.clone())
}

/// Where a document's paths begin.
enum Start {
    Base(Url),
    Opening(Opening),
}

impl Start {
    fn request(&self, verb: Verb, path: &str) -> Option<Request> {
        match self {
            Start::Opening(opening) => opening.request(verb, path),
            Start::Base(base) => {
                let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
                Some(Request::new(verb.as_str(), Url::parse(&url).ok()?))
            }
        }
    }
}

/// Every operation of a document, on every stage that is to have it.
fn operations(known: &Known<'_>, plan: &mut Plan, index: usize, document: &ContractDocument) {
    let named = format!("contract entry {}", index + 1);
    let gap = |plan: &mut Plan, reason: String| plan.gaps.push(Gap { place: named.clone(), reason });
    let Some(value) = document.document() else {
        return gap(plan, "its OpenAPI document was not read".to_owned());
    };
    let tree = match openapi::read(value) {
        Ok(tree) => tree,
        Err(error) => return gap(plan, error.to_string()),
    };
    let starts = match &document.base {
        Some(base) => vec![Start::Base(base.clone())],
        None => stages(known, document, |reason| gap(plan, reason)),
    };
    if starts.is_empty() {
        return gap(plan, format!("{NO_STAGE_FITS} its `api` and `stages`: none of its operations was asked"));
    }
    for start in &starts {
        for (path, verb, method) in tree.methods() {
            // An operation for any verb names none that callers use.
            let sent = if verb == Verb::Any { Verb::Get } else { verb };
            if let Some(told) = operation(known, plan, index, document, start, path, sent, method) {
                gap(plan, told);
            }
        }
    }
}

/// The first door of each stage that a document is about.
fn stages(known: &Known<'_>, document: &ContractDocument, mut gap: impl FnMut(String)) -> Vec<Start> {
    let glob = |text: &str| -> Option<GlobMatcher> {
        let glob = GlobBuilder::new(text).literal_separator(false).build().ok()?;
        Some(glob.compile_matcher())
    };
    let api_glob = document.api.as_deref().and_then(glob);
    let stage_globs: Vec<GlobMatcher> = document.stages.iter().filter_map(|text| glob(text)).collect();
    let mut starts = Vec::new();
    for api in known.world.inventory().apis.iter().filter(|api| api.protocol != Protocol::WebSocket) {
        if !api_glob.as_ref().is_some_and(|glob| glob.is_match(&api.id) || glob.is_match(&api.name)) {
            continue;
        }
        for stage in &api.stages {
            if !stage_globs.is_empty() && !stage_globs.iter().any(|glob| glob.is_match(&stage.name)) {
                continue;
            }
            match known.doors.of(api, stage) {
                Ok(openings) => starts.extend(openings.into_iter().next().map(Start::Opening)),
                Err(reason) => gap(format!("stage {} of {}: {}", stage.name, api.name, reason.means())),
            }
        }
    }
    starts
}

/// One operation on one stage. Returns what is to be told where it cannot be asked.
#[allow(clippy::too_many_arguments, reason = "the pieces of one request, used once")]
fn operation(
    known: &Known<'_>,
    plan: &mut Plan,
    index: usize,
    document: &ContractDocument,
    start: &Start,
    path: &str,
    verb: Verb,
    method: &Method,
) -> Option<String> {
    let values = Values {
        known: None,
        parameters: &known.config.parameters,
        interface: method.interface.as_deref(),
        with_body: false,
    };
    let fillings = if verb.is_safe() { values.paths(path) } else { values.plain_paths(path) };
    let mut candidates = fillings.into_iter().filter_map(|filling| {
        let request = start.request(verb, &filling.path)?;
        let reached = Reached::of(known, &request);
        Some((filling, request, reached))
    });
    // A value may meet a literal sibling: the first that reaches a method of the operation's own shape is taken.
    let first = candidates.next()?;
    let (filling, mut request, reached) = if first.2.is_own(path, verb) {
        first
    } else {
        candidates.find(|(_, _, reached)| reached.is_own(path, verb)).unwrap_or(first)
    };
    let Reached { stage, unread, hit, routed } = &reached;
    let stage = stage.as_ref().map(|(api, stage)| place(api, stage));
    let group = group(stage.as_ref(), &request);
    if verb.is_safe() {
        if let Some(reason) = known.unreadable(&document.with) {
            return Some(format!("{verb} {path} was not asked: {reason}"));
        }
        let provenance = match values.dress(&mut request, filling.provenance) {
            Provenance::Bare => Provenance::Contract,
            other => other,
        };
        let elsewhere = hit.as_ref().filter(|_| !reached.is_own(path, verb)).map(|(_, stage, resource, declared)| {
            format!("{verb} {path} is not deployed to stage {}, and {declared} {resource} takes it", stage.name)
        });
        let demands = hit
            .as_ref()
            .and_then(|(api, stage, resource, declared)| api.deployment_of(stage)?.tree.method(resource, *declared));
        plan.probes.push(Probe {
            subject: Subject::Contract(index),
            stage,
            door: Door::Contract,
            request,
            provenance,
            made_up: values.made_up(path),
            expects: expects(demands.unwrap_or(method), Shown::new(known.config, &document.with)),
            check: None,
            refusal: Vec::new(),
            authorizer: None,
            credentials: document.with.iter().map(|name| name.as_str().into()).collect(),
            group,
        });
        return elsewhere;
    }
    // Its own method is deployed: what becomes of that is planned with the others.
    if reached.is_own(path, verb) {
        return None;
    }
    if *unread {
        return Some(format!("{verb} {path} was not asked: what the stage serves could not be read"));
    }
    let Some((api, stage)) = reached.stage else {
        return Some(format!("{verb} {path} was not sent: its URL leads to no stage that was read"));
    };
    if let Some((_, _, resource, declared)) = hit {
        return Some(format!(
            "{verb} {path} is not deployed to stage {} ({}), and {declared} {resource} would take it: it was not sent",
            stage.name, api.name
        ));
    }
    // Only a door that was made from what was read leads where the model says.
    if matches!(start, Start::Base(_)) {
        return Some(format!("{verb} {path} is not deployed to stage {} ({}): it was not sent", stage.name, api.name));
    }
    if !is_plain(routed) {
        return Some(format!("{verb} {path} was not sent: how API Gateway routes an escaped path is not sure"));
    }
    // The other deployment of a canary may have it already.
    let kinds = on_path(known.world, api, stage, verb, routed, vec![RefusalKind::NoRoute]);
    if kinds.is_empty() {
        return Some(format!("{verb} {path} was not sent: stage {} has a canary that takes it", stage.name));
    }
    if let Some(control) = control(known.world, api, stage, known.doors) {
        plan.controls.entry(place(api, stage)).or_insert(control);
    }
    plan.refusals.push(Probe {
        subject: Subject::Contract(index),
        stage: Some(place(api, stage)),
        door: Door::Contract,
        request,
        provenance: Provenance::Refusal,
        made_up: Vec::new(),
        expects: Expects::Refusal,
        check: None,
        refusal: kinds,
        authorizer: None,
        credentials: Vec::new(),
        group,
    });
    None
}

/// Where a request leads, by the model.
struct Reached<'w> {
    stage: Option<(&'w Api, &'w Stage)>,
    /// Whether what the stage serves is not known: that nothing is found there says nothing.
    unread: bool,
    hit: Option<(&'w Api, &'w Stage, String, Verb)>,
    /// The path that the stage sees.
    routed: String,
}

impl<'w> Reached<'w> {
    fn of(known: &Known<'w>, request: &Request) -> Self {
        let address = known.world.locate(request);
        let path = address.path_at().and_then(|at| request.url.as_str().get(at)).unwrap_or("").to_owned();
        let stage = address.stage();
        let router = stage.and_then(|(api, stage)| known.world.stage_router(api, stage));
        let hit = stage.zip(router).and_then(|((api, stage), router)| {
            let hit = router.route(Verb::of_request(&request.method)?, &path)?;
            Some((api, stage, hit.resource.to_owned(), hit.verb))
        });
        Self { stage, unread: router.is_none(), hit, routed: path }
    }

    /// Whether the method that it reaches is the operation's own: of the same shape, whatever its parameters are called;
    /// a base of the user's may stand for its first segments.
    fn is_own(&self, path: &str, verb: Verb) -> bool {
        self.hit.as_ref().is_some_and(|(_, _, resource, declared)| {
            (*declared == verb || *declared == Verb::Any) && shape(resource).ends_with(&shape(path))
        })
    }
}

/// A resource's path without the names of its parameters.
fn shape(path: &str) -> Vec<String> {
    segments(path)
        .map(|segment| match Segment::parse(segment) {
            Segment::Literal(text) => text.to_owned(),
            Segment::Parameter(_) => "{}".to_owned(),
            Segment::Greedy(_) => "{+}".to_owned(),
        })
        .collect()
}

/// What a safe request for this method is answered with.
pub(super) fn expects(method: &Method, shown: Shown) -> Expects {
    // The authorizer is asked before the key (facts B15), IAM before both.
    match method.authorization {
        Some(Authorization::Custom | Authorization::CognitoUserPools | Authorization::Jwt) if !shown.token => {
            Expects::AuthorizerRefusal
        }
        _ if method.api_key_required && !shown.key => Expects::KeyRefusal,
        _ => Expects::Answer,
    }
}
