//! What is true of a request on a gateway, found without any of the product's routing.
//!
//! Methods are found by `simulator::oracle`, which tries every (resource, verb) pair. Hosts, stages, base path
//! mappings and routing rules are resolved here from the fact sheet (A0 to A4, B22, B23), segment by segment.

use std::collections::BTreeMap;

use gateprobe::diagnose::Cause;
use gateprobe::gateway::{Request, Tree, Verb};
use gateprobe::simulator::oracle;

use super::gateway::{Account, Api, Domain, REGION, Stage};

/// Where a request's URL leads.
pub enum Landing<'a> {
    /// No API of this id: the name does not resolve.
    Nowhere,
    /// A private API, from outside: the name does not resolve, or nothing answers. What is inside all the same.
    Private(Box<Landing<'a>>),
    /// 403 Forbidden whatever the stage.
    Disabled(&'a Api),
    Reserved,
    Unmapped(&'a Domain),
    /// No such stage, or none at all.
    NoStage {
        api: &'a Api,
        text: Option<String>,
        /// What follows the text.
        rest: String,
        domain: Option<&'a Domain>,
        /// Whether a mapping or a rule named the stage, and not the caller.
        mapped: bool,
    },
    Stage(Place<'a>),
}

/// A request within an existing stage.
#[derive(Clone)]
pub struct Place<'a> {
    pub api: &'a Api,
    pub stage: &'a Stage,
    /// As the stage sees it.
    pub path: String,
    pub domain: Option<&'a Domain>,
    pub by_rule: bool,
    /// The base path of the mapping.
    pub base: String,
}

pub fn endpoint(api: &str) -> String {
    format!("https://{api}.execute-api.{REGION}.amazonaws.com")
}

/// The segments of a URL's path, empty ones included, the first slash not.
fn parts(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() { vec![] } else { path.split('/').collect() }
}

fn whole(parts: &[&str]) -> String {
    parts.iter().map(|part| format!("/{part}")).collect()
}

fn starts_with(path: &[&str], base: &str) -> Option<usize> {
    let base: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    (path.len() >= base.len() && path[..base.len()] == base[..]).then_some(base.len())
}

pub fn land<'a>(account: &'a Account, request: &Request) -> Landing<'a> {
    let host = request.url.host_str().unwrap_or("");
    let path = parts(request.url.path());
    if let Some(domain) = account.domains.iter().find(|domain| domain.host == host) {
        return land_on_domain(account, domain, request, &path, true);
    }
    let id = host.split('.').next().unwrap_or("");
    let Some(api) = account.api(id) else { return Landing::Nowhere };
    if api.disabled {
        return Landing::Disabled(api);
    }
    let inside = match path.split_first() {
        Some((text, rest)) if !text.is_empty() => land_on_stage(api, text, rest, None, false, false, ""),
        _ => Landing::NoStage { api, text: None, rest: whole(&path), domain: None, mapped: false },
    };
    if api.private { Landing::Private(Box::new(inside)) } else { inside }
}

fn land_on_stage<'a>(
    api: &'a Api,
    text: &str,
    rest: &[&str],
    domain: Option<&'a Domain>,
    by_rule: bool,
    mapped: bool,
    base: &str,
) -> Landing<'a> {
    match api.stage(text) {
        Some(stage) => Landing::Stage(Place { api, stage, path: whole(rest), domain, by_rule, base: base.to_owned() }),
        None => Landing::NoStage { api, text: Some(text.to_owned()), rest: whole(rest), domain, mapped },
    }
}

fn glob_meets(glob: &str, value: &str) -> bool {
    let bare = glob.trim_matches('*');
    match (glob.starts_with('*'), glob.ends_with('*')) {
        (false, false) => value == bare,
        (false, true) => value.starts_with(bare),
        (true, false) => value.ends_with(bare),
        (true, true) => value.contains(bare),
    }
}

