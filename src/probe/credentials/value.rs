//! From the text of a secret to the value that is wanted of it. No error repeats any of the text.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// The text itself, or of a JSON object the value of a key: a text, or a number or truth value as JSON writes it.
pub(super) fn pick(text: &SecretString, key: Option<&str>) -> Result<SecretString, String> {
    let Some(key) = key else { return Ok(text.clone()) };
    let object = match serde_json::from_str(text.expose_secret()) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err(format!("the secret is JSON but no object, so there is no key `{key}` in it")),
        Err(_) => return Err(format!("the secret is no JSON, so there is no key `{key}` in it: leave out #{key}")),
    };
    match object.get(key) {
        Some(Value::String(text)) => Ok(SecretString::from(text.as_str())),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(SecretString::from(value.to_string())),
        Some(_) => Err(format!("the value of the secret's key `{key}` is no text")),
        None => Err(format!("the secret has no key `{key}`: the name is case-sensitive")),
    }
}

/// Checks what goes into a header. HTTP allows more than this; API Gateway and proxies do not.
pub(super) fn check_header(value: &SecretString) -> Result<(), String> {
    let value = value.expose_secret();
    if value.is_empty() {
        return Err("the value is empty".to_owned());
    }
    if value.trim() != value {
        return Err("the value begins or ends with white space, which HTTP would cut off".to_owned());
    }
    if value.len() > MOST_HEADER {
        return Err(format!(
            "the value has {} bytes, and API Gateway takes {MOST_HEADER} of headers in all",
            value.len()
        ));
    }
    if value.bytes().any(|byte| !(byte == b'\t' || (0x20..0x7f).contains(&byte))) {
        return Err(
            "the value holds a character that HTTP headers do not allow (a line break, a control or a letter beyond ASCII)"
                .to_owned(),
        );
    }
    Ok(())
}

/// API Gateway's quota for all headers together.
const MOST_HEADER: usize = 10_240;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_json_secret() {
        let picked = |text: &str, key| {
            let result = pick(&SecretString::from(text), key);
            result.map(|value| value.expose_secret().to_owned())
        };
        assert_eq!(picked("m4rk", None).unwrap(), "m4rk");
        assert_eq!(picked(r#"{"m4rk": 1, "k": "v"}"#, Some("k")).unwrap(), "v");
        assert_eq!(picked(r#"{"k": 12}"#, Some("k")).unwrap(), "12");
        for (text, expected) in [
            ("m4rk", "no JSON"),
            (r#"["m4rk"]"#, "no object"),
            (r#"{"K": "m4rk"}"#, "no key `k`"),
            (r#"{"k": {"x": "m4rk"}}"#, "is no text"),
            (r#"{"k": null, "x": "m4rk"}"#, "is no text"),
            (r#"{"k": "m4rk"#, "no JSON"),
        ] {
            let error = picked(text, Some("k")).unwrap_err();
            assert!(error.contains(expected) && !error.contains("m4rk"), "{text}: {error}");
        }
    }

    #[test]
    fn what_a_header_may_hold() {
        for (value, expected) in [
            ("", "is empty"),
            ("m4rk\n", "white space"),
            (" m4rk", "white space"),
            ("m4rk\r\nx: y", "a character"),
            ("m4rk\u{7f}x", "a character"),
            ("m4rkü", "a character"),
            ("m4rk\0x", "a character"),
        ] {
            let error = check_header(&SecretString::from(value)).unwrap_err();
            assert!(error.contains(expected) && !error.contains("m4rk"), "{value:?}: {error}");
        }
        assert!(check_header(&SecretString::from("x".repeat(10_241))).is_err());
        assert!(check_header(&SecretString::from("a b\tc~!")).is_ok());
    }
}
