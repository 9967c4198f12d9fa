//! What must hold of every input, whatever its bytes: one function for each fuzz target. tests/hostile.rs holds the seeds
//! and all that the fuzzers ever found against the same functions.

#![allow(dead_code, reason = "each of those that include it uses a part")]
#![allow(clippy::unwrap_used, reason = "a fuzz target may stop at the first surprise")]

pub mod account;
mod bytes;
mod explained;

pub use explained::{hangs_together, unfit};

use std::collections::HashSet;

use gateprobe::config::{Config, ContractEntry, MethodKey};
use gateprobe::diagnose::diagnose_deployed;
use gateprobe::discover::read_export;
use gateprobe::gateway::{
    Address, Domain, DomainRoute, Interface, Inventory, InvokeUrl, Mapping, Place, Reading, Request, Router, Segment,
    Tree, Verb, World, segments,
};
use gateprobe::openapi;
use gateprobe::plan::{DomainUrl, Subject, Unreadable, plan};
use gateprobe::probe::{Observation, Response, read_curl, read_saved};
use url::Url;

/// When everything is asked, in Unix seconds.
pub const NOW: i64 = 1_800_000_000;

/// The URL parser. Lines: a template, a URL, then base paths that a domain maps.
pub fn url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let template = lines.next().unwrap_or("").parse::<InvokeUrl>();
    let Ok(url) = Url::parse(lines.next().unwrap_or("")) else { return };
    let request = Request::new("GET", url.clone());
    if let Ok(template) = template {
        assert_eq!(template.to_string().parse::<InvokeUrl>().as_ref(), Ok(&template));
        if let Some(reading) = template.read(&url) {
            reading_holds(&url, &reading);
        }
        let world = World::new(account::inventory(), template);
        address_holds(&url, &world.locate(&request));
    }
    if let Some(reading) = InvokeUrl::default().read(&url) {
        reading_holds(&url, &reading);
    }
    address_holds(&url, &account::world().locate(&request));
    let mut domain: Domain = account::inventory().domains.swap_remove(0);
    domain.mappings = lines
        .enumerate()
        .map(|(index, base)| Mapping {
            base_path: base.to_owned(),
            api: "a1b2c3d4e5".to_owned(),
            stage: (index % 3 > 0).then(|| "prod".to_owned()),
        })
        .collect();
    if let DomainRoute::To(to) = domain.route(&request) {
        assert!(url.path().get(to.consumed..).is_some(), "{to:?}");
    }
}

fn reading_holds(url: &Url, reading: &Reading) {
    let stage = url.as_str().get(reading.stage_at.clone());
    assert_eq!(stage, Some(reading.stage.as_deref().unwrap_or("")), "{reading:?}");
    assert!(url.as_str().get(reading.path_at.clone()).is_some(), "{reading:?}");
    assert!(!reading.api.is_empty());
}

fn address_holds(url: &Url, address: &Address<'_>) {
    let Some(path_at) = address.path_at() else { return };
    assert!(url.as_str().get(path_at).is_some(), "{address:?}");
    if let Address::Domain(domain) = address {
        assert!(url.as_str().get(domain.base_at.clone()).is_some(), "{address:?}");
    }
}

/// The saved-response parser, and what a diagnosis makes of the answer.
pub fn saved(data: &[u8]) {
    match read_saved(data) {
        Ok(response) => {
            response_holds(&response);
            let request = account::request("GET /prod/orders/7\nAuthorization: Bearer abc.def.ghi");
            explained::holds(account::world(), &request, &Observation::saved(response), NOW);
        }
        Err(error) => one_line(&error),
    }
}

/// What the documentation of [`Response`] promises.
fn response_holds(response: &Response) {
    assert!((100..1000).contains(&response.status));
    assert!(response.headers.len() <= 64, "{} headers", response.headers.len());
    // A byte that is no UTF-8 becomes three.
    assert!(response.headers.iter().all(|(name, value)| name.len() <= 3 * 4096 && value.len() <= 3 * 4096));
    assert!(response.body.len() <= 3 * 16 * 1024, "{} bytes", response.body.len());
}

/// The curl parser, and what a diagnosis makes of the request.
pub fn curl(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match read_curl(&text) {
        Ok(line) => {
            let url = &line.request.url;
            assert!(url.username().is_empty() && url.password().is_none());
            // A fragment is kept, for it may be the cause, and told.
            assert!(url.fragment().is_none() || line.warnings.iter().any(|warning| warning.contains("from # on")));
            for text in line.warnings.iter().chain([&line.request.method]) {
                one_line(text);
            }
            let answer = account::answer("HTTP/1.1 403\n\n{\"message\":\"Forbidden\"}");
            explained::holds(account::world(), &line.request, &answer, NOW);
        }
        Err(error) => one_line(&error),
    }
}

