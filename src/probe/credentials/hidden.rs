//! What a server says back of a secret is taken out of its answer before anything else sees it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::probe::Response;

/// Shorter values stand in any text by chance.
const SHORTEST: usize = 4;

/// What stands in a secret's place.
const HIDDEN: &str = "…";

/// The forms in which secrets may come back, the longest first.
#[derive(Default)]
pub(in crate::probe) struct Hidden(Vec<SecretString>);

impl Hidden {
    /// Adds a secret in each form that servers and proxies are known to write one: as it is, escaped as JSON and as a URL, and in base64.
    pub(super) fn add(&mut self, secret: &SecretString) {
        let secret = secret.expose_secret();
        if secret.len() < SHORTEST {
            return;
        }
        let json = serde_json::to_string(secret).unwrap_or_default();
        let mut forms = vec![
            secret.to_owned(),
            json.trim_matches('"').to_owned(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
        ];
        forms.dedup();
        self.0.extend(forms.into_iter().map(SecretString::from));
        self.0.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
        self.0.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// Takes the secrets out of an answer. What was read of it may end within one.
    pub(in crate::probe) fn hide(&self, response: &mut Response) {
        if self.0.is_empty() {
            return;
        }
        for (name, value) in &mut response.headers {
            self.hide_in(name, true);
            self.hide_in(value, true);
        }
        self.hide_in(&mut response.body, response.truncated);
    }

    fn hide_in(&self, text: &mut String, cut: bool) {
        for form in &self.0 {
            let form = form.expose_secret();
            if text.contains(form) {
                *text = text.replace(form, HIDDEN);
            }
            if cut && let Some(start) = started(text, form) {
                text.truncate(start);
                text.push_str(HIDDEN);
            }
        }
    }
}

/// Where the start of a form stands at a text's end.
fn started(text: &str, form: &str) -> Option<usize> {
    let longest = form.len().saturating_sub(1).min(text.len());
    (SHORTEST..=longest)
        .rev()
        .filter(|length| form.is_char_boundary(*length))
        .find(|length| text.ends_with(&form[..*length]))
        .map(|length| text.len() - length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(secret: &str, body: &str, truncated: bool) -> String {
        let mut hidden = Hidden::default();
        hidden.add(&SecretString::from(secret));
        let headers = vec![("x-echo".to_owned(), body.to_owned())];
        let mut response = Response { status: 200, headers, body: body.to_owned(), truncated };
        hidden.hide(&mut response);
        assert!(response.headers[0].1 == response.body || !truncated, "{response:?}");
        response.body
    }

    #[test]
    fn every_form_of_a_secret_is_taken_out() {
        for (secret, body, truncated, expected) in [
            ("s3cret-1", "got s3cret-1 and s3cret-1.", false, "got … and …."),
            ("s3cret-1", r#"{"auth":"czNjcmV0LTE="}"#, false, r#"{"auth":"…"}"#),
            ("a\"b\\c d", r#"{"auth":"a\"b\\c d"}"#, false, r#"{"auth":"…"}"#),
            ("a/b c&d", "?auth=a%2Fb%20c%26d&x", false, "?auth=…&x"),
            ("s3cret-1", "cut in s3cre", true, "cut in …"),
            ("s3cret-1", "not cut in s3cre", false, "not cut in s3cre"),
            ("abc", "abc is short", false, "abc is short"),
            ("é-secret-é", "ends in é-sec", true, "ends in …"),
        ] {
            assert_eq!(hidden(secret, body, truncated), expected, "{secret:?}");
        }
    }
}
