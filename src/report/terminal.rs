//! What a person reads: the table of stages, and diagnoses drawn as a good compiler draws them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use comfy_table::{CellAlignment, Table, presets};

use super::causes::{answer_line, by_step, step_title};
use super::model::{Finding, Memory, Report};
use super::wrong_part::wrong_part;
use crate::diagnose::{Cause, Confidence, Diagnosis, RequestLine, StepName, StepResult, Verdict};
use crate::gateway::{TreeSource, steers};

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether to colour.
    pub color: bool,
    /// Whether to show everything: all findings, all evidence, the six steps.
    pub verbose: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, verbose: false, width: 80 }
    }
}

/// Without `-v`, so many findings of one cause in one stage are drawn; the others are counted.
const DRAWN_PER_CAUSE: usize = 2;

/// The whole report: the stages, what was left out, what is not deployed, gaps, and the diagnoses last, where the eye
/// is when the command ends.
#[must_use]
pub fn report(report: &Report, style: Style) -> String {
    let mut out = String::new();
    out.push_str(&stages(report, style));
    summary(&mut out, report, style);
    problems(&mut out, report, style);
    out.push_str(&wrapped(&verdict_line(report), style.width, "  "));
    out
}

/// The table of stages.
fn stages(report: &Report, style: Style) -> String {
    if report.stages.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_width(u16::try_from(style.width).unwrap_or(80));
    table.set_header(["API", "stage", "deployed", "probed", "routed", "healthy", "failing", "p50 ms"]);
    for stage in &report.stages {
        let tree = match stage.tree {
            None => " (not read)",
            Some(TreeSource::ApiSummary) => "",
            Some(TreeSource::Export) => " (export)",
            Some(TreeSource::Edited) => " (edited tree)",
        };
        table.add_row([
            format!("{} {}", stage.api_name, stage.api),
            format!("{}{tree}", stage.stage),
            stage.coverage.deployed.to_string(),
            stage.coverage.probed.to_string(),
            stage.coverage.routed.to_string(),
            stage.coverage.healthy.to_string(),
            stage.unhealthy.to_string(),
            stage.latencies.percentile(50).map_or("-".to_owned(), |value| value.to_string()),
        ]);
    }
    for column in 2..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // The first column's padding and the lines' tails are only white space.
    let mut text = String::new();
    for line in table.to_string().lines() {
        let _ = writeln!(text, "{}", line.strip_prefix(' ').unwrap_or(line).trim_end());
    }
    text
}

/// What is open, what is new, and what is wrong with the memory itself.
fn remembered(memory: &Memory) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(problem) = &memory.problem {
        lines.push(format!("memory: {problem}"));
    } else {
        let news = if memory.news.is_empty() { "no news" } else { "news" };
        lines.push(format!("{} incidents open; since the last run: {news}", memory.open));
    }
    lines.extend(memory.news.iter().map(|news| format!("  {}", printable(news))));
    if memory.waiting > 0 {
        lines.push(format!("{} messages wait for a later run", memory.waiting));
    }
    lines.extend(memory.notes.iter().map(|note| format!("memory: {}", printable(note))));
    lines
}

