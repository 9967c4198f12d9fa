//! What to ask: for every deployed method a request that is evidence, or a precise reason and what would bring one.
//! Pure: data in, data out.
//!
//! Of a method whose verb changes nothing the best request is asked that can be made (the user's, the API's own
//! examples, values made up to fit); so is any other verb that the user allows. Every other method is proved by a
//! [refusal](RefusalKind), or skipped with a reason and a remedy.

mod ask;
mod contract;
mod coverage;
mod doors;
mod path;
mod refusal;
mod removed;
mod skip;
mod starting;
mod yaml;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use contract::NO_STAGE_FITS;
pub use coverage::{Coverage, Proves, ToProve};
pub use doors::{DOMAIN_URL, DomainUrl, DomainUrlError, Door};
pub use refusal::{RefusalKind, refusals};
pub use removed::Missing;
pub use skip::SkipReason;
pub use starting::starting_config;

use crate::config::{Config, Credential, Expectations, Ignore, KnownGood, MethodKey, Rules};
use crate::gateway::{Api, AuthorizerKind, Gap, Match, Method, Protocol, Request, Stage, Verb, World};
use ask::Values;
use doors::{Doors, Opening};

/// Everything that a run will send, and what it will not.
#[derive(Debug)]
pub struct Plan {
    /// Every deployed method of every stage, once, with its fate: the first promise holds by this list.
    pub methods: Vec<PlannedMethod>,
    /// The requests that may reach what lies behind a method.
    pub probes: Vec<Probe>,
    /// The requests that API Gateway must refuse, by API and stage.
    pub refusals: Vec<Probe>,
    /// Refusals of verbs that change nothing: what shows that a kind of refusal works at an endpoint that is not AWS's.
    pub trials: Vec<Probe>,
    /// How many of them there are of each.
    tried: HashMap<Trial, usize>,
    /// For the stages of [`Plan::refusals`], a request that no method takes: what is answered to it proves no route.
    pub controls: BTreeMap<(Arc<str>, Arc<str>), Request>,
    /// Doors that cannot be asked through, and why.
    pub gaps: Vec<Gap>,
    /// Methods that a deployment took away.
    pub removed: Vec<Missing>,
    /// What is worth knowing and wrong with nothing.
    pub notes: Vec<String>,
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
    /// Of a skipped one, what there is to say beyond the reason: the user's own, or the secret's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The config line that would bring a proof, or a better one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The user's reason for not being told of its failures, though it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Arc<str>>,
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
    /// The API's id and the stage's name that the request leads to; `None` where that is not known.
    pub stage: Option<(Arc<str>, Arc<str>)>,
    /// The way it goes.
    pub door: Door,
    /// The request, without credentials.
    pub request: Request,
    /// Where the request's values come from.
    pub provenance: Provenance,
    /// The path's parameters whose values are made up: nobody says that there is such a thing.
    pub made_up: Vec<String>,
    /// What answer is evidence of nothing wrong.
    pub expects: Expects,
    /// What the user holds the answer to.
    pub check: Option<Arc<Expectations>>,
    /// What it is surely refused for, in API Gateway's order; empty for a request that is to be answered.
    pub refusal: Vec<RefusalKind>,
    /// The kind of the authorizer that refuses it, where one does and is known: an endpoint may enforce one and not another.
    pub authorizer: Option<AuthorizerKind>,
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
    /// A method that a deployment took away: its index in [`Plan::removed`].
    Removed(usize),
}

/// Where the values of a request come from. Of several the last one here counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// No value was needed.
    Bare,
    /// The user's contract.
    Contract,
    /// The user's config.
    Config,
    /// The API's own examples.
    Example,
    /// Made up to fit what the API says of them.
    Schema,
    /// Made up, and nothing is known of what would fit.
    Placeholder,
    /// What is needed is left out, so that it must be refused.
    Refusal,
}

