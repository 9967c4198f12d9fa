//! The table of facts, in the order of the fact sheet that docs/verified.md speaks of.

mod checks;
mod domain;
mod http;
mod others;
mod trees;
mod unasked;

use super::fact::{Ask, Fact, Question};

/// All facts.
#[must_use]
pub fn facts() -> Vec<Fact> {
    let parts = [trees::facts(), checks::facts(), others::facts(), http::facts(), domain::facts(), unasked::facts()];
    parts.into_iter().flatten().collect()
}

fn fact(id: &'static str, settles: &'static str, question: &'static str, asks: Vec<Ask>) -> Fact {
    Fact { id, settles, question, by: Question::Asked(asks) }
}

fn unasked(id: &'static str, settles: &'static str, question: &'static str, why: &'static str) -> Fact {
    Fact { id, settles, question, by: Question::NotAsked(why) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnose::Cause;

    #[test]
    fn every_fact_has_an_id_of_its_own_and_a_question() {
        let mut seen = BTreeSet::new();
        for fact in facts() {
            assert!(seen.insert(fact.id), "{} is there twice", fact.id);
            assert!(fact.question.ends_with('?'), "{}: {}", fact.id, fact.question);
            let Question::Asked(asks) = &fact.by else { continue };
            assert!(!asks.is_empty(), "{}", fact.id);
            for ask in asks {
                assert!(ask.readings.iter().any(|reading| reading.means.needed), "{}: nothing is taken", fact.id);
                for cause in ask.causes.iter().filter(|cause| **cause != "healthy") {
                    assert!(cause.parse::<Cause>().is_ok(), "{}: {cause} is no cause", fact.id);
                }
            }
        }
    }

    /// Every number of docs/verified.md's list of what is open, and of the fact sheet's, is named by some fact.
    #[test]
    fn every_open_question_is_there() {
        let settled: BTreeSet<String> =
            facts().iter().flat_map(|fact| fact.settles.split(", ")).map(ToOwned::to_owned).collect();
        let verified = include_str!("../../docs/verified.md");
        let (_, open) = verified.split_once("## Open, and made right under either answer").unwrap();
        let open = open.split("\n## ").next().unwrap();
        let mut numbers = 0;
        for number in open.lines().filter_map(|line| line.split_once(". ")?.0.parse::<u32>().ok()) {
            numbers += 1;
            assert!(settled.contains(&format!("verified {number}")), "docs/verified.md's {number} is not asked about");
        }
        assert!(numbers >= 18, "{numbers}");
        for number in 1..=10 {
            assert!(settled.contains(&format!("open {number}")), "the fact sheet's open question {number}");
        }
    }
}
