//! The OpenAPI documents that a contract names: read from beside the config, or found within it.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::node::Tree;
use super::{Config, ConfigError, ContractDocument, ContractEntry};

/// A larger document than this is not read. The largest that API Gateway imports has 6 MB.
const MOST: u64 = 8 * 1024 * 1024;

impl ContractDocument {
    /// The file that it is to be read from; `None` for one that is there.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.openapi.as_str()
    }

    /// The document; `None` for one whose file [`Config::load_documents`] has not read yet.
    ///
    /// This is what `openapi::read` takes: the operations that must be reachable are read from it there.
    #[must_use]
    pub fn document(&self) -> Option<&Value> {
        (!self.openapi.is_string()).then_some(&self.openapi)
    }
}

impl Config {
    /// Reads the OpenAPI documents that are named by path, relative to `base`, and puts each in its path's place.
    ///
    /// # Errors
    /// [`ConfigError::Document`], for a file that cannot be read, is too large, or is no OpenAPI document.
    pub fn load_documents(&mut self, base: &Path) -> Result<(), ConfigError> {
        for (index, entry) in self.contract.iter_mut().enumerate() {
            let ContractEntry::Document(document) = entry else { continue };
            let Some(path) = document.path().map(|path| base.join(path)) else { continue };
            let value = read(&path).map_err(|reason| ConfigError::Document { path, entry: index + 1, reason })?;
            document.openapi = value;
        }
        Ok(())
    }

    /// The paths of documents that have not been read.
    pub fn unread_documents(&self) -> impl Iterator<Item = &str> {
        self.contract.iter().filter_map(|entry| match entry {
            ContractEntry::Document(document) => document.path(),
            ContractEntry::Request(_) => None,
        })
    }

    /// Reads a text, and makes of it one that needs no other file: documents stand in it where their paths stood. Without
    /// such paths the text stays as it is, comments included.
    ///
    /// # Errors
    /// [`ConfigError`], as of [`Config::parse`] and [`Config::load_documents`].
    pub fn read_whole(text: &str, origin: &str, base: &Path) -> Result<(Self, String), ConfigError> {
        let mut config = Self::parse(text, origin)?;
        if config.unread_documents().next().is_none() {
            return Ok((config, text.to_owned()));
        }
        config.load_documents(base)?;
        let wrong = |reason: &str| ConfigError::Shape {
            origin: origin.to_owned(),
            line: 1,
            column: 1,
            message: format!("the OpenAPI documents cannot be put into the config: {reason}"),
        };
        let mut whole = Tree::new(text).map_err(|fault| wrong(&fault.message()))?.json();
        for (index, entry) in config.contract.iter().enumerate() {
            let (ContractEntry::Document(document), Some(place)) =
                (entry, whole.pointer_mut(&format!("/contract/{index}/openapi")))
            else {
                continue;
            };
            // As a text: a document may lie deeper than a config may.
            *place = Value::from(document.openapi.to_string());
        }
        let whole = whole.to_string();
        // JSON has one way to write a number and YAML has many: what would not come back as it was is refused.
        if Self::parse(&whole, origin).ok().as_ref() != Some(&config) {
            return Err(wrong(
                "a number or a truth is written in YAML's own way; expected JSON's, as 16, 1.5 and true",
            ));
        }
        Ok((config, whole))
    }
}

/// Whether a text that stands where a path may is a document itself.
pub(super) fn is_document(text: &str) -> bool {
    text.trim_start().starts_with('{') || text.trim_end().contains('\n')
}

fn read(path: &Path) -> Result<Value, String> {
    let unread = |error: std::io::Error| {
        format!("could not be read ({error}): check the path, which is relative to the config's")
    };
    let mut text = String::new();
    let read = std::fs::File::open(path).map_err(unread)?.take(MOST + 1).read_to_string(&mut text).map_err(unread)?;
    if read as u64 > MOST {
        return Err(format!("has more than {} MB: expected an OpenAPI document, in JSON or YAML", MOST / 1024 / 1024));
    }
    parse(&text)
}

/// A document's text, as a tree. The reason is worded to follow the document's name.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let value: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| format!("is no JSON that can be read ({error})"))?
    } else {
        serde_saphyr::from_str(text).map_err(|error| {
            let message = error.without_snippet().to_string();
            format!("is no YAML that can be read ({})", message.lines().next().unwrap_or("unreadable").trim())
        })?
    };
    check(&value)?;
    Ok(value)
}

