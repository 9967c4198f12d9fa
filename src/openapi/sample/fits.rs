//! Whether a value fits a schema: what is made up is checked, so that no mistake of the maker's is sent.

use serde_json::{Map, Number, Value};

use super::{Sampler, number, text};

/// References and compositions deeper than this are taken as not fitting.
const DEEPEST: usize = 64;

impl Sampler<'_> {
    /// Whether a value fits a schema.
    pub(super) fn fits(&self, value: &Value, schema: &Value) -> bool {
        self.fits_at(value, schema, 0)
    }

    fn fits_at(&self, value: &Value, schema: &Value, depth: usize) -> bool {
        if depth > DEEPEST || self.spend(1).is_err() {
            return false;
        }
        let schema = match schema {
            Value::Bool(any) => return *any,
            Value::Object(schema) => schema,
            _ => return true,
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.document.target(reference);
            if !target.is_ok_and(|target| self.fits_at(value, target, depth + 1)) {
                return false;
            }
            if !self.document.modern {
                return true;
            }
        }
        if value.is_null() && !self.document.modern && schema.get("nullable") == Some(&Value::Bool(true)) {
            return true;
        }
        let all = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
        let fitting = |key: &str| all(key).filter(|branch| self.fits_at(value, branch, depth + 1)).count();
        is_of_type(value, schema.get("type"))
            && schema
                .get("enum")
                .and_then(Value::as_array)
                .is_none_or(|values| values.iter().any(|one| same(one, value)))
            && schema.get("const").is_none_or(|one| same(one, value))
            && fitting("allOf") == all("allOf").count()
            && (!schema.get("anyOf").is_some_and(Value::is_array) || fitting("anyOf") > 0)
            && (!schema.get("oneOf").is_some_and(Value::is_array) || fitting("oneOf") == 1)
            && schema.get("not").is_none_or(|not| !self.fits_at(value, not, depth + 1))
            && match value {
                Value::Number(number) => number_fits(number, schema),
                Value::String(text) => self.text_fits(text, schema),
                Value::Array(items) => self.items_fit(items, schema, depth),
                Value::Object(members) => self.members_fit(members, schema, depth),
                _ => true,
            }
    }

    fn text_fits(&self, text: &str, schema: &Map<String, Value>) -> bool {
        let length = text.chars().count() as u64;
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        bound("minLength").is_none_or(|least| length >= least)
            && bound("maxLength").is_none_or(|most| length <= most)
            && schema.get("format").and_then(Value::as_str).is_none_or(|format| text::is_of(format, text))
            && schema.get("pattern").and_then(Value::as_str).is_none_or(|pattern| self.matches(pattern, text))
    }

    fn items_fit(&self, items: &[Value], schema: &Map<String, Value>, depth: usize) -> bool {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let length = items.len() as u64;
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let tuple = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        bound("minItems").is_none_or(|least| length >= least)
            && bound("maxItems").is_none_or(|most| length <= most)
            && (!unique
                || items.iter().enumerate().all(|(at, item)| !items[..at].iter().any(|other| same(other, item))))
            && items.iter().zip(tuple).all(|(item, schema)| self.fits_at(item, schema, depth + 1))
            && schema
                .get("items")
                .is_none_or(|each| items.iter().skip(tuple.len()).all(|item| self.fits_at(item, each, depth + 1)))
            && schema.get("contains").is_none_or(|one| items.iter().any(|item| self.fits_at(item, one, depth + 1)))
    }

    fn members_fit(&self, members: &Map<String, Value>, schema: &Map<String, Value>, depth: usize) -> bool {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let count = members.len() as u64;
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        bound("minProperties").is_none_or(|least| count >= least)
            && bound("maxProperties").is_none_or(|most| count <= most)
            && required.into_iter().flatten().filter_map(Value::as_str).all(|name| members.contains_key(name))
            && members.iter().all(|(name, value)| {
                let own = properties.and_then(|properties| properties.get(name));
                let mut named = own.is_some();
                own.is_none_or(|schema| self.fits_at(value, schema, depth + 1))
                    && patterns.into_iter().flatten().all(|(pattern, schema)| {
                        let applies = self.matches(pattern, name);
                        named |= applies;
                        !applies || self.fits_at(value, schema, depth + 1)
                    })
                    && (named
                        || schema.get("additionalProperties").is_none_or(|other| self.fits_at(value, other, depth + 1)))
                    && schema
                        .get("propertyNames")
                        .is_none_or(|names| self.fits_at(&Value::String(name.clone()), names, depth + 1))
            })
    }
}

fn is_of_type(value: &Value, types: Option<&Value>) -> bool {
    let is = |name: &str| match (name, value) {
        ("integer", Value::Number(number)) => {
            !number.is_f64() || number::units(number).is_some_and(|units| units % number::ONE == 0)
        }
        ("number", Value::Number(_))
        | ("string" | "file", Value::String(_))
        | ("boolean", Value::Bool(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_))
        | ("null", Value::Null) => true,
        _ => false,
    };
    match types {
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

fn number_fits(number: &Number, schema: &Map<String, Value>) -> bool {
    // What is finer or larger than units hold was not made up here, and is compared roughly.
    let rough = |number: &Number| number.as_f64().unwrap_or_default();
    let compare = |other: &Number| match (number::units(number), number::units(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => rough(number).partial_cmp(&rough(other)),
    };
    let bound = |key: &str| schema.get(key).and_then(Value::as_number).and_then(&compare);
    // Draft 4, and with it OpenAPI 3.0, makes a bound exclusive by a flag beside it.
    let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let multiple = || match schema.get("multipleOf").and_then(Value::as_number).map(number::units) {
        None => true,
        Some(Some(step)) if step > 0 => number::units(number).is_some_and(|units| units % step == 0),
        Some(_) => false,
    };
    bound("minimum").is_none_or(|o| o.is_gt() || o.is_eq() && !flag("exclusiveMinimum"))
        && bound("maximum").is_none_or(|o| o.is_lt() || o.is_eq() && !flag("exclusiveMaximum"))
        && bound("exclusiveMinimum").is_none_or(std::cmp::Ordering::is_gt)
        && bound("exclusiveMaximum").is_none_or(std::cmp::Ordering::is_lt)
        && multiple()
}

/// Whether two values are the same to a schema: 1 and 1.0 are.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (number::units(one), number::units(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        },
        _ => one == other,
    }
}
