//! The family behind a public type.

use std::marker::PhantomData;

use super::{Embedder, model_type};
use crate::{
    Content, ContentKind, Embedding, EmbeddingKind, Engine, Family, FromContent, IntoEmbedding, LoadedModel,
    ModelDescription, ModelFiles, Result,
};

/// The [`Family`] that an [`Embedder`] is the public face of.
pub struct FamilyOf<E>(PhantomData<fn() -> E>);

impl<E: Embedder> FamilyOf<E> {
    /// The family, for a [`Plugin`](crate::Plugin).
    pub const FAMILY: &'static dyn Family = &Self(PhantomData);
}

impl<E: Embedder> Family for FamilyOf<E> {
    fn name(&self) -> &'static str {
        E::FAMILY
    }

    fn inputs(&self) -> &'static [ContentKind] {
        E::Input::KINDS
    }

    fn output(&self) -> EmbeddingKind {
        E::Output::KIND
    }

    fn model_types(&self) -> &'static [&'static str] {
        E::MODEL_TYPES
    }

    fn describe(&self, files: &ModelFiles) -> Result<ModelDescription> {
        model_type::check(self, files)?;
        E::describe(files)
    }

    fn describe_graph(&self, files: &ModelFiles) -> Result<ModelDescription> {
        model_type::check(self, files)?;
        E::describe_graph(files)
    }

    fn recognizes(&self, files: &ModelFiles) -> bool {
        model_type::check(self, files).is_ok() && E::recognizes(files)
    }

    fn engine(&self, model: LoadedModel) -> Result<Engine<Content, Embedding>> {
        let engine: Engine<E::Input, E::Output> = model.engine()?;
        Ok(engine.converted(E::Input::from_content, E::Output::into_embedding))
    }
}
