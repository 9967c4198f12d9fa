//! The method is elsewhere: an earlier deployment, the canary, another stage, the editor; or the stage's name stands in the
//! path.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::reading::{Grade, Reading, takes_anything};
use super::{Fault, Place, Question, Taken, stage_distance, sure};
use crate::diagnose::suggest::{is_too_long, replaced, segment_at};
use crate::diagnose::{Cause, Confidence, Suggestion};
use crate::gateway::{Api, DEFAULT_STAGE, Earlier, Match, Router, Segment, Stage, TreeSource, Verb, rank, segments};

impl<'w> Question<'w, '_> {
    pub(super) fn by_repeated_stage(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let first = segments(place.path).next()?;
        let at = segment_at(self.url(), place.path_at, 0);
        let rest = place.path.get(1 + first.len()..)?;
        let cause = match place.domain {
            Some(_) if place.api.stage(first).is_some() => Cause::StageInDomainPath,
            None if first == place.stage.name => Cause::StageRepeated,
            _ => return None,
        };
        let hit = self.routes(Some(place.router), rest)?;
        let why = match place.domain {
            Some(address) => format!("{} already stands for the stage {}", address.domain.name, place.stage.name),
            None => "the stage once".to_owned(),
        };
        // The slash before the repeated stage goes with it.
        let url = replaced(self.request, at.start - 1..at.end, "");
        let fault = Fault::new(
            cause,
            sure(place.source),
            if first == DEFAULT_STAGE {
                format!(
                    "the stage {first} is served from the base of the URL; without it the path reaches {} {}",
                    hit.verb, hit.resource
                )
            } else if first == place.stage.name {
                format!("{first} is the stage's name again; without it the path reaches {} {}", hit.verb, hit.resource)
            } else {
                format!("{first} is a stage's name; without it the path reaches {} {}", hit.verb, hit.resource)
            },
        )
        .at(at)
        .suggest(self.offer(&url, why));
        Some(Reading { grade: Grade::Named, fault, doubtful: takes_anything(hit.resource) })
    }

    /// What stands before the path of an HTTP API's default stage may be the typo of another stage's name.
    pub(super) fn by_stage_typo(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let first = segments(place.path).next().filter(|_| place.domain.is_none())?;
        if place.stage.name != DEFAULT_STAGE {
            return None;
        }
        let at = segment_at(self.url(), place.path_at, 0);
        let rest = place.path.get(1 + first.len()..)?;
        let (distance, near, hit) = place
            .api
            .stages
            .iter()
            .filter(|stage| stage.name != DEFAULT_STAGE)
            .filter_map(|stage| {
                let distance = stage_distance(&stage.name, first)?;
                Some((distance, stage, self.routes(self.world.stage_router(place.api, stage), rest)?))
            })
            .min_by_key(|(distance, ..)| *distance)?;
        let evidence = format!(
            "{first} is no stage of the API {}, so that {DEFAULT_STAGE} takes the whole path; the nearest is {}, where {} {} \
             takes the rest",
            place.api.name, near.name, hit.verb, hit.resource
        );
        let fault = Fault::new(Cause::StageUnknown, sure(place.source).min(Confidence::Likely), evidence)
            .at(at.clone())
            .suggest(
                self.offer(&replaced(self.request, at, &near.name), format!("the nearest stage is {}", near.name)),
            );
        let by_name = distance == 0 && !takes_anything(hit.resource);
        Some(Reading::new(if by_name { Grade::Respelt } else { Grade::Near }, fault))
    }

    /// The first segment names a stage, and may be the path's all the same: with a stage before it the whole path routes.
    pub(super) fn by_missing_stage(&self, place: &Place<'w, '_>) -> Option<Reading> {
        if place.domain.is_some() {
            return None;
        }
        let whole = format!("/{}{}", place.stage.name, place.path);
        let found: Vec<(&Stage, Match<'_>)> = place
            .api
            .stages
            .iter()
            // Nothing can stand before the default stage's path.
            .filter(|stage| stage.name != DEFAULT_STAGE)
            .filter_map(|stage| Some((stage, self.routes(self.world.stage_router(place.api, stage), &whole)?)))
            // What takes anything would say it of every path.
            .filter(|(_, hit)| !takes_anything(hit.resource))
            .collect();
        let (_, hit) = found.first()?;
        let evidence = format!(
            "{} is a stage's name and may be the path's: {whole} reaches {} {} once a stage stands before it",
            place.stage.name, hit.verb, hit.resource
        );
        let region = &self.world.inventory().region;
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let suggestions = found.iter().filter_map(|(stage, _)| {
            let base = self.world.invoke_url().base(&place.api.id, region, &stage.name);
            self.offer(&format!("{base}{whole}{query}"), format!("with the stage {} in front", stage.name))
        });
        let fault = Fault::new(Cause::StageMissing, sure(place.source).min(Confidence::Likely), evidence)
            .suggest(suggestions.collect::<Vec<_>>());
        // The first segment is the stage's name whatever it was meant for: another name must say it, and no pattern.
        let literals = |resource: &str| {
            segments(resource).skip(1).filter(|segment| matches!(Segment::parse(segment), Segment::Literal(_))).count()
        };
        let named = segments(place.path).next().is_none() || literals(hit.resource) > 0;
        let grade = if named { Grade::Named } else { Grade::Pattern };
        Some(Reading { grade, fault, doubtful: hit.resource.contains('{') })
    }

    /// Where else the method is, the place that tells most first: what the stage was seen to serve, then what is served
    /// now, then the API's history, of which API Gateway does not say which stages served it, then the editor.
    pub(super) fn elsewhere(&self, place: &Place<'w, '_>) -> Vec<Reading> {
        let earlier = self.world.earlier(place.api, place.stage);
        let (seen, history): (Vec<_>, Vec<_>) = earlier.into_iter().partition(|earlier| earlier.seen_at.is_some());
        [
            self.by_removal(place, &seen),
            self.by_canary(place),
            self.by_other_stage(place),
            self.by_removal(place, &history),
            self.by_edited_tree(place),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// An earlier deployment had it.
    fn by_removal(&self, place: &Place<'w, '_>, earlier: &[Earlier<'w>]) -> Option<Reading> {
        let now = place.stage.serving().unwrap_or("-");
        // What had it by name goes before what took anything; the newest first.
        let (earlier, hit) = earlier
            .iter()
            .filter_map(|earlier| Some((earlier, self.routes(Some(earlier.router), place.path)?)))
            .min_by_key(|(_, hit)| hit.resource.matches('{').count())?;
        let (confidence, served) = match earlier.seen_at {
            Some(at) => (sure(place.source), format!("which the stage {} served at {}", place.stage.name, utc(at))),
            None => (sure(place.source).min(Confidence::Likely), format!("older than {now} and now behind no stage")),
        };
        let mut fault = Fault::new(
            Cause::Removed,
            confidence,
            format!(
                "{} {} was in the deployment {}, {served}, and is not in {now}",
                hit.verb, hit.resource, earlier.deployment
            ),
        )
        .at(place.path_at.clone());
        if earlier.seen_at.is_none() {
            // If it was never this stage's, then it is not removed; what it is instead, the editor says.
            let edited = self.routes(self.world.edited_router(place.api), place.path).is_some();
            fault = fault.or(
                if edited { Cause::NotDeployed } else { Cause::PathUnknown },
                "API Gateway does not say which stages served a deployment: it may never have been this one",
            );
        }
        // Where a caller can go meanwhile.
        if let Some((found, _)) = self.other_stages(place) {
            fault = fault.suggest(self.at_other_stages(place, &found));
        }
        Some(place.grade_elsewhere(self.verb, hit.resource, fault))
    }

    fn by_canary(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let canary = place.stage.split()?;
        let hit = self.routes(self.world.router(place.api, &canary.deployment), place.path)?;
        let fault = Fault::new(
            Cause::CanarySplit,
            sure(place.source),
            format!(
                "only the canary of the stage {} (deployment {}, {} % of the traffic) has {} {}",
                place.stage.name, canary.deployment, canary.percent, hit.verb, hit.resource
            ),
        )
        .at(place.path_at.clone());
        Some(place.grade_elsewhere(self.verb, hit.resource, fault))
    }

    /// The other stages that have it, the one that tells most first, and the hit there.
    fn other_stages(&self, place: &Place<'w, '_>) -> Option<(Vec<&'w Stage>, Match<'w>)> {
        let mut found: Vec<(&Stage, Match<'_>)> = place
            .api
            .stages
            .iter()
            .filter(|stage| stage.name != place.stage.name)
            .filter_map(|stage| Some((stage, self.routes(self.world.stage_router(place.api, stage), place.path)?)))
            .collect();
        // A stage that has the very resource tells more than one that catches everything.
        found.sort_by_key(|(_, hit)| {
            (takes_anything(hit.resource), hit.resource.contains("+}"), hit.resource.contains('{'))
        });
        let hit = found.first()?.1;
        Some((found.into_iter().map(|(stage, _)| stage).collect(), hit))
    }

    fn at_other_stages(&self, place: &Place<'w, '_>, stages: &[&Stage]) -> Vec<Suggestion> {
        if is_too_long(self.url()) {
            return Vec::new();
        }
        let region = &self.world.inventory().region;
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        stages
            .iter()
            .filter_map(|stage| {
                let base = self.world.invoke_url().base(&place.api.id, region, &stage.name);
                self.offer(&format!("{base}{}{query}", place.path), format!("the stage {} has it", stage.name))
            })
            .collect()
    }

    fn by_other_stage(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let (found, hit) = self.other_stages(place)?;
        let first = found.first()?;
        let names = found.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let cause = if place.domain.is_some() { Cause::DomainWrongStage } else { Cause::OtherStage };
        let mut fault = Fault::new(
            cause,
            sure(place.source),
            format!(
                "{} {} is deployed to {names} (deployment {}) and not to {} (deployment {})",
                hit.verb,
                hit.resource,
                first.serving().unwrap_or("-"),
                place.stage.name,
                place.stage.serving().unwrap_or("-")
            ),
        )
        .suggest(self.at_other_stages(place, &found));
        fault.at = Some(place.domain.map_or_else(
            || place.path_at.clone(),
            |address| {
                if address.base_at.is_empty() { address.path_at.clone() } else { address.base_at.clone() }
            },
        ));
        Some(place.grade_elsewhere(self.verb, hit.resource, fault))
    }

    fn by_edited_tree(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let hit = self.routes(self.world.edited_router(place.api), place.path)?;
        let fault = Fault::new(
            Cause::NotDeployed,
            sure(place.source),
            format!(
                "{} {} is in the edited tree of the API {} and not in the deployment {} of the stage {}",
                hit.verb,
                hit.resource,
                place.api.name,
                place.stage.serving().unwrap_or("-"),
                place.stage.name
            ),
        )
        .at(place.path_at.clone());
        Some(place.grade_elsewhere(self.verb, hit.resource, fault))
    }

    /// The request's own method, where the deployment lacks it and a less specific one takes the request: whatever
    /// answers then is the wrong integration.
    pub(super) fn taken(
        &self,
        api: &'w Api,
        stage: &'w Stage,
        path: &str,
        hit: &Match<'w>,
        source: TreeSource,
    ) -> Option<Taken> {
        if !hit.resource.contains('{') && hit.verb != Verb::Any {
            return None;
        }
        let own = |router: Option<&'w Router>| {
            let place = |of: &Match<'_>| rank(api.protocol, of.resource, of.verb);
            self.routes(router, path).filter(|own| place(own) < place(hit))
        };
        let now = stage.serving().unwrap_or("-");
        let instead = format!("{} {} takes the request instead", hit.verb, hit.resource);
        let removed = self.world.earlier(api, stage).into_iter().find_map(|earlier| {
            let own = own(Some(earlier.router))?;
            let (confidence, when) = match earlier.seen_at {
                Some(at) => (Confidence::Certain, format!(", which the stage {} served at {}", stage.name, utc(at))),
                None => (Confidence::Likely, String::new()),
            };
            let evidence = format!(
                "{} {} was in the deployment {}{when}, and is not in {now}: {instead}",
                own.verb, own.resource, earlier.deployment
            );
            Some(Taken { cause: Cause::Removed, confidence: confidence.min(sure(source)), evidence })
        });
        let undeployed = || {
            let own = own(self.world.edited_router(api))?;
            let evidence = format!(
                "{} {} is in the edited tree of the API {} and not in the deployment {now} of the stage {}: {instead}",
                own.verb, own.resource, api.name, stage.name
            );
            Some(Taken { cause: Cause::Shadowed, confidence: sure(source), evidence })
        };
        let elsewhere = || {
            api.stages.iter().filter(|other| other.name != stage.name).find_map(|other| {
                let own = own(self.world.stage_router(api, other))?;
                let evidence = format!(
                    "{} {} is deployed to {} and not to {}: {instead}",
                    own.verb, own.resource, other.name, stage.name
                );
                Some(Taken { cause: Cause::Shadowed, confidence: sure(source).min(Confidence::Likely), evidence })
            })
        };
        removed.or_else(undeployed).or_else(elsewhere)
    }
}

/// Unix seconds as a person writes them.
fn utc(seconds: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(&Rfc3339).ok());
    at.unwrap_or_else(|| seconds.to_string())
}
