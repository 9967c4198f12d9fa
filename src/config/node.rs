//! The text of a config as a tree in which each value knows where it stands, and the reading of serde's types out of it.
//!
//! serde's own buffers (flattened and untagged types) forget positions, and its messages quote values, which in a config
//! may be somebody's secret. Here every error has a place, and none has a value in it.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;
use serde_saphyr::{Location, Spanned};

/// A line and a column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Place {
    /// Where a text begins: for what is wrong with all of it.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    fn of(location: &Location) -> Self {
        Self { line: location.line().max(1), column: location.column().max(1) }
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// `None` until a value that has a place is left.
    place: Option<Place>,
    /// The keys that lead there, innermost first.
    keys: Vec<String>,
    message: String,
}

impl Fault {
    fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), keys: Vec::new(), message: message.into() }
    }

    fn from(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    fn below(mut self, key: String) -> Self {
        self.keys.push(key);
        self
    }

    pub(super) fn place(&self) -> Place {
        self.place.unwrap_or(Place::START)
    }

    /// The keys, and what is wrong.
    pub(super) fn message(&self) -> String {
        if self.keys.is_empty() {
            return self.message.clone();
        }
        let mut path = String::new();
        for key in self.keys.iter().rev() {
            if !path.is_empty() && !key.starts_with('[') {
                path.push('.');
            }
            path.push_str(key);
        }
        format!("{path}: {}", self.message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Fault {}

/// What a value is, without saying it: it may be a secret.
fn kind(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a text",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map | Unexpected::Enum | Unexpected::NewtypeStruct => "a map",
        _ => "something else",
    }
}

/// Rust's names of types, as a user knows them.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "a string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if text.starts_with("struct ") => "a map of keys and values".to_owned(),
        _ => text,
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { place: None, keys: Vec::new(), message: message.to_string() }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {}, found {}", wanted(expected), kind(&unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Unsigned(number) => format!("{number}, which is too much"),
            Unexpected::Signed(number) => format!("{number}, which is out of range"),
            other => format!("{} that is none", kind(&other)),
        };
        Self::custom(format!("expected {}, found {found}", wanted(expected)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {}, found {length} of them", wanted(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("expected one of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let near = expected
            .iter()
            .map(|known| (strsim::osa_distance(field, known), known))
            .filter(|(distance, known)| *distance <= 2.max(known.len() / 4))
            .min();
        let hint = near.map_or_else(String::new, |(_, known)| format!(", perhaps {known}"));
        Self::custom(format!("unknown key `{}`{hint}: expected one of {}", short(field), expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("the key `{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::custom(format!("the key `{field}` stands here twice"))
    }
}

/// So much of a key is quoted.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    place: Place,
    /// Where its text is in the source, for scalars that YAML reads as something else than text.
    span: Option<(usize, usize)>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Place, String, Node)>),
}

/// A whole text, read.
pub(super) struct Tree<'s> {
    source: &'s str,
    root: Node,
}

/// Each level costs some 40 KB of stack in a debug build, and a thread has 2 MB. Real OpenAPI documents have 25 levels.
const DEEPEST: usize = 40;

/// One step from a value to one within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The value of a key.
    Key(String),
    /// A key itself.
    Name(String),
    /// An entry of a list.
    Entry(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Entry(index)
    }
}

impl<'s> Tree<'s> {
    /// Reads a YAML text, or a JSON one, which is YAML too.
    pub(super) fn new(source: &'s str) -> Result<Self, Fault> {
        let mut budget = serde_saphyr::Budget::default();
        budget.max_depth = DEEPEST;
        let options = serde_saphyr::options! { budget: Some(budget) };
        let root: Node = serde_saphyr::from_str_with_options(source, options).map_err(|error| syntax(&error))?;
        Ok(Self { source, root })
    }

    /// Reads a type out of it.
    pub(super) fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Fault> {
        T::deserialize(At { node: &self.root, source: self.source })
    }

