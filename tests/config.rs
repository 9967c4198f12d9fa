//! The config as users write it: the schema, the examples of the documentation, and the commands.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output};

use gateprobe::config::{Config, json_schema};
use serde_json::{Value, json};

const DOCS: &str = include_str!("../docs/config.md");
const README: &str = include_str!("../README.md");

/// The fenced YAML blocks of a page, each with the line that it begins on.
fn yaml_blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line) {
            (None, "```yaml") => open = Some((index + 2, String::new())),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, text)), line) => text.extend([line, "\n"]),
            _ => {}
        }
    }
    blocks
}

fn as_json(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

#[test]
fn every_example_is_a_good_config_and_fits_the_schema() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let (docs, readme) = (yaml_blocks(DOCS), yaml_blocks(README));
    assert!(docs.len() >= 8 && !readme.is_empty(), "{} and {} examples", docs.len(), readme.len());
    for (page, (line, text)) in
        docs.iter().map(|block| ("docs/config.md", block)).chain(readme.iter().map(|block| ("README.md", block)))
    {
        if let Err(error) = Config::parse(text, page) {
            panic!("the example from line {line}: {error}");
        }
        let wrong: Vec<String> = validator.iter_errors(&as_json(text)).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{page}, from line {line}: {wrong:?}");
    }
}

/// The keys of a schema's object and of all that lie below it, as `known_good.expect.status`.
fn keys(schema: &Value, root: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        keys(root.pointer(&reference[1..]).unwrap(), root, path, found);
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        keys(inner, root, &path, found);
        found.push(path);
    }
    for inner in ["items", "additionalProperties"].iter().filter_map(|key| schema.get(key)) {
        keys(inner, root, path, found);
    }
    for inner in ["anyOf", "oneOf", "allOf"].iter().filter_map(|list| schema[list].as_array()).flatten() {
        keys(inner, root, path, found);
    }
}

#[test]
fn the_schema_has_every_key_with_its_meaning_and_so_has_the_page() {
    let schema = json_schema();
    let mut found = Vec::new();
    keys(&schema, &schema, "", &mut found);
    // The parser lists the keys that it knows when it meets one that it does not.
    for (text, prefix) in [
        ("zz: 1\n", ""),
        ("limits: {zz: 1}\n", "limits."),
        ("known_good: [{zz: 1}]\n", "known_good."),
        ("known_good: [{expect: {zz: 1}}]\n", "known_good.expect."),
        ("allow: [{zz: 1}]\n", "allow."),
        ("ignore: [{zz: 1}]\n", "ignore."),
        ("authenticate: [{zz: 1}]\n", "authenticate."),
        ("alerts: {zz: 1}\n", "alerts."),
        ("alerts: {windows: [{zz: 1}]}\n", "alerts.windows."),
        ("contract: [{zz: 1}]\n", "contract."),
        ("client_certificates: [{zz: 1}]\n", "client_certificates."),
        ("credentials: {a: {zz: 1}}\n", "credentials."),
        ("credentials: {a: {basic: {zz: 1}}}\n", "credentials.basic."),
        ("credentials: {a: {header: {zz: 1}}}\n", "credentials.header."),
        ("credentials: {a: {sigv4: {zz: 1}}}\n", "credentials.sigv4."),
        ("credentials: {a: {client_credentials: {zz: 1}}}\n", "credentials.client_credentials."),
    ] {
        let error = Config::parse(text, "test").unwrap_err().to_string();
        let (_, known) = error.rsplit_once("expected one of ").expect(&error);
        for key in known.split(", ") {
            assert!(found.contains(&format!("{prefix}{key}")), "{prefix}{key} is not in the schema: {found:?}");
            assert!(
                DOCS.contains(&format!("`{key}`")) || DOCS.contains(&format!("{key}:")),
                "{key} is not in docs/config.md"
            );
        }
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses_by_shape() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for (text, good) in [
        ("zz: 1\n", false),
        ("limits: {zz: 1}\n", false),
        ("known_good: [{zz: 1}]\n", false),
        ("known_good: [{expect: {zz: 1}}]\n", false),
        ("allow: [{zz: 1}]\n", false),
        ("ignore: [{path: /a}]\n", false),
        ("ignore: [{path: /a, reason: r, probe: false, until: 2026-12-31}]\n", true),
        ("ignore: [{path: /a, reason: r, until: tomorrow}]\n", false),
        ("authenticate: [{zz: 1}]\n", false),
        ("contract: [{zz: 1}]\n", false),
        ("credentials: {a: {zz: 1}}\n", false),
        ("credentials: {a: {basic: {user: u, password: 'env:A', zz: 1}}}\n", false),
        ("credentials: {a: {api_key: written-out}}\n", false),
        ("known_good: [{method: FETCH}]\n", false),
        ("known_good: [{method: GET, body: {a: 1}}]\n", true),
        ("known_good: [{method: [GET], body: text}]\n", true),
        ("alerts: {zz: 1}\n", false),
        ("alerts: {windows: [{zz: 1}]}\n", false),
        ("alerts: {failing: often}\n", false),
        ("alerts: {flapping: 3}\n", false),
        ("alerts: {remind_after: 1 hour}\n", false),
        ("alerts: {most_of_a_stage: 0}\n", false),
        ("alerts: {failing: 2 of 3, flapping: 3 in 90m, remind_after: 1h30m, outbox_age: 86400}\n", true),
        ("alerts: {windows: [{name: a, schedule: rate(1 day), duration: 1h}]}\n", true),
        ("apis: shop\n", false),
        ("parameters: {id: 7}\n", true),
    ] {
        assert_eq!(validator.is_valid(&as_json(text)), good, "{text}");
        assert_eq!(Config::parse(text, "test").is_ok(), good, "{text}");
    }
}

fn gateprobe(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gateprobe")).args(arguments).env_remove("GATEPROBE_TABLE").output().unwrap()
}

#[test]
fn schema_prints_the_schema() {
    let output = gateprobe(&["schema"]);
    assert!(output.status.success());
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), json_schema());
    assert_eq!(json_schema()["additionalProperties"], json!(false));
}