impl Provenance {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Bare, Self::Contract, Self::Config, Self::Example, Self::Schema, Self::Placeholder, Self::Refusal];

    /// Whether somebody who knows the API says that such a request is good: only then does its success prove *healthy*,
    /// and only then is a backend's 4xx a fault. Other requests prove *routed*.
    #[must_use]
    pub fn is_known_good(self) -> bool {
        matches!(self, Self::Bare | Self::Contract | Self::Config | Self::Example)
    }

    /// The id, as in the JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Contract => "contract",
            Self::Config => "config",
            Self::Example => "example",
            Self::Schema => "schema",
            Self::Placeholder => "placeholder",
            Self::Refusal => "refusal",
        }
    }
}

/// What answer says that nothing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expects {
    /// The method's own answer: a success, or, for made-up values, any answer of the backend that may be for their sake.
    Answer,
    /// A refusal, for no key is configured.
    KeyRefusal,
    /// A refusal, for no token is configured.
    AuthorizerRefusal,
    /// A refusal of one of [`Probe::refusal`]'s kinds, and no call of any integration.
    Refusal,
}

/// Credentials that could not be had: names of the config's, and why.
pub type Unreadable = BTreeMap<String, String>;

/// So many trials are made of each, at most.
const TRIALS: usize = 3;

/// What trials are made of: an endpoint may enforce one of these and not another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Trial {
    door: Door,
    protocol: Protocol,
    kind: RefusalKind,
    authorizer: Option<AuthorizerKind>,
}

/// Plans a run.
#[must_use]
pub fn plan(world: &World, config: &Config, domain_url: &DomainUrl, unreadable: &Unreadable) -> Plan {
    let mut plan = Plan {
        methods: Vec::new(),
        probes: Vec::new(),
        refusals: Vec::new(),
        trials: Vec::new(),
        tried: HashMap::new(),
        controls: BTreeMap::new(),
        gaps: Vec::new(),
        removed: Vec::new(),
        notes: ended(config, world.inventory().read_at),
    };
    let doors = Doors::new(world, config, domain_url, &mut plan.gaps);
    let rules = config.rules().unwrap_or_else(|error| {
        plan.gaps.push(Gap { place: "config".to_owned(), reason: error.to_string() });
        Rules::default()
    });
    let rules = &rules;
    let known = Known { world, config, rules, unreadable, doors: &doors };
    for api in &world.inventory().apis {
        let id: Arc<str> = api.id.as_str().into();
        let name: Arc<str> = api.name.as_str().into();
        for stage in &api.stages {
            let Some(deployment) = api.deployment_of(stage) else { continue };
            let stage_name: Arc<str> = stage.name.as_str().into();
            let before = plan.refusals.len();
            for (resource, verb, method) in deployment.tree.methods() {
                let target = Target { api, stage, resource, verb, method };
                let subject = Subject::Method(plan.methods.len());
                let ignore = target.ignored(&known);
                let fate = match ignore {
                    Some(rule) if !rule.probe => Settled::because(SkipReason::Ignored, rule.reason.clone()),
                    _ => target.settle(&known, subject, &id, &mut plan),
                };
                plan.methods.push(PlannedMethod {
                    api: id.clone(),
                    api_name: name.clone(),
                    stage: stage_name.clone(),
                    resource: resource.into(),
                    verb,
                    remedy: fate.remedy(&target, &known),
                    fate: fate.fate,
                    detail: fate.detail,
                    ignored: ignore.filter(|rule| rule.probe).map(|rule| rule.reason.as_str().into()),
                });
            }
            if plan.refusals.len() > before
                && let Some(request) = control(world, api, stage, &doors)
            {
                plan.controls.insert((id.clone(), stage_name), request);
            }
        }
    }
    contract::contract(&known, &mut plan);
    plan
}

/// A line for each `ignore` whose last day is over.
fn ended(config: &Config, now: i64) -> Vec<String> {
    let ended = config.ignore.iter().filter(|rule| rule.ended(now));
    ended
        .filter_map(|rule| {
            let until = rule.until?;
            Some(format!(
                "the `ignore` with the reason `{}` ended with {until}: what it held back is told again; leave it out, or give it another day",
                rule.reason
            ))
        })
        .collect()
}

