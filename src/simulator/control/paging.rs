//! Pages of a list.

use serde_json::{Map, Value};

use super::Failure;
use crate::simulator::request::Incoming;

/// A page of v1: `limit` (25 by default, 500 at most: facts C1) and an opaque `position`.
pub(super) fn v1(items: Vec<Value>, request: &Incoming) -> Result<Value, Failure> {
    page(items, request, "limit", "position", (25, 500), ("item", "position"))
}

/// A page of v2: `maxResults` and an opaque `nextToken`.
pub(super) fn v2(items: Vec<Value>, request: &Incoming, list: &str) -> Result<Value, Failure> {
    page(items, request, "maxResults", "nextToken", (25, 500), (list, "nextToken"))
}

fn page(
    items: Vec<Value>,
    request: &Incoming,
    limit: &str,
    position: &str,
    (default, most): (usize, usize),
    (list, next): (&str, &str),
) -> Result<Value, Failure> {
    let limit = match request.query_value(limit) {
        Some(text) => text.parse::<usize>().map_err(|_| Failure::bad_request("Invalid limit parameter"))?,
        None => default,
    };
    let limit = limit.clamp(1, most);
    let start = match request.query_value(position) {
        Some(text) => {
            let number = text.strip_prefix("page-").and_then(|number| number.parse::<usize>().ok());
            number.ok_or_else(|| Failure::bad_request("Invalid position parameter"))?
        }
        None => 0,
    };
    let end = start.saturating_add(limit);
    let more = end < items.len();
    let mut page = Map::new();
    page.insert(list.to_owned(), items.into_iter().skip(start).take(limit).collect());
    if more {
        page.insert(next.to_owned(), Value::from(format!("page-{end}")));
    }
    Ok(Value::Object(page))
}
