//! The message for machines: JSON of a published schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::names;
use super::{Context, causes, instead, is_web, links, members, severity, text};
use crate::remember::{Ended, Example, Incident, Member, Scope, StageSeen, SubjectId, Transition, Watched};
use crate::report::alert::{LONGEST_JSON, LONGEST_URL, link, words};
use crate::report::page::{self, curl};
use crate::report::safe::{clean, cut, encoded, url};

/// The version of the JSON of a transition. Version 1 is the message of a run without a memory.
pub const MESSAGE_VERSION: u32 = 2;

/// A message of Gateprobe about one transition, version 2. Times are in Unix seconds. Fields may be added within a
/// version; what is there keeps its meaning.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Gateprobe's message")]
struct Message {
    /// The version of this format: 2.
    #[schemars(range(min = 2, max = 2))]
    version: u32,
    /// Unique for ever, as `gp-12-opened`: whoever gets it twice has it already.
    id: String,
    /// When it was made.
    at: i64,
    /// How bad. What is over keeps the severity that it had; what is about no incident is `info`.
    #[schemars(with = "SeverityId")]
    severity: String,
    /// The region that was read.
    region: String,
    /// The account's id, where it is known.
    account: Option<String>,
    /// The message in one line: the subject of the e-mail.
    summary: String,
    /// What the reader should know of the memory itself, as that there was none.
    note: Option<String>,
    /// Pages to look at, by what they show.
    links: BTreeMap<String, String>,
    /// What happened.
    #[serde(flatten)]
    what: What,
}

/// How bad it is.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "it is in the schema only")]
enum SeverityId {
    /// Nothing is wrong: a notice.
    Info,
    /// The door is there; something behind it or in front of it says no.
    Warning,
    /// A door is not there, or not to be reached.
    Critical,
}

/// What happened: the field `transition` says which of these it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "transition", rename_all = "lowercase")]
enum What {
    /// An incident began, or is told of now because it was held back.
    Opened {
        /// The incident.
        incident: Box<IncidentJson>,
    },
    /// An incident became bigger or worse.
    Grew {
        /// The incident.
        incident: Box<IncidentJson>,
        /// How many of its members were told of before.
        before: usize,
    },
    /// An incident is still there.
    Reminder {
        /// The incident.
        incident: Box<IncidentJson>,
    },
    /// An incident is over.
    Resolved {
        /// The incident.
        incident: Box<IncidentJson>,
        /// How it ended.
        #[schemars(with = "EndedId")]
        ended: Ended,
        /// How long it lasted, in seconds.
        lasted_s: i64,
    },
    /// A stage serves another deployment.
    Deployment {
        /// What is other.
        deployment: Box<DeploymentJson>,
    },
    /// A maintenance window is over.
    Window {
        /// What it held back.
        window: WindowJson,
    },
    /// The first run.
    Watching {
        /// What is watched.
        watched: WatchedJson,
    },
    /// The weekly summary.
    Digest {
        /// What is watched now.
        watched: WatchedJson,
        /// What was watched when the last one was made.
        before: Option<WatchedJson>,
        /// The open incidents.
        open: Vec<OpenJson>,
        /// How many more are open.
        open_omitted: usize,
        /// What happened, a line each.
        events: Vec<String>,
        /// How many more events there were.
        events_omitted: usize,
    },
}

/// How an incident ended.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "it is in the schema only")]
enum EndedId {
    /// All of it answers again.
    Healthy,
    /// What failed is not there any more.
    Gone,
    /// A removed method stayed away, and no contract names it.
    Accepted,
}

/// An incident.
#[derive(Debug, Serialize, JsonSchema)]
struct IncidentJson {
    /// Its name, as `gp-12`: what `gateprobe ack` takes.
    name: String,
    /// What it is about, for people.
    title: String,
    /// What it is about.
    scope: ScopeJson,
    /// The cause that most members have: an id of `gateprobe explain`.
    cause: String,
    /// Whose problem that cause is.
    #[schemars(with = "String")]
    verdict: crate::diagnose::Verdict,
    /// What the cause means.
    means: String,
    /// Since when the first of it fails.
    since: i64,
    /// When it was opened.
    opened_at: i64,
    /// How many routes it is about.
    members_total: usize,
    /// How many of them failed when they were last asked.
    failing: usize,
    /// How many members have which cause.
    causes: BTreeMap<String, usize>,
    /// What changed just before.
    after: Option<String>,
    /// How often it opened lately, this one included.
    times: u32,
    /// Whether it comes and goes.
    flapping: bool,
    /// The window or rule that held it back.
    held_by: Option<String>,
    /// How many reminders were sent.
    reminders: u32,
    /// When the next is due.
    remind_at: Option<i64>,
    /// Until when nobody wants to be reminded.
    acknowledged_until: Option<i64>,
    /// A few of the ways it fails.
    examples: Vec<ExampleJson>,
    /// The routes, as many as fit; the failing ones first.
    members: Vec<MemberJson>,
    /// How many members do not fit.
    members_omitted: usize,
}

