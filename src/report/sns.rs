//! Sending the alert of a run to an SNS topic.

use aws_sdk_sns::Client;
use aws_sdk_sns::config::Region;
use aws_sdk_sns::types::MessageAttributeValue;

use super::Alert;
use super::failure::{CallFailure, Kind};

/// The alert was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was asked of SNS: the text names no topic.
    #[error(
        "the alert was not sent: `{given}` is not the ARN of an SNS topic; expected arn:aws:sns:REGION:ACCOUNT:NAME, as the stack's output TopicArn"
    )]
    Arn {
        /// As given.
        given: String,
    },
    /// SNS has no such topic.
    #[error(
        "the alert was not sent: there is no topic {topic}; check its region, account and name, or make it ({detail})"
    )]
    NoTopic {
        /// Its ARN.
        topic: String,
        /// What SNS said.
        detail: String,
    },
    /// The credentials may not publish.
    #[error(
        "the alert was not sent: publishing to {topic} is not allowed; grant sns:Publish on it, and where it is encrypted kms:GenerateDataKey and kms:Decrypt on its key ({detail})"
    )]
    Denied {
        /// Its ARN.
        topic: String,
        /// What SNS said.
        detail: String,
    },
    /// There are no credentials, or AWS rejected them.
    #[error(
        "the alert was not sent to {topic}: the credentials are missing or were rejected; renew them or choose another profile ({detail})"
    )]
    Credentials {
        /// Its ARN.
        topic: String,
        /// What the SDK or SNS said.
        detail: String,
    },
    /// SNS did not answer.
    #[error(
        "the alert was not sent to {topic}: SNS could not be reached; check the topic's region, the network and AWS_ENDPOINT_URL_SNS ({detail})"
    )]
    Unreachable {
        /// Its ARN.
        topic: String,
        /// What failed.
        detail: String,
    },
    /// SNS, or what answers in its place, did not take it.
    #[error(
        "the alert was not sent: SNS refused it for {topic}; check the ARN and the topic's settings, else report this ({detail})"
    )]
    Refused {
        /// Its ARN.
        topic: String,
        /// What SNS said.
        detail: String,
    },
}

impl SendError {
    /// Whether it is the message that SNS will never take, whatever becomes of the topic and the credentials.
    #[must_use]
    pub fn is_of_the_message(&self) -> bool {
        matches!(self, Self::Refused { detail, .. } if detail.contains("InvalidParameter") && !detail.contains("TopicArn"))
    }

    fn of(topic: &str, failure: CallFailure) -> Self {
        let (topic, detail) = (topic.to_owned(), failure.detail);
        match failure.kind {
            Kind::Missing => Self::NoTopic { topic, detail },
            Kind::Denied => Self::Denied { topic, detail },
            Kind::Credentials => Self::Credentials { topic, detail },
            Kind::Unreachable => Self::Unreachable { topic, detail },
            Kind::Refused => Self::Refused { topic, detail },
        }
    }
}

/// Sends an alert and returns SNS's id of the message.
///
/// The topic's own region is asked, whichever one the client was made for: SNS knows only its own topics, and one topic
/// may serve runs in many regions.
///
/// # Errors
/// [`SendError`], after the client's own retries.
pub async fn send(client: &Client, topic_arn: &str, alert: &Alert) -> Result<String, SendError> {
    send_as(client, topic_arn, &uuid::Uuid::new_v4().to_string(), alert).await
}

/// As [`send`], of a message with an id: a topic that is a queue takes the same one once (within five minutes).
///
/// # Errors
/// [`SendError`], after the client's own retries.
pub async fn send_as(client: &Client, topic_arn: &str, id: &str, alert: &Alert) -> Result<String, SendError> {
    let topic = Topic::parse(topic_arn)
        .ok_or_else(|| SendError::Arn { given: super::safe::cut(&super::safe::clean(topic_arn), 300).into_owned() })?;
    let mut call = client
        .publish()
        .topic_arn(topic_arn)
        .subject(&alert.subject)
        .message(alert.message())
        .message_structure("json");
    for (name, attribute) in &alert.attributes {
        let value = MessageAttributeValue::builder()
            .data_type(attribute.data_type())
            .string_value(attribute.value())
            .build()
            .map_err(|error| SendError::Refused { topic: topic_arn.to_owned(), detail: error.to_string() })?;
        call = call.message_attributes(name, value);
    }
    if topic.is_fifo() {
        // Alerts are told in their order; an attempt that is repeated is still one message. SNS takes 128 characters.
        let id: String = id.chars().filter(char::is_ascii_graphic).take(128).collect();
        call = call.message_group_id("gateprobe").message_deduplication_id(id);
    }
    let own = client.config().region().is_some_and(|region| region.as_ref() == topic.region);
    let sent = if own {
        call.send().await
    } else {
        let there = aws_sdk_sns::config::Builder::new().region(Region::new(topic.region.to_owned()));
        call.customize().config_override(there).send().await
    };
    let sent = sent.map_err(|error| SendError::of(topic_arn, CallFailure::of(&error)))?;
    Ok(sent.message_id.unwrap_or_default())
}

