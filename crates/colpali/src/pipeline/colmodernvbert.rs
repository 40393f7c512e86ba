//! `colmodernvbert`: pages cut into tiles, with a view of the whole.

use std::fmt::Write;

use embedkit_core::ImageInput;
use embedkit_core::session::Tensor;
use embedkit_core::tokenizer::{TokenBatch, Tokenizer};
use embedkit_core::{Error, LoadContext, ModelDescription, Result};
use embedkit_image::{Processed, Processor};
use serde::Deserialize;

use super::page_reader::{Inputs, Page, PageReader, Vision};
use super::parameters::Parameters;
use super::patches::{of_tiles, of_view, square_side};

/// `colmodernvbert`: ModernBERT that sees pages as Idefics 3 does (<https://arxiv.org/abs/2408.12637>).
pub static COLMODERNVBERT: PageReader = PageReader::new::<ColModernVbert>("colmodernvbert");

/// The token before every tile, and after the last.
const AROUND: &str = "<fake_token_around_image>";
/// What names the view of the whole page.
const WHOLE: &str = "<global-img>";
/// The token that stands for a patch.
const PATCH: &str = "<image>";

struct ColModernVbert {
    model: String,
    processor: Processor,
    prompt: (String, String),
    image_token_id: u32,
    /// Patches along a tile's side.
    patches: usize,
    /// Pixels along a tile's side.
    size: usize,
}

/// `processor_config.json`.
#[derive(Deserialize)]
#[serde(default)]
struct ProcessorFile {
    image_seq_len: usize,
}

impl Default for ProcessorFile {
    fn default() -> Self {
        Self { image_seq_len: 64 }
    }
}

/// `config.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ModelFile {
    vision_config: VisionConfig,
}

#[derive(Deserialize)]
#[serde(default)]
struct VisionConfig {
    image_size: usize,
}

impl Default for VisionConfig {
    fn default() -> Self {
        Self { image_size: 512 }
    }
}

impl ColModernVbert {
    /// The text that goes with a page.
    fn prompt(&self, (rows, columns): (usize, usize)) -> String {
        let (before, after) = &self.prompt;
        let patches = PATCH.repeat(self.patches * self.patches);
        let mut prompt = before.clone();
        for row in 1..=rows {
            for column in 1..=columns {
                // Writing to a string cannot fail.
                let _ = write!(prompt, "{AROUND}<row_{row}_col_{column}>{patches}");
            }
            prompt.push('\n');
        }
        if rows > 0 {
            prompt.push('\n');
        }
        prompt + &format!("{AROUND}{WHOLE}{patches}{AROUND}{after}")
    }

    /// A tile's shape.
    fn tile(&self) -> [usize; 3] {
        [3, self.size, self.size]
    }
}

/// Pixels of `tiles` tiles a page, of which as many as `real` says are the page's own and the others blank, and which
/// pixels those are.
fn inputs([channels, height, width]: [usize; 3], tiles: usize, values: Vec<f32>, real: &[usize]) -> Inputs {
    let own = real.iter().flat_map(|own| (0..tiles).map(move |tile| i64::from(tile < *own)));
    let mask: Vec<i64> = own.flat_map(|own| std::iter::repeat_n(own, height * width)).collect();
    vec![
        ("pixel_values", Tensor::floats([real.len(), tiles, channels, height, width], values)),
        ("pixel_attention_mask", Tensor::integers([real.len(), tiles, height, width], mask)),
    ]
}

impl Vision for ColModernVbert {
    type Pixels = Processed;

    const SEEN_BY: &'static [&'static str] = &["pixel_values"];

    fn check(parameters: &Parameters, model: &ModelDescription) -> Result<()> {
        parameters.image_prompt(model).map(drop)
    }

    fn load(parameters: &Parameters, context: &LoadContext, tokenizer: &Tokenizer) -> Result<Self> {
        const PROCESSOR: &str = "processor_config.json";
        let files = &context.files;
        let processor: ProcessorFile = files.optional_json(PROCESSOR)?.unwrap_or_default();
        let config: ModelFile = files.optional_json("config.json")?.unwrap_or_default();
        let tokens = processor.image_seq_len;
        let no_square = || format!("`image_seq_len` is {tokens}, which makes no square of patches");
        let no_token = || format!("the vocabulary has no {PATCH}, which stands for a page's patch");
        Ok(Self {
            model: context.model.id.clone(),
            processor: Processor::load(files)?.decode_options(parameters.decode_options()),
            prompt: parameters.image_prompt(&context.model)?,
            image_token_id: tokenizer.id(PATCH).ok_or_else(|| Error::file(tokenizer.path(), no_token()))?,
            patches: square_side(tokens).ok_or_else(|| Error::file(files.label(PROCESSOR), no_square()))?,
            size: config.vision_config.image_size,
        })
    }

    fn read_page(&self, image: &ImageInput, tokenizer: &Tokenizer) -> Result<Page<Processed>> {
        let pixels = self.processor.process(image)?;
        let (rows, columns) = pixels.grid();
        let [tiles, shape @ ..] = pixels.shape();
        if shape != self.tile() || tiles != rows * columns + 1 {
            let expected = self.tile();
            let message = format!(
                "its processor gives {tiles} tiles {shape:?} in a grid of {rows} x {columns}, and should give one \
                 more than the grid has, {expected:?} each"
            );
            return Err(Error::model(&self.model, message));
        }
        let whole = (rows > 0).then_some(tiles - 1);
        let patches = of_tiles(rows, columns, self.patches).chain(of_view(self.patches, self.patches, whole));
        let encoding = tokenizer.encode(&self.prompt((rows, columns)))?;
        Page::new(pixels, encoding, patches.collect(), self.image_token_id)
    }

    fn image_token_id(&self) -> u32 {
        self.image_token_id
    }

    fn bytes(&self, pixels: &Processed) -> usize {
        pixels.bytes()
    }

    fn page_inputs(&self, pages: &[&Processed], _: &TokenBatch) -> Inputs {
        let tiles = pages.iter().map(|page| page.shape()[0]).max().unwrap_or(0);
        let per_page = tiles * self.tile().iter().product::<usize>();
        let mut values = Vec::with_capacity(pages.len() * per_page);
        for (at, page) in pages.iter().enumerate() {
            page.append_to(&mut values);
            // Pages with fewer tiles have blank ones behind.
            values.resize((at + 1) * per_page, 0.0);
        }
        let real: Vec<usize> = pages.iter().map(|page| page.shape()[0]).collect();
        inputs(self.tile(), tiles, values, &real)
    }

    /// One blank tile serves a whole batch.
    fn blank_inputs(&self, _: &TokenBatch) -> Inputs {
        inputs(self.tile(), 1, vec![0.0; self.tile().iter().product()], &[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tiles_that_a_page_lacks_are_masked() {
        let inputs = inputs([3, 1, 2], 2, vec![0.5; 2 * 2 * 3 * 2], &[2, 1]);
        assert_eq!(inputs.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["pixel_values", "pixel_attention_mask"]);
        let expected = Tensor::integers([2, 2, 1, 2], vec![1, 1, 1, 1, 1, 1, 0, 0]);
        assert_eq!(format!("{:?}", inputs[1].1), format!("{expected:?}"));
    }
}
