//! Multi-vectors and late interaction.

mod dispatch;
mod element;
mod explain;
mod kernel;
mod label;
mod muvera;
mod pool;
mod quantize;
mod render;
mod score;
mod value;
mod ward;

pub use element::{Bit, Element};
pub use explain::{Explanation, Match};
pub use label::RowLabel;
pub use muvera::{Muvera, MuveraBuilder};
pub use pool::TokenPooling;
pub use score::{MaxSim, Scored, maxsim, maxsim_batch, top_k_batch};
pub use value::MultiVector;
