//! Pictures: their vectors, and what is done to them before a model runs.

use embedkit::Embedder;
use embedkit::ImageEmbedder;
use embedkit::image::DecodeImage;
use std::path::PathBuf;

use bench_protocol::results::Row;
use bench_protocol::{Answer, Config, Failure, Side};
use embedkit::image::{ImageEmbedding, ImageInput, Processor};
use embedkit::{Builder, ModelFiles};

use crate::setting::{gather, set};

/// Most values of a tensor that are kept to be compared; they are spread over all of it.
const KEPT: usize = 4096;

pub(crate) struct Embedding(ImageEmbedding);

pub(crate) fn load(config: &Config) -> Result<Embedding, Failure> {
    let builder: Builder<ImageEmbedding> = ImageEmbedding::builder("Qdrant/clip-ViT-B-32-vision");
    Ok(Embedding(set(builder.model_dir(&config.model_dir), &config.options).build()?))
}

impl Side for Embedding {
    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure> {
        Ok(gather(self.0.embed_images(items.iter().map(PathBuf::from)), Row::from)?)
    }

    fn stream(&mut self, items: &mut (dyn Iterator<Item = String> + Send)) -> Result<usize, Failure> {
        let mut results = 0;
        for vector in self.0.embed_images(items) {
            results += usize::from(!vector?.is_empty());
        }
        Ok(results)
    }
}

/// A processor alone, on one thread.
pub(crate) struct Preprocess {
    processor: Processor,
    /// Whether pictures are opened before time is taken.
    opened: bool,
    pictures: Vec<ImageInput>,
}

pub(crate) fn load_processor(config: &Config, opened: bool) -> Result<Preprocess, Failure> {
    let processor = Processor::load(&ModelFiles::folder(&config.model_dir)?)?;
    Ok(Preprocess { processor, opened, pictures: Vec::new() })
}

impl Side for Preprocess {
    fn ready(&mut self, items: &[String]) -> Result<(), Failure> {
        let picture = |path: &String| {
            let picture = ImageInput::path(path);
            if !self.opened {
                return Ok(picture);
            }
            let (width, height, pixels) = picture.to_rgb()?;
            ImageInput::rgb(width, height, pixels)
        };
        self.pictures = items.iter().map(picture).collect::<embedkit::Result<_>>()?;
        Ok(())
    }

    fn bulk(&mut self, _items: &[String]) -> Result<Answer, Failure> {
        let mut kept: Vec<Vec<f32>> = Vec::new();
        for picture in &self.pictures {
            let tensor = self.processor.process(picture)?.to_values();
            kept.push(tensor.iter().step_by(tensor.len().div_ceil(KEPT).max(1)).copied().collect());
        }
        Ok(Answer::of(kept, Row::from))
    }
}