    /// A fault of the value that these steps lead to; of the nearest before it, where they lead nowhere.
    pub(super) fn fault(&self, steps: &[Step], message: String) -> Fault {
        let mut node = &self.root;
        let mut fault = Fault { place: None, keys: Vec::new(), message };
        for step in steps {
            let next = match (step, &node.kind) {
                (Step::Key(key), Kind::Map(entries)) => {
                    fault.keys.push(short(key));
                    entries.iter().find(|(_, name, _)| name == key).map(|(_, _, node)| node)
                }
                (Step::Name(key), Kind::Map(entries)) => {
                    fault.keys.push(short(key));
                    fault.place = entries.iter().find(|(_, name, _)| name == key).map(|(place, _, _)| *place);
                    None
                }
                (Step::Entry(index), Kind::List(list)) => {
                    fault.keys.push(format!("[{}]", index + 1));
                    list.get(*index)
                }
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        fault.keys.reverse();
        fault.from(node.place)
    }

    /// The line of the value that these steps lead to.
    pub(super) fn line(&self, steps: &[Step]) -> u64 {
        self.fault(steps, String::new()).place().line
    }

    /// The whole as JSON. A number that JSON would write in another way is a text, for it may be meant as one.
    pub(super) fn json(&self) -> Value {
        self.root.json(self.source)
    }
}

/// The parser draws a snippet and says the place in words; the place comes from its error, the words end before it.
fn syntax(error: &serde_saphyr::Error) -> Fault {
    let place = error.location().map_or(Place::START, |location| Place::of(&location));
    let text = error.without_snippet().to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("unreadable").trim();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = line.split_once(" at line ").map_or(line, |(before, _)| before);
    if line.starts_with("budget breached: Depth") {
        return Fault::at(place, format!("values lie within values more than {DEEPEST} levels deep"));
    }
    Fault::at(place, format!("this is no YAML that can be read: {line}"))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Kind>::deserialize(deserializer)?;
        let span = match value {
            Kind::Text(_) | Kind::List(_) | Kind::Map(_) => None,
            _ => defined.span().byte_offset().zip(defined.span().byte_len()),
        };
        let span = span.and_then(|(start, length)| {
            let start = usize::try_from(start).ok()?;
            Some((start, start.checked_add(usize::try_from(length).ok()?)?))
        });
        Ok(Self { place: Place::of(&referenced), span, kind: value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
                Ok(Kind::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
                Ok(Kind::Unsigned(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
                Ok(u64::try_from(value).map_or(Kind::Signed(value), Kind::Unsigned))
            }
            #[allow(
                clippy::cast_precision_loss,
                reason = "such a number is wanted nowhere; its text is kept beside it"
            )]
            fn visit_u128<E>(self, value: u128) -> Result<Kind, E> {
                Ok(Kind::Float(value as f64))
            }
            #[allow(
                clippy::cast_precision_loss,
                reason = "such a number is wanted nowhere; its text is kept beside it"
            )]
            fn visit_i128<E>(self, value: i128) -> Result<Kind, E> {
                Ok(Kind::Float(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
                Ok(Kind::Float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
                Ok(Kind::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Kind, E> {
                Ok(Kind::Text(value))
            }
            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_none<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = list.next_element()? {
                    nodes.push(node);
                }
                Ok(Kind::List(nodes))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut entries = Vec::new();
                while let Some(Spanned { value, referenced, .. }) = map.next_key::<Spanned<String>>()? {
                    entries.push((Place::of(&referenced), value, map.next_value()?));
                }
                Ok(Kind::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Node {
    /// A scalar as it was typed, where YAML reads it as something else than text.
    fn typed<'s>(&self, source: &'s str) -> Option<&'s str> {
        let (start, end) = self.span?;
        source.get(start..end).map(str::trim).filter(|text| !text.is_empty())
    }

    fn json(&self, source: &str) -> Value {
        let typed = || self.typed(source).map_or(Value::Null, Value::from);
        let number = |value: Value| if self.typed(source) == Some(&value.to_string()) { value } else { typed() };
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => number(Value::from(*value)),
            Kind::Unsigned(value) => number(Value::from(*value)),
            Kind::Signed(value) => number(Value::from(*value)),
            Kind::Float(value) => number(Value::from(*value)),
            Kind::Text(text) => Value::from(text.as_str()),
            Kind::List(list) => list.iter().map(|node| node.json(source)).collect(),
            Kind::Map(entries) => entries.iter().map(|(_, key, node)| (key.clone(), node.json(source))).collect(),
        }
    }
}

/// A value to be read as one of serde's types.
#[derive(Clone, Copy)]
struct At<'n> {
    node: &'n Node,
    source: &'n str,
}

impl<'n> At<'n> {
    fn placed<T>(self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| fault.from(self.node.place))
    }

    fn map<'de, V: Visitor<'de>>(self, entries: &'n [(Place, String, Node)], visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Entries { left: entries.iter(), value: None, source: self.source })
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(*value),
            Kind::Unsigned(value) => visitor.visit_u64(*value),
            Kind::Signed(value) => visitor.visit_i64(*value),
            Kind::Float(value) => visitor.visit_f64(*value),
            Kind::Text(text) => visitor.visit_str(text),
            Kind::List(list) => visitor.visit_seq(List { list: list.iter().enumerate(), source: self.source }),
            Kind::Map(entries) => self.map(entries, visitor),
        }
    }
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.placed(self.any(visitor))
    }

    /// A number where a text is wanted is the text that was typed: `petId: 007`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let typed = match self.node.kind {
            Kind::Bool(_) | Kind::Unsigned(_) | Kind::Signed(_) | Kind::Float(_) => self.node.typed(self.source),
            _ => None,
        };
        self.placed(match typed {
            Some(text) => visitor.visit_str(text),
            None => self.any(visitor),
        })
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.placed(visitor.visit_newtype_struct(self))
    }

