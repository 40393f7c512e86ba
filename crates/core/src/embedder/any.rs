//! A model of a family that is known only at run time.

use std::sync::Arc;

use super::{Build, Builder};
use crate::{
    Content, Embedding, Embeddings, Engine, Family, IndexNames, ModelDescription, ModelRef, Purpose, Result, Usage,
};

/// A loaded model of whatever family: for programs that ask the [`Registry`](crate::Registry) for it.
///
/// ```
/// use embedkit_core::{AnyEmbedder, Content, Registry, Result, Role};
///
/// fn embed(id: &str, text: &str) -> Result<()> {
///     for row in Registry::global().find_all(id) {
///         let family = Registry::global().family(&row.family)?;
///         let model = AnyEmbedder::builder(family, row).build()?;
///         println!("{:?}", model.embed_one(&Content::text(text), Role::Passage)?);
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct AnyEmbedder {
    engine: Engine<Content, Embedding>,
}

impl AnyEmbedder {
    /// Finds and loads a model of this family.
    pub fn builder(family: &'static dyn Family, model: impl Into<ModelRef>) -> Builder<Self> {
        Builder::new(family, model)
    }

    /// A model around an engine that was made otherwise than by a [`Builder`].
    pub fn from_engine(engine: Engine<Content, Embedding>) -> Self {
        Self { engine }
    }

    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        self.engine.model()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine<Content, Embedding> {
        &self.engine
    }

    /// What the indices of its sparse vectors stand for, where that is known.
    pub fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        self.engine.index_names()
    }

    /// Embeds contents, lazily and in their order. One of a kind that the family does not take gives an error; the
    /// others go on.
    pub fn embed_for<S>(
        &self,
        contents: S,
        purpose: impl Into<Purpose>,
    ) -> Embeddings<'_, S::IntoIter, Content, Embedding>
    where
        S: IntoIterator,
        S::Item: AsRef<Content>,
    {
        self.engine.run(contents, purpose)
    }

    /// Embeds one content, on the calling thread and in one batch.
    ///
    /// # Errors
    /// Content that cannot be embedded, or a run that fails.
    pub fn embed_one(&self, content: &Content, purpose: impl Into<Purpose>) -> Result<Embedding> {
        self.engine.run_one(content, &purpose.into())
    }

    /// What a content uses of the model's window, without a run.
    ///
    /// # Errors
    /// Content that cannot be embedded.
    pub fn usage(&self, content: &Content, purpose: impl Into<Purpose>) -> Result<Usage> {
        self.engine.usage(content, &purpose.into())
    }
}

impl Build for AnyEmbedder {
    fn build(builder: Builder<Self>) -> Result<Self> {
        let family = builder.family;
        Ok(Self { engine: family.engine(builder.load()?)? })
    }
}
