//! What to ask: a probe for every deployed method that can be asked without harm, and a named reason for every other.
//! Pure: data in, data out.

mod doors;
mod path;
mod skip;

use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use doors::{DOMAIN_URL, DomainUrl, DomainUrlError, Door};
pub use skip::SkipReason;

use crate::config::{Config, ContractEntry};
use crate::gateway::{Api, Authorization, Gap, Match, Method, Request, Stage, Verb, World};
use doors::Doors;

/// Everything that a run will send, and what it will not.
#[derive(Debug)]
pub struct Plan {
    /// Every deployed method of every stage, once, with its fate: the first promise holds by this list.
    pub methods: Vec<PlannedMethod>,
    /// The requests.
    pub probes: Vec<Probe>,
    /// Doors that cannot be asked through, and why.
    pub gaps: Vec<Gap>,
}

/// One deployed method of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedMethod {
    /// The API's id.
    pub api: Arc<str>,
    /// The API's name.
    pub api_name: Arc<str>,
    /// The stage's name.
    pub stage: Arc<str>,
    /// The resource's path.
    pub resource: Arc<str>,
    /// The verb as declared, `ANY` included.
    #[serde(rename = "method")]
    pub verb: Verb,
    /// What becomes of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// What becomes of a deployed method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// At least one probe asks for it.
    Probed,
    /// No probe does.
    Skipped(SkipReason),
}

impl Serialize for Fate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Fate::Probed => map.serialize_entry("fate", "probed")?,
            Fate::Skipped(reason) => map.serialize_entry("skipped", reason)?,
        }
        map.end()
    }
}

/// One request, what it is for, and what answer is expected.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What it is for.
    pub subject: Subject,
    /// The way it goes.
    pub door: Door,
    /// The request.
    pub request: Request,
    /// Where the request's values come from.
    pub provenance: Provenance,
    /// What answer is evidence of nothing wrong.
    pub expects: Expects,
    /// The credentials that go along: names of the config's.
    pub credentials: Vec<Arc<str>>,
    /// The id of the API that is asked, or the host: requests are limited by it.
    pub group: Arc<str>,
}

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A deployed method: its index in [`Plan::methods`].
    Method(usize),
    /// A request that callers rely on: its index in the config's contract.
    Contract(usize),
}

/// Where the values of a request come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// The user's contract.
    Contract,
    /// Path parameters from the config.
    Config,
    /// No value was needed.
    Bare,
    /// Made-up path parameters: the backend need not know them.
    Placeholder,
}

/// What answer says that nothing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expects {
    /// The method's own answer: a success, or, for made-up values, any answer of the backend below 500.
    Answer,
    /// A refusal, for no key is configured.
    KeyRefusal,
    /// A refusal, for no token is configured.
    AuthorizerRefusal,
    /// The token message, for the request is not signed. It proves nothing: a missing route says the same.
    IamRefusal,
}

/// Plans a run.
#[must_use]
pub fn plan(world: &World, config: &Config, domain_url: &DomainUrl) -> Plan {
    let mut plan = Plan { methods: Vec::new(), probes: Vec::new(), gaps: Vec::new() };
    let doors = Doors::new(world, config, domain_url, &mut plan.gaps);
    for api in &world.inventory().apis {
        let id: Arc<str> = api.id.as_str().into();
        let name: Arc<str> = api.name.as_str().into();
        for stage in &api.stages {
            let Some(deployment) = api.deployment_of(stage) else { continue };
            let stage_name: Arc<str> = stage.name.as_str().into();
            for (resource, verb, method) in deployment.tree.methods() {
                let target = Target { api, stage, resource, verb, method };
                let subject = Subject::Method(plan.methods.len());
                let before = plan.probes.len();
                let fate = match target.probes(world, config, &doors, subject, &id, &mut plan.probes) {
                    Ok(()) if plan.probes.len() > before => Fate::Probed,
                    Ok(()) => Fate::Skipped(SkipReason::Unreachable),
                    Err(reason) => Fate::Skipped(reason),
                };
                plan.methods.push(PlannedMethod {
                    api: id.clone(),
                    api_name: name.clone(),
                    stage: stage_name.clone(),
                    resource: resource.into(),
                    verb,
                    fate,
                });
            }
        }
    }
    for (index, entry) in config.contract.iter().enumerate() {
        let ContractEntry::Request(wanted) = entry else { continue };
        let request = wanted.request();
        let group = match world.locate(&request).stage() {
            Some((api, _)) => api.id.as_str().into(),
            None => request.url.host_str().unwrap_or("").into(),
        };
        plan.probes.push(Probe {
            subject: Subject::Contract(index),
            door: Door::Contract,
            request,
            provenance: Provenance::Contract,
            expects: Expects::Answer,
            credentials: Vec::new(),
            group,
        });
    }
    plan
}