/// What a planner goes by.
struct Known<'w> {
    world: &'w World,
    config: &'w Config,
    rules: &'w Rules,
    unreadable: &'w Unreadable,
    doors: &'w Doors<'w>,
}

impl Known<'_> {
    /// Why one of these credentials cannot be used, if one cannot.
    fn unreadable(&self, names: &[String]) -> Option<String> {
        let (name, reason) = names.iter().find_map(|name| self.unreadable.get_key_value(name))?;
        Some(format!("{name}: {reason}"))
    }
}

/// A request to a stage that no method of it takes. `None` where a method takes everything.
fn control(world: &World, api: &Api, stage: &Stage, doors: &Doors<'_>) -> Option<Request> {
    let router = world.stage_router(api, stage)?;
    let path = ["/gateprobe-no-such-resource", "/gateprobe/no/such/resource"]
        .into_iter()
        .find(|path| router.route(Verb::Get, path).is_none())?;
    doors.of(api, stage).ok()?.first()?.request(Verb::Get, path)
}

/// What becomes of a method, and why.
struct Settled {
    fate: Fate,
    detail: Option<String>,
}

impl Settled {
    fn probed() -> Self {
        Self { fate: Fate::Probed, detail: None }
    }

    fn skipped(reason: SkipReason) -> Self {
        Self { fate: Fate::Skipped(reason), detail: None }
    }

    fn because(reason: SkipReason, detail: String) -> Self {
        Self { fate: Fate::Skipped(reason), detail: Some(detail) }
    }

    /// The config line that would bring a proof.
    fn remedy(&self, target: &Target<'_>, known: &Known<'_>) -> Option<String> {
        if self.fate != Fate::Skipped(SkipReason::NoSafeProof) {
            return None;
        }
        let verb = target.request_verb(known);
        let api = yaml::quoted(&target.api.id);
        let stage = yaml::quoted(&target.stage.name);
        let path = yaml::quoted(&rule_path(target.resource));
        Some(format!("{}{{api: {api}, stage: {stage}, path: {path}, method: {verb}}}{}", REMEDY.0, REMEDY.1))
    }
}

/// What stands around the rule in [`PlannedMethod::remedy`].
const REMEDY: (&str, &str) = ("allow: [", "]");

/// How a rule names a resource: the default route of an HTTP API is no path by itself.
fn rule_path(resource: &str) -> std::borrow::Cow<'_, str> {
    if resource.starts_with('/') { resource.into() } else { format!("/{resource}").into() }
}

/// A deployed method that wants a request.
struct Target<'w> {
    api: &'w Api,
    stage: &'w Stage,
    resource: &'w str,
    verb: Verb,
    method: &'w Method,
}

