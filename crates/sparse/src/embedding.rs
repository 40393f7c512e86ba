//! Sparse text embeddings, as users call them.

use std::sync::Arc;

use embedkit_core::{
    Embedder, Engine, EngineOptions, IndexNames, ModelDescription, ModelFiles, Purpose, Registry, Result, TextEmbedder,
    WeightedTerm,
};
use embedkit_vector::SparseVector;

use crate::FAMILY;
use crate::bm25::Bm25;
use crate::describe;
use crate::pipeline::Bm25Terms;

/// A loaded sparse text model: one sparse vector a text. Shared between threads by reference or `Arc`.
///
/// Its methods are those of [`Embedder`] and [`TextEmbedder`], and those below. Tokens, in usages and counts, are words
/// for BM25.
///
/// Inference-free models run no graph for queries.
pub struct SparseTextEmbedding {
    engine: Engine<str, SparseVector>,
    /// What indices stand for, where the model knows.
    names: Option<Arc<dyn IndexNames>>,
}

impl SparseTextEmbedding {
    /// A BM25 with a splitter or a stemmer of the caller's own, under the id `Qdrant/bm25`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](embedkit_core::Error::InvalidOption) for engine options that cannot be.
    pub fn from_bm25(bm25: Bm25, options: &EngineOptions) -> Result<Self> {
        let model = Registry::global().find(FAMILY, "Qdrant/bm25").unwrap_or_else(|_| {
            let mut row = ModelDescription::new("Qdrant/bm25", FAMILY, "bm25");
            row.requires_idf = true;
            Arc::new(row)
        });
        Ok(Self::from_engine(Engine::new(model.clone(), Bm25Terms::pipeline(model, Arc::new(bm25)), options)?))
    }

    /// What an index stands for in any text; none where indices are hashes, or nothing is known of them.
    pub fn decode(&self, index: u32) -> Option<String> {
        self.names.as_ref()?.name(index)
    }

    /// The terms of a text's vector, heaviest first.
    ///
    /// # Errors
    /// As [`embed_one`](TextEmbedder::embed_one).
    pub fn explain(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Vec<WeightedTerm>> {
        let vector = self.embed_one(text, purpose)?;
        self.name_terms(text, &vector)
    }

    /// Names the terms of a vector that this model gave for this text, heaviest first.
    ///
    /// # Errors
    /// A text that cannot be read.
    pub fn name_terms(&self, text: &str, vector: &SparseVector) -> Result<Vec<WeightedTerm>> {
        match &self.names {
            Some(names) => names.name_terms(text, vector),
            None => Ok(vector.heaviest().into_iter().map(WeightedTerm::unnamed).collect()),
        }
    }
}

impl Embedder for SparseTextEmbedding {
    const FAMILY: &'static str = FAMILY;
    const MODEL_TYPES: &'static [&'static str] = &["SparseEncoder"];
    type Input = str;
    type Output = SparseVector;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    /// A graph alone could be any masked language model's, used or not as SPLADE does.
    fn recognizes(files: &ModelFiles) -> bool {
        let says_more = |row: ModelDescription| row.vocab_size.is_some() || files.has("modules.json");
        describe::describe(files).is_ok_and(|row| row.architecture != "splade" || says_more(row))
    }

    fn from_engine(engine: Engine<str, SparseVector>) -> Self {
        Self { names: engine.index_names(), engine }
    }

    fn engine(&self) -> &Engine<str, SparseVector> {
        &self.engine
    }
}

impl std::fmt::Debug for SparseTextEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SparseTextEmbedding").field("engine", &self.engine).finish_non_exhaustive()
    }
}
