//! Texts that match a pattern: `regex` says whether one does, `rand_regex` makes one.
//!
//! Patterns are ECMA's (OpenAPI 3.0.3, "Properties"). They are rewritten for the two crates first: `\d`, `\w` and `\s` stand
//! for ASCII alone, `[` in a class is a bracket like any other, and for making a text every class is narrowed to characters
//! that can be shown, anchors are left out (what comes out is matched against the whole pattern) and every repetition is
//! given one count, so that length is chosen and not drawn.

use std::convert::Infallible;
use std::fmt::Write as _;

use rand::TryRng;
use rand::distr::Distribution;
use regex::{Regex, RegexBuilder};

/// A pattern whose automaton is larger is refused: repetitions in repetitions multiply.
const SIZE: usize = 1 << 18;
/// A longer pattern is not read at all.
const LONGEST: usize = 2_000;
/// The classes are narrowed to these, the first first.
const ALPHABETS: [&str; 3] = ["0-9a-zA-Z", "!-~", " -~"];

/// A pattern as `regex` takes it.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern, None)?;
    built(&translated).map_err(|reason| format!("no value is made for the pattern {}: {reason}", shown(pattern)))
}

fn built(translated: &str) -> Result<Regex, String> {
    RegexBuilder::new(translated).size_limit(SIZE).nest_limit(60).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        // The crate draws the place in several lines; the last one says what is wrong.
        error => error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    })
}

/// A pattern for a message: in one line, and not all of a long one.
pub(in crate::openapi) fn shown(pattern: &str) -> String {
    let mut text: String = pattern.chars().take(80).flat_map(char::escape_debug).collect();
    if pattern.chars().nth(80).is_some() {
        text.push('…');
    }
    format!("`{text}`")
}

/// Texts of a length between `shortest` and `longest` that match `matches`, as `pattern` says; the plainest first.
/// `spend` is asked before each try whether there is to be another.
pub(super) fn texts(
    pattern: &str,
    matches: &Regex,
    shortest: usize,
    longest: usize,
    wanted: usize,
    spend: &dyn Fn() -> bool,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let fits = |text: &str| (shortest..=longest).contains(&text.chars().count()) && matches.is_match(text);
    let counts = || (0..=8).chain([12, 16, 24, 32, 48, 64, 128, 256]).chain([shortest, shortest.div_ceil(2)]);
    for alphabet in ALPHABETS {
        for count in counts() {
            let Ok(translated) = translate(pattern, Some(Narrow { alphabet, count })) else { continue };
            if !spend() {
                return found;
            }
            // The size is bounded before anything is made of it.
            if built(&translated).is_err() {
                continue;
            }
            let Ok(maker) = rand_regex::Regex::compile(&translated, 0) else { continue };
            for seed in 0..(4 + wanted as u64 * 2) {
                let bytes: Vec<u8> = maker.sample(&mut Fixed { seed, drawn: 0 });
                let Ok(made) = String::from_utf8(bytes) else { continue };
                let padded = shortest.saturating_sub(made.chars().count());
                // A pattern that is bound to neither end leaves room on both sides.
                let fill = || "a".repeat(padded.min(longest));
                let padded = [made.clone(), format!("{made}{}", fill()), format!("{}{made}", fill())];
                for text in padded.into_iter().chain(shortened(&made)) {
                    if fits(&text) && !found.contains(&text) {
                        found.push(text);
                        if found.len() >= wanted {
                            break;
                        }
                    }
                }
                if found.len() >= wanted {
                    return found;
                }
            }
        }
        if !found.is_empty() && wanted <= 1 {
            break;
        }
    }
    found
}

/// A text without its last, or its first, few characters: with one count for every repetition some lengths never come out.
fn shortened(made: &str) -> impl Iterator<Item = String> {
    const FEW: usize = 8;
    let letters: Vec<char> = made.chars().collect();
    let few = FEW.min(letters.len().saturating_sub(1));
    (1..=few).flat_map(move |cut| {
        let kept = letters.len() - cut;
        [letters[..kept].iter().collect(), letters[cut..].iter().collect()]
    })
}

/// The same numbers whenever it is asked: the smallest of each kind for seed 0, scattered ones for the others.
struct Fixed {
    seed: u64,
    drawn: u64,
}

impl TryRng for Fixed {
    type Error = Infallible;

    #[allow(clippy::cast_possible_truncation, reason = "the upper half is what is asked for")]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // Never 0: a uniform draw that rejects it would draw for ever.
        if self.seed == 0 {
            self.try_next_u64().map(|number| number as u32)
        } else {
            self.try_next_u64().map(|n| (n >> 32) as u32)
        }
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.drawn = self.drawn.wrapping_add(1);
        if self.seed == 0 {
            return Ok(self.drawn);
        }
        // SplitMix64's finaliser (Steele, Lea, Flood 2014) over a counter.
        let mut mixed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(self.drawn << 17 | self.drawn);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.try_next_u32()?.to_le_bytes()[0];
        }
        Ok(())
    }
}

