//! A request as data, before anything is sent.

use std::fmt;

use url::Url;

/// One HTTP request: what a probe sends, and what a person asks about.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The verb as in the request line. Any token: a person may ask about `PROPFIND`.
    pub method: String,
    /// Where to. User name and password are never kept in it.
    pub url: Url,
    /// Headers in the order given. Values may be secret: `Debug` hides them.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<String>,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: &str, url: Url) -> Self {
        Self { method: method.to_owned(), url, headers: Vec::new(), body: None }
    }

    /// The first value of a header, by a name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url.as_str())
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map_or(0, String::len))
            .finish()
    }
}
