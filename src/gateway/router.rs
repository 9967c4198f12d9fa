//! Which method of a tree a verb and a path reach: the one algorithm that must be exactly right.

use super::{Protocol, Tree, Verb, VerbSet};

/// The resource of an HTTP API's catch-all route, which has no path: its route key is `$default`, and AWS's name of it is
/// kept. A resource of a path begins with a slash, so that no other can be called so.
pub const DEFAULT_ROUTE: &str = "$default";

/// The deepest resource that is compiled, in segments. Every level of a tree is a resource of its own, and an API has 300
/// of them unless AWS was asked for more; whatever a hand-made file has below this is unreachable, so that no path can
/// exhaust the stack of the walk along it.
pub(super) const DEEPEST: usize = 1000;

/// Routes requests within one tree (a deployment's or the editor's) as API Gateway does.
///
/// # The rules
///
/// A *resource path* is a sequence of segments, each a literal, a parameter `{name}`, or, last only, a greedy
/// parameter `{name+}`. A *request path* is split at `/`, without its leading slash and without trailing ones.
///
/// 1. **Match.** A resource path matches a request path when, segment by segment, a literal equals the request's
///    segment byte for byte (case counts, nothing is decoded), a parameter meets any one non-empty segment, and a
///    greedy parameter meets all that is left, which must not be empty: greedy does not match its own parent. Both
///    paths end together.
/// 2. **Candidates.** The candidates of a request are the (resource, verb) *pairs* whose resource matches and whose
///    verb serves the request's: the verb itself, or `ANY`, which stands for `DELETE GET HEAD OPTIONS PATCH POST PUT`.
///    `HEAD` is not implied by `GET`. A resource without such a verb is no candidate at all, so a request falls back
///    past a literal sibling that lacks the verb to the parameter or the greedy one that has it.
/// 3. **Precedence.** Of the candidates the smallest wins in the lexicographic order of their segments' kinds, read
///    from the left: literal < parameter < greedy. Two candidates never tie between resources, for a resource has one
///    child of each literal text, one parameter and one greedy parameter.
/// 4. On the winning resource a specific verb beats `ANY`.
///
/// No candidate means *Missing Authentication Token*, for a wrong path and a wrong verb alike; there is no 405.
///
/// # An HTTP API's rules
///
/// The routes of an HTTP API are compiled by [`Router::of`], and differ in two rules:
///
/// - **Match.** The route `$default` ([`DEFAULT_ROUTE`]) matches every request path, the root's too, and serves every verb.
/// - **Precedence.** Of the candidates those of the first class that has any stay: *full* matches, whose resource has no
///   greedy parameter; then greedy ones; then `$default`. Within a class rules 3 and 4 decide. So `/{y}/b` goes before
///   `/a/{x+}` here, and behind it in a REST API.
///
/// No candidate means 404 *Not Found*. The classes and `$default` are documented
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>); that greedy does not
/// match its own parent, that trailing slashes do not count, that `HEAD` is not implied by `GET`, that a specific verb goes
/// before `ANY`, and what decides between two full or two greedy matches is not, and is taken to be as in a REST API.
///
/// Sources: LocalStack's `aws.validated` routing tests and `resource_router.py`; ministackorg/ministack PR#1423 (measured on
/// a real account); `docs/verified.md` says what of this is documented, seen, or unverified.
///
/// ```
/// use gateprobe::gateway::{Method, Router, Tree, Verb};
///
/// let mut tree = Tree::default();
/// tree.insert("/{proxy+}", Verb::Any, Method::open());
/// tree.insert("/users/me", Verb::Patch, Method::open());
/// let router = Router::new(&tree);
///
/// assert_eq!(router.route(Verb::Patch, "/users/me").map(|hit| hit.resource), Some("/users/me"));
/// // The literal lacks GET, so the greedy sibling answers: no Missing Authentication Token here.
/// assert_eq!(router.route(Verb::Get, "/users/me").map(|hit| hit.resource), Some("/{proxy+}"));
/// assert_eq!(router.route(Verb::Get, "/"), None);
/// ```
#[derive(Debug)]
pub struct Router {
    pub(super) nodes: Vec<Node>,
    resources: Vec<Box<str>>,
    /// Whether full matches go before greedy ones whatever stands left of them: an HTTP API's.
    full_first: bool,
    /// `$default`, of an HTTP API that has it.
    last_resort: Leaf,
}

