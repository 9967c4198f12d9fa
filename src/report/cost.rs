//! What a month of a stack costs, line by line, and what CloudWatch Synthetics would charge for the same requests. Pure.
//!
//! Quantities come from the code where it decides them: metrics, calls and log lines from [`datums`] on a report of that size,
//! alarms and dashboards from template.yaml. The rest are assumptions, and each line says which.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::{
    Certificate, ContractCoverage, Coverage, Datum, Latencies, Memory, MetricsMode, MetricsSink, Phases,
    REPORT_VERSION, Report, StageReport, batches, datums, emf_lines,
};
use crate::gateway::{Inventory, Protocol};

/// Prices in US dollars, us-east-1, list, without free tier and discounts. AWS's own pages fill in most of theirs by script and could not be
/// read from here; each price says who quotes it, looked up on 2026-11-23. Where nobody is named it is AWS's list as it has long been
/// known, and was not looked up.
mod price {
    /// The newest of the pages below; most are older.
    pub(super) const AS_OF: &str = "2026-06 or earlier";
    pub(super) const REGION: &str = "us-east-1";
    /// A custom metric a month, by tier (up to so many). The first: signoz.io/guides/cloudwatch-pricing, 2026-02.
    pub(super) const METRICS: [(f64, f64); 4] =
        [(10_000.0, 0.30), (250_000.0, 0.10), (1_000_000.0, 0.05), (f64::INFINITY, 0.02)];
    /// A call of PutMetricData.
    pub(super) const METRIC_CALL: f64 = 0.01 / 1e3;
    /// An alarm of standard resolution, and a composite one, a month.
    pub(super) const ALARM: f64 = 0.10;
    pub(super) const COMPOSITE_ALARM: f64 = 0.50;
    /// A dashboard a month. factualminds.com, "Amazon CloudWatch Pricing", 2026-06.
    pub(super) const DASHBOARD: f64 = 3.00;
    /// A GB of logs taken in (the same page), and kept for a month.
    pub(super) const LOG_IN: f64 = 0.50;
    pub(super) const LOG_KEPT: f64 = 0.03;
    /// A run of a canary. thomasstep.com, 2020; blog.mattsbit.co.uk, 2023-11.
    pub(super) const CANARY_RUN: f64 = 0.0012;
    /// Lambda's requests, and GB-seconds on `x86_64`. aws.amazon.com/lambda/pricing, and appropri8 (2025-12).
    pub(super) const LAMBDA_REQUEST: f64 = 0.20 / 1e6;
    pub(super) const LAMBDA_GB_SECOND: f64 = 0.000_016_666_7;
    /// A request to a REST API and to an HTTP API, first tier. go-cloud.io, "AWS API Gateway Pricing", 2026; appropri8 (2025-12).
    pub(super) const REST_REQUEST: f64 = 3.50 / 1e6;
    pub(super) const HTTP_REQUEST: f64 = 1.00 / 1e6;
    /// DynamoDB on demand, after the cut of 2024-11: a write unit (1 KB), a read unit (4 KB), a GB kept, and its
    /// point-in-time recovery.
    pub(super) const WRITE_UNIT: f64 = 0.625 / 1e6;
    pub(super) const READ_UNIT: f64 = 0.125 / 1e6;
    pub(super) const TABLE_GB: f64 = 0.25;
    pub(super) const RECOVERY_GB: f64 = 0.20;
    /// Scheduler, an invocation. cloudburn.io, "Amazon EventBridge Pricing", 2026-03.
    pub(super) const SCHEDULED: f64 = 1.00 / 1e6;
    /// SNS: a publish, and an e-mail.
    pub(super) const PUBLISH: f64 = 0.50 / 1e6;
    pub(super) const EMAIL: f64 = 2.00 / 1e5;
    /// SQS, a request to a standard queue.
    pub(super) const QUEUED: f64 = 0.40 / 1e6;
    /// X-Ray, a trace recorded.
    pub(super) const TRACE: f64 = 5.00 / 1e6;
    /// A GB to the internet, first tier. appropri8 (2025-12).
    pub(super) const GB_OUT: f64 = 0.09;
}

