//! The proving ground's APIs, and the guard that nothing else is asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::gateway::{Address, Api, Domain, EndpointType, Protocol, Request, Stage, Tree, Verb, World, overrides_verb};

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
    let mut methods = trees.flat_map(Tree::methods).filter(|(_, own, _)| *own == verb || *own == Verb::Any);
    methods.all(|(_, _, method)| {
        let integration = method.interface.as_ref().and_then(|interface| interface.integration.as_ref());
        integration.is_some_and(|integration| integration.kind == "mock")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::{Inventory, InvokeUrl};

    const HOST: &str = "https://t1.execute-api.eu-west-1.amazonaws.com";

    fn api(id: &str, name: &str, methods: &serde_json::Value) -> serde_json::Value {
        json!({
            "id": id, "name": name, "stages": [{"name": "full", "deployment": "d1"}],
            "deployments": {"d1": {"source": "apisummary", "tree": methods}},
        })
    }

    fn mock(kind: &str) -> serde_json::Value {
        json!({"authorization": "NONE", "interface": {"integration": {"kind": kind}}})
    }

    fn world(apis: &[serde_json::Value], domains: &serde_json::Value) -> World {
        let text =
            json!({"version": 1, "region": "eu-west-1", "read_at": 0, "apis": apis, "domains": domains}).to_string();
        World::new(Inventory::from_json(&text).unwrap(), InvokeUrl::default())
    }

    fn trees() -> serde_json::Value {
        let open = || json!({"GET": mock("mock"), "POST": mock("mock")});
        api("t1", "gp-trees", &json!({MARKER: {"GET": mock("mock")}, "/open": open(), "/any": {"ANY": mock("mock")}}))
    }

    fn somebody_elses() -> serde_json::Value {
        api("o1", "orders", &json!({"/orders": {"GET": mock("http_proxy")}}))
    }

    fn request(verb: &str, url: &str) -> Request {
        Request::new(verb, url.parse().unwrap())
    }

    #[test]
    fn only_an_api_with_name_and_marker_is_the_grounds() {
        let found =
            |apis: &[serde_json::Value]| Ground::find(&world(apis, &json!([])), "gp").map(|ground| ground.apis.len());
        assert_eq!(found(&[trees(), somebody_elses()]), Ok(1));
        assert!(matches!(found(&[somebody_elses()]), Err(GroundError::Nothing { .. })));
        assert!(matches!(found(&[trees(), trees()]), Err(GroundError::Twice { .. })));
        // Somebody else's API of the right name: nothing is asked, of the others neither.
        let foreign = api("x1", "gp-checks", &json!({"/orders": {"GET": mock("mock")}}));
        let refused = found(&[trees(), foreign]).unwrap_err();
        assert!(refused.to_string().starts_with("API x1 is named gp-checks"), "{refused}");
        // One stage without the marker is enough.
        let mut half = trees();
        half["stages"].as_array_mut().unwrap().push(json!({"name": "live", "deployment": "d2"}));
        half["deployments"]["d2"] = json!({"source": "apisummary", "tree": {"/orders": {"GET": mock("mock")}}});
        assert!(matches!(found(&[half]), Err(GroundError::Foreign { .. })));
        let mut private = trees();
        private["endpoint"] = json!("private");
        assert!(matches!(found(&[private]), Err(GroundError::Foreign { .. })));
        let mut http = trees();
        http["protocol"] = json!("http");
        assert!(matches!(found(&[http]), Err(GroundError::Foreign { .. })));
    }

    #[test]
    fn a_request_to_anything_else_is_refused() {
        let world = world(&[trees(), somebody_elses()], &json!([]));
        let ground = Ground::find(&world, "gp").unwrap();
        for (url, permitted) in [
            (format!("{HOST}/full/open"), true),
            (format!("{HOST}/nope//open"), true),
            (format!("{HOST}/"), true),
            ("https://o1.execute-api.eu-west-1.amazonaws.com/full/orders".to_owned(), false),
            ("https://zz.execute-api.eu-west-1.amazonaws.com/full/open".to_owned(), false),
            ("https://api.example.com/full/open".to_owned(), false),
        ] {
            assert_eq!(ground.permits(&request("GET", &url)).is_ok(), permitted, "{url}");
        }
    }

    #[test]
    fn an_unsafe_verb_goes_to_mocks_alone() {
        let judge = |tree: serde_json::Value, request: &Request| {
            let world = world(&[tree], &json!([]));
            Ground::find(&world, "gp").unwrap().permits(request)
        };
        let open = format!("{HOST}/full/open");
        assert_eq!(judge(trees(), &request("POST", &open)), Ok(()));
        assert_eq!(judge(trees(), &request("REPORT", &open)), Err(Refused::Unsafe("REPORT".to_owned())));
        let mut overriding = request("GET", &open);
        overriding.headers.push(("x-http-method-override".to_owned(), "POST".to_owned()));
        assert_eq!(judge(trees(), &overriding), Ok(()));
        // A method of the verb that is no mock, or of which nothing is known, wherever it stands.
        for other in [mock("http_proxy"), json!({"authorization": "NONE"})] {
            for verb in ["POST", "ANY"] {
                let mut tree = trees();
                tree["deployments"]["d1"]["tree"]["/other"] = json!({verb: other});
                assert_eq!(
                    judge(tree.clone(), &request("POST", &open)),
                    Err(Refused::Unsafe("POST".to_owned())),
                    "{verb}"
                );
                assert_eq!(judge(tree.clone(), &overriding), Err(Refused::Unsafe("POST".to_owned())), "{verb}");
                assert_eq!(judge(tree, &request("GET", &open)), Ok(()));
            }
        }
    }

    #[test]
    fn a_domain_is_the_grounds_where_all_of_it_leads_there() {
        let to = |api: &str, base: &str| json!({"base_path": base, "api": api, "stage": "full"});
        let domain = |mappings: serde_json::Value| json!([{"name": "proving.example.com", "mappings": mappings}]);
        let request = request("GET", "https://proving.example.com/mapped/open");
        for (mappings, ours) in [
            (json!([to("t1", "mapped"), to("t1", "anystage")]), true),
            (json!([to("t1", "mapped"), to("o1", "anystage")]), false),
            (json!([to("t1", "mapped"), to("t1", "anystage"), to("o1", "")]), false),
            (json!([to("t1", "mapped")]), false),
        ] {
            let world = world(&[trees(), somebody_elses()], &domain(mappings.clone()));
            let ground = Ground::find(&world, "gp").unwrap();
            assert_eq!((ground.domain().is_some(), ground.permits(&request).is_ok()), (ours, ours), "{mappings}");
        }
    }
}
