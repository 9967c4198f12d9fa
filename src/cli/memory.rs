//! `gateprobe status`, `gateprobe history` and `gateprobe ack`: what is remembered, shown, and the one thing that a person
//! may write to it.

use std::collections::BTreeSet;

use gateprobe::config::{Scope, duration_text, parse_duration};
use gateprobe::remember::{Event, EventKind, Incident, Ledger, Scope as Named, SubjectId};
use gateprobe::report::terminal::{printable, wrapped};
use serde::Serialize;

use super::args::{AckArgs, Common, Format, StateArgs};
use super::state::{self, Memory, Written};
use super::{Ended, Failure, failure, print, print_json, setup};

/// `gateprobe status`
pub async fn status(common: &Common, args: &StateArgs) -> Result<Ended, Failure> {
    let memory = state::open(common, &args.needed("status")?).await?;
    let (ledger, _) = memory.read().await?;
    let scope = Scope::new(&common.apis, &common.stages).map_err(failure)?;
    let open = open(&ledger, &scope);
    let now = setup::now();
    match common.format {
        Format::Json => print_json(&status_json(&ledger, &open, now))?,
        _ => print(&status_text(&ledger, &open, now, setup::style(common).width))?,
    }
    Ok(if open.is_empty() { Ended::Well } else { Ended::Problems })
}

/// `gateprobe history`
pub async fn history(common: &Common, args: &StateArgs, api: Option<&str>) -> Result<Ended, Failure> {
    let memory = state::open(common, &args.needed("history")?).await?;
    let (ledger, _) = memory.read().await?;
    let apis: Vec<String> = common.apis.iter().map(String::as_str).chain(api).map(ToOwned::to_owned).collect();
    let events = events(&ledger, &apis, &common.stages)?;
    match common.format {
        Format::Json => print_json(&events.iter().map(|event| event_json(event)).collect::<Vec<_>>())?,
        _ => print(&history_text(&events, setup::style(common).width))?,
    }
    Ok(Ended::Well)
}

/// `gateprobe ack`
pub async fn ack(common: &Common, args: &AckArgs) -> Result<Ended, Failure> {
    let number = number(&args.incident)?;
    let length = parse_duration(&args.length).map_err(|reason| Failure(format!("--for: {reason}")))?;
    let memory = state::open(common, &args.state.needed("ack")?).await?;
    let event = acknowledged(&memory, number, length, &setup::now).await?;
    match common.format {
        Format::Json => print_json(&event_json(&event))?,
        _ => print(&format!("{}\n", printable(&event.text)))?,
    }
    Ok(Ended::Well)
}

/// So often a write is tried that others come before.
const TRIES: u32 = 20;

async fn acknowledged(
    memory: &Memory,
    number: u64,
    length: u64,
    now: &(dyn Fn() -> i64 + Sync),
) -> Result<Event, Failure> {
    for _ in 0..TRIES {
        let (mut ledger, expect) = memory.read().await?;
        let event = acknowledge(&mut ledger, number, length, now()).map_err(Failure)?;
        if memory.write(&ledger, expect).await? == Written::Done {
            return Ok(event);
        }
    }
    Err(Failure(format!("{}: others wrote there {TRIES} times in a row: try again", memory.place)))
}

/// `gp-12`, `GP-12` or `12`.
fn number(text: &str) -> Result<u64, Failure> {
    let digits = text.trim().to_ascii_lowercase();
    let digits = digits.strip_prefix("gp-").unwrap_or(&digits);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten().ok_or_else(|| {
        Failure(format!(
            "`{}` is no incident's name: expected one as messages and `status` say it, gp-12",
            printable(text)
        ))
    })
}

/// Writes down that somebody knows of an incident, and says what happened. Pure; the error is for whoever typed it.
fn acknowledge(ledger: &mut Ledger, number: u64, length: u64, now: i64) -> Result<Event, String> {
    let Some(incident) = ledger.incidents.iter_mut().find(|incident| incident.number == number) else {
        let closed = ledger.closed.iter().find(|closed| closed.number == number);
        let was =
            closed.map_or_else(String::new, |closed| format!(" any more, it ended at {} UTC", time(closed.closed_at)));
        let open: Vec<String> = ledger.incidents.iter().take(8).map(Incident::name).collect();
        let open = if open.is_empty() {
            "no incident is open".to_owned()
        } else {
            let more = if ledger.incidents.len() > open.len() { " and others" } else { "" };
            format!("open are {}{more}", open.join(", "))
        };
        return Err(format!("gp-{number} is not open{was}: {open}"));
    };
    let until = now.saturating_add_unsigned(length);
    incident.acknowledged_until = (length > 0).then_some(until);
    let text = match incident.acknowledged_until {
        Some(until) => format!("{} is acknowledged until {} UTC: no reminder before", incident.name(), time(until)),
        None => format!("{} is no longer acknowledged: reminders come again", incident.name()),
    };
    let api = api_of(&incident.scope).map(ToOwned::to_owned);
    let event = Event {
        at: now,
        kind: EventKind::Acknowledged,
        api_name: api.as_ref().and_then(|api| incident.apis.get(api).cloned()),
        api,
        stage: stage_of(&incident.scope).map(ToOwned::to_owned),
        text,
    };
    ledger.events.push(event.clone());
    Ok(event)
}

