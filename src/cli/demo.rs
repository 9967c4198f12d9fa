//! `gateprobe demo`: an API Gateway with broken doors on loopback, and one whole run against it.

use std::collections::BTreeSet;
use std::path::Path;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, ContractEntry, ContractRequest, Limits, Scope};
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::pipeline::{self, Run};
use gateprobe::plan::Provenance;
use gateprobe::report::{Report, html};
use gateprobe::simulator::Simulator;
use gateprobe::simulator::demo::{Fault, Scene, scene};
use url::Url;

use super::args::{Common, Format};
use super::{Ended, Failure, commands, failure, page, print, setup};

/// Where the demo writes its page, in the directory that it is started in.
const PAGE: &str = "gateprobe-report.html";

/// Runs the demo. Ends well when the run found exactly the faults that the scene has.
pub async fn demo(common: &Common) -> Result<Ended, Failure> {
    let scene = scene();
    let region = scene.account.region.clone();
    let simulator = Simulator::start(scene.account.clone())
        .await
        .map_err(|error| Failure(format!("the demo could not listen on 127.0.0.1 ({error})")))?;
    let run = Run {
        config: config(&scene, &simulator, &region)?,
        invoke_url: simulator.invoke_url_template().parse().map_err(failure)?,
        domain_url: simulator.domain_url_template().parse().map_err(failure)?,
        deadline: None,
    };
    let aws = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("demo", "demo", None, None, "demo")))
        .build();
    let plane = ControlPlane::new(&aws, pipeline::control_plane_limits(&run.config));
    let prober = pipeline::prober(&run.config).map_err(failure)?;
    let wanted = Wanted::Everything(Scope::default());
    let report = pipeline::run(&run, &plane, &wanted, &prober, &setup::now).await.map_err(failure)?;
    let (missed, surprises) = compare(&scene, &simulator, &report);
    match common.format {
        Format::Table => {
            commands::print_report(common, &report)?;
            let faults = scene.faults.iter().filter(told).count() + scene.contract.len();
            if missed.is_empty() && surprises.is_empty() {
                print(&format!(
                    "the demo set {faults} faults, and all were found with their causes (some at two doors)\n"
                ))?;
            }
            match page::write(Path::new(PAGE), &html::page(&report)) {
                Ok(()) => super::say(&format!("the same for a browser: {PAGE}")),
                Err(why) => super::warn(&why),
            }
        }
        _ => commands::print_report(common, &report)?,
    }
    if missed.is_empty() && surprises.is_empty() {
        return Ok(Ended::Well);
    }
    for line in missed
        .iter()
        .map(|line| format!("missed: {line}"))
        .chain(surprises.iter().map(|line| format!("not set: {line}")))
    {
        super::warn(&line);
    }
    Ok(Ended::Problems)
}

/// The contract is what the demo's callers rely on; nothing limits the pace on loopback.
fn config(scene: &Scene, simulator: &Simulator, region: &str) -> Result<Config, Failure> {
    let contract = scene
        .contract
        .iter()
        .map(|call| {
            Ok(ContractEntry::Request(ContractRequest {
                method: call.method.to_owned(),
                url: Url::parse(&call.url(simulator, region)).map_err(failure)?,
                headers: call.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            }))
        })
        .collect::<Result<_, Failure>>()?;
    let address = simulator.address();
    let domains =
        scene.account.domains.iter().map(|domain| format!("{}::{}:{}", domain.name, address.ip(), address.port()));
    Ok(Config {
        contract,
        connect_to: domains.collect(),
        limits: Limits { api_rate: 0, control_plane_rate: 1000, retries: 1, ..Limits::default() },
        ..Config::default()
    })
}

/// A method that wants a signature is proved by its refusal of one that nobody made, and nothing is left to tell.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as `filter` hands it")]
fn told(fault: &&Fault) -> bool {
    fault.cause != "iam-unsigned"
}

/// What the scene has and the report lacks, and the other way round: (where, cause, expected).
fn compare(scene: &Scene, simulator: &Simulator, report: &Report) -> (Vec<String>, Vec<String>) {
    let contract = scene
        .contract
        .iter()
        .map(|call| format!("{} {}: {}", call.method, call.url(simulator, &report.region), call.cause));
    let deployed = scene.faults.iter().filter(told).map(|fault| {
        let expected = if fault.expected { " (expected)" } else { "" };
        format!("{} {} of {} {}: {}{expected}", fault.verb, fault.resource, fault.api, fault.stage, fault.cause)
    });
    let set: BTreeSet<String> = contract.chain(deployed).collect();
    let found: BTreeSet<String> = report
        .diagnoses
        .iter()
        .map(|finding| {
            let cause = finding.diagnosis.cause.map_or("-", gateprobe::diagnose::Cause::id);
            match &finding.diagnosis.matched {
                Some(method) if finding.provenance != Provenance::Contract => {
                    let expected = if finding.expected { " (expected)" } else { "" };
                    format!(
                        "{} {} of {} {}: {cause}{expected}",
                        method.method, method.resource, method.api, method.stage
                    )
                }
                _ => format!("{} {}: {cause}", finding.diagnosis.request.method, finding.diagnosis.request.url),
            }
        })
        .collect();
    (set.difference(&found).cloned().collect(), found.difference(&set).cloned().collect())
}
