//! Telling people: what a run found, as a table, a page, JSON, CloudWatch metrics and an SNS alert.

mod alert;
mod alert_text;
mod causes;
mod certificates;
mod channel;
mod cloudwatch;
mod cost;
mod emf;
mod failure;
mod finding_text;
#[cfg(test)]
mod fixture;
pub mod html;
mod junit;
mod latency;
mod message;
mod metrics;
mod model;
#[cfg(test)]
mod outputs_tests;
mod page;
mod prometheus;
mod safe;
mod sarif;
#[cfg(test)]
pub(crate) mod script;
mod sights;
mod sink;
mod sns;
mod tally;
pub mod tell;
pub mod terminal;
pub mod widget;
mod wrong_part;

pub use crate::remember::Severity;
pub use alert::{ALERT_VERSION, Alert, Attribute, alert};
pub use causes::causes_md;
pub use certificates::Certificate;
pub use channel::{AwsChannel, Channel, NotTaken};
pub use cloudwatch::{PublishError, publish};
pub use cost::{Cost, CostLine, Size, Synthetics, cost, cost_md};
pub use emf::{lines as emf_lines, write as write_emf};
pub use junit::{JunitError, junit};
pub use latency::Latencies;
pub use message::{Context, MESSAGE_VERSION, json_schema as message_schema, message};
pub use metrics::{Amount, Datum, NAMESPACE, Unit, batches, datums, of_a_part};
pub use model::{
    ContractCoverage, ContractRequest, Coverage, Finding, Memory, MethodReport, Phases, REPORT_VERSION, Report,
    StageReport, State, Undeployed,
};
pub use prometheus::prometheus;
pub use safe::url as url_without_values;
pub use sarif::{Location, sarif};
pub(crate) use sights::subject_id;
pub use sink::{MetricsMode, MetricsSink, SinkError};
pub use sns::{SendError, send, send_as};
pub use tally::{Standing, Tally, standing};
