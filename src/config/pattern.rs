//! The patterns of rules: globs on an API's id or name and on a stage's name, and paths of resources. Whether one fits
//! a thing, and how two of them stand to each other.

use globset::{GlobBuilder, GlobMatcher};

use super::scope::LONGEST_GLOB;

/// A shell glob (`*`, `?`, `[a-z]`, `{a,b}`), compiled.
#[derive(Debug, Clone)]
pub(super) struct NameGlob {
    matcher: GlobMatcher,
}

impl NameGlob {
    /// Compiles a glob. The error says what is wrong with it and what was expected.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a name in which * and ? stand for anything, as orders-*";
        if text.is_empty() {
            return Err(format!("the glob is empty: {EXPECTED}; leave the key out for all"));
        }
        if text.len() > LONGEST_GLOB {
            return Err(format!("the glob has {} bytes, and no name is longer than {LONGEST_GLOB}", text.len()));
        }
        let built = GlobBuilder::new(text).literal_separator(false).backslash_escape(true).build();
        let glob = built.map_err(|bad| format!("`{text}` is no glob ({}): {EXPECTED}", bad.kind()))?;
        Ok(Self { matcher: glob.compile_matcher() })
    }

    /// Whether it fits this name.
    pub(super) fn fits(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }
}

/// A path pattern: `/orders/{id}` is itself, `*` stands for what a segment holds or for part of it, and `**` for any
/// number of segments, none included. Nothing else is special: braces are how AWS writes a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathPattern {
    segments: Vec<String>,
}

