//! The command line as it is typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::Failure;

/// Explains why Amazon API Gateway says "Missing Authentication Token".
///
/// Probes every deployed method of every stage with GET, HEAD or OPTIONS, and names the cause of each failure: stage,
/// path, verb, deployment, custom domain, root, or truly authentication.
#[derive(Debug, Parser)]
#[command(name = "gateprobe", version, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line; ends the program where it is wrong, or asks for help.
    ///
    /// Help and errors are drawn before `--color` is read by clap, so that it is looked for by hand.
    pub fn read() -> Self {
        let given: Vec<OsString> = std::env::args_os().collect();
        let matches = Self::command().color(color_of_help(&given)).get_matches_from(given);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// What `--color` asks for, where it is there and right.
fn color_of_help(given: &[OsString]) -> ColorChoice {
    let mut words = given.iter().filter_map(|word| word.to_str()).skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let value = match word {
            "--color" => words.next(),
            _ => word.strip_prefix("--color="),
        };
        match value {
            Some("always") => return ColorChoice::Always,
            Some("never") => return ColorChoice::Never,
            _ => {}
        }
    }
    ColorChoice::Auto
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Common {
    /// AWS region to read [default: as the AWS SDK finds it]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of the AWS config to use
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Read API Gateway with this role, as one of another account; everything else goes with the run's own credentials
    #[arg(long, global = true, value_name = "ARN", env = "GATEPROBE_ROLE_ARN", hide_env_values = true)]
    pub role_arn: Option<String>,
    /// The external id that the role asks for
    #[arg(
        long,
        global = true,
        value_name = "ID",
        env = "GATEPROBE_EXTERNAL_ID",
        hide_env_values = true,
        requires = "role_arn"
    )]
    pub external_id: Option<String>,
    /// Only APIs whose id or name matches; may be repeated
    #[arg(long = "api", global = true, value_name = "GLOB")]
    pub apis: Vec<String>,
    /// Only stages whose name matches; may be repeated
    #[arg(long = "stage", global = true, value_name = "GLOB")]
    pub stages: Vec<String>,
    /// Config file (YAML)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Output on stdout
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Say more; twice for the log on stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How invoke URLs are written, with {api}, {stage}, {region}, {dns-suffix}: for emulators and private networks
    #[arg(long, global = true, value_name = "TEMPLATE", env = "GATEPROBE_INVOKE_URL", hide_env_values = true)]
    pub invoke_url: Option<String>,
    /// How custom domains are called, with {domain} [default: https://{domain}]
    #[arg(long, global = true, value_name = "TEMPLATE", env = "GATEPROBE_DOMAIN_URL", hide_env_values = true)]
    pub domain_url: Option<String>,
    /// Connect to another address than the URL's, as curl's option does; may be repeated
    #[arg(long, global = true, value_name = "HOST1:PORT1:HOST2:PORT2")]
    pub connect_to: Vec<String>,
    /// Requests under way at once
    #[arg(long, global = true, value_name = "N")]
    pub concurrency: Option<usize>,
    /// Requests under way at once to one API
    #[arg(long, global = true, value_name = "N")]
    pub api_concurrency: Option<usize>,
    /// Requests a second to one API; 0 for no limit
    #[arg(long, global = true, value_name = "N")]
    pub api_rate: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For machines, by the contract
    Json,
    /// One page for a browser, of `run` and `demo`
    Html,
    /// JUnit XML, for pipelines, of `run` and `demo`
    Junit,
    /// SARIF 2.1.0, for code scanning, of `run` and `demo`
    Sarif,
    /// Figures for Prometheus's textfile collector, of `run` and `demo`
    Prometheus,
}

