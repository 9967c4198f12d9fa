//! From a report to the figures that CloudWatch keeps. Pure; `cloudwatch.rs` sends them.
//!
//! Every figure is published by every run, zeros too: to CloudWatch a missing point and a dead monitor are the same.
//! CloudWatch rolls nothing up across dimensions, so each figure is there for a stage and once more for all of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::certificates::MOST_METRICS;
use super::{Certificate, Coverage, Latencies, Memory, Report, StageReport};

/// The namespace; the Lambda's policy allows no other.
pub const NAMESPACE: &str = "Gateprobe";

/// The most datums that one call takes (facts, section D).
const DATUMS_A_CALL: usize = 1000;

/// The most bytes that one call may have: CloudWatch takes 1 MB, before compression to be sure.
const BYTES_A_CALL: usize = 1_000_000;

/// The most unique values that one datum takes.
const VALUES_A_DATUM: usize = 150;

/// The most characters of a dimension's value: API Gateway's own note says 255, CloudWatch's newer limit is 1024.
const LONGEST_DIMENSION: usize = 255;

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Things.
    Count,
    /// 0 to 100.
    Percent,
    /// Time.
    Milliseconds,
}

/// A figure, or a distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Amount {
    /// One value.
    One(f64),
    /// Up to 150 values, each with how often it was seen.
    Many(Vec<(f64, f64)>),
}

/// One entry of a `PutMetricData` call. It can be kept and sent by a later run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Datum {
    /// The metric's name.
    pub name: Cow<'static, str>,
    /// None, or `ApiName`, `ApiId` and `Stage`, or `Host`.
    pub dimensions: Vec<(Cow<'static, str>, String)>,
    /// What it is counted in.
    pub unit: Unit,
    /// How much.
    pub amount: Amount,
    /// When, in Unix seconds.
    pub at: i64,
}

impl Datum {
    /// At least as many bytes as the datum has on the wire (CBOR, without compression).
    fn bytes(&self) -> usize {
        // Keys, the timestamp, the unit and the heads of maps and arrays.
        const FRAME: usize = 160;
        let dimensions: usize = self.dimensions.iter().map(|(name, value)| 24 + name.len() + value.len()).sum();
        let amount = match &self.amount {
            Amount::One(_) => 16,
            // A CBOR double is nine bytes, and each value has a count.
            Amount::Many(values) => 32 + values.len() * 18,
        };
        FRAME + self.name.len() + dimensions + amount
    }
}

/// Everything that a run publishes. `now` is the time of the points, in Unix seconds.
#[must_use]
pub fn datums(report: &Report, now: i64) -> Vec<Datum> {
    let mut all = Series { at: now, dimensions: Vec::new(), datums: Vec::new() };
    all.count("Gaps", report.gaps.len());
    all.one("RunDuration", Unit::Milliseconds, float(report.duration_ms));
    all.memory(report.memory.as_ref());
    // A run that could read nothing says nothing of health, and its zeros would. Without its heartbeat the alarm tells.
    if report.saw_nothing() {
        return all.datums;
    }
    all.count("Heartbeat", 1);
    let mut latencies = Latencies::default();
    for stage in &report.stages {
        latencies.merge(&stage.latencies);
    }
    all.figures(&Figures {
        coverage: &report.coverage,
        unhealthy: report.unhealthy,
        routing_failures: report.routing_failures,
        undeployed: report.undeployed.len(),
        latencies: &latencies,
    });
    all.certificates(&report.certificates);
    for stage in &report.stages {
        all.dimensions = dimensions(stage);
        all.figures(&Figures {
            coverage: &stage.coverage,
            unhealthy: stage.unhealthy,
            routing_failures: stage.routing_failures,
            undeployed: stage.undeployed,
            latencies: &stage.latencies,
        });
    }
    all.datums
}

