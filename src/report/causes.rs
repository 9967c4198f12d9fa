//! docs/causes.md, made from the same description of each cause that `gateprobe explain` prints.

use std::fmt::Write as _;

use crate::diagnose::{Answer, Cause, Fix, Grade, StepName};

/// The causes by the step that they fail at, in the order of the checklist; what fails at none comes last.
#[must_use]
pub fn by_step() -> Vec<(Option<StepName>, Vec<Cause>)> {
    StepName::ALL
        .into_iter()
        .map(Some)
        .chain([None])
        .map(|step| (step, Cause::ALL.iter().copied().filter(|cause| cause.about().step == step).collect()))
        .collect()
}

/// A step as a heading says it.
#[must_use]
pub fn step_title(step: Option<StepName>) -> &'static str {
    match step {
        Some(StepName::InvokeUrl) => "Invoke URL: does the host lead to the API?",
        Some(StepName::Stage) => "Stage: does the URL name a stage that exists?",
        Some(StepName::Path) => "Path: does a resource match?",
        Some(StepName::Method) => "Method: does the resource have the verb?",
        Some(StepName::Deployment) => "Deployment: does the stage serve it?",
        Some(StepName::KnownGood) => "Known-good request: is it let through, and answered?",
        None => "None of the steps",
    }
}

/// An answer's first line: the status and the header, or that nothing came.
#[must_use]
pub fn answer_line(answer: &Answer) -> String {
    match (answer.status, answer.error_type) {
        (None, _) => "no HTTP answer".to_owned(),
        (Some(status), Some(error_type)) => format!("{status}, x-amzn-ErrorType: {error_type}"),
        (Some(status), None) => format!("{status}, without x-amzn-ErrorType"),
    }
}

const PREFACE: &str = "\
# Causes

The closed list of what keeps a request from its method, each with its look on the wire, its neighbours and its fix.
`gateprobe explain CAUSE` prints the same page, `--format json` its data. The ids are stable: link to them from alerts,
as `causes.md#not-deployed`.

Made from `src/diagnose/cause/` by `UPDATE_DOCS=1 cargo test --lib report::causes`: change it there.

## Before the pages

- *Missing Authentication Token* mostly means a missing route: path, verb or deployment. API Gateway has no 405. Only an
  unsigned call to an `AWS_IAM` method means what the words say.
- A missing or unknown stage answers `Forbidden`, not the token message.
- A request that carries a Bearer or Basic header gets `IncompleteSignatureException` from an unmatched route.
- Read `x-amzn-ErrorType` before status and words: a customised gateway response changes those and keeps the header.
  Some frameworks customise without asking, as Pulumi's API Gateway package, which makes 404 of two of them.
- The token message is never in execution logs. Use access logs, with `$context.error.responseType` in their format.
- Statuses and bodies on these pages are the defaults. In commands, `$API`, `$STAGE`, `$DOMAIN`, `$REGION`, `$HOST` and
  `$URL` stand for your own; in snippets, `Api`, `Prod`, `shop` and the like for your resources.
- Paths of menus are those of AWS's documentation of 2025-26. No AWS account was at hand: nothing was clicked. Snippets
  are linted and validated, and were not deployed.

## Contents
";

/// The whole of docs/causes.md.
#[must_use]
pub fn causes_md() -> String {
    let mut out = PREFACE.to_owned();
    for (step, causes) in by_step() {
        let _ = write!(out, "\n**{}**\n\n", step_title(step));
        for cause in causes {
            let _ = writeln!(out, "- [{cause}](#{cause}): {}", markdown(cause.about().means));
        }
    }
    for (step, causes) in by_step() {
        let _ = write!(out, "\n## {}\n", step_title(step));
        for cause in causes {
            page(&mut out, cause);
        }
    }
    out
}

