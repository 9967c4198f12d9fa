//! Which stage a custom domain's request leads to.

use super::{Domain, HeaderGlob, Mapping, Request, RoutingMode, RoutingRule, segments};

/// Where a custom domain sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainRoute<'d> {
    /// `/ping` or `/sping`: API Gateway's own health check answers (facts B9).
    Reserved,
    /// No mapping and no rule for this path: 403 Forbidden.
    Unmapped,
    /// To a stage of an API, which need not exist.
    To(DomainTarget<'d>),
}

/// The mapping or rule that decided, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainTarget<'d> {
    /// What decided.
    pub via: Via<'d>,
    /// The API's id.
    pub api: &'d str,
    /// The stage: the mapping's, or the path segment that stands in for it. `None`: the path ends before it.
    pub stage: Option<String>,
    /// How many bytes of the URL's path stand before the path that the stage sees.
    pub consumed: usize,
}

/// What decided a custom domain's route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via<'d> {
    /// A base path mapping.
    Mapping(&'d Mapping),
    /// A routing rule.
    Rule(&'d RoutingRule),
}

impl Domain {
    /// Where a request to this domain goes.
    ///
    /// Rules are looked at before mappings, by priority; in the mode [`RoutingMode::Rules`] mappings list but do not
    /// route. Of the mappings the longest base path that is a prefix of the path in whole segments wins, decided on
    /// the mappings alone, never on what the stage has (DG:rest-api-mappings, set-routing-mode).
    #[must_use]
    pub fn route(&self, request: &Request) -> DomainRoute<'_> {
        let path = request.url.path();
        if matches!(path, "/ping" | "/sping") {
            return DomainRoute::Reserved;
        }
        if self.routing_mode != RoutingMode::Mappings
            && let Some(rule) = self.matching_rule(request)
        {
            let consumed = if rule.strip_base_path {
                rule.base_paths.iter().filter_map(|base| prefix(base, path)).max().unwrap_or(0)
            } else {
                0
            };
            return DomainRoute::To(DomainTarget {
                via: Via::Rule(rule),
                api: &rule.api,
                stage: Some(rule.stage.clone()),
                consumed,
            });
        }
        if self.routing_mode == RoutingMode::Rules {
            return DomainRoute::Unmapped;
        }
        let longest = self
            .mappings
            .iter()
            .filter_map(|mapping| Some((mapping, prefix(&mapping.base_path, path)?)))
            .max_by_key(|(_, consumed)| *consumed);
        let Some((mapping, consumed)) = longest else { return DomainRoute::Unmapped };
        let (stage, consumed) = match &mapping.stage {
            Some(stage) => (Some(stage.clone()), consumed),
            // A mapping without a stage lets the caller name it as the next segment (facts B22, uncertain).
            None => match segments(&path[consumed..]).next() {
                Some(stage) if !stage.is_empty() => {
                    // The path of a URL without a host need not begin with a slash.
                    let slash = usize::from(path[consumed..].starts_with('/'));
                    (Some(stage.to_owned()), consumed + slash + stage.len())
                }
                _ => (None, consumed),
            },
        };
        DomainRoute::To(DomainTarget { via: Via::Mapping(mapping), api: &mapping.api, stage, consumed })
    }

    fn matching_rule(&self, request: &Request) -> Option<&RoutingRule> {
        self.rules
            .iter()
            .filter(|rule| {
                let path = request.url.path();
                (rule.base_paths.is_empty() || rule.base_paths.iter().any(|base| prefix(base, path).is_some()))
                    && rule.headers.iter().all(|any_of| any_of.iter().any(|glob| glob.matches(request)))
            })
            .min_by_key(|rule| rule.priority)
    }
}

/// How many bytes of the path a base path covers, if it is a prefix in whole segments; 0 for the empty base path.
fn prefix(base: &str, path: &str) -> Option<usize> {
    let base = base.trim_matches('/');
    if base.is_empty() {
        return Some(0);
    }
    let after = path.strip_prefix('/')?.strip_prefix(base)?;
    (after.is_empty() || after.starts_with('/')).then_some(1 + base.len())
}

impl HeaderGlob {
    fn matches(&self, request: &Request) -> bool {
        request.header(&self.header).is_some_and(|value| {
            let (open_start, pattern) = self.value.strip_prefix('*').map_or((false, &*self.value), |rest| (true, rest));
            let (open_end, pattern) = pattern.strip_suffix('*').map_or((false, pattern), |rest| (true, rest));
            match (open_start, open_end) {
                (false, false) => value == pattern,
                (false, true) => value.starts_with(pattern),
                (true, false) => value.ends_with(pattern),
                (true, true) => value.contains(pattern),
            }
        })
    }

