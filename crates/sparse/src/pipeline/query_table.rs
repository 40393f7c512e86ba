//! Queries from a table: each token of a text has the weight that the table gives it, and no graph runs.

use std::collections::BTreeSet;

use embedkit_core::sentence_transformers::read_tensor;
use embedkit_core::tokenizer::{Tokenizer, TokenizerOptions, WindowRule};
use embedkit_core::{Error, ModelFiles, Result, Usage};
use embedkit_vector::SparseVector;

/// A `SparseStaticEmbedding` of sentence-transformers: a weight for each token, in `model.safetensors` as `weight`,
/// beside a tokenizer of its own. Special tokens around a text do not count.
#[derive(Debug)]
pub(super) struct QueryTable {
    tokenizer: Tokenizer,
    /// Tokens of a text that count.
    window: usize,
    weights: Vec<f32>,
    path: std::path::PathBuf,
}

impl QueryTable {
    pub(super) fn load(files: &ModelFiles, folder: &str) -> Result<Self> {
        let mut tokenizer_files = files.tokenizer_files(folder)?;
        // The model's positions are the graph's matter.
        tokenizer_files.config = None;
        let window = WindowRule::SentenceTransformers.longest_row(&tokenizer_files)?.unwrap_or(usize::MAX >> 1);
        let mut options = TokenizerOptions::default();
        // Special tokens take no room in it, and texts are cut below.
        options.max_length = Some(usize::MAX >> 1);
        Ok(Self {
            tokenizer: Tokenizer::load(&tokenizer_files, &options)?,
            window,
            weights: read_tensor(files, folder, "weight")?,
            path: files.label(folder),
        })
    }

    /// A text's vector, and the tokens of it that count.
    pub(super) fn vector(&self, text: &str) -> Result<(SparseVector, Usage)> {
        let mut ids = self.tokenizer.encode_bare(text)?;
        let truncated = ids.len() > self.window;
        ids.truncate(self.window);
        let usage = Usage { tokens: ids.len(), truncated };
        let entries = ids.into_iter().collect::<BTreeSet<u32>>().into_iter().map(|id| {
            let weight = self.weights.get(id as usize).copied();
            weight.map(|weight| (id, weight)).ok_or_else(|| {
                let message = format!("the table has no weight for token {id}: is the tokenizer another model's?");
                Error::file(&self.path, message)
            })
        });
        let entries: Vec<(u32, f32)> = entries.collect::<Result<_>>()?;
        let nonzero = entries.into_iter().filter(|(_, weight)| *weight != 0.0);
        Ok((SparseVector::from_entries(nonzero)?, usage))
    }
}
