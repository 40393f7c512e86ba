//! Page-image embeddings, as users call them.

use embedkit_core::{Content, Embedder, Engine, Error, ModelDescription, ModelFiles, Result};
use embedkit_vector::multivector::MultiVector;

use crate::FAMILY;

/// A loaded model of pages and texts: one multi-vector each, `[rows, dim]`, in one space. Shared between threads by
/// reference or `Arc`.
///
/// A page has a row for each patch and, where the model has them, for each token of the text that goes with a page; a
/// text has a row for each token. Its methods are those of [`Embedder`],
/// [`ImageEmbedder`](embedkit_core::ImageEmbedder) for pages, and [`PageEmbedder`](embedkit_core::PageEmbedder).
#[derive(Debug)]
pub struct LateInteractionMultimodalEmbedding {
    engine: Engine<Content, MultiVector>,
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
