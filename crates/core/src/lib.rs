//! What every embedkit family shares; it knows no family.

pub mod builder;
pub mod engine;
mod error;
mod facade;
#[cfg(all(fuzzing, feature = "hub", feature = "runtime-install"))]
pub mod fuzzing;
#[cfg(feature = "hub")]
pub mod hub;
mod index_names;
pub mod model;
pub mod multivector;
pub mod pipeline;
#[cfg(feature = "onnx")]
pub mod session;
mod sparse_vector;
#[cfg(feature = "tokenizer")]
pub mod tokenizer;
#[cfg(feature = "onnx")]
pub mod tuning;
pub mod vector;

pub use builder::{Builder, Facade, Loaded};
pub use engine::{Batching, CancelToken, Embeddings, Engine, EngineOptions, Progress};
pub use error::{BoxError, Error, Result};
pub use index_names::IndexNames;
pub use model::{
    Activation, Architecture, FileBytes, Filter, Manifest, ModelDescription, ModelFiles, OutputSelector, Padding,
    Plugin, Pooling, Quantization, Registry, Source,
};
pub use pipeline::{AnyPipeline, LoadContext, Pipeline, Prepared, Purpose, Role, Stage, Usage};
pub use sparse_vector::SparseVector;

/// What [`register!`] expands to needs; not for direct use.
#[doc(hidden)]
pub mod private {
    pub use inventory;
}
