//! Multi-vectors and late interaction.

mod element;
mod label;
mod quantize;
mod value;

pub use element::{Bit, Element};
pub use label::RowLabel;
pub use value::MultiVector;
