//! Every broken door is broken in the way that its cause says, and nothing else is.

use std::collections::BTreeSet;

use super::{ContractCall, Door, scene};
use crate::gateway::Verb;
use crate::simulator::account::Account;
use crate::simulator::calls::Reached;
use crate::simulator::data::{Outcome, serve};
use crate::simulator::oracle::oracle;
use crate::simulator::request::Incoming;

fn send(account: &Account, verb: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Outcome {
    let headers = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())).collect();
    let request = Incoming {
        verb: verb.to_owned(),
        host: host.to_owned(),
        path: path.to_owned(),
        query: None,
        headers,
        body: Some(Vec::new()),
    };
    serve(account, &request)
}

fn call(account: &Account, call: &ContractCall) -> Outcome {
    let host = match call.door {
        Door::Api(api) => format!("{api}.execute-api.us-east-1.localhost"),
        Door::Domain(domain) => domain.to_owned(),
    };
    send(account, call.method, &host, call.path, &call.headers)
}

/// Status and error type of an outcome.
fn symptom(outcome: &Outcome) -> (u16, &str) {
    let answer = outcome.answer.as_ref().unwrap();
    (answer.status, answer.header("x-amzn-errortype").unwrap_or("-"))
}

#[test]
fn it_is_as_large_as_promised() {
    let scene = scene();
    let stages: usize = scene.account.apis.iter().map(|api| api.stages.len()).sum();
    assert_eq!((scene.account.apis.len(), stages, scene.account.deployed_methods()), (4, 7, 47));
    let causes: BTreeSet<&str> =
        scene.contract.iter().map(|call| call.cause).chain(scene.faults.iter().map(|fault| fault.cause)).collect();
    assert_eq!(causes.len(), 18, "{causes:?}");
    assert!(scene.account.apis.iter().all(|api| api.id.len() == 10), "AWS's ids have ten characters");
}

#[test]
fn contract_calls_fail_and_reach_no_integration() {
    let scene = scene();
    let mat = (403, "MissingAuthenticationTokenException");
    for contract_call in &scene.contract {
        let outcome = call(&scene.account, contract_call);
        assert_eq!(outcome.reached, None, "{contract_call:?}");
        let expected = match contract_call.cause {
            "stage-missing" | "stage-unknown" | "domain-unmapped" => (403, "ForbiddenException"),
            _ if !contract_call.headers.is_empty() => (403, "IncompleteSignatureException"),
            _ if contract_call.path == "/prod/sesions" => (404, "MissingAuthenticationTokenException"),
            _ => mat,
        };
        assert_eq!(symptom(&outcome), expected, "{contract_call:?}");
    }
}

/// For each cause the fact that makes it the right one, from the two trees.
#[test]
fn contract_calls_have_the_causes_that_they_name() {
    let scene = scene();
    let api = |id: &str| scene.account.find_api(id).unwrap();
    let deployed = |id: &str, stage: &str, verb: Verb, path: &str| {
        let api = api(id);
        let tree = api.deployment_of(api.stage_named(stage).unwrap()).unwrap().tree();
        oracle(&tree, verb, path).map(|(resource, _)| resource.to_owned())
    };
    for contract_call in &scene.contract {
        let path = contract_call.path;
        let Door::Api(id) = contract_call.door else { continue };
        let in_stage = path.strip_prefix("/prod").unwrap_or(path);
        let edited = oracle(&api(id).edited.tree(), Verb::Get, in_stage).is_some();
        let elsewhere = api(id).stages.iter().any(|s| deployed(id, &s.name, Verb::Get, in_stage).is_some());
        match contract_call.cause {
            "stage-missing" => assert!(deployed(id, "prod", Verb::Get, path).is_some()),
            "stage-unknown" => {
                assert!(api(id).stage_named("prd").is_none());
                assert!(deployed(id, "prod", Verb::Get, "/orders").is_some());
            }
            "path-case" => assert!(deployed(id, "prod", Verb::Get, &in_stage.to_lowercase()).is_some()),
            "method-mismatch" => assert!(deployed(id, "prod", Verb::Post, in_stage).is_some()),
            "proxy-parent" => assert!(deployed(id, "prod", Verb::Get, "/webhooks/x").is_some()),
            "not-deployed" => assert!(edited && !elsewhere),
            "other-stage" => assert!(elsewhere),
            "path-unknown" | "root-without-method" => assert!(!edited && !elsewhere, "{contract_call:?}"),
            other => panic!("no check for {other}"),
        }
    }
    // The unmapped path routes under neither base path, or the cause would be base-path-missing.
    for base in ["orders", "catalog"] {
        let under = send(&scene.account, "GET", "api.shop.example", &format!("/{base}/payments/charges/1"), &[]);
        assert_eq!(under.reached, None);
    }
    let call_of = |cause: &str| scene.contract.iter().find(|call| call.cause == cause).unwrap();
    // What the domain's caller meant does work.
    let meant = send(&scene.account, "GET", "api.shop.example", "/catalog/products", &[]);
    assert_eq!(symptom(&meant).0, 200);
    assert!(call_of("stage-in-domain-path").path.contains("/prod/"));
}

/// Probes every GET, HEAD and OPTIONS of every stage, parameters filled in: what fails is what the faults name.
#[test]
fn exactly_the_named_methods_fail() {
    let scene = scene();
    let mut failed = BTreeSet::new();
    for api in &scene.account.apis {
        let host = format!("{}.execute-api.us-east-1.localhost", api.id);
        for stage in &api.stages {
            let tree = api.deployment_of(stage).unwrap().tree();
            for (resource, declared, _) in tree.methods() {
                let verb = if declared == Verb::Any { Verb::Get } else { declared };
                if !verb.is_safe() {
                    continue;
                }
                let filled: Vec<&str> =
                    resource.split('/').map(|part| if part.starts_with('{') { "probe" } else { part }).collect();
                let path = format!("/{}{}", stage.name, filled.join("/"));
                let outcome = send(&scene.account, verb.as_str(), &host, &path, &[]);
                if symptom(&outcome).0 == 200 {
                    let expected = Reached {
                        api: api.id.clone(),
                        stage: stage.name.clone(),
                        resource: resource.to_owned(),
                        declared,
                        verb,
                    };
                    assert_eq!(outcome.reached, Some(expected));
                } else {
                    failed.insert((api.id.clone(), stage.name.clone(), resource.to_owned(), declared));
                }
            }
        }
    }
    let named: BTreeSet<_> = scene
        .faults
        .iter()
        .map(|fault| (fault.api.to_owned(), fault.stage.to_owned(), fault.resource.to_owned(), fault.verb))
        .collect();
    assert_eq!(failed, named);
}

/// The symptom of each fault is the one that leads to its cause (design.md, section 4).
#[test]
fn faults_have_the_causes_that_they_name() {
    let scene = scene();
    for fault in &scene.faults {
        let host = format!("{}.execute-api.us-east-1.localhost", fault.api);
        let path = format!("/{}{}", fault.stage, fault.resource);
        let outcome = send(&scene.account, "GET", &host, &path, &[]);
        let expected = match fault.cause {
            "integration" => (502, "InternalServerErrorException"),
            "integration-timeout" => (504, "InternalServerErrorException"),
            "backend-status" => (500, "-"),
            "throttle" => (429, "TooManyRequestsException"),
            "iam-unsigned" => (403, "MissingAuthenticationTokenException"),
            "api-key" => (403, "ForbiddenException"),
            "authorizer" => (401, "UnauthorizedException"),
            other => panic!("no check for {other}"),
        };
        assert_eq!(symptom(&outcome), expected, "{fault:?}");
    }
}
