//! Request paths for resource paths.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Provenance;
use crate::gateway::{DEFAULT_ROUTE, Segment, segments};

/// Everything but RFC 3986's unreserved characters is escaped: a `#`, `?`, `;` or `%` in a value would break the route
/// (facts H, B5).
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Values for parameters that nobody named: harmless, recognisable in a log, and unlikely to meet a literal sibling.
const PLACEHOLDERS: [&str; 2] = ["gateprobe", "gateprobe-0"];

/// A request path for a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filling {
    pub path: String,
    pub provenance: Provenance,
}

/// The paths to try for a resource, the best first: with every value that is known and placeholders for the rest, then
/// with placeholders alone (a known value may meet a literal sibling).
pub(super) fn fillings<'v>(resource: &str, value: impl Fn(&str) -> Option<(&'v str, Provenance)>) -> Vec<Filling> {
    let names: Vec<&str> = segments(resource)
        .filter_map(|segment| match Segment::parse(segment) {
            Segment::Literal(_) => None,
            Segment::Parameter(name) | Segment::Greedy(name) => Some(name),
        })
        .collect();
    if resource == DEFAULT_ROUTE {
        // It takes whatever no other route does: the root, where nobody has that, else a path that nobody will have named.
        let paths = ["/", "/gateprobe", "/gateprobe-0"];
        return paths.map(|path| Filling { path: path.to_owned(), provenance: Provenance::Placeholder }).into();
    }
    if names.is_empty() {
        return vec![Filling { path: resource.to_owned(), provenance: Provenance::Bare }];
    }
    let mut fillings = Vec::new();
    if names.iter().any(|name| value(name).is_some()) {
        let of = |name: &&str| value(name).map_or(Provenance::Placeholder, |(_, provenance)| provenance);
        let provenance = names.iter().map(of).max().unwrap_or(Provenance::Placeholder);
        for placeholder in PLACEHOLDERS {
            let value = |name: &str| value(name).map_or(placeholder, |(value, _)| value);
            fillings.push(Filling { path: fill(resource, value), provenance });
        }
    }
    for placeholder in PLACEHOLDERS {
        fillings.push(Filling { path: fill(resource, |_| placeholder), provenance: Provenance::Placeholder });
    }
    fillings.dedup_by(|a, b| a.path == b.path);
    fillings
}

/// The paths to try for a request that is to be refused: with placeholders alone, then with values that are written as
/// they are. Whether API Gateway routes an escaped slash, or an empty segment, as the model does is not known (facts B5,
/// B6), and a refusal that is sure of one method must not reach another.
pub(super) fn plain_fillings<'v>(
    resource: &str,
    value: impl Fn(&str) -> Option<(&'v str, Provenance)>,
) -> Vec<Filling> {
    let mut plain = fillings(resource, |_| None);
    for filling in fillings(resource, |name| value(name).filter(|(value, _)| is_unreserved(value))) {
        if !plain.iter().any(|known| known.path == filling.path) {
            plain.push(filling);
        }
    }
    plain
}

fn is_unreserved(value: &str) -> bool {
    !matches!(value, "" | "." | "..")
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Whether a path is sure to be routed as the model says: it has no escapes and no empty segments.
pub(super) fn is_plain(path: &str) -> bool {
    !path.contains('%') && !path.contains("//")
}

fn fill<'v>(resource: &str, value: impl Fn(&str) -> &'v str) -> String {
    let mut path = String::new();
    for segment in segments(resource) {
        path.push('/');
        match Segment::parse(segment) {
            Segment::Literal(text) => path.push_str(text),
            Segment::Parameter(name) => path.extend(utf8_percent_encode(value(name), VALUE)),
            // A greedy value is a path: its slashes stay.
            Segment::Greedy(name) => {
                for (index, part) in value(name).split('/').enumerate() {
                    if index > 0 {
                        path.push('/');
                    }
                    path.extend(utf8_percent_encode(part, VALUE));
                }
            }
        }
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(resource: &str, parameters: &[(&str, &str)]) -> Vec<(String, Provenance)> {
        let value = |name: &str| {
            let named = parameters.iter().find(|(key, _)| *key == name);
            named.map(|(_, value)| (*value, Provenance::Config))
        };
        fillings(resource, value).into_iter().map(|filling| (filling.path, filling.provenance)).collect()
    }

    #[test]
    fn a_path_without_parameters_is_itself() {
        assert_eq!(paths("/", &[]), [("/".to_owned(), Provenance::Bare)]);
        assert_eq!(paths("/a/b", &[("a", "x")]), [("/a/b".to_owned(), Provenance::Bare)]);
    }

    #[test]
    fn the_default_route_is_asked_by_a_path() {
        assert_eq!(paths("$default", &[])[0].0, "/");
        assert!(paths("$default", &[]).iter().all(|(path, _)| path.starts_with('/')));
    }

    #[test]
    fn values_are_percent_encoded_and_greedy_ones_keep_their_slashes() {
        let found = paths("/a/{id}/{rest+}", &[("id", "a b/c#d"), ("rest", "x y/z")]);
        assert_eq!(found[0], ("/a/a%20b%2Fc%23d/x%20y/z".to_owned(), Provenance::Config));
        assert_eq!(found.last().unwrap().0, "/a/gateprobe-0/gateprobe-0");
    }

    #[test]
    fn a_refusal_has_placeholders_first_and_no_value_that_is_escaped() {
        let paths = |id: &str, rest: &str| {
            let value = |name: &str| Some((if name == "id" { id } else { rest }, Provenance::Example));
            let paths = plain_fillings("/a/{id}/{rest+}", value).into_iter().map(|filling| filling.path);
            paths.collect::<Vec<_>>()
        };
        let placeholders = ["/a/gateprobe/gateprobe", "/a/gateprobe-0/gateprobe-0"];
        assert_eq!(paths("7", "x"), [&placeholders[..], &["/a/7/x"]].concat());
        for bad in ["x/y", "x//y", "/", "", "a b", "%2F", "..", ".", "ü", "a;b"] {
            assert_eq!(paths(bad, bad), placeholders, "{bad:?}");
        }
        assert_eq!(paths("7", "x/y"), [&placeholders[..], &["/a/7/gateprobe", "/a/7/gateprobe-0"]].concat());
        assert_eq!(plain_fillings("/a", |_| None), [Filling { path: "/a".to_owned(), provenance: Provenance::Bare }]);
        assert!(is_plain("/a/b") && !is_plain("/a%2Fb") && !is_plain("/a//b"));
    }

    #[test]
    fn what_is_not_named_gets_a_placeholder() {
        let found = paths("/a/{id}/{other}", &[("id", "7")]);
        assert_eq!(found[0], ("/a/7/gateprobe".to_owned(), Provenance::Placeholder));
    }
}