impl Format {
    /// Its name, as it is typed.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Refuses a format that a command does not make, before it does anything.
    pub fn only(self, command: &Command) -> Result<(), Failure> {
        let made = command.formats();
        if made.contains(&self) {
            return Ok(());
        }
        let (name, made) = (command.name(), made.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "));
        Err(Failure(format!("{name} does not make {}: expected --format with one of {made}", self.name())))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start an API Gateway with broken doors on this machine and find them: no account, no network
    ///
    /// What it finds is told on the terminal, and for a browser in gateprobe-report.html of this directory. With another
    /// --format it goes to stdout in that one alone.
    Demo,
    /// Probe every deployed method once, and explain what is wrong
    Run(RunArgs),
    /// Show what is deployed
    Inventory,
    /// Show what would be sent, and what is left out and why
    Plan {
        /// Take what is deployed from this file instead of AWS, as `inventory --format json` writes it
        #[arg(long, value_name = "FILE")]
        inventory: Option<PathBuf>,
    },
    /// Write a config to start from: what a run needs to be told to prove more than it can by itself
    Init(InitArgs),
    /// Send one request and explain its answer
    Diagnose(DiagnoseArgs),
    /// Show what is remembered: open incidents, the last run, coverage, reminders, what waits to be sent
    Status(StateArgs),
    /// Show what happened: incidents, deployments and acknowledgements in order, the newest last
    History {
        /// Only of APIs whose id or name matches
        #[arg(value_name = "API")]
        api: Option<String>,
        #[command(flatten)]
        state: StateArgs,
    },
    /// Say that an incident is known: no reminder of it for a while
    Ack(AckArgs),
    /// Say what a cause means, how it looks and what to do; without one, list all
    Explain {
        /// A cause's id, as path-unknown
        cause: Option<String>,
    },
    /// Print the JSON Schema of the config file
    Schema,
    /// Check a config file, or write it to the table of a stack
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Ask the throw-away APIs of infra/proving-ground.yaml what API Gateway really answers, fact by fact
    Prove(ProveArgs),
    /// Show what a month of the stack costs, line by line, beside CloudWatch Synthetics
    Cost(CostArgs),
    /// Print a script that completes this command in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff: gateprobe man | man -l -
    Man {
        /// Write the pages of all commands into this directory instead
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The stack that infra/proving-ground.yaml was deployed as: its APIs are named NAME-trees, NAME-checks and so on
    #[arg(long, value_name = "NAME", default_value = "gateprobe-proving")]
    pub stack: String,
    /// Send the requests of ten megabytes too
    #[arg(long)]
    pub large: bool,
}

impl Command {
    /// What it can write on stdout.
    fn formats(&self) -> &'static [Format] {
        match self {
            Self::Demo | Self::Run(_) => {
                &[Format::Table, Format::Json, Format::Html, Format::Junit, Format::Sarif, Format::Prometheus]
            }
            _ => &[Format::Table, Format::Json],
        }
    }

    /// Its name, as it is typed.
    fn name(&self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Run(_) => "run",
            Self::Inventory => "inventory",
            Self::Plan { .. } => "plan",
            Self::Init(_) => "init",
            Self::Diagnose(_) => "diagnose",
            Self::Status(_) => "status",
            Self::History { .. } => "history",
            Self::Ack(_) => "ack",
            Self::Explain { .. } => "explain",
            Self::Schema => "schema",
            Self::Config { .. } => "config",
            Self::Prove(_) => "prove",
            Self::Cost(_) => "cost",
            Self::Completions { .. } => "completions",
            Self::Man { .. } => "man",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Read a config file and the OpenAPI documents that it names, and say what is wrong
    Check {
        /// The file [default: --config]
        file: Option<PathBuf>,
    },
    /// Check a config file and write it, documents included, where the function of a stack reads it before each run
    Push {
        /// The stack's table, as its output TableName says
        #[arg(long, value_name = "NAME", env = "GATEPROBE_TABLE", hide_env_values = true)]
        table: String,
        /// The file [default: --config]
        file: Option<PathBuf>,
    },
}

/// Where memory is kept.
#[derive(Debug, Clone, Default, Args)]
pub struct StateArgs {
    /// Memory between runs: a file's path, table:NAME for a DynamoDB table, or none [default: none]
    ///
    /// Without one every run is the first: nothing is remembered, and what fails is told each time. That is the default
    /// because a run by hand should leave no file behind, and should not count for the monitor of a stack.
    #[arg(long, value_name = "STORE", env = "GATEPROBE_STATE", hide_env_values = true)]
    pub state: Option<String>,
}

#[derive(Debug, Args)]
pub struct AckArgs {
    /// The incident's name, as gp-12
    pub incident: String,
    /// For how long, as 45m, 2h or 1d; 0 takes it back
    #[arg(long = "for", value_name = "TIME")]
    pub length: String,
    #[command(flatten)]
    pub state: StateArgs,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub state: StateArgs,
    /// Write CloudWatch metrics too, and with --topic-arn the alert
    #[arg(long)]
    pub publish: bool,
    /// SNS topic for the alert
    #[arg(long, value_name = "ARN", env = "GATEPROBE_TOPIC_ARN", hide_env_values = true)]
    pub topic_arn: Option<String>,
    /// Write the report to a file too, as junit=report.xml, in any of the formats; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = written)]
    pub write: Vec<(Format, PathBuf)>,
    /// How --publish hands metrics on: cloudwatch calls PutMetricData, emf writes log lines behind the report on stdout
    #[arg(long, value_name = "HOW", env = "GATEPROBE_METRICS", hide_env_values = true, default_value = "cloudwatch")]
    pub metrics: String,
    /// CloudWatch namespace of the metrics
    #[arg(long, value_name = "NAME", env = "GATEPROBE_NAMESPACE", hide_env_values = true, default_value = "Gateprobe")]
    pub namespace: String,
}

/// A format and the file that it goes to.
fn written(text: &str) -> Result<(Format, PathBuf), String> {
    let named = text.split_once('=').filter(|(_, file)| !file.is_empty());
    let format = named.and_then(|(format, file)| Some((Format::from_str(format, false).ok()?, PathBuf::from(file))));
    format.ok_or_else(|| {
        let formats: Vec<String> = Format::value_variants()
            .iter()
            .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
            .collect();
        format!("expected a format and a file, as junit=report.xml; formats are {}", formats.join(", "))
    })
}

#[derive(Debug, Args)]
pub struct CostArgs {
    /// Take what is deployed from this file instead of AWS, as `inventory --format json` writes it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["methods", "stage_count", "api_count", "domain_count"])]
    pub inventory: Option<PathBuf>,
    /// Ask nobody: so many methods of stages
    #[arg(long, value_name = "N")]
    pub methods: Option<u64>,
    /// With --methods: so many stages [default: 1]
    #[arg(long = "stages", value_name = "N", requires = "methods")]
    pub stage_count: Option<u64>,
    /// With --methods: so many APIs [default: 1]
    #[arg(long = "apis", value_name = "N", requires = "methods")]
    pub api_count: Option<u64>,
    /// With --methods: so many custom domains [default: 0]
    #[arg(long = "domains", value_name = "N", requires = "methods")]
    pub domain_count: Option<u64>,
    /// How often a run is: 5m, or an EventBridge Scheduler expression as rate(5 minutes) or cron(0/5 * * * ? *)
    #[arg(long, value_name = "SCHEDULE", default_value = "5m")]
    pub every: String,
    /// How long a run lasts, as the metric RunDuration says [default: an estimate]
    #[arg(long, value_name = "SECONDS")]
    pub run_seconds: Option<u32>,
    /// How metrics are published: cloudwatch or emf
    #[arg(long, value_name = "HOW", default_value = "cloudwatch")]
    pub metrics: String,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Take what is deployed from this file instead of AWS, as `inventory --format json` writes it
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Write it to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over a file that is there already
    #[arg(long, requires = "output")]
    pub force: bool,
}

#[derive(Args)]
pub struct DiagnoseArgs {
    /// The URL that fails
    #[arg(required_unless_present = "curl")]
    pub url: Option<String>,
    /// The request as a curl command line, as browsers copy it; - for stdin. In place of URL, -X, -H and -d
    #[arg(
        long,
        value_name = "LINE",
        allow_hyphen_values = true,
        conflicts_with_all = ["url", "method", "headers", "body"]
    )]
    pub curl: Option<String>,
    /// Verb of the request [default: GET, or POST with -d]
    #[arg(short = 'X', long = "request", value_name = "VERB")]
    pub method: Option<String>,
    /// Header of the request; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Body of the request
    #[arg(short = 'd', long = "data", value_name = "BODY")]
    pub body: Option<String>,
    /// Take what is deployed from this file instead of AWS
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Send nothing: explain this saved answer, as `curl -i` writes it; - for stdin
    #[arg(long, value_name = "FILE")]
    pub response: Option<PathBuf>,
    /// Send the best corrected request too, if it is GET, HEAD or OPTIONS, and say whether it reaches its method
    #[arg(long)]
    pub verify: bool,
}

impl std::fmt::Debug for DiagnoseArgs {
    /// What was typed may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiagnoseArgs").finish_non_exhaustive()
    }
}
