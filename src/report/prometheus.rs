//! `--format prometheus`: the figures of a run in Prometheus's text format, for node_exporter's textfile collector.
//!
//! The same figures as CloudWatch's (docs/metrics.md), by Prometheus's own conventions: base units, a point in time in place of
//! days left, the figures of all stages under other names than a stage's, so that no sum counts anything twice. All are gauges: a
//! file holds one run, and nothing in it only grows.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::safe::clean;
use super::{Coverage, Latencies, Report};

/// The report's figures in Prometheus's text format.
///
/// # Errors
/// [`fmt::Error`] is what the encoder may return, and writing to memory does not.
pub fn prometheus(report: &Report) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("gateprobe");
    registry.register_collector(Box::new(Figures(families(report))));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// One metric with all its series. Its unit is in its name.
#[derive(Debug)]
struct Family {
    name: String,
    help: &'static str,
    series: Vec<(Labels, f64)>,
}

type Labels = Vec<(&'static str, String)>;

/// Series in the report's order: the client's own families are hash maps, and a file that is compared should not change by itself.
#[derive(Debug)]
struct Figures(Vec<Family>);

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.series.is_empty()) {
            let mut metric = encoder.encode_descriptor(&family.name, family.help, None, MetricType::Gauge)?;
            for (labels, value) in &family.series {
                let gauge = ConstGauge::new(*value);
                if labels.is_empty() {
                    gauge.encode(metric)?;
                    // A metric without labels has one value.
                    break;
                }
                gauge.encode(metric.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}

fn families(report: &Report) -> Vec<Family> {
    let mut all = vec![];
    let mut one = |name: &str, help, value: f64| {
        all.push(Family { name: name.to_owned(), help, series: vec![(vec![], value)] });
    };
    one("gaps", "Things that could not be read or reached.", count(report.gaps.len()));
    one("run_duration_seconds", "From the first call to the last answer.", seconds(report.duration_ms));
    if let Some(memory) = &report.memory {
        let failed = !memory.remembered || memory.problem.is_some();
        one("memory_failed", "1 where the run is not remembered.", count(usize::from(failed)));
        one("outbox_waiting", "Messages and figures that wait for a later run.", count(memory.waiting));
        one("outbox_dropped", "Messages and figures that this run gave up.", float(memory.dropped));
        if memory.remembered {
            one("open_incidents", "Incidents that are open.", count(memory.open));
        }
    }
    // As in metrics.rs: a run that could read nothing says nothing of health, and its zeros would.
    if report.saw_nothing() {
        return all;
    }
    let ended = report.started_at.saturating_add(i64::try_from(report.duration_ms / 1000).unwrap_or(0));
    one(
        "last_run_timestamp_seconds",
        "When the run ended, in Unix time. Alert on its age.",
        float(u64::try_from(ended).unwrap_or(0)),
    );
    let mut latencies = Latencies::default();
    report.stages.iter().for_each(|stage| latencies.merge(&stage.latencies));
    let everything = [Of {
        labels: vec![],
        coverage: &report.coverage,
        unhealthy: report.unhealthy,
        routing_failures: report.routing_failures,
        undeployed: report.undeployed.len(),
        latencies: &latencies,
    }];
    let stages: Vec<Of<'_>> = report
        .stages
        .iter()
        .map(|stage| Of {
            labels: vec![
                ("api_name", clean(&stage.api_name)),
                ("api_id", clean(&stage.api)),
                ("stage", clean(&stage.stage)),
            ],
            coverage: &stage.coverage,
            unhealthy: stage.unhealthy,
            routing_failures: stage.routing_failures,
            undeployed: stage.undeployed,
            latencies: &stage.latencies,
        })
        .collect();
    all.extend(figures("", &everything));
    all.extend(figures("stage_", &stages));
    let certificate =
        |one: &super::Certificate| (vec![("host", clean(&one.host))], float(u64::try_from(one.not_after).unwrap_or(0)));
    all.push(Family {
        name: "certificate_not_after_timestamp_seconds".to_owned(),
        help: "When the certificate of a host ends, in Unix time.",
        series: report.certificates.iter().map(certificate).collect(),
    });
    all
}

/// What is known of a stage and of all of them alike.
struct Of<'r> {
    labels: Labels,
    coverage: &'r Coverage,
    unhealthy: usize,
    routing_failures: usize,
    undeployed: usize,
    latencies: &'r Latencies,
}

fn figures(prefix: &str, all: &[Of<'_>]) -> Vec<Family> {
    let family = |name: &str, help, value: &dyn Fn(&Of<'_>) -> f64| Family {
        name: format!("{prefix}{name}"),
        help,
        series: all.iter().map(|of| (of.labels.clone(), value(of))).collect(),
    };
    let mut families = vec![
        family("probed_methods", "Deployed methods that a probe was sent for.", &|of| count(of.coverage.probed)),
        family("skipped_methods", "Deployed methods that none was sent for.", &|of| count(of.coverage.skipped_total())),
        family("coverage_ratio", "Probed of deployed methods, 0 to 1; 1 where nothing is deployed.", &|of| {
            of.coverage.percent() / 100.0
        }),
        family("unhealthy", "Methods and contract requests that failed.", &|of| count(of.unhealthy)),
        family("routing_failures", "Of those, the ones whose verdict is routing.", &|of| count(of.routing_failures)),
        family("undeployed_methods", "Methods of the editor that the stage does not have.", &|of| count(of.undeployed)),
        family("answers", "Answers that came, of any kind.", &|of| float(of.latencies.count())),
    ];
    // A `quantile` is a summary's, and that sums up what came since a process began.
    let latency = |of: &Of<'_>| {
        [50, 90, 99]
            .into_iter()
            .filter_map(|percentile| {
                let mut labels = of.labels.clone();
                labels.push(("percentile", percentile.to_string()));
                Some((labels, seconds(of.latencies.percentile(percentile)?)))
            })
            .collect::<Vec<_>>()
    };
    families.push(Family {
        name: format!("{prefix}latency_seconds"),
        help: "The time of this run's answers, by percentile.",
        series: all.iter().flat_map(latency).collect(),
    });
    families
}

fn count(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}

fn seconds(milliseconds: u64) -> f64 {
    float(milliseconds) / 1000.0
}

fn float(value: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts and milliseconds; past 2^53 the nearest double will do")]
    let value = value as f64;
    value
}
