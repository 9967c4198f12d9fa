//! From a command line's words to what its options say.

use super::CurlError;
use super::options::{self, Data, Means, Opt};
use crate::probe::Pin;

/// What a curl line says, before anything is joined.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one switch of curl's")]
pub(super) struct Line {
    pub(super) urls: Vec<String>,
    pub(super) method: Option<String>,
    /// As given, one `Name: value` each.
    pub(super) headers: Vec<String>,
    /// The body, or with `-G` the query.
    pub(super) data: Option<String>,
    pub(super) url_query: Vec<String>,
    pub(super) json: bool,
    pub(super) get: bool,
    pub(super) head: bool,
    pub(super) user: Option<String>,
    pub(super) bearer: Option<String>,
    pub(super) other_auth: bool,
    /// Empty: none is to be sent.
    pub(super) agent: Option<String>,
    pub(super) referer: Option<String>,
    pub(super) cookies: Vec<String>,
    pub(super) compressed: bool,
    pub(super) range: Option<String>,
    pub(super) glob_off: bool,
    pub(super) proto_default: Option<String>,
    pub(super) pins: Vec<Pin>,
    /// Options that are not followed, each once.
    pub(super) not_followed: Vec<&'static str>,
}

/// Reads the words behind `curl`.
pub(super) fn read(mut words: impl Iterator<Item = String>) -> Result<Line, CurlError> {
    let mut line = Line::default();
    let mut options = true;
    while let Some(word) = words.next() {
        if !options || !word.starts_with('-') {
            line.urls.push(word);
        } else if word == "--" {
            options = false;
        } else if let Some(name) = word.strip_prefix("--") {
            long(&mut line, name, &mut words)?;
        } else {
            short(&mut line, &word, &mut words)?;
        }
    }
    Ok(line)
}

fn long(line: &mut Line, name: &str, words: &mut impl Iterator<Item = String>) -> Result<(), CurlError> {
    let (name, on) = match name.strip_prefix("no-") {
        Some(name) => (name, false),
        None => (name, true),
    };
    let mut found = options::by_name(name);
    let Some(opt) = found.pop() else { return Err(unknown(name)) };
    if !found.is_empty() {
        let mut candidates: Vec<String> =
            found.iter().chain([&opt]).take(5).map(|opt| format!("--{}", opt.long)).collect();
        candidates.sort();
        return Err(CurlError::AmbiguousOption { option: format!("--{name}"), candidates: candidates.join(", ") });
    }
    let shown = format!("--{}", opt.long);
    let value = if opt.takes_value {
        Some(words.next().ok_or(CurlError::MissingValue { option: shown.clone() })?)
    } else {
        None
    };
    apply(line, &opt, &shown, value, on)
}

/// A name that is none is only told as far as it cannot be a value.
fn unknown(name: &str) -> CurlError {
    if let Some((name, _)) = name.split_once('=')
        && let [opt] = options::by_name(name)[..]
    {
        return CurlError::JoinedValue { option: format!("--{}", opt.long) };
    }
    if let Some(long) = options::run_together(name) {
        return CurlError::UnknownOption { option: format!("--{long}…"), near: Some(format!("--{long} VALUE")) };
    }
    let shown: String =
        name.chars().take(24).take_while(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '.')).collect();
    if shown.starts_with("expand-") {
        return CurlError::Refused {
            option: format!("--{shown}"),
            reason: "its variables cannot be known here; write the value out",
        };
    }
    let near = options::nearest(name).map(|near| format!("--{near}"));
    CurlError::UnknownOption { option: format!("--{shown}"), near }
}

/// Letters joined behind one dash; the first that takes a value has the rest of the word, or the next one.
fn short(line: &mut Line, word: &str, words: &mut impl Iterator<Item = String>) -> Result<(), CurlError> {
    let mut letters = word.char_indices().skip(1).peekable();
    if letters.peek().is_none() {
        return Err(CurlError::UnknownOption { option: "-".to_owned(), near: None });
    }
    while let Some((at, letter)) = letters.next() {
        let shown = format!("-{letter}");
        let Some(opt) = options::by_letter(letter) else {
            // A sign may be a part of a value that lost its quotes.
            let option = if letter.is_ascii_alphanumeric() { shown } else { "of this sign".to_owned() };
            return Err(CurlError::UnknownOption { option, near: None });
        };
        let value = if !opt.takes_value {
            None
        } else if letters.peek().is_some() {
            Some(word.get(at + letter.len_utf8()..).unwrap_or("").to_owned())
        } else {
            Some(words.next().ok_or(CurlError::MissingValue { option: shown.clone() })?)
        };
        let took = value.is_some();
        apply(line, &opt, &shown, value, true)?;
        if took {
            break;
        }
    }
    Ok(())
}