fn summary(out: &mut String, report: &Report, style: Style) {
    let mut lines = Vec::new();
    let coverage = &report.coverage;
    if report.stages.len() > 1 {
        lines.push(format!(
            "{} methods deployed: {} probed, {} routed, {} healthy, {} skipped",
            coverage.deployed,
            coverage.probed,
            coverage.routed,
            coverage.healthy,
            coverage.skipped_total()
        ));
    }
    for (reason, count) in &coverage.skipped {
        lines.push(format!("skipped {count} ({}): {}", reason.id(), reason.means()));
    }
    if report.contract.requests > 0 {
        let contract = &report.contract;
        lines.push(format!(
            "contract: {} of {} requests healthy, {} routed",
            contract.healthy, contract.requests, contract.routed
        ));
    }
    let mut ignored: BTreeMap<&str, BTreeMap<Cause, usize>> = BTreeMap::new();
    for (finding, reason) in report.ignored() {
        if let Some(cause) = finding.diagnosis.cause {
            *ignored.entry(reason).or_default().entry(cause).or_default() += 1;
        }
    }
    for (reason, causes) in ignored {
        let causes: Vec<String> = causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
        lines.push(format!("failing and ignored ({}): {}", printable(reason), causes.join(", ")));
    }
    let mut expected: BTreeMap<Cause, usize> = BTreeMap::new();
    let mut failed: BTreeMap<Cause, Vec<&Finding>> = BTreeMap::new();
    for finding in report.expected() {
        let Some(cause) = finding.diagnosis.cause else { continue };
        if matches!(cause, Cause::BackendStatus | Cause::Integration)
            && finding.diagnosis.response.as_ref().is_some_and(|response| response.status >= 500)
        {
            failed.entry(cause).or_default().push(finding);
        } else {
            *expected.entry(cause).or_default() += 1;
        }
    }
    for (cause, count) in expected {
        lines.push(format!("{count} answered as expected ({cause}): {}", expected_means(cause)));
    }
    for (cause, findings) in failed {
        lines.push(format!(
            "{} failed at a made-up value ({cause}), which may be for its sake and is no alarm:",
            findings.len()
        ));
        let shown = if style.verbose { usize::MAX } else { DRAWN_PER_CAUSE };
        for finding in findings.iter().take(shown) {
            let RequestLine { method, url } = &finding.diagnosis.request;
            let status = finding.diagnosis.response.as_ref().map_or(0, |response| response.status);
            lines.push(format!("  {method} {url} answered {status}: {}", finding.diagnosis.remedy));
        }
        if findings.len() > shown {
            lines.push(format!("  and {} more (-v shows them)", findings.len() - shown));
        }
    }
    let snapshots = report.stages.iter().filter(|stage| stage.tree.is_some_and(|tree| !tree.is_snapshot())).count();
    if snapshots > 0 {
        lines.push(format!(
            "{snapshots} stages rest on a tree that is not the deployment itself: what they serve may differ"
        ));
    }
    for warning in report.warnings() {
        lines.push(format!("warning: {warning}"));
    }
    for note in &report.notes {
        lines.push(format!("note: {note}"));
    }
    if let Some(memory) = &report.memory {
        lines.extend(remembered(memory));
    }
    for gap in &report.gaps {
        lines.push(format!("gap: {}: {}", gap.place, gap.reason));
    }
    if !report.undeployed.is_empty() {
        lines.push(format!("{} methods of the editor are not deployed:", report.undeployed.len()));
        let shown = if style.verbose { usize::MAX } else { 5 };
        for method in report.undeployed.iter().take(shown) {
            lines.push(format!(
                "  {} {} is not in {} of {}",
                method.method, method.resource, method.stage, method.api_name
            ));
        }
        if report.undeployed.len() > shown {
            lines.push(format!("  and {} more (-v shows them)", report.undeployed.len() - shown));
        }
    }
    if !lines.is_empty() {
        out.push('\n');
        for line in lines {
            let indent = if line.starts_with("  ") { "    " } else { "  " };
            out.push_str(&wrapped(&line, style.width, indent));
        }
    }
}

/// What a finding that is no problem means.
fn expected_means(cause: Cause) -> &'static str {
    match cause {
        Cause::ApiKey => "refused for want of a key, so the route exists",
        Cause::Authorizer => "refused for want of a token, so the route exists",
        Cause::IamUnsigned => "unsigned, so nothing is proved: a missing route answers the same",
        Cause::BadProbe => "the made-up request is incomplete, and the route exists",
        Cause::Shadowed => "another method answered: the request's own is in the editor or another stage only",
        Cause::Propagating => "the stage changed moments ago: the next run tells",
        Cause::BackendStatus => "the backend answered below 500 to a made-up request",
        _ => "as the plan says",
    }
}

fn problems(out: &mut String, report: &Report, style: Style) {
    let mut drawn: BTreeMap<(Cause, String), usize> = BTreeMap::new();
    for finding in report.problems() {
        let Some(cause) = finding.diagnosis.cause else { continue };
        let place = finding.diagnosis.matched.as_ref().map_or(String::new(), |m| format!("{}/{}", m.api, m.stage));
        let count = drawn.entry((cause, place)).or_default();
        *count += 1;
        if style.verbose || *count <= DRAWN_PER_CAUSE {
            let _ = write!(out, "\n{}", finding_text(finding, style));
        }
    }
    for ((cause, place), count) in drawn {
        if !style.verbose && count > DRAWN_PER_CAUSE {
            let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
            let _ = writeln!(out, "\n{} more of {cause}{place} (-v shows them)", count - DRAWN_PER_CAUSE);
        }
    }
    if report.has_problems() {
        out.push('\n');
    }
}

