//! The path or the verb matches nothing of the deployment.

use super::reading::{Grade, Reading, takes_anything};
use super::{Fault, Place, Question, sure};
use crate::diagnose::suggest::{offer, replaced, segment_at};
use crate::diagnose::{Cause, Confidence};
use crate::gateway::{Verb, segments};

impl<'w> Question<'w, '_> {
    pub(super) fn by_verb(&self, place: &Place<'w, '_>) -> Option<Reading> {
        /// What reads comes first; what deletes comes last, and is never offered as a request to send.
        const ORDER: [Verb; 6] = [Verb::Get, Verb::Head, Verb::Options, Verb::Post, Verb::Put, Verb::Patch];
        let mut verbs = place.router.verbs(place.path);
        // What takes anything says nothing where a resource is there by name.
        if verbs.iter().any(|(_, hit)| !takes_anything(hit.resource)) {
            verbs.retain(|(_, hit)| !takes_anything(hit.resource));
        }
        let resource = verbs.first()?.1.resource;
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
        let fault =
            Fault::new(Cause::MethodMismatch, sure(place.source), format!("{has}, and not with {}", self.method()))
                .suggest(suggestions.collect::<Vec<_>>());
        Some(place.grade(self.verb, resource, fault))
    }

    /// The parent of a greedy resource is called.
    pub(super) fn by_proxy_parent(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let verb = self.verb?;
        segments(place.path).next()?;
        let below = below(place.path);
        let hit = place.router.route(verb, &below).filter(|hit| is_parent(place.path, hit.resource))?;
        let fault = Fault::new(
            Cause::ProxyParent,
            sure(place.source),
            format!("{} needs at least one more segment, and {} itself has no {verb}", hit.resource, place.path),
        )
        .at(place.path_at.clone())
        .suggest(self.offer(
            &replaced(self.request, place.path_at.clone(), &below),
            "any path below it does; put your own in place of `gateprobe`".to_owned(),
        ));
        // The greedy segment itself is what is missing; the others must say it by name.
        let parent = hit.resource.rsplit_once('/').map_or("", |(parent, _)| parent);
        let mut reading = place.grade(self.verb, parent, fault);
        reading.doubtful |= parent.contains('{');
        Some(reading)
    }

    pub(super) fn by_case(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let near = place.in_right_case(self.verb?)?;
        let url = replaced(self.request, place.path_at.clone(), &near.path);
        let fault = Fault::new(
            Cause::PathCase,
            sure(place.source),
            format!("paths are case-sensitive: the resource is {}", near.resource),
        )
        .at(segment_at(self.url(), place.path_at, near.segment))
        .suggest(self.offer(&url, "in the case of the resource".to_owned()));
        Some(Reading::new(Grade::Respelt, fault))
    }

    /// Something near, within the deployment.
    pub(super) fn by_nearness(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let near = place.near(self.verb?);
        let nearest = near.first()?;
        let evidence =
            format!("no resource of {} matches {}; the nearest is {}", deployed(place), place.path, nearest.resource);
        let fault = Fault::new(Cause::PathUnknown, sure(place.source), evidence)
            .at(segment_at(self.url(), place.path_at, nearest.segment))
            .suggest(
                near.iter()
                    .filter_map(|near| {
                        let url = replaced(self.request, place.path_at.clone(), &near.path);
                        self.offer(&url, format!("the nearest resource is {}", near.resource))
                    })
                    .collect::<Vec<_>>(),
            );
        Some(Reading::new(Grade::Near, fault))
    }

    /// What remains where nothing else says why.
    pub(super) fn by_absence(&self, place: &Place<'w, '_>) -> Fault {
        let (sure, deployed) = (sure(place.source), deployed(place));
        let Some(verb) = self.verb else {
            let evidence = format!("{} is a verb that no method of an API can have", self.method());
            return Fault::new(Cause::MethodMismatch, sure, evidence);
        };
        if segments(place.path).next().is_some() {
            let evidence = format!("no resource of {deployed} matches {}, and none is near", place.path);
            return Fault::new(Cause::PathUnknown, sure, evidence).at(place.path_at.clone());
        }
        let mut fault = Fault::new(Cause::RootWithoutMethod, sure, format!("{deployed} has no {verb} on /"))
            .at(place.path_at.clone());
        if let Some(hit) = place.router.route(verb, &below("/"))
            && is_parent("/", hit.resource)
        {
            fault.evidence.push(format!("{} does not match its own parent", hit.resource));
        }
        fault
    }

    /// A doubled slash, an escape that hides the character that the resource has, or a `#` that ends the path.
    pub(super) fn by_encoding(&self, place: &Place<'w, '_>) -> Option<Reading> {
        let Respelt { path, what, .. } = place.respelt(self.verb?)?;
        let url = replaced(self.request, place.path_at.clone(), path);
        let fault = Fault::new(Cause::PathEncoding, Confidence::Likely, (*what).to_owned())
            .at(place.path_at.clone())
            .suggest(self.offer(&url, "written plainly".to_owned()));
        // That a part was never sent explains more than whatever the rest may have been meant for.
        if path.contains("%23") && place.fragment.is_some() {
            return Some(Reading::new(Grade::Named, fault));
        }
        let fault = fault.or(Cause::PathUnknown, "whether API Gateway folds such paths is not documented");
        Some(Reading::new(Grade::Respelt, fault))
    }
}

