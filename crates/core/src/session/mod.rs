//! ONNX Runtime: the one module that touches `ort`.

pub mod runtime;

pub use runtime::{Runtime, RuntimeError, RuntimeOptions, RuntimeOrigin, runtime};

/// How a graph is run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SessionOptions {}
