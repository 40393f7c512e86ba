//! Two texts in one row.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::frame::{cut, longest_first};
use crate::{Encoding, Error, Result, Tokenizer};

/// The first text of pairs, as a tokenizer has read it.
#[derive(Clone, Debug)]
pub struct FirstOfPair {
    text: String,
    /// All ids, or at least one more than fits a row.
    ids: Vec<u32>,
    /// All ids, once they were asked for.
    whole: OnceLock<Vec<u32>>,
}

impl FirstOfPair {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn whole(&self, tokenizer: &Tokenizer) -> Result<&Vec<u32>> {
        if let Some(ids) = self.whole.get() {
            return Ok(ids);
        }
        let ids = tokenizer.ids(&self.text, usize::MAX)?;
        Ok(self.whole.get_or_init(|| ids))
    }
}

impl Tokenizer {
    /// The ids of two texts in one row, cut longest first. For many pairs with the same first text, read that once:
    /// [`first_of_pair`](Self::first_of_pair).
    ///
    /// # Errors
    /// [`Error::RefusedText`] when the tokenizer refuses a text, and when the window has no room for a pair, which
    /// [`TokenizerOptions::pairs`](crate::TokenizerOptions::pairs) finds when a tokenizer is loaded.
    pub fn encode_pair(&self, first: &str, second: &str) -> Result<Encoding> {
        self.encode_after(&self.first_of_pair(first)?, second)
    }

    /// Reads the first text of pairs.
    ///
    /// # Errors
    /// As [`encode_pair`](Self::encode_pair).
    pub fn first_of_pair(&self, text: &str) -> Result<FirstOfPair> {
        Ok(FirstOfPair { text: text.to_owned(), ids: self.ids(text, self.room_for_pair()?)?, whole: OnceLock::new() })
    }

    /// Tokens of the window beside the special ones of a pair.
    fn room_for_pair(&self) -> Result<usize> {
        match self.room(&self.pair) {
            0 => {
                let (length, special) = (self.max_length(), self.pair.special());
                let reason =
                    format!("{length} tokens leave no room for a token beside {special} special ones of a pair");
                Err(Error::RefusedText { reason, source: None })
            }
            room => Ok(room),
        }
    }

    /// The ids of a first text that this tokenizer has read, and of a second one, in one row, cut longest first.
    ///
    /// # Errors
    /// As [`encode_pair`](Self::encode_pair).
    pub fn encode_after(&self, first: &FirstOfPair, second: &str) -> Result<Encoding> {
        let room = self.room_for_pair()?;
        let (mut firsts, mut seconds) = (Cow::Borrowed(&first.ids), self.ids(second, room)?);
        // Where neither fits, which of the two is the longer counts, and so do their whole lengths.
        if firsts.len() > room && seconds.len() > room {
            (firsts, seconds) = (Cow::Borrowed(first.whole(self)?), self.ids(second, usize::MAX)?);
        }
        let truncated = firsts.len() + seconds.len() > room;
        let kept = longest_first(firsts.len(), seconds.len(), room);
        if firsts.len() > kept.0 {
            cut(firsts.to_mut(), kept.0, self.truncation_side);
        }
        cut(&mut seconds, kept.1, self.truncation_side);
        Ok(self.pair.fill(&firsts, &seconds, truncated))
    }
}
