//! What becomes of a graph's output: the formulas of each architecture, on slices, for programs that run
//! graphs themselves too.

mod bm42;
mod error;
mod minicoil;
mod pieces;
mod splade;

pub use bm42::{Bm42, first_token_attention};
pub use error::ScoringError;
pub use minicoil::{Encoder, MiniCoil, Vocabulary};
pub use pieces::{Word, join_pieces};
pub use splade::{inference_free_splade, splade, splade_max, splade_sum};
