//! The message for people: what an e-mail reader shows.

use std::fmt::Write as _;

use super::names::{self, count};
use super::when::{moment, span};
use super::{Context, brief, causes, instead, is_web, is_worse_only, links, main_example, members, severity, watched};
use crate::diagnose::{Cause, Verdict};
use crate::remember::{Ended, Example, Incident, Scope, Severity, StageSeen, Transition, Watched};
use crate::report::page::{LONGEST_TEXT, LONGEST_URL, Page, curl, words};
use crate::report::safe::{clean, encoded, url};

/// How many of each list are shown: the first number that fits.
const SHOWN: [usize; 4] = [10, 5, 2, 0];

/// What was opened longer ago than this, in seconds, was not opened by the run that tells it.
const SAME_RUN: i64 = 60;

/// How wide the labels are.
const LABEL: usize = 9;

/// The text, with as much of its lists as fits.
pub(super) fn text(id: &str, transition: &Transition, about: &Context) -> String {
    let mut text = String::new();
    for shown in SHOWN {
        text = with_lists(id, transition, about, shown);
        if encoded(&text) <= LONGEST_TEXT {
            break;
        }
    }
    text
}

fn with_lists(id: &str, transition: &Transition, about: &Context, shown: usize) -> String {
    let mut page = Page::default();
    page.say("", &headline(transition, about));
    page.say("", &placed(transition, about));
    if let Some(note) = &about.memory_note {
        page.blank();
        labelled(&mut page, "Note", &words(note));
    }
    page.blank();
    match transition {
        Transition::Opened(incident) | Transition::Grew(incident, _) | Transition::Reminder(incident) => {
            open(&mut page, incident, transition, about, shown);
        }
        Transition::Resolved(incident, ended) => over(&mut page, incident, *ended, transition, about, shown),
        Transition::Deployment(seen) => deployment(&mut page, seen, about, shown),
        Transition::Window { began_at, ended_at, held_back, .. } => {
            let lasted = span(ended_at.saturating_sub(*began_at));
            labelled(&mut page, "Window", &format!("{} to {} ({lasted})", moment(*began_at), moment(*ended_at)));
            if held_back.is_empty() {
                labelled(&mut page, "Result", "nothing happened that would have been told");
            } else {
                list(&mut page, "What it held back", held_back, shown, |line| words(line));
            }
        }
        Transition::Watching(watched) => {
            what_is_watched(&mut page, watched, None);
            page.blank();
            page.say("", &promise(about));
        }
        Transition::Digest { now, before, open, events } => {
            digest(&mut page, now, before.as_ref(), open, events, shown, about);
        }
    }
    where_to_look(&mut page, transition, about);
    page.blank();
    page.say("", &format!("Message {}, {}.", words(id), moment(about.now)));
    page.finish()
}

fn labelled(page: &mut Page, label: &str, text: &str) {
    page.say(&format!("{label:<LABEL$}"), text);
}

fn labelled_url(page: &mut Page, label: &str, text: &str) {
    page.url(&format!("{label:<LABEL$}"), text);
}

/// A list under a title that counts it.
fn list<T>(page: &mut Page, title: &str, items: &[T], shown: usize, told: impl Fn(&T) -> String) {
    page.blank();
    page.say("", &format!("{title}: {}", items.len()));
    for item in items.iter().take(shown) {
        page.say("  - ", &told(item));
    }
    let more = items.len().saturating_sub(shown);
    if more > 0 && shown > 0 {
        page.say("  ", &format!("and {more} more"));
    }
}

/// `shop/prod, /orders and below: 12 routes still fail`; one route is its own name.
fn failing(incident: &Incident, how: &str) -> String {
    let title = names::title(incident);
    match (&incident.scope, incident.failing().count()) {
        (Scope::One { .. }, _) => format!("{title}{how} fails"),
        (_, 1) => format!("{title}: 1 route{how} fails"),
        (_, number) => format!("{title}: {number} routes{how} fail"),
    }
}

