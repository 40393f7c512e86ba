//! ONNX Runtime: the one module that touches `ort`.

mod onnx_file;
mod open;
mod options;
mod pool;
mod provider;
mod queue;
mod roster;
pub mod runtime;
mod tensor;
mod text_graph;
mod weights;

pub use options::{Optimization, ProviderChoice, SessionOptions, usable_cores};
pub use pool::{Outputs, SessionPool};
pub use provider::Provider;
pub use runtime::{Runtime, RuntimeError, RuntimeOptions, RuntimeOrigin, runtime};
pub use tensor::{Output, Precision, Tensor};
pub use text_graph::TextGraph;
