//! What a server says back of a secret is taken out of its answer before anything else sees it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use secrecy::{ExposeSecret as _, SecretString};

use crate::probe::Response;

/// Shorter values stand in any text by chance.
const SHORTEST: usize = 4;

/// The same of the start of a digest, which may be in hex.
const SHORTEST_DIGEST: usize = 8;

/// What stands in a secret's place.
const HIDDEN: &str = "…";

/// So many parts of one value are digested, at most.
const MOST_PARTS: usize = 32;

/// Behind these words API Gateway writes a digest of the `Authorization` header, or of a part of it (facts A2).
const DIGEST_FOLLOWS: &str = "encoded with Base64): ";

/// The forms in which secrets may come back, the longest first.
#[derive(Default)]
pub(in crate::probe) struct Hidden {
    forms: Vec<SecretString>,
    /// All of them too long to stand anywhere by chance.
    digests: Vec<SecretString>,
}

impl Hidden {
    /// Adds a secret in each form that servers and proxies are known to write one: as it is, escaped as JSON and as a URL, in base64,
    /// and digested. From its SHA-256 a short secret is found by trying.
    pub(super) fn add(&mut self, secret: &SecretString) {
        let secret = secret.expose_secret();
        let mut digests = digests(secret);
        // Which part of a header API Gateway digests is not known.
        let parts = secret.split([' ', ',', '\t']).filter(|part| !part.is_empty() && part.len() < secret.len());
        digests.extend(parts.take(MOST_PARTS).flat_map(self::digests));
        self.digests.extend(digests.into_iter().map(SecretString::from));
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
        self.forms.extend(forms.into_iter().map(SecretString::from));
        self.sort();
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.forms.extend(other.forms.iter().cloned());
        self.digests.extend(other.digests.iter().cloned());
        self.sort();
    }

    fn sort(&mut self) {
        for forms in [&mut self.forms, &mut self.digests] {
            forms.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
        }
    }

    /// Takes the secrets out of an answer. What was read of it may end within one.
    pub(in crate::probe) fn hide(&self, response: &mut Response) {
        if self.digests.is_empty() {
            return;
        }
        for (name, value) in &mut response.headers {
            self.hide_in(name, true);
            self.hide_in(value, true);
        }
        self.hide_in(&mut response.body, response.truncated);
    }

    fn hide_in(&self, text: &mut String, cut: bool) {
        hide_named_digests(text);
        for (forms, shortest) in [(&self.digests, SHORTEST_DIGEST), (&self.forms, SHORTEST)] {
            for form in forms {
                let form = form.expose_secret();
                if text.contains(form) {
                    *text = text.replace(form, HIDDEN);
                }
                if cut && let Some(start) = started(text, form, shortest) {
                    text.truncate(start);
                    text.push_str(HIDDEN);
                }
            }
        }
    }
}

/// A text's SHA-256 as it may be written: in base64, plain, without padding, as a URL has it and with the escapes that some writers of
/// JSON make, and in hex.
fn digests(text: &str) -> Vec<String> {
    let Some(suite) = TLS13_AES_128_GCM_SHA256.tls13() else { return Vec::new() };
    let hash = suite.common.hash_provider.hash(text.as_bytes());
    let bytes = hash.as_ref();
    let plain = STANDARD.encode(bytes);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: String = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect();
    let mut forms = vec![
        plain.replace('/', "\\/"),
        plain.replace('+', "\\u002b").replace('/', "\\u002f").replace('=', "\\u003d"),
        utf8_percent_encode(&plain, NON_ALPHANUMERIC).to_string(),
        plain,
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hex.to_ascii_uppercase(),
        hex,
    ];
    forms.dedup();
    forms
}

/// Takes out what API Gateway itself calls a digest, whatever it is of.
pub(crate) fn hide_named_digests(text: &mut String) {
    let digit = |c: char| c.is_ascii_alphanumeric() || "+/=_-\\'".contains(c);
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(DIGEST_FOLLOWS)) {
        from += at + DIGEST_FOLLOWS.len();
        let rest = text.get(from..).unwrap_or_default();
        let length = rest.find(|c| !digit(c)).unwrap_or(rest.len());
        if length > 0 {
            text.replace_range(from..from + length, HIDDEN);
        }
    }
}

/// Where the start of a form stands at a text's end.
fn started(text: &str, form: &str, shortest: usize) -> Option<usize> {
    let longest = form.len().saturating_sub(1).min(text.len());
    (shortest..=longest)
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

    #[test]
    fn the_digest_of_a_secret_is_taken_out() {
        // Made with Python's hashlib and base64, and of a secret that is too short to be looked for itself.
        let (secret, bearer, short) = ("s3cret-1", "Bearer s3cret-1", "abc");
        for (secret, digest) in [
            (secret, "bYN+Xw27DcfsyDJI/HKPH/THdtbuZQYFZm6xwDvEmBE="),
            (secret, "bYN+Xw27DcfsyDJI/HKPH/THdtbuZQYFZm6xwDvEmBE"),
            (secret, "bYN-Xw27DcfsyDJI_HKPH_THdtbuZQYFZm6xwDvEmBE"),
            (secret, r"bYN+Xw27DcfsyDJI\/HKPH\/THdtbuZQYFZm6xwDvEmBE="),
            (secret, r"bYN\u002bXw27DcfsyDJI\u002fHKPH\u002fTHdtbuZQYFZm6xwDvEmBE\u003d"),
            (secret, "bYN%2BXw27DcfsyDJI%2FHKPH%2FTHdtbuZQYFZm6xwDvEmBE%3D"),
            (secret, "6d837e5f0dbb0dc7ecc83248fc728f1ff4c776d6ee650605666eb1c03bc49811"),
            (secret, "6D837E5F0DBB0DC7ECC83248FC728F1FF4C776D6EE650605666EB1C03BC49811"),
            // The whole value, and what stands behind its scheme.
            (bearer, "8cBgrCx+YJmxTbTW0tN1OVf5AGXk2OOYEsTECnwAC/U="),
            (bearer, "bYN+Xw27DcfsyDJI/HKPH/THdtbuZQYFZm6xwDvEmBE="),
            (short, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ] {
            assert_eq!(hidden(secret, &format!("got '{digest}'."), false), "got '…'.", "{secret} {digest}");
            assert_eq!(hidden(secret, &format!("cut {}", &digest[..12]), true), "cut …", "{secret} {digest}");
        }
        assert_eq!(hidden(secret, "an id that ends in 6d83", true), "an id that ends in 6d83", "by chance");
        // What API Gateway says is a digest is one, whatever it is of.
        let told = r#"{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80='."}"#;
        let (before, _) = told.split_once("'q83v").unwrap();
        for digest in ["'q83vEjRWeJq8/+=='", r"\u0027q83vEjRW\/Jq8=\u0027"] {
            let told = format!("{before}{digest}.\"}}");
            assert_eq!(hidden(secret, &told, false), format!("{before}….\"}}"));
        }
        assert_eq!(hidden(secret, "encoded with Base64): ", false), "encoded with Base64): ");
    }
}
