//! What a request that no method answers may have been meant for: all readings of it, the likeliest first.

use super::{Fault, Place};
use crate::diagnose::{Alternative, Cause, Confidence};
use crate::gateway::{SEGMENT_COST, Segment, Verb, segments};

/// How much of the request a reading accounts for. The order is the rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// The names that stand in the request are those of what it would reach.
    ByName,
    /// They are, in another case or another spelling of the same characters.
    BySpelling,
    /// They nearly are: a typo.
    ByNearness,
    /// Only a pattern says it, that would take any other text as well.
    ByPattern,
    /// Nothing says it: it remains.
    ByDefault,
    /// A pattern under another base path, which would say it of every path.
    ByChance,
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

/// Whether a resource has no literal at all, so that it takes any path of its length. The root's path is its name.
pub(super) fn takes_anything(resource: &str) -> bool {
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

impl<'w> Place<'w, '_> {
    /// How much a method of this resource, wherever it is, accounts for of the request. A parameter takes the typo of a
    /// literal as well, and the literal in another case.
    pub(super) fn grade(&self, verb: Option<Verb>, resource: &str, fault: Fault) -> Reading {
        let Some(verb) = verb else { return Reading::new(Grade::ByName, fault) };
        if takes_anything(resource) {
            return Reading::new(Grade::ByPattern, fault);
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
            return Reading::new(Grade::ByPattern, fault);
        }
        // What a greedy parameter swallows may be one segment too many for something near.
        let swallowed = |segment| matches!(taken_by(resource, segment), Some(Segment::Greedy(_)));
        Reading { grade: Grade::ByName, fault, doubtful: near.is_some_and(|near| swallowed(near.segment)) }
    }

    /// As [`Place::grade`], for a method of another tree: here too names may stand where it has a pattern.
    pub(super) fn grade_elsewhere(&self, verb: Option<Verb>, resource: &str, fault: Fault) -> Reading {
        let mut reading = self.grade(verb, resource, fault);
        if reading.grade != Grade::ByName {
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
            reading.grade = Grade::ByPattern;
        }
        // A typo of a name that is too far to be near.
        reading.doubtful |= indices.iter().any(|index| self.router.has_names_at(self.path, *index));
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

/// The best reading, with the others as its evidence where they hold as well, and as its alternatives where they may be
/// meant instead. The readings come in the order of the causes, which decides between equals.
pub(super) fn best_of(mut readings: Vec<Reading>, otherwise: Fault) -> Fault {
    readings.push(Reading::new(Grade::ByDefault, otherwise));
    readings.sort_by_key(|reading| reading.grade);
    let mut readings = readings.into_iter();
    let Some(Reading { grade, mut fault, doubtful }) = readings.next() else {
        return Fault::new(Cause::Unexplained, Confidence::Possible, String::new());
    };
    let confidence = fault.confidence;
    for Reading { grade: other_grade, fault: other, .. } in readings {
        if other.cause == fault.cause {
            continue;
        }
        let holds_as_well = is_of_deployment(fault.cause) && is_of_deployment(other.cause);
        let listed = match (grade, other_grade) {
            // What is certain of itself needs no alternatives of its own kind; what is of the API's history is not.
            (Grade::ByName, Grade::ByName) if holds_as_well => {
                other.confidence != confidence || confidence < Confidence::Certain
            }
            (Grade::ByName, Grade::ByName) => {
                !is_of_deployment(fault.cause)
                    || other.cause != Cause::MethodMismatch
                    || confidence < Confidence::Certain
                    || doubtful
            }
            (Grade::ByName, Grade::ByNearness) => doubtful,
            (Grade::ByName, Grade::ByDefault) if is_of_deployment(fault.cause) => doubtful,
            // A pattern of the editor or of another stage has this verb too.
            (Grade::ByName, Grade::ByPattern) if fault.cause == Cause::MethodMismatch => is_of_deployment(other.cause),
            // Another reading of the URL: it may be right as it is, and the path wrong.
            (Grade::ByName, Grade::BySpelling | Grade::ByPattern | Grade::ByDefault) if reads_the_url(fault.cause) => {
                doubtful || other.cause == Cause::RootWithoutMethod
            }
            (Grade::ByName, _) => false,
            // That nothing else holds is no reading where something is near.
            (Grade::BySpelling | Grade::ByNearness, Grade::ByDefault) => false,
            (Grade::BySpelling, Grade::ByNearness) => false,
            _ => true,
        };
        if listed {
            fault.confidence = fault.confidence.min(Confidence::Likely);
            let tell = other.evidence.first().cloned().unwrap_or_default();
            if !fault.alternatives.iter().any(|known| known.cause == other.cause) {
                fault.alternatives.push(Alternative { cause: other.cause, tell });
            }
            // Where the first has no corrected request, the next one's may be what was meant.
            if fault.suggestions.is_empty() {
                fault = fault.suggest(other.suggestions);
            }
        } else if holds_as_well && other_grade == Grade::ByName {
            if other.cause == Cause::NotDeployed {
                fault
                    .evidence
                    .push("the edited tree has it too: a new deployment to this stage would bring it".to_owned());
            } else {
                fault.evidence.extend(other.evidence);
            }
        }
    }
    fault
}