    /// serde would read a list as a struct's values in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.placed(match &self.node.kind {
            Kind::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.any(visitor),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let expected = variants.join(", ");
        self.placed(match &self.node.kind {
            Kind::Text(text) if variants.contains(&text.as_str()) => {
                visitor.visit_enum(text.as_str().into_deserializer())
            }
            Kind::Map(entries) => match entries.as_slice() {
                [(place, key, node)] => {
                    if variants.contains(&key.as_str()) {
                        let content = At { node, source: self.source };
                        visitor.visit_enum(Variant { key, content }).map_err(|fault| fault.below(key.clone()))
                    } else {
                        Err(Fault::at(*place, format!("unknown key `{}`: expected one of {expected}", short(key))))
                    }
                }
                [_, (place, _, _), ..] => {
                    Err(Fault::at(*place, format!("more than one key: expected one of {expected}")))
                }
                [] => Err(de::Error::custom(format!("an empty map: expected one key of {expected}"))),
            },
            // A verb is no secret; a text that stands where a credential belongs is one.
            Kind::Text(text) if name == "Verb" => {
                Err(de::Error::custom(format!("`{}` is no verb: expected one of {expected}, in capitals", short(text))))
            }
            _ => Err(de::Error::custom(format!("expected one of {expected}"))),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct
        map identifier ignored_any
    }
}

struct List<'n> {
    list: std::iter::Enumerate<std::slice::Iter<'n, Node>>,
    source: &'n str,
}

impl<'de> de::SeqAccess<'de> for List<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.list.next() else { return Ok(None) };
        let read = seed.deserialize(At { node, source: self.source });
        read.map(Some).map_err(|fault| fault.from(node.place).below(format!("[{}]", index + 1)))
    }
}

struct Entries<'n> {
    left: std::slice::Iter<'n, (Place, String, Node)>,
    value: Option<(&'n str, &'n Node)>,
    source: &'n str,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((place, key, node)) = self.left.next() else { return Ok(None) };
        self.value = Some((key, node));
        seed.deserialize(key.as_str().into_deserializer()).map(Some).map_err(|fault: Fault| fault.from(*place))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let (key, node) = self.value.take().ok_or_else(|| de::Error::custom("a value without a key"))?;
        let read = seed.deserialize(At { node, source: self.source });
        read.map_err(|fault| fault.from(node.place).below(short(key)))
    }
}

struct Variant<'n> {
    key: &'n str,
    content: At<'n>,
}

impl<'de, 'n> de::EnumAccess<'de> for Variant<'n> {
    type Error = Fault;
    type Variant = At<'n>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, At<'n>), Fault> {
        Ok((seed.deserialize(self.key.into_deserializer())?, self.content))
    }
}

impl<'de> de::VariantAccess<'de> for At<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        let read = seed.deserialize(self);
        self.placed(read)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    /// `sigv4:` with nothing behind it is `sigv4: {}`.
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Null => self.placed(self.map(&[], visitor)),
            _ => self.deserialize_struct("", &[], visitor),
        }
    }
}