impl PathPattern {
    /// Reads a pattern. The error says what is wrong with it and what was expected.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a resource's path as AWS writes it, as /orders/{id}, /orders/* or /orders/**";
        if text.len() > LONGEST_GLOB {
            return Err(format!("the path has {} bytes, and no resource's is longer than {LONGEST_GLOB}", text.len()));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("the path `{text}` does not begin with a slash: {EXPECTED}"));
        };
        if rest.is_empty() {
            return Ok(Self { segments: Vec::new() });
        }
        let segments: Vec<String> = rest.split('/').map(ToOwned::to_owned).collect();
        for segment in &segments {
            if segment.is_empty() {
                return Err(format!("the path `{text}` has an empty segment, and no resource has: {EXPECTED}"));
            }
            if segment != "**" && segment.contains("**") {
                return Err(format!("in the path `{text}`, ** must stand alone between slashes: {EXPECTED}"));
            }
            if segment.contains(['?', '#']) {
                return Err(format!(
                    "the path `{text}` has a ? or # in it, and a resource's path has neither: {EXPECTED}"
                ));
            }
        }
        Ok(Self { segments })
    }

    /// Whether it fits this resource.
    pub(super) fn fits(&self, resource: &str) -> bool {
        let rest = resource.strip_prefix('/').unwrap_or(resource);
        let segments: Vec<&str> = if rest.is_empty() { Vec::new() } else { rest.split('/').collect() };
        self.takes(&segments)
    }

    /// Whether it fits whatever another fits. `false` where it cannot be told.
    fn covers(&self, other: &Self) -> bool {
        self.takes(&other.segments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Row by row, the segments so far against each start of the path: no pattern makes this slow. A segment that is
    /// itself `**` is taken by `**` alone, and a star in a segment by a star, so that another pattern can be asked about.
    fn takes(&self, segments: &[&str]) -> bool {
        let mut reached = vec![false; segments.len() + 1];
        reached[0] = true;
        for pattern in &self.segments {
            let mut next = vec![false; segments.len() + 1];
            if pattern == "**" {
                let mut any = false;
                for (here, now) in next.iter_mut().zip(&reached) {
                    any |= now;
                    *here = any;
                }
            } else {
                for (index, segment) in segments.iter().enumerate() {
                    next[index + 1] = reached[index] && *segment != "**" && wild(pattern, segment);
                }
            }
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }

    /// Whether there is a path that both fit.
    fn meets(&self, other: &Self) -> bool {
        let deep = |segment: &String| segment == "**";
        let both = |one: &String, two: &String| meet_wild(one, two);
        meet(&self.segments, &other.segments, deep, both)
    }
}

/// Whether a text in which only `*` (any run) and `?` (any one) are special fits another. A `*` in the other is taken by a
/// `*` alone, so that it may be a pattern too. The usual walk: it steps back to the last star alone.
fn wild(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (tokens(pattern), tokens(text));
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(&token) if text[here] != '*' && (token == '?' || token == text[here]) => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((back, taken)) = star else { return false };
                star = Some((back, taken + 1));
                at = back + 1;
                here = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|&token| token == '*')
}

fn tokens(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// Whether two names in which `*` and `?` are special can be the same.
fn meet_wild(one: &str, two: &str) -> bool {
    let same = |one: &char, two: &char| one == two || *one == '?' || *two == '?';
    meet(&tokens(one), &tokens(two), |token| *token == '*', same)
}

/// Whether two rows, in which some things stand for any run, can be the same row. Row by row, as above.
fn meet<T>(one: &[T], two: &[T], run: impl Fn(&T) -> bool, same: impl Fn(&T, &T) -> bool) -> bool {
    let mut reached = vec![false; two.len() + 1];
    reached[0] = true;
    for (index, thing) in two.iter().enumerate() {
        reached[index + 1] = reached[index] && run(thing);
    }
    for thing in one {
        let mut next = vec![false; two.len() + 1];
        next[0] = reached[0] && run(thing);
        for (index, other) in two.iter().enumerate() {
            next[index + 1] = if run(thing) {
                reached[index + 1] || next[index] || reached[index]
            } else if run(other) {
                next[index] || reached[index + 1]
            } else {
                reached[index] && same(thing, other)
            };
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// Whether a glob has more in it than `*` and `?`: then it is only compared, not reasoned about.
fn is_rich(glob: &str) -> bool {
    glob.contains(['[', ']', '{', '}', '\\'])
}

fn is_literal(glob: &str) -> bool {
    !is_rich(glob) && !glob.contains(['*', '?'])
}

/// Whether one glob fits whatever another fits; none fits all. `false` where it cannot be told.
pub(super) fn covers_name(general: Option<&str>, special: Option<&str>) -> bool {
    let Some(general) = general else { return true };
    if general.bytes().all(|byte| byte == b'*') {
        return true;
    }
    let Some(special) = special else { return false };
    if general == special {
        return true;
    }
    if is_literal(special) {
        return NameGlob::new(general).is_ok_and(|glob| glob.fits(special));
    }
    !is_rich(general) && !is_rich(special) && wild(general, special)
}

/// Whether there is a name that both globs fit. `true` where it cannot be told.
pub(super) fn meets_name(one: Option<&str>, two: Option<&str>) -> bool {
    let (Some(one), Some(two)) = (one, two) else { return true };
    if is_literal(one) {
        return NameGlob::new(two).is_ok_and(|glob| glob.fits(one));
    }
    if is_literal(two) {
        return NameGlob::new(one).is_ok_and(|glob| glob.fits(two));
    }
    is_rich(one) || is_rich(two) || meet_wild(one, two)
}

/// The same of globs on an API, one of which may be on its id and the other on its name.
pub(super) fn meets_api(one: Option<&str>, two: Option<&str>) -> bool {
    let is_id = |glob: &str| glob.len() == 10 && glob.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let mixed = one.is_some_and(is_id) != two.is_some_and(is_id);
    mixed || meets_name(one, two)
}

/// Whether one path pattern fits whatever another fits; none fits all. `false` where it cannot be told.
pub(super) fn covers_path(general: Option<&str>, special: Option<&str>) -> bool {
    let Some(general) = general else { return true };
    let Ok(general) = PathPattern::new(general) else { return false };
    match special {
        Some(special) => PathPattern::new(special).is_ok_and(|special| general.covers(&special)),
        None => !general.segments.is_empty() && general.segments.iter().all(|segment| segment == "**"),
    }
}

/// Whether there is a path that both patterns fit.
pub(super) fn meets_path(one: Option<&str>, two: Option<&str>) -> bool {
    let (Some(one), Some(two)) = (one, two) else { return true };
    let (Ok(one), Ok(two)) = (PathPattern::new(one), PathPattern::new(two)) else { return true };
    one.meets(&two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_pattern_covers_another_only_where_it_fits_all_that_the_other_fits() {
        for (general, special, covers, meets) in [
            ("/a", "/a", true, true),
            ("/a", "/b", false, false),
            ("/*", "/a", true, true),
            ("/a", "/*", false, true),
            ("/*", "/**", false, true),
            ("/**", "/*", true, true),
            ("/**", "/", true, true),
            ("/a/**", "/a", true, true),
            ("/a/**", "/a/*/b", true, true),
            ("/a/**", "/**", false, true),
            ("/*/b", "/a/*", false, true),
            ("/*/b", "/a/c", false, false),
            ("/a*", "/ab*", true, true),
            ("/ab*", "/a*", false, true),
            ("/ab*", "/ac*", false, false),
            ("/*a", "/b*", false, true),
            ("/**/x", "/y/**", false, true),
            ("/**/x", "/y", false, false),
            ("/orders/{id}", "/orders/*", false, true),
        ] {
            assert_eq!(covers_path(Some(general), Some(special)), covers, "{general} covers {special}");
            assert_eq!(meets_path(Some(general), Some(special)), meets, "{general} meets {special}");
            assert_eq!(meets_path(Some(special), Some(general)), meets, "{special} meets {general}");
        }
        assert!(covers_path(None, Some("/a")) && covers_path(Some("/**"), None) && !covers_path(Some("/*"), None));
    }

    #[test]
    fn a_glob_covers_another_only_where_that_is_certain() {
        for (general, special, covers, meets) in [
            ("*", "a", true, true),
            ("a*", "abc", true, true),
            ("a?", "ab", true, true),
            ("a?", "a*", false, true),
            ("a*", "a?", true, true),
            ("a*c", "a*bc", true, true),
            ("a*", "b*", false, false),
            ("{a,b}", "a", true, true),
            ("{a,b}", "c", false, false),
            ("{a,b}", "{b,a}", false, true),
            ("{a,b}", "{a,b}", true, true),
            ("*-eu", "orders-*", false, true),
        ] {
            assert_eq!(covers_name(Some(general), Some(special)), covers, "{general} covers {special}");
            assert_eq!(meets_name(Some(general), Some(special)), meets, "{general} meets {special}");
            assert_eq!(meets_name(Some(special), Some(general)), meets, "{special} meets {general}");
        }
        assert!(covers_name(None, Some("a")) && covers_name(Some("*"), None) && !covers_name(Some("a"), None));
        assert!(meets_api(Some("a1b2c3d4e5"), Some("orders")) && !meets_api(Some("pets"), Some("orders")));
    }
}
