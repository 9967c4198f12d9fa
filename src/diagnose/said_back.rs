//! What an answer says back of the request: values that may be secrets are taken out of it, and what is endless is cut.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Words;
use crate::gateway::Request;
use crate::probe::hide_named_digests;

/// So much of a text is told; nobody reads more, and whoever draws or stores it need not look out for megabytes.
const LONGEST_TEXT: usize = 4 * 1024;

/// Shorter values stand in any text by chance.
const SHORTEST_SECRET: usize = 4;

/// So many values of a body are looked for.
const MOST_VALUES: usize = 200;

/// The answer's words without what the request's headers and body held.
pub(super) fn without_secrets(mut words: Words, request: &Request) -> Words {
    let secrets = secrets(request);
    for text in [&mut words.message, &mut words.error_type].into_iter().flatten() {
        hide_named_digests(text);
        hide(text, &secrets);
    }
    words
}

/// Cuts a text at [`LONGEST_TEXT`].
pub(super) fn cut(text: &mut String) {
    if text.len() > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text.push('…');
    }
}

/// Whatever may be a secret: header values, the token behind a scheme and what stands in it, cookies, and the values of a
/// body that is JSON or a form.
fn secrets(request: &Request) -> Vec<Cow<'_, str>> {
    let mut found: Vec<Cow<'_, str>> = Vec::new();
    for (name, value) in &request.headers {
        found.push(value.as_str().into());
        let Some((scheme, token)) = value.split_once(' ') else { continue };
        found.push(token.into());
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(Ok(pair)) = STANDARD.decode(token.trim()).map(String::from_utf8)
        {
            found.extend(pair.split_once(':').map(|(_, password)| Cow::Owned(password.to_owned())));
            found.push(pair.into());
        }
        if name.eq_ignore_ascii_case("cookie") {
            found.extend(pairs(value, ';'));
        }
    }
    if let Some((_, value)) = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
        found.extend(pairs(value, ';'));
    }
    if let Some(body) = &request.body {
        found.push(body.as_str().into());
        match serde_json::from_str(body) {
            Ok(value) => strings(&value, &mut found),
            Err(_) => found.extend(pairs(body, '&')),
        }
    }
    found.retain(|value| value.len() >= SHORTEST_SECRET);
    // A value that holds another goes first.
    found.sort_by_key(|value| std::cmp::Reverse(value.len()));
    found
}

fn pairs(text: &str, separator: char) -> impl Iterator<Item = Cow<'_, str>> {
    text.split(separator).take(MOST_VALUES).filter_map(|pair| Some(pair.split_once('=')?.1.trim().into()))
}

fn strings(value: &Value, found: &mut Vec<Cow<'_, str>>) {
    match value {
        _ if found.len() > MOST_VALUES => {}
        Value::String(text) => found.push(text.clone().into()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes the values out and cuts what is left, so that no part of a value stands at the cut.
fn hide(text: &mut String, secrets: &[Cow<'_, str>]) {
    let mut was_cut = text.len() > 2 * LONGEST_TEXT;
    text.truncate(text.floor_char_boundary(2 * LONGEST_TEXT));
    let mut longest = 0;
    for value in secrets {
        let start = &value[..value.floor_char_boundary(LONGEST_TEXT)];
        longest = longest.max(start.len());
        if let Some(at) = text.find(start) {
            if start.len() < value.len() {
                // Behind the start of a value that is longer than what is told, there is only the rest of it.
                text.replace_range(at.., "…");
                was_cut = false;
            } else {
                *text = text.replace(&**value, "…");
            }
        }
    }
    // At the cut the start of a value may stand, which no look for all of it found.
    let whole = text.len().saturating_sub(if was_cut { longest } else { 0 });
    if was_cut || whole > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(whole.min(LONGEST_TEXT)));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn said(headers: &[(&str, &str)], body: Option<&str>, message: &str) -> String {
        let mut request = Request::new("POST", Url::parse("https://example.com/").unwrap());
        request.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        request.body = body.map(ToOwned::to_owned);
        let words = Words { error_type: None, message: Some(message.to_owned()), null_message: false };
        without_secrets(words, &request).message.unwrap()
    }

    #[test]
    fn what_was_sent_is_not_said_back() {
        for (headers, body, message, expected) in [
            (&[("authorization", "Bearer t0ken-1")][..], None, "bad t0ken-1", "bad …"),
            (&[("authorization", "Basic Ym9iOmh1bnRlcjI=")], None, "wrong hunter2 for bob", "wrong … for bob"),
            (&[("cookie", "a=1; sid=s3cr3t")], None, "s3cr3t expired", "… expired"),
            (&[], Some(r#"{"user": {"password": "hunter2"}}"#), "hunter2 is too short", "… is too short"),
            (&[], Some("a=b&password=hunter2"), "hunter2 is too short", "… is too short"),
            (&[], Some("whole body"), "not a whole body", "not a …"),
            (&[("x", "abc")], None, "abc is short", "abc is short"),
            (
                &[("authorization", "Bearer t0ken-1")],
                None,
                "(hashed with SHA-256 and encoded with Base64): '8cBgrCx+YJmxTbTW0tN1OVf5AGXk2OOYEsTECnwAC/U='.",
                "(hashed with SHA-256 and encoded with Base64): ….",
            ),
        ] {
            assert_eq!(said(headers, body, message), expected);
        }
    }
}
