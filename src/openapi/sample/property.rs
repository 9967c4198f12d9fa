//! Any schema that can be fitted has a sample, and every sample fits, as an independent validator judges.
//!
//! A schema is made around a value that fits it, its witness, so that it is known to be satisfiable.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// Bits to decide by: one draw for a whole schema, so that a failure shrinks.
struct Choices {
    bytes: Vec<u8>,
    at: usize,
}

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(byte) % bound
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }
}

/// Makes schemas, each with a witness.
struct Maker {
    choices: Choices,
    schemas: Map<String, Value>,
    modern: bool,
}

const FORMATS: [(&str, &str); 11] = [
    ("date", "2020-02-29"),
    ("date-time", "2020-02-29T10:00:00Z"),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000"),
    ("email", "someone@example.org"),
    ("uri", "https://example.org/x"),
    ("ipv4", "10.0.0.1"),
    ("ipv6", "2001:db8::7"),
    ("hostname", "www.example.org"),
    ("byte", "YWJj"),
    ("password", "secret"),
    ("binary", "x"),
];

const PATTERNS: [(&str, &str); 14] = [
    ("^[A-Z]{2}[0-9]{3,5}$", "AB1234"),
    ("^(red|green|blue)$", "green"),
    (r"^\d{3}-\d{3}-\d{4}$", "555-123-4567"),
    (r"^[a-z0-9]+(?:-[a-z0-9]+)*$", "a-slug-7"),
    (r"^\S+@\S+$", "a@b"),
    ("^[^/?#]+$", "plain"),
    (r"^\w[\w.-]{0,30}$", "file.name-1"),
    ("needle", "haystack with a needle in it"),
    (r"^arn:aws:s3:::[a-z0-9.-]{3,63}(/.*)?$", "arn:aws:s3:::bucket/key"),
    (r"^(\+|-)?\d+(\.\d*)?$", "-12.5"),
    (r"^[\s\S]{1,20}$", "any thing"),
    (r"^\/[a-z]+\/$", "/abc/"),
    (r"[0-9]$", "ends in 7"),
    (r"^#?([a-f0-9]{6}|[a-f0-9]{3})$", "#00ff00"),
];

impl Maker {
    fn schema(&mut self, depth: usize) -> (Value, Value) {
        let (mut schema, witness) = match self.choices.below(if depth == 0 { 5 } else { 10 }) {
            0 => self.integer(),
            1 | 2 => self.string(),
            3 => self.number(),
            4 => (json!({"type": "boolean"}), json!(self.choices.flip())),
            5 | 6 => self.object(depth),
            7 => self.array(depth),
            8 => self.composed(depth),
            _ => return self.reference(depth),
        };
        match self.choices.below(12) {
            0 => schema["enum"] = json!([witness.clone(), "other"]),
            1 => schema["default"] = witness.clone(),
            2 => schema["example"] = witness.clone(),
            3 if self.modern => schema["examples"] = json!([witness.clone()]),
            4 if self.modern => schema["const"] = witness.clone(),
            5 if self.modern && schema["type"].is_string() => schema["type"] = json!([schema["type"], "null"]),
            6 if !self.modern => schema["nullable"] = json!(true),
            // An example that is wrong is the author's word at the top, and must do no harm inside.
            7 => schema["default"] = json!({"wrong": [1]}),
            _ => {}
        }
        (schema, witness)
    }

