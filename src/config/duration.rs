//! Lengths of time as people write them: `45s`, `15m`, `2h`, `1d`, `1h30m`, or plain seconds.

use std::fmt::{self, Write as _};

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// What stands in every error.
const EXPECTED: &str = "expected a length of time, as 45s, 15m, 2h or 1d";

/// Ten years: what is longer is a slip, and sums of times need no care below it.
const LONGEST: u64 = 3650 * 86_400;

/// Reads a length of time; the answer is in seconds.
///
/// # Errors
/// In one line what was expected, for a text that is none and for more than ten years.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    if rest.is_empty() {
        return Err(format!("this is empty: {EXPECTED}"));
    }
    let plain = rest.bytes().all(|byte| byte.is_ascii_digit());
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| format!("`{}` is none: {EXPECTED}", short(text)))?;
        let unit = if plain { Some('s') } else { after.chars().next() };
        let factor = match unit {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            Some('w') => 7 * 86_400,
            _ => return Err(format!("`{}` is none: {EXPECTED}", short(text))),
        };
        seconds = number.checked_mul(factor).and_then(|more| seconds.checked_add(more)).unwrap_or(u64::MAX);
        rest = after.get(1..).unwrap_or("");
    }
    if seconds > LONGEST {
        return Err(format!("`{}` is more than ten years: {EXPECTED}", short(text)));
    }
    Ok(seconds)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Writes it as people do, in its two largest units: `45s`, `1h 30m`, `3d 2h`.
#[must_use]
pub fn duration_text(seconds: u64) -> String {
    const UNITS: [(u64, char); 4] = [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
    let Some(largest) = UNITS.iter().position(|(length, _)| seconds >= *length) else { return "0s".to_owned() };
    let mut text = String::new();
    let mut rest = seconds;
    for (length, unit) in &UNITS[largest..(largest + 2).min(UNITS.len())] {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            let blank = if text.is_empty() { "" } else { " " };
            // Nothing fails that writes to a text.
            let _ = write!(text, "{blank}{count}{unit}");
        }
    }
    text
}

/// For serde: a number of seconds, or a text.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Seconds;
    impl Visitor<'_> for Seconds {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a length of time, as 45s, 15m, 2h or 1d")
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
            parse_duration(&number.to_string()).map_err(E::custom)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            parse_duration(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for (text, seconds, written) in [
            ("0", 0, "0s"),
            ("45s", 45, "45s"),
            ("90", 90, "1m 30s"),
            ("15m", 900, "15m"),
            ("1h30m", 5400, "1h 30m"),
            ("2h", 7200, "2h"),
            ("1d", 86_400, "1d"),
            ("2w", 14 * 86_400, "14d"),
            ("1d1s", 86_401, "1d"),
            ("3650d", LONGEST, "3650d"),
        ] {
            assert_eq!(parse_duration(text), Ok(seconds), "{text}");
            assert_eq!(duration_text(seconds), written);
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in [
            "",
            " ",
            "m",
            "2 hours",
            "1y",
            "-1h",
            "1.5h",
            "2h-",
            "h2",
            "2hh",
            "2h3",
            "3651d",
            "1é",
            "99999999999999999999",
            "18446744073709551615d",
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.ends_with("expected a length of time, as 45s, 15m, 2h or 1d"), "{error}");
        }
    }
}
