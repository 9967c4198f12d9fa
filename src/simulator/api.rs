//! A simulated REST API: what is in its editor, its deployments, its stages.

use std::collections::BTreeMap;

use super::gateway_response::{GatewayResponse, ResponseType};
use super::method::Methods;
use super::oracle::Routes;
use super::tally::Tally;
use crate::gateway::{EndpointType, Protocol, Tree};

/// When the simulated world was made, in Unix seconds (2026-01-01T00:00:00Z): long enough ago that nothing propagates.
pub(super) const EPOCH: i64 = 1_767_225_600;

/// A REST API. What is edited reaches callers only by a deployment that a stage serves, as on AWS.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // Each is a switch of its own.
pub struct Api {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it speaks. A WebSocket API is listed and answers nothing.
    pub protocol: Protocol,
    /// Where its default endpoint can be called from.
    pub endpoint: EndpointType,
    /// `disableExecuteApiEndpoint`, as edited: it takes effect with a deployment (facts B20).
    pub default_endpoint_disabled: bool,
    /// The methods in the editor.
    pub edited: Methods,
    /// The customised gateway responses in the editor.
    pub gateway_responses: Vec<GatewayResponse>,
    /// The deployments by id.
    pub deployments: BTreeMap<String, Deployment>,
    /// The stages.
    pub stages: Vec<Stage>,
    /// Whether a proxy of the owner's in front of it takes `x-amzn-ErrorType` off (facts A6 (uncertain)).
    pub strips_error_type: bool,
    /// Deleted in the middle of a sweep: `GetRestApis` still lists it, everything else says 404, nobody answers calls.
    pub vanishing: bool,
    /// What `GetDeployment embed=apisummary` gives.
    pub summary: Summary,
    /// Whether `GetExport` refuses, as AWS does for models that are not JSON (facts C1).
    pub refuses_export: bool,
    /// Whether `GetExport` leaves out validators, what is required, and security, as LocalStack's does.
    pub sparse_export: bool,
}

/// How much of a deployment `GetDeployment embed=apisummary` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Summary {
    /// As AWS.
    #[default]
    Full,
    /// Without `authorizationType`, as MiniStack.
    WithoutAuthorization,
    /// No `apiSummary` at all, as LocalStack.
    Absent,
}

/// An immutable snapshot of an API.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The id.
    pub id: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    pub(super) methods: Methods,
    pub(super) gateway_responses: Vec<GatewayResponse>,
    pub(super) default_endpoint_disabled: bool,
    pub(super) routes: Routes,
}

impl Deployment {
    /// The deployed methods as the pipeline's noun.
    #[must_use]
    pub fn tree(&self) -> Tree {
        self.methods.tree()
    }

    /// How many methods it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.methods.0.values().map(BTreeMap::len).sum()
    }

    /// Whether it has no method.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The name.
    pub name: String,
    /// The id of its deployment; an unknown id, or none, makes a stage that routes nothing.
    pub deployment: Option<String>,
    /// The second deployment behind the same URL.
    pub canary: Option<Canary>,
    /// The web ACL in front of it.
    pub web_acl: Option<WebAcl>,
    /// Whether it serves what is in the editor at once. Of an HTTP API.
    pub auto_deploy: bool,
    /// When it last changed, in Unix seconds.
    pub updated_at: i64,
    pub(super) calls: Tally,
}

/// A stage's canary.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// Its deployment.
    pub deployment: String,
    /// Its share in percent. AWS draws lots for each request; here every n-th request goes to it, so that tests decide:
    /// with 25, the 4th, 8th, 12th…
    pub percent: f64,
}

/// A web ACL in front of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAcl {
    /// Its ARN.
    pub arn: String,
    /// Whether it blocks everything.
    pub blocks: bool,
}

impl Stage {
    /// A stage that serves this deployment.
    #[must_use]
    pub fn new(name: &str, deployment: &str) -> Self {
        Self { deployment: Some(deployment.to_owned()), ..Self::undeployed(name) }
    }