fn verdict_line(report: &Report) -> String {
    let seconds = report.duration_ms / 1000;
    let tenths = report.duration_ms % 1000 / 100;
    let problems = report.problems().count();
    let gaps = match report.gaps.len() {
        0 => String::new(),
        1 => ", 1 gap".to_owned(),
        count => format!(", {count} gaps"),
    };
    let early = if report.stopped_early { ", stopped at the deadline" } else { "" };
    if problems == 0 {
        return format!("no problems in {} ({seconds}.{tenths} s{gaps}{early})", report.region);
    }
    let causes = report.causes().iter().map(|(cause, count)| format!("{count} {cause}")).collect::<Vec<_>>().join(", ");
    let noun = if problems == 1 { "problem" } else { "problems" };
    format!("{problems} {noun} in {} ({seconds}.{tenths} s{gaps}{early}): {causes}", report.region)
}

fn finding_text(finding: &Finding, style: Style) -> String {
    let mut text = diagnosis(&finding.diagnosis, style);
    if style.verbose {
        let confirmed = if finding.confirmed { ", confirmed on a fresh connection" } else { "" };
        let _ = writeln!(text, "  sent {} times{confirmed}; x-amzn-RequestId {}", finding.attempts, finding.request_id);
    }
    text
}

/// One diagnosis among others: the request with a caret under the part that is wrong, the notes, the help; with `-v` all
/// evidence and the six steps.
#[must_use]
pub fn diagnosis(diagnosis: &Diagnosis, style: Style) -> String {
    let mut text = drawn(diagnosis, style, if style.verbose { Detail::All } else { Detail::Short });
    if style.verbose {
        text.push_str(&steps(diagnosis, style));
    }
    text
}

/// A diagnosis that stands alone, as `gateprobe diagnose` prints it: every cause that remains possible, what came of
/// sending the corrected request, if that was asked for, and the six steps.
#[must_use]
pub fn explained(diagnosis: &Diagnosis, verified: Option<&str>, style: Style) -> String {
    let mut text = drawn(diagnosis, style, if style.verbose { Detail::All } else { Detail::Causes });
    if let Some(verified) = verified {
        text.push_str(&wrapped(&printable(verified), style.width, "  "));
    }
    text.push('\n');
    text.push_str(&steps(diagnosis, style));
    text
}

/// How much of a diagnosis is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// The best of everything.
    Short,
    /// And every cause that remains possible.
    Causes,
    /// Everything.
    All,
}

