//! Gateprobe as a Lambda function: what an event asks for, done and answered.
//!
//! [`Event`] says what there is to do: a run, a look at one API after CloudTrail told of a change, or the dashboard's widget.
//! Everything that a user decides comes from the environment that template.yaml sets, and from the config that was pushed to
//! the stack's table.

#[path = "bootstrap/aws.rs"]
mod aws;
#[path = "bootstrap/changed.rs"]
mod changed;
#[path = "bootstrap/widget.rs"]
mod widget;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws::StackTable;
use aws_config::SdkConfig;
use gateprobe::config::{Config, Scope};
use gateprobe::discover::{ControlPlane, Wanted, as_role};
use gateprobe::event::Event;
use gateprobe::gateway::{Gap, InvokeUrl};
use gateprobe::pipeline::{self, Memory, Outcomes, Run, Telling};
use gateprobe::plan::DomainUrl;
use gateprobe::probe::{Prober, Sources};
use gateprobe::report::{
    AwsChannel, Context, MetricsMode, MetricsSink, Report, SinkError, message, tell, url_without_values,
};
use gateprobe::store::{Current, Source, Table};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let filter = variable("GATEPROBE_LOG").and_then(|filter| filter.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
    let aws = aws::config().await;
    let table = StackTable::warmed(aws.clone());
    // What is set up wrongly is told by every invocation, where people look, and not by a crash at the start.
    let function = Function::new(aws.clone(), Arc::clone(&table))
        .inspect_err(|fault| tracing::error!(%fault, "the function is not set up rightly"));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
        // Boxed: the compiler lays out nested futures only so deep.
        Box::pin(answer(&aws, &table, function.as_ref(), event)).await
    }))
    .await
}

/// Does what the event asks for.
async fn answer(
    aws: &SdkConfig,
    table: &StackTable,
    function: Result<&Function, &Fault>,
    event: LambdaEvent<Value>,
) -> Result<Value, Fault> {
    let event_read = Event::read(&event.payload)
        .map_err(|error| Fault::new("Gateprobe.Event", error.to_string()))
        .inspect_err(|fault| tracing::error!(%fault, "the event is none that is known"))?;
    match event_read {
        // Not the monitor's: it needs nothing but the table, and its own rights are for no more.
        Event::Widget(ask) => Ok(widget::answer(aws, table, &ask, &event.context).await),
        Event::Ignored(why) => Ok(ignored(&why)),
        Event::Changed(change) => match function {
            Ok(function) => Box::pin(changed::look(function, &change, &event.context)).await,
            Err(fault) => Err(fault.clone()),
        },
        Event::Run => match function {
            Ok(function) => Box::pin(function.run(&event.context, None)).await.map(|summary| told_of("run", summary)),
            Err(fault) => Err(fault.clone()),
        },
    }
}

/// What is answered where nothing was to be done: never a word that sounds like a run.
fn ignored(why: &str) -> Value {
    tracing::info!(why, "the event is ignored");
    json!({"event": "ignored", "why": why})
}

/// A summary, and what it is of.
fn told_of(event: &str, mut summary: Value) -> Value {
    summary["event"] = json!(event);
    summary
}

/// What stays between invocations: what the environment says, the clients, the connections, and where the config comes from.
struct Function {
    aws: SdkConfig,
    table: Arc<StackTable>,
    /// The config where nothing was pushed.
    inline: Config,
    invoke_url: InvokeUrl,
    domain_url: DomainUrl,
    topic: Option<String>,
    sink: MetricsSink,
    /// Made by the first invocation, as all that follows.
    clients: OnceCell<Clients>,
    state: Mutex<State>,
}

/// What an SDK client is made of reads the platform's certificates: that is not done while Lambda waits for the start.
struct Clients {
    /// What API Gateway is read with: a role of another account, or the function's own.
    reader: SdkConfig,
    /// `None` where the stack has no table: then every run tells all that it finds.
    memory: Option<Memory>,
}

/// What changes when a config is pushed.
#[derive(Default)]
struct State {
    /// `None` where the stack has no table, for there the config never changes, and before the first run.
    source: Option<Source<Table>>,
    work: Option<Work>,
    /// When the last run of one API alone began, by its id, in Unix seconds.
    looks: BTreeMap<String, i64>,
}

