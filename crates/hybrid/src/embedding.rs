//! The facade: texts in, all their embeddings out.

use std::sync::Arc;

use embedkit_core::session::Provider;
use embedkit_core::{
    Builder, Embeddings, Engine, Facade, IndexNames, Loaded, ModelDescription, ModelFiles, Purpose, Result, Role, Usage,
};

use crate::{FAMILY, HybridOutput, describe};

/// A loaded model that gives every kind of embedding at once. Shared between threads by reference or `Arc`.
pub struct HybridEmbedding {
    engine: Engine<str, HybridOutput>,
    names: Option<Arc<dyn IndexNames>>,
}

impl HybridEmbedding {
    /// Finds and loads a registered model, by id or alias, in any case.
    ///
    /// With `.parameter("labels", true)` every row of a multi-vector is labelled with its token.
    pub fn builder(id: impl Into<String>) -> Builder<Self> {
        Builder::from_id(id)
    }

    /// Embeddings of texts as they are, lazily and in their order.
    pub fn embed<S>(&self, texts: S) -> Embeddings<'_, S::IntoIter, str, HybridOutput>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(texts, Role::Plain)
    }

    /// Embeddings of queries: with the model's query prompt, where it has one.
    pub fn query_embed<S>(&self, queries: S) -> Embeddings<'_, S::IntoIter, str, HybridOutput>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(queries, Role::Query)
    }

    /// Embeddings of passages: with the model's passage prompt, where it has one.
    pub fn passage_embed<S>(&self, passages: S) -> Embeddings<'_, S::IntoIter, str, HybridOutput>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(passages, Role::Passage)
    }

    /// Embeddings for any purpose.
    pub fn embed_for<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, str, HybridOutput>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.run(texts, purpose)
    }

    /// The embeddings of one text.
    ///
    /// # Errors
    /// A text that cannot be embedded, or a run that fails.
    pub fn embed_one(&self, text: &str, purpose: impl Into<Purpose>) -> Result<HybridOutput> {
        self.engine.run_one(text, &purpose.into())
    }

    /// The token that an index of a sparse vector stands for.
    pub fn decode(&self, index: u32) -> Option<String> {
        self.names.as_ref()?.name(index)
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
    pub fn provider(&self) -> Result<Option<Provider>> {
        self.engine.provider()
    }

    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        self.engine.model()
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
