//! What every embedkit family shares; it knows no family.

mod builder;
mod embedder;
pub mod engine;
mod error;
mod family;
#[cfg(all(fuzzing, feature = "runtime-install"))]
pub mod fuzzing;
#[cfg(feature = "hub")]
pub mod hub;
mod index_names;
mod limits;
pub mod model;
pub mod pipeline;
pub mod plugin;
mod purpose;
#[cfg(feature = "tokenizer")]
pub mod sentence_transformers;
#[cfg(feature = "onnx")]
pub mod session;
#[cfg(feature = "onnx")]
mod text_model;
#[cfg(feature = "onnx")]
mod tuner;
#[cfg(feature = "onnx")]
mod tuning;

#[cfg(feature = "tokenizer")]
pub use embedkit_tokenizer as tokenizer;

pub use builder::{Builder, ModelRef};
pub use embedder::{Embedder, TextEmbedder};
pub use engine::{
    AnyPipeline, Batching, CancelToken, Embeddings, Engine, EngineOptions, LoadedModel, Progress, WithInputs,
    WithInputsAndUsage, WithUsage,
};
pub use error::{BoxError, Error, Result};
pub use family::{Family, FamilyOf};
pub use index_names::IndexNames;
pub use model::{
    Activation, FileBytes, GraphSearch, Manifest, ModelDescription, ModelFiles, OutputSelector, Padding, Pooling,
    Quantization, Source,
};
pub use pipeline::{Direct, Pipeline, Prepared, Stage};
pub use plugin::{Architecture, LoadContext, ModelFilter, ModelOption, Plugin, Registry};
pub use purpose::{Purpose, Role, Usage};
#[cfg(feature = "onnx")]
pub use text_model::{TextModel, TextRow};
#[cfg(feature = "onnx")]
pub use tuner::{Trial, Tuner};
#[cfg(feature = "onnx")]
pub use tuning::Tuning;

/// What [`register!`] expands to needs; not for direct use.
#[doc(hidden)]
pub mod private {
    pub use inventory;
}
