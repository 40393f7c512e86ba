//! Sparse text embeddings: few weights among very many dimensions, one for each term that matters.
//!
//! ```
//! use embedkit_sparse::{Embedder, SparseTextEmbedding, TextEmbedder};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! // BM25 needs no download and no native library.
//! let model = SparseTextEmbedding::builder("Qdrant/bm25").build()?;
//! let documents = ["The cat sat on the mat.", "Dogs bark at night."];
//! let vectors = model.embed(documents).collect::<Result<Vec<_>, _>>()?;
//! let query = model.embed_one("where do cats sit?", embedkit_sparse::Role::Query)?;
//! assert!(vectors[0].dot(&query) > vectors[1].dot(&query));
//! assert_eq!(model.explain("Dogs and dogs", embedkit_sparse::Role::Plain)?[0].term, "dog");
//! # Ok(())
//! # }
//! ```
//!
//! Five architectures: `bm25`, which counts words, and, with the feature `onnx`, `splade`, `if-splade`, `bm42` and
//! `minicoil`. BM25, BM42 and miniCOIL leave inverse document frequencies to the search engine: see
//! [`requires_idf`](embedkit_core::ModelDescription::requires_idf).

pub mod bm25;
mod describe;
mod embedding;
pub mod pipeline;
pub mod scoring;
pub mod text;

pub use embedding::SparseTextEmbedding;
pub use embedkit_core::{Builder, Embedder, IndexNames, Purpose, Role, TextEmbedder, Usage, WeightedTerm};
pub use embedkit_vector::SparseVector;

use embedkit_core::{Architecture, FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "sparse";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<SparseTextEmbedding>::FAMILY])
    .architectures(ARCHITECTURES);
embedkit_core::register!(PLUGIN);

const ARCHITECTURES: &[&dyn Architecture] = &[
    &pipeline::Bm25Terms,
    #[cfg(feature = "onnx")]
    &pipeline::Splade,
    #[cfg(feature = "onnx")]
    &pipeline::InferenceFreeSplade,
    #[cfg(feature = "onnx")]
    &pipeline::Bm42Attention,
    #[cfg(feature = "onnx")]
    &pipeline::MiniCoilWords,
];
