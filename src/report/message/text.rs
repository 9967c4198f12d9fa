//! The message for people: what an e-mail reader shows.

use super::names::{self, count};
use super::when::{moment, span};
use super::{Context, brief, causes, is_worse_only, links, main_example, members, severity, watched};
use crate::diagnose::{Cause, Verdict};
use crate::remember::{Ended, Example, Incident, Severity, StageSeen, Transition, Watched};
use crate::report::page::{LONGEST_TEXT, LONGEST_URL, Page, curl, words};
use crate::report::safe::{clean, encoded, url};

/// How many of each list are shown: the first number that fits.
const SHOWN: [usize; 4] = [10, 5, 2, 0];

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
            digest(&mut page, now, before.as_ref(), open, events, shown, about)
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

fn fail(number: usize) -> String {
    if number == 1 { "1 route fails".to_owned() } else { format!("{number} routes fail") }
}

/// The first line: what it is about, and what happened to it.
fn headline(transition: &Transition, about: &Context) -> String {
    match transition {
        Transition::Opened(incident) => {
            let flapping = if incident.flapping { ", and comes and goes" } else { "" };
            format!("{}: {}{flapping}.", names::title(incident), fail(incident.failing().count()))
        }
        Transition::Grew(incident, before) => {
            let title = names::title(incident);
            let failing = incident.failing().count();
            if is_worse_only(incident, *before) {
                format!("{title}: it got worse. {} now, with {}.", fail(failing), incident.cause)
            } else {
                format!("{title}: {} now. It was {before} when this was told last.", fail(failing))
            }
        }
        Transition::Reminder(incident) => {
            let lasts = span(about.now.saturating_sub(incident.since));
            format!("{}: {} still, for {lasts} now.", names::title(incident), fail(incident.failing().count()))
        }
        Transition::Resolved(incident, ended) => {
            let title = names::title(incident);
            let number = incident.members.len();
            match ended {
                Ended::Healthy if number == 1 => format!("{title}: it answers again."),
                Ended::Healthy => format!("{title}: all {number} routes answer again."),
                Ended::Gone => format!("{title}: closed, because what failed is no longer there."),
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
                1 => "it held back 1 incident".to_owned(),
                more => format!("it held back {more} incidents"),
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
    text.push_str(". ");
    if let Some(incident) = transition.incident() {
        text.push_str(&format!("Incident {}, ", incident.name()));
    }
    let region = words(&about.region);
    text.push_str(&if region.trim().is_empty() { "region unknown".to_owned() } else { format!("region {region}") });
    if let Some(account) = &about.account {
        text.push_str(&format!(", account {}", words(account)));
    }
    text.push('.');
    text
}

/// What an incident that is open needs said.
fn open(page: &mut Page, incident: &Incident, transition: &Transition, about: &Context, shown: usize) {
    let lasts = span(about.now.saturating_sub(incident.since));
    labelled(page, "Since", &format!("{}, for {lasts}", moment(incident.since)));
    if let (Transition::Opened(_), Some(holder)) = (transition, &incident.held_by) {
        labelled(page, "Held", &format!("back by \"{}\" until now", words(holder)));
    }
    if incident.flapping {
        let within = i64::try_from(about.alerts.flapping_within).unwrap_or(i64::MAX);
        let times =
            format!("opened {} within {}: told as one, until it keeps quiet", times(incident.times), span(within));
        labelled(page, "Flapping", &times);
    }
    let main = main_example(incident);
    why(page, incident.cause, main);
    if let Some(after) = &incident.after {
        labelled(page, "Before", &words(after));
    }
    let remedy = main.map(|example| words(&example.remedy)).filter(|remedy| !remedy.trim().is_empty());
    labelled(page, "Fix", remedy.as_deref().unwrap_or(incident.cause.about().remedy));
    if let Some(example) = main {
        if let Some((verb, address)) = example.instead.as_deref().and_then(|instead| instead.split_once(' ')) {
            labelled_url(page, "Instead", &format!("{} {}", words(verb), url(address)));
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
    labelled(page, "Why", cause.about().means);
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
    if address.len() > LONGEST_URL {
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
        if several { format!("{name} ({})", member.cause) } else { name }
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
        page.url(&format!("Also {}: {} ", example.cause, words(&example.method)), &url(&example.url));
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
            format!("Somebody knows of it: no reminder before {}. You will be told when it is over.", moment(until))
        }
        (None, Some(at)) => format!(
            "If it is not over before, you are reminded at {}. To put that off: `gateprobe ack {name} --for 2h`.",
            moment(at)
        ),
        (None, None) => "You will be told when it is over.".to_owned(),
    }
}

/// What an incident that is over needs said.
fn over(page: &mut Page, incident: &Incident, ended: Ended, transition: &Transition, about: &Context, shown: usize) {
    let lasted = span(about.now.saturating_sub(incident.since));
    labelled(page, "Lasted", &format!("{lasted}: {} to {}", moment(incident.since), moment(about.now)));
    why(page, incident.cause, main_example(incident));
    if let Some(after) = &incident.after {
        labelled(page, "Before", &words(after));
    }
    let how = match ended {
        Ended::Healthy => {
            let runs = about.alerts.healthy;
            let seen = if runs == 1 { "in the last run".to_owned() } else { format!("{runs} runs in a row") };
            format!("every route of it answered well, {seen}")
        }
        Ended::Gone => "the API, the stage, the method or the line of the contract is gone. If callers still need it, \
                        it is missing for them"
            .to_owned(),
        Ended::Accepted => {
            let within = i64::try_from(about.alerts.watch_removed).unwrap_or(i64::MAX);
            format!(
                "a deployment took it away, it stayed away for {}, and no contract names it: it is taken as meant and \
                 not asked for any more. If callers still need it, put it back, and into the contract",
                span(within)
            )
        }
    };
    labelled(page, "Ended", &format!("{how}."));
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
    let within = i64::try_from(about.alerts.watch_removed).unwrap_or(i64::MAX);
    page.say("", &format!(
        "Nothing needs to be done if that was meant. A removed method that used to answer is asked for {} more, and you \
         are told if callers now miss it. To take it back, deploy it again, or choose the deployment before in the \
         stage's deployment history.",
        span(within)
    ));
}

/// `120 (3 more than a week ago)`.
fn compared(now: usize, before: Option<usize>) -> String {
    match before {
        Some(before) if before < now => format!("{now} ({} more)", now - before),
        Some(before) if before > now => format!("{now} ({} fewer)", before - now),
        _ => now.to_string(),
    }
}

fn what_is_watched(page: &mut Page, now: &Watched, before: Option<&Watched>) {
    let told = |of: fn(&Watched) -> usize| compared(of(now), before.map(of));
    labelled(page, "APIs", &told(|w| w.apis));
    labelled(page, "Stages", &told(|w| w.stages));
    labelled(page, "Methods", &told(|w| w.deployed));
    labelled(page, "Asked", &told(|w| w.probed));
    labelled(page, "Routed", &told(|w| w.routed));
    labelled(page, "Healthy", &told(|w| w.healthy));
    if now.contract > 0 || before.is_some_and(|before| before.contract > 0) {
        labelled(page, "Contract", &format!("{} requests", told(|w| w.contract)));
    }
    if now.gaps > 0 {
        let told = format!("{}: what could not be read or reached; the report of `gateprobe run` names each", now.gaps);
        labelled(page, "Gaps", &told);
    }
    page.blank();
    page.say(
        "",
        "Routed: an answer proves that the request reached its method. Healthy: it also answered as it should.",
    );
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
        page.say("", "How methods are asked");
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
        (failing, of) => format!("in {failing} of {of} runs"),
    };
    format!(
        "This message comes once. You hear again when a route fails {when}, when that is over, and when a deployment \
         changes methods{digest}. Until then silence is good news, as long as the metric Heartbeat is there."
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
    if !open.is_empty() {
        list(page, "Open incidents", open, shown, |incident| {
            format!(
                "{}: {}, {}, {}, for {}",
                incident.name(),
                names::title(incident),
                fail(incident.failing().count()),
                incident.cause,
                span(about.now.saturating_sub(incident.since))
            )
        });
        page.blank();
    }
    what_is_watched(page, now, before);
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
    pages.extend(about.dashboard_url.as_ref().map(|dashboard| ("dashboard", clean(dashboard))));
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
