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

    /// The number behind a letter.
    ///
    /// # Errors
    /// When there is none.
    pub fn number(&mut self, letter: char) -> Result<u32, String> {
        let found =
            self.words.iter().position(|w| w.strip_prefix(letter).is_some_and(|n| n.parse::<u32>().is_ok()));
        let place = found.ok_or_else(|| format!("`{letter}` with a number is missing"))?;
        let word = self.words.remove(place);
        word[letter.len_utf8()..].parse().map_err(|_| format!("`{word}` is not a number"))
    }

    /// The number behind a letter, or 1 when the letter does not occur.
    ///
    /// # Errors
    /// When the number is written although it is 1.
    pub fn number_or_one(&mut self, letter: char) -> Result<u32, String> {
        match self.number(letter) {
            Ok(1) => Err(format!("leave out `{letter}1`")),
            Ok(number) => Ok(number),
            Err(_) => Ok(1),
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
