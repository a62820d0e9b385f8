//! The words of an op key after its input shape: `o24`, `k5`, `relu6`, `res`.

use crate::spec::Activation;

/// Words of a key, each of which must be read exactly once.
#[derive(Debug)]
pub struct Fields<'a> {
    words: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(words: impl Iterator<Item = &'a str>) -> Self {
        Self { words: words.collect() }
    }

    /// The number behind a prefix such as `k` or `se`.
    ///
    /// # Errors
    /// When there is none.
    pub fn number(&mut self, prefix: &str) -> Result<u32, String> {
        self.optional(prefix).ok_or_else(|| format!("`{prefix}` with a number is missing"))
    }

    /// The number behind a prefix, if it occurs.
    pub fn optional(&mut self, prefix: &str) -> Option<u32> {
        let parse = |word: &str| word.strip_prefix(prefix)?.parse::<u32>().ok();
        let (place, number) =
            self.words.iter().enumerate().find_map(|(place, word)| Some((place, parse(word)?)))?;
        self.words.remove(place);
        Some(number)
    }

    /// The number behind a prefix, or 1 when it does not occur.
    ///
    /// # Errors
    /// When the number is written although it is 1.
    pub fn number_or_one(&mut self, prefix: &str) -> Result<u32, String> {
        match self.optional(prefix) {
            Some(1) => Err(format!("leave out `{prefix}1`")),
            number => Ok(number.unwrap_or(1)),
        }
    }

    /// Whether a word occurs.
    pub fn flag(&mut self, word: &str) -> bool {
        let found = self.words.iter().position(|w| *w == word);
        found.map(|place| self.words.remove(place)).is_some()
    }

    /// The activation, if one is named.
    pub fn activation(&mut self) -> Option<Activation> {
        let found = self.words.iter().position(|w| w.parse::<Activation>().is_ok())?;
        self.words.remove(found).parse().ok()
    }

    pub(super) fn finish(self) -> Result<(), String> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("`{word}` is not one of its parameters")),
        }
    }
}
