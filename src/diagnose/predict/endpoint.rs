//! Default endpoints: the API, its endpoint's switch, and the stage.

use std::ops::Range;

use super::{Expectation, Fault, Question, UNREAD, stage_distance};
use crate::diagnose::suggest::{is_too_long, reaches, replaced};
use crate::diagnose::{Cause, Confidence, Suggestion};
use crate::gateway::{Api, EndpointAddress, Request, Stage};

/// Ids have ten characters; longer names are nobody's typo of one.
const LONGEST_ID: usize = 64;

impl<'w> Question<'w, '_> {
    pub(super) fn at_endpoint(&self, endpoint: &EndpointAddress<'w>) -> Expectation<'w> {
        let inventory = self.world.inventory();
        // Nothing was read: that an API is not in it says nothing.
        if let Some(unknown) = self.unread(|place| place == UNREAD) {
            return unknown;
        }
        if endpoint.api_id.starts_with("vpce-") {
            let evidence = "a VPC endpoint's own name does not say which API is meant: x-apigw-api-id or Host must";
            return Fault::new(Cause::PrivateEndpoint, Confidence::Likely, evidence.to_owned()).into();
        }
        if let Some(region) = &endpoint.region
            && *region != inventory.region
        {
            if let Some(api) = endpoint.api {
                return self.in_another_region(region, api).into();
            }
            return Expectation::Unknown(format!(
                "the URL is of region {region}, and what was read is of {}",
                inventory.region
            ));
        }
        let Some(api) = endpoint.api else {
            if inventory.apis_filtered {
                return Expectation::Unknown(format!(
                    "the API {} is none of those that the filters admit",
                    endpoint.api_id
                ));
            }
            let of_it = format!("api {}", endpoint.api_id);
            return self
                .unread(|place| place.starts_with("list of ") || place == of_it)
                .unwrap_or_else(|| self.unknown_api(endpoint).into());
        };
        if api.default_endpoint_disabled && self.meant.switch_counts {
            return self.disabled_endpoint(endpoint, api).into();
        }
        match endpoint.stage {
            Some(stage) => self.in_stage(api, stage, &endpoint.path_at, None),
            None if inventory.stages_filtered => Expectation::Unknown(format!(
                "the stage {} is none of those that the filters admit",
                endpoint.stage_text.as_deref().unwrap_or("(none)")
            )),
            None => self
                .unread(|place| place == format!("api {} ({})", api.id, api.name))
                .unwrap_or_else(|| self.at_no_stage(endpoint, api).into()),
        }
    }

    pub(super) fn unknown_api(&self, endpoint: &EndpointAddress<'w>) -> Fault {
        let inventory = self.world.inventory();
        // An id that a header names stands nowhere in the URL; what is wrong there is the host.
        let host_start = self.request.url[..url::Position::BeforeHost].len();
        let host = self.request.url.host_str().unwrap_or("");
        let at = self
            .url()
            .find(&endpoint.api_id)
            .map_or(host_start..host_start + host.len(), |start| start..start + endpoint.api_id.len());
        let near = inventory
            .apis
            .iter()
            .filter(|api| api.id.len() <= LONGEST_ID && api.id.len().abs_diff(endpoint.api_id.len()) <= 2)
            .filter(|api| strsim::osa_distance(&api.id, &endpoint.api_id) <= 2)
            .filter_map(|api| {
                self.offer(&replaced(self.request, at.clone(), &api.id), format!("the API {} has this id", api.name))
            });
        if let Some(domain) =
            inventory.domains.iter().find(|domain| !domain.is_wildcard() && domain.target.as_deref() == Some(host))
        {
            let path = self.url().get(self.request.url[..url::Position::BeforePath].len()..).unwrap_or("");
            let url = format!("https://{}{path}", domain.name);
            return Fault::new(
                Cause::ApiUnknown,
                Confidence::Certain,
                format!(
                    "{host} is what the DNS record of {} should lead to; it is not called by this name",
                    domain.name
                ),
            )
            .at(at.clone())
            .suggest(self.offer(&url, "by the custom domain's own name".to_owned()));
        }
        // Where the name resolves, something answers there: another account's API has such a host too.
        Fault::new(
            Cause::ApiUnknown,
            Confidence::Likely,
            format!("no API of region {} in this account has the id {}", inventory.region, endpoint.api_id),
        )
        .at(at.clone())
        .suggest(near.collect::<Vec<_>>())
    }

    /// Ids are unique across regions, so that the id of one region's API names none in another.
    fn in_another_region(&self, region: &str, api: &Api) -> Fault {
        let known = &self.world.inventory().region;
        let start = self.url().find(region).unwrap_or(0);
        let at = start..start + region.len();
        Fault::new(
            Cause::ApiUnknown,
            Confidence::Likely,
            format!("the API {} ({}) is of region {known}, and the URL says {region}", api.id, api.name),
        )
        .at(at.clone())
        .suggest(self.offer(&replaced(self.request, at, known), format!("in the region {known}")))
        .or(Cause::NetworkDns, "other names do not resolve from here either")
    }

    pub(super) fn disabled_endpoint(&self, endpoint: &EndpointAddress<'w>, api: &'w Api) -> Fault {
        let path = self.url().get(endpoint.path_at.clone()).unwrap_or("");
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let through_domains = self.world.inventory().domains.iter().filter(|domain| !domain.is_wildcard());
        let suggestions = through_domains
            .flat_map(|domain| domain.mappings.iter().map(move |mapping| (domain, mapping)))
            .filter(|(_, mapping)| {
                let stage = endpoint.stage.map(|stage| stage.name.as_str());
                mapping.api == api.id && mapping.stage.as_deref() == stage.or(endpoint.stage_text.as_deref())
            })
            .filter_map(|(domain, mapping)| {
                let base = if mapping.base_path.is_empty() { String::new() } else { format!("/{}", mapping.base_path) };
                let url = format!("https://{}{base}{path}{query}", domain.name);
                let stage = endpoint.stage?;
                self.lands_in(&url, api, stage)
                    .then(|| self.offer(&url, format!("{} maps to this stage", domain.name)))?
            });
        Fault::new(
            Cause::EndpointDisabled,
            Confidence::Certain,
            format!("the API {} has its default endpoint switched off", api.name),
        )
        .suggest(suggestions.collect::<Vec<_>>())
    }

    fn at_no_stage(&self, endpoint: &EndpointAddress<'w>, api: &'w Api) -> Fault {
        self.by_doubled_slash(endpoint).unwrap_or_else(|| {
            self.without_stage(&Unstaged {
                api,
                text: endpoint.stage_text.as_deref(),
                stage_at: endpoint.stage_at.clone(),
                rest: self.url().get(endpoint.path_at.clone()).unwrap_or(""),
                base: Base::Endpoint(endpoint),
            })
        })
    }

    /// No stage of this name, or no stage segment at all.
    pub(super) fn without_stage(&self, asked: &Unstaged<'w, '_>) -> Fault {
        let Unstaged { api, text, stage_at, rest, .. } = asked;
        let names = api.stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let has = if names.is_empty() { "it has no stage at all".to_owned() } else { format!("it has {names}") };
        let Some(text) = *text else {
            let suggestions: Vec<_> =
                api.stages.iter().filter_map(|stage| self.with_stage(asked, stage, rest)).collect();
            return Fault::new(
                Cause::StageMissing,
                Confidence::Certain,
                format!("the path ends before a stage of the API {}; {has}", api.name),
            )
            .at(stage_at.clone())
            .suggest(suggestions);
        };
        let whole = format!("/{text}{rest}");
        let mut near: Vec<(usize, &Stage)> =
            api.stages.iter().filter_map(|stage| Some((stage_distance(&stage.name, text)?, stage))).collect();
        near.sort_by_key(|(distance, _)| *distance);
        let typo: Vec<_> = near
            .iter()
            .filter_map(|(_, stage)| {
                let why = if stage.name.eq_ignore_ascii_case(text) {
                    format!("stage names are case-sensitive: it is {}", stage.name)
                } else {
                    format!("the nearest stage is {}", stage.name)
                };
                self.offer(&replaced(self.request, stage_at.clone(), &stage.name), why)
            })
            .collect();
        // A pattern takes any path, so that the whole path would route there says little.
        let (by_pattern, missing): (Vec<_>, Vec<_>) = api
            .stages
            .iter()
            .filter_map(|stage| self.with_stage(asked, stage, &whole))
            .partition(|suggestion| self.lands_by_pattern(suggestion));
        let others: Vec<_> = api
            .stages
            .iter()
            .filter_map(|stage| {
                self.offer(
                    &replaced(self.request, stage_at.clone(), &stage.name),
                    format!("stage {} has this path", stage.name),
                )
            })
            .collect();
        let unknown = || {
            Fault::new(
                Cause::StageUnknown,
                Confidence::Certain,
                format!("the API {} has no stage {text}; {has}", api.name),
            )
            .at(stage_at.clone())
        };
        let gone = || {
            Fault::new(
                Cause::StageMissing,
                Confidence::Certain,
                format!(
                    "{text} is no stage of the API {} ({has}), and {whole} routes once a stage stands before it",
                    api.name
                ),
            )
            .at(stage_at.clone())
        };
        match (typo.is_empty(), missing.is_empty(), by_pattern.is_empty()) {
            (true, false, _) if others.iter().all(|other| self.lands_by_pattern(other)) => gone().suggest(missing),
            (true, false, _) => {
                let mut fault = gone().suggest(missing).suggest(others);
                fault.confidence = Confidence::Likely;
                fault.or(Cause::StageUnknown, "the path behind it routes in another stage too: this one may be deleted")
            }
            (_, true, true) => unknown().suggest(typo).suggest(others),
            _ => {
                let mut fault = unknown().suggest(typo).suggest(others).suggest(missing).suggest(by_pattern);
                fault.confidence = Confidence::Likely;
                fault.or(Cause::StageMissing, "the whole path routes too once a stage stands before it")
            }
        }
    }

    /// A base URL that ends in a slash, and a path that begins with one.
    pub(super) fn by_doubled_slash(&self, endpoint: &EndpointAddress<'w>) -> Option<Fault> {
        let path = self.request.url.path();
        let folded = path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
        if endpoint.stage_text.is_some() || folded.is_empty() || !path.starts_with("//") {
            return None;
        }
        let start = self.request.url[..url::Position::BeforePath].len();
        let at = start..start + path.len();
        Some(
            Fault::new(
                Cause::PathEncoding,
                Confidence::Likely,
                "a doubled slash after the host stands where the stage should".to_owned(),
            )
            .at(at.clone())
            .suggest(self.offer(&replaced(self.request, at, &format!("/{folded}")), "with one slash".to_owned()))
            .or(Cause::StageMissing, "the stage is missing too"),
        )
    }

    /// Whether a corrected URL leads to this very stage: another base path may take it elsewhere.
    fn lands_in(&self, url: &str, api: &Api, stage: &Stage) -> bool {
        let Ok(url) = url::Url::parse(url) else { return false };
        let corrected = Request { url, body: None, ..self.request.clone() };
        reaches(self.world, &corrected).is_some_and(|(found, at, _)| found.id == api.id && at.name == stage.name)
    }

    /// The request with a stage and a path behind it.
    fn with_stage(&self, asked: &Unstaged<'w, '_>, stage: &Stage, path: &str) -> Option<Suggestion> {
        if is_too_long(self.url()) {
            return None;
        }
        let base = match &asked.base {
            Base::Before(before) => format!("{before}/{}", stage.name),
            Base::Endpoint(endpoint) => {
                let region = endpoint.region.as_deref().unwrap_or(&self.world.inventory().region);
                // The template's shape where that is the host that was called, else AWS's own.
                let authority = &self.request.url[..url::Position::BeforePath];
                let base = self.world.invoke_url().base(&asked.api.id, region, &stage.name);
                if base.starts_with(&format!("{authority}/")) { base } else { format!("{authority}/{}", stage.name) }
            }
        };
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{base}{path}{query}");
        // On a domain a stage's name may be another base path's.
        if !self.lands_in(&url, asked.api, stage) {
            return None;
        }
        self.offer(&url, format!("with the stage {} in front", stage.name))
    }
}

/// A request that names no stage of its API.
pub(super) struct Unstaged<'w, 'a> {
    pub api: &'w Api,
    /// What stands where the stage should; `None` where the path ends before it.
    pub text: Option<&'a str>,
    pub stage_at: Range<usize>,
    /// The path behind it.
    pub rest: &'a str,
    pub base: Base<'w, 'a>,
}

/// What stands before the stage.
pub(super) enum Base<'w, 'a> {
    /// A default endpoint, in the shape of the template.
    Endpoint(&'a EndpointAddress<'w>),
    /// This much of the URL.
    Before(&'a str),
}
