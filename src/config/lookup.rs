//! The rules, compiled: what the user said of one method.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pattern::{NameGlob, PathPattern};
use super::{Allow, Authenticate, Config, Ignore, KnownGood, Methods};
use crate::gateway::Verb;

/// One deployed method, as rules are asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodKey<'a> {
    /// The API's id.
    pub api_id: &'a str,
    /// The API's name.
    pub api_name: &'a str,
    /// The stage's name.
    pub stage: &'a str,
    /// The resource's path as AWS writes it, `/orders/{id}`.
    pub resource: &'a str,
    /// The verb that the method is declared for, `ANY` included.
    pub declared: Verb,
}

/// The rules of a config, compiled once and asked for each method.
///
/// A rule fits a method when each of its patterns does. Its verbs are those that the method is declared for; for a
/// method that is declared `ANY`, a rule that names the verb which would be sent fits too. A rule without verbs fits
/// all. Of several rules that fit, the first counts.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    known_good: Vec<(Fit, KnownGood)>,
    allow: Vec<Fit>,
    ignore: Vec<(Fit, Ignore)>,
    authenticate: Vec<(Fit, Vec<String>)>,
}

/// A pattern of a rule that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{list} entry {}: {key}: {reason}", index + 1)]
pub struct RuleError {
    /// The config's key that holds the rule.
    pub list: &'static str,
    /// Which rule of the list, from 0.
    pub index: usize,
    /// The rule's key that is wrong.
    pub key: &'static str,
    /// What is wrong with it, and what was expected.
    pub reason: String,
}

impl Rules {
    /// Compiles the rules of a config.
    ///
    /// # Errors
    /// [`RuleError`] for a glob or a path that cannot be used. A config from [`Config::parse`] has none.
    pub fn new(config: &Config) -> Result<Self, RuleError> {
        let mut globs = Globs::default();
        let known_good = fits(&mut globs, "known_good", &config.known_good, |rule: &KnownGood| &rule.methods)?;
        let allow = fits(&mut globs, "allow", &config.allow, |rule: &Allow| &rule.methods)?;
        let ignore = fits(&mut globs, "ignore", &config.ignore, |rule: &Ignore| &rule.methods)?;
        let authenticate = fits(&mut globs, "authenticate", &config.authenticate, |rule: &Authenticate| &rule.methods)?;
        Ok(Self {
            known_good: known_good.into_iter().zip(config.known_good.iter().cloned()).collect(),
            allow,
            ignore: ignore.into_iter().zip(config.ignore.iter().cloned()).collect(),
            authenticate: authenticate
                .into_iter()
                .zip(config.authenticate.iter().map(|rule| rule.with.clone()))
                .collect(),
        })
    }

    /// The request that a method is known to answer well, if it were sent with this verb.
    #[must_use]
    pub fn known_good(&self, method: &MethodKey<'_>, sent: Verb) -> Option<&KnownGood> {
        self.known_good.iter().find(|(fit, _)| fit.fits(method, sent)).map(|(_, rule)| rule)
    }

    /// The request that a method is known to answer well, and the verb to send it with: the declared one; for a method
    /// that is declared `ANY` the first that the rule names, and `GET` where it names none.
    ///
    /// Whether that verb may be sent, [`Self::allows`] says.
    #[must_use]
    pub fn request_for(&self, method: &MethodKey<'_>) -> Option<(Verb, &KnownGood)> {
        let (_, rule) = self.known_good.iter().find(|(fit, _)| {
            fit.fits(method, method.declared) || (method.declared == Verb::Any && fit.fits_place(method))
        })?;
        let named = rule.methods.method.iter().copied().find(|&verb| verb != Verb::Any);
        Some((if method.declared == Verb::Any { named.unwrap_or(Verb::Get) } else { method.declared }, rule))
    }

    /// Whether this verb may be sent to a method: a safe one always, another where an `allow` names it.
    #[must_use]
    pub fn allows(&self, method: &MethodKey<'_>, sent: Verb) -> bool {
        // An `allow` without verbs would open everything; the parser refuses it, and here it opens nothing.
        sent.is_safe() || self.allow.iter().any(|fit| !fit.verbs.is_empty() && fit.fits(method, sent))
    }

    /// The rule by which nobody wants to be told of a method at the time `now`, in Unix seconds, where there is one.
    #[must_use]
    pub fn ignored(&self, method: &MethodKey<'_>, sent: Verb, now: i64) -> Option<&Ignore> {
        let mut lasting = self.ignore.iter().filter(|(_, rule)| !rule.ended(now));
        lasting.find(|(fit, _)| fit.fits(method, sent)).map(|(_, rule)| rule)
    }