fn api_of(scope: &Named) -> Option<&str> {
    match scope {
        Named::Domain { .. } => None,
        Named::Api { api } | Named::Stage { api, .. } | Named::Subtree { api, .. } => Some(api),
        Named::One { subject } => subject.stage().map(|(api, _)| api),
    }
}

fn stage_of(scope: &Named) -> Option<&str> {
    match scope {
        Named::Domain { .. } | Named::Api { .. } => None,
        Named::Stage { stage, .. } | Named::Subtree { stage, .. } => Some(stage),
        Named::One { subject } => subject.stage().map(|(_, stage)| stage),
    }
}

/// The open incidents of which something lies in the scope. What belongs to no stage is left out by any filter.
fn open<'l>(ledger: &'l Ledger, scope: &Scope) -> Vec<&'l Incident> {
    let touches = |incident: &Incident| {
        let stage = |stage: Option<&str>| stage.map_or(!scope.filters_stages(), |stage| scope.admits_stage(stage));
        let api = |api: &str| scope.admits_api(api, incident.apis.get(api).map_or("", String::as_str));
        let mut members = incident.members.iter().map(|member| &member.subject);
        (!scope.filters_apis() && !scope.filters_stages())
            || members.any(|subject: &SubjectId| match subject.stage() {
                Some((id, name)) => api(id) && stage(Some(name)),
                None => !scope.filters_apis() && stage(None),
            })
    };
    ledger.incidents.iter().filter(|incident| touches(incident)).collect()
}

/// When the next reminder of an incident comes, if one does.
fn reminder(incident: &Incident) -> Option<i64> {
    incident.remind_at.map(|at| at.max(incident.acknowledged_until.unwrap_or(at)))
}

/// Whether an incident is acknowledged at this time, and until when.
fn acknowledged_until(incident: &Incident, now: i64) -> Option<i64> {
    incident.acknowledged_until.filter(|until| *until > now)
}

/// An incident by the things that it is named after: `shop, stage prod`.
fn subject(incident: &Incident) -> String {
    let names: BTreeSet<&str> = incident.apis.values().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let names: Vec<&str> = names.into_iter().take(3).collect();
    match (&incident.scope, names.join(", ")) {
        (Named::Api { api }, names) if !names.is_empty() => format!("api {names} ({api})"),
        (Named::Domain { .. }, names) if !names.is_empty() => format!("{} ({names})", incident.scope),
        (_, names) if !names.is_empty() => format!("{names}, {}", incident.scope),
        _ => incident.scope.to_string(),
    }
}

/// `2026-11-23 08:00:12`, in UTC.
fn time(at: i64) -> String {
    let civil = jiff::Timestamp::from_second(at).map(|at| jiff::tz::TimeZone::UTC.to_datetime(at));
    civil.map_or_else(|_| at.to_string(), |civil| format!("{} {}", civil.date(), civil.time()))
}

/// How long ago; a time that is yet to come, by another machine's clock, is now.
fn since(at: i64, now: i64) -> String {
    duration_text(u64::try_from(now.saturating_sub(at)).unwrap_or(0))
}

