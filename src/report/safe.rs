//! Words of others (names, URLs, answers), made fit for a message: no control characters, no secrets, not endless.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What stands for a hidden value.
const HIDDEN: &str = "…";

/// Values shorter than this are not looked for in other text: they are no secrets, and `1` is everywhere.
const SHORTEST_SECRET: usize = 4;

/// The text as one line without anything that could end a line, colour a terminal, turn the writing direction or be
/// refused by SQS (which takes no control characters and no noncharacters).
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            _ if c.is_whitespace() => ' ',
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
            _ if c.is_control() || u32::from(c) & 0xfffe == 0xfffe => char::REPLACEMENT_CHARACTER,
            _ => c,
        })
        .collect()
}

/// The text, or as much of it as has room in so many bytes, with `…` behind it.
pub(super) fn cut(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}{HIDDEN}", &text[..text.floor_char_boundary(bytes.saturating_sub(HIDDEN.len()))]))
}

/// The URL without what may be secret: the values of its query, a user and password, a fragment. The names of the query's
/// parameters and the path stay: without them nobody could tell what fails.
#[must_use]
pub fn url(url: &str) -> String {
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let mut safe = String::with_capacity(url.len());
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
            safe.extend([scheme, "://", host, &rest[end..]]);
        }
        None => safe.push_str(address),
    }
    for (index, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        safe.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, "")) => safe.extend([name, "="]),
            Some((name, _)) => safe.extend([name, "=", HIDDEN]),
            // A bare word may be the token itself.
            None if pair.is_empty() => {}
            None => safe.push_str(HIDDEN),
        }
    }
    // As a URL has them; one that was never parsed may have anything.
    clean(&safe).replace(' ', "%20")
}

/// The text without the values of the URL's query, should it repeat them.
pub(super) fn without_values(text: &str, url: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let mut values: Vec<String> = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value))
        .flat_map(|value| {
            let spaced = value.replace('+', " ");
            [value.to_owned(), percent_decode_str(&spaced).decode_utf8_lossy().into_owned()]
        })
        .filter(|value| value.len() >= SHORTEST_SECRET)
        .collect();
    // The longest first: one value may be the start of another.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), HIDDEN))
}

/// How many bytes the text has inside a JSON string, quotes left out.
pub(super) fn encoded(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
            0..32 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_keep_their_path_and_lose_their_values() {
        for (given, expected) in [
            ("https://h/p/1", "https://h/p/1"),
            ("https://h/p?token=s3cret&empty=&x=1#frag", "https://h/p?token=…&empty=&x=…"),
            ("https://h/p?s3cret", "https://h/p?…"),
            ("https://h/p?a=1;b=s3cret=2", "https://h/p?a=…"),
            ("https://user:pa@ss@h:8080?x=y", "https://h:8080?x=…"),
            ("https://h/p?", "https://h/p?"),
            ("https://h/a\nb c", "https://h/a%20b%20c"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(url(given), expected, "{given}");
        }
    }

    #[test]
    fn values_are_found_in_other_text_in_both_spellings() {
        let given = "https://h/p?token=abc%2Fdef+1&n=1&key=abc%2Fdef+1-long";
        let text = "1: abc%2Fdef+1 and abc/def 1, but abc/def 1-long";
        assert_eq!(without_values(text, given), "1: … and …, but …");
    }

    proptest! {
        #[test]
        fn whatever_it_was_it_is_one_line_and_no_longer_than_asked(text in any::<String>(), bytes in 3usize..100) {
            let safe = clean(&text);
            let unfit = |c: char| c.is_control() || ['\u{2028}', '\u{2029}', '\u{202e}'].contains(&c);
            prop_assert!(!safe.chars().any(unfit), "{:?}", safe);
            prop_assert!(cut(&safe, bytes).len() <= bytes);
            prop_assert_eq!(encoded(&text) + 2, serde_json::to_string(&text).unwrap().len());
        }

        #[test]
        fn no_value_of_a_query_survives(path in "[a-z/]{0,9}", value in "[A-Z0-9]{1,20}", user in "[A-Z0-9]{1,9}") {
            let safe = url(&format!("https://{user}:x@host/{path}?token={value}&{value}#{value}"));
            prop_assert!(!safe.contains(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()), "{}", safe);
        }
    }
}