/// What is made of one config.
struct Work {
    plane: ControlPlane,
    prober: Prober,
    run: Run,
    scope: Scope,
}

impl Work {
    fn new(aws: &SdkConfig, reader: &SdkConfig, run: Run, memory: Option<&Memory>) -> Result<Self, String> {
        let scope = Scope::new(&run.config.apis, &run.config.stages).map_err(|error| error.to_string())?;
        let mut plane = ControlPlane::new(reader, pipeline::control_plane_limits(&run.config));
        if let Some(memory) = memory {
            plane = plane.keep_interfaces_in(memory.cache());
        }
        Ok(Self {
            plane,
            prober: pipeline::prober(&run.config)
                .map_err(|error| error.to_string())?
                .with_sources(Sources::new(aws).on_lambda()),
            run,
            scope,
        })
    }
}

impl Function {
    fn new(aws: SdkConfig, table: Arc<StackTable>) -> Result<Self, Fault> {
        let wrong = |error: &dyn fmt::Display| Fault::new("Gateprobe.Config", error.to_string());
        let inline = match variable("GATEPROBE_CONFIG") {
            Some(text) => Config::parse(&text, "GATEPROBE_CONFIG").map_err(|error| wrong(&error))?,
            None => Config::default(),
        };
        if let Some(path) = inline.unread_documents().next() {
            let push = "push the config with gateprobe config push, which puts the document into it";
            return Err(wrong(&format!("GATEPROBE_CONFIG names the file {path}, and here is none: {push}")));
        }
        let invoke_url = match variable("GATEPROBE_INVOKE_URL") {
            Some(template) => template.parse().map_err(|error| wrong(&error))?,
            None => InvokeUrl::default(),
        };
        let domain_url = match variable("GATEPROBE_DOMAIN_URL") {
            Some(template) => template.parse().map_err(|error| wrong(&error))?,
            None => DomainUrl::default(),
        };
        let topic = variable("GATEPROBE_TOPIC_ARN");
        if let Some(arn) = &topic {
            tell::check_topic(arn).map_err(|error| wrong(&error))?;
        }
        let sink = sink().map_err(|error| wrong(&error))?;
        Ok(Function {
            aws,
            table,
            inline,
            invoke_url,
            domain_url,
            topic,
            sink,
            clients: OnceCell::new(),
            state: Mutex::default(),
        })
    }

    /// The clients, made now if nobody needed them before.
    async fn clients(&self) -> Result<&Clients, Fault> {
        let make = || async {
            let reader = match variable("GATEPROBE_ROLE_ARN") {
                Some(role) => as_role(&self.aws, &role, variable("GATEPROBE_EXTERNAL_ID").as_deref())
                    .map_err(|error| Fault::new("Gateprobe.Config", format!("GATEPROBE_ROLE_ARN: {error}")))?,
                None => self.aws.clone(),
            };
            let memory = self.table.get().await.map(|table| Memory::new(Arc::new(table.clone()), false));
            Ok(Clients { reader, memory })
        };
        self.clients.get_or_try_init(make).await
    }

