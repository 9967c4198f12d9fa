//! Whether a diagnosis is right, and what "among equals" means.

use gateprobe::diagnose::{Cause, Confidence, Diagnosis, Suggestion};
use gateprobe::gateway::Request;
use url::Url;

use super::callers::{Case, Mistake, ORDER};
use super::gateway::{Account, Api, NOW};
use super::naive::{How, reaches};

/// How right a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rightness {
    /// It names the cause that the request was made to have.
    Exact,
    /// It names another cause that is true too, and lists the intended one among the alternatives.
    Listed,
    /// It names another cause that is true too, and nothing could tell the two apart: [`EQUALS`] says why.
    Equal(&'static str),
    Wrong,
}

/// The causes that a deployment's history brings, in design.md's order.
const DEPLOYMENT: [Cause; 7] = [
    Cause::Removed,
    Cause::Shadowed,
    Cause::CanarySplit,
    Cause::Propagating,
    Cause::DomainWrongStage,
    Cause::OtherStage,
    Cause::NotDeployed,
];

/// What a wrong path or verb brings.
const SPELLING: [Cause; 8] = [
    Cause::PathUnknown,
    Cause::PathCase,
    Cause::PathEncoding,
    Cause::MethodMismatch,
    Cause::MethodOverride,
    Cause::ProxyParent,
    Cause::RootWithoutMethod,
    Cause::BasePathMissing,
];

fn place(of: &[Cause], cause: Cause) -> Option<usize> {
    of.iter().position(|known| *known == cause)
}

