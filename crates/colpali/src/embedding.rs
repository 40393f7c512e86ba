//! Page-image embeddings, as users call them.

use std::iter::Map;

use embedkit_core::{Embedder, Embeddings, Engine, Error, ModelDescription, ModelFiles, Purpose, Result, Role, Usage};
use embedkit_image::ImageInput;
use embedkit_vector::multivector::MultiVector;

use crate::{Content, FAMILY};

/// Multi-vectors of whatever `S` gives, lazily and in its order.
type Mapped<'e, S> =
    Embeddings<'e, Map<<S as IntoIterator>::IntoIter, fn(<S as IntoIterator>::Item) -> Content>, Content, MultiVector>;

/// A loaded model of pages and texts. Shared between threads by reference or `Arc`.
#[derive(Debug)]
pub struct LateInteractionMultimodalEmbedding {
    engine: Engine<Content, MultiVector>,
}

impl LateInteractionMultimodalEmbedding {
    /// Multi-vectors of pages, lazily and in their order; each `[rows, dim]`, a row a patch and,
    /// where the model has them, a row a token of the text that goes with a page. A page that cannot
    /// be read gives its error; the others go on.
    pub fn embed_images<S>(&self, pages: S) -> Mapped<'_, S>
    where
        S: IntoIterator,
        S::Item: Into<ImageInput>,
    {
        self.engine.run(pages.into_iter().map(Content::page as fn(S::Item) -> Content), Role::Passage)
    }

    /// Multi-vectors of texts, lazily and in their order; each `[tokens, dim]`, and independent of
    /// the texts beside it.
    pub fn embed_texts<S>(&self, texts: S) -> Mapped<'_, S>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.run(texts.into_iter().map(Content::text as fn(S::Item) -> Content), Role::Query)
    }

    /// [`embed_texts`](Self::embed_texts), by the name that queries go by in every family.
    pub fn query_embed<S>(&self, queries: S) -> Mapped<'_, S>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_texts(queries)
    }

    /// Multi-vectors of texts and pages, mixed. With [`Purpose::without_prompt`], texts go without
    /// what the model puts around a query.
    pub fn embed_for<S>(
        &self,
        contents: S,
        purpose: impl Into<Purpose>,
    ) -> Embeddings<'_, S::IntoIter, Content, MultiVector>
    where
        S: IntoIterator,
        S::Item: AsRef<Content>,
    {
        self.engine.run(contents, purpose)
    }

    /// The multi-vector of one text or page, `[rows, dim]`.
    ///
    /// # Errors
    /// A text or page that cannot be embedded, or a run that fails.
    pub fn embed_one(&self, content: &Content, purpose: impl Into<Purpose>) -> Result<MultiVector> {
        self.engine.run_one(content, &purpose.into())
    }

    /// What a text or page uses of the model's window, without a run.
    ///
    /// # Errors
    /// A text or page that cannot be read.
    pub fn usage(&self, content: &Content, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine.usage(content, &purpose.into())
    }

    /// Tokens of all texts: after truncation, special tokens included, padding not. With
    /// `include_extension`, what the model puts around a query is counted too.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn token_count<S>(&self, texts: S, include_extension: bool) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let mut purpose = Purpose::new(Role::Query);
        purpose.without_prompt = !include_extension;
        self.engine.count_tokens(texts.into_iter().map(Content::text), &purpose)
    }
}

impl Embedder for LateInteractionMultimodalEmbedding {
    const FAMILY: &'static str = FAMILY;
    type Input = Content;
    type Output = MultiVector;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        let message = "exports of page models do not say how they are prompted; give the model's row";
        Err(Error::file(files.label("config.json"), message))
    }

    fn from_engine(engine: Engine<Content, MultiVector>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<Content, MultiVector> {
        &self.engine
    }
}
