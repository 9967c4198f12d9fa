//! A document and what its references lead to.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// So many references are followed one after the other.
const HOPS: usize = 32;

/// An OpenAPI document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'d> {
    pub(super) root: &'d Value,
    /// Whether it is of OpenAPI 3.1 or later: there a schema's `$ref` has siblings that count.
    pub(super) modern: bool,
}

impl<'d> Document<'d> {
    pub(super) fn new(root: &'d Value) -> Self {
        let version = root.get("openapi").and_then(Value::as_str).unwrap_or_default();
        let minor = version.strip_prefix("3.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        Self { root, modern: minor.is_some_and(|minor| minor >= 1) }
    }

    /// What a reference leads to.
    pub(super) fn target(&self, reference: &str) -> Result<&'d Value, String> {
        let shown = || super::sample::shown(reference);
        let found = if let Some(pointer) = reference.strip_prefix('#') {
            self.root.pointer(&percent_decode_str(pointer).decode_utf8_lossy())
        } else {
            // A model's own address is how models refer to each other in API Gateway:
            // https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
            let (_, name) =
                reference.rsplit_once("/models/").ok_or_else(|| format!("{} leads out of the document", shown()))?;
            let schemas = self.root.pointer("/components/schemas").or_else(|| self.root.get("definitions"));
            schemas.and_then(|schemas| schemas.get(name))
        };
        found.ok_or_else(|| format!("{} leads nowhere", shown()))
    }

    /// The value itself, or what it refers to.
    pub(super) fn resolve(&self, value: &'d Value) -> Result<&'d Value, String> {
        let mut at = value;
        for _ in 0..HOPS {
            match at.get("$ref").and_then(Value::as_str) {
                Some(reference) => at = self.target(reference)?,
                None => return Ok(at),
            }
        }
        Err("references lead to references without an end".to_owned())
    }
}
