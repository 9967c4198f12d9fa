//! Routes, stages and deployments.

use super::fact;
use crate::prove::Credentials::{Junk, Own};
use crate::prove::Role::{Checks, Trees};
use crate::prove::fact::{ANY, DENIED, FORBIDDEN, Fact, INCOMPLETE, OK, Question, TOKEN, ask, get, status};

const NO_ROUTE: &str = "no method was reached";
const REACHED: &str = "the method was reached";

pub(super) fn facts() -> Vec<Fact> {
    [paths(), answers(), verbs(), stages(), deployments(), authorization_headers(), spelling()].concat()
}

fn paths() -> Vec<Fact> {
    vec![
        fact(
            "A0.path",
            "",
            "What does a path answer that the stage's deployment lacks?",
            vec![get(Trees, "full/nowhere").taken(TOKEN, NO_ROUTE).cause(&["path-unknown"])],
        ),
        fact(
            "A0.root",
            "",
            "What does the stage root answer where / has no method?",
            vec![
                get(Trees, "full/").taken(TOKEN, NO_ROUTE).cause(&["root-without-method"]),
                get(Trees, "full").taken(TOKEN, NO_ROUTE).cause(&["root-without-method"]),
            ],
        ),
        fact(
            "A0.stage-root",
            "open 5, verified 3",
            "Does the stage root without its slash reach GET / as with it?",
            vec![
                get(Checks, "plain/").taken(OK, REACHED).other(TOKEN, NO_ROUTE).cause(&["healthy"]),
                get(Checks, "plain")
                    .taken(OK, "the slash does not count")
                    .other(TOKEN, "the slash counts: Gateprobe must not leave it away")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "A0.proxy-parent",
            "",
            "Does a greedy resource match its own parent?",
            vec![
                get(Trees, "full/files").taken(TOKEN, "it does not").other(OK, "it does").cause(&["proxy-parent"]),
                get(Trees, "full/files/")
                    .taken(TOKEN, "nor with a slash")
                    .other(OK, "with a slash it does")
                    .cause(&["proxy-parent"]),
            ],
        ),
        fact(
            "A0.slash",
            "",
            "Does a trailing slash count?",
            vec![
                get(Trees, "full/open/").taken(OK, "it does not").other(TOKEN, "it does").cause(&["healthy"]),
                get(Trees, "full/users/7/")
                    .taken(OK.door("GET /users/{id}"), "nor behind a parameter")
                    .other(TOKEN, "it does")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "B1.pairs",
            "",
            "Does a resource that lacks the verb yield to another one that has it?",
            vec![
                get(Trees, "full/users/me")
                    .taken(OK.door("GET /users/{id}"), "the literal yields to the parameter")
                    .other(TOKEN, "the resource is found first, and then the verb is missed")
                    .cause(&["healthy"]),
                get(Trees, "full/mixed/jobs")
                    .taken(OK.door("ANY /mixed/{proxy+}"), "the literal yields to the greedy one")
                    .other(TOKEN, "the resource is found first, and then the verb is missed")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "B1.backtracking",
            "",
            "Does the search come back from a literal branch that ends in nothing?",
            vec![
                get(Trees, "full/deep/part1/fixed")
                    .taken(OK.door("GET /deep/part1/fixed"), "the literal goes first")
                    .cause(&["healthy"]),
                get(Trees, "full/deep/part1/random")
                    .taken(OK.door("GET /deep/{rest+}"), "it comes back")
                    .other(TOKEN, "it does not")
                    .cause(&["healthy"]),
            ],
        ),
    ]
}

fn answers() -> Vec<Fact> {
    vec![
        fact(
            "B7.characters",
            "",
            "Do the characters . - _ : stand for themselves in a resource's path?",
            vec![get(Trees, "full/a.b-c_d:e").taken(OK, "they do").other(TOKEN, "they do not").cause(&["healthy"])],
        ),
        fact(
            "B9.ping",
            "",
            "Is /ping API Gateway's own on the default endpoint too?",
            vec![get(Trees, "full/ping").taken(TOKEN, "it is not").other(OK, "it is").cause(&["path-unknown"])],
        ),
        fact(
            "A5.headers",
            "",
            "Which headers has an answer of a mock?",
            vec![
                get(Trees, "full/open")
                    .taken(OK.header("x-amzn-requestid", "adopted"), "the request's own id is adopted")
                    .other(
                        OK.header("x-amzn-requestid", "its own"),
                        "the endpoint gives an id of its own: access logs cannot be searched for the probe's",
                    )
                    .other(OK, "there is no x-amzn-RequestId")
                    .cause(&["healthy"]),
                get(Trees, "full/open")
                    .taken(OK.header("x-amz-apigw-id", "there"), "x-amz-apigw-id is there")
                    .other(OK, "x-amz-apigw-id is missing")
                    .cause(&["healthy"]),
                get(Trees, "full/nowhere")
                    .taken(TOKEN.without("x-amzn-trace-id"), "a refusal has no X-Amzn-Trace-Id")
                    .other(TOKEN, "a refusal has X-Amzn-Trace-Id"),
            ],
        ),
        fact(
            "A0.long",
            "",
            "What does a URL of more than 10,240 characters answer?",
            vec![
                get(Trees, "full/open?q={11000}")
                    .taken(status(&[400, 413, 414]), "it is refused as too long")
                    .other(OK, "it is taken")
                    .other(TOKEN, NO_ROUTE),
            ],
        ),
        fact(
            "A2.headers-too-long",
            "",
            "What do headers of more than 10,240 bytes answer?",
            vec![
                get(Trees, "full/open")
                    .with("x-long", "{11000}")
                    .taken(status(&[400, 413, 431]), "they are refused as too long")
                    .other(OK, "they are taken"),
            ],
        ),
    ]
}

fn verbs() -> Vec<Fact> {
    vec![
        fact(
            "A0.verb",
            "",
            "What does a verb answer that no method of the path has?",
            vec![
                ask(Trees, "POST", "full/open")
                    .taken(TOKEN, NO_ROUTE)
                    .other(status(&[405]), "it has a word of its own")
                    .cause(&["method-mismatch"]),
            ],
        ),
        fact(
            "A0.head",
            "open 8",
            "Is HEAD implied by GET?",
            vec![
                ask(Trees, "HEAD", "full/open")
                    .taken(TOKEN, "it is not")
                    .other(OK, "it is")
                    .cause(&["method-mismatch"]),
            ],
        ),
        fact(
            "A0.options",
            "",
            "Is OPTIONS answered where there is no method of it?",
            vec![
                ask(Trees, "OPTIONS", "full/open")
                    .taken(TOKEN, "it is not")
                    .other(OK, "it is")
                    .cause(&["method-mismatch"]),
            ],
        ),
        fact(
            "B3.any",
            "",
            "Does a verb of its own go before ANY, and does ANY take the others?",
            vec![
                get(Trees, "full/any")
                    .taken(OK.door("GET /any"), "the verb goes before ANY")
                    .other(OK.door("ANY /any"), "ANY goes first")
                    .cause(&["healthy"]),
                ask(Trees, "HEAD", "full/any")
                    .taken(OK, "ANY takes HEAD")
                    .other(TOKEN, "it does not")
                    .cause(&["healthy"]),
                ask(Trees, "OPTIONS", "full/any")
                    .taken(OK.door("ANY /any"), "ANY takes OPTIONS")
                    .other(TOKEN, "it does not")
                    .cause(&["healthy"]),
                ask(Trees, "POST", "full/any")
                    .taken(OK.door("ANY /any"), "ANY takes POST")
                    .other(TOKEN, "it does not")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "A0.override",
            "verified 8",
            "Does X-HTTP-Method-Override route by the overriding verb?",
            vec![
                get(Trees, "full/over")
                    .with("X-HTTP-Method-Override", "POST")
                    .taken(OK.door("POST /over"), "it does")
                    .other(OK.door("GET /over"), "it does not: the cause method-override never applies"),
                get(Trees, "full/open")
                    .with("X-HTTP-Method-Override", "DELETE")
                    .taken(TOKEN, "a verb without a method answers the token message")
                    .other(OK, "it does not count")
                    .cause(&["method-override"]),
            ],
        ),
    ]
}

fn stages() -> Vec<Fact> {
    vec![
        fact(
            "A1.stage-missing",
            "open 9",
            "What does a URL without a stage answer?",
            vec![
                get(Trees, "/")
                    .taken(FORBIDDEN, "Forbidden")
                    .taken(TOKEN, "the token message, as blogs say")
                    .cause(&["stage-missing"]),
                get(Trees, "/open")
                    .taken(FORBIDDEN, "Forbidden")
                    .taken(TOKEN, "the token message, as blogs say")
                    .cause(&["stage-missing"]),
            ],
        ),
        fact(
            "A1.stage-unknown",
            "open 9",
            "What does a stage answer that does not exist?",
            vec![
                get(Trees, "nope/open")
                    .taken(FORBIDDEN, "Forbidden")
                    .taken(TOKEN, "the token message, as blogs say")
                    .cause(&["stage-unknown"]),
                get(Trees, "nope")
                    .taken(FORBIDDEN, "Forbidden")
                    .taken(TOKEN, "the token message, as blogs say")
                    .cause(&["stage-unknown"]),
            ],
        ),
        fact(
            "A1.stage-custom",
            "",
            "Is Forbidden for a stage that does not exist an answer that the API can customise?",
            vec![
                get(Checks, "nope/open")
                    .taken(FORBIDDEN.without("x-gateprobe-response"), "it is not: no stage, no API's words")
                    .other(ANY.header("x-gateprobe-response", ""), "it is, by the response that the header names")
                    .cause(&["stage-unknown"]),
            ],
        ),
        fact(
            "A0.stage-case",
            "open 8",
            "Does upper and lower case count in a stage's name?",
            vec![
                get(Trees, "FULL/open").taken(FORBIDDEN, "it does").other(OK, "it does not").cause(&["stage-unknown"]),
            ],
        ),
        fact(
            "A0.stage-repeated",
            "",
            "What does a stage answer that stands twice in the URL?",
            vec![get(Trees, "full/full/open").taken(TOKEN, NO_ROUTE).cause(&["stage-repeated"])],
        ),
    ]
}

fn deployments() -> Vec<Fact> {
    vec![
        fact(
            "A0.not-deployed",
            "",
            "Is a method reached that is in the editor alone?",
            vec![get(Trees, "full/draft").taken(TOKEN, "it is not").other(OK, "it is").cause(&["not-deployed"])],
        ),
        fact(
            "A0.other-stage",
            "",
            "Does each stage serve its own deployment?",
            vec![
                get(Trees, "full/late").taken(OK, REACHED).cause(&["healthy"]),
                get(Trees, "early/late").taken(TOKEN, "it does").other(OK, "it does not").cause(&["other-stage"]),
            ],
        ),
        fact(
            "H.shadowed",
            "",
            "Does a greedy sibling answer for a method that is not in the stage's deployment?",
            vec![
                get(Trees, "full/shadow/own").taken(OK.door("GET /shadow/own"), REACHED).cause(&["healthy"]),
                get(Trees, "early/shadow/own")
                    .taken(OK.door("GET /shadow/{proxy+}"), "it does: nothing of the answer shows it")
                    .other(OK.door("GET /shadow/own"), "the method is reached all the same")
                    .cause(&["shadowed"]),
            ],
        ),
        fact(
            "B12.canary",
            "",
            "Do a stage's two deployments answer in turn, by chance?",
            vec![
                get(Trees, "canary/late")
                    .times(24)
                    .taken(OK, "the canary answers")
                    .taken(TOKEN, "the stage's own deployment answers")
                    .cause(&["canary-split"]),
            ],
        ),
        Fact {
            id: "C1.export",
            settles: "verified 16",
            question: "Does the export name every validator with what it checks?",
            by: Question::Told(Checks, super::others::exported),
        },
    ]
}

fn authorization_headers() -> Vec<Fact> {
    const SIGNATURE: &str = "the Authorization header is looked at first, as a signature";
    vec![
        fact(
            "A3.bearer",
            "",
            "What does an unmatched route answer to an Authorization header that is no SigV4?",
            vec![
                get(Trees, "full/nowhere")
                    .with("Authorization", "Bearer proving")
                    .taken(INCOMPLETE, SIGNATURE)
                    .other(TOKEN, "as without it")
                    .cause(&["path-unknown"]),
                get(Trees, "full/nowhere")
                    .with("Authorization", "Basic cHJvdmluZzpncm91bmQ=")
                    .taken(INCOMPLETE, SIGNATURE)
                    .other(TOKEN, "as without it")
                    .cause(&["path-unknown"]),
                ask(Trees, "POST", "full/open")
                    .with("Authorization", "Bearer proving")
                    .taken(INCOMPLETE, SIGNATURE)
                    .other(TOKEN, "as without it")
                    .cause(&["method-mismatch"]),
            ],
        ),
        fact(
            "A3.bearer-stage",
            "",
            "And a stage that does not exist?",
            vec![
                get(Trees, "nope/open")
                    .with("Authorization", "Bearer proving")
                    .taken(FORBIDDEN, "Forbidden, as without it")
                    .taken(INCOMPLETE, SIGNATURE)
                    .cause(&["stage-unknown"]),
            ],
        ),
        fact(
            "A3.bearer-open",
            "",
            "And a method that anybody may call?",
            vec![
                get(Trees, "full/open")
                    .with("Authorization", "Bearer proving")
                    .taken(OK, "the header does not matter")
                    .other(INCOMPLETE, SIGNATURE)
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "A3.junk",
            "verified 12",
            "Is a signature of nobody's refused before any routing?",
            vec![
                get(Trees, "full/nowhere")
                    .signed(Junk)
                    .taken(TOKEN, "it is not: the route is missed first")
                    .taken(status(&[404]), "it is not: the route is missed first, in words of its own")
                    .taken(status(&[403]), "it is: such a refusal proves no route"),
                get(Trees, "full/open")
                    .signed(Junk)
                    .taken(OK, "where nobody asks for a signature it does not matter")
                    .other(status(&[403]), "it is refused where nobody asks for one"),
                get(Checks, "plain/iam/7")
                    .signed(Junk)
                    .taken(status(&[403]), "it is refused where one is asked for")
                    .other(OK, "it is taken: nobody checks it"),
            ],
        ),
        fact(
            "O1.signed",
            "open 1, verified 1",
            "What does an unmatched route answer to a valid signature?",
            vec![
                get(Trees, "full/nowhere")
                    .signed(Own)
                    .taken(TOKEN, "the token message, although the request is signed")
                    .taken(status(&[404]), "a 404 of its own: RESOURCE_NOT_FOUND")
                    .taken(DENIED, "the identity is refused first")
                    .cause(&["path-unknown"]),
                get(Checks, "worded/nowhere")
                    .signed(Own)
                    .taken(
                        ANY.header("x-gateprobe-response", "MISSING_AUTHENTICATION_TOKEN"),
                        "it is the response MISSING_AUTHENTICATION_TOKEN",
                    )
                    .taken(
                        ANY.header("x-gateprobe-response", "RESOURCE_NOT_FOUND"),
                        "it is the response RESOURCE_NOT_FOUND",
                    )
                    .other(ANY.header("x-gateprobe-response", ""), "it is the response that the header names")
                    .other(ANY, "it cannot be customised")
                    .cause(&["path-unknown"]),
            ],
        ),
    ]
}

fn spelling() -> Vec<Fact> {
    const AS_WRITTEN: &str = "the path counts as it is written";
    vec![
        fact(
            "A0.case",
            "open 8",
            "Does upper and lower case count in a path?",
            vec![get(Trees, "full/Open").taken(TOKEN, "it does").other(OK, "it does not").cause(&["path-case"])],
        ),
        fact(
            "B5.slash-in-value",
            "open 8",
            "Is %2F a part of a path parameter's value?",
            vec![
                get(Trees, "full/users/a%2Fb")
                    .taken(OK.door("GET /users/{id}"), "it is")
                    .other(OK.door("GET /users/{id}/{part}"), "it is decoded before routing")
                    .other(TOKEN, "it matches nothing"),
                get(Trees, "full/users/a%2fb")
                    .taken(OK.door("GET /users/{id}"), "it is")
                    .other(OK.door("GET /users/{id}/{part}"), "it is decoded before routing")
                    .other(TOKEN, "it matches nothing"),
            ],
        ),
        fact(
            "B5.value",
            "",
            "Does an escaped value fill a path parameter?",
            vec![
                get(Trees, "full/users/a%20b")
                    .taken(OK.door("GET /users/{id}"), "it does")
                    .other(TOKEN, "it does not")
                    .cause(&["healthy"]),
                get(Trees, "full/users/%7Bid%7D")
                    .taken(OK.door("GET /users/{id}"), "it does")
                    .other(TOKEN, "it does not")
                    .cause(&["healthy"]),
            ],
        ),
        fact(
            "B5.literal",
            "open 8",
            "Does an escaped literal match?",
            vec![
                get(Trees, "full/%6Fpen").taken(TOKEN, AS_WRITTEN).taken(OK, "it is decoded before routing"),
                get(Trees, "full/a.b-c_d%3Ae").taken(TOKEN, AS_WRITTEN).taken(OK, "it is decoded before routing"),
            ],
        ),
        fact(
            "B6.double-slash",
            "open 8",
            "Does a doubled slash count?",
            vec![
                get(Trees, "full//open").taken(TOKEN, "it does").taken(OK, "it does not"),
                get(Trees, "full/open//").taken(TOKEN, "it does").taken(OK, "it does not"),
                get(Trees, "full/users//7")
                    .taken(TOKEN, "it does")
                    .taken(OK.door("GET /users/{id}"), "it does not")
                    .taken(OK.door("GET /users/{id}/{part}"), "an empty value fills a parameter"),
            ],
        ),
    ]
}
