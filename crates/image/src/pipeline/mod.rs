//! The architectures: from pictures to vectors.

mod image_encoder;

pub use image_encoder::ImageEncoder;
