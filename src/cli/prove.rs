//! `gateprobe prove`: what API Gateway really answers, asked of the proving ground.

use gateprobe::config::Scope;
use gateprobe::discover::Wanted;
use gateprobe::pipeline;
use gateprobe::probe::Sources;
use gateprobe::prove::prove as ask;
use gateprobe::prove::{Asking, Ground, facts, markdown};

use super::args::{Common, Format, ProveArgs};
use super::{Ended, Failure, failure, print, print_json, setup};

/// Asks the table of facts. Ends well where all that was asked is as taken.
pub async fn prove(common: &Common, args: &ProveArgs) -> Result<Ended, Failure> {
    if !common.apis.is_empty() || !common.stages.is_empty() {
        return Err(Failure(
            "prove asks its own APIs and all of their stages: leave --api and --stage away, and name the stack with --stack"
                .to_owned(),
        ));
    }
    // CloudFormation's own rule; a glob in it would bring in what is not the stack's.
    let named = args.stack.starts_with(|c: char| c.is_ascii_alphabetic())
        && args.stack.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !named {
        return Err(Failure(format!("`{}` is no name of a stack: expected letters, digits and hyphens", args.stack)));
    }
    let run = setup::run(common)?;
    let aws = setup::aws(common, None).await?;
    let prober = pipeline::prober(&run.config).map_err(failure)?.with_sources(Sources::new(&aws));
    let scope = Scope::new(&[format!("{}-*", args.stack)], &[]).map_err(failure)?;
    let plane = setup::plane(common, &aws, &run)?;
    let world = pipeline::read(&run, &plane, &Wanted::Everything(scope), &setup::now).await.map_err(failure)?;
    let ground = Ground::find(&world, &args.stack).map_err(failure)?;
    let asking = Asking { run: &run, prober: &prober, clock: &setup::now, large: args.large };
    let proof = ask(&ground, &facts(), &asking).await;
    match common.format {
        Format::Json => print_json(&proof)?,
        _ => print(&markdown(&proof))?,
    }
    if !proof.heard_anything() {
        return Err(Failure(
            "no answer came to any request: check --invoke-url, --connect-to and the network".to_owned(),
        ));
    }
    Ok(if proof.differs() { Ended::Problems } else { Ended::Well })
}
