//! The architectures: from images to vectors.

mod image_encoder;

pub use image_encoder::ImageEncoder;
