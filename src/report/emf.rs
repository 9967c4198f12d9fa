//! Figures as log lines in CloudWatch's embedded metric format: one JSON object a line, which CloudWatch Logs makes metrics of.
//!
//! Limits by the specification ("Specification: Embedded metric format", docs.aws.amazon.com, read 2026-11): 100 metrics and one
//! name each once in a directive, 100 values in an array, 30 dimensions, a log event of 256 KB (1 MB since 2025). A line has one set of
//! dimensions. A value that was seen often stands in the array as often: unlike `PutMetricData` the format knows no counts.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Map, Value, json};

use super::metrics::{Amount, Datum, Unit};
use super::sink::MetricsSink;

/// The most metrics of a line.
const METRICS_A_LINE: usize = 100;

/// The most values of a metric in a line.
const VALUES_A_METRIC: usize = 100;

/// What a line is for, and what is in it so far.
struct Line<'d> {
    dimensions: &'d [(std::borrow::Cow<'static, str>, String)],
    at: i64,
    names: BTreeSet<&'d str>,
    metrics: Vec<Value>,
    values: Map<String, Value>,
}

/// Figures as lines, without line ends.
#[must_use]
pub fn lines(datums: &[Datum], sink: &MetricsSink) -> Vec<String> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for datum in datums {
        for value in values(&datum.amount) {
            let fits = |line: &Line<'_>| {
                line.at == datum.at
                    && line.dimensions == datum.dimensions
                    && line.names.len() < METRICS_A_LINE
                    && !line.names.contains(&*datum.name)
            };
            // Datums of one set of dimensions follow one another, so only the last line may have room.
            if !lines.last().is_some_and(fits) {
                lines.push(Line {
                    dimensions: &datum.dimensions,
                    at: datum.at,
                    names: BTreeSet::new(),
                    metrics: Vec::new(),
                    values: Map::new(),
                });
            }
            let Some(line) = lines.last_mut() else { continue };
            line.names.insert(&datum.name);
            line.metrics.push(json!({"Name": datum.name, "Unit": unit(datum.unit)}));
            line.values.insert(datum.name.to_string(), value);
        }
    }
    lines.into_iter().map(|line| line.text(sink)).collect()
}

/// Writes figures, a line each.
///
/// # Errors
/// As the writer has them.
pub fn write(datums: &[Datum], sink: &MetricsSink, out: &mut dyn Write) -> std::io::Result<()> {
    for line in lines(datums, sink) {
        // One call a line: what takes the log of a process may cut it where a call ends.
        out.write_all((line + "\n").as_bytes())?;
    }
    out.flush()
}

impl Line<'_> {
    fn text(self, sink: &MetricsSink) -> String {
        let names: Vec<&str> = self.dimensions.iter().map(|(name, _)| &**name).collect();
        let mut root = json!({
            "_aws": {
                "Timestamp": self.at.saturating_mul(1000),
                "CloudWatchMetrics": [{
                    "Namespace": sink.namespace(),
                    "Dimensions": [names],
                    "Metrics": self.metrics,
                }],
            },
            "level": sink.level,
        });
        if let Value::Object(root) = &mut root {
            root.extend(self.dimensions.iter().map(|(name, value)| (name.to_string(), value.as_str().into())));
            root.extend(self.values);
        }
        root.to_string()
    }
}

/// A metric's values, in parts that a line takes.
fn values(amount: &Amount) -> Vec<Value> {
    match amount {
        Amount::One(value) => vec![number(*value)],
        Amount::Many(values) => {
            let each = values.iter().flat_map(|(value, count)| {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of answers")]
                std::iter::repeat_n(number(*value), *count as usize)
            });
            let each: Vec<Value> = each.collect();
            each.chunks(VALUES_A_METRIC).map(|part| Value::from(part.to_vec())).collect()
        }
    }
}

/// Whole numbers are written as such: a third of the line, and CloudWatch takes money for each byte.
fn number(value: f64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "only where it is whole and small")]
    let whole = value as i64;
    if value.fract() == 0.0 && value.abs() < 9e15 { whole.into() } else { value.into() }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "Count",
        Unit::Percent => "Percent",
        Unit::Milliseconds => "Milliseconds",
    }
}
