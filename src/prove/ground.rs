//! The proving ground's APIs, and the guard that nothing else is asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::gateway::{Address, Api, Domain, EndpointType, Protocol, Request, Stage, Verb, World, overrides_verb};

/// The path of the method `GET` that every API of the proving ground has, and by which it is known beside its name.
pub const MARKER: &str = "/proving-ground";

/// What an API of the proving ground is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Routes, stages and deployments.
    Trees,
    /// What is checked before an integration, and integrations that fail.
    Checks,
    /// A resource policy.
    Policy,
    /// The default endpoint switched off.
    Closed,
    /// Edge-optimised.
    Edge,
    /// An HTTP API with the stage `$default`.
    Http,
    /// An HTTP API with a named stage alone, which does not deploy by itself.
    HttpNamed,
    /// An HTTP API with the default endpoint switched off.
    HttpClosed,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 8] = [
        Role::Trees,
        Role::Checks,
        Role::Policy,
        Role::Closed,
        Role::Edge,
        Role::Http,
        Role::HttpNamed,
        Role::HttpClosed,
    ];

    /// What its name ends with, behind the stack's.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Role::Trees => "trees",
            Role::Checks => "checks",
            Role::Policy => "policy",
            Role::Closed => "closed",
            Role::Edge => "edge",
            Role::Http => "http",
            Role::HttpNamed => "http-named",
            Role::HttpClosed => "http-closed",
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Role::Http | Role::HttpNamed | Role::HttpClosed => Protocol::Http,
            _ => Protocol::Rest,
        }
    }
}

/// Why there is no proving ground.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroundError {
    /// There is nothing.
    #[error(
        "no API in {region} is named {stack}-trees, {stack}-checks and so on: deploy infra/proving-ground.yaml there as a stack of this name, or name another with --stack"
    )]
    Nothing {
        /// The stack that was looked for.
        stack: String,
        /// The region.
        region: String,
    },
    /// Two APIs have the same name.
    #[error(
        "two APIs are named {name}, and only one can be the proving ground's: delete the other, or deploy under another stack name"
    )]
    Twice {
        /// The name.
        name: String,
    },
    /// An API has the name and is none.
    #[error(
        "API {id} is named {name}, and is not the proving ground's ({why}): it is not asked; deploy infra/proving-ground.yaml under a stack name of its own"
    )]
    Foreign {
        /// The API's id.
        id: String,
        /// Its name.
        name: String,
        /// What it lacks.
        why: String,
    },
}

/// Why a request is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It leads somewhere else.
    #[error("the URL leads to none of the proving ground's APIs")]
    Elsewhere,
    /// Its verb may change something.
    #[error("{0} may change something, and not every method of that verb is known to be a mock")]
    Unsafe(String),
}

/// The APIs that may be asked.
#[derive(Debug)]
pub struct Ground<'w> {
    world: &'w World,
    apis: BTreeMap<Role, &'w Api>,
    domain: Option<&'w Domain>,
}

impl<'w> Ground<'w> {
    /// Finds the APIs of a stack.
    ///
    /// # Errors
    /// [`GroundError`], where there are none, or where one of the names is somebody else's: then nothing at all is asked.
    pub fn find(world: &'w World, stack: &str) -> Result<Self, GroundError> {
        let mut apis = BTreeMap::new();
        for role in Role::ALL {
            let name = format!("{stack}-{}", role.suffix());
            let mut named = world.inventory().apis.iter().filter(|api| api.name == name);
            let Some(api) = named.next() else { continue };
            if named.next().is_some() {
                return Err(GroundError::Twice { name });
            }
            if let Some(why) = lacks(api, role) {
                return Err(GroundError::Foreign { id: api.id.clone(), name, why });
            }
            apis.insert(role, api);
        }
        if apis.is_empty() {
            let region = world.inventory().region.clone();
            return Err(GroundError::Nothing { stack: stack.to_owned(), region });
        }
        let domain = apis.get(&Role::Trees).and_then(|trees| {
            let bases = BTreeSet::from(["mapped", "anystage"]);
            let ours = |domain: &&Domain| {
                domain.rules.is_empty()
                    && domain.mappings.iter().all(|mapping| mapping.api == trees.id)
                    && domain.mappings.iter().map(|mapping| mapping.base_path.as_str()).collect::<BTreeSet<_>>()
                        == bases
            };
            world.inventory().domains.iter().find(ours)
        });
        Ok(Ground { world, apis, domain })
    }

    /// What was read of the region.
    #[must_use]
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// The API of a role, if the stack has it.
    #[must_use]
    pub fn api(&self, role: Role) -> Option<&'w Api> {
        self.apis.get(&role).copied()
    }

    /// The custom domain, if the stack has one: all that it leads to is the proving ground's.
    #[must_use]
    pub fn domain(&self) -> Option<&'w Domain> {
        self.domain
    }

    /// A stage of an API.
    #[must_use]
    pub fn stage(&self, role: Role, name: &str) -> Option<&'w Stage> {
        self.api(role)?.stage(name)
    }

    /// Whether a request may be sent.
    ///
    /// # Errors
    /// [`Refused`], where it leads to anything but an API of the proving ground, or may reach more than a mock with a verb that may change
    /// something. Which method it reaches is what is being asked, so all of the API's methods of its verb must be mocks.
    pub fn permits(&self, request: &Request) -> Result<(), Refused> {
        let api = match self.world.locate(request) {
            Address::Endpoint(endpoint) => self.apis.values().find(|api| api.id == endpoint.api_id).copied(),
            Address::Domain(address) => self
                .domain
                .filter(|domain| std::ptr::eq(*domain, address.domain))
                .and_then(|_| self.apis.get(&Role::Trees).copied()),
            Address::Elsewhere => None,
        };
        let api = api.ok_or(Refused::Elsewhere)?;
        let overriding =
            request.headers.iter().filter(|(name, _)| overrides_verb(name)).map(|(_, value)| value.as_str());
        for verb in std::iter::once(request.method.as_str()).chain(overriding) {
            let known = Verb::of_request(verb);
            if known.is_some_and(Verb::is_safe) || known.is_some_and(|verb| reaches_mocks_alone(api, verb)) {
                continue;
            }
            return Err(Refused::Unsafe(verb.to_owned()));
        }
        Ok(())
    }
}

/// What an API lacks to be the one of a role.
fn lacks(api: &Api, role: Role) -> Option<String> {
    if api.protocol != role.protocol() {
        return Some("it is of another kind".to_owned());
    }
    if api.endpoint == EndpointType::Private {
        return Some("it is private".to_owned());
    }
    let marked = |stage: &Stage| {
        api.deployment_of(stage).is_some_and(|deployment| deployment.tree.method(MARKER, Verb::Get).is_some())
    };
    if api.stages.is_empty() || !api.stages.iter().all(marked) {
        return Some(format!("not every stage has GET {MARKER}"));
    }
    None
}

/// Whether every deployed method that a verb can reach is known to be a mock.
fn reaches_mocks_alone(api: &Api, verb: Verb) -> bool {
    let trees = api.deployments.values().map(|deployment| &deployment.tree);
    let mut methods = trees.flat_map(|tree| tree.methods()).filter(|(_, own, _)| *own == verb || *own == Verb::Any);
    methods.all(|(_, _, method)| {
        let integration = method.interface.as_ref().and_then(|interface| interface.integration.as_ref());
        integration.is_some_and(|integration| integration.kind == "mock")
    })
}
