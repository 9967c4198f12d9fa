//! What the proving ground cannot ask, each with its reason: nothing is left out in silence.

use super::unasked;
use crate::prove::Fact;

const NO_ANSWER: &str = "no answer of an endpoint shows it";
const LATER: &str = "one deployment of a stack cannot take a method away again";
const COSTS: &str = "it takes something that costs money by the hour";

pub(super) fn facts() -> Vec<Fact> {
    vec![
        unasked(
            "A0.api-unknown",
            "verified 9",
            "Does an API id that does not exist resolve, in this region or another?",
            "it would ask a host that is none of the proving ground's",
        ),
        unasked("A0.vpc", "", "What is answered within a VPC with private DNS?", COSTS),
        unasked(
            "A0.removed",
            "verified 7",
            "What does a method answer that an earlier deployment had, and which stages did that serve?",
            LATER,
        ),
        unasked("B26.propagation", "verified 5", "How long does a deployment take to spread?", LATER),
        unasked(
            "A2.expired",
            "",
            "What do an expired token and an old signature answer?",
            "it needs credentials that have expired",
        ),
        unasked("A2.waf", "", "What does a web ACL answer, and before what?", COSTS),
        unasked("A2.cognito", "", "What does a Cognito authorizer answer?", "it needs a user pool"),
        unasked(
            "A2.503",
            "open 7",
            "When is it 503 Service Unavailable?",
            "it needs a VPC link, or a gateway under load",
        ),
        unasked(
            "A4.strict",
            "open 4",
            "What does endpointAccessMode STRICT answer to a wrong name or kind of endpoint?",
            "it needs a custom domain with a security policy of its own, which the template does not make",
        ),
        unasked(
            "A4.mutual-tls",
            "open 9",
            "What does a custom domain with mutual TLS answer without a certificate?",
            "it needs a trust store in S3",
        ),
        unasked(
            "A6.in-front",
            "verified 11",
            "Which of several refusals is it, where one text stands for all and the error type is taken off?",
            "it needs a proxy in front of the API; A2.which tells the responses apart",
        ),
        unasked("B24.private-domain", "", "How do private APIs and domains answer?", COSTS),
        unasked("B27.cache", "", "Does a cache hide a dead backend?", COSTS),
        unasked(
            "C1.authorization",
            "verified 6",
            "Does the API summary tell authorizationType?",
            "the inventory completes it from the editor and does not keep from where it was",
        ),
        unasked("C4.jwt", "", "What does a JWT authorizer answer?", "it needs an issuer of tokens"),
        unasked("C4.websocket", "", "What do WebSocket APIs answer?", "Gateprobe does not probe them"),
        unasked("C4.verbs", "", "Do HTTP APIs take verbs beside the seven?", "such a verb may change something"),
        unasked("A7.logs", "", "What is written to execution and access logs, and what to metrics?", NO_ANSWER),
        unasked("D.prices", "open 10", "Which prices and limits have changed?", NO_ANSWER),
        unasked(
            "E.memory",
            "verified 17",
            "Do DynamoDB's conditional writes and the policy's leading keys hold?",
            NO_ANSWER,
        ),
        unasked("E.sns", "verified 18", "Does SNS take a message once where it says yes?", NO_ANSWER),
    ]
}
