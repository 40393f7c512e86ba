//! The files among a model's that its tokenizer is made of.

use super::ModelFiles;
use super::files::join;
use crate::tokenizer::TokenizerFiles as Files;
use crate::{Error, Result};

/// Vocabularies that stand where there is no `tokenizer.json`.
const VOCABULARIES: [&str; 7] = [
    "vocab.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "sentencepiece.model",
    "tokenizer.model",
    "vocab.json",
    "bpe.codes",
];

impl ModelFiles {
    /// The files that a tokenizer is made of, in a folder of the model's; `""` is the model's own. Those of a row are
    /// [`LoadContext::tokenizer_files`](crate::LoadContext::tokenizer_files).
    ///
    /// # Errors
    /// As [`read`](Self::read), for `tokenizer.json`; the others may be absent. Where a vocabulary of an older kind
    /// stands in its place, the error says how to write it.
    pub fn tokenizer_files(&self, folder: &str) -> Result<Files<'_>> {
        let place = |name: &str| join(folder, name);
        let read = |name: &str| self.read_text(&place(name));
        let optional = |name| self.is_taken(&place(name)).then(|| read(name)).transpose();
        let tokenizer = read(Files::TOKENIZER).map_err(|error| match error {
            Error::MissingFile { path, needed_for } => {
                let needed_for = self.slow_tokenizer(folder).unwrap_or(needed_for);
                Error::MissingFile { path, needed_for }
            }
            other => other,
        })?;
        let mut files = Files::new(tokenizer);
        files.tokenizer_config = optional(Files::TOKENIZER_CONFIG)?;
        files.special_tokens_map = optional(Files::SPECIAL_TOKENS_MAP)?;
        files.added_tokens = optional(Files::ADDED_TOKENS)?;
        files.config = optional(Files::CONFIG)?;
        files.folder = self.label(folder);
        Ok(files)
    }

    /// What to do about a vocabulary that is not written as `tokenizer.json`; none where there is none either.
    fn slow_tokenizer(&self, folder: &str) -> Option<String> {
        let vocabulary = VOCABULARIES.into_iter().find(|name| self.has(&join(folder, name)))?;
        let place = self.label(folder);
        Some(format!(
            "the vocabulary is there as {vocabulary} alone; this writes it, with Python and transformers: python -c \
             \"from transformers import AutoTokenizer as T; p = '{0}'; T.from_pretrained(p).save_pretrained(p)\"",
            place.display()
        ))
    }
}
