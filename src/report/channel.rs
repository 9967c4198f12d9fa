//! Where messages and figures go: SNS and CloudWatch, or whatever a test puts in their place.

use std::time::Duration;

use aws_config::SdkConfig;
use futures::future::BoxFuture;

use super::cloudwatch::publish_datums;
use super::{Alert, Datum, MetricsMode, MetricsSink, send_as, write_emf};

/// A call that has no answer after so long is given up, and what it was to send is sent by a later run.
const PATIENCE: Duration = Duration::from_secs(45);

/// Something was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotTaken {
    /// Why, in one line.
    pub reason: String,
    /// Whether it will never be taken, however often it is sent.
    pub forever: bool,
}

/// Where things are sent to.
pub trait Channel: Send + Sync {
    /// Sends a message to people. `id` is the same whenever the same message is sent.
    fn alert<'c>(&'c self, id: &'c str, alert: &'c Alert) -> BoxFuture<'c, Result<(), NotTaken>>;

    /// Sends figures; what was not taken comes back.
    fn metrics(&self, datums: Vec<Datum>) -> BoxFuture<'_, Result<(), (Vec<Datum>, NotTaken)>>;
}

/// SNS and CloudWatch, or the log in CloudWatch's place.
#[derive(Debug, Clone)]
pub struct AwsChannel {
    sns: aws_sdk_sns::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    topic: Option<String>,
    sink: MetricsSink,
}

impl AwsChannel {
    /// With the region and the credentials of `aws`. Without a topic nobody is told anything.
    #[must_use]
    pub fn new(aws: &SdkConfig, topic: Option<String>, sink: MetricsSink) -> Self {
        Self { sns: aws_sdk_sns::Client::new(aws), cloudwatch: aws_sdk_cloudwatch::Client::new(aws), topic, sink }
    }
}

impl Channel for AwsChannel {
    fn alert<'c>(&'c self, id: &'c str, alert: &'c Alert) -> BoxFuture<'c, Result<(), NotTaken>> {
        Box::pin(async move {
            let Some(topic) = &self.topic else { return Ok(()) };
            match tokio::time::timeout(PATIENCE, send_as(&self.sns, topic, id, alert)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(NotTaken { forever: error.is_of_the_message(), reason: error.to_string() }),
                Err(_) => Err(NotTaken {
                    reason: format!("SNS did not answer within {} seconds", PATIENCE.as_secs()),
                    forever: false,
                }),
            }
        })
    }

    fn metrics(&self, datums: Vec<Datum>) -> BoxFuture<'_, Result<(), (Vec<Datum>, NotTaken)>> {
        Box::pin(async move {
            if self.sink.mode == MetricsMode::Emf {
                // Nothing waits: a stdout that is closed now is closed for good.
                return write_emf(&datums, &self.sink, &mut std::io::stdout().lock()).map_err(|error| {
                    let reason = format!("the metrics were not written to stdout ({error}), and are lost");
                    (Vec::new(), NotTaken { reason, forever: true })
                });
            }
            let publishing = publish_datums(&self.cloudwatch, self.sink.namespace(), datums.clone());
            match tokio::time::timeout(PATIENCE, publishing).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err((error, left))) => Err((left, NotTaken { reason: error.to_string(), forever: false })),
                Err(_) => {
                    let reason = format!("CloudWatch did not answer within {} seconds", PATIENCE.as_secs());
                    Err((datums, NotTaken { reason, forever: false }))
                }
            }
        })
    }
}
