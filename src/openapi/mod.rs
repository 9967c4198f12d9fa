//! An OpenAPI document as a tree of methods that know what their requests look like. Pure.
//!
//! [`read`] takes what API Gateway exports (OpenAPI 3.0 and Swagger 2) and what people write (3.1 too, and YAML through
//! [`parse`]). Of each operation it keeps who may call it, its parameters and its body, each with a value that fits or the
//! reason why there is none, what a validator checks, and what it leads to: an [`Interface`](crate::gateway::Interface).
//! Schemas are not kept.
//!
//! A document is written by anybody. Its size, its depth and the work that is spent on its schemas are bounded; a schema
//! that cannot be made a value of costs its own parameter or body the sample, and nothing else.

mod document;
mod operation;
mod sample;
mod security;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::gateway::{Tree, Verb};
use document::Document;
use operation::Reader;

/// A larger document is not read: more than twice what API Gateway imports
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>).
pub const LARGEST: usize = 16 << 20;

/// A document that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is too large.
    #[error(
        "the document has {0} bytes: expected {LARGEST} at most; leave out what is not needed, as its examples of answers"
    )]
    TooLarge(usize),
    /// It is not JSON.
    #[error("the document is no JSON ({0}): expected an OpenAPI document")]
    Json(String),
    /// It is neither JSON nor YAML.
    #[error("the document is neither JSON nor YAML ({0}): expected an OpenAPI document")]
    Yaml(String),
    /// It is a document of another kind.
    #[error("the document has no `paths`: expected an OpenAPI document, version 2.0, 3.0 or 3.1")]
    Shape,
}

/// Reads the methods of a document, JSON or YAML.
///
/// # Errors
/// [`DocumentError`], for a document that is too large, is neither JSON nor YAML, or has no `paths`.
pub fn parse(document: &[u8]) -> Result<Tree, DocumentError> {
    // What opens with a brace is JSON, and its errors are those of JSON.
    if document.trim_ascii_start().starts_with(b"{") {
        return parse_json(document);
    }
    if document.len() > LARGEST {
        return Err(DocumentError::TooLarge(document.len()));
    }
    let one_line = |error: &dyn std::fmt::Display| error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let text = std::str::from_utf8(document).map_err(|error| DocumentError::Yaml(one_line(&error)))?;
    let value: Value = serde_saphyr::from_str(text).map_err(|error| DocumentError::Yaml(one_line(&error)))?;
    read(&value)
}

/// Reads the methods of a document that is JSON.
///
/// # Errors
/// [`DocumentError`], for a document that is too large, is no JSON, or has no `paths`.
pub fn parse_json(document: &[u8]) -> Result<Tree, DocumentError> {
    if document.len() > LARGEST {
        return Err(DocumentError::TooLarge(document.len()));
    }
    let value: Value = serde_json::from_slice(document).map_err(|error| DocumentError::Json(error.to_string()))?;
    read(&value)
}

/// Reads the methods of a document.
///
/// A method whose operation demands nothing has `authorization: None`, for "not said". On AWS that means open. MiniStack
/// also leaves it out where the method is `AWS_IAM`, and LocalStack leaves out keys too, so the caller looks elsewhere
/// before it believes it. Every method has an [`Interface`](crate::gateway::Interface).
///
/// # Errors
/// [`DocumentError::Shape`], for a document without `paths`.
pub fn read(document: &Value) -> Result<Tree, DocumentError> {
    let paths = document.get("paths").and_then(Value::as_object).ok_or(DocumentError::Shape)?;
    let reader = Reader::new(Document::new(document));
    let mut tree = Tree::default();
    for (path, item) in paths {
        let Some(operations) = item.as_object() else { continue };
        for (key, operation) in operations {
            // `parameters`, `summary`, `servers` and `x-…` stand beside the verbs, and `trace` is none of API Gateway's.
            let Ok(verb) = key.parse::<Verb>() else { continue };
            tree.insert(path, verb, reader.method(operations.get("parameters"), operation));
        }
    }
    Ok(tree)
}
