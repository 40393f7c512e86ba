//! Image embeddings, as users call them.

use embedkit_core::{Embedder, Engine, Error, ModelDescription, ModelFiles, Result};

use crate::processor::WHOLE_CONFIG_FILE;
use crate::{CONFIG_FILE, FAMILY, ImageInput};

/// A loaded image model: one vector an image, `[dim]`. Shared between threads by reference or `Arc`.
///
/// Its methods are those of [`Embedder`] and [`ImageEmbedder`](embedkit_core::ImageEmbedder).
#[derive(Debug)]
pub struct ImageEmbedding {
    engine: Engine<ImageInput, Vec<f32>>,
}

/// Where exports put the graph, best first.
const GRAPHS: [&str; 4] = ["model.onnx", "onnx/model.onnx", "onnx/vision_model.onnx", "vision_model.onnx"];

impl Embedder for ImageEmbedding {
    const FAMILY: &'static str = FAMILY;
    type Input = ImageInput;
    type Output = Vec<f32>;

    /// A folder with a graph and a `preprocessor_config.json` or `processor_config.json`: the graph's first
    /// output, normalised.
    /// Models that want another output, or the first patch's vector, need a row.
    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        let id = files.root().and_then(|root| root.file_name()?.to_str()).unwrap_or("model");
        let graph = GRAPHS.iter().find(|graph| files.has(graph)).ok_or_else(|| Error::MissingFile {
            path: files.label(GRAPHS[0]),
            needed_for: format!("an image model's folder has one of {} and {CONFIG_FILE}", GRAPHS.join(", ")),
        })?;
        let mut model = ModelDescription::new(id, FAMILY, "image-encoder");
        model.model_file = (*graph).to_owned();
        model.config_files = [CONFIG_FILE, WHOLE_CONFIG_FILE].map(str::to_owned).to_vec();
        model.normalize = true;
        Ok(model)
    }

    fn from_engine(engine: Engine<ImageInput, Vec<f32>>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<ImageInput, Vec<f32>> {
        &self.engine
    }
}