/// What no code decides, and no reading tells.
mod assumed {
    /// Memory of the function in GB: the template's default.
    pub(super) const MEMORY_GB: f64 = 0.5;
    /// Start, config and memory of a run, in seconds.
    pub(super) const OVERHEAD_SECONDS: f64 = 1.0;
    /// Calls to the control plane: the lists, and for each API and each stage.
    pub(super) const CALLS: (f64, f64, f64) = (4.0, 4.0, 1.0);
    /// Calls a second and requests a second to one API: the config's defaults.
    pub(super) const CALLS_A_SECOND: f64 = 3.0;
    pub(super) const REQUESTS_A_SECOND: f64 = 25.0;
    /// Log of a run where all is well, Lambda's own lines included.
    pub(super) const LOG_BYTES: f64 = 4096.0;
    /// Bytes of an answer.
    pub(super) const ANSWER_BYTES: f64 = 2048.0;
    /// Messages a month: some incidents, their ends and reminders.
    pub(super) const MESSAGES: f64 = 100.0;
    /// Requests that one canary of several steps makes.
    pub(super) const STEPS: u64 = 50;
    /// Bytes of items, by docs/memory.md: the ledger with one stage and for each more; a stage's item and its cache, and for
    /// each method of it.
    pub(super) const LEDGER: (f64, f64) = (720.0, 100.0);
    pub(super) const STAGE_ITEM: (f64, f64) = (400.0, 1.0);
    pub(super) const CACHE_ITEM: (f64, f64) = (600.0, 3.0);
    /// A healthy stage's item is written so often a day.
    pub(super) const STAGE_WRITES_A_DAY: f64 = 4.0;
}

/// The template, for what it makes.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// How much is watched, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Size {
    /// APIs.
    pub apis: u64,
    /// Stages of them.
    pub stages: u64,
    /// Methods of stages of REST APIs.
    pub rest_methods: u64,
    /// Routes of stages of HTTP APIs.
    pub http_methods: u64,
    /// Custom domains that are called.
    pub domains: u64,
}

impl Size {
    /// What an inventory has. WebSocket APIs are never probed.
    #[must_use]
    pub fn of(inventory: &Inventory) -> Self {
        let mut size = Size { apis: 0, stages: 0, rest_methods: 0, http_methods: 0, domains: 0 };
        for api in inventory.apis.iter().filter(|api| api.protocol != Protocol::WebSocket) {
            size.apis += 1;
            for stage in &api.stages {
                size.stages += 1;
                let methods = api.deployment_of(stage).map_or(0, |deployment| deployment.tree.len() as u64);
                match api.protocol {
                    Protocol::Http => size.http_methods += methods,
                    _ => size.rest_methods += methods,
                }
            }
        }
        size.domains = inventory.domains.len() as u64;
        size
    }

    /// Methods of both kinds.
    #[must_use]
    pub fn methods(&self) -> u64 {
        self.rest_methods + self.http_methods
    }
}

/// One line of the bill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostLine {
    /// What is paid for.
    pub item: &'static str,
    /// How much of it a month.
    pub quantity: f64,
    /// In what.
    pub unit: &'static str,
    /// US dollars a month.
    pub usd: f64,
    /// Where the quantity comes from.
    pub from: String,
}

/// What Synthetics would take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Synthetics {
    /// With a canary for each method: runs a month, and dollars.
    pub canary_a_method: (f64, f64),
    /// With canaries of so many requests each.
    pub steps: u64,
    /// Runs a month of those, and dollars.
    pub canaries_of_steps: (f64, f64),
}

/// A month's bill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// What is watched.
    pub size: Size,
    /// Runs a month.
    pub runs: f64,
    /// How long a run is taken to last, in seconds.
    pub run_seconds: f64,
    /// When the prices were so.
    pub prices_as_of: &'static str,
    /// Where.
    pub region: &'static str,
    /// How metrics are published: `cloudwatch` or `emf`.
    pub metrics: &'static str,
    /// The lines.
    pub lines: Vec<CostLine>,
    /// Their sum.
    pub usd: f64,
    /// The other way.
    pub synthetics: Synthetics,
}

