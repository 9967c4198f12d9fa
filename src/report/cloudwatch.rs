//! Publishing the figures of a run to CloudWatch.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};

use super::Report;
use super::failure::{CallFailure, Kind};
use super::metrics::{Amount, Datum, Unit, batches, datums};

/// Some metrics of a run were not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failed} of {calls} calls of PutMetricData failed, so CloudWatch lacks figures of this run: {reason}")]
pub struct PublishError {
    /// How many calls failed.
    pub failed: usize,
    /// Of how many.
    pub calls: usize,
    /// The first failure, and what to do, in one line.
    pub reason: String,
}

/// Publishes a run's figures, and says how many calls that took. `now` is their time, in Unix seconds.
///
/// A call that fails, after the client's own retries, does not keep the others from being made: half of the stages
/// are better than none.
///
/// # Errors
/// [`PublishError`] with the first failure where any call failed.
pub async fn publish(client: &Client, namespace: &str, report: &Report, now: i64) -> Result<usize, PublishError> {
    publish_datums(client, namespace, datums(report, now)).await.map_err(|(error, _)| error)
}

/// Publishes figures, and says how many calls that took.
///
/// # Errors
/// [`PublishError`] with the first failure where any call failed, and the figures that were not taken.
pub(super) async fn publish_datums(
    client: &Client,
    namespace: &str,
    datums: Vec<Datum>,
) -> Result<usize, (PublishError, Vec<Datum>)> {
    let batches = batches(datums);
    let calls = batches.len();
    let (mut failed, mut first, mut left) = (0, None, Vec::new());
    for batch in batches {
        let data = batch.iter().cloned().map(datum).collect();
        if let Err(error) = client.put_metric_data().namespace(namespace).set_metric_data(Some(data)).send().await {
            failed += 1;
            left.extend(batch);
            first.get_or_insert_with(|| reason(&CallFailure::of(&error), namespace));
        }
    }
    match first {
        None => Ok(calls),
        Some(reason) => Err((PublishError { failed, calls, reason }, left)),
    }
}

fn reason(failure: &CallFailure, namespace: &str) -> String {
    let detail = &failure.detail;
    match failure.kind {
        Kind::Denied => {
            format!("not allowed; grant cloudwatch:PutMetricData for the namespace {namespace} ({detail})")
        }
        Kind::Credentials => {
            format!("the credentials are missing or were rejected; renew them or choose another profile ({detail})")
        }
        Kind::Unreachable => {
            format!(
                "CloudWatch could not be reached; check the region, the network and AWS_ENDPOINT_URL_CLOUDWATCH ({detail})"
            )
        }
        Kind::Missing | Kind::Refused => {
            format!("CloudWatch refused them; check that the endpoint is CloudWatch's, else report this ({detail})")
        }
    }
}

fn datum(datum: Datum) -> MetricDatum {
    let dimension = |(name, value)| Dimension::builder().name(name).value(value).build();
    let metric = MetricDatum::builder()
        .metric_name(datum.name.into_owned())
        .timestamp(DateTime::from_secs(datum.at))
        .unit(match datum.unit {
            Unit::Count => StandardUnit::Count,
            Unit::Percent => StandardUnit::Percent,
            Unit::Milliseconds => StandardUnit::Milliseconds,
        })
        // Absent and empty are the same to AWS; an emulator may know only one of them.
        .set_dimensions((!datum.dimensions.is_empty()).then(|| datum.dimensions.into_iter().map(dimension).collect()));
    match datum.amount {
        Amount::One(value) => metric.value(value),
        Amount::Many(values) => {
            let (values, counts) = values.into_iter().unzip();
            metric.set_values(Some(values)).set_counts(Some(counts))
        }
    }
    .build()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::fixture;
    use crate::report::script::{Answer, Script, bare, config};

    fn client(url: &str) -> Client {
        let config = aws_sdk_cloudwatch::config::Builder::from(&config(url)).disable_request_compression(true);
        Client::from_conf(config.build())
    }

    fn big() -> Report {
        let stages = (0..300)
            .map(|index| {
                let mut stage = fixture::stage(&format!("api{index:07}"), &"name ".repeat(60), "prod");
                // Six datums full of values: a thousand such datums would be well over 1 MB.
                for latency in 0..90 * 10_u32 {
                    stage.latencies.add(Duration::from_millis(u64::from(10 + latency % 90) * 10_u64.pow(latency / 90)));
                }
                stage
            })
            .collect();
        fixture::report(vec![], stages)
    }

    #[tokio::test]
    async fn a_small_run_is_one_call() {
        let script = Script::start(|_, _| Answer::cbor(200, "", "")).await;
        assert_eq!(publish(&client(&script.url), "Gateprobe", &fixture::small(), 1_790_000_000).await, Ok(1));
        let [asked] = &script.asked()[..] else { panic!("not one call") };
        for word in ["Gateprobe", "RoutingFailures", "Latency", "Heartbeat", "ApiName", "a1b2c3d4e5", "Percent"] {
            assert!(asked.text().contains(word), "{word}");
        }
    }

    #[tokio::test]
    async fn one_failing_call_does_not_stop_the_others_and_none_is_too_big() {
        let script = Script::start(|index, _| match index {
            0 => Answer::cbor(400, "InvalidParameterValue", "no\nsuch thing"),
            _ => Answer::cbor(200, "", ""),
        })
        .await;
        let report = big();
        let all = datums(&report, 0);
        let by_number = all.len().div_ceil(1000);
        let calls = batches(all).len();
        assert!(calls > by_number, "{calls} calls: it was bytes that counted");
        let error = publish(&client(&script.url), "Gateprobe", &report, 0).await.unwrap_err();
        assert_eq!((error.failed, error.calls), (1, calls));
        assert!(error.to_string().contains("400 InvalidParameterValue, no such thing"), "{error}");
        let asked = script.asked();
        assert_eq!(asked.len(), calls);
        let sizes: Vec<usize> = asked.iter().map(|asked| asked.body.len()).collect();
        assert!(sizes.iter().all(|size| *size <= 1_000_000), "the estimate is too low: {sizes:?}");
    }

    #[tokio::test]
    async fn a_server_error_is_tried_again() {
        let script = Script::start(|index, _| match index {
            0 => Answer::cbor(500, "InternalServiceFault", "boom"),
            _ => Answer::cbor(200, "", ""),
        })
        .await;
        assert_eq!(publish(&client(&script.url), "Gateprobe", &fixture::small(), 0).await, Ok(1));
        assert_eq!(script.asked().len(), 2);
    }

    #[tokio::test]
    async fn each_failure_says_what_to_do() {
        for (status, code, words) in [
            (403, "AccessDenied", &["cloudwatch:PutMetricData", "namespace Gateprobe", "not authorized"][..]),
            (403, "ExpiredToken", &["credentials", "renew"]),
            (404, "", &["refused", "404"]),
        ] {
            let script = Script::start(move |_, _| Answer::cbor(status, code, "User x is not authorized")).await;
            let error = publish(&client(&script.url), "Gateprobe", &fixture::small(), 0).await.unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let nobody = aws_sdk_cloudwatch::Client::new(&config("http://127.0.0.1:1"));
        let error = publish(&nobody, "Gateprobe", &fixture::small(), 0).await.unwrap_err().to_string();
        assert!(error.contains("could not be reached"), "{error}");
        let nameless = aws_sdk_cloudwatch::Client::new(&bare("http://127.0.0.1:1"));
        let error = publish(&nameless, "Gateprobe", &fixture::small(), 0).await.unwrap_err().to_string();
        assert!(error.contains("the credentials are missing"), "{error}");
    }
}
