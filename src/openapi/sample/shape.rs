//! What a schema asks of a value, with its references and its `allOf` merged.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::Sampler;
use super::number::{self, ONE};

/// What several schemas ask of one value together.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape<'d> {
    /// The references that were followed, for the values inside of this one.
    pub(super) references: Vec<&'d str>,
    /// The types that are left; `None`: any.
    pub(super) types: Option<Vec<&'d str>>,
    /// Lists of which one value each must be.
    pub(super) enums: Vec<&'d [Value]>,
    /// `example`, `examples`.
    pub(super) examples: Vec<&'d Value>,
    pub(super) default: Option<&'d Value>,
    /// `anyOf` and `oneOf`: of each, one branch is gathered as well.
    pub(super) choices: Vec<&'d [Value]>,
    /// Whether something is asked that is checked and not built in.
    pub(super) checked: bool,
    pub(super) low: Option<i128>,
    pub(super) high: Option<i128>,
    pub(super) steps: Vec<i128>,
    pub(super) shortest: usize,
    pub(super) longest: Option<usize>,
    pub(super) patterns: Vec<&'d str>,
    pub(super) formats: Vec<&'d str>,
    pub(super) fewest: usize,
    pub(super) most: Option<usize>,
    pub(super) unique: bool,
    pub(super) items: Vec<&'d Value>,
    pub(super) tuples: Vec<&'d [Value]>,
    pub(super) contains: Vec<&'d Value>,
    pub(super) required: BTreeSet<&'d str>,
    pub(super) fewest_members: usize,
    pub(super) most_members: Option<usize>,
    pub(super) parts: Vec<Members<'d>>,
}

/// What one schema says of an object's members: `additionalProperties` is about its own `properties`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'d> {
    pub(super) properties: Option<&'d Map<String, Value>>,
    pub(super) patterns: Option<&'d Map<String, Value>>,
    pub(super) additional: Option<&'d Value>,
}

impl<'d> Sampler<'d> {
    /// Adds what a schema asks. `outer`: the references that lead to the value that this one is in; `open`: those that
    /// are being followed at this very moment.
    pub(super) fn gather(
        &self,
        schema: &'d Value,
        shape: &mut Shape<'d>,
        outer: &[&'d str],
        open: &mut Vec<&'d str>,
    ) -> Result<(), String> {
        self.spend(1)?;
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return Err("the schema is `false`: nothing fits it".to_owned()),
            Value::Object(schema) => schema,
            _ => return Err("a schema is no object".to_owned()),
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if outer.contains(&reference) || open.contains(&reference) {
                return Err(format!("cyclic schema: {} needs itself", super::shown(reference)));
            }
            if open.len() >= super::DEEPEST {
                return Err("references lead to references without an end".to_owned());
            }
            if !shape.references.contains(&reference) {
                shape.references.push(reference);
                let target = self.document.target(reference)?;
                open.push(reference);
                self.gather(target, shape, outer, open)?;
                open.pop();
            }
            if !self.document.modern {
                return Ok(());
            }
        }
        for part in list(schema, "allOf").unwrap_or_default() {
            self.gather(part, shape, outer, open)?;
        }
        shape.choices.extend(list(schema, "anyOf").into_iter().chain(list(schema, "oneOf")));
        let unbuilt = ["not", "if", "propertyNames", "patternProperties", "dependentRequired", "dependentSchemas"];
        shape.checked |= unbuilt.iter().any(|key| schema.contains_key(*key));
        shape.examples.extend(schema.get("example"));
        shape.examples.extend(list(schema, "examples").unwrap_or_default());
        shape.default = shape.default.or(schema.get("default"));
        shape.enums.extend(list(schema, "enum"));
        shape.enums.extend(schema.get("const").map(std::slice::from_ref));
        types(schema, shape)?;
        numbers(schema, shape)?;
        let count =
            |key: &str| schema.get(key).and_then(Value::as_u64).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let least = |all: &mut usize, key: &str| *all = (*all).max(count(key).unwrap_or_default());
        let most = |all: &mut Option<usize>, key: &str| *all = (*all).into_iter().chain(count(key)).min();
        least(&mut shape.shortest, "minLength");
        most(&mut shape.longest, "maxLength");
        least(&mut shape.fewest, "minItems");
        most(&mut shape.most, "maxItems");
        least(&mut shape.fewest_members, "minProperties");
        most(&mut shape.most_members, "maxProperties");
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        shape.patterns.extend(text("pattern"));
        shape.formats.extend(text("format"));
        shape.unique |= schema.get("uniqueItems") == Some(&Value::Bool(true));
        shape.items.extend(schema.get("items").filter(|items| !items.is_array()));
        // Draft 4 lists a tuple's schemas under `items`.
        shape.tuples.extend(list(schema, "prefixItems").or_else(|| list(schema, "items")));
        shape.contains.extend(schema.get("contains"));
        for name in list(schema, "required").unwrap_or_default().iter().filter_map(Value::as_str) {
            self.spend(1)?;
            shape.required.insert(name);
        }
        let object = |key: &str| schema.get(key).and_then(Value::as_object);
        let (properties, patterns) = (object("properties"), object("patternProperties"));
        let additional = schema.get("additionalProperties");
        if properties.is_some() || patterns.is_some() || additional.is_some() {
            shape.parts.push(Members { properties, patterns, additional });
        }
        Ok(())
    }
}

