//! The config that was pushed, and the last one that was good.

use std::future::Future;

use super::StoreError;
use crate::config::Config;
use crate::gateway::Gap;

/// The key of the config that `gateprobe config push` writes.
pub const CONFIG: &str = "config";

/// The key of the last config that a run could use, which the function writes.
pub const CONFIG_GOOD: &str = "config-good";

/// DynamoDB takes no larger item: 400 KB, names and values of all attributes together
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
pub const LARGEST: usize = 400 * 1024;

/// A config as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigItem {
    /// Its text, which needs no other file.
    pub text: String,
    /// A name for this text, which no other push has.
    pub version: String,
    /// When it was pushed, in Unix seconds.
    pub pushed_at: i64,
}

/// A config that no item can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the config has {size} bytes with its documents, and DynamoDB takes items of {LARGEST} bytes: leave out what the OpenAPI documents hold beside their paths, or some of the documents"
)]
pub struct TooLarge {
    /// The size of the item in bytes.
    pub size: usize,
}

impl ConfigItem {
    /// Whether DynamoDB takes it.
    ///
    /// # Errors
    /// [`TooLarge`], with the item's size.
    pub fn check_size(&self) -> Result<(), TooLarge> {
        const NAMES: usize = "pk".len() + "text".len() + "version".len() + "pushed_at".len();
        // A number takes a byte for two of its digits, and one or two more.
        const NUMBER: usize = 21;
        let size = NAMES + CONFIG_GOOD.len() + self.text.len() + self.version.len() + NUMBER;
        if size > LARGEST { Err(TooLarge { size }) } else { Ok(()) }
    }
}

/// Where configs are kept. [`super::Table`] is one; tests have one in memory.
pub trait ConfigItems {
    /// The item of this key, as it is at this moment.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<ConfigItem>, StoreError>> + Send;

    /// Writes the item of this key.
    fn put(&self, key: &str, item: &ConfigItem) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The config of one run, and what its report must say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    /// The config.
    pub config: Config,
    /// Why it is not the one that was pushed, where it is not.
    pub gap: Option<Gap>,
}

/// Reads the config before each run, and keeps the last one that was good: in memory, and as an item of its own, so that
/// a new process has it.
#[derive(Debug)]
pub struct Source<S> {
    items: S,
    /// What is used where nothing was pushed.
    inline: Config,
    good: Option<(ConfigItem, Config)>,
}

impl<S: ConfigItems> Source<S> {
    /// A source that reads from `items`; `inline` is the config where nothing was pushed.
    #[must_use]
    pub fn new(items: S, inline: Config) -> Self {
        Self { items, inline, good: None }
    }

    /// The config for the next run. It is the one that was pushed; where that is bad or cannot be read, the last good
    /// one, and where there is none the inline one, with a gap that says so. `usable` says what is wrong with a config
    /// that reads well.
    pub async fn current(&mut self, usable: impl Fn(&Config) -> Result<(), String>) -> Current {
        let read = |item: &ConfigItem| {
            let config = Config::parse(&item.text, "config").map_err(|error| error.to_string())?;
            if let Some(path) = config.unread_documents().next() {
                return Err(format!("it names the file {path}, and here is none: push it with gateprobe config push"));
            }
            usable(&config).map(|()| config)
        };
        let reason = match self.items.get(CONFIG).await {
            Ok(None) => {
                self.good = None;
                return Current { config: self.inline.clone(), gap: None };
            }
            Ok(Some(item)) => {
                if let Some((good, config)) = &self.good
                    && *good == item
                {
                    return Current { config: config.clone(), gap: None };
                }
                match read(&item) {
                    Ok(config) => {
                        let gap = self.keep(&item).await;
                        self.good = Some((item, config.clone()));
                        return Current { config, gap };
                    }
                    Err(reason) => format!("the config that was pushed ({}) is bad: {reason}", version(&item)),
                }
            }
            Err(error) => format!("the config that was pushed was not read: {error}"),
        };
        if self.good.is_none()
            && let Ok(Some(item)) = self.items.get(CONFIG_GOOD).await
            && let Ok(config) = read(&item)
        {
            self.good = Some((item, config));
        }
        let (config, instead) = match &self.good {
            Some((item, config)) => (config.clone(), format!("the last good one ({})", version(item))),
            None if self.inline == Config::default() => (Config::default(), "no config at all".to_owned()),
            None => (self.inline.clone(), "the inline config of the stack".to_owned()),
        };
        let reason = format!("{reason}; this run went on with {instead}");
        Current { config, gap: Some(Gap { place: "config".to_owned(), reason }) }
    }

