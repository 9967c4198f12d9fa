//! The method is elsewhere: another stage, the canary, the editor; or the stage's name stands in the path.

use super::{Fault, Place, Question, sure};
use crate::diagnose::suggest::{replaced, segment_at};
use crate::diagnose::{Cause, Confidence};
use crate::gateway::{Match, SEGMENT_COST, Stage, segments};

impl<'w> Question<'w, '_> {
    pub(super) fn by_repeated_stage(&self, place: &Place<'w, '_>) -> Option<Fault> {
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
        Some(
            Fault::new(
                cause,
                sure(place.source),
                format!(
                    "{} is the stage's name again; without it the path reaches {} {}",
                    first, hit.verb, hit.resource
                ),
            )
            .at(at)
            .suggest(self.offer(&url, why)),
        )
    }

    pub(super) fn by_canary(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let canary = place.stage.canary.as_ref()?;
        let hit = self.routes(self.world.router(place.api, &canary.deployment), place.path)?;
        Some(Fault::new(
            Cause::CanarySplit,
            Confidence::Certain,
            format!(
                "only the canary of the stage {} (deployment {}, {} % of the traffic) has {} {}",
                place.stage.name, canary.deployment, canary.percent, hit.verb, hit.resource
            ),
        ))
    }

    pub(super) fn by_other_stage(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let mut found: Vec<(&Stage, Match<'_>)> = place
            .api
            .stages
            .iter()
            .filter(|stage| stage.name != place.stage.name)
            .filter_map(|stage| Some((stage, self.routes(self.world.stage_router(place.api, stage), place.path)?)))
            .filter(|(_, hit)| self.tells_more(place, hit))
            .collect();
        // A stage that has the very resource tells more than one that catches everything.
        found.sort_by_key(|(_, hit)| hit.resource.contains("+}"));
        let (stage, hit) = found.first()?;
        let names = found.iter().map(|(stage, _)| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let cause = if place.domain.is_some() { Cause::DomainWrongStage } else { Cause::OtherStage };
        let region = &self.world.inventory().region;
        let query = self.request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let suggestions: Vec<_> = found
            .iter()
            .filter_map(|(stage, _)| {
                let base = self.world.invoke_url().base(&place.api.id, region, &stage.name);
                self.offer(&format!("{base}{}{query}", place.path), format!("the stage {} has it", stage.name))
            })
            .collect();
        let mut fault = Fault::new(
            cause,
            sure(place.source),
            format!(
                "{} {} is deployed to {names} (deployment {}) and not to {} (deployment {})",
                hit.verb,
                hit.resource,
                stage.deployment.as_deref().unwrap_or("-"),
                place.stage.name,
                place.stage.deployment.as_deref().unwrap_or("-")
            ),
        )
        .suggest(suggestions);
        fault.at = Some(place.domain.map_or_else(
            || place.path_at.clone(),
            |address| {
                if address.base_at.is_empty() { address.path_at.clone() } else { address.base_at.clone() }
            },
        ));
        if self.routes(self.world.edited_router(place.api), place.path).is_some() {
            fault.evidence.push("the edited tree has it too: a new deployment to this stage would bring it".to_owned());
        }
        Some(fault)
    }

    pub(super) fn by_edited_tree(&self, place: &Place<'w, '_>) -> Option<Fault> {
        let hit = self.routes(self.world.edited_router(place.api), place.path)?;
        self.tells_more(place, &hit).then(|| {
            Fault::new(
                Cause::NotDeployed,
                sure(place.source),
                format!(
                    "{} {} is in the edited tree of the API {} and not in the deployment {} of the stage {}",
                    hit.verb,
                    hit.resource,
                    place.api.name,
                    place.stage.deployment.as_deref().unwrap_or("-"),
                    place.stage.name
                ),
            )
            .at(place.path_at.clone())
        })
    }

    /// Whether another tree's hit says more than a look at this tree would. A catch-all there matches any typo, and a
    /// parameter the typo of a literal, so they say nothing where this tree has the path in another case or one that
    /// is near.
    pub(super) fn tells_more(&self, place: &Place<'w, '_>, hit: &Match<'_>) -> bool {
        let Some(verb) = self.verb else { return true };
        if !hit.resource.contains('{') {
            return true;
        }
        let catch_all = hit.resource.contains("+}");
        let near = place.router.nearest(verb, place.path, 1);
        // Against a parameter only a typo counts: a segment more or less is another resource.
        let is_near = near.first().is_some_and(|near| catch_all || near.distance < SEGMENT_COST);
        !is_near
            && place.router.in_right_case(verb, place.path).is_none()
            && (!catch_all || place.router.verbs(place.path).is_empty())
    }
}
