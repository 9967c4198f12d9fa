//! What the monitor itself last saw deployed to a stage, and when it last answered.
//!
//! A monitor that only probes what is deployed cannot see a door that was removed. The baseline is what makes it able to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Authorization, Method, Seen, Tree, Verb};

/// A stage as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KnownStage {
    /// The API's id.
    pub api: String,
    /// The API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The deployment that it served.
    pub deployment: Option<String>,
    /// When it was last written, in Unix seconds. Of a method that answers well in every run, the time of its last good
    /// answer is this one or later: healthy methods are not worth a write a run.
    pub seen_at: i64,
    /// The deployed methods, by resource and verb as declared.
    pub methods: BTreeMap<String, BTreeMap<Verb, KnownMethod>>,
    /// Methods that had answered and that a deployment took away, by resource and verb: they are asked for a while.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, BTreeMap<Verb, RemovedMethod>>,
}

/// What is remembered of a deployed method.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KnownMethod {
    /// Who decided whether a caller may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Whether it wanted an API key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api_key_required: bool,
    /// When an answer last proved its route, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_at: Option<i64>,
    /// When it last answered well, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_at: Option<i64>,
}

/// A method that a deployment took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedMethod {
    /// When it was first missed, in Unix seconds.
    pub since: i64,
    /// The deployment that had it last.
    pub had_by: Option<String>,
    /// The deployment that took it away.
    pub taken_by: Option<String>,
    /// What was known of it.
    pub known: KnownMethod,
}

/// What a deployment changed in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    /// The deployment before.
    pub before: Option<String>,
    /// The deployment now.
    pub after: Option<String>,
    /// When the deployment now was made, in Unix seconds.
    pub deployed_at: Option<i64>,
    /// `VERB path` of methods that are new.
    pub added: Vec<String>,
    /// `VERB path` of methods that are gone.
    pub removed: Vec<String>,
    /// `VERB path: what changed`, as `GET /orders: authorization NONE -> AWS_IAM`.
    pub changed: Vec<String>,
}

impl Change {
    /// Whether only the deployment's id is another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// A healthy stage's item is written again after so many seconds, and not in every run.
const REFRESH: i64 = 6 * 3600;

impl KnownStage {
    /// A stage of which nothing is known yet.
    #[must_use]
    pub fn new(api: &str, api_name: &str, stage: &str, deployment: Option<&str>) -> Self {
        Self {
            api: api.to_owned(),
            api_name: api_name.to_owned(),
            stage: stage.to_owned(),
            deployment: deployment.map(str::to_owned),
            ..Self::default()
        }
    }

    /// What differs between the baseline and what a stage serves now. Who may call is compared where both sides tell it.
    #[must_use]
    pub fn change(&self, deployment: Option<&str>, deployed_at: Option<i64>, tree: &Tree) -> Change {
        let mut change = Change {
            before: self.deployment.clone(),
            after: deployment.map(str::to_owned),
            deployed_at,
            ..Change::default()
        };
        for (resource, verb, method) in tree.methods() {
            let Some(known) = self.method(resource, verb) else {
                change.added.push(format!("{verb} {resource}"));
                continue;
            };
            let mut told = Vec::new();
            if let (Some(before), Some(after)) = (known.authorization, method.authorization)
                && before != after
            {
                told.push(format!("authorization {} -> {}", aws_words(before), aws_words(after)));
            }
            let both_told = known.authorization.is_some() && method.authorization.is_some();
            if both_told && known.api_key_required != method.api_key_required {
                let words = |required: bool| if required { "required" } else { "not required" };
                told.push(format!("API key {} -> {}", words(known.api_key_required), words(method.api_key_required)));
            }
            if !told.is_empty() {
                change.changed.push(format!("{verb} {resource}: {}", told.join(", ")));
            }
        }
        for (resource, verb, _) in self.known_methods() {
            if tree.method(resource, verb).is_none() {
                change.removed.push(format!("{verb} {resource}"));
            }
        }
        change
    }

    /// The stage after a run that read its `tree` and asked its methods: `answered` says of each method whether its route
    /// was proved, and whether it answered well.
    ///
    /// `self` bears the stage's names and its deployment now, `known` is what was known before. A method that had
    /// answered and is not deployed any more is remembered for `watch_removed` seconds.
    #[must_use]
    pub fn after(
        mut self,
        known: Option<&Self>,
        tree: &Tree,
        watch_removed: u64,
        now: i64,
        answered: impl Fn(&str, Verb) -> (bool, bool),
    ) -> Self {
        self.seen_at = now;
        for (resource, verb, method) in tree.methods() {
            // One that comes back is the one that went.
            let before =
                known.and_then(|known| known.method(resource, verb).or_else(|| known.was_removed(resource, verb)));
            let told = method.authorization.is_some() || method.api_key_required;
            let (routed, healthy) = answered(resource, verb);
            let at = |seen: bool, before: Option<i64>| if seen { Some(now) } else { before };
            self.methods.entry(resource.to_owned()).or_default().insert(
                verb,
                KnownMethod {
                    authorization: method.authorization.or(before.and_then(|before| before.authorization)),
                    api_key_required: match before {
                        Some(before) if !told => before.api_key_required,
                        _ => method.api_key_required,
                    },
                    routed_at: at(routed, before.and_then(|before| before.routed_at)),
                    healthy_at: at(healthy, before.and_then(|before| before.healthy_at)),
                },
            );
        }
        let Some(known) = known else { return self };
        let gone =
            known.known_methods().filter(|(.., method)| method.routed_at.is_some()).map(|(resource, verb, method)| {
                let removed = RemovedMethod {
                    since: now,
                    had_by: known.deployment.clone(),
                    taken_by: self.deployment.clone(),
                    known: method.clone(),
                };
                (resource, verb, removed)
            });
        let before = known.known_removed().map(|(resource, verb, removed)| (resource, verb, removed.clone()));
        let all: Vec<_> = gone.chain(before).collect();
        for (resource, verb, removed) in all {
            if tree.method(resource, verb).is_none() && is_watched(&removed, watch_removed, now) {
                self.removed.entry(resource.to_owned()).or_default().insert(verb, removed);
            }
        }
        self
    }

