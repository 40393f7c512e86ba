//! A static model's tokenizer and table, which both of its architectures read.

use std::sync::Arc;

use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{Error, LoadContext, ModelDescription, Purpose, Result};

use super::static_table::Table;

/// Tokens of a text that count, as in the reference. model2vec also cuts a text to so many times the median length of
/// the vocabulary's tokens, in characters, before it looks for tokens; the reference does not, and of the two cuts only
/// this one keeps to whole tokens. They differ in texts whose tokens are longer than that median on average.
const MAX_LENGTH: usize = 512;

/// A row with its tokenizer and its table of token vectors.
pub(super) struct TokenTable {
    pub(super) model: Arc<ModelDescription>,
    pub(super) tokenizer: Tokenizer,
    pub(super) table: Table,
    /// The token that does not count.
    unknown: Option<u32>,
}

impl TokenTable {
    pub(super) fn load(context: &LoadContext, unknown_counts: bool) -> Result<Self> {
        let model = context.model.clone();
        let mut options = TokenizerOptions::default();
        options.max_length = Some(model.max_length.unwrap_or(MAX_LENGTH));
        options.without_special_tokens = true;
        let tokenizer = Tokenizer::load(&context.tokenizer_files()?, &options)?;
        let path = context.files.label(&model.model_file);
        let table = Table::load(context.files.open(&model.model_file, context.memory_map)?, &path)?;
        let unknown = tokenizer.unknown_id().filter(|_| !unknown_counts);
        Ok(Self { model, tokenizer, table, unknown })
    }

    /// Checks the width of the vectors that the model gives against the row's.
    pub(super) fn check_dim(&self, given: usize) -> Result<()> {
        match self.model.dim.filter(|dim| *dim != given) {
            Some(dim) => Err(self.wrong(format!("its vectors have {given} values, and the row says {dim}"))),
            None => Ok(()),
        }
    }

    pub(super) fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        Ok(self.tokenizer.encode(&purpose.prompted(&self.model, text)?)?)
    }

    /// Whether a token counts.
    pub(super) fn counts(&self, token: u32) -> bool {
        Some(token) != self.unknown
    }

    /// The tokens that count.
    pub(super) fn counted(&self, mut tokens: Vec<u32>) -> Vec<u32> {
        tokens.retain(|token| self.counts(*token));
        tokens
    }

    /// The error that the table ends before a token.
    pub(super) fn no_row(&self, token: u32) -> Error {
        self.wrong(format!("the table has no row for token {token}: is the tokenizer another model's?"))
    }

    pub(super) fn wrong(&self, message: String) -> Error {
        Error::model(&self.model.id, message)
    }
}
