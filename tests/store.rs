//! What every store must do, the same for all: memory, a file, and DynamoDB where `GATEPROBE_TEST_DYNAMODB` names an
//! endpoint (tests/emulators/test_store.py starts two, one after the other).

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use gateprobe::store::{Expect, FileStore, Item, Memory, Store, StoreError, Table, WriteError};
use tempfile::TempDir;

type Make = Arc<dyn Fn() -> Arc<dyn Store> + Send + Sync>;

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

async fn read(store: &dyn Store, key: &str) -> Option<Item> {
    store.read(&[key.to_owned()]).await.unwrap().remove(key)
}

/// Everything; each call of `make` gives another process' way to the same, empty store.
async fn suite(make: Make) {
    absent(&*make()).await;
    conditions(&*make(), &*make()).await;
    no_version_comes_back(&*make()).await;
    only_one_is_the_first(&make).await;
    nothing_is_lost(&make).await;
    many_keys(&*make()).await;
    large(&*make()).await;
}

async fn absent(store: &dyn Store) {
    assert_eq!(store.read(&[]).await, Ok(BTreeMap::new()));
    assert_eq!(store.read(&keys(&["nothing", "neither"])).await, Ok(BTreeMap::new()));
    assert_eq!(store.remove("nothing").await, Ok(()));
    let written = store.write("nothing", b"a".to_vec(), Expect::Version(1), None).await;
    assert_eq!(written, Err(WriteError::Conflict), "what is not there has no version");
    assert_eq!(read(store, "nothing").await, None);
}

async fn conditions(one: &dyn Store, other: &dyn Store) {
    let first = one.write("k", b"1".to_vec(), Expect::Absent, None).await.unwrap();
    assert_eq!(read(other, "k").await, Some(Item { bytes: b"1".to_vec(), version: first }));
    assert_eq!(other.write("k", b"2".to_vec(), Expect::Absent, None).await, Err(WriteError::Conflict));
    let second = other.write("k", b"2".to_vec(), Expect::Version(first), None).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(one.write("k", b"3".to_vec(), Expect::Version(first), None).await, Err(WriteError::Conflict));
    assert_eq!(read(one, "k").await, Some(Item { bytes: b"2".to_vec(), version: second }));
    let third = one.write("k", b"4".to_vec(), Expect::Anything, Some(4_000_000_000)).await.unwrap();
    assert!(third != first && third != second);
    assert_eq!(other.write("k", b"5".to_vec(), Expect::Version(second), None).await, Err(WriteError::Conflict));
    // An empty content is one, too.
    let fourth = other.write("k", Vec::new(), Expect::Version(third), None).await.unwrap();
    assert_eq!(read(one, "k").await, Some(Item { bytes: Vec::new(), version: fourth }));
    other.remove("k").await.unwrap();
    assert_eq!(read(one, "k").await, None);
    assert_eq!(one.write("k", b"6".to_vec(), Expect::Version(fourth), None).await, Err(WriteError::Conflict));
    one.write("k", b"7".to_vec(), Expect::Absent, None).await.unwrap();
    // Others are left alone.
    one.write("k2", b"8".to_vec(), Expect::Absent, None).await.unwrap();
    one.remove("k").await.unwrap();
    assert_eq!(read(other, "k2").await.unwrap().bytes, b"8");
}

/// Who read an item before it was removed and made anew must not take the new one for the old one.
async fn no_version_comes_back(store: &dyn Store) {
    let mut seen = Vec::new();
    for _ in 0..10 {
        let version = store.write("anew", b"x".to_vec(), Expect::Absent, None).await.unwrap();
        assert!(!seen.contains(&version), "{version} is back");
        seen.push(version);
        store.remove("anew").await.unwrap();
    }
}

