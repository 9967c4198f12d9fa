//! Answers that were saved, as `curl -i` writes them, or as `curl -v` shows them.

use std::borrow::Cow;

use super::Response;

/// A saved answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the saved response {problem}: expected what `curl -i` writes, a status line like `HTTP/2 403`, headers, an empty line and the body"
)]
pub struct SavedError {
    problem: &'static str,
}

/// How much of a saved body is looked at.
const BODY_CAP: usize = 16 * 1024;

/// As of an answer that was received: API Gateway gives 10 KiB of headers at most.
const MOST_HEADERS: usize = 64;
const LONGEST_HEADER: usize = 4096;

/// Reads what `curl -i` wrote. Of several heads (100-continue, redirects, a proxy's CONNECT, a challenge) the last counts.
///
/// What `curl -v` shows is read too: lines with `<` are the head, those with `*` and `>` are left out.
///
/// # Errors
/// [`SavedError`], for a text that has no status line, or no end of its headers.
pub fn read_saved(bytes: &[u8]) -> Result<Response, SavedError> {
    let wrong = |problem: &'static str| SavedError { problem };
    let text = utf8(bytes);
    let text = text.trim_ascii_start();
    let shown = verbose(text);
    let mut rest = shown.as_deref().unwrap_or(text);
    loop {
        if !rest.starts_with(b"HTTP/") {
            return Err(wrong(what_else(rest)));
        }
        let (head, body) = split_head(rest).ok_or_else(|| {
            if rest.contains(&b'\n') {
                wrong("ends within its headers")
            } else if rest.contains(&b'\r') {
                wrong("has carriage returns for line ends, so that no line ends")
            } else {
                wrong("ends within its status line")
            }
        })?;
        let status = status(head).ok_or_else(|| wrong("has no status code in its first line"))?;
        let headers = headers(head);
        if is_head(body) && another_follows(status, &headers) {
            rest = body;
            continue;
        }
        let kept = &body[..body.len().min(BODY_CAP)];
        return Ok(Response {
            status,
            headers,
            body: String::from_utf8_lossy(kept).into_owned(),
            truncated: body.len() > BODY_CAP,
        });
    }
}

/// The text in UTF-8: PowerShell writes what is redirected to a file in UTF-16.
fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.into(),
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units).into_bytes().into()
        }
        _ => bytes.into(),
    }
}

/// What stands in place of a status line. Nothing of the text itself: it may be a secret.
fn what_else(rest: &[u8]) -> &'static str {
    let start = &rest[..rest.len().min(4096)];
    let has = |words: &[u8]| start.windows(words.len()).any(|window| window == words);
    match rest {
        [] => "is empty",
        [b'{', ..] if has(b"\"log\"") && (has(b"\"entries\"") || has(b"\"creator\"")) => {
            "is a HAR file, of which no answer is picked"
        }
        [b'{' | b'[', ..] => "is JSON without a status line and headers",
        [b'<', ..] => "is a page without a status line and headers",
        _ => "does not begin with a status line",
    }
}

/// What `curl -v` shows, as `curl -i` would have written it; `None` where the text is not of that kind.
fn verbose(text: &[u8]) -> Option<Vec<u8>> {
    const NOISE: [&[u8]; 6] = [b"* ", b"> ", b"{ [", b"} [", b"  % Total", b"Note: "];
    let noise = |line: &[u8]| NOISE.iter().any(|start| line.starts_with(start)) || line.trim_ascii_end() == b">";
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
    if !noise(first) && !first.starts_with(b"< HTTP/") {
        return None;
    }
    let (mut head, mut body) = (Vec::new(), Vec::new());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"< HTTP/") {
            // What was there before belongs to an answer that another one follows.
            head.clear();
            body.clear();
        }
        if let Some(shown) = line.strip_prefix(b"<") {
            head.extend_from_slice(shown.strip_prefix(b" ").unwrap_or(shown));
        } else if !noise(line) {
            body.extend_from_slice(line);
        }
    }
    // A body without a line end has curl's next remark behind it.
    for remark in [&b"* Connection #"[..], b"* Closing connection"] {
        if let Some(at) = body.windows(remark.len()).rposition(|window| window == remark) {
            body.truncate(at);
        }
    }
    // With -i as well, the head stands in the output too.
    if is_head(body.trim_ascii_start()) {
        return Some(body.trim_ascii_start().to_vec());
    }
    let ended = head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n");
    if !ended && !body.is_empty() {
        head.extend_from_slice(b"\n");
    }
    head.extend(body);
    Some(head)
}

