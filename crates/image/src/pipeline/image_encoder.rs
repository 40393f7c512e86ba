//! `image-encoder`: any graph that takes an image's pixels.

use std::sync::Arc;

use embedkit_core::session::{BadOutput, Output, SessionPool, Tensor};
use embedkit_core::{
    AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Pipeline, Pooling, Prepared, Purpose,
    Result, Usage, parameter_names,
};
use serde::Deserialize;

use crate::{DecodeOptions, FAMILY, ImageInput, Processed, Processor};

/// The `image-encoder` architecture: a graph from pixels, `[rows, 3, height, width]` under its first
/// input's name, to one vector an image or to patch vectors.
///
/// Which output, whether the first patch vector is taken (`pooling = "cls"`) or all values are the
/// vector, and whether it is normalised stands in the row; how pixels are prepared, in
/// `preprocessor_config.json`.
pub struct ImageEncoder;

/// The row's `parameters`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    /// See [`DecodeOptions::max_pixels`].
    max_pixels: Option<u64>,
    /// See [`DecodeOptions::apply_orientation`].
    apply_orientation: bool,
    /// Bytes of a [`MemoryBudget`](crate::MemoryBudget) of the model's own.
    decode_memory: Option<u64>,
}

impl Parameters {
    fn decode_options(&self) -> DecodeOptions {
        DecodeOptions::from_parameters(self.max_pixels, self.apply_orientation, self.decode_memory)
    }
}

impl Architecture for ImageEncoder {
    fn name(&self) -> &'static str {
        "image-encoder"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::Dim, ModelOption::Pooling, ModelOption::Normalize, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        match &model.pooling {
            Pooling::None => {}
            Pooling::Cls => drop(model.require_dim()?),
            other => return Err(Error::manifest(&model.id, format!("`pooling` cannot be {other:?} for images"))),
        }
        model.parameters::<Parameters>().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = context.model.clone();
        let parameters: Parameters = model.parameters()?;
        let processor = Processor::load(&context.files)?.decode_options(parameters.decode_options());
        if processor.makes_tiles() {
            let message = "its processor cuts images into tiles, which an image encoder does not take";
            return Err(Error::model(&model.id, message));
        }
        let sessions = SessionPool::load(&model, &context.files, &context.session)?;
        if sessions.is_open() {
            sessions.output_index(model.output.as_ref())?;
        }
        let dim = context.dim.filter(|dim| Some(*dim) != model.dim);
        Ok(AnyPipeline::new(ImageEncoderPipeline { model, processor, sessions, dim }))
    }
}

struct ImageEncoderPipeline {
    model: Arc<ModelDescription>,
    processor: Processor,
    sessions: SessionPool,
    /// The width to cut to, when it is not the model's own.
    dim: Option<usize>,
}

impl ImageEncoderPipeline {
    /// Runs images of one shape.
    fn run_equal(&self, images: &[&Processed]) -> Result<Vec<Result<Vec<f32>>>> {
        let Some(first) = images.first() else { return Ok(Vec::new()) };
        let [_, channels, height, width] = first.shape();
        let values = Processed::batch(images);
        let pixels = Tensor::floats([images.len(), channels, height, width], values);
        let input = self.sessions.inputs()?.next().unwrap_or_default().to_owned();
        let index = self.sessions.output_index(self.model.output.as_ref())?;
        let cost = patches(first) * images.len();
        self.sessions.run(&[(&input, pixels)], cost, |outputs| {
            let output = outputs.get(index, images.len())?;
            Ok((0..images.len())
                .map(|row| self.vector(&output, row).map_err(|what| outputs.wrong(index, what)))
                .collect())
        })
    }

    /// The vector of one row, or what is wrong with it.
    fn vector(&self, output: &Output<'_>, row: usize) -> Result<Vec<f32>, BadOutput> {
        let values = output.row(row);
        let vector = match (&self.model.pooling, self.model.dim) {
            (Pooling::Cls, Some(dim)) if dim > 0 && values.len().is_multiple_of(dim) => values.get(..dim),
            (Pooling::None, Some(dim)) => (dim == values.len()).then_some(values),
            // A vector a patch is not one of the image, and no row says which is meant.
            (Pooling::None, None) => {
                (output.shape.iter().skip(1).filter(|axis| **axis > 1).count() <= 1).then_some(values)
            }
            _ => None,
        };
        let Some(vector) = vector.filter(|vector| !vector.is_empty()) else {
            let expected = match self.model.dim {
                Some(dim) => format!("vectors of {dim} values"),
                None => "vectors".to_owned(),
            };
            return Err(BadOutput::shape(&output.shape, expected));
        };
        let mut vector = vector.to_vec();
        if self.model.normalize {
            embedkit_vector::normalize(&mut vector);
            vector.iter_mut().for_each(|value| *value = output.precision.round(*value));
        }
        BadOutput::check_finite(&vector)?;
        if let Some(dim) = self.dim {
            embedkit_vector::cut(&mut vector, dim);
        }
        Ok(vector)
    }
}

impl Pipeline for ImageEncoderPipeline {
    type Input = ImageInput;
    type Prepared = Processed;
    type Output = Vec<f32>;

    fn prepare(&self, image: &ImageInput, purpose: &Purpose) -> Result<Prepared<Processed, Vec<f32>>> {
        purpose.check_task(&self.model)?;
        let item = self.processor.process(image)?;
        let (length, bytes) = (patches(&item), item.bytes());
        Ok(Prepared::run(item, length, bytes, Usage { tokens: length, truncated: false }))
    }

    fn run(&self, batch: &[&Processed], _: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        let mut results = Vec::with_capacity(batch.len());
        for images in batch.chunk_by(|one, next| one.shape() == next.shape()) {
            results.extend(self.run_equal(images)?);
        }
        Ok(results)
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(&self.sessions)
    }
}

/// What an image costs, as tokens cost a text model: patches of 32 x 32 pixels.
fn patches(image: &Processed) -> usize {
    let [tiles, _, height, width] = image.shape();
    (tiles * height * width).div_ceil(32 * 32)
}