/// How a pattern is narrowed for making a text.
#[derive(Clone, Copy)]
struct Narrow<'a> {
    alphabet: &'a str,
    count: usize,
}

/// Rewrites an ECMA pattern for `regex-syntax`.
fn translate(pattern: &str, narrow: Option<Narrow<'_>>) -> Result<String, String> {
    if pattern.len() > LONGEST {
        return Err(format!("no value is made for a pattern of {} bytes: more than {LONGEST}", pattern.len()));
    }
    let class = |inner: &str| match narrow {
        Some(Narrow { alphabet, .. }) => format!("[[{alphabet}]&&[{inner}]]"),
        None => format!("[{inner}]"),
    };
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some(short @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => out.push_str(&class(shorthand(short))),
                Some('b' | 'B') if narrow.is_some() => {}
                Some(kind @ ('p' | 'P')) if narrow.is_some() && rest.peek() == Some(&'{') => {
                    let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
                    out.push_str(&class(&format!("\\{kind}{name}}}")));
                }
                Some(other) => escaped(&mut out, other, &mut rest),
                None => out.push_str("\\\\"),
            },
            '[' => {
                let inner = class_inner(&mut rest);
                out.push_str(&class(&inner));
            }
            '.' if narrow.is_some() => out.push_str(&class(" -~")),
            '^' | '$' if narrow.is_some() => {}
            '*' | '+' | '?' | '{' => {
                if !quantifier(&mut out, next, &mut rest, narrow) {
                    let no = "it repeats a repetition, which ECMA's regular expressions do not take";
                    return Err(format!("no value is made for the pattern {}: {no}", shown(pattern)));
                }
            }
            ']' | '}' => {
                out.push('\\');
                out.push(next);
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

fn shorthand(short: char) -> &'static str {
    match short {
        'd' => "0-9",
        'D' => "^0-9",
        'w' => "0-9A-Za-z_",
        'W' => "^0-9A-Za-z_",
        's' => " \\t\\n\\r\\x0B\\x0C",
        _ => "^ \\t\\n\\r\\x0B\\x0C",
    }
}

/// One escape outside of the shorthands, with `\` already read.
fn escaped(out: &mut String, letter: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match letter {
        'c' => {
            // A control letter, `\cJ`.
            let control = rest.next().map_or(0, |letter| u32::from(letter) % 32);
            let _ = write!(out, "\\x{{{control:X}}}");
        }
        '0' => out.push_str("\\x00"),
        // `/`, `-`, `<` and the like are escaped for ECMA's sake; letters and digits keep their meaning, or lack of one.
        other if other.is_ascii_punctuation() => out.push_str(&regex::escape(&other.to_string())),
        other => {
            out.push('\\');
            out.push(other);
        }
    }
}

/// What stands in a class, with its `[` already read; up to and without its `]`.
fn class_inner(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut out = String::new();
    if rest.peek() == Some(&'^') {
        rest.next();
        out.push('^');
    }
    let negated = out.len();
    while let Some(next) = rest.next() {
        match next {
            ']' => {
                // ECMA's empty classes: `[]` matches nothing, `[^]` anything.
                if out.len() == negated {
                    return if negated == 0 { "^\\x00-\\x{10FFFF}".to_owned() } else { "\\x00-\\x{10FFFF}".to_owned() };
                }
                return out;
            }
            '\\' => match rest.next() {
                Some(short @ ('d' | 'w' | 's')) => out.push_str(shorthand(short)),
                Some(short @ ('D' | 'W' | 'S')) => {
                    out.push('[');
                    out.push_str(shorthand(short));
                    out.push(']');
                }
                Some('b') => out.push_str("\\x08"),
                Some(other) => escaped(&mut out, other, rest),
                None => {}
            },
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(next);
            }
            // A `-` that is next to another, or last, is itself and no range and no difference.
            '-' if matches!(rest.peek(), Some('-' | ']')) || out.len() == negated => out.push_str("\\-"),
            other => out.push(other),
        }
    }
    out
}

