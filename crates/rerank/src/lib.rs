//! Rerankers: relevance scores for query and document pairs.
//!
//! ```no_run
//! use embedkit_rerank::Reranker;
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
pub use embedkit_core::{Activation, Builder};
pub use pair::Pair;

use embedkit_core::Plugin;

/// The family's name in manifests.
pub const FAMILY: &str = "rerank";

/// This crate's rows and architectures.
pub static PLUGIN: Plugin = Plugin {
    name: env!("CARGO_PKG_NAME"),
    manifest: include_str!("../models.toml"),
    architectures: &[&pipeline::CrossEncoder, &pipeline::CausalLm],
    files: &[],
};
embedkit_core::register!(PLUGIN);
