//! A command line's words, as bash reads them.

use super::{CurlError, Place};

/// The words of one command, and what a reader of the line should know.
#[derive(Default)]
pub(super) struct Split {
    pub(super) words: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Splits the first command of a text. Quotes are taken off; whatever a shell would have to fill in is an error.
pub(super) fn split(text: &str) -> Result<Split, CurlError> {
    let (text, prompted) = without_prompt(text);
    let mut lexer = Lexer { chars: text.chars().collect(), prompted, ..Lexer::default() };
    lexer.run()?;
    Ok(lexer.split)
}

/// A `$ ` in front, as documentation and terminals have it.
fn without_prompt(text: &str) -> (&str, bool) {
    let trimmed = text.trim_start();
    match trimmed.strip_prefix('$').filter(|rest| rest.starts_with([' ', '\t'])) {
        Some(rest) => (rest, true),
        None => (trimmed, false),
    }
}

#[derive(Default)]
struct Lexer {
    chars: Vec<char>,
    at: usize,
    /// Whether the text began with a prompt: its continued lines may then begin with `> `.
    prompted: bool,
    /// The word under way; quotes alone make an empty one. `$'\xHH'` makes bytes, not characters.
    word: Option<Vec<u8>>,
    /// Whether any of the word under way was quoted.
    quoted: bool,
    /// Where an unquoted `{` stands in the word under way, and whether a comma or two dots followed it.
    brace: Option<(usize, bool)>,
    /// Whether the next word is a redirection's target.
    redirected: bool,
    split: Split,
}

impl Lexer {
    fn run(&mut self) -> Result<(), CurlError> {
        while let Some(c) = self.peek(0) {
            match c {
                ' ' | '\t' => {
                    self.end_word()?;
                    self.at += 1;
                }
                '\r' if self.peek(1) == Some('\n') => self.at += 1,
                '\n' => {
                    self.end_word()?;
                    self.at += 1;
                    if !self.split.words.is_empty() && self.ends_at_line_end() {
                        return Ok(());
                    }
                }
                '#' if self.word.is_none() => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '\'' => self.single_quoted()?,
                '"' => self.double_quoted()?,
                '$' => self.dollar(false)?,
                '`' => return Err(self.backtick()),
                '\\' => self.backslash(),
                '&' if self.peek(1) == Some('>') => {
                    self.at += 1;
                    self.redirection()?;
                }
                '|' | ';' | '&' => {
                    self.end_word()?;
                    self.ended_by(c);
                    return Ok(());
                }
                '<' | '>' => self.redirection()?,
                '(' | ')' => {
                    return Err(
                        self.syntax("an unquoted parenthesis", "put the value that it belongs to in single quotes")
                    );
                }
                '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
                    return Err(self.syntax("a typographic quote", "write ' or \" in its place"));
                }
                '\u{2010}'..='\u{2015}' if self.word.is_none() => {
                    return Err(self.syntax("a typographic dash", "write - or -- in its place"));
                }
                c => {
                    self.braces(c)?;
                    self.push(c);
                    self.at += 1;
                }
            }
        }
        self.end_word()
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn push(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.bytes().extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) -> Result<(), CurlError> {
        (self.quoted, self.brace) = (false, None);
        let Some(bytes) = self.word.take() else { return Ok(()) };
        if std::mem::take(&mut self.redirected) {
            return Ok(());
        }
        let word = String::from_utf8(bytes)
            .map_err(|_| self.syntax("a word that is not UTF-8 ends", "write its characters, not \\x and \\u codes"))?;
        self.split.words.push(word);
        Ok(())
    }

    fn place(&self, at: usize) -> Place {
        let before = self.chars.get(..at).unwrap_or(&self.chars);
        let line_start = before.iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
        Place { line: before.iter().filter(|c| **c == '\n').count() + 1, column: before.len() - line_start + 1 }
    }

    fn syntax(&self, what: &str, instead: &'static str) -> CurlError {
        CurlError::Syntax { what: what.to_owned(), at: self.place(self.at), instead }
    }

    fn expansion(&self, what: String) -> CurlError {
        CurlError::Expansion { what, at: self.place(self.at) }
    }

    fn backtick(&self) -> CurlError {
        self.expansion("the command in backticks".to_owned())
    }

    fn warn(&mut self, warning: &str) {
        if !self.split.warnings.iter().any(|known| known == warning) {
            self.split.warnings.push(warning.to_owned());
        }
    }

    /// Whether the command ends with its line. A next line that begins with an option has lost the backslash before it.
    fn ends_at_line_end(&mut self) -> bool {
        let rest = self.chars.get(self.at..).unwrap_or(&[]);
        let Some(next) = rest.iter().find(|c| !c.is_whitespace()) else { return true };
        if *next == '-' {
            self.warn("a line ends without a backslash and the next begins with an option: it was read as going on");
            return false;
        }
        self.warn("what stands behind the end of the curl line was not read");
        true
    }

