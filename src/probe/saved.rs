//! Answers that were saved, as `curl -i` writes them.

use super::Response;

/// A saved answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the saved response {problem}: expected what `curl -i` writes, a status line like `HTTP/2 403`, headers, an empty line and the body"
)]
pub struct SavedError {
    problem: String,
}

/// How much of a saved body is looked at.
const BODY_CAP: usize = 16 * 1024;

/// As many headers, and as much of each, as [`Response`] holds of an answer over the wire.
const MOST_HEADERS: usize = 64;
const LONGEST_HEADER: usize = 4 * 1024;

/// Reads what `curl -i` wrote. Of several heads (100-continue, redirects, a proxy's CONNECT) the last counts.
///
/// # Errors
/// [`SavedError`], for a text that has no status line, or no end of its headers.
pub fn read_saved(bytes: &[u8]) -> Result<Response, SavedError> {
    let wrong = |problem: &str| SavedError { problem: problem.to_owned() };
    let mut rest = bytes;
    loop {
        if !rest.starts_with(b"HTTP/") {
            let start = String::from_utf8_lossy(&rest[..rest.len().min(80)]);
            let start: String = start.chars().take(20).filter(|c| !c.is_control()).collect();
            return Err(wrong(&format!("begins with `{start}`")));
        }
        let (head, body) = split_head(rest).ok_or_else(|| wrong("ends within its headers"))?;
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status: u16 = lines
            .next()
            .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .filter(|status| (100..1000).contains(status))
            .ok_or_else(|| wrong("has no status code in its first line"))?;
        // Another head behind this one means that this one was not the answer.
        if body.starts_with(b"HTTP/") && (status < 200 || (300..400).contains(&status) || status == 200) {
            rest = body;
            continue;
        }
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .take(MOST_HEADERS)
            .map(|(name, value)| (cut(name.trim()).to_ascii_lowercase(), cut(value.trim()).to_owned()))
            .collect();
        let kept = &body[..body.len().min(BODY_CAP)];
        return Ok(Response {
            status,
            headers,
            body: String::from_utf8_lossy(kept).into_owned(),
            truncated: body.len() > BODY_CAP,
        });
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_HEADER)]
}

/// A head and what follows its empty line. A head may also be all there is, as for `HEAD`.
fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    // Both ends are looked for at once: a look for each would read all that follows for every one of many heads.
    let end = |at: &usize| [&b"\r\n\r\n"[..], b"\n\n"].into_iter().find(|end| bytes[*at..].starts_with(end));
    let at = (0..bytes.len()).find(|at| end(at).is_some())?;
    Some((&bytes[..at], &bytes[at + end(&at)?.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_last_head() {
        let saved = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\nHTTP/2 403 \r\nContent-Type: application/json\r\nx-amzn-ErrorType: ForbiddenException\r\n\r\n{\"message\":\"Forbidden\"}";
        let response = read_saved(saved).unwrap();
        assert_eq!(response.status, 403);
        assert_eq!(response.header("x-amzn-errortype"), Some("ForbiddenException"));
        assert_eq!(response.body, "{\"message\":\"Forbidden\"}");
    }

    #[test]
    fn takes_unix_line_ends_and_an_empty_body() {
        let response = read_saved(b"HTTP/1.1 403 Forbidden\nA: b\n\n").unwrap();
        assert_eq!((response.status, response.header("a"), response.body.as_str()), (403, Some("b"), ""));
    }

    #[test]
    fn says_what_is_wrong() {
        for (saved, expected) in [
            (&b"{\"message\":\"x\"}"[..], "begins with `{\"message\":\"x\"}`"),
            (b"HTTP/1.1 403 Forbidden\r\nA: b\r\n", "ends within its headers"),
            (b"HTTP/1.1 many\r\n\r\n", "no status code"),
            (b"", "begins with ``"),
            (&[0xff, 0xfe][..], "begins with"),
        ] {
            let error = read_saved(saved).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
