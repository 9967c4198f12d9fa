//! A stage's OpenAPI export: on AWS of the stage's snapshot, as the API summary is; on MiniStack and LocalStack of the
//! edited tree. It is asked for with `extensions=apigateway`: without it the security schemes are there and what kind each
//! of them is is not.

use crate::gateway::Tree;
use crate::openapi::{self, DocumentError};

/// Reads the methods of an export, which is JSON as it is asked for.
///
/// # Errors
/// [`DocumentError`], for a document that is no JSON or has no `paths`.
pub fn parse(document: &[u8]) -> Result<Tree, DocumentError> {
    openapi::parse_json(document)
}
