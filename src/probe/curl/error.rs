//! Why a pasted text is no request. No message holds a value of the text: any of them may be a secret.

use std::fmt;

/// Where in the pasted text something stands, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A curl command line that cannot be read as one request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CurlError {
    /// More text than any request that API Gateway takes.
    #[error(
        "the curl line is longer than {cap} bytes: expected one request; leave out the body, which routing does not look at"
    )]
    TooLong {
        /// The longest that is read.
        cap: usize,
    },
    /// More words than any request needs.
    #[error("the curl line has more than {cap} words: expected one request; is its body in quotes?")]
    TooManyWords {
        /// The most that are read.
        cap: usize,
    },
    /// Another command, or none.
    #[error("{found}: expected a command line such as curl 'https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH'")]
    NotCurl {
        /// What stands there instead.
        found: &'static str,
    },
    /// A quote without its end.
    #[error(
        "the {quote} at {at} of the curl line is never closed: expected its partner; was the line copied as a whole?"
    )]
    Unclosed {
        /// Which quote.
        quote: &'static str,
        /// Where it opens.
        at: Place,
    },
    /// Something that only the shell it was written for could fill in.
    #[error(
        "the shell would put something in place of {what} at {at} of the curl line, and that cannot be known here: write its value, or single quotes around it where it is meant as it stands"
    )]
    Expansion {
        /// The variable's name, as `$TOKEN`, or what else is expanded.
        what: String,
        /// Where.
        at: Place,
    },
    /// Something that the shell reads otherwise than it was meant.
    #[error("{what} at {at} of the curl line: {instead}")]
    Syntax {
        /// What.
        what: String,
        /// Where.
        at: Place,
        /// What to write.
        instead: &'static str,
    },
    /// An option that curl does not have.
    #[error("curl has no option {option}{}", near.as_ref().map_or(": see `curl --help all`".to_owned(), |near| format!(": did you mean {near}?")))]
    UnknownOption {
        /// The option without its value.
        option: String,
        /// The nearest that there is.
        near: Option<String>,
    },
    /// A value joined with `=`, which curl does not take.
    #[error("curl takes no `=` behind {option}: write the value as a word of its own, `{option} VALUE`")]
    JoinedValue {
        /// The option.
        option: String,
    },
    /// A short form of several options.
    #[error("the option {option} is short for several of curl's: write it out, as one of {candidates}")]
    AmbiguousOption {
        /// The option as written.
        option: String,
        /// What it may be.
        candidates: String,
    },
    /// An option whose value is missing.
    #[error("the option {option} of the curl line lacks its value: was the line copied as a whole?")]
    MissingValue {
        /// The option.
        option: String,
    },
    /// A value that stands in a file.
    #[error(
        "the option {option} of the curl line takes its value from a file, which is not read: write the value itself in place of it"
    )]
    File {
        /// The option.
        option: String,
    },
    /// An option that makes it another kind of request than can be asked about.
    #[error("the option {option} of the curl line is not followed: {reason}")]
    Refused {
        /// The option.
        option: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// Options that curl does not take together.
    #[error("the curl line has both {first} and {second}, which curl refuses: leave one of them out")]
    Contradiction {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A value that cannot be sent.
    #[error("the value of {option} in the curl line {problem}")]
    BadValue {
        /// The option.
        option: String,
        /// What is wrong, and what was expected.
        problem: &'static str,
    },
    /// No URL.
    #[error("the curl line has no URL: expected one, such as https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH")]
    NoUrl,
    /// More than one URL.
    #[error(
        "the curl line has {count} URLs, and one request is explained at a time: leave one; a word of a value that lacks its quotes counts as a URL, too"
    )]
    SeveralUrls {
        /// How many.
        count: usize,
    },
    /// A URL that cannot be called.
    #[error("the URL of the curl line {problem}")]
    BadUrl {
        /// What is wrong, and what was expected.
        problem: String,
    },
}
