//! Random gateways: accounts whose whole history is known, because it was just made up.

use std::collections::BTreeMap;

use gateprobe::gateway::{Authorization, Method, Tree, Verb};
use serde_json::{Value, json};

use super::rng::Rng;

/// The time of every observation, in Unix seconds.
pub const NOW: i64 = 1_800_000_000;
pub const REGION: &str = "us-east-1";

pub struct Account {
    pub apis: Vec<Api>,
    pub domains: Vec<Domain>,
    pub past: Past,
}

/// What is known of what stages served before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// Nothing.
    Unread,
    /// The API's earlier deployments, without which stages served them: as `GetDeployments` has it.
    History,
    /// What the monitor itself saw each stage serve, and the history.
    Baseline,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Api {
    pub id: String,
    pub private: bool,
    pub disabled: bool,
    pub stages: Vec<Stage>,
    /// Names of stages that there were.
    pub deleted_stages: Vec<String>,
    /// All of them, the oldest first.
    pub deployments: Vec<Deployment>,
    pub edited: Tree,
    pub own_words: Vec<OwnWords>,
    /// A proxy of the owner's in front takes `x-amzn-ErrorType` off.
    pub strips_error_type: bool,
}

pub struct Deployment {
    pub id: String,
    pub tree: Tree,
}

pub struct Stage {
    pub name: String,
    /// An index of the API's deployments.
    pub deployment: usize,
    /// What it served before, the oldest first.
    pub history: Vec<usize>,
    pub canary: Option<(usize, u8)>,
    pub age: i64,
    pub web_acl: bool,
}

/// A customised gateway response.
pub struct OwnWords {
    pub kind: &'static str,
    pub status: u16,
    pub body: &'static str,
}

pub struct Domain {
    pub name: String,
    /// A host that it serves: its name, or one below a wildcard.
    pub host: String,
    pub mode: &'static str,
    pub mutual_tls: bool,
    pub mappings: Vec<Mapping>,
    pub rules: Vec<Rule>,
}

#[derive(Clone)]
pub struct Mapping {
    pub base: String,
    pub api: String,
    pub stage: Option<String>,
}

pub struct Rule {
    pub priority: usize,
    pub bases: Vec<String>,
    /// A header and its glob.
    pub header: Option<(String, String)>,
    pub api: String,
    pub stage: String,
    pub strip: bool,
}

/// Near-duplicates on purpose: what people confuse.
const WORDS: [&str; 40] = [
    "orders",
    "order",
    "users",
    "user",
    "Users",
    "items",
    "item",
    "v1",
    "v2",
    "V1",
    "api",
    "admin",
    "Admin",
    "files",
    "file",
    "carts",
    "cart",
    "customers",
    "customer",
    "payments",
    "payment",
    "status",
    "health",
    "search",
    "me",
    "latest",
    "reports",
    "report",
    "invoices",
    "webhooks",
    "login",
    "logout",
    "profile",
    "products",
    "product",
    "categories",
    "tags",
    "prod",
    "dev",
    "batch-jobs",
];
const PARAMETERS: [&str; 6] = ["id", "orderId", "userId", "name", "key", "slug"];
const STAGES: [&str; 14] = [
    "prod",
    "Prod",
    "dev",
    "test",
    "qa",
    "v1",
    "v2",
    "staging",
    "stage",
    "beta",
    "live",
    "api",
    "production",
    "canary1",
];
const BASES: [&str; 12] =
    ["", "orders", "shop", "v1", "v2", "api", "shop/v2", "shop/v1", "internal/tools", "a/b/c", "users", "store"];
pub const MOST_RESOURCES: usize = 40;
const DEEPEST: usize = 6;

fn method(rng: &mut Rng) -> Method {
    let authorization = rng.weighed(&[
        (Authorization::None, 70),
        (Authorization::AwsIam, 10),
        (Authorization::Custom, 8),
        (Authorization::CognitoUserPools, 5),
    ]);
    Method { authorization: Some(authorization), api_key_required: rng.chance(9), interface: None }
}

