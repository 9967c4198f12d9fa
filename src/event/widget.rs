//! What a dashboard asks of its custom widget.

use serde_json::{Map, Value};

/// What CloudWatch wants of the widget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What it is and which parameters it takes, for whoever adds it to a dashboard.
    Describe,
    /// Its content.
    Draw(Draw),
}

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The page, or why the parameters name none.
    pub show: Result<Show, String>,
    /// How the dashboard looks.
    pub theme: Theme,
    /// The last run is old from this many seconds on.
    pub stale_after: u32,
}

/// A page of the widget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// What is open, and how the monitor is.
    #[default]
    Overview,
    /// One incident, by its number.
    Incident(u64),
    /// What happened lately.
    History,
}

/// How the dashboard looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

/// A quarter of an hour: the stack's own default for its alarm on the missing heartbeat.
const STALE_AFTER: u32 = 900;

/// A day and a week: nobody runs it more seldom.
const MOST_STALE_AFTER: u64 = 8 * 86_400;

/// CloudWatch puts the widget's parameters beside `widgetContext`, and those of a button over them.
pub(super) fn read(fields: &Map<String, Value>) -> Result<Ask, String> {
    match fields.get("describe") {
        Some(Value::Bool(true)) => return Ok(Ask::Describe),
        Some(_) if !fields.contains_key("widgetContext") => {
            return Err("the event's describe is not true, and it has no widgetContext".to_owned());
        }
        _ => {}
    }
    let Some(Value::Object(context)) = fields.get("widgetContext") else {
        return Err("the event's widgetContext is no object".to_owned());
    };
    let theme = match context.get("theme").and_then(Value::as_str) {
        Some("dark") => Theme::Dark,
        _ => Theme::Light,
    };
    let (stale_after, wrong) = match fields.get("staleAfterSeconds") {
        None | Some(Value::Null) => (STALE_AFTER, None),
        Some(value) => match seconds(value) {
            Some(seconds) => (seconds, None),
            None => (
                STALE_AFTER,
                Some("The parameter staleAfterSeconds is no number of seconds: expected 60 to 691200.".to_owned()),
            ),
        },
    };
    let show = match wrong {
        Some(wrong) => Err(wrong),
        None => show(fields),
    };
    Ok(Ask::Draw(Draw { show, theme, stale_after }))
}

/// A number, or a number as CloudFormation writes it into a text.
fn seconds(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    u32::try_from(number).ok().filter(|_| (60..=MOST_STALE_AFTER).contains(&number))
}

fn show(fields: &Map<String, Value>) -> Result<Show, String> {
    let given = |key: &str| fields.get(key).filter(|value| !value.is_null());
    match (given("incident"), given("show")) {
        (Some(incident), _) => {
            let number = match incident {
                Value::Number(number) => number.as_u64(),
                Value::String(name) => number(name),
                _ => None,
            };
            number.map(Show::Incident).ok_or_else(|| {
                "The parameter incident is no incident's name: expected one as alerts say it, gp-12.".to_owned()
            })
        }
        (None, None) => Ok(Show::Overview),
        (None, Some(Value::String(page))) if page == "overview" => Ok(Show::Overview),
        (None, Some(Value::String(page))) if page == "history" => Ok(Show::History),
        (None, Some(_)) => Err("The parameter show names no page: expected overview or history.".to_owned()),
    }
}

/// `gp-12`, `GP-12` or `12`.
fn number(name: &str) -> Option<u64> {
    let name = name.trim();
    let digits = match name.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("gp-") => &name[3..],
        _ => name,
    };
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