/// A repetition, with its first character already read.
fn quantifier(
    out: &mut String,
    first: char,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    narrow: Option<Narrow<'_>>,
) -> bool {
    // What follows `(` or `|` is no repetition but `(?`.
    if first == '?' && out.ends_with('(') && !out.ends_with("\\(") {
        out.push('?');
        return true;
    }
    let (least, most, text) = match first {
        '*' => (0, None, "*".to_owned()),
        '+' => (1, None, "+".to_owned()),
        '?' => (0, Some(1), "?".to_owned()),
        _ => {
            let ahead: String = rest.clone().take_while(|c| *c != '}').take(24).collect();
            let bounds = ahead.split_once(',').unwrap_or((&ahead, &ahead));
            let (Ok(least), most) = (bounds.0.parse::<usize>(), bounds.1) else {
                // ECMA takes a brace that is no repetition for itself.
                out.push_str("\\{");
                return true;
            };
            let most = if most.is_empty() { None } else { most.parse::<usize>().ok() };
            for _ in 0..=ahead.chars().count() {
                rest.next();
            }
            (least, most, format!("{{{ahead}}}"))
        }
    };
    let lazy = rest.next_if_eq(&'?').is_some();
    if let Some(Narrow { count, .. }) = narrow {
        let count = count.min(most.unwrap_or(usize::MAX)).max(least);
        let _ = write!(out, "{{{count}}}");
    } else {
        out.push_str(&text);
        if lazy {
            out.push('?');
        }
    }
    // Some engines read `a*+` as a repetition that gives nothing back, and `regex` as one of one.
    match rest.peek() {
        Some('*' | '+' | '?') => false,
        Some('{') => !bounds_ahead(rest),
        _ => true,
    }
}

/// Whether a `{` that is next begins a repetition.
fn bounds_ahead(rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let ahead: String = rest.clone().skip(1).take_while(|c| *c != '}').take(24).collect();
    ahead.split(',').next().is_some_and(|least| least.parse::<usize>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pattern: &str, shortest: usize, longest: usize) -> Option<String> {
        let matches = compile(pattern).unwrap();
        texts(pattern, &matches, shortest, longest, 1, &|| true).into_iter().next()
    }

    #[test]
    fn a_repetition_is_not_repeated() {
        for pattern in [".*+}a", "a++", "a{2}*", "a+??", "a*{2,}"] {
            let refused = compile(pattern).unwrap_err();
            assert!(refused.contains("it repeats a repetition"), "{pattern}: {refused}");
        }
        for pattern in ["a+?", "a{2}?b", "(?:a+)+", "a+\\+", "(a*)*", "a*{x}"] {
            assert!(compile(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_text_for_each_pattern() {
        let cases = [
            (r"^\d{3}-\d{4}$", "000-0000"),
            (r"^[A-Z]{2,3}$", "AA"),
            ("^(red|green)$", "red"),
            ("^a$|^b$", "a"),
            (r"^[^/]+$", "0"),
            (r"^\w+@\w+\.com$", "0@0.com"),
            ("^.$", "0"),
            (r"^[\s\S]+$", "0"),
            (r"^[a-z[\]]$", "a"),
            (r"^\/x\/\-$", "/x/-"),
            (r"^{x}$", "{x}"),
            (r"^arn:aws:[a-z0-9-]+:.*$", "arn:aws:0:"),
            (r"^\u00e9$", "é"),
            (r"^[\w.-]+$", "0"),
            (r"^a{2,}b??$", "aa"),
            (r"^(?:x|y)+$", "x"),
        ];
        for (pattern, text) in cases {
            assert_eq!(made(pattern, 0, 100).as_deref(), Some(text), "{pattern}");
        }
    }

    #[test]
    fn lengths_are_kept() {
        for (pattern, shortest, longest) in [
            ("^[a-z]+$", 5, 5),
            ("^a*b*$", 7, 9),
            ("x", 10, 12),
            ("^(ab)+$", 10, 11),
            ("^[0-9]{1,64}$", 40, 64),
            (r"^(\+|-)?\d+(\.\d*)?$", 5, 5),
        ] {
            let text = made(pattern, shortest, longest).unwrap();
            assert!((shortest..=longest).contains(&text.len()), "{pattern} {text}");
        }
        assert_eq!(made("^a{5}$", 0, 4), None);
    }

    #[test]
    fn what_cannot_be_taken_is_said_in_one_line() {
        for pattern in ["^(?=.*[A-Z]).+$", "(a", r"(a)\1", "[b-a]", "((a{1000}){1000}){1000}"] {
            let reason = compile(pattern).unwrap_err();
            assert!(reason.contains(pattern.split('\\').next().unwrap()) && !reason.contains('\n'), "{reason}");
        }
        assert!(compile(&"a".repeat(3000)).unwrap_err().contains("3000 bytes"));
    }

    #[test]
    fn no_text_is_made_that_does_not_match() {
        assert_eq!(made("^a^b$", 0, 100), None);
        assert_eq!(made(r"^[^\s\S]$", 0, 100), None);
    }
}
