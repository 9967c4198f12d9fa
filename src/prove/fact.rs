//! A fact: the question, what is asked, and what each answer would mean.

use super::Role;
use super::ground::Ground;
use super::judge::Agreement;

/// One thing that Gateprobe believes of API Gateway and that a look at an endpoint decides.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its id, which names the section of the fact sheet that it is from: `B6.double-slash`.
    pub id: &'static str,
    /// The numbers of the fact sheet's open uncertainties (`open 8`) and of docs/verified.md's (`verified 3`) that it settles.
    pub settles: &'static str,
    /// The question, as a person would put it.
    pub question: &'static str,
    /// How it is decided.
    pub by: Question,
}

/// How a fact is decided.
#[derive(Debug, Clone)]
pub enum Question {
    /// By requests.
    Asked(Vec<Ask>),
    /// By what the control plane says of the proving ground: the answer in words, and whether it is as taken. `None` where it says nothing.
    Told(Role, fn(&Ground<'_>) -> Option<(String, bool)>),
    /// Not at all, and why.
    NotAsked(&'static str),
}

/// One request, and what its answers mean.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The API that it goes to.
    pub to: Role,
    /// Its verb.
    pub verb: &'static str,
    /// What stands behind the API's host: stage and path as they go over the wire. `{N}` stands for N letters.
    pub target: &'static str,
    /// Its headers; `{N}` as above.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Its body; `{N}` as above.
    pub body: Option<&'static str>,
    /// How it is signed.
    pub credentials: Credentials,
    /// How often it is sent. More than once: every reading that is needed must be seen.
    pub times: u32,
    /// Where it is asked at all.
    pub when: When,
    /// Whether it goes to the custom domain, whose base path stands first in the target.
    pub domain: bool,
    /// What an answer means: the first that fits counts.
    pub readings: Vec<Reading>,
    /// What Gateprobe's own diagnosis should name: the trap's true causes, any of them, or `healthy`. Empty: nothing is expected of it.
    pub causes: &'static [&'static str],
}

/// Where a request is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Everywhere.
    Always,
    /// Where large requests are allowed.
    Large,
    /// Where the fact's first request was answered as taken.
    AfterFirst,
    /// Where its method has an integration that is no mock.
    NoMock,
}

/// Who a request says that it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    None,
    /// A signature of the right form that is worth nothing.
    Junk,
    /// The run's own AWS credentials, by the SDK's signer.
    Own,
}

/// What one kind of answer would mean.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The answer.
    pub like: Like,
    /// What it would mean.
    pub means: Means,
}

/// The meaning of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// In words.
    pub words: &'static str,
    /// Whether it is what Gateprobe takes, or what it is right under as well; [`Agreement::NotAsked`] where the answer shows that the trap is not set.
    pub agrees: Agreement,
    /// Whether it must be seen, where a request is sent more than once.
    pub needed: bool,
}

/// What an answer must look like. What is not said may be anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Like {
    /// The statuses that fit; empty for any.
    pub statuses: &'static [u16],
    /// `x-amzn-ErrorType`; `Some("")`: there is none.
    pub error: Option<&'static str>,
    /// A part of the message.
    pub message: Option<&'static str>,
    /// The method that answered, as its mock says it.
    pub door: Option<&'static str>,
    /// A header's name and a part of its value.
    pub header: Option<(&'static str, &'static str)>,
    /// A header that is not there.
    pub without: Option<&'static str>,
}

impl Like {
    /// An answer with this error type.
    #[must_use]
    pub const fn error(mut self, error: &'static str) -> Self {
        self.error = Some(error);
        self
    }

    /// An answer whose message holds this.
    #[must_use]
    pub const fn message(mut self, part: &'static str) -> Self {
        self.message = Some(part);
        self
    }

    /// An answer of this method.
    #[must_use]
    pub const fn door(mut self, door: &'static str) -> Self {
        self.door = Some(door);
        self
    }

    /// An answer with this header.
    #[must_use]
    pub const fn header(mut self, name: &'static str, part: &'static str) -> Self {
        self.header = Some((name, part));
        self
    }

    /// An answer without this header.
    #[must_use]
    pub const fn without(mut self, name: &'static str) -> Self {
        self.without = Some(name);
        self
    }
}

/// An answer with one of these statuses.
pub(super) const fn status(statuses: &'static [u16]) -> Like {
    Like { statuses, error: None, message: None, door: None, header: None, without: None }
}

/// Any answer.
pub(super) const ANY: Like = status(&[]);
/// A method answered.
pub(super) const OK: Like = status(&[200]);
/// *Missing Authentication Token*, by its error type: to a HEAD there is no body.
pub(super) const TOKEN: Like = status(&[403]).error("MissingAuthenticationTokenException");
/// *Forbidden*.
pub(super) const FORBIDDEN: Like = status(&[403]).error("ForbiddenException");
/// A header that is no `SigV4`.
pub(super) const INCOMPLETE: Like = status(&[403]).error("IncompleteSignatureException");
/// A policy's refusal.
pub(super) const DENIED: Like = status(&[403]).error("AccessDeniedException");
/// *Not Found*, as HTTP APIs say it.
pub(super) const NOT_FOUND: Like = status(&[404]).error("").message("Not Found");

/// A request without anything.
pub(super) fn ask(to: Role, verb: &'static str, target: &'static str) -> Ask {
    Ask {
        to,
        verb,
        target,
        headers: Vec::new(),
        body: None,
        credentials: Credentials::None,
        times: 1,
        when: When::Always,
        domain: false,
        readings: Vec::new(),
        causes: &[],
    }
}

/// A GET without anything.
pub(super) fn get(to: Role, target: &'static str) -> Ask {
    ask(to, "GET", target)
}

impl Ask {
    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn body(mut self, body: &'static str) -> Self {
        self.body = Some(body);
        self
    }

    pub(super) fn signed(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    pub(super) fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    pub(super) fn large(mut self) -> Self {
        self.when = When::Large;
        self
    }

    pub(super) fn by_domain(mut self) -> Self {
        self.domain = true;
        self
    }

    /// An answer that Gateprobe takes, or is right under.
    pub(super) fn taken(mut self, like: Like, words: &'static str) -> Self {
        self.readings.push(Reading { like, means: Means { words, agrees: Agreement::AsTaken, needed: true } });
        self
    }

    /// An answer that may come among others that are taken, and need not.
    pub(super) fn maybe(mut self, like: Like, words: &'static str) -> Self {
        self.readings.push(Reading { like, means: Means { words, agrees: Agreement::AsTaken, needed: false } });
        self
    }

    /// An answer that would be news.
    pub(super) fn other(mut self, like: Like, words: &'static str) -> Self {
        self.readings.push(Reading { like, means: Means { words, agrees: Agreement::Other, needed: false } });
        self
    }

    /// An answer that shows that the stack was deployed without the trap.
    pub(super) fn unset(mut self, like: Like, words: &'static str) -> Self {
        self.readings.push(Reading { like, means: Means { words, agrees: Agreement::NotAsked, needed: false } });
        self
    }

    /// Only where the fact's first request is answered as taken.
    pub(super) fn after(mut self) -> Self {
        self.when = When::AfterFirst;
        self
    }

    /// Only where the method has an integration that is no mock: a parameter of the template decides.
    pub(super) fn no_mock(mut self) -> Self {
        self.when = When::NoMock;
        self
    }

    /// What the diagnosis of the answer as taken should name.
    pub(super) fn cause(mut self, causes: &'static [&'static str]) -> Self {
        self.causes = causes;
        self
    }
}
