//! The tree: APIs, their stages, those's resources, and each method with its state.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::model::{MethodReport, Report, StageReport, State};
use super::parts::{STATES, badge, counted, counts, number, say, tallies, word};
use super::problems::Problems;
use crate::gateway::TreeSource;

/// So many methods are drawn one by one. Beyond them the best are counted: a browser opens some ten thousand rows at once.
pub(super) const MOST_METHODS: usize = 10_000;

/// So many stages are drawn, those with trouble first.
pub(super) const MOST_STAGES: usize = 1500;

/// Up to so many methods in all every stage is open from the start.
const FEW: usize = 60;

/// One stage with what it has.
struct Branch<'r> {
    stage: Option<&'r StageReport>,
    name: &'r str,
    methods: Vec<usize>,
}

/// The APIs in the report's order, each with its stages.
fn branches(report: &Report) -> Vec<(&str, &str, Vec<Branch<'_>>)> {
    let mut methods: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, method) in report.methods.iter().enumerate() {
        methods.entry((&method.api, &method.stage)).or_default().push(index);
    }
    let mut apis: Vec<(&str, &str, Vec<Branch<'_>>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut add = |api, api_name, branch| {
        let place = *places.entry(api).or_insert_with(|| {
            apis.push((api, api_name, Vec::new()));
            apis.len() - 1
        });
        if let Some((_, _, branches)) = apis.get_mut(place) {
            branches.push(branch);
        }
    };
    for stage in &report.stages {
        let methods = methods.remove(&(stage.api.as_str(), stage.stage.as_str())).unwrap_or_default();
        add(stage.api.as_str(), stage.api_name.as_str(), Branch { stage: Some(stage), name: &stage.stage, methods });
    }
    for ((api, name), methods) in methods {
        add(api, api, Branch { stage: None, name, methods });
    }
    apis
}

/// Which methods are drawn: all, or the first of those that matter most.
fn drawn(report: &Report) -> Vec<bool> {
    if report.methods.len() <= MOST_METHODS {
        return vec![true; report.methods.len()];
    }
    let mut left = MOST_METHODS;
    let mut drawn = vec![false; report.methods.len()];
    for state in STATES {
        for (shown, _) in drawn.iter_mut().zip(&report.methods).filter(|(_, method)| method.state == state) {
            if left == 0 {
                return drawn;
            }
            *shown = true;
            left -= 1;
        }
    }
    drawn
}

/// The whole tree.
pub(super) fn section(report: &Report, problems: &Problems) -> Markup {
    if report.stages.is_empty() && report.methods.is_empty() {
        return html! {};
    }
    let drawn = drawn(report);
    let apis = branches(report);
    let total: usize = apis.iter().map(|(_, _, stages)| stages.len()).sum();
    let failing = |branch: &Branch<'_>| {
        branch.stage.is_some_and(|stage| stage.tree.is_none() || stage.unhealthy > 0)
            || branch.methods.iter().any(|index| report.methods[*index].state == State::Failing)
    };
    let mut troubled = MOST_STAGES;
    let mut quiet = MOST_STAGES
        .saturating_sub(apis.iter().flat_map(|(_, _, stages)| stages).filter(|stage| failing(stage)).count());
    let cut = drawn.iter().filter(|drawn| !**drawn).count();
    html! {
        section #methods {
            h2 { "Methods " span.n { (number(report.methods.len().max(report.coverage.deployed))) } }
            @if cut > 0 || total > MOST_STAGES {
                p.loud {
                    "This account is too large for one page: "
                    @if cut > 0 { (counted(cut, "method")) " (the best-off) are counted and not drawn" }
                    @if cut > 0 && total > MOST_STAGES { ", and " }
                    @if total > MOST_STAGES { (number(MOST_STAGES)) " of " (counted(total, "stage")) " are drawn" }
                    ". All of it is in " code { "--format json" } "; " code { "--api" } " and " code { "--stage" } " choose a part."
                }
            }
            @for (api, name, stages) in &apis {
                @let all = stages.iter().flat_map(|stage| &stage.methods).map(|index| report.methods[*index].state);
                @let tally = counts(all);
                details.api open[total <= FEW || tally.iter().any(|(state, _)| *state == State::Failing)] {
                    summary { b { (say(name)) } " " code.dim { (say(api)) } " " (tallies(&tally)) }
                    @let shown: Vec<bool> = stages.iter().map(|stage| {
                        let left = if failing(stage) { &mut troubled } else { &mut quiet };
                        let shown = *left > 0;
                        *left = left.saturating_sub(1);
                        shown
                    }).collect();
                    @for (branch, _) in stages.iter().zip(&shown).filter(|(_, shown)| **shown) {
                        (stage(report, problems, &drawn, api, branch))
                    }
                    @let left = shown.iter().filter(|shown| !**shown).count();
                    @if left > 0 { p.more { "… and " (counted(left, "more stage")) ", in " code { "--format json" } } }
                }
            }
        }
    }
}

