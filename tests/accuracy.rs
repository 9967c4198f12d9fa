//! How right the diagnoses are: random gateways, random callers' mistakes, and the cause that each was made to have.
//!
//! `GATEPROBE_SEED` and `GATEPROBE_CASES` choose others; `GATEPROBE_SHOW=3` shows that many of each kind that went wrong.
//! docs/accuracy.md says what the figures mean.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod mistakes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gateprobe::diagnose::{Cause, Diagnosis, diagnose};
use gateprobe::gateway::{Baseline, Inventory, InvokeUrl, World};
use mistakes::callers::{Case, Mistake, make};
use mistakes::gateway::{Account, account};
use mistakes::judge::{self, Verdict, WHEN, dead_ends, is_overconfident, judge};
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
            Verdict::Exact => score.exact += 1,
            Verdict::Listed => score.listed += 1,
            Verdict::Equal(why) => {
                score.equal += 1;
                *self.reasons.entry(why).or_default() += 1;
            }
            Verdict::Wrong => score.wrong += 1,
        }
        *self.confusion.entry((id(case.intended), id(diagnosis.cause))).or_default() += 1;
        let (all, wrong) = self.confidence.entry(diagnosis.confidence.to_string()).or_default();
        *all += 1;
        *wrong += usize::from(verdict == Verdict::Wrong);
        self.suggestions += diagnosis.suggestions.len();
        let told = || judge::told(account, case, diagnosis);
        if verdict == Verdict::Wrong {
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
        let _ = writeln!(out, "{:<22}{:>7}{:>7}{:>8}{:>7}{:>8}{:>7}{:>7}", "mistake", "weight", "made", "turned", "exact", "listed", "equal", "wrong");
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
