//! Words out of a file, made fit for a message.

/// The text as one line that steers no terminal and is not endless: what an error may quote of a file.
pub(crate) fn plain(text: &str) -> String {
    const LONGEST: usize = 1000;
    let mut plain: String = text.chars().take(LONGEST).map(|c| if steers(c) { '?' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}

/// Whether a character does more to a terminal than stand on a line: it ends it, colours it, or turns its direction.
pub(crate) fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_and_nothing_is_endless() {
        assert_eq!(plain("a\n\u{1b}[31mb\u{202e}c é"), "a??[31mb?c é");
        assert_eq!(plain(&"é".repeat(2000)).chars().count(), 1001);
    }
}
