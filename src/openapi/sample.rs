//! Values that fit a schema: from its examples, its default, its list of values, and else made up.
//!
//! The same document gives the same values, always. What is made up is checked against the schema before it is handed out,
//! so that it fits or is not there at all; only an example of the document's own is taken at its word. Work is bounded: a
//! schema that takes too much of it has no sample and a reason, and the others have theirs.

mod fits;
mod number;
mod pattern;
mod shape;
mod text;

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

use super::document::Document;
use crate::gateway::SampleSource;
pub(super) use pattern::shown;
use shape::Shape;

/// Schemas inside of schemas are followed so far.
const DEEPEST: usize = 48;
/// The work that one sample may take, in schemas looked at.
const ONE_SAMPLE: u64 = 20_000;
/// The work that a document's samples may take before each is given no more than [`LEAST`].
const ALL_SAMPLES: u64 = 1_000_000;
/// The work that any sample may take, however many large ones there were before: enough for an ordinary schema.
const LEAST: u64 = 300;
/// What one try at a pattern counts for.
const PATTERN: u64 = 60;
/// No text is made up that is longer, in characters.
const LONGEST: usize = 16_384;

const NO_MORE: &str = "there are not that many values that fit the schema";

/// A value and where it comes from.
pub(super) type Made = (Value, SampleSource);

/// A reference and the type of what is not typed.
type Model<'d> = (&'d str, &'static str);

/// Makes the samples of one document.
#[derive(Debug)]
pub(super) struct Sampler<'d> {
    document: Document<'d>,
    left: Cell<u64>,
    left_of_all: Cell<u64>,
    patterns: RefCell<HashMap<String, Result<Regex, String>>>,
    /// What was made of schemas that are nothing but a reference: models are used by many methods.
    models: RefCell<HashMap<Model<'d>, Result<Vec<Made>, String>>>,
}

/// Where a value that is being made stands.
#[derive(Clone, Copy)]
struct At<'a, 'd> {
    /// The references that lead here.
    outer: &'a [&'d str],
    depth: usize,
    /// Which of several values is wanted, counted from 0.
    variant: usize,
    /// The type of what is not typed.
    otherwise: &'static str,
}

impl<'d> Sampler<'d> {
    pub(super) fn new(document: Document<'d>) -> Self {
        Self {
            document,
            left: Cell::new(0),
            left_of_all: Cell::new(ALL_SAMPLES),
            patterns: RefCell::default(),
            models: RefCell::default(),
        }
    }

    /// Up to `wanted` values that fit a schema, the most telling first, and at least one. `otherwise`: the type of what
    /// is not typed.
    pub(super) fn samples(
        &self,
        schema: &'d Value,
        otherwise: &'static str,
        wanted: usize,
    ) -> Result<Vec<Made>, String> {
        let only = schema.as_object().filter(|schema| schema.len() == 1);
        let model = only.and_then(|schema| schema.get("$ref")).and_then(Value::as_str).map(|model| (model, otherwise));
        if let Some(known) = model.and_then(|model| self.models.borrow().get(&model).cloned()) {
            return known;
        }
        // A share of what is left, so that a document of nothing but large schemas takes no longer and no schema is left out.
        let given = (self.left_of_all.get() / 50).clamp(LEAST, ONE_SAMPLE);
        self.left.set(given);
        let made = self.several(schema, otherwise, wanted);
        let taken = given - self.left.get();
        self.left_of_all.set(self.left_of_all.get().saturating_sub(taken));
        let made = match made {
            Err(_) if self.left.get() == 0 => Err(spent(given)),
            made => made,
        };
        if let Some(model) = model {
            self.models.borrow_mut().insert(model, made.clone());
        }
        made
    }

    fn several(&self, schema: &'d Value, otherwise: &'static str, wanted: usize) -> Result<Vec<Made>, String> {
        let own = self.document.resolve(schema)?;
        // An example is the author's word, whether it fits or not.
        let examples = own.get("examples").and_then(Value::as_array).into_iter().flatten();
        let given = own.get("example").into_iter().chain(examples);
        let mut found: Vec<Made> = given
            .filter(|value| !value.is_null())
            .take(wanted)
            .map(|value| (value.clone(), SampleSource::Example))
            .collect();
        let mut reason = None;
        for variant in 0..wanted * 2 {
            if found.len() >= wanted {
                break;
            }
            let at = At { outer: &[], depth: 0, variant, otherwise };
            match self.make(&[schema], at) {
                Ok(made) if !self.fits(&made.0, schema) => {}
                Ok(made) if found.iter().any(|(value, _)| fits::same(value, &made.0)) => {}
                Ok(made) => found.push(made),
                Err(why) => {
                    reason = reason.or(Some(why));
                    break;
                }
            }
        }
        if found.is_empty() {
            return Err(reason.unwrap_or_else(|| "no value was found that fits the schema".to_owned()));
        }
        Ok(found)
    }

