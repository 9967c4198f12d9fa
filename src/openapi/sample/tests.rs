use serde_json::{Value, json};

use super::*;

/// What is made of a schema in a document with these others.
fn made_of(schema: &Value, schemas: &Value) -> Result<Made, String> {
    let root = json!({"openapi": "3.0.3", "x": schema, "components": {"schemas": schemas}});
    let sampler = Sampler::new(Document::new(&root));
    sampler.samples(&root["x"], "object", 1).map(|mut made| made.remove(0))
}

fn made(schema: &Value) -> Result<Value, String> {
    made_of(schema, &json!({})).map(|(value, _)| value)
}

#[test]
fn values_by_their_source() {
    use SampleSource::{Default, Enum, Example, Schema};
    let cases = [
        (json!({"type": "string", "example": "a", "default": "b", "enum": ["c"]}), json!("a"), Example),
        // Taken at its word.
        (json!({"type": "integer", "example": "not one"}), json!("not one"), Example),
        (json!({"type": "string", "examples": ["a", "b"]}), json!("a"), Example),
        (json!({"type": "string", "default": "b", "enum": ["b", "c"]}), json!("b"), Default),
        // A default that does not fit is none.
        (json!({"type": "integer", "default": "b"}), json!(1), Schema),
        (json!({"type": "string", "nullable": true, "enum": [null, "c"]}), json!("c"), Enum),
        (json!({"const": 7}), json!(7), Enum),
        (json!({"type": "object"}), json!({}), Schema),
        (json!({}), json!({}), Schema),
        (json!({"type": "array", "items": {"type": "string", "example": "x"}}), json!(["x"]), Example),
        (
            json!({"required": ["a", "b"], "properties": {"a": {"example": 1}, "b": {"type": "integer"}}}),
            json!({"a": 1, "b": 1}),
            Schema,
        ),
        // An inner example that does not fit is not put to use.
        (json!({"required": ["a"], "properties": {"a": {"type": "integer", "example": "x"}}}), json!({"a": 1}), Schema),
        (json!({"type": ["null", "integer"]}), json!(1), Schema),
        (json!({"type": "integer", "format": "int32", "minimum": 2_147_483_647_u64}), json!(2_147_483_647_u64), Schema),
        (json!({"minimum": 3, "exclusiveMinimum": true, "type": "integer"}), json!(4), Schema),
        (json!({"exclusiveMaximum": 0, "type": "integer"}), json!(-1), Schema),
        (json!({"type": "string", "pattern": "^[A-Z]{3}$"}), json!("AAA"), Schema),
        (json!({"type": "string", "minLength": 8}), json!("sampleaa"), Schema),
        (json!({"type": "string", "maxLength": 2}), json!("sa"), Schema),
        (json!({"type": "string", "format": "email", "maxLength": 6}), json!("a@b.co"), Schema),
        (
            json!({"type": "array", "minItems": 3, "uniqueItems": true, "items": {"type": "integer"}}),
            json!([1, 2, 3]),
            Schema,
        ),
        (json!({"type": "array", "maxItems": 0}), json!([]), Schema),
        (
            json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer"}}),
            json!({"property1": 1}),
            Schema,
        ),
        (json!({"allOf": [{"type": "integer", "minimum": 2}, {"maximum": 2}]}), json!(2), Schema),
        (
            json!({"oneOf": [{"type": "integer", "pattern": 1, "minimum": 5, "maximum": 4}, {"type": "boolean"}]}),
            json!(true),
            Schema,
        ),
        (
            json!({"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 1}]}),
            json!(1),
            Schema,
        ),
        (json!({"type": "integer", "not": {"enum": [1]}}), json!(2), Schema),
        (json!({"type": "boolean"}), json!(true), Schema),
    ];
    for (schema, value, source) in cases {
        assert_eq!(made_of(&schema, &json!({})), Ok((value, source)), "{schema}");
    }
}

#[test]
fn what_has_no_value_has_a_reason() {
    let cases = [
        (json!({"type": "string", "pattern": "^(?=x)y$"}), "no value is made for the pattern `^(?=x)y$`: look-around"),
        (
            json!({"type": "string", "pattern": "^a{9}$", "maxLength": 3}),
            "no text was found that matches the pattern `^a{9}$` with 0 to 3 characters",
        ),
        (
            json!({"type": "string", "minLength": 5, "maxLength": 3}),
            "contradictory schema: at least 5 characters and at most 3",
        ),
        (
            json!({"type": "string", "minLength": 99_999_999}),
            "no text of 99999999 characters is made up: more than 16384",
        ),
        (json!({"type": "integer", "minimum": 2, "maximum": 1}), "no number was found within the schema's bounds"),
        (json!({"allOf": [{"type": "integer"}, {"type": "string"}]}), "contradictory schema: no type is left"),
        (
            json!({"required": ["a"], "additionalProperties": false}),
            "property `a`: contradictory schema: it is needed and not allowed",
        ),
        (json!({"$ref": "#/components/schemas/None"}), "`#/components/schemas/None` leads nowhere"),
        (json!({"$ref": "https://example.com/a.json"}), "`https://example.com/a.json` leads out of the document"),
        (
            json!({"type": "array", "uniqueItems": true, "minItems": 3, "items": {"type": "boolean"}}),
            "an item: there are not that many",
        ),
        (json!({"type": "string", "enum": [1]}), "none of the schema's listed values fits"),
        (json!({"minimum": 1e300}), "no value is made beyond a bound of 1e+300"),
    ];
    for (schema, reason) in cases {
        let why = made(&schema).unwrap_err();
        assert!(why.starts_with(reason) && !why.contains('\n'), "{schema}: {why}");
    }
}

#[test]
fn cycles() {
    let schemas = json!({
        // localstack: openapi.spec.circular-ref-with-request-body.json has the like.
        "Person": {"type": "object", "required": ["name", "child"], "properties": {"name": {"type": "string"}, "child": {"$ref": "#/components/schemas/Person"}}},
        "Optional": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "child": {"$ref": "#/components/schemas/Optional"}}},
        "Tree": {"type": "object", "required": ["children"], "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
        "Self": {"$ref": "#/components/schemas/Self"},
        "Ring": {"allOf": [{"$ref": "#/components/schemas/Gnir"}]},
        "Gnir": {"allOf": [{"$ref": "#/components/schemas/Ring"}]},
        "Expression": {"oneOf": [{"type": "object", "required": ["left"], "properties": {"left": {"$ref": "#/components/schemas/Expression"}}}, {"type": "integer"}]},
        // Not a cycle: the same base twice.
        "Base": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
        "Twice": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"allOf": [{"$ref": "#/components/schemas/Base"}]}]},
    });
    let read = |name: &str| {
        made_of(&json!({"$ref": format!("#/components/schemas/{name}")}), &schemas).map(|(value, _)| value)
    };
    for name in ["Person", "Ring"] {
        let why = read(name).unwrap_err();
        assert!(why.contains("cyclic schema: `#/components/schemas/") && why.ends_with("needs itself"), "{why}");
    }
    assert!(read("Self").unwrap_err().contains("without an end"));
    assert_eq!(read("Optional"), Ok(json!({"name": "sample"})));
    assert_eq!(read("Tree"), Ok(json!({"children": []})));
    assert_eq!(read("Expression"), Ok(json!(1)), "the branch that ends");
    assert_eq!(read("Twice"), Ok(json!({"a": 1})));
}

