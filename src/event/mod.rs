//! What the function was invoked with: a closed list of events, and a refusal that can be searched for. Pure.
//!
//! Whatever comes is one of four: a run, a change that AWS tells of, a change that changes no route, or a dashboard that wants
//! its widget drawn. Everything else is an [`EventError`], which tells the event's shape and none of its values: nobody
//! knows what strangers put into an event. docs/events.md says the same for users, with samples.

mod change;
mod shape;
#[cfg(test)]
mod tests;
mod widget;

use serde_json::Value;

pub use change::{Change, Changed, SETTLED_AFTER};
pub use shape::shape;
pub use widget::{Ask, Draw, Show, Theme};

/// What an invocation is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A full run: the schedule, or a person with an empty event.
    Run,
    /// CloudTrail tells of a call that changes what is routed.
    Changed(Change),
    /// CloudTrail tells of a call that changes no route. Why, in one line.
    Ignored(String),
    /// A dashboard's custom widget.
    Widget(Ask),
}

/// An event that is none of those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{reason}: expected {{}} for a full run, a scheduled event, a CloudTrail event of API Gateway, or a CloudWatch widget's \
     (docs/events.md); this one is {shape}"
)]
pub struct EventError {
    /// What is wrong with it.
    pub reason: String,
    /// Its keys and types.
    pub shape: String,
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// [`EventError`] for everything that is not known. Nothing is guessed: an event that nobody foresaw must not pass for a
    /// run that went well.
    pub fn read(event: &Value) -> Result<Self, EventError> {
        read(event).map_err(|reason| EventError { reason, shape: shape(event) })
    }
}

fn read(event: &Value) -> Result<Event, String> {
    let fields = match event {
        // What `aws lambda invoke` sends without a payload.
        Value::Null => return Ok(Event::Run),
        Value::Object(fields) if fields.is_empty() => return Ok(Event::Run),
        Value::Object(fields) => fields,
        _ => return Err("the event is no object".to_owned()),
    };
    if fields.contains_key("widgetContext") || fields.contains_key("describe") {
        return widget::read(fields).map(Event::Widget);
    }
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    match (text("detail-type"), text("source")) {
        // EventBridge Scheduler, and a rule with a schedule.
        (Some("Scheduled Event"), Some("aws.scheduler" | "aws.events")) => Ok(Event::Run),
        (Some("AWS API Call via CloudTrail"), _) => change::read(fields),
        (Some(_), Some(_)) => Err("the event's detail-type and source are none that Gateprobe acts on".to_owned()),
        _ if fields.contains_key("Records") => Err("the event is a batch of records, of a queue or a topic".to_owned()),
        _ => Err("the event has no detail-type and source, and is not empty".to_owned()),
    }
}
