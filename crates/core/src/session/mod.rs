//! ONNX Runtime: the one module that touches `ort`.

/// How a graph is run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SessionOptions {}

/// Why ONNX Runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {}
