//! The list of causes and their pages: closed, whole, and true to the facts where those can be checked.

use super::*;
use crate::diagnose::{Symptom, Verdict};
use crate::probe::{Observation, Response};

#[test]
fn ids_are_kebab_case_and_read_back() {
    for cause in Cause::ALL {
        let id = cause.id();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        assert_eq!(id.parse::<Cause>().as_ref(), Ok(cause));
    }
    assert_eq!(Cause::ALL.len(), 47, "the public list of causes is closed: docs and users count on it");
}

#[test]
fn a_typo_is_corrected() {
    assert_eq!("path-unkown".parse::<Cause>().unwrap_err().near, Some("path-unknown"));
    assert_eq!("weather".parse::<Cause>().unwrap_err().near, None);
}

/// Every text of a page, with the field that it stands in.
fn texts(cause: Cause) -> Vec<(&'static str, &'static str)> {
    let page = cause.page();
    let mut texts = vec![
        ("more", page.more),
        ("confirm.command", page.confirm.command),
        ("confirm.shows", page.confirm.shows),
        ("console", page.console),
        ("cloudformation.say", page.cloudformation.say),
        ("terraform.say", page.terraform.say),
    ];
    for answer in page.answers {
        texts.extend([("answer.when", answer.when), ("answer.body", answer.body)]);
    }
    for neighbour in cause.neighbours() {
        texts.extend([("neighbour.there", neighbour.there), ("neighbour.here", neighbour.here)]);
    }
    for ground in page.grounds {
        texts.extend([("ground.says", ground.says), ("ground.source", ground.source)]);
    }
    texts
}

#[test]
fn every_section_says_something() {
    for &cause in Cause::ALL {
        let page = cause.page();
        assert!(!page.answers.is_empty(), "{cause}: answers");
        assert!(!page.grounds.is_empty(), "{cause}: grounds");
        assert!(!cause.neighbours().is_empty(), "{cause}: neighbours");
        for (field, text) in texts(cause) {
            assert!(!text.trim().is_empty(), "{cause}: {field}");
            assert_eq!(text.trim(), text, "{cause}: {field}");
            assert!(!text.contains("  ") || field == "confirm.command", "{cause}: {field}: {text}");
        }
        for (field, code) in [("cloudformation", page.cloudformation.code), ("terraform", page.terraform.code)] {
            assert_eq!(code.trim(), code, "{cause}: {field}");
        }
    }
}

#[test]
fn no_two_pages_are_the_same() {
    for (index, a) in Cause::ALL.iter().enumerate() {
        for b in &Cause::ALL[index + 1..] {
            assert_ne!(a.page().more, b.page().more, "{a} has the page of {b}");
        }
    }
}

#[test]
fn sentences_end_and_remedies_are_one_sentence() {
    for cause in Cause::ALL {
        let page = cause.page();
        let grounds = page.grounds.iter().map(|ground| ground.says);
        for text in [page.more, page.confirm.shows, cause.about().remedy].into_iter().chain(grounds) {
            assert!(text.ends_with(['.', '?']), "{cause}: {text}");
        }
        assert!(!cause.about().remedy.trim_end_matches('.').contains(". "), "{cause}: {}", cause.about().remedy);
    }
}

#[test]
fn neighbours_are_other_causes_once_each_and_both_ways() {
    for &cause in Cause::ALL {
        let neighbours = cause.neighbours();
        for (index, neighbour) in neighbours.iter().enumerate() {
            assert_ne!(neighbour.cause, cause, "{cause} is its own neighbour");
            assert!(
                neighbours[index + 1..].iter().all(|other| other.cause != neighbour.cause),
                "{cause} names {} twice",
                neighbour.cause
            );
            let back = neighbour.cause.neighbours();
            let back = back.iter().find(|back| back.cause == cause).expect("the relation is symmetrical");
            assert_eq!((back.there, back.here), (neighbour.here, neighbour.there), "{cause}, {}", neighbour.cause);
            assert_ne!(neighbour.here, neighbour.there, "{cause}, {}", neighbour.cause);
        }
    }
}

