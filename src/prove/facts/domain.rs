//! The custom domain, where the stack has one.

use super::fact;
use crate::prove::Role::Trees;
use crate::prove::fact::{Ask, FORBIDDEN, Fact, OK, TOKEN, get, status};

pub(super) fn facts() -> Vec<Fact> {
    let at = |target| -> Ask { get(Trees, target).by_domain() };
    vec![
        fact(
            "B22.mapped",
            "",
            "Does a base path lead to its stage, and to no other?",
            vec![
                at("/mapped/open").taken(OK, "it does").cause(&["healthy"]),
                at("/mapped/full/open")
                    .taken(TOKEN, "the stage in the path is a path")
                    .other(OK, "the stage in the path is left out")
                    .cause(&["stage-in-domain-path"]),
                at("/mapped/nowhere").taken(TOKEN, "mapped, and no route").cause(&["path-unknown"]),
            ],
        ),
        fact(
            "B22.unmapped",
            "open 9",
            "What does a custom domain answer where no base path fits?",
            vec![
                at("/open")
                    .taken(FORBIDDEN, "Forbidden")
                    .other(TOKEN, "the token message")
                    .cause(&["base-path-missing"]),
                at("/nowhere/open")
                    .taken(FORBIDDEN, "Forbidden")
                    .other(TOKEN, "the token message")
                    .cause(&["domain-unmapped", "base-path-missing"]),
            ],
        ),
        fact(
            "B22.without-stage",
            "verified 4",
            "Is the next segment the stage, where a mapping has none?",
            vec![
                at("/anystage/full/open").taken(OK, "it is").other(status(&[403]), "it is not").cause(&["healthy"]),
                at("/anystage/nope/open")
                    .taken(FORBIDDEN, "a stage that does not exist is Forbidden")
                    .taken(TOKEN, "a stage that does not exist is a missing route")
                    .cause(&["stage-unknown"]),
            ],
        ),
        fact(
            "B9.ping-domain",
            "",
            "Is /ping API Gateway's own on a custom domain?",
            vec![at("/ping").taken(OK, "it is").other(FORBIDDEN, "it is not")],
        ),
    ]
}
