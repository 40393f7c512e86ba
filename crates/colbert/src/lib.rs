//! Late-interaction text embeddings: one vector a token.
//!
//! Queries and documents become a [`MultiVector`] each, `[tokens, dim]`, and are compared token by
//! token (ColBERT, <https://arxiv.org/abs/2004.12832>): the score of a document is the sum, over
//! the query's rows, of the best dot product with any of the document's.
//!
//! ```no_run
//! use embedkit_colbert::LateInteractionTextEmbedding;
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
//! row's `parameters`, see [`pipeline`]. A folder that PyLate saved describes itself:
//! `Builder::<LateInteractionTextEmbedding>::from_folder(…)`.

mod describe;
mod embedding;
pub mod pipeline;

pub use embedding::LateInteractionTextEmbedding;
pub use embedkit_core::{Builder, Purpose, Role, Usage};
pub use embedkit_vector::multivector::{MultiVector, RowLabel};

use embedkit_core::Plugin;

/// The family's name in manifests.
pub const FAMILY: &str = "colbert";

/// This crate's rows and architectures.
pub static PLUGIN: Plugin = Plugin {
    name: env!("CARGO_PKG_NAME"),
    manifest: include_str!("../models.toml"),
    architectures: &[&pipeline::COLBERT, &pipeline::TOKEN_EMBEDDINGS],
    files: &[],
};
embedkit_core::register!(PLUGIN);