    fn ended_by(&mut self, operator: char) {
        let rest = self.chars.get(self.at + 1..).unwrap_or(&[]);
        if rest.iter().all(|c| c.is_whitespace()) {
            return;
        }
        if operator == '&' && rest.first().is_some_and(|c| !c.is_whitespace() && *c != '&') {
            self.warn(
                "an unquoted & ends the command, so that nothing behind it is sent: put the URL in single quotes",
            );
        } else {
            self.split.warnings.push(format!("what stands behind the `{operator}` of the curl line was not read"));
        }
    }

    fn single_quoted(&mut self) -> Result<(), CurlError> {
        let open = self.at;
        self.quoted = true;
        self.bytes();
        loop {
            self.at += 1;
            match self.peek(0) {
                Some('\'') => break,
                Some(c) => self.push(c),
                None => return Err(CurlError::Unclosed { quote: "single quote (')", at: self.place(open) }),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn double_quoted(&mut self) -> Result<(), CurlError> {
        let open = self.at;
        self.quoted = true;
        self.bytes();
        self.at += 1;
        loop {
            match self.peek(0) {
                Some('"') => break,
                Some('$') => self.dollar(true)?,
                Some('`') => return Err(self.backtick()),
                Some('\\') => {
                    match self.peek(1) {
                        Some('\n') => {}
                        Some('\r') if self.peek(2) == Some('\n') => self.at += 1,
                        Some(c @ ('$' | '`' | '"' | '\\')) => self.push(c),
                        // Any other is kept together with its backslash.
                        _ => {
                            self.push('\\');
                            self.at += 1;
                            continue;
                        }
                    }
                    self.at += 2;
                }
                Some(c) => {
                    self.push(c);
                    self.at += 1;
                }
                None => return Err(CurlError::Unclosed { quote: "double quote (\")", at: self.place(open) }),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn backslash(&mut self) {
        match self.peek(1) {
            Some('\n') => self.continued(2),
            Some('\r') if self.peek(2) == Some('\n') => self.continued(3),
            Some(' ' | '\t') if self.only_blanks_to_line_end() => {
                self.warn("a backslash at a line's end has a space behind it: it was read as going on, which a shell would not do");
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
                self.continued(1);
            }
            Some(c) => {
                self.push(c);
                self.at += 2;
            }
            // At the very end there is nothing that it could escape.
            None => self.at += 1,
        }
    }

    fn continued(&mut self, length: usize) {
        self.at += length;
        if self.prompted && self.peek(0) == Some('>') && self.peek(1) == Some(' ') {
            self.at += 2;
        }
    }

    fn only_blanks_to_line_end(&self) -> bool {
        let rest = self.chars.get(self.at + 1..).unwrap_or(&[]);
        rest.iter().find(|c| !matches!(c, ' ' | '\t' | '\r')) == Some(&'\n')
    }

    /// `$` unquoted or in double quotes: a variable or a command, which cannot be known; else only a dollar sign.
    fn dollar(&mut self, quoted: bool) -> Result<(), CurlError> {
        let name = |from: usize| -> String {
            let rest = self.chars.get(from..).unwrap_or(&[]);
            rest.iter().take(64).take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect()
        };
        match self.peek(1) {
            Some('\'') if !quoted => self.ansi_quoted(),
            Some('"') if !quoted => {
                self.at += 1;
                Ok(())
            }
            Some('(') => Err(self.expansion("the command in $(…)".to_owned())),
            Some('{') => Err(self.expansion(format!("${{{}}}", name(self.at + 2)))),
            Some('[') => Err(self.expansion("the sum in $[…]".to_owned())),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => Err(self.expansion(format!("${}", name(self.at + 1)))),
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => Err(self.expansion(format!("${c}"))),
            _ => {
                self.push('$');
                self.at += 1;
                Ok(())
            }
        }
    }

    /// `$'…'`: C's escapes.
    fn ansi_quoted(&mut self) -> Result<(), CurlError> {
        let open = self.at;
        self.quoted = true;
        self.bytes();
        self.at += 2;
        loop {
            match self.peek(0) {
                Some('\'') => break,
                Some('\\') => self.escape()?,
                Some(c) => {
                    self.push(c);
                    self.at += 1;
                }
                None => return Err(CurlError::Unclosed { quote: "$' quote", at: self.place(open) }),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), CurlError> {
        let Some(c) = self.peek(1) else {
            self.at += 1;
            return Ok(());
        };
        let plain = match c {
            'a' => Some('\x07'),
            'b' => Some('\x08'),
            'e' | 'E' => Some('\x1b'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            '\\' | '\'' | '"' | '?' => Some(c),
            _ => None,
        };
        if let Some(plain) = plain {
            self.push(plain);
            self.at += 2;
            return Ok(());
        }
        match c {
            'x' if self.digits(2, 16, 2).is_some() => {
                let (value, length) = self.digits(2, 16, 2).unwrap_or_default();
                self.byte(value)?;
                self.at += 2 + length;
            }
            '0'..='7' => {
                let (value, length) = self.digits(1, 8, 3).unwrap_or_default();
                self.byte(value & 0xff)?;
                self.at += 1 + length;
            }
            'u' | 'U' if self.digits(2, 16, 1).is_some() => {
                let (value, length) = self.digits(2, 16, if c == 'u' { 4 } else { 8 }).unwrap_or_default();
                self.at += 2 + length;
                self.code_point(value)?;
            }
            'c' if self.peek(2).is_some_and(|c| c.is_ascii()) => {
                let control = self.peek(2).map_or(0, |c| c.to_ascii_uppercase() as u32 & 0x1f);
                self.byte(control)?;
                self.at += 3;
            }
            _ => {
                self.push('\\');
                self.at += 1;
            }
        }
        Ok(())
    }

    /// The number that begins `from` characters ahead, and how many digits it has.
    fn digits(&self, from: usize, radix: u32, most: usize) -> Option<(u32, usize)> {
        let rest = self.chars.get(self.at + from..)?;
        let digits: Vec<u32> = rest.iter().take(most).map_while(|c| c.to_digit(radix)).collect();
        let value = digits.iter().fold(0_u32, |value, digit| value.wrapping_mul(radix).wrapping_add(*digit));
        (!digits.is_empty()).then_some((value, digits.len()))
    }

    fn byte(&mut self, value: u32) -> Result<(), CurlError> {
        match u8::try_from(value) {
            Ok(0) | Err(_) => Err(self.syntax("a zero byte", "no argument of a command can hold one; leave it out")),
            Ok(byte) => {
                self.bytes().push(byte);
                Ok(())
            }
        }
    }

    /// Browsers write a character beyond U+FFFF as two halves, which bash would send as they stand. The character was meant.
    fn code_point(&mut self, value: u32) -> Result<(), CurlError> {
        let mut value = value;
        if (0xd800..0xdc00).contains(&value)
            && self.peek(0) == Some('\\')
            && self.peek(1) == Some('u')
            && let Some((low, 4)) = self.digits(2, 16, 4)
            && (0xdc00..0xe000).contains(&low)
        {
            value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
            self.at += 6;
        }
        match char::from_u32(value) {
            Some('\0') => self.byte(0),
            Some(c) => {
                self.push(c);
                Ok(())
            }
            None => Err(self.syntax("a \\u code that is no character", "write the character itself")),
        }
    }

    /// `>file`, `2>&1` and the like: not curl's business, so the operator and its target are left out.
    fn redirection(&mut self) -> Result<(), CurlError> {
        if self.peek(0) == Some('<') && self.is_placeholder() {
            return Err(self.syntax("a placeholder in < >", "write what it stands for"));
        }
        if self.peek(1) == Some('(') {
            return Err(self.expansion("the command in <(…)".to_owned()));
        }
        // Digits right before it name the stream.
        let stream = !self.quoted && self.word.as_ref().is_some_and(|word| word.iter().all(u8::is_ascii_digit));
        if stream {
            self.word = None;
        }
        self.end_word()?;
        while self.peek(0).is_some_and(|c| matches!(c, '<' | '>' | '&' | '|')) {
            self.at += 1;
        }
        self.redirected = true;
        Ok(())
    }

    fn is_placeholder(&self) -> bool {
        let rest = self.chars.get(self.at + 1..).unwrap_or(&[]);
        let name = rest.iter().take(64).take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'));
        let length = name.count();
        length > 0 && rest.first().is_some_and(|c| c.is_alphabetic()) && rest.get(length) == Some(&'>')
    }

    /// `{a,b}` and `{1..3}` unquoted are several words to a shell.
    fn braces(&mut self, c: char) -> Result<(), CurlError> {
        match (c, self.brace) {
            ('{', None) => self.brace = Some((self.at, false)),
            (',', Some((at, _))) => self.brace = Some((at, true)),
            ('.', Some((at, _))) if self.peek(1) == Some('.') => self.brace = Some((at, true)),
            ('}', Some((at, true))) => {
                self.at = at;
                return Err(self
                    .syntax("unquoted braces", "a shell makes several words of them; put the value in single quotes"));
            }
            ('}', Some((_, false))) => self.brace = None,
            _ => {}
        }
        Ok(())
    }
}
