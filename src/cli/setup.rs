//! From what was typed to what a run needs: arguments over config over defaults.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use gateprobe::config::{Config, Scope};
use gateprobe::discover::{ControlPlane, Wanted, as_role};
use gateprobe::gateway::{Inventory, World};
use gateprobe::pipeline::{self, Run};
use gateprobe::report::terminal::Style;

use super::args::{Color, Common};
use super::{Failure, failure};

/// The config with the arguments laid over it.
pub fn run(common: &Common) -> Result<Run, Failure> {
    let mut config = match &common.config {
        Some(path) => Config::read(path).map_err(failure)?,
        None => Config::default(),
    };
    if !common.apis.is_empty() {
        config.apis.clone_from(&common.apis);
    }
    if !common.stages.is_empty() {
        config.stages.clone_from(&common.stages);
    }
    config.connect_to.splice(0..0, common.connect_to.iter().cloned());
    for pin in &config.connect_to {
        pin.parse::<gateprobe::probe::Pin>().map_err(|error| Failure(format!("--connect-to {pin}: {error}")))?;
    }
    let limits = &mut config.limits;
    for (given, flag) in [(common.concurrency, "--concurrency"), (common.api_concurrency, "--api-concurrency")] {
        if given == Some(0) {
            return Err(Failure(format!("{flag} 0 would send nothing: expected 1 or more")));
        }
    }
    limits.concurrency = common.concurrency.unwrap_or(limits.concurrency);
    limits.api_concurrency = common.api_concurrency.unwrap_or(limits.api_concurrency);
    limits.api_rate = common.api_rate.unwrap_or(limits.api_rate);
    let invoke_url = match &common.invoke_url {
        Some(template) => template.parse().map_err(|error| Failure(format!("--invoke-url: {error}")))?,
        None => gateprobe::gateway::InvokeUrl::default(),
    };
    let domain_url = match &common.domain_url {
        Some(template) => template.parse().map_err(|error| Failure(format!("--domain-url: {error}")))?,
        None => gateprobe::plan::DomainUrl::default(),
    };
    Ok(Run { config, invoke_url, domain_url, deadline: None })
}

/// The APIs and stages that are wanted.
pub fn wanted(run: &Run) -> Result<Wanted, Failure> {
    Ok(Wanted::Everything(Scope::new(&run.config.apis, &run.config.stages).map_err(failure)?))
}

/// What the AWS SDK finds, with the arguments laid over it.
pub async fn aws(common: &Common, region: Option<&str>) -> Result<SdkConfig, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = common.region.as_deref().or(region) {
        let known = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !known {
            return Err(Failure(format!("`{region}` is no AWS region: expected something like eu-central-1")));
        }
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = &common.profile {
        loader = loader.profile_name(profile);
    }
    Ok(loader.load().await)
}

/// The control plane within the config's budget, of the account that is to be read.
pub fn plane(common: &Common, aws: &SdkConfig, run: &Run) -> Result<ControlPlane, Failure> {
    let limits = pipeline::control_plane_limits(&run.config);
    let Some(role) = common.role_arn.as_deref().filter(|role| !role.is_empty()) else {
        return Ok(ControlPlane::new(aws, limits));
    };
    let external_id = common.external_id.as_deref().filter(|id| !id.is_empty());
    let aws = as_role(aws, role, external_id).map_err(|error| Failure(format!("--role-arn: {error}")))?;
    Ok(ControlPlane::new(&aws, limits))
}

/// A saved inventory.
pub fn inventory(path: &Path, run: &Run) -> Result<World, Failure> {
    let text = String::from_utf8(read(path)?)
        .map_err(|_| Failure(format!("the inventory {} is not UTF-8: expected JSON", path.display())))?;
    let inventory =
        Inventory::from_json(&text).map_err(|error| Failure(format!("the inventory {}: {error}", path.display())))?;
    Ok(World::new(inventory, run.invoke_url.clone()))
}

/// A file, or stdin for `-`.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_start(path, u64::MAX)
}

/// The start of a file, or of stdin for `-`: what comes behind `most` bytes is left.
pub fn read_start(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let told =
        |error: std::io::Error| Failure(format!("{} could not be read ({error}): check the path", path.display()));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes).map_err(told)?;
    } else {
        std::fs::File::open(path).map_err(told)?.take(most).read_to_end(&mut bytes).map_err(told)?;
    }
    Ok(bytes)
}

/// How to draw on stdout.
pub fn style(common: &Common) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let color = match common.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
        }
    };
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Style { color, verbose: common.verbose > 0, width: columns.unwrap_or(80).clamp(60, 160) }
}

/// Unix seconds.
pub fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    if cfg!(debug_assertions) { now.saturating_add(ahead(now)) } else { now }
}

/// How far `GATEPROBE_NOW` (Unix seconds) is ahead of the clock, which goes on from there. The tests of the memory move
/// days past by it; a release build does not know it.
fn ahead(now: i64) -> i64 {
    static AHEAD: OnceLock<i64> = OnceLock::new();
    *AHEAD.get_or_init(|| {
        let wanted = std::env::var("GATEPROBE_NOW").ok().and_then(|text| text.parse::<i64>().ok());
        wanted.map_or(0, |wanted| wanted.saturating_sub(now))
    })
}