/// What an incident is about; `kind` says which of the other fields are there.
#[derive(Debug, Serialize, JsonSchema)]
struct ScopeJson {
    /// Domain, API, stage, the resources at and below a path, or one route.
    #[schemars(with = "ScopeKind")]
    kind: &'static str,
    /// The domain's name.
    host: Option<String>,
    /// The API's id.
    api: Option<String>,
    /// The API's name.
    api_name: Option<String>,
    /// The stage's name.
    stage: Option<String>,
    /// The path, as `/orders`.
    path: Option<String>,
    /// The route, as `GET /orders` or `GET https://api.example.com/orders`.
    route: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "it is in the schema only")]
enum ScopeKind {
    Domain,
    Api,
    Stage,
    Subtree,
    One,
}

/// A route of an incident: a method of a stage, or a request of the contract.
#[derive(Debug, Serialize, JsonSchema)]
struct MemberJson {
    /// `GET /orders`, or `GET https://api.example.com/orders` for a request of the contract.
    route: String,
    /// Whether it is a request of the contract.
    contract: bool,
    /// The API's id.
    api: Option<String>,
    /// The stage's name.
    stage: Option<String>,
    /// Its cause.
    cause: String,
    /// Since when it fails.
    since: i64,
    /// Whether it failed when it was last asked.
    failing: bool,
}

/// A request that failed. It holds no header, and no value of a query.
#[derive(Debug, Serialize, JsonSchema)]
struct ExampleJson {
    /// The verb that was sent.
    method: String,
    /// The URL, values of its query left out.
    url: String,
    /// The cause.
    cause: String,
    /// `certain`, `likely` or `possible`.
    confidence: String,
    /// What was seen.
    evidence: Vec<String>,
    /// What to do.
    remedy: String,
    /// A request that will work.
    instead: Option<RequestJson>,
    /// The status that came back.
    status: Option<u16>,
    /// The `x-amzn-RequestId` that was sent.
    request_id: Option<String>,
    /// A line for a shell that repeats it, without headers; `null` where the URL has more than 2,000 bytes.
    curl: Option<String>,
    /// What that line lacks.
    curl_lacks: Option<String>,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
struct RequestJson {
    /// The verb.
    method: String,
    /// The URL, values of its query left out.
    url: String,
}

/// A stage that serves another deployment.
#[derive(Debug, Serialize, JsonSchema)]
struct DeploymentJson {
    /// The API's id.
    api: String,
    /// The API's name.
    api_name: String,
    /// The stage's name.
    stage: String,
    /// The deployment's id before.
    before: Option<String>,
    /// The deployment's id now.
    after: Option<String>,
    /// When the deployment now was made.
    deployed_at: Option<i64>,
    /// Methods that are gone, as `GET /orders`.
    removed: Listed,
    /// Methods that are other, as `GET /orders: authorization NONE -> AWS_IAM`.
    changed: Listed,
    /// Methods that are new.
    added: Listed,
}

/// A list, as much of it as fits.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    /// How many there are.
    total: usize,
    /// The first of them.
    first: Vec<String>,
}

/// A maintenance window.
#[derive(Debug, Serialize, JsonSchema)]
struct WindowJson {
    /// Its name.
    name: String,
    /// When it began.
    began_at: i64,
    /// When it ended.
    ended_at: i64,
    /// What it held back, a line each.
    held_back: Listed,
}

/// What is watched.
#[derive(Debug, Serialize, JsonSchema)]
struct WatchedJson {
    /// APIs.
    apis: usize,
    /// Stages.
    stages: usize,
    /// Deployed methods of stages.
    deployed: usize,
    /// Of them, asked.
    probed: usize,
    /// Of those, seen routed.
    routed: usize,
    /// Of those, seen healthy.
    healthy: usize,
    /// Requests of the contract.
    contract: usize,
    /// What could not be read or reached.
    gaps: usize,
    /// The asked ones by where their values come from.
    by_provenance: BTreeMap<String, usize>,
    /// The others by the reason.
    skipped: BTreeMap<String, usize>,
}