fn land_on_domain<'a>(
    account: &'a Account,
    domain: &'a Domain,
    request: &Request,
    path: &[&str],
    rules: bool,
) -> Landing<'a> {
    if matches!(path, ["ping" | "sping"]) {
        return Landing::Reserved;
    }
    if rules && domain.mode != "mappings" {
        let mut matching: Vec<_> = domain
            .rules
            .iter()
            .filter(|rule| {
                (rule.bases.is_empty() || rule.bases.iter().any(|base| starts_with(path, base).is_some()))
                    && rule
                        .header
                        .as_ref()
                        .is_none_or(|(name, glob)| request.header(name).is_some_and(|value| glob_meets(glob, value)))
            })
            .collect();
        matching.sort_by_key(|rule| rule.priority);
        if let Some(rule) = matching.first() {
            let taken = if rule.strip {
                rule.bases.iter().filter_map(|base| starts_with(path, base)).max().unwrap_or(0)
            } else {
                0
            };
            let Some(api) = account.api(&rule.api) else { return Landing::Nowhere };
            return land_on_stage(api, &rule.stage, &path[taken..], Some(domain), true, true, "");
        }
        if domain.mode == "rules" {
            return Landing::Unmapped(domain);
        }
    }
    let mut fitting: Vec<_> =
        domain.mappings.iter().filter_map(|mapping| Some((starts_with(path, &mapping.base)?, mapping))).collect();
    fitting.sort_by_key(|(taken, _)| *taken);
    let Some((taken, mapping)) = fitting.pop() else { return Landing::Unmapped(domain) };
    let Some(api) = account.api(&mapping.api) else { return Landing::Nowhere };
    let rest = &path[taken..];
    match (&mapping.stage, rest.split_first()) {
        (Some(stage), _) => land_on_stage(api, stage, rest, Some(domain), false, true, &mapping.base),
        (None, Some((text, rest))) if !text.is_empty() => {
            land_on_stage(api, text, rest, Some(domain), false, false, &mapping.base)
        }
        _ => Landing::NoStage { api, text: None, rest: whole(rest), domain: Some(domain), mapped: false },
    }
}

/// The verb that API Gateway routes by.
pub fn verb_of(request: &Request) -> Option<Verb> {
    let over = request.header("x-http-method-override").and_then(Verb::of_request);
    over.or_else(|| Verb::of_request(&request.method))
}

pub type Hit<'a> = (&'a str, Verb);

pub fn hit<'a>(tree: &'a Tree, verb: Option<Verb>, path: &str) -> Option<Hit<'a>> {
    oracle(tree, verb?, path)
}

/// Where a request comes out in a stage, also of a private API (as if it were called from inside).
pub fn place<'a>(account: &'a Account, request: &Request) -> Option<Place<'a>> {
    match land(account, request) {
        Landing::Stage(place) => Some(place),
        Landing::Private(inside) => match *inside {
            Landing::Stage(place) => Some(place),
            _ => None,
        },
        _ => None,
    }
}

/// The method that a request reaches outside any canary.
pub fn reaches<'a>(account: &'a Account, request: &Request) -> Option<(Place<'a>, Hit<'a>)> {
    let place = place(account, request)?;
    let tree = place.api.tree(place.stage);
    let hit = hit(tree, verb_of(request), &place.path)?;
    Some((place, hit))
}

/// How a cause is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Only by a `{param}` or a `{proxy+}`, which take any text: as true of any typo.
    ByPattern,
    /// By the names that the request itself spells.
    ByName,
}

/// Every cause that is literally true of a request, found by asking the whole gateway.
pub type Truths = BTreeMap<Cause, How>;

/// Which part of the path the caller got wrong, where one is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The n-th segment of the URL's path, counted from its end.
    SegmentFromEnd(usize),
    Verb,
    Other,
}

fn how(hit: Hit<'_>, path: &str, wrong: Wrong) -> How {
    let resource = parts(hit.0);
    let given: Vec<&str> = parts(path.trim_end_matches('/'));
    let by_name = !hit.0.ends_with("+}")
        && match wrong {
            Wrong::SegmentFromEnd(back) => given
                .len()
                .checked_sub(back + 1)
                .and_then(|index| resource.get(index))
                .is_some_and(|segment| !segment.starts_with('{')),
            Wrong::Verb => true,
            Wrong::Other => resource.iter().all(|segment| !segment.starts_with('{')),
        };
    if by_name { How::ByName } else { How::ByPattern }
}

