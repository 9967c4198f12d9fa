//! `gateprobe`, the command line.

mod cli;

use std::io::Write as _;
use std::process::ExitCode;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use cli::args::{Cli, Command, ConfigAction};
use cli::{Ended, Failure, commands};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::read();
    log(cli.common.verbose);
    match dispatch(&cli).await {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Problems) => ExitCode::from(1),
        Err(Failure(message)) => {
            let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
            // Where stderr is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "error: {line}");
            ExitCode::from(2)
        }
    }
}

async fn dispatch(cli: &Cli) -> Result<Ended, Failure> {
    let common = &cli.common;
    common.format.only(&cli.command)?;
    match &cli.command {
        Command::Demo => cli::demo::demo(common).await,
        Command::Run(args) => commands::run(common, args).await,
        Command::Inventory => commands::inventory(common).await,
        Command::Plan { inventory } => commands::plan_(common, inventory.as_deref()).await,
        Command::Init(args) => cli::config::init(common, args).await,
        Command::Diagnose(args) => commands::diagnose_(common, args).await,
        Command::Status(args) => cli::memory::status(common, args).await,
        Command::History { api, state } => cli::memory::history(common, state, api.as_deref()).await,
        Command::Ack(args) => cli::memory::ack(common, args).await,
        Command::Explain { cause } => commands::explain(common, cause.as_deref()),
        Command::Schema => cli::config::schema(),
        Command::Cost(args) => cli::cost::cost(common, args).await,
        Command::Completions { shell } => cli::manual::completions(*shell),
        Command::Man { dir } => cli::manual::man(dir.as_deref()),
        Command::Config { action: ConfigAction::Check { file } } => cli::config::check(common, file.as_deref()),
        Command::Config { action: ConfigAction::Push { table, file } } => {
            cli::config::push(common, table, file.as_deref()).await
        }
        Command::Prove(args) => Box::pin(cli::prove::prove(common, args)).await,
    }
}

/// Logs go to stderr, and only when asked for: `-vv`, `-vvv`, or `GATEPROBE_LOG` with a filter.
fn log(verbose: u8) {
    let level = match verbose {
        0 | 1 => "off",
        2 => "gateprobe=info",
        _ => "gateprobe=debug",
    };
    let asked = std::env::var("GATEPROBE_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.or_else(|| level.parse().ok()).unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer().with_writer(cli::progress::Stderr::default).without_time();
    tracing_subscriber::registry().with(lines).with(filter).init();
}
