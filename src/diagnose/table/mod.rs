//! Labelled cases: request, answer, and what must be said of them. Each row names where it comes from.

mod answers;
mod world;

use url::Url;

use super::{Cause, Diagnosis, StepResult, diagnose};
use crate::gateway::{Request, World};
use crate::probe::{Observation, Response};
use answers::answer;
use world::{NOW, world};

/// `-X VERB`, headers as `Name: value`, then the URL; `@api` stands for an API's host.
fn request(line: &str) -> Request {
    let mut words: Vec<&str> = line.split(' ').collect();
    let url = words.pop().unwrap();
    let url = match url.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((api, path)) => format!("https://{api}.execute-api.us-east-1.amazonaws.com/{path}"),
        None => url.to_owned(),
    };
    let mut request = Request::new(words.first().unwrap_or(&"GET"), Url::parse(&url).unwrap());
    request.headers =
        words.iter().skip(1).filter_map(|word| word.split_once(':')).map(|(k, v)| (k.into(), v.into())).collect();
    request
}

struct Row {
    source: &'static str,
    request: &'static str,
    answer: &'static str,
    /// Symptom, cause, confidence.
    said: [&'static str; 3],
    /// The first one.
    suggestion: &'static str,
}

const AWS: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

/// The rows of `cases.txt`.
fn rows() -> Vec<Row> {
    include_str!("cases.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&'static str> = line.split(" | ").map(str::trim).collect();
            let [source, request, answer, symptom, cause, confidence, suggestion] = fields[..] else {
                panic!("seven fields, please: {line}");
            };
            Row { source, request, answer, said: [symptom, cause, confidence], suggestion }
        })
        .collect()
}

fn explain(world: &World, line: &str, answered: &str) -> Diagnosis {
    diagnose(&request(line), &answer(answered), world, NOW)
}

#[test]
fn every_labelled_case_is_right() {
    let world = world();
    let mut wrong = Vec::new();
    for row in rows() {
        let diagnosis = explain(&world, row.request, row.answer);
        let said = [
            diagnosis.symptom.to_string(),
            diagnosis.cause.map_or("-", Cause::id).to_owned(),
            diagnosis.confidence.to_string(),
        ];
        let offered = diagnosis.suggestions.first().map_or("-".to_owned(), |s| format!("{} {}", s.method, s.url));
        let expected = row.suggestion.replace('@', AWS);
        if said != row.said || offered != expected {
            let Row { source, request, answer, .. } = row;
            wrong.push(format!(
                "{source}: {request} <- {answer}\n  expected {:?} {expected}\n  got      {said:?} {offered}\n  {:?}",
                row.said, diagnosis.evidence
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_failing_step_is_the_causes_and_the_rest_follow_from_it() {
    let world = world();
    for Row { source, request, answer, .. } in rows() {
        let diagnosis = explain(&world, request, answer);
        let Some(cause) = diagnosis.cause else {
            assert!(diagnosis.steps.iter().all(|step| step.result == StepResult::Pass), "{source}");
            continue;
        };
        let Some(failing) = cause.about().step else { continue };
        for step in &diagnosis.steps {
            let allowed: &[StepResult] = match step.step.cmp(&failing) {
                std::cmp::Ordering::Less => &[StepResult::Pass, StepResult::Unknown],
                std::cmp::Ordering::Equal => &[StepResult::Fail, StepResult::Unknown],
                std::cmp::Ordering::Greater => &[StepResult::NotReached, StepResult::Unknown],
            };
            assert!(allowed.contains(&step.result), "{source}: {:?} is {:?}", step.step, step.result);
        }
    }
}

#[test]
fn every_reachable_cause_has_a_row_and_no_other_is_said() {
    let world = world();
    let mut said: Vec<Cause> =
        rows().into_iter().filter_map(|row| explain(&world, row.request, row.answer).cause).collect();
    said.sort();
    said.dedup();
    let reachable: Vec<Cause> = Cause::ALL.iter().copied().filter(|cause| cause.about().reachable).collect();
    assert_eq!(said, reachable);
}

#[test]
fn the_caret_stands_under_the_wrong_part() {
    let world = world();
    for (line, answered, part) in [
        ("GET @a1b2c3d4e5/prd/orders", "forbidden", "prd"),
        ("GET @a1b2c3d4e5/prod/ordrs", "MAT", "ordrs"),
        ("GET @a1b2c3d4e5/prod/orders/7/x", "MAT", "x"),
        ("GET @a1b2c3d4e5/prod/admin/Users", "MAT", "admin"),
        ("GET https://root.example.com/prod/orders", "MAT", "prod"),
        ("GET @a1b2c3d4e6/prod/orders", "dns", "a1b2c3d4e6"),
        ("GET https://shop.example.com/weather", "forbidden", "weather"),
    ] {
        let diagnosis = explain(&world, line, answered);
        let at = diagnosis.at.clone().unwrap();
        assert_eq!(&diagnosis.request.url[at], part, "{line}");
    }
}

#[test]
fn the_json_keeps_to_the_contract() {
    let diagnosis = explain(&world(), "GET @a1b2c3d4e5/prod/ordrs", "MAT");
    insta::assert_json_snapshot!(diagnosis);
}

proptest::proptest! {
    /// No request and no answer makes it panic, and what it says always hangs together.
    #[test]
    fn any_request_and_any_answer_are_explained(
        host in proptest::sample::select(vec!["a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "shop.example.com", "root.example.com", "rules.example.com", "zz.execute-api.eu-west-1.amazonaws.com", "127.0.0.1:99", "[::1]", "xn--bcher-kva.example"]),
        path in "(/(prod|dev|canary|orders|new|files|Orders|%2F|%zz|\\PC{0,4}|\\.\\.|;|)){0,6}(\\?\\PC{0,6})?",
        verb in "GET|POST|HEAD|TRACE|\\PC{1,5}",
        header in "\\PC{0,12}",
        status in 0u16..1000,
        error_type in "(MissingAuthenticationTokenException|ForbiddenException|\\PC{0,9}|)(:\\PC{0,3})?",
        body in "\\PC{0,40}|\\{\"[mM]essage\":(null|3|\"(Forbidden|Missing Authentication Token|\\PC{0,9})\")\\}",
    ) {
        let Ok(url) = Url::parse(&format!("https://{host}{path}")) else { return Ok(()) };
        let mut request = Request::new(&verb, url);
        request.headers = vec![("authorization".to_owned(), header.clone()), ("x-http-method-override".to_owned(), header)];
        let response = Response { status, headers: vec![("x-amzn-errortype".to_owned(), error_type)], body, truncated: false };
        let world = world();
        let diagnosis = diagnose(&request, &Observation::saved(response), &world, NOW);
        proptest::prop_assert_eq!(diagnosis.cause.is_none(), diagnosis.verdict == super::Verdict::Healthy);
        proptest::prop_assert!(diagnosis.at.is_none_or(|at| diagnosis.request.url.get(at).is_some()));
        proptest::prop_assert!(!diagnosis.evidence.is_empty());
        for suggestion in &diagnosis.suggestions {
            let again = Request { method: suggestion.method.clone(), url: Url::parse(&suggestion.url).unwrap(), ..request.clone() };
            proptest::prop_assert!(super::suggest::reaches(&world, &again).is_some(), "{}", suggestion.url);
        }
    }
}
