//! A stage's OpenAPI export as a tree of methods. Pure.
//!
//! The second best source of a deployed tree: on AWS an export is of the stage's snapshot, as the API summary is; on
//! MiniStack and LocalStack it is of the edited tree. Ask for it with `extensions=apigateway`: without it the security
//! schemes are there and what kind each of them is is not.

use serde_json::{Map, Value};

use crate::gateway::{Authorization, Method, Tree, Verb};

/// A document that is no export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// It is not JSON.
    #[error("the export is no JSON ({0})")]
    Json(String),
    /// It is JSON of another kind.
    #[error("the export has no `paths`: expected an OpenAPI document")]
    Shape,
}

/// Reads the methods of an export, OpenAPI 3 or Swagger 2.
///
/// A method whose operation demands nothing has `authorization: None`, for "not said". On AWS that means open. MiniStack
/// also leaves it out where the method is `AWS_IAM`, and LocalStack leaves out keys too, so the caller looks elsewhere
/// before it believes it.
///
/// # Errors
/// [`ExportError`], for a document that is no JSON or has no `paths`.
pub fn parse(document: &[u8]) -> Result<Tree, ExportError> {
    let document: Value = serde_json::from_slice(document).map_err(|error| ExportError::Json(error.to_string()))?;
    let paths = document.get("paths").and_then(Value::as_object).ok_or(ExportError::Shape)?;
    let schemes = document.pointer("/components/securitySchemes").or_else(|| document.get("securityDefinitions"));
    let schemes = schemes.and_then(Value::as_object);
    // Read once: as often as there are operations it would be slow work on a document that lists thousands of both.
    let everywhere = demanded(document.get("security"), schemes);
    let mut tree = Tree::default();
    for (path, item) in paths {
        for (key, operation) in item.as_object().into_iter().flatten() {
            // `parameters`, `summary`, `servers` and `x-…` stand beside the verbs, and `trace` is none of API Gateway's.
            let Ok(verb) = key.parse::<Verb>() else { continue };
            tree.insert(path, verb, method(operation, &everywhere, schemes));
        }
    }
    Ok(tree)
}

fn method(operation: &Value, everywhere: &Method, schemes: Option<&Map<String, Value>>) -> Method {
    let own = operation.get("security");
    let mut method = if own.is_some() { demanded(own, schemes) } else { everywhere.clone() };
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-auth.html
    let own = operation.pointer("/x-amazon-apigateway-auth/type").and_then(Value::as_str);
    if let Some(kind) = own.and_then(|text| Authorization::from_aws(&text.to_ascii_uppercase())) {
        method.authorization = Some(kind);
    }
    method
}

/// What a list of security requirements asks of a caller.
fn demanded(security: Option<&Value>, schemes: Option<&Map<String, Value>>) -> Method {
    let mut method = Method::default();
    let requirements = security.and_then(Value::as_array);
    // API Gateway writes a key and an authorizer as two alternatives, `[{"api_key": []}, {"auth": []}]`, and means both.
    for name in requirements.into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys) {
        match demand(name, schemes.and_then(|schemes| schemes.get(name))) {
            Some(Demand::ApiKey) => method.api_key_required = true,
            Some(Demand::Authorization(kind)) => method.authorization = Some(kind),
            None => {}
        }
    }
    method
}

enum Demand {
    ApiKey,
    Authorization(Authorization),
}

/// What a security scheme asks of a caller; `None` for one that API Gateway does not enforce or that is unknown.
fn demand(name: &str, scheme: Option<&Value>) -> Option<Demand> {
    let Some(scheme) = scheme else {
        // Not defined in the document: `api_key` is the name that AWS gives to its own.
        return name.eq_ignore_ascii_case("api_key").then_some(Demand::ApiKey);
    };
    let text = |pointer: &str| scheme.pointer(pointer).and_then(Value::as_str).map(str::to_ascii_lowercase);
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
    // Besides these two values `authtype` may hold any words for a Lambda authorizer, as "Custom scheme with corporate claims".
    let authtype = text("/x-amazon-apigateway-authtype");
    let authorizer = text("/x-amazon-apigateway-authorizer/type");
    match (authtype.as_deref(), authorizer.as_deref()) {
        (Some("awssigv4"), _) => Some(Demand::Authorization(Authorization::AwsIam)),
        (Some("cognito_user_pools"), _) | (_, Some("cognito_user_pools")) => {
            Some(Demand::Authorization(Authorization::CognitoUserPools))
        }
        (Some(_), _) | (_, Some(_)) => Some(Demand::Authorization(Authorization::Custom)),
        // An API key's scheme is an `apiKey` in the header x-api-key without an authorizer of its own.
        (None, None) => {
            let key = text("/type").as_deref() == Some("apikey") && text("/name").as_deref() == Some("x-api-key");
            key.then_some(Demand::ApiKey)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
                assert!(tree.methods().all(|(_, _, method)| *method == Method::default()));
            }
        }
    }

    /// One operation under the given schemes, and what it is read as.
    fn read(schemes: &Value, operation: &Value) -> (Option<Authorization>, bool) {
        let document = json!({"openapi": "3.0.1", "paths": {"/a": {"get": operation}}, "components": {"securitySchemes": schemes}});
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
        assert_eq!(parse(br#"{"openapi": "3.0.1"}"#), Err(ExportError::Shape));
        assert_eq!(parse(br#"{"paths": []}"#), Err(ExportError::Shape));
        assert_eq!(parse(b"[]"), Err(ExportError::Shape));
        assert!(matches!(parse(b"<html>"), Err(ExportError::Json(_))));
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
}