/// A resource that serves verbs, or none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Leaf {
    resource: u32,
    pub(super) verbs: VerbSet,
}

/// Which resources a walk down the tree is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    /// All of them.
    Both,
    /// Those without a greedy parameter.
    Full,
    /// Those with one.
    Greedy,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    /// Sorted by text.
    pub(super) literals: Vec<(Box<str>, u32)>,
    pub(super) parameter: Option<u32>,
    pub(super) greedy: Leaf,
    pub(super) leaf: Leaf,
}

/// The method that a request reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'r> {
    /// The resource's path, as `/users/{id}`.
    pub resource: &'r str,
    /// The verb as it is declared: `ANY` where no specific verb serves the request.
    pub verb: Verb,
}

/// One segment of a resource path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'t> {
    /// Meets exactly itself.
    Literal(&'t str),
    /// `{name}`: meets any one segment.
    Parameter(&'t str),
    /// `{name+}`: meets all that is left.
    Greedy(&'t str),
}

impl<'t> Segment<'t> {
    /// Reads one segment of a resource path. Braces must enclose the whole segment, as AWS demands (facts B7).
    #[must_use]
    pub fn parse(text: &'t str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(greedy) => Segment::Greedy(greedy),
                None => Segment::Parameter(name),
            },
            None => Segment::Literal(text),
        }
    }
}

/// How specific a method is among those that match a request: of two the smaller one is reached, by the rules of
/// [`Router`] and across trees too. Methods of one tree never tie on a request that both match.
pub(crate) fn rank(protocol: Protocol, resource: &str, verb: Verb) -> impl Ord + use<> {
    let kinds: Vec<u8> = segments(resource)
        .map(|segment| match Segment::parse(segment) {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
        })
        .collect();
    let class = match protocol {
        Protocol::Rest => 0,
        Protocol::Http | Protocol::WebSocket if resource == DEFAULT_ROUTE => 2,
        Protocol::Http | Protocol::WebSocket => u8::from(kinds.last() == Some(&2)),
    };
    (class, kinds, verb == Verb::Any)
}

/// The segments of a resource path or a request path: no leading slash, no trailing ones, none at all for the root.
pub fn segments(path: &str) -> impl Iterator<Item = &str> {
    let trimmed = trim(path);
    trimmed.into_iter().flat_map(|path| path.split('/'))
}

/// The path between its outer slashes; `None` for the root.
fn trim(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/').unwrap_or(path).trim_end_matches('/');
    (!path.is_empty()).then_some(path)
}

impl Router {
    /// Compiles a REST API's tree.
    #[must_use]
    pub fn new(tree: &Tree) -> Self {
        Self::of(Protocol::Rest, tree)
    }

    /// Compiles the tree of an API that speaks this.
    #[must_use]
    pub fn of(protocol: Protocol, tree: &Tree) -> Self {
        let mut router = Router {
            nodes: vec![Node::default()],
            resources: Vec::with_capacity(tree.0.len()),
            full_first: protocol != Protocol::Rest,
            last_resort: Leaf::default(),
        };
        for (path, methods) in &tree.0 {
            if methods.is_empty() || segments(path).nth(DEEPEST).is_some() {
                continue;
            }
            let Ok(resource) = u32::try_from(router.resources.len()) else { break };
            router.resources.push(path.as_str().into());
            let leaf = Leaf { resource, verbs: methods.keys().copied().collect() };
            if router.full_first && path == DEFAULT_ROUTE {
                router.last_resort = leaf;
            } else {
                router.insert(path, leaf);
            }
        }
        router
    }