/// An open incident in the summary.
#[derive(Debug, Serialize, JsonSchema)]
struct OpenJson {
    /// Its name, as `gp-12`.
    name: String,
    /// What it is about, for people.
    title: String,
    /// The cause that most members have.
    cause: String,
    /// How bad.
    #[schemars(with = "SeverityId")]
    severity: String,
    /// Since when the first of it fails.
    since: i64,
    /// How many routes fail.
    failing: usize,
}

/// The JSON Schema (2020-12) of the messages: docs/alert.schema.json.
#[must_use]
pub fn json_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Message>().to_value()
}

/// How many bytes are left for lists.
struct Room(usize);

impl Room {
    /// As many of the items as have room in so much of it, from the first on.
    fn take<T: Serialize>(&mut self, items: impl Iterator<Item = T>, most: usize) -> Vec<T> {
        let mut left = self.0.min(most);
        let mut taken = Vec::new();
        for item in items {
            let size = serde_json::to_string(&item).map_or(usize::MAX, |json| encoded(&json) + ",".len());
            if size > left {
                break;
            }
            left -= size;
            self.0 -= size;
            taken.push(item);
        }
        taken
    }

    fn list(&mut self, lines: &[String], most: usize) -> Listed {
        Listed { total: lines.len(), first: self.take(lines.iter().map(|line| words(line)), most) }
    }
}

/// Of the room for lists, what examples may take.
const EXAMPLES: usize = 60 * 1024;

/// How many entries of a map are told.
const LONGEST_MAP: usize = 40;

pub(super) fn json(id: &str, transition: &Transition, about: &Context) -> Value {
    // What is left for lists is known once everything else is there.
    let bare = build(id, transition, about, Room(0));
    build(id, transition, about, Room(LONGEST_JSON.saturating_sub(encoded(&bare.to_string()))))
}

fn build(id: &str, transition: &Transition, about: &Context, mut room: Room) -> Value {
    let what = what(transition, about, &mut room);
    let mut links: BTreeMap<String, String> = match transition {
        Transition::Deployment(seen) => links::of_api(&seen.api, about),
        _ => transition.incident().map(|incident| links::pages(&incident.scope, about)).unwrap_or_default(),
    }
    .into_iter()
    .map(|(name, page)| (name.replace(' ', "_"), page))
    .collect();
    if let Some(dashboard) = about.dashboard_url.as_ref().filter(|page| is_web(page)) {
        links.insert("dashboard".to_owned(), cut(&clean(dashboard), LONGEST_URL).into_owned());
    }
    let message = Message {
        version: MESSAGE_VERSION,
        id: words(id),
        at: about.now,
        severity: severity(transition).to_string(),
        region: words(&about.region),
        account: about.account.as_ref().map(|account| words(account)),
        summary: super::brief::subject(transition, about),
        note: about.memory_note.as_ref().map(|note| words(note)),
        links,
        what,
    };
    // It is made of texts and numbers alone.
    serde_json::to_value(message).unwrap_or_default()
}

fn what(transition: &Transition, about: &Context, room: &mut Room) -> What {
    match transition {
        Transition::Opened(incident) => What::Opened { incident: of_incident(incident, transition, room) },
        Transition::Grew(incident, before) => {
            What::Grew { incident: of_incident(incident, transition, room), before: *before }
        }
        Transition::Reminder(incident) => What::Reminder { incident: of_incident(incident, transition, room) },
        Transition::Resolved(incident, ended) => What::Resolved {
            incident: of_incident(incident, transition, room),
            ended: *ended,
            lasted_s: about.now.saturating_sub(incident.since).max(0),
        },
        Transition::Deployment(seen) => What::Deployment { deployment: Box::new(of_deployment(seen, room)) },
        Transition::Window { name, began_at, ended_at, held_back } => What::Window {
            window: WindowJson {
                name: words(name),
                began_at: *began_at,
                ended_at: *ended_at,
                held_back: room.list(held_back, usize::MAX),
            },
        },
        Transition::Watching(watched) => What::Watching { watched: of_watched(watched) },
        Transition::Digest { now, before, open, events } => {
            let told = room.take(open.iter().map(of_open), room.0 / 2);
            let lines = room.take(events.iter().map(|event| words(event)), usize::MAX);
            What::Digest {
                watched: of_watched(now),
                before: before.as_ref().map(of_watched),
                open_omitted: open.len() - told.len(),
                open: told,
                events_omitted: events.len() - lines.len(),
                events: lines,
            }
        }
    }
}