/// The month's bill for so much, with so many runs a year. Where it is known how long a run lasts, as the metric
/// `RunDuration` says, that counts.
#[must_use]
#[allow(clippy::too_many_lines, reason = "one line of the bill after the other")]
pub fn cost(size: Size, runs_a_year: u64, run_seconds: Option<f64>, mode: MetricsMode) -> Cost {
    let runs = number(runs_a_year) / 12.0;
    let (apis, stages, methods) = (number(size.apis), number(size.stages), number(size.methods()));
    let guessed = run_seconds.is_none();
    let run_seconds = run_seconds.unwrap_or_else(|| {
        let (lists, an_api, a_stage) = assumed::CALLS;
        let reading = (lists + an_api * apis + a_stage * stages) / assumed::CALLS_A_SECOND;
        let probing = methods / (assumed::REQUESTS_A_SECOND * apis.max(1.0));
        assumed::OVERHEAD_SECONDS + reading + probing
    });
    let all = datums(&synthetic(size), 0);
    let metrics = number(series(&all) as u64);
    let mut lines = Vec::new();
    let mut line = |item, quantity: f64, unit, each: f64, from: String| {
        lines.push(CostLine { item, quantity, unit, usd: quantity * each, from });
    };
    line(
        "Custom metrics",
        metrics,
        "metrics",
        tiered(metrics) / metrics.max(1.0),
        "15, 7 a stage, 1 a host".to_owned(),
    );
    let emf_bytes = match mode {
        MetricsMode::CloudWatch => {
            let calls = number(batches(all).len() as u64);
            line("PutMetricData", calls * runs, "calls", price::METRIC_CALL, format!("{calls} a run"));
            0.0
        }
        MetricsMode::Emf => {
            let bytes: usize = emf_lines(&all, &MetricsSink::default()).iter().map(|line| line.len() + 1).sum();
            number(bytes as u64)
        }
    };
    let [alarms, composites, dashboards] = ["Alarm", "CompositeAlarm", "Dashboard"].map(in_template);
    line("Alarms", alarms, "alarms", price::ALARM, "template.yaml".to_owned());
    line("Composite alarms", composites, "alarms", price::COMPOSITE_ALARM, "template.yaml".to_owned());
    line("Dashboard", dashboards, "dashboards", price::DASHBOARD, "template.yaml".to_owned());
    line("Lambda requests", runs, "requests", price::LAMBDA_REQUEST, "one a run".to_owned());
    line(
        "Lambda time",
        runs * run_seconds * assumed::MEMORY_GB,
        "GB-seconds",
        price::LAMBDA_GB_SECOND,
        format!("{run_seconds:.1} s a run{}", if guessed { " (estimate)" } else { "" }),
    );
    line(
        "REST API requests",
        number(size.rest_methods) * runs,
        "requests",
        price::REST_REQUEST,
        "one a method and run".to_owned(),
    );
    line(
        "HTTP API requests",
        number(size.http_methods) * runs,
        "requests",
        price::HTTP_REQUEST,
        "one a route and run".to_owned(),
    );
    line(
        "Data transfer",
        methods * runs * assumed::ANSWER_BYTES / 1e9,
        "GB",
        price::GB_OUT,
        "2 KB an answer".to_owned(),
    );
    let per_stage = methods / stages.max(1.0);
    let ledger = assumed::LEDGER.0 + assumed::LEDGER.1 * (stages - 1.0).max(0.0);
    let stage_item = assumed::STAGE_ITEM.0 + assumed::STAGE_ITEM.1 * per_stage;
    let days = 365.0 / 12.0;
    let writes = runs * (ledger / 1024.0).ceil()
        + stages * assumed::STAGE_WRITES_A_DAY.min(runs / days) * days * (stage_item / 1024.0).ceil();
    line("DynamoDB writes", writes, "units", price::WRITE_UNIT, "ledger; stages every 6 h".to_owned());
    let reads = runs * ((ledger / 4096.0).ceil() + 2.0 + stages * (stage_item / 4096.0).ceil());
    line("DynamoDB reads", reads, "units", price::READ_UNIT, "ledger, config, stages".to_owned());
    let kept = (ledger + stages * (stage_item + assumed::CACHE_ITEM.0 + assumed::CACHE_ITEM.1 * per_stage)) / 1e9;
    line("DynamoDB storage", kept, "GB", price::TABLE_GB + price::RECOVERY_GB, "point-in-time recovery".to_owned());
    let logged = runs * (assumed::LOG_BYTES + emf_bytes) / 1e9;
    let of = if mode == MetricsMode::Emf {
        format!(", EMF {} KB", grouped((emf_bytes / 1e3).ceil()))
    } else {
        String::new()
    };
    line("Logs taken in", logged, "GB", price::LOG_IN, format!("4 KB{of}"));
    line("Logs kept", logged, "GB", price::LOG_KEPT, "a month, uncompressed".to_owned());
    line("Scheduler", runs, "invocations", price::SCHEDULED, "one a run".to_owned());
    line("SNS", assumed::MESSAGES, "e-mails", price::PUBLISH + price::EMAIL, "100 to one address".to_owned());
    line("SQS", 0.0, "requests", price::QUEUED, "only what failed".to_owned());
    line("X-Ray", runs, "traces", price::TRACE, "each run is traced".to_owned());
    let canaries = number(size.methods().div_ceil(assumed::STEPS));
    let of = |canaries: f64| (canaries * runs, canaries * runs * price::CANARY_RUN);
    Cost {
        size,
        runs,
        run_seconds,
        prices_as_of: price::AS_OF,
        region: price::REGION,
        metrics: if mode == MetricsMode::Emf { "emf" } else { "cloudwatch" },
        usd: lines.iter().map(|line| line.usd).sum(),
        lines,
        synthetics: Synthetics { canary_a_method: of(methods), steps: assumed::STEPS, canaries_of_steps: of(canaries) },
    }
}

