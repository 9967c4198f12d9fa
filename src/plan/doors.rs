//! The ways into a stage: its invoke URL, and each custom domain that leads to it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use url::Url;

use super::SkipReason;
use crate::config::Config;
use crate::gateway::{
    Api, Domain, EndpointType, Gap, Protocol, Request, RoutingMode, Stage, Verb, World, overrides_verb,
};

/// What stands before a domain's name in the place of a gap.
pub(super) const PLACE: &str = "custom domain ";

/// Why a private domain is not called.
pub(super) const PRIVATE: &str = "it is private; set private_apis in the config where it can be reached";

/// The way a probe goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Door {
    /// The stage's invoke URL.
    InvokeUrl,
    /// A custom domain, by name.
    Domain(std::sync::Arc<str>),
    /// The URL of a contract, as the user wrote it.
    Contract,
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Door::InvokeUrl => "invoke-url",
            Door::Domain(name) => name,
            Door::Contract => "contract",
        })
    }
}

impl Serialize for Door {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How custom domains are called on AWS.
pub const DOMAIN_URL: &str = "https://{domain}";

/// How custom domains are called: `https://{domain}`, or another scheme or port for an emulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainUrl(String);

/// A domain URL template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the domain URL template `{0}` is not usable: expected a scheme, `{{domain}}` as the host and no path, as `{DOMAIN_URL}` or `http://{{domain}}:4566`"
)]
pub struct DomainUrlError(
    /// The template as given.
    pub String,
);

impl Default for DomainUrl {
    fn default() -> Self {
        Self(DOMAIN_URL.to_owned())
    }
}

impl fmt::Display for DomainUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DomainUrl {
    type Err = DomainUrlError;

    fn from_str(template: &str) -> Result<Self, Self::Err> {
        let wrong = || DomainUrlError(template.to_owned());
        let template = template.trim_end_matches('/');
        let filled = Url::parse(&template.replace("{domain}", "api.example.com")).map_err(|_| wrong())?;
        let usable = matches!(filled.scheme(), "http" | "https")
            && filled.host_str() == Some("api.example.com")
            && filled.path() == "/"
            && filled.query().is_none()
            && filled.username().is_empty();
        if usable { Ok(Self(template.to_owned())) } else { Err(wrong()) }
    }
}

impl DomainUrl {
    /// Whether it is AWS's own form.
    #[must_use]
    pub fn is_awss_own(&self) -> bool {
        self.0 == DOMAIN_URL
    }

    /// The URL of a domain, without a slash at its end.
    #[must_use]
    pub fn base(&self, domain: &str) -> String {
        self.0.replace("{domain}", domain)
    }
}

/// One way into one stage.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub door: Door,
    base: String,
    headers: Vec<(String, String)>,
}

impl Opening {
    /// Whether it is opened by headers: those of a routing rule, which a request must bear.
    pub(super) fn needs_headers(&self) -> bool {
        !self.headers.is_empty()
    }

    /// The request for a path through this door. `None` where no URL can be made of it.
    pub(super) fn request(&self, verb: Verb, path: &str) -> Option<Request> {
        let url = Url::parse(&format!("{}{path}", self.base)).ok()?;
        Some(Request { method: verb.as_str().to_owned(), url, headers: self.headers.clone(), body: None })
    }
}

/// The ways into every stage.
pub(super) struct Doors<'w> {
    world: &'w World,
    private_apis: bool,
    /// By API id and stage name.
    through_domains: HashMap<(String, String), Vec<Opening>>,
}

impl<'w> Doors<'w> {
    /// Looks every custom domain through once. Domains that cannot be called become gaps.
    pub(super) fn new(world: &'w World, config: &Config, url: &DomainUrl, gaps: &mut Vec<Gap>) -> Self {
        let mut through_domains: HashMap<(String, String), Vec<Opening>> = HashMap::new();
        for domain in &world.inventory().domains {
            if config.skips_domain(&domain.name) {
                continue;
            }
            if let Some(reason) = uncallable(domain, config) {
                if !domain.mappings.is_empty() || !domain.rules.is_empty() {
                    gaps.push(Gap { place: format!("{PLACE}{}", domain.name), reason: reason.to_owned() });
                }
                continue;
            }
            for Way { api, stage, base_path, headers } in ways(world, domain) {
                // No request is sent that is taken for one of another verb, and without the header there is no way.
                if let Some((name, _)) = headers.iter().find(|(name, _)| overrides_verb(name)) {
                    let reason = format!("a rule wants the header {name}, by which a request is one of another verb");
                    gaps.push(Gap { place: format!("{PLACE}{}", domain.name), reason });
                    continue;
                }
                let base_path = if base_path.is_empty() { String::new() } else { format!("/{base_path}") };
                through_domains.entry((api, stage)).or_default().push(Opening {
                    door: Door::Domain(domain.name.as_str().into()),
                    base: format!("{}{base_path}", url.base(&domain.name)),
                    headers,
                });
            }
        }
        Self { world, private_apis: config.private_apis, through_domains }
    }

