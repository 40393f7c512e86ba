//! Dense text embeddings: one vector a text.
//!
//! ```no_run
//! use embedkit_dense::{Embedder, TextEmbedder, TextEmbedding};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = TextEmbedding::builder("BAAI/bge-small-en-v1.5").build()?;
//! for vector in model.embed(["The cat sat on the mat.", "Felines rest on rugs."]) {
//!     assert_eq!(vector?.len(), 384);
//! }
//! let query = model.query_embed(["where do cats sit?"]).next();
//! # Ok(())
//! # }
//! ```
//!
//! Two architectures: `transformer` (feature `onnx`), for every graph that takes token ids and gives
//! token vectors or one vector a text, and `static`, for token tables without a network
//! (model2vec), which needs no ONNX Runtime. The same tables give a vector for every token, for the family
//! `colbert`, whose architecture `static` is registered here.

mod describe;
mod embedding;
pub mod pipeline;

pub use embedding::TextEmbedding;
pub use embedkit_core::{Builder, Embedder, Purpose, Role, TextEmbedder, Usage};

use embedkit_core::{Architecture, FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "dense";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<TextEmbedding>::FAMILY])
    .architectures(ARCHITECTURES);
embedkit_core::register!(PLUGIN);

const ARCHITECTURES: &[&dyn Architecture] = &[
    #[cfg(feature = "onnx")]
    &pipeline::Transformer,
    &pipeline::Static,
    &pipeline::StaticTokens,
];
