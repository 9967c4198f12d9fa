//! What an emulator's export does not tell, from its editor: validators, what is required, authorizers, passthrough.
//!
//! AWS's exports tell all of it, of the very deployment. Neither MiniStack's nor LocalStack's names a validator;
//! LocalStack's names no authorizer, and there is none of a tree with an `ANY` method. What the editor holds may not be
//! deployed, so it is never asked for at AWS's own endpoint, what rests on it says so
//! ([`InterfaceSource::Editor`]), and a method's is taken only where the editor's method and the deployed one agree in all
//! that is told of both.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types as v1;
use serde_json::{Map, Value, json};

use super::Operation;
use super::apis::PAGE;
use super::control_plane::Session;
use super::convert::filled;
use super::failure::{CallError, Kind};
use super::pages::{self, End, Page};
use crate::gateway::{
    Authorization, Integration, Interface, InterfaceSource, Method, Parameter, Passthrough, Place, Tree,
};
use crate::openapi;

/// What the editor's methods name, besides themselves.
#[derive(Debug, Default)]
struct Named {
    validators: Vec<v1::RequestValidator>,
    authorizers: Vec<v1::Authorizer>,
    models: Vec<v1::Model>,
}

/// The interfaces of the editor's methods; and what could not be read of what they name. At most one list of each kind
/// that a method names is asked for.
pub(super) async fn read(session: Session<'_>, api: &str, resources: &[v1::Resource]) -> (Tree, Vec<CallError>) {
    let (mut named, mut errors) = (Named::default(), Vec::new());
    let any = |names: &dyn Fn(&v1::Method) -> bool| {
        resources
            .iter()
            .flat_map(|resource| resource.resource_methods().into_iter().flatten())
            .any(|(_, own)| names(own))
    };
    let mut end = |end: End| {
        // An emulator without the call has nothing of what it would list.
        if let End::Failed(error) = end
            && !matches!(error.kind, Kind::Absent | Kind::Foreign)
        {
            errors.push(error);
        }
    };
    if any(&|method| filled(method.request_validator_id()).is_some()) {
        let (found, ended) = pages::read_all(
            |validator: &v1::RequestValidator| validator.id(),
            async |position| {
                let request = || session.v1().get_request_validators().rest_api_id(api).limit(PAGE);
                let send = || request().set_position(position.clone()).send();
                let page = session.call(Operation::GetRequestValidators, send).await?;
                let next = page.position().map(ToOwned::to_owned);
                Ok(Page { items: page.items.unwrap_or_default(), next })
            },
        )
        .await;
        named.validators = found;
        end(ended);
    }
    if any(&|method| filled(method.authorizer_id()).is_some()) {
        let (found, ended) = pages::read_all(
            |authorizer: &v1::Authorizer| authorizer.id(),
            async |position| {
                let request = || session.v1().get_authorizers().rest_api_id(api).limit(PAGE);
                let send = || request().set_position(position.clone()).send();
                let page = session.call(Operation::GetAuthorizers, send).await?;
                let next = page.position().map(ToOwned::to_owned);
                Ok(Page { items: page.items.unwrap_or_default(), next })
            },
        )
        .await;
        named.authorizers = found;
        end(ended);
    }
    // A model counts only where a validator looks at it.
    if named.validators.iter().any(v1::RequestValidator::validate_request_body)
        && any(&|method| method.request_models().is_some_and(|models| !models.is_empty()))
    {
        let (found, ended) = pages::read_all(
            |model: &v1::Model| model.name(),
            async |position| {
                let request = || session.v1().get_models().rest_api_id(api).limit(PAGE);
                let send = || request().set_position(position.clone()).send();
                let page = session.call(Operation::GetModels, send).await?;
                let next = page.position().map(ToOwned::to_owned);
                Ok(Page { items: page.items.unwrap_or_default(), next })
            },
        )
        .await;
        named.models = found;
        end(ended);
    }
    // Read as an export is, so that the one means what the other does.
    (openapi::read(&document(resources, &named)).unwrap_or_default(), errors)
}

