//! Late-interaction text embeddings: one vector a token.
//!
//! Queries and documents become a [`MultiVector`] each, `[tokens, dim]`, and are compared token by
//! token (ColBERT, <https://arxiv.org/abs/2004.12832>): the score of a document is the sum, over
//! the query's rows, of the best dot product with any of the document's.
//!
//! ```no_run
//! use embedkit_colbert::{Embedder, LateInteractionTextEmbedding, TextEmbedder};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = LateInteractionTextEmbedding::builder("answerdotai/answerai-colbert-small-v1").build()?;
//! for document in model.embed(["The cat sat on the mat.", "Rivers flow to the sea."]) {
//!     assert_eq!(document?.dim(), 96);
//! }
//! for query in model.query_embed(["where do cats sit?"]) {
//!     assert_eq!(query?.len(), 32);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Two architectures, `colbert` and `token-embeddings`, are one pipeline: what sets models apart
//! (markers, query expansion, which rows are left out, normalisation, projection) stands in the
//! row's `parameters`, see [`pipeline`]. A folder that PyLate or sentence-transformers saved describes itself:
//! `LateInteractionTextEmbedding::builder(Path::new(…))`.

mod describe;
mod embedding;
pub mod pipeline;

pub use embedding::{LateInteractionTextEmbedding, extended_tokens};
pub use embedkit_core::{Builder, Embedder, Purpose, Role, TextEmbedder, Usage};
pub use embedkit_vector::multivector::{MultiVector, RowLabel};

use embedkit_core::{FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "colbert";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<LateInteractionTextEmbedding>::FAMILY])
    .architectures(&[&pipeline::COLBERT, &pipeline::TOKEN_EMBEDDINGS]);
embedkit_core::register!(PLUGIN);
