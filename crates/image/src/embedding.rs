//! The facade: pictures in, vectors out.

use std::iter::Map;

use embedkit_core::{Embeddings, Engine, Error, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Result};

use crate::processor::WHOLE_CONFIG_FILE;
use crate::{CONFIG_FILE, FAMILY, ImageInput};

/// A loaded image model. Shared between threads by reference or `Arc`.
#[derive(Debug)]
pub struct ImageEmbedding {
    engine: Engine<ImageInput, Vec<f32>>,
}

/// Inputs on their way to pictures.
pub type Pictures<S> = Map<<S as IntoIterator>::IntoIter, fn(<S as IntoIterator>::Item) -> ImageInput>;

embedkit_core::facade!(ImageEmbedding);

impl ImageEmbedding {
    /// Vectors of pictures, lazily and in their order; each `[dim]`. Takes paths, the bytes of files
    /// and whatever else an [`ImageInput`] is made from. Pictures are decoded ahead of the model's
    /// runs, on all cores; one that cannot be decoded gives its error, and the others go on.
    pub fn embed<S>(&self, pictures: S) -> Embeddings<'_, Pictures<S>, ImageInput, Vec<f32>>
    where
        S: IntoIterator,
        S::Item: Into<ImageInput>,
    {
        let pictures: Pictures<S> = pictures.into_iter().map(Into::into);
        self.engine.run(pictures, Purpose::default())
    }

    /// The vector of one picture, `[dim]`.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or a run that fails.
    pub fn embed_one(&self, picture: impl Into<ImageInput>) -> Result<Vec<f32>> {
        self.engine.run_one(&picture.into(), &Purpose::default())
    }
}

/// Where exports put the graph, best first.
const GRAPHS: [&str; 4] = ["model.onnx", "onnx/model.onnx", "onnx/vision_model.onnx", "vision_model.onnx"];

impl Facade for ImageEmbedding {
    const FAMILY: &'static str = FAMILY;

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

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        Ok(Self { engine: loaded.engine()? })
    }
}
