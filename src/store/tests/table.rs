//! What the table asks DynamoDB, and what it makes of answers that no emulator gives.

use serde_json::{Value, json};

use super::script::{Answer, Asked, Script, error};
use crate::store::{Expect, Item, Store, StoreError, WriteError};

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// An item as DynamoDB gives it.
fn item(key: &str, version: u64) -> Value {
    json!({"pk": {"S": key}, "body": {"B": "aGk="}, "version": {"N": version.to_string()}, "other": {"S": "x"}})
}

/// The keys that a `BatchGetItem` asks for.
fn asked_keys(asked: &Asked) -> Vec<String> {
    let keys = asked.input["RequestItems"]["memory"]["Keys"].as_array().unwrap();
    keys.iter().map(|key| key["pk"]["S"].as_str().unwrap().to_owned()).collect()
}

/// Answers with so many of the keys that were asked for; the rest comes back unprocessed.
fn some_of(asked: &Asked, most: usize) -> Answer {
    let keys = asked_keys(asked);
    let (found, left) = keys.split_at(most.min(keys.len()));
    let found: Vec<Value> = found.iter().map(|key| item(key, 7)).collect();
    let left: Vec<Value> = left.iter().map(|key| json!({"pk": {"S": key}})).collect();
    let unprocessed =
        if left.is_empty() { json!({}) } else { json!({"memory": {"Keys": left, "ConsistentRead": true}}) };
    Answer::Json(json!({"Responses": {"memory": found}, "UnprocessedKeys": unprocessed}))
}

#[tokio::test]
async fn keys_are_asked_for_once_in_batches_of_a_hundred_and_consistently() {
    let script = Script::start(|asked| some_of(asked, 100)).await;
    let mut wanted: Vec<String> = (0..250).map(|number| format!("k{number:03}")).collect();
    wanted.push("k000".to_owned());
    let found = script.table().read(&wanted).await.unwrap();
    assert_eq!(found.len(), 250);
    assert_eq!(found["k249"], Item { bytes: b"hi".to_vec(), version: 7 });
    let asked = script.asked();
    let mut sizes: Vec<usize> = asked.iter().map(|asked| asked_keys(asked).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
    assert!(asked.iter().all(|asked| asked.operation == "BatchGetItem"));
    assert!(asked.iter().all(|asked| asked.input["RequestItems"]["memory"]["ConsistentRead"] == json!(true)));
    assert!(script.table().read(&[]).await.unwrap().is_empty());
    assert_eq!(script.asked().len(), 3, "nothing is asked for nothing");
}

#[tokio::test]
async fn what_comes_back_unprocessed_is_asked_for_again() {
    // Four at a time, and at first none at all.
    let script = Script::start(|asked| some_of(asked, if asked.before < 2 { 0 } else { 4 })).await;
    let found = script.table().read(&keys(&["a", "b", "c", "d", "e", "f", "g", "h", "i"])).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    let sizes: Vec<usize> = script.asked().iter().map(|asked| asked_keys(asked).len()).collect();
    assert_eq!(sizes, [9, 9, 9, 5, 1]);
}

#[tokio::test]
async fn what_always_comes_back_unprocessed_is_throttled_in_the_end() {
    let script = Script::start(|asked| some_of(asked, 0)).await;
    let failed = script.table().read(&keys(&["a", "b"])).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the table memory could not be read: it is throttled, and asking again did not help: give it on-demand \
         capacity, or more of it (2 keys came back unprocessed, again and again)"
    );
    assert_eq!(script.asked().len(), 8);
}

#[tokio::test]
async fn a_condition_is_dynamodbs_to_check() {
    let script = Script::start(|_| Answer::Json(json!({}))).await;
    let table = script.table();
    let mut versions = Vec::new();
    for (expect, expires_at) in
        [(Expect::Anything, None), (Expect::Absent, Some(1_800_000_000)), (Expect::Version(5), None)]
    {
        versions.push(table.write("k", b"hi".to_vec(), expect, expires_at).await.unwrap());
    }
    let asked = script.asked();
    let conditions: Vec<&Value> = asked.iter().map(|asked| &asked.input["ConditionExpression"]).collect();
    assert_eq!(conditions, [&Value::Null, &json!("attribute_not_exists(pk)"), &json!("#version = :known")]);
    assert_eq!(asked[2].input["ExpressionAttributeValues"], json!({":known": {"N": "5"}}));
    assert_eq!(asked[2].input["ExpressionAttributeNames"], json!({"#version": "version"}));
    for (asked, version) in asked.iter().zip(&versions) {
        assert_eq!(asked.input["Item"]["version"], json!({"N": version.to_string()}));
        assert_eq!(asked.input["Item"]["body"], json!({"B": "aGk="}));
    }
    assert_eq!(asked[0].input["Item"].get("expires"), None);
    assert_eq!(asked[1].input["Item"]["expires"], json!({"N": "1800000000"}));
    versions.dedup();
    assert_eq!(versions.len(), 3, "each write has a version of its own");
}

