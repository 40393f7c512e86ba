//! The facade: texts in, all their embeddings out.

use std::sync::Arc;

use embedkit_core::{Engine, Facade, IndexNames, Loaded, ModelDescription, ModelFiles, Purpose, Result};

use crate::{FAMILY, HybridOutput, describe};

/// A loaded model that gives every kind of embedding at once. Shared between threads by reference or `Arc`.
///
/// Built with `.parameter("labels", true)`, every row of a multi-vector is labelled with its token.
pub struct HybridEmbedding {
    engine: Engine<str, HybridOutput>,
    names: Option<Arc<dyn IndexNames>>,
}

embedkit_core::text_facade!(HybridEmbedding, HybridOutput);

impl HybridEmbedding {
    /// The token that an index of a sparse vector stands for.
    pub fn decode(&self, index: u32) -> Option<String> {
        self.names.as_ref()?.name(index)
    }

    /// Tokens of all texts: after truncation, special tokens included, padding not.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn token_count<S>(&self, texts: S) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.count_tokens(texts, &Purpose::default())
    }
}

impl Facade for HybridEmbedding {
    const FAMILY: &'static str = FAMILY;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        let names = loaded.extra();
        Ok(Self { engine: loaded.engine()?, names })
    }
}

impl std::fmt::Debug for HybridEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HybridEmbedding").field("engine", &self.engine).finish_non_exhaustive()
    }
}