/// The first line: what it is about, and what happened to it.
fn headline(transition: &Transition, about: &Context) -> String {
    match transition {
        Transition::Opened(incident) => {
            let flapping = if incident.flapping { ", on and off" } else { "" };
            format!("{}{flapping}.", failing(incident, ""))
        }
        Transition::Grew(incident, before) if is_worse_only(incident, *before) => {
            format!("{}, and it got worse: it is {} now.", failing(incident, " still"), incident.severity)
        }
        Transition::Grew(incident, before) => {
            let (title, members) = (names::title(incident), incident.members.len());
            let failing = match incident.failing().count() {
                all if all == members => String::new(),
                some => format!("; {some} of them fail now"),
            };
            format!("{title}: it grew from {} to {members}{failing}.", count(*before, "route"))
        }
        Transition::Reminder(incident) => {
            let lasts = span(about.now.saturating_sub(incident.since));
            format!("{}, after {lasts}.", failing(incident, " still"))
        }
        Transition::Resolved(incident, ended) => {
            let title = names::title(incident);
            let number = incident.members.len();
            match ended {
                Ended::Healthy if number == 1 => format!("{title} answers again."),
                Ended::Healthy => format!("{title}: all {number} routes answer again."),
                Ended::Gone => {
                    format!("{title}: closed, because what failed is no longer there, or no longer asked for.")
                }
                Ended::Accepted => format!("{title}: closed, because what was removed stayed away."),
            }
        }
        Transition::Deployment(seen) => {
            let change = seen.change.clone().unwrap_or_default();
            format!("{} serves another deployment: {}.", names::stage(seen), brief::changes(&change))
        }
        Transition::Window { name, held_back, .. } => {
            let held = match held_back.len() {
                0 => "it held nothing back".to_owned(),
                some => format!("it held back {}", count(some, "incident")),
            };
            format!("The maintenance window \"{}\" is over: {held}.", words(name))
        }
        Transition::Watching(_) => "Gateprobe works: this is what it watches from now on.".to_owned(),
        Transition::Digest { open, .. } => match open.len() {
            0 => "The week in short: no incident is open.".to_owned(),
            1 => "The week in short: 1 incident is open.".to_owned(),
            more => format!("The week in short: {more} incidents are open."),
        },
    }
}

/// The second line: how bad, by what number, and where.
fn placed(transition: &Transition, about: &Context) -> String {
    let mut text = match (severity(transition), transition) {
        (_, Transition::Resolved(..)) => "Resolved".to_owned(),
        (Severity::Critical, _) => "Critical".to_owned(),
        (Severity::Warning, _) => "Warning".to_owned(),
        (Severity::Info, _) => "Notice".to_owned(),
    };
    text.push_str(": ");
    if let Some(incident) = transition.incident() {
        let _ = write!(text, "incident {}, ", incident.name());
    }
    let region = words(&about.region);
    if region.trim().is_empty() {
        text.push_str("region unknown");
    } else {
        let _ = write!(text, "region {region}");
    }
    if let Some(account) = &about.account {
        let _ = write!(text, ", account {}", words(account));
    }
    text.push('.');
    text
}

/// What an incident that is open needs said.
fn open(page: &mut Page, incident: &Incident, transition: &Transition, about: &Context, shown: usize) {
    let lasts = span(about.now.saturating_sub(incident.since));
    labelled(page, "Since", &format!("{}, for {lasts}", moment(incident.since)));
    let waited = about.now.saturating_sub(incident.opened_at);
    match (transition, &incident.held_by) {
        (Transition::Opened(_), Some(holder)) => {
            labelled(page, "Held", &format!("back by {}, so that you hear of it only now", words(holder)));
        }
        (Transition::Opened(_), None) if waited > SAME_RUN => {
            labelled(page, "Held", &format!("back for {}, so that you hear of it only now", span(waited)));
        }
        _ => {}
    }
    if incident.flapping {
        let within = seconds(about.alerts.flapping_within);
        let times =
            format!("opened {} within {}: told as one, until it keeps quiet", times(incident.times), span(within));
        labelled(page, "Flapping", &times);
    }
    let main = main_example(incident);
    why(page, incident.cause, main);
    if let Some(after) = &incident.after {
        labelled(page, "Changed", &words(after));
    }
    // An example of another cause has the remedy for that.
    let own = main.filter(|example| example.cause == incident.cause);
    let remedy = own.map(|example| words(&example.remedy)).filter(|remedy| !remedy.trim().is_empty());
    labelled(page, "Fix", remedy.as_deref().unwrap_or(incident.cause.about().remedy));
    if let Some(example) = main {
        if let Some((verb, address)) = own.and_then(instead) {
            labelled_url(page, "Instead", &format!("{verb} {address}"));
        }
        repeat(page, example);
    }
    failing_routes(page, incident, transition, shown);
    other_ways(page, incident, main, shown);
    page.blank();
    page.say("", &what_is_next(incident, about));
}