/// Of a run that looked at a part: the figures of its stages, and those of the memory. It ended no round of the monitor, so
/// that it is no heartbeat, and what it counted is no count of all.
#[must_use]
pub fn of_a_part(mut datums: Vec<Datum>) -> Vec<Datum> {
    const OF_THE_MEMORY: [&str; 4] = ["MemoryFailed", "OutboxWaiting", "OutboxDropped", "OpenIncidents"];
    datums.retain(|datum| !datum.dimensions.is_empty() || OF_THE_MEMORY.contains(&&*datum.name));
    datums
}

/// Shares datums out over calls, in their order, so that each call stays within CloudWatch's limits.
#[must_use]
pub fn batches(datums: Vec<Datum>) -> Vec<Vec<Datum>> {
    // The call's own frame: the namespace and the heads.
    const FRAME: usize = 256;
    let mut batches: Vec<Vec<Datum>> = Vec::new();
    let mut bytes = 0;
    for datum in datums {
        let size = datum.bytes();
        match batches.last_mut() {
            Some(batch) if batch.len() < DATUMS_A_CALL && bytes + size <= BYTES_A_CALL => {
                bytes += size;
                batch.push(datum);
            }
            _ => {
                bytes = FRAME + size;
                batches.push(vec![datum]);
            }
        }
    }
    batches
}

/// What is known of a stage and of all of them alike.
struct Figures<'r> {
    coverage: &'r Coverage,
    unhealthy: usize,
    routing_failures: usize,
    undeployed: usize,
    latencies: &'r Latencies,
}

struct Series {
    at: i64,
    dimensions: Vec<(Cow<'static, str>, String)>,
    datums: Vec<Datum>,
}

impl Series {
    fn figures(&mut self, figures: &Figures<'_>) {
        self.count("Probed", figures.coverage.probed);
        self.count("Skipped", figures.coverage.skipped_total());
        self.count("Unhealthy", figures.unhealthy);
        self.count("RoutingFailures", figures.routing_failures);
        self.one("Coverage", Unit::Percent, figures.coverage.percent());
        self.count("UndeployedMethods", figures.undeployed);
        // The one figure without a zero: no answer is not an instant one.
        let values: Vec<_> = figures.latencies.values().map(|(value, count)| (float(value), float(count))).collect();
        for part in values.chunks(VALUES_A_DATUM) {
            self.push("Latency", Unit::Milliseconds, Amount::Many(part.to_vec()));
        }
    }

    /// Where a memory is kept: whether it works, and what waits in the outbox or was lost from it.
    fn memory(&mut self, memory: Option<&Memory>) {
        let Some(memory) = memory else { return };
        self.count("MemoryFailed", usize::from(!memory.remembered || memory.problem.is_some()));
        self.count("OutboxWaiting", memory.waiting);
        self.one("OutboxDropped", Unit::Count, float(memory.dropped));
        if memory.remembered {
            self.count("OpenIncidents", memory.open);
        }
    }

    /// Days to the soonest end of all, and of each host. Where no certificate was seen there is no point.
    fn certificates(&mut self, certificates: &[Certificate]) {
        let Some(soonest) = certificates.iter().map(|one| one.days_left).min() else { return };
        self.one("CertificateDays", Unit::Count, days(soonest));
        for certificate in certificates.iter().take(MOST_METRICS) {
            self.dimensions = vec![("Host".into(), dimension(&certificate.host))];
            self.one("CertificateDays", Unit::Count, days(certificate.days_left));
        }
        self.dimensions.clear();
    }

    fn count(&mut self, name: &'static str, count: usize) {
        self.one(name, Unit::Count, float(u64::try_from(count).unwrap_or(u64::MAX)));
    }

    fn one(&mut self, name: &'static str, unit: Unit, value: f64) {
        self.push(name, unit, Amount::One(value));
    }

