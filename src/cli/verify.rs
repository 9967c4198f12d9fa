//! `diagnose --verify`: the sixth step, which sends the best corrected request.

use gateprobe::diagnose::{Cause, Diagnosis, RequestLine, StepResult, Verdict, diagnose};
use gateprobe::gateway::{Address, Request, World, overrides_verb};
use gateprobe::pipeline::{self, Run};
use serde::Serialize;
use url::Url;

use super::{Failure, failure, setup};

/// Only these are sent without the user's word; a word for the request itself is none for another one.
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Headers that another host or API may see; any other may be a secret.
const HARMLESS: [&str; 3] = ["accept", "accept-language", "user-agent"];

/// Headers that name where a request goes: on another host they would lead it back.
const ADDRESSES: [&str; 2] = ["host", "x-apigw-api-id"];

/// How the sixth step went.
pub enum Verified {
    /// Nothing was sent, for this reason.
    Nothing(String),
    /// A corrected request was sent.
    Sent {
        /// Credentials that stayed behind.
        left_out: Vec<String>,
        /// Whether it is the only request that was sent.
        only: bool,
        /// The explanation of its answer.
        diagnosis: Box<Diagnosis>,
    },
}

/// The sixth step by the contract.
#[derive(Serialize)]
pub struct VerifiedJson<'d> {
    request: &'d RequestLine,
    /// `null` where no answer came.
    status: Option<u16>,
    /// Whether the answer proves that a method was reached.
    reached: bool,
    verdict: Verdict,
    cause: Option<Cause>,
}

impl Verified {
    /// Sends the best suggestion that may be sent, once.
    pub async fn new(
        run: &Run,
        world: &World,
        request: &Request,
        diagnosis: &Diagnosis,
        saved: bool,
    ) -> Result<Self, Failure> {
        if diagnosis.cause.is_none() {
            return Ok(Verified::Nothing("the request itself was answered".to_owned()));
        }
        let Some(corrected) = choose(world, request, diagnosis) else {
            return Ok(Verified::Nothing(match diagnosis.suggestions.first() {
                None => "there is no corrected request to send".to_owned(),
                Some(suggestion) => format!(
                    "the corrected request is a {}, and only GET, HEAD and OPTIONS are sent without your word",
                    suggestion.method
                ),
            }));
        };
        let observation = pipeline::prober(&run.config).map_err(failure)?.send(&corrected.request).await;
        let answer = diagnose(&corrected.request, &observation, world, setup::now());
        Ok(Verified::Sent { left_out: corrected.left_out, only: saved, diagnosis: Box::new(answer) })
    }

    /// Writes what was found into the sixth step.
    pub fn fill_in(&self, diagnosis: &mut Diagnosis) {
        let Verified::Sent { diagnosis: answer, .. } = self else { return };
        let [.., known_good] = &mut diagnosis.steps;
        known_good.result = if answer.cause.is_none() { StepResult::Pass } else { StepResult::Fail };
        known_good.evidence = said(answer);
    }

    /// The same in one line.
    pub fn line(&self) -> String {
        match self {
            Verified::Nothing(why) => format!("verify: nothing was sent, for {why}"),
            Verified::Sent { left_out, only, diagnosis } => {
                let mut line = format!("verify: {}", said(diagnosis));
                if !left_out.is_empty() {
                    line.push_str("; sent without ");
                    line.push_str(&left_out.join(", "));
                    line.push_str(", for it goes elsewhere");
                }
                if *only {
                    line.push_str("; this is the only request that was sent");
                }
                line
            }
        }
    }

    /// `None` where nothing was sent.
    pub fn json(&self) -> Option<VerifiedJson<'_>> {
        match self {
            Verified::Nothing(_) => None,
            Verified::Sent { diagnosis, .. } => Some(VerifiedJson {
                request: &diagnosis.request,
                status: diagnosis.response.as_ref().map(|response| response.status),
                reached: diagnosis.routed() == Some(true),
                verdict: diagnosis.verdict,
                cause: diagnosis.cause,
            }),
        }
    }
}

/// An answer in short.
fn said(answer: &Diagnosis) -> String {
    let RequestLine { method, url } = &answer.request;
    let evidence = answer.evidence.first().map_or("", String::as_str);
    let status = answer.response.as_ref().map_or("had no answer".to_owned(), |r| format!("answered {}", r.status));
    match answer.cause {
        None => format!("{method} {url} {status}: it reaches its method"),
        Some(cause) => format!("{method} {url} {status}: {cause} ({evidence})"),
    }
}

/// A suggestion as it is sent.
struct Corrected {
    request: Request,
    left_out: Vec<String>,
}

