//! A small English static embedding model, its weights compiled in: real semantic embeddings with no
//! network, no download and no native library.
//!
//! The model is a student of all-MiniLM-L6-v2: 29,525 word pieces, 256 dimensions, int8 (Spearman
//! correlation with people on the STS benchmark's test set: 0.754; the teacher's: 0.820). It is a
//! plug-in like anyone's: rows, and files.
//!
//! Its table holds a vector for every token, so that it is a late-interaction model too ([`LATE_MODEL`]): MaxSim,
//! explanations and highlights at the cost of a look-up. The table is in memory once.
//!
//! ```
//! use embedkit_dense::{Embedder, TextEmbedder, TextEmbedding};
//! use embedkit_static_en as _;
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = TextEmbedding::builder("embedkit/static-minilm-en").build()?;
//! let vectors: Vec<Vec<f32>> = model.embed(["a cat", "a kitten", "a tax form"]).collect::<Result<_, _>>()?;
//! let similarity = |a: usize, b: usize| embedkit_vector::dot(&vectors[a], &vectors[b]);
//! assert!(similarity(0, 1) > similarity(0, 2));
//! # Ok(())
//! # }
//! ```

// Links the architectures that the rows need.
use embedkit_dense as _;

use embedkit_core::Plugin;

/// The model's id.
pub const MODEL: &str = "embedkit/static-minilm-en";

/// The id of the same table as a late-interaction model, of the family `colbert`: a vector for every token.
pub const LATE_MODEL: &str = "embedkit/static-late-en";

/// This crate's rows and files.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME")).manifest(include_str!("../models.toml")).files(&[
    ("model.safetensors", include_bytes!("../model/model.safetensors")),
    ("tokenizer.json", include_bytes!("../model/tokenizer.json")),
    ("config.json", include_bytes!("../model/config.json")),
]);
embedkit_core::register!(PLUGIN);
