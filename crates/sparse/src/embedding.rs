//! The facade: texts in, sparse vectors out.

use std::sync::Arc;

#[cfg(feature = "onnx")]
use embedkit_core::session::Provider;
use embedkit_core::{
    Builder, Embeddings, Engine, EngineOptions, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Registry,
    Result, Role, SparseVector, Usage,
};

use crate::FAMILY;
use crate::bm25::Bm25;
use crate::describe;
use crate::names::{Nameless, SharedNames};
use crate::pipeline::Bm25Terms;

/// A loaded sparse text model. Shared between threads by reference or `Arc`.
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

impl SparseTextEmbedding {
    /// Finds and loads a registered model, by id or alias, in any case.
    pub fn builder(id: impl Into<String>) -> Builder<Self> {
        Builder::from_id(id)
    }

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

    /// Vectors of texts as they are, lazily and in their order.
    pub fn embed<S>(&self, texts: S) -> Embeddings<'_, S::IntoIter, str, SparseVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(texts, Role::Plain)
    }

    /// Vectors of queries: for inference-free models no graph runs.
    pub fn query_embed<S>(&self, queries: S) -> Embeddings<'_, S::IntoIter, str, SparseVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(queries, Role::Query)
    }

    /// Vectors of passages.
    pub fn passage_embed<S>(&self, passages: S) -> Embeddings<'_, S::IntoIter, str, SparseVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(passages, Role::Passage)
    }

    /// Vectors for any purpose.
    pub fn embed_for<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, str, SparseVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.run(texts, purpose)
    }

    /// The vector of one text.
    ///
    /// # Errors
    /// A text that cannot be embedded, or a run that fails.
    pub fn embed_one(&self, text: &str, purpose: impl Into<Purpose>) -> Result<SparseVector> {
        self.engine.run_one(text, &purpose.into())
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

    /// What a text uses of the model's window, without a run.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn usage(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine.usage(text, &purpose.into())
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

    /// The execution provider that runs the model's graph; none for models without one.
    ///
    /// # Errors
    /// The sessions are created lazily, only now, and cannot be.
    #[cfg(feature = "onnx")]
    pub fn provider(&self) -> Result<Option<Provider>> {
        self.engine.provider()
    }

    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        self.engine.model()
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