fn add_methods(rng: &mut Rng, tree: &mut Tree, path: &str) {
    if rng.chance(22) {
        tree.insert(path, Verb::Any, method(rng));
        if rng.chance(75) {
            return;
        }
    }
    for _ in 0..rng.within(1, 3) {
        let verb = rng.weighed(&[
            (Verb::Get, 10),
            (Verb::Post, 6),
            (Verb::Put, 3),
            (Verb::Delete, 3),
            (Verb::Patch, 2),
            (Verb::Options, 2),
            (Verb::Head, 1),
        ]);
        tree.insert(path, verb, method(rng));
    }
}

fn depth(path: &str) -> usize {
    path.split('/').filter(|segment| !segment.is_empty()).count()
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

fn join(parent: &str, child: &str) -> String {
    if parent == "/" { format!("/{child}") } else { format!("{parent}/{child}") }
}

fn is_below(path: &str, parent: &str) -> bool {
    path == parent || path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

/// A resource under any other that may have one: a parent has one variable child at most (facts B2).
fn add_resource(rng: &mut Rng, tree: &mut Tree) {
    if tree.0.len() >= MOST_RESOURCES {
        return;
    }
    let parents: Vec<String> =
        tree.0.keys().filter(|path| !path.ends_with("+}") && depth(path) < DEEPEST).cloned().collect();
    let parent = if rng.chance(35) { "/".to_owned() } else { rng.pick(&parents).clone() };
    let has_variable =
        tree.0.keys().any(|path| path.ends_with('}') && path != "/" && join(&parent, last(path)) == *path);
    // A name stands once in a path.
    let free: Vec<&str> = PARAMETERS.iter().copied().filter(|name| !parent.contains(&format!("{{{name}}}"))).collect();
    // A variable at the root takes every typo, so it is rarer there.
    let throw = if parent == "/" { rng.below(300) } else { rng.below(100) };
    let child = match throw {
        0..=21 if !has_variable => format!("{{{}}}", rng.pick::<&str>(&free)),
        22..=33 if !has_variable => "{proxy+}".to_owned(),
        _ => (*rng.pick(&WORDS)).to_owned(),
    };
    let path = join(&parent, &child);
    if tree.0.contains_key(&path) {
        return;
    }
    tree.0.entry(path.clone()).or_default();
    if path.ends_with("+}") || rng.chance(80) {
        add_methods(rng, tree, &path);
    }
}

fn edit(rng: &mut Rng, tree: &mut Tree) {
    let paths: Vec<String> = tree.0.keys().filter(|path| *path != "/").cloned().collect();
    match rng.below(100) {
        0..=39 => {
            add_resource(rng, tree);
        }
        40..=54 => {
            let all: Vec<String> = tree.0.keys().cloned().collect();
            let path = rng.pick(&all).clone();
            add_methods(rng, tree, &path);
        }
        55..=69 => {
            let methods: Vec<(String, Verb)> = tree.methods().map(|(path, verb, _)| (path.to_owned(), verb)).collect();
            if methods.len() > 3 {
                let (path, verb) = rng.pick(&methods);
                tree.0.get_mut(path).unwrap().remove(verb);
            }
        }
        70..=82 => {
            if paths.len() > 4 {
                let gone = rng.pick(&paths).clone();
                let kept: Tree = Tree(
                    tree.0
                        .iter()
                        .filter(|(path, _)| !is_below(path, &gone))
                        .map(|(p, m)| (p.clone(), m.clone()))
                        .collect(),
                );
                if kept.len() > 2 {
                    *tree = kept;
                }
            }
        }
        _ => {
            let literals: Vec<&String> = paths.iter().filter(|path| !path.ends_with('}')).collect();
            if literals.is_empty() {
                return;
            }
            let from = (*rng.pick(&literals)).clone();
            let parent = &from[..from.len() - last(&from).len() - 1];
            let to = join(if parent.is_empty() { "/" } else { parent }, rng.pick::<&str>(&WORDS));
            if tree.0.keys().any(|path| is_below(path, &to)) {
                return;
            }
            let renamed = |path: &String| {
                if is_below(path, &from) { format!("{to}{}", &path[from.len()..]) } else { path.clone() }
            };
            *tree = Tree(tree.0.iter().map(|(path, methods)| (renamed(path), methods.clone())).collect());
        }
    }
}

fn api(rng: &mut Rng, number: usize) -> Api {
    let mut edited = Tree(BTreeMap::from([("/".to_owned(), BTreeMap::new())]));
    if rng.chance(35) {
        add_methods(rng, &mut edited, "/");
    }
    let size = if rng.chance(25) { rng.within(20, MOST_RESOURCES) } else { rng.within(3, 20) };
    for _ in 0..size * 3 {
        if edited.0.len() > size {
            break;
        }
        add_resource(rng, &mut edited);
    }
    while edited.len() < 3 {
        edit(rng, &mut edited);
    }
    let id: String = (0..10).map(|_| *rng.pick(b"abcdefghijklmnopqrstuvwxyz0123456789") as char).collect();
    let mut api = Api {
        id,
        private: rng.chance(6),
        disabled: number > 0 && rng.chance(7),
        stages: vec![],
        deleted_stages: vec![],
        deployments: vec![],
        edited,
        own_words: vec![],
        strips_error_type: rng.chance(12),
    };
    let mut names: Vec<&str> = STAGES.to_vec();
    for _ in 0..rng.within(1, 4) {
        let name = names.swap_remove(rng.below(names.len()));
        let deployment = deploy(rng, &mut api);
        api.stages.push(Stage {
            name: name.to_owned(),
            deployment,
            history: vec![],
            canary: None,
            age: if rng.chance(8) { 5 } else { 86_400 },
            web_acl: rng.chance(10),
        });
        for _ in 0..rng.within(1, 4) {
            edit(rng, &mut api.edited);
        }
    }
    // The history goes on: later deployments, rollbacks, canaries.
    for _ in 0..rng.within(0, 3) {
        let at = rng.below(api.stages.len());
        if rng.chance(20) && !api.stages[at].history.is_empty() {
            let back = *rng.pick(&api.stages[at].history);
            let stage = &mut api.stages[at];
            stage.history.push(std::mem::replace(&mut stage.deployment, back));
        } else {
            let next = deploy(rng, &mut api);
            let stage = &mut api.stages[at];
            stage.history.push(std::mem::replace(&mut stage.deployment, next));
        }
        for _ in 0..rng.within(1, 3) {
            edit(rng, &mut api.edited);
        }
    }
    if rng.chance(25) {
        let next = deploy(rng, &mut api);
        let at = rng.below(api.stages.len());
        api.stages[at].canary = Some((next, *rng.pick(&[0, 1, 10, 10, 50, 50, 90, 100])));
    }
    if rng.chance(60) {
        for _ in 0..rng.within(1, 4) {
            edit(rng, &mut api.edited);
        }
    } else if rng.chance(50) {
        // Nothing is left undeployed.
        api.edited = api.deployments.last().unwrap().tree.clone();
    }
    for _ in 0..rng.below(3) {
        api.deleted_stages.push(names.swap_remove(rng.below(names.len())).to_owned());
    }
    if rng.chance(20) {
        api.own_words.push(OwnWords {
            kind: "MISSING_AUTHENTICATION_TOKEN",
            status: 404,
            body: r#"{"error":"no such door","id":"$context.requestId"}"#,
        });
    }
    if rng.chance(10) {
        api.own_words.push(OwnWords {
            kind: "DEFAULT_4XX",
            status: 404,
            body: r#"{"code":"E4","hint":"see our docs"}"#,
        });
    }
    api
}

fn deploy(rng: &mut Rng, api: &mut Api) -> usize {
    let id: String = (0..6).map(|_| *rng.pick(b"abcdefghijklmnopqrstuvwxyz0123456789") as char).collect();
    api.deployments.push(Deployment { id, tree: api.edited.clone() });
    api.deployments.len() - 1
}

fn domain(rng: &mut Rng, apis: &[Api], number: usize) -> Domain {
    let wildcard = rng.chance(15);
    let name = if wildcard { format!("*.d{number}.example.net") } else { format!("api{number}.example.com") };
    let host = if wildcard { format!("tenant.d{number}.example.net") } else { name.clone() };
    let mut bases: Vec<&str> = BASES.to_vec();
    let mut mappings = vec![];
    for _ in 0..rng.within(1, 5) {
        let base = if mappings.is_empty() && rng.chance(40) {
            bases.remove(0)
        } else {
            bases.swap_remove(rng.below(bases.len()))
        };
        let api = rng.pick(apis);
        let stage = match rng.below(100) {
            0..=9 => None,
            10..=17 if !api.deleted_stages.is_empty() => Some(rng.pick(&api.deleted_stages).clone()),
            _ => Some(rng.pick(&api.stages).name.clone()),
        };
        mappings.push(Mapping { base: base.to_owned(), api: api.id.clone(), stage });
    }
    let mode = rng.weighed(&[("mappings", 65), ("rules-then-mappings", 28), ("rules", 7)]);
    let mut rules = vec![];
    if mode != "mappings" || rng.chance(5) {
        for priority in 0..rng.within(1, 3) {
            let api = rng.pick(apis);
            let bases = if rng.chance(45) {
                let own: Vec<&Mapping> = mappings.iter().filter(|mapping| !mapping.base.is_empty()).collect();
                if own.is_empty() || rng.chance(40) {
                    vec![(*rng.pick(&BASES[1..])).to_owned()]
                } else {
                    vec![rng.pick(&own).base.clone()]
                }
            } else {
                vec![]
            };
            let header = (bases.is_empty() || rng.chance(30)).then(|| {
                let (name, glob) = *rng.pick(&[("x-version", "beta"), ("X-Tenant", "acme*"), ("x-canary", "*yes*")]);
                (name.to_owned(), glob.to_owned())
            });
            rules.push(Rule {
                priority: (priority + 1) * 10,
                bases,
                header,
                api: api.id.clone(),
                stage: rng.pick(&api.stages).name.clone(),
                strip: rng.chance(60),
            });
        }
    }
    Domain { name, host, mode, mutual_tls: rng.chance(6), mappings, rules }
}

/// One to four APIs, and up to three domains that lead to them.
pub fn account(rng: &mut Rng) -> Account {
    let apis: Vec<Api> = (0..rng.within(1, 4)).map(|number| api(rng, number)).collect();
    let domains = (0..rng.below(4)).map(|number| domain(rng, &apis, number)).collect();
    Account { apis, domains, past: rng.weighed(&[(Past::Unread, 20), (Past::History, 40), (Past::Baseline, 40)]) }
}

/// One API as the emulators have it: their data plane knows no authorization, no canary that could be foretold, and of
/// gateway responses the status alone.
pub fn for_emulators(rng: &mut Rng) -> Account {
    let mut api = api(rng, 0);
    api.private = false;
    api.disabled = false;
    api.strips_error_type = false;
    api.own_words.retain(|own| own.kind == "MISSING_AUTHENTICATION_TOKEN");
    for stage in &mut api.stages {
        stage.canary = None;
        stage.age = 86_400;
        stage.web_acl = false;
    }
    let trees = api.deployments.iter_mut().map(|deployment| &mut deployment.tree).chain([&mut api.edited]);
    for methods in trees.flat_map(|tree| tree.0.values_mut()) {
        for method in methods.values_mut() {
            method.authorization = Some(Authorization::None);
        }
    }
    Account { apis: vec![api], domains: vec![], past: Past::History }
}

impl Account {
    pub fn api(&self, id: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.id == id)
    }

    /// The inventory's JSON, as `gateprobe inventory --format json` prints it. By its text and not by the product's
    /// types, so that a new optional field there needs no change here.
    pub fn inventory(&self) -> Value {
        json!({
            "version": 1, "region": REGION, "read_at": NOW,
            "apis": self.apis.iter().map(|api| api.json(self.past)).collect::<Vec<_>>(),
            "domains": self.domains.iter().map(Domain::json).collect::<Vec<_>>(),
        })
    }
}

impl Account {
    /// What the monitor saw, as the product keeps it.
    pub fn baseline(&self) -> Value {
        let seen = |api: &Api, stage: &Stage, at: usize| {
            json!({
                "api": api.id, "stage": stage.name, "deployment": api.deployments[at].id,
                "seen_at": NOW - 90_000 + i64::try_from(at).unwrap(), "tree": api.deployments[at].tree,
            })
        };
        let stages: Vec<Value> = self
            .apis
            .iter()
            .flat_map(|api| api.stages.iter().map(move |stage| (api, stage)))
            .flat_map(|(api, stage)| stage.history.iter().map(move |at| seen(api, stage, *at)))
            .collect();
        json!({ "stages": if self.past == Past::Baseline { stages } else { vec![] } })
    }

    /// The deployments that a stage is known to have served, or that it may have: those of the API that are older than
    /// its present one and that no stage serves now. The latter are told apart by `false`.
    pub fn known_past<'a>(&self, api: &'a Api, stage: &Stage) -> Vec<(&'a Deployment, bool)> {
        let served = |at: usize| {
            api.stages
                .iter()
                .any(|stage| stage.deployment == at || stage.canary.is_some_and(|(canary, _)| canary == at))
        };
        let own = |at: usize| stage.history.contains(&at) && at != stage.serving();
        (0..api.deployments.len())
            .filter_map(|at| match self.past {
                Past::Baseline if own(at) => Some((&api.deployments[at], true)),
                Past::Baseline | Past::History if at < stage.serving() && !served(at) => {
                    Some((&api.deployments[at], own(at)))
                }
                _ => None,
            })
            .collect()
    }
}

