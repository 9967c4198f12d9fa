//! Labelled cases: request, answer, and what must be said of them. Each row names where it comes from.

mod answers;
mod row;
mod world;

use std::collections::HashMap;

use url::Url;

use super::{Cause, Diagnosis, StepResult, diagnose};
use crate::gateway::{Request, World};
use crate::probe::{Observation, Response};
use answers::answer;
use row::{Row, Said};
use world::{NOW, Worlds, world};

/// The rows of `cases.txt`.
fn rows() -> Vec<Row> {
    row::rows(include_str!("cases.txt")).unwrap_or_else(|wrong| panic!("cases.txt, {wrong}"))
}

fn explain(world: &World, line: &str, answered: &str) -> Diagnosis {
    diagnose(&row::request(line).unwrap(), &answer(answered).unwrap(), world, NOW)
}

/// Every row with what is said of it.
fn explained() -> Vec<(Row, Diagnosis)> {
    let worlds = Worlds::default();
    let explain = |row: Row| {
        let wrong = |wrong: String| -> ! { panic!("cases.txt, line {}: {wrong}", row.line) };
        let world = worlds.named(&row.world).unwrap_or_else(|text| wrong(text));
        let answer = answer(&row.answer).unwrap_or_else(|text| wrong(text));
        let diagnosis = diagnose(&row.request, &answer, world, NOW);
        (row, diagnosis)
    };
    rows().into_iter().map(explain).collect()
}

#[test]
fn every_labelled_case_is_right() {
    let mut wrong = Vec::new();
    for (Row { line, source, asked, answer, expected, .. }, diagnosis) in explained() {
        let said = Said::of(&diagnosis);
        if said != expected {
            wrong.push(format!(
                "line {line}: {source}: {asked} <- {answer}\n  expected {}\n  got      {}\n  {:?}",
                expected.columns(),
                said.columns(),
                diagnosis.evidence
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_row_is_there_twice() {
    let mut seen = HashMap::new();
    for Row { line, asked, world, answer, .. } in rows() {
        let before = seen.insert((asked, world, answer), line);
        assert_eq!(before, None, "line {line} asks the same");
    }
    assert!(seen.len() >= 170, "only {} rows", seen.len());
}

#[test]
fn the_failing_step_is_the_causes_and_the_rest_follow_from_it() {
    for (Row { line, .. }, diagnosis) in explained() {
        let Some(cause) = diagnosis.cause else {
            assert!(diagnosis.steps.iter().all(|step| step.result == StepResult::Pass), "line {line}");
            continue;
        };
        let Some(failing) = cause.about().step else { continue };
        for step in &diagnosis.steps {
            let allowed: &[StepResult] = match step.step.cmp(&failing) {
                std::cmp::Ordering::Less => &[StepResult::Pass, StepResult::Unknown],
                std::cmp::Ordering::Equal => &[StepResult::Fail, StepResult::Unknown],
                std::cmp::Ordering::Greater => &[StepResult::NotReached, StepResult::Unknown],
            };
            assert!(allowed.contains(&step.result), "line {line}: {:?} is {:?}", step.step, step.result);
        }
    }
}

#[test]
fn only_what_admits_no_other_cause_is_certain() {
    for (Row { line, .. }, diagnosis) in explained() {
        let alone = diagnosis.alternatives.is_empty();
        assert!(alone || diagnosis.confidence != super::Confidence::Certain, "line {line}: certain, and others fit");
        assert!(
            diagnosis.alternatives.iter().all(|other| Some(other.cause) != diagnosis.cause && !other.tell.is_empty()),
            "line {line}: {:?}",
            diagnosis.alternatives
        );
    }
}

#[test]
fn every_reachable_cause_has_a_row_and_no_other_is_said() {
    let mut said: Vec<Cause> = explained().into_iter().filter_map(|(_, diagnosis)| diagnosis.cause).collect();
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
        ("GET @shadowing0/prod/users/me", "200", "/users/me"),
        ("GET @a1b2c3d4e5/prod/orders/7/x", "MAT", "x"),
        ("GET @a1b2c3d4e5/prod/admin/Users", "MAT", "admin"),
        ("GET https://root.example.com/prod/orders", "MAT", "prod"),
        ("GET @a1b2c3d4e6/prod/orders", "dns", "a1b2c3d4e6"),
        ("GET https://shop.example.com/weather", "forbidden", "weather"),
        ("GET https://deep.example.com/orders/7", "MAT", "orders"),
        ("GET https://deep.example.com/shop/v22/pets", "own-404", "v22"),
        ("GET https://shop.example.com/next/orders/7", "MAT", "/next"),
        ("GET https://a.wild.example.com/ordrs?page=2", "MAT", "ordrs"),
        ("GET @a1b2c3d4e5/prod/flies/a/b", "MAT", "flies"),
        ("GET @a1b2c3d4e5/prod/prod/orders", "MAT", "prod"),
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
