//! What is checked before an integration, integrations that fail, and in whose words that is said.

use super::fact;
use crate::prove::Credentials::Own;
use crate::prove::Role::Checks;
use crate::prove::fact::{ANY, Ask, DENIED, FORBIDDEN, Fact, INCOMPLETE, Like, OK, TOKEN, ask, get, status};

/// The values of the template's API keys.
const OPEN_KEY: &str = "gateprobeprovinggroundopen";
const SPENT_KEY: &str = "gateprobeprovinggroundspent";

const REACHED: &str = "the method was reached";
const ASKED: &str = "the Lambda function is asked";
const UNAUTHORIZED: Like = status(&[401]).error("UnauthorizedException").message("Unauthorized");
const BAD: Like = status(&[400]).error("BadRequestException");
const UNSUPPORTED: Like = status(&[415]).error("BadRequestException");

pub(super) fn facts() -> Vec<Fact> {
    [identity(), keys(), requests(), authorizers(), authorizer_answers(), words(), which_response(), integrations()]
        .concat()
}

fn identity() -> Vec<Fact> {
    vec![
        fact(
            "A0.iam",
            "",
            "What does an AWS_IAM method answer to an unsigned request?",
            vec![
                get(Checks, "plain/iam/7")
                    .taken(TOKEN, "as a missing route")
                    .other(OK, "nobody asks")
                    .cause(&["iam-unsigned"]),
                get(Checks, "plain/iam/7")
                    .with("Authorization", "Bearer proving")
                    .taken(INCOMPLETE, "the header is no SigV4")
                    .other(OK, "nobody asks"),
                get(Checks, "plain/iam/7")
                    .signed(Own)
                    .taken(OK, REACHED)
                    .taken(DENIED, "the identity may not call it: the route is proved all the same"),
            ],
        ),
        fact(
            "A0.long-arn",
            "",
            "What does a method with AWS_IAM answer whose resolved ARN is longer than 1,600 bytes?",
            vec![
                get(Checks, "plain/iam/{1700}")
                    .signed(Own)
                    .taken(status(&[414]), "Request URI too long")
                    .other(OK, "it is taken")
                    .other(TOKEN, "as a missing route"),
            ],
        ),
    ]
}

fn keys() -> Vec<Fact> {
    vec![
        fact(
            "A2.key",
            "",
            "What does a method answer to a missing, a wrong and a right API key?",
            vec![
                get(Checks, "plain/key")
                    .taken(FORBIDDEN.message("Forbidden"), "Forbidden")
                    .other(FORBIDDEN, "other words")
                    .cause(&["api-key"]),
                get(Checks, "plain/key")
                    .with("x-api-key", "nobodyskeyofnobodysplan")
                    .taken(FORBIDDEN.message("Forbidden"), "Forbidden, as without one")
                    .other(FORBIDDEN, "other words")
                    .cause(&["api-key"]),
                get(Checks, "plain/key").with("x-api-key", OPEN_KEY).taken(OK, REACHED).cause(&["healthy"]),
            ],
        ),
        fact(
            "B18.key-and-route",
            "",
            "Is a missing route told before a missing key?",
            vec![
                get(Checks, "plain/nowhere")
                    .with("x-api-key", "nobodyskeyofnobodysplan")
                    .taken(TOKEN, "it is")
                    .other(FORBIDDEN, "it is not")
                    .cause(&["path-unknown"]),
            ],
        ),
        fact(
            "A2.quota",
            "",
            "What does a key answer whose quota is used up?",
            vec![
                get(Checks, "plain/key")
                    .with("x-api-key", SPENT_KEY)
                    .times(8)
                    .maybe(OK, "the quota's one request is answered")
                    .taken(status(&[429]).error("LimitExceededException"), "Limit Exceeded")
                    .other(status(&[429]), "429 in other words")
                    .cause(&["quota"]),
            ],
        ),
        fact(
            "A2.throttled",
            "",
            "What does a method answer that lets nobody through?",
            vec![
                get(Checks, "plain/throttled")
                    .taken(status(&[429]).error("TooManyRequestsException"), "Too Many Requests")
                    .other(status(&[429]), "429 in other words")
                    .other(OK, "a rate of 0 is none")
                    .cause(&["throttle"]),
            ],
        ),
    ]
}

