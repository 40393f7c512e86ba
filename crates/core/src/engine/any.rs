//! A pipeline whose types are hidden until its family asks for them.

use std::any::Any;
use std::sync::Arc;

use super::erased::{Batched, ErasedPipeline, Immediate};
#[cfg(feature = "onnx")]
use crate::session::Provider;
use crate::{Direct, Pipeline};

/// A loaded model's pipeline, whose input and output types only its family knows.
pub struct AnyPipeline {
    /// An `Arc<dyn ErasedPipeline<I, O>>`.
    pipeline: Box<dyn Any + Send + Sync>,
    #[cfg(feature = "onnx")]
    has_graph: bool,
    /// That of its sessions, where they are open.
    #[cfg(feature = "onnx")]
    provider: Option<Provider>,
}

impl AnyPipeline {
    /// Hides the types of a pipeline that runs in batches.
    pub fn new<P: Pipeline>(pipeline: P) -> Self {
        Self::hiding::<P::Input, P::Output>(Arc::new(Batched(Arc::new(pipeline))))
    }

    /// Hides the types of a model that answers at once.
    pub fn direct<D: Direct>(model: D) -> Self {
        Self::hiding::<D::Input, D::Output>(Arc::new(Immediate::new(model)))
    }

    fn hiding<I: ?Sized + 'static, O: 'static>(pipeline: Arc<dyn ErasedPipeline<I, O>>) -> Self {
        Self {
            #[cfg(feature = "onnx")]
            has_graph: pipeline.sessions().is_some(),
            #[cfg(feature = "onnx")]
            provider: pipeline.sessions().filter(|sessions| sessions.is_open()).and_then(|open| open.provider().ok()),
            pipeline: Box::new(pipeline),
        }
    }

    /// Whether sessions run the model's graph.
    #[cfg(feature = "onnx")]
    pub fn has_graph(&self) -> bool {
        self.has_graph
    }

    /// The execution provider of its sessions; none without a graph, or as long as none is open.
    #[cfg(feature = "onnx")]
    pub(super) fn provider(&self) -> Option<Provider> {
        self.provider
    }

    /// The pipeline, if these are its types.
    pub(super) fn downcast<I: ?Sized + 'static, O: 'static>(self) -> Option<Arc<dyn ErasedPipeline<I, O>>> {
        self.pipeline.downcast::<Arc<dyn ErasedPipeline<I, O>>>().ok().map(|pipeline| *pipeline)
    }
}

impl std::fmt::Debug for AnyPipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnyPipeline")
    }
}
