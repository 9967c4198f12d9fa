//! Telling people: what a run found, as a table, JSON, CloudWatch metrics and an SNS alert.

mod alert;
mod alert_text;
mod causes;
mod certificates;
mod channel;
mod cloudwatch;
mod failure;
#[cfg(test)]
mod fixture;
mod latency;
mod message;
mod metrics;
mod model;
mod page;
mod safe;
#[cfg(test)]
mod script;
mod sights;
mod sns;
mod tally;
pub mod tell;
pub mod terminal;
pub mod widget;

pub use crate::remember::Severity;
pub use alert::{ALERT_VERSION, Alert, Attribute, alert};
pub use causes::causes_md;
pub use certificates::Certificate;
pub use channel::{AwsChannel, Channel, NotTaken};
pub use cloudwatch::{PublishError, publish};
pub use latency::Latencies;
pub use message::{Context, MESSAGE_VERSION, json_schema as message_schema, message};
pub use metrics::{Amount, Datum, NAMESPACE, Unit, batches, datums, of_a_part};
pub use model::{ContractCoverage, Coverage, Finding, Memory, REPORT_VERSION, Report, StageReport, Undeployed};
pub use safe::url as url_without_values;
pub(crate) use sights::subject_id;
pub use sns::{SendError, send, send_as};
pub use tally::{Standing, Tally, standing};