/// Another casing of the path that routes.
fn recased(tree: &Tree, verb: Verb, path: &str) -> bool {
    let given = parts(path.trim_end_matches('/'));
    tree.0.keys().any(|resource| {
        let wanted = parts(resource);
        let greedy = resource.ends_with("+}");
        if wanted.len() > given.len() || !greedy && wanted.len() != given.len() {
            return false;
        }
        let mut corrected: Vec<&str> = given.clone();
        for (index, segment) in wanted.iter().enumerate() {
            if !segment.starts_with('{') {
                if !segment.eq_ignore_ascii_case(given[index]) {
                    return false;
                }
                corrected[index] = segment;
            }
        }
        corrected != given && oracle(tree, verb, &whole(&corrected)).is_some()
    })
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = path.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let (b'%', Some(byte)) = (bytes[at], hex) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn folded(path: &str) -> String {
    whole(&parts(path).into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>())
}

pub fn truths(account: &Account, request: &Request, wrong: Wrong) -> Truths {
    let mut truths = Truths::new();
    match land(account, request) {
        Landing::Nowhere => {
            truths.insert(Cause::ApiUnknown, How::ByName);
        }
        Landing::Disabled(_) => {
            truths.insert(Cause::EndpointDisabled, How::ByName);
        }
        Landing::Private(inside) => {
            truths.insert(Cause::PrivateEndpoint, How::ByName);
            // From the inside the rest of it is true as well.
            landed(account, request, &inside, wrong, &mut truths);
        }
        inside => landed(account, request, &inside, wrong, &mut truths),
    }
    truths
}

fn landed(account: &Account, request: &Request, landing: &Landing<'_>, wrong: Wrong, truths: &mut Truths) {
    match landing {
        Landing::Reserved => {
            truths.insert(Cause::ReservedPath, How::ByName);
        }
        Landing::Unmapped(domain) => {
            truths.insert(Cause::DomainUnmapped, How::ByName);
            base_path_missing(account, domain, request, wrong, truths);
        }
        Landing::NoStage { api, text, rest, domain, mapped } => {
            let whole = text.as_ref().map_or(rest.clone(), |text| format!("/{text}{rest}"));
            if *mapped {
                truths.insert(Cause::StageUnknown, How::ByName);
            } else {
                no_stage(request, api, text.is_some().then_some(rest.as_str()), &whole, wrong, truths);
            }
            if let Some(domain) = domain {
                base_path_missing(account, domain, request, wrong, truths);
            } else if request.url.path().starts_with("//") {
                let with = with_path(request, &folded(request.url.path()));
                if matches!(land(account, &with), Landing::Stage(_)) {
                    truths.insert(Cause::PathEncoding, How::ByName);
                }
            }
        }
        Landing::Stage(place) => in_stage(account, request, place, wrong, truths),
        Landing::Nowhere | Landing::Disabled(_) | Landing::Private(_) => {}
    }
}

fn with_path(request: &Request, path: &str) -> Request {
    let mut other = request.clone();
    other.url.set_path(path);
    other
}

fn base_path_missing(account: &Account, domain: &Domain, request: &Request, wrong: Wrong, truths: &mut Truths) {
    // A rule's base paths are base paths too (B23), and in the mode of rules alone the only ones.
    let of_rules: Vec<&String> = domain.rules.iter().flat_map(|rule| &rule.bases).collect();
    let bases = domain.mappings.iter().map(|mapping| &mapping.base).chain(of_rules.iter().copied());
    for base in bases.filter(|base| !base.is_empty()) {
        let with = with_path(request, &format!("/{base}{}", request.url.path()));
        if let Some((place, hit)) = reaches(account, &with)
            && (!place.by_rule || of_rules.contains(&base))
        {
            let seen = truths.entry(Cause::BasePathMissing).or_insert(How::ByPattern);
            *seen = (*seen).max(how(hit, &place.path, wrong));
        }
    }
}

/// The caller should have named a stage. `rest`: what follows the segment that stands where the stage should.
fn no_stage(request: &Request, api: &Api, rest: Option<&str>, whole: &str, wrong: Wrong, truths: &mut Truths) {
    let verb = verb_of(request);
    let best = |path: &str| {
        api.stages.iter().filter_map(|stage| hit(api.tree(stage), verb, path)).map(|hit| how(hit, path, wrong)).max()
    };
    match rest {
        // Literally true of every first segment that names no stage; by name where a stage in its place routes.
        Some(rest) => truths.insert(Cause::StageUnknown, best(rest).unwrap_or(How::ByPattern)),
        None => truths.insert(Cause::StageMissing, How::ByName),
    };
    if let Some(best) = best(whole) {
        let seen = truths.entry(Cause::StageMissing).or_insert(How::ByPattern);
        *seen = (*seen).max(best);
    }
}

/// The method of the editor that would answer if it were deployed, where another answers now.
pub fn shadow<'a>(place: &Place<'a>, verb: Option<Verb>) -> Option<Hit<'a>> {
    shadow_of(&place.api.edited, place, verb)
}

/// The same of any other tree: its method is not in the stage's deployment, and beside what is there it would win.
fn shadow_of<'a>(tree: &'a Tree, place: &Place<'a>, verb: Option<Verb>) -> Option<Hit<'a>> {
    let deployed = place.api.tree(place.stage);
    let answers = hit(deployed, verb, &place.path)?;
    let own = hit(tree, verb, &place.path)?;
    if own == answers || deployed.method(own.0, own.1).is_some() {
        return None;
    }
    let mut both = deployed.clone();
    for (path, verb, method) in tree.methods() {
        both.insert(path, verb, method.clone());
    }
    (hit(&both, verb, &place.path)? == own).then_some(own)
}

