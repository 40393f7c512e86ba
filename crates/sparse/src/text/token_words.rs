//! The tokens of a `tokenizer.json` as words.

use embedkit_core::tokenizer::{Tokenizer, TokenizerOptions};
use embedkit_core::{ModelFiles, Result};

use super::WordSplitter;

/// Splits a text into the tokens of a `tokenizer.json`, special tokens left out, without any limit of length.
/// Whether they are lower-cased is the tokenizer's matter.
#[derive(Debug)]
pub struct TokenWords(Tokenizer);

impl TokenWords {
    /// Loads the `tokenizer.json` in a folder of the model's files; `""` is the model's own.
    ///
    /// # Errors
    /// A file that is absent or wrong.
    pub fn load(files: &ModelFiles, folder: &str) -> Result<Self> {
        let mut options = TokenizerOptions::default();
        options.max_length = Some(usize::MAX >> 1);
        options.without_special_tokens = true;
        Ok(Self(Tokenizer::load(&files.tokenizer_files(folder)?, &options)?))
    }
}

impl WordSplitter for TokenWords {
    fn split(&self, text: &str, word: &mut dyn FnMut(&str)) -> Result<()> {
        let ids = self.0.encode_bare(text)?;
        ids.into_iter().filter_map(|id| self.0.token(id)).for_each(|token| word(&token));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_however_long_the_text() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/splade");
        let splitter = TokenWords::load(&ModelFiles::folder(folder).unwrap(), "").unwrap();
        let words = |text: &str| {
            let mut words = Vec::new();
            splitter.split(text, &mut |word| words.push(word.to_owned())).unwrap();
            words
        };
        assert_eq!(words("The FOX."), ["the", "f", "##o", "##x", "."]);
        assert_eq!(words(&"the ".repeat(5000)).len(), 5000);
        assert!(TokenWords::load(&ModelFiles::none(), "").unwrap_err().to_string().contains("tokenizer.json"));
    }
}