    /// The names of the credentials that a method is asked with where `known_good` says nothing of it. Empty: with none.
    #[must_use]
    pub fn authenticate(&self, method: &MethodKey<'_>, sent: Verb) -> &[String] {
        self.authenticate.iter().find(|(fit, _)| fit.fits(method, sent)).map_or(&[], |(_, with)| with)
    }
}

impl Config {
    /// The rules, compiled, to be asked for each method.
    ///
    /// # Errors
    /// [`RuleError`] for a glob or a path that cannot be used. A config from [`Config::parse`] has none.
    pub fn rules(&self) -> Result<Rules, RuleError> {
        Rules::new(self)
    }
}

/// [`Methods`], compiled.
#[derive(Debug, Clone, Default)]
struct Fit {
    api: Option<Arc<NameGlob>>,
    stage: Option<Arc<NameGlob>>,
    path: Option<PathPattern>,
    verbs: Vec<Verb>,
}

impl Fit {
    fn new(methods: &Methods, globs: &mut Globs) -> Result<Self, (&'static str, String)> {
        let mut named = |key, text: &Option<String>| match text {
            Some(text) => globs.get(text).map(Some).map_err(|reason| (key, reason)),
            None => Ok(None),
        };
        Ok(Self {
            api: named("api", &methods.api)?,
            stage: named("stage", &methods.stage)?,
            path: methods.path.as_deref().map(PathPattern::new).transpose().map_err(|reason| ("path", reason))?,
            verbs: methods.method.clone(),
        })
    }

    /// Whether it fits but for the verb.
    fn fits_place(&self, method: &MethodKey<'_>) -> bool {
        self.api.as_ref().is_none_or(|glob| glob.fits(method.api_id) || glob.fits(method.api_name))
            && self.stage.as_ref().is_none_or(|glob| glob.fits(method.stage))
            && self.path.as_ref().is_none_or(|pattern| pattern.fits(method.resource))
    }

    fn fits(&self, method: &MethodKey<'_>, sent: Verb) -> bool {
        let by_verb = self.verbs.is_empty()
            || self.verbs.contains(&method.declared)
            || (method.declared == Verb::Any && self.verbs.contains(&sent));
        by_verb && self.fits_place(method)
    }
}

/// Each glob is compiled once, however many rules have it.
#[derive(Default)]
struct Globs(BTreeMap<String, Arc<NameGlob>>);

impl Globs {
    fn get(&mut self, text: &str) -> Result<Arc<NameGlob>, String> {
        if let Some(known) = self.0.get(text) {
            return Ok(Arc::clone(known));
        }
        let glob = Arc::new(NameGlob::new(text)?);
        self.0.insert(text.to_owned(), Arc::clone(&glob));
        Ok(glob)
    }
}