impl Stage {
    /// What answers callers: the canary's deployment where that takes all of the traffic.
    pub fn serving(&self) -> usize {
        match self.canary {
            Some((canary, 100)) => canary,
            _ => self.deployment,
        }
    }

    /// The canary, where chance decides.
    pub fn split(&self) -> Option<usize> {
        self.canary.filter(|(_, percent)| (1..100).contains(percent)).map(|(canary, _)| canary)
    }
}

impl Api {
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// What a stage serves outside its canary.
    pub fn tree(&self, stage: &Stage) -> &Tree {
        &self.deployments[stage.serving()].tree
    }

    pub fn json(&self, past: Past) -> Value {
        let used = |at: usize| {
            self.stages
                .iter()
                .any(|stage| stage.deployment == at || stage.canary.is_some_and(|(canary, _)| canary == at))
                || past != Past::Unread
        };
        let deployments: serde_json::Map<String, Value> = (0..self.deployments.len())
            .filter(|at| used(*at))
            .map(|at| {
                let deployment = &self.deployments[at];
                let created_at = NOW - 1_000_000 + i64::try_from(at).unwrap() * 1000;
                (
                    deployment.id.clone(),
                    json!({"source": "apisummary", "created_at": created_at, "tree": deployment.tree}),
                )
            })
            .collect();
        json!({
            "id": self.id, "name": format!("api-{}", self.id),
            "endpoint": if self.private { "private" } else { "regional" },
            "default_endpoint_disabled": self.disabled,
            "stages": self.stages.iter().map(|stage| json!({
                "name": stage.name,
                "deployment": self.deployments[stage.deployment].id,
                "canary": stage.canary.map(|(at, percent)| json!({"deployment": self.deployments[at].id, "percent": f64::from(percent)})),
                "updated_at": NOW - stage.age,
                "web_acl": stage.web_acl.then_some("arn:aws:wafv2:us-east-1:1:regional/webacl/x/1"),
            })).collect::<Vec<_>>(),
            "deployments": deployments,
            "edited": self.edited,
            "gateway_responses": self.own_words.iter().map(|own| json!({
                "kind": own.kind, "status": own.status, "templates": {"application/json": own.body},
            })).collect::<Vec<_>>(),
        })
    }
}

impl Domain {
    fn json(&self) -> Value {
        json!({
            "name": self.name, "endpoint": "regional", "target": format!("d-{}.execute-api.{REGION}.amazonaws.com", self.name.len()),
            "routing_mode": self.mode, "mutual_tls": self.mutual_tls,
            "mappings": self.mappings.iter().map(|m| json!({"base_path": m.base, "api": m.api, "stage": m.stage})).collect::<Vec<_>>(),
            "rules": self.rules.iter().map(|rule| json!({
                "id": format!("r{}", rule.priority), "priority": rule.priority, "base_paths": rule.bases,
                "headers": rule.header.iter().map(|(header, value)| vec![json!({"header": header, "value": value})]).collect::<Vec<_>>(),
                "api": rule.api, "stage": rule.stage, "strip_base_path": rule.strip,
            })).collect::<Vec<_>>(),
        })
    }
}
