//! Multi-vectors and late interaction.

mod dispatch;
mod element;
mod kernel;
mod label;
mod muvera;
mod quantize;
mod score;
mod value;

pub use element::{Bit, Element};
pub use label::RowLabel;
pub use muvera::{Muvera, MuveraBuilder};
pub use score::{MaxSim, Scored, maxsim, maxsim_batch, top_k_batch};
pub use value::MultiVector;
