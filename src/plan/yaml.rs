//! Texts as YAML scalars.

use std::fmt::Write as _;

use crate::gateway::steers;

/// A text as a YAML scalar on one line, whatever it holds.
///
/// Single quotes, in which a quote is written twice and nothing else is special; double quotes with escapes where a
/// character may not stand as it is.
pub(super) fn quoted(text: &str) -> String {
    let barred = |c: char| steers(c) || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if !text.contains(barred) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if barred(c) => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;

    fn read_back(text: &str) -> String {
        let line = format!("parameters: {{{}: {}}}", quoted(text), quoted(text));
        assert_eq!(line.lines().count(), 1, "{line}");
        let config = Config::parse(&line, "test").unwrap_or_else(|error| panic!("{line}: {error}"));
        let (key, value) = config.parameters.into_iter().next().unwrap();
        assert_eq!(key, value);
        value
    }

    #[test]
    fn quotes_are_doubled_and_backslashes_left_alone() {
        assert_eq!(quoted("it's"), "'it''s'");
        assert_eq!(quoted("a\\b"), "'a\\b'");
        assert_eq!(quoted("a\nb\"\\"), r#""a\U0000000ab\"\\""#);
    }

    #[test]
    fn odd_texts_are_read_back_as_they_are() {
        for text in [
            "",
            "it's",
            "''",
            "a\\b",
            "a: b # c",
            "{id}",
            "~",
            "null",
            "0x1f",
            "- x",
            "*a",
            "&a",
            "!t",
            "a\nb",
            "a\u{85}b",
            "\u{2028}",
            "\u{202e}",
            "\u{feff}x",
            "\u{7f}",
            "\0",
            "\t",
            " a ",
            "é\u{1f600}",
            "\"",
            "a\n\"\\'",
        ] {
            assert_eq!(read_back(text), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_is(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), text);
        }
    }
}