fn requests() -> Vec<Fact> {
    const TAKEN: &str = "it is taken";
    let post = |target, body| ask(Checks, "POST", target).with("content-type", "application/json").body(body);
    vec![
        fact(
            "A2.query",
            "",
            "What does a validator answer to a missing or a blank query parameter?",
            vec![
                get(Checks, "plain/query")
                    .taken(BAD.message("Missing required request parameters: [q]"), "it is named")
                    .other(BAD, "other words")
                    .cause(&["bad-probe"]),
                get(Checks, "plain/query?q=")
                    .taken(BAD, "blank counts as missing")
                    .other(OK, "blank counts as there")
                    .cause(&["bad-probe"]),
            ],
        ),
        fact(
            "B8.header-case",
            "",
            "Does a validator that wants X-Need take x-need, as HTTP/2 writes it?",
            vec![
                get(Checks, "plain/header").taken(BAD, "without one it refuses").cause(&["bad-probe"]),
                get(Checks, "plain/header")
                    .with("x-need", "1")
                    .taken(OK, "it does")
                    .other(BAD, "case counts: a required header must be sent as it is written"),
            ],
        ),
        fact(
            "B14.empty-body",
            "verified 13",
            "Is an empty body {} or nothing to a validator?",
            vec![
                post("plain/strict", "")
                    .taken(BAD, "a model that takes neither refuses it")
                    .other(OK, "an empty body is not looked at: no refusal may rest on it")
                    .cause(&["bad-probe"]),
                post("plain/loose", "").taken(OK, "it is {}, or is not looked at").taken(BAD, "it is not {}"),
                post("plain/null", "").taken(OK, "it is null, or is not looked at").taken(BAD, "it is not null"),
                post("plain/strict", "{}").taken(BAD, "{} is refused").cause(&["bad-probe"]),
                ask(Checks, "POST", "plain/strict")
                    .body("")
                    .taken(BAD, "without a content type it is refused too")
                    .other(OK, "without a content type it is not looked at"),
                ask(Checks, "POST", "plain/strict")
                    .with("content-type", "application/x-gateprobe")
                    .body("")
                    .taken(BAD, "with an unknown content type it is refused too")
                    .taken(OK, "with an unknown content type it is not looked at")
                    .taken(status(&[500]), "with an unknown content type the mock is at a loss"),
            ],
        ),
        fact(
            "A2.media-type",
            "verified 15",
            "Does NEVER refuse an unmapped content type when the body is empty?",
            vec![
                get(Checks, "plain/never")
                    .with("content-type", "application/x-gateprobe")
                    .taken(UNSUPPORTED, "it does, as BadRequestException")
                    .other(status(&[415]), "it does, with another error type")
                    .other(OK, "it does not: the kind of refusal is not to be used")
                    .cause(&["bad-probe"]),
                get(Checks, "plain/never")
                    .with("content-type", "application/json")
                    .taken(OK, TAKEN)
                    .cause(&["healthy"]),
                get(Checks, "plain/never")
                    .taken(OK, "no content type is application/json")
                    .other(status(&[415]), "no content type is refused"),
                get(Checks, "plain/templates")
                    .with("content-type", "application/x-gateprobe")
                    .taken(UNSUPPORTED, "so does WHEN_NO_TEMPLATES where there is a template")
                    .other(ANY, "WHEN_NO_TEMPLATES does not")
                    .cause(&["bad-probe"]),
            ],
        ),
        fact(
            "A2.too-large",
            "",
            "What does a body of more than ten megabytes answer?",
            vec![
                ask(Checks, "POST", "plain/loose")
                    .body("{10485761}")
                    .large()
                    .taken(status(&[413]), "413, whatever the words")
                    .other(ANY, "another answer"),
                ask(Checks, "POST", "worded/loose")
                    .body("{10485761}")
                    .large()
                    .taken(status(&[413]).without("x-gateprobe-response"), "it cannot be customised")
                    .other(ANY.header("x-gateprobe-response", ""), "it can be customised"),
            ],
        ),
    ]
}