type Rule = (&'static str, fn(intended: Option<Cause>, said: Option<Cause>, case: &Case) -> bool);

/// Every pair of causes that counts as the same evidence, and why. What is said must be true by construction in each;
/// anything that is true only because a `{param}` or a `{proxy+}` takes any text is not here: then the intended cause
/// must be listed.
pub const EQUALS: &[Rule] = &[
    ("both are of the deployment, and design.md puts the one that was said first", |intended, said, _| {
        let of = |cause: Option<Cause>| place(&DEPLOYMENT, cause?);
        matches!((of(said), of(intended)), (Some(said), Some(intended)) if said < intended)
    }),
    (
        "the mistaken path or verb spells a method of the editor, of another stage or of the past by name; design.md puts that first",
        |intended, said, case| {
            said.is_some_and(|said| DEPLOYMENT.contains(&said) && case.truths.get(&said) == Some(&How::ByName))
                && intended.is_some_and(|intended| SPELLING.contains(&intended))
        },
    ),
    (
        "the typo spells another resource by name, which has other verbs, so it is a wrong verb as well",
        |intended, said, case| {
            intended.is_some_and(|intended| SPELLING.contains(&intended))
                && said == Some(Cause::MethodMismatch)
                && case.truths.get(&Cause::MethodMismatch) == Some(&How::ByName)
        },
    ),
    (
        "the edit changed only the case, or what it left is the root or the parent of a {proxy+}: the sharper name of the same thing",
        |intended, said, case| {
            intended == Some(Cause::PathUnknown)
                && matches!(said, Some(Cause::PathCase | Cause::RootWithoutMethod | Cause::ProxyParent))
                && said.is_some_and(|said| case.truths.get(&said) == Some(&How::ByName))
        },
    ),
    (
        "a repeated stage's or a stage's name in a domain's path is exactly what was sent, however it came about",
        |intended, said, case| {
            matches!(said, Some(Cause::StageRepeated | Cause::StageInDomainPath))
                && said.is_some_and(|said| case.truths.contains_key(&said))
                && intended.is_some_and(|intended| SPELLING.contains(&intended))
        },
    ),
    (
        "taken at its word the request is for a more specific method, of the editor, another stage or the past, and another one took it: true whatever the answer is",
        |intended, said, case| {
            let of_the_request = |cause| !matches!(cause, Cause::PathUnknown | Cause::MethodMismatch);
            matches!(said, Some(Cause::Shadowed | Cause::Removed))
                && case.took_it
                && intended.is_none_or(of_the_request)
        },
    ),
    (
        "the mistake turned out to be another one that nobody meant; of what is true of it this goes first, or nothing true by name goes before it",
        |_, said, case| {
            let before = |cause: &Cause| place(ORDER, *cause) < said.and_then(|said| place(ORDER, said));
            case.turned
                && case.intended.is_some_and(|intended| case.truths.contains_key(&intended))
                && said.is_some_and(|said| place(ORDER, said).is_some())
                && !case.truths.iter().any(|(cause, how)| *how == How::ByName && before(cause))
        },
    ),
    (
        "with a segment more or less it is another resource of the editor, of another stage or of the past: nothing in the request says that this was not meant",
        |intended, said, case| {
            intended == Some(Cause::PathUnknown)
                && matches!(case.mistake, Mistake::SegmentLeftOut | Mistake::SegmentAdded)
                && said.is_some_and(|said| DEPLOYMENT.contains(&said))
        },
    ),
    (
        "the segment left out has the stage's name, so that the stage seems left out: the same request is meant",
        |intended, said, case| {
            intended == Some(Cause::PathUnknown)
                && case.mistake == Mistake::SegmentLeftOut
                && said == Some(Cause::StageMissing)
                && case.truths.get(&Cause::StageMissing) == Some(&How::ByName)
        },
    ),
    ("the method answered this time, and the other deployment lacks it: true, if not seen", |intended, said, case| {
        intended.is_none() && said == Some(Cause::CanarySplit) && case.truths.contains_key(&Cause::CanarySplit)
    }),
];

/// Where what is said cannot be known to be untrue from the evidence. The intended cause must be listed all the same.
const UNDECIDED: &[Rule] = &[
    (
        "something near by name here, and a pattern elsewhere or of other verbs that takes any text: nobody can tell which was meant",
        |intended, said, case| {
            said == Some(Cause::PathUnknown)
                && intended.is_some_and(|intended| {
                    case.truths.get(&intended) == Some(&How::ByPattern) || intended == Cause::MethodMismatch
                })
        },
    ),
    ("a keyed method behind a web ACL: only the caller knows whether the key is right", |intended, said, _| {
        intended == Some(Cause::Waf) && said == Some(Cause::ApiKey)
    }),
    (
        "an inner gateway's Forbidden where this one could say the same, and its error type may have been taken off",
        |intended, said, _| {
            intended == Some(Cause::UpstreamGateway)
                && matches!(said, Some(Cause::Waf | Cause::ApiKey | Cause::Propagating))
        },
    ),
    ("a status alone: HEAD, with the error type taken off", |_, said, case| {
        said == Some(Cause::BackendStatus)
            && case
                .observation
                .outcome
                .as_ref()
                .is_ok_and(|response| response.body.is_empty() && response.header("x-amzn-errortype").is_none())
    }),
    (
        "the API's own words for any refusal, and the error type taken off: only the stage's log tells which it was",
        |_, said, case| {
            let own = |response: &gateprobe::probe::Response| {
                response.header("x-amzn-errortype").is_none()
                    && !response.body.is_empty()
                    && !response.body.to_lowercase().contains("\"message\"")
            };
            said.is_some() && case.observation.outcome.as_ref().is_ok_and(own)
        },
    ),
    ("mutual TLS and a web ACL both refuse with Forbidden before routing", |intended, said, _| {
        intended == Some(Cause::Waf) && said == Some(Cause::ClientCertificate)
    }),
    (
        "an authorizer's denial and a policy's are one kind, and the words are the API's own or none",
        |intended, said, case| {
            let silent = |response: &gateprobe::probe::Response| !response.body.to_lowercase().contains("\"message\"");
            intended == Some(Cause::ResourcePolicy)
                && said == Some(Cause::Authorizer)
                && case.observation.outcome.as_ref().is_ok_and(silent)
        },
    ),
    ("500 Internal server error of a method with an authorizer, the error type taken off", |intended, said, case| {
        intended == Some(Cause::Authorizer)
            && said == Some(Cause::Integration)
            && case.observation.outcome.as_ref().is_ok_and(|response| response.header("x-amzn-errortype").is_none())
    }),
];

pub fn judge(case: &Case, diagnosis: &Diagnosis) -> Rightness {
    let said = diagnosis.cause;
    if said == case.intended {
        return Rightness::Exact;
    }
    let is_true = said.is_some_and(|said| case.truths.contains_key(&said));
    let listed = case
        .intended
        .is_some_and(|intended| diagnosis.alternatives.iter().any(|alternative| alternative.cause == intended));
    let undecided = UNDECIDED.iter().any(|(_, holds)| holds(case.intended, said, case));
    if listed && (is_true || undecided) {
        return Rightness::Listed;
    }
    if is_true && let Some((why, _)) = EQUALS.iter().find(|(_, holds)| holds(case.intended, said, case)) {
        return Rightness::Equal(why);
    }
    Rightness::Wrong
}

/// A certain diagnosis must be the intended one, or its equal: what is only listed was not certain.
pub fn is_overconfident(diagnosis: &Diagnosis, verdict: Rightness) -> bool {
    diagnosis.confidence == Confidence::Certain && matches!(verdict, Rightness::Listed | Rightness::Wrong)
}

/// The suggestions that reach no method, by the naive router.
pub fn dead_ends(account: &Account, case: &Case, diagnosis: &Diagnosis) -> Vec<String> {
    diagnosis
        .suggestions
        .iter()
        .filter(|suggestion| {
            let Ok(url) = Url::parse(&suggestion.url) else { return true };
            let mut request = Request { method: suggestion.method.clone(), url, ..case.request.clone() };
            request
                .headers
                .retain(|(name, _)| !suggestion.without.iter().any(|left_out| left_out.eq_ignore_ascii_case(name)));
            reaches(account, &request).is_none()
        })
        .map(|suggestion| format!("{} {} ({})", suggestion.method, suggestion.url, suggestion.why))
        .collect()
}

/// Whether a slip of the pen is put right: the request that was meant is the first suggestion, or is one of them.
/// `None` where there was no such slip, or where it became something else.
pub fn restored(case: &Case, diagnosis: &Diagnosis) -> Option<(bool, bool)> {
    let slips = [
        Mistake::WrongApiId,
        Mistake::StageTypo,
        Mistake::StageCase,
        Mistake::StageTwice,
        Mistake::StageOnDomain,
        Mistake::StageLeftOut,
        Mistake::BasePathLeftOut,
        Mistake::LiteralTypo,
        Mistake::LiteralCase,
        Mistake::DoubledSlash,
        Mistake::Encoded,
        Mistake::EncodedTwice,
        Mistake::SegmentLeftOut,
        Mistake::SegmentAdded,
    ];
    let meant = case.meant.as_ref().filter(|_| !case.turned && slips.contains(&case.mistake))?;
    // A slash at the end is all the same.
    let plain = |url: &str| url.trim_end_matches('/').to_owned();
    let is_meant = |suggestion: &Suggestion| {
        suggestion.method == meant.method && plain(&suggestion.url) == plain(meant.url.as_str())
    };
    let first = diagnosis.suggestions.first().is_some_and(is_meant);
    Some((first, diagnosis.suggestions.iter().any(is_meant)))
}

/// Everything that is needed to see a case again.
pub fn told(account: &Account, case: &Case, diagnosis: &Diagnosis) -> String {
    let id = |cause: Option<Cause>| cause.map_or("healthy", Cause::id);
    let mut apis = String::new();
    let host = case.request.url.host_str().unwrap_or("");
    let concerned = |api: &Api| {
        host.starts_with(&api.id)
            || account.domains.iter().any(|domain| {
                domain.host == host
                    && (domain.mappings.iter().any(|mapping| mapping.api == api.id)
                        || domain.rules.iter().any(|rule| rule.api == api.id))
            })
    };
    // The segments that the request or a suggestion names, and what takes any.
    let words: Vec<&str> = std::iter::once(case.request.url.as_str())
        .chain(diagnosis.suggestions.iter().map(|suggestion| suggestion.url.as_str()))
        .flat_map(|url| url.split('/').skip(3))
        .collect();
    for api in account.apis.iter().filter(|api| concerned(api)) {
        let tree = |tree: &gateprobe::gateway::Tree| {
            tree.0
                .iter()
                .filter(|(path, methods)| {
                    let known = |part: &str| {
                        part.starts_with('{')
                            || words.iter().any(|word| {
                                word.eq_ignore_ascii_case(part)
                                    || word.contains('%')
                                    || word.len().abs_diff(part.len()) < 2
                            })
                    };
                    !methods.is_empty() && path.split('/').skip(1).take(2).all(|part| part.is_empty() || known(part))
                })
                .map(|(path, methods)| {
                    let verbs: Vec<String> = methods.keys().map(ToString::to_string).collect();
                    format!("{}:{path}", verbs.join("+"))
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        apis.push_str(&format!(
            "    api {} private={} disabled={} strips={} own={:?}\n",
            api.id,
            api.private,
            api.disabled,
            api.strips_error_type,
            api.own_words.iter().map(|own| own.kind).collect::<Vec<_>>()
        ));
        for stage in &api.stages {
            apis.push_str(&format!(
                "      stage {} d{} was {:?} canary {:?} age {} acl {}\n",
                stage.name, stage.deployment, stage.history, stage.canary, stage.age, stage.web_acl
            ));
        }
        for (at, deployment) in api.deployments.iter().enumerate() {
            apis.push_str(&format!("      d{at}: {}\n", tree(&deployment.tree)));
        }
        apis.push_str(&format!("      edited: {}\n", tree(&api.edited)));
    }
    for domain in account.domains.iter().filter(|domain| case.request.url.host_str() == Some(&domain.host)) {
        apis.push_str(&format!("    domain {} {}", domain.name, domain.mode));
        for mapping in &domain.mappings {
            apis.push_str(&format!(" [/{} -> {} {:?}]", mapping.base, mapping.api, mapping.stage));
        }
        for rule in &domain.rules {
            apis.push_str(&format!(
                " [rule {} {:?} {:?} -> {} {} strip={}]",
                rule.priority, rule.bases, rule.header, rule.api, rule.stage, rule.strip
            ));
        }
        apis.push('\n');
    }
    let answer = match &case.observation.outcome {
        Ok(response) => format!(
            "{} {} {}",
            response.status,
            response.header("x-amzn-errortype").unwrap_or("-"),
            response.body.chars().take(80).collect::<String>()
        ),
        Err(error) => error.to_string(),
    };
    let headers: Vec<String> =
        case.request.headers.iter().map(|(name, value)| format!("{name}: {}", &value[..value.len().min(12)])).collect();
    format!(
        "{:?} ({}) {} {} {headers:?}\n    answer {answer}\n    intended {} true {:?}\n    said {} ({}) alternatives {:?} evidence {:?}\n    suggestions {:?}\n{apis}",
        case.mistake,
        case.mistake.what(),
        case.request.method,
        case.request.url,
        id(case.intended),
        case.truths.iter().map(|(cause, how)| format!("{cause}:{how:?}")).collect::<Vec<_>>(),
        id(diagnosis.cause),
        diagnosis.confidence,
        diagnosis.alternatives.iter().map(|alternative| alternative.cause.id()).collect::<Vec<_>>(),
        diagnosis.evidence,
        diagnosis.suggestions.iter().map(|s| format!("{} {}", s.method, s.url)).collect::<Vec<_>>(),
    )
}

/// The time of a case, for `diagnose`.
pub const WHEN: i64 = NOW;

/// Whether the order of causes is the whole list: a cause that a check can call true has its place in it.
pub fn has_a_place(cause: Cause) -> bool {
    ORDER.contains(&cause)
}
