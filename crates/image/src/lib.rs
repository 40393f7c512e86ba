//! Image embeddings, one vector an image, and the image processors beneath them.
//!
//! ```no_run
//! use embedkit_image::{Embedder, ImageEmbedder, ImageEmbedding};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = ImageEmbedding::builder("Qdrant/clip-ViT-B-32-vision").build()?;
//! for vector in model.embed_images(["cat.jpg", "street.png"]) {
//!     assert_eq!(vector?.len(), 512);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Rows with the same `space` as a text model's, such as this one's and `Qdrant/clip-ViT-B-32-text`'s,
//! put images and texts into one vector space: images are searched by text.
//!
//! A [`Processor`] turns an image into the tensor that a model was trained on, with the steps of its
//! `preprocessor_config.json`; its values are those of the Python reference, which decodes and resizes
//! with Pillow, to the bit.
//!
//! PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM and PPM files are read. Files need not be trusted: what decoding takes is
//! known from a file's header, and reserved from a [`MemoryBudget`] before it is done; what is damaged,
//! endless or too large is an error that names it, and the others go on.

mod decode;
mod embedding;
mod memory;
mod open;
#[cfg(feature = "onnx")]
pub mod pipeline;
mod processor;
mod raster;
mod vectorize;

pub use decode::{DecodeOptions, MAX_PIXELS};
pub use embedding::ImageEmbedding;
pub use embedkit_core::{Builder, Embedder, ImageEmbedder, ImageInput};
pub use memory::{MemoryBudget, Reservation};
pub use open::{DecodeImage, from_dynamic_image};
pub use processor::{CONFIG_FILE, Processed, Processor, ProcessorConfig, Resampling, processor_settings};

use embedkit_core::{Architecture, FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "image";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<ImageEmbedding>::FAMILY])
    .architectures(ARCHITECTURES);
embedkit_core::register!(PLUGIN);

const ARCHITECTURES: &[&dyn Architecture] = &[
    #[cfg(feature = "onnx")]
    &pipeline::ImageEncoder,
];