fn apply(line: &mut Line, opt: &Opt, shown: &str, value: Option<String>, on: bool) -> Result<(), CurlError> {
    let option = || shown.to_owned();
    let from_file = || CurlError::File { option: shown.to_owned() };
    let value = value.unwrap_or_default();
    match opt.means {
        Means::NotFollowed if on => not_followed(line, opt.long),
        Means::Nothing | Means::NotFollowed => {}
        Means::OtherAuth => {
            line.other_auth = on;
            not_followed(line, opt.long);
        }
        Means::Refused(reason) => return Err(CurlError::Refused { option: option(), reason }),
        Means::Url => line.urls.push(value),
        Means::Request => line.method = Some(value),
        Means::Header if value.starts_with('@') => return Err(from_file()),
        Means::Header => line.headers.push(value),
        Means::Data(kind) => data(line, kind, &value, shown)?,
        Means::UrlQuery => match value.strip_prefix('+') {
            Some(as_it_stands) => line.url_query.push(as_it_stands.to_owned()),
            None => line.url_query.push(encoded(&value).ok_or_else(from_file)?),
        },
        Means::Get => line.get = on,
        Means::Head if !on => {
            return Err(CurlError::BadValue {
                option: option(),
                problem: "is set off, which curl refuses: leave it out",
            });
        }
        Means::Head => line.head = true,
        Means::User if !value.contains(':') => {
            return Err(CurlError::BadValue {
                option: option(),
                problem: "has no password, which curl would ask for: write USER:PASSWORD",
            });
        }
        Means::User => line.user = Some(value),
        Means::Bearer => line.bearer = Some(value),
        Means::Agent => line.agent = Some(value),
        Means::Referer => line.referer = Some(value.strip_suffix(";auto").unwrap_or(&value).to_owned()),
        // Without = it names a file; an empty one only switches curl's cookies on.
        Means::Cookie if value.contains('=') => line.cookies.push(value),
        Means::Cookie if value.is_empty() => {}
        Means::Cookie => return Err(from_file()),
        Means::Compressed => line.compressed = on,
        Means::Range => line.range = Some(value),
        Means::GlobOff => line.glob_off = on,
        Means::ProtoDefault => line.proto_default = Some(value),
        Means::ConnectTo | Means::Resolve => {
            let text = if opt.means == Means::Resolve { resolved(&value) } else { Some(value) };
            let pin = text.and_then(|text| text.parse().ok()).ok_or_else(|| CurlError::BadValue {
                option: option(),
                problem: if opt.means == Means::Resolve {
                    "is no HOST:PORT:ADDRESS"
                } else {
                    "is no HOST1:PORT1:HOST2:PORT2"
                },
            })?;
            line.pins.push(pin);
        }
    }
    Ok(())
}

fn not_followed(line: &mut Line, long: &'static str) {
    if !line.not_followed.contains(&long) {
        line.not_followed.push(long);
    }
}

/// Several data make one body.
fn data(line: &mut Line, kind: Data, value: &str, shown: &str) -> Result<(), CurlError> {
    let from_file = || CurlError::File { option: shown.to_owned() };
    let part = match kind {
        Data::Encoded => encoded(value).ok_or_else(from_file)?,
        Data::Plain | Data::Json if value.starts_with('@') => return Err(from_file()),
        Data::Raw | Data::Plain | Data::Json => value.to_owned(),
    };
    line.json |= kind == Data::Json;
    match &mut line.data {
        Some(data) => {
            if kind != Data::Json {
                data.push('&');
            }
            data.push_str(&part);
        }
        None => line.data = Some(part),
    }
    Ok(())
}

/// What `--data-urlencode` makes of its value: `content`, `=content` and `name=content`. `None` for the forms with a file.
fn encoded(value: &str) -> Option<String> {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let (name, content) = match value.split_once('=') {
        Some((name, content)) => (name, content),
        None if value.contains('@') => return None,
        None => ("", value),
    };
    let content = utf8_percent_encode(content, ENCODED).to_string().replace("%20", "+");
    Some(if name.is_empty() { content } else { format!("{name}={content}") })
}

/// `[+]HOST:PORT:ADDRESS[,ADDRESS]…` as a pin: the first address counts.
fn resolved(value: &str) -> Option<String> {
    let value = value.strip_prefix('+').unwrap_or(value);
    let (host, rest) = value.split_once(':')?;
    let (port, addresses) = rest.split_once(':')?;
    let address = addresses.split(',').next().unwrap_or(addresses);
    let host = if host == "*" { "" } else { host };
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    let address = match bare.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    };
    Some(format!("{host}:{port}:{address}:"))
}