    fn bounds(&mut self, schema: &mut Value, witness: f64, slack: f64) {
        for (key, exclusive, sign) in [("minimum", "exclusiveMinimum", -1.0), ("maximum", "exclusiveMaximum", 1.0)] {
            let outside = witness + sign * slack;
            match self.choices.below(4) {
                0 => schema[key] = json!(witness),
                1 if slack > 0.0 && self.modern => schema[exclusive] = json!(outside),
                1 if slack > 0.0 => {
                    schema[key] = json!(outside);
                    schema[exclusive] = json!(true);
                }
                _ => {}
            }
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_wrap,
        clippy::cast_possible_truncation,
        reason = "small numbers"
    )]
    fn integer(&mut self) -> (Value, Value) {
        let step = [1, 1, 2, 3, 7, 100][self.choices.below(6)];
        let witness = (self.choices.below(256) as i64 - 100) * step;
        let mut schema = json!({"type": "integer"});
        if step > 1 {
            schema["multipleOf"] = json!(step);
        }
        if self.choices.flip() {
            schema["format"] = json!(if self.choices.flip() { "int32" } else { "int64" });
        }
        let slack = self.choices.below(4) as f64;
        let mut rough = schema.clone();
        self.bounds(&mut rough, witness as f64, slack);
        // Whole bounds, as people write them.
        for key in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
            if let Some(bound) = rough.get(key) {
                schema[key] = bound.as_f64().map_or(bound.clone(), |bound| json!(bound as i64));
            }
        }
        (schema, json!(witness))
    }

    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn number(&mut self) -> (Value, Value) {
        let mut schema = json!({"type": "number"});
        let witness = if self.choices.flip() {
            let (step, tenth) = [(0.5, 2.0), (0.25, 4.0), (3.0, 1.0)][self.choices.below(3)];
            schema["multipleOf"] = json!(step);
            let count = self.choices.below(256) as f64 - 128.0;
            let _ = tenth;
            count * step
        } else {
            (self.choices.below(256) as f64 - 128.0) / 8.0
        };
        let slack = [0.0, 0.125, 1.0][self.choices.below(3)];
        self.bounds(&mut schema, witness, slack);
        (schema, json!(witness))
    }

    fn string(&mut self) -> (Value, Value) {
        let mut schema = json!({"type": "string"});
        let witness = match self.choices.below(4) {
            0 => {
                let (format, witness) = FORMATS[self.choices.below(FORMATS.len())];
                schema["format"] = json!(format);
                return (schema, json!(witness));
            }
            1 | 2 => {
                let (pattern, witness) = PATTERNS[self.choices.below(PATTERNS.len())];
                schema["pattern"] = json!(pattern);
                witness.to_owned()
            }
            _ => "w".repeat(self.choices.below(40)),
        };
        let length = witness.chars().count();
        if self.choices.flip() {
            schema["minLength"] = json!(length.saturating_sub(self.choices.below(5)));
        }
        if self.choices.flip() {
            schema["maxLength"] = json!(length + self.choices.below(5));
        }
        (schema, json!(witness))
    }

    fn object(&mut self, depth: usize) -> (Value, Value) {
        let (mut properties, mut witness, mut required) = (Map::new(), Map::new(), Vec::new());
        for number in 0..self.choices.below(4) {
            let (schema, value) = self.schema(depth - 1);
            let name = format!("p{number}");
            properties.insert(name.clone(), schema);
            if self.choices.below(3) > 0 {
                required.push(name.clone());
                witness.insert(name, value);
            } else if self.choices.flip() {
                witness.insert(name, value);
            }
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        match self.choices.below(4) {
            0 => schema["additionalProperties"] = json!(false),
            1 => {
                let (other, value) = self.schema(depth - 1);
                schema["additionalProperties"] = other;
                if self.choices.flip() {
                    witness.insert("extra".to_owned(), value);
                    schema["required"] =
                        json!(required.iter().map(String::as_str).chain(["extra"]).collect::<Vec<_>>());
                }
            }
            _ => {}
        }
        if self.choices.flip() {
            schema["minProperties"] = json!(witness.len());
        }
        if self.choices.flip() {
            schema["maxProperties"] = json!(witness.len());
        }
        (schema, Value::Object(witness))
    }

    fn array(&mut self, depth: usize) -> (Value, Value) {
        let (items, one) = self.schema(depth - 1);
        let mut schema = json!({"type": "array", "items": items});
        if self.choices.flip() {
            // Only of what surely has so many values.
            schema["uniqueItems"] = json!(true);
            schema["minItems"] = json!(self.choices.below(2));
            schema["maxItems"] = json!(1);
            if self.choices.flip() {
                let count = self.choices.below(5);
                let kind = ["string", "integer"][self.choices.below(2)];
                schema = json!({"type": "array", "uniqueItems": true, "minItems": count, "items": {"type": kind}});
                return (schema.clone(), made(&schema).unwrap_or_default());
            }
            return (schema, json!([one]));
        }
        let count = self.choices.below(4);
        if self.choices.flip() {
            schema["minItems"] = json!(count.saturating_sub(self.choices.below(2)));
        }
        if self.choices.flip() {
            schema["maxItems"] = json!(count + self.choices.below(2));
        }
        (schema, Value::Array(vec![one; count]))
    }

    fn composed(&mut self, depth: usize) -> (Value, Value) {
        let (first, witness) = self.schema(depth - 1);
        match self.choices.below(4) {
            0 => {
                // Parts that name members of their own.
                let (second, value) = self.schema(depth - 1);
                let part = |name: &str, schema: Value| json!({"type": "object", "required": [name], "properties": {name: schema}});
                (
                    json!({"allOf": [part("left", first), part("right", second)]}),
                    json!({"left": witness, "right": value}),
                )
            }
            1 => {
                let (second, _) = self.schema(depth - 1);
                (json!({"anyOf": [first, second]}), witness)
            }
            2 => {
                // Told apart by a constant, as people do.
                let (second, _) = self.schema(depth - 1);
                let tagged = |tag: &str, schema: Value| json!({"type": "object", "required": ["kind", "v"], "properties": {"kind": {"type": "string", "enum": [tag]}, "v": schema}});
                let order = self.choices.flip();
                let (one, other) = (tagged("one", first), tagged("other", second));
                let branches = if order { json!([one, other]) } else { json!([other, one]) };
                (json!({"oneOf": branches}), json!({"kind": "one", "v": witness}))
            }
            _ => (json!({"allOf": [first]}), witness),
        }
    }

    fn reference(&mut self, depth: usize) -> (Value, Value) {
        let (schema, witness) = self.schema(depth - 1);
        let name = format!("S{}", self.schemas.len());
        let pointer = json!({"$ref": format!("#/components/schemas/{name}")});
        let mut schema = schema;
        // A way back that need not be taken.
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() && self.choices.flip() {
            schema["properties"]["again"] = pointer.clone();
        }
        self.schemas.insert(name, schema);
        (pointer, witness)
    }
}

