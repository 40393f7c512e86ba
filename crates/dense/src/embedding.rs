//! The facade: texts in, vectors out.

use std::sync::Arc;

#[cfg(feature = "onnx")]
use embedkit_core::session::Provider;
use embedkit_core::{
    Builder, Embeddings, Engine, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Result, Role, Usage,
};

use crate::{FAMILY, describe};

/// A loaded dense text model. Shared between threads by reference or `Arc`.
#[derive(Debug)]
pub struct TextEmbedding {
    engine: Engine<str, Vec<f32>>,
}

impl TextEmbedding {
    /// Finds and loads a registered model, by id or alias, in any case.
    pub fn builder(id: impl Into<String>) -> Builder<Self> {
        Builder::from_id(id)
    }

    /// Vectors of texts as they are, lazily and in their order; each `[dim]`.
    pub fn embed<S>(&self, texts: S) -> Embeddings<'_, S::IntoIter, str, Vec<f32>>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(texts, Role::Plain)
    }

    /// Vectors of queries: with the model's query prompt or task, where it has one.
    pub fn query_embed<S>(&self, queries: S) -> Embeddings<'_, S::IntoIter, str, Vec<f32>>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(queries, Role::Query)
    }

    /// Vectors of passages: with the model's passage prompt or task, where it has one.
    pub fn passage_embed<S>(&self, passages: S) -> Embeddings<'_, S::IntoIter, str, Vec<f32>>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(passages, Role::Passage)
    }

    /// Vectors for any purpose: a role, a task of the model's, with or without prompts.
    pub fn embed_for<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, str, Vec<f32>>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.run(texts, purpose)
    }

    /// The vector of one text, `[dim]`.
    ///
    /// # Errors
    /// A text that cannot be embedded, or a run that fails.
    pub fn embed_one(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Vec<f32>> {
        self.engine.run_one(text, &purpose.into())
    }

    /// What a text uses of the model's window, without a run.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn usage(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine.usage(text, &purpose.into())
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

impl Facade for TextEmbedding {
    const FAMILY: &'static str = FAMILY;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        Ok(Self { engine: loaded.engine()? })
    }
}