/// The export that the endpoint does not make.
fn document(resources: &[v1::Resource], named: &Named) -> Value {
    let mut paths = Map::new();
    for resource in resources {
        let Some(path) = filled(resource.path()) else { continue };
        let mut item = Map::new();
        for (verb, method) in resource.resource_methods().into_iter().flatten() {
            let key = match verb.as_str() {
                "ANY" => "x-amazon-apigateway-any-method".to_owned(),
                verb => verb.to_ascii_lowercase(),
            };
            item.insert(key, operation(method));
        }
        paths.insert(path.to_owned(), Value::Object(item));
    }
    let validators = named.validators.iter().filter_map(|own| {
        let checks = json!({
            "validateRequestParameters": own.validate_request_parameters(),
            "validateRequestBody": own.validate_request_body(),
        });
        Some((own.id()?.to_owned(), checks))
    });
    let schemes = named.authorizers.iter().filter_map(|own| Some((own.id()?.to_owned(), scheme(own))));
    let models = named.models.iter().filter_map(|own| {
        let name = own.name()?;
        let mut schema = serde_json::from_str(own.schema()?).ok()?;
        lead_references(&mut schema, name);
        Some((name.to_owned(), schema))
    });
    json!({
        "paths": paths,
        "components": { "schemas": models.collect::<Map<_, _>>(), "securitySchemes": schemes.collect::<Map<_, _>>() },
        "x-amazon-apigateway-request-validators": validators.collect::<Map<_, _>>(),
    })
}

fn operation(method: &v1::Method) -> Value {
    // Of a path parameter nothing is said here that its path does not say.
    let parameters = method.request_parameters().into_iter().flatten().collect::<BTreeMap<_, _>>();
    let parameters = parameters.into_iter().filter_map(|(expression, required)| {
        let (place, name) = expression.strip_prefix("method.request.")?.split_once('.')?;
        let place = match place {
            "querystring" | "multivaluequerystring" => "query",
            "header" | "multivalueheader" => "header",
            _ => return None,
        };
        Some(json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } }))
    });
    let mut operation = json!({ "parameters": parameters.collect::<Vec<_>>() });
    let models = method.request_models().into_iter().flatten().map(|(kind, model)| {
        (kind.clone(), json!({ "schema": { "$ref": format!("#/components/schemas/{}", pointer(model)) } }))
    });
    let content: Map<String, Value> = models.collect();
    if !content.is_empty() {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    if let Some(id) = filled(method.authorizer_id()) {
        operation["security"] = json!([{ id: [] }]);
    }
    if let Some(id) = filled(method.request_validator_id()) {
        operation["x-amazon-apigateway-request-validator"] = json!(id);
    }
    if let Some(integration) = method.method_integration()
        && let Some(kind) = integration.r#type()
    {
        operation["x-amazon-apigateway-integration"] = json!({
            "type": kind.as_str(),
            "passthroughBehavior": integration.passthrough_behavior().unwrap_or_default(),
            "requestTemplates": integration.request_templates().cloned().unwrap_or_default(),
        });
    }
    operation
}

fn scheme(authorizer: &v1::Authorizer) -> Value {
    let kind = authorizer.r#type().map_or("", v1::AuthorizerType::as_str);
    let mut own = json!({ "type": kind, "identitySource": authorizer.identity_source().unwrap_or_default() });
    if let Some(seconds) = authorizer.authorizer_result_ttl_in_seconds() {
        own["authorizerResultTtlInSeconds"] = json!(seconds);
    }
    json!({ "type": "apiKey", "in": "header", "x-amazon-apigateway-authorizer": own })
}

/// Has a model's references lead to where it stands in the document: those to other models, which are URLs
/// (`https://apigateway.amazonaws.com/restapis/ID/models/NAME`), and those to its own definitions.
fn lead_references(schema: &mut Value, model: &str) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        if let Some((_, name)) = reference.rsplit_once("/models/") {
                            *reference = format!("#/components/schemas/{}", pointer(name));
                        } else if let Some(inside) = reference.strip_prefix("#/definitions/") {
                            *reference = format!("#/components/schemas/{}/definitions/{inside}", pointer(model));
                        }
                    }
                    value => lead_references(value, model),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| lead_references(item, model)),
        _ => {}
    }
}

