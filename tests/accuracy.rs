//! How right the diagnoses are: random gateways, random callers' mistakes, and the cause that each was made to have.
//!
//! `GATEPROBE_SEED` and `GATEPROBE_CASES` choose others; `GATEPROBE_SHOW=3` shows that many of each kind that went wrong.
//! docs/accuracy.md says what the figures mean.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod mistakes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gateprobe::diagnose::{Cause, Diagnosis, diagnose};
use gateprobe::gateway::{Authorization, Baseline, Inventory, InvokeUrl, Verb, World};
use mistakes::callers::{Case, Mistake, make};
use mistakes::gateway::{Account, Past, account};
use mistakes::judge::{self, Rightness, WHEN, dead_ends, is_overconfident, judge};
use mistakes::rng::Rng;

const SEED: u64 = 20_261_123;
const CASES: usize = 10_000;
/// How many requests one account serves.
const PER_ACCOUNT: usize = 30;
/// How often a mistake is tried on one account before it is left for the next.
const THROWS: usize = 25;

fn from_env<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn world(account: &Account) -> World {
    let inventory = Inventory::from_json(&account.inventory().to_string()).unwrap();
    let baseline: Baseline = serde_json::from_value(account.baseline()).unwrap();
    World::new(inventory, InvokeUrl::default()).with_baseline(baseline)
}

/// Makes cases by the weights, and hands each to the reader. A mistake that one account has no place for is made on a
/// later one, so that the rare and hard ones are as many as their weights say.
fn generate(seed: u64, cases: usize, mut read: impl FnMut(&Account, &World, &Case)) {
    let mut rng = Rng::new(seed);
    let mut owed: Vec<Mistake> = Vec::new();
    let (mut drawn, mut made) = (0, 0);
    while made < cases {
        let account = account(&mut rng);
        let world = world(&account);
        let mut wanted = std::mem::take(&mut owed);
        while wanted.len() < PER_ACCOUNT && drawn < cases {
            wanted.push(rng.weighed(Mistake::WEIGHTS));
            drawn += 1;
        }
        for mistake in wanted {
            match (0..THROWS).find_map(|_| make(&mut rng, &account, mistake)) {
                Some(case) => {
                    read(&account, &world, &case);
                    made += 1;
                }
                None => owed.push(mistake),
            }
        }
    }
}

fn explain(world: &World, case: &Case) -> Diagnosis {
    diagnose(&case.request, &case.observation, world, WHEN)
}

fn id(cause: Option<Cause>) -> &'static str {
    cause.map_or("healthy", Cause::id)
}

#[derive(Default)]
struct Score {
    made: usize,
    turned: usize,
    exact: usize,
    listed: usize,
    equal: usize,
    wrong: usize,
}

#[derive(Default)]
struct Tally {
    by_mistake: BTreeMap<Mistake, Score>,
    confusion: BTreeMap<(&'static str, &'static str), usize>,
    reasons: BTreeMap<&'static str, usize>,
    confidence: BTreeMap<String, (usize, usize)>,
    suggestions: usize,
    /// Slips by mistake: all, put right by the first suggestion, by any.
    slips: BTreeMap<Mistake, (usize, usize, usize)>,
    /// What went wrong, by what it is.
    faults: BTreeMap<String, Vec<String>>,
}