#[test]
fn what_aws_documents_is_cited_from_aws_and_the_rest_is_not() {
    const AWS: [&str; 3] =
        ["https://docs.aws.amazon.com/", "https://repost.aws/knowledge-center/", "https://aws.amazon.com/"];
    for cause in Cause::ALL {
        let grounds = cause.page().grounds;
        for ground in grounds {
            let from_aws = AWS.iter().any(|host| ground.source.starts_with(host));
            match ground.grade {
                Grade::Documented => assert!(from_aws, "{cause}: {}", ground.source),
                Grade::Seen => assert!(!from_aws, "{cause}: {}", ground.source),
                Grade::Unverified => {}
            }
            assert!(!ground.source.contains(' ') || !ground.source.starts_with("https"), "{cause}: {}", ground.source);
        }
        assert!(
            grounds.iter().any(|ground| ground.grade != Grade::Unverified && ground.source.starts_with("https://")),
            "{cause} rests on nothing that a reader can follow"
        );
    }
}

#[test]
fn snippets_fit_the_page() {
    for cause in Cause::ALL {
        let page = cause.page();
        for code in [page.confirm.command, page.cloudformation.code, page.terraform.code] {
            for line in code.lines() {
                // `explain` sets them in by four columns of eighty.
                assert!(line.chars().count() <= 76, "{cause}: {} columns: {line}", line.chars().count());
                assert!(!line.contains('\t') && line.trim_end() == line, "{cause}: {line:?}");
            }
        }
    }
}

#[test]
fn what_a_page_refers_to_exists() {
    for cause in Cause::ALL {
        for (field, text) in texts(*cause) {
            for see in text.split("see ").skip(1).chain(text.split("as under ").skip(1)) {
                let id = see.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or("");
                if id.contains('-') {
                    assert!(id.parse::<Cause>().is_ok(), "{cause}: {field} refers to {id}");
                }
            }
        }
    }
}

/// What the fact sheet says of the wire, by section, for every cause whose verdict is routing.
const FACTS: &[(Cause, &[&str])] = &[
    // A0
    (Cause::ApiUnknown, &["does not resolve", "403 Forbidden"]),
    // A4
    (Cause::EndpointDisabled, &["403", "Forbidden", "ForbiddenException"]),
    (Cause::DomainUnmapped, &["403", "Forbidden", "ForbiddenException"]),
    // B22
    (Cause::BasePathMissing, &["403", "Forbidden", "(none)", "Missing Authentication Token"]),
    (Cause::DomainWrongStage, &["403", "Missing Authentication Token"]),
    // B23
    (Cause::RoutingRule, &["403", "Missing Authentication Token"]),
    // B9
    (Cause::ReservedPath, &["API Gateway's own answer"]),
    // B19
    (Cause::PrivateEndpoint, &["does not resolve", "times out", "403 Forbidden"]),
    // A1
    (Cause::StageMissing, &["403", "Forbidden", "ForbiddenException"]),
    (Cause::StageUnknown, &["403", "Forbidden", "ForbiddenException"]),
    // A0
    (Cause::StageInDomainPath, &["403", "Missing Authentication Token"]),
    (Cause::StageRepeated, &["403", "Missing Authentication Token"]),
    (Cause::RootWithoutMethod, &["403", "Missing Authentication Token"]),
    (Cause::ProxyParent, &["403", "Missing Authentication Token"]),
    (Cause::PathCase, &["403", "Missing Authentication Token"]),
    (Cause::PathUnknown, &["403", "Missing Authentication Token"]),
    (Cause::PathEncoding, &["403", "Missing Authentication Token"]),
    (Cause::MethodMismatch, &["403", "Missing Authentication Token", "no 405"]),
    (Cause::MethodOverride, &["403", "Missing Authentication Token"]),
    (Cause::NotDeployed, &["403", "Missing Authentication Token"]),
    (Cause::OtherStage, &["403", "Missing Authentication Token"]),
    (Cause::Removed, &["403", "Missing Authentication Token"]),
    // H, consequence 2
    (Cause::Shadowed, &["200"]),
    // B12
    (Cause::CanarySplit, &["403", "Missing Authentication Token", "share"]),
    // B26
    (Cause::Propagating, &["403", "Missing Authentication Token"]),
    (Cause::Unexplained, &["no rule"]),
];