    fn insert(&mut self, path: &str, leaf: Leaf) {
        let mut at = 0;
        for segment in segments(path) {
            match Segment::parse(segment) {
                Segment::Literal(text) => {
                    at = match self.nodes[at].literals.binary_search_by(|(known, _)| (**known).cmp(text)) {
                        Ok(found) => self.nodes[at].literals[found].1 as usize,
                        Err(place) => {
                            let child = self.add_node();
                            self.nodes[at].literals.insert(place, (text.into(), child));
                            child as usize
                        }
                    };
                }
                Segment::Parameter(_) => {
                    at = if let Some(child) = self.nodes[at].parameter {
                        child as usize
                    } else {
                        let child = self.add_node();
                        self.nodes[at].parameter = Some(child);
                        child as usize
                    };
                }
                Segment::Greedy(_) => {
                    // Greedy is last: AWS refuses a child below it. Whatever a hand-made file puts there is unreachable.
                    self.nodes[at].greedy = leaf;
                    return;
                }
            }
        }
        self.nodes[at].leaf = leaf;
    }

    fn add_node(&mut self) -> u32 {
        self.nodes.push(Node::default());
        u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
    }

    /// The method that a request with this verb and path reaches, or `None`: *Missing Authentication Token*, or an HTTP
    /// API's *Not Found*.
    ///
    /// `path` is the part of the URL's path after the stage (or after a custom domain's base path), percent-encoded
    /// as it stands in the request; `/` or empty for the stage root. Visits each node of the tree at most once, an HTTP
    /// API's at most twice.
    #[must_use]
    pub fn route(&self, verb: Verb, path: &str) -> Option<Match<'_>> {
        let path_only = trim(path);
        let leaf = if self.full_first {
            let last_resort = || Some(self.last_resort).filter(|leaf| leaf.verbs.serves(verb));
            let find = |meets| self.descend(0, path_only, verb, meets);
            find(Meets::Full).or_else(|| find(Meets::Greedy)).or_else(last_resort)?
        } else {
            self.descend(0, path_only, verb, Meets::Both)?
        };
        let declared = if leaf.verbs.contains(verb) { verb } else { Verb::Any };
        Some(Match { resource: self.resources.get(leaf.resource as usize)?, verb: declared })
    }

    /// Depth first, literal before parameter before greedy: the order of rule 3, with the fall-back of rule 2.
    fn descend(&self, at: usize, rest: Option<&str>, verb: Verb, meets: Meets) -> Option<Leaf> {
        let node = self.nodes.get(at)?;
        let serving = |leaf: Leaf| leaf.verbs.serves(verb).then_some(leaf);
        let Some(rest) = rest else { return serving(node.leaf).filter(|_| meets != Meets::Greedy) };
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        if let Ok(found) = node.literals.binary_search_by(|(known, _)| (**known).cmp(segment))
            && let Some(leaf) = self.descend(node.literals[found].1 as usize, after, verb, meets)
        {
            return Some(leaf);
        }
        if !segment.is_empty()
            && let Some(child) = node.parameter
            && let Some(leaf) = self.descend(child as usize, after, verb, meets)
        {
            return Some(leaf);
        }
        serving(node.greedy).filter(|_| meets != Meets::Full)
    }

    /// The verbs that reach some method on this path, each with the method it reaches.
    #[must_use]
    pub fn verbs(&self, path: &str) -> Vec<(Verb, Match<'_>)> {
        Verb::CONCRETE.into_iter().filter_map(|verb| Some((verb, self.route(verb, path)?))).collect()
    }

    /// Whether some resource has a literal where the path has its segment of this index, behind what the path has before.
    #[must_use]
    pub fn has_names_at(&self, path: &str, index: usize) -> bool {
        let mut here = vec![0];
        for segment in segments(path).take(index) {
            let mut next = Vec::new();
            for node in here.into_iter().filter_map(|at: usize| self.nodes.get(at)) {
                if let Ok(found) = node.literals.binary_search_by(|(known, _)| (**known).cmp(segment)) {
                    next.push(node.literals[found].1 as usize);
                }
                next.extend(node.parameter.map(|child| child as usize));
            }
            here = next;
        }
        here.into_iter().filter_map(|at| self.nodes.get(at)).any(|node| !node.literals.is_empty())
    }

    /// The resource paths that have methods, in alphabetical order.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Method;

    fn tree(methods: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (verbs, path) in methods {
            for verb in verbs.split(' ') {
                tree.insert(path, verb.parse().unwrap(), Method::open());
            }
        }
        tree
    }

    /// Each row: the tree, then requests with the resource that must answer, or `-`.
    #[test]
    fn routes_as_recorded() {
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str, &'a str)]);
        let table: &[Row] = &[
            (
                "H1: ministack PR#1423, eu-central-1: fall-back to the proxy past resources without the verb",
                &[("ANY", "/{proxy+}"), ("GET", "/jobs/{operation_type}"), ("OPTIONS", "/cors_only")],
                &[
                    ("GET", "/jobs", "/{proxy+}"),
                    ("POST", "/jobs", "/{proxy+}"),
                    ("POST", "/jobs/reboot", "/{proxy+}"),
                    ("GET", "/jobs/reboot", "/jobs/{operation_type}"),
                    ("GET", "/cors_only", "/{proxy+}"),
                    ("OPTIONS", "/cors_only", "/cors_only"),
                ],
            ),
            (
                "H2: LocalStack TestApigatewayRouting, aws.validated",
                &[("POST", "/test"), ("OPTIONS", "/{proxy+}")],
                &[("OPTIONS", "/test", "/{proxy+}"), ("POST", "/test", "/test"), ("GET", "/test", "-")],
            ),
            (
                "H4: a literal child wins over a greedy sibling; unmatched children fall back to it",
                &[("GET", "/{param+}"), ("GET", "/part1/hardcoded-value")],
                &[
                    ("GET", "/part1/hardcoded-value", "/part1/hardcoded-value"),
                    ("GET", "/part1/random-value", "/{param+}"),
                    ("GET", "/part1", "/{param+}"),
                ],
            ),
            (
                "H5: floci PR#3399: a literal without the verb yields to the parameter that has it",
                &[("PATCH", "/users/me"), ("GET", "/users/{userId}")],
                &[
                    ("GET", "/users/me", "/users/{userId}"),
                    ("PATCH", "/users/me", "/users/me"),
                    ("PATCH", "/users/7", "-"),
                ],
            ),
            (
                "A0: greedy does not match its own parent, nor the root",
                &[("ANY", "/v1/{proxy+}")],
                &[("GET", "/v1", "-"), ("GET", "/v1/", "-"), ("GET", "/v1/x", "/v1/{proxy+}"), ("GET", "/", "-")],
            ),
            (
                "A0, H4: trailing slashes are ignored, case is not, HEAD is not implied by GET",
                &[("GET", "/pets"), ("GET", "/")],
                &[
                    ("GET", "/pets/", "/pets"),
                    ("GET", "/pets//", "/pets"),
                    ("GET", "/Pets", "-"),
                    ("HEAD", "/pets", "-"),
                    ("GET", "", "/"),
                    ("GET", "/", "/"),
                    ("GET", "//", "/"),
                ],
            ),
            (
                "B1: literal < parameter < greedy, read from the left",
                &[("GET", "/a/{x+}"), ("GET", "/{y}/b"), ("GET", "/{y}/{z}")],
                &[("GET", "/a/b", "/a/{x+}"), ("GET", "/c/b", "/{y}/b"), ("GET", "/c/d", "/{y}/{z}")],
            ),
            (
                "an empty segment meets no parameter",
                &[("GET", "/a/{x}/c"), ("GET", "/g/{p+}")],
                &[("GET", "/a//c", "-"), ("GET", "/g//c", "/g/{p+}"), ("GET", "/g//", "-")],
            ),
        ];
        for (source, methods, requests) in table {
            let router = Router::new(&tree(methods));
            for (verb, path, expected) in *requests {
                let hit = router.route(verb.parse().unwrap(), path).map_or("-", |hit| hit.resource);
                assert_eq!(hit, *expected, "{verb} {path} in: {source}");
            }
        }
    }

    #[test]
    fn a_specific_verb_beats_any_on_its_resource() {
        let router = Router::new(&tree(&[("ANY GET", "/x"), ("ANY", "/y")]));
        assert_eq!(router.route(Verb::Get, "/x").map(|hit| hit.verb), Some(Verb::Get));
        assert_eq!(router.route(Verb::Put, "/x").map(|hit| hit.verb), Some(Verb::Any));
        for verb in Verb::CONCRETE {
            assert!(router.route(verb, "/y").is_some(), "ANY covers {verb}");
        }
    }

    /// Each row: an HTTP API's routes, then requests with the route that must answer, or `-`.
    #[test]
    fn routes_as_an_http_api_does() {
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str, &'a str)]);
        let table: &[Row] = &[
            (
                "DG:http-api-develop-routes: the example of the route priority",
                &[
                    ("GET", "/pets/dog/1"),
                    ("GET", "/pets/dog/{id}"),
                    ("GET", "/pets/{proxy+}"),
                    ("ANY", "/{proxy+}"),
                    ("ANY", "$default"),
                ],
                &[
                    ("GET", "/pets/dog/1", "GET /pets/dog/1"),
                    ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
                    ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
                    ("POST", "/test/5", "ANY /{proxy+}"),
                    ("POST", "/pets/dog/1", "ANY /{proxy+}"),
                    ("GET", "/", "ANY $default"),
                ],
            ),
            (
                "a full match goes before a greedy one whatever stands left of it; in a REST API it does not",
                &[("GET", "/a/{x+}"), ("GET", "/{y}/b"), ("GET", "/{y}/{z}/c")],
                &[
                    ("GET", "/a/b", "GET /{y}/b"),
                    ("GET", "/a/q", "GET /a/{x+}"),
                    ("GET", "/a/q/c", "GET /{y}/{z}/c"),
                    ("GET", "/q/q", "-"),
                ],
            ),
            (
                "route and method: a full match without the verb yields to a greedy one that has it",
                &[("POST", "/test"), ("OPTIONS", "/{proxy+}"), ("ANY GET", "/both")],
                &[
                    ("OPTIONS", "/test", "OPTIONS /{proxy+}"),
                    ("GET", "/test", "-"),
                    ("GET", "/both", "GET /both"),
                    ("PUT", "/both", "ANY /both"),
                    ("OPTIONS", "/both", "ANY /both"),
                ],
            ),
            (
                "$default takes whatever is left, the root and a greedy route's parent too",
                &[("ANY", "$default"), ("GET", "/v1/{proxy+}"), ("GET", "/$default")],
                &[
                    ("GET", "/v1", "ANY $default"),
                    ("GET", "", "ANY $default"),
                    ("GET", "/v1/x", "GET /v1/{proxy+}"),
                    ("PUT", "/v1/x", "ANY $default"),
                    ("GET", "/$default", "GET /$default"),
                    ("PUT", "/$default", "ANY $default"),
                ],
            ),
        ];
        for (source, methods, requests) in table {
            let tree = tree(methods);
            let router = Router::of(Protocol::Http, &tree);
            for (verb, path, expected) in *requests {
                let hit = router.route(verb.parse().unwrap(), path);
                let said = hit.map_or("-".to_owned(), |hit| format!("{} {}", hit.verb, hit.resource));
                assert_eq!(said, *expected, "{verb} {path} in: {source}");
            }
        }
        // The name means nothing to a REST API.
        assert_eq!(Router::new(&tree(&[("ANY", "$default")])).route(Verb::Get, "/x"), None);
    }

    /// Whether one resource matches a path, segment by segment, written for its plainness.
    fn matches(resource: &[&str], path: &[&str]) -> bool {
        match (resource, path) {
            (["$default"], _) | ([], []) => true,
            ([greedy], [_, ..]) if greedy.ends_with("+}") => true,
            ([first, resource @ ..], [segment, path @ ..]) => {
                (first == segment || first.starts_with('{') && !first.ends_with("+}") && !segment.is_empty())
                    && matches(resource, path)
            }
            _ => false,
        }
    }

    /// The route by brute force: everything that matches, each weighed by the words of the documentation.
    fn by_brute_force<'t>(routes: &'t [(Verb, String)], verb: Verb, path: &str) -> Option<(&'t str, Verb)> {
        let split = |text: &'t str| -> Vec<&'t str> {
            text.trim_start_matches('/').split('/').filter(|segment| !segment.is_empty()).collect()
        };
        let asked: Vec<&str> = path.trim_start_matches('/').split('/').filter(|segment| !segment.is_empty()).collect();
        let weigh = |(declared, resource): &&(Verb, String)| {
            let class = if resource == "$default" { 2 } else { u8::from(resource.contains("+}")) };
            let kinds = resource.replace(|c: char| c.is_alphanumeric(), "l");
            let kinds: Vec<u8> = kinds
                .split('/')
                .map(|kind| if kind.contains("+}") { 2 } else { u8::from(kind.contains('{')) })
                .collect();
            (class, kinds, *declared == Verb::Any)
        };
        let serves = |declared: Verb| declared == verb || declared == Verb::Any;
        routes
            .iter()
            .filter(|(declared, resource)| serves(*declared) && matches(&split(resource), &asked))
            .min_by_key(weigh)
            .map(|(declared, resource)| (resource.as_str(), *declared))
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]
        #[test]
        fn an_http_api_routes_as_brute_force_does(
            routes in proptest::collection::vec(
                (
                    proptest::sample::select(vec!["GET", "POST", "ANY"]),
                    proptest::string::string_regex(r"((/(a|b|\{x\})){0,3}(/\{p\+\})?|\$default)").unwrap(),
                ),
                1..12,
            ),
            paths in proptest::collection::vec("(/(a|b|c)){0,3}/?", 24),
        ) {
            let mut known: Vec<(Verb, String)> = Vec::new();
            let mut tree = Tree::default();
            for (verb, resource) in routes {
                let verb: Verb = if resource == "$default" { Verb::Any } else { verb.parse().unwrap() };
                let resource = if resource.is_empty() { "/".to_owned() } else { resource };
                tree.insert(&resource, verb, Method::open());
                known.push((verb, resource));
            }
            let router = Router::of(Protocol::Http, &tree);
            let asked = paths.iter().flat_map(|path| [Verb::Get, Verb::Post, Verb::Put].map(|verb| (verb, path)));
            for (verb, path) in asked {
                let hit = router.route(verb, path).map(|hit| (hit.resource, hit.verb));
                proptest::prop_assert_eq!(hit, by_brute_force(&known, verb, path), "{} {}", verb, path);
                // Nothing that matches too is more specific than what is reached.
                let Some((resource, declared)) = hit else { continue };
                let reached = rank(Protocol::Http, resource, declared);
                for (other, at) in &known {
                    let alone = Tree([(at.clone(), [(*other, Method::open())].into())].into());
                    if Router::of(Protocol::Http, &alone).route(verb, path).is_some() {
                        proptest::prop_assert!(reached <= rank(Protocol::Http, at, *other), "{} {}", other, at);
                    }
                }
            }
        }
    }

    #[test]
    fn names_the_verbs_of_a_path() {
        let router = Router::new(&tree(&[("POST", "/x"), ("GET", "/{id}")]));
        let verbs: Vec<_> = router.verbs("/x").into_iter().map(|(verb, hit)| (verb, hit.resource)).collect();
        assert_eq!(verbs, [(Verb::Get, "/{id}"), (Verb::Post, "/x")]);
    }
}
