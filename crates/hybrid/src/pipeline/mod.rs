//! `bge-m3`: a graph from token ids to a dense, a sparse and a multi-vector embedding.
//!
//! What is made of the graph's outputs is what BGE-M3's model card does
//! (<https://huggingface.co/BAAI/bge-m3>, <https://arxiv.org/abs/2402.03216>):
//!
//! | embedding | output | |
//! |---|---|---|
//! | dense | `[batch, dim]` | as it is |
//! | sparse | `[batch, tokens]` or `[batch, tokens, 1]` | each token's largest weight above 0, by token id, without the tokens that frame or pad a text and the unknown one |
//! | multi-vector | `[batch, tokens - 1, dim]`, or `[batch, tokens, dim]` | the rows of a text's tokens but the first |
//!
//! With the row's `normalize`, dense vectors and rows are divided by their length, for graphs that do not.
//!
//! A row's `parameters`, all of which may be left out:
//!
//! | name | meaning |
//! |---|---|
//! | `outputs` | the three outputs in the order above, by position or name; else the graph's first three |
//! | `labels` | whether the rows of multi-vectors are labelled with their tokens |

mod parameters;
mod reading;
mod shared;
mod view;

pub use view::{BgeM3, COLBERT, DENSE, HYBRID, SPARSE};

/// The name that rows use.
pub(crate) const ARCHITECTURE: &str = "bge-m3";
