//! HTTP APIs. Their routes lead to a mock of the proving ground's REST API, which says which route it was.

use super::fact;
use crate::gateway::{TreeSource, Verb};
use crate::prove::Ground;
use crate::prove::Role::{Http, HttpClosed, HttpNamed};
use crate::prove::fact::{ANY, Ask, FORBIDDEN, Fact, NOT_FOUND, OK, Question, ask, get, status};

const NO_ROUTE: &str = "no route was reached";

pub(super) fn facts() -> Vec<Fact> {
    [routes(), refusals()].concat()
}

fn routes() -> Vec<Fact> {
    vec![
        fact(
            "C4.path",
            "",
            "What does a path answer that no route has?",
            vec![
                get(Http, "/nowhere")
                    .taken(
                        NOT_FOUND.header("apigw-requestid", "there"),
                        "404 Not Found, with apigw-requestid and no error type",
                    )
                    .other(NOT_FOUND, "404 Not Found without apigw-requestid")
                    .cause(&["path-unknown"]),
                get(Http, "/open").taken(OK.door("Open"), "the stage $default has no segment").cause(&["healthy"]),
            ],
        ),
        fact(
            "C4.verb",
            "",
            "What does a verb answer that no route of the path has, HEAD and OPTIONS among them?",
            vec![
                ask(Http, "HEAD", "/open")
                    .taken(status(&[404]), "HEAD is not implied by GET")
                    .other(OK, "HEAD is implied by GET")
                    .cause(&["method-mismatch"]),
                ask(Http, "OPTIONS", "/open")
                    .taken(status(&[404]), NO_ROUTE)
                    .other(OK, "it is answered all the same")
                    .other(status(&[204]), "it is answered all the same")
                    .cause(&["method-mismatch"]),
            ],
        ),
        fact(
            "C4.full-before-greedy",
            "",
            "Does a full match go before a greedy one that has more literals?",
            vec![
                get(Http, "/a/b")
                    .taken(OK.door("Full"), "it does")
                    .other(OK.door("Greedy"), "it does not")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "C4.parameter",
            "",
            "Does a literal without the verb yield to a parameter?",
            vec![
                get(Http, "/items/me")
                    .taken(OK.door("Item"), "it does")
                    .other(NOT_FOUND, "it does not")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "C4.any",
            "",
            "Does a verb of its own go before ANY, and does ANY take the others?",
            vec![
                get(Http, "/verbs")
                    .taken(OK.door("Get"), "the verb goes before ANY")
                    .other(OK.door("Any"), "ANY goes first")
                    .cause(&["healthy"]),
                ask(Http, "OPTIONS", "/verbs")
                    .taken(OK, "ANY takes OPTIONS")
                    .other(status(&[404]), "it does not")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "C4.greedy-parent",
            "",
            "Does a greedy route match its own parent?",
            vec![get(Http, "/a").taken(NOT_FOUND, "it does not").other(OK, "it does").cause(&["proxy-parent"])],
        ),
    ]
}

fn refusals() -> Vec<Fact> {
    vec![
        fact(
            "C4.spelling",
            "",
            "Do a trailing slash, a doubled one and the case count?",
            vec![
                get(Http, "/open/")
                    .taken(OK, "a trailing slash does not")
                    .other(NOT_FOUND, "a trailing slash does")
                    .cause(&["healthy"]),
                get(Http, "//open").taken(NOT_FOUND, "a doubled slash does").taken(OK, "a doubled slash does not"),
                get(Http, "/Open")
                    .taken(NOT_FOUND, "the case does")
                    .other(OK, "the case does not")
                    .cause(&["path-case"]),
            ],
        ),
        fact(
            "C4.default-by-name",
            "",
            "Is /$default a URL of the stage $default?",
            vec![
                get(Http, "/$default/open").taken(NOT_FOUND, "it is not").other(OK, "it is").cause(&["stage-repeated"]),
            ],
        ),
        fact(
            "C4.override",
            "",
            "Does X-HTTP-Method-Override count?",
            vec![
                get(Http, "/open")
                    .with("X-HTTP-Method-Override", "OPTIONS")
                    .taken(OK.door("Open"), "it does not")
                    .other(NOT_FOUND, "it does")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "C4.iam",
            "",
            "What does an AWS_IAM route answer to an unsigned request, and to a wrong signature?",
            vec![
                get(Http, "/iam")
                    .taken(status(&[403]).error("").message("Forbidden"), "403 Forbidden, without an error type")
                    .other(FORBIDDEN, "403 Forbidden, with an error type")
                    .other(OK, "nobody asks")
                    .cause(&["iam-unsigned"]),
                get(Http, "/iam")
                    .signed(crate::prove::Credentials::Junk)
                    .taken(status(&[403]), "403")
                    .other(OK, "nobody checks it"),
            ],
        ),
        fact(
            "C4.stage",
            "",
            "What do a stage answer that does not exist, and none, where there is no $default?",
            vec![
                get(HttpNamed, "frozen/open")
                    .taken(OK.door("Open"), "the stage is the first segment")
                    .cause(&["healthy"]),
                get(HttpNamed, "nope/open").taken(NOT_FOUND, "404 Not Found").cause(&["stage-unknown"]),
                get(HttpNamed, "/open").taken(NOT_FOUND, "404 Not Found").cause(&["stage-missing"]),
            ],
        ),
        fact(
            "C4.frozen",
            "",
            "Is a route reached that came after the stage's deployment?",
            vec![reached_draft().cause(&["not-deployed"])],
        ),
        Fact {
            id: "C4.export",
            settles: "",
            question: "Does ExportApi with stageName give the stage's snapshot?",
            by: Question::Told(HttpNamed, exported),
        },
        fact(
            "C4.disabled",
            "",
            "What does a disabled default endpoint answer?",
            vec![
                get(HttpClosed, "/proving-ground")
                    .taken(NOT_FOUND, "404 Not Found")
                    .other(FORBIDDEN, "403 Forbidden")
                    .other(OK, "it is not disabled")
                    .cause(&["endpoint-disabled"]),
            ],
        ),
    ]
}

fn reached_draft() -> Ask {
    get(HttpNamed, "frozen/draft").taken(NOT_FOUND, "it is not").other(OK, "it is").other(ANY, "another answer")
}

/// What the export of a stage tells whose API has one route more.
fn exported(ground: &Ground<'_>) -> Option<(String, bool)> {
    let api = ground.api(HttpNamed)?;
    let deployment = api.deployment_of(api.stage("frozen")?)?;
    if deployment.source != TreeSource::Export {
        return None;
    }
    Some(match deployment.tree.method("/draft", Verb::Get) {
        None => ("it does".to_owned(), true),
        Some(_) => ("it gives the routes as they are: deployments of HTTP APIs cannot be told".to_owned(), false),
    })
}
