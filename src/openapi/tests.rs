use serde_json::json;

use super::*;
use crate::gateway::{
    Authorization, Authorizer, AuthorizerKind, BodyShape, Integration, Interface, Passthrough, Place, Sample,
    SampleSource,
};

/// The documents inside the recordings, by which of the two calls brought them.
fn recorded(text: &str, call: &str) -> Vec<u8> {
    let recording: Value = serde_json::from_str(text).unwrap();
    serde_json::to_vec(recording.pointer(&format!("/content/{call}/body")).unwrap()).unwrap()
}

fn names(tree: &Tree) -> Vec<String> {
    tree.methods().map(|(path, verb, _)| format!("{verb} {path}")).collect()
}

#[test]
fn recorded_exports_of_aws() {
    let pets = include_str!("testdata/export_oas30_openapi-pets.json");
    let store = include_str!("testdata/export_oas30_openapi-petstore_swagger.json");
    let swagger = include_str!("testdata/export_swagger_openapi-petstore_swagger.json");
    for call in ["get-export", "get-export-with-extensions"] {
        assert_eq!(names(&parse(&recorded(pets, call)).unwrap()), ["GET /pets", "GET /pets/{petId}"], "{call}");
        for document in [store, swagger] {
            let tree = parse(&recorded(document, call)).unwrap();
            let expected =
                ["GET /", "GET /pets", "OPTIONS /pets", "POST /pets", "GET /pets/{petId}", "OPTIONS /pets/{petId}"];
            assert_eq!(names(&tree), expected, "{call}");
            assert!(tree.methods().all(|(_, _, method)| method.authorization.is_none() && !method.api_key_required));
        }
    }
}

/// One operation under the given schemes, and what it is read as.
fn read(schemes: &Value, operation: &Value) -> (Option<Authorization>, bool) {
    let document =
        json!({"openapi": "3.0.1", "paths": {"/a": {"get": operation}}, "components": {"securitySchemes": schemes}});
    let tree = parse(&serde_json::to_vec(&document).unwrap()).unwrap();
    let method = tree.method("/a", Verb::Get).unwrap();
    (method.authorization, method.api_key_required)
}

#[test]
fn security_schemes_say_who_may_call() {
    let schemes = json!({
        "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
        "pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
                 "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools"}},
        "token": {"type": "apiKey", "name": "Auth", "in": "header", "x-amazon-apigateway-authtype": "custom",
                  "x-amazon-apigateway-authorizer": {"type": "token"}},
        // The header is that of a key, yet a Lambda decides: from definitions/openapi.spec.global-auth.json.
        "keyish": {"type": "apiKey", "name": "X-Api-Key", "in": "header", "x-amazon-apigateway-authtype": "custom",
                   "x-amazon-apigateway-authorizer": {"type": "request"}},
        "corporate": {"type": "apiKey", "name": "x", "in": "header", "x-amazon-apigateway-authtype": "Custom scheme with corporate claims"},
        "untyped": {"type": "apiKey", "name": "x", "in": "header", "x-amazon-apigateway-authorizer": {"type": "REQUEST"}},
        "http": {"type": "http", "scheme": "bearer"},
    });
    let cases = [
        (json!([{"api_key": []}]), None, true),
        (json!([{"sigv4": []}]), Some(Authorization::AwsIam), false),
        (json!([{"pool": ["scope"]}]), Some(Authorization::CognitoUserPools), false),
        (json!([{"token": []}]), Some(Authorization::Custom), false),
        (json!([{"keyish": []}]), Some(Authorization::Custom), false),
        (json!([{"corporate": []}]), Some(Authorization::Custom), false),
        (json!([{"untyped": []}]), Some(Authorization::Custom), false),
        (json!([{"api_key": []}, {"sigv4": []}]), Some(Authorization::AwsIam), true),
        (json!([{"api_key": [], "token": []}]), Some(Authorization::Custom), true),
        (json!([{"http": []}]), None, false),
        (json!([{"undefined": []}]), None, false),
        (json!([]), None, false),
    ];
    for (security, authorization, key) in cases {
        assert_eq!(read(&schemes, &json!({"security": security})), (authorization, key), "{security}");
    }
    assert_eq!(read(&json!({}), &json!({"security": [{"api_key": []}]})), (None, true), "by its name alone");
}