    /// What is made of the config that counts now, and what is wrong with the one that was pushed.
    async fn refresh<'s>(&self, state: &'s mut State) -> Result<(&'s Work, Option<Gap>), Fault> {
        let Clients { reader, memory } = self.clients().await?;
        let State { source, work, .. } = state;
        if let Some(table) = self.table.get().await {
            source.get_or_insert_with(|| Source::new(table.clone(), self.inline.clone()));
        }
        let usable = |config: &Config| pipeline::prober(config).map(drop).map_err(|error| error.to_string());
        let Current { config, gap } = match source {
            Some(source) => source.current(usable).await,
            None => Current { config: self.inline.clone(), gap: None },
        };
        if let Some(gap) = &gap {
            tracing::error!(reason = %gap.reason, "the config is not the one that was pushed");
        }
        let config = with_scope(config);
        let made = match work.take() {
            Some(made) if made.run.config == config => made,
            before => {
                if before.is_some() {
                    tracing::info!("another config counts from now on");
                }
                let run = Run {
                    config,
                    invoke_url: self.invoke_url.clone(),
                    domain_url: self.domain_url.clone(),
                    ..Run::default()
                };
                Work::new(&self.aws, reader, run, memory.as_ref())
                    .map_err(|error| Fault::new("Gateprobe.Config", error))
                    .inspect_err(|fault| tracing::error!(%fault, "the function is not set up rightly"))?
            }
        };
        Ok((work.insert(made), gap))
    }

    /// When the last run of this API alone began, in this process.
    async fn last_look_at(&self, api: &str) -> Option<i64> {
        self.state.lock().await.looks.get(api).copied()
    }

    async fn looked_at(&self, api: &str, began: i64) {
        /// More than anybody deploys in the life of a process.
        const MOST: usize = 1000;
        let looks = &mut self.state.lock().await.looks;
        if looks.len() >= MOST {
            looks.clear();
        }
        looks.insert(api.to_owned(), began);
    }

    /// One run: of everything, or of one API alone.
    async fn run(&self, context: &lambda_runtime::Context, only: Option<&str>) -> Result<Value, Fault> {
        let left = time_left(context);
        let ends = Instant::now() + left.saturating_sub(Duration::from_secs(1));
        let deadline = Some(Instant::now() + pipeline::time_for_a_run(left));
        // One invocation at a time: Lambda gives a process no second one before the first has ended.
        let mut state = self.state.lock().await;
        let (Work { plane, prober, run, scope }, config_gap) = self.refresh(&mut state).await?;
        let memory = self.clients().await?.memory.as_ref();
        let wanted = &Wanted::Everything(only.map_or_else(|| scope.clone(), |api| scope.only(api)));
        let run = Run { deadline, ..run.clone() };
        // Boxed: the compiler lays out nested futures only so deep.
        let outcomes = Box::pin(pipeline::run_with(&run, plane, wanted, prober, &now, memory))
            .await
            .map_err(|error| Fault::new("Gateprobe.Discover", error.to_string()))
            .inspect_err(|fault| tracing::error!(%fault, "nothing could be read"))?;
        let Outcomes { mut report, remembered } = outcomes;
        if let Some(api) =
            only.filter(|_| report.stages.is_empty() && report.contract.requests == 0 && report.gaps.is_empty())
        {
            return Ok(ignored(&format!("no stage of API {api} is watched")));
        }
        report.gaps.extend(config_gap);
        log(&report);
        match memory.zip(remembered) {
            Some((memory, remembered)) => {
                let mut context = Context::new(&report.region, now());
                context.alerts = run.config.alerts.clone();
                context.console = run.invoke_url.is_awss_own();
                context.dashboard_url = variable("GATEPROBE_DASHBOARD_URL");
                context.account = self.topic.as_ref().and_then(|arn| arn.split(':').nth(4)).map(str::to_owned);
                let render = |id: &str, transition: &_| message(id, transition, &context);
                let channel = AwsChannel::new(&self.aws, self.topic.clone(), self.sink.clone());
                let telling = Telling {
                    alerts: &run.config.alerts,
                    channel: Some(&channel),
                    nobody: false,
                    render: &render,
                    clock: &now,
                    ends: Some(ends),
                };
                Box::pin(memory.settle(remembered, &mut report, telling)).await;
                told(&report)?;
            }
            None => tell::tell(&self.aws, self.topic.as_deref(), &self.sink, &report, now())
                .await
                .map_err(|error| Fault::new("Gateprobe.Publish", error.to_string()))
                .inspect_err(|fault| tracing::error!(%fault, "the report could not be published"))?,
        }
        if let Some(gap) = report.gaps.first().filter(|_| report.saw_nothing()) {
            let fault =
                Fault::new("Gateprobe.Nothing", format!("nothing could be probed; {}: {}", gap.place, gap.reason));
            tracing::error!(%fault, "no health can be told from this run");
            return Err(fault);
        }
        Ok(summary(&report))
    }
}

/// How long Lambda still lets the invocation go on.
fn time_left(context: &lambda_runtime::Context) -> Duration {
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default()
}

