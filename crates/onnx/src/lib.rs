//! ONNX files without a runtime: where a graph's weights lie, which files it names, which operators it runs, and 8-bit weights
//! in the place of 32-bit ones.
//!
//! ```
//! use embedkit_onnx::{Error, Quantized, quantize};
//!
//! // A graph that holds nothing has nothing to quantise; one with products gives a graph a quarter as large.
//! let no_files = |name: &str| Err(format!("{name} is not there").into());
//! let quantized: Result<Quantized, Error> = quantize(&[], no_files);
//! assert!(quantized.is_err());
//! ```
//!
//! [`OnnxFile::read`] parts a graph's structure from its weights without touching these, so that a mapped file stays on the
//! disk. [`quantize`](fn@quantize) does what ONNX Runtime's `quantize_dynamic` does with signed weights by channel, without Python.

mod data_type;
mod error;
mod external_data;
mod header;
mod inline;
mod operators;
mod quantize;
mod structure;
mod visit;
mod weight;
mod wire;

pub use data_type::DataType;
pub use error::{Error, Result};
pub use external_data::external_files;
pub use inline::inline_external_data;
pub use operators::operators;
pub use quantize::{Quantized, quantize};
pub use structure::OnnxFile;
pub use weight::Weight;
pub use wire::NotUnderstood;
