//! A family of models: what goes in, what comes out, and how a folder describes itself.

use crate::{
    Content, ContentKind, Embedding, EmbeddingKind, Engine, LoadedModel, ModelDescription, ModelFiles, Result,
};

/// A family, as the registry knows it: programs ask it instead of naming families themselves.
///
/// Every [`Embedder`](crate::Embedder) is one, by [`FamilyOf`](crate::FamilyOf).
pub trait Family: Send + Sync + 'static {
    /// The family's name, as rows have it.
    fn name(&self) -> &'static str;

    /// The kinds of content that its models take.
    fn inputs(&self) -> &'static [ContentKind];

    /// The kind of embedding that its models give.
    fn output(&self) -> EmbeddingKind;

    /// What sentence-transformers, and libraries on top of it, state as the `model_type` of folders that are of this family.
    /// Default: nothing, and a folder may state whatever it wants.
    fn model_types(&self) -> &'static [&'static str] {
        &[]
    }

    /// Describes a model folder that no row describes.
    ///
    /// # Errors
    /// A folder that is not of this family, or does not say enough.
    fn describe(&self, files: &ModelFiles) -> Result<ModelDescription>;

    /// Describes a model folder of whose results the caller says something. Default: as [`describe`](Self::describe).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    fn describe_graph(&self, files: &ModelFiles) -> Result<ModelDescription> {
        self.describe(files)
    }

    /// Whether a folder shows that it is of this family, so that nobody need say so. A description alone may take any
    /// graph for its own.
    fn recognizes(&self, files: &ModelFiles) -> bool {
        self.describe(files).is_ok()
    }

    /// An engine that takes and gives what all families have in common.
    ///
    /// # Errors
    /// A model of another family.
    fn engine(&self, model: LoadedModel) -> Result<Engine<Content, Embedding>>;
}
