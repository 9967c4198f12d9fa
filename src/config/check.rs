//! What a config must hold beyond its shape: patterns that can be used, names that lead to something, no secrets, and no
//! rule that can never be reached.

use std::collections::BTreeMap;

use super::credentials::{ClientCertificate, Credential};
use super::node::Step;
use super::pattern::{self, NameGlob, PathPattern};
use super::{Config, ContractDocument, ContractEntry, Expectations, KnownGood, Methods, Scope, scope};
use crate::gateway::{Verb, overrides_verb};

/// Something that is wrong, and the steps that lead to it.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) steps: Vec<Step>,
    pub(super) message: Message,
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Message {
    /// In words.
    Text(String),
    /// In words behind which stand the line of the rule at these steps.
    Earlier { text: &'static str, steps: Vec<Step>, advice: &'static str },
}

type Checked = Result<(), Problem>;

fn problem(steps: Vec<Step>, message: impl Into<String>) -> Problem {
    Problem { steps, message: Message::Text(message.into()) }
}

/// Steps from a mix of keys and indices.
macro_rules! steps {
    ($($step:expr),* $(,)?) => { [$(Step::from($step)),*].to_vec() };
}

/// The first thing that is wrong.
pub(super) fn check(config: &Config) -> Checked {
    scopes(config)?;
    limits(config)?;
    config.alerts.check().map_err(|(steps, message)| problem([steps!["alerts"], steps].concat(), message))?;
    // A parameter of any place takes its value from here, headers too.
    if let Some(name) = config.parameters.keys().find(|name| overrides_verb(name)) {
        return Err(problem(vec![Step::from("parameters"), Step::Name(name.clone())], other_verb(name)));
    }
    for (index, entry) in config.contract.iter().enumerate() {
        match entry {
            ContractEntry::Request(request) => {
                let told = |(step, message): (Option<Step>, String)| {
                    problem([steps!["contract", index], step.into_iter().collect()].concat(), message)
                };
                request.check().map_err(told)?;
            }
            ContractEntry::Document(document) => check_document(config, document, index)?,
        }
    }
    for (name, credential) in &config.credentials {
        check_credential(credential)
            .map_err(|(key, message)| problem(steps!["credentials", name.as_str(), key], message))?;
    }
    check_certificates(&config.client_certificates)?;
    methods(config)?;
    for (index, rule) in config.known_good.iter().enumerate() {
        check_known_good(config, rule, index)?;
    }
    for (index, rule) in config.authenticate.iter().enumerate() {
        check_with(config, &rule.with, &steps!["authenticate", index, "with"])?;
    }
    for (index, rule) in config.ignore.iter().enumerate() {
        if rule.reason.trim().is_empty() {
            return Err(problem(
                steps!["ignore", index, "reason"],
                "the reason is empty: expected why, in a few words",
            ));
        }
    }
    for (index, rule) in config.allow.iter().enumerate() {
        if rule.methods.method.is_empty() {
            let message = "no verb is named, and that would open everything: expected method, as method: POST";
            return Err(problem(steps!["allow", index], message));
        }
    }
    reachable(config)?;
    unsent(config)
}

fn scopes(config: &Config) -> Checked {
    for (key, globs) in [("apis", &config.apis), ("stages", &config.stages)] {
        for (index, glob) in globs.iter().enumerate() {
            // One glob at a time, so that its own place is told; the set of all is built when it is used.
            let one = std::slice::from_ref(glob);
            let checked = if key == "apis" { Scope::new(one, &[]) } else { Scope::new(&[], one) };
            checked.map_err(|error| problem(steps![key, index], error.to_string()))?;
        }
    }
    for (index, glob) in config.skip_domains.iter().enumerate() {
        let steps = steps!["skip_domains", index];
        if glob.len() > scope::LONGEST_GLOB {
            return Err(problem(steps, format!("the glob has {} bytes, and no name is that long", glob.len())));
        }
        globset::Glob::new(glob).map_err(|error| problem(steps, format!("`{glob}` is no glob ({})", error.kind())))?;
    }
    Ok(())
}

fn limits(config: &Config) -> Checked {
    let limits = &config.limits;
    for (key, value) in [("concurrency", limits.concurrency), ("api_concurrency", limits.api_concurrency)] {
        if value == 0 {
            let message = "a concurrency of 0 would send nothing; expected 1 or more";
            return Err(problem(steps!["limits", key], message));
        }
    }
    for (key, value) in [("timeout", limits.timeout), ("connect_timeout", limits.connect_timeout)] {
        if value == 0 {
            let message = "a timeout of 0 would fail everything; expected seconds, 1 or more";
            return Err(problem(steps!["limits", key], message));
        }
    }
    Ok(())
}

