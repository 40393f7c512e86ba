//! Code that turns a row and its files into a pipeline.

use std::sync::Arc;

use super::row_field::RowField;
#[cfg(feature = "onnx")]
use crate::session::SessionOptions;
use crate::{AnyPipeline, ModelDescription, ModelFiles, Result};

/// Code that turns a row and its files into a pipeline.
///
/// Implementations are statics without state, named in a [`Plugin`](crate::Plugin).
pub trait Architecture: Send + Sync + 'static {
    /// The name rows use, in kebab case.
    fn name(&self) -> &'static str;

    /// The family whose pipelines this gives.
    fn family(&self) -> &'static str;

    /// Which options of a builder this architecture obeys; the others are refused by name, as are the fields of rows that
    /// they set, and `matryoshka` without [`Dim`](ModelOption::Dim). Default: none.
    fn options(&self) -> &'static [ModelOption] {
        &[]
    }

    /// Which fields of rows it obeys beside; the others are refused by name. Default: none.
    fn fields(&self) -> &'static [RowField] {
        &[]
    }

    /// The names of the `parameters` that its rows may have, as [`parameter_names`](crate::parameter_names) gives them
    /// of its own type; others that a caller sets are refused with the names of the architectures that take them.
    /// Default: none.
    fn parameters(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its models have a file of weights, which a row's `model-file` names. Default: yes.
    fn has_weights(&self) -> bool {
        true
    }

    /// Checks that a row could be loaded, without any file. It asks no [`Registry`](crate::Registry): one may be waiting for
    /// it to take the row.
    ///
    /// # Errors
    /// [`Manifest`](crate::Error::Manifest) when the row lacks a field or has a value that this architecture cannot use.
    fn check(&self, model: &ModelDescription) -> Result<()>;

    /// Loads the model.
    ///
    /// # Errors
    /// A missing or wrong file, a graph that does not fit the row, a runtime that cannot be had.
    fn load(&self, context: &LoadContext) -> Result<AnyPipeline>;
}

/// An option of a [`Builder`](crate::Builder) that changes what a model gives, and that not every architecture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelOption {
    /// [`Builder::max_length`](crate::Builder::max_length).
    MaxLength,
    /// [`Builder::dim`](crate::Builder::dim).
    Dim,
    /// [`Builder::pooling`](crate::Builder::pooling).
    Pooling,
    /// [`Builder::normalize`](crate::Builder::normalize).
    Normalize,
    /// [`Builder::output`](crate::Builder::output).
    Output,
    /// [`Builder::activation`](crate::Builder::activation).
    Activation,
    /// [`Builder::memory_map`](crate::Builder::memory_map).
    MemoryMap,
}

impl ModelOption {
    /// Its name, as errors have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxLength => "max_length",
            Self::Dim => "dim",
            Self::Pooling => "pooling",
            Self::Normalize => "normalize",
            Self::Output => "output",
            Self::Activation => "activation",
            Self::MemoryMap => "memory_map",
        }
    }
}

/// Everything an architecture loads a model from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadContext {
    /// The row, with the caller's overrides applied.
    pub model: Arc<ModelDescription>,
    /// The files.
    pub files: ModelFiles,
    /// How to run the graph. Default: [`SessionOptions::default`].
    #[cfg(feature = "onnx")]
    pub session: SessionOptions,
    /// Width to cut embeddings to (Matryoshka), already checked against the row. Default: the model's own.
    pub dim: Option<usize>,
    /// Whether large tables are mapped from their file instead of read. Default: no.
    pub memory_map: bool,
}

impl LoadContext {
    /// A context with default options.
    pub fn new(model: impl Into<Arc<ModelDescription>>, files: ModelFiles) -> Self {
        Self {
            model: model.into(),
            files,
            #[cfg(feature = "onnx")]
            session: SessionOptions::default(),
            dim: None,
            memory_map: false,
        }
    }

    /// The files of the model's tokenizer, from where the row says.
    ///
    /// # Errors
    /// As [`ModelFiles::tokenizer_files`].
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer_files(&self) -> Result<crate::tokenizer::TokenizerFiles<'_>> {
        self.files.tokenizer_files(&self.model.tokenizer_folder)
    }
}