/// The path in another spelling of the same characters, which routes.
#[derive(Debug)]
pub(super) struct Respelt {
    path: String,
    what: &'static str,
    /// The first segment that differs.
    segment: usize,
}

/// An escape that is itself escaped is undone this often at most.
const DEEPEST_ESCAPE: usize = 3;

impl Place<'_, '_> {
    /// Where a path that routes is spelt another way; `None` where none is.
    pub(super) fn encoded_at(&self, verb: Verb) -> Option<usize> {
        self.respelt(verb).map(|respelt| respelt.segment)
    }

    fn respelt(&self, verb: Verb) -> Option<&Respelt> {
        self.respelt
            .get_or_init(|| {
                let mut spellings: Vec<(String, &'static str)> = Vec::new();
                if let Some(fragment) = self.fragment.filter(|fragment| !fragment.is_empty()) {
                    let what = "everything from # on was never sent: in a path it is written %23";
                    spellings.push((format!("{}%23{fragment}", self.path), what));
                }
                if self.path.contains("//") {
                    let named: Vec<&str> = segments(self.path).filter(|segment| !segment.is_empty()).collect();
                    let what = "a doubled slash is an empty segment, which meets no resource";
                    spellings.push((format!("/{}", named.join("/")), what));
                }
                let mut decoded = self.path.to_owned();
                for depth in 0..DEEPEST_ESCAPE {
                    let Ok(next) = percent_encoding::percent_decode_str(&decoded).decode_utf8() else { break };
                    if next == decoded {
                        break;
                    }
                    decoded = next.into_owned();
                    let what = if depth == 0 {
                        "an escaped character is not decoded before the path is matched"
                    } else {
                        "a character is escaped twice"
                    };
                    spellings.push((decoded.clone(), what));
                }
                let (path, what) = spellings.into_iter().find(|(path, _)| self.router.route(verb, path).is_some())?;
                let segment = segments(self.path).zip(segments(&path)).take_while(|(one, other)| one == other).count();
                Some(Respelt { path, what, segment })
            })
            .as_ref()
    }
}

fn deployed(place: &Place<'_, '_>) -> String {
    format!("the deployment of the stage {} of the API {}", place.stage.name, place.api.name)
}

fn below(path: &str) -> String {
    format!("{}/gateprobe", path.trim_end_matches('/'))
}

/// Whether a path is the parent of a greedy resource.
fn is_parent(path: &str, greedy: &str) -> bool {
    greedy.contains("+}") && segments(greedy).count() == segments(path).count() + 1
}
