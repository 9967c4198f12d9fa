//! What all messages for people are written with: lines of a width, URLs that stay whole, and a line for a shell.

use std::fmt::Write as _;

use super::safe::{clean, cut};

/// The most bytes of the text, as encoded inside the message. Nobody reads more.
pub(super) const LONGEST_TEXT: usize = 48 * 1024;

/// The most characters of a line; a URL is never broken.
const WIDTH: usize = 78;

/// The most bytes of a URL; a longer one is cut and cannot be called.
pub(super) const LONGEST_URL: usize = 2000;

/// The most bytes of other people's words.
const LONGEST_WORDS: usize = 400;

/// A line for a shell. No header is in it: those of a contract may be secrets.
pub(super) fn curl(verb: &str, url: &str) -> String {
    // curl would read these as patterns.
    let globs = if url.contains(['[', ']', '{', '}']) { "-g " } else { "" };
    // With `-X HEAD`, curl waits for a body that never comes.
    match verb {
        "HEAD" => format!("curl {globs}-I {}", quoted(url)),
        "GET" => format!("curl {globs}-i {}", quoted(url)),
        _ if verb.bytes().all(|byte| byte.is_ascii_alphabetic()) && !verb.is_empty() => {
            format!("curl {globs}-i -X {verb} {}", quoted(url))
        }
        _ => format!("curl {globs}-i -X {} {}", quoted(verb), quoted(url)),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Other people's words, as one line that is not endless.
pub(super) fn words(text: &str) -> String {
    cut(&clean(text), LONGEST_WORDS).into_owned()
}

/// A text that grows line by line.
#[derive(Default)]
pub(super) struct Page {
    text: String,
    /// Whether a value was left out of a URL.
    hides: bool,
}

impl Page {
    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph, its later lines indented as far as its first.
    pub(super) fn say(&mut self, label: &str, text: &str) {
        let room = WIDTH.saturating_sub(label.chars().count()).max(20);
        let (mut line, mut first) = (String::new(), true);
        let mut end = |page: &mut String, line: &mut String| {
            let lead = if first { label.to_owned() } else { " ".repeat(label.chars().count()) };
            let _ = writeln!(page, "{}", format!("{lead}{line}").trim_end());
            line.clear();
            first = false;
        };
        for word in text.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            if !line.is_empty() && line.chars().count() + 1 + word.len() > room {
                end(&mut self.text, &mut line);
            }
            // Only a URL must stay whole to be of use.
            while word.len() > room && !word.windows(3).any(|three| three == [':', '/', '/']) {
                let rest = word.split_off(room);
                line.extend(word);
                end(&mut self.text, &mut line);
                word = rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word);
        }
        end(&mut self.text, &mut line);
    }

    /// A line that is not broken.
    pub(super) fn whole(&mut self, label: &str, text: &str) {
        let _ = writeln!(self.text, "{label}{text}");
    }

    /// A line that ends in a URL, which is made safe already.
    pub(super) fn url(&mut self, label: &str, url: &str) {
        self.hides |= url.split_once('?').is_some_and(|(_, query)| query.contains('…'));
        self.whole(label, &cut(url, LONGEST_URL));
    }

    /// The text, with a word on what its URLs leave out.
    pub(super) fn finish(mut self) -> String {
        if self.hides {
            self.blank();
            self.say("", "… in a URL stands for a value of its query, which may be a secret: put yours there.");
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curl_line_is_one_argument_whatever_the_url() {
        for (verb, url, expected) in [
            ("GET", "https://h/a", "curl -i 'https://h/a'"),
            ("HEAD", "https://h/it's", r"curl -I 'https://h/it'\''s'"),
            ("GET", "https://h/a[1]", "curl -g -i 'https://h/a[1]'"),
            ("M-SEARCH;rm", "https://h/$(x)`y`", "curl -i -X 'M-SEARCH;rm' 'https://h/$(x)`y`'"),
        ] {
            assert_eq!(curl(verb, url), expected);
        }
    }

    #[test]
    fn lines_are_wrapped_and_urls_are_not() {
        let mut page = Page::default();
        let url = format!("https://h/{}", "x".repeat(90));
        page.say("   why  ", &format!("{} {url} {}", "word ".repeat(20), "y".repeat(100)));
        insta::assert_snapshot!(page.text);
    }
}
