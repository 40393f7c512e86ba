//! What models are: rows, manifests, and their files.

mod bytes;
mod description;
mod files;
mod graphs;
mod manifest;
mod names_read;
mod parameter_names;
mod source;
mod texts;
#[cfg(feature = "tokenizer")]
mod tokenizer_files;

pub use bytes::FileBytes;
#[cfg(feature = "onnx")]
pub(crate) use bytes::FileVersion;
pub use description::{Activation, FileDigest, ModelDescription, OutputSelector, Padding, Pooling, Quantization};
#[cfg(feature = "tokenizer")]
pub(crate) use files::is_inside;
pub use files::{ModelFiles, join};
pub use graphs::GraphSearch;
pub use manifest::Manifest;
pub(crate) use manifest::check_row;
pub use parameter_names::parameter_names;
pub use source::Source;