    /// A stage that serves none.
    #[must_use]
    pub fn undeployed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            deployment: None,
            canary: None,
            web_acl: None,
            auto_deploy: false,
            updated_at: EPOCH,
            calls: Tally::default(),
        }
    }

    /// A stage of an HTTP API that deploys by itself.
    #[must_use]
    pub fn auto_deployed(name: &str) -> Self {
        Self { auto_deploy: true, ..Self::undeployed(name) }
    }

    /// Sends a share of the requests to another deployment.
    #[must_use]
    pub fn canary(mut self, deployment: &str, percent: f64) -> Self {
        self.canary = Some(Canary { deployment: deployment.to_owned(), percent });
        self
    }

    /// Puts a web ACL in front.
    #[must_use]
    pub fn web_acl(mut self, arn: &str, blocks: bool) -> Self {
        self.web_acl = Some(WebAcl { arn: arn.to_owned(), blocks });
        self
    }

    /// Says when it last changed, in Unix seconds.
    #[must_use]
    pub fn updated_at(mut self, time: i64) -> Self {
        self.updated_at = time;
        self
    }

    /// The id of the deployment that serves the next request; counts it.
    pub(super) fn next_deployment(&self) -> Option<&str> {
        if let Some(canary) = &self.canary {
            let before = f64::from(self.calls.next());
            let share = canary.percent / 100.0;
            if ((before + 1.0) * share).floor() > (before * share).floor() {
                return Some(&canary.deployment);
            }
        }
        self.deployment.as_deref()
    }
}