    /// Takes work from the budget.
    fn spend(&self, work: u64) -> Result<(), String> {
        let left = self.left.get().saturating_sub(work);
        self.left.set(left);
        if left == 0 { Err("out of steps".to_owned()) } else { Ok(()) }
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        self.compiled(pattern).is_ok_and(|pattern| pattern.is_match(text))
    }

    fn compiled(&self, pattern: &str) -> Result<Regex, String> {
        if let Some(known) = self.patterns.borrow().get(pattern) {
            return known.clone();
        }
        self.spend(PATTERN)?;
        let compiled = pattern::compile(pattern);
        self.patterns.borrow_mut().insert(pattern.to_owned(), compiled.clone());
        compiled
    }

    /// A value that fits all of some schemas.
    fn make(&self, schemas: &[&'d Value], at: At<'_, 'd>) -> Result<Made, String> {
        if at.depth > DEEPEST {
            return Err(format!("the schema is nested more than {DEEPEST} deep"));
        }
        let mut shape = Shape::default();
        for schema in schemas {
            self.gather(schema, &mut shape, at.outer, &mut Vec::new())?;
        }
        self.choose(schemas, shape, at, false)
    }

    /// Settles the alternatives, one after the other, and makes a value of what is then asked.
    fn choose(
        &self,
        schemas: &[&'d Value],
        mut shape: Shape<'d>,
        at: At<'_, 'd>,
        chosen: bool,
    ) -> Result<Made, String> {
        self.spend(1)?;
        if let Some(branches) = shape.choices.pop() {
            let mut reason = None;
            for branch in branches {
                let mut shape = shape.clone();
                let made = self
                    .gather(branch, &mut shape, at.outer, &mut Vec::new())
                    .and_then(|()| self.choose(schemas, shape, at, true));
                match made {
                    Ok(made) => return Ok(made),
                    Err(why) => reason = reason.or(Some(why)),
                }
            }
            return Err(reason.unwrap_or_else(|| "contradictory schema: a choice without branches".to_owned()));
        }
        if !chosen && !shape.checked {
            return self.plain(schemas, &shape, at);
        }
        // Another branch, or what must not be, may take the first values.
        let mut reason = None;
        let mut passed = 0;
        for variant in 0..at.variant + 6 {
            match self.plain(schemas, &shape, At { variant, ..at }) {
                Ok(made) if schemas.iter().all(|schema| self.fits(&made.0, schema)) => {
                    if passed == at.variant {
                        return Ok(made);
                    }
                    passed += 1;
                }
                Ok(_) => {}
                Err(why) => {
                    reason = reason.or(Some(why));
                    break;
                }
            }
        }
        Err(reason.unwrap_or_else(|| "no value was found that fits all parts of the schema".to_owned()))
    }

    /// A value of a shape without alternatives.
    fn plain(&self, schemas: &[&'d Value], shape: &Shape<'d>, at: At<'_, 'd>) -> Result<Made, String> {
        self.spend(1)?;
        let fits = |value: &Value| schemas.iter().all(|schema| self.fits(value, schema));
        let mut at = at;
        let examples =
            shape.examples.iter().filter(|value| !value.is_null()).map(|value| (*value, SampleSource::Example));
        let default =
            shape.default.iter().filter(|value| !value.is_null()).map(|value| (*value, SampleSource::Default));
        let listed = shape.enums.first().into_iter().flat_map(|values| values.iter());
        // What says most comes first, and a `null` last.
        let (null, listed): (Vec<_>, Vec<_>) =
            listed.map(|value| (value, SampleSource::Enum)).partition(|(v, _)| v.is_null());
        for (value, source) in examples.chain(default).chain(listed).chain(null) {
            if fits(value) {
                if at.variant == 0 {
                    return Ok((value.clone(), source));
                }
                at.variant -= 1;
            }
        }
        if !shape.enums.is_empty() {
            return Err("none of the schema's listed values fits the rest of it".to_owned());
        }
        let mut reason = None;
        for kind in shape.candidates(at.otherwise) {
            let made = match kind {
                "string" | "file" => self.text(shape, at).map(|text| (Value::String(text), SampleSource::Schema)),
                "integer" | "number" => self.number(shape, kind == "integer", at),
                "boolean" if at.variant < 2 => Ok((Value::Bool(at.variant == 0), SampleSource::Schema)),
                "null" if at.variant == 0 => Ok((Value::Null, SampleSource::Schema)),
                "boolean" | "null" => Err(NO_MORE.to_owned()),
                "array" => self.array(shape, at),
                "object" => self.object(shape, at),
                other => Err(format!("no value is made of the type {}", shown(other))),
            };
            match made {
                Ok(made) => return Ok(made),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        Err(reason.unwrap_or_else(|| "no value is made of this schema".to_owned()))
    }

    fn text(&self, shape: &Shape<'d>, at: At<'_, 'd>) -> Result<String, String> {
        let (shortest, longest) = (shape.shortest, shape.longest.unwrap_or(LONGEST.max(shape.shortest)));
        if shortest > LONGEST {
            return Err(format!("no text of {shortest} characters is made up: more than {LONGEST}"));
        }
        if longest < shortest {
            return Err(format!("contradictory schema: at least {shortest} characters and at most {longest}"));
        }
        self.spend(shortest as u64 / 16)?;
        let patterns = shape.patterns.iter().map(|pattern| self.compiled(pattern)).collect::<Result<Vec<_>, _>>()?;
        let fits = |text: &String| {
            (shortest..=longest).contains(&text.chars().count())
                && patterns.iter().all(|pattern| pattern.is_match(text))
                && shape.formats.iter().all(|format| text::is_of(format, text))
        };
        let wanted = at.variant + 1;
        let formatted: Vec<String> =
            shape.formats.iter().flat_map(|format| text::of_format(format, shortest)).collect();
        let mut found: Vec<String> = Vec::new();
        let add = |found: &mut Vec<String>, text: String| {
            if fits(&text) && !found.contains(&text) {
                found.push(text);
            }
            found.len()
        };
        let named = !formatted.is_empty();
        for text in formatted {
            add(&mut found, text);
        }
        if found.len() < wanted && !shape.patterns.is_empty() {
            // More than are wanted, for what the other patterns leave of them.
            let more = if shape.patterns.len() > 1 || named { wanted + 8 } else { wanted };
            for (pattern, compiled) in shape.patterns.iter().zip(&patterns) {
                let spend = || self.spend(PATTERN).is_ok();
                for text in pattern::texts(pattern, compiled, shortest, longest, more, &spend) {
                    add(&mut found, text);
                }
            }
        } else if found.len() < wanted && !named {
            for number in 0..wanted * 2 {
                let number = if number == 0 { String::new() } else { (number + 1).to_string() };
                let base: String = "sample".chars().take(longest.saturating_sub(number.len())).collect();
                let padding = "a".repeat(shortest.saturating_sub(base.len() + number.len()));
                if add(&mut found, format!("{base}{padding}{number}")) >= wanted {
                    break;
                }
            }
        }
        let count = found.len();
        found.into_iter().nth(at.variant).ok_or_else(|| match (shape.patterns.as_slice(), shape.formats.as_slice()) {
            _ if count > 0 => NO_MORE.to_owned(),
            ([], []) => format!("no text of {shortest} to {longest} characters was found"),
            ([], formats) => format!(
                "no text of the format {} and of {shortest} to {longest} characters was found",
                shown(&formats.join(" and "))
            ),
            (patterns, _) => format!(
                "no text was found that matches the pattern {} with {shortest} to {longest} characters",
                shown(&patterns.join(" and "))
            ),
        })
    }

    fn number(&self, shape: &Shape<'d>, integer: bool, at: At<'_, 'd>) -> Result<Made, String> {
        self.spend(at.variant as u64)?;
        let mut steps = shape.steps.clone();
        if integer {
            steps.push(number::ONE);
        }
        let (mut low, mut high) = (shape.low, shape.high);
        if let Some((least, most)) = shape.range_of_format() {
            low = Some(low.map_or(least, |low| low.max(least)));
            high = Some(high.map_or(most, |high| high.min(most)));
        }
        let found =
            number::within(low, high, &steps, at.variant + 1).into_iter().filter_map(number::value).nth(at.variant);
        let value = found.ok_or_else(|| "no number was found within the schema's bounds".to_owned())?;
        Ok((value, SampleSource::Schema))
    }

    fn array(&self, shape: &Shape<'d>, at: At<'_, 'd>) -> Result<Made, String> {
        let most = shape.most.unwrap_or(usize::MAX);
        if shape.fewest > most {
            return Err(format!("contradictory schema: at least {} items and at most {most}", shape.fewest));
        }
        let tuple = shape.tuples.iter().map(|tuple| tuple.len()).max().unwrap_or_default();
        // One item says more than none, and an empty list cannot be written in a URL.
        let wanted = shape.fewest.max(1).max(shape.contains.len()).min(most);
        let outer: Vec<&str> = at.outer.iter().chain(&shape.references).copied().collect();
        let mut items: Vec<Value> = Vec::new();
        let mut source = None;
        for place in 0..wanted {
            let mut schemas: Vec<&'d Value> = shape.tuples.iter().filter_map(|tuple| tuple.get(place)).collect();
            if place >= tuple {
                schemas.extend(&shape.items);
            }
            schemas.extend(shape.contains.get(place));
            let first = if shape.unique && place > 0 { place } else { at.variant };
            let mut made = Err("no further item was found that is unlike the others".to_owned());
            for variant in first..=first + if shape.unique { 4 + place } else { 0 } {
                let inner = At { outer: &outer, depth: at.depth + 1, variant, otherwise: "string" };
                made = self.make(&schemas, inner);
                match &made {
                    Ok((value, _)) if shape.unique && items.iter().any(|item| fits::same(item, value)) => {
                        made = Err("no further item was found that is unlike the others".to_owned());
                    }
                    Ok(_) => break,
                    Err(_) if variant == first && !shape.unique => break,
                    Err(_) => {}
                }
            }
            match made {
                Ok((value, from)) => {
                    source = source.max(Some(from));
                    items.push(value);
                }
                Err(_) if items.len() >= shape.fewest && shape.contains.is_empty() && self.left.get() > 0 => break,
                Err(why) => return Err(inside("an item", why)),
            }
        }
        Ok((Value::Array(items), source.unwrap_or(SampleSource::Schema)))
    }

    fn object(&self, shape: &Shape<'d>, at: At<'_, 'd>) -> Result<Made, String> {
        let most = shape.most_members.unwrap_or(usize::MAX);
        if shape.required.len().max(shape.fewest_members) > most {
            let least = shape.required.len().max(shape.fewest_members);
            return Err(format!("contradictory schema: at least {least} properties and at most {most}"));
        }
        let outer: Vec<&str> = at.outer.iter().chain(&shape.references).copied().collect();
        let inner = At { outer: &outer, depth: at.depth + 1, variant: at.variant, otherwise: "string" };
        let mut members = Map::new();
        let mut source = None;
        for name in &shape.required {
            let (value, from) = self
                .schemas_of(shape, name)
                .and_then(|schemas| {
                    self.make(&schemas, inner).or_else(|why| match at.variant {
                        // Not everything in it can be had in so many ways.
                        0 => Err(why),
                        _ => self.make(&schemas, At { variant: 0, ..inner }),
                    })
                })
                .map_err(|why| inside(&format!("property {}", shown(name)), why))?;
            source = source.max(Some(from));
            members.insert((*name).to_owned(), value);
        }
        let fewest = shape.fewest_members.max(usize::from(at.variant > 0 && shape.required.is_empty())).min(most);
        let optional = shape.parts.iter().filter_map(|part| part.properties).flat_map(|properties| properties.keys());
        let made_up = (1..=fewest + at.variant).map(|number| format!("property{number}"));
        for name in optional.cloned().chain(made_up) {
            if members.len() >= fewest {
                break;
            }
            self.spend(1)?;
            if members.contains_key(&name) {
                continue;
            }
            if let Ok((value, from)) = self.schemas_of(shape, &name).and_then(|schemas| self.make(&schemas, inner)) {
                source = source.max(Some(from));
                members.insert(name, value);
            }
        }
        if members.len() < shape.fewest_members {
            return Err(format!("fewer than {} properties could be made", shape.fewest_members));
        }
        Ok((Value::Object(members), source.unwrap_or(SampleSource::Schema)))
    }

    /// What an object's member must fit.
    fn schemas_of(&self, shape: &Shape<'d>, name: &str) -> Result<Vec<&'d Value>, String> {
        let mut schemas = Vec::new();
        for part in &shape.parts {
            let own = part.properties.and_then(|properties| properties.get(name));
            let patterns = part.patterns.into_iter().flatten().filter(|(pattern, _)| self.matches(pattern, name));
            let before = schemas.len();
            schemas.extend(own.into_iter().chain(patterns.map(|(_, schema)| schema)));
            if schemas.len() == before {
                match part.additional {
                    Some(Value::Bool(false)) => {
                        return Err("contradictory schema: it is needed and not allowed".to_owned());
                    }
                    other => schemas.extend(other),
                }
            }
        }
        Ok(schemas)
    }
}

/// A reason with the place that it is about in front, unless that makes it long: deep down the outermost places say little.
fn inside(place: &str, why: String) -> String {
    if why.len() > 160 { why } else { format!("{place}: {why}") }
}

fn spent(given: u64) -> String {
    format!("the schema is too large: no sample was found in {given} steps")
}
