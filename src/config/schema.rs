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
