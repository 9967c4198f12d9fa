//! Random gateways and callers' mistakes as JSON, for tests/emulators/test_mistakes.py: `mistake_scenes SEED APIS REQUESTS`.
//!
//! Only what the emulators do truthfully: no domains, canaries, authorization or web ACLs (tests/emulators/QUIRKS.md).

#![allow(clippy::unwrap_used, reason = "a tool of the tests")]

#[path = "../tests/mistakes/mod.rs"]
mod mistakes;

use std::collections::BTreeMap;

use gateprobe::diagnose::Cause;
use gateprobe::gateway::{Tree, Verb};
use mistakes::callers::{Case, Mistake, make};
use mistakes::gateway::{Account, Api, for_emulators};
use mistakes::rng::Rng;
use serde_json::{Value, json};

/// The mistakes that the emulators answer as AWS does, or at least with a refusal of their own.
const MISTAKES: [Mistake; 22] = [
    Mistake::Healthy,
    Mistake::StageTypo,
    Mistake::StageCase,
    Mistake::StageDeleted,
    Mistake::StageLeftOut,
    Mistake::StageTwice,
    Mistake::StageRoot,
    Mistake::ParentOfProxy,
    Mistake::LiteralTypo,
    Mistake::SegmentLeftOut,
    Mistake::SegmentAdded,
    Mistake::LiteralCase,
    Mistake::Encoded,
    Mistake::EncodedTwice,
    Mistake::WrongVerb,
    Mistake::HeadForGet,
    Mistake::NotDeployed,
    Mistake::OnOtherStage,
    Mistake::Removed,
    Mistake::Shadowed,
    Mistake::KeyMissing,
    Mistake::KeyWrong,
];

fn tree(tree: &Tree) -> Value {
    let resources: BTreeMap<&str, BTreeMap<Verb, bool>> = tree
        .0
        .iter()
        .map(|(path, methods)| {
            (path.as_str(), methods.iter().map(|(verb, method)| (*verb, method.api_key_required)).collect())
        })
        .collect();
    json!(resources)
}

fn api(api: &Api, cases: &[Case]) -> Value {
    let first_on = |at: usize| {
        api.stages.iter().find(|stage| stage.deployment == at || stage.history.contains(&at)).map(|stage| &stage.name)
    };
    json!({
        "id": api.id,
        "deployments": api.deployments.iter().enumerate().map(|(at, deployment)| json!({
            "tree": tree(&deployment.tree), "stage": first_on(at),
        })).collect::<Vec<_>>(),
        "stages": api.stages.iter().map(|stage| (stage.name.clone(), stage.deployment)).collect::<BTreeMap<_, _>>(),
        "deleted_stages": api.deleted_stages,
        "edited": tree(&api.edited),
        "not_found_status": api.own_words.first().map(|own| own.status),
        "requests": cases.iter().map(|case| json!({
            "mistake": format!("{:?}", case.mistake),
            "method": case.request.method,
            "target": &case.request.url[url::Position::BeforePath..],
            "headers": case.request.headers,
            "intended": case.intended.map(Cause::id),
            "turned": case.turned,
            "truths": case.truths.iter().map(|(cause, how)| (cause.id(), format!("{how:?}"))).collect::<BTreeMap<_, _>>(),
            "routed": case.took_it,
            "refused": case.observation.outcome.as_ref().is_ok_and(|response| response.status >= 400),
        })).collect::<Vec<_>>(),
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let (seed, apis, requests) = (arguments.next().unwrap(), arguments.next().unwrap(), arguments.next().unwrap());
    let weights: Vec<(Mistake, usize)> =
        Mistake::WEIGHTS.iter().copied().filter(|(mistake, _)| MISTAKES.contains(mistake)).collect();
    let mut rng = Rng::new(seed);
    let mut accounts: Vec<(Account, Vec<Case>)> = (0..apis).map(|_| (for_emulators(&mut rng), Vec::new())).collect();
    for number in 0..requests {
        let mistake = rng.weighed(&weights);
        // Tried on one gateway after the other until one has a place for it.
        for turn in 0..apis * 4 {
            let at = usize::try_from((number + turn) % apis).unwrap();
            let (account, cases) = &mut accounts[at];
            if let Some(case) = (0..25).find_map(|_| make(&mut rng, account, mistake)) {
                cases.push(case);
                break;
            }
        }
    }
    let scenes: Vec<Value> = accounts.iter().map(|(account, cases)| api(&account.apis[0], cases)).collect();
    println!("{}", json!({ "seed": seed, "apis": scenes }));
}
