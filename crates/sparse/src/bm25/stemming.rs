//! From words to the stems that count.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use embedkit_core::Result;
use foldhash::fast::RandomState;

use crate::text::{Stemmer, is_punctuation_word};

/// Which words count, and as what.
pub(super) struct Stemming {
    pub(super) stop_words: HashSet<String, RandomState>,
    /// Longest word that counts, in characters.
    pub(super) longest: usize,
    pub(super) stemmer: Option<Arc<dyn Stemmer>>,
}

impl Stemming {
    /// The word's stem; none if the word does not count.
    pub(super) fn stem<'w>(&self, word: &'w str) -> Result<Option<Cow<'w, str>>> {
        if is_punctuation_word(word) || self.is_too_long(word) || self.stop_words.contains(word) {
            return Ok(None);
        }
        let stem = self.stemmer.as_ref().map_or(Ok(Cow::Borrowed(word)), |stemmer| stemmer.stem(word))?;
        Ok((!stem.is_empty()).then_some(stem))
    }

    fn is_too_long(&self, word: &str) -> bool {
        word.len() > self.longest && word.chars().nth(self.longest).is_some()
    }
}
