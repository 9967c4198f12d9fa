//! How much of what is deployed a plan asks, and what the answers can prove.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Expects, Fate, Plan, Probe, SkipReason, Subject};

/// What an answer as hoped for proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proves {
    /// That the method answers its callers well.
    Healthy,
    /// That the route is there.
    Routed,
}

impl Probe {
    /// What an answer as hoped for proves.
    #[must_use]
    pub fn proves(&self) -> Proves {
        if self.expects == Expects::Answer && self.provenance.is_known_good() {
            Proves::Healthy
        } else {
            Proves::Routed
        }
    }
}

/// How many methods a plan asks and leaves out. A method is deployed once for each stage that serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// All of them.
    pub deployed: usize,
    /// Those that are asked.
    pub probed: usize,
    /// Of those, what the answers can prove.
    pub to_prove: ToProve,
    /// The others, by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
}

/// What the answers can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ToProve {
    /// Methods of which only the route can be proved.
    pub routed: usize,
    /// Methods that can be proved healthy.
    pub healthy: usize,
}

impl Coverage {
    /// Counts.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut skipped = BTreeMap::new();
        for method in &plan.methods {
            if let Fate::Skipped(reason) = method.fate {
                *skipped.entry(reason).or_default() += 1;
            }
        }
        // A method that is asked through several doors is as good as the worst of them.
        let mut proofs: BTreeMap<usize, Proves> = BTreeMap::new();
        for probe in plan.probes.iter().chain(&plan.refusals) {
            if let Subject::Method(index) = probe.subject {
                let proof = proofs.entry(index).or_insert(Proves::Healthy);
                if probe.proves() == Proves::Routed {
                    *proof = Proves::Routed;
                }
            }
        }
        let healthy = proofs.values().filter(|proof| **proof == Proves::Healthy).count();
        Self {
            deployed: plan.methods.len(),
            probed: plan.methods.iter().filter(|method| method.fate == Fate::Probed).count(),
            to_prove: ToProve { routed: proofs.len() - healthy, healthy },
            skipped,
        }
    }
}