/// A deployed method that wants a request.
struct Target<'w> {
    api: &'w Api,
    stage: &'w Stage,
    resource: &'w str,
    verb: Verb,
    method: &'w Method,
}

impl Target<'_> {
    fn probes(
        &self,
        world: &World,
        config: &Config,
        doors: &Doors<'_>,
        subject: Subject,
        group: &Arc<str>,
        probes: &mut Vec<Probe>,
    ) -> Result<(), SkipReason> {
        let verb = self.safe_verb().ok_or(SkipReason::UnsafeVerb)?;
        for opening in doors.of(self.api, self.stage)? {
            for fill in path::fillings(self.resource, &config.parameters) {
                let Some(request) = opening.request(verb, &fill.path) else { continue };
                if !self.is_reached_by(world, &request) {
                    continue;
                }
                probes.push(Probe {
                    subject,
                    door: opening.door.clone(),
                    request,
                    provenance: fill.provenance,
                    expects: self.expects(),
                    credentials: self.credentials(config),
                    group: group.clone(),
                });
                break;
            }
        }
        Ok(())
    }

    /// The credentials of the first rule that is about this API by name.
    fn credentials(&self, config: &Config) -> Vec<Arc<str>> {
        let rule = config.authenticate.iter().find(|rule| rule.methods.api.as_ref() == Some(&self.api.name));
        rule.map_or_else(Vec::new, |rule| rule.with.iter().map(|name| name.as_str().into()).collect())
    }

    /// The verb to ask with: the method's own if it is safe; for `ANY` the first safe one that the resource does not
    /// declare itself.
    fn safe_verb(&self) -> Option<Verb> {
        if self.verb != Verb::Any {
            return self.verb.is_safe().then_some(self.verb);
        }
        let declared = self.api.deployment_of(self.stage)?.tree.0.get(self.resource)?;
        Verb::SAFE.into_iter().find(|verb| !declared.contains_key(verb))
    }

    /// Whether the model says that the request reaches exactly this method: a placeholder may meet a literal sibling,
    /// and a longer base path of a domain may take the request elsewhere.
    fn is_reached_by(&self, world: &World, request: &Request) -> bool {
        let address = world.locate(request);
        let Some((api, stage)) = address.stage() else { return false };
        let path = address.path_at().and_then(|at| request.url.as_str().get(at)).unwrap_or("");
        let hit = Verb::of_request(&request.method)
            .and_then(|verb| world.stage_router(self.api, self.stage)?.route(verb, path));
        (api.id.as_str(), stage.name.as_str()) == (&*self.api.id, &*self.stage.name)
            && hit == Some(Match { resource: self.resource, verb: self.verb })
    }

    fn expects(&self) -> Expects {
        // The authorizer is asked before the key (facts B15), IAM before both.
        match self.method.authorization {
            Some(Authorization::AwsIam) => Expects::IamRefusal,
            Some(Authorization::Custom | Authorization::CognitoUserPools) => Expects::AuthorizerRefusal,
            _ if self.method.api_key_required => Expects::KeyRefusal,
            _ => Expects::Answer,
        }
    }
}

#[cfg(test)]
mod tests;