fn drawn(diagnosis: &Diagnosis, style: Style, detail: Detail) -> String {
    let title = match diagnosis.cause {
        None => format!("healthy: {}", printable(diagnosis.evidence.first().map_or("it answered", String::as_str))),
        Some(cause) => {
            let means = cause.about().means.trim_end_matches('.');
            // One of several must not be told as the one.
            let one_of_several = diagnosis.confidence == Confidence::Possible && cause != Cause::Unexplained;
            if one_of_several { format!("Perhaps: {means}") } else { means.to_owned() }
        }
    };
    let level = match diagnosis.verdict {
        Verdict::Healthy | Verdict::Skipped => Level::INFO.with_name(Some("ok")),
        _ => Level::ERROR,
    };
    let title =
        if diagnosis.verdict == Verdict::Healthy { title.trim_start_matches("healthy: ").to_owned() } else { title };
    // `error[id]: ` stands before the first line.
    let before = 9 + diagnosis.cause.map_or(0, |cause| cause.id().len());
    let mut heading = level.primary_title(wrapped_lines(&title, style.width.saturating_sub(before)).join("\n"));
    if let Some(cause) = diagnosis.cause {
        heading = heading.id(cause.id());
    }
    let (source, at) = request_lines(diagnosis, style.width);
    let mut snippet = Snippet::source(source).line_numbering(false).fold(false);
    for part in at {
        snippet = snippet.annotation(AnnotationKind::Primary.span(part));
    }
    let mut group: Group<'_> = heading.element(snippet);
    // What stands before each continued line of a note in the drawing.
    let room = style.width.saturating_sub(11);
    for evidence in notes(diagnosis, detail) {
        group = group.element(Level::NOTE.message(wrapped_lines(&evidence, room).join("\n")));
    }
    let mut helps = Vec::new();
    if !diagnosis.remedy.is_empty() {
        helps.push(wrapped_lines(&diagnosis.remedy, room).join("\n"));
    }
    for suggestion in diagnosis.suggestions.iter().take(if detail == Detail::All { 3 } else { 1 }) {
        let without = match suggestion.without.join(", ") {
            names if names.is_empty() => names,
            names => format!(", without the header {names}"),
        };
        let why = printable(&format!("{}{without}, reaching {}:", suggestion.why, suggestion.reaches));
        let why = wrapped_lines(&why, room).join("\n");
        helps.push(format!("{why}\n{} {}", printable(&suggestion.method), printable(&suggestion.url)));
    }
    for help in helps {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    // Nothing is cut: long requests were broken before, and notes are wrapped.
    let mut text = renderer.term_width(100_000).render(&[group]);
    text.push('\n');
    text
}

/// Of a wrong part that goes on over more lines the first are marked: each mark costs the drawing a look at all others.
const MOST_MARKED: usize = 20;

/// More than any verb that is registered with IANA.
const LONGEST_VERB: usize = 32;

/// The request as it is drawn, and where the wrong part stands in that: once for each line that holds some of it. Where
/// it does not fit a line the path goes on the next one, and on as many as it needs.
fn request_lines(diagnosis: &Diagnosis, width: usize) -> (String, Vec<std::ops::Range<usize>>) {
    let request = &diagnosis.request;
    let url = printable(&request.url);
    // It stands before every line, so one that is no verb at all is cut.
    let method: String = printable(&request.method).chars().take(LONGEST_VERB).collect();
    let offset = method.chars().count() + 1;
    // ` | ` stands before each line.
    let room = width.saturating_sub(offset + 4).max(20);
    let mut cuts = vec![0];
    if url.len() > room
        && let Some(path) = url.find("://").and_then(|scheme| Some(scheme + 3 + url.get(scheme + 3..)?.find('/')?))
    {
        let mut start = path;
        cuts.push(start);
        while let Some(rest) = url.get(start..)
            && let Some((fits, _)) = rest.char_indices().nth(room)
        {
            // Rather before a separator than in the midst of a word, unless the line would be short.
            let before = rest.get(..fits).and_then(|line| line.rfind(['/', '?', '&'])).filter(|at| *at > room / 2);
            start += before.unwrap_or(fits);
            cuts.push(start);
        }
    }
    let mut source = format!("{method} ");
    let at = wrong_part(diagnosis).filter(|at| url.get(at.clone()).is_some());
    let mut marked = Vec::new();
    for (index, start) in cuts.iter().enumerate() {
        let end = cuts.get(index + 1).copied().unwrap_or(url.len());
        if index > 0 {
            source.push('\n');
            source.push_str(&" ".repeat(offset));
        }
        if let Some(at) = &at {
            let (from, to) = (at.start.max(*start), at.end.min(end));
            if from < to && marked.len() < MOST_MARKED {
                marked.push(source.len() + from - start..source.len() + to - start);
            }
        }
        source.push_str(url.get(*start..end).unwrap_or(""));
    }
    (source, marked)
}

/// URLs are ASCII as parsed; whatever else came in a file must not steer the terminal, nor turn its writing direction or
/// end its lines.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '?' } else { c }).collect()
}

fn notes(diagnosis: &Diagnosis, detail: Detail) -> Vec<String> {
    if diagnosis.verdict == Verdict::Healthy {
        // The first is the title.
        let shown = if detail == Detail::Short { 0 } else { usize::MAX };
        return diagnosis.evidence.iter().skip(1).take(shown).map(|line| printable(line)).collect();
    }
    let shown = |of: Detail| if detail == Detail::All || detail == of { usize::MAX } else { 2 };
    let mut notes: Vec<String> = Vec::new();
    notes.extend(diagnosis.evidence.iter().take(shown(Detail::All)).map(|line| printable(line)));
    for other in diagnosis.alternatives.iter().take(shown(Detail::Causes)) {
        notes.push(format!("it may be {} instead: {}", other.cause, printable(&other.tell)));
    }
    if diagnosis.confidence != Confidence::Certain {
        notes.push(format!("this is {}, not certain", diagnosis.confidence));
    }
    notes
}

/// The six steps with their marks, one a line; the evidence of the failing one, and with `-v` of all.
fn steps(diagnosis: &Diagnosis, style: Style) -> String {
    let mut out = String::new();
    for step in &diagnosis.steps {
        let (mark, color) = match step.result {
            StepResult::Pass => ("pass", "32"),
            StepResult::Fail => ("FAIL", "1;31"),
            StepResult::Unknown => ("?", "33"),
            StepResult::NotReached => ("-", "2"),
        };
        let known_good = step.step == StepName::KnownGood;
        let told = style.verbose || step.result == StepResult::Fail || known_good && step.result == StepResult::Pass;
        let evidence = if told { printable(&step.evidence) } else { String::new() };
        let line = format!("  {:<10} {mark:<5} {evidence}", step.step.id());
        let mut line = wrapped(line.trim_end(), style.width, &" ".repeat(19));
        if style.color {
            // The mark's place is the same in every line; colour is put in last, so that it is no part of the width.
            line = line.replacen(&format!(" {mark}"), &format!(" \u{1b}[{color}m{mark}\u{1b}[0m"), 1);
        }
        out.push_str(&line);
    }
    out
}

