//! Multi-vectors and late interaction.

mod dispatch;
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
mod render;
mod score;
#[cfg(test)]
mod tests;
mod value;
mod ward;

pub use element::{Bit, Element};
pub use explain::{Explanation, Match};
#[cfg(feature = "interchange")]
pub use interchange::{read_npz, read_safetensors, write_npz, write_safetensors};
pub use label::RowLabel;
pub use muvera::{Muvera, MuveraBuilder};
pub use pool::TokenPooling;
pub use score::{MaxSim, maxsim, maxsim_batch, top_k_batch};
pub use value::MultiVector;
