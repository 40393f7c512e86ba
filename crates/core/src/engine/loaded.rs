//! A loaded model on its way to its family.

use std::path::PathBuf;
use std::sync::Arc;

use super::{AnyPipeline, Engine, EngineOptions};
use crate::{ModelDescription, Result};

/// A loaded model whose input and output types nobody asked for yet.
#[derive(Debug)]
pub struct LoadedModel {
    model: Arc<ModelDescription>,
    pipeline: AnyPipeline,
    options: EngineOptions,
    folder: Option<PathBuf>,
}

impl LoadedModel {
    /// A row with its pipeline, and how it is to be run.
    pub fn new(model: Arc<ModelDescription>, pipeline: AnyPipeline, options: EngineOptions) -> Self {
        Self { model, pipeline, options, folder: None }
    }

    /// Says where its files are. Default: in memory.
    #[must_use]
    pub fn in_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
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
        Ok(Engine::new(self.model, self.pipeline, &self.options)?.in_folder(self.folder))
    }
}