/// Whether a tree can be an OpenAPI document at all.
pub(super) fn check(value: &Value) -> Result<(), String> {
    let version = value.get("openapi").or_else(|| value.get("swagger"));
    if !version.is_some_and(|version| version.is_string() || version.is_number()) {
        return Err("is no OpenAPI document: expected the key openapi, or swagger, with its version".to_owned());
    }
    if !value.get("paths").is_some_and(Value::is_object) {
        return Err("is no OpenAPI document: expected the key paths, with a map of paths".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"openapi": "3.0.1", "paths": {"/a": {"get": {}}}}"#;
    const YAML: &str = "openapi: 3.0.1\npaths:\n  /a:\n    get:\n      responses:\n        200: {description: ok}\n";

    fn document(config: &Config, index: usize) -> &ContractDocument {
        let ContractEntry::Document(document) = &config.contract[index] else { panic!("a request") };
        document
    }

    #[test]
    fn a_document_is_read_from_beside_the_config() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a.json", JSON), ("b.yaml", YAML)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().join("gateprobe.yaml");
        std::fs::write(
            &path,
            "contract:\n  - {openapi: a.json, api: shop}\n  - {openapi: b.yaml, base: 'https://x.example/v1'}\n",
        )
        .unwrap();
        let config = Config::read(&path).unwrap();
        assert_eq!(document(&config, 0).document().unwrap()["paths"]["/a"]["get"], serde_json::json!({}));
        assert_eq!(
            document(&config, 1).document().unwrap().pointer("/paths/~1a/get/responses/200/description").unwrap(),
            "ok"
        );
        assert_eq!(config.unread_documents().count(), 0);
    }

    #[test]
    fn a_document_that_cannot_be_used_is_one_clear_line() {
        let folder = tempfile::tempdir().unwrap();
        let big = " ".repeat(usize::try_from(MOST).unwrap() + 1);
        for (name, text, expected) in [
            ("html.yaml", "<html>\n<a: [", "no YAML"),
            ("cut.json", "{\"openapi\":", "no JSON"),
            ("other.json", "{\"paths\": {}}", "expected the key openapi"),
            ("list.yaml", "openapi: 3.0.1\npaths: [a]\n", "expected the key paths"),
            ("big.json", big.as_str(), "more than 8 MB"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
            let mut config = Config::parse(&format!("contract: [{{openapi: {name}, api: a}}]\n"), "test").unwrap();
            let error = config.load_documents(folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(name) && error.contains("contract entry 1"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let mut config = Config::parse("contract: [{openapi: none.yaml, api: a}]\n", "test").unwrap();
        let error = config.load_documents(folder.path()).unwrap_err().to_string();
        assert!(error.contains("could not be read") && error.contains("relative to the config's"), "{error}");
    }

    #[test]
    fn a_document_may_stand_in_the_config_as_a_value_or_as_a_text() {
        let block = format!("      {}\n", YAML.trim_end().replace('\n', "\n      "));
        let config = Config::parse(
            &format!("contract:\n  - {{api: a, openapi: {JSON}}}\n  - {{api: b, openapi: '{JSON}'}}\n  - api: c\n    openapi: |\n{block}"),
            "test",
        )
        .unwrap();
        assert!((0..3).all(|index| document(&config, index).document().is_some()));
        let error = Config::parse("contract:\n  - {api: a, openapi: {info: {}}}\n", "test").unwrap_err().to_string();
        assert!(error.starts_with("test:2:23: contract[1].openapi: the document is no OpenAPI document"), "{error}");
        let error = Config::parse("contract:\n  - {api: a, openapi: '{x'}\n", "test").unwrap_err().to_string();
        assert!(error.contains("contract[1].openapi: the document is no JSON"), "{error}");
    }

    #[test]
    fn a_whole_config_says_the_same_without_its_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), YAML).unwrap();
        let text = "# why\nparameters: {id: 007, v: 1.50}\nprivate_apis: true\nlimits: {timeout: 9}\ncontract:\n  - {url: 'https://x.example/'}\n  - {openapi: a.yaml, api: a}\n";
        let (config, whole) = Config::read_whole(text, "test", folder.path()).unwrap();
        assert_eq!(Config::parse(&whole, "test").unwrap(), config);
        assert_eq!((config.parameters["id"].as_str(), config.limits.timeout), ("007", 9));
        assert!(document(&config, 1).document().is_some() && !whole.contains("a.yaml"));
        for odd in ["known_good: [{expect: {pointer: {/a: 1.50}}}]", "limits: {timeout: 0x10}", "private_apis: yes"] {
            let text = format!("{odd}\ncontract: [{{openapi: a.yaml, api: a}}]\n");
            let error = Config::read_whole(&text, "test", folder.path()).unwrap_err().to_string();
            assert!(error.contains("cannot be put into the config: a number or a truth"), "{odd}: {error}");
        }
        let plain = "# why\napis: [a]\n";
        assert_eq!(Config::read_whole(plain, "test", folder.path()).unwrap().1, plain);
    }

    #[test]
    fn what_lies_too_deep_is_refused_and_overflows_nothing() {
        let text = format!("contract: [{{api: a, openapi: {}1{}}}]", "{a: ".repeat(60), "}".repeat(60));
        let error = Config::parse(&text, "test").unwrap_err().to_string();
        assert!(error.contains("more than 40 levels deep"), "{error}");
    }
}