/// The export parser, and the router of what it read.
pub fn export(data: &[u8]) {
    match read_export(data) {
        Ok(tree) => routes(&tree),
        Err(error) => one_line(&error),
    }
}

/// Every method of a tree is reached by a request that is made for it, or by one that goes before it.
fn routes(tree: &Tree) {
    let router = Router::new(tree);
    // AWS has no two resources that differ in a slash or in a parameter's name alone; here the later one wins.
    let mut known = HashSet::new();
    let alone = tree.0.keys().all(|resource| {
        known.insert(written(&segments(resource).map(Segment::parse).collect::<Vec<_>>(), "{}", "{+}"))
    });
    // Enough to find what is wrong with some; all of them would be slow to no end.
    for (resource, verb, _) in tree.methods().take(20) {
        let kinds: Vec<Segment<'_>> = segments(resource).map(Segment::parse).collect();
        let path = written(&kinds, "x", "x");
        let greedy = kinds.iter().position(|kind| matches!(kind, Segment::Greedy(_)));
        let well_formed = alone && kinds.len() <= 1000 && greedy.is_none_or(|at| at + 1 == kinds.len());
        let verb = if verb == Verb::Any { Verb::Get } else { verb };
        let hit = router.route(verb, &path);
        assert!(hit.is_some() || !well_formed, "{verb} {resource} by {path}");
        let _ = router.verbs(&path);
        let _ = router.nearest(verb, &format!("{path}s"), 3);
        let _ = router.in_right_case(verb, &path.to_uppercase());
    }
}

fn written(kinds: &[Segment<'_>], parameter: &str, greedy: &str) -> String {
    let text = |kind: &Segment<'_>| match kind {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Parameter(_) => format!("/{parameter}"),
        Segment::Greedy(_) => format!("/{greedy}"),
    };
    kinds.iter().map(text).collect()
}

/// The inventory JSON, and a diagnosis of some of its methods.
pub fn inventory(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let inventory = match Inventory::from_json(&text) {
        Ok(inventory) => inventory,
        Err(error) => return one_line(&error),
    };
    let again = Inventory::from_json(&serde_json::to_string(&inventory).unwrap()).unwrap();
    assert_eq!(again.apis.len(), inventory.apis.len());
    let world = World::new(inventory, InvokeUrl::default());
    let forbidden =
        account::answer("HTTP/1.1 403\nx-amzn-ErrorType: ForbiddenException\n\n{\"message\":\"Forbidden\"}");
    let mut urls = Vec::new();
    for api in world.inventory().apis.iter().take(3) {
        for tree in api.deployments.values().map(|deployment| &deployment.tree).chain(&api.edited).take(3) {
            routes(tree);
        }
        for stage in api.stages.iter().take(3) {
            let base = world.invoke_url().base(&api.id, &world.inventory().region, &stage.name);
            let resource = api.edited.iter().flat_map(|tree| tree.0.keys()).next().map_or("/", String::as_str);
            urls.extend([base.clone(), format!("{base}/x"), format!("{base}{resource}"), base.to_uppercase()]);
        }
    }
    for domain in world.inventory().domains.iter().take(3) {
        let name = domain.name.replace('*', "x");
        urls.push(format!(
            "https://{name}/{}/orders",
            domain.mappings.first().map_or("", |mapping| &mapping.base_path)
        ));
        urls.push(format!("https://{name}/orders"));
    }
    for url in urls.iter().filter_map(|url| Url::parse(url).ok()) {
        explained::holds(&world, &Request::new("GET", url), &forbidden, NOW);
    }
}

/// A document that somebody wrote: its methods, what their requests look like, and what is planned of it, deployed and as
/// a contract.
pub fn openapi(data: &[u8]) {
    let tree = match openapi::parse(data) {
        Ok(tree) => tree,
        Err(error) => return one_line(&error),
    };
    routes(&tree);
    for (_, _, method) in tree.methods().take(50) {
        interface_holds(method.interface.as_deref().unwrap());
    }
    // A plan of them all is work for each of them, and a few show what is wrong.
    let mut some = Tree::default();
    for (resource, verb, method) in tree.methods().take(20) {
        some.insert(resource, verb, method.clone());
    }
    let mut inventory = account::inventory();
    inventory.apis.truncate(1);
    let deployments = &mut inventory.apis[0].deployments;
    for deployment in deployments.values_mut() {
        deployment.tree = some.clone();
    }
    let world = World::new(inventory, InvokeUrl::default());
    let mut config = Config::default();
    if let Ok(document) = serde_json::from_slice::<serde_json::Value>(data)
        && let Ok(wanted) = serde_json::to_string(&document)
        && let Ok(parsed) = Config::parse(&format!("contract: [{{openapi: {wanted}, api: '*'}}]"), "fuzz")
    {
        config = parsed;
    }
    plan_holds(&world, &config);
}