/// What that many metrics cost a month.
fn tiered(metrics: f64) -> f64 {
    let (mut from, mut usd) = (0.0, 0.0);
    for (up_to, each) in price::METRICS {
        usd += (metrics.min(up_to) - from).max(0.0) * each;
        from = up_to;
    }
    usd
}

/// How many resources of a kind of CloudWatch's the template has, conditional ones included.
fn in_template(kind: &str) -> f64 {
    let wanted = format!("Type: AWS::CloudWatch::{kind}");
    number(TEMPLATE.lines().filter(|line| line.trim() == wanted).count() as u64)
}

/// How many metrics CloudWatch counts: names with their dimensions.
fn series(datums: &[Datum]) -> usize {
    datums.iter().map(|datum| (&datum.name, &datum.dimensions)).collect::<BTreeSet<_>>().len()
}

/// A report of that size, for what would be published of it. Names are as long as people make them.
fn synthetic(size: Size) -> Report {
    let per_stage = size.methods().checked_div(size.stages).unwrap_or(0);
    let stage = |index: u64| {
        let mut latencies = Latencies::default();
        for method in 0..per_stage {
            latencies.add(std::time::Duration::from_millis(20 + (index + method) * 37 % 400));
        }
        StageReport {
            api: format!("api{:07}", index % size.apis.max(1)),
            api_name: "customer-orders-service".to_owned(),
            stage: format!("stage-{index}"),
            deployment: None,
            tree: None,
            coverage: Coverage::default(),
            unhealthy: 0,
            routing_failures: 0,
            undeployed: 0,
            latencies,
            phases: Phases::default(),
        }
    };
    let host = |index: u64| Certificate {
        host: format!("host-{index}.example.com"),
        not_after: 0,
        days_left: 100,
        expires_soon: false,
        issuer: String::new(),
    };
    Report {
        version: REPORT_VERSION,
        started_at: 0,
        duration_ms: 10_000,
        region: price::REGION.to_owned(),
        coverage: Coverage::default(),
        contract: ContractCoverage::default(),
        unhealthy: 0,
        routing_failures: 0,
        ignored: 0,
        stages: (0..size.stages).map(stage).collect(),
        methods: vec![],
        contract_requests: vec![],
        diagnoses: vec![],
        undeployed: vec![],
        refusals_not_given: vec![],
        // The domains, and AWS's own hosts, which share a certificate.
        certificates: (0..=size.domains).map(host).collect(),
        gaps: vec![],
        notes: vec![],
        stopped_early: false,
        memory: Some(Memory { remembered: true, ..Memory::default() }),
    }
}

