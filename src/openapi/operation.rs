//! One operation: what its requests look like.

use serde_json::{Map, Value};

use super::document::Document;
use super::sample::{Made, Sampler, shown};
use super::security::{Demands, Schemes};
use crate::gateway::{
    Authorization, BodyShape, Integration, Interface, InterfaceSource, Method, Parameter, Passthrough, Place, Sample,
    SampleSource,
};

/// The content type of form fields that are written one behind the other.
const FORM: &str = "application/x-www-form-urlencoded";
/// The content type of form fields that are written each in a part of its own.
const MULTIPART: &str = "multipart/form-data";
/// A longer value is not kept, in bytes: an inventory holds the samples of every method.
const LONGEST: usize = 64 << 10;
/// An operation's parameters beyond these are not read: API Gateway's URLs and headers hold fewer.
const MOST_PARAMETERS: usize = 500;

/// Reads the operations of one document.
#[derive(Debug)]
pub(super) struct Reader<'d> {
    document: Document<'d>,
    schemes: Schemes<'d>,
    /// Read once: as often as there are operations it would be slow work on a document that lists thousands of both.
    everywhere: Demands,
    validated: Validated,
    sampler: Sampler<'d>,
}

/// What a validator checks.
#[derive(Debug, Clone, Copy, Default)]
struct Validated {
    parameters: bool,
    body: bool,
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: Document<'d>) -> Self {
        let schemes = Schemes::new(document);
        let everywhere = schemes.demanded(document.root.get("security"));
        let validated = validated(document, document.root).unwrap_or_default();
        Self { document, schemes, everywhere, validated, sampler: Sampler::new(document) }
    }

    /// An operation as a method. `shared`: the parameters that its path has for all of its operations.
    pub(super) fn method(&self, shared: Option<&'d Value>, operation: &'d Value) -> Method {
        let mut demands = match operation.get("security") {
            None => self.everywhere.clone(),
            own => self.schemes.demanded(own),
        };
        // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-auth.html
        let own = operation.pointer("/x-amazon-apigateway-auth/type").and_then(Value::as_str);
        if let Some(kind) = own.and_then(|text| Authorization::from_aws(&text.to_ascii_uppercase())) {
            if Some(kind) != demands.authorization {
                demands.authorizer = None;
            }
            demands.authorization = Some(kind);
        }
        let validated = validated(self.document, operation).unwrap_or(self.validated);
        let (parameters, swagger_body) = self.parameters(shared, operation);
        let interface = Interface {
            parameters,
            body: self.body(operation).or(swagger_body),
            validates_parameters: validated.parameters,
            validates_body: validated.body,
            integration: self.integration(operation),
            authorizer: demands.authorizer,
            source: InterfaceSource::Export,
        };
        Method {
            authorization: demands.authorization,
            api_key_required: demands.api_key_required,
            interface: Some(Box::new(interface)),
        }
    }

    /// The parameters, and the body where it is one of them, as Swagger 2 has it.
    fn parameters(&self, shared: Option<&'d Value>, operation: &'d Value) -> (Vec<Parameter>, Option<BodyShape>) {
        let listed = |list: Option<&'d Value>| list.and_then(Value::as_array).into_iter().flatten();
        let own = listed(operation.get("parameters"));
        let (mut found, mut body, mut form) = (Vec::<Parameter>::new(), None, Vec::new());
        // An operation's own parameter takes the place of its path's.
        for parameter in own.chain(listed(shared)).take(MOST_PARAMETERS) {
            let Ok(parameter) = self.document.resolve(parameter) else { continue };
            let text = |key: &str| parameter.get(key).and_then(Value::as_str);
            let place = match text("in") {
                Some("path") => Place::Path,
                Some("query") => Place::Query,
                Some("header") => Place::Header,
                Some("body") => {
                    body = body.or_else(|| parameter.get("schema"));
                    continue;
                }
                Some("formData") => {
                    form.push(parameter);
                    continue;
                }
                _ => continue,
            };
            let Some(name) = text("name") else { continue };
            let name = if place == Place::Path { name.trim_end_matches('+') } else { name };
            if found.iter().any(|known| known.place == place && known.name == name) {
                continue;
            }
            let required = place == Place::Path || parameter.get("required") == Some(&Value::Bool(true));
            let sample = self.sample_of(parameter, place);
            found.push(Parameter { name: name.to_owned(), place, required, sample });
        }
        let consumed = || {
            let consumes = operation.get("consumes").or_else(|| self.document.root.get("consumes"));
            consumes.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        };
        let body = match (body, form.is_empty()) {
            (Some(schema), _) => {
                let content_type = content_type(consumed()).unwrap_or("application/json");
                Some(self.body_shape(content_type, schema, None))
            }
            (None, false) => {
                // Fields are written in one of two ways, whatever else the operation is said to take.
                let kinds: Vec<String> = consumed().map(plain_type).collect();
                let named = |wanted: &str| kinds.iter().any(|kind| kind == wanted);
                let in_parts = named(MULTIPART) && !named(FORM);
                let mut sample = self.form(&form);
                if in_parts {
                    sample = sample.and_then(|_| Err(format!("no body is made up of the type {MULTIPART}")));
                }
                let content_type = if in_parts { MULTIPART } else { FORM };
                Some(BodyShape { content_type: content_type.to_owned(), refuses_empty: false, sample })
            }
            (None, true) => None,
        };
        (found, body)
    }

    /// A value of a parameter, as its place takes it.
    fn sample_of(&self, parameter: &'d Value, place: Place) -> Result<Sample, String> {
        let mut reason = None;
        for (value, from) in self.values(parameter)? {
            match written(&value, place) {
                Ok(value) => return Ok(Sample { value, from }),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        Err(reason.unwrap_or_else(|| "no value was found".to_owned()))
    }

    /// Values of a parameter, the most telling first.
    fn values(&self, parameter: &'d Value) -> Result<Vec<Made>, String> {
        let mut all: Vec<Made> = self.examples(parameter).map(|value| (value.clone(), SampleSource::Example)).collect();
        // A parameter may be described by a media type: https://spec.openapis.org/oas/v3.0.3#fixed-fields-for-use-with-content
        let content = parameter.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
        if let Some(media) = content {
            all.extend(self.examples(media).map(|value| (value.clone(), SampleSource::Example)));
        }
        // In Swagger 2 a parameter is its own schema.
        let schema =
            parameter.get("schema").or_else(|| content.and_then(|media| media.get("schema"))).unwrap_or(parameter);
        match self.sampler.samples(schema, "string", 4) {
            Ok(made) => all.extend(made),
            Err(why) if all.is_empty() => return Err(why),
            Err(_) => {}
        }
        Ok(all)
    }

    /// The examples that stand beside a schema: one under `example`, or several under `examples`, each in a `value`.
    fn examples(&self, beside: &'d Value) -> impl Iterator<Item = &'d Value> {
        let several = beside.get("examples").and_then(Value::as_object);
        let several = several
            .into_iter()
            .flat_map(Map::values)
            .filter_map(|example| self.document.resolve(example).ok()?.get("value"));
        let one = beside.get("example").or_else(|| beside.get("x-example"));
        one.into_iter().chain(several).filter(|value| !value.is_null())
    }

    /// The body of an OpenAPI 3 operation.
    fn body(&self, operation: &'d Value) -> Option<BodyShape> {
        let body = self.document.resolve(operation.get("requestBody")?).ok()?;
        let content = body.get("content")?.as_object()?;
        let chosen = content_type(content.keys().map(String::as_str))?;
        let media = content.get(chosen)?;
        Some(self.body_shape(chosen, schema_of(media), Some(media)))
    }

    fn body_shape(&self, content_type: &str, schema: &'d Value, media: Option<&'d Value>) -> BodyShape {
        let refuses_empty = is_exact(content_type) && refuses_empty(self.document, schema) == Some(true);
        let content_type = plain_type(content_type);
        let sample = self.body_sample(&content_type, schema, media);
        BodyShape { content_type, refuses_empty, sample }
    }

    fn body_sample(&self, content_type: &str, schema: &'d Value, media: Option<&'d Value>) -> Result<Sample, String> {
        let example = media.and_then(|media| self.examples(media).next());
        let (value, from) = if let Some(example) = example {
            (example.clone(), SampleSource::Example)
        } else {
            let otherwise = if content_type.starts_with("text/") { "string" } else { "object" };
            let made = self.sampler.samples(schema, otherwise, 1)?;
            made.into_iter().next().ok_or_else(|| "no value was found".to_owned())?
        };
        let value = match (&value, from) {
            // People write a body's JSON as a text.
            (Value::String(text), SampleSource::Example) if is_json(content_type) && is_json_text(text) => text.clone(),
            _ if is_json(content_type) => value.to_string(),
            (Value::String(text), SampleSource::Example) => text.clone(),
            (Value::String(text), _) if content_type.starts_with("text/") && content_type != "text/xml" => text.clone(),
            (Value::Object(members), _) if content_type == FORM => form_encoded(members),
            _ => return Err(format!("no body is made up of the type {content_type}")),
        };
        Ok(Sample { value: short(value)?, from })
    }

    /// Swagger 2's form fields as a body.
    fn form(&self, fields: &[&'d Value]) -> Result<Sample, String> {
        let (mut members, mut source) = (Map::new(), None);
        for field in fields.iter().filter(|field| field.get("required") == Some(&Value::Bool(true))) {
            let Some(name) = field.get("name").and_then(Value::as_str) else { continue };
            if field.get("type").and_then(Value::as_str) == Some("file") {
                return Err(format!("the form field {} is a file, and none is made up", shown(name)));
            }
            let why = |why| format!("form field {}: {why}", shown(name));
            let (value, from) = self
                .values(field)
                .map_err(why)?
                .into_iter()
                .next()
                .ok_or_else(|| why("no value was found".to_owned()))?;
            source = source.max(Some(from));
            members.insert(name.to_owned(), value);
        }
        Ok(Sample { value: short(form_encoded(&members))?, from: source.unwrap_or(SampleSource::Schema) })
    }

    fn integration(&self, operation: &'d Value) -> Option<Integration> {
        let own = self.document.resolve(operation.get("x-amazon-apigateway-integration")?).ok()?;
        let templates = own.get("requestTemplates").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let passthrough = own.get("passthroughBehavior").and_then(Value::as_str).unwrap_or_default();
        Some(Integration {
            kind: own.get("type")?.as_str()?.to_ascii_lowercase(),
            passthrough: match passthrough.to_ascii_lowercase().as_str() {
                "never" => Passthrough::Never,
                "when_no_templates" => Passthrough::WhenNoTemplates,
                _ => Passthrough::WhenNoMatch,
            },
            templates: templates.map(|kind| kind.to_ascii_lowercase()).collect(),
        })
    }
}

/// The schema of a media type; one without is any value.
fn schema_of(media: &Value) -> &Value {
    static ANY: Value = Value::Bool(true);
    media.get("schema").unwrap_or(&ANY)
}

/// What the validator checks that an operation, or the document, names; `None` where none is named.
fn validated(document: Document<'_>, holder: &Value) -> Option<Validated> {
    let name = holder.get("x-amazon-apigateway-request-validator")?.as_str()?;
    let defined = document.root.get("x-amazon-apigateway-request-validators").and_then(|all| all.get(name));
    if let Some(defined) = defined {
        let flag = |key: &str| defined.get(key) == Some(&Value::Bool(true));
        return Some(Validated { parameters: flag("validateRequestParameters"), body: flag("validateRequestBody") });
    }
    // A name alone says nothing of what is checked, and a refusal rests on what is stated.
    Some(Validated { parameters: false, body: false })
}

/// Of several content types, JSON before others, and of those the ones that a request surely is of before ranges.
fn content_type<'a>(kinds: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    kinds.min_by_key(|kind| {
        let plain = plain_type(kind);
        (!is_json(&plain), is_json(&plain) && !is_exact(kind), plain != "application/json")
    })
}