fn stage(report: &Report, problems: &Problems, drawn: &[bool], api: &str, branch: &Branch<'_>) -> Markup {
    let tally = counts(branch.methods.iter().map(|index| report.methods[*index].state));
    let bad = tally.iter().any(|(state, _)| matches!(state, State::Failing | State::Unproved));
    let (shown, left): (Vec<usize>, Vec<usize>) =
        branch.methods.iter().partition(|index| drawn.get(**index).copied().unwrap_or(true));
    let mut resources: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in shown {
        resources.entry(&report.methods[index].resource).or_default().push(index);
    }
    let mut before = "";
    html! {
        details.stage open[bad || report.methods.len() <= FEW] {
            summary {
                b { (say(branch.name)) } " "
                @if let Some(stage) = branch.stage { (about_stage(stage)) " " }
                (tallies(&tally))
            }
            ul.tree {
                @for (resource, methods) in &resources {
                    @let parent = std::mem::replace(&mut before, resource);
                    li.res {
                        code.path { (path(resource, parent)) }
                        ul {
                            @for index in methods { (method(problems, api, *index, &report.methods[*index])) }
                        }
                    }
                }
                @if !left.is_empty() {
                    @let tally = counts(left.iter().map(|index| report.methods[*index].state));
                    li.more {
                        "… and " (counted(left.len(), "more method")) " ("
                        @for (index, (state, count)) in tally.iter().enumerate() {
                            @if index > 0 { ", " } (number(*count)) " " (word(*state))
                        }
                        "), in " code { "--format json" }
                    }
                }
            }
        }
    }
}

/// What is known of a stage beside its methods.
fn about_stage(stage: &StageReport) -> Markup {
    html! {
        @if let Some(deployment) = &stage.deployment { span.dim { "deployment " code { (say(deployment)) } } }
        @match stage.tree {
            None => span.st.unproved { " not read" },
            Some(TreeSource::ApiSummary) => {},
            Some(TreeSource::Export) => span.dim { " (from the export)" },
            Some(TreeSource::Edited) => span.st.unproved { " (from the edited tree: what it serves may differ)" },
        }
    }
}

/// A path, what it shares with the one before it set back.
fn path(resource: &str, before: &str) -> Markup {
    let shared = if before.len() > 1 && resource.strip_prefix(before).is_some_and(|rest| rest.starts_with('/')) {
        before.len()
    } else {
        0
    };
    let (shared, own) = resource.split_at(shared);
    html! { @if !shared.is_empty() { span.dim { (super::parts::address(shared)) } wbr; } (super::parts::address(own)) }
}

fn method(problems: &Problems, api: &str, index: usize, method: &MethodReport) -> Markup {
    let anchor = problems.of(index).map(str::to_owned).or_else(|| problems.group(method.cause?));
    html! {
        li.item data-s=(method.state.name()) data-a=(say(api)) {
            b.verb { (method.method) }
            (badge(method.state))
            span.note {
                @if let Some(cause) = method.cause {
                    @match anchor {
                        Some(anchor) => a href={ "#" (anchor) } { (cause.id()) },
                        None => code.id { (cause.id()) },
                    } " "
                }
                @if let Some(reason) = method.skipped { (reason.id()) " " }
                @if let Some(reason) = &method.ignored { "ignored: " (say(reason)) " " }
                @if let Some(provenance) = method.provenance { span.dim { (provenance.id()) } }
            }
            span.ms { @if let Some(latency) = method.latency_ms { (latency) " ms" } }
            @if method.detail.is_some() || method.remedy.is_some() {
                p.also {
                    @if let Some(detail) = &method.detail { (say(detail)) " " }
                    @if let Some(remedy) = &method.remedy { code { (say(remedy)) } }
                }
            }
        }
    }
}