fn counted(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

fn status_text(ledger: &Ledger, open: &[&Incident], now: i64, width: usize) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: String| {
        out.push_str(&wrapped(&printable(&format!("{label:<10} {text}")), width, "           "));
    };
    let Some(last) = &ledger.last_run else {
        return "no run was written down yet: `gateprobe run` with the same --state does that\n".to_owned();
    };
    line(
        "last run",
        format!(
            "{} UTC, {} ago; {} so far",
            time(last.ended_at),
            since(last.ended_at, now),
            counted(usize::try_from(ledger.runs).unwrap_or(usize::MAX), "run", "runs")
        ),
    );
    let watched = &last.watched;
    line(
        "watched",
        format!("{} in {}", counted(watched.apis, "API", "APIs"), counted(watched.stages, "stage", "stages")),
    );
    let skipped: usize = watched.skipped.values().sum();
    line(
        "coverage",
        format!(
            "{} of {} methods asked, {} routed, {} healthy, {skipped} skipped",
            watched.probed, watched.deployed, watched.routed, watched.healthy
        ),
    );
    if watched.contract > 0 {
        line("contract", counted(watched.contract, "request", "requests"));
    }
    if watched.gaps > 0 {
        line("gaps", format!("{} that could not be read or reached", counted(watched.gaps, "thing", "things")));
    }
    let oldest = ledger.outbox.iter().map(|entry| entry.made_at).min();
    let waits = oldest.map_or_else(
        || "nothing waits to be sent".to_owned(),
        |oldest| {
            let verb = if ledger.outbox.len() == 1 { "waits" } else { "wait" };
            format!(
                "{} {verb} to be sent, the oldest for {}",
                counted(ledger.outbox.len(), "entry", "entries"),
                since(oldest, now)
            )
        },
    );
    let dropped = if ledger.dropped > 0 { format!("; {} dropped, ever", ledger.dropped) } else { String::new() };
    line("outbox", waits + &dropped);
    for (name, held) in &ledger.held_back {
        line(
            "window",
            format!(
                "{name} holds back {} until {} UTC",
                counted(held.opened.len(), "incident", "incidents"),
                time(held.ends_at)
            ),
        );
    }
    match open.len() {
        0 => line("open", "no incident".to_owned()),
        1 => line("open", "1 incident".to_owned()),
        count => line("open", format!("{count} incidents")),
    }
    for incident in open {
        out.push('\n');
        incident_text(&mut out, incident, now, width);
    }
    out
}

fn incident_text(out: &mut String, incident: &Incident, now: i64, width: usize) {
    let heading = format!("{}  {}  {}  {}", incident.name(), incident.severity, incident.cause, subject(incident));
    out.push_str(&wrapped(&printable(&heading), width, "    "));
    let failing = incident.failing().count();
    let recovered = incident.members.len() - failing;
    let mut lines = vec![format!(
        "{} for {}, since {} UTC{}",
        if failing == 1 { "1 fails".to_owned() } else { format!("{failing} fail") },
        since(incident.since, now),
        time(incident.since),
        if recovered > 0 { format!("; {recovered} answer again") } else { String::new() }
    )];
    if incident.flapping {
        lines.push(format!("flapping: opened {} times", incident.times));
    }
    if let Some(by) = incident.held_by.as_ref().filter(|_| incident.told_at.is_none()) {
        lines.push(format!("not told yet, held back by {by}"));
    }
    if let Some(until) = acknowledged_until(incident, now) {
        lines.push(format!("acknowledged until {} UTC, for another {}", time(until), since(now, until)));
    }
    lines.push(match reminder(incident) {
        Some(at) if at <= now => "next reminder: due now".to_owned(),
        Some(at) => format!("next reminder: {} UTC, in {}", time(at), since(now, at)),
        None => "next reminder: none".to_owned(),
    });
    if let Some(after) = &incident.after {
        lines.push(format!("just before: {after}"));
    }
    if let Some(example) = incident.examples.first() {
        lines.push(format!("as {} {}", example.method, example.url));
    }
    for line in lines {
        out.push_str(&wrapped(&format!("    {}", printable(&line)), width, "      "));
    }
}

#[derive(Serialize)]
struct StatusJson<'l> {
    now: i64,
    runs: u64,
    last_run: Option<&'l gateprobe::remember::LastRun>,
    age_seconds: Option<i64>,
    open: Vec<IncidentJson<'l>>,
    outbox: OutboxJson,
    held_back: &'l std::collections::BTreeMap<String, gateprobe::remember::HeldBack>,
}

#[derive(Serialize)]
struct OutboxJson {
    length: usize,
    oldest_at: Option<i64>,
    dropped: u64,
}

#[derive(Serialize)]
struct IncidentJson<'l> {
    name: String,
    severity: gateprobe::remember::Severity,
    cause: &'static str,
    subject: String,
    apis: &'l std::collections::BTreeMap<String, String>,
    since: i64,
    age_seconds: i64,
    opened_at: i64,
    told_at: Option<i64>,
    held_by: Option<&'l str>,
    failing: usize,
    members: usize,
    flapping: bool,
    acknowledged_until: Option<i64>,
    next_reminder_at: Option<i64>,
    after: Option<&'l str>,
    examples: &'l [gateprobe::remember::Example],
}

