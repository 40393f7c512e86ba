//! A loaded model on its way to its family.

use std::sync::Arc;

use super::{AnyPipeline, Engine, EngineOptions};
use crate::{ModelDescription, ModelFiles, Result};

/// A loaded model whose input and output types nobody asked for yet.
#[derive(Debug)]
pub struct LoadedModel {
    model: Arc<ModelDescription>,
    pipeline: AnyPipeline,
    options: EngineOptions,
    files: Option<ModelFiles>,
}

impl LoadedModel {
    /// A row with its pipeline, and how it is to be run.
    pub fn new(model: Arc<ModelDescription>, pipeline: AnyPipeline, options: EngineOptions) -> Self {
        Self { model, pipeline, options, files: None }
    }

    /// Says which files it was loaded from. Default: none.
    #[must_use]
    pub fn of_files(mut self, files: ModelFiles) -> Self {
        self.files = Some(files);
        self
    }

    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        &self.model
    }

    /// Whether sessions run the model's graph.
    #[cfg(feature = "onnx")]
    pub fn has_graph(&self) -> bool {
        self.pipeline.has_graph()
    }

    /// The execution provider of its sessions; none without a graph, or as long as none is open.
    #[cfg(feature = "onnx")]
    pub(crate) fn provider(&self) -> Option<crate::session::Provider> {
        self.pipeline.provider()
    }

    /// An engine over the model, for the family's input and output.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) when the architecture's pipeline has other types.
    pub fn engine<I: ?Sized + Sync + 'static, O: Send + 'static>(self) -> Result<Engine<I, O>> {
        Ok(Engine::new(self.model, self.pipeline, &self.options)?.of_files(self.files))
    }
}
