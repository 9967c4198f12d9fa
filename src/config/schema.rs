//! The JSON Schema of the config, made from the types that read it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::Config;
use crate::gateway::Verb;

/// The JSON Schema (2020-12) of the config file, for editors and for checks before a deployment.
///
/// It says of each key what it is and what it takes. What no schema can say, as that a rule is never reached,
/// [`Config::parse`] alone knows.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Config).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), Value::from("Gateprobe's config"));
    }
    schema
}

/// A text; a number or a truth is taken as it is typed.
pub(super) struct Scalar;

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// A length of time: seconds, or a text as `2h`.
pub(super) struct Duration;

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[ ]*([0-9]+|([0-9]+[smhdw])+)[ ]*$" }
            ]
        })
    }
}

/// A day: `2026-12-31`.
pub(super) struct Date;

impl JsonSchema for Date {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
    }
}

/// So many runs of so many: `2 of 3`.
pub(super) struct Runs;

impl JsonSchema for Runs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Runs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 32 },
                { "type": "string", "pattern": "^[0-9]+ of [0-9]+$" }
            ]
        })
    }
}

/// So many times in so long: `3 in 6h`.
pub(super) struct Times;

impl JsonSchema for Times {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Times".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ in ([0-9]+|([0-9]+[smhdw])+)$" })
    }
}

/// A verb, or a list of verbs.
pub(super) struct OneOrMore;

impl JsonSchema for OneOrMore {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let verbs: Vec<&str> = std::iter::once(Verb::Any).chain(Verb::CONCRETE).map(Verb::as_str).collect();
        json_schema!({
            "anyOf": [
                { "enum": verbs },
                { "type": "array", "items": { "enum": verbs } }
            ]
        })
    }
}