    fn push(&mut self, name: &'static str, unit: Unit, amount: Amount) {
        self.datums.push(Datum { name: name.into(), dimensions: self.dimensions.clone(), unit, amount, at: self.at });
    }
}

/// What has ended has none left.
fn days(days: i64) -> f64 {
    float(u64::try_from(days).unwrap_or(0))
}

fn float(value: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts and milliseconds; past 2^53 the nearest double will do")]
    let value = value as f64;
    value
}

/// `ApiName` is for people. Two names may become one here; `ApiId` and `Stage`, which API Gateway keeps to letters,
/// digits, `-` and `_`, still tell their stages apart.
fn dimensions(stage: &StageReport) -> Vec<(Cow<'static, str>, String)> {
    vec![
        ("ApiName".into(), dimension(&stage.api_name)),
        ("ApiId".into(), dimension(&stage.api)),
        ("Stage".into(), dimension(&stage.stage)),
    ]
}

/// A value that CloudWatch takes: printable ASCII, not blank, not too long, no colon in front.
fn dimension(value: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '_' };
    let safe: String = value.trim().chars().map(printable).take(LONGEST_DIMENSION).collect();
    match safe.strip_prefix(':') {
        Some(rest) => format!("_{rest}"),
        None if safe.trim().is_empty() => "unnamed".to_owned(),
        None => safe,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;

    fn find<'d>(datums: &'d [Datum], name: &str, dimensions: &[(&str, &str)]) -> Vec<&'d Amount> {
        let same = |datum: &&Datum| {
            datum.name == name
                && datum.dimensions.len() == dimensions.len()
                && datum.dimensions.iter().zip(dimensions).all(|(a, b)| (&*a.0, a.1.as_str()) == *b)
        };
        datums.iter().filter(same).map(|datum| &datum.amount).collect()
    }

    #[test]
    fn the_figures_of_a_small_run() {
        let datums = datums(&fixture::small(), 7);
        let stage = [("ApiName", "shop"), ("ApiId", "a1b2c3d4e5"), ("Stage", "prod")];
        for (name, all, prod) in [
            ("Probed", 9.0, Some(9.0)),
            ("Skipped", 3.0, Some(3.0)),
            ("Unhealthy", 4.0, Some(4.0)),
            ("RoutingFailures", 3.0, Some(3.0)),
            ("Coverage", 75.0, Some(75.0)),
            ("UndeployedMethods", 1.0, Some(1.0)),
            ("Gaps", 1.0, None),
            ("Heartbeat", 1.0, None),
            ("RunDuration", 1234.0, None),
        ] {
            assert_eq!(find(&datums, name, &[]), [&Amount::One(all)], "{name}");
            let prod = prod.map(Amount::One);
            assert_eq!(find(&datums, name, &stage), prod.iter().collect::<Vec<_>>(), "{name}");
        }
        let latency = Amount::Many(vec![(20.0, 2.0), (30.0, 1.0)]);
        assert_eq!(find(&datums, "Latency", &[]), [&latency]);
        assert_eq!(find(&datums, "Latency", &stage), [&latency]);
        assert!(datums.iter().all(|datum| datum.at == 7));
    }

    #[test]
    fn an_empty_account_still_has_its_zeros() {
        let datums = datums(&fixture::report(vec![], vec![]), 0);
        let names: Vec<_> = datums.iter().map(|datum| &*datum.name).collect();
        let expected = [
            "Gaps",
            "RunDuration",
            "Heartbeat",
            "Probed",
            "Skipped",
            "Unhealthy",
            "RoutingFailures",
            "Coverage",
            "UndeployedMethods",
        ];
        assert_eq!(names, expected, "and no latency");
        assert_eq!(find(&datums, "Coverage", &[]), [&Amount::One(100.0)], "of nothing nothing is missing");
    }

    #[test]
    fn certificates_have_their_days_and_not_too_many_a_metric() {
        let mut report = fixture::small();
        report.certificates = (0..60)
            .map(|index| Certificate {
                host: format!("h{index:02}.example.com"),
                not_after: 0,
                days_left: 100 - index,
                expires_soon: false,
                issuer: String::new(),
            })
            .collect();
        let datums = datums(&report, 0);
        assert_eq!(find(&datums, "CertificateDays", &[]), [&Amount::One(41.0)], "of all, those without a metric too");
        assert_eq!(find(&datums, "CertificateDays", &[("Host", "h00.example.com")]), [&Amount::One(100.0)]);
        assert_eq!(datums.iter().filter(|datum| datum.name == "CertificateDays").count(), 51);
        let probed: Vec<_> = datums.iter().filter(|datum| datum.name == "Probed").map(|d| d.dimensions.len()).collect();
        assert_eq!(probed, [0, 3], "the host is no dimension of anything else");
    }

    #[test]
    fn a_name_becomes_one_that_cloudwatch_takes() {
        for (name, expected) in [
            ("shop", "shop"),
            ("", "unnamed"),
            (" \t", "unnamed"),
            (":a:b", "_a:b"),
            ("Größe 日本\n", "Gr__e __"),
            ("a\u{7f}b", "a_b"),
        ] {
            assert_eq!(dimension(name), expected, "{name:?}");
        }
        assert_eq!(dimension(&"x".repeat(5000)).len(), 255);
    }

    #[test]
    fn stages_with_names_that_look_alike_stay_apart() {
        let stages = vec![fixture::stage("aaaaaaaaaa", "ü", "prod"), fixture::stage("bbbbbbbbbb", "ö", "prod")];
        let datums = datums(&fixture::report(vec![], stages), 0);
        let probed: BTreeSet<_> =
            datums.iter().filter(|datum| datum.name == "Probed").map(|datum| &datum.dimensions).collect();
        assert_eq!(probed.len(), 3);
    }

    #[test]
    fn a_whole_region_at_its_quotas() {
        let stages: Vec<_> = (0..7200)
            .map(|index| {
                let mut stage = fixture::stage(&format!("api{:07}", index / 12), "name", &format!("s{}", index % 12));
                stage.latencies.add(Duration::from_millis(5));
                stage
            })
            .collect();
        let datums = datums(&fixture::report(vec![], stages), 0);
        assert_eq!(datums.len(), 50_400 + 10);
        check(&datums).unwrap();
    }

    /// What CloudWatch would refuse.
    fn check(datums: &[Datum]) -> Result<(), TestCaseError> {
        let batches = batches(datums.to_vec());
        prop_assert_eq!(batches.concat(), datums);
        for batch in &batches {
            prop_assert!((1..=1000).contains(&batch.len()));
            prop_assert!(batch.iter().map(Datum::bytes).sum::<usize>() <= 1_000_000);
        }
        for datum in datums {
            for (_, value) in &datum.dimensions {
                prop_assert!((1..=255).contains(&value.len()) && !value.starts_with(':') && !value.trim().is_empty());
                prop_assert!(value.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{}", value);
            }
            match &datum.amount {
                Amount::One(value) => prop_assert!(value.is_finite()),
                Amount::Many(values) => {
                    prop_assert!((1..=150).contains(&values.len()));
                    prop_assert!(values.iter().all(|(value, count)| value.is_finite() && *count >= 1.0));
                }
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_report_fits(
            stages in prop::collection::vec(
                (any::<String>(), "[a-z0-9]{10}", "[a-zA-Z0-9_-]{1,128}", prop::collection::vec(1u64..100_000_000, 0..600), 0usize..9),
                0..40,
            ),
            repeat in 1usize..30,
        ) {
            let mut all = Vec::new();
            for (name, api, stage, latencies, probed) in &stages {
                let mut one = fixture::stage(api, name, stage);
                one.coverage.probed = *probed;
                one.coverage.deployed = *probed;
                for latency in latencies {
                    one.latencies.add(Duration::from_millis(*latency));
                }
                all.extend(std::iter::repeat_n(one, repeat));
            }
            let report = fixture::report(vec![], all);
            let datums = datums(&report, 0);
            check(&datums)?;
            // No latency is lost by being split.
            let sent: f64 = datums.iter().filter(|datum| datum.dimensions.is_empty()).map(|datum| match &datum.amount {
                Amount::Many(values) => values.iter().map(|(_, count)| count).sum(),
                Amount::One(_) => 0.0,
            }).sum();
            let seen: u64 = report.stages.iter().map(|stage| stage.latencies.count()).sum();
            prop_assert!((sent - float(seen)).abs() < 0.5, "{} of {}", sent, seen);
        }
    }
}
