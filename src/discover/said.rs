//! What the SDK and other machines say, fit to stand in a message of ours.

use std::error::Error;

/// An error and its causes as one line, without the SDK's own words for "an error", which say nothing.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    const EMPTY_WORDS: [&str; 9] = [
        "dispatch failure",
        "client error (Connect)",
        "io error",
        "other",
        "timeout",
        "response error",
        "service error",
        "failed to construct request",
        "request has timed out",
    ];
    let mut parts: Vec<String> = Vec::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some errors repeat their cause in their own text.
        if !EMPTY_WORDS.contains(&text.as_str()) && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    one_line(&parts.join(": "))
}

/// What another machine said, safe to print: one line, no control characters, not endless.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chain_says_each_thing_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{text}")]
        struct Layer {
            text: &'static str,
            source: Option<Box<Layer>>,
        }
        let layers = |texts: &[&'static str]| {
            texts.iter().rev().fold(None, |source, text| Some(Box::new(Layer { text, source }))).unwrap()
        };
        let error = layers(&["dispatch failure", "io error", "tcp: refused", "refused"]);
        assert_eq!(chain(&*error), "tcp: refused");
        assert_eq!(chain(&*layers(&["outer", "inner\n cause"])), "outer: inner cause");
        assert_eq!(chain(&*layers(&["timeout"])), "");
    }

    proptest! {
        #[test]
        fn nothing_an_endpoint_says_spans_lines_or_fills_the_screen(text in any::<String>()) {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(line.chars().count() <= 301);
        }
    }
}