#[test]
fn an_operation_may_name_its_authorization_itself() {
    let own = |kind: &str| json!({"x-amazon-apigateway-auth": {"type": kind}});
    assert_eq!(read(&json!({}), &own("AWS_IAM")).0, Some(Authorization::AwsIam));
    assert_eq!(read(&json!({}), &own("none")).0, Some(Authorization::None));
    assert_eq!(read(&json!({}), &own("something new")).0, None);
}

#[test]
fn a_documents_own_security_holds_where_an_operation_has_none() {
    let document = json!({
        "paths": {
            "/a": {"get": {}, "post": {"security": []}, "parameters": [], "trace": {}},
            "/files/{proxy+}": {"x-amazon-apigateway-any-method": {}},
        },
        "components": {"securitySchemes": {"s": {"x-amazon-apigateway-authtype": "awsSigv4"}}},
        "security": [{"s": []}],
    });
    let tree = parse(&serde_json::to_vec(&document).unwrap()).unwrap();
    assert_eq!(names(&tree), ["GET /a", "POST /a", "ANY /files/{proxy+}"]);
    assert_eq!(tree.method("/a", Verb::Get).unwrap().authorization, Some(Authorization::AwsIam));
    assert_eq!(tree.method("/a", Verb::Post).unwrap().authorization, None);
}

