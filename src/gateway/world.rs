//! The inventory with everything looked up that a diagnosis asks for: routers, APIs by id, domains by name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use super::{
    Api, Baseline, DEFAULT_STAGE, Deployment, Domain, DomainRoute, DomainTarget, Inventory, InvokeUrl, Protocol,
    Reading, Request, Router, Seen, Stage, TreeSource,
};

/// An [`Inventory`] ready for questions. Routers are compiled when first asked for, so that explaining one request in
/// an account of hundreds of APIs compiles only the trees that it touches.
#[derive(Debug)]
pub struct World {
    inventory: Inventory,
    invoke_url: InvokeUrl,
    apis: HashMap<String, usize>,
    domains: HashMap<String, usize>,
    routers: Vec<ApiRouters>,
    seen: Vec<(Seen, OnceLock<Router>)>,
}

/// A deployment that a stage served before, or may have served.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'w> {
    /// Its id.
    pub deployment: &'w str,
    /// Routes within it.
    pub router: &'w Router,
    /// When this very stage was last seen to serve it, in Unix seconds. `None`: it is of the API's history, and which
    /// stages served it API Gateway does not say.
    pub seen_at: Option<i64>,
    /// How far its tree can be trusted.
    pub source: TreeSource,
}

#[derive(Debug, Default)]
struct ApiRouters {
    deployments: BTreeMap<String, OnceLock<Router>>,
    edited: OnceLock<Router>,
}

/// What a request's URL names in a [`World`].
#[derive(Debug, Clone)]
pub enum Address<'w> {
    /// A default endpoint, of a known API or not.
    Endpoint(EndpointAddress<'w>),
    /// A custom domain of the inventory.
    Domain(DomainAddress<'w>),
    /// A host that is neither.
    Elsewhere,
}

/// A request to a default endpoint. Ranges are bytes of the URL's text.
#[derive(Debug, Clone)]
pub struct EndpointAddress<'w> {
    /// The API id in the URL.
    pub api_id: String,
    /// The region in the URL, where it holds one.
    pub region: Option<String>,
    /// The API, if the inventory has it.
    pub api: Option<&'w Api>,
    /// The text of the stage segment; `None` where the path ends before it, or the stage is [`DEFAULT_STAGE`].
    pub stage_text: Option<String>,
    /// The stage, if the API has it. An HTTP API's request whose first segment names no stage is [`DEFAULT_STAGE`]'s, where
    /// there is one.
    pub stage: Option<&'w Stage>,
    /// Where the stage segment stands, or would stand.
    pub stage_at: Range<usize>,
    /// Where the resource path stands.
    pub path_at: Range<usize>,
}

/// A request to a custom domain.
#[derive(Debug, Clone)]
pub struct DomainAddress<'w> {
    /// The domain.
    pub domain: &'w Domain,
    /// What it does with the request.
    pub route: DomainRoute<'w>,
    /// The API that the route names, if the inventory has it.
    pub api: Option<&'w Api>,
    /// The stage that the route names, if the API has it.
    pub stage: Option<&'w Stage>,
    /// Where the base path stands, its leading slash included; empty for `(none)`.
    pub base_at: Range<usize>,
    /// Where the path stands that the stage sees.
    pub path_at: Range<usize>,
}

impl<'w> Address<'w> {
    /// The API and stage that the request reaches, where both exist.
    #[must_use]
    pub fn stage(&self) -> Option<(&'w Api, &'w Stage)> {
        match self {
            Address::Endpoint(endpoint) => endpoint.api.zip(endpoint.stage),
            Address::Domain(domain) => domain.api.zip(domain.stage),
            Address::Elsewhere => None,
        }
    }

    /// Where in the URL's text the path stands that the stage sees.
    #[must_use]
    pub fn path_at(&self) -> Option<Range<usize>> {
        match self {
            Address::Endpoint(endpoint) => Some(endpoint.path_at.clone()),
            Address::Domain(domain) => Some(domain.path_at.clone()),
            Address::Elsewhere => None,
        }
    }
}