fn made(schema: &Value) -> Result<Value, String> {
    let root = json!({"openapi": "3.1.0", "x": schema});
    Sampler::new(Document::new(&root)).samples(&root["x"], "string", 1).map(|mut made| made.remove(0).0)
}

/// A schema with its document, as the validator takes it.
fn validator(schema: &Value, schemas: &Value, modern: bool) -> jsonschema::Validator {
    let mut whole = json!({"allOf": [schema], "components": {"schemas": schemas}});
    if !modern {
        nullable(&mut whole);
    }
    let options = if modern { jsonschema::draft202012::options() } else { jsonschema::draft4::options() };
    options.should_validate_formats(true).build(&whole).unwrap()
}

/// Says `nullable` in JSON Schema's words.
fn nullable(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(nullable);
            if members.remove("nullable") == Some(Value::Bool(true)) {
                let own = Value::Object(std::mem::take(members));
                members.insert("anyOf".to_owned(), json!([own, {"type": "null"}]));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(nullable),
        _ => {}
    }
}

fn holds(bytes: Vec<u8>, modern: bool) -> Result<(), TestCaseError> {
    let mut maker = Maker { choices: Choices { bytes, at: 0 }, schemas: Map::new(), modern };
    let (schema, witness) = maker.schema(4);
    let schemas = Value::Object(maker.schemas);
    let validator = validator(&schema, &schemas, modern);
    prop_assume!(validator.is_valid(&witness));
    let version = if modern { "3.1.0" } else { "3.0.3" };
    let root = json!({"openapi": version, "x": schema, "components": {"schemas": schemas}});
    let made = Sampler::new(Document::new(&root)).samples(&root["x"], "string", 3);
    let again = Sampler::new(Document::new(&root)).samples(&root["x"], "string", 3);
    prop_assert_eq!(&made, &again);
    let made = made.map_err(|why| TestCaseError::fail(format!("{why}: {root:#} {witness}")))?;
    for (value, source) in made {
        prop_assert!(validator.is_valid(&value), "{source:?} {value} for {root:#}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_global_rejects: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_schema_that_can_be_fitted_has_a_sample_that_fits(bytes in prop::collection::vec(any::<u8>(), 0..160), modern: bool) {
        holds(bytes, modern)?;
    }
}

proptest! {
    /// Contradictory or not: what comes out fits, or does not come out.
    #[test]
    fn any_numbers_at_all(low: i32, high: i32, step in 1_u32..5000, integer: bool) {
        let schema = json!({"type": if integer { "integer" } else { "number" }, "minimum": f64::from(low) / 8.0, "maximum": f64::from(high) / 8.0, "multipleOf": f64::from(step) / 8.0});
        if let Ok(value) = made(&schema) {
            prop_assert!(validator(&schema, &json!({}), true).is_valid(&value), "{schema} {value}");
        }
    }

    #[test]
    fn no_pattern_is_a_panic(pattern in "[\\^$.|?*+()\\[\\]{}a-c0-9\\\\,\\-&~]{0,16}", least in 0_u64..20) {
        let schema = json!({"type": "string", "pattern": pattern, "minLength": least});
        if let Ok(value) = made(&schema)
            && let Ok(validator) = jsonschema::draft202012::options().build(&schema)
        {
            prop_assert!(validator.is_valid(&value), "{schema} {value}");
        }
    }

    /// Any JSON at all in a schema's place.
    #[test]
    fn no_schema_is_a_panic(keys in prop::collection::vec("type|enum|minimum|maximum|multipleOf|pattern|minLength|items|required|properties|allOf|anyOf|oneOf|\\$ref|format|minItems|uniqueItems|not|contains|prefixItems", 0..5), values in prop::collection::vec(0_usize..13, 5)) {
        let odd = [json!(null), json!(-1), json!(1e300), json!("#"), json!("string"), json!("array"), json!("object"), json!([]), json!({}), json!([{}, {"$ref": "#/x"}]), json!(["a"]), json!(true), json!(0)];
        let schema: Map<String, Value> = keys.into_iter().zip(values).map(|(key, value)| (key, odd[value].clone())).collect();
        let _ = made(&Value::Object(schema));
    }
}