fn authorizers() -> Vec<Fact> {
    let broken = |ask: Ask| {
        ask.taken(status(&[500]).error("AuthorizerConfigurationException"), ASKED)
            .other(status(&[500]), "the function is asked, and the error type is another")
            .other(UNAUTHORIZED, "it is refused without asking")
            .other(OK, "nobody asks")
    };
    let refused = |ask: Ask, words| {
        ask.taken(UNAUTHORIZED, words).other(status(&[500]), ASKED).other(OK, "nobody asks").cause(&["authorizer"])
    };
    vec![
        fact(
            "B16.token",
            "",
            "Does a TOKEN authorizer refuse a request without its token, and without asking the function?",
            vec![
                refused(get(Checks, "plain/token"), "it does"),
                refused(
                    get(Checks, "plain/shaped").with("Authorization", "wrong"),
                    "so it does a token of the wrong form",
                ),
            ],
        ),
        fact(
            "B16.request",
            "verified 14",
            "Is a REQUEST authorizer asked without its identity sources?",
            vec![
                refused(get(Checks, "plain/kept"), "where answers are kept it is not"),
                broken(get(Checks, "plain/asked")).cause(&["authorizer"]),
            ],
        ),
        fact(
            "A2.authorizer-broken",
            "open 6",
            "What does a method answer whose authorizer cannot be called?",
            vec![
                get(Checks, "plain/token")
                    .with("Authorization", "proving")
                    .taken(
                        status(&[500]).error("AuthorizerConfigurationException").message("null"),
                        "the message is null",
                    )
                    .taken(
                        status(&[500]).error("AuthorizerConfigurationException").message("Internal server error"),
                        "Internal server error",
                    )
                    .other(status(&[500]), "500 in other words")
                    .other(OK, "nobody asks")
                    .cause(&["authorizer"]),
            ],
        ),
        fact(
            "B15.order",
            "",
            "Is the authorizer asked before the API key?",
            vec![
                get(Checks, "plain/token-key")
                    .taken(UNAUTHORIZED, "it is")
                    .other(FORBIDDEN, "the key is asked for first")
                    .other(OK, "nobody asks"),
            ],
        ),
    ]
}

fn authorizer_answers() -> Vec<Fact> {
    let decided = |token| get(Checks, "plain/decide").with("Authorization", token);
    vec![fact(
        "A2.authorizer-answers",
        "",
        "What does a method answer by what its authorizer says?",
        vec![
            decided("allow")
                .taken(OK, REACHED)
                .unset(status(&[500]), "the stack was deployed without the parameter Function=true")
                .other(ANY, "another answer"),
            decided("deny")
                .after()
                .taken(DENIED, "a deny is AccessDeniedException")
                .other(ANY, "another answer")
                .cause(&["authorizer"]),
            decided("unauthorized")
                .after()
                .taken(UNAUTHORIZED, "the word Unauthorized is a 401")
                .other(ANY, "another answer")
                .cause(&["authorizer"]),
            decided("thrown")
                .after()
                .taken(status(&[500]).error("AuthorizerFailureException"), "a failure is AuthorizerFailureException")
                .taken(
                    status(&[500]).error("AuthorizerConfigurationException"),
                    "a failure is AuthorizerConfigurationException",
                )
                .other(ANY, "another answer")
                .cause(&["authorizer"]),
            decided("malformed")
                .after()
                .taken(status(&[500]).error("AuthorizerFailureException"), "no policy is AuthorizerFailureException")
                .taken(
                    status(&[500]).error("AuthorizerConfigurationException"),
                    "no policy is AuthorizerConfigurationException",
                )
                .other(ANY, "another answer")
                .cause(&["authorizer"]),
        ],
    )]
}

fn words() -> Vec<Fact> {
    vec![
        fact(
            "A6.status",
            "",
            "What does an API answer that says Missing Authentication Token in its own words?",
            vec![
                get(Checks, "worded/nowhere")
                    .taken(
                        status(&[404]).error("MissingAuthenticationTokenException").message("no such door"),
                        "status and body are its own, the error type stays",
                    )
                    .other(status(&[404]).error(""), "the error type is gone with the words")
                    .other(status(&[403]), "the words are API Gateway's all the same")
                    .cause(&["path-unknown"]),
                get(Checks, "worded/nowhere")
                    .taken(ANY.header("x-gateprobe-response", "MISSING_AUTHENTICATION_TOKEN"), "its header is there")
                    .other(ANY, "its header is not"),
            ],
        ),
        fact(
            "A6.when",
            "",
            "Are gateway responses captured by the deployment?",
            vec![
                get(Checks, "plain/nowhere")
                    .taken(TOKEN.without("x-gateprobe-response"), "they are")
                    .other(ANY, "they hold at once, for every stage")
                    .cause(&["path-unknown"]),
            ],
        ),
    ]
}