fn status_json<'l>(ledger: &'l Ledger, open: &[&'l Incident], now: i64) -> StatusJson<'l> {
    let incident = |incident: &&'l Incident| IncidentJson {
        name: incident.name(),
        severity: incident.severity,
        cause: incident.cause.id(),
        subject: subject(incident),
        apis: &incident.apis,
        since: incident.since,
        age_seconds: now.saturating_sub(incident.since).max(0),
        opened_at: incident.opened_at,
        told_at: incident.told_at,
        held_by: incident.held_by.as_deref(),
        failing: incident.failing().count(),
        members: incident.members.len(),
        flapping: incident.flapping,
        acknowledged_until: acknowledged_until(incident, now),
        next_reminder_at: reminder(incident),
        after: incident.after.as_deref(),
        examples: &incident.examples,
    };
    StatusJson {
        now,
        runs: ledger.runs,
        last_run: ledger.last_run.as_ref(),
        age_seconds: ledger.last_run.as_ref().map(|last| now.saturating_sub(last.ended_at).max(0)),
        open: open.iter().map(incident).collect(),
        outbox: OutboxJson {
            length: ledger.outbox.len(),
            oldest_at: ledger.outbox.iter().map(|entry| entry.made_at).min(),
            dropped: ledger.dropped,
        },
        held_back: &ledger.held_back,
    }
}

/// What happened to these APIs and stages, the newest last. A filter that fits nothing that is known is a mistake.
fn events<'l>(ledger: &'l Ledger, apis: &[String], stages: &[String]) -> Result<Vec<&'l Event>, Failure> {
    let scope = Scope::new(apis, stages).map_err(failure)?;
    let fits = |api: Option<&str>, name: Option<&str>, stage: Option<&str>| {
        let by_api = match api {
            Some(api) => scope.admits_api(api, name.unwrap_or("")),
            None => !scope.filters_apis(),
        };
        by_api && stage.map_or(!scope.filters_stages(), |stage| scope.admits_stage(stage))
    };
    let mut events: Vec<&Event> = ledger
        .events
        .iter()
        .filter(|event| fits(event.api.as_deref(), event.api_name.as_deref(), event.stage.as_deref()))
        .collect();
    events.sort_by_key(|event| event.at);
    let known = |scope: &Scope| {
        ledger.stages.iter().any(|(key, mark)| {
            let (api, stage) = key.split_once('/').unwrap_or((key, ""));
            scope.admits_api(api, &mark.api_name) && scope.admits_stage(stage)
        })
    };
    if events.is_empty() && (scope.filters_apis() || scope.filters_stages()) && !known(&scope) {
        let names: BTreeSet<String> =
            ledger.stages.iter().map(|(key, mark)| format!("{} {key}", mark.api_name).trim().to_owned()).collect();
        let shown: Vec<String> = names.iter().take(8).cloned().collect();
        let more = if names.len() > shown.len() { " and others" } else { "" };
        let asked: Vec<&str> = apis.iter().chain(stages).map(String::as_str).collect();
        let known = if shown.is_empty() {
            "no stage was seen by any run yet".to_owned()
        } else {
            format!("known are {}{more}", shown.join(", "))
        };
        return Err(Failure(printable(&format!("nothing is remembered of {}: {known}", asked.join(" ")))));
    }
    Ok(events)
}

/// The kind of an event, as messages call it.
fn kind(kind: EventKind) -> String {
    match kind {
        EventKind::Transition(transition) => transition.to_string(),
        EventKind::Deployment => "deployment".to_owned(),
        EventKind::Acknowledged => "acknowledged".to_owned(),
    }
}

fn history_text(events: &[&Event], width: usize) -> String {
    if events.is_empty() {
        return "nothing happened lately\n".to_owned();
    }
    let mut out = String::from("time (UTC)           what\n");
    for event in events {
        // An event's own line need not name the stage.
        let place = match (&event.api_name, &event.api, &event.stage) {
            (Some(name), _, Some(stage)) | (None, Some(name), Some(stage)) => format!("{name} {stage}: "),
            (Some(name), _, None) | (None, Some(name), None) => format!("{name}: "),
            _ => String::new(),
        };
        let line = format!("{:<20} {:<13} {place}{}", time(event.at), kind(event.kind), event.text);
        out.push_str(&wrapped(&printable(&line), width, &" ".repeat(35)));
    }
    out
}

#[derive(Serialize)]
struct EventJson<'l> {
    at: i64,
    time: String,
    kind: String,
    api: Option<&'l str>,
    api_name: Option<&'l str>,
    stage: Option<&'l str>,
    text: &'l str,
}

fn event_json(event: &Event) -> EventJson<'_> {
    EventJson {
        at: event.at,
        time: jiff::Timestamp::from_second(event.at).map_or_else(|_| String::new(), |at| at.to_string()),
        kind: kind(event.kind),
        api: event.api.as_deref(),
        api_name: event.api_name.as_deref(),
        stage: event.stage.as_deref(),
        text: &event.text,
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
