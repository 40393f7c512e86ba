//! What all families' public types have in common.

mod any;
mod builder;
mod family_of;
mod model_type;

use std::iter::Map;
use std::sync::Arc;

pub use any::AnyEmbedder;
pub use builder::{Build, Builder, ModelRef};
pub use family_of::FamilyOf;

use crate::{
    Content, Embeddings, Engine, FromContent, ImageInput, IntoEmbedding, ModelDescription, ModelFiles, Purpose, Result,
    Role, Usage,
};

/// A loaded model of a family: the public face of its [`Engine`].
///
/// A family implements the required items; all methods that users call come from here and from
/// [`TextEmbedder`].
pub trait Embedder: Sized + Send + Sync + 'static {
    /// The family's name, as rows have it.
    const FAMILY: &'static str;

    /// What sentence-transformers, and libraries on top of it, state as the `model_type` of this family's folders, in
    /// `config_sentence_transformers.json`: a folder that states another is refused. Default: none, for families that
    /// such folders may be of whatever they state.
    const MODEL_TYPES: &'static [&'static str] = &[];

    /// What goes in.
    type Input: ?Sized + FromContent;

    /// What comes out.
    type Output: IntoEmbedding;

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

    /// Whether a folder shows that it is of this family, so that nobody need say so: a graph alone may be anything.
    /// Default: whether it can be described.
    fn recognizes(files: &ModelFiles) -> bool {
        Self::describe(files).is_ok()
    }

    /// The model around its engine.
    fn from_engine(engine: Engine<Self::Input, Self::Output>) -> Self;

    /// The engine.
    fn engine(&self) -> &Engine<Self::Input, Self::Output>;

    /// Finds and loads a model: a registered one by its id or alias, in any case; a folder or files that describe
    /// themselves; or a row, registered or not.
    fn builder(model: impl Into<ModelRef>) -> Builder<Self> {
        Builder::new(FamilyOf::<Self>::FAMILY, model)
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

    /// Embeds texts and gives all results at once, or the first error.
    ///
    /// # Errors
    /// The first text's that cannot be embedded.
    fn embed_all<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Result<Vec<Self::Output>>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.embed_for(texts, purpose).collect()
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

/// A model that takes images: every [`Embedder`] whose input an image can be made into.
pub trait ImageEmbedder: Embedder
where
    Self::Input: From<ImageInput> + AsRef<Self::Input> + Sized,
{
    /// Embeds images, lazily and in their order. Takes paths, the bytes of files and whatever else an [`ImageInput`]
    /// is made from. Images are decoded ahead of the model's runs, on all cores; one that cannot be decoded gives its
    /// error, and the others go on.
    fn embed_images<S>(&self, images: S) -> Embeddings<'_, Images<S, Self::Input>, Self::Input, Self::Output>
    where
        S: IntoIterator,
        S::Item: Into<ImageInput>,
    {
        let images: Images<S, Self::Input> = images.into_iter().map(|image| image.into().into());
        self.engine().run(images, Role::Passage)
    }

    /// Embeds one image.
    ///
    /// # Errors
    /// An image that cannot be decoded, or a run that fails.
    fn embed_image(&self, image: impl Into<ImageInput>) -> Result<Self::Output> {
        self.engine().run_one(&image.into().into(), &Role::Passage.into())
    }

    /// What an image uses of the model's window, without a run: tokens of a page, or patches of 32 × 32 pixels.
    ///
    /// # Errors
    /// An image that cannot be decoded.
    fn image_usage(&self, image: impl Into<ImageInput>) -> Result<Usage> {
        self.engine().usage(&image.into().into(), &Role::Passage.into())
    }
}

impl<E: Embedder> ImageEmbedder for E where E::Input: From<ImageInput> + AsRef<E::Input> + Sized {}

/// Inputs on their way to a model of images.
pub type Images<S, I> = Map<<S as IntoIterator>::IntoIter, fn(<S as IntoIterator>::Item) -> I>;

/// A model that takes texts and images into one space, as those of pages do: every [`Embedder`] of [`Content`].
pub trait PageEmbedder: Embedder<Input = Content> {
    /// Embeds queries, lazily and in their order, each independent of the others.
    fn query_embed<S>(&self, queries: S) -> Embeddings<'_, Images<S, Content>, Content, Self::Output>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let queries: Images<S, Content> = queries.into_iter().map(Content::text);
        self.engine().run(queries, Role::Query)
    }

    /// Embeds texts and pages, mixed, for any purpose. A page is the same for every role; with
    /// [`Purpose::without_prompt`], texts go without what the model puts around a query.
    fn embed_for<S>(
        &self,
        contents: S,
        purpose: impl Into<Purpose>,
    ) -> Embeddings<'_, S::IntoIter, Content, Self::Output>
    where
        S: IntoIterator,
        S::Item: AsRef<Content>,
    {
        self.engine().run(contents, purpose)
    }

    /// Embeds one text or page.
    ///
    /// # Errors
    /// A text or page that cannot be embedded, or a run that fails.
    fn embed_one(&self, content: &Content, purpose: impl Into<Purpose>) -> Result<Self::Output> {
        self.engine().run_one(content, &purpose.into())
    }

    /// What a text or page uses of the model's window, without a run.
    ///
    /// # Errors
    /// A text or page that cannot be read.
    fn usage(&self, content: &Content, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine().usage(content, &purpose.into())
    }

    /// Tokens of all texts and pages together: after truncation, special tokens included, padding not.
    ///
    /// # Errors
    /// The first that cannot be read.
    fn token_count<S>(&self, contents: S, purpose: impl Into<Purpose>) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<Content>,
    {
        self.engine().count_tokens(contents, &purpose.into())
    }
}

impl<E: Embedder<Input = Content>> PageEmbedder for E {}
