//! The facade: texts in, multi-vectors out.

use std::sync::Arc;

use embedkit_core::multivector::MultiVector;
use embedkit_core::session::Provider;
use embedkit_core::{
    Builder, Embeddings, Engine, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Result, Role, Usage,
};

use crate::pipeline::Parameters;
use crate::{FAMILY, describe};

/// A loaded late-interaction text model. Shared between threads by reference or `Arc`.
#[derive(Debug)]
pub struct LateInteractionTextEmbedding {
    engine: Engine<str, MultiVector>,
    parameters: Parameters,
}

impl LateInteractionTextEmbedding {
    /// Finds and loads a registered model, by id or alias, in any case.
    ///
    /// With `.parameter("labels", true)` every row of a result is labelled with its token.
    pub fn builder(id: impl Into<String>) -> Builder<Self> {
        Builder::from_id(id)
    }

    /// Multi-vectors of documents as they are, lazily and in their order; each `[tokens, dim]`.
    pub fn embed<S>(&self, documents: S) -> Embeddings<'_, S::IntoIter, str, MultiVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(documents, Role::Plain)
    }

    /// Multi-vectors of queries: marked as such and, where the model does so, expanded with mask tokens.
    pub fn query_embed<S>(&self, queries: S) -> Embeddings<'_, S::IntoIter, str, MultiVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(queries, Role::Query)
    }

    /// Multi-vectors of documents: with the model's passage prompt, where it has one.
    pub fn passage_embed<S>(&self, passages: S) -> Embeddings<'_, S::IntoIter, str, MultiVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(passages, Role::Passage)
    }

    /// Multi-vectors for any purpose. All but queries are documents.
    pub fn embed_for<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, str, MultiVector>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.run(texts, purpose)
    }

    /// The multi-vector of one text, `[tokens, dim]`.
    ///
    /// # Errors
    /// A text that cannot be embedded, or a run that fails.
    pub fn embed_one(&self, text: &str, purpose: impl Into<Purpose>) -> Result<MultiVector> {
        self.engine.run_one(text, &purpose.into())
    }

    /// What a text uses of the model's window, without a run; the marker and mask tokens that the
    /// model adds are not counted.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn usage(&self, text: &str, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine.usage(text, &purpose.into())
    }

    /// Tokens of all texts: after truncation, special tokens included, padding not. With
    /// `include_extension`, what the model adds is counted too: the marker of every text, and the
    /// mask tokens that fill a query up.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn token_count<S>(&self, texts: S, purpose: impl Into<Purpose>, include_extension: bool) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let purpose = purpose.into();
        let count = |text: S::Item| {
            let tokens = self.engine.usage(text.as_ref(), &purpose)?.tokens;
            Ok(if include_extension { self.parameters.extended(tokens, purpose.role) } else { tokens })
        };
        texts.into_iter().map(count).sum()
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

impl Facade for LateInteractionTextEmbedding {
    const FAMILY: &'static str = FAMILY;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        // Another crate's architecture has parameters of its own: it adds nothing that we know of.
        let parameters = Parameters::of(loaded.model()).unwrap_or_default();
        Ok(Self { engine: loaded.engine()?, parameters })
    }
}