/// A name as a step of a JSON pointer.
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What an export tells at all: what it tells of one method it is believed not to keep of another.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    validators: bool,
    required: bool,
}

impl Told {
    fn of(tree: &Tree) -> Self {
        let mut told = Self::default();
        for own in tree.methods().filter_map(|(_, _, method)| method.interface.as_deref()) {
            told.validators |= own.validates_parameters || own.validates_body;
            told.required |= required(own).next().is_some();
        }
        told
    }
}

/// The query parameters and headers that requests must have.
fn required(interface: &Interface) -> impl Iterator<Item = &Parameter> {
    interface.parameters.iter().filter(|own| own.required && own.place != Place::Path)
}

/// Completes the interfaces of a deployed tree, method by method. `edited`: who may call the editor's methods; `interfaces`:
/// what else it says of them.
pub(super) fn complete(tree: &mut Tree, edited: &Tree, interfaces: &Tree) {
    let told = Told::of(tree);
    for (path, methods) in &mut tree.0 {
        for (verb, method) in methods {
            let there = interfaces.method(path, *verb).and_then(|there| there.interface.as_deref());
            let Some((there, editor)) = there.zip(edited.method(path, *verb)) else { continue };
            if says_nothing(there) || !agree(method, editor, there, told) {
                continue;
            }
            let mut completed = method.interface.as_deref().cloned().unwrap_or_default();
            fill(&mut completed, there, told, method.authorization);
            if method.interface.as_deref().is_none_or(|own| *own != completed) {
                completed.source = InterfaceSource::Editor;
                method.interface = Some(Box::new(completed));
            }
        }
    }
}

/// Whether nothing is demanded of any request.
fn says_nothing(interface: &Interface) -> bool {
    required(interface).next().is_none()
        && interface.body.is_none()
        && interface.authorizer.is_none()
        && interface.integration.as_ref().is_none_or(|own| own.passthrough == Passthrough::WhenNoMatch)
}

/// Whether the editor's method is the deployed one, as far as both are told.
fn agree(deployed: &Method, editor: &Method, there: &Interface, told: Told) -> bool {
    let callers = |method: &Method| (method.authorization, method.api_key_required);
    let Some(own) = deployed.interface.as_deref() else { return callers(deployed) == callers(editor) };
    let names = |interface: &Interface| {
        let mut names: Vec<_> = required(interface).map(|own| (own.place, own.name.clone())).collect();
        names.sort();
        names
    };
    let integration = |own: &Integration| {
        let mut templates = own.templates.clone();
        templates.sort();
        (own.kind.clone(), own.passthrough, templates)
    };
    let bodies = match (&own.body, &there.body) {
        (Some(own), Some(there)) => own.content_type == there.content_type,
        (own, _) => own.is_none(),
    };
    let integrations = own.integration.as_ref().zip(there.integration.as_ref());
    let authorizers = own.authorizer.as_ref().zip(there.authorizer.as_ref());
    callers(deployed) == callers(editor)
        && bodies
        && (!told.required || names(own) == names(there))
        && integrations.is_none_or(|(own, there)| integration(own) == integration(there))
        && authorizers.is_none_or(|(own, there)| own.kind == there.kind)
}

/// Takes from the editor what no export tells.
fn fill(own: &mut Interface, there: &Interface, told: Told, authorization: Option<Authorization>) {
    if !told.validators {
        own.validates_parameters = there.validates_parameters;
        own.validates_body = there.validates_body;
    }
    if !told.required {
        for parameter in required(there) {
            match own.parameters.iter_mut().find(|own| own.place == parameter.place && own.name == parameter.name) {
                Some(own) => own.required = true,
                None => own.parameters.push(parameter.clone()),
            }
        }
    }
    if own.body.is_none() {
        own.body.clone_from(&there.body);
    }
    if own.integration.is_none() {
        own.integration.clone_from(&there.integration);
    }
    if own.authorizer.is_none() && authorization == Some(Authorization::Custom) {
        own.authorizer.clone_from(&there.authorizer);
    }
}
