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
        let around = encoding.get_special_tokens_mask().iter().map(|special| *special != 0);
        let tokens = encoding.get_ids().iter().zip(encoding.get_tokens()).zip(encoding.get_offsets()).zip(around);
        let token = |(((id, text), (start, end)), around): (((&u32, &String), &(usize, usize)), bool)| Token {
            id: *id,
            text: text.clone(),
            bytes: (!around).then_some(*start..*end),
        };
        Ok(tokens.map(token).collect())
    }

    /// The text that ids stand for, as the model's decoder joins them.
    ///
    /// # Errors
    /// [`Error::RefusedText`] for an id that the vocabulary lacks, and for ids that the decoder refuses.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        if let Some(id) = ids.iter().find(|id| self.token(**id).is_none()) {
            return Err(Error::RefusedText { reason: format!("no token has the id {id}"), source: None });
        }
        let text = catch_panic(|| self.library().decode(ids, skip_special)).map_err(Error::refused)?;
        text.map_err(Error::refused)
    }
}