/// What the documentation of an interface's parts promises.
fn interface_holds(interface: &Interface) {
    for parameter in &interface.parameters {
        match &parameter.sample {
            Err(reason) => one_line(reason),
            Ok(sample) => {
                assert!(sample.value.len() <= 64 << 10 && !sample.value.trim().is_empty(), "{parameter:?}");
                assert!(parameter.place != Place::Path || (sample.value != "." && sample.value != ".."));
                let plain = sample.value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
                assert!(parameter.place != Place::Header || plain, "{parameter:?}");
            }
        }
    }
    let Some(body) = &interface.body else { return };
    match &body.sample {
        Err(reason) => one_line(reason),
        Ok(sample) => {
            let json = body.content_type.ends_with("/json") || body.content_type.ends_with("+json");
            assert!(!json || serde_json::from_str::<serde_json::Value>(&sample.value).is_ok(), "{body:?}");
        }
    }
    // A model counts for the type that it is written for, and no request is of the type of a range.
    let exact = !body.content_type.contains([';', '*']);
    assert!(exact || !body.refuses_empty, "{body:?}");
}

/// What a plan promises whatever is deployed, and whatever the config says.
fn plan_holds(world: &World, config: &Config) {
    let plan = plan(world, config, &DomainUrl::default(), &Unreadable::new());
    let rules = config.rules().unwrap();
    for probe in &plan.probes {
        let verb = Verb::of_request(&probe.request.method).unwrap();
        let allowed = match probe.subject {
            Subject::Method(index) => {
                let method = &plan.methods[index];
                let key = MethodKey {
                    api_id: &method.api,
                    api_name: &method.api_name,
                    stage: &method.stage,
                    resource: &method.resource,
                    declared: method.verb,
                };
                rules.allows(&key, verb)
            }
            Subject::Contract(_) | Subject::Removed(_) => false,
        };
        assert!(verb.is_safe() || allowed, "{probe:?}");
        assert!(probe.refusal.is_empty());
    }
    for probe in plan.refusals.iter().chain(&plan.trials) {
        assert!(!probe.refusal.is_empty() && probe.request.body.is_none() && probe.credentials.is_empty(), "{probe:?}");
        let safe = Verb::of_request(&probe.request.method).is_some_and(Verb::is_safe);
        let path = probe.request.url.path();
        assert!(safe || matches!(probe.subject, Subject::Contract(_)) || !path.contains("//"), "{probe:?}");
    }
    for probe in plan.probes.iter().chain(&plan.refusals).chain(&plan.trials) {
        for (name, value) in &probe.request.headers {
            let name = name.to_ascii_lowercase();
            let other = ["x-http-method-override", "x-http-method", "x-method-override", "host", "authorization"];
            assert!(!other.contains(&name.as_str()), "{probe:?}");
            assert!(!value.contains(['\r', '\n']), "{probe:?}");
        }
        assert!(probe.request.url.fragment().is_none(), "{probe:?}");
    }
}

/// The config YAML, and what is planned of the labelled account by it.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse(&text, "fuzz") {
        Ok(config) => {
            let _ = config.skips_domain("api.example.com");
            for wanted in config.contract.iter().take(20) {
                let ContractEntry::Request(wanted) = wanted else { continue };
                let request = wanted.request();
                assert!(request.url.username().is_empty() && request.url.password().is_none());
            }
            plan_holds(account::world(), &config);
        }
        Err(error) => one_line(&error),
    }
}

/// A whole diagnosis of an account, a request and an answer, each decoded from the bytes so that any are some.
pub fn diagnose(data: &[u8]) {
    let mut bytes = bytes::Bytes::new(data);
    let world = account::decoded(&mut bytes);
    let request = account::decoded_request(&mut bytes, &world);
    let observation = account::decoded_observation(&mut bytes);
    let now = NOW - i64::from(bytes.byte()) * 7 + 70;
    explained::holds(&world, &request, &observation, now);
    let deployed = diagnose_deployed(&request, &observation, &world, now);
    explained::hangs_together(&world, &request, &deployed);
}

/// A whole diagnosis from three texts with a line `----` between them: an inventory as JSON, a request (a line `VERB URL`,
/// headers, an empty line, a body), and an answer as `curl -i` writes it. A text that is none stands for the labelled
/// account, for a request of it, and for its answer.
pub fn diagnose_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, "\n----\n");
    let mut part = || parts.next().unwrap_or("");
    let world = Inventory::from_json(part()).map(|inventory| World::new(inventory, InvokeUrl::default()));
    let request = account::request(part());
    let observation = account::answer(part());
    let known = account::world();
    explained::holds(world.as_ref().unwrap_or(known), &request, &observation, NOW);
}

/// What is told on one line is on one, and is not endless whatever the input was.
fn one_line(said: &impl std::fmt::Display) {
    let said = said.to_string();
    assert!(said.len() < 4096, "{} bytes are said", said.len());
    assert!(!said.contains(explained::unfit), "{said:?}");
}
