//! What every embedkit family shares; it knows no family.
//!
//! Users take the crate `embedkit`, which has this one's names for users at its root and those for authors of plug-ins in
//! `embedkit::plugin`. Where to start reading: `embedder/mod.rs`, `text_model.rs`, `engine/mod.rs`.
//!
//! An engine over the smallest model there can be:
//!
//! ```
//! use embedkit_core::{AnyPipeline, Direct, Engine, EngineOptions, ModelDescription, Purpose, Result, Role, Usage};
//!
//! struct Lengths;
//!
//! impl Direct for Lengths {
//!     type Input = str;
//!     type Output = Vec<f32>;
//!
//!     fn embed(&self, text: &str, _: &Purpose) -> Result<(Vec<f32>, Usage)> {
//!         Ok((vec![text.len() as f32], Usage::default()))
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let row = ModelDescription::new("my/lengths", "dense", "lengths");
//! let options = EngineOptions::default();
//! let engine: Engine<str, Vec<f32>> = Engine::new(row.into(), AnyPipeline::direct(Lengths), &options)?;
//! let vectors: Vec<Vec<f32>> = engine.run(["a", "bc"], Role::Plain).collect::<Result<_>>()?;
//! assert_eq!(vectors, [[1.0], [2.0]]);
//! # Ok(())
//! # }
//! ```

mod content;
pub mod digest;
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
pub mod python_numbers;
#[cfg(feature = "tokenizer")]
pub mod sentence_transformers;
#[cfg(feature = "onnx")]
pub mod session;
#[cfg(feature = "onnx")]
mod text_model;
mod toml_text;
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
pub use embedkit_vector::PerProcess;
pub use engine::{
    AnyPipeline, Batch, BatchBounds, Batching, CancelToken, Embeddings, Engine, EngineOptions, LoadedModel, Progress,
    WithInputs, WithInputsAndUsage, WithUsage,
};
pub use error::{BoxError, Cause, Error, ErrorKind, Result};
pub use index_names::{IndexNames, WeightedTerm};
pub use model::{
    Activation, FileBytes, GraphSearch, Manifest, ModelDescription, ModelFiles, OutputSelector, Padding, Pooling,
    Quantization, Source, parameter_names,
};
pub use pipeline::{Direct, Pipeline, Prepared, RowPlaces, Stage};
pub use plugin::{Architecture, Family, LoadContext, ModelFilter, ModelOption, Plugin, Registry, RowField};
pub use purpose::{Purpose, Role, Usage};
#[cfg(feature = "onnx")]
pub use text_model::{TextModel, TextRow};
pub use toml_text::{parse_toml, read_toml_text};
#[cfg(feature = "onnx")]
pub use tuner::{Trial, Tuner};
#[cfg(feature = "onnx")]
pub use tuning::Tuning;

/// What [`register!`] expands to needs; not for direct use.
#[doc(hidden)]
pub mod private {
    pub use inventory;
}