fn fits<R>(
    globs: &mut Globs,
    list: &'static str,
    rules: &[R],
    methods: impl Fn(&R) -> &Methods,
) -> Result<Vec<Fit>, RuleError> {
    let compiled = rules.iter().enumerate().map(|(index, rule)| {
        Fit::new(methods(rule), globs).map_err(|(key, reason)| RuleError { list, index, key, reason })
    });
    compiled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        Config::parse(text, "test").unwrap().rules().unwrap()
    }

    fn method(resource: &str, declared: Verb) -> MethodKey<'_> {
        MethodKey { api_id: "a1b2c3d4e5", api_name: "shop", stage: "prod", resource, declared }
    }

    #[test]
    fn paths_are_aws_paths_and_stars_are_segments() {
        for (pattern, resource, fits) in [
            ("/orders/{id}", "/orders/{id}", true),
            ("/orders/{id}", "/orders/id", false),
            ("/orders/*", "/orders/{id}", true),
            ("/orders/*", "/orders", false),
            ("/orders/*", "/orders/{id}/items", false),
            ("/orders/**", "/orders", true),
            ("/orders/**", "/orders/{id}/items", true),
            ("/orders/**", "/orders-2", false),
            ("/**/items", "/orders/{id}/items", true),
            ("/**/items", "/items", true),
            ("/**/items", "/items/{id}", false),
            ("/v*/x", "/v1/x", true),
            ("/v*/x", "/w1/x", false),
            ("/*a*b", "/xaybzb", true),
            ("/*a*b", "/xaybz", false),
            ("/**", "/", true),
            ("/", "/", true),
            ("/", "/a", false),
            ("/*", "/", false),
            ("/{proxy+}", "/{proxy+}", true),
            ("/[a]", "/a", false),
            ("/**/a/**/a/**", "/a/b/c", false),
            ("/**/a/**/a/**", "/b/a/a/c", true),
        ] {
            assert_eq!(PathPattern::new(pattern).unwrap().fits(resource), fits, "{pattern} {resource}");
        }
    }

    #[test]
    fn a_rule_fits_by_id_or_name_stage_path_and_verb() {
        let rules = rules("ignore:\n  - {api: shop, stage: 'p*', path: /a, method: [GET], reason: r}\n");
        let key = method("/a", Verb::Get);
        let reason = |key: &MethodKey<'_>, verb| rules.ignored(key, verb, 0).map(|rule| rule.reason.as_str());
        assert_eq!(reason(&key, Verb::Get), Some("r"));
        assert_eq!(reason(&MethodKey { api_name: "other", ..key }, Verb::Get), None);
        assert_eq!(reason(&MethodKey { api_id: "shop", api_name: "x", ..key }, Verb::Get), Some("r"));
        assert_eq!(reason(&MethodKey { stage: "dev", ..key }, Verb::Get), None);
        assert_eq!(reason(&MethodKey { resource: "/b", ..key }, Verb::Get), None);
        assert_eq!(reason(&MethodKey { declared: Verb::Post, ..key }, Verb::Post), None);
    }

    #[test]
    fn an_ignore_ends_with_its_last_day_and_leaves_the_method_to_the_next() {
        let text = "ignore:\n  - {path: /a, reason: first, until: 2026-12-31}\n  - {path: '/**', reason: second, until: 2027-01-01}\n  - {reason: third, probe: false}\n";
        let rules = rules(text);
        let found = |now: &str| {
            let now = now.parse::<jiff::Timestamp>().unwrap().as_second();
            rules
                .ignored(&method("/a", Verb::Get), Verb::Get, now)
                .map(|rule| (rule.reason.clone(), rule.probe))
                .unwrap()
        };
        assert_eq!(found("2026-12-31T23:59:59Z"), ("first".to_owned(), true));
        assert_eq!(found("2027-01-01T00:00:00Z"), ("second".to_owned(), true));
        assert_eq!(found("2027-01-02T00:00:00Z"), ("third".to_owned(), false));
    }

    #[test]
    fn a_method_declared_any_fits_by_what_would_be_sent() {
        let rules =
            rules("authenticate: [{path: /a, method: [POST], with: []}]\nallow: [{path: /a, method: [POST]}]\n");
        assert!(rules.allows(&method("/a", Verb::Any), Verb::Post));
        assert!(!rules.allows(&method("/a", Verb::Any), Verb::Put));
        assert!(!rules.allows(&method("/a", Verb::Put), Verb::Put));
        assert!(!rules.allows(&method("/b", Verb::Post), Verb::Post));
        assert!(rules.allows(&method("/b", Verb::Get), Verb::Get), "safe verbs need no word");
    }

    #[test]
    fn an_allow_for_any_is_for_methods_that_are_declared_so() {
        let rules = rules("allow: [{method: [ANY]}]\n");
        assert!(rules.allows(&method("/a", Verb::Any), Verb::Delete));
        assert!(!rules.allows(&method("/a", Verb::Delete), Verb::Delete));
    }

    #[test]
    fn an_allow_without_verbs_opens_nothing() {
        let config = Config { allow: vec![Allow::default()], ..Config::default() };
        assert!(!config.rules().unwrap().allows(&method("/a", Verb::Post), Verb::Post));
    }

    #[test]
    fn the_first_that_fits_counts() {
        let rules = rules(
            "known_good:\n  - {path: /a, body: first}\n  - {path: '/*', method: [GET], body: second}\n  - {body: third}\n",
        );
        let body = |resource, verb| rules.known_good(&method(resource, verb), verb).unwrap().body.clone().unwrap();
        assert_eq!(body("/a", Verb::Get), "first");
        assert_eq!(body("/b", Verb::Get), "second");
        assert_eq!(body("/b/c", Verb::Head), "third");
    }

    #[test]
    fn the_rule_says_which_verb_a_method_declared_any_is_sent() {
        let rules = rules(
            "known_good:\n  - {path: /a, method: [PUT, GET]}\n  - {path: /b}\nallow: [{path: /a, method: [PUT]}]\n",
        );
        let verb = |resource, declared| rules.request_for(&method(resource, declared)).map(|(verb, _)| verb);
        assert_eq!(verb("/a", Verb::Any), Some(Verb::Put));
        assert_eq!(verb("/a", Verb::Get), Some(Verb::Get));
        assert_eq!(verb("/a", Verb::Post), None);
        assert_eq!(verb("/b", Verb::Any), Some(Verb::Get));
        assert_eq!(verb("/b", Verb::Post), Some(Verb::Post));
    }
}
