//! Models with several embeddings in one run, as users call them.

use std::sync::Arc;

use embedkit_core::{Embedder, Engine, IndexNames, ModelDescription, ModelFiles, Result};

use crate::{FAMILY, HybridOutput, describe};

/// A loaded model that gives every kind of embedding at once. Shared between threads by reference or `Arc`.
///
/// Its methods are those of [`Embedder`] and [`TextEmbedder`](embedkit_core::TextEmbedder). Built with
/// `.parameter("labels", true)`, every row of a multi-vector is labelled with its token.
pub struct HybridEmbedding {
    engine: Engine<str, HybridOutput>,
    names: Option<Arc<dyn IndexNames>>,
}

impl HybridEmbedding {
    /// The token that an index of a sparse vector stands for.
    pub fn decode(&self, index: u32) -> Option<String> {
        self.names.as_ref()?.name(index)
    }
}

impl Embedder for HybridEmbedding {
    const FAMILY: &'static str = FAMILY;
    type Input = str;
    type Output = HybridOutput;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    /// A graph alone could be any model's, and of a folder that says more this family knows nothing: one that another
    /// refuses would be taken for its own.
    fn recognizes(_: &ModelFiles) -> bool {
        false
    }

    fn from_engine(engine: Engine<str, HybridOutput>) -> Self {
        Self { names: engine.index_names(), engine }
    }

    fn engine(&self) -> &Engine<str, HybridOutput> {
        &self.engine
    }
}

impl std::fmt::Debug for HybridEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HybridEmbedding").field("engine", &self.engine).finish_non_exhaustive()
    }
}
