//! The rows of `cases.txt`: how they are written, and what a row says that is no row.

use std::str::FromStr;

use url::Url;

use crate::diagnose::{Cause, Confidence, Diagnosis, StepName, StepResult};
use crate::gateway::Request;

/// One labelled case.
#[derive(Debug)]
pub(super) struct Row {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Where it was learned.
    pub source: String,
    /// As written.
    pub asked: String,
    pub request: Request,
    /// The world's name; empty for the whole account.
    pub world: String,
    pub answer: String,
    pub expected: Said,
}

/// What is said of a case, in the columns' own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub symptom: String,
    /// `-` where nothing is wrong.
    pub cause: String,
    /// The step that fails; `-` where all pass, `?` where none can be told to fail.
    pub step: String,
    pub confidence: String,
    /// The other causes, in order.
    pub or: Vec<String>,
    /// Verb and URL of the first suggestion, and the headers that it leaves out.
    pub suggestion: String,
}

impl Said {
    pub(super) fn of(diagnosis: &Diagnosis) -> Self {
        let failing = diagnosis.steps.iter().find(|step| step.result == StepResult::Fail).map(|step| step.step.id());
        let all_pass = diagnosis.steps.iter().all(|step| step.result == StepResult::Pass);
        Said {
            symptom: diagnosis.symptom.to_string(),
            cause: diagnosis.cause.map_or("-", Cause::id).to_owned(),
            step: failing.unwrap_or(if all_pass { "-" } else { "?" }).to_owned(),
            confidence: diagnosis.confidence.to_string(),
            or: diagnosis.alternatives.iter().map(|other| other.cause.id().to_owned()).collect(),
            suggestion: diagnosis.suggestions.first().map_or("-".to_owned(), |suggestion| {
                let asked = format!("{} {}", suggestion.method, suggestion.url);
                [asked].into_iter().chain(suggestion.without.iter().cloned()).collect::<Vec<_>>().join(" without ")
            }),
        }
    }

    /// As the columns have it.
    pub(super) fn columns(&self) -> String {
        let or = if self.or.is_empty() { "-".to_owned() } else { self.or.join(" ") };
        let Said { symptom, cause, step, confidence, suggestion, .. } = self;
        format!("{symptom} | {cause} | {step} | {confidence} | {or} | {suggestion}")
    }
}

/// The rows of a file: every line but empty ones and those that begin with `#`.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(index, line)| row(index + 1, line).map_err(|wrong| format!("line {}: {wrong}", index + 1))).collect()
}

fn row(line: usize, text: &str) -> Result<Row, String> {
    let fields: Vec<&str> = text.split(" | ").map(str::trim).collect();
    let [source, asked, world, answer, symptom, cause, step, confidence, or, suggestion] = fields[..] else {
        return Err(format!("{} fields in place of ten: {text}", fields.len()));
    };
    let none_as_empty = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
    let or: Vec<String> = none_as_empty(or).split_whitespace().map(str::to_owned).collect();
    for id in or.iter().map(String::as_str).chain((cause != "-").then_some(cause)) {
        Cause::from_str(id).map_err(|unknown| unknown.to_string())?;
    }
    if !["-", "?"].contains(&step) && StepName::ALL.iter().all(|known| known.id() != step) {
        return Err(format!("`{step}` is no step"));
    }
    if [Confidence::Certain, Confidence::Likely, Confidence::Possible]
        .iter()
        .all(|known| known.to_string() != confidence)
    {
        return Err(format!("`{confidence}` is no confidence"));
    }
    Ok(Row {
        line,
        source: source.to_owned(),
        asked: asked.to_owned(),
        request: request(asked)?,
        world: none_as_empty(world),
        answer: answer.to_owned(),
        expected: Said {
            symptom: symptom.to_owned(),
            cause: cause.to_owned(),
            step: step.to_owned(),
            confidence: confidence.to_owned(),
            or,
            suggestion: suggestion.split(' ').map(whole).collect::<Vec<_>>().join(" "),
        },
    })
}

/// The verb, headers as `name:value`, then the URL. A `~` in a header's value stands for a space.
pub(super) fn request(text: &str) -> Result<Request, String> {
    let words: Vec<&str> = text.split(' ').collect();
    let [verb, headers @ .., url] = &words[..] else { return Err(format!("`{text}` is no verb and URL")) };
    let url = Url::parse(&whole(url)).map_err(|wrong| format!("`{url}` is no URL: {wrong}"))?;
    let mut request = Request::new(verb, url);
    for header in headers {
        let (name, value) = header.split_once(':').ok_or_else(|| format!("`{header}` is no header"))?;
        request.headers.push((name.to_owned(), value.replace('~', " ")));
    }
    Ok(request)
}

/// A URL written out: `@id/` stands for the default endpoint of an API, `@/` for that of a1b2c3d4e5.
fn whole(url: &str) -> String {
    match url.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((id, path)) => {
            let id = if id.is_empty() { "a1b2c3d4e5" } else { id };
            format!("https://{id}.execute-api.us-east-1.amazonaws.com/{path}")
        }
        None => url.to_owned(),
    }
}

#[test]
fn a_line_that_is_no_row_says_which() {
    let good = "A1 | GET @/x | - | MAT | forbidden | path-unknown | path | certain | waf quota | GET @/y";
    assert_eq!(rows(&format!("# x\n\n{good}")).unwrap()[0].line, 3);
    for (wrong, expected) in [
        ("a | b", "line 2: 2 fields in place of ten"),
        (&good.replace("waf", "waff"), "line 2: there is no cause `waff`"),
        (&good.replace("| path |", "| paths |"), "line 2: `paths` is no step"),
        (&good.replace("certain", "sure"), "line 2: `sure` is no confidence"),
        (&good.replace("GET @/x", "GET x"), "line 2: `x` is no URL"),
        (&good.replace("GET @/x", "GET x @/x"), "line 2: `x` is no header"),
    ] {
        let said = rows(&format!("# a comment\n{wrong}")).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    }
}
