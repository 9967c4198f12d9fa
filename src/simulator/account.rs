//! The simulated account: everything that a region's API Gateway holds, and how it misbehaves.

use std::time::Duration;

use super::api::Api;
use super::calls::Recording;
use super::fault::ControlFault;
use crate::gateway::{Authorization, Domain, EndpointType, Mapping, Protocol, RoutingMode, RoutingRule};

/// One account in one region. Built in a chain, or changed in place through its public fields.
#[derive(Debug, Clone)]
pub struct Account {
    /// The region. Control-plane calls signed for another one see an empty account, as regions are apart.
    pub region: String,
    /// The account's number.
    pub number: String,
    /// The REST APIs.
    pub apis: Vec<Api>,
    /// The custom domain names. A mapping to an API that is not here leads to an HTTP API, which answers 404.
    pub domains: Vec<Domain>,
    /// The API keys.
    pub api_keys: Vec<ApiKey>,
    /// What goes wrong on the control plane.
    pub faults: Vec<ControlFault>,
    /// Whether callers stand inside a VPC with an `execute-api` endpoint and private DNS: then private APIs can be
    /// called, and the default endpoint of any other API id answers 403 Forbidden. Outside, a private or an unknown
    /// API gives no HTTP answer at all, because its name does not resolve (facts A0 (uncertain), B19).
    pub inside_vpc: bool,
    /// Whether a signature of nobody's is refused before any routing, or only by the method that demands one: which of
    /// them AWS does is not known (facts, open uncertainty 1).
    pub signatures_first: bool,
    /// What the data plane does not look at, whatever a method demands: emulators enforce one authorization and not
    /// another, and not alike in REST and HTTP APIs.
    pub unenforced: Vec<(Protocol, Authorization)>,
    /// How long integrations take that do not say it themselves.
    pub latency: Duration,
    /// How much of the data plane's traffic is kept.
    pub recording: Recording,
}

/// An API key with the stages that its usage plans cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The value that callers send as `x-api-key`.
    pub value: String,
    /// The (API, stage) pairs that it opens. `None`: all.
    pub stages: Option<Vec<(String, String)>>,
    /// A disabled key opens nothing.
    pub enabled: bool,
}

impl ApiKey {
    /// Whether it opens this stage.
    #[must_use]
    pub fn opens(&self, api: &str, stage: &str) -> bool {
        self.enabled && self.stages.as_ref().is_none_or(|stages| stages.iter().any(|(a, s)| a == api && s == stage))
    }
}

impl Account {
    /// An empty account.
    #[must_use]
    pub fn new(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            number: "123456789012".to_owned(),
            apis: Vec::new(),
            domains: Vec::new(),
            api_keys: Vec::new(),
            faults: Vec::new(),
            inside_vpc: false,
            signatures_first: false,
            unenforced: Vec::new(),
            latency: Duration::ZERO,
            recording: Recording::default(),
        }
    }

    /// Adds an API, in place of one of the same id.
    #[must_use]
    pub fn api(mut self, api: Api) -> Self {
        self.apis.retain(|other| other.id != api.id);
        self.apis.push(api);
        self
    }

    /// Adds an API key that opens every stage.
    #[must_use]
    pub fn api_key(mut self, value: &str) -> Self {
        self.api_keys.push(ApiKey { value: value.to_owned(), stages: None, enabled: true });
        self
    }

    /// Adds an API key whose usage plan covers one stage.
    #[must_use]
    pub fn api_key_for(mut self, value: &str, api: &str, stage: &str) -> Self {
        let stages = Some(vec![(api.to_owned(), stage.to_owned())]);
        self.api_keys.push(ApiKey { value: value.to_owned(), stages, enabled: true });
        self
    }

    /// Adds a custom domain, in place of one of the same name.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domains.retain(|other| other.name != domain.name);
        self.domains.push(domain);
        self
    }

    /// Maps a base path (`""` for `(none)`) of a custom domain to a stage; makes the domain if there is none.
    #[must_use]
    pub fn mapping(mut self, domain: &str, base_path: &str, api: &str, stage: Option<&str>) -> Self {
        let mapping =
            Mapping { base_path: base_path.to_owned(), api: api.to_owned(), stage: stage.map(ToOwned::to_owned) };
        self.domain_entry(domain).mappings.push(mapping);
        self
    }

    /// Adds a routing rule to a custom domain and has rules go before mappings; makes the domain if there is none.
    #[must_use]
    pub fn rule(mut self, domain: &str, rule: RoutingRule) -> Self {
        let domain = self.domain_entry(domain);
        domain.rules.push(rule);
        if domain.routing_mode == RoutingMode::Mappings {
            domain.routing_mode = RoutingMode::RulesThenMappings;
        }
        self
    }

    /// Sets by what a custom domain decides; makes the domain if there is none.
    #[must_use]
    pub fn routing_mode(mut self, domain: &str, mode: RoutingMode) -> Self {
        self.domain_entry(domain).routing_mode = mode;
        self
    }

    /// Has something go wrong on the control plane.
    #[must_use]
    pub fn fault(mut self, fault: ControlFault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Has callers stand inside a VPC.
    #[must_use]
    pub fn inside_vpc(mut self) -> Self {
        self.inside_vpc = true;
        self
    }

    /// Has signatures of nobody's refused before any routing.
    #[must_use]
    pub fn signatures_first(mut self) -> Self {
        self.signatures_first = true;
        self
    }

    /// Lets everybody in where APIs of this kind demand this authorization, as an emulator may.
    #[must_use]
    pub fn unenforced(mut self, protocol: Protocol, authorization: Authorization) -> Self {
        self.unenforced.push((protocol, authorization));
        self
    }

    /// Whether the data plane looks at what a method of such an API demands.
    pub(super) fn enforces(&self, protocol: Protocol, authorization: Authorization) -> bool {
        !self.unenforced.contains(&(protocol, authorization))
    }

    /// Sets how long integrations take.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets how much of the data plane's traffic is kept.
    #[must_use]
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }

    /// The API of this id.
    #[must_use]
    pub fn find_api(&self, id: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.id == id)
    }

    /// Changes an API, in place; does nothing when there is none of this id.
    pub fn change_api(&mut self, id: &str, change: impl FnOnce(Api) -> Api) {
        if let Some(api) = self.apis.iter_mut().find(|api| api.id == id) {
            // The placeholder lives only while `change` runs.
            let old = std::mem::replace(api, Api::new(id, ""));
            *api = change(old);
        }
    }

    /// Deletes an API.
    pub fn remove_api(&mut self, id: &str) {
        self.apis.retain(|api| api.id != id);
    }

    /// How many methods the stages serve, each stage's counted for itself, canaries left out.
    #[must_use]
    pub fn deployed_methods(&self) -> usize {
        let of_api = |api: &Api| {
            api.stages.iter().filter_map(|stage| api.deployment_of(stage)).map(super::Deployment::len).sum::<usize>()
        };
        self.apis.iter().map(of_api).sum()
    }

    fn domain_entry(&mut self, name: &str) -> &mut Domain {
        let index = self.domains.iter().position(|domain| domain.name == name).unwrap_or_else(|| {
            self.domains.push(Domain {
                name: name.to_owned(),
                endpoint: EndpointType::Regional,
                target: Some(format!("d-{}.execute-api.{}.amazonaws.com", "1234567890", self.region)),
                routing_mode: RoutingMode::Mappings,
                mutual_tls: false,
                mappings: Vec::new(),
                rules: Vec::new(),
            });
            self.domains.len() - 1
        });
        &mut self.domains[index]
    }
}