/// A condition that fails, and the item that made it fail.
fn refused(found: Option<Value>) -> Answer {
    let mut body = json!({"message": "The conditional request failed"});
    if let Some(found) = found {
        body["Item"] = found;
    }
    Answer::Error(400, "ConditionalCheckFailedException", body)
}

#[tokio::test]
async fn a_condition_that_fails_is_a_conflict() {
    for found in [None, Some(item("k", 6)), Some(json!({"pk": {"S": "k"}}))] {
        let script = Script::start(move |_| refused(found.clone())).await;
        let written = script.table().write("k", Vec::new(), Expect::Version(5), None).await;
        assert_eq!(written, Err(WriteError::Conflict));
        assert_eq!(script.asked().len(), 1, "it is not tried again");
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_knows_its_own_work() {
    // The first attempt is done and its answer lost; the SDK's second finds what the first wrote.
    let script = Script::start(|asked| match asked.before {
        0 => error(500, "InternalServerError", "lost"),
        _ => refused(Some(asked.input["Item"].clone())),
    })
    .await;
    let version = script.table().write("k", Vec::new(), Expect::Version(5), None).await.unwrap();
    let asked = script.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].input["Item"]["version"], json!({"N": version.to_string()}));
    assert_eq!(asked[1].input["ReturnValuesOnConditionCheckFailure"], json!("ALL_OLD"));
}

/// What each call says of an error, and how often it was sent.
async fn lines(answer: impl Fn() -> Answer + Send + Sync + 'static) -> ([String; 3], usize) {
    let script = Script::start(move |_| answer()).await;
    let table = script.table();
    let line = |error: StoreError| error.to_string();
    let read = line(table.read(&keys(&["k"])).await.unwrap_err());
    let written = match table.write("k", Vec::new(), Expect::Absent, None).await {
        Err(WriteError::Failed(error)) => line(error),
        other => panic!("{other:?}"),
    };
    let removed = line(table.remove("k").await.unwrap_err());
    ([read, written, removed], script.asked().len())
}

#[tokio::test]
async fn each_trouble_is_one_clear_line() {
    type Row = (fn() -> Answer, &'static str, &'static str, usize);
    let rows: [Row; 5] = [
        (
            || error(400, "ResourceNotFoundException", "Requested resource not found"),
            "there is none of that name; take it from the stack's output TableName, and check the region",
            "ResourceNotFoundException, Requested resource not found",
            3,
        ),
        (
            || error(400, "AccessDeniedException", "User: x is not authorized\nto perform: dynamodb:PutItem"),
            "grant dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:DeleteItem on it",
            "AccessDeniedException, User: x is not authorized to perform: dynamodb:PutItem",
            3,
        ),
        (
            || error(400, "ProvisionedThroughputExceededException", "slow down"),
            "it is throttled, and asking again did not help: give it on-demand capacity, or more of it",
            "ProvisionedThroughputExceededException, slow down",
            9,
        ),
        (
            || error(400, "ValidationException", "Item size has exceeded the maximum allowed size"),
            "check the table and its settings",
            "ValidationException, Item size has exceeded the maximum allowed size",
            3,
        ),
        (|| Answer::Hang, "check the credentials, the region and the network", "no answer in time", 9),
    ];
    for (answer, advice, detail, calls) in rows {
        let (lines, sent) = lines(answer).await;
        for (line, done) in lines.iter().zip(["read", "written", "written"]) {
            assert_eq!(*line, format!("the table memory could not be {done}: {advice} ({detail})"));
        }
        assert_eq!(sent, calls, "{detail}");
    }
}

#[tokio::test]
async fn an_item_that_somebody_else_made_is_named() {
    let foreign = json!({"pk": {"S": "config"}, "text": {"S": "apis: []"}, "version": {"S": "v1"}});
    let script =
        Script::start(move |_| Answer::Json(json!({"Responses": {"memory": [foreign]}, "UnprocessedKeys": {}}))).await;
    let failed = script.table().read(&keys(&["config"])).await.unwrap_err().to_string();
    assert!(failed.contains("the item config has no attributes `body` (B) and `version` (N)"), "{failed}");
}
