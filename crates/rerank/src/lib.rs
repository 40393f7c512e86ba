//! Rerankers: relevance scores for query and document pairs.
//!
//! ```no_run
//! use embedkit_rerank::{Embedder, Reranker};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = Reranker::builder("Xenova/ms-marco-MiniLM-L-6-v2").build()?;
//! let documents = ["Paris is the capital of France.", "Berlin is in Germany."];
//! let best = model.rank("what is the capital of France?", documents, 1)?;
//! assert_eq!(best[0].index, 0);
//! # Ok(())
//! # }
//! ```
//!
//! Two architectures: `cross-encoder`, a classifier over both texts, and `causal-lm`, a language model
//! that is asked for yes or no.

mod describe;
mod embedding;
mod pair;
pub mod pipeline;

pub use embedding::Reranker;
pub use embedkit_core::{Activation, Builder, Embedder};
pub use pair::Pair;

use embedkit_core::{FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "rerank";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<Reranker>::FAMILY])
    .architectures(&[&pipeline::CrossEncoder, &pipeline::CausalLm]);
embedkit_core::register!(PLUGIN);
