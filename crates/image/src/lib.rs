//! Image embeddings and image processors.

mod decode;
mod input;
mod processor;

pub use input::ImageInput;
pub use processor::{CONFIG_FILE, Filter, Processed, Processor, ProcessorConfig};
