//! What came back, held against what was taken.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::fact::{Ask, Like, Means};
use crate::diagnose::{Diagnosis, Words};
use crate::probe::Observation;

/// Whether an answer is the one that Gateprobe takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// It is.
    AsTaken,
    /// It was not asked.
    NotAsked,
    /// It is another.
    Other,
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Agreement::AsTaken => "as taken",
            Agreement::NotAsked => "not asked",
            Agreement::Other => "other",
        })
    }
}

/// What one request was answered, or why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seen {
    /// The status; `null` where no answer came.
    pub status: Option<u16>,
    /// `x-amzn-ErrorType`.
    pub error_type: Option<String>,
    /// The body's `message` or `Message`, with the key as it was spelt; the start of a body that is no JSON; or why no answer came.
    pub message: Option<String>,
    /// The method that answered, as its mock says it.
    pub door: Option<String>,
    /// The headers that tell something: ids only as `there`, the request's own id as `adopted` where the endpoint took it over.
    pub headers: BTreeMap<String, String>,
}

/// Headers whose values tell something.
const TOLD: [&str; 4] = ["x-gateprobe-response", "x-cache", "server", "www-authenticate"];
/// Headers of which it tells something that they are there.
const THERE: [&str; 4] = ["x-amz-apigw-id", "apigw-requestid", "x-amzn-trace-id", "via"];
/// As much of a header's value is kept.
const LONGEST: usize = 80;

impl Seen {
    /// Reads an observation.
    #[must_use]
    pub fn of(observation: &Observation) -> Self {
        let response = match &observation.outcome {
            Ok(response) => response,
            Err(error) => {
                let message = Some(crate::gateway::plain(&error.to_string()));
                return Seen { status: None, error_type: None, message, door: None, headers: BTreeMap::new() };
            }
        };
        let words = Words::of(response);
        let body: Option<Value> = serde_json::from_str(&response.body).ok();
        let field = |name: &str| body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_str);
        // The HTTP APIs' routes lead to a mock that says its own path, `/full/echo/NAME-OF-THE-ROUTE`.
        let path = || field("path")?.split("/echo/").nth(1)?.split('/').next();
        let door = field("door").or_else(path).map(crate::gateway::plain);
        let spelt = if field("Message").is_some() && field("message").is_none() { "Message: " } else { "" };
        let message = if words.null_message {
            Some("null".to_owned())
        } else {
            words.message.map(|message| crate::gateway::plain(&format!("{spelt}{message}")))
        };
        let mut headers = BTreeMap::new();
        for name in TOLD {
            if let Some(value) = response.header(name) {
                headers.insert(name.to_owned(), crate::gateway::plain(value).chars().take(LONGEST).collect());
            }
        }
        for name in THERE.into_iter().filter(|name| response.header(name).is_some()) {
            headers.insert(name.to_owned(), "there".to_owned());
        }
        if let Some(id) = response.header("x-amzn-requestid") {
            let kind = if id == observation.request_id { "adopted" } else { "its own" };
            headers.insert("x-amzn-requestid".to_owned(), kind.to_owned());
        }
        Seen { status: Some(response.status), error_type: words.error_type, message, door, headers }
    }

    /// Whether it looks like that.
    #[must_use]
    pub fn is(&self, like: &Like) -> bool {
        let Some(status) = self.status else { return false };
        let header = |name: &str| self.headers.get(name).map(String::as_str);
        (like.statuses.is_empty() || like.statuses.contains(&status))
            && like.error.is_none_or(|error| self.error_type.as_deref().unwrap_or("").eq_ignore_ascii_case(error))
            && like.message.is_none_or(|part| self.message.as_deref().unwrap_or("").contains(part))
            && like.door.is_none_or(|door| self.door.as_deref() == Some(door))
            && like.header.is_none_or(|(name, part)| header(name).is_some_and(|value| value.contains(part)))
            && like.without.is_none_or(|name| header(name).is_none())
    }
}

/// An answer, and how often it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The answer.
    #[serde(flatten)]
    pub seen: Seen,
    /// How often.
    pub times: u32,
}

/// What Gateprobe's own diagnosis says of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosed {
    /// The cause's id; `null` for healthy.
    pub cause: Option<String>,
    /// How sure.
    pub confidence: String,
    /// Whether it is the trap's true cause; `null` where none is expected.
    pub right: Option<bool>,
    /// Whether the true one is at least among the alternatives.
    pub beside: bool,
}

