//! The commands: each reads what it needs, asks the library, and prints.

use gateprobe::diagnose::{Cause, Diagnosis, StepResult, UNREAD, diagnose};
use gateprobe::discover::{ControlPlane, DiscoverError, Wanted};
use gateprobe::gateway::{Address, Gap, Inventory, Request, Verb, World};
use gateprobe::pipeline::{self, Memory, Outcomes, Run, Telling};
use gateprobe::plan::{Unreadable, plan};
use gateprobe::probe::{Observation, Response, Sources, read_curl, read_saved};
use gateprobe::report::{self, AwsChannel, Channel, Context, MetricsSink, Report, html, message, tell, terminal};
use serde::Serialize;
use url::Url;

use super::args::{Common, DiagnoseArgs, Format, RunArgs};
use super::progress::Line;
use super::state::State;
use super::verify::Verified;
use super::{Ended, Failure, failure, json, listing, print, print_json, setup, state};
/// `gateprobe run`
pub async fn run(common: &Common, args: &RunArgs) -> Result<Ended, Failure> {
    let run = setup::run(common)?;
    let wanted = setup::wanted(&run)?;
    if let Some(arn) = &args.topic_arn {
        tell::check_topic(arn).map_err(failure)?;
    }
    let sink = MetricsSink::new(args.metrics.parse().map_err(failure)?, Some(&args.namespace)).map_err(failure)?;
    // Before anything is asked: a store that cannot be opened is a mistake of the command line.
    let state = args.state.state()?;
    let shared = matches!(state, State::Table(_));
    if shared && args.publish && args.topic_arn.is_none() {
        return Err(Failure(format!(
            "--publish sends what waits in {state}, and nobody would get it: expected --topic-arn ARN beside it"
        )));
    }
    let partial = !common.apis.is_empty() || !common.stages.is_empty();
    // Without the stack's own config a run would open what its windows and rules hold back, and end what it does not see.
    let looks_only = shared && !args.publish;
    let memory = match &state {
        State::Nowhere => None,
        state => Some(Memory::new(state::open(common, state).await?.store(), partial)),
    };
    let prober = pipeline::prober(&run.config).map_err(failure)?;
    let aws = setup::aws(common, None).await?;
    let prober = prober.with_sources(Sources::new(&aws));
    let mut plane = setup::plane(common, &aws, &run)?;
    if let Some(memory) = &memory {
        plane = plane.keep_interfaces_in(memory.cache());
    }
    let line = Line::new();
    let step = |step| line.step(step);
    let outcomes = pipeline::run_watched(&run, &plane, &wanted, &prober, &setup::now, memory.as_ref(), &step);
    let calls = || plane.calls().values().sum();
    // Boxed: the compiler lays out nested futures only so deep.
    let Outcomes { mut report, remembered } = line.watch(Box::pin(outcomes), calls).await.map_err(failure)?;
    if looks_only {
        let note = format!("what earlier runs saw was read from {state}; only a run with --publish writes there");
        report.notes.push(note);
    } else if let Some((memory, remembered)) = memory.as_ref().zip(remembered) {
        let mut context = Context::new(&report.region, setup::now());
        context.alerts = run.config.alerts.clone();
        context.console = run.invoke_url.is_awss_own();
        context.account = args.topic_arn.as_ref().and_then(|arn| arn.split(':').nth(4)).map(str::to_owned);
        let render = |id: &str, transition: &_| message(id, transition, &context);
        let aws = args.publish.then(|| AwsChannel::new(&aws, args.topic_arn.clone(), sink.clone()));
        let channel = aws.as_ref().map(|channel| channel as &dyn Channel);
        let telling = Telling {
            alerts: &run.config.alerts,
            channel,
            nobody: true,
            render: &render,
            clock: &setup::now,
            ends: None,
        };
        Box::pin(memory.settle(remembered, &mut report, telling)).await;
    }
    print_report(common, &report)?;
    write_reports(common, &args.write, &report)?;
    let mut nothing = None;
    if let Some(gap) = report.gaps.first().filter(|_| report.saw_nothing()) {
        nothing = Some(Failure(format!(
            "nothing could be probed, for {} things could not be read; the first: {}: {}",
            report.gaps.len(),
            gap.place,
            gap.reason
        )));
    } else if report.stages.is_empty() && report.contract.requests == 0 {
        nothing = Some(nothing_found(&report.region, &run, report.notes.first()));
    }
    if args.publish && memory.is_none() {
        tell::tell(&aws, args.topic_arn.as_deref(), &sink, &report, setup::now()).await.map_err(failure)?;
    }
    if let Some(failure) = nothing {
        return Err(failure);
    }
    Ok(if report.has_problems() { Ended::Problems } else { Ended::Well })
}

