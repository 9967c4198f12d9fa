//! Custom domains: mappings, rules, and base paths.

use super::{Expectation, Fault, Place, Question, stage_distance, sure};
use crate::diagnose::suggest::{offer_without, replaced, segment_at};
use crate::diagnose::{Cause, Confidence, Suggestion};
use crate::gateway::{DomainAddress, DomainRoute, RoutingMode, Via, segments};

impl<'w> Question<'w, '_> {
    pub(super) fn at_domain(&self, address: &DomainAddress<'w>) -> Expectation<'w> {
        let name = &address.domain.name;
        match &address.route {
            DomainRoute::Reserved => Fault::new(
                Cause::ReservedPath,
                Confidence::Likely,
                format!("{} on {name} is API Gateway's own health check", self.request.url.path()),
            )
            .at(address.path_at.clone())
            .into(),
            DomainRoute::Unmapped => self.unmapped(address).into(),
            DomainRoute::To(target) => {
                let Some(api) = address.api else {
                    return Expectation::Unknown(format!(
                        "{name} leads to the API {}, which is none of the REST APIs that were read",
                        target.api
                    ));
                };
                let Some(stage) = address.stage else {
                    if self.world.inventory().stages_filtered {
                        return Expectation::Unknown(format!("{name} leads to a stage that the filters do not admit"));
                    }
                    let text = target.stage.as_deref();
                    let (cause, evidence) = match text {
                        Some(text) => (
                            Cause::StageUnknown,
                            format!(
                                "{name} leads to the stage {text} of the API {}, which has no such stage",
                                api.name
                            ),
                        ),
                        None => (
                            Cause::StageMissing,
                            format!("{name} leads to the API {} without a stage, so the path must name one", api.name),
                        ),
                    };
                    return Fault::new(cause, Confidence::Certain, evidence).at(address.base_at.clone()).into();
                };
                self.in_stage(api, stage, &address.path_at, Some(address))
            }
        }
    }

    pub(super) fn unmapped(&self, address: &DomainAddress<'w>) -> Fault {
        let domain = address.domain;
        let path = self.url().get(address.path_at.clone()).unwrap_or("");
        let (catch_all, with_base): (Vec<_>, Vec<_>) =
            self.under_other_bases(address, path).into_iter().partition(|s| self.lands_on_a_catch_all(s));
        let missing = |confidence| {
            Fault::new(
                Cause::BasePathMissing,
                confidence,
                format!("{} maps nothing to {path}, and the path routes under a base path of it", domain.name),
            )
            .at(segment_at(self.url(), &address.path_at, 0))
        };
        if !with_base.is_empty() {
            return missing(Confidence::Certain).suggest(with_base);
        }
        let first = segments(path).next().unwrap_or("");
        let near: Vec<_> = domain
            .mappings
            .iter()
            .filter(|mapping| !first.is_empty() && stage_distance(&mapping.base_path, first).is_some())
            .filter_map(|mapping| {
                let at = segment_at(self.url(), &address.path_at, 0);
                let why = format!("the nearest base path is /{}", mapping.base_path);
                self.offer(&replaced(self.request, at, &mapping.base_path), why)
            })
            .collect();
        if near.is_empty() && !catch_all.is_empty() {
            // Below a catch-all any path routes, so this is one reading of two.
            return missing(Confidence::Likely)
                .suggest(catch_all)
                .or(Cause::DomainUnmapped, "the path belongs to none of the mapped APIs");
        }
        let mapped: Vec<String> = domain.mappings.iter().map(|mapping| format!("/{}", mapping.base_path)).collect();
        let has = if mapped.is_empty() { "nothing".to_owned() } else { mapped.join(", ") };
        Fault::new(
            Cause::DomainUnmapped,
            Confidence::Certain,
            format!("{} has no mapping or rule for {path}; it maps {has}", domain.name),
        )
        .at(segment_at(self.url(), &address.path_at, 0))
        .suggest(near)
    }

    /// The request with each of the domain's base paths in front, where that reaches a method.
    pub(super) fn under_other_bases(&self, address: &DomainAddress<'w>, path: &str) -> Vec<Suggestion> {
        let at = address.base_at.start..address.path_at.end;
        address
            .domain
            .mappings
            .iter()
            .filter(|mapping| !mapping.base_path.is_empty())
            .filter_map(|mapping| {
                let url = replaced(self.request, at.clone(), &format!("/{}{path}", mapping.base_path));
                self.offer(&url, format!("under the base path /{}", mapping.base_path))
            })
            .collect()
    }

    pub(super) fn by_routing_rule(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let address = place.domain?;
        let DomainRoute::To(target) = &address.route else { return None };
        let Via::Rule(rule) = target.via else { return None };
        let mut without = address.domain.clone();
        without.rules.clear();
        without.routing_mode = RoutingMode::Mappings;
        let DomainRoute::To(mapped) = without.route(self.request) else { return None };
        let api = self.world.api(mapped.api)?;
        let stage = api.stage(mapped.stage.as_deref()?)?;
        let path = self.request.url.path().get(mapped.consumed..)?;
        let hit = self.routes(self.world.stage_router(api, stage), path)?;
        let conditions: Vec<&str> = rule.headers.iter().flatten().map(|glob| glob.header.as_str()).collect();
        let why = format!("without the header that the rule {} looks for, the mapping decides", rule.id);
        Some(
            Fault::new(
                Cause::RoutingRule,
                Confidence::Certain,
                format!(
                    "the rule {} (priority {}) of {} takes the request to the stage {} of the API {}; by its base path mapping it would reach {} {} of the stage {} of the API {}",
                    rule.id, rule.priority, address.domain.name, place.stage.name, place.api.name, hit.verb, hit.resource, stage.name, api.name
                ),
            )
            .at(address.base_at.clone())
            .suggest(offer_without(self.world, self.request, &conditions, why)),
        )
    }

    pub(super) fn by_other_base(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let address = place.domain?;
        // The `(none)` mapping caught what belongs under a base path.
        if !address.base_at.is_empty() {
            return None;
        }
        let mut suggestions = self.under_other_bases(address, place.path);
        suggestions.retain(|suggestion| !self.lands_on_a_catch_all(suggestion));
        (!suggestions.is_empty()).then(|| {
            Fault::new(
                Cause::BasePathMissing,
                sure(place.source),
                format!("the path routes under another base path of {}", address.domain.name),
            )
            .at(segment_at(self.url(), place.path_at, 0))
            .suggest(suggestions)
        })
    }
}