impl Tally {
    fn add(&mut self, account: &Account, case: &Case, diagnosis: &Diagnosis) {
        let verdict = judge(case, diagnosis);
        let score = self.by_mistake.entry(case.mistake).or_default();
        score.made += 1;
        score.turned += usize::from(case.turned);
        match verdict {
            Rightness::Exact => score.exact += 1,
            Rightness::Listed => score.listed += 1,
            Rightness::Equal(why) => {
                score.equal += 1;
                *self.reasons.entry(why).or_default() += 1;
            }
            Rightness::Wrong => score.wrong += 1,
        }
        *self.confusion.entry((id(case.intended), id(diagnosis.cause))).or_default() += 1;
        let (all, wrong) = self.confidence.entry(diagnosis.confidence.to_string()).or_default();
        *all += 1;
        *wrong += usize::from(verdict == Rightness::Wrong);
        self.suggestions += diagnosis.suggestions.len();
        if let Some((first, any)) = judge::restored(case, diagnosis) {
            let (all, by_first, by_any) = self.slips.entry(case.mistake).or_default();
            *all += 1;
            *by_first += usize::from(first);
            *by_any += usize::from(any);
            // What differs in case alone can always be put right, and nothing is nearer.
            if !first && case.mistake == Mistake::StageCase {
                let kind = format!("{:?} is not put right", case.mistake);
                self.faults.entry(kind).or_default().push(judge::told(account, case, diagnosis));
            }
        }
        let told = || judge::told(account, case, diagnosis);
        if verdict == Rightness::Wrong {
            let kind = format!("wrong: {} said {}", id(case.intended), id(diagnosis.cause));
            self.faults.entry(kind).or_default().push(told());
        } else if is_overconfident(diagnosis, verdict) {
            let kind = format!("too certain: {} said {}", id(case.intended), id(diagnosis.cause));
            self.faults.entry(kind).or_default().push(told());
        }
        for dead_end in dead_ends(account, case, diagnosis) {
            let kind = format!("a suggestion of {} reaches nothing", id(diagnosis.cause));
            self.faults.entry(kind).or_default().push(format!("{dead_end}\n    {}", told()));
        }
    }

    fn figures(&self, seed: u64) -> String {
        let mut out = String::new();
        let total: usize = self.by_mistake.values().map(|score| score.made).sum();
        let sum = |of: fn(&Score) -> usize| self.by_mistake.values().map(of).sum::<usize>();
        #[allow(clippy::cast_precision_loss, reason = "a percentage")]
        let share = |part: usize| format!("{part} ({:.2} %)", part as f64 * 100.0 / total as f64);
        let _ = writeln!(out, "seed {seed}, {total} cases");
        let _ = writeln!(
            out,
            "exact {}, listed {}, equal {}, wrong {}",
            share(sum(|score| score.exact)),
            share(sum(|score| score.listed)),
            share(sum(|score| score.equal)),
            share(sum(|score| score.wrong))
        );
        for (confidence, (all, wrong)) in &self.confidence {
            let _ = writeln!(out, "{confidence}: {all}, of them wrong {wrong}");
        }
        let dead: usize =
            self.faults.iter().filter(|(kind, _)| kind.contains("suggestion")).map(|(_, faults)| faults.len()).sum();
        let _ = writeln!(out, "suggestions followed: {}, reaching nothing: {dead}\n", self.suggestions);
        let _ = writeln!(
            out,
            "{:<22}{:>7}{:>7}{:>8}{:>7}{:>8}{:>7}{:>7}",
            "mistake", "weight", "made", "turned", "exact", "listed", "equal", "wrong"
        );
        for (mistake, weight) in Mistake::WEIGHTS {
            let none = Score::default();
            let score = self.by_mistake.get(mistake).unwrap_or(&none);
            let _ = writeln!(
                out,
                "{:<22}{weight:>7}{:>7}{:>8}{:>7}{:>8}{:>7}{:>7}",
                format!("{mistake:?}"),
                score.made,
                score.turned,
                score.exact,
                score.listed,
                score.equal,
                score.wrong
            );
        }
        let _ = writeln!(out, "\n{:<22}{:>7}{:>18}{:>10}", "slip of the pen", "made", "put right: first", "any");
        for (mistake, (all, first, any)) in &self.slips {
            let _ = writeln!(out, "{:<22}{all:>7}{first:>18}{any:>10}", format!("{mistake:?}"));
        }
        let _ = writeln!(out, "\n{:<24}{:<24}{:>6}", "intended", "said", "cases");
        for ((intended, said), count) in &self.confusion {
            let _ = writeln!(out, "{intended:<24}{said:<24}{count:>6}");
        }
        let _ = writeln!(out, "\nequal, because");
        for (why, count) in &self.reasons {
            let _ = writeln!(out, "{count:>6}  {why}");
        }
        out
    }

