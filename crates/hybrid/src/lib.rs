//! Models that give a dense, a sparse and a multi-vector embedding in one run.
//!
//! ```no_run
//! use embedkit_hybrid::{Embedder, HybridEmbedding, TextEmbedder};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = HybridEmbedding::builder("gpahal/bge-m3-onnx-int8").build()?;
//! for text in model.embed(["The cat sat on the mat.", "Rivers flow to the sea."]) {
//!     let text = text?;
//!     assert_eq!(text.dense.len(), 1024);
//!     assert_eq!(text.multi_vector.dim(), 1024);
//!     println!("{} tokens have a weight", text.sparse.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! One architecture, `bge-m3`, see [`pipeline`], is registered for four families: `hybrid` gives all three embeddings,
//! and `dense`, `sparse` and `colbert` give one each, through those families' own types and under the same id. However
//! many of them a program builds from the same files and options, the model is loaded once, for as long as one is in use.

mod describe;
mod embedding;
mod output;
pub mod pipeline;

pub use embedding::HybridEmbedding;
pub use embedkit_core::{Builder, Embedder, Purpose, Role, TextEmbedder, Usage};
pub use embedkit_vector::SparseVector;
pub use embedkit_vector::multivector::{MultiVector, RowLabel};
pub use output::HybridOutput;

use embedkit_core::{FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "hybrid";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<HybridEmbedding>::FAMILY])
    .architectures(&[&pipeline::DENSE, &pipeline::SPARSE, &pipeline::COLBERT, &pipeline::HYBRID]);
embedkit_core::register!(PLUGIN);
