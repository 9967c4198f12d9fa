//! Connections that go elsewhere than their URL says: curl's `--connect-to`.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// One pin: connections for `HOST1:PORT1` go to `HOST2:PORT2` instead.
///
/// Only the connection changes. The `Host` header and the TLS server name stay those of the URL, so a custom domain can be
/// probed before its DNS record leads anywhere, and an emulator can stand in for AWS.
///
/// Written as curl writes it, `HOST1:PORT1:HOST2:PORT2`. An empty `HOST1` or `PORT1` matches any; an empty `HOST2` or `PORT2`
/// keeps the URL's. IPv6 addresses stand in brackets. Names match without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    from_host: Option<Host>,
    from_port: Option<u16>,
    to_host: Option<Host>,
    to_port: Option<u16>,
}

impl Pin {
    /// Whether the pin is meant for this URL. A URL without a port has its scheme's.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        let host = self.from_host.as_ref().is_none_or(|from| url.host().is_some_and(|host| host.to_owned() == *from));
        host && self.from_port.is_none_or(|from| url.port_or_known_default() == Some(from))
    }

    /// The host that connections go to; `None` keeps the URL's.
    #[must_use]
    pub fn to_host(&self) -> Option<&Host> {
        self.to_host.as_ref()
    }

    /// The port that connections go to; `None` keeps the URL's.
    #[must_use]
    pub fn to_port(&self) -> Option<u16> {
        self.to_port
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let err = |found: String| PinError { text: text.to_owned(), found };
        if text.matches('[').count() != text.matches(']').count() {
            return Err(err("a bracket is not closed".to_owned()));
        }
        let mut rest = Some(text);
        let mut field = || next_field(&mut rest);
        let fields = [field(), field(), field(), field()];
        let [Some(host1), Some(port1), Some(host2), Some(port2)] = fields else {
            let missing = fields.iter().position(Option::is_none).map_or("HOST1", |at| NAMES[at]);
            return Err(err(format!("{missing} is missing")));
        };
        if let Some(more) = rest {
            return Err(err(format!("`{more}` follows PORT2")));
        }
        let host = |name: &str, text: &str| match text {
            "" => Ok(None),
            text => Host::parse(text).map(Some).map_err(|reason| err(format!("{name} is `{text}`: {reason}"))),
        };
        let port = |name: &str, text: &str| match text {
            "" => Ok(None),
            // `u16::from_str` takes a leading plus, a port does not.
            text => match text.parse::<u16>() {
                Ok(port) if port != 0 && !text.starts_with('+') => Ok(Some(port)),
                _ => Err(err(format!("{name} is `{text}`, not a number from 1 to 65535"))),
            },
        };
        Ok(Self {
            from_host: host("HOST1", host1)?,
            from_port: port("PORT1", port1)?,
            to_host: host("HOST2", host2)?,
            to_port: port("PORT2", port2)?,
        })
    }
}

const NAMES: [&str; 4] = ["HOST1", "PORT1", "HOST2", "PORT2"];

/// Cuts the next field off: up to the next colon that stands outside brackets. `None` when nothing is left.
fn next_field<'a>(rest: &mut Option<&'a str>) -> Option<&'a str> {
    let text = (*rest)?;
    let closed = if text.starts_with('[') { text.find(']').unwrap_or(0) } else { 0 };
    let (field, more) = match text[closed..].find(':') {
        Some(colon) => (&text[..closed + colon], Some(&text[closed + colon + 1..])),
        None => (text, None),
    };
    *rest = more;
    Some(field)
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &Option<Host>| host.as_ref().map_or_else(String::new, Host::to_string);
        let port = |port: Option<u16>| port.map_or_else(String::new, |port| port.to_string());
        write!(f, "{}:{}:", host(&self.from_host), port(self.from_port))?;
        write!(f, "{}:{}", host(&self.to_host), port(self.to_port))
    }
}

/// A text that is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no pin: expected HOST1:PORT1:HOST2:PORT2 as for curl's --connect-to (fields may be empty, IPv6 in brackets), but {found}"
)]
pub struct PinError {
    text: String,
    found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Pin {
        text.parse().unwrap()
    }

    #[test]
    fn a_pin_is_written_as_it_was_read() {
        for text in [
            "api.example.com:443:127.0.0.1:8443",
            ":::",
            "::127.0.0.1:4566",
            "[::1]:80:[2001:db8::1]:8080",
            "api.example.com:::",
            ":443:localhost:",
        ] {
            assert_eq!(pin(text).to_string(), text);
        }
    }

    #[test]
    fn what_a_pin_matches() {
        let table = [
            ("api.example.com:443:h:1", "https://api.example.com/x", true),
            ("api.example.com:443:h:1", "https://API.example.com:443/", true),
            ("API.Example.com:443:h:1", "https://api.example.com/", true),
            ("api.example.com:443:h:1", "http://api.example.com/", false),
            ("api.example.com:443:h:1", "https://api.example.com:8443/", false),
            ("api.example.com::h:1", "https://api.example.com:8443/", true),
            (":80:h:1", "http://anything.test/", true),
            (":80:h:1", "https://anything.test/", false),
            ("::h:1", "https://anything.test:99/", true),
            ("127.0.0.1:80:h:1", "http://127.0.0.1/", true),
            ("[::1]:80:h:1", "http://[0:0:0:0:0:0:0:1]/", true),
            ("api.example.com:443:h:1", "https://other.example.com/", false),
        ];
        for (text, url, expected) in table {
            assert_eq!(pin(text).matches(&url.parse().unwrap()), expected, "{text} {url}");
        }
    }

    #[test]
    fn a_bad_pin_says_what_was_expected_and_found() {
        let table = [
            ("", "PORT1 is missing"),
            ("a:1:b", "PORT2 is missing"),
            ("a:1:b:2:3", "`3` follows PORT2"),
            ("a:x:b:2", "PORT1 is `x`, not a number from 1 to 65535"),
            ("a:1:b:0", "PORT2 is `0`, not a number from 1 to 65535"),
            ("a:1:b:65536", "PORT2 is `65536`, not a number from 1 to 65535"),
            ("a:+1:b:2", "PORT1 is `+1`, not a number from 1 to 65535"),
            ("[::1:80:b:2", "a bracket is not closed"),
            ("]:1:[:2", "HOST1 is `]`"),
            ("[zz]:80:b:2", "HOST1 is `[zz]`: invalid IPv6 address"),
            ("a b:80:b:2", "HOST1 is `a b`"),
            ("::1:80:b:2", "follows PORT2"),
        ];
        for (text, found) in table {
            let message = text.parse::<Pin>().unwrap_err().to_string();
            assert!(message.contains("expected HOST1:PORT1:HOST2:PORT2"), "{message}");
            assert!(message.contains(found), "{text:?}: {message}");
        }
    }
}