/// What a topic's ARN says.
#[derive(Debug, PartialEq, Eq)]
struct Topic<'a> {
    region: &'a str,
    name: &'a str,
}

impl<'a> Topic<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return None };
        let plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let named = name.strip_suffix(".fifo").unwrap_or(name);
        let usable = partition.starts_with("aws")
            && plain(partition)
            && plain(region)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && (1..=256).contains(&name.len())
            && !named.is_empty()
            && named.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        usable.then_some(Self { region, name })
    }

    fn is_fifo(&self) -> bool {
        self.name.strip_suffix(".fifo").is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::alert;
    use crate::report::fixture::small;
    use crate::report::script::{Answer, Script, bare, config};

    const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alerts";
    const SENT: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>id-1</MessageId>\
        </PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>";

    fn refusal(status: u16, code: &str) -> Answer {
        let body = format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
            <Message>it is\nno good</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        Answer::xml(status, &body)
    }

    #[tokio::test]
    async fn what_sns_is_told() {
        let script = Script::start(|_, _| Answer::xml(200, SENT)).await;
        let alert = alert(&small()).unwrap();
        let client = Client::new(&config(&script.url));
        assert_eq!(send(&client, TOPIC, &alert).await, Ok("id-1".to_owned()));
        let [asked] = &script.asked()[..] else { panic!("not one call") };
        for (name, value) in [
            ("Action", "Publish"),
            ("TopicArn", TOPIC),
            ("Subject", &alert.subject),
            ("MessageStructure", "json"),
            ("Message", &alert.message()),
        ] {
            assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(asked.fields("MessageAttributes.entry."), 3 * alert.attributes.len());
        assert_eq!(asked.fields("MessageGroupId"), 0);
        assert!(asked.authorization.contains("/eu-central-1/sns/"), "{}", asked.authorization);
    }

    #[tokio::test]
    async fn a_topic_of_another_region_is_asked_there() {
        let script = Script::start(|_, _| Answer::xml(200, SENT)).await;
        let client = Client::new(&config(&script.url));
        let topic = "arn:aws:sns:us-east-1:123456789012:alerts.fifo";
        send(&client, topic, &alert(&small()).unwrap()).await.unwrap();
        let [asked] = &script.asked()[..] else { panic!("not one call") };
        assert!(asked.authorization.contains("/us-east-1/sns/"), "{}", asked.authorization);
        assert_eq!(asked.field("MessageGroupId").as_deref(), Some("gateprobe"));
        assert_eq!(asked.fields("MessageDeduplicationId"), 1);
    }

    #[tokio::test]
    async fn each_failure_is_one_clear_line() {
        let alert = alert(&small()).unwrap();
        for (status, code, calls, words) in [
            (403, "AuthorizationError", 1, &["grant sns:Publish", TOPIC, "403 AuthorizationError, it is no good"][..]),
            (404, "NotFound", 1, &["there is no topic", TOPIC, "region"]),
            (403, "ExpiredToken", 1, &["credentials", "renew"]),
            (400, "InvalidParameter", 1, &["SNS refused it", "400 InvalidParameter"]),
            (500, "InternalError", 3, &["SNS refused it", "500 InternalError"]),
        ] {
            let script = Script::start(move |_, _| refusal(status, code)).await;
            let error = send(&Client::new(&config(&script.url)), TOPIC, &alert).await.unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
            assert!(!error.contains('\n'), "{error}");
            assert_eq!(script.asked().len(), calls, "{code}");
        }
        let error = send(&Client::new(&config("http://127.0.0.1:1")), TOPIC, &alert).await.unwrap_err();
        assert!(matches!(error, SendError::Unreachable { .. }), "{error:?}");
        let error = send(&Client::new(&bare("http://127.0.0.1:1")), TOPIC, &alert).await.unwrap_err();
        assert!(matches!(error, SendError::Credentials { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn what_is_no_topic_is_not_asked() {
        let alert = alert(&small()).unwrap();
        let client = Client::new(&config("http://127.0.0.1:1"));
        for given in [
            "",
            "alerts",
            "arn:aws:sqs:eu-central-1:123456789012:alerts",
            "arn:aws:sns::123456789012:alerts",
            "arn:aws:sns:eu-central-1:1234:alerts",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:.fifo",
            "arn:aws:sns:eu-central-1:123456789012:alerts:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
            "arn:aws:sns:eu-central-1/x:123456789012:alerts",
        ] {
            let error = send(&client, given, &alert).await.unwrap_err();
            assert_eq!(error, SendError::Arn { given: given.to_owned() });
        }
        let gov = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:a_B-9.fifo";
        assert_eq!(Topic::parse(gov), Some(Topic { region: "us-gov-west-1", name: "a_B-9.fifo" }));
    }
}
