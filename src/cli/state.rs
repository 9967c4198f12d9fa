//! Where what is remembered between runs is kept: `--state FILE`, `--state table:NAME`, `--state none`.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use gateprobe::remember::Ledger;
use gateprobe::store::{Expect, FileStore, Store, Table, WriteLedgerError, read_ledger, write_ledger};

use super::args::{Common, StateArgs};
use super::{Failure, failure, setup};

/// A place for what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// None: each run is the first.
    Nowhere,
    /// One file of this machine.
    File(PathBuf),
    /// A table of DynamoDB, as a stack's.
    Table(String),
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a file's path, table:NAME with the name of a DynamoDB table, or none";
        if text.trim().is_empty() {
            return Err(format!("--state is empty: {EXPECTED}"));
        }
        if text == "none" {
            return Ok(Self::Nowhere);
        }
        match text.split_once(':') {
            Some(("table", name)) => {
                let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
                if !(3..=255).contains(&name.len()) || !name.bytes().all(known) {
                    return Err(format!(
                        "--state: `{name}` is no table's name: expected 3 to 255 letters, digits, dots, dashes and underscores"
                    ));
                }
                Ok(Self::Table(name.to_owned()))
            }
            // One letter is a drive, and a slash before the colon makes it a path.
            Some((kind, _)) if kind.len() > 1 && !kind.contains(['/', '\\', '.']) => {
                Err(format!("--state: `{kind}:` is no kind of store: {EXPECTED}; a file of that name is ./{text}"))
            }
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nowhere => f.write_str("none"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Table(name) => write!(f, "table:{name}"),
        }
    }
}

impl StateArgs {
    /// What was asked for; nowhere when nothing was.
    pub fn state(&self) -> Result<State, Failure> {
        self.state.as_deref().map_or(Ok(State::Nowhere), str::parse).map_err(Failure)
    }

    /// The same for a command that only shows what is remembered.
    pub fn needed(&self, command: &str) -> Result<State, Failure> {
        match self.state()? {
            State::Nowhere => Err(Failure(format!(
                "{command} shows what is remembered, and no store is named: expected --state FILE or --state table:NAME (a stack's table is its output TableName), or GATEPROBE_STATE"
            ))),
            State::File(path) if !path.exists() => {
                Err(Failure(format!("there is no file {}: expected the one that `run --state` wrote", path.display())))
            }
            state => Ok(state),
        }
    }
}

/// The ledger of a store.
#[derive(Debug, Clone)]
pub struct Memory {
    store: Arc<dyn Store>,
    /// As messages call it.
    pub place: String,
}

/// Opens a store.
pub async fn open(common: &Common, state: &State) -> Result<Memory, Failure> {
    Ok(Memory::new(store(common, state).await?, state.to_string()))
}

/// The store itself.
async fn store(common: &Common, state: &State) -> Result<Arc<dyn Store>, Failure> {
    Ok(match state {
        State::Nowhere => Arc::new(gateprobe::store::Memory::default()),
        State::File(path) => Arc::new(FileStore::new(path)),
        State::Table(name) => Arc::new(Table::new(&setup::aws(common, None).await?, name)),
    })
}

impl Memory {
    /// Over a store that is open.
    pub fn new(store: Arc<dyn Store>, place: String) -> Self {
        Self { store, place }
    }

    /// The ledger, and the condition on which it may be written. An empty one where no run wrote any.
    pub async fn read(&self) -> Result<(Ledger, Expect), Failure> {
        read_ledger(&*self.store).await.map_err(failure)
    }

    /// Where it is kept.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Writes the ledger, if nobody else did since it was read.
    pub async fn write(&self, ledger: &Ledger, expect: Expect) -> Result<Written, Failure> {
        match write_ledger(&*self.store, ledger.clone(), expect).await {
            Ok(_) => Ok(Written::Done),
            Err(WriteLedgerError::Conflict) => Ok(Written::Conflict),
            Err(error) => Err(failure(error)),
        }
    }
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Done,
    /// Somebody else was faster: read again.
    Conflict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_file_a_table_or_none() {
        let file = |path: &str| Ok(State::File(PathBuf::from(path)));
        for (text, expected) in [
            ("none", Ok(State::Nowhere)),
            ("table:gateprobe-Table-1.x_y", Ok(State::Table("gateprobe-Table-1.x_y".to_owned()))),
            ("gateprobe.db", file("gateprobe.db")),
            ("/var/lib/a:b", file("/var/lib/a:b")),
            ("./tabel:x", file("./tabel:x")),
            ("C:\\state.db", file("C:\\state.db")),
        ] {
            assert_eq!(text.parse::<State>(), expected, "{text}");
            assert_eq!(text.parse::<State>().unwrap().to_string(), text);
        }
        for (text, expected) in [
            ("", "--state is empty: expected a file's path, table:NAME"),
            ("tabel:x", "`tabel:` is no kind of store"),
            ("Table:abc", "`Table:` is no kind of store"),
            ("table:", "`` is no table's name"),
            ("table:a b c", "`a b c` is no table's name"),
            ("table:arn:aws:dynamodb:x", "is no table's name"),
        ] {
            let error = text.parse::<State>().expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_to_show_is_said_before_anything_is_opened() {
        let args = |text: Option<&str>| StateArgs { state: text.map(ToOwned::to_owned) };
        assert_eq!(args(None).state().unwrap(), State::Nowhere);
        for (text, expected) in [
            (None, "status shows what is remembered, and no store is named"),
            (Some("none"), "no store is named"),
            (Some("/nonexistent/x.db"), "there is no file /nonexistent/x.db"),
        ] {
            let Failure(error) = args(text).needed("status").unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(args(Some("table:abc")).needed("status").is_ok());
    }
}