/// The first suggestion that may be sent: a safe verb, on an API or a domain of the inventory.
fn choose(world: &World, request: &Request, diagnosis: &Diagnosis) -> Option<Corrected> {
    diagnosis.suggestions.iter().filter(|suggestion| SAFE.contains(&suggestion.method.as_str())).find_map(
        |suggestion| {
            let url = Url::parse(&suggestion.url).ok()?;
            let mut corrected = Request::new(&suggestion.method, url);
            let same = same_place(world, request, &corrected);
            let mut left_out = Vec::new();
            if !same && corrected.url.query().is_some() {
                corrected.url.set_query(None);
                left_out.push("the query".to_owned());
            }
            for (name, value) in &request.headers {
                let lower = name.to_ascii_lowercase();
                let named = |names: &[&str]| names.contains(&lower.as_str());
                let harmless = named(&HARMLESS);
                // Without the body, what describes it would be wrong.
                let dropped = suggestion.without.iter().any(|known| known.eq_ignore_ascii_case(name));
                if dropped || overrides_verb(name) || lower.starts_with("content-") || !same && named(&ADDRESSES) {
                    continue;
                }
                if !same && !harmless {
                    left_out.push(lower);
                    continue;
                }
                corrected.headers.push((name.clone(), value.clone()));
            }
            let known = match world.locate(&corrected) {
                Address::Endpoint(endpoint) => endpoint.api.is_some(),
                Address::Domain(_) => true,
                Address::Elsewhere => false,
            };
            known.then_some(Corrected { request: corrected, left_out })
        },
    )
}