fn times(number: u32) -> String {
    match number {
        0 | 1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// The diagnosis in two lines: what the cause means, and what was seen of it.
fn why(page: &mut Page, cause: Cause, example: Option<&Example>) {
    labelled(page, "Why", &format!("{cause}: {}", cause.about().means));
    // An example of another cause is no evidence for this one.
    let Some(example) = example.filter(|example| example.cause == cause) else { return };
    if let Some(seen) = example.evidence.first() {
        // A guess must not read like a fact.
        let doubt = match example.confidence.as_str() {
            "certain" => String::new(),
            guess => format!(" ({})", words(guess)),
        };
        labelled(page, "", &format!("Seen: {}{doubt}", words(seen)));
    }
}

/// A line to see it for oneself, and what it lacks.
fn repeat(page: &mut Page, example: &Example) {
    let address = url(&example.url);
    if !is_web(&address) {
        labelled(page, "Failed", &format!("{} {}", words(&example.method), words(&address)));
    } else if address.len() > LONGEST_URL {
        labelled(page, "Repeat", "the URL is too long to be shown; `gateprobe run` prints it");
    } else {
        labelled_url(page, "Repeat", &curl(&words(&example.method), &address));
    }
    if let Some(lacks) = lacks(example) {
        labelled(page, "", lacks);
    }
    if !matches!(example.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
        labelled(page, "", &format!("Mind that {} may change something.", words(&example.method)));
    }
    if !example.request_id.trim().is_empty() {
        labelled(page, "Log", &format!("x-amzn-RequestId {}", words(&example.request_id)));
    }
}

/// What the line for a shell lacks: it never holds a header, for those of a contract may be secrets.
pub(super) fn lacks(example: &Example) -> Option<&'static str> {
    match (example.cause, example.verdict()) {
        (Cause::ApiKey, _) => Some("Add -H 'x-api-key: …' with the key of your callers."),
        (Cause::IamUnsigned | Cause::Signature, _) => {
            Some("Add --aws-sigv4 with your region and credentials: the line is not signed.")
        }
        (Cause::ClientCertificate, _) => Some("Add --cert and --key with your callers' certificate."),
        (Cause::MethodOverride, _) => Some("Add the X-HTTP-Method-Override header that your callers send."),
        (_, Verdict::Auth) => Some("Add the credentials that your callers send: the line has none."),
        (_, Verdict::Gateway | Verdict::Backend) => {
            Some("Add the headers, body and credentials that your callers send: the line has none.")
        }
        (_, Verdict::Healthy | Verdict::Routing | Verdict::Transport | Verdict::Skipped) => None,
    }
}

fn failing_routes(page: &mut Page, incident: &Incident, transition: &Transition, shown: usize) {
    let members = members(incident, transition);
    let failing: Vec<_> = members.iter().filter(|member| member.failing).collect();
    // One route is in the headline already.
    if members.len() < 2 {
        return;
    }
    let by_cause = causes(incident);
    let several = by_cause.len() > 1;
    let order = if matches!(transition, Transition::Grew(..)) { ", the newest first" } else { "" };
    list(page, &format!("Routes that fail{order}"), &failing, shown, |member| {
        let name = names::member(&member.subject, incident);
        if member.cause == incident.cause { name } else { format!("{name} ({})", member.cause) }
    });
    if several {
        let told: Vec<String> = by_cause.iter().map(|(cause, number)| format!("{number} {cause}")).collect();
        page.say("  ", &format!("By cause: {}.", told.join(", ")));
    }
    if let again @ 1.. = members.len() - failing.len() {
        page.say(
            "  ",
            &format!(
                "{} of this incident {} again.",
                count(again, "route"),
                if again == 1 { "answers" } else { "answer" }
            ),
        );
    }
}

/// The examples of other causes: each with its own fix.
fn other_ways(page: &mut Page, incident: &Incident, main: Option<&Example>, shown: usize) {
    let mut told: Vec<Cause> = main.map(|example| example.cause).into_iter().collect();
    if shown == 0 {
        return;
    }
    for example in &incident.examples {
        if told.contains(&example.cause) {
            continue;
        }
        told.push(example.cause);
        page.blank();
        page.say("", "It fails in another way, too:");
        let (verb, address) = (words(&example.method), url(&example.url));
        if is_web(&address) {
            labelled_url(page, "Failed", &format!("{verb} {address}"));
        } else {
            labelled(page, "Failed", &format!("{verb} {}", words(&address)));
        }
        why(page, example.cause, Some(example));
        labelled(page, "Fix", &words(&example.remedy));
    }
}

fn what_is_next(incident: &Incident, about: &Context) -> String {
    let name = incident.name();
    let acknowledged = incident.acknowledged_until.filter(|until| *until > about.now);
    let next = incident.remind_at.filter(|at| *at > about.now);
    match (acknowledged, next) {
        (Some(until), _) => {
            format!("Somebody is on it: no reminder before {}. You are told when it is over.", moment(until))
        }
        (None, Some(at)) => format!(
            "The next reminder comes at {}, unless it is over by then. To put it off: `gateprobe ack {name} --for 2h`.",
            moment(at)
        ),
        (None, None) => "You are told when it is over.".to_owned(),
    }
}

/// What an incident that is over needs said.
fn over(page: &mut Page, incident: &Incident, ended: Ended, transition: &Transition, about: &Context, shown: usize) {
    let lasted = span(about.now.saturating_sub(incident.since));
    labelled(page, "Lasted", &format!("{lasted}, from {} to {}", moment(incident.since), moment(about.now)));
    labelled(page, "Was", &format!("{}: {}", incident.cause, incident.cause.about().means));
    if let Some(after) = &incident.after {
        labelled(page, "Changed", &words(after));
    }
    let how = match ended {
        Ended::Healthy => {
            let runs = about.alerts.healthy;
            let seen = if runs == 1 { "in the last run".to_owned() } else { format!("in {runs} runs in a row") };
            format!("All of it answered well {seen}.")
        }
        Ended::Gone => {
            "What failed is not there any more, or the config leaves it out: the API, the stage, the method, or the \
             contract's line. Callers that still need it will miss it."
                .to_owned()
        }
        Ended::Accepted => format!(
            "A deployment took it away, it stayed away for {}, and no contract names it, so Gateprobe takes it as meant \
             and asks no more. If callers still need it, put it back, and write it into the contract.",
            span(seconds(about.alerts.watch_removed))
        ),
    };
    labelled(page, "Ended", &how);
    let members = members(incident, transition);
    if members.len() > 1 {
        list(page, "Routes that it was about", &members, shown, |member| names::member(&member.subject, incident));
    }
}

fn deployment(page: &mut Page, seen: &StageSeen, about: &Context, shown: usize) {
    let change = seen.change.clone().unwrap_or_default();
    let id = |id: Option<&str>| id.map_or_else(|| "none".to_owned(), words);
    labelled(page, "Before", &format!("deployment {}", id(change.before.as_deref())));
    let now = seen.deployment.as_deref().or(change.after.as_deref());
    let made = match seen.deployed_at.or(change.deployed_at) {
        Some(at) => format!(", made {} ({} ago)", moment(at), span(about.now.saturating_sub(at))),
        None => String::new(),
    };
    labelled(page, "Now", &format!("deployment {}{made}", id(now)));
    for (title, methods) in [("Removed", &change.removed), ("Changed", &change.changed), ("Added", &change.added)] {
        if !methods.is_empty() {
            list(page, title, methods, shown, |method| words(method));
        }
    }
    page.blank();
    if change.removed.is_empty() {
        page.say("", "Nothing needs to be done if that was meant.");
        return;
    }
    page.say(
        "",
        &format!(
            "Nothing needs to be done if that was meant. For {} Gateprobe goes on asking for the removed methods that \
             used to answer, and tells that they fail. To take the deployment back, choose the one before in the \
             stage's deployment history.",
            span(seconds(about.alerts.watch_removed))
        ),
    );
}

/// A length of time of the config.
fn seconds(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// `120 deployed methods`, `120 deployed methods (3 more)`.
fn compared(now: usize, before: Option<usize>, what: &str) -> String {
    let now_told = count(now, what);
    match before {
        Some(before) if before < now => format!("{now_told} ({} more)", now - before),
        Some(before) if before > now => format!("{now_told} ({} fewer)", before - now),
        _ => now_told,
    }
}

fn what_is_watched(page: &mut Page, now: &Watched, before: Option<&Watched>) {
    let told = |of: fn(&Watched) -> usize, what: &str| compared(of(now), before.map(of), what);
    let watched = [told(|w| w.apis, "API"), told(|w| w.stages, "stage"), told(|w| w.deployed, "deployed method")];
    labelled(page, "Watched", &watched.join(", "));
    labelled(page, "Asked", &told(|w| w.probed, "method"));
    labelled(
        page,
        "Routed",
        &format!("{}: the answer proves that the request reached its method", told(|w| w.routed, "method")),
    );
    labelled(page, "Healthy", &format!("{}: it also answered as it should", told(|w| w.healthy, "method")));
    if now.contract > 0 || before.is_some_and(|before| before.contract > 0) {
        labelled(page, "Contract", &told(|w| w.contract, "request"));
    }
    if now.gaps > 0 {
        let told = format!("{} could not be read or reached; `gateprobe run` names each", count(now.gaps, "thing"));
        labelled(page, "Gaps", &told);
    }
    let sorted = |counts: &std::collections::BTreeMap<String, usize>| {
        let mut counts: Vec<(String, usize)> = counts.iter().map(|(id, count)| (id.clone(), *count)).collect();
        counts.retain(|(_, count)| *count > 0);
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        // What is kept may be of a later version, and hold what this one does not know; not without end.
        counts.truncate(20);
        counts
    };
    let asked = sorted(&now.by_provenance);
    if !asked.is_empty() {
        page.blank();
        page.say("", "How methods are asked:");
        for (provenance, number) in asked {
            page.say(&format!("  {number:>5}  "), &watched::asked_with(&provenance));
        }
    }
    let left_out = sorted(&now.skipped);
    if !left_out.is_empty() {
        page.blank();
        page.say("", &format!("Not asked: {}", now.skipped.values().sum::<usize>()));
        for (reason, number) in left_out {
            let (means, cover) = watched::not_asked(&reason);
            page.say(&format!("  {number:>5}  "), &format!("{means}."));
            if let Some(cover) = cover {
                page.say("         ", &format!("To cover them: {cover}."));
            }
        }
    }
}

/// When the reader will hear again.
fn promise(about: &Context) -> String {
    let alerts = &about.alerts;
    let digest = if alerts.weekly_digest { ", and once a week what is watched" } else { "" };
    let when = match (alerts.failing, alerts.of) {
        (1, _) => "in a run".to_owned(),
        (failing, of) => format!("in {failing} of {of} runs (in one, just after a deployment)"),
    };
    format!(
        "This message comes once. You hear again when a route fails {when}, when that is over, and when a deployment \
         changes methods{digest}. Until then silence is good news, as long as there is the metric Heartbeat."
    )
}

fn digest(
    page: &mut Page,
    now: &Watched,
    before: Option<&Watched>,
    open: &[Incident],
    events: &[String],
    shown: usize,
    about: &Context,
) {
    what_is_watched(page, now, before);
    if !open.is_empty() {
        list(page, "Open incidents", open, shown, |incident| {
            format!(
                "{}, {}, {}, for {}",
                incident.name(),
                failing(incident, ""),
                incident.cause,
                span(about.now.saturating_sub(incident.since))
            )
        });
    }
    if events.is_empty() {
        page.blank();
        page.say("", "Nothing happened since the last summary.");
    } else {
        list(page, "What happened", events, shown * 2, |event| words(event));
    }
}

fn where_to_look(page: &mut Page, transition: &Transition, about: &Context) {
    let mut pages: Vec<(&str, String)> = match transition {
        Transition::Deployment(seen) => links::of_api(&seen.api, about),
        _ => transition.incident().map(|incident| links::pages(&incident.scope, about)).unwrap_or_default(),
    };
    pages.extend(
        about.dashboard_url.as_ref().filter(|page| is_web(page)).map(|dashboard| ("dashboard", clean(dashboard))),
    );
    let explained = transition.incident().map(|incident| incident.cause);
    if pages.is_empty() && explained.is_none() {
        return;
    }
    page.blank();
    page.say("", "Where to look");
    for (name, address) in pages {
        page.url(&format!("  {name:<13}"), &address);
    }
    if let Some(cause) = explained {
        page.say("  the cause    ", &format!("gateprobe explain {cause}"));
    }
}
