//! The proof as a Markdown table, to be pasted into docs/verified.md.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::macros::format_description;

use super::judge::{Agreement, Answered, Diagnosed, Proof};

/// The proof in Markdown.
#[must_use]
pub fn markdown(proof: &Proof) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, proof);
    text
}

fn write(text: &mut String, proof: &Proof) -> std::fmt::Result {
    let at = OffsetDateTime::from_unix_timestamp(proof.asked_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let date = at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).unwrap_or_default();
    writeln!(
        text,
        "Asked on {date} of {}, region {}, by Gateprobe {}.",
        code(&proof.endpoint),
        proof.region,
        proof.version
    )?;
    let [taken, other, not_asked] =
        [Agreement::AsTaken, Agreement::Other, Agreement::NotAsked].map(|agreement| proof.count(agreement));
    writeln!(
        text,
        "Of {} facts {taken} are as taken, {other} are other, {not_asked} were not asked; {} diagnoses of answers as taken miss the trap's cause.",
        proof.facts.len(),
        proof.misjudged()
    )?;
    for note in &proof.notes {
        writeln!(text, "Note: {}", cell(note))?;
    }
    writeln!(
        text,
        "\n| fact | asked | answered | agrees | which means | Gateprobe says |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    for fact in &proof.facts {
        for (index, row) in fact.rows.iter().enumerate() {
            let name = match (index, fact.settles.as_str()) {
                (0, "") => format!("**{}** {}", fact.id, cell(&fact.question)),
                (0, settles) => format!("**{}** ({settles}) {}", fact.id, cell(&fact.question)),
                _ => String::new(),
            };
            let asked = if row.asked.is_empty() { String::new() } else { code(&row.asked) };
            let answers = row.answers.iter().map(answer).collect::<Vec<_>>().join("; ");
            let says = row.diagnosed.as_ref().map(says).unwrap_or_default();
            writeln!(text, "| {name} | {asked} | {answers} | {} | {} | {says} |", row.agrees, cell(&row.means))?;
        }
    }
    Ok(())
}

fn answer(answer: &Answered) -> String {
    let seen = &answer.seen;
    let mut parts = Vec::new();
    if answer.times > 1 {
        parts.push(format!("{} times", answer.times));
    }
    parts.extend(seen.status.map(|status| status.to_string()));
    parts.extend(seen.error_type.as_deref().map(code));
    parts.extend(seen.message.as_deref().map(|message| cell(&short(message))));
    parts.extend(seen.door.as_deref().map(|door| format!("from {}", code(door))));
    // What every answer of an endpoint has tells nothing in a table; JSON has it all.
    let told = seen
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "server" | "x-amz-apigw-id" | "x-amzn-requestid"));
    parts.extend(told.map(|(name, value)| format!("{name} {}", cell(value))));
    parts.join(", ")
}

fn says(said: &Diagnosed) -> String {
    let cause = said.cause.as_deref().map_or_else(|| "healthy".to_owned(), code);
    match (said.right, said.beside) {
        (None, _) => format!("{cause}, {}", said.confidence),
        (Some(true), _) => format!("{cause}, {}: right", said.confidence),
        (Some(false), true) => format!("{cause}, {}: the trap's cause is beside it", said.confidence),
        (Some(false), false) => format!("{cause}, {}: not the trap's cause", said.confidence),
    }
}

fn short(text: &str) -> String {
    const LONGEST: usize = 160;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Text within a cell: what would end the cell, the row or the text is taken away or escaped.
fn cell(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cell = String::with_capacity(one_line.len());
    for c in one_line.chars() {
        match c {
            '|' | '<' | '`' | '*' | '_' | '[' | '\\' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}

/// Text as code within a cell.
fn code(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("`{}`", one_line.replace('`', "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_stays_in_its_cell() {
        assert_eq!(cell("a | b\n<script> *x* `y`"), "a \\| b \\<script> \\*x\\* \\`y\\`");
        assert_eq!(code("a|b `c`\nd"), "`a\\|b 'c' d`");
    }
}
