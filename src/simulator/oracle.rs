//! Routing by brute force: the simulator's own answer to "which method does this request reach?".
//!
//! Deliberately naive, because it is the measure of the product's router: every (resource, verb) pair is tried, the
//! matching ones are ranked, the best wins. Fall-back needs no code, since a pair without the verb is no candidate
//! (facts H, first rows).

use crate::gateway::{Tree, Verb, VerbSet};

/// Which method of the tree this verb and path reach: the resource and the verb that it *declares* (perhaps `ANY`).
///
/// The path is the raw one of the request, after the stage. The rules:
///
/// - Segment by segment, a literal beats `{param}` beats `{proxy+}` (facts B1); literals compare byte by byte, so case
///   matters and nothing is percent-decoded (facts B5: LocalStack matches the raw URI).
/// - On one resource the verb itself beats `ANY`, which stands for seven verbs; `HEAD` is not implied by `GET` (B3).
/// - `{proxy+}` takes one segment or more, so it does not match its own parent (A0).
/// - Trailing slashes do not count (A0, H). A `{param}` does not match an empty segment (`/a//b`); a greedy one may
///   contain some [U: facts B6 found nothing].
#[must_use]
pub fn oracle<'t>(tree: &'t Tree, verb: Verb, path: &str) -> Option<(&'t str, Verb)> {
    let routes = Routes::new(tree.0.iter().map(|(resource, methods)| (resource.as_str(), methods.keys().copied())));
    let (resource, declared) = routes.route(verb, path)?;
    tree.0.get_key_value(resource).map(|(resource, _)| (resource.as_str(), declared))
}

/// As [`oracle`], for the routes of an HTTP API: a match without a greedy parameter goes before one with it, whatever
/// stands left of it, and the route `$default` takes what is left (DG:http-api-develop-routes). All else is uncertain,
/// and as in a REST API.
#[must_use]
pub fn http_oracle<'t>(tree: &'t Tree, verb: Verb, path: &str) -> Option<(&'t str, Verb)> {
    let routes = Routes::new(tree.0.iter().map(|(resource, methods)| (resource.as_str(), methods.keys().copied())));
    let (resource, declared) = routes.route_http(verb, path)?;
    tree.0.get_key_value(resource).map(|(resource, _)| (resource.as_str(), declared))
}

/// The routes of one tree, split once so that a sweep of thousands of requests does not split them again.
#[derive(Debug, Clone, Default)]
pub(super) struct Routes(Vec<Route>);

#[derive(Debug, Clone)]
struct Route {
    resource: String,
    segments: Vec<Segment>,
    verbs: VerbSet,
}

/// The order is the precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter,
    Greedy,
}

impl Routes {
    /// The routes of these resources and their declared verbs.
    pub(super) fn new<'a, V>(resources: impl Iterator<Item = (&'a str, V)>) -> Self
    where
        V: Iterator<Item = Verb>,
    {
        Self(
            resources
                .map(|(resource, verbs)| Route {
                    resource: resource.to_owned(),
                    segments: split(resource).into_iter().map(Segment::of).collect(),
                    verbs: verbs.collect(),
                })
                .collect(),
        )
    }

    /// As [`http_oracle`].
    pub(super) fn route_http(&self, verb: Verb, path: &str) -> Option<(&str, Verb)> {
        if verb == Verb::Any {
            return None;
        }
        let path = split(path);
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter(|route| route.verbs.serves(verb))
            .filter_map(|route| {
                let rank = if route.resource == "$default" { vec![9] } else { route.rank(&path)? };
                Some(((rank.contains(&9), rank.contains(&2), rank), route))
            })
            .collect();
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        let (_, best) = found.first()?;
        Some((best.resource.as_str(), if best.verbs.contains(verb) { verb } else { Verb::Any }))
    }

    /// As [`oracle`].
    pub(super) fn route(&self, verb: Verb, path: &str) -> Option<(&str, Verb)> {
        if verb == Verb::Any {
            return None; // A request never carries ANY.
        }
        let path = split(path);
        self.0
            .iter()
            .filter(|route| route.verbs.serves(verb))
            .filter_map(|route| Some((route.rank(&path)?, route)))
            .min_by(|(left, _), (right, _)| left.cmp(right))
            .map(|(_, route)| (route.resource.as_str(), if route.verbs.contains(verb) { verb } else { Verb::Any }))
    }
}

