//! A family of models: what goes in, what comes out, and how a folder describes itself.

use std::marker::PhantomData;

use crate::{Embedder, ModelDescription, ModelFiles, Result};

/// A family, as the registry knows it: programs ask it instead of naming families themselves.
///
/// Every [`Embedder`] is one, by [`FamilyOf`].
pub trait Family: Send + Sync + 'static {
    /// The family's name, as rows have it.
    fn name(&self) -> &'static str;

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
}

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

    fn describe(&self, files: &ModelFiles) -> Result<ModelDescription> {
        E::describe(files)
    }

    fn describe_graph(&self, files: &ModelFiles) -> Result<ModelDescription> {
        E::describe_graph(files)
    }
}