    /// A value that meets the condition: the pattern without its stars.
    #[must_use]
    pub fn sample(&self) -> String {
        let bare = self.value.trim_matches('*');
        if bare.is_empty() { "gateprobe".to_owned() } else { bare.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn mapping(base_path: &str, api: &str, stage: Option<&str>) -> Mapping {
        Mapping { base_path: base_path.to_owned(), api: api.to_owned(), stage: stage.map(str::to_owned) }
    }

    fn domain(routing_mode: RoutingMode, mappings: Vec<Mapping>, rules: Vec<RoutingRule>) -> Domain {
        Domain {
            name: "api.example.com".to_owned(),
            endpoint: crate::gateway::EndpointType::Regional,
            target: None,
            routing_mode,
            mutual_tls: false,
            mappings,
            rules,
        }
    }

    fn rule(priority: i32, base_paths: &[&str], header: Option<(&str, &str)>, api: &str, strip: bool) -> RoutingRule {
        let glob = |(header, value): (&str, &str)| HeaderGlob { header: header.to_owned(), value: value.to_owned() };
        RoutingRule {
            id: format!("r{priority}"),
            priority,
            base_paths: base_paths.iter().map(|base| (*base).to_owned()).collect(),
            headers: header.map(|header| vec![glob(header)]).into_iter().collect(),
            api: api.to_owned(),
            stage: "prod".to_owned(),
            strip_base_path: strip,
        }
    }

    /// `api/stage/path as the stage sees it`, or the other outcome's name.
    fn route(domain: &Domain, path: &str, header: Option<(&str, &str)>) -> String {
        let mut request = Request::new("GET", Url::parse(&format!("https://api.example.com{path}")).unwrap());
        request.headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
        match domain.route(&request) {
            DomainRoute::Reserved => "reserved".to_owned(),
            DomainRoute::Unmapped => "unmapped".to_owned(),
            DomainRoute::To(to) => {
                format!("{} {} {}", to.api, to.stage.as_deref().unwrap_or("-"), &request.url.path()[to.consumed..])
            }
        }
    }

    #[test]
    fn the_longest_mapping_wins() {
        let domain = domain(
            RoutingMode::Mappings,
            vec![
                mapping("", "root", Some("prod")),
                mapping("orders", "one", Some("prod")),
                mapping("orders/v2", "two", Some("prod")),
            ],
            vec![],
        );
        for (path, expected) in [
            ("/", "root prod /"),
            ("/orders", "one prod "),
            ("/orders/7", "one prod /7"),
            ("/orders/v2/7", "two prod /7"),
            ("/orders/v22/7", "one prod /v22/7"),
            ("/ordersx", "root prod /ordersx"),
            ("/Orders/7", "root prod /Orders/7"),
            ("/ping", "reserved"),
            ("/sping", "reserved"),
            ("/ping/x", "root prod /ping/x"),
        ] {
            assert_eq!(route(&domain, path, None), expected, "{path}");
        }
    }

    #[test]
    fn without_a_none_mapping_other_paths_are_unmapped() {
        let domain = domain(
            RoutingMode::Mappings,
            vec![mapping("v1", "one", Some("prod")), mapping("open", "two", None)],
            vec![],
        );
        for (path, expected) in [
            ("/", "unmapped"),
            ("/v2/x", "unmapped"),
            ("/v1/x", "one prod /x"),
            ("/open/dev/x", "two dev /x"),
            ("/open", "two - "),
        ] {
            assert_eq!(route(&domain, path, None), expected, "{path}");
        }
    }

    #[test]
    fn rules_come_first_and_alone_in_their_mode() {
        let rules = || {
            vec![
                rule(20, &["v1"], None, "rule20", true),
                rule(10, &[], Some(("X-Version", "beta*")), "rule10", false),
                rule(30, &["keep"], None, "rule30", false),
            ]
        };
        let mappings = || vec![mapping("", "mapped", Some("prod"))];
        let both = domain(RoutingMode::RulesThenMappings, mappings(), rules());
        assert_eq!(route(&both, "/v1/x", None), "rule20 prod /x");
        assert_eq!(route(&both, "/v1/x", Some(("x-version", "beta-2"))), "rule10 prod /v1/x");
        assert_eq!(route(&both, "/keep/x", None), "rule30 prod /keep/x");
        assert_eq!(route(&both, "/other", None), "mapped prod /other");
        let only = domain(RoutingMode::Rules, mappings(), rules());
        assert_eq!(route(&only, "/other", None), "unmapped");
        let neither = domain(RoutingMode::Mappings, mappings(), rules());
        assert_eq!(route(&neither, "/v1/x", None), "mapped prod /v1/x");
    }
}
