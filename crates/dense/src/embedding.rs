//! Dense text embeddings, as users call them.

use embedkit_core::{Embedder, Engine, ModelDescription, ModelFiles, Result};

use crate::{FAMILY, describe};

/// A loaded dense text model: one vector a text, `[dim]`. Shared between threads by reference or `Arc`.
///
/// Its methods are those of [`Embedder`] and [`TextEmbedder`](embedkit_core::TextEmbedder).
#[derive(Debug)]
pub struct TextEmbedding {
    engine: Engine<str, Vec<f32>>,
}

impl TextEmbedding {
    /// The model of [`new`](Self::new): the reference's default.
    pub const DEFAULT_MODEL: &'static str = "BAAI/bge-small-en-v1.5";

    /// The [default model](Self::DEFAULT_MODEL), with every option at its default. Its files are downloaded when they are
    /// not in the cache.
    ///
    /// # Errors
    /// As [`Builder::build`](embedkit_core::Builder::build).
    pub fn new() -> Result<Self> {
        Self::builder(Self::DEFAULT_MODEL).build()
    }
}

impl Embedder for TextEmbedding {
    const FAMILY: &'static str = FAMILY;
    const MODEL_TYPES: &'static [&'static str] = &["SentenceTransformer"];
    type Input = str;
    type Output = Vec<f32>;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn describe_graph(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe_graph(files)
    }

    fn from_engine(engine: Engine<str, Vec<f32>>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<str, Vec<f32>> {
        &self.engine
    }
}