    /// The stage with those removed methods alone that are still asked for.
    #[must_use]
    pub fn watched(&self, watch_removed: u64, now: i64) -> Self {
        let mut watched = self.clone();
        for methods in watched.removed.values_mut() {
            methods.retain(|_, removed| is_watched(removed, watch_removed, now));
        }
        watched.removed.retain(|_, methods| !methods.is_empty());
        watched
    }

    /// What the stage was seen to serve, as the diagnosis takes it: the deployment that was there last, and the methods
    /// that were taken away, by the deployment that had them.
    #[must_use]
    pub fn served(&self) -> Vec<Seen> {
        let seen = |deployment: &str, seen_at, tree| Seen {
            api: self.api.clone(),
            stage: self.stage.clone(),
            deployment: deployment.to_owned(),
            seen_at,
            tree,
        };
        let mut served = Vec::new();
        if let Some(deployment) = &self.deployment {
            let mut tree = Tree::default();
            for (resource, verb, method) in self.known_methods() {
                tree.0.entry(resource.to_owned()).or_default().insert(verb, method.as_method());
            }
            served.push(seen(deployment, self.seen_at, tree));
        }
        let mut before: BTreeMap<&str, (i64, Tree)> = BTreeMap::new();
        for (resource, verb, removed) in self.known_removed() {
            let Some(deployment) = &removed.had_by else { continue };
            let (seen_at, tree) = before.entry(deployment).or_default();
            *seen_at = (*seen_at).max(removed.since);
            tree.0.entry(resource.to_owned()).or_default().insert(verb, removed.known.as_method());
        }
        served.extend(before.into_iter().map(|(deployment, (seen_at, tree))| seen(deployment, seen_at, tree)));
        served
    }

    /// Whether the stage is worth a write: something but the times changed, a method answers that did not, or the times
    /// are six hours old.
    #[must_use]
    pub fn needs_write(&self, before: &Self, now: i64) -> bool {
        let timeless = |stage: &Self| {
            let mut stage = stage.clone();
            stage.seen_at = 0;
            for method in stage.methods.values_mut().flat_map(BTreeMap::values_mut) {
                method.routed_at = method.routed_at.map(|_| 0);
                method.healthy_at = method.healthy_at.map(|_| 0);
            }
            stage
        };
        let age = now.saturating_sub(before.seen_at);
        // A time that lies ahead was written by a clock that went wrong.
        !(0..REFRESH).contains(&age) || timeless(self) != timeless(before)
    }

    /// What two overlapping runs saw of a stage: the later one's deployment, and of each method the later times.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let (mut later, earlier) = if self.seen_at >= other.seen_at { (self, other) } else { (other, self) };
        for (resource, methods) in &mut later.methods {
            for (verb, method) in methods {
                let Some(known) = earlier.method(resource, *verb) else { continue };
                method.routed_at = method.routed_at.max(known.routed_at);
                method.healthy_at = method.healthy_at.max(known.healthy_at);
            }
        }
        for (resource, verb, removed) in earlier.known_removed() {
            if later.method(resource, verb).is_none() {
                let kept = later.removed.entry(resource.to_owned()).or_default().entry(verb).or_insert(removed.clone());
                kept.since = kept.since.min(removed.since);
            }
        }
        later
    }

    /// A method that it had when it was last seen.
    #[must_use]
    pub fn method(&self, resource: &str, verb: Verb) -> Option<&KnownMethod> {
        self.methods.get(resource)?.get(&verb)
    }

    fn was_removed(&self, resource: &str, verb: Verb) -> Option<&KnownMethod> {
        self.removed.get(resource)?.get(&verb).map(|removed| &removed.known)
    }

    fn known_methods(&self) -> impl Iterator<Item = (&str, Verb, &KnownMethod)> {
        self.methods.iter().flat_map(|(resource, methods)| {
            methods.iter().map(move |(verb, method)| (resource.as_str(), *verb, method))
        })
    }

    fn known_removed(&self) -> impl Iterator<Item = (&str, Verb, &RemovedMethod)> {
        self.removed.iter().flat_map(|(resource, methods)| {
            methods.iter().map(move |(verb, removed)| (resource.as_str(), *verb, removed))
        })
    }
}

/// AWS's spelling of `authorizationType`.
fn aws_words(authorization: Authorization) -> &'static str {
    match authorization {
        Authorization::None => "NONE",
        Authorization::AwsIam => "AWS_IAM",
        Authorization::Custom => "CUSTOM",
        Authorization::CognitoUserPools => "COGNITO_USER_POOLS",
        Authorization::Jwt => "JWT",
    }
}

fn is_watched(removed: &RemovedMethod, watch_removed: u64, now: i64) -> bool {
    now.saturating_sub(removed.since) < i64::try_from(watch_removed).unwrap_or(i64::MAX)
}

impl KnownMethod {
    fn as_method(&self) -> Method {
        Method { authorization: self.authorization, api_key_required: self.api_key_required, interface: None }
    }
}

#[cfg(test)]
#[path = "known_stage_tests.rs"]
mod tests;