#[test]
fn the_wire_of_each_routing_cause_is_what_the_facts_say() {
    for &cause in Cause::ALL.iter().filter(|cause| cause.about().verdict == Verdict::Routing) {
        let facts = FACTS.iter().filter(|(of, _)| *of == cause).collect::<Vec<_>>();
        let [(_, words)] = facts[..] else { panic!("{cause} stands {} times in the table of facts", facts.len()) };
        for word in *words {
            assert!(cause.about().wire.contains(word), "{cause}: `{word}` in {}", cause.about().wire);
        }
        // The long form agrees with the short one.
        let answers = cause.page().answers;
        for (error_type, message) in [
            ("MissingAuthenticationTokenException", "Missing Authentication Token"),
            ("ForbiddenException", "Forbidden"),
        ] {
            let body = format!("{{\"message\":\"{message}\"}}");
            let told = |answer: &Answer| {
                answer.status == Some(403) && answer.error_type == Some(error_type) && answer.body == body
            };
            assert_eq!(
                answers.iter().any(|answer| answer.body == body),
                answers.iter().any(told),
                "{cause}: {message} without {error_type}"
            );
            assert!(answers.iter().any(told) || !words.contains(&message), "{cause} has no answer of 403 {message}");
        }
    }
}

/// What the diagnosis reads in an answer of a page.
fn read(answer: &Answer) -> Symptom {
    let headers = answer.error_type.map(|kind| ("x-amzn-errortype".to_owned(), kind.to_owned()));
    Symptom::read(
        &Observation::saved(Response {
            status: answer.status.unwrap_or_default(),
            headers: headers.into_iter().collect(),
            body: answer.body.to_owned(),
            truncated: false,
        }),
        &[],
        false,
    )
}

#[test]
fn the_diagnosis_reads_each_answer_of_the_pages_as_what_it_is() {
    for &cause in Cause::ALL {
        for answer in cause.page().answers.iter().filter(|answer| answer.status.is_some()) {
            let says = |word: &str| answer.body.contains(word);
            let expected = match (answer.error_type, answer.status.unwrap_or_default()) {
                (Some("MissingAuthenticationTokenException"), 403) => Symptom::MissingAuthenticationToken,
                (Some("IncompleteSignatureException"), 403) => Symptom::IncompleteSignature,
                (Some("InvalidSignatureException"), 403) => Symptom::InvalidSignature,
                (Some("ExpiredTokenException"), 403) => Symptom::ExpiredToken,
                (Some("ForbiddenException"), 403) => Symptom::Forbidden,
                (Some("AccessDeniedException"), 403) => Symptom::AccessDenied,
                (Some("UnauthorizedException"), 401) => Symptom::Unauthorized,
                (Some("AuthorizerConfigurationException"), 500) => Symptom::AuthorizerConfigurationError,
                (Some("AuthorizerFailureException"), 500) => Symptom::AuthorizerFailure,
                (Some("TooManyRequestsException"), 429) => Symptom::Throttled,
                (Some("LimitExceededException"), 429) => Symptom::QuotaExceeded,
                (Some("BadRequestException"), 415) => Symptom::UnsupportedMediaType,
                (Some("BadRequestException"), 400) if says("parameters") => Symptom::BadRequestParameters,
                (Some("BadRequestException"), 400) => Symptom::BadRequestBody,
                (Some("InternalServerErrorException"), 504) if says("timed out") => Symptom::IntegrationTimeout,
                (Some("InternalServerErrorException"), 502 | 504) => Symptom::IntegrationFailure,
                (Some("InternalServerErrorException"), 500) => Symptom::InternalServerError,
                (None, 403) if says("Missing Authentication Token") => Symptom::MissingAuthenticationToken,
                (None, 403) if says("cloudfront") => Symptom::CdnRefused,
                (None, 413) => Symptom::RequestTooLarge,
                (None, 200 | 404) => Symptom::Answered,
                other => panic!("{cause}: {other:?} stands in no table of the facts"),
            };
            assert_eq!(read(answer), expected, "{cause}: {answer:?}");
        }
    }
}