fn list<'d>(schema: &'d Map<String, Value>, key: &str) -> Option<&'d [Value]> {
    schema.get(key).and_then(Value::as_array).map(Vec::as_slice)
}

fn types<'d>(schema: &'d Map<String, Value>, shape: &mut Shape<'d>) -> Result<(), String> {
    let named: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let left = match &shape.types {
        None => named,
        // An integer is a number.
        Some(before) => named
            .into_iter()
            .filter_map(|name| match name {
                "number" if !before.contains(&"number") => before.iter().copied().find(|other| *other == "integer"),
                "integer" if before.contains(&"number") => Some(name),
                name => before.contains(&name).then_some(name),
            })
            .collect(),
    };
    if left.is_empty() {
        return Err("contradictory schema: no type is left that all of its parts allow".to_owned());
    }
    shape.types = Some(left);
    Ok(())
}

fn numbers(schema: &Map<String, Value>, shape: &mut Shape<'_>) -> Result<(), String> {
    let number = |key: &str| schema.get(key).and_then(Value::as_number);
    let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let mut raise = |bound: i128| shape.low = Some(shape.low.map_or(bound, |low| low.max(bound)));
    if let Some(bound) = number("minimum").map(|n| bound(n, true)).transpose()?.flatten() {
        raise(bound + i128::from(flag("exclusiveMinimum")));
    }
    if let Some(bound) = number("exclusiveMinimum").map(|n| bound(n, true)).transpose()?.flatten() {
        raise(bound + 1);
    }
    let mut lower = |bound: i128| shape.high = Some(shape.high.map_or(bound, |high| high.min(bound)));
    if let Some(bound) = number("maximum").map(|n| bound(n, false)).transpose()?.flatten() {
        lower(bound - i128::from(flag("exclusiveMaximum")));
    }
    if let Some(bound) = number("exclusiveMaximum").map(|n| bound(n, false)).transpose()?.flatten() {
        lower(bound - 1);
    }
    if let Some(step) = number("multipleOf") {
        let units = number::units(step).filter(|units| *units > 0);
        shape.steps.push(units.ok_or_else(|| format!("no value is made for a `multipleOf` of {step}"))?);
    }
    Ok(())
}

/// A bound in units, rounded inward; `None` for one that is farther out than any number that is made up.
#[allow(clippy::cast_possible_truncation, reason = "its size is looked at before")]
fn bound(number: &Number, lowest: bool) -> Result<Option<i128>, String> {
    if let Some(units) = number::units(number) {
        return Ok(Some(units));
    }
    let rough = number.as_f64().unwrap_or_default();
    if rough.abs() > 1e26 {
        let unreachable = (rough > 0.0) == lowest;
        return if unreachable { Err(format!("no value is made beyond a bound of {number}")) } else { Ok(None) };
    }
    let scaled = rough * 1e9;
    Ok(Some(if lowest { scaled.ceil() as i128 + 1 } else { scaled.floor() as i128 - 1 }))
}

impl Shape<'_> {
    /// The range that an integer's format keeps it in.
    pub(super) fn range_of_format(&self) -> Option<(i128, i128)> {
        let range = |format: &&str| match *format {
            "int32" => Some((i128::from(i32::MIN) * ONE, i128::from(i32::MAX) * ONE)),
            "int64" => Some((i128::from(i64::MIN) * ONE, i128::from(i64::MAX) * ONE)),
            _ => None,
        };
        self.formats.iter().find_map(range)
    }

    /// The types to try, the likeliest first.
    pub(super) fn candidates(&self, otherwise: &'static str) -> Vec<&str> {
        if let Some(types) = &self.types {
            // A `null` that may be left out is.
            let mut types = types.clone();
            types.sort_by_key(|name| *name == "null");
            return types;
        }
        let mut hinted = Vec::new();
        if !self.required.is_empty() || !self.parts.is_empty() || self.fewest_members > 0 {
            hinted.push("object");
        }
        if !self.items.is_empty()
            || !self.tuples.is_empty()
            || self.fewest > 0
            || self.most.is_some()
            || !self.contains.is_empty()
        {
            hinted.push("array");
        }
        if !self.patterns.is_empty() || !self.formats.is_empty() || self.shortest > 0 || self.longest.is_some() {
            hinted.push("string");
        }
        if self.low.is_some() || self.high.is_some() || !self.steps.is_empty() {
            hinted.push("number");
        }
        hinted.push(otherwise);
        hinted
    }
}
