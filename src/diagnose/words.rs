//! What an answer says: its error type and its message.

use serde_json::Value;

use crate::probe::Response;

/// What a response holds that symptoms are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `x-amzn-ErrorType`, without what follows a colon.
    pub error_type: Option<String>,
    /// The body's `message` or `Message`, where it is JSON and holds a text; for a body that is not JSON, its start.
    pub message: Option<String>,
    /// Whether the body is JSON with a `message` of `null`, as an authorizer's configuration error has (facts A2).
    pub null_message: bool,
}

/// How much of a body that is no JSON is kept as the message.
const MESSAGE_CHARS: usize = 120;

impl Words {
    /// Reads a response.
    #[must_use]
    pub fn of(response: &Response) -> Self {
        let error_type = response
            .header("x-amzn-errortype")
            .map(|value| value.split(':').next().unwrap_or(value).trim().to_owned())
            .filter(|value| !value.is_empty());
        let body = response.body.trim();
        let (message, null_message) = match serde_json::from_str::<Value>(body) {
            // Both spellings are AWS's: access denials write it with a capital (facts A2).
            Ok(Value::Object(fields)) => match fields.get("message").or_else(|| fields.get("Message")) {
                Some(Value::String(text)) => (Some(without_token(text)), false),
                Some(Value::Null) => (None, true),
                _ => (None, false),
            },
            Ok(_) => (None, false),
            Err(_) => (one_line(body), false),
        };
        Words { error_type, message, null_message }
    }
}

/// API Gateway quotes the Authorization header back when it is no `SigV4` (facts A3): nobody should paste that on.
fn without_token(text: &str) -> String {
    if !text.contains("missing equal-sign") {
        return text.to_owned();
    }
    let pieces: Vec<&str> = text.split('\'').collect();
    let shown = pieces.iter().enumerate().map(|(index, piece)| if index % 2 == 1 { "…" } else { *piece });
    shown.collect::<Vec<_>>().join("'")
}

/// The start of a text, in one line.
fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return None;
    }
    let mut short: String = line.chars().take(MESSAGE_CHARS).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    Some(short)
}
