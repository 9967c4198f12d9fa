//! Values that may be written in more than one way.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::documents;
use crate::gateway::Verb;

/// One verb, or a list of them.
pub(super) fn verbs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Verb>, D::Error> {
    struct Verbs;
    impl<'de> Visitor<'de> for Verbs {
        type Value = Vec<Verb>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a verb or a list of verbs")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<Verb>, E> {
            let one: Result<Verb, E> = Verb::deserialize(StrDeserializer::new(text));
            Ok(vec![one?])
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Verb>, A::Error> {
            let mut verbs = Vec::new();
            while let Some(verb) = list.next_element()? {
                verbs.push(verb);
            }
            Ok(verbs)
        }
    }
    deserializer.deserialize_any(Verbs)
}

/// A text as it is; any other value as JSON.
pub(super) fn body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        value => Some(value.to_string()),
    })
}

/// A day, as `2026-12-31`.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<jiff::civil::Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let date = text.parse().ok().filter(|_| text.len() == "2026-12-31".len());
    date.map(Some).ok_or_else(|| D::Error::custom("expected a day, as 2026-12-31"))
}

/// A URL; where it is none it is not quoted, for it may hold a secret.
pub(super) fn http_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|error| {
        D::Error::custom(format!("this is no URL ({error}): expected something like https://api.example.com/orders/42"))
    })
}

/// The same, where it may be left out.
pub(super) fn optional_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    http_url(deserializer).map(Some)
}

/// An OpenAPI document: its path, or itself as a map or as a text.
pub(super) fn document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) if documents::is_document(&text) => {
            let read = documents::parse(&text);
            Some(read.map_err(|reason| D::Error::custom(format!("the document {reason}")))?)
        }
        value => Some(value),
    })
}
