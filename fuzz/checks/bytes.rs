//! Bytes read as choices. Where they end everything is the first choice, so that a short input is a small case.

pub struct Bytes<'d> {
    rest: &'d [u8],
}

impl<'d> Bytes<'d> {
    pub fn new(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// One chance in so many.
    pub fn one_in(&mut self, many: u8) -> bool {
        self.byte() % many == many - 1
    }

    pub fn below(&mut self, many: u8) -> u8 {
        self.byte() % many
    }

    /// One of the words; now and then any text.
    pub fn word(&mut self, words: &[&str]) -> String {
        let choice = usize::from(self.byte());
        match words.get(choice % (words.len() + 1)) {
            Some(word) => (*word).to_owned(),
            None => self.text(),
        }
    }

    /// Up to 31 bytes of the input; now and then many times over.
    pub fn text(&mut self) -> String {
        let length = self.byte();
        let (taken, rest) = self.rest.split_at(self.rest.len().min(usize::from(length % 32)));
        self.rest = rest;
        let text = String::from_utf8_lossy(taken).into_owned();
        if length < 224 { text } else { text.repeat(1 << self.below(13)) }
    }

    pub fn many<T>(&mut self, most: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }
}