/// Which gateway response an answer is: each of them sets a header of its own name.
fn which_response() -> Vec<Fact> {
    let is = |ask: Ask, name: &'static str, words: &'static str| {
        ask.taken(ANY.header("x-gateprobe-response", name), words)
            .other(ANY.header("x-gateprobe-response", ""), "the header names it")
            .other(ANY, "it is none that can be customised")
    };
    let nowhere = || get(Checks, "worded/nowhere").with("Authorization", "Bearer proving");
    vec![
        fact(
            "A2.incomplete",
            "open 2",
            "Which gateway response is IncompleteSignatureException?",
            vec![
                nowhere()
                    .taken(ANY.header("x-gateprobe-response", "INVALID_SIGNATURE"), "INVALID_SIGNATURE")
                    .taken(
                        ANY.header("x-gateprobe-response", "MISSING_AUTHENTICATION_TOKEN"),
                        "MISSING_AUTHENTICATION_TOKEN",
                    )
                    .taken(ANY.header("x-gateprobe-response", "DEFAULT_4XX"), "DEFAULT_4XX")
                    .other(ANY, "none that can be customised")
                    .cause(&["path-unknown"]),
            ],
        ),
        fact(
            "A2.which",
            "",
            "Which gateway responses are the others?",
            vec![
                is(get(Checks, "worded/key"), "INVALID_API_KEY", "a missing key is INVALID_API_KEY"),
                is(get(Checks, "worded/token"), "UNAUTHORIZED", "a missing token is UNAUTHORIZED"),
                is(
                    get(Checks, "worded/token").with("Authorization", "proving"),
                    "AUTHORIZER_CONFIGURATION_ERROR",
                    "an authorizer that cannot be called is AUTHORIZER_CONFIGURATION_ERROR",
                ),
                is(
                    get(Checks, "worded/never").with("content-type", "application/x-gateprobe"),
                    "UNSUPPORTED_MEDIA_TYPE",
                    "an unmapped content type is UNSUPPORTED_MEDIA_TYPE",
                ),
                is(get(Checks, "worded/query"), "DEFAULT_4XX", "what has no entry of its own is DEFAULT_4XX"),
            ],
        ),
    ]
}

fn integrations() -> Vec<Fact> {
    const FAILED: &str = "500";
    const TIMED: &str = "504";
    let broken = |ask: Ask| {
        ask.taken(status(&[500, 502]), FAILED)
            .taken(status(&[503, 504]), TIMED)
            .other(ANY, "another answer")
            .cause(&["integration", "integration-timeout"])
    };
    let which = |target| {
        get(Checks, target)
            .taken(ANY.header("x-gateprobe-response", "INTEGRATION_FAILURE"), "INTEGRATION_FAILURE")
            .taken(ANY.header("x-gateprobe-response", "INTEGRATION_TIMEOUT"), "INTEGRATION_TIMEOUT")
            .taken(ANY.header("x-gateprobe-response", "API_CONFIGURATION_ERROR"), "API_CONFIGURATION_ERROR")
            .taken(ANY.header("x-gateprobe-response", "DEFAULT_5XX"), "DEFAULT_5XX")
            .other(ANY, "none that can be customised")
    };
    vec![
        fact(
            "A2.integration",
            "open 7",
            "What do integrations answer that fail?",
            vec![
                broken(get(Checks, "plain/broken")),
                broken(get(Checks, "plain/no-name").no_mock()),
                broken(get(Checks, "plain/no-answer").no_mock()),
                broken(get(Checks, "plain/no-variable").no_mock()),
                broken(get(Checks, "plain/no-function").no_mock()),
            ],
        ),
        fact(
            "A2.integration-which",
            "open 7",
            "Which gateway responses are they?",
            vec![
                which("worded/broken"),
                which("worded/no-name").no_mock(),
                which("worded/no-answer").no_mock(),
                which("worded/no-variable").no_mock(),
                which("worded/no-function").no_mock(),
            ],
        ),
    ]
}