/// Prints a report in the format that was asked for.
pub fn print_report(common: &Common, report: &Report) -> Result<(), Failure> {
    print(&rendered(common, common.format, setup::style(common), report)?)
}

/// A report in a format.
fn rendered(common: &Common, format: Format, style: terminal::Style, report: &Report) -> Result<String, Failure> {
    match format {
        Format::Json => json(report),
        Format::Junit => report::junit(report).map_err(failure),
        Format::Sarif => json(&report::sarif(report, &location(common.config.as_deref()))),
        Format::Prometheus => report::prometheus(report).map_err(failure),
        Format::Html => Ok(html::page(report)),
        Format::Table => Ok(terminal::report(report, style)),
    }
}

/// Writes a report to files. Each takes its place in one step: what reads it meanwhile sees the old one or the new one.
fn write_reports(common: &Common, files: &[(Format, std::path::PathBuf)], report: &Report) -> Result<(), Failure> {
    for (format, file) in files {
        // No colour in a file, whatever stdout is.
        let style = terminal::Style { color: false, ..setup::style(common) };
        let text = rendered(common, *format, style, report)?;
        replace(file, &text).map_err(|error| {
            Failure(format!("--write: {} could not be written ({error}): check the path", file.display()))
        })?;
    }
    Ok(())
}

/// Puts a file in the place of another. A link, a pipe or a device (`/dev/stdout`) is written to, and stays what it is.
fn replace(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    if file.symlink_metadata().is_ok_and(|about| !about.is_file()) {
        return std::fs::write(file, text);
    }
    let mut new = file.to_owned().into_os_string();
    new.push(".new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, file)
}

/// Where code scanning shows what is wrong: the config, by its path from here, where the repository's root should be.
fn location(config: Option<&std::path::Path>) -> report::Location {
    let Some(config) = config else { return report::Location::default() };
    let here = std::env::current_dir().unwrap_or_default();
    let path = config.strip_prefix(&here).unwrap_or(config);
    let parts = path.components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    let path = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    // It was read a moment ago; where it cannot be any more, only the line is lost.
    report::Location { path, text: std::fs::read_to_string(config).unwrap_or_default() }
}

/// A run with nothing to watch is a mistake in the region or a filter, not a healthy account.
fn nothing_found(region: &str, run: &Run, note: Option<&String>) -> Failure {
    let filters: Vec<String> = [("--api", &run.config.apis), ("--stage", &run.config.stages)]
        .into_iter()
        .flat_map(|(flag, globs)| globs.iter().map(move |glob| format!("{flag} {glob}")))
        .collect();
    if !filters.is_empty() {
        return Failure(format!("nothing in {region} matches {}: check the filters and the region", filters.join(" ")));
    }
    match note {
        Some(note) => Failure(format!("nothing to probe: {note}")),
        None => Failure(format!("nothing to probe in {region}: no API there has a stage that can be probed")),
    }
}

/// `gateprobe inventory`
pub async fn inventory(common: &Common) -> Result<Ended, Failure> {
    let run = setup::run(common)?;
    let world = read(common, &run).await?;
    match common.format {
        Format::Json => print_json(world.inventory())?,
        _ => print(&listing::inventory(world.inventory()))?,
    }
    Ok(Ended::Well)
}

/// `gateprobe plan`
pub async fn plan_(common: &Common, file: Option<&std::path::Path>) -> Result<Ended, Failure> {
    let run = setup::run(common)?;
    let world = world(common, &run, file).await?;
    let planned = plan(&world, &run.config, &run.domain_url, &Unreadable::new());
    match common.format {
        Format::Json => print_json(&listing::plan_json(&world, &planned))?,
        _ => print(&listing::plan(&world, &planned, common.verbose > 0))?,
    }
    Ok(Ended::Well)
}

/// What is deployed: by a saved inventory, or as AWS says.
pub async fn world(common: &Common, run: &Run, file: Option<&std::path::Path>) -> Result<World, Failure> {
    match file {
        Some(file) => setup::inventory(file, run),
        None => read(common, run).await,
    }
}

async fn read(common: &Common, run: &Run) -> Result<World, Failure> {
    let wanted = setup::wanted(run)?;
    let aws = setup::aws(common, None).await?;
    pipeline::read(run, &setup::plane(common, &aws, run)?, &wanted, &setup::now).await.map_err(failure)
}

/// Of a saved answer more is not looked at.
const MOST_SAVED: u64 = 4 * 1024 * 1024;

/// `gateprobe diagnose`
pub async fn diagnose_(common: &Common, args: &DiagnoseArgs) -> Result<Ended, Failure> {
    let mut run = setup::run(common)?;
    let request = match &args.curl {
        Some(line) => curl_request(line, args, common, &mut run)?,
        None => request(args)?,
    };
    // The saved answer is read first: a mistake in it should not cost a call to AWS.
    let saved = match &args.response {
        Some(path) => Some(read_saved(&setup::read_start(path, MOST_SAVED)?).map_err(failure)?),
        None => None,
    };
    let from_saved = saved.is_some();
    let (mut world, plane) = match &args.inventory {
        Some(file) => (setup::inventory(file, &run)?, None),
        None => world_for(common, &run, &request).await?,
    };
    let observation = match saved {
        Some(response) => Observation::saved(response),
        None => pipeline::prober(&run.config).map_err(failure)?.send(&request).await,
    };
    let mut diagnosis = diagnose(&request, &observation, &world, setup::now());
    if let Some(plane) = &plane
        && let Some(with_history) = pipeline::recall(&run, plane, &world, &request, &diagnosis).await
    {
        world = with_history;
        diagnosis = diagnose(&request, &observation, &world, setup::now());
    }
    if matches!(world.locate(&request), Address::Elsewhere) {
        no_gateway(&world, &request, &observation, &mut diagnosis);
    }
    let verified = if args.verify {
        let verified = Verified::new(&run, &world, &request, &diagnosis, from_saved).await?;
        verified.fill_in(&mut diagnosis);
        Some(verified)
    } else {
        None
    };
    if common.format == Format::Json {
        let verified = verified.map(|verified| serde_json::to_value(verified.json())).transpose().map_err(failure)?;
        print_json(&DiagnosisJson { diagnosis: &diagnosis, verified })?;
    } else {
        let line = verified.as_ref().map(Verified::line);
        print(&terminal::explained(&diagnosis, line.as_deref(), setup::style(common)))?;
    }
    Ok(if diagnosis.cause.is_some() { Ended::Problems } else { Ended::Well })
}

/// A diagnosis by the contract. `verified` is there where it was asked for, and `null` where nothing was sent for it.
#[derive(Serialize)]
struct DiagnosisJson<'d> {
    #[serde(flatten)]
    diagnosis: &'d Diagnosis,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<serde_json::Value>,
}

