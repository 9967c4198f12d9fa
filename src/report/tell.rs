//! Publishing a report: the metrics always, the alert where there is a topic and something to tell.

use aws_config::SdkConfig;

use super::{MetricsMode, MetricsSink, PublishError, Report, SendError, alert, datums, publish, send, write_emf};

/// A topic that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no topic's ARN: expected something like arn:aws:sns:eu-central-1:123456789012:alerts")]
pub struct TopicError(String);

/// A topic is given by its whole ARN; a mistake in it is found before the run and not after it.
///
/// # Errors
/// [`TopicError`], for anything that is no ARN of an SNS topic.
pub fn check_topic(arn: &str) -> Result<(), TopicError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "sns", region, _, name] if !region.is_empty() && !name.is_empty() => Ok(()),
        _ => Err(TopicError(arn.to_owned())),
    }
}

/// What was not published. One does not keep the other from being tried.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The metrics were not taken; the alert was, or there was none.
    #[error("the metrics were not published: {0}")]
    Metrics(#[source] PublishError),
    /// The alert was not taken; the metrics were.
    #[error("the alert was not published: {0}")]
    Alert(#[source] SendError),
    /// Neither was taken.
    #[error("neither metrics nor alert were published: {metrics}; {alert}")]
    Both {
        /// Why not the metrics.
        metrics: PublishError,
        /// Why not the alert.
        alert: SendError,
    },
}

/// Publishes a report at the time `now` (Unix seconds).
///
/// # Errors
/// [`TellError`] names all that was not taken, after everything was tried.
pub async fn tell(
    aws: &SdkConfig,
    topic: Option<&str>,
    sink: &MetricsSink,
    report: &Report,
    now: i64,
) -> Result<(), TellError> {
    // The alert goes first: should time run out between them, a person knows.
    let alerted = match topic.zip(alert(report)) {
        Some((topic, alert)) => send(&aws_sdk_sns::Client::new(aws), topic, &alert).await.map(drop),
        None => Ok(()),
    };
    let published = match sink.mode {
        MetricsMode::CloudWatch => {
            publish(&aws_sdk_cloudwatch::Client::new(aws), sink.namespace(), report, now).await.map(drop)
        }
        MetricsMode::Emf => write_emf(&datums(report, now), sink, &mut std::io::stdout().lock()).map_err(|error| {
            let reason = format!("stdout did not take them ({error})");
            PublishError { failed: 1, calls: 1, reason }
        }),
    };
    match (published, alerted) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(metrics), Ok(())) => Err(TellError::Metrics(metrics)),
        (Ok(()), Err(alert)) => Err(TellError::Alert(alert)),
        (Err(metrics), Err(alert)) => Err(TellError::Both { metrics, alert }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_a_whole_arn() {
        for good in ["arn:aws:sns:us-east-1:000000000000:alerts", "arn:aws-cn:sns:cn-north-1:1:a.fifo"] {
            assert!(check_topic(good).is_ok(), "{good}");
        }
        for bad in ["", "alerts", "arn:aws:sqs:us-east-1:1:q", "arn:aws:sns:us-east-1:1:", "arn:aws:sns::1:x"] {
            assert!(check_topic(bad).is_err(), "{bad}");
        }
    }
}