#[test]
fn references_that_fan_out_are_bounded() {
    let mut schemas = json!({"S40": {"type": "string"}});
    for level in 0..40 {
        let next = json!({"$ref": format!("#/components/schemas/S{}", level + 1)});
        schemas[format!("S{level}")] =
            json!({"type": "object", "required": ["a", "b"], "properties": {"a": next, "b": next}});
    }
    let start = std::time::Instant::now();
    let why = made_of(&json!({"$ref": "#/components/schemas/S0"}), &schemas).unwrap_err();
    assert!(why.contains("the schema is too large: no sample was found in 20000 steps"), "{why}");
    let whole: Vec<Value> = (0..40).map(|n| json!({"anyOf": [{"$ref": format!("#/components/schemas/S{n}")}, {"type": "object", "minProperties": 99_999}]})).collect();
    let why = made_of(&json!({"allOf": whole}), &schemas).unwrap_err();
    assert!(why.contains("too large"), "{why}");
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn deep_schemas_end() {
    let schemas: serde_json::Map<String, Value> = (0..500)
        .map(|level| {
            let next = json!({"$ref": format!("#/components/schemas/S{}", level + 1)});
            (format!("S{level}"), json!({"type": "array", "minItems": 1, "items": next}))
        })
        .collect();
    let why = made_of(&json!({"$ref": "#/components/schemas/S0"}), &Value::Object(schemas)).unwrap_err();
    assert!(why.contains("nested more than 48 deep") && why.len() < 300, "{why}");
}
