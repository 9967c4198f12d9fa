//! What a caller may have meant: paths that route, near to one that does not.

use super::router::Node;
use super::{Router, Verb, segments};

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
    /// The path in the case of a resource, if that makes it route for this verb.
    #[must_use]
    pub fn in_right_case(&self, verb: Verb, path: &str) -> Option<Near<'_>> {
        let given: Vec<&str> = segments(path).take(MANY_SEGMENTS + 1).collect();
        if given.len() > MANY_SEGMENTS {
            return None;
        }
        let mut search =
            Search { router: self, verb, given: &given, limit: 1, taken: Vec::new(), found: Vec::new(), measured: 0 };
        search.by_case(0, None);
        search.found.pop()
    }

    /// The nearest paths that route for this verb, the nearest first, at most `limit`; none when nothing is near.
    ///
    /// The distance is the edit distance of whole segments against a resource's literals; parameters take the
    /// caller's own segment. One segment may be too many or too few, but a parameter is never made up.
    #[must_use]
    pub fn nearest(&self, verb: Verb, path: &str, limit: usize) -> Vec<Near<'_>> {
        let given: Vec<&str> = segments(path).take(MANY_SEGMENTS + 1).collect();
        if given.len() > MANY_SEGMENTS || limit == 0 {
            return Vec::new();
        }
        let mut search =
            Search { router: self, verb, given: &given, limit, taken: Vec::new(), found: Vec::new(), measured: 0 };
        search.by_distance(Step { node: 0, at: 0, distance: 0, first: None, moved: None, met: false });
        search.found
    }
}

/// A path of more segments is nobody's typo.
const MANY_SEGMENTS: usize = 32;

/// So many segments are measured against each other, and then what was found is all. A tree of 300 resources takes a few
/// hundred; one made to be slow would take the square of its size.
const MOST_MEASURED: usize = 20_000;

/// A walk down the tree along the given segments, with what may be changed in them. What is too far is left early.
struct Search<'r, 'g> {
    router: &'r Router,
    verb: Verb,
    given: &'g [&'g str],
    limit: usize,
    /// The corrected segments down to here.
    taken: Vec<&'g str>,
    /// The best so far, in order; at most `limit`.
    found: Vec<Near<'r>>,
    /// How many literals were looked at.
    measured: usize,
}

