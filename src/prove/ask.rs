//! Asking: facts to requests, requests through the guard and the prober, answers to the proof.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::fact::{Ask, Credentials, Fact, Question, When};
use super::ground::{Ground, Role};
use super::judge::{Agreement, Answered, Diagnosed, FactProof, Proof, Row, Seen, judge};
use crate::config::Credential;
use crate::diagnose::diagnose;
use crate::gateway::{DEFAULT_STAGE, InvokeUrl, Protocol, Request, Verb};
use crate::pipeline::{Clock, Run};
use crate::probe::{Keyring, Prober, junk_signature};

/// The keyring's name of the run's own signature.
const OWN: &str = "own";

/// A stage that changed so many seconds ago may still answer as before (docs/verified.md, 5).
const SPREADS: i64 = 90;

/// How a run asks.
pub struct Asking<'r> {
    /// Where the data plane is.
    pub run: &'r Run,
    /// Sends.
    pub prober: &'r Prober,
    /// The clock.
    pub clock: Clock<'r>,
    /// Whether requests of ten megabytes are sent.
    pub large: bool,
}

impl std::fmt::Debug for Asking<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("large", &self.large).finish_non_exhaustive()
    }
}

/// Asks every fact, one request after the other: the order is part of some of them, and nobody is in a hurry.
pub async fn prove(ground: &Ground<'_>, facts: &[Fact], asking: &Asking<'_>) -> Proof {
    let inventory = ground.world().inventory();
    let asked_at = (asking.clock)();
    let mut notes: Vec<String> =
        inventory.gaps.iter().map(|gap| format!("not read: {}: {}", gap.place, gap.reason)).collect();
    let changed = changed_at(ground);
    if changed.is_some_and(|changed| asked_at - changed < SPREADS) {
        notes.push("a stage changed less than 90 seconds ago, and may still answer as before: ask again".to_owned());
    }
    let keyring = keyring(asking.prober).await;
    let mut proofs = Vec::with_capacity(facts.len());
    for fact in facts {
        let rows = match &fact.by {
            Question::NotAsked(why) => vec![not_asked(String::new(), (*why).to_owned())],
            Question::Told(role, tell) => vec![told(ground, *role, *tell)],
            Question::Asked(asks) => {
                let mut rows = Vec::with_capacity(asks.len());
                for ask in asks {
                    let first = rows.first().is_none_or(|row: &Row| row.agrees == Agreement::AsTaken);
                    rows.push(if ask.when == When::AfterFirst && !first {
                        not_asked(shown(ask), "the first answer says that this one would tell nothing".to_owned())
                    } else {
                        Box::pin(row(ground, ask, asking, keyring.as_ref())).await
                    });
                }
                rows
            }
        };
        let some = rows.iter().any(|row| row.agrees == Agreement::AsTaken);
        let worst = rows.iter().map(|row| row.agrees).max().unwrap_or(Agreement::NotAsked);
        // One row that could not be asked does not hide what the others came to.
        let agrees = if worst == Agreement::NotAsked && some { Agreement::AsTaken } else { worst };
        let Fact { id, settles, question, .. } = *fact;
        proofs.push(FactProof { id: id.into(), settles: settles.into(), question: question.into(), agrees, rows });
    }
    let invoke_url = &asking.run.invoke_url;
    Proof {
        asked_at,
        region: inventory.region.clone(),
        endpoint: if invoke_url.is_awss_own() { "AWS".to_owned() } else { invoke_url.to_string() },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        notes,
        facts: proofs,
    }
}

/// The run's own credentials as the one credential of a keyring. `None` where the prober has no sources.
async fn keyring(prober: &Prober) -> Option<Keyring> {
    let sources = prober.sources()?;
    let credentials = BTreeMap::from([(OWN.to_owned(), Credential::Sigv4 { role: None })]);
    Some(Keyring::open(&credentials, &[], [OWN], sources).await)
}