fn of_incident(incident: &Incident, transition: &Transition, room: &mut Room) -> Box<IncidentJson> {
    let about = incident.cause.about();
    let examples = room.take(incident.examples.iter().map(of_example), EXAMPLES);
    let members = members(incident, transition);
    let total = members.len();
    let members = room.take(members.into_iter().map(of_member), usize::MAX);
    Box::new(IncidentJson {
        name: incident.name(),
        title: names::title(incident),
        scope: of_scope(incident),
        cause: incident.cause.to_string(),
        verdict: about.verdict,
        means: about.means.to_owned(),
        since: incident.since,
        opened_at: incident.opened_at,
        members_total: total,
        failing: incident.failing().count(),
        causes: causes(incident).into_iter().map(|(cause, count)| (cause.to_string(), count)).collect(),
        after: incident.after.as_ref().map(|after| words(after)),
        times: incident.times,
        flapping: incident.flapping,
        held_by: incident.held_by.as_ref().map(|holder| words(holder)),
        reminders: incident.reminders,
        remind_at: incident.remind_at,
        acknowledged_until: incident.acknowledged_until,
        examples,
        members_omitted: total - members.len(),
        members,
    })
}

fn of_scope(incident: &Incident) -> ScopeJson {
    let mut told =
        ScopeJson { kind: "one", host: None, api: None, api_name: None, stage: None, path: None, route: None };
    let (api, stage) = match &incident.scope {
        Scope::Domain { host } => {
            (told.kind, told.host) = ("domain", Some(words(host)));
            (None, None)
        }
        Scope::Api { api } => {
            told.kind = "api";
            (Some(api.as_str()), None)
        }
        Scope::Stage { api, stage } => {
            told.kind = "stage";
            (Some(api.as_str()), Some(stage.as_str()))
        }
        Scope::Subtree { api, stage, path } => {
            (told.kind, told.path) = ("subtree", Some(words(path)));
            (Some(api.as_str()), Some(stage.as_str()))
        }
        Scope::One { subject } => {
            told.route = Some(names::subject(subject));
            subject.stage().unzip()
        }
    };
    told.api = api.map(words);
    told.api_name = api.and_then(|api| incident.apis.get(api)).map(|name| words(name));
    told.stage = stage.map(words);
    told
}

fn of_member(member: &Member) -> MemberJson {
    let (api, stage) = member.subject.stage().unzip();
    MemberJson {
        route: names::subject(&member.subject),
        contract: matches!(member.subject, SubjectId::Contract { .. }),
        api: api.map(words),
        stage: stage.map(words),
        cause: member.cause.to_string(),
        since: member.since,
        failing: member.failing,
    }
}

fn of_example(example: &Example) -> ExampleJson {
    let address = url(&example.url);
    ExampleJson {
        method: words(&example.method),
        curl: (is_web(&address) && address.len() <= page::LONGEST_URL).then(|| curl(&words(&example.method), &address)),
        curl_lacks: text::lacks(example).map(str::to_owned),
        url: link(&example.url),
        cause: example.cause.to_string(),
        confidence: words(&example.confidence),
        evidence: example.evidence.iter().take(3).map(|line| words(line)).collect(),
        remedy: words(&example.remedy),
        instead: instead(example).map(|(method, address)| RequestJson { method, url: link(&address) }),
        status: example.status,
        request_id: Some(words(&example.request_id)).filter(|id| !id.trim().is_empty()),
    }
}

fn of_deployment(seen: &StageSeen, room: &mut Room) -> DeploymentJson {
    let change = seen.change.clone().unwrap_or_default();
    let third = room.0 / 3;
    DeploymentJson {
        api: words(&seen.api),
        api_name: words(&seen.api_name),
        stage: words(&seen.stage),
        before: change.before.as_deref().map(words),
        after: seen.deployment.as_deref().or(change.after.as_deref()).map(words),
        deployed_at: seen.deployed_at.or(change.deployed_at),
        removed: room.list(&change.removed, third),
        changed: room.list(&change.changed, third),
        added: room.list(&change.added, usize::MAX),
    }
}

fn of_watched(watched: &Watched) -> WatchedJson {
    let counts = |counts: &BTreeMap<String, usize>| {
        counts.iter().take(LONGEST_MAP).map(|(id, count)| (cut(&clean(id), 40).into_owned(), *count)).collect()
    };
    WatchedJson {
        apis: watched.apis,
        stages: watched.stages,
        deployed: watched.deployed,
        probed: watched.probed,
        routed: watched.routed,
        healthy: watched.healthy,
        contract: watched.contract,
        gaps: watched.gaps,
        by_provenance: counts(&watched.by_provenance),
        skipped: counts(&watched.skipped),
    }
}

fn of_open(incident: &Incident) -> OpenJson {
    OpenJson {
        name: incident.name(),
        title: names::title(incident),
        cause: incident.cause.to_string(),
        severity: incident.severity.to_string(),
        since: incident.since,
        failing: incident.failing().count(),
    }
}
