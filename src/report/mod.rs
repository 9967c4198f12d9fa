//! Telling people: what a run found, as a table, JSON, CloudWatch metrics and an SNS alert.

mod latency;
mod model;
mod tally;
pub mod terminal;

pub use latency::Latencies;
pub use model::{ContractCoverage, Coverage, Finding, REPORT_VERSION, Report, StageReport, Undeployed};
pub use tally::{Standing, Tally, standing};
