//! What a request that no method answers may have been meant for: all readings of it, the likeliest first.

use super::{Fault, Place};
use crate::diagnose::{Alternative, Cause, Confidence};
use crate::gateway::{DEFAULT_ROUTE, SEGMENT_COST, Segment, Verb, segments};

/// How much of the request a reading accounts for. The order is the rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// The names that stand in the request are those of what it would reach.
    Named,
    /// They are, in another case or another spelling of the same characters.
    Respelt,
    /// They nearly are: a typo.
    Near,
    /// Only a pattern says it, that would take any other text as well.
    Pattern,
    /// Nothing says it: it remains.
    Rest,
    /// A pattern under another base path, which would say it of every path.
    Chance,
}

/// One reading.
#[derive(Debug)]
pub(super) struct Reading {
    pub grade: Grade,
    pub fault: Fault,
    /// Whether a pattern takes what something near, or the URL as it stands, would explain too.
    pub doubtful: bool,
}

impl Reading {
    pub(super) fn new(grade: Grade, fault: Fault) -> Self {
        Reading { grade, fault, doubtful: false }
    }
}

/// Whether a resource has no literal at all, so that it takes any path of its length, or is an HTTP API's catch-all route. The root's path is its name.
pub(super) fn takes_anything(resource: &str) -> bool {
    if resource == DEFAULT_ROUTE {
        return true;
    }
    let mut segments = segments(resource).peekable();
    segments.peek().is_some() && segments.all(|segment| !matches!(Segment::parse(segment), Segment::Literal(_)))
}

/// What of the resource takes the segment of this index.
fn taken_by(resource: &str, index: usize) -> Option<Segment<'_>> {
    let mut last = None;
    for (at, segment) in segments(resource).enumerate() {
        last = Some(Segment::parse(segment));
        if at == index {
            return last;
        }
    }
    last.filter(|segment| matches!(segment, Segment::Greedy(_)))
}

impl Place<'_, '_> {
    /// How much a method of this resource, wherever it is, accounts for of the request. A parameter takes the typo of a
    /// literal as well, and the literal in another case.
    pub(super) fn grade(&self, verb: Option<Verb>, resource: &str, fault: Fault) -> Reading {
        let Some(verb) = verb else { return Reading::new(Grade::Named, fault) };
        if takes_anything(resource) {
            return Reading::new(Grade::Pattern, fault);
        }
        let by_pattern = |segment| !matches!(taken_by(resource, segment), Some(Segment::Literal(_)) | None);
        let near = self.near(verb).first();
        // A segment more or less is another resource and no typo.
        let corrected = [
            self.in_right_case(verb).map(|near| near.segment),
            self.encoded_at(verb),
            near.filter(|near| near.distance < SEGMENT_COST).map(|near| near.segment),
        ];
        if corrected.into_iter().flatten().any(by_pattern) {
            return Reading::new(Grade::Pattern, fault);
        }
        // What a greedy parameter swallows may be one segment too many for something near.
        let swallowed = |segment| matches!(taken_by(resource, segment), Some(Segment::Greedy(_)));
        Reading { grade: Grade::Named, fault, doubtful: near.is_some_and(|near| swallowed(near.segment)) }
    }

    /// As [`Place::grade`], for a method of another tree: here too names may stand where it has a pattern.
    pub(super) fn grade_elsewhere(&self, verb: Option<Verb>, resource: &str, fault: Fault) -> Reading {
        let mut reading = self.grade(verb, resource, fault);
        if reading.grade != Grade::Named {
            return reading;
        }
        let by_pattern = |index: &usize| !matches!(taken_by(resource, *index), Some(Segment::Literal(_)) | None);
        let indices: Vec<usize> = (0..segments(self.path).count()).filter(by_pattern).collect();
        // With other verbs this tree has the very resource, by its name.
        let named_here = |index: &usize| {
            self.router
                .verbs(self.path)
                .iter()
                .any(|(_, hit)| matches!(taken_by(hit.resource, *index), Some(Segment::Literal(_))))
        };
        if indices.iter().any(named_here) {
            reading.grade = Grade::Pattern;
        }
        // A typo of a name that is too far to be near; what stands by its name behind it says that it is none.
        let last_name = segments(resource)
            .enumerate()
            .filter(|(_, segment)| matches!(Segment::parse(segment), Segment::Literal(_)))
            .last()
            .map_or(0, |(index, _)| index);
        reading.doubtful |=
            indices.iter().any(|index| *index > last_name && self.router.has_names_at(self.path, *index));
        reading
    }
}

