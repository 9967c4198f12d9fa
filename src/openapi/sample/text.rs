//! Texts of the formats that OpenAPI and JSON Schema name.

use std::net::{Ipv4Addr, Ipv6Addr};

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// Texts of a format, the plainest first. None for a format that says nothing of a text's shape.
pub(super) fn of_format(format: &str, shortest: usize) -> Vec<String> {
    let numbered = |make: &dyn Fn(u32) -> String| (0..9).map(make).collect::<Vec<_>>();
    // A format with room to grow is grown to the shortest length.
    let grown = |head: &str, tail: &str| {
        format!("{head}{}{tail}", "a".repeat(shortest.saturating_sub(head.len() + tail.len())))
    };
    match format {
        "date" => numbered(&|n| format!("2024-01-0{}", n + 1)),
        "date-time" => numbered(&|n| format!("2024-01-0{}T00:00:00Z", n + 1)),
        "time" => numbered(&|n| format!("0{n}:00:00Z")),
        "duration" => numbered(&|n| format!("P{}D", n + 1)),
        "uuid" => numbered(&|n| format!("00000000-0000-4000-8000-00000000000{n}")),
        "email" | "idn-email" => {
            let mut all = vec!["user@example.com".to_owned(), "a@b.co".to_owned()];
            all.extend(numbered(&|n| format!("user{n}@example.com")));
            // A local part has 64 characters at most, the rest is the domain's.
            let label = "a".repeat(shortest.saturating_sub("user@.example.com".len()).clamp(1, 63));
            all.push(format!("user@{label}.example.com"));
            all
        }
        "hostname" | "idn-hostname" => {
            let mut all = vec!["example.com".to_owned(), "a.co".to_owned(), "a".to_owned()];
            all.extend(numbered(&|n| format!("host{n}.example.com")));
            all.push(format!("{}.example.com", "a".repeat(shortest.saturating_sub(12).clamp(1, 63))));
            all
        }
        "ipv4" => numbered(&|n| format!("192.0.2.{}", n + 1)),
        "ipv6" => numbered(&|n| format!("2001:db8::{}", n + 1)),
        "uri" | "url" | "iri" | "uri-reference" | "iri-reference" | "uri-template" => {
            let mut all = vec!["https://example.com/".to_owned(), grown("https://example.com/", ""), "a:b".to_owned()];
            all.extend(numbered(&|n| format!("https://example.com/{n}")));
            all
        }
        "byte" => {
            let mut all = vec!["c2FtcGxl".to_owned()];
            all.push("YWFh".repeat(shortest.div_ceil(4).max(1)));
            all.extend(numbered(&|n| format!("YWE{n}")));
            all
        }
        "json-pointer" => vec!["/a".to_owned(), grown("/a", ""), String::new()],
        "relative-json-pointer" => numbered(&|n| n.to_string()),
        "regex" => vec!["a".to_owned(), grown("a", "")],
        _ => Vec::new(),
    }
}

/// Whether a text is of a format. A format that is not known is no demand.
pub(super) fn is_of(format: &str, text: &str) -> bool {
    match format {
        "date" => Date::parse(text, &time::format_description::well_known::Iso8601::DATE).is_ok() && text.len() == 10,
        "date-time" => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        "time" => OffsetDateTime::parse(&format!("2024-01-01T{text}"), &Rfc3339).is_ok(),
        "uuid" => {
            text.len() == 36
                && text
                    .char_indices()
                    .all(|(at, c)| if [8, 13, 18, 23].contains(&at) { c == '-' } else { c.is_ascii_hexdigit() })
        }
        "email" | "idn-email" => text.split_once('@').is_some_and(|(user, host)| {
            (1..=64).contains(&user.len())
                && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
                && !user.starts_with('.')
                && !user.ends_with('.')
                && !user.contains("..")
                && is_host(host)
        }),
        "hostname" | "idn-hostname" => is_host(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "uri" | "url" | "iri" => {
            text.split_once(':').is_some_and(|(scheme, _)| scheme.starts_with(|c: char| c.is_ascii_alphabetic()))
                && is_plain_uri(text)
                && url::Url::parse(text).is_ok()
        }
        "uri-reference" | "iri-reference" | "uri-template" => {
            is_plain_uri(text) && !text.contains(':') || is_of("uri", text)
        }
        "byte" => text.len().is_multiple_of(4) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)),
        "json-pointer" => (text.is_empty() || text.starts_with('/')) && !text.contains('~'),
        "relative-json-pointer" => {
            text.chars().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0')) && !text.is_empty()
        }
        "duration" => text
            .strip_prefix('P')
            .and_then(|rest| rest.strip_suffix('D'))
            .is_some_and(|days| days.parse::<u32>().is_ok()),
        "regex" => super::pattern::compile(text).is_ok(),
        _ => true,
    }
}

fn is_plain_uri(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=".contains(c))
        && text.matches('#').count() <= 1
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.get(2..4) != Some("--")
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_a_format_is_of_it() {
        let formats = "date date-time time duration uuid email hostname ipv4 ipv6 uri uri-reference byte json-pointer \
                       relative-json-pointer regex";
        for format in formats.split_whitespace() {
            let schema = serde_json::json!({"type": "string", "format": format});
            let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
            for shortest in [0, 30] {
                let made = of_format(format, shortest);
                assert!(!made.is_empty(), "{format}");
                for text in made {
                    assert!(is_of(format, &text), "{format} {text}");
                    assert!(validator.is_valid(&serde_json::json!(text)), "{format} {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_of_a_format() {
        let cases = [
            ("date", "2024-13-01"),
            ("date-time", "2024-01-01"),
            ("uuid", "x"),
            ("email", "@b.co"),
            ("hostname", "-a"),
            ("ipv4", "1.2.3"),
            ("ipv6", "::g"),
            ("uri", "/a"),
            ("byte", "abc"),
            ("json-pointer", "a"),
        ];
        for (format, text) in cases {
            assert!(!is_of(format, text), "{format} {text}");
        }
    }
}