/// Whether a model is for requests of just this content type. API Gateway finds the model by the key as it is written, and
/// where it finds none it checks no body (facts B14): with a range, parameters or capitals, or with blanks around it, what
/// finds it is not known.
fn is_exact(kind: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&^_.+-".contains(&byte);
    let named = |part: &str| !part.is_empty() && part.bytes().all(token);
    kind.split_once('/').is_some_and(|(class, name)| named(class) && named(name))
}

/// A content type without its parameters; a range stands for JSON.
fn plain_type(kind: &str) -> String {
    let plain = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match plain.as_str() {
        "*/*" | "application/*" | "" => "application/json".to_owned(),
        "text/*" => "text/plain".to_owned(),
        _ => plain,
    }
}

fn is_json(kind: &str) -> bool {
    kind.ends_with("/json") || kind.ends_with("+json")
}

fn is_json_text(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn form_encoded(members: &Map<String, Value>) -> String {
    let pairs = members.iter().map(|(name, value)| (name, plainly(value)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A value as a text: a list's items with commas between them.
fn plainly(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(plainly).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A value as its place takes it, or why that cannot be.
fn written(value: &Value, place: Place) -> Result<String, String> {
    let text = short(plainly(value))?;
    if text.trim().is_empty() {
        return Err("its value is blank, which API Gateway takes for none".to_owned());
    }
    match place {
        // A browser or a client library would take them for steps in the path.
        Place::Path if text == "." || text == ".." => Err(format!("its value is {text}, a step in a path")),
        Place::Header if !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) => {
            Err("its value has characters that no header takes".to_owned())
        }
        _ => Ok(text),
    }
}

fn short(text: String) -> Result<String, String> {
    if text.len() > LONGEST {
        return Err(format!("its value has {} bytes: more than {LONGEST} are not kept", text.len()));
    }
    Ok(text)
}

/// Whether an empty object, and nothing at all, surely break a schema: `None` where that is in doubt, `Some(false)` where
/// nothing says so.
fn refuses_empty(document: Document<'_>, schema: &Value) -> Option<bool> {
    let (mut object, mut required) = (false, false);
    let mut left = 64_u32;
    conjuncts(document, schema, &mut |schema| {
        // More parts than anybody writes by hand: references that lead in a circle, or fan out.
        left = left.checked_sub(1)?;
        if ["oneOf", "anyOf", "not", "if", "nullable", "x-nullable"].iter().any(|key| schema.contains_key(*key)) {
            return None;
        }
        match schema.get("type") {
            Some(Value::String(name)) if name == "object" => object = true,
            None => {}
            Some(_) => return None,
        }
        required |=
            schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(Value::is_string));
        Some(())
    })?;
    Some(object && required)
}

/// Looks at a schema and all that it is made of by `$ref` and `allOf`.
fn conjuncts<'d>(
    document: Document<'d>,
    schema: &'d Value,
    look: &mut impl FnMut(&Map<String, Value>) -> Option<()>,
) -> Option<()> {
    let schema = document.resolve(schema).ok()?.as_object()?;
    look(schema)?;
    let parts = schema.get("allOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    parts.iter().try_for_each(|part| conjuncts(document, part, look))
}
