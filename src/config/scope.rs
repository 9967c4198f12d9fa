//! Which APIs and stages the user wants: `--api GLOB`, `--stage GLOB`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The APIs and stages that a run is about. Empty means all.
///
/// Globs are shell globs (`*`, `?`, `[a-z]`, `{a,b}`), case-sensitive as API Gateway's ids and stage names are, and they
/// match the whole of a name. `*` crosses `/`: an API's name may hold one, and is no path.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    apis: Option<GlobSet>,
    stages: Option<GlobSet>,
    only: Option<String>,
}

/// A glob that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{glob}` is no glob for {what} ({reason}): expected a name in which * and ? stand for anything, as `orders-*`; write [*] for a star itself"
)]
pub struct ScopeError {
    /// What it was to match: `an API` or `a stage`.
    pub what: &'static str,
    /// The glob as it was given.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Scope {
    /// A scope of the APIs whose id or name fits one of `apis` and of the stages whose name fits one of `stages`.
    /// An empty list admits all.
    ///
    /// # Errors
    /// [`ScopeError`] for a glob that does not parse, an empty one included.
    pub fn new(apis: &[String], stages: &[String]) -> Result<Self, ScopeError> {
        Ok(Self { apis: compile("an API", apis)?, stages: compile("a stage", stages)?, only: None })
    }

    /// The same, narrowed down to the API of this id: one that the scope leaves out stays out.
    #[must_use]
    pub fn only(&self, id: &str) -> Self {
        Self { only: Some(id.to_owned()), ..self.clone() }
    }

    /// Whether an API of this id and name is wanted.
    #[must_use]
    pub fn admits_api(&self, id: &str, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == id)
            && self.apis.as_ref().is_none_or(|globs| globs.is_match(id) || globs.is_match(name))
    }

    /// Whether a stage of this name is wanted.
    #[must_use]
    pub fn admits_stage(&self, name: &str) -> bool {
        self.stages.as_ref().is_none_or(|globs| globs.is_match(name))
    }
}

impl Scope {
    /// Whether it was narrowed down to one API by [`only`](Self::only).
    #[must_use]
    pub fn is_of_one(&self) -> bool {
        self.only.is_some()
    }

    /// Whether only some APIs are wanted.
    #[must_use]
    pub fn filters_apis(&self) -> bool {
        self.apis.is_some() || self.only.is_some()
    }

    /// Whether only some stages are wanted.
    #[must_use]
    pub fn filters_stages(&self) -> bool {
        self.stages.is_some()
    }
}

/// API Gateway's own longest name has 1,024 characters. A glob costs a multiple of its length to compile.
pub(super) const LONGEST_GLOB: usize = 1024;

fn compile(what: &'static str, globs: &[String]) -> Result<Option<GlobSet>, ScopeError> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let error = |reason: String| ScopeError { what, glob: glob.clone(), reason };
        // An empty glob admits nothing: nobody means that, and an unset shell variable makes one.
        if glob.is_empty() {
            return Err(error("it is empty".to_owned()));
        }
        if glob.len() > LONGEST_GLOB {
            return Err(ScopeError {
                what,
                glob: format!("{}…", &glob[..glob.floor_char_boundary(40)]),
                reason: format!("it has {} bytes, and no name is longer than {LONGEST_GLOB}", glob.len()),
            });
        }
        let parsed = GlobBuilder::new(glob).literal_separator(false).backslash_escape(true).build();
        set.add(parsed.map_err(|bad| error(bad.kind().to_string()))?);
    }
    match set.build() {
        Ok(set) => Ok(Some(set)),
        Err(bad) => Err(ScopeError { what, glob: globs.join(" "), reason: bad.kind().to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(apis: &[&str], stages: &[&str]) -> Scope {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Scope::new(&owned(apis), &owned(stages)).unwrap()
    }

    #[test]
    fn an_empty_scope_admits_everything() {
        let all = scope(&[], &[]);
        assert!(all.admits_api("a1b2c3d4e5", "orders") && all.admits_stage("prod"));
        assert!(Scope::default().admits_api("", "") && Scope::default().admits_stage(""));
    }

    #[test]
    fn an_api_is_matched_by_id_or_by_name() {
        let orders = scope(&["a1b2c3d4e5", "orders-*", "Team A/?"], &[]);
        for (id, name, admitted) in [
            ("a1b2c3d4e5", "anything", true),
            ("zzz", "orders-eu", true),
            ("zzz", "Orders-eu", false),
            ("zzz", "my-orders-eu", false),
            ("zzz", "Team A/1", true),
            ("orders-1", "", true),
        ] {
            assert_eq!(orders.admits_api(id, name), admitted, "{id} {name}");
        }
        assert!(orders.admits_stage("prod"));
    }

    #[test]
    fn stages_have_globs_of_their_own() {
        let prod = scope(&[], &["prod", "v[12]", "{a,b}-live"]);
        for (stage, admitted) in [("prod", true), ("Prod", false), ("v1", true), ("v3", false), ("b-live", true)] {
            assert_eq!(prod.admits_stage(stage), admitted, "{stage}");
        }
    }

    #[test]
    fn a_star_crosses_slashes() {
        assert!(scope(&["team*"], &[]).admits_api("x", "team/a/orders"));
    }

    #[test]
    fn one_api_of_a_scope_is_itself_and_in_the_scope() {
        let one = scope(&["orders-*"], &["prod"]).only("a1");
        assert!(one.admits_api("a1", "orders-eu") && one.filters_apis());
        assert!(!one.admits_api("a1", "stock"), "what is left out stays out");
        assert!(!one.admits_api("b2", "orders-us"));
        assert!(one.admits_stage("prod") && !one.admits_stage("dev"));
        assert!(Scope::default().only("a1").filters_apis() && !Scope::default().only("a1").admits_api("a", "a1"));
    }

    #[test]
    fn a_bad_glob_says_which_and_why() {
        let error = Scope::new(&["orders".to_owned(), "a[".to_owned()], &[]).unwrap_err();
        assert_eq!((error.what, error.glob.as_str()), ("an API", "a["));
        assert!(error.to_string().starts_with("`a[` is no glob for an API (unclosed character class"), "{error}");
        let error = Scope::new(&[], &[String::new()]).unwrap_err();
        assert!(error.to_string().contains("`` is no glob for a stage (it is empty)"), "{error}");
    }
}
