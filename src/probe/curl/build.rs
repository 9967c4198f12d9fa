//! From what a curl line says to the request that curl would send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::line::Line;
use super::{CurlError, CurlLine};
use crate::gateway::Request;

/// Headers of one connection: whoever sends the request makes them.
const OF_THE_CONNECTION: [&str; 8] =
    ["connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// Joins what the line says.
pub(super) fn build(mut line: Line) -> Result<CurlLine, CurlError> {
    let mut warnings = Vec::new();
    let text = match &line.urls[..] {
        [] => return Err(CurlError::NoUrl),
        [url] => url,
        several => return Err(CurlError::SeveralUrls { count: several.len() }),
    };
    let mut url = url(text, line.glob_off, line.proto_default.as_deref(), &mut warnings)?;
    let data = line.data.take();
    if line.head && data.is_some() && !line.get {
        return Err(CurlError::Contradiction { first: "--head", second: "--data" });
    }
    let method = match &line.method {
        Some(method) => method.clone(),
        None if line.head => "HEAD".to_owned(),
        None if data.is_some() && !line.get => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    if method.is_empty() || !method.bytes().all(is_token) {
        return Err(CurlError::BadValue {
            option: "--request".to_owned(),
            problem: "is no verb: expected GET, POST and the like",
        });
    }
    let (query, body) = match data {
        Some(data) if line.get => (Some(data), None),
        body => ((!line.url_query.is_empty()).then(|| line.url_query.join("&")), body),
    };
    // In data that go to the query a # begins a fragment, as in any URL.
    let query = query.as_deref().map(|query| query.split_once('#').map_or((query, false), |(query, _)| (query, true)));
    if let Some((query, _)) = query.filter(|(query, _)| !query.is_empty()) {
        append_query(&mut url, query)?;
    }
    if url.fragment().is_some() || query.is_some_and(|(_, cut)| cut) {
        warnings.push("everything from # on is never sent; write %23 where the # belongs to the URL".to_owned());
    }
    let headers = headers(&line, body.as_deref(), &mut warnings)?;
    let mut not_followed = line.not_followed;
    if !not_followed.is_empty() {
        not_followed.sort_unstable();
        let list: Vec<String> = not_followed.iter().map(|long| format!("--{long}")).collect();
        warnings.push(format!("of the curl line this is not followed: {}", list.join(", ")));
    }
    Ok(CurlLine { request: Request { method, url, headers, body }, pins: line.pins, warnings })
}

/// The headers that curl would send, its own `User-Agent` and `Accept` left out. A header of the line takes the place
/// of one that curl makes; one without a value takes it away.
fn headers(line: &Line, body: Option<&str>, warnings: &mut Vec<String>) -> Result<Vec<(String, String)>, CurlError> {
    let mut headers = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for given in &line.headers {
        let Some((name, value)) = header(given) else {
            warnings.push("a header without a colon is not sent by curl".to_owned());
            continue;
        };
        named.push(name.to_ascii_lowercase());
        let Some(value) = value else { continue };
        if given.chars().any(|c| c.is_control() && c != '\t') {
            return Err(CurlError::BadValue {
                option: "--header".to_owned(),
                problem: "holds a line break or another control character: expected 'Name: value'",
            });
        }
        if name.is_empty() || !name.bytes().all(is_token) {
            warnings.push("a header whose name HTTP does not allow was left out".to_owned());
        } else if OF_THE_CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            if let Some(warning) = framing(name, value, body) {
                warnings.push(warning);
            }
        } else {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let mut made: Vec<(&str, String)> = Vec::new();
    if let Some(token) = &line.bearer {
        made.push(("Authorization", format!("Bearer {token}")));
    } else if let Some(user) = line.user.as_ref().filter(|_| !line.other_auth) {
        made.push(("Authorization", format!("Basic {}", STANDARD.encode(user))));
    }
    if line.json {
        made.push(("Content-Type", "application/json".to_owned()));
        made.push(("Accept", "application/json".to_owned()));
    } else if body.is_some() {
        made.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
    }
    let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    made.extend(given(&line.agent).map(|agent| ("User-Agent", agent)));
    made.extend(given(&line.referer).map(|referer| ("Referer", referer)));
    if !line.cookies.is_empty() {
        made.push(("Cookie", line.cookies.join(";")));
    }
    if line.compressed {
        made.push(("Accept-Encoding", "gzip".to_owned()));
    }
    made.extend(given(&line.range).map(|range| ("Range", format!("bytes={range}"))));
    for (name, value) in made {
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(CurlError::BadValue {
                option: format!("the option that makes the header {name}"),
                problem: "holds a line break or another control character: expected one line of text",
            });
        }
        if !named.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    warnings.dedup();
    Ok(headers)
}

/// A header's name and value. `Name:` has none and `Name;` an empty one, as curl has it; `None` where curl sends nothing.
fn header(given: &str) -> Option<(&str, Option<&str>)> {
    match given.split_once(':') {
        // A name in front of it, as HTTP/2 has it, is its own, and curl takes it for none.
        Some((name, value)) => {
            let value = value.trim();
            Some((name, (!value.is_empty()).then_some(value)))
        }
        None => given.strip_suffix(';').filter(|name| !name.contains(';')).map(|name| (name, Some(""))),
    }
}

/// What to say of a header of the connection that is not sent as given.
fn framing(name: &str, value: &str, body: Option<&str>) -> Option<String> {
    let length = body.map_or(0, str::len);
    if name.eq_ignore_ascii_case("content-length") && value.parse() != Ok(length) {
        return Some(format!("the line's Content-Length is not that of its body: {length} is sent"));
    }
    name.eq_ignore_ascii_case("transfer-encoding")
        .then(|| "Transfer-Encoding is not followed: the body is sent with its length".to_owned())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The URL as curl reads it.
fn url(text: &str, glob_off: bool, proto_default: Option<&str>, warnings: &mut Vec<String>) -> Result<Url, CurlError> {
    let wrong = |problem: &str| CurlError::BadUrl { problem: problem.to_owned() };
    if text.is_empty() {
        return Err(CurlError::NoUrl);
    }
    let mut text = if glob_off { text.to_owned() } else { without_globs(text)? };
    if text.chars().any(|c| c.is_control() || c == ' ') {
        return Err(wrong("has a space or a control character in it, which curl refuses: write a space as %20"));
    }
    if !text.contains("://") {
        text = format!("{}://{text}", proto_default.unwrap_or("http"));
        if proto_default.is_none() {
            warnings.push("the URL has no scheme, so curl takes http".to_owned());
        }
    }
    // A backslash is a character of the path to curl, and a slash to browsers.
    let url = Url::parse(&text.replace('\\', "%5C")).map_err(|error| {
        wrong(&format!(
            "cannot be read ({error}): expected something like https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH"
        ))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong(
            "is neither http nor https with a host: expected something like https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has credentials in it: leave them out and send them with --user or --header"));
    }
    let dots = |text: &str| text.to_ascii_lowercase().matches("%2e").count();
    if dots(url.as_str()) < dots(&text) {
        warnings.push("the URL's %2e segments were taken for . and .., which curl may send as they stand".to_owned());
    }
    Ok(url)
}

/// What curl makes of `{…}` and `[…]`: they are several URLs, but for an IPv6 host, `[]`, and those behind a backslash.
fn without_globs(text: &str) -> Result<String, CurlError> {
    let several = || {
        CurlError::BadUrl {
        problem: "has {…} or […] in it, which curl takes for several URLs: write what a placeholder stands for, or add --globoff where they are meant".to_owned(),
    }
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match c {
            '\\' if rest[1..].starts_with(['{', '}', '[', ']']) => {
                out.push_str(&rest[1..2]);
                taken = 2;
            }
            '[' => {
                let bracketed = rest.find(']').filter(|end| *end < 64).map(|end| &rest[..=end]);
                let literal =
                    bracketed.filter(|text| *text == "[]" || matches!(url::Host::parse(text), Ok(url::Host::Ipv6(_))));
                let literal = literal.ok_or_else(several)?;
                out.push_str(literal);
                taken = literal.len();
            }
            '{' | '}' | ']' => return Err(several()),
            c => out.push(c),
        }
        rest = &rest[taken..];
    }
    Ok(out)
}

fn append_query(url: &mut Url, query: &str) -> Result<(), CurlError> {
    if query.chars().any(|c| c.is_control() || c == ' ') {
        return Err(CurlError::BadUrl {
            problem: "would get a space or a control character in its query, which curl refuses: use --data-urlencode"
                .to_owned(),
        });
    }
    let joined = match url.query().filter(|old| !old.is_empty()) {
        Some(old) if old.ends_with('&') => format!("{old}{query}"),
        Some(old) => format!("{old}&{query}"),
        None => query.to_owned(),
    };
    url.set_query(Some(&joined));
    Ok(())
}
