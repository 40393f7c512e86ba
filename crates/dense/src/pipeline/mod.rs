//! The architectures: from texts to vectors.

#[cfg(feature = "onnx")]
mod pooling;
mod static_model;
mod static_table;
mod static_tokens;
mod token_table;
#[cfg(feature = "onnx")]
mod transformer;

pub use static_model::Static;
pub use static_tokens::StaticTokens;
#[cfg(feature = "onnx")]
pub use transformer::Transformer;
