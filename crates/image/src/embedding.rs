//! Image embeddings, as users call them.

use embedkit_core::{Embedder, Engine, GraphSearch, ModelDescription, ModelFiles, Result};

use crate::processor::WHOLE_CONFIG_FILE;
use crate::{CONFIG_FILE, FAMILY, ImageInput};

/// A loaded image model: one vector an image, `[dim]`. Shared between threads by reference or `Arc`.
///
/// Its methods are those of [`Embedder`] and [`ImageEmbedder`](embedkit_core::ImageEmbedder).
#[derive(Debug)]
pub struct ImageEmbedding {
    engine: Engine<ImageInput, Vec<f32>>,
}

/// What exports call the graph, best first: that of a model of images and texts lies beside the texts'.
const GRAPHS: [&str; 2] = ["model.onnx", "vision_model.onnx"];

impl Embedder for ImageEmbedding {
    const FAMILY: &'static str = FAMILY;
    type Input = ImageInput;
    type Output = Vec<f32>;

    /// A folder with a graph and a `preprocessor_config.json` or `processor_config.json`: the graph's first
    /// output, normalised.
    /// Models that want another output, or the first patch's vector, need a row.
    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        let mut model = ModelDescription::new(files.name(), FAMILY, "image-encoder");
        model.model_file = files.find_graph(&GraphSearch::new("image-feature-extraction").preferring(&GRAPHS))?;
        model.config_files = [CONFIG_FILE, WHOLE_CONFIG_FILE].map(str::to_owned).to_vec();
        model.normalize = true;
        Ok(model)
    }

    /// A graph alone could be any model's: what is done with images before says that they are its inputs.
    fn recognizes(files: &ModelFiles) -> bool {
        [CONFIG_FILE, WHOLE_CONFIG_FILE].iter().any(|name| files.has(name)) && Self::describe(files).is_ok()
    }

    fn from_engine(engine: Engine<ImageInput, Vec<f32>>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<ImageInput, Vec<f32>> {
        &self.engine
    }
}