fn page(out: &mut String, cause: Cause) {
    let (about, page) = (cause.about(), cause.page());
    // The heading is the id alone, so that GitHub's own anchor is the id.
    let _ = write!(out, "\n### {cause}\n\n**{}** {}\n\n", markdown(about.means), markdown(page.more));
    let step = about.step.map_or("none", StepName::id);
    let _ = write!(out, "Step: {step}. Verdict: {}.\n\n**What to do**: {}\n\n", about.verdict, markdown(about.remedy));
    let _ = write!(out, "**On the wire**: {}\n\n", markdown(about.wire));
    for answer in page.answers {
        let _ = writeln!(out, "- {}: {}", markdown(answer.when), answer_line(answer));
        let _ = writeln!(out, "  `{}`", answer.body);
    }
    out.push_str("\n**Confirm it**\n\n");
    code(out, "sh", page.confirm.command);
    let _ = write!(out, "\n{}\n", markdown(page.confirm.shows));
    let _ = write!(out, "\n**Told from its neighbours**\n\n| it may be | if | here instead |\n| --- | --- | --- |\n");
    for neighbour in cause.neighbours() {
        let (there, here) = (markdown(neighbour.there), markdown(neighbour.here));
        let _ = writeln!(out, "| [{0}](#{0}) | {there} | {here} |", neighbour.cause);
    }
    let _ = write!(out, "\n**In the console**: {}\n", markdown(page.console));
    fix(out, "In SAM or CloudFormation", "yaml", &page.cloudformation);
    fix(out, "In Terraform", "hcl", &page.terraform);
    out.push_str("\n**What this rests on**\n\n");
    for grade in Grade::ALL {
        for ground in page.grounds.iter().filter(|ground| ground.grade == grade) {
            let source = match ground.source {
                address if address.starts_with("https://") => format!("<{address}>"),
                other => markdown(other),
            };
            let _ = writeln!(out, "- {}: {} ({source})", grade.title(), markdown(ground.says));
        }
    }
}

fn fix(out: &mut String, title: &str, language: &str, fix: &Fix) {
    let _ = write!(out, "\n**{title}**: {}\n", markdown(fix.say));
    if !fix.code.is_empty() {
        out.push('\n');
        code(out, language, fix.code);
    }
}

fn code(out: &mut String, language: &str, code: &str) {
    let _ = write!(out, "```{language}\n{code}\n```\n");
}

/// Plain text as Markdown that shows the same: what Markdown would take for markup is escaped, and variables, which
/// GitHub would take for formulas, are set as code. What stands in backticks stays.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(out, "`{part}`");
            continue;
        }
        for word in part.split_inclusive(' ') {
            let variable = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            if variable.starts_with('$') {
                let _ = write!(out, "`{variable}`{}", &word[variable.len()..]);
                continue;
            }
            for c in word.chars() {
                if matches!(c, '*' | '<' | '|' | '[' | '#' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: &str = "UPDATE_DOCS=1 cargo test --lib report::causes";

    #[test]
    fn the_page_in_docs_is_the_one_that_is_made() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/causes.md");
        let made = causes_md();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        let differs = made.lines().zip(kept.lines()).position(|(made, kept)| made != kept);
        assert!(
            made == kept,
            "docs/causes.md is not what src/diagnose/cause/ says (first at line {:?}): run `{UPDATE}` and commit it",
            differs.map(|line| line + 1)
        );
    }

    #[test]
    fn every_link_within_it_leads_to_a_heading() {
        let made = causes_md();
        let headings: Vec<_> = made.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(headings.len(), Cause::ALL.len());
        let links: Vec<_> = made.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(links.len() > 2 * headings.len());
        for link in links {
            assert!(headings.contains(&link), "#{link} leads nowhere");
        }
        for cause in Cause::ALL {
            assert!(made.contains(&format!("\n- [{cause}](#{cause})")), "{cause} is in the contents");
        }
    }

    #[test]
    fn what_looks_like_markup_is_escaped() {
        assert_eq!(markdown("a *b* | `*c*` $d.e, f"), r"a \*b\* \| `*c*` `$d.e`, f");
    }

    #[test]
    fn no_cause_is_lost_between_the_steps() {
        let told: usize = by_step().iter().map(|(_, causes)| causes.len()).sum();
        assert_eq!(told, Cause::ALL.len());
    }
}