impl Diagnosed {
    pub(super) fn of(diagnosis: &Diagnosis, ask: &Ask) -> Self {
        let cause = diagnosis.cause.map(|cause| cause.id().to_owned());
        let said = cause.as_deref().unwrap_or("healthy");
        let right = (!ask.causes.is_empty()).then(|| ask.causes.contains(&said));
        let beside = diagnosis.alternatives.iter().any(|other| ask.causes.contains(&other.cause.id()));
        Diagnosed { confidence: diagnosis.confidence.to_string(), right, beside, cause }
    }
}

/// One request of a fact, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The request, short: API, verb, target, what is special about it.
    pub asked: String,
    /// The different answers.
    pub answers: Vec<Answered>,
    /// Whether they are as taken.
    pub agrees: Agreement,
    /// What they mean; where it was not asked, why.
    pub means: String,
    /// What the diagnosis of the last answer says.
    pub diagnosed: Option<Diagnosed>,
}

/// A fact, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactProof {
    /// Its id.
    pub id: String,
    /// What it settles.
    pub settles: String,
    /// The question.
    pub question: String,
    /// The worst of its rows'.
    pub agrees: Agreement,
    /// Its requests.
    pub rows: Vec<Row>,
}

/// What a whole run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// When, in Unix seconds.
    pub asked_at: i64,
    /// The region.
    pub region: String,
    /// `AWS`, or the form of the invoke URLs of what stands in for it.
    pub endpoint: String,
    /// The writer.
    pub version: String,
    /// What the reader must know: a stage that changed moments ago, what could not be read.
    pub notes: Vec<String>,
    /// The facts.
    pub facts: Vec<FactProof>,
}

impl Proof {
    /// How many facts ended so.
    #[must_use]
    pub fn count(&self, agreement: Agreement) -> usize {
        self.facts.iter().filter(|fact| fact.agrees == agreement).count()
    }

    /// The diagnoses of answers as taken that do not name the trap's cause.
    #[must_use]
    pub fn misjudged(&self) -> usize {
        let rows = self.facts.iter().flat_map(|fact| &fact.rows).filter(|row| row.agrees == Agreement::AsTaken);
        rows.filter(|row| row.diagnosed.as_ref().is_some_and(|said| said.right == Some(false))).count()
    }

    /// Whether the endpoint answered anything at all.
    #[must_use]
    pub fn heard_anything(&self) -> bool {
        let answers = self.facts.iter().flat_map(|fact| &fact.rows).flat_map(|row| &row.answers);
        answers.into_iter().any(|answer| answer.seen.status.is_some())
    }

    /// Whether something is not as taken.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.count(Agreement::Other) > 0 || self.misjudged() > 0
    }
}