#[test]
fn what_is_no_export_is_an_error_and_no_panic() {
    assert_eq!(parse(br#"{"openapi": "3.0.1"}"#), Err(DocumentError::Shape));
    assert_eq!(parse(br#"{"paths": []}"#), Err(DocumentError::Shape));
    assert_eq!(parse(b"[]"), Err(DocumentError::Shape));
    assert!(matches!(parse_json(b"<html>"), Err(DocumentError::Json(_))));
    assert_eq!(parse(b"<html>"), Err(DocumentError::Shape));
    assert!(matches!(parse(b"\"a: {"), Err(DocumentError::Yaml(_))));
    assert!(matches!(parse(b"{\"paths\""), Err(DocumentError::Json(_))));
    let large = vec![b' '; LARGEST + 1];
    assert_eq!(
        (parse(&large), parse_json(&large)),
        (Err(DocumentError::TooLarge(LARGEST + 1)), Err(DocumentError::TooLarge(LARGEST + 1)))
    );
    assert_eq!(parse(br#"{"paths": {"/a": 1, "/b": {"get": null}}, "security": 3}"#).unwrap().len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_document_is_a_panic(path in "[a-z/{}+]{0,8}", verb in "get|post|trace|any|x-amazon-apigateway-any-method|parameters", value in "null|1|\"x\"|\\[\\]|\\{\\}|\\[\\{\"a\": 1\\}\\]|\\{\"type\": 3\\}") {
        let document = format!(
            r#"{{"paths": {{"{path}": {{"{verb}": {{"security": {value}, "x-amazon-apigateway-auth": {value}}}}}}},
                "security": {value}, "components": {{"securitySchemes": {{"a": {value}}}}}}}"#
        );
        proptest::prop_assert!(parse(document.as_bytes()).is_ok());
    }
}

/// The interface of the one operation `POST /a` with these keys, in a document with these others.
fn interface(operation: Value, mut document: Value) -> Interface {
    document["paths"]["/a"]["post"] = operation;
    let tree = super::read(&document).unwrap();
    *tree.method("/a", Verb::Post).unwrap().interface.clone().unwrap()
}

/// Parameters as `place name value source`, a required one with `!`.
fn parameters(interface: &Interface) -> Vec<String> {
    interface
        .parameters
        .iter()
        .map(|parameter| {
            let sample = match &parameter.sample {
                Ok(Sample { value, from }) => format!("{value} {from:?}"),
                Err(why) => format!("- {why}"),
            };
            let required = if parameter.required { "!" } else { "" };
            format!("{:?} {}{required} {sample}", parameter.place, parameter.name)
        })
        .collect()
}

#[test]
fn interfaces_of_a_recorded_export() {
    let store = include_str!("testdata/export_oas30_openapi-petstore_swagger.json");
    let tree = parse(&recorded(store, "get-export-with-extensions")).unwrap();
    let of = |path, verb| tree.method(path, verb).unwrap().interface.clone().unwrap();
    let list = of("/pets", Verb::Get);
    assert_eq!(parameters(&list), ["Query type sample Schema", "Query page sample Schema"]);
    let kind =
        |interface: &Interface| interface.integration.clone().map(|own| (own.kind, own.passthrough, own.templates));
    assert_eq!(kind(&list), Some(("http".to_owned(), Passthrough::WhenNoMatch, Vec::new())));
    assert_eq!(parameters(&of("/pets/{petId}", Verb::Get)), ["Path petId! sample Schema"]);
    let body = of("/pets", Verb::Post).body.unwrap();
    assert_eq!((body.content_type.as_str(), body.refuses_empty), ("application/json", false));
    assert_eq!(body.sample, Ok(Sample { value: "{}".to_owned(), from: SampleSource::Schema }));
    let options = of("/pets", Verb::Options);
    let templates = vec!["application/json".to_owned()];
    assert_eq!(kind(&options), Some(("mock".to_owned(), Passthrough::WhenNoMatch, templates)));
    assert_eq!(options.body, None);
    // Swagger 2 says the same in its own words.
    let swagger = include_str!("testdata/export_swagger_openapi-petstore_swagger.json");
    let other = parse(&recorded(swagger, "get-export-with-extensions")).unwrap();
    let told = |tree: &Tree| -> Vec<_> {
        tree.methods()
            .map(|(_, _, method)| method.interface.clone().unwrap())
            .map(|own| (parameters(&own), own.body))
            .collect()
    };
    assert_eq!(told(&tree), told(&other));
}

#[test]
fn parameters_of_all_kinds() {
    let document = json!({
        "openapi": "3.0.1",
        "paths": {"/a": {"parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
            {"name": "shared", "in": "query", "schema": {"type": "boolean"}},
        ]}},
        "components": {
            "parameters": {"Page": {"name": "page", "in": "query", "required": true, "schema": {"$ref": "#/components/schemas/Page"}}},
            "schemas": {"Page": {"type": "integer", "minimum": 3}},
            "examples": {"one": {"value": "from afar"}},
        },
    });
    let operation = json!({"parameters": [
        {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "enum": [".", "..", "", "seven"]}},
        {"name": "proxy+", "in": "path", "schema": {"type": "string"}},
        {"$ref": "#/components/parameters/Page"},
        {"$ref": "#/components/parameters/None"},
        {"name": "X-One", "in": "header", "required": true, "example": "one", "schema": {"type": "string", "example": "two"}},
        {"name": "X-Line", "in": "header", "required": true, "schema": {"type": "string", "enum": ["a\nb"]}},
        {"name": "named", "in": "query", "examples": {"first": {"$ref": "#/components/examples/one"}}},
        {"name": "list", "in": "query", "schema": {"type": "array", "minItems": 2, "items": {"type": "string", "enum": ["a", "b"]}}},
        {"name": "content", "in": "query", "content": {"application/json": {"schema": {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}}}},
        {"name": "blank", "in": "query", "required": true, "schema": {"type": "string", "maxLength": 0}},
        {"name": "hard", "in": "query", "required": true, "schema": {"type": "string", "pattern": "(?!x)y"}},
        {"name": "session", "in": "cookie", "schema": {"type": "string"}},
    ]});
    let got = parameters(&interface(operation, document));
    let expected = [
        "Path id! seven Enum",
        "Path proxy! sample Schema",
        "Query page! 3 Schema",
        "Header X-One! one Example",
        "Header X-Line! - its value has characters that no header takes",
        "Query named from afar Example",
        "Query list a,a Enum",
        "Query content {\"a\":1} Enum",
        "Query blank! - its value is blank, which API Gateway takes for none",
        "Query hard! - no value is made for the pattern `(?!x)y`: look-around, including look-ahead and look-behind, is not supported",
        "Query shared true Schema",
    ];
    assert_eq!(got, expected);
}

#[test]
fn parameters_and_bodies_of_swagger() {
    let document = json!({"swagger": "2.0", "consumes": ["application/json"], "paths": {}, "definitions": {
        "Order": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "format": "int64"}}},
    }});
    let operation = json!({"parameters": [
        {"name": "kind", "in": "query", "required": true, "type": "string", "enum": ["cat", "dog"]},
        {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "csv"},
        {"name": "x", "in": "header", "type": "string", "x-example": "seen"},
        {"name": "Order", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Order"}},
    ]});
    let own = interface(operation, document.clone());
    assert_eq!(parameters(&own), ["Query kind! cat Enum", "Query tags sample Schema", "Header x seen Example"]);
    let body = own.body.unwrap();
    assert_eq!((body.content_type.as_str(), body.refuses_empty), ("application/json", true));
    assert_eq!(body.sample.unwrap().value, r#"{"id":1}"#);
    let form = json!({"consumes": ["application/x-www-form-urlencoded"], "parameters": [
        {"name": "a b", "in": "formData", "required": true, "type": "string", "default": "x&y"},
        {"name": "left out", "in": "formData", "type": "string"},
    ]});
    let body = interface(form, document.clone()).body.unwrap();
    assert_eq!(
        (body.content_type.as_str(), body.sample.unwrap().value.as_str()),
        ("application/x-www-form-urlencoded", "a+b=x%26y")
    );
    let file = json!({"consumes": ["multipart/form-data"], "parameters": [{"name": "f", "in": "formData", "required": true, "type": "file"}]});
    let body = interface(file, document).body.unwrap();
    assert_eq!(body.sample, Err("the form field `f` is a file, and none is made up".to_owned()));
    // Fields are no JSON, whatever the document says beside them.
    for (consumes, kind, good) in [
        (json!(["application/*"]), "application/x-www-form-urlencoded", true),
        (json!(["application/json"]), "application/x-www-form-urlencoded", true),
        (json!([]), "application/x-www-form-urlencoded", true),
        (
            json!(["multipart/form-data", "application/x-www-form-urlencoded"]),
            "application/x-www-form-urlencoded",
            true,
        ),
        (json!(["multipart/form-data"]), "multipart/form-data", false),
    ] {
        let field = json!({"consumes": consumes, "parameters": [{"name": "f", "in": "formData", "required": true, "type": "string"}]});
        let body = interface(field, json!({"swagger": "2.0", "paths": {}})).body.unwrap();
        assert_eq!((body.content_type.as_str(), body.sample.is_ok()), (kind, good), "{consumes}");
    }
}

#[test]
fn bodies() {
    let body = |content: Value| {
        let schemas = json!({
            "Base": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
            "Loop": {"type": "object", "allOf": [{"$ref": "#/components/schemas/Loop"}]},
        });
        let document = json!({"openapi": "3.0.1", "paths": {}, "components": {"schemas": schemas, "requestBodies": {"B": {"content": content}}}});
        let BodyShape { content_type, refuses_empty, sample } =
            interface(json!({"requestBody": {"$ref": "#/components/requestBodies/B"}}), document).body.unwrap();
        let sample = match sample {
            Ok(Sample { value, from }) => format!("{value} {from:?}"),
            Err(why) => format!("- {why}"),
        };
        format!("{content_type} {} {sample}", if refuses_empty { "refuses" } else { "takes" })
    };
    let json = |schema: Value| body(json!({"application/json": {"schema": schema}}));
    let cases = [
        (json(json!({"$ref": "#/components/schemas/Base"})), r#"application/json refuses {"a":"sample"} Schema"#),
        (
            json(json!({"allOf": [{"$ref": "#/components/schemas/Base"}]})),
            r#"application/json refuses {"a":"sample"} Schema"#,
        ),
        (json(json!({"required": ["a"], "properties": {"a": {}}})), r#"application/json takes {"a":"sample"} Schema"#),
        (json(json!({"type": "object", "required": []})), "application/json takes {} Schema"),
        (
            json(json!({"type": "object", "required": ["a"], "nullable": true})),
            r#"application/json takes {"a":"sample"} Schema"#,
        ),
        (
            json(json!({"anyOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object"}]})),
            r#"application/json takes {"a":"sample"} Schema"#,
        ),
        (
            json(json!({"$ref": "#/components/schemas/Loop"})),
            "application/json takes - cyclic schema: `#/components/schemas/Loop` needs itself",
        ),
        (body(json!({"text/plain": {}, "application/json; charset=utf-8": {}})), "application/json takes {} Schema"),
        (body(json!({"text/plain": {}, "application/vnd.x+json": {}})), "application/vnd.x+json takes {} Schema"),
        (body(json!({"text/plain": {}})), "text/plain takes sample Schema"),
        (body(json!({"*/*": {}})), "application/json takes {} Schema"),
        (body(json!({"application/xml": {"example": "<a/>"}})), "application/xml takes <a/> Example"),
        (
            body(json!({"application/xml": {}})),
            "application/xml takes - no body is made up of the type application/xml",
        ),
        (body(json!({"application/json": {"example": {"any": 1}}})), r#"application/json takes {"any":1} Example"#),
        (
            body(json!({"application/json": {"example": "{\"any\": 1}"}})),
            r#"application/json takes {"any": 1} Example"#,
        ),
        (
            body(json!({"application/json": {"examples": {"x": {"value": [1]}}, "schema": {"example": 2}}})),
            "application/json takes [1] Example",
        ),
        (
            body(json!({"application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Base"}}})),
            "application/x-www-form-urlencoded refuses a=sample Schema",
        ),
    ];
    for (got, expected) in cases {
        assert_eq!(got, expected);
    }
    // A model is found by its key as it is written (facts B14): no empty body is surely refused under another one.
    let base = json!({"schema": {"$ref": "#/components/schemas/Base"}});
    for kind in ["*/*", "application/*", "application/json;charset=UTF-8", "application/json ", "Application/JSON", ""]
    {
        assert_eq!(body(json!({kind: base})), r#"application/json takes {"a":"sample"} Schema"#, "{kind:?}");
    }
    for (kinds, chosen) in [
        (json!({"*/*": base, "application/json": base}), "application/json refuses"),
        (json!({"application/*": base, "application/vnd.x+json": base}), "application/vnd.x+json refuses"),
        (json!({"application/json; charset=utf-8": base, "application/json": base}), "application/json refuses"),
        (json!({"application/a+json": base, "application/json": base, "text/plain": base}), "application/json refuses"),
        (json!({"application/a+json": base, "text/plain": base}), "application/a+json refuses"),
    ] {
        let got = body(kinds.clone());
        assert!(got.starts_with(chosen), "{kinds}: {got}");
    }
}

#[test]
fn validators() {
    let read = |document: Value, operation: Value| {
        let own = interface(operation, document);
        (own.validates_parameters, own.validates_body)
    };
    let named = |name: &str| json!({"x-amazon-apigateway-request-validator": name});
    let defined = json!({"paths": {}, "x-amazon-apigateway-request-validators": {
        "basic": {"validateRequestBody": true, "validateRequestParameters": true},
        // A name that misleads: the definition is what counts.
        "all": {"validateRequestBody": false, "validateRequestParameters": true},
    }});
    let everywhere = |name: &str| {
        let mut document = defined.clone();
        document["x-amazon-apigateway-request-validator"] = json!(name);
        document
    };
    let bare = || json!({"paths": {}});
    let cases = [
        // A name alone states nothing.
        (bare(), json!({}), (false, false)),
        (bare(), named("all"), (false, false)),
        (bare(), named("params-only"), (false, false)),
        (bare(), named("body-only"), (false, false)),
        (bare(), named("Validate body, query string parameters, and headers"), (false, false)),
        (bare(), named("Validate query string parameters and headers"), (false, false)),
        (bare(), named("Validate body"), (false, false)),
        (bare(), named("mine"), (false, false)),
        (defined.clone(), named("basic"), (true, true)),
        (defined.clone(), named("all"), (true, false)),
        (defined.clone(), json!({}), (false, false)),
        (everywhere("basic"), json!({}), (true, true)),
        (everywhere("basic"), named("all"), (true, false)),
    ];
    for (document, operation, expected) in cases {
        assert_eq!(read(document.clone(), operation.clone()), expected, "{document} {operation}");
    }
}

#[test]
fn integrations() {
    let read = |own: Value| {
        let document =
            json!({"paths": {}, "components": {"x-amazon-apigateway-integrations": {"I": {"type": "HTTP_PROXY"}}}});
        interface(json!({"x-amazon-apigateway-integration": own}), document).integration
    };
    let integration = |kind: &str, passthrough, templates: &[&str]| {
        let templates = templates.iter().map(|kind| (*kind).to_owned()).collect();
        Some(Integration { kind: kind.to_owned(), passthrough, templates })
    };
    let cases = [
        (json!({"type": "AWS_PROXY"}), integration("aws_proxy", Passthrough::WhenNoMatch, &[])),
        (
            json!({"$ref": "#/components/x-amazon-apigateway-integrations/I"}),
            integration("http_proxy", Passthrough::WhenNoMatch, &[]),
        ),
        (
            json!({"type": "aws", "passthroughBehavior": "never", "requestTemplates": {"Application/JSON": "", "text/xml": ""}}),
            integration("aws", Passthrough::Never, &["application/json", "text/xml"]),
        ),
        (
            json!({"type": "mock", "passthroughBehavior": "WHEN_NO_TEMPLATES"}),
            integration("mock", Passthrough::WhenNoTemplates, &[]),
        ),
        (json!({}), None),
        (json!({"$ref": "#/nowhere"}), None),
    ];
    for (own, expected) in cases {
        assert_eq!(read(own.clone()), expected, "{own}");
    }
}

#[test]
fn authorizers() {
    let read = |scheme: Value| {
        let document = json!({"paths": {}, "components": {"securitySchemes": {"s": scheme}}});
        interface(json!({"security": [{"s": []}]}), document).authorizer
    };
    let scheme = |name: &str, own: Value| json!({"type": "apiKey", "in": "header", "name": name, "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": own});
    let authorizer = |kind, sources: &[&str], ttl| {
        Some(Authorizer { kind, identity_sources: sources.iter().map(|source| (*source).to_owned()).collect(), ttl })
    };
    let cases = [
        (
            scheme("Auth", json!({"type": "token"})),
            authorizer(AuthorizerKind::Token, &["method.request.header.Auth"], None),
        ),
        (
            scheme(
                "Unused",
                json!({"type": "request", "identitySource": "method.request.header.A, method.request.querystring.b", "authorizerResultTtlInSeconds": 300}),
            ),
            authorizer(
                AuthorizerKind::Request,
                &["method.request.header.A", "method.request.querystring.b"],
                Some(300),
            ),
        ),
        (
            scheme("Unused", json!({"type": "REQUEST", "authorizerResultTtlInSeconds": 0})),
            authorizer(AuthorizerKind::Request, &[], Some(0)),
        ),
        (
            scheme("Authorization", json!({"type": "cognito_user_pools", "providerARNs": []})),
            authorizer(AuthorizerKind::Cognito, &["method.request.header.Authorization"], None),
        ),
        (
            json!({"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "jwt", "identitySource": ["$request.header.Authorization"]}}),
            authorizer(AuthorizerKind::Jwt, &["$request.header.Authorization"], None),
        ),
        (
            json!({"type": "apiKey", "in": "header", "name": "Authorization", "x-amazon-apigateway-authtype": "awsSigv4"}),
            None,
        ),
        (json!({"type": "apiKey", "in": "header", "name": "x-api-key"}), None),
    ];
    for (scheme, expected) in cases {
        assert_eq!(read(scheme.clone()), expected, "{scheme}");
    }
}

#[test]
fn yaml_is_read_too() {
    let text = "openapi: 3.1.0\npaths:\n  /a/{id}:\n    get:\n      parameters:\n        - {name: id, in: path, required: true, schema: {type: string, const: x}}\n";
    let tree = parse(text.as_bytes()).unwrap();
    let own = tree.method("/a/{id}", Verb::Get).unwrap().interface.clone().unwrap();
    assert_eq!((parameters(&own), own.parameters[0].place), (vec!["Path id! x Enum".to_owned()], Place::Path));
}

/// Ten megabytes of one model, and of many: their methods are read in time, and so are the others.
#[test]
fn large_models_end() {
    let start = std::time::Instant::now();
    let member = |number: usize| {
        (format!("property-number-{number}"), json!({"type": "string", "pattern": format!("^[a-z]{{1,9}}-{number}$")}))
    };
    let properties: serde_json::Map<String, Value> = (0..120_000).map(member).collect();
    let required: Vec<&String> = properties.keys().collect();
    let model = json!({"type": "object", "required": required, "properties": properties});
    let mut document = json!({"openapi": "3.0.1", "components": {"schemas": {"Large": model}}, "paths": {"/other": {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}}}}}});
    for number in 0..200 {
        let schema = if number % 2 == 0 {
            json!({"$ref": "#/components/schemas/Large"})
        } else {
            json!({"allOf": [{"$ref": "#/components/schemas/Large"}]})
        };
        document["paths"][format!("/a{number}")] =
            json!({"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}});
    }
    let text = serde_json::to_vec(&document).unwrap();
    assert!(text.len() > 10 << 20, "{}", text.len());
    let tree = parse(&text).unwrap();
    assert_eq!(tree.len(), 201);
    let body = |path| tree.method(path, Verb::Post).unwrap().interface.clone().unwrap().body.unwrap();
    let why = body("/a0").sample.unwrap_err();
    assert!(why.starts_with("the schema is too large"), "{why}");
    assert!(body("/a1").sample.is_err());
    assert_eq!(body("/other").sample.unwrap().value, r#"{"a":"sample"}"#);
    assert!(body("/a0").refuses_empty);
    assert!(start.elapsed() < std::time::Duration::from_mins(1), "{:?}", start.elapsed());
}
