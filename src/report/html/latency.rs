//! Where the time of each stage's answers went.

use maud::{Markup, html};

use super::super::latency::Latencies;
use super::super::model::{Report, StageReport};
use super::parts::{number, say};

/// So many stages are drawn, the slowest first where there are more.
const MOST: usize = 60;

/// How wide a bar may be.
const WIDE: u64 = 1000;

/// How many stages have something to show.
pub(super) fn measured(report: &Report) -> usize {
    report.stages.iter().filter(|stage| stage.latencies.count() > 0).count()
}

/// Each stage's phases as bars to one scale.
pub(super) fn section(report: &Report) -> Markup {
    let mut stages: Vec<&StageReport> = report.stages.iter().filter(|stage| stage.latencies.count() > 0).collect();
    if stages.is_empty() {
        return html! {};
    }
    let total = stages.len();
    if total > MOST {
        stages.sort_by_key(|stage| std::cmp::Reverse(stage.latencies.percentile(99)));
        stages.truncate(MOST);
    }
    let most = stages.iter().filter_map(|stage| stage.latencies.percentile(99)).max().unwrap_or(1).max(1);
    html! {
        section #latency {
            h2 { "Latency " span.n { (number(total)) } }
            p.dim {
                "Milliseconds: half of the answers came within p50, 90 and 99 of a hundred within p90 and p99, of so many answers. "
                "Bars are to one scale, which ends at " (most) " ms. DNS and connect are of the answers that opened a connection; "
                "the first byte counts from the start."
            }
            div.lat {
                @for stage in stages { (drawn(stage, most)) }
            }
            @if total > MOST { p.more { "… and " (number(total - MOST)) " faster stages, in " code { "--format json" } } }
        }
    }
}

fn drawn(stage: &StageReport, most: u64) -> Markup {
    let phases: [(&str, &Latencies); 4] = [
        ("DNS", &stage.phases.dns),
        ("connect", &stage.phases.connect),
        ("first byte", &stage.phases.first_byte),
        ("whole", &stage.latencies),
    ];
    html! {
        table {
            caption { b { (say(&stage.api_name)) } " " (say(&stage.stage)) }
            thead { tr {
                th scope="col" { span.sr { "Phase" } } th scope="col" { span.sr { "Bar" } } th scope="col" { "p50" }
                th scope="col" { "p90" } th scope="col" { "p99" } th scope="col" { "of" }
            } }
            tbody {
                @for (name, latencies) in phases {
                    @if latencies.count() > 0 {
                        @let at = |share| latencies.percentile(share).unwrap_or(0);
                        @let wide = |share| (at(share).saturating_mul(WIDE) / most).clamp(4, WIDE);
                        tr {
                            th scope="row" { (name) }
                            td.track {
                                svg viewBox={ "0 0 " (WIDE) " 10" } preserveAspectRatio="none" aria-hidden="true" {
                                    rect.p99 x="0" y="3" width=(wide(99)) height="4" {}
                                    rect.p90 x="0" y="1.5" width=(wide(90)) height="7" {}
                                    rect.p50 x="0" y="0" width=(wide(50)) height="10" {}
                                }
                            }
                            td { (at(50)) } td { (at(90)) } td { (at(99)) }
                            td.dim { (number(usize::try_from(latencies.count()).unwrap_or(usize::MAX))) }
                        }
                    }
                }
            }
        }
    }
}
