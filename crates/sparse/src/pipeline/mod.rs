//! The architectures: from texts to sparse vectors.

mod bm25;
#[cfg(feature = "onnx")]
mod bm42;
#[cfg(feature = "onnx")]
mod if_splade;
#[cfg(feature = "onnx")]
mod minicoil;
#[cfg(feature = "onnx")]
mod query_table;
#[cfg(feature = "onnx")]
mod splade;
#[cfg(feature = "onnx")]
mod token_model;

pub use bm25::Bm25Terms;
#[cfg(feature = "onnx")]
pub use bm42::Bm42Attention;
#[cfg(feature = "onnx")]
pub use if_splade::InferenceFreeSplade;
#[cfg(feature = "onnx")]
pub use minicoil::MiniCoilWords;
#[cfg(feature = "onnx")]
pub use splade::Splade;
