//! The path or the verb matches nothing of the deployment.

use super::{Fault, Place, Question, sure};
use crate::diagnose::suggest::{offer, replaced, segment_at};
use crate::diagnose::{Cause, Confidence};
use crate::gateway::{Verb, segments};

impl<'w> Question<'w, '_> {
    pub(super) fn by_verb(&self, place: &Place<'w, '_>) -> Option<Fault> {
        /// What reads comes first; what deletes comes last, and is never offered as a request to send.
        const ORDER: [Verb; 6] = [Verb::Get, Verb::Head, Verb::Options, Verb::Post, Verb::Put, Verb::Patch];
        let mut verbs = place.router.verbs(place.path);
        verbs.first()?;
        verbs.sort_by_key(|(verb, _)| ORDER.iter().position(|known| known == verb).unwrap_or(ORDER.len()));
        let mut resources: Vec<(&str, Vec<&str>)> = Vec::new();
        for (verb, hit) in &verbs {
            match resources.iter_mut().find(|(resource, _)| *resource == hit.resource) {
                Some((_, names)) => names.push(verb.as_str()),
                None => resources.push((hit.resource, vec![verb.as_str()])),
            }
        }
        let has = resources
            .iter()
            .map(|(resource, names)| format!("{resource} is deployed with {}", names.join(", ")))
            .collect::<Vec<_>>()
            .join("; ");
        let suggestions = verbs.iter().filter(|(verb, _)| *verb != Verb::Delete).filter_map(|(verb, hit)| {
            offer(self.world, self.request, verb.as_str(), self.url(), format!("{} answers to {verb}", hit.resource))
        });
        Some(
            Fault::new(Cause::MethodMismatch, sure(place.source), format!("{has}, and not with {}", self.method()))
                .suggest(suggestions.collect::<Vec<_>>()),
        )
    }

    pub(super) fn by_path(&self, place: &Place<'w, '_>) -> Fault {
        let deployed = format!("the deployment of the stage {} of the API {}", place.stage.name, place.api.name);
        let sure = sure(place.source);
        let Some(verb) = self.verb else {
            return Fault::new(
                Cause::MethodMismatch,
                sure,
                format!("{} is a verb that no REST API method can have", self.method()),
            );
        };
        let at = |segment| segment_at(self.url(), place.path_at, segment);
        let below = format!("{}/gateprobe", place.path.trim_end_matches('/'));
        let greedy = place.router.route(verb, &below).filter(|hit| {
            hit.resource.contains("+}") && segments(hit.resource).count() == segments(place.path).count() + 1
        });
        if segments(place.path).next().is_none() {
            let mut fault = Fault::new(Cause::RootWithoutMethod, sure, format!("{deployed} has no {verb} on /"))
                .at(place.path_at.clone());
            if let Some(hit) = greedy {
                fault.evidence.push(format!("{} does not match its own parent", hit.resource));
            }
            return fault;
        }
        if let Some(hit) = greedy {
            return Fault::new(
                Cause::ProxyParent,
                sure,
                format!("{} needs at least one more segment, and {} itself has no {verb}", hit.resource, place.path),
            )
            .at(place.path_at.clone())
            .suggest(self.offer(
                &replaced(self.request, place.path_at.clone(), &below),
                "any path below it does; put your own in place of `gateprobe`".to_owned(),
            ));
        }
        if let Some(near) = place.in_right_case(verb) {
            let url = replaced(self.request, place.path_at.clone(), &near.path);
            return Fault::new(
                Cause::PathCase,
                sure,
                format!("paths are case-sensitive: the resource is {}", near.resource),
            )
            .at(at(near.segment))
            .suggest(self.offer(&url, "in the case of the resource".to_owned()));
        }
        if let Some(fault) = self.by_encoding(place, verb) {
            return fault;
        }
        let near = place.near(verb);
        let fault = Fault::new(
            Cause::PathUnknown,
            sure,
            match near.first() {
                Some(near) => {
                    format!("no resource of {deployed} matches {}; the nearest is {}", place.path, near.resource)
                }
                None => format!("no resource of {deployed} matches {}, and none is near", place.path),
            },
        )
        .at(near.first().map_or_else(|| place.path_at.clone(), |near| at(near.segment)));
        fault.suggest(
            near.iter()
                .filter_map(|near| {
                    let url = replaced(self.request, place.path_at.clone(), &near.path);
                    self.offer(&url, format!("the nearest resource is {}", near.resource))
                })
                .collect::<Vec<_>>(),
        )
    }

    /// A doubled slash, or an escape that hides the character that the resource has.
    pub(super) fn by_encoding(&self, place: &Place<'w, '_>, verb: Verb) -> Option<Fault> {
        let single =
            format!("/{}", segments(place.path).filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/"));
        let decoded = percent_encoding::percent_decode_str(place.path).decode_utf8().ok()?.into_owned();
        let (corrected, what) = [
            (single, "a doubled slash is an empty segment, which meets no resource"),
            (decoded, "an escaped character is not decoded before the path is matched"),
        ]
        .into_iter()
        .find(|(path, _)| path != place.path && place.router.route(verb, path).is_some())?;
        let url = replaced(self.request, place.path_at.clone(), &corrected);
        Some(
            Fault::new(Cause::PathEncoding, Confidence::Likely, what.to_owned())
                .at(place.path_at.clone())
                .suggest(self.offer(&url, "written plainly".to_owned()))
                .or(Cause::PathUnknown, "whether API Gateway folds such paths is not documented"),
        )
    }
}
