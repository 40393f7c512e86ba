//! Multi-vectors and late interaction: one vector a token or patch, and what can be done with them.
//!
//! * [`MultiVector`] holds the rows, as `f32`, `f16`, `i8` or [`Bit`]s, and what each stands for.
//! * [`MultiVectorView`] is one that lies elsewhere: in a mapped file, or in a larger array.
//! * [`MaxSim`] scores documents for a query, ranks them, and [explains](MaxSim::explain) a score.
//! * [`TokenPooling`], [`prune`](MultiVector::prune), [`to_int8`](MultiVector::to_int8) and
//!   [`to_binary`](MultiVector::to_binary) make documents smaller.
//! * [`Muvera`] turns a multi-vector into one vector that an ordinary index can search.
//! * With serde, rows become JSON in the shape that Qdrant takes; with the feature `interchange`, many documents are
//!   written to one `.npz` or safetensors file, and read from it.

mod bytes;
mod element;
mod explain;
#[cfg(feature = "interchange")]
mod interchange;
mod json;
mod kernel;
mod label;
mod muvera;
mod pool;
mod quantize;
mod score;
#[cfg(test)]
mod tests;
mod threads;
mod value;
mod view;
mod ward;

#[cfg(feature = "interchange")]
pub use crate::file_error::FileError;
pub use element::{Bit, Element};
pub use explain::{Explanation, Match};
#[cfg(feature = "interchange")]
pub use interchange::{read_npz, read_safetensors, write_npz, write_safetensors};
pub use label::RowLabel;
pub use muvera::{Muvera, MuveraBuilder};
pub use pool::TokenPooling;
pub use score::{MaxSim, maxsim, maxsim_batch, top_k_batch};
pub use value::MultiVector;
pub use view::MultiVectorView;
