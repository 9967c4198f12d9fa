//! Methods that a deployment took away: asked for a while, for somebody may still call them.

use std::sync::Arc;

use super::ask::Values;
use super::doors::{DomainUrl, Doors};
use super::{Expects, Plan, Probe, Subject};
use crate::config::{Config, MethodKey};
use crate::gateway::{Deployment, KnownStage, Protocol, RemovedMethod, TreeSource, Verb, World, rank};

/// A method that its stage had, that had answered, and that is not deployed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The API's id.
    pub api: Arc<str>,
    /// The API's name.
    pub api_name: Arc<str>,
    /// The stage's name.
    pub stage: Arc<str>,
    /// The resource's path.
    pub resource: Arc<str>,
    /// The verb as it was declared.
    pub verb: Verb,
    /// What is remembered of it.
    pub removed: RemovedMethod,
    /// Whether a request asks for it. One whose verb may change something is known to be gone without asking.
    pub asked: bool,
    /// The reason of the user's `ignore` that holds for it.
    pub ignored: Option<Arc<str>>,
}

impl Plan {
    /// Adds what was taken away from stages that are still there: a request for each method whose verb changes nothing,
    /// and the name alone for each other one. Where a method just as specific takes the request, as `ANY` of the same
    /// resource or a parameter by another name, nobody misses it.
    pub fn ask_for_removed<'k>(
        &mut self,
        world: &World,
        config: &Config,
        domain_url: &DomainUrl,
        stages: impl IntoIterator<Item = &'k KnownStage>,
    ) {
        // The domains' gaps are in the plan already.
        let doors = Doors::new(world, config, domain_url, &mut Vec::new());
        // A rule that cannot be read is a gap of the plan already.
        let rules = config.rules().unwrap_or_default();
        let values = Values { known: None, parameters: &config.parameters, interface: None, with_body: false };
        for known in stages {
            let Some(api) = world.api(&known.api) else { continue };
            let Some(stage) = api.stage(&known.stage) else { continue };
            // What cannot be told apart from what was not read is not said to be gone. An HTTP API has no summaries, and AWS's
            // own export of its stage is of what is deployed there; some emulators' is of the editor.
            let exports = api.protocol == Protocol::Http && world.invoke_url().is_awss_own();
            let is_served = |deployment: &&Deployment| {
                deployment.source.is_snapshot() || exports && deployment.source == TreeSource::Export
            };
            let Some(deployment) = api.deployment_of(stage).filter(is_served) else { continue };
            let (router, protocol) = (world.stage_router(api, stage), api.protocol);
            let opening = doors.of(api, stage).ok().and_then(|openings| openings.into_iter().next());
            for (resource, verb, removed) in known
                .removed
                .iter()
                .flat_map(|(resource, methods)| methods.iter().map(move |(verb, removed)| (resource, *verb, removed)))
            {
                if deployment.tree.method(resource, verb).is_some() {
                    continue;
                }
                let sent = if verb == Verb::Any { Verb::Get } else { verb };
                let filling = values.paths(resource).into_iter().next();
                let own = rank(protocol, resource, verb);
                let taken_by = filling.as_ref().and_then(|filling| router?.route(sent, &filling.path));
                if taken_by.is_some_and(|by| by.resource == resource || rank(protocol, by.resource, by.verb) <= own) {
                    continue;
                }
                // Nor is one whose verb may change something, and that something else serves: whether well is not asked.
                if taken_by.is_some() && !sent.is_safe() {
                    continue;
                }
                let key =
                    MethodKey { api_id: &api.id, api_name: &api.name, stage: &stage.name, resource, declared: verb };
                let ignore = rules.ignored(&key, sent, world.inventory().read_at);
                if ignore.is_some_and(|rule| !rule.probe) {
                    continue;
                }
                let asked = opening.as_ref().zip(filling).filter(|_| sent.is_safe());
                let request = asked.and_then(|(opening, filling)| {
                    Some((
                        opening.request(sent, &filling.path)?,
                        filling.provenance,
                        opening.door.clone(),
                        values.made_up(resource),
                    ))
                });
                let subject = Subject::Removed(self.removed.len());
                self.removed.push(Missing {
                    api: known.api.as_str().into(),
                    api_name: api.name.as_str().into(),
                    stage: known.stage.as_str().into(),
                    resource: resource.as_str().into(),
                    verb,
                    removed: removed.clone(),
                    asked: request.is_some(),
                    ignored: ignore.map(|rule| rule.reason.as_str().into()),
                });
                let Some((request, provenance, door, made_up)) = request else { continue };
                self.probes.push(Probe {
                    subject,
                    stage: Some((known.api.as_str().into(), known.stage.as_str().into())),
                    door,
                    request,
                    provenance,
                    made_up,
                    expects: Expects::Answer,
                    check: None,
                    refusal: Vec::new(),
                    authorizer: None,
                    credentials: Vec::new(),
                    group: known.api.as_str().into(),
                });
            }
        }
    }
}

#[cfg(test)]
#[path = "removed_tests.rs"]
mod tests;