/// Where a walk is.
#[derive(Clone, Copy)]
struct Step {
    node: u32,
    /// The next of the given segments.
    at: usize,
    distance: usize,
    /// The first given segment that differs.
    first: Option<usize>,
    /// The one segment that was put in or left out.
    moved: Option<Moved>,
    /// Whether a literal of the resource stands where it should, beside one that was put in.
    met: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moved {
    PutIn,
    LeftOut,
}

impl<'r: 'g, 'g> Search<'r, 'g> {
    fn by_distance(&mut self, step: Step) {
        let Some(node) = self.router.nodes.get(step.node as usize) else { return };
        let Some(&segment) = self.given.get(step.at) else {
            if node.leaf.verbs.serves(self.verb) {
                self.keep(step, &[]);
            }
            self.with_one_more(node, step);
            return;
        };
        self.measured += node.literals.len();
        if self.measured > MOST_MEASURED && step.node != 0 {
            return;
        }
        // The nearest first: what is found early lets the rest be left early.
        let mut near: Vec<(usize, &'r str, u32)> = node
            .literals
            .iter()
            .filter_map(|(text, child)| Some((apart(text, segment)?, &**text, *child)))
            .filter(|(apart, ..)| step.distance + apart <= self.farthest())
            .collect();
        near.sort_unstable_by_key(|(apart, ..)| *apart);
        for (apart, text, node) in near {
            let first = if apart > 0 { Some(earliest(step.first, step.at)) } else { step.first };
            let distance = step.distance + apart;
            if distance <= self.farthest() {
                self.down(text, Step { node, at: step.at + 1, distance, first, met: step.met || apart == 0, ..step });
            }
        }
        if let Some(node) = node.parameter
            && !segment.is_empty()
        {
            self.down(segment, Step { node, at: step.at + 1, ..step });
        }
        if node.greedy.verbs.serves(self.verb) {
            let rest = &self.given[step.at..];
            self.keep(step, rest);
        }
        self.with_one_more(node, step);
        // What is left must be more than nothing: the root is near to no path.
        if step.moved.is_none() && self.given.len() > 1 {
            let first = Some(earliest(step.first, step.at));
            let distance = step.distance + SEGMENT_COST;
            self.by_distance(Step { at: step.at + 1, distance, first, moved: Some(Moved::LeftOut), ..step });
        }
    }

    /// Puts in one of the node's literals, which the caller may have left out.
    fn with_one_more(&mut self, node: &'r Node, step: Step) {
        let distance = step.distance + SEGMENT_COST;
        if step.moved.is_some() || distance > self.farthest() {
            return;
        }
        let first = Some(earliest(step.first, step.at.min(self.given.len().saturating_sub(1))));
        for (text, node) in &node.literals {
            self.down(text, Step { node: *node, distance, first, moved: Some(Moved::PutIn), ..step });
        }
    }

    fn down(&mut self, segment: &'g str, step: Step) {
        self.taken.push(segment);
        self.by_distance(step);
        self.taken.pop();
    }

    fn by_case(&mut self, node: u32, first: Option<usize>) {
        let Some(node) = self.router.nodes.get(node as usize) else { return };
        let at = self.taken.len();
        let done = Step { node: 0, at, distance: 0, first, moved: None, met: true };
        let Some(&segment) = self.given.get(at) else {
            if first.is_some() && node.leaf.verbs.serves(self.verb) {
                self.keep(done, &[]);
            }
            return;
        };
        let mut alike: Vec<&(Box<str>, u32)> =
            node.literals.iter().filter(|(text, _)| text.eq_ignore_ascii_case(segment)).collect();
        alike.sort_unstable_by_key(|(text, _)| **text != *segment);
        let mut ways: Vec<(&'g str, u32)> = alike.into_iter().map(|(text, child)| (&**text, *child)).collect();
        ways.extend(node.parameter.filter(|_| !segment.is_empty()).map(|child| (segment, child)));
        for (text, child) in ways {
            let first = if text == segment { first } else { first.or(Some(at)) };
            self.taken.push(text);
            self.by_case(child, first);
            self.taken.pop();
            if !self.found.is_empty() {
                return;
            }
        }
        if first.is_some() && node.greedy.verbs.serves(self.verb) {
            self.keep(done, &self.given[at..]);
        }
    }

    /// Beyond this a path is not near, or not among the best.
    fn farthest(&self) -> usize {
        match self.found.last() {
            Some(worst) if self.found.len() == self.limit => worst.distance.min(FARTHEST),
            _ => FARTHEST,
        }
    }

    /// Takes the path so far, and what a greedy parameter swallows, if that routes.
    fn keep(&mut self, step: Step, rest: &[&'g str]) {
        let Step { distance, first: Some(segment), moved, met, .. } = step else { return };
        // Where one was put in, another literal must stand there already, or a catch-all would be near to everything.
        // And where one is left out, a name must be left that says it.
        let by_a_name = met || distance > SEGMENT_COST;
        let alone = moved == Some(Moved::PutIn) && !met || moved == Some(Moved::LeftOut) && !by_a_name;
        if distance > self.farthest() || alone {
            return;
        }
        let mut path = String::new();
        for segment in self.taken.iter().chain(rest) {
            path.push('/');
            path.push_str(segment);
        }
        if path.is_empty() || self.found.iter().any(|near| near.path == path) {
            return;
        }
        let Some(hit) = self.router.route(self.verb, &path) else { return };
        let near = Near { path, resource: hit.resource, distance, segment };
        let place = self.found.partition_point(|known| (known.distance, &known.path) <= (near.distance, &near.path));
        self.found.insert(place, near);
        self.found.truncate(self.limit);
    }
}

fn earliest(first: Option<usize>, at: usize) -> usize {
    first.map_or(at, |first| first.min(at))
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
    // What both begin and end with costs nothing, and most of a typo is that.
    let (wanted, given) = without_common_ends(wanted, given);
    let distance = strsim::osa_distance(wanted, given);
    (distance * 3 <= longer).then_some(distance)
}

/// Two texts without the bytes that both begin with and those that both end with; texts that are not ASCII as they are.
fn without_common_ends<'t>(a: &'t str, b: &'t str) -> (&'t str, &'t str) {
    if !a.is_ascii() || !b.is_ascii() {
        return (a, b);
    }
    let front = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[front..], &b[front..]);
    let back = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    (&a[..a.len() - back], &b[..b.len() - back])
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

    proptest::proptest! {
        /// What both texts begin or end with costs nothing in the distance, transpositions included.
        #[test]
        fn common_ends_cost_nothing(a in "[abc]{0,9}", b in "[abc]{0,9}") {
            let (x, y) = without_common_ends(&a, &b);
            proptest::prop_assert_eq!(strsim::osa_distance(x, y), strsim::osa_distance(&a, &b));
        }
    }
}