fn check_document(config: &Config, document: &ContractDocument, index: usize) -> Checked {
    let at = |key: &str| steps!["contract", index, key];
    match &document.openapi {
        serde_json::Value::String(path) if path.trim().is_empty() => {
            return Err(problem(
                at("openapi"),
                "the path is empty: expected an OpenAPI document's, relative to this file",
            ));
        }
        serde_json::Value::String(_) => {}
        value @ serde_json::Value::Object(_) => {
            let told = |reason: String| problem(at("openapi"), format!("the document {reason}"));
            super::documents::check(value).map_err(told)?;
        }
        _ => return Err(problem(at("openapi"), "expected a file's path, or an OpenAPI document")),
    }
    match (&document.api, &document.base) {
        (None, None) => {
            let message = "neither `api` nor `base`: expected one, for where the document's paths are to be found";
            return Err(problem(steps!["contract", index], message));
        }
        (Some(_), Some(_)) => return Err(problem(at("base"), "both `api` and `base`: expected one of them")),
        (Some(api), None) => {
            NameGlob::new(api).map_err(|reason| problem(at("api"), reason))?;
        }
        (None, Some(base)) => {
            check_url(base).map_err(|reason| problem(at("base"), reason))?;
            if base.query().is_some() {
                return Err(problem(
                    at("base"),
                    "the URL has a query, and the document's paths follow it: leave it out",
                ));
            }
            if !document.stages.is_empty() {
                return Err(problem(at("stages"), "`stages` belongs to `api`: with `base`, the URL says which stage"));
            }
        }
    }
    for (entry, glob) in document.stages.iter().enumerate() {
        NameGlob::new(glob).map_err(|reason| problem([at("stages"), steps![entry]].concat(), reason))?;
    }
    check_with(config, &document.with, &at("with"))
}

/// What any URL in a config must be. The message never quotes it.
pub(super) fn check_url(url: &url::Url) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("the URL is neither http nor https".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL has credentials in it: a config holds no secrets".to_owned());
    }
    if url.fragment().is_some() {
        return Err("everything from # on in the URL is never sent: write %23 where it belongs to the path".to_owned());
    }
    let secret = url.query_pairs().find(|(name, _)| is_secret_parameter(name));
    secret.map_or(Ok(()), |(name, _)| Err(format!("the query parameter {name} is a secret: a config holds none")))
}

/// Words in the name of a header that make its value a secret: a config file holds none.
const SECRET_HEADERS: [&str; 7] = ["auth", "token", "secret", "password", "key", "cookie", "session"];

/// Words in the name of a query parameter that make its value a secret.
const SECRET_PARAMETERS: [&str; 7] = ["token", "secret", "password", "apikey", "api_key", "api-key", "signature"];

fn has_word(name: &str, words: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    words.iter().any(|word| name.contains(word))
}

/// Whether a header's value is a secret, by its name. A key of idempotence opens nothing.
pub(super) fn is_secret_header(name: &str) -> bool {
    has_word(name, &SECRET_HEADERS) && !name.to_ascii_lowercase().contains("idempotency")
}

fn is_secret_parameter(name: &str) -> bool {
    has_word(name, &SECRET_PARAMETERS)
}

/// A header that HTTP can carry. The message never quotes its value.
pub(super) fn check_header(name: &str, value: &str) -> Result<(), String> {
    if overrides_verb(name) {
        return Err(other_verb(name));
    }
    check_header_name(name)?;
    if value.chars().any(|c| c != '\t' && c.is_control()) {
        return Err("the header's value has a line end or another control character in it".to_owned());
    }
    Ok(())
}

fn other_verb(name: &str) -> String {
    format!(
        "the header {name} has the request taken for one of another verb: expected that verb as `method`, with an `allow` for it"
    )
}

fn check_header_name(name: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("this is no header's name: expected letters, digits and dashes, as x-api-version".to_owned());
    }
    Ok(())
}