/// Where the path of an HTTP API's default stage begins: at the slash of the segment that would name another stage. `None`
/// for a template in which the stage is not a segment with the path right behind it.
fn start_of_path(url: &url::Url, reading: &Reading) -> Option<usize> {
    if reading.stage.is_none() {
        return Some(reading.path_at.start);
    }
    let slash = reading.stage_at.start.checked_sub(1).filter(|at| url.as_str().as_bytes().get(*at) == Some(&b'/'))?;
    (reading.stage_at.end == reading.path_at.start).then_some(slash)
}

impl World {
    /// Looks up nothing yet but the names.
    #[must_use]
    pub fn new(inventory: Inventory, invoke_url: InvokeUrl) -> Self {
        let apis = inventory.apis.iter().enumerate().map(|(index, api)| (api.id.clone(), index)).collect();
        let domains =
            inventory.domains.iter().enumerate().map(|(index, domain)| (domain.name.to_lowercase(), index)).collect();
        let routers = inventory
            .apis
            .iter()
            .map(|api| ApiRouters {
                deployments: api.deployments.keys().map(|id| (id.clone(), OnceLock::new())).collect(),
                edited: OnceLock::new(),
            })
            .collect();
        World { inventory, invoke_url, apis, domains, routers, seen: Vec::new() }
    }

    /// Says of each stage that nothing but its API summary describes what its requests are made from, and why.
    #[must_use]
    pub fn undescribed(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for api in &self.inventory.apis {
            for stage in &api.stages {
                let deployment = api.deployment_of(stage);
                if let Some(reason) = deployment.and_then(|deployment| deployment.undescribed.as_ref()) {
                    notes.push(format!(
                        "the stage {} of {} ({}) has no export ({reason}): its requests are made from the API summary alone",
                        stage.name, api.name, api.id
                    ));
                }
            }
        }
        notes
    }

