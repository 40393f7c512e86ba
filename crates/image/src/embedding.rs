//! Image embeddings, as users call them.

use std::iter::Map;

use embedkit_core::{Embedder, Embeddings, Engine, GraphSearch, ModelDescription, ModelFiles, Purpose, Result, Usage};

use crate::{CONFIG_FILE, FAMILY, ImageInput};

/// A loaded image model. Shared between threads by reference or `Arc`.
#[derive(Debug)]
pub struct ImageEmbedding {
    engine: Engine<ImageInput, Vec<f32>>,
}

/// Inputs on their way to pictures.
pub type Pictures<S> = Map<<S as IntoIterator>::IntoIter, fn(<S as IntoIterator>::Item) -> ImageInput>;

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

    /// What an image costs the model, without a run: patches of 32 × 32 pixels.
    ///
    /// # Errors
    /// An image that cannot be decoded.
    pub fn usage(&self, image: impl Into<ImageInput>) -> Result<Usage> {
        self.engine.usage(&image.into(), &Purpose::default())
    }
}

/// What exports call the graph, best first: that of a model of images and texts lies beside the texts'.
const GRAPHS: [&str; 2] = ["model.onnx", "vision_model.onnx"];

impl Embedder for ImageEmbedding {
    const FAMILY: &'static str = FAMILY;
    type Input = ImageInput;
    type Output = Vec<f32>;

    /// A folder with a graph and a `preprocessor_config.json`: the graph's first output, normalised.
    /// Models that want another output, or the first patch's vector, need a row.
    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        let mut model = ModelDescription::new(files.name(), FAMILY, "image-encoder");
        model.model_file = files.find_graph(&GraphSearch::new("image-feature-extraction").preferring(&GRAPHS))?;
        model.config_files = vec![CONFIG_FILE.to_owned()];
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
