//! What all families' public types have in common.

use std::sync::Arc;

use crate::{Builder, Embeddings, Engine, ModelDescription, ModelFiles, ModelRef, Purpose, Result, Role, Usage};

/// A loaded model of a family: the public face of its [`Engine`].
///
/// A family implements the required items; all methods that users call come from here and from
/// [`TextEmbedder`].
pub trait Embedder: Sized + Send + Sync + 'static {
    /// The family's name, as rows have it.
    const FAMILY: &'static str;

    /// What goes in.
    type Input: ?Sized + Sync + 'static;

    /// What comes out.
    type Output: Send + 'static;

    /// Describes a model folder that no row describes.
    ///
    /// # Errors
    /// A folder that is not of this family, or does not say enough.
    fn describe(files: &ModelFiles) -> Result<ModelDescription>;

    /// Describes a model folder of whose results the caller says something: how tokens' vectors become one, whether
    /// they are normalised, which output they are read from. Default: as [`describe`](Self::describe).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    fn describe_graph(files: &ModelFiles) -> Result<ModelDescription> {
        Self::describe(files)
    }

    /// The model around its engine.
    fn from_engine(engine: Engine<Self::Input, Self::Output>) -> Self;

    /// The engine.
    fn engine(&self) -> &Engine<Self::Input, Self::Output>;

    /// Finds and loads a model: a registered one by its id or alias, in any case; a folder or files that describe
    /// themselves; or a row, registered or not.
    fn builder(model: impl Into<ModelRef>) -> Builder<Self> {
        Builder::new(model)
    }

    /// The model's row, with the caller's overrides.
    fn model(&self) -> &Arc<ModelDescription> {
        self.engine().model()
    }

    /// The execution provider that runs the model's graph; none for models without one.
    ///
    /// # Errors
    /// The sessions are created lazily, only now, and cannot be.
    #[cfg(feature = "onnx")]
    fn provider(&self) -> Result<Option<crate::session::Provider>> {
        self.engine().provider()
    }
}

/// A model that embeds texts. Every [`Embedder`] of `str` is one.
///
/// ```
/// use embedkit_core::{Result, TextEmbedder};
///
/// /// Works with any family of texts: dense, sparse, late interaction, or a third party's.
/// fn count<E: TextEmbedder>(model: &E, texts: &[&str]) -> Result<usize> {
///     let outputs: Vec<E::Output> = model.passage_embed(texts).collect::<Result<_>>()?;
///     Ok(outputs.len())
/// }
/// ```
pub trait TextEmbedder: Embedder<Input = str> {
    /// Embeds texts as they are, lazily and in their order.
    fn embed<S>(&self, texts: S) -> Embeddings<'_, S::IntoIter, str, Self::Output>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(texts, Role::Plain)
    }

    /// Embeds queries: with what the model puts before a query, where it does so.
    fn query_embed<S>(&self, queries: S) -> Embeddings<'_, S::IntoIter, str, Self::Output>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(queries, Role::Query)
    }

    /// Embeds passages: with what the model puts before a passage, where it does so.
    fn passage_embed<S>(&self, passages: S) -> Embeddings<'_, S::IntoIter, str, Self::Output>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(passages, Role::Passage)
    }

    /// Embeds for any purpose: a role, a task of the model's, with or without prompts.
    fn embed_for<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, str, Self::Output>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine().run(texts, purpose)
    }

    /// Embeds one text, on the calling thread and in one batch.
    ///
    /// # Errors
    /// A text that cannot be embedded, or a run that fails.
    fn embed_one(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Self::Output> {
        self.engine().run_one(text, &purpose.into())
    }

    /// What a text uses of the model's window, without a run.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    fn usage(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine().usage(text, &purpose.into())
    }

    /// Tokens of all texts together: after truncation, special tokens included, padding not.
    ///
    /// # Errors
    /// The first text's that the tokenizer refuses.
    fn token_count<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine().count_tokens(texts, &purpose.into())
    }
}

impl<E: Embedder<Input = str>> TextEmbedder for E {}