/// When a stage of the ground changed last.
fn changed_at(ground: &Ground<'_>) -> Option<i64> {
    let stages = Role::ALL.into_iter().filter_map(|role| ground.api(role)).flat_map(|api| &api.stages);
    stages.filter_map(|stage| stage.updated_at).max()
}

fn not_asked(asked: String, why: String) -> Row {
    Row { asked, answers: Vec::new(), agrees: Agreement::NotAsked, means: why, diagnosed: None }
}

/// What the control plane says.
fn told(ground: &Ground<'_>, role: Role, tell: fn(&Ground<'_>) -> Option<(String, bool)>) -> Row {
    let asked = format!("{}: the control plane", role.suffix());
    match tell(ground) {
        None => {
            not_asked(asked, format!("the control plane says nothing of it, or the stack has no API {}", role.suffix()))
        }
        Some((means, taken)) => {
            let agrees = if taken { Agreement::AsTaken } else { Agreement::Other };
            Row { asked, answers: Vec::new(), agrees, means, diagnosed: None }
        }
    }
}

/// One request: asked, or a reason why not.
async fn row(ground: &Ground<'_>, ask: &Ask, asking: &Asking<'_>, keyring: Option<&Keyring>) -> Row {
    let shown = shown(ask);
    let request = match request(ground, ask, asking) {
        Ok(request) => request,
        Err(why) => return not_asked(shown, why),
    };
    if let Err(refused) = ground.permits(&request) {
        return not_asked(shown, refused.to_string());
    }
    let own = [Arc::from(OWN)];
    let keyring = match ask.credentials {
        Credentials::Own => match keyring.filter(|keyring| !keyring.unreadable().contains_key(OWN)) {
            Some(keyring) => Some(keyring),
            None => return not_asked(shown, "there are no AWS credentials to sign with".to_owned()),
        },
        Credentials::None | Credentials::Junk => None,
    };
    let mut answers: Vec<Answered> = Vec::new();
    let mut diagnosed = None;
    for _ in 0..ask.times {
        let observation = match keyring {
            Some(keyring) => asking.prober.send_with(&request, &own, keyring).await,
            None => asking.prober.send(&request).await,
        };
        // Signing found no credentials: nothing went out.
        if observation.attempts == 0 {
            let why = observation.outcome.err().map_or_else(String::new, |error| error.detail);
            return not_asked(shown, why);
        }
        let sent = keyring.map(|keyring| keyring.as_sent(&own, &request));
        let now = (asking.clock)();
        let diagnosis = diagnose(sent.as_ref().unwrap_or(&request), &observation, ground.world(), now);
        // Of answers in turn the refusal is the one to explain.
        if diagnosed.is_none() || diagnosis.cause.is_some() {
            diagnosed = Some(Diagnosed::of(&diagnosis, ask));
        }
        let seen = Seen::of(&observation);
        match answers.iter_mut().find(|answer| answer.seen == seen) {
            Some(answer) => answer.times += 1,
            None => answers.push(Answered { seen, times: 1 }),
        }
    }
    let (agrees, means) = judge(ask, &answers);
    Row { asked: shown, answers, agrees, means, diagnosed }
}

/// What is asked, in short.
fn shown(ask: &Ask) -> String {
    let door = if ask.domain { "domain".to_owned() } else { ask.to.suffix().to_owned() };
    let mut shown = format!("{door}: {} {}", ask.verb, if ask.target.is_empty() { "/" } else { ask.target });
    for (name, value) in &ask.headers {
        shown.extend([", ", name, ": ", value]);
    }
    if let Some(body) = ask.body {
        shown.push_str(if body.is_empty() { ", empty body" } else { ", body " });
        shown.push_str(body);
    }
    shown.push_str(match ask.credentials {
        Credentials::None => "",
        Credentials::Junk => ", signed with junk",
        Credentials::Own => ", signed",
    });
    if ask.times > 1 {
        shown.extend([", ", &ask.times.to_string(), " times"]);
    }
    shown
}