/// Which of the causes are one fact seen from several sides: the method is not in this deployment, and is in another place.
fn is_of_deployment(cause: Cause) -> bool {
    use Cause as C;
    matches!(cause, C::Removed | C::CanarySplit | C::OtherStage | C::DomainWrongStage | C::NotDeployed)
}

/// Which of the causes read the URL another way than it was routed.
fn reads_the_url(cause: Cause) -> bool {
    use Cause as C;
    matches!(
        cause,
        C::BasePathMissing
            | C::RoutingRule
            | C::StageMissing
            | C::StageRepeated
            | C::StageInDomainPath
            | C::ProxyParent
    )
}

/// Whether another reading may be meant where this one comes first.
fn may_be_meant(first: &Reading, other: &Reading) -> bool {
    use Grade as G;
    let doubtful = first.doubtful;
    let (cause, certain) = (first.fault.cause, first.fault.confidence == Confidence::Certain);
    let holds_as_well = is_of_deployment(cause) && is_of_deployment(other.fault.cause);
    match (first.grade, other.grade) {
        // What is certain of itself needs no alternatives of its own kind; what is of the API's history is not.
        (G::Named, G::Named) if holds_as_well => other.fault.confidence != first.fault.confidence || !certain,
        (G::Named, G::Named) if is_of_deployment(cause) && certain => {
            other.fault.cause != Cause::MethodMismatch || doubtful
        }
        (G::Named, G::Named) => true,
        (G::Named, G::Near) => doubtful,
        (G::Named, G::Rest) if is_of_deployment(cause) => doubtful,
        // A pattern of the editor or of another stage has this verb too.
        (G::Named, G::Pattern) if cause == Cause::MethodMismatch => is_of_deployment(other.fault.cause),
        // Another reading of the URL: it may be right as it is, and the path wrong.
        (G::Named, G::Respelt | G::Pattern | G::Rest) if reads_the_url(cause) => {
            doubtful || other.fault.cause == Cause::RootWithoutMethod
        }
        // Where something is near, that nothing else holds is no reading.
        (G::Named, _) | (G::Respelt, G::Near | G::Rest) | (G::Near, G::Rest) => false,
        _ => true,
    }
}

/// The best reading, with the others as its evidence where they hold as well, and as its alternatives where they may be
/// meant instead. The readings come in the order of the causes, which decides between equals.
pub(super) fn best_of(mut readings: Vec<Reading>, otherwise: Fault) -> Fault {
    readings.push(Reading::new(Grade::Rest, otherwise));
    readings.sort_by_key(|reading| reading.grade);
    let mut readings = readings.into_iter();
    let Some(mut first) = readings.next() else {
        return Fault::new(Cause::Unexplained, Confidence::Possible, String::new());
    };
    let others: Vec<(bool, Reading)> = readings
        .filter(|other| other.fault.cause != first.fault.cause)
        .map(|other| (may_be_meant(&first, &other), other))
        .collect();
    for (listed, Reading { grade, fault: other, .. }) in others {
        let fault = &mut first.fault;
        if listed {
            fault.confidence = fault.confidence.min(Confidence::Likely);
            let tell = other.evidence.first().cloned().unwrap_or_default();
            if !fault.alternatives.iter().any(|known| known.cause == other.cause) {
                fault.alternatives.push(Alternative { cause: other.cause, tell });
            }
            // Where the first has no corrected request, the next one's may be what was meant.
            if fault.suggestions.is_empty() {
                fault.suggestions = other.suggestions;
            }
        } else if grade == Grade::Named && is_of_deployment(fault.cause) && is_of_deployment(other.cause) {
            if other.cause == Cause::NotDeployed {
                let too = "the edited tree has it too: a new deployment to this stage would bring it";
                fault.evidence.push(too.to_owned());
            } else {
                fault.evidence.extend(other.evidence);
            }
        }
    }
    first.fault
}
