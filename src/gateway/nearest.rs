//! What a caller may have meant: paths that route, near to one that does not.

use super::{Router, Segment, Verb, segments};

/// A path that routes, near to the one asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near<'r> {
    /// The corrected path, with a leading slash.
    pub path: String,
    /// The resource that it reaches.
    pub resource: &'r str,
    /// How far it is: edited characters, a whole segment counting as [`SEGMENT_COST`].
    pub distance: usize,
    /// The first segment of the *given* path that differs, counted from 0.
    pub segment: usize,
}

/// What a segment too many or too few costs, in edited characters: more than a typo, less than two.
pub const SEGMENT_COST: usize = 3;

/// No corrected path changes more than this.
const FARTHEST: usize = 5;

impl Router {
    /// The path in the case of a resource, if that makes it route.
    #[must_use]
    pub fn in_right_case(&self, verb: Verb, path: &str) -> Option<Near<'_>> {
        let given: Vec<&str> = segments(path).collect();
        self.resources().find_map(|resource| {
            let mut corrected = String::new();
            let mut first = None;
            let mut wanted = segments(resource);
            for (index, segment) in given.iter().enumerate() {
                corrected.push('/');
                match Segment::parse(wanted.next()?) {
                    Segment::Literal(text) if text == *segment => corrected.push_str(segment),
                    Segment::Literal(text) if text.eq_ignore_ascii_case(segment) => {
                        corrected.push_str(text);
                        first.get_or_insert(index);
                    }
                    Segment::Literal(_) => return None,
                    Segment::Parameter(_) => corrected.push_str(segment),
                    Segment::Greedy(_) => {
                        corrected.push_str(&given[index..].join("/"));
                        break;
                    }
                }
            }
            let segment = first?;
            let hit = self.route(verb, &corrected)?;
            Some(Near { path: corrected, resource: hit.resource, distance: 0, segment })
        })
    }

    /// The nearest paths that route for this verb, the nearest first, at most `limit`; none when nothing is near.
    ///
    /// The distance is the edit distance of whole segments against a resource's literals; parameters take the
    /// caller's own segment. One segment may be too many or too few, but a parameter is never made up.
    #[must_use]
    pub fn nearest(&self, verb: Verb, path: &str, limit: usize) -> Vec<Near<'_>> {
        let given: Vec<&str> = segments(path).take(MANY_SEGMENTS + 1).collect();
        if given.len() > MANY_SEGMENTS {
            return Vec::new();
        }
        let mut found: Vec<Near<'_>> = Vec::new();
        for resource in self.resources() {
            let wanted: Vec<Segment<'_>> = segments(resource).map(Segment::parse).collect();
            let Some(corrected) = align(&wanted, &given) else { continue };
            let Some(hit) = self.route(verb, &corrected.path) else { continue };
            if found.iter().any(|near| near.path == corrected.path) {
                continue;
            }
            found.push(Near { resource: hit.resource, ..corrected });
        }
        found.sort_by(|a, b| (a.distance, &a.path).cmp(&(b.distance, &b.path)));
        found.truncate(limit);
        found
    }
}

/// A path of more segments is nobody's typo.
const MANY_SEGMENTS: usize = 32;

/// Makes the given segments fit a resource with at most one segment put in or left out.
fn align<'r>(wanted: &[Segment<'_>], given: &[&str]) -> Option<Near<'r>> {
    let (shortest, longest) = match wanted.last() {
        Some(Segment::Greedy(_)) => (wanted.len(), usize::MAX),
        _ => (wanted.len(), wanted.len()),
    };
    // A segment too few: one of the resource's literals is put in. Too many: one of the caller's is left out.
    let lengths_fit = given.len() >= shortest && given.len() <= longest;
    let mut best: Option<Near<'r>> = None;
    let mut keep = |near: Option<Near<'r>>| {
        if let Some(near) = near
            && best.as_ref().is_none_or(|best| near.distance < best.distance)
        {
            best = Some(near);
        }
    };
    if lengths_fit {
        keep(substitute(wanted, given, None));
    }
    if given.len() + 1 >= shortest && given.len() < longest {
        // Another literal must stand there already, or a catch-all would be near to everything.
        let met = |index: usize| {
            wanted.iter().enumerate().any(|(other, segment)| match segment {
                Segment::Literal(text) if other < index => given.get(other) == Some(text),
                Segment::Literal(text) if other > index => given.get(other - 1) == Some(text),
                _ => false,
            })
        };
        for (index, segment) in wanted.iter().enumerate().take(given.len() + 1) {
            if let Segment::Literal(text) = segment
                && met(index)
            {
                let mut longer = given.to_vec();
                longer.insert(index, text);
                keep(substitute(wanted, &longer, Some(index.min(given.len().saturating_sub(1)))));
            }
        }
    }
    // What is left must be more than nothing: the root is near to no path.
    if given.len() > shortest.max(1) && given.len() - 1 <= longest {
        for index in (0..given.len()).rev() {
            let mut shorter = given.to_vec();
            shorter.remove(index);
            keep(substitute(wanted, &shorter, Some(index)));
        }
    }
    best
}