/// Where the figures go. A line of figures must pass the same filter as the log.
fn sink() -> Result<MetricsSink, SinkError> {
    let mode = variable("GATEPROBE_METRICS").map_or(Ok(MetricsMode::default()), |mode| mode.parse())?;
    let sink = MetricsSink::new(mode, variable("GATEPROBE_NAMESPACE").as_deref())?;
    Ok(sink.at_level(&variable("GATEPROBE_LOG").unwrap_or_else(|| "info".to_owned())))
}

/// Lays the stack's parameters for APIs and stages over a config. Their default, `*`, is nobody's word, and leaves what
/// the config says.
fn with_scope(mut config: Config) -> Config {
    for (name, globs) in [("GATEPROBE_APIS", &mut config.apis), ("GATEPROBE_STAGES", &mut config.stages)] {
        if let Some(list) = variable(name).filter(|list| list.trim() != "*") {
            *globs = list.split(',').map(|glob| glob.trim().to_owned()).filter(|glob| !glob.is_empty()).collect();
        }
    }
    config
}

/// Logs what became of what there was to tell. What waits in the outbox is told by a later run; what nobody took and
/// nobody remembers is a failure of this one.
fn told(report: &Report) -> Result<(), Fault> {
    let Some(memory) = &report.memory else { return Ok(()) };
    if let Some(problem) = &memory.problem {
        tracing::error!(%problem, "this run had no memory");
    }
    for note in &memory.notes {
        tracing::warn!(%note, "memory");
    }
    tracing::info!(open = memory.open, sent = memory.sent, waiting = memory.waiting, dropped = memory.dropped, "told");
    match memory.notes.first().filter(|_| !memory.remembered && memory.lost) {
        None => Ok(()),
        Some(lost) => Err(Fault::new("Gateprobe.Publish", lost.clone()))
            .inspect_err(|fault| tracing::error!(%fault, "the report could not be published")),
    }
}

/// So many problems are written to the log, one a line; the report's counts have them all.
const LOGGED: usize = 200;

fn log(report: &Report) {
    for finding in report.problems().take(LOGGED) {
        let diagnosis = &finding.diagnosis;
        tracing::warn!(
            cause = diagnosis.cause.map(gateprobe::diagnose::Cause::id),
            verdict = %diagnosis.verdict,
            confidence = %diagnosis.confidence,
            method = %diagnosis.request.method,
            url = %url_without_values(&diagnosis.request.url),
            evidence = diagnosis.evidence.first(),
            remedy = %diagnosis.remedy,
            probe_request_id = %finding.request_id,
            "problem"
        );
    }
    for gap in report.gaps.iter().take(LOGGED) {
        tracing::warn!(place = %gap.place, reason = %gap.reason, "gap");
    }
    for warning in report.warnings().take(LOGGED) {
        tracing::warn!(%warning, "certificate");
    }
    for note in report.notes.iter().take(LOGGED) {
        tracing::info!(%note, "note");
    }
    tracing::info!(report = %summary(report), "run");
}

/// What an invocation answers, for whoever invokes by hand.
fn summary(report: &Report) -> Value {
    let causes: serde_json::Map<String, Value> =
        report.causes().into_iter().map(|(cause, count)| (cause.id().to_owned(), json!(count))).collect();
    json!({
        "region": report.region,
        "coverage": report.coverage,
        "contract": report.contract,
        "unhealthy": report.unhealthy,
        "routing_failures": report.routing_failures,
        "causes": causes,
        "undeployed": report.undeployed.len(),
        "gaps": report.gaps.len(),
        "stopped_early": report.stopped_early,
        "duration_ms": report.duration_ms,
        "memory": report.memory,
    })
}

/// A variable of the environment; an empty one counts as unset, for CloudFormation writes those.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since: Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Why an invocation failed, with a type that people can grep for.
#[derive(Debug, Clone)]
struct Fault {
    kind: &'static str,
    message: String,
}

impl Fault {
    fn new(kind: &'static str, message: String) -> Self {
        Self { kind, message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Diagnostic { error_type: fault.kind.to_owned(), error_message: fault.message }
    }
}
