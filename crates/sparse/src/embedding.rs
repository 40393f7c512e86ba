//! The facade: texts in, sparse vectors out.

use std::sync::Arc;

use embedkit_core::{Engine, EngineOptions, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Registry, Result};
use embedkit_vector::SparseVector;

use crate::FAMILY;
use crate::bm25::Bm25;
use crate::describe;
use crate::names::{Nameless, SharedNames};
use crate::pipeline::Bm25Terms;

/// A loaded sparse text model. Shared between threads by reference or `Arc`.
///
/// Inference-free models run no graph for queries.
pub struct SparseTextEmbedding {
    engine: Engine<str, SparseVector>,
    names: SharedNames,
}

/// A term of a text, as [`SparseTextEmbedding::explain`] gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WeightedTerm {
    /// What the index stands for: a token, or a stem of the text. A number where that is not known.
    pub term: String,
    /// Its index in the vector.
    pub index: u32,
    /// Its weight in the vector.
    pub weight: f32,
}

embedkit_core::text_facade!(SparseTextEmbedding, SparseVector);

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
        let bm25 = Arc::new(bm25);
        let engine = Engine::new(model.clone(), Bm25Terms::pipeline(model, bm25.clone()), options)?;
        Ok(Self { engine, names: bm25 })
    }

    /// What an index stands for in any text; none where indices are hashes, or nothing is known of them.
    pub fn decode(&self, index: u32) -> Option<String> {
        self.names.name(index)
    }

    /// The terms of a text's vector, heaviest first.
    ///
    /// # Errors
    /// As [`embed_one`](Self::embed_one).
    pub fn explain(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Vec<WeightedTerm>> {
        let vector = self.embed_one(text, purpose)?;
        self.name_terms(text, &vector)
    }

    /// Names the terms of a vector that this model gave for this text, heaviest first.
    ///
    /// # Errors
    /// A text that cannot be read.
    pub fn name_terms(&self, text: &str, vector: &SparseVector) -> Result<Vec<WeightedTerm>> {
        let mut names = self.names.names_in(text)?;
        let mut name = |index| names.remove(&index).or_else(|| self.decode(index)).unwrap_or_else(|| index.to_string());
        let terms = vector.heaviest().into_iter();
        Ok(terms.map(|(index, weight)| WeightedTerm { term: name(index), index, weight }).collect())
    }

    /// Tokens of all texts: after truncation, special tokens included, padding not. For BM25, words.
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

impl Facade for SparseTextEmbedding {
    const FAMILY: &'static str = FAMILY;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        let names = loaded.extra::<SharedNames>().unwrap_or_else(|| Arc::new(Nameless));
        Ok(Self { engine: loaded.engine()?, names })
    }
}

impl std::fmt::Debug for SparseTextEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SparseTextEmbedding").field("engine", &self.engine).finish_non_exhaustive()
    }
}