fn number(value: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts; past 2^53 the nearest double will do")]
    let value = value as f64;
    value
}

impl Cost {
    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let size = &self.size;
        let mut out = format!(
            "{} in {} of {}, {} a month, metrics by {}\n\n",
            counted(number(size.methods()), "methods"),
            counted(number(size.stages), "stages"),
            counted(number(size.apis), "APIs"),
            counted(self.runs, "runs"),
            self.metrics
        );
        for line in &self.lines {
            let _ = writeln!(
                out,
                "{:<18}{:>12}  {:<21} {}",
                line.item,
                dollars(line.usd),
                counted(line.quantity, line.unit),
                line.from
            );
        }
        let (runs, usd) = self.synthetics.canary_a_method;
        let (step_runs, step_usd) = self.synthetics.canaries_of_steps;
        let _ = writeln!(out, "{:<18}{:>12}  a month\n", "Together", dollars(self.usd));
        let _ = writeln!(out, "CloudWatch Synthetics, for the same requests, its runs alone:");
        let _ = writeln!(out, "{:<18}{:>12}  {}", "a canary a method", dollars(usd), counted(runs, "runs"));
        let _ = writeln!(
            out,
            "{:<18}{:>12}  {}, {} requests each at most",
            "with several steps",
            dollars(step_usd),
            counted(step_runs, "runs"),
            self.synthetics.steps
        );
        let _ = writeln!(
            out,
            "and on top the canaries' Lambda time, S3, logs and an alarm each. The requests\n\
             themselves cost the same.\n"
        );
        let _ = writeln!(
            out,
            "List prices of {} as of {},\n\
             without free tier, tax and discounts.\n\
             Not in it: what lies behind your methods, which each request may reach;\n\
             retries and second doors; NAT or VPC endpoints; KMS keys; opening the dashboard.",
            self.region, self.prices_as_of
        );
        out
    }
}

/// As `$1.23`, and what is less than a cent as such.
fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { "< $0.01".to_owned() } else { format!("${}", money(usd)) }
}

fn money(usd: f64) -> String {
    let text = format!("{usd:.2}");
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    format!("{}.{cents}", thousands(whole))
}

/// `8,760 runs`, `1 stage`.
fn counted(quantity: f64, unit: &str) -> String {
    let one = grouped(quantity) == "1";
    format!("{} {}", grouped(quantity), unit.strip_suffix('s').filter(|_| one).unwrap_or(unit))
}

/// A quantity with the digits that matter.
fn grouped(value: f64) -> String {
    if value >= 10.0 || value.fract() == 0.0 { thousands(&format!("{value:.0}")) } else { format!("{value:.4}") }
}

fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// docs/cost.md: the bill of three sizes at five minutes.
#[must_use]
pub fn cost_md() -> String {
    const RUNS: u64 = 365 * 24 * 12;
    let sizes = [(1, 1, 10), (5, 10, 200), (25, 50, 1000)];
    let size = |(apis, stages, methods)| Size { apis, stages, rest_methods: methods, http_methods: 0, domains: 1 };
    let costs = sizes.map(|of| cost(size(of), RUNS, None, MetricsMode::CloudWatch));
    let emf = sizes.map(|of| cost(size(of), RUNS, None, MetricsMode::Emf));
    let mut out = format!(
        "# Cost\n\n\
        What a month of the stack costs, as `gateprobe cost` says it. List prices of {} as of {}, without free tier, tax and\n\
        discounts. AWS's price pages were not readable from where this was made: the figures are what others quote or what we remember, as\n\
        written down in `src/report/cost.rs`. Check them at calculator.aws before you rely on a cent.\n\n\
        Made from `src/report/cost.rs` by `UPDATE_DOCS=1 cargo test --lib report::cost`: change it there.\n\n\
        ## Every five minutes\n\n\
        REST APIs, one custom domain, all healthy; the template's defaults, and the one alarm that they leave out.\n\n\
        | US dollars a month |",
        price::REGION,
        price::AS_OF
    );
    for (apis, stages, methods) in sizes {
        let _ = write!(
            out,
            " {}, {}, {} |",
            counted(number(methods), "methods"),
            counted(number(stages), "stages"),
            counted(number(apis), "APIs")
        );
    }
    out.push_str("\n| --- | ---: | ---: | ---: |\n");
    for (index, line) in costs[0].lines.iter().enumerate() {
        let _ = write!(out, "| {} |", line.item);
        for cost in &costs {
            let _ = write!(out, " {} |", cost.lines.get(index).map_or(String::new(), |line| dollars(line.usd)));
        }
        out.push('\n');
    }
    let mut row = |name: &str, values: [f64; 3]| {
        let _ = writeln!(out, "| {name} | {} |", values.map(dollars).join(" | "));
    };
    row("**Together**", costs.each_ref().map(|cost| cost.usd));
    row("Together, with metrics by EMF", emf.each_ref().map(|cost| cost.usd));
    row("Synthetics, a canary a method", costs.each_ref().map(|cost| cost.synthetics.canary_a_method.1));
    row("Synthetics, canaries of up to 50 requests", costs.each_ref().map(|cost| cost.synthetics.canaries_of_steps.1));
    out.push_str(NOTES);
    out
}

