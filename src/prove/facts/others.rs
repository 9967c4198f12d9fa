//! The resource policy, the disabled endpoint, the edge-optimised API, and what the control plane tells.

use super::fact;
use crate::gateway::{Method, Passthrough, Verb};
use crate::prove::Ground;
use crate::prove::Role::{Checks, Closed, Edge, Policy};
use crate::prove::fact::{ANY, DENIED, FORBIDDEN, Fact, OK, TOKEN, get, status};

pub(super) fn facts() -> Vec<Fact> {
    vec![
        fact(
            "A2.policy",
            "",
            "What does a resource policy answer?",
            vec![
                get(Policy, "main/open").taken(OK, "what it allows is reached").cause(&["healthy"]),
                get(Policy, "main/denied/here")
                    .taken(DENIED.message("explicit deny"), "an explicit deny says so")
                    .taken(DENIED, "an explicit deny does not say so")
                    .other(OK, "nobody asks")
                    .cause(&["resource-policy"]),
                get(Policy, "main/unlisted")
                    .taken(DENIED, "what it does not name is refused")
                    .other(OK, "nobody asks")
                    .cause(&["resource-policy"]),
                get(Policy, "main/denied/here")
                    .taken(DENIED.message("Message: "), "the key is Message, with a capital")
                    .taken(DENIED, "the key is message")
                    .other(ANY, "another answer"),
            ],
        ),
        fact(
            "O3.policy-order",
            "open 3, verified 2",
            "Does a resource policy answer before routing?",
            vec![
                get(Policy, "main/denied/nowhere")
                    .taken(TOKEN, "the missing route is told first")
                    .taken(DENIED, "the policy answers first, where it denies"),
                get(Policy, "main/nowhere")
                    .taken(TOKEN, "the missing route is told first")
                    .taken(DENIED, "the policy answers first, where it does not allow"),
            ],
        ),
        fact(
            "A4.disabled",
            "open 9, verified 10",
            "What does a disabled default endpoint answer?",
            vec![
                get(Closed, "main/proving-ground")
                    .taken(FORBIDDEN, "Forbidden")
                    .other(TOKEN, "the token message")
                    .other(OK, "it is not disabled")
                    .cause(&["endpoint-disabled"]),
                get(Closed, "main/nowhere")
                    .taken(FORBIDDEN, "Forbidden, whatever the path")
                    .other(TOKEN, "the missing route is told first")
                    .cause(&["endpoint-disabled"]),
            ],
        ),
        fact(
            "A5.edge",
            "",
            "Does an edge-optimised API show its CDN?",
            vec![
                get(Edge, "main/proving-ground")
                    .taken(OK.header("via", "there"), "by Via")
                    .other(OK, "there is no Via")
                    .cause(&["healthy"]),
                get(Edge, "main/nowhere")
                    .taken(TOKEN.header("x-cache", "Error from cloudfront"), "by X-Cache: Error from cloudfront")
                    .other(TOKEN, "there is no such X-Cache")
                    .cause(&["path-unknown"]),
            ],
        ),
        fact(
            "A5.edge-body",
            "",
            "Is a GET with a body refused by the CDN, in HTML?",
            vec![
                get(Edge, "main/proving-ground")
                    .body("{}")
                    .taken(status(&[403]).without("x-amz-apigw-id"), "it is: API Gateway was not reached")
                    .other(OK, "it is not")
                    .cause(&["edge-refused"]),
            ],
        ),
        fact(
            "A0.long-edge",
            "",
            "What does a URL of more than 8,192 characters answer at an edge-optimised API?",
            vec![
                get(Edge, "main/proving-ground?q={9000}")
                    .taken(status(&[400, 413, 414]), "it is refused as too long")
                    .other(OK, "it is taken"),
            ],
        ),
    ]
}

/// What the export of the stage `plain` tells of the checks that were set.
pub(super) fn exported(ground: &Ground<'_>) -> Option<(String, bool)> {
    let api = ground.api(Checks)?;
    let deployment = api.deployment_of(api.stage("plain")?)?;
    let interface = |path: &str, verb| {
        let method: Option<&Method> = deployment.tree.method(path, verb);
        method.and_then(|method| method.interface.as_deref()).filter(|interface| interface.source.is_export())
    };
    let passes = [
        ("parameters", interface("/query", Verb::Get).is_some_and(|interface| interface.validates_parameters)),
        ("body", interface("/strict", Verb::Post).is_some_and(|interface| interface.validates_body)),
        (
            "passthrough",
            interface("/never", Verb::Get)
                .and_then(|interface| interface.integration.as_ref())
                .is_some_and(|integration| integration.passthrough == Passthrough::Never),
        ),
        ("authorizer", interface("/kept", Verb::Get).is_some_and(|interface| interface.authorizer.is_some())),
    ];
    let missing: Vec<&str> = passes.iter().filter(|(_, told)| !told).map(|(what, _)| *what).collect();
    Some(if missing.is_empty() {
        ("it does".to_owned(), true)
    } else {
        (format!("the export does not tell: {}", missing.join(", ")), false)
    })
}