/// Headers that only API Gateway's answers have.
const OF_API_GATEWAY: [&str; 3] = ["x-amz-apigw-id", "x-amzn-requestid", "x-amzn-errortype"];

/// Says of a host that it is none of API Gateway's, as far as that is known. Unless the answer shows that it is one after
/// all, it proves nothing of stage, path, method and deployment.
fn no_gateway(world: &World, request: &Request, observation: &Observation, diagnosis: &mut Diagnosis) {
    let host = request.url.host_str().unwrap_or("the host");
    if !diagnosis.evidence.iter().any(|line| line.contains("is neither a default endpoint")) {
        let unread = world.inventory().gaps.iter().any(|gap| gap.place == UNREAD);
        diagnosis.evidence.push(if unread {
            format!("{host} is no execute-api endpoint; whether it is a custom domain cannot be known without reading AWS")
        } else {
            format!("{host} is neither an execute-api endpoint nor a custom domain of the account, so that API Gateway may have no part in this")
        });
    }
    let shown = |response: &Response| OF_API_GATEWAY.iter().any(|name| response.header(name).is_some());
    if !observation.outcome.as_ref().is_ok_and(shown) {
        let [before @ .., _] = &mut diagnosis.steps;
        for step in before.iter_mut().filter(|step| step.result == StepResult::Pass) {
            step.result = StepResult::Unknown;
        }
    }
}

