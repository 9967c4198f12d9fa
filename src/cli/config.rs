//! `gateprobe init`, `gateprobe schema` and `gateprobe config`: a config to start from, what one may say, whether it is
//! good, and where a stack finds it.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use gateprobe::config::{Config, ContractEntry, Credential, Reference, json_schema};
use gateprobe::pipeline;
use gateprobe::plan::{Unreadable, plan, starting_config};
use gateprobe::store::{CONFIG, ConfigItem, ConfigItems as _, Table};

use super::args::{Common, Format, InitArgs};
use super::{Ended, Failure, commands, failure, print, print_json, setup};

/// `gateprobe init`
pub async fn init(common: &Common, args: &InitArgs) -> Result<Ended, Failure> {
    let taken = |path: &Path| {
        Failure(format!("{} is there already: expected a new file's path, or --force to write over it", path.display()))
    };
    // Before AWS is asked for a minute. Whether it is still so is seen when the file is made.
    if let Some(path) = args.output.as_deref().filter(|path| !args.force && path.exists()) {
        return Err(taken(path));
    }
    let run = setup::run(common)?;
    let world = commands::world(common, &run, args.inventory.as_deref()).await?;
    let planned = plan(&world, &run.config, &run.domain_url, &Unreadable::new());
    let text = starting_config(&world, &planned, &run.config);
    let Some(path) = &args.output else {
        print(&text)?;
        return Ok(Ended::Well);
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => Failure(format!("{} could not be written ({error}): check the path given with --output", path.display())),
    })?;
    say(common, &format!("{} is written: its suggestions are comments until you take them up", path.display()))
}

/// `gateprobe schema`
pub fn schema() -> Result<Ended, Failure> {
    print_json(&json_schema())?;
    Ok(Ended::Well)
}

/// `gateprobe config check`
pub fn check(common: &Common, file: Option<&Path>) -> Result<Ended, Failure> {
    let path = chosen(common, file)?;
    let (config, _) = whole(&path)?;
    say(common, &format!("{} is good: {}", path.display(), counted(&config)))
}

/// `gateprobe config push`
pub async fn push(common: &Common, table: &str, file: Option<&Path>) -> Result<Ended, Failure> {
    let path = chosen(common, file)?;
    let (config, text) = whole(&path)?;
    if let Some((place, reference)) = local_references(&config).next() {
        return Err(Failure(format!(
            "{}: {place} is {reference}, which the function of a stack does not have: expected secretsmanager:NAME",
            path.display()
        )));
    }
    let item = ConfigItem { text, version: uuid::Uuid::new_v4().to_string(), pushed_at: setup::now() };
    item.check_size().map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    let aws = setup::aws(common, None).await?;
    Table::new(&aws, table).put(CONFIG, &item).await.map_err(failure)?;
    let size = item.text.len();
    say(
        common,
        &format!(
            "{} is in {table} as version {}, {size} bytes, and counts from the next run on: {}",
            path.display(),
            item.version,
            counted(&config)
        ),
    )
}

fn say(common: &Common, line: &str) -> Result<Ended, Failure> {
    match common.format {
        Format::Json => print_json(&serde_json::json!({ "message": line }))?,
        _ => print(&format!("{line}\n"))?,
    }
    Ok(Ended::Well)
}

fn chosen(common: &Common, file: Option<&Path>) -> Result<PathBuf, Failure> {
    file.or(common.config.as_deref()).map(Path::to_owned).ok_or_else(|| {
        Failure("no config file is named: expected its path, as gateprobe config check gateprobe.yaml".to_owned())
    })
}

/// A larger config than this is not read: documents that stand in it included.
const MOST: u64 = 16 * 1024 * 1024;

/// A file, read and checked as a run would, and its text with the documents in it.
fn whole(path: &Path) -> Result<(Config, String), Failure> {
    let bytes = setup::read_start(path, MOST)?;
    let origin = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|_| Failure(format!("{origin} is not UTF-8: expected YAML")))?;
    let base = path.parent().unwrap_or(Path::new(""));
    let (config, text) = Config::read_whole(&text, &origin, base).map_err(failure)?;
    pipeline::prober(&config).map_err(|error| Failure(format!("{origin}: {error}")))?;
    Ok((config, text))
}

/// How much there is of each kind, so that what was written under a wrong key is missed.
fn counted(config: &Config) -> String {
    let documents = config.contract.iter().filter(|entry| matches!(entry, ContractEntry::Document(_))).count();
    let counts = [
        (config.contract.len() - documents, "requests in the contract"),
        (documents, "documents in the contract"),
        (config.known_good.len(), "known_good"),
        (config.allow.len(), "allow"),
        (config.ignore.len(), "ignore"),
        (config.credentials.len(), "credentials"),
        (config.authenticate.len(), "authenticate"),
        (config.client_certificates.len(), "client_certificates"),
        (config.parameters.len(), "parameters"),
    ];
    let counted: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if counted.is_empty() { "no rules".to_owned() } else { counted.join(", ") }
}

/// References that only the machine which reads them can follow, and where they stand.
fn local_references(config: &Config) -> impl Iterator<Item = (String, &Reference)> {
    let credentials = config.credentials.iter().filter_map(|(name, credential)| {
        let reference = match credential {
            Credential::ApiKey(reference) | Credential::Bearer(reference) => reference,
            Credential::Basic { password, .. } => password,
            Credential::Header { value, .. } => value,
            Credential::ClientCredentials { client_secret, .. } => client_secret,
            Credential::Sigv4 { .. } => return None,
        };
        Some((format!("credentials.{name}"), reference))
    });
    let certificates = config.client_certificates.iter();
    credentials
        .chain(certificates.map(|entry| (format!("the client certificate of {}", entry.domain), &entry.identity)))
        .filter(|(_, reference)| matches!(reference, Reference::Env(_) | Reference::File(_)))
}