    /// Writes a good config down. Where that fails the run has its config, and only a later cold start could miss it.
    async fn keep(&self, item: &ConfigItem) -> Option<Gap> {
        let kept = self.items.get(CONFIG_GOOD).await;
        if kept.is_ok_and(|kept| kept.as_ref() == Some(item)) {
            return None;
        }
        let error = self.items.put(CONFIG_GOOD, item).await.err()?;
        let reason = format!("this config is good, but was not kept for when a later one is bad: {error}");
        Some(Gap { place: "config".to_owned(), reason })
    }
}

fn version(item: &ConfigItem) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(item.pushed_at)
        .ok()
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
    format!("version {} of {}", item.version, at.as_deref().unwrap_or("an unknown time"))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A table in memory, which can be broken.
    #[derive(Debug, Clone, Default)]
    struct Memory(Arc<Mutex<State>>);

    #[derive(Debug, Default)]
    struct State {
        items: BTreeMap<String, ConfigItem>,
        broken: bool,
        read_only: bool,
        puts: usize,
    }

    impl Memory {
        fn push(&self, text: &str, version: &str) {
            let item = ConfigItem { text: text.to_owned(), version: version.to_owned(), pushed_at: 1_700_000_000 };
            self.0.lock().unwrap().items.insert(CONFIG.to_owned(), item);
        }
    }

    fn failed(done: &'static str) -> StoreError {
        StoreError { place: "the table t".to_owned(), done, advice: "wait", detail: "503".to_owned() }
    }

    impl ConfigItems for Memory {
        async fn get(&self, key: &str) -> Result<Option<ConfigItem>, StoreError> {
            let state = self.0.lock().unwrap();
            if state.broken { Err(failed("read")) } else { Ok(state.items.get(key).cloned()) }
        }

        async fn put(&self, key: &str, item: &ConfigItem) -> Result<(), StoreError> {
            let mut state = self.0.lock().unwrap();
            if state.broken || state.read_only {
                return Err(failed("written"));
            }
            state.puts += 1;
            state.items.insert(key.to_owned(), item.clone());
            Ok(())
        }
    }

    fn inline() -> Config {
        Config { apis: vec!["inline".to_owned()], ..Config::default() }
    }

    async fn current(source: &mut Source<Memory>) -> Current {
        source.current(|config| if config.private_apis { Err("no private APIs here".to_owned()) } else { Ok(()) }).await
    }

    #[tokio::test]
    async fn without_an_item_the_inline_config_is_used() {
        let mut source = Source::new(Memory::default(), inline());
        assert_eq!(current(&mut source).await, Current { config: inline(), gap: None });
    }

    #[tokio::test]
    async fn a_pushed_config_is_used_at_the_next_run_and_kept_once() {
        let memory = Memory::default();
        let mut source = Source::new(memory.clone(), inline());
        for (text, version, puts) in [("apis: [a]\n", "1", 1), ("apis: [a]\n", "1", 1), ("apis: [b]\n", "2", 2)] {
            memory.push(text, version);
            let Current { config, gap } = current(&mut source).await;
            assert_eq!((config.apis[0].as_str(), gap), (&text[7..8], None));
            assert_eq!(memory.0.lock().unwrap().puts, puts);
        }
        assert_eq!(memory.0.lock().unwrap().items[CONFIG_GOOD].version, "2");
        let mut restarted = Source::new(memory.clone(), inline());
        current(&mut restarted).await;
        assert_eq!(memory.0.lock().unwrap().puts, 2, "what is kept already is not written again");
    }

    #[tokio::test]
    async fn when_a_new_config_is_bad_the_last_good_one_stays_even_in_a_new_process() {
        let memory = Memory::default();
        let mut source = Source::new(memory.clone(), inline());
        memory.push("apis: [a]\n", "1");
        current(&mut source).await;
        for bad in ["apis: [\n", "apps: [a]\n", "private_apis: true\n", "contract: [{openapi: a.yaml, api: a}]\n"] {
            memory.push(bad, "2");
            let mut restarted = Source::new(memory.clone(), inline());
            for source in [&mut source, &mut restarted] {
                let Current { config, gap } = current(source).await;
                assert_eq!(config.apis, ["a"]);
                let reason = gap.unwrap().reason;
                assert!(reason.contains("version 2 of 2023-11-14T22:13:20Z) is bad: "), "{reason}");
                assert!(reason.contains("went on with the last good one (version 1 "), "{reason}");
                assert_eq!(reason.lines().count(), 1);
            }
            assert_eq!(memory.0.lock().unwrap().items[CONFIG_GOOD].version, "1");
        }
        memory.push("apis: [c]\n", "3");
        assert_eq!(current(&mut source).await.gap, None, "a good one heals it");
    }

    #[tokio::test]
    async fn a_table_that_cannot_be_read_is_told_and_the_good_config_stays() {
        let memory = Memory::default();
        let mut source = Source::new(memory.clone(), inline());
        memory.push("apis: [a]\n", "1");
        current(&mut source).await;
        memory.0.lock().unwrap().broken = true;
        let Current { config, gap } = current(&mut source).await;
        assert_eq!(config.apis, ["a"]);
        assert!(gap.unwrap().reason.contains("was not read: the table t could not be read: wait (503)"));
    }

    #[tokio::test]
    async fn with_nothing_good_the_inline_config_is_used_and_told() {
        let memory = Memory::default();
        memory.push("apis: [\n", "1");
        for (inline, instead) in [(inline(), "the inline config of the stack"), (Config::default(), "no config at all")]
        {
            let Current { config, gap } = current(&mut Source::new(memory.clone(), inline.clone())).await;
            assert_eq!(config, inline);
            assert!(gap.unwrap().reason.ends_with(&format!("went on with {instead}")));
        }
    }

    #[tokio::test]
    async fn a_good_config_that_cannot_be_kept_is_used_and_told() {
        let memory = Memory::default();
        memory.0.lock().unwrap().read_only = true;
        memory.push("apis: [a]\n", "1");
        let Current { config, gap } = current(&mut Source::new(memory, inline())).await;
        assert_eq!(config.apis, ["a"]);
        assert!(gap.unwrap().reason.contains("was not kept"));
    }

    #[tokio::test]
    async fn what_is_good_already_is_not_looked_at_again() {
        let memory = Memory::default();
        memory.push("apis: [a]\n", "1");
        let mut source = Source::new(memory, inline());
        let looked = RefCell::new(0);
        for _ in 0..3 {
            source
                .current(|_| {
                    *looked.borrow_mut() += 1;
                    Ok(())
                })
                .await;
        }
        assert_eq!(*looked.borrow(), 1);
    }

    #[test]
    fn an_item_that_dynamodb_would_refuse_is_refused_before() {
        let item = |size| ConfigItem { text: "a".repeat(size), version: "1".to_owned(), pushed_at: 1 };
        assert!(item(LARGEST - 100).check_size().is_ok());
        let error = item(LARGEST).check_size().unwrap_err().to_string();
        assert!(error.contains("the config has 409") && error.contains("items of 409600 bytes"), "{error}");
    }
}