    /// The ways into a stage, its invoke URL first; a reason where there is none.
    pub(super) fn of(&self, api: &Api, stage: &Stage) -> Result<Vec<Opening>, SkipReason> {
        let mut openings = Vec::new();
        let closed = if api.endpoint == EndpointType::Private && !self.private_apis {
            Some(SkipReason::PrivateEndpoint)
        } else if api.default_endpoint_disabled {
            Some(SkipReason::EndpointDisabled)
        } else if api.protocol != Protocol::Rest && !self.world.invoke_url().serves_http_apis() {
            // The template is an emulator's shape of REST APIs' URLs.
            None
        } else {
            let region = &self.world.inventory().region;
            openings.push(Opening {
                door: Door::InvokeUrl,
                base: self.world.invoke_url().base(&api.id, region, &stage.name),
                headers: Vec::new(),
            });
            None
        };
        if let Some(more) = self.through_domains.get(&(api.id.clone(), stage.name.clone())) {
            openings.extend(more.iter().cloned());
        }
        match closed {
            Some(reason) if openings.is_empty() => Err(reason),
            _ => Ok(openings),
        }
    }
}

fn uncallable(domain: &Domain, config: &Config) -> Option<&'static str> {
    if domain.is_wildcard() {
        Some("a wildcard name stands for many hosts, and none of them is known: add a contract request for one")
    } else if domain.mutual_tls && !has_certificate(domain, config) {
        Some("it demands a client certificate, and none that can be shown is configured")
    } else if domain.endpoint == EndpointType::Private && !config.private_apis {
        Some(PRIVATE)
    } else {
        None
    }
}

fn has_certificate(domain: &Domain, config: &Config) -> bool {
    config.client_certificates.iter().any(|certificate| certificate.domain.eq_ignore_ascii_case(&domain.name))
}

/// One way that a domain's mapping or rule opens.
struct Way {
    api: String,
    stage: String,
    base_path: String,
    headers: Vec<(String, String)>,
}

/// The ways that a domain opens. Whether a request really goes that way is checked for each, for a rule or a longer
/// base path may take it elsewhere.
fn ways(world: &World, domain: &Domain) -> Vec<Way> {
    let mut ways = Vec::new();
    if domain.routing_mode != RoutingMode::Rules {
        for mapping in &domain.mappings {
            match &mapping.stage {
                Some(stage) => ways.push(Way {
                    api: mapping.api.clone(),
                    stage: stage.clone(),
                    base_path: mapping.base_path.clone(),
                    headers: vec![],
                }),
                // Without a stage in the mapping the caller names it.
                None => {
                    for stage in world.api(&mapping.api).map_or(&[][..], |api| &api.stages) {
                        let base = [mapping.base_path.as_str(), &stage.name];
                        let base = base.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
                        ways.push(Way {
                            api: mapping.api.clone(),
                            stage: stage.name.clone(),
                            base_path: base,
                            headers: vec![],
                        });
                    }
                }
            }
        }
    }
    if domain.routing_mode != RoutingMode::Mappings {
        for rule in &domain.rules {
            let headers: Vec<(String, String)> = rule
                .headers
                .iter()
                .filter_map(|any_of| any_of.iter().find(|glob| !overrides_verb(&glob.header)).or(any_of.first()))
                .map(|glob| (glob.header.clone(), glob.sample()))
                .collect();
            // Where the base path is not stripped the stage sees it too: only resources below it can be reached.
            let base = match rule.base_paths.first() {
                Some(base) if rule.strip_base_path => base.trim_matches('/').to_owned(),
                _ => String::new(),
            };
            ways.push(Way { api: rule.api.clone(), stage: rule.stage.clone(), base_path: base, headers });
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_urls_are_checked() {
        for template in ["https://{domain}", "http://{domain}:4566", "http://{domain}/"] {
            assert!(template.parse::<DomainUrl>().is_ok(), "{template}");
        }
        for template in ["{domain}", "https://example.com", "https://{domain}/x", "ftp://{domain}", ""] {
            assert!(template.parse::<DomainUrl>().is_err(), "{template}");
        }
        assert_eq!("http://{domain}:80/".parse::<DomainUrl>().unwrap().base("a.b"), "http://a.b:80");
    }
}