async fn only_one_is_the_first(make: &Make) {
    let claims = (0..8_u8).map(|number| {
        let store = make();
        async move { store.write("claim", vec![number], Expect::Absent, None).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = futures::future::join_all(claims).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.iter().all(|lost| *lost == Err(WriteError::Conflict)), "{lost:?}");
}

/// Fifty that count up at once, each by reading and writing on the condition of what it read.
async fn nothing_is_lost(make: &Make) {
    const EACH: u64 = 2;
    let counting = (0..50).map(|_| {
        let store = make();
        tokio::spawn(async move {
            let mut conflicts = 0_u64;
            for _ in 0..EACH {
                loop {
                    let item = read(&*store, "count").await;
                    let count: u64 =
                        item.as_ref().map_or(0, |item| String::from_utf8_lossy(&item.bytes).parse().unwrap());
                    let expect = item.map_or(Expect::Absent, |item| Expect::Version(item.version));
                    match store.write("count", (count + 1).to_string().into_bytes(), expect, None).await {
                        Ok(_) => break,
                        Err(WriteError::Conflict) => conflicts += 1,
                        Err(WriteError::Failed(error)) => panic!("{error}"),
                    }
                }
            }
            conflicts
        })
    });
    let conflicts: u64 = futures::future::join_all(counting).await.into_iter().map(Result::unwrap).sum();
    let store = make();
    let item = read(&*store, "count").await.unwrap();
    println!("50 incrementers, {EACH} each: {conflicts} conflicts");
    assert_eq!(item.bytes, (50 * EACH).to_string().into_bytes());
}

async fn many_keys(store: &dyn Store) {
    let mut wanted = Vec::new();
    for number in 0..250_u32 {
        let key = format!("stage#a1b2c3#{number}/ü $default");
        store.write(&key, number.to_string().into_bytes(), Expect::Absent, None).await.unwrap();
        wanted.push(key);
    }
    wanted.insert(100, "not there".to_owned());
    wanted.push(wanted[0].clone());
    let found = store.read(&wanted).await.unwrap();
    assert_eq!(found.len(), 250);
    for number in 0..250_u32 {
        let item = &found[&format!("stage#a1b2c3#{number}/ü $default")];
        assert_eq!(item.bytes, number.to_string().into_bytes());
    }
}

async fn large(store: &dyn Store) {
    // Every byte there is, so that none is taken for a sign.
    let bytes: Vec<u8> = (0..=255).cycle().take(300 * 1024).collect();
    let keys: Vec<String> = (0..5).map(|number| format!("large{number}")).collect();
    for key in &keys {
        store.write(key, bytes.clone(), Expect::Absent, None).await.unwrap();
    }
    let found = store.read(&keys).await.unwrap();
    assert!(found.len() == 5 && found.values().all(|item| item.bytes == bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    let store = Memory::default();
    suite(Arc::new(move || Arc::new(store.clone()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state/gateprobe/memory.redb");
    // A new value each, as another process has: they meet at the file's lock.
    suite(Arc::new(move || Arc::new(FileStore::new(&path).with_patience(Duration::from_mins(1))))).await;
}

#[tokio::test]
async fn who_only_looks_makes_no_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.redb");
    let store = FileStore::new(&path);
    assert_eq!(read(&store, "k").await, None);
    store.remove("k").await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_lets_go_of_what_has_expired_long_ago() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.redb");
    let store = FileStore::new(&path);
    for (key, expires_at) in [("old", Some(1)), ("young", Some(4_000_000_000)), ("for ever", None)] {
        store.write(key, Vec::new(), Expect::Absent, expires_at).await.unwrap();
    }
    // The first write of the next process.
    FileStore::new(&path).write("x", Vec::new(), Expect::Absent, None).await.unwrap();
    let found = store.read(&keys(&["old", "young", "for ever"])).await.unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["for ever", "young"]);
}

fn failed<T: std::fmt::Debug>(result: Result<T, WriteError>) -> StoreError {
    match result {
        Err(WriteError::Failed(error)) => error,
        other => panic!("{other:?}"),
    }
}

async fn both(path: &Path) -> [String; 2] {
    let store = FileStore::new(path).with_patience(Duration::from_millis(50));
    let written = failed(store.write("k", Vec::new(), Expect::Anything, None).await).to_string();
    [store.read(&keys(&["k"])).await.unwrap_err().to_string(), written]
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_one_clear_line() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "apis: [orders]\n".repeat(1000)).unwrap();
    let damaged = folder.path().join("damaged");
    let store = FileStore::new(&damaged);
    store.write("k", vec![7; 100_000], Expect::Absent, None).await.unwrap();
    let whole = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    for (path, advice) in [
        (text.as_path(), "it is damaged, or no file of Gateprobe's: move it away, and a new one is made"),
        (damaged.as_path(), "it is damaged, or no file of Gateprobe's: move it away, and a new one is made"),
        (folder.path(), "it is a folder: name a file"),
    ] {
        for (line, done) in both(path).await.iter().zip(["read", "written"]) {
            let begins = format!("the file {} could not be {done}: {advice} (", path.display());
            assert!(line.starts_with(&begins) && !line.contains('\n'), "{line}");
        }
    }
    let below = text.join("memory.redb");
    let [_, written] = both(&below).await;
    assert!(written.contains("something above it is no folder: name another file"), "{written}");
}

#[tokio::test]
async fn a_file_that_another_process_keeps_open_is_waited_for_and_then_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.redb");
    let held = redb::Database::create(&path).unwrap();
    for line in both(&path).await {
        assert!(line.contains("another process has it open and does not let go of it"), "{line}");
    }
    let store = FileStore::new(&path);
    let waiting = tokio::spawn(async move { store.write("k", b"1".to_vec(), Expect::Absent, None).await });
    tokio::task::yield_now().await;
    drop(held);
    waiting.await.unwrap().unwrap();
}

/// Whatever is changed in a file, it is an error or an answer, and nothing worse.
#[tokio::test]
async fn a_damaged_file_does_no_harm() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.redb");
    let store = FileStore::new(&path);
    for key in ["a", "b", "c"] {
        store.write(key, key.repeat(5_000).into_bytes(), Expect::Absent, None).await.unwrap();
    }
    let whole = std::fs::read(&path).unwrap();
    let (mut told, mut unharmed) = (0, 0);
    // The header byte by byte, then here and there.
    for place in (0..320).chain((320..whole.len()).step_by(whole.len() / 200)) {
        let mut changed = whole.clone();
        changed[place] ^= 0x55;
        std::fs::write(&path, changed).unwrap();
        match FileStore::new(&path).read(&keys(&["a", "b", "c"])).await {
            Ok(found) => {
                for (key, item) in &found {
                    assert!(item.bytes == key.repeat(5_000).into_bytes(), "byte {place}: another content");
                }
                unharmed += 1;
            }
            Err(error) => {
                assert!(!error.detail.contains("panic"), "byte {place}: {error}");
                told += 1;
            }
        }
    }
    println!("{told} told, {unharmed} unharmed");
    assert!(told > 50 && unharmed > 50);
}

/// DynamoDB at the endpoint that the environment names; without one there is nothing to test.
#[tokio::test(flavor = "multi_thread")]
async fn dynamodb() {
    let Ok(endpoint) = std::env::var("GATEPROBE_TEST_DYNAMODB") else {
        eprintln!("GATEPROBE_TEST_DYNAMODB names no endpoint: not tested");
        return;
    };
    let credentials = Credentials::new("test", "not-a-secret", None, None, "test");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let client = Client::new(&aws);
    let name = format!("gateprobe-{}", std::process::id());
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let text =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build().unwrap();
    client
        .create_table()
        .table_name(&name)
        .key_schema(key)
        .attribute_definitions(text)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    let (sdk, table) = (aws.clone(), name.clone());
    suite(Arc::new(move || Arc::new(Table::new(&sdk, &table)))).await;

    // Time to live goes by a number.
    let table = Table::new(&aws, &name);
    let version = table.write("ttl", b"x".to_vec(), Expect::Absent, Some(4_000_000_000)).await.unwrap();
    let item = client.get_item().table_name(&name).key("pk", AttributeValue::S("ttl".to_owned())).send().await.unwrap();
    let item = item.item.unwrap();
    assert_eq!(item["expires"], AttributeValue::N("4000000000".to_owned()));
    assert_eq!(item["version"], AttributeValue::N(version.to_string()));
    let written = table.write("ttl", b"x".to_vec(), Expect::Version(version), None).await;
    assert!(written.is_ok());
    client.delete_table().table_name(&name).send().await.unwrap();

    let gone = table.read(&keys(&["k"])).await.unwrap_err().to_string();
    assert!(gone.starts_with(&format!("the table {name} could not be read: there is none of that name; ")), "{gone}");
    let gone = failed(table.write("k", Vec::new(), Expect::Absent, None).await).to_string();
    assert!(
        gone.starts_with(&format!("the table {name} could not be written: there is none of that name; ")),
        "{gone}"
    );
}
