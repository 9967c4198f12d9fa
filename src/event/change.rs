//! What CloudTrail tells of API Gateway: which calls change what is routed, and which API is theirs.
//!
//! The shapes are those of recorded events: version 1 nests the request (`createStageInput`) beside `restApiId`, version 2
//! has all of it flat beside `apiId`. Both have the event source `apigateway.amazonaws.com`.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Event;

/// A change is young for a minute, and what fails in it is only `propagating` (see [`crate::diagnose`]). A little more, for
/// clocks that differ.
pub const SETTLED_AFTER: i64 = 65;

/// Something that changes what is routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub changed: Changed,
    /// The call, as `CreateDeployment`.
    pub call: &'static str,
    /// When it was made, in Unix seconds; `None` where the event does not tell.
    pub at: Option<i64>,
    /// The region that it was made in, where the event tells.
    pub region: Option<String>,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// One API, by its id.
    Api(String),
    /// More than one: a custom domain, which leads to any, or an API that is gone from wherever it was mapped.
    Everything,
}

/// Calls that change what one API's stages serve, in either version. The routes and integrations are those of HTTP APIs,
/// which deploy by themselves where a stage has `autoDeploy`; version 1's editor changes nothing that is served.
const OF_AN_API: &[&str] = &[
    "CreateDeployment",
    "UpdateDeployment",
    "DeleteDeployment",
    "CreateStage",
    "UpdateStage",
    "DeleteStage",
    "UpdateRestApi",
    "UpdateApi",
    "ReimportApi",
    "CreateRoute",
    "UpdateRoute",
    "DeleteRoute",
    "CreateIntegration",
    "UpdateIntegration",
    "DeleteIntegration",
    "CreateAuthorizer",
    "UpdateAuthorizer",
    "DeleteAuthorizer",
    "DeleteCorsConfiguration",
    "DeleteRouteSettings",
];

/// Calls after which any door may lead elsewhere.
const OF_EVERYTHING: &[&str] = &[
    "CreateDomainName",
    "UpdateDomainName",
    "DeleteDomainName",
    "CreateBasePathMapping",
    "UpdateBasePathMapping",
    "DeleteBasePathMapping",
    "CreateApiMapping",
    "UpdateApiMapping",
    "DeleteApiMapping",
    "CreateRoutingRule",
    "PutRoutingRule",
    "DeleteRoutingRule",
    "DeleteRestApi",
    "DeleteApi",
];

/// The most characters of an API's id. AWS's have ten; emulators let people choose.
const LONGEST_ID: usize = 64;

pub(super) fn read(fields: &Map<String, Value>) -> Result<Event, String> {
    let Some(Value::Object(detail)) = fields.get("detail") else {
        return Err("the CloudTrail event has no detail".to_owned());
    };
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    if text("eventSource") != Some("apigateway.amazonaws.com") {
        return Err("the CloudTrail event's eventSource is not apigateway.amazonaws.com".to_owned());
    }
    let Some(name) = text("eventName") else {
        return Err("the CloudTrail event has no eventName".to_owned());
    };
    let of_api = OF_AN_API.iter().find(|call| **call == name);
    let Some(call) = of_api.or_else(|| OF_EVERYTHING.iter().find(|call| **call == name)) else {
        return Ok(Event::Ignored(format!(
            "{} changes nothing that a stage serves",
            word(name, "a call of another kind")
        )));
    };
    // A call that was refused is told by CloudTrail too.
    if let Some(code) = detail.get("errorCode").filter(|code| !code.is_null()) {
        let code = code.as_str().map_or("an error", |code| word(code, "an error"));
        return Ok(Event::Ignored(format!("{call} failed with {code}, and changed nothing")));
    }
    let parameters = detail.get("requestParameters");
    let changed = if of_api.is_some() {
        let id = parameters.and_then(api_id).ok_or_else(|| {
            format!("the CloudTrail event's {call} names no API: expected requestParameters.restApiId or .apiId")
        })?;
        // Version 1 has authorizers and integrations in its editor, and deploys them later.
        if call.ends_with("Authorizer") && parameters.is_some_and(|all| all.get("restApiId").is_some()) {
            return Ok(Event::Ignored(format!("{call} of a REST API changes nothing before it is deployed")));
        }
        Changed::Api(id)
    } else {
        Changed::Everything
    };
    let at = text("eventTime").or_else(|| fields.get("time").and_then(Value::as_str)).and_then(unix);
    let region = text("awsRegion").or_else(|| fields.get("region").and_then(Value::as_str)).map(ToOwned::to_owned);
    Ok(Event::Changed(Change { changed, call, at, region }))
}

/// The id of the API that a call was for.
fn api_id(parameters: &Value) -> Option<String> {
    let id = ["restApiId", "apiId"].iter().find_map(|key| parameters.get(key)?.as_str())?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    ((1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn unix(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// A name of AWS's, said back only where it is one: it comes with the event.
fn word<'n>(name: &'n str, other: &'n str) -> &'n str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if (1..=80).contains(&name.len()) && name.bytes().all(plain) { name } else { other }
}

impl Change {
    /// How long it is, in seconds, until what fails is a fault and no more a change under way. What the event does not date
    /// happened now, and so did what a clock ahead of ours dates later.
    #[must_use]
    pub fn unsettled_for(&self, now: i64) -> i64 {
        let at = self.at.unwrap_or(now).min(now);
        at.saturating_add(SETTLED_AFTER).saturating_sub(now).clamp(0, SETTLED_AFTER)
    }

    /// Whether a run that began at this time saw it settled, so that nothing is to be done for it any more.
    #[must_use]
    pub fn was_seen_by(&self, run_began: i64) -> bool {
        self.at.is_some_and(|at| run_began >= at.saturating_add(SETTLED_AFTER))
    }
}
