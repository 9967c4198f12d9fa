//! HTTP verbs as API Gateway knows them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A verb that a method of a REST API, or a route of an HTTP API, can be declared for, `ANY` included.
///
/// A *request* never carries `ANY`; a *method* may. [`VerbSet`] says which concrete verbs `ANY` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// Every verb of [`Verb::CONCRETE`] that the same resource does not declare itself.
    Any,
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`; not implied by `GET` (facts B3, LocalStack's validated tests).
    Head,
    /// `OPTIONS`
    Options,
    /// `PATCH`
    Patch,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Verb {
    /// What `ANY` covers: exactly these seven. `TRACE`, `CONNECT` and extension verbs reach no method.
    pub const CONCRETE: [Verb; 7] =
        [Verb::Delete, Verb::Get, Verb::Head, Verb::Options, Verb::Patch, Verb::Post, Verb::Put];

    /// The verbs that a monitor may send without the user's word, in the order of preference for `ANY`.
    pub const SAFE: [Verb; 3] = [Verb::Get, Verb::Head, Verb::Options];

    /// Whether sending it cannot be meant to change anything (RFC 9110, section 9.2.1).
    #[must_use]
    pub fn is_safe(self) -> bool {
        Self::SAFE.contains(&self)
    }

    /// The verb as it stands in a request line, or `ANY`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Any => "ANY",
            Verb::Delete => "DELETE",
            Verb::Get => "GET",
            Verb::Head => "HEAD",
            Verb::Options => "OPTIONS",
            Verb::Patch => "PATCH",
            Verb::Post => "POST",
            Verb::Put => "PUT",
        }
    }

    /// Reads the verb of a request: upper case as HTTP has it, and never `ANY`.
    ///
    /// Returns `None` for a verb that no method can serve.
    #[must_use]
    pub fn of_request(verb: &str) -> Option<Verb> {
        Self::CONCRETE.into_iter().find(|known| known.as_str() == verb)
    }
}

/// Headers that make a request one of another verb: API Gateway routes by the first (facts A0), backends by any of them.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Whether a header of this name has its request taken for one of another verb. None goes out without the user's word.
#[must_use]
pub fn overrides_verb(header: &str) -> bool {
    OVERRIDES.iter().any(|other| header.eq_ignore_ascii_case(other))
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is no verb that an API can declare.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no verb of an API's methods: expected one of DELETE GET HEAD OPTIONS PATCH POST PUT ANY")]
pub struct UnknownVerb(
    /// The text as it was given.
    pub String,
);

impl FromStr for Verb {
    type Err = UnknownVerb;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.to_ascii_uppercase();
        // An OpenAPI export names ANY by an extension key.
        if upper == "ANY" || upper == "X-AMAZON-APIGATEWAY-ANY-METHOD" {
            return Ok(Verb::Any);
        }
        Self::of_request(&upper).ok_or_else(|| UnknownVerb(text.to_owned()))
    }
}

/// A set of verbs, small enough to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerbSet(u8);

impl VerbSet {
    /// Adds a verb.
    pub fn insert(&mut self, verb: Verb) {
        self.0 |= 1 << verb as u8;
    }

    /// Whether the verb itself is in the set (`ANY` is only itself here).
    #[must_use]
    pub fn contains(self, verb: Verb) -> bool {
        self.0 & (1 << verb as u8) != 0
    }

    /// Whether a request with this verb is served: by the verb itself or by `ANY`.
    #[must_use]
    pub fn serves(self, verb: Verb) -> bool {
        self.contains(verb) || (verb != Verb::Any && self.contains(Verb::Any))
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The verbs in alphabetical order, `ANY` first.
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        std::iter::once(Verb::Any).chain(Verb::CONCRETE).filter(move |verb| self.contains(*verb))
    }
}

impl FromIterator<Verb> for VerbSet {
    fn from_iter<I: IntoIterator<Item = Verb>>(verbs: I) -> Self {
        let mut set = VerbSet::default();
        for verb in verbs {
            set.insert(verb);
        }
        set
    }
}

impl fmt::Display for VerbSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, verb) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{verb}")?;
        }
        Ok(())
    }
}
