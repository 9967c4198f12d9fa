//! Requests that were copied as curl command lines: from browsers, from documentation, from API clients.

mod bash;
mod build;
mod cmd;
mod error;
mod line;
mod options;
#[cfg(test)]
mod tests;

use std::fmt;

use super::Pin;
use crate::gateway::Request;

pub use error::{CurlError, Place};

/// One request read from a curl command line.
#[derive(Clone, PartialEq, Eq)]
pub struct CurlLine {
    /// The request. Its headers are those that the line makes curl send besides its own `User-Agent: curl/…` and
    /// `Accept: */*`.
    pub request: Request,
    /// Where the line makes connections go instead (`--connect-to`, `--resolve`).
    pub pins: Vec<Pin>,
    /// What the reader of the line should know, one sentence each: what was not followed, what was not read. No
    /// values of the line.
    pub warnings: Vec<String>,
}

impl fmt::Debug for CurlLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With -G the data stand in the query, so that is left out, too.
        let names: Vec<&str> = self.request.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("CurlLine")
            .field("method", &self.request.method)
            .field("url", &&self.request.url[..url::Position::AfterPath])
            .field("headers", &names)
            .field("body_bytes", &self.request.body.as_ref().map_or(0, String::len))
            .field("pins", &self.pins)
            .field("warnings", &self.warnings)
            .finish()
    }
}

/// The longest text that is read: API Gateway takes 10 MiB, but nobody pastes that, and routing does not look at it.
const MOST_BYTES: usize = 1024 * 1024;

/// The most words that are read: API Gateway takes 10 KiB of headers.
const MOST_WORDS: usize = 4096;

/// Reads a pasted curl command line: what `bash` and `curl`, or `cmd.exe` and `curl`, would make of it.
///
/// It takes what browsers write as "Copy as cURL", and what people write: all three kinds of quotes, continued lines, a
/// `$ ` prompt in front, joined short options, shortened long ones, and every option of curl. Those about output, limits
/// and other protocols are without meaning here; of those that are not followed (`-L`, `-k`, proxies, certificates,
/// signatures) one warning tells.
///
/// Where it departs from curl, on purpose:
///
/// - What only a shell could fill in (variables, commands), files, uploads, forms, and several URLs are errors.
/// - `--compressed` sends `Accept-Encoding: gzip`, which the prober unpacks, and not all that curl was built with.
/// - Headers that belong to one connection (`Connection`, `Content-Length`, `Transfer-Encoding` and the like) are left to
///   whoever sends the request, as are `User-Agent` and `Accept` where the line does not set them.
/// - The URL is written as [`url::Url`] writes URLs: characters that a URL cannot hold are percent-encoded.
/// - A character beyond U+FFFF that a browser wrote as two halves is that character.
///
/// # Errors
/// [`CurlError`], which says in one line what was wrong, what was expected and what to do, and holds no value of the line.
pub fn read_curl(text: &str) -> Result<CurlLine, CurlError> {
    if text.len() > MOST_BYTES {
        return Err(CurlError::TooLong { cap: MOST_BYTES });
    }
    // The first word is looked at before the rest: what is no curl line should not be told about its quotes.
    not_curl(text).map_or(Ok(()), |found| Err(CurlError::NotCurl { found }))?;
    let split = if cmd::is_meant(text) { cmd::split(text)? } else { bash::split(text)? };
    if split.words.len() > MOST_WORDS {
        return Err(CurlError::TooManyWords { cap: MOST_WORDS });
    }
    let line = line::read(split.words.into_iter().skip(1))?;
    let mut read = build::build(line)?;
    read.warnings.splice(0..0, split.warnings);
    Ok(read)
}

/// What stands in place of the word `curl`. What it is stays unsaid but for commands that are well known: it may be a secret.
fn not_curl(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let text = text.strip_prefix("$ ").unwrap_or(text).trim_start();
    let word = text.split(|c: char| c.is_whitespace()).next().unwrap_or("");
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    if word.starts_with("fetch(") {
        return Some("this is JavaScript's fetch, not a line for curl");
    }
    match name.as_str() {
        "curl" | "curl.exe" => None,
        "" => Some("the curl line is empty"),
        "wget" => Some("this is a line for wget, not for curl"),
        "http" | "https" | "xh" | "xhs" => Some("this is a line for HTTPie, not for curl"),
        "invoke-webrequest" | "invoke-restmethod" | "iwr" | "irm" => Some("this is PowerShell, not a line for curl"),
        _ => Some("the curl line does not begin with the word curl"),
    }
}