/// The request; or why it is not asked.
fn request(ground: &Ground<'_>, ask: &Ask, asking: &Asking<'_>) -> Result<Request, String> {
    if ask.when == When::Large && !asking.large {
        return Err("it sends ten megabytes: --large asks it".to_owned());
    }
    if ask.when == When::NoMock && is_mock(ground, ask) {
        return Err("the stack was deployed without it: parameter Backends=true".to_owned());
    }
    let target = filled(ask.target);
    let text = if ask.domain {
        let domain = ground.domain().ok_or("the stack has no custom domain: parameters DomainName, CertificateArn")?;
        format!("{}{target}", asking.run.domain_url.base(&domain.name))
    } else {
        let api = ground.api(ask.to).ok_or_else(|| format!("the stack has no API {}", ask.to.suffix()))?;
        let region = &ground.world().inventory().region;
        let invoke_url = &asking.run.invoke_url;
        if api.protocol == Protocol::Http && !invoke_url.serves_http_apis() {
            return Err("this form of invoke URLs has none of HTTP APIs".to_owned());
        }
        address(invoke_url, &api.id, region, &target)
    };
    let url = Url::parse(&text).map_err(|error| format!("it makes no URL ({error})"))?;
    if !url.as_str().ends_with(target.as_ref()) {
        return Err("its path cannot be sent as it is written".to_owned());
    }
    let mut request = Request::new(ask.verb, url);
    request.headers =
        ask.headers.iter().map(|(name, value)| ((*name).to_owned(), filled(value).into_owned())).collect();
    request.body = ask.body.map(|body| filled(body).into_owned());
    if ask.credentials == Credentials::Junk {
        let junk = junk_signature(&request, (asking.clock)());
        request.headers.extend(junk);
    }
    Ok(request)
}

/// Whether the method that is named is known to be a mock.
fn is_mock(ground: &Ground<'_>, ask: &Ask) -> bool {
    let Some((stage, path)) = ask.target.find('/').map(|at| ask.target.split_at(at)) else { return false };
    let kind = || {
        let api = ground.api(ask.to)?;
        let method = api.deployment_of(api.stage(stage)?)?.tree.method(path, Verb::Get)?;
        Some(method.interface.as_ref()?.integration.as_ref()?.kind == "mock")
    };
    kind().unwrap_or(false)
}

/// The address of a target: its first segment is the stage, unless it begins with a slash.
fn address(invoke_url: &InvokeUrl, api: &str, region: &str, target: &str) -> String {
    if target.is_empty() || target.starts_with('/') {
        return format!("{}{target}", invoke_url.base(api, region, DEFAULT_STAGE));
    }
    let (stage, path) = target.split_at(target.find('/').unwrap_or(target.len()));
    format!("{}{path}", invoke_url.base(api, region, stage))
}

/// `{N}` filled in with N letters, where N is a number: a resource's `{id}` stays.
fn filled(text: &str) -> Cow<'_, str> {
    let hole = || {
        let open = text.find('{')?;
        let close = open + text[open..].find('}')?;
        let count: usize = text[open + 1..close].parse().ok()?;
        Some(format!("{}{}{}", &text[..open], "x".repeat(count), &text[close + 1..]))
    };
    hole().map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_of_letters_is_filled_and_a_parameter_is_not() {
        assert_eq!(filled("full/open?q={3}"), "full/open?q=xxx");
        assert_eq!(filled("full/users/{id}"), "full/users/{id}");
        assert_eq!(filled("{\"a\": 1}"), "{\"a\": 1}");
    }

    #[test]
    fn a_target_begins_with_its_stage_or_has_none() {
        let aws = InvokeUrl::default();
        let of = |target| address(&aws, "a1", "eu-west-1", target);
        let host = "https://a1.execute-api.eu-west-1.amazonaws.com";
        assert_eq!(of("full/open"), format!("{host}/full/open"));
        assert_eq!(of("full"), format!("{host}/full"));
        assert_eq!(of("full//open"), format!("{host}/full//open"));
        assert_eq!(of("/open"), format!("{host}/open"));
        assert_eq!(of(""), host);
    }
}