const NOTES: &str = "
## How to read it

- **Requests to your APIs** are what grows. They cost the same whoever makes them; `--every 15m` is a third.
- What lies behind a method is not in it: a request that reaches a Lambda function, a database or a partner costs there. Most
  proofs that a verb which changes something gets are refusals, and reach nothing.
- **Metrics** are fifteen, seven a stage and one a host; there are none a method. By EMF the calls go, and each line is paid as
  log. The metrics themselves cost the same both ways.
- **Synthetics** takes money for each run of a canary. One a method tells by itself which method fails, and has its alarm; it is what
  people set up first. One canary of many requests is far cheaper, and may be cheaper than this. Its runs alone are counted
  here: its Lambda time (a canary has 1 GB by default and starts a runtime each time), S3, logs and alarms come on top. What a canary
  can and Gateprobe cannot: a browser, a script of your own, several steps that depend on each other, screenshots. What it does not do:
  find the methods by itself, and say why one does not answer.
- **An estimate is an estimate**: how long a run lasts (`--run-seconds` takes what the metric `RunDuration` says), 4 KB of log a run,
  2 KB an answer, a hundred e-mails. A bad day logs more.
- Alarms and the dashboard are those of template.yaml, the conditional ones included. CloudWatch counts each metric of an alarm.
- With `gateprobe cost --inventory FILE`, or without a file from the account itself, it is your own sizes; `--methods N --stages M
  --apis K` asks nobody.