#[test]
fn check_says_what_is_wrong_or_how_much_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateprobe.yaml");
    let name = path.to_str().unwrap();
    std::fs::write(folder.path().join("a.json"), r#"{"openapi":"3.0.1","paths":{}}"#).unwrap();
    std::fs::write(&path, "contract: [{openapi: a.json, api: a}]\nignore: [{path: /a, reason: r}]\n").unwrap();
    let output = gateprobe(&["config", "check", name]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with("is good: 1 documents in the contract, 1 ignore\n"), "{said}");
    for (text, expected) in [
        ("limits:\n  speed: 9\n", "gateprobe.yaml:2:3: limits: unknown key `speed`"),
        ("contract: [{openapi: none.json, api: a}]\n", "none.json of contract entry 1 could not be read"),
        ("connect_to: [nonsense]\n", "nonsense"),
    ] {
        std::fs::write(&path, text).unwrap();
        let output = gateprobe(&["config", "check", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: ") && said.contains(expected) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn push_refuses_what_the_function_could_not_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateprobe.yaml");
    let large = format!("# {}\napis: [a]\n", "x".repeat(410 * 1024));
    for (text, expected) in [
        (
            "credentials: {k: {api_key: 'env:KEY'}}\n",
            "credentials.k is env:KEY, which the function of a stack does not have",
        ),
        (
            "client_certificates: [{domain: a.example, identity: 'file:a.pem'}]\n",
            "the client certificate of a.example is file:a.pem",
        ),
        ("apps: []\n", "unknown key `apps`"),
        (large.as_str(), "DynamoDB takes items of 409600 bytes"),
    ] {
        std::fs::write(&path, text).unwrap();
        // An address at which nothing listens: whoever asks AWS before it has checked fails in another way.
        let output = Command::new(env!("CARGO_BIN_EXE_gateprobe"))
            .args(["config", "push", "--table", "t", "--region", "eu-central-1", path.to_str().unwrap()])
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{said}");
    }
}
