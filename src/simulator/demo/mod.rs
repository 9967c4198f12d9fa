//! The world of `gateprobe demo`: a small shop, and every mistake that people make with it.
//!
//! Two kinds of broken doors. [`Scene::faults`] are deployed methods that fail when they are probed as they stand.
//! [`Scene::contract`] are requests that callers rely on and that reach no method, mistaken the way people mistake
//! them. Each names the cause that a run must find; nothing else in this world is broken.

mod world;

#[cfg(test)]
mod tests;

use super::account::Account;
use super::server::Simulator;
use crate::gateway::Verb;

/// The demo's world and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The account.
    pub account: Account,
    /// The requests that callers rely on, all broken.
    pub contract: Vec<ContractCall>,
    /// The deployed methods that do not answer a plain GET, HEAD or OPTIONS well.
    pub faults: Vec<Fault>,
}

/// A request that a caller relies on, and why it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractCall {
    /// The verb.
    pub method: &'static str,
    /// The host that it goes to.
    pub door: Door,
    /// The path after the host, a stage or base path included where the caller wrote one.
    pub path: &'static str,
    /// Its headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The mistake, in words.
    pub why: &'static str,
    /// The id of the cause that a run must find.
    pub cause: &'static str,
}

/// Through which host a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The default endpoint of the API with this id.
    Api(&'static str),
    /// The custom domain of this name.
    Domain(&'static str),
}

/// A deployed method that fails, or refuses as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The API's id.
    pub api: &'static str,
    /// The stage.
    pub stage: &'static str,
    /// The resource.
    pub resource: &'static str,
    /// The verb that it is declared for.
    pub verb: Verb,
    /// What is wrong, in words.
    pub why: &'static str,
    /// The id of the cause that a run must find.
    pub cause: &'static str,
    /// Whether the refusal is right: the method works, and the monitor has no credentials for it.
    pub expected: bool,
}

impl ContractCall {
    /// Its URL at a running simulator. A custom domain's has no port: its name is to be pinned to
    /// [`Simulator::address`].
    #[must_use]
    pub fn url(&self, simulator: &Simulator, region: &str) -> String {
        match self.door {
            Door::Api(api) => {
                format!("http://{api}.execute-api.{region}.localhost:{}{}", simulator.address().port(), self.path)
            }
            Door::Domain(domain) => format!("http://{domain}{}", self.path),
        }
    }
}

/// The demo's scene.
#[must_use]
pub fn scene() -> Scene {
    Scene { account: world::account(), contract: world::contract(), faults: world::faults() }
}
