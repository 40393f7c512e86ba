//! What every embedkit family shares; it knows no family.

mod content;
mod embedder;
mod embedding;
pub mod engine;
mod error;
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

pub use content::{Content, ContentKind, FromContent, ImageInput, ImageSource, Pair, Raster};
pub use embedder::{
    AnyEmbedder, Build, Builder, Embedder, FamilyOf, ImageEmbedder, Images, ModelRef, PageEmbedder, TextEmbedder,
};
pub use embedding::{Embedding, EmbeddingKind, IntoEmbedding};
pub use engine::{
    AnyPipeline, Batching, CancelToken, Embeddings, Engine, EngineOptions, LoadedModel, Progress, WithInputs,
    WithInputsAndUsage, WithUsage,
};
pub use error::{BoxError, Cause, Error, ErrorKind, Result};
pub use index_names::{IndexNames, WeightedTerm};
pub use model::{
    Activation, FileBytes, GraphSearch, Manifest, ModelDescription, ModelFiles, OutputSelector, Padding, Pooling,
    Quantization, Source,
};
pub use pipeline::{Direct, Pipeline, Prepared, Stage};
pub use plugin::{Architecture, Family, LoadContext, ModelFilter, ModelOption, Plugin, Registry};
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