impl Route {
    /// How well it matches: smaller is better, compared segment by segment. `None` when it does not match.
    fn rank(&self, path: &[&str]) -> Option<Vec<u8>> {
        let mut rank = Vec::with_capacity(self.segments.len());
        for (index, segment) in self.segments.iter().enumerate() {
            let part = path.get(index)?;
            match segment {
                Segment::Literal(literal) if literal == part => rank.push(0),
                Segment::Parameter if !part.is_empty() => rank.push(1),
                Segment::Greedy if index + 1 == self.segments.len() => {
                    rank.push(2);
                    return Some(rank);
                }
                _ => return None,
            }
        }
        (path.len() == self.segments.len()).then_some(rank)
    }
}

impl Segment {
    fn of(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if name.ends_with('+') => Self::Greedy,
            Some(_) => Self::Parameter,
            None => Self::Literal(text.to_owned()),
        }
    }
}

/// The segments of a path without its leading slash and its trailing ones; none for the root.
fn split(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches('/');
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() { Vec::new() } else { path.split('/').collect() }
}

#[cfg(test)]
mod tests {
    use super::oracle;
    use crate::gateway::{Method, Tree};

    fn tree(methods: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for line in methods {
            let (verb, resource) = line.split_once(' ').unwrap();
            tree.insert(resource, verb.parse().unwrap(), Method::open());
        }
        tree
    }

    #[track_caller]
    fn check(tree: &Tree, cases: &[(&str, &str)]) {
        for (request, expected) in cases {
            let (verb, path) = request.split_once(' ').unwrap();
            let found = oracle(tree, verb.parse().unwrap(), path)
                .map_or("-".to_owned(), |(resource, verb)| format!("{verb} {resource}"));
            assert_eq!(&found, expected, "{request}");
        }
    }

    /// Facts H, first row: measured in eu-central-1 (ministack PR#1423).
    #[test]
    fn pairs_fall_back_to_a_greedy_sibling() {
        let mut tree = tree(&["ANY /{proxy+}", "GET /jobs/{operation_type}", "OPTIONS /cors_only"]);
        tree.0.insert("/jobs".to_owned(), std::collections::BTreeMap::new());
        check(
            &tree,
            &[
                ("GET /jobs", "ANY /{proxy+}"),
                ("POST /jobs", "ANY /{proxy+}"),
                ("POST /jobs/reboot", "ANY /{proxy+}"),
                ("GET /jobs/reboot", "GET /jobs/{operation_type}"),
                ("GET /cors_only", "ANY /{proxy+}"),
                ("OPTIONS /cors_only", "OPTIONS /cors_only"),
                ("GET /", "-"),
            ],
        );
    }

    /// Facts H: LocalStack's validated routing tests, and floci PR#3399.
    #[test]
    fn better_segments_win_where_they_have_the_verb() {
        check(
            &tree(&["POST /test", "OPTIONS /{proxy+}", "PATCH /users/me", "GET /users/{userId}", "ANY /users/me/x"]),
            &[
                ("OPTIONS /test", "OPTIONS /{proxy+}"),
                ("GET /users/me", "GET /users/{userId}"),
                ("PATCH /users/me", "PATCH /users/me"),
                ("PATCH /users/you", "-"),
                ("GET /users/me/x", "ANY /users/me/x"),
            ],
        );
        check(
            &tree(&["GET /{param+}", "GET /part1/hardcoded-value"]),
            &[
                ("GET /part1/hardcoded-value", "GET /part1/hardcoded-value"),
                ("GET /part1/random-value", "GET /{param+}"),
                ("GET /part1", "GET /{param+}"),
            ],
        );
    }

    /// Segment by segment from the left: an early literal outweighs later ones.
    #[test]
    fn the_leftmost_difference_decides() {
        check(
            &tree(&["GET /a/{p+}", "GET /{x}/b", "GET /{x}/{y}/c"]),
            &[("GET /a/b", "GET /a/{p+}"), ("GET /z/b", "GET /{x}/b"), ("GET /z/b/c", "GET /{x}/{y}/c")],
        );
    }

    #[test]
    fn verbs_slashes_and_case() {
        check(
            &tree(&["ANY /a", "GET /a", "GET /b/{id}", "POST /c", "GET /d/{id}/e", "GET /f/{p+}"]),
            &[
                ("GET /a", "GET /a"),
                ("HEAD /a", "ANY /a"),
                ("GET /a///", "GET /a"),
                ("HEAD /b/1", "-"),
                ("GET /b/", "-"),
                ("GET /b//", "-"),
                ("GET /b//1", "-"),
                ("GET /A", "-"),
                ("GET /c", "-"),
                ("ANY /a", "-"),
                ("GET /d/1/e", "GET /d/{id}/e"),
                ("GET /d//e", "-"),
                ("GET /f//1", "GET /f/{p+}"),
                ("GET /f//", "-"),
            ],
        );
    }
}
