//! What an event looks like, without what it says.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Objects within objects, so deep.
const DEEPEST: usize = 4;

/// So many keys of one object.
const MOST_KEYS: usize = 16;

/// The most characters of a key.
const LONGEST_KEY: usize = 40;

/// The most bytes of the whole.
const LONGEST: usize = 1024;

/// The keys and types of a value: `{detail-type: string, detail: {eventName: string}}`. Values are left out, for they may
/// be secrets, and so are keys that look like one: long, or of other characters than names have.
#[must_use]
pub fn shape(value: &Value) -> String {
    let mut text = String::new();
    describe(value, 0, &mut text);
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

fn describe(value: &Value, depth: usize, text: &mut String) {
    match value {
        // Enough is known; a hostile event must cost nothing.
        _ if text.len() > LONGEST => {}
        Value::Null => text.push_str("null"),
        Value::Bool(_) => text.push_str("boolean"),
        Value::Number(_) => text.push_str("number"),
        Value::String(_) => text.push_str("string"),
        Value::Array(items) => {
            text.push('[');
            if let Some(first) = items.first() {
                describe(first, depth + 1, text);
                let _ = write!(text, " x {}", items.len());
            }
            text.push(']');
        }
        Value::Object(fields) if depth >= DEEPEST && !fields.is_empty() => text.push_str("{…}"),
        Value::Object(fields) => object(fields, depth, text),
    }
}

fn object(fields: &Map<String, Value>, depth: usize, text: &mut String) {
    text.push('{');
    for (index, (name, value)) in fields.iter().take(MOST_KEYS).enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(key(name));
        text.push_str(": ");
        describe(value, depth + 1, text);
    }
    if let more @ 1.. = fields.len().saturating_sub(MOST_KEYS) {
        let _ = write!(text, ", and {more} more");
    }
    text.push('}');
}

fn key(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if name.len() <= LONGEST_KEY && !name.is_empty() && name.bytes().all(plain) { name } else { "…" }
}