fn check_credential(credential: &Credential) -> Result<(), (&'static str, String)> {
    match credential {
        Credential::ApiKey(_) | Credential::Bearer(_) => Ok(()),
        Credential::Basic { user, .. } => {
            if user.contains(':') || user.chars().any(char::is_control) {
                return Err((
                    "basic",
                    "the user's name has a colon or a control character in it, and cannot be sent".to_owned(),
                ));
            }
            Ok(())
        }
        Credential::Header { name, .. } if overrides_verb(name) => Err((
            "header",
            format!("the header {name} has a request taken for one of another verb: it is no credential"),
        )),
        Credential::Header { name, .. } => check_header_name(name).map_err(|reason| ("header", reason)),
        Credential::Sigv4 { role } => match role {
            Some(role) if !(role.starts_with("arn:") && role.contains(":role/")) => {
                Err(("sigv4", "the role is no role's ARN: expected arn:aws:iam::ACCOUNT:role/NAME".to_owned()))
            }
            _ => Ok(()),
        },
        Credential::ClientCredentials { token_url, client_id, .. } => {
            check_url(token_url).map_err(|reason| ("client_credentials", reason))?;
            if token_url.scheme() != "https" && !is_loopback(token_url) {
                let message = "the token URL is not https, and the client's secret would be readable on its way";
                return Err(("client_credentials", message.to_owned()));
            }
            if client_id.is_empty() {
                return Err(("client_credentials", "the client_id is empty".to_owned()));
            }
            Ok(())
        }
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn check_certificates(certificates: &[ClientCertificate]) -> Checked {
    let mut seen = BTreeMap::new();
    for (index, certificate) in certificates.iter().enumerate() {
        let domain = certificate.domain.to_ascii_lowercase();
        let host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if domain.is_empty() || !domain.bytes().all(host) {
            let message = "this is no host's name: expected a custom domain's, as api.example.com";
            return Err(problem(steps!["client_certificates", index, "domain"], message));
        }
        if let Some(first) = seen.insert(domain, index) {
            return Err(Problem {
                steps: steps!["client_certificates", index, "domain"],
                message: Message::Earlier {
                    text: "this host has a certificate already",
                    steps: steps!["client_certificates", first],
                    advice: "leave one out",
                },
            });
        }
    }
    Ok(())
}

/// The methods of all rules, with the list and the index of each.
fn rules(config: &Config) -> impl Iterator<Item = (&'static str, usize, &Methods)> {
    let known_good = config.known_good.iter().enumerate().map(|(index, rule)| ("known_good", index, &rule.methods));
    let allow = config.allow.iter().enumerate().map(|(index, rule)| ("allow", index, &rule.methods));
    let ignore = config.ignore.iter().enumerate().map(|(index, rule)| ("ignore", index, &rule.methods));
    let authenticate =
        config.authenticate.iter().enumerate().map(|(index, rule)| ("authenticate", index, &rule.methods));
    known_good.chain(allow).chain(ignore).chain(authenticate)
}

/// Patterns that can be used.
fn methods(config: &Config) -> Checked {
    for (list, index, methods) in rules(config) {
        for (key, glob) in [("api", &methods.api), ("stage", &methods.stage)] {
            if let Some(glob) = glob {
                NameGlob::new(glob).map_err(|reason| problem(steps![list, index, key], reason))?;
            }
        }
        if let Some(path) = &methods.path {
            PathPattern::new(path).map_err(|reason| problem(steps![list, index, "path"], reason))?;
        }
    }
    Ok(())
}

fn check_known_good(config: &Config, rule: &KnownGood, index: usize) -> Checked {
    let at = |key: &str, name: &str| {
        vec![Step::from("known_good"), Step::from(index), Step::from(key), Step::Name(name.to_owned())]
    };
    for (name, value) in &rule.headers {
        if is_secret_header(name) {
            let message = "by its name this header is a secret, and a config holds none: expected an entry of `credentials` that is named in `with`";
            return Err(problem(at("headers", name), message));
        }
        check_header(name, value).map_err(|reason| problem(at("headers", name), reason))?;
    }
    for name in rule.query.keys() {
        if is_secret_parameter(name) {
            let message = "by its name this query parameter is a secret, and a config holds none: expected a header, as an entry of `credentials` that is named in `with`";
            return Err(problem(at("query", name), message));
        }
    }
    check_with(config, &rule.with, &steps!["known_good", index, "with"])?;
    check_expectations(&rule.expect, &steps!["known_good", index, "expect"])
}

fn check_expectations(expect: &Expectations, at: &[Step]) -> Checked {
    let below = |steps: Vec<Step>| [at.to_vec(), steps].concat();
    for (index, status) in expect.status.iter().enumerate() {
        if !(100..=599).contains(status) {
            let message = format!("{status} is no status of HTTP: expected 100 to 599");
            return Err(problem(below(steps!["status", index]), message));
        }
    }
    if expect.contains.as_ref().is_some_and(String::is_empty) {
        return Err(problem(
            below(steps!["contains"]),
            "an empty text is in every body: expected what the body must hold",
        ));
    }
    for pointer in expect.pointer.keys() {
        let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if !(pointer.is_empty() || pointer.starts_with('/')) || !escapes {
            let message = "this is no JSON pointer: expected a slash before each key, as /items/0/id, with ~1 for a slash and ~0 for a tilde within a key";
            return Err(problem(below(vec![Step::from("pointer"), Step::Name(pointer.clone())]), message));
        }
    }
    if expect.latency_ms == Some(0) {
        return Err(problem(below(steps!["latency_ms"]), "no answer takes 0 milliseconds: expected 1 or more"));
    }
    Ok(())
}

/// Names that lead to credentials, of which no two set the same header.
fn check_with(config: &Config, with: &[String], at: &[Step]) -> Checked {
    let mut headers: BTreeMap<String, &str> = BTreeMap::new();
    for (index, name) in with.iter().enumerate() {
        let steps = [at.to_vec(), steps![index]].concat();
        let Some(credential) = config.credentials.get(name) else {
            let known = if config.credentials.is_empty() {
                "`credentials` has no entry".to_owned()
            } else {
                let names: Vec<&str> = config.credentials.keys().take(8).map(String::as_str).collect();
                format!("expected one of {}", names.join(", "))
            };
            return Err(problem(steps, format!("there are no credentials of the name `{name}`: {known}")));
        };
        let header = match credential {
            Credential::ApiKey(_) => "x-api-key".to_owned(),
            Credential::Header { name, .. } => name.to_ascii_lowercase(),
            _ => "authorization".to_owned(),
        };
        if let Some(other) = headers.insert(header.clone(), name) {
            let message = format!("`{other}` and `{name}` both set the header {header}: expected one of them");
            return Err(problem(steps, message));
        }
    }
    Ok(())
}

/// Whether a rule fits whatever another fits. `false` where it cannot be told.
fn covers(general: &Methods, special: &Methods) -> bool {
    let verbs = general.method.is_empty()
        || (!special.method.is_empty() && special.method.iter().all(|verb| general.method.contains(verb)));
    verbs
        && pattern::covers_name(general.api.as_deref(), special.api.as_deref())
        && pattern::covers_name(general.stage.as_deref(), special.stage.as_deref())
        && pattern::covers_path(general.path.as_deref(), special.path.as_deref())
}

/// No rule that an earlier one leaves nothing for.
fn reachable(config: &Config) -> Checked {
    let lists: [(&'static str, Vec<&Methods>); 4] = [
        ("known_good", config.known_good.iter().map(|rule| &rule.methods).collect()),
        ("allow", config.allow.iter().map(|rule| &rule.methods).collect()),
        ("ignore", config.ignore.iter().map(|rule| &rule.methods).collect()),
        ("authenticate", config.authenticate.iter().map(|rule| &rule.methods).collect()),
    ];
    for (list, rules) in lists {
        for (index, rule) in rules.iter().enumerate() {
            // An `ignore` that ends leaves all that it fits to those behind it.
            let for_ever = |earlier: usize| list != "ignore" || config.ignore[earlier].until.is_none();
            let before = rules[..index].iter().enumerate();
            let first = before.filter(|(at, _)| for_ever(*at)).find(|(_, earlier)| covers(earlier, rule));
            if let Some((first, _)) = first {
                return Err(Problem {
                    steps: steps![list, index],
                    message: Message::Earlier {
                        text: "this rule is never reached, for all that it fits is taken by the rule before it",
                        steps: steps![list, first],
                        advice: "put it first, or leave it out",
                    },
                });
            }
            // Which `allow` fits does not matter: one that a later one covers says nothing either.
            let later = rules[index + 1..].iter().position(|later| list == "allow" && covers(later, rule));
            if let Some(later) = later {
                return Err(Problem {
                    steps: steps![list, index],
                    message: Message::Earlier {
                        text: "this rule allows nothing that another does not allow",
                        steps: steps![list, index + 1 + later],
                        advice: "leave it out",
                    },
                });
            }
        }
    }
    Ok(())
}

/// No request with a verb that nothing allows to be sent.
fn unsent(config: &Config) -> Checked {
    for (index, rule) in config.known_good.iter().enumerate() {
        let wanted = &rule.methods;
        for verb in wanted.method.iter().filter(|verb| !verb.is_safe() && **verb != Verb::Any) {
            let allowed = config.allow.iter().map(|allow| &allow.methods).any(|allow| {
                // ANY in an `allow` is for methods that are declared so, and a verb in `known_good` reaches those too.
                (allow.method.contains(verb) || allow.method.contains(&Verb::Any))
                    && pattern::meets_api(allow.api.as_deref(), wanted.api.as_deref())
                    && pattern::meets_name(allow.stage.as_deref(), wanted.stage.as_deref())
                    && pattern::meets_path(allow.path.as_deref(), wanted.path.as_deref())
            });
            if !allowed {
                let parts = [("api", &wanted.api), ("stage", &wanted.stage), ("path", &wanted.path)];
                let place =
                    parts.into_iter().filter_map(|(key, text)| Some(format!("{key}: '{}', ", text.as_deref()?)));
                let advice = format!("allow: [{{{}method: {verb}}}]", place.collect::<String>());
                let message = format!(
                    "{verb} may change something and no `allow` lets it be sent there: to send it, add {advice}"
                );
                return Err(problem(steps!["known_good", index], message));
            }
        }
    }
    Ok(())
}