/// A head and what follows its empty line. A head may also be all there is, as for `HEAD`.
fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'\n')? + 1;
        match bytes.get(at..)? {
            [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => return Some((&bytes[..at], rest)),
            _ => {}
        }
    }
}

/// The code of a status line.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let code = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1)?;
    let code: u16 = std::str::from_utf8(code).ok().filter(|code| code.len() == 3)?.parse().ok()?;
    (100..1000).contains(&code).then_some(code)
}

/// Whether a whole head stands here, and no body that only begins like one.
fn is_head(bytes: &[u8]) -> bool {
    let version = bytes.strip_prefix(b"HTTP/").and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit);
    version && status(bytes).is_some() && split_head(bytes).is_some()
}

/// Whether the head that follows one of this status is another answer, and not its body.
fn another_follows(status: u16, headers: &[(String, String)]) -> bool {
    match status {
        // Interim answers, redirects that were followed, challenges that were answered: curl leaves their bodies out.
        100..=199 | 300..=399 | 401 | 407 => true,
        // A proxy's answer to CONNECT has no body, and so nothing that describes one.
        200 => !headers.iter().any(|(name, _)| name.starts_with("content-") || name == "transfer-encoding"),
        _ => false,
    }
}

fn headers(head: &[u8]) -> Vec<(String, String)> {
    let cut = |text: &[u8]| String::from_utf8_lossy(&text[..text.len().min(LONGEST_HEADER)]).trim().to_owned();
    head.split(|byte| *byte == b'\n')
        .skip(1)
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((cut(&line[..colon]).to_ascii_lowercase(), cut(&line[colon + 1..])))
        })
        .take(MOST_HEADERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(saved: &[u8]) -> (u16, String) {
        let response = read_saved(saved).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(saved)));
        (response.status, response.body)
    }

    #[test]
    fn reads_the_last_head() {
        let saved = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\nHTTP/2 403 \r\nContent-Type: application/json\r\nx-amzn-ErrorType: ForbiddenException\r\n\r\n{\"message\":\"Forbidden\"}";
        let response = read_saved(saved).unwrap();
        assert_eq!(response.status, 403);
        assert_eq!(response.header("x-amzn-errortype"), Some("ForbiddenException"));
        assert_eq!(response.body, "{\"message\":\"Forbidden\"}");
    }

    #[test]
    fn an_answer_may_come_behind_others() {
        let last = "HTTP/1.1 403 Forbidden\r\nA: b\r\n\r\nbody";
        for before in [
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200 OK\r\nProxy-agent: x\r\n\r\n",
            "HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: /x\r\n\r\n",
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\nWWW-Authenticate: Digest x\r\n\r\n",
            "HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic\r\n\r\nHTTP/1.1 200 ok\r\n\r\nHTTP/1.1 307 T\r\nLocation: /\r\n\r\n",
        ] {
            assert_eq!(read(format!("{before}{last}").as_bytes()), (403, "body".to_owned()), "{before}");
        }
    }

    #[test]
    fn a_body_that_begins_like_a_head_is_a_body() {
        let head = "HTTP/1.1 403 Forbidden\r\nServer: x\r\n\r\n";
        let other = "HTTP/1.1 500 Oh\r\nA: b\r\n\r\n";
        for (saved, status, body) in [
            (format!("HTTP/1.1 200 OK\r\nContent-Type: message/http\r\n\r\n{other}"), 200, other),
            (format!("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n{other}"), 200, other),
            (format!("{head}{other}"), 403, other),
            ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 is old".to_owned(), 200, "HTTP/1.1 is old"),
            ("HTTP/1.1 302 F\r\n\r\nHTTP/1.1 500 Oh\r\nA: b".to_owned(), 302, "HTTP/1.1 500 Oh\r\nA: b"),
            ("HTTP/1.1 302 F\r\n\r\nHTTP/x 500 Oh\r\n\r\n".to_owned(), 302, "HTTP/x 500 Oh\r\n\r\n"),
        ] {
            assert_eq!(read(saved.as_bytes()), (status, body.to_owned()), "{saved}");
        }
    }

    #[test]
    fn takes_unix_line_ends_and_an_empty_body() {
        let response = read_saved(b"HTTP/1.1 403 Forbidden\nA: b\n\n").unwrap();
        assert_eq!((response.status, response.header("a"), response.body.as_str()), (403, Some("b"), ""));
    }

    #[test]
    fn takes_what_curl_v_shows() {
        let noise = "*   Trying 1.2.3.4:443...\n* Connected\n> GET /prod/x HTTP/2\n> Host: x\n>\n* Request sent\n";
        let head = "< HTTP/2 403\n< content-type: application/json\n< x-amzn-errortype: ForbiddenException\n<\n";
        let plain = "HTTP/2 403 \r\nx-amzn-errortype: ForbiddenException\r\n\r\n";
        let body = "{\"message\":\"Forbidden\"}";
        for saved in [
            format!("{noise}{head}{body}"),
            format!("{noise}{head}{body}* Connection #0 to host x left intact\n"),
            format!("{noise}{head}{{ [23 bytes data]\n* Connection #0 to host x left intact\n{body}"),
            format!("{noise}{}{body}* Closing connection 0", head.replace('\n', "\r\n")),
            format!("{noise}{head}{plain}{body}"),
            format!("{noise}< HTTP/1.1 301 Moved\n< Location: /y\n<\n* Issue another request\n{noise}{head}{body}"),
            format!("{head}{body}"),
            format!("\u{feff}\n\n{plain}{body}"),
        ] {
            let response = read_saved(saved.as_bytes()).unwrap_or_else(|error| panic!("{error}: {saved}"));
            assert_eq!((response.status, response.body.as_str()), (403, body), "{saved}");
            assert_eq!(response.header("x-amzn-errortype"), Some("ForbiddenException"), "{saved}");
        }
        let utf16: Vec<u8> = format!("\u{feff}{plain}{body}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16), (403, body.to_owned()));
    }

    #[test]
    fn says_what_is_wrong() {
        for (saved, expected) in [
            (&b"{\"message\":\"x\"}"[..], "is JSON without a status line"),
            (b"[1]", "is JSON"),
            (b"{\"log\": {\"version\": \"1.2\", \"creator\": {}, \"entries\": []}}", "is a HAR file"),
            (b"<html></html>", "is a page"),
            (b"Forbidden secret", "the saved response does not begin with a status line"),
            (b"", "is empty"),
            (b" \r\n ", "is empty"),
            (&[0xff, 0xfe][..], "is empty"),
            (&[0xff, 0xfd][..], "does not begin with"),
            (b"HTTP/1.1 403 Forbidden\r\nA: b\r\n", "ends within its headers"),
            (b"HTTP/1.1 403 Forbidden\r\nA: b", "ends within its headers"),
            (b"HTTP/1.1 403 Forb", "ends within its status line"),
            (b"HTTP/1.1 4", "ends within its status line"),
            (b"HTTP/", "ends within its status line"),
            (b"HTTP/1.1 403 Forbidden\rA: b\r\r{}", "carriage returns for line ends"),
            (b"HTTP/1.1 many\r\n\r\n", "no status code"),
            (b"HTTP/1.1 40\r\n\r\n", "no status code"),
            (b"HTTP/1.1\n\n", "no status code"),
            (b"* Could not resolve host: x\n* Closing connection\n", "is empty"),
        ] {
            let error = read_saved(saved).unwrap_err().to_string();
            assert!(error.contains(expected), "{}: {error}", String::from_utf8_lossy(saved));
        }
    }

    #[test]
    fn much_is_cut_and_read_in_one_pass() {
        let begun = std::time::Instant::now();
        let flood = format!("HTTP/1.1 403 F\r\n{}\r\n{}", "a: b\r\n".repeat(100_000), "x".repeat(2_000_000));
        let response = read_saved(flood.as_bytes()).unwrap();
        assert_eq!((response.headers.len(), response.body.len(), response.truncated), (MOST_HEADERS, BODY_CAP, true));
        let long = format!("HTTP/1.1 403 F\r\na: {}\r\n\r\n", "é".repeat(100_000));
        assert!(read_saved(long.as_bytes()).unwrap().header("a").unwrap().len() <= LONGEST_HEADER + 3);
        let heads = "HTTP/1.1 100 C\r\n\r\n".repeat(100_000);
        assert_eq!(read(heads.as_bytes()).0, 100);
        assert!(read_saved("< HTTP/1.1 100 C\n".repeat(100_000).as_bytes()).is_err());
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
