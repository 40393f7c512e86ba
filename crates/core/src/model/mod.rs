//! What models are: rows, manifests, and the registry that finds them.

mod bytes;
mod description;
mod files;
mod manifest;
mod plugin;
mod registry;

pub use bytes::FileBytes;
pub use description::{
    Activation, FileDigest, ModelDescription, OutputSelector, Padding, Pooling, Quantization, Source,
};
pub use files::ModelFiles;
pub use manifest::Manifest;
pub(crate) use manifest::check_row;
pub use plugin::{Architecture, Plugin};
pub use registry::{Filter, Registry};
