//! Which bytes of a text its tokens are of.

use std::ops::Range;

use crate::frame::cut;
use crate::panic::catch_panic;
use crate::{Encoding, Error, Result, Tokenizer};

impl Tokenizer {
    /// The ids of a text as [`encode`](Self::encode) gives them, and the bytes of the text that each was made of, without the
    /// white space at their ends: none of special tokens and of white space alone. The whole text is read, however much of
    /// it is cut.
    ///
    /// # Errors
    /// [`Error::RefusedText`] when the tokenizer refuses the text.
    pub fn encode_with_places(&self, text: &str) -> Result<(Encoding, Vec<Option<Range<usize>>>)> {
        self.check_length(text)?;
        let tokens = catch_panic(|| self.library().encode(text, false)).map_err(Error::refused)?;
        let tokens = tokens.map_err(Error::refused)?;
        let mut ids = tokens.get_ids().to_vec();
        let mut places: Vec<_> = tokens.get_offsets().iter().map(|(start, end)| trimmed(text, *start..*end)).collect();
        let room = self.room(&self.single);
        let truncated = ids.len() > room;
        cut(&mut ids, room, self.truncation_side);
        cut(&mut places, room, self.truncation_side);
        let (before, behind) = self.single.ends();
        let mut of_row = vec![None; before.len()];
        of_row.append(&mut places);
        of_row.resize(of_row.len() + behind.len(), None);
        Ok((self.single.fill_one(ids, truncated), of_row))
    }
}

/// The range without the white space at its ends; none of one that is empty then, or ends within a character.
fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let part = text.get(range.clone())?;
    let start = range.start + part.len() - part.trim_start().len();
    let end = range.start + part.trim_end().len();
    (start < end).then_some(start..end)
}