/// Replaces the given segments by the resource's literals where each is near; `moved` is a segment put in or left out.
fn substitute<'r>(wanted: &[Segment<'_>], given: &[&str], moved: Option<usize>) -> Option<Near<'r>> {
    let mut distance = if moved.is_some() { SEGMENT_COST } else { 0 };
    let mut first = moved;
    let mut corrected = Vec::with_capacity(given.len());
    for (index, segment) in wanted.iter().enumerate() {
        match segment {
            Segment::Literal(text) => {
                let here = *given.get(index)?;
                let apart = apart(text, here)?;
                if apart > 0 {
                    first = Some(first.map_or(index, |first| first.min(index)));
                }
                distance += apart;
                corrected.push(*text);
            }
            Segment::Parameter(_) => corrected.push(given.get(index).filter(|value| !value.is_empty())?),
            Segment::Greedy(_) => {
                corrected.extend(given.get(index..).filter(|rest| !rest.is_empty())?);
            }
        }
    }
    if !matches!(wanted.last(), Some(Segment::Greedy(_))) && given.len() != wanted.len() {
        return None;
    }
    if distance == 0 || distance > FARTHEST {
        return None;
    }
    let path = if corrected.is_empty() { "/".to_owned() } else { format!("/{}", corrected.join("/")) };
    Some(Near { path, resource: "", distance, segment: first.unwrap_or(0) })
}

/// How far two segments are apart; `None` when they are not near. Another case is nearest of all.
fn apart(wanted: &str, given: &str) -> Option<usize> {
    if wanted == given {
        return Some(0);
    }
    let longer = wanted.len().max(given.len());
    // Lengths alone rule most pairs out before any distance is computed.
    if wanted.len().abs_diff(given.len()) * 3 > longer || longer > 128 {
        return None;
    }
    if wanted.eq_ignore_ascii_case(given) {
        return Some(1);
    }
    let distance = strsim::osa_distance(wanted, given);
    (distance * 3 <= longer).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{Method, Tree};

    fn router() -> Router {
        let mut tree = Tree::default();
        for path in ["/", "/orders", "/orders/{id}", "/orders/{id}/items", "/customers", "/files/{proxy+}"] {
            tree.insert(path, Verb::Get, Method::open());
        }
        tree.insert("/Admin/Users", Verb::Post, Method::open());
        Router::new(&tree)
    }

    #[test]
    fn corrects_the_case() {
        let router = router();
        let near = router.in_right_case(Verb::Get, "/ORDERS/A7/Items").unwrap();
        assert_eq!((near.path.as_str(), near.resource, near.segment), ("/orders/A7/items", "/orders/{id}/items", 0));
        assert_eq!(router.in_right_case(Verb::Post, "/admin/users/").unwrap().path, "/Admin/Users");
        assert_eq!(router.in_right_case(Verb::Get, "/admin/users"), None, "it has no GET");
        assert_eq!(router.in_right_case(Verb::Get, "/orderz"), None);
    }

    #[test]
    fn names_the_nearest_that_routes() {
        let router = router();
        for (path, expected, segment) in [
            ("/order", "/orders", 0),
            ("/ordres/7/items", "/orders/7/items", 0),
            ("/orders/7/item", "/orders/7/items", 2),
            ("/api/orders", "/orders", 0),
            ("/orders/7/itmes/", "/orders/7/items", 2),
            ("/file/a/b", "/files/a/b", 0),
        ] {
            let near = router.nearest(Verb::Get, path, 3);
            assert_eq!(
                near.first().map(|near| (near.path.as_str(), near.segment)),
                Some((expected, segment)),
                "{path}"
            );
        }
    }

    #[test]
    fn offers_nothing_when_nothing_is_near() {
        let router = router();
        for path in ["/weather", "/x/y/z", "/v1", &"/a".repeat(10_000)] {
            assert_eq!(router.nearest(Verb::Get, path, 3), [], "{}", &path[..path.len().min(20)]);
        }
        assert_eq!(router.nearest(Verb::Delete, "/order", 3), [], "nothing has DELETE");
    }
}