impl Api {
    /// A regional API without anything.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            protocol: Protocol::Rest,
            endpoint: EndpointType::Regional,
            default_endpoint_disabled: false,
            edited: Methods::default(),
            gateway_responses: Vec::new(),
            deployments: BTreeMap::new(),
            stages: Vec::new(),
            strips_error_type: false,
            vanishing: false,
            summary: Summary::Full,
            refuses_export: false,
            sparse_export: false,
        }
    }

    /// Makes it an HTTP API. Its routes are the methods, `$default` among them as the resource of `ANY`; it has no gateway
    /// responses, and its switch of the default endpoint takes effect at once.
    #[must_use]
    pub fn http(mut self) -> Self {
        self.protocol = Protocol::Http;
        self
    }

    /// Makes it a WebSocket API.
    #[must_use]
    pub fn web_socket(mut self) -> Self {
        self.protocol = Protocol::WebSocket;
        self
    }

    /// Sets where the default endpoint can be called from.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointType) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Switches the default endpoint off, from the next deployment on.
    #[must_use]
    pub fn disable_default_endpoint(mut self) -> Self {
        self.default_endpoint_disabled = true;
        self
    }

    /// Changes the editor's methods; no stage serves them until a [`Api::deploy`].
    #[must_use]
    pub fn edit(mut self, change: impl FnOnce(Methods) -> Methods) -> Self {
        self.edited = change(std::mem::take(&mut self.edited));
        self
    }

    /// Customises a gateway response, from the next deployment on.
    #[must_use]
    pub fn gateway_response(mut self, response: GatewayResponse) -> Self {
        self.gateway_responses.retain(|other| other.kind != response.kind);
        self.gateway_responses.push(response);
        self
    }

    /// Puts a gateway response back to AWS's own words, from the next deployment on.
    #[must_use]
    pub fn reset_gateway_response(mut self, kind: ResponseType) -> Self {
        self.gateway_responses.retain(|other| other.kind != kind);
        self
    }

    /// Changes the editor's methods and makes a deployment of everything that is in the editor then.
    #[must_use]
    pub fn deploy(self, id: &str, change: impl FnOnce(Methods) -> Methods) -> Self {
        let mut api = self.edit(change);
        let methods = api.edited.clone();
        let routes = Routes::new(methods.0.iter().map(|(resource, methods)| (&**resource, methods.keys().copied())));
        let age = i64::try_from(api.deployments.len()).unwrap_or_default();
        let deployment = Deployment {
            id: id.to_owned(),
            created_at: EPOCH + age,
            methods,
            gateway_responses: api.gateway_responses.clone(),
            default_endpoint_disabled: api.default_endpoint_disabled,
            routes,
        };
        api.deployments.insert(id.to_owned(), deployment);
        api
    }

    /// Adds a stage that serves a deployment, or leads the stage of this name to it.
    #[must_use]
    pub fn stage(mut self, name: &str, deployment: &str) -> Self {
        if let Some(stage) = self.stages.iter_mut().find(|stage| stage.name == name) {
            stage.deployment = Some(deployment.to_owned());
            self
        } else {
            self.with_stage(Stage::new(name, deployment))
        }
    }

    /// Adds a stage, in place of one of the same name.
    #[must_use]
    pub fn with_stage(mut self, stage: Stage) -> Self {
        self.stages.retain(|other| other.name != stage.name);
        self.stages.push(stage);
        self
    }

    /// Takes a stage away.
    #[must_use]
    pub fn remove_stage(mut self, name: &str) -> Self {
        self.stages.retain(|stage| stage.name != name);
        self
    }

    /// Has a front proxy take the error type header off.
    #[must_use]
    pub fn strip_error_type(mut self) -> Self {
        self.strips_error_type = true;
        self
    }

    /// Is deleted in the middle of a sweep.
    #[must_use]
    pub fn vanish(mut self) -> Self {
        self.vanishing = true;
        self
    }

    /// Sets what `GetDeployment embed=apisummary` gives.
    #[must_use]
    pub fn summary(mut self, summary: Summary) -> Self {
        self.summary = summary;
        self
    }

    /// Refuses `GetExport`.
    #[must_use]
    pub fn refuse_export(mut self) -> Self {
        self.refuses_export = true;
        self
    }

    /// Leaves out of `GetExport` what LocalStack leaves out.
    #[must_use]
    pub fn sparse_export(mut self) -> Self {
        self.sparse_export = true;
        self
    }

    /// The stage of exactly this name.
    #[must_use]
    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The deployment that a stage serves outside its canary.
    #[must_use]
    pub fn deployment_of(&self, stage: &Stage) -> Option<&Deployment> {
        self.deployments.get(stage.deployment.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Api, Stage};
    use crate::simulator::Behaviour;

    /// The promise that tests rest on: which requests a canary takes is decided by their number alone.
    #[test]
    fn a_canary_takes_every_nth_request() {
        let stage = Stage::new("prod", "old").canary("new", 25.0);
        let served: Vec<_> = (0..8).filter_map(|_| stage.next_deployment()).collect();
        assert_eq!(served, ["old", "old", "old", "new", "old", "old", "old", "new"]);
        let none = Stage::new("prod", "old").canary("new", 0.0);
        assert!((0..9).all(|_| none.next_deployment() == Some("old")));
        let all = Stage::new("prod", "old").canary("new", 100.0);
        assert!((0..9).all(|_| all.next_deployment() == Some("new")));
    }

    #[test]
    fn a_deployment_is_a_snapshot_of_the_editor() {
        let api = Api::new("a", "a")
            .deploy("d1", |t| t.get("/a", Behaviour::Mock))
            .edit(|t| t.get("/b", Behaviour::Mock))
            .deploy("d2", |t| t.remove_resource("/a"))
            .edit(|t| t.get("/c", Behaviour::Mock));
        let paths = |id: &str| api.deployments[id].tree().0.into_keys().collect::<Vec<_>>();
        assert_eq!(paths("d1"), ["/a"]);
        assert_eq!(paths("d2"), ["/b"]);
        assert_eq!(api.edited.tree().0.into_keys().collect::<Vec<_>>(), ["/b", "/c"]);
    }
}