/// A line broken at spaces to fit the width, continued lines indented.
#[must_use]
pub fn wrapped(line: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let leading: String = line.chars().take_while(|c| *c == ' ').collect();
    // Each line has the room that its own indent leaves.
    let room = |before: &str| width.saturating_sub(before.len());
    let mut before = leading.as_str();
    for line in broken(line.trim(), room(before), room(indent)) {
        let _ = writeln!(out, "{before}{line}");
        before = indent;
    }
    out
}

/// A text broken at spaces; a word longer than the width stands alone and whole.
fn wrapped_lines(text: &str, width: usize) -> Vec<String> {
    broken(text, width, width)
}

/// The same, where the first line has other room than the rest.
fn broken(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut columns, mut width) = (String::new(), 0, first);
    for word in text.split(' ') {
        let wide = word.chars().count();
        if !line.is_empty() && columns + 1 + wide > width {
            lines.push(std::mem::take(&mut line));
            (columns, width) = (0, rest);
        }
        if !line.is_empty() {
            line.push(' ');
            columns += 1;
        }
        line.push_str(word);
        columns += wide;
    }
    lines.push(line);
    lines
}

/// What `gateprobe explain CAUSE` prints: the whole page. Commands and snippets stand as they are, to be copied.
#[must_use]
pub fn explain(cause: Cause, style: Style) -> String {
    let (about, page) = (cause.about(), cause.page());
    let step = about.step.map_or("none", crate::diagnose::StepName::id);
    let mut out = format!("{cause}\n\n");
    out.push_str(&wrapped(about.means, style.width, ""));
    out.push('\n');
    out.push_str(&wrapped(page.more, style.width, ""));
    let mut section = |name: &str, text: &str| {
        let _ = write!(out, "\n{name}:\n");
        out.push_str(text);
    };
    let told = |text: &str| wrapped(&format!("  {text}"), style.width, "  ");
    section("Fails at step", &told(step));
    section("Verdict", &told(&about.verdict.to_string()));
    section("What to do", &told(about.remedy));
    let mut answers = told(about.wire);
    for answer in page.answers {
        answers.push_str(&wrapped(&format!("  - {}: {}", answer.when, answer_line(answer)), style.width, "    "));
        answers.push_str(&wrapped(&format!("    {}", answer.body), style.width, "    "));
    }
    section("On the wire", &answers);
    section("Confirm it", &format!("{}{}", indented(page.confirm.command), told(page.confirm.shows)));
    let mut neighbours = String::new();
    for neighbour in cause.neighbours() {
        let line = format!("  {} if {}; here {}", neighbour.cause, neighbour.there, neighbour.here);
        neighbours.push_str(&wrapped(&line, style.width, "    "));
    }
    section("It may be instead", &neighbours);
    section("In the console", &told(page.console));
    for (name, fix) in [("In SAM or CloudFormation", page.cloudformation), ("In Terraform", page.terraform)] {
        section(name, &format!("{}{}", told(fix.say), indented(fix.code)));
    }
    for grade in crate::diagnose::Grade::ALL {
        let mut grounds = String::new();
        for ground in page.grounds.iter().filter(|ground| ground.grade == grade) {
            grounds.push_str(&wrapped(&format!("  - {}", ground.says), style.width, "    "));
            grounds.push_str(&wrapped(&format!("    {}", ground.source), style.width, "    "));
        }
        if !grounds.is_empty() {
            section(grade.title(), &grounds);
        }
    }
    if !about.reachable {
        out.push_str("\nNo rule of this version names it yet.\n");
    }
    out
}

/// A command or a snippet, set apart and not wrapped.
fn indented(code: &str) -> String {
    code.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        out
    })
}

/// What `gateprobe explain` prints: every cause in one line, by the step that it fails at.
#[must_use]
pub fn causes(style: Style) -> String {
    let mut out = String::new();
    for (step, causes) in by_step() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&wrapped(step_title(step), style.width, ""));
        for cause in causes {
            let line = format!("  {:<22}{}", cause.id(), cause.about().means);
            out.push_str(&wrapped(&line, style.width, &" ".repeat(24)));
        }
    }
    out
}