/// Whether two requests go to the same host, and where one host serves every API, as an emulator's does, to the same API.
fn same_place(world: &World, one: &Request, other: &Request) -> bool {
    one.url.origin() == other.url.origin()
        && match (world.locate(one), world.locate(other)) {
            (Address::Endpoint(one), Address::Endpoint(other)) => one.api_id == other.api_id,
            (Address::Domain(one), Address::Domain(other)) => {
                one.api.zip(other.api).is_some_and(|(one, other)| one.id == other.id)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use gateprobe::gateway::{Api, Domain, EndpointType, Inventory, InvokeUrl, Mapping, RoutingMode};
    use gateprobe::probe::{Observation, Response};

    use super::*;

    const HOST: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

    /// An account with this API and one more, as `inventory --format json` writes them.
    fn world() -> World {
        let api = |id: &str, name: &str| -> Api {
            serde_json::from_value(serde_json::json!({
                "id": id, "name": name, "stages": [{"name": "prod"}],
            }))
            .unwrap()
        };
        let inventory = Inventory {
            apis: vec![api("a1b2c3d4e5", "shop"), api("f6g7h8i9j0", "other")],
            ..Inventory::empty("us-east-1")
        };
        World::new(inventory, InvokeUrl::default())
    }

    fn request(url: &str) -> Request {
        let mut request = Request::new("POST", Url::parse(url).unwrap());
        for name in [
            "Authorization",
            "X-Api-Key",
            "Cookie",
            "X-Amz-Security-Token",
            "Host",
            "X-HTTP-Method-Override",
            "Content-Type",
            "Accept",
        ] {
            request.headers.push((name.to_owned(), "hush".to_owned()));
        }
        request.body = Some("body".to_owned());
        request
    }

    fn diagnosis(request: &Request, suggestions: &[(&str, &str)]) -> Diagnosis {
        let response = Response { status: 403, headers: vec![], body: String::new(), truncated: false };
        let mut diagnosis = diagnose(request, &Observation::saved(response), &world(), 0);
        diagnosis.suggestions = suggestions
            .iter()
            .map(|(method, url)| gateprobe::diagnose::Suggestion {
                method: (*method).to_owned(),
                url: (*url).to_owned(),
                without: vec![],
                reaches: String::new(),
                why: String::new(),
            })
            .collect();
        diagnosis
    }

    fn names(corrected: &Corrected) -> Vec<&str> {
        corrected.request.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_header_that_is_to_be_left_out_stays_behind() {
        let world = world();
        let request = request(&format!("{HOST}/prod/y"));
        let mut told = diagnosis(&request, &[("GET", &format!("{HOST}/prod/x"))]);
        told.suggestions[0].without = vec!["accept".to_owned(), "cookie".to_owned()];
        let sent = choose(&world, &request, &told).unwrap();
        assert_eq!(names(&sent), ["Authorization", "X-Api-Key", "X-Amz-Security-Token", "Host"]);
    }

    #[test]
    fn credentials_go_to_the_same_host_only() {
        let world = world();
        let request = request(&format!("{HOST}/prod/y"));
        let same = choose(&world, &request, &diagnosis(&request, &[("GET", &format!("{HOST}/prod/x"))])).unwrap();
        assert_eq!(names(&same), ["Authorization", "X-Api-Key", "Cookie", "X-Amz-Security-Token", "Host", "Accept"]);
        assert!(same.left_out.is_empty() && same.request.body.is_none());

        for other in [
            "https://f6g7h8i9j0.execute-api.us-east-1.amazonaws.com/prod/x".to_owned(),
            format!("{}/prod/x", HOST.replace("https", "http")),
            format!("{HOST}:8443/prod/x"),
        ] {
            let elsewhere = choose(&world, &request, &diagnosis(&request, &[("GET", &other)])).unwrap();
            assert_eq!(names(&elsewhere), ["Accept"], "{other}");
            assert_eq!(elsewhere.left_out, ["authorization", "x-api-key", "cookie", "x-amz-security-token"]);
        }
    }

    #[test]
    fn one_domain_of_two_apis_is_not_the_same_place() {
        let mapping = |base: &str, api: &str| Mapping {
            base_path: base.to_owned(),
            api: api.to_owned(),
            stage: Some("prod".to_owned()),
        };
        let mut inventory = world().inventory().clone();
        inventory.domains.push(Domain {
            name: "api.example.com".to_owned(),
            endpoint: EndpointType::Regional,
            target: None,
            routing_mode: RoutingMode::Mappings,
            mutual_tls: false,
            mappings: vec![mapping("", "a1b2c3d4e5"), mapping("partner", "f6g7h8i9j0")],
            rules: vec![],
        });
        let world = World::new(inventory, InvokeUrl::default());
        let request = request("https://api.example.com/y");
        let sent = |url| names(&choose(&world, &request, &diagnosis(&request, &[("GET", url)])).unwrap()).len();
        assert_eq!(sent("https://api.example.com/x"), 6);
        assert_eq!(sent("https://api.example.com/partner/x"), 1);
    }

    #[test]
    fn a_key_in_the_query_stays_behind_too() {
        let world = world();
        let request = request(&format!("{HOST}/prod/y?q=1&api_key=hush&access_token=hush"));
        let other = "https://f6g7h8i9j0.execute-api.us-east-1.amazonaws.com/prod/x?q=1&api_key=hush&access_token=hush";
        let chosen = choose(&world, &request, &diagnosis(&request, &[("GET", other)])).unwrap();
        assert_eq!(chosen.request.url.query(), None, "no list knows every name of a secret");
        assert_eq!(chosen.left_out[0], "the query");
        let same = format!("{HOST}/prod/x?api_key=hush");
        let chosen = choose(&world, &request, &diagnosis(&request, &[("GET", &same)])).unwrap();
        assert_eq!(chosen.request.url.query(), Some("api_key=hush"));
    }

    #[test]
    fn one_host_of_many_apis_is_not_the_same_place() {
        let template = "http://127.0.0.1:4566/restapis/{api}/{stage}/_user_request_";
        let world = World::new(world().inventory().clone(), template.parse().unwrap());
        let at = |api: &str| format!("http://127.0.0.1:4566/restapis/{api}/prod/_user_request_/x");
        let request = request(&at("a1b2c3d4e5"));
        let same = choose(&world, &request, &diagnosis(&request, &[("GET", &at("a1b2c3d4e5"))])).unwrap();
        assert!(same.left_out.is_empty());
        let other = choose(&world, &request, &diagnosis(&request, &[("GET", &at("f6g7h8i9j0"))])).unwrap();
        assert_eq!(names(&other), ["Accept"]);
    }

    #[test]
    fn only_safe_verbs_and_known_hosts_are_sent_to() {
        let world = world();
        let request = request(&format!("{HOST}/prod/y"));
        let here = format!("{HOST}/prod/x");
        for (suggestions, expected) in [
            (vec![], None),
            (vec![("POST", here.as_str()), ("DELETE", &here), ("get", &here)], None),
            (vec![("POST", &here), ("HEAD", &here), ("GET", &here)], Some("HEAD")),
            (vec![("GET", "https://x.example/prod/x"), ("OPTIONS", &here)], Some("OPTIONS")),
            (vec![("GET", "https://k1l2m3n4o5.execute-api.us-east-1.amazonaws.com/prod/x")], None),
        ] {
            let chosen = choose(&world, &request, &diagnosis(&request, &suggestions));
            assert_eq!(chosen.map(|chosen| chosen.request.method), expected.map(str::to_owned), "{suggestions:?}");
        }
    }
}
