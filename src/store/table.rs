//! The stack's DynamoDB table: one item for each partition key.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use super::config::{ConfigItem, ConfigItems};
use super::keep::{Expect, Item, Store, WriteError};
use super::{StoreError, keep};
use crate::discover::said::{chain, one_line};

/// So many keys are asked for at once: `BatchGetItem` takes no more
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const BATCH: usize = 100;

/// So many batches are on their way at the same time.
const BATCHES_AT_ONCE: usize = 4;

/// How long one attempt of a call may take. A batch's answer has up to 16 MB.
const ATTEMPT: Duration = Duration::from_secs(15);

/// How long a call may take with all its attempts: a run has other things to do than to wait for its memory.
const CALL: Duration = Duration::from_secs(40);

/// A table of DynamoDB whose partition key is `pk`, a text.
///
/// Items have the attributes `body` (bytes), `version` (a number) and, where they may be forgotten, `expires` (a number:
/// Unix seconds), which the table's time to live goes by. DynamoDB may still give an item some days after that time.
///
/// Versions are drawn, not counted: an item that was removed and written anew has none that it had before, and a write
/// whose answer was lost and that the SDK made again knows its own work by its version.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    /// How long it waits before it asks again for keys that came back unprocessed; twice as long each time.
    pub(super) first_wait: Duration,
}

