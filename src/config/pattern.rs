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
        // Row by row, the segments so far against each start of the resource: no pattern makes this slow.
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
                    next[index + 1] = reached[index] && star_fits(pattern, segment);
                }
            }
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }
}

/// Whether a text in which only `*` is special fits another. The usual walk: it steps back to the last star alone.
fn star_fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, here));
            at += 1;
        } else if pattern.get(at) == Some(&text[here]) {
            at += 1;
            here += 1;
        } else if let Some((back, taken)) = star {
            star = Some((back, taken + 1));
            at = back + 1;
            here = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}
