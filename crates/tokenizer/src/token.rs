//! Tokens one by one, as people look at them.

use std::ops::Range;

use crate::panic::catch_panic;
use crate::{Error, Result, Tokenizer};

/// A token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// As the vocabulary spells it.
    pub text: String,
    /// The bytes of the text that it was made of; none for tokens that were put around the text.
    pub bytes: Option<Range<usize>>,
}

impl Tokenizer {
    /// The tokens of a text, not cut; with the special ones around it where they are wanted and the model has them.
    ///
    /// # Errors
    /// [`Error::RefusedText`] when the tokenizer refuses the text.
    pub fn tokens(&self, text: &str, with_special: bool) -> Result<Vec<Token>> {
        self.check_length(text)?;
        let with_special = with_special && self.puts_special_tokens();
        let encoding = catch_panic(|| self.library().encode(text, with_special)).map_err(Error::refused)?;
        let encoding = encoding.map_err(Error::refused)?;
        let (texts, offsets, around) =
            (encoding.get_tokens(), encoding.get_offsets(), encoding.get_special_tokens_mask());
        let token = |(at, id): (usize, &u32)| Token {
            id: *id,
            text: texts[at].clone(),
            bytes: (around[at] == 0).then_some(offsets[at].0..offsets[at].1),
        };
        Ok(encoding.get_ids().iter().enumerate().map(token).collect())
    }

    /// The text that ids stand for, as the model's decoder joins them.
    ///
    /// # Errors
    /// [`Error::RefusedText`] for an id that the vocabulary lacks, and for ids that the decoder refuses.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        self.check_ids(ids)?;
        let text = catch_panic(|| self.library().decode(ids, skip_special)).map_err(Error::refused)?;
        text.map_err(Error::refused)
    }
}