    fn failures(&self, show: usize) -> String {
        let mut kinds: Vec<_> = self.faults.iter().collect();
        kinds.sort_by_key(|(_, faults)| std::cmp::Reverse(faults.len()));
        let mut out = String::new();
        for (kind, faults) in &kinds {
            let _ = writeln!(out, "{:>6}  {kind}", faults.len());
        }
        for (kind, faults) in &kinds {
            // The shortest are the easiest to read.
            let mut faults: Vec<_> = faults.iter().collect();
            faults.sort_by_key(|fault| fault.len());
            for fault in faults.iter().take(show) {
                let _ = writeln!(out, "\n== {kind}\n{fault}");
            }
        }
        out
    }
}

#[test]
fn ten_thousand_mistakes_are_explained() {
    let seed = from_env("GATEPROBE_SEED", SEED);
    let cases = from_env("GATEPROBE_CASES", CASES);
    let mut tally = Tally::default();
    generate(seed, cases, |account, world, case| tally.add(account, case, &explain(world, case)));
    println!("{}", tally.figures(seed));
    let show = from_env("GATEPROBE_SHOW", 1);
    assert!(tally.faults.is_empty(), "seed {seed}:\n{}", tally.failures(show));
}

/// That the generator makes what it says: every mistake, every feature of a gateway, in numbers.
#[test]
fn the_generator_makes_what_it_claims() {
    const MADE: usize = 3_000;
    let mut made: BTreeMap<Mistake, usize> = BTreeMap::new();
    let mut unturned: BTreeMap<Mistake, usize> = BTreeMap::new();
    let mut doors = [0, 0];
    generate(SEED, MADE, |_, _, case| {
        *made.entry(case.mistake).or_default() += 1;
        *unturned.entry(case.mistake).or_default() += usize::from(!case.turned);
        let host = case.request.url.host_str().unwrap();
        doors[usize::from(host.contains(".execute-api."))] += 1;
    });
    let weights: usize = Mistake::WEIGHTS.iter().map(|(_, weight)| weight).sum();
    for (mistake, weight) in Mistake::WEIGHTS {
        // Half of what its weight asks for is far outside what chance does to a count that large.
        let least = MADE * weight / weights / 2;
        let (all, kept) = (made.get(mistake).copied().unwrap_or(0), unturned.get(mistake).copied().unwrap_or(0));
        assert!(all >= least.max(5), "{mistake:?}: {all} made, {least} asked for");
        assert!(kept * 5 >= all, "{mistake:?}: of {all} only {kept} stayed what they were made to be");
    }
    assert!(doors.iter().all(|count| count * 5 > MADE), "domains and default endpoints: {doors:?}");

    let mut rng = Rng::new(SEED);
    let accounts: Vec<Account> = (0..200).map(|_| account(&mut rng)).collect();
    let apis = || accounts.iter().flat_map(|account| &account.apis);
    let stages = || apis().flat_map(|api| &api.stages);
    let domains = || accounts.iter().flat_map(|account| &account.domains);
    let mappings = || domains().flat_map(|domain| &domain.mappings);
    let rules = || domains().flat_map(|domain| &domain.rules);
    let trees =
        || apis().flat_map(|api| api.deployments.iter().map(|deployment| &deployment.tree).chain([&api.edited]));
    let methods = || trees().flat_map(gateprobe::gateway::Tree::methods);
    let depth = |path: &str| path.split('/').filter(|segment| !segment.is_empty()).count();
    let authorized = |kind| methods().filter(|(_, _, method)| method.authorization == Some(kind)).count();
    let counts = [
        ("accounts of one API", accounts.iter().filter(|account| account.apis.len() == 1).count()),
        ("accounts of four", accounts.iter().filter(|account| account.apis.len() == 4).count()),
        ("APIs with a baseline", accounts.iter().filter(|account| account.past == Past::Baseline).count()),
        ("with a history", accounts.iter().filter(|account| account.past == Past::History).count()),
        ("with neither", accounts.iter().filter(|account| account.past == Past::Unread).count()),
        ("trees of 20 resources and more", trees().filter(|tree| tree.0.len() >= 20).count()),
        ("of 40", trees().filter(|tree| tree.0.len() >= 38).count()),
        ("of fewer than 6", trees().filter(|tree| tree.0.len() < 6).count()),
        ("methods 5 deep and more", methods().filter(|(path, ..)| depth(path) >= 5).count()),
        ("at the root", methods().filter(|(path, ..)| *path == "/").count()),
        ("of a parameter", methods().filter(|(path, ..)| path.ends_with('}') && !path.ends_with("+}")).count()),
        ("of a proxy", methods().filter(|(path, ..)| path.ends_with("+}")).count()),
        ("of a proxy at the root", methods().filter(|(path, ..)| *path == "/{proxy+}").count()),
        ("below a parameter", methods().filter(|(path, ..)| path.contains("}/")).count()),
        ("for ANY", methods().filter(|(_, verb, _)| *verb == Verb::Any).count()),
        ("with IAM", authorized(Authorization::AwsIam)),
        ("with an authorizer", authorized(Authorization::Custom)),
        ("with Cognito", authorized(Authorization::CognitoUserPools)),
        ("with a key", methods().filter(|(_, _, method)| method.api_key_required).count()),
        ("stages that were deployed again", stages().filter(|stage| !stage.history.is_empty()).count()),
        (
            "that were rolled back",
            stages().filter(|stage| stage.history.iter().any(|at| *at > stage.deployment)).count(),
        ),
        ("with a canary", stages().filter(|stage| stage.split().is_some()).count()),
        (
            "with a canary of 0 or 100 %",
            stages().filter(|stage| stage.canary.is_some() && stage.split().is_none()).count(),
        ),
        ("deployed seconds ago", stages().filter(|stage| stage.age < 60).count()),
        ("with a web ACL", stages().filter(|stage| stage.web_acl).count()),
        (
            "APIs edited since the last deployment",
            apis().filter(|api| api.edited != api.deployments.last().unwrap().tree).count(),
        ),
        ("with deleted stages", apis().filter(|api| !api.deleted_stages.is_empty()).count()),
        ("private", apis().filter(|api| api.private).count()),
        ("switched off", apis().filter(|api| api.disabled).count()),
        ("whose error types are taken off", apis().filter(|api| api.strips_error_type).count()),
        (
            "with own words for a missing route",
            apis().filter(|api| api.own_words.iter().any(|own| own.kind != "DEFAULT_4XX")).count(),
        ),
        (
            "with own words for every 4xx",
            apis().filter(|api| api.own_words.iter().any(|own| own.kind == "DEFAULT_4XX")).count(),
        ),
        ("mappings to (none)", mappings().filter(|mapping| mapping.base.is_empty()).count()),
        ("of several levels", mappings().filter(|mapping| mapping.base.contains('/')).count()),
        ("without a stage", mappings().filter(|mapping| mapping.stage.is_none()).count()),
        ("domains by rules alone", domains().filter(|domain| domain.mode == "rules").count()),
        ("by rules and mappings", domains().filter(|domain| domain.mode == "rules-then-mappings").count()),
        ("wildcards", domains().filter(|domain| domain.name.starts_with('*')).count()),
        ("with mutual TLS", domains().filter(|domain| domain.mutual_tls).count()),
        ("rules on a header", rules().filter(|rule| rule.header.is_some()).count()),
        ("rules on a base path", rules().filter(|rule| !rule.bases.is_empty()).count()),
        ("rules that strip it", rules().filter(|rule| rule.strip && !rule.bases.is_empty()).count()),
    ];
    for (what, count) in counts {
        println!("{what:<40}{count:>6}");
        assert!(count >= 5, "{what}: {count}");
    }
}

/// The same seed makes the same cases, or a printed seed would be worth nothing.
#[test]
fn a_seed_makes_the_same_cases_again() {
    let lines = |seed| {
        let mut lines = Vec::new();
        generate(seed, 300, |_, _, case| {
            lines.push(format!("{:?} {:?} {:?}", case.mistake, case.request, case.intended));
        });
        lines
    };
    assert_eq!(lines(7), lines(7));
    assert_ne!(lines(7), lines(8));
}
