//! The tree: APIs, their stages, those's resources, and each method with its state.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::model::{MethodReport, Report, StageReport, State};
use super::parts::{STATES, badge, counted, counts, number, say, tallies, word};
use super::problems::Problems;
use crate::gateway::TreeSource;

/// So many methods are drawn one by one. Beyond them the best are counted: a browser opens some ten thousand rows at
/// once.
pub(super) const MOST_METHODS: usize = 10_000;

/// So many stages are drawn, those with trouble first.
pub(super) const MOST_STAGES: usize = 1500;

/// From so many methods on the browser lays out only what is in view.
pub(super) const LARGE: usize = 1000;

/// Up to so many methods in all every stage is open from the start.
const FEW: usize = 60;

/// One stage with what it has.
struct Branch<'r> {
    stage: Option<&'r StageReport>,
    name: &'r str,
    methods: Vec<usize>,
    /// Whether there is room for it on the page.
    shown: bool,
}

impl Branch<'_> {
    /// What is wrong comes first, then what is not known.
    fn rank(&self, report: &Report) -> u8 {
        let fails = |index: &usize| report.methods[*index].state == State::Failing;
        match self.stage {
            _ if self.methods.iter().any(fails) => 0,
            Some(stage) if stage.unhealthy > 0 => 0,
            Some(stage) if stage.tree.is_none() => 1,
            _ => 2,
        }
    }
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
        add(
            stage.api.as_str(),
            stage.api_name.as_str(),
            Branch { stage: Some(stage), name: &stage.stage, methods, shown: false },
        );
    }
    for ((api, name), methods) in methods {
        add(api, api, Branch { stage: None, name, methods, shown: false });
    }
    let mut left = MOST_STAGES;
    for rank in 0..3 {
        for branch in apis.iter_mut().flat_map(|(_, _, branches)| branches) {
            if left > 0 && branch.rank(report) == rank {
                branch.shown = true;
                left -= 1;
            }
        }
    }
    apis
}

/// Which methods are drawn: of the stages that are drawn all, or the first of those that matter most.
fn drawn(report: &Report, apis: &[(&str, &str, Vec<Branch<'_>>)]) -> Vec<bool> {
    let mut candidates = vec![false; report.methods.len()];
    for branch in apis.iter().flat_map(|(_, _, branches)| branches).filter(|branch| branch.shown) {
        for index in &branch.methods {
            candidates[*index] = true;
        }
    }
    let mut left = MOST_METHODS;
    let mut drawn = vec![false; report.methods.len()];
    for state in STATES {
        let of_state =
            report.methods.iter().zip(&candidates).map(|(method, candidate)| *candidate && method.state == state);
        for (shown, _) in drawn.iter_mut().zip(of_state).filter(|(_, wanted)| *wanted) {
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
    let apis = branches(report);
    let drawn = drawn(report, &apis);
    let stages = || apis.iter().flat_map(|(_, _, stages)| stages);
    let (total, shown) = (stages().count(), stages().filter(|stage| stage.shown).count());
    let cut = drawn.iter().filter(|drawn| !**drawn).count();
    html! {
        section #methods {
            h2 { "Methods " span.n { (number(report.methods.len().max(report.coverage.deployed))) } }
            @if cut > 0 || total > shown {
                p.loud {
                    "This account is too large for one page. Drawn are " (number(shown)) " of " (counted(total, "stage"))
                    " and " (number(report.methods.len() - cut)) " of " (counted(report.methods.len(), "method"))
                    ", those that are not well first. All of it is in " code { "--format json" } "; " code { "--api" }
                    " and " code { "--stage" } " choose a part."
                }
            }
            (meanings())
            @for (api, name, stages) in &apis {
                @let all = stages.iter().flat_map(|stage| &stage.methods).map(|index| report.methods[*index].state);
                @let tally = counts(all);
                details.api open[total <= FEW || tally.iter().any(|(state, _)| *state == State::Failing)] {
                    summary { b { (say(name)) } " " code.dim { (say(api)) } " " (tallies(&tally)) }
                    @for branch in stages.iter().filter(|branch| branch.shown) {
                        (stage(report, problems, &drawn, api, branch))
                    }
                    @let left = stages.iter().filter(|branch| !branch.shown).count();
                    @if left > 0 { p.more { "… and " (counted(left, "more stage")) ", in " code { "--format json" } } }
                }
            }
        }
    }
}

/// What the words of the tree mean.
fn meanings() -> Markup {
    let means = |state| match state {
        State::Healthy => "it answered well through every door",
        State::Routed => "it exists, and nothing better was to be had: its request was made up, or made to be refused",
        State::Unproved => "nothing is known to be wrong, and nothing was proved",
        State::Failing => "it fails through at least one door",
        State::Skipped => "no request was sent; the config line beside it would bring one",
    };
    html! {
        details.words {
            summary { "What the words mean" }
            dl {
                @for state in STATES { dt { (badge(state)) } dd { (means(state)) } }
                dt { "bare" } dd { "the request needed no value" }
                dt { "contract, config, example" } dd { "its values are vouched for by you or by the API" }
                dt { "schema, placeholder" } dd { "its values are made up" }
                dt { "refusal" } dd { "what it needs was left out, so that it must be refused" }
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
