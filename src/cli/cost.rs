//! `gateprobe cost`: what a month of the stack costs.

use gateprobe::config::runs_a_year;
use gateprobe::report::{self, Size};

use super::args::{Common, CostArgs, Format};
use super::{Ended, Failure, commands, failure, print, print_json, setup};

/// More than AWS lets an account have (7,200 stages with 300 resources each, by default), and little enough to count with.
const MOST: u64 = 1_000_000;

/// Prints the bill.
pub async fn cost(common: &Common, args: &CostArgs) -> Result<Ended, Failure> {
    let runs = runs_a_year(&args.every).map_err(|reason| Failure(format!("--every: {reason}")))?;
    let mode = args.metrics.parse().map_err(|error| Failure(format!("--metrics: {error}")))?;
    let size = if let Some(methods) = args.methods {
        let (stages, apis) = (args.stage_count.unwrap_or(1), args.api_count.unwrap_or(1));
        let domains = args.domain_count.unwrap_or(0);
        for (flag, count) in [("--methods", methods), ("--stages", stages), ("--apis", apis), ("--domains", domains)] {
            let most = if flag == "--methods" { MOST } else { MOST / 50 };
            if count > most {
                return Err(Failure(format!("{flag} {count} is more than any account has: expected {most} at most")));
            }
        }
        Size { apis, stages, rest_methods: methods, http_methods: 0, domains }
    } else {
        let run = setup::run(common)?;
        Size::of(
            commands::world(common, &run, args.inventory.as_deref())
                .await
                .map_err(|Failure(reason)| failure(format!("{reason}; --methods N --stages M --apis K asks nobody")))?
                .inventory(),
        )
    };
    let cost = report::cost(size, runs, args.run_seconds.map(f64::from), mode);
    match common.format {
        Format::Json => print_json(&cost)?,
        _ => print(&cost.table())?,
    }
    Ok(Ended::Well)
}