    /// Adds what was seen before now.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.seen = baseline.stages.into_iter().map(|seen| (seen, OnceLock::new())).collect();
        self.seen.sort_by_key(|(seen, _)| std::cmp::Reverse(seen.seen_at));
        self
    }

    /// Adds deployments of an API that no stage serves any more. Those of an API that is not here are dropped.
    #[must_use]
    pub fn with_history(mut self, api: &str, deployments: BTreeMap<String, Deployment>) -> Self {
        if let Some(&index) = self.apis.get(api)
            && let (Some(api), Some(routers)) = (self.inventory.apis.get_mut(index), self.routers.get_mut(index))
        {
            for (id, deployment) in deployments {
                routers.deployments.insert(id.clone(), OnceLock::new());
                api.deployments.insert(id, deployment);
            }
        }
        self
    }

    /// What a stage served before its present deployment: first what it was seen to serve, then what of the API's history
    /// is older than the present one and serves no stage now; the newest first.
    #[must_use]
    pub fn earlier(&self, api: &Api, stage: &Stage) -> Vec<Earlier<'_>> {
        let present = |id: &str| [stage.deployment.as_deref(), stage.serving()].contains(&Some(id));
        let seen = self.seen.iter().filter(|(seen, _)| seen.api == api.id && seen.stage == stage.name);
        let mut earlier: Vec<Earlier<'_>> = seen
            .filter(|(seen, _)| !present(&seen.deployment))
            .map(|(seen, router)| Earlier {
                deployment: &seen.deployment,
                router: router.get_or_init(|| Router::of(api.protocol, &seen.tree)),
                seen_at: Some(seen.seen_at),
                source: TreeSource::ApiSummary,
            })
            .collect();
        let Some(api) = self.api(&api.id) else { return earlier };
        // Looked up rather than searched: an API's history may hold thousands.
        let served: HashSet<&str> = api
            .stages
            .iter()
            .flat_map(|stage| [stage.deployment.as_deref(), stage.canary.as_ref().map(|canary| &*canary.deployment)])
            .flatten()
            .collect();
        let made = |id: &str| api.deployments.get(id).and_then(|deployment| deployment.created_at);
        let Some(now) = stage.serving().and_then(made) else { return earlier };
        let mut history: Vec<_> = api
            .deployments
            .iter()
            .filter(|(id, _)| !served.contains(id.as_str()))
            .filter_map(|(id, deployment)| Some((deployment.created_at.filter(|made| *made < now)?, id, deployment)))
            .collect();
        history.sort_by_key(|(made, ..)| std::cmp::Reverse(*made));
        let known: HashSet<&str> = earlier.iter().map(|earlier| earlier.deployment).collect();
        for (_, id, deployment) in history {
            if let Some(router) = self.router(api, id).filter(|_| !known.contains(id.as_str())) {
                earlier.push(Earlier { deployment: id, router, seen_at: None, source: deployment.source });
            }
        }
        earlier
    }

    /// What was read.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// How invoke URLs are written here.
    #[must_use]
    pub fn invoke_url(&self) -> &InvokeUrl {
        &self.invoke_url
    }

    /// The API of this id.
    #[must_use]
    pub fn api(&self, id: &str) -> Option<&Api> {
        self.inventory.apis.get(*self.apis.get(id)?)
    }

    /// The custom domain that serves a host: by its own name, else by the wildcard above it (`*.example.com` serves
    /// one more label).
    #[must_use]
    pub fn domain(&self, host: &str) -> Option<&Domain> {
        let host = host.to_lowercase();
        let found = self.domains.get(&host).or_else(|| {
            let (_, parent) = host.split_once('.')?;
            self.domains.get(&format!("*.{parent}"))
        })?;
        self.inventory.domains.get(*found)
    }

    /// The router of one deployment of an API; `None` where it was not read.
    #[must_use]
    pub fn router(&self, api: &Api, deployment: &str) -> Option<&Router> {
        let slot = self.routers.get(*self.apis.get(&api.id)?)?.deployments.get(deployment)?;
        let tree = &api.deployments.get(deployment)?.tree;
        Some(slot.get_or_init(|| Router::of(api.protocol, tree)))
    }

    /// The router of what a stage serves to callers outside its canary ([`Stage::serving`]).
    #[must_use]
    pub fn stage_router(&self, api: &Api, stage: &Stage) -> Option<&Router> {
        self.router(api, stage.serving()?)
    }

    /// The router of the edited tree; `None` where it was not read.
    #[must_use]
    pub fn edited_router(&self, api: &Api) -> Option<&Router> {
        let slot = &self.routers.get(*self.apis.get(&api.id)?)?.edited;
        let tree = api.edited.as_ref()?;
        Some(slot.get_or_init(|| Router::of(api.protocol, tree)))
    }

    /// What a request's URL names. A custom domain's name goes before the shape of an invoke URL.
    #[must_use]
    pub fn locate(&self, request: &Request) -> Address<'_> {
        if let Some(domain) = request.url.host_str().and_then(|host| self.domain(host)) {
            return Address::Domain(self.locate_in(domain, request));
        }
        let Some(mut reading) = self.invoke_url.read(&request.url) else { return Address::Elsewhere };
        // A VPC endpoint's own name: the API is named in a header (DG:apigateway-private-api-test-invoke-url).
        if reading.api.starts_with("vpce-") {
            let named = request.header("x-apigw-api-id").or_else(|| request.header("host")?.split('.').next());
            reading.api = named.unwrap_or(&reading.api).to_owned();
        }
        let api = self.api(&reading.api);
        // The default stage is not called by its name.
        let named = reading.stage.as_deref().filter(|name| *name != DEFAULT_STAGE);
        let mut stage = api.zip(named).and_then(|(api, name)| api.stage(name));
        if stage.is_none()
            && let Some(api) = api.filter(|api| api.protocol == Protocol::Http)
            && let Some(default) = api.stage(DEFAULT_STAGE)
            && let Some(path_start) = start_of_path(&request.url, &reading)
        {
            stage = Some(default);
            reading.stage = None;
            reading.stage_at = path_start..path_start;
            reading.path_at = path_start..reading.path_at.end;
        }
        Address::Endpoint(EndpointAddress {
            api_id: reading.api,
            region: reading.region,
            api,
            stage_text: reading.stage,
            stage,
            stage_at: reading.stage_at,
            path_at: reading.path_at,
        })
    }

    fn locate_in<'w>(&'w self, domain: &'w Domain, request: &Request) -> DomainAddress<'w> {
        let route = domain.route(request);
        let (api, stage, consumed) = match &route {
            DomainRoute::To(DomainTarget { api, stage, consumed, .. }) => {
                let api = self.api(api);
                (api, api.zip(stage.as_deref()).and_then(|(api, name)| api.stage(name)), *consumed)
            }
            DomainRoute::Reserved | DomainRoute::Unmapped => (None, None, 0),
        };
        let start = request.url[..url::Position::BeforePath].len();
        let end = request.url[..url::Position::AfterPath].len();
        DomainAddress { domain, route, api, stage, base_at: start..start + consumed, path_at: start + consumed..end }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn http_api(stages: &[&str]) -> Api {
        let stages: Vec<_> =
            stages.iter().map(|name| serde_json::json!({ "name": name, "deployment": "d1" })).collect();
        let deployments = serde_json::json!({ "d1": { "source": "apisummary", "tree": {
            "$default": { "ANY": { "authorization": "NONE" } }, "/pets": { "GET": { "authorization": "NONE" } }
        } } });
        let api = serde_json::json!({
            "id": "h1", "name": "http", "protocol": "http", "stages": stages, "deployments": deployments
        });
        serde_json::from_value(api).unwrap()
    }

    /// `stage path` as they are located, or `-` for no stage; then the route.
    fn locate(template: &str, stages: &[&str], url: &str) -> String {
        let mut inventory = Inventory::empty("us-east-1");
        inventory.apis = vec![http_api(stages)];
        let world = World::new(inventory, template.parse().unwrap());
        let request = Request::new("GET", Url::parse(url).unwrap());
        let address = world.locate(&request);
        let Address::Endpoint(endpoint) = &address else { return "elsewhere".to_owned() };
        assert!(request.url.as_str().get(endpoint.stage_at.clone()).is_some(), "{url}");
        let path = &request.url.as_str()[endpoint.path_at.clone()];
        let Some((api, stage)) = address.stage() else { return format!("- {path}") };
        let hit = world.stage_router(api, stage).and_then(|router| router.route(super::super::Verb::Get, path));
        format!("{} {path} {}", stage.name, hit.map_or("-", |hit| hit.resource))
    }

    #[test]
    fn an_http_apis_default_stage_takes_what_names_no_other() {
        let aws = super::super::AWS_INVOKE_URL;
        let host = "https://h1.execute-api.us-east-1.amazonaws.com";
        for (stages, path, expected) in [
            (&["$default", "dev"][..], "/pets", "$default /pets /pets"),
            (&["$default", "dev"], "/dev/pets", "dev /pets /pets"),
            (&["$default", "dev"], "/dev", "dev  $default"),
            (&["$default", "dev"], "/Dev/pets?x=1", "$default /Dev/pets $default"),
            (&["$default"], "/$default/pets", "$default /$default/pets $default"),
            (&["$default"], "/", "$default / $default"),
            (&["$default"], "//pets", "$default //pets $default"),
            (&["dev"], "/pets", "- "),
            (&["dev"], "/", "- /"),
        ] {
            assert_eq!(locate(aws, stages, &format!("{host}{path}")), expected, "{path}");
        }
        let private = "http://gw.internal/{api}/{stage}";
        assert_eq!(locate(private, &["$default"], "http://gw.internal/h1/pets"), "$default /pets /pets");
        assert_eq!(locate(private, &["$default"], "http://gw.internal/h1"), "$default  $default");
        let rest = "http://h/restapis/{api}/{stage}/_user_request_";
        assert_eq!(locate(rest, &["$default"], "http://h/restapis/h1/prod/_user_request_/pets"), "- /pets");
    }
}
