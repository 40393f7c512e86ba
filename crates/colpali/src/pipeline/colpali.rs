//! `colpali`: PaliGemma on whole pages of one size.

use embedkit_core::ImageInput;
use embedkit_core::session::Tensor;
use embedkit_core::tokenizer::{Encoding, TokenBatch, Tokenizer};
use embedkit_core::{Error, LoadContext, ModelDescription, Result};
use embedkit_image::{Processed, Processor};

use super::page_reader::{Inputs, Page, PageReader, Vision};
use super::parameters::{Parameters, required};
use super::patches::{of_view, square_side};

/// `colpali`: a page is squeezed into a square, and seen as a square of patches.
pub static COLPALI: PageReader = PageReader::new::<ColPali>("colpali");

struct ColPali {
    model: String,
    processor: Processor,
    layout: Layout,
    /// The text of every page: its image tokens and what follows them.
    encoding: Encoding,
}

/// What the row says of pages.
struct Layout {
    /// Pixels along a side.
    size: usize,
    /// Patches along a side.
    patches: usize,
    image_token_id: u32,
}

impl Layout {
    fn of(parameters: &Parameters, model: &ModelDescription) -> Result<Self> {
        let tokens = required(parameters.image_tokens, "image-tokens", model)?;
        let wrong = || Error::manifest(&model.id, format!("`image-tokens` are {tokens}, which make no square"));
        Ok(Self {
            size: required(parameters.image_size, "image-size", model)?,
            patches: square_side(tokens).ok_or_else(wrong)?,
            image_token_id: required(parameters.image_token_id, "image-token-id", model)?,
        })
    }

    /// The shape of one image.
    fn shape(&self) -> [usize; 4] {
        [1, 3, self.size, self.size]
    }
}

impl ColPali {
    fn inputs(&self, rows: usize, values: Vec<f32>) -> Inputs {
        let [_, channels, height, width] = self.layout.shape();
        vec![("pixel_values", Tensor::floats([rows, channels, height, width], values))]
    }
}

impl Vision for ColPali {
    type Pixels = Processed;

    const SEEN_BY: &'static [&'static str] = &["pixel_values"];

    fn check(parameters: &Parameters, model: &ModelDescription) -> Result<()> {
        Layout::of(parameters, model).map(drop)
    }

    fn load(parameters: &Parameters, context: &LoadContext, _: &Tokenizer) -> Result<Self> {
        let layout = Layout::of(parameters, &context.model)?;
        let mut encoding = Encoding::default();
        encoding.ids = vec![layout.image_token_id; layout.patches * layout.patches];
        encoding.ids.extend(&parameters.image_prompt_ids);
        encoding.type_ids = vec![0; encoding.ids.len()];
        let processor = Processor::load(&context.files)?.decode_options(parameters.decode_options());
        Ok(Self { model: context.model.id.clone(), processor, layout, encoding })
    }

    fn read_page(&self, image: &ImageInput, _: &Tokenizer) -> Result<Page<Processed>> {
        let pixels = self.processor.process(image)?;
        if pixels.shape() != self.layout.shape() {
            let (shape, expected) = (pixels.shape(), self.layout.shape());
            let message = format!("its processor gives pixels {shape:?}, and its `image-size` wants {expected:?}");
            return Err(Error::model(&self.model, message));
        }
        let side = self.layout.patches;
        Page::new(pixels, self.encoding.clone(), of_view(side, side, None).collect(), self.layout.image_token_id)
    }

    fn image_token_id(&self) -> u32 {
        self.layout.image_token_id
    }

    fn bytes(&self, pixels: &Processed) -> usize {
        pixels.bytes()
    }

    fn page_inputs(&self, pages: &[&Processed], _: &TokenBatch) -> Inputs {
        self.inputs(pages.len(), Processed::batch(pages))
    }

    /// A blank page for every text.
    fn blank_inputs(&self, batch: &TokenBatch) -> Inputs {
        self.inputs(batch.rows, vec![0.0; batch.rows * self.layout.shape().iter().product::<usize>()])
    }
}