impl Table {
    /// The table of this name, in the region and with the credentials of `aws`. Nothing is asked of it yet.
    #[must_use]
    pub fn new(aws: &SdkConfig, name: &str) -> Self {
        let limits = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL);
        let asked = aws.timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
        let config =
            aws_sdk_dynamodb::config::Builder::from(aws).timeout_config(asked.take_unset_from(limits).build()).build();
        Self { client: Client::from_conf(config), name: name.to_owned(), first_wait: Duration::from_millis(50) }
    }

    fn error(&self, done: &'static str, advice: &'static str, detail: String) -> StoreError {
        StoreError { place: format!("the table {}", self.name), done, advice, detail }
    }

    fn failed<E>(&self, done: &'static str, error: &SdkError<E>) -> StoreError
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let (code, detail) = match error {
            SdkError::ServiceError(answer) => {
                let said: Vec<&str> = [answer.err().code(), answer.err().message()].into_iter().flatten().collect();
                let said = if said.is_empty() { "an answer that says nothing".to_owned() } else { said.join(", ") };
                (answer.err().code().unwrap_or_default(), one_line(&said))
            }
            SdkError::TimeoutError(_) => ("", "no answer in time".to_owned()),
            _ => ("", chain(error)),
        };
        let advice = match code {
            "ResourceNotFoundException" => {
                "there is none of that name; take it from the stack's output TableName, and check the region"
            }
            "AccessDeniedException" => {
                "grant dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:DeleteItem on it"
            }
            "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => THROTTLED,
            "" => "check the credentials, the region and the network",
            _ => "check the table and its settings",
        };
        self.error(done, advice, detail)
    }

    /// Reads up to [`BATCH`] items, and again those that DynamoDB had no capacity or no room in its answer for.
    async fn read_batch(&self, keys: &[&String]) -> Result<Vec<(String, Item)>, StoreError> {
        let key = |key: &&String| HashMap::from([("pk".to_owned(), AttributeValue::S((*key).clone()))]);
        let mut wanted: Vec<HashMap<String, AttributeValue>> = keys.iter().map(key).collect();
        let mut found = Vec::new();
        let waits = || {
            let waits = ExponentialBuilder::default().with_min_delay(self.first_wait).with_jitter();
            waits.with_max_delay(40 * self.first_wait).with_max_times(7).build()
        };
        let mut next_waits = waits();
        loop {
            let asked = wanted.len();
            let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let request = request.map_err(|error| self.error("read", "report this", chain(&error)))?;
            let sent = self.client.batch_get_item().request_items(&self.name, request).send().await;
            let mut answer = sent.map_err(|error| self.failed("read", &error))?;
            for item in answer.responses.iter_mut().flat_map(HashMap::values_mut).flatten() {
                found.push(self.taken(item)?);
            }
            let unprocessed = answer.unprocessed_keys.unwrap_or_default().into_values();
            wanted = unprocessed.flat_map(|keys| keys.keys).collect();
            if wanted.is_empty() {
                return Ok(found);
            }
            // An answer is full at 16 MB: only where nothing came at all there was no capacity.
            if wanted.len() < asked {
                next_waits = waits();
                continue;
            }
            let Some(wait) = next_waits.next() else {
                let detail = format!("{asked} keys came back unprocessed, again and again");
                return Err(self.error("read", THROTTLED, detail));
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// An item's key and content. Its bytes are moved, not copied.
    fn taken(&self, item: &mut HashMap<String, AttributeValue>) -> Result<(String, Item), StoreError> {
        let key = match item.remove("pk") {
            Some(AttributeValue::S(key)) => key,
            _ => String::new(),
        };
        let (Some(AttributeValue::B(body)), Some(version)) = (item.remove("body"), version_of(item)) else {
            let advice = "remove the item, and what it held is learnt again; or take another table";
            let detail = format!("the item {key} has no attributes `body` (B) and `version` (N)");
            return Err(self.error("read", advice, detail));
        };
        Ok((key, Item { bytes: body.into_inner(), version }))
    }
}

const THROTTLED: &str = "it is throttled, and asking again did not help: give it on-demand capacity, or more of it";

fn version_of(item: &HashMap<String, AttributeValue>) -> Option<u64> {
    item.get("version")?.as_n().ok()?.parse().ok()
}

impl Store for Table {
    fn read<'s>(&'s self, keys: &'s [String]) -> BoxFuture<'s, Result<BTreeMap<String, Item>, StoreError>> {
        async move {
            // DynamoDB refuses a batch that names a key twice.
            let distinct: Vec<&String> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
            let batches: Vec<_> = distinct.chunks(BATCH).map(|batch| self.read_batch(batch)).collect();
            let found = stream::iter(batches).buffer_unordered(BATCHES_AT_ONCE);
            found
                .try_fold(BTreeMap::new(), async |mut all, batch| {
                    all.extend(batch);
                    Ok(all)
                })
                .await
        }
        .boxed()
    }

    fn write<'s>(
        &'s self,
        key: &'s str,
        bytes: Vec<u8>,
        expect: Expect,
        expires_at: Option<i64>,
    ) -> BoxFuture<'s, Result<u64, WriteError>> {
        async move {
            let version = keep::drawn();
            let expires = expires_at.map(|at| ("expires".to_owned(), AttributeValue::N(at.to_string())));
            let request = self
                .client
                .put_item()
                .table_name(&self.name)
                .item("pk", AttributeValue::S(key.to_owned()))
                .item("body", AttributeValue::B(Blob::new(bytes)))
                .item("version", AttributeValue::N(version.to_string()));
            let request = expires.into_iter().fold(request, |request, (name, value)| request.item(name, value));
            let request = match expect {
                Expect::Anything => request,
                Expect::Absent => request.condition_expression("attribute_not_exists(pk)"),
                Expect::Version(known) => request
                    .condition_expression("#version = :known")
                    .expression_attribute_names("#version", "version")
                    .expression_attribute_values(":known", AttributeValue::N(known.to_string())),
            };
            let request = request.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match request.send().await {
                Ok(_) => Ok(version),
                Err(error) => match error.as_service_error() {
                    // The SDK made the call again because the answer of the first was lost: it is done.
                    Some(PutItemError::ConditionalCheckFailedException(failed))
                        if failed.item().and_then(version_of) == Some(version) =>
                    {
                        Ok(version)
                    }
                    Some(PutItemError::ConditionalCheckFailedException(_)) => Err(WriteError::Conflict),
                    _ => Err(self.failed("written", &error).into()),
                },
            }
        }
        .boxed()
    }

    fn remove<'s>(&'s self, key: &'s str) -> BoxFuture<'s, Result<(), StoreError>> {
        async move {
            let request = self.client.delete_item().table_name(&self.name);
            let sent = request.key("pk", AttributeValue::S(key.to_owned())).send().await;
            sent.map(|_| ()).map_err(|error| self.failed("written", &error))
        }
        .boxed()
    }
}

impl ConfigItems for Table {
    async fn get(&self, key: &str) -> Result<Option<ConfigItem>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.failed("read", &error))?;
        answer.item().map(|item| self.item(key, item)).transpose()
    }

    async fn put(&self, key: &str, item: &ConfigItem) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(key.to_owned()))
            .item("text", AttributeValue::S(item.text.clone()))
            .item("version", AttributeValue::S(item.version.clone()))
            .item("pushed_at", AttributeValue::N(item.pushed_at.to_string()))
            .send()
            .await
            .map_err(|error| self.failed("written", &error))?;
        Ok(())
    }
}

impl Table {
    fn item(&self, key: &str, item: &HashMap<String, AttributeValue>) -> Result<ConfigItem, StoreError> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok());
        Ok(ConfigItem {
            text: text("text").ok_or_else(|| {
                let advice = "write it anew with gateprobe config push";
                self.error("read", advice, format!("the item {key} has no attribute `text`"))
            })?,
            version: text("version").unwrap_or_default(),
            pushed_at: number("pushed_at").unwrap_or_default(),
        })
    }
}
