//! A command line's words, as Windows' cmd.exe and the C runtime behind it read them: what Chrome's
//! "Copy as cURL (cmd)" writes.

use super::bash::Split;
use super::{CurlError, Place};

/// Whether a text is written for cmd.exe: the first sign of either shell counts, outside of double quotes, which both have.
pub(super) fn is_meant(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, false);
    while let Some(byte) = bytes.get(at) {
        let starts_word = at > 0 && matches!(bytes[at - 1], b' ' | b'\t');
        let next = bytes.get(at + 1);
        match byte {
            // Escaped in both; at a line's end it is bash's.
            b'\\' if !quoted && matches!(next, Some(b'\n' | b'\r')) => return false,
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'^' if matches!(next, Some(b'\n' | b'\r')) || (starts_word && next == Some(&b'"')) => return true,
            b'\'' if starts_word => return false,
            b'$' if starts_word && next == Some(&b'\'') => return false,
            _ => {}
        }
        at += 1;
    }
    false
}

/// Splits the first command of a text: first cmd.exe's carets, then the C runtime's quotes.
pub(super) fn split(text: &str) -> Result<Split, CurlError> {
    let mut split = Split::default();
    let chars: Vec<char> = text.trim_start().chars().collect();
    let line = carets(&chars, &mut split.warnings)?;
    split.words = words(&line)?;
    Ok(split)
}

/// What cmd.exe hands on: `^x` is `x`, a caret before a line end joins the lines, operators end the command.
fn carets(chars: &[char], warnings: &mut Vec<String>) -> Result<Vec<char>, CurlError> {
    let mut out = Vec::with_capacity(chars.len());
    let (mut at, mut quoted) = (0, false);
    let line_end = |at: usize| match (chars.get(at), chars.get(at + 1)) {
        (Some('\r'), Some('\n')) => Some(2),
        (Some('\n'), _) => Some(1),
        _ => None,
    };
    while let Some(&c) = chars.get(at) {
        if let Some(name) = variable(chars, at) {
            return Err(CurlError::Expansion { what: format!("%{name}%"), at: place(chars, at) });
        }
        match c {
            '^' if !quoted => {
                at += 1;
                // The line end goes, and the character behind it is taken as it stands: a second line end is meant.
                if let Some(length) = line_end(at) {
                    at += length;
                }
                if let Some(length) = line_end(at) {
                    out.push('\n');
                    at += length;
                    continue;
                }
                if let Some(&escaped) = chars.get(at) {
                    out.push(escaped);
                }
            }
            '"' => {
                quoted = !quoted;
                out.push(c);
            }
            _ if line_end(at).is_some() => {
                ended(chars, at, "line end", warnings);
                return Ok(out);
            }
            '&' | '|' | '<' | '>' if !quoted => {
                ended(chars, at, "`&`, `|`, `<` or `>`", warnings);
                return Ok(out);
            }
            _ => out.push(c),
        }
        at += 1;
    }
    Ok(out)
}

fn ended(chars: &[char], at: usize, by: &str, warnings: &mut Vec<String>) {
    if chars.get(at + 1..).unwrap_or(&[]).iter().any(|c| !c.is_whitespace()) {
        warnings.push(format!("what stands behind the {by} of the curl line was not read"));
    }
}

/// The name in `%NAME%`. Percent-encoded text looks alike: two hexadecimal digits are taken for that unless the rest
/// cannot be.
fn variable(chars: &[char], at: usize) -> Option<String> {
    if chars.get(at) != Some(&'%') {
        return None;
    }
    let rest = chars.get(at + 1..)?;
    let name: String = rest.iter().take(64).take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect();
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && rest.get(name.len()) == Some(&'%');
    let encoded = name.len() >= 2 && name.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    let shouted = name.len() > 3 && name.contains('_') && !name.contains(|c: char| c.is_ascii_lowercase());
    (named && (!encoded || shouted)).then_some(name)
}

/// The C runtime's words: quotes group, `\"` is a quote, backslashes count only before one, `""` in quotes is one quote.
fn words(line: &[char]) -> Result<Vec<String>, CurlError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut at, mut quoted_at) = (0, None);
    while let Some(&c) = line.get(at) {
        match c {
            '\\' => {
                let slashes = line.iter().skip(at).take_while(|c| **c == '\\').count();
                let word = word.get_or_insert_default();
                at += slashes;
                if line.get(at) == Some(&'"') {
                    word.extend(std::iter::repeat_n('\\', slashes / 2));
                    if slashes % 2 == 1 {
                        word.push('"');
                        at += 1;
                    }
                } else {
                    word.extend(std::iter::repeat_n('\\', slashes));
                }
                continue;
            }
            '"' if quoted_at.is_some() && line.get(at + 1) == Some(&'"') => {
                word.get_or_insert_default().push('"');
                at += 1;
            }
            '"' => {
                word.get_or_insert_default();
                quoted_at = if quoted_at.is_some() { None } else { Some(at) };
            }
            ' ' | '\t' if quoted_at.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
        at += 1;
    }
    if let Some(at) = quoted_at {
        return Err(CurlError::Unclosed { quote: "double quote (\")", at: place(line, at) });
    }
    words.extend(word);
    Ok(words)
}

fn place(chars: &[char], at: usize) -> Place {
    let before = chars.get(..at).unwrap_or(chars);
    let line_start = before.iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
    Place { line: before.iter().filter(|c| **c == '\n').count() + 1, column: before.len() - line_start + 1 }
}