fn in_stage(account: &Account, request: &Request, place: &Place<'_>, wrong: Wrong, truths: &mut Truths) {
    let (api, stage, path) = (place.api, place.stage, place.path.as_str());
    let tree = api.tree(stage);
    let verb = verb_of(request);
    let mut add = |cause, how: How| {
        let seen = truths.entry(cause).or_insert(how);
        *seen = (*seen).max(how);
    };
    let here = hit(tree, verb, path);
    if let Some(canary) = stage.split() {
        let there = hit(&api.deployments[canary].tree, verb, path);
        if let (Some(hit), None) | (None, Some(hit)) = (here, there) {
            add(Cause::CanarySplit, how(hit, path, wrong));
        }
    }
    if shadow(place, verb).is_some() {
        add(Cause::Shadowed, How::ByName);
    }
    if here.is_some() {
        // Taken at its word, the request is for a method that another stage has, or that this one had.
        for other in api.stages.iter().filter(|other| other.name != stage.name) {
            if shadow_of(api.tree(other), place, verb).is_some() {
                add(Cause::Shadowed, How::ByPattern);
            }
        }
        for (earlier, _) in account.known_past(api, stage) {
            if shadow_of(&earlier.tree, place, verb).is_some() {
                add(Cause::Removed, How::ByPattern);
            }
        }
        return;
    }
    for (earlier, own) in account.known_past(api, stage) {
        if let Some(hit) = hit(&earlier.tree, verb, path) {
            // Which stage served an API's old deployment is not known without a baseline.
            let how = if own { how(hit, path, wrong) } else { How::ByPattern };
            add(Cause::Removed, how);
        }
    }
    for other in api.stages.iter().filter(|other| other.name != stage.name) {
        if let Some(hit) = hit(api.tree(other), verb, path) {
            let cause = if place.domain.is_some() { Cause::DomainWrongStage } else { Cause::OtherStage };
            add(cause, how(hit, path, wrong));
        }
    }
    if let Some(hit) = hit(&api.edited, verb, path) {
        add(Cause::NotDeployed, how(hit, path, wrong));
    }
    if request.header("x-http-method-override").is_some()
        && hit(tree, Verb::of_request(&request.method), path).is_some()
    {
        add(Cause::MethodOverride, How::ByName);
    }
    let others: Vec<Hit<'_>> = Verb::CONCRETE.iter().filter_map(|verb| oracle(tree, *verb, path)).collect();
    for hit in &others {
        add(Cause::MethodMismatch, how(*hit, path, wrong));
    }
    let segments = parts(path.trim_end_matches('/'));
    if segments.is_empty() {
        add(Cause::RootWithoutMethod, How::ByName);
    } else if others.is_empty() {
        // True of every path that nothing matches, so it never goes before a cause that has a name for it.
        add(Cause::PathUnknown, How::ByPattern);
    }
    if !segments.is_empty()
        && let Some(below) = hit(tree, verb, &format!("{}/x", path.trim_end_matches('/')))
        && below.0.ends_with("+}")
        && parts(below.0).len() == segments.len() + 1
    {
        add(Cause::ProxyParent, how((below.0.rsplit_once('/').unwrap().0, below.1), path, wrong));
    }
    if verb.is_some_and(|verb| recased(tree, verb, path)) {
        add(Cause::PathCase, How::ByName);
    }
    for plain in [folded(path), decoded(path), decoded(&decoded(path))] {
        if plain != path && hit(tree, verb, &plain).is_some() {
            add(Cause::PathEncoding, How::ByName);
        }
    }
    if let Some((first, rest)) = segments.split_first() {
        let rest = whole(rest);
        if hit(tree, verb, &rest).is_some() {
            match place.domain {
                Some(_) if api.stage(first).is_some() => add(Cause::StageInDomainPath, How::ByName),
                None if *first == stage.name => add(Cause::StageRepeated, How::ByName),
                _ => {}
            }
        }
    }
    if let Some(domain) = place.domain {
        if place.by_rule {
            let mapped = land_on_domain(account, domain, request, &parts(request.url.path()), false);
            if let Landing::Stage(mapped) = mapped
                && hit(mapped.api.tree(mapped.stage), verb, &mapped.path).is_some()
            {
                truths.insert(Cause::RoutingRule, How::ByName);
            }
        }
        base_path_missing(account, domain, request, wrong, truths);
    } else {
        // The first segment names a stage, and belongs to the path all the same.
        let url_path = request.url.path();
        let hits = api.stages.iter().filter_map(|stage| hit(api.tree(stage), verb, url_path));
        if let Some(best) = hits.map(|hit| how(hit, url_path, wrong)).max() {
            truths.insert(Cause::StageMissing, best);
        }
    }
}