/// Holds the answers of one request against its readings.
pub(super) fn judge(ask: &Ask, answers: &[Answered]) -> (Agreement, String) {
    const UNFORESEEN: Means = Means { words: "an answer that nobody foresaw", agrees: Agreement::Other, needed: false };
    const NOTHING: Means = Means { words: "no answer came", agrees: Agreement::Other, needed: false };
    let meaning = |seen: &Seen| {
        let found = ask.readings.iter().find(|reading| seen.is(&reading.like)).map(|reading| reading.means);
        found.unwrap_or(if seen.status.is_none() { NOTHING } else { UNFORESEEN })
    };
    let mut meanings: Vec<Means> = Vec::new();
    for answer in answers {
        let means = meaning(&answer.seen);
        if !meanings.contains(&means) {
            meanings.push(means);
        }
    }
    let mut agrees = meanings.iter().map(|means| means.agrees).max().unwrap_or(Agreement::Other);
    let mut words: Vec<&str> = meanings.iter().map(|means| means.words).collect();
    if ask.times > 1 {
        let missing = ask.readings.iter().filter(|reading| reading.means.needed && !meanings.contains(&reading.means));
        if missing.count() > 0 {
            agrees = Agreement::Other;
            words.push("of the answers that were expected in turn only these came");
        }
    }
    (agrees, words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Response;
    use crate::prove::Role;
    use crate::prove::fact::{ANY, INCOMPLETE, OK, TOKEN, get, status};

    fn seen(status: u16, headers: &[(&str, &str)], body: &str) -> Seen {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Seen::of(&Observation::saved(Response { status, headers, body: body.to_owned(), truncated: false }))
    }

    fn answered(seen: Seen) -> Answered {
        Answered { seen, times: 1 }
    }

    const TOKEN_TYPE: (&str, &str) = ("x-amzn-errortype", "MissingAuthenticationTokenException");

    #[test]
    fn an_answer_is_read_with_its_door_and_its_headers() {
        let mock =
            seen(200, &[("X-Amz-Apigw-Id", "abc="), ("content-type", "application/json")], r#"{"door": "GET /any"}"#);
        assert_eq!(mock.door.as_deref(), Some("GET /any"));
        assert_eq!(mock.headers.get("x-amz-apigw-id").map(String::as_str), Some("there"));
        assert!(
            mock.is(&OK.door("GET /any")) && !mock.is(&OK.door("ANY /any")) && !mock.is(&OK.without("x-amz-apigw-id"))
        );
        let route = seen(200, &[], r#"{"path": "/full/echo/Greedy"}"#);
        assert_eq!(route.door.as_deref(), Some("Greedy"));
        let denied = seen(403, &[("x-amzn-errortype", "AccessDeniedException")], r#"{"Message": "User: anonymous"}"#);
        assert_eq!(denied.message.as_deref(), Some("Message: User: anonymous"));
        assert_eq!(seen(500, &[], r#"{"message": null}"#).message.as_deref(), Some("null"));
    }

    #[test]
    fn what_is_not_said_may_be_anything_and_what_is_said_may_not() {
        let token = seen(403, &[TOKEN_TYPE], r#"{"message": "Missing Authentication Token"}"#);
        assert!(token.is(&TOKEN) && token.is(&ANY) && token.is(&status(&[400, 403])));
        assert!(
            !token.is(&INCOMPLETE) && !token.is(&TOKEN.message("Forbidden")) && !token.is(&status(&[403]).error(""))
        );
        assert!(seen(404, &[], "").is(&status(&[404]).error("")));
        assert!(!token.is(&TOKEN.header("x-gateprobe-response", "")));
    }

    #[test]
    fn the_first_reading_that_fits_counts() {
        let ask = get(Role::Trees, "full/x").taken(TOKEN, "missed").other(OK, "reached");
        let token = seen(403, &[TOKEN_TYPE], "");
        assert_eq!(judge(&ask, &[answered(token)]), (Agreement::AsTaken, "missed".to_owned()));
        assert_eq!(judge(&ask, &[answered(seen(200, &[], ""))]), (Agreement::Other, "reached".to_owned()));
        let (agrees, words) = judge(&ask, &[answered(seen(404, &[], ""))]);
        assert_eq!((agrees, words.as_str()), (Agreement::Other, "an answer that nobody foresaw"));
        let ask = get(Role::Trees, "full/x").unset(status(&[500]), "not set").taken(OK, "reached");
        assert_eq!(judge(&ask, &[answered(seen(500, &[], ""))]).0, Agreement::NotAsked);
    }

    #[test]
    fn answers_in_turn_must_all_come() {
        let ask = get(Role::Trees, "canary/late").times(3).taken(OK, "canary").taken(TOKEN, "stage");
        let (ok, token) = (answered(seen(200, &[], "")), answered(seen(403, &[TOKEN_TYPE], "")));
        assert_eq!(judge(&ask, &[ok.clone(), token]).0, Agreement::AsTaken);
        assert_eq!(judge(&ask, &[ok]).0, Agreement::Other);
        assert_eq!(judge(&ask, &[]).0, Agreement::Other);
        let quota = get(Role::Checks, "plain/key").times(3).maybe(OK, "still open").taken(TOKEN, "used up");
        let (ok, token) = (answered(seen(200, &[], "")), answered(seen(403, &[TOKEN_TYPE], "")));
        assert_eq!(judge(&quota, std::slice::from_ref(&token)).0, Agreement::AsTaken);
        assert_eq!(judge(&quota, &[ok.clone(), token]).0, Agreement::AsTaken);
        assert_eq!(judge(&quota, &[ok]).0, Agreement::Other);
    }
}
