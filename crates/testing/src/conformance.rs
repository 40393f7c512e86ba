//! Which model the suite is run on, and with what.

use std::fmt;
use std::path::PathBuf;

use embedkit_core::{
    AnyEmbedder, Builder, Error, Family, ModelDescription, ModelFiles, ModelRef, Quantization, Registry, Result,
};

use crate::samples::Samples;

/// The suite for one model; a family conforms if a model of each of its architectures does.
///
/// Models are loaded many times and run over a few thousand inputs: take small ones, with random weights.
#[derive(Clone)]
#[must_use]
pub struct Conformance {
    family: &'static dyn Family,
    model: ModelRef,
    folder: Option<PathBuf>,
    files: Option<ModelFiles>,
    registry: Option<Registry>,
    samples: Samples,
    tolerance: f32,
}

impl Conformance {
    /// The suite for a model of a family.
    pub fn new(family: &'static dyn Family, model: impl Into<ModelRef>) -> Self {
        Self {
            family,
            model: model.into(),
            folder: None,
            files: None,
            registry: None,
            samples: Samples::of(family.inputs()),
            tolerance: 1e-5,
        }
    }

    /// Takes the model's files from this folder. Default: where the row or the [`ModelRef`] says.
    pub fn model_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Takes the model's files from memory. Default: where the row or the [`ModelRef`] says.
    pub fn model_files(mut self, files: ModelFiles) -> Self {
        self.files = Some(files);
        self
    }

    /// Looks the model and its architecture up here. Default: [`Registry::global`].
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Tries the model with these inputs. Default: [`Samples::of`] the kinds that the family takes.
    pub fn samples(mut self, samples: Samples) -> Self {
        self.samples = samples;
        self
    }

    /// How far numbers that should be equal may be apart, as a share of their vector's length. Default: 1e-5, which
    /// 32-bit floats keep whatever batch they are computed in; 16-bit ones need 1e-3.
    pub fn tolerance(mut self, tolerance: f32) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The same suite for another row and other files.
    pub(crate) fn of(&self, row: ModelDescription, files: ModelFiles) -> Self {
        Self { model: row.into(), files: Some(files), folder: None, ..self.clone() }
    }

    pub(crate) fn family(&self) -> &'static dyn Family {
        self.family
    }

    pub(crate) fn model(&self) -> &ModelRef {
        &self.model
    }

    pub(crate) fn tolerated(&self) -> f32 {
        self.tolerance
    }

    pub(crate) fn tried(&self) -> &Samples {
        &self.samples
    }

    pub(crate) fn found_in(&self) -> &Registry {
        self.registry.as_ref().unwrap_or_else(|| Registry::global())
    }

    /// A builder of the model. A dynamically quantised one runs each input alone: it promises nothing else.
    pub(crate) fn builder(&self, quantization: Quantization) -> Builder<AnyEmbedder> {
        let builder = AnyEmbedder::builder(self.family, self.model.clone()).registry(self.found_in());
        let builder = match (&self.files, &self.folder) {
            (Some(files), _) => builder.model_files(files.clone()),
            (None, Some(folder)) => builder.model_dir(folder),
            (None, None) => builder,
        };
        builder.batch_invariant(quantization == Quantization::Dynamic)
    }

    /// The files that the model is loaded from; none where they have to be downloaded.
    pub(crate) fn model_files_of(&self, row: &ModelDescription) -> Result<Option<ModelFiles>, Error> {
        let folder = match (&self.folder, &self.model) {
            (Some(folder), _) | (None, ModelRef::Folder(folder)) => Some(folder),
            _ => None,
        };
        match (&self.files, &self.model, folder) {
            (Some(files), _, _) | (None, ModelRef::Files(files), None) => Ok(Some(files.clone())),
            (None, _, Some(folder)) => ModelFiles::folder(folder).map(Some),
            _ if row.required_files().next().is_none() && row.sources.is_empty() => Ok(Some(ModelFiles::none())),
            _ => self.found_in().local_files(row),
        }
    }
}

impl fmt::Debug for Conformance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conformance")
            .field("family", &self.family.name())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
