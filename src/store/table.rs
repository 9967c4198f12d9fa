//! The stack's DynamoDB table: one item for each partition key.

use std::collections::HashMap;
use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::config::{ConfigItem, ConfigItems};
use crate::discover::said::{chain, one_line};

/// A call to the table that failed, the SDK's own retries included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the table {table} could not be {done}: {advice} ({detail})")]
pub struct StoreError {
    /// The table's name.
    pub table: String,
    /// `read` or `written`.
    pub done: &'static str,
    /// What to look at.
    pub advice: &'static str,
    /// What DynamoDB or the SDK said, in one line.
    pub detail: String,
}

/// A table of DynamoDB whose partition key is `pk`, a text.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table of this name, in the region and with the credentials of `aws`. Nothing is asked of it yet.
    #[must_use]
    pub fn new(aws: &SdkConfig, name: &str) -> Self {
        Self { client: Client::new(aws), name: name.to_owned() }
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
            _ => ("", chain(error)),
        };
        let advice = match code {
            "ResourceNotFoundException" => {
                "there is none of that name; take it from the stack's output ConfigTableName, and check the region"
            }
            "AccessDeniedException" => "grant dynamodb:GetItem and dynamodb:PutItem on it",
            "" => "check the credentials, the region and the network",
            _ => "check the table and its settings",
        };
        StoreError { table: self.name.clone(), done, advice, detail }
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
            text: text("text").ok_or_else(|| StoreError {
                table: self.name.clone(),
                done: "read",
                advice: "write it anew with gateprobe config push",
                detail: format!("the item {key} has no attribute `text`"),
            })?,
            version: text("version").unwrap_or_default(),
            pushed_at: number("pushed_at").unwrap_or_default(),
        })
    }
}
