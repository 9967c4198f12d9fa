//! Custom domains: mappings, rules, and base paths.

use super::endpoint::{Base, Unstaged};
use super::reading::{Grade, Reading, takes_anything};
use super::{Expectation, Fault, Place, Question, stage_distance, sure};
use crate::diagnose::suggest::{offer_without, replaced, segment_at};
use crate::diagnose::{Cause, Confidence, Suggestion};
use crate::gateway::{Api, Domain, DomainAddress, DomainRoute, Mapping, RoutingMode, Via, segments};

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
            DomainRoute::Unmapped => self
                .unread(|place| place.strip_prefix("domain ").is_some_and(|rest| rest.starts_with(&format!("{name} "))))
                .unwrap_or_else(|| self.unmapped(address).into()),
            DomainRoute::To(target) => {
                let Some(api) = address.api else {
                    return Expectation::Unknown(format!(
                        "{name} leads to the API {}, which is none of the APIs that were read",
                        target.api
                    ));
                };
                let Some(stage) = address.stage else {
                    if self.world.inventory().stages_filtered {
                        return Expectation::Unknown(format!("{name} leads to a stage that the filters do not admit"));
                    }
                    if let Via::Mapping(Mapping { stage: None, .. }) = target.via {
                        return self.unstaged(address, api, target.stage.as_deref()).into();
                    }
                    let text = target.stage.as_deref().unwrap_or("-");
                    let evidence =
                        format!("{name} leads to the stage {text} of the API {}, which has no such stage", api.name);
                    let fault =
                        Fault::new(Cause::StageUnknown, Confidence::Certain, evidence).at(address.base_at.clone());
                    return self.or_under_another_base(address, fault).into();
                };
                self.in_stage(api, stage, &address.path_at, Some(address))
            }
        }
    }

    /// The mapping has no stage, so that the path must name one, and does not.
    fn unstaged(&self, address: &DomainAddress<'w>, api: &'w Api, text: Option<&str>) -> Fault {
        let end = address.base_at.end;
        let slash = end - text.map_or(0, |text| text.len() + 1);
        let fault = self.without_stage(&Unstaged {
            api,
            text,
            stage_at: (end - text.map_or(0, str::len))..end,
            rest: self.url().get(address.path_at.clone()).unwrap_or(""),
            base: Base::Before(self.url().get(..slash).unwrap_or("")),
        });
        self.or_under_another_base(address, fault)
    }

    /// Where the whole path routes under another base path, the fault may be that base path's absence.
    fn or_under_another_base(&self, address: &DomainAddress<'w>, mut fault: Fault) -> Fault {
        let elsewhere = self.under_other_bases(address);
        let named = elsewhere.iter().any(|suggestion| !self.lands_by_pattern(suggestion));
        if elsewhere.is_empty() || fault.cause == Cause::StageMissing && !named {
            return fault;
        }
        fault.confidence = fault.confidence.min(Confidence::Likely);
        let fault = fault.suggest(elsewhere);
        fault.or(Cause::BasePathMissing, "the whole path routes under another base path of the domain")
    }

    fn unmapped(&self, address: &DomainAddress<'w>) -> Fault {
        let domain = address.domain;
        let path = self.url().get(address.path_at.clone()).unwrap_or("");
        let (by_pattern, by_name): (Vec<_>, Vec<_>) =
            self.under_other_bases(address).into_iter().partition(|suggestion| self.lands_by_pattern(suggestion));
        if !by_name.is_empty() {
            return Fault::new(
                Cause::BasePathMissing,
                Confidence::Certain,
                format!("{} maps nothing to {path}, and the path routes under a base path of it", domain.name),
            )
            .at(segment_at(self.url(), &address.path_at, 0))
            .suggest(by_name);
        }
        let bases = bases(domain);
        let near: Vec<_> = bases.iter().filter_map(|base| self.with_the_base_spelt(address, base)).collect();
        let listed: Vec<String> = bases.iter().map(|base| format!("/{base}")).collect();
        let mut has = if listed.is_empty() { "nothing".to_owned() } else { listed.join(", ") };
        if domain.routing_mode != RoutingMode::Mappings && !domain.rules.is_empty() {
            has += ", and none of its rules takes this request";
        }
        let sure = if by_pattern.is_empty() { Confidence::Certain } else { Confidence::Likely };
        let fault = Fault::new(
            Cause::DomainUnmapped,
            sure,
            format!("{} has no mapping or rule for {path}; it maps {has}", domain.name),
        )
        .at(segment_at(self.url(), &address.path_at, 0))
        .suggest(near);
        if by_pattern.is_empty() {
            return fault;
        }
        fault
            .suggest(by_pattern)
            .or(Cause::BasePathMissing, "the whole path routes under a base path of the domain too")
    }

    /// The request with a base path in place of as many segments that are near to it.
    fn with_the_base_spelt(&self, address: &DomainAddress<'w>, base: &str) -> Option<Suggestion> {
        let path = self.url().get(address.path_at.clone())?;
        let start = segment_at(self.url(), &address.path_at, 0).start;
        let offer = |given: &str| {
            let url = replaced(self.request, start..start + given.len(), base);
            self.offer(&url, format!("the nearest base path is /{base}"))
        };
        let given: Vec<&str> = segments(path).take(segments(base).count()).collect();
        let given = given.join("/");
        if !given.is_empty() && stage_distance(base, &given).is_some() {
            return offer(&given);
        }
        // The beginning of a base path of several segments.
        let same: Vec<&str> =
            segments(base).zip(segments(path)).take_while(|(one, other)| one == other).map(|(one, _)| one).collect();
        if same.is_empty() { None } else { offer(&same.join("/")) }
    }

    /// The request with each of the domain's other base paths in front, where that reaches a method.
    fn under_other_bases(&self, address: &DomainAddress<'w>) -> Vec<Suggestion> {
        let at = address.base_at.start..address.path_at.end;
        let Some(path) = self.url().get(at.clone()) else { return Vec::new() };
        bases(address.domain)
            .into_iter()
            .filter(|base| !base.is_empty())
            .filter_map(|base| {
                let url = replaced(self.request, at.clone(), &format!("/{base}{path}"));
                self.offer(&url, format!("under the base path /{base}"))
            })
            .collect()
    }

    pub(super) fn by_routing_rule(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let address = place.domain?;
        let DomainRoute::To(target) = &address.route else { return None };
        let Via::Rule(rule) = target.via else { return None };
        // In the mode of rules alone no mapping would have taken it.
        if address.domain.routing_mode == RoutingMode::Rules {
            return None;
        }
        let mut without = address.domain.clone();
        without.rules.clear();
        without.routing_mode = RoutingMode::Mappings;
        let DomainRoute::To(mapped) = without.route(self.request) else { return None };
        let api = self.world.api(mapped.api)?;
        let stage = api.stage(mapped.stage.as_deref()?)?;
        let path = self.request.url.path().get(mapped.consumed..)?;
        let hit = self.routes(self.world.stage_router(api, stage), path)?;
        let conditions: Vec<&str> = rule.headers.iter().flatten().map(|glob| glob.header.as_str()).collect();
        let why = format!("where the rule {} does not look, the mapping decides", rule.id);
        let fault = Fault::new(
            Cause::RoutingRule,
            Confidence::Certain,
            format!(
                "the rule {} (priority {}) of {} takes the request to the stage {} of the API {}; by its base path mapping it would reach {} {} of the stage {} of the API {}",
                rule.id, rule.priority, address.domain.name, place.stage.name, place.api.name, hit.verb, hit.resource, stage.name, api.name
            ),
        )
        .at(address.base_at.clone())
        .suggest(offer_without(self.world, self.request, &conditions, why));
        Some(Reading { grade: Grade::Named, fault, doubtful: takes_anything(hit.resource) })
    }

    /// The path routes under another base path than the one that took it, or with `(none)` under one at all.
    pub(super) fn by_other_base(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let address = place.domain?;
        let (by_pattern, by_name): (Vec<_>, Vec<_>) =
            self.under_other_bases(address).into_iter().partition(|suggestion| self.lands_by_pattern(suggestion));
        let (grade, found) = if by_name.is_empty() { (Grade::Chance, by_pattern) } else { (Grade::Named, by_name) };
        found.first()?;
        let at = address.base_at.start..address.path_at.end;
        let fault = Fault::new(
            Cause::BasePathMissing,
            sure(place.source),
            format!("the path routes under another base path of {}", address.domain.name),
        )
        .at(segment_at(self.url(), &at, 0))
        .suggest(found);
        let doubtful = fault.suggestions.iter().any(|suggestion| suggestion.reaches.contains('{'));
        Some(Reading { grade, fault, doubtful })
    }
}

/// The base paths that lead anywhere: in the mode of rules alone the mappings list and do not route.
fn bases(domain: &Domain) -> Vec<&str> {
    let mappings = domain.mappings.iter().map(|mapping| mapping.base_path.as_str());
    let rules = domain.rules.iter().flat_map(|rule| &rule.base_paths).map(String::as_str);
    let mut bases: Vec<&str> = match domain.routing_mode {
        RoutingMode::Mappings => mappings.collect(),
        RoutingMode::Rules => rules.collect(),
        RoutingMode::RulesThenMappings => rules.chain(mappings).collect(),
    };
    let mut known = Vec::new();
    bases.retain(|base| {
        let new = !known.contains(base);
        known.push(*base);
        new
    });
    bases
}