";

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE_MINUTES: u64 = 365 * 24 * 12;

    fn size(apis: u64, stages: u64, methods: u64) -> Size {
        Size { apis, stages, rest_methods: methods, http_methods: 0, domains: 0 }
    }

    fn usd(cost: &Cost, item: &str) -> f64 {
        cost.lines.iter().find(|line| line.item == item).unwrap().usd
    }

    fn near(given: f64, expected: f64) {
        assert!((given - expected).abs() < 0.005, "{given} is not {expected}");
    }

    /// By hand, from the price lists: 8,760 runs a month.
    #[test]
    fn ten_methods_at_five_minutes_by_hand() {
        let cost = cost(size(1, 1, 10), FIVE_MINUTES, Some(10.0), MetricsMode::CloudWatch);
        near(cost.runs, 8760.0);
        // 15 for all, 7 of the stage, 1 of AWS's own hosts.
        near(usd(&cost, "Custom metrics"), 23.0 * 0.30);
        near(usd(&cost, "PutMetricData"), 8760.0 / 1000.0 * 0.01);
        near(usd(&cost, "Lambda requests"), 0.001_75);
        // 8,760 x 10 s x 0.5 GB = 43,800 GB-seconds.
        near(usd(&cost, "Lambda time"), 0.73);
        // 87,600 requests.
        near(usd(&cost, "REST API requests"), 0.3066);
        near(usd(&cost, "HTTP API requests"), 0.0);
        near(usd(&cost, "X-Ray"), 0.0438);
        near(usd(&cost, "SNS"), 0.002);
        near(usd(&cost, "Logs taken in"), 0.0179);
        near(cost.synthetics.canary_a_method.1, 105.12);
        near(cost.synthetics.canaries_of_steps.1, 10.51);
        near(cost.lines.iter().map(|line| line.usd).sum(), cost.usd);
    }

    #[test]
    fn http_apis_have_their_own_price_and_a_hundred_steps_two_canaries() {
        let of = Size { http_methods: 100, rest_methods: 0, ..size(1, 1, 0) };
        let cost = cost(of, FIVE_MINUTES, None, MetricsMode::CloudWatch);
        near(usd(&cost, "HTTP API requests"), 0.876);
        near(usd(&cost, "REST API requests"), 0.0);
        near(cost.synthetics.canaries_of_steps.1, 21.02);
    }

    #[test]
    fn metrics_are_counted_as_cloudwatch_counts_them() {
        for (stages, domains, expected) in [(0, 0, 9 + 4 + 1 + 1), (1, 0, 15 + 1 + 7), (300, 80, 15 + 1 + 2100 + 49)] {
            let of = Size { domains, ..size(30, stages, stages * 10) };
            assert_eq!(series(&datums(&synthetic(of), 0)), expected, "{stages} stages");
        }
        near(tiered(10_000.0), 3000.0);
        near(tiered(12_345.0), 3000.0 + 234.5);
        near(tiered(1_100_000.0), 3000.0 + 24_000.0 + 37_500.0 + 2000.0);
    }

    #[test]
    fn emf_takes_the_calls_away_and_pays_for_its_lines() {
        let (calls, lines) = (
            cost(size(5, 10, 200), FIVE_MINUTES, None, MetricsMode::CloudWatch),
            cost(size(5, 10, 200), FIVE_MINUTES, None, MetricsMode::Emf),
        );
        assert!(lines.lines.iter().all(|line| line.item != "PutMetricData"));
        near(usd(&calls, "Custom metrics"), usd(&lines, "Custom metrics"));
        let sink = MetricsSink::default();
        let bytes: usize =
            emf_lines(&datums(&synthetic(size(5, 10, 200)), 0), &sink).iter().map(|line| line.len() + 1).sum();
        near(usd(&lines, "Logs taken in"), 8760.0 * (4096.0 + number(bytes as u64)) / 1e9 * 0.50);
    }

    #[test]
    fn one_is_not_said_as_many() {
        let table = cost(size(1, 1, 10), FIVE_MINUTES, None, MetricsMode::CloudWatch).table();
        assert!(table.starts_with("10 methods in 1 stage of 1 API, 8,760 runs a month"), "{table}");
        assert!(table.contains("1 dashboard ") && table.contains(" s a run (estimate)"), "{table}");
        let told = cost(size(1, 1, 10), FIVE_MINUTES, Some(3.0), MetricsMode::CloudWatch).table();
        assert!(told.contains("3.0 s a run\n"), "{told}");
    }

    #[test]
    fn nothing_and_very_much_have_a_bill() {
        for (of, runs) in [(size(0, 0, 0), 1), (size(1, 1, 1), 105_120), (size(720, 7200, 720_000), 525_600)] {
            let cost = cost(of, runs, None, MetricsMode::Emf);
            assert!(
                cost.usd.is_finite() && cost.usd >= 0.0 && cost.lines.iter().all(|line| line.usd >= 0.0),
                "{cost:?}"
            );
            let table = cost.table();
            assert!(!table.contains("NaN"));
            let wide: Vec<&str> = table.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "a terminal has 80 columns: {wide:#?}");
        }
    }

    #[test]
    fn the_template_is_counted() {
        assert!(in_template("Alarm") >= 2.0);
        assert!(in_template("NoSuchThing") < 1.0);
    }

    #[test]
    fn the_page_in_docs_is_the_one_that_is_made() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cost.md");
        let made = cost_md();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            made == kept,
            "docs/cost.md is not what src/report/cost.rs and template.yaml say: run `UPDATE_DOCS=1 cargo test --lib report::cost` and commit it"
        );
    }

    #[test]
    fn money_reads_as_people_write_it() {
        assert_eq!(
            [0.0, 0.001, 0.306, 1234.5, 1_234_567.0].map(dollars),
            ["$0.00", "< $0.01", "$0.31", "$1,234.50", "$1,234,567.00"]
        );
    }
}