impl<'w> Target<'w> {
    fn key(&self) -> MethodKey<'w> {
        MethodKey {
            api_id: &self.api.id,
            api_name: &self.api.name,
            stage: &self.stage.name,
            resource: self.resource,
            declared: self.verb,
        }
    }

    fn place(&self) -> (Arc<str>, Arc<str>) {
        (self.api.id.as_str().into(), self.stage.name.as_str().into())
    }

    /// The rule by which nobody wants to be told of it when the inventory was read.
    fn ignored<'k>(&self, known: &'k Known<'_>) -> Option<&'k Ignore> {
        known.rules.ignored(&self.key(), self.request_verb(known), known.world.inventory().read_at)
    }

    /// Finds the request for it, or says why there is none.
    fn settle(&self, known: &Known<'_>, subject: Subject, group: &Arc<str>, plan: &mut Plan) -> Settled {
        let key = self.key();
        let verb = self.request_verb(known);
        let openings = match known.doors.of(self.api, self.stage) {
            Ok(openings) => openings,
            Err(reason) => return Settled::skipped(reason),
        };
        let kinds = refusals(self.api, self.stage, self.resource, self.verb);
        if verb.is_safe()
            && let Some(wanted) = self.trial(&openings, &kinds)
            && plan.tried.get(&wanted).is_none_or(|made| *made < TRIALS)
            && let Some(trial) = self.refusal(known, &openings, verb, &kinds, subject, group)
        {
            *plan.tried.entry(wanted).or_default() += 1;
            plan.trials.push(trial);
        }
        if !verb.is_safe() && !known.rules.allows(&key, verb) {
            if kinds.is_empty() {
                return Settled::skipped(SkipReason::NoSafeProof);
            }
            let Some(probe) = self.refusal(known, &openings, verb, &kinds, subject, group) else {
                // Either nothing reaches it, or what does may reach another method: under a canary, or by an escaped path.
                let unsure = self.stage.split().is_some() || !path::is_plain(self.resource);
                return Settled::skipped(if unsure { SkipReason::NoSafeProof } else { SkipReason::Unreachable });
            };
            plan.refusals.push(probe);
            return Settled::probed();
        }
        let good = known.rules.known_good(&key, verb);
        let with = match good {
            Some(good) if !good.with.is_empty() => &good.with[..],
            _ => known.rules.authenticate(&key, verb),
        };
        if let Some(reason) = known.unreadable(with) {
            return Settled::because(SkipReason::SecretUnreadable, reason);
        }
        let shown = Shown::new(known.config, with);
        // An unsigned call is answered as a missing route is; a signature of nobody's is refused by the method alone.
        if kinds.first() == Some(&RefusalKind::Iam) && !shown.signature {
            return match self.refusal(known, &openings, verb, &kinds, subject, group) {
                Some(probe) => {
                    plan.refusals.push(probe);
                    Settled::probed()
                }
                None => Settled::skipped(SkipReason::Unreachable),
            };
        }
        let before = plan.probes.len();
        let values = Values {
            known: good,
            parameters: &known.config.parameters,
            interface: self.method.interface.as_deref(),
            with_body: !verb.is_safe(),
        };
        // What may change something is sent once, however many doors lead to it, and only as the user wrote it.
        let doors = if verb.is_safe() { openings.len() } else { 1 };
        for opening in openings.iter().take(doors) {
            let asked = self.ask(known, opening, verb, values).or_else(|| {
                // The user's request reaches another method: its own words would prove nothing of this one.
                let made_up = verb.is_safe() && good.is_some();
                self.ask(known, opening, verb, Values { known: None, ..values }).filter(|_| made_up)
            });
            let Some((request, provenance, made_up)) = asked else { continue };
            plan.probes.push(Probe {
                subject,
                stage: Some(self.place()),
                door: opening.door.clone(),
                request,
                provenance,
                made_up,
                // What the user calls good is to be answered, whatever it shows.
                expects: if good.is_some() { Expects::Answer } else { contract::expects(self.method, shown) },
                check: good.filter(|_| provenance.is_known_good()).map(checks).unwrap_or_default(),
                refusal: Vec::new(),
                authorizer: None,
                credentials: with.iter().map(|name| name.as_str().into()).collect(),
                group: group.clone(),
            });
        }
        if plan.probes.len() > before { Settled::probed() } else { Settled::skipped(SkipReason::Unreachable) }
    }

    /// The best request through a door that reaches this very method.
    fn ask(
        &self,
        known: &Known<'_>,
        opening: &Opening,
        verb: Verb,
        values: Values<'_>,
    ) -> Option<(Request, Provenance, Vec<String>)> {
        let fillings = values.paths(self.resource);
        let best = fillings.first().map(|filling| filling.provenance);
        for filling in fillings {
            // What may change something goes to the user's own path or nowhere.
            if !verb.is_safe() && values.known.is_some() && Some(filling.provenance) != best {
                break;
            }
            let Some(mut request) = opening.request(verb, &filling.path) else { continue };
            if self.is_reached_by(known.world, &request) {
                let provenance = values.dress(&mut request, filling.provenance);
                return Some((request, provenance, values.made_up(self.resource)));
            }
        }
        None
    }

    /// What a refusal of this method would be a trial of: of what API Gateway looks at first.
    fn trial(&self, openings: &[Opening], kinds: &[RefusalKind]) -> Option<Trial> {
        let kind = *kinds.first()?;
        let authorizer = (kind == RefusalKind::Authorizer).then(|| refusal::authorizer_of(self.method)).flatten();
        Some(Trial { door: openings.first()?.door.clone(), protocol: self.api.protocol, kind, authorizer })
    }

    /// A request that must be refused for these kinds, through the first door that leads here.
    fn refusal(
        &self,
        known: &Known<'_>,
        openings: &[Opening],
        verb: Verb,
        kinds: &[RefusalKind],
        subject: Subject,
        group: &Arc<str>,
    ) -> Option<Probe> {
        let interface = self.method.interface.as_deref();
        let values = Values { known: None, parameters: &known.config.parameters, interface, with_body: false };
        // A routing rule's headers may be the very ones that a refusal is to come without.
        openings.iter().filter(|opening| !opening.needs_headers()).find_map(|opening| {
            let mut request = values.plain_paths(self.resource).into_iter().find_map(|filling| {
                opening.request(verb, &filling.path).filter(|request| self.is_reached_by(known.world, request))
            })?;
            let address = known.world.locate(&request);
            let path = address.path_at().and_then(|at| request.url.as_str().get(at)).unwrap_or("");
            if !verb.is_safe() && !path::is_plain(path) {
                return None;
            }
            let kinds = refusal::on_path(known.world, self.api, self.stage, verb, path, kinds.to_vec());
            if kinds.is_empty() {
                return None;
            }
            let authorizer = refusal::authorizer_on_path(known.world, self.api, self.stage, verb, path);
            request.headers.extend(refusal::headers(interface, &kinds));
            Some(Probe {
                subject,
                stage: Some(self.place()),
                door: opening.door.clone(),
                request,
                provenance: Provenance::Refusal,
                made_up: Vec::new(),
                expects: Expects::Refusal,
                check: None,
                refusal: kinds,
                authorizer,
                credentials: Vec::new(),
                group: group.clone(),
            })
        })
    }

    /// The verb to ask with: the method's own; for `ANY` the one of the user's request for it, else the first safe one that
    /// the resource does not declare itself, and then any other that it does not.
    fn request_verb(&self, known: &Known<'_>) -> Verb {
        if self.verb != Verb::Any {
            return self.verb;
        }
        let declared = self.api.deployment_of(self.stage).and_then(|deployment| deployment.tree.0.get(self.resource));
        let free = |verb: &Verb| declared.is_none_or(|declared| !declared.contains_key(verb));
        let key = self.key();
        if let Some((verb, _)) = known.rules.request_for(&key)
            && free(&verb)
            && known.rules.allows(&key, verb)
        {
            return verb;
        }
        let others = [Verb::Post, Verb::Put, Verb::Patch, Verb::Delete];
        Verb::SAFE.into_iter().chain(others).find(free).unwrap_or(Verb::Any)
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
}

/// What a request's credentials show.
#[derive(Clone, Copy, Default)]
struct Shown {
    key: bool,
    token: bool,
    signature: bool,
}

impl Shown {
    fn new(config: &Config, with: &[String]) -> Self {
        let mut shown = Self::default();
        for credential in with.iter().filter_map(|name| config.credentials.get(name)) {
            match credential {
                Credential::ApiKey(_) => shown.key = true,
                Credential::Header { name, .. } if name.eq_ignore_ascii_case("x-api-key") => shown.key = true,
                Credential::Sigv4 { .. } => shown.signature = true,
                Credential::Bearer(_)
                | Credential::Basic { .. }
                | Credential::Header { .. }
                | Credential::ClientCredentials { .. } => shown.token = true,
            }
        }
        shown
    }
}

fn checks(good: &KnownGood) -> Option<Arc<Expectations>> {
    (good.expect != Expectations::default()).then(|| Arc::new(good.expect.clone()))
}

#[cfg(test)]
mod tests;