/// The request of a pasted curl line; where its connections go is taken over.
fn curl_request(line: &str, args: &DiagnoseArgs, common: &Common, run: &mut Run) -> Result<Request, Failure> {
    const MOST: u64 = 2 * 1024 * 1024;
    let stdin = std::path::Path::new("-");
    let text = if line == "-" {
        if args.response.as_deref() == Some(stdin) || args.inventory.as_deref() == Some(stdin) {
            return Err(Failure("--curl - and another option both read stdin: give one of them a file".to_owned()));
        }
        String::from_utf8(setup::read_start(stdin, MOST)?)
            .map_err(|_| Failure("the curl line on stdin is not UTF-8: expected text".to_owned()))?
    } else {
        line.to_owned()
    };
    let read = read_curl(&text).map_err(failure)?;
    for warning in &read.warnings {
        super::warn(warning);
    }
    // What was typed on this command line goes first, the config last.
    let at = common.connect_to.len().min(run.config.connect_to.len());
    run.config.connect_to.splice(at..at, read.pins.iter().map(ToString::to_string));
    Ok(read.request)
}

/// What the URL's own host needs, and no more, and where it was read from. Without credentials the answer alone must do.
async fn world_for(common: &Common, run: &Run, request: &Request) -> Result<(World, Option<ControlPlane>), Failure> {
    let reading = run.invoke_url.read(&request.url);
    let region = reading.as_ref().and_then(|reading| reading.region.as_deref());
    let wanted = match &reading {
        Some(reading) => Wanted::Api(reading.api.clone()),
        None => Wanted::Domain(request.url.host_str().unwrap_or("").to_owned()),
    };
    let aws = setup::aws(common, region).await?;
    let plane = setup::plane(common, &aws, run)?;
    let region = aws.region().map_or(region.unwrap_or(""), AsRef::as_ref).to_owned();
    let mut inventory = Inventory::empty(&region);
    match pipeline::read(run, &plane, &wanted, &setup::now).await {
        Ok(world) => return Ok((world, Some(plane))),
        // That there is none is an answer too.
        Err(DiscoverError::ApiNotFound { .. } | DiscoverError::DomainNotFound { .. }) => {}
        Err(
            error @ (DiscoverError::NoCredentials | DiscoverError::NoRegion | DiscoverError::BrokenCredentials { .. }),
        ) if common.profile.is_none() => {
            super::warn(&format!("AWS was not read, so the answer alone must do: {error}"));
            let reason = "it was not read; AWS credentials, or --inventory FILE, would decide".to_owned();
            inventory.gaps.push(Gap { place: UNREAD.to_owned(), reason });
        }
        Err(error) => return Err(failure(error)),
    }
    Ok((World::new(inventory, run.invoke_url.clone()), None))
}

/// The request that was asked about.
fn request(args: &DiagnoseArgs) -> Result<Request, Failure> {
    let text = args.url.as_deref().unwrap_or("");
    if text.trim_start().starts_with("curl ") {
        return Err(Failure(
            "this is a whole curl line: give it as --curl 'LINE', or put it on stdin with --curl -".to_owned(),
        ));
    }
    let url = Url::parse(text).map_err(|error| {
        Failure(format!("the URL cannot be read ({error}): expected something like https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH"))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Failure("the URL is neither http nor https with a host: expected something like https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure("the URL has credentials in it: leave them out and send them with -H".to_owned()));
    }
    // A fragment never goes over the wire: an unescaped # in a path value is a cause of its own (facts H).
    if url.fragment().is_some() {
        super::warn("everything from # on is never sent; write %23 where the # belongs to the path");
    }
    let method = args.method.clone().unwrap_or_else(|| if args.body.is_some() { "POST" } else { "GET" }.to_owned());
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') {
        return Err(Failure(format!("`{method}` is no verb: expected GET, POST and the like")));
    }
    // A known verb in small letters is a slip of the finger; HTTP has them in capitals.
    let upper = method.to_ascii_uppercase();
    let method = if Verb::of_request(&upper).is_some() { upper } else { method };
    let mut request = Request::new(&method, url);
    for header in &args.headers {
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| Failure("a header has no colon: expected -H 'Name: value'".to_owned()))?;
        request.headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    request.body.clone_from(&args.body);
    Ok(request)
}

/// `gateprobe explain`
pub fn explain(common: &Common, cause: Option<&str>) -> Result<Ended, Failure> {
    let style = setup::style(common);
    let text = match cause {
        Some(id) => {
            let cause: Cause = id.parse().map_err(failure)?;
            match common.format {
                Format::Json => json(&cause.description())?,
                _ => terminal::explain(cause, style),
            }
        }
        None => match common.format {
            Format::Json => {
                let all: Vec<_> = Cause::ALL.iter().map(|cause| cause.description()).collect();
                json(&all)?
            }
            _ => terminal::causes(style),
        },
    };
    print(&text)?;
    Ok(Ended::Well)
}
