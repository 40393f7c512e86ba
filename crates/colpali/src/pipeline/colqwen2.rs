//! `colqwen2`: Qwen2-VL on pages of their own size.

use embedkit_core::ImageInput;
use embedkit_core::session::Tensor;
use embedkit_core::tokenizer::{TokenBatch, Tokenizer};
use embedkit_core::{Error, LoadContext, ModelDescription, Result};

use super::page_reader::{Inputs, Page, PageReader, Vision};
use super::parameters::Parameters;
use super::patches::of_view;
use super::patchify::{Patcher, Patches};

/// `colqwen2`: a page keeps its aspect ratio and has as many patches as it needs
/// (<https://arxiv.org/abs/2409.12191>).
pub static COLQWEN2: PageReader = PageReader::new::<ColQwen2>("colqwen2");

/// The token that stands for a square of merged patches.
const PATCH: &str = "<|image_pad|>";

struct ColQwen2 {
    patcher: Patcher,
    prompt: (String, String),
    image_token_id: u32,
    pad_patches: bool,
}

impl ColQwen2 {
    /// Rows and columns of a page's tokens.
    fn tokens(&self, page: &Patches) -> [usize; 2] {
        page.grid.map(|side| side / self.patcher.merge_size())
    }

    fn inputs(&self, pages: &[&Patches], batch: &TokenBatch, positions: Vec<i64>) -> Inputs {
        let width = self.patcher.width();
        let longest = pages.iter().map(|page| page.values.len()).max().unwrap_or(0);
        let mut values = Vec::new();
        for (at, page) in pages.iter().enumerate() {
            values.extend_from_slice(&page.values);
            if self.pad_patches {
                values.resize((at + 1) * longest, 0.0);
            }
        }
        let pixels = match self.pad_patches {
            true => Tensor::floats([pages.len(), longest / width, width], values),
            false => Tensor::floats([values.len() / width, width], values),
        };
        let grids: Vec<i64> = pages.iter().flat_map(|page| [1, page.grid[0] as i64, page.grid[1] as i64]).collect();
        vec![
            ("pixel_values", pixels),
            ("image_grid_thw", Tensor::integers([pages.len(), 3], grids)),
            ("position_ids", Tensor::integers([3, batch.rows, batch.length], positions)),
        ]
    }
}

impl Vision for ColQwen2 {
    type Pixels = Patches;

    const SEEN_BY: &'static [&'static str] = &["pixel_values", "image_grid_thw"];

    fn check(parameters: &Parameters, model: &ModelDescription) -> Result<()> {
        parameters.image_prompt(model).map(drop)
    }

    fn load(parameters: &Parameters, context: &LoadContext, tokenizer: &Tokenizer) -> Result<Self> {
        let no_token = || format!("the vocabulary has no {PATCH}, which stands for a page's patches");
        Ok(Self {
            patcher: Patcher::load(&context.files)?.decode_options(parameters.decode_options()),
            prompt: parameters.image_prompt(&context.model)?,
            image_token_id: tokenizer.id(PATCH).ok_or_else(|| Error::file(tokenizer.path(), no_token()))?,
            pad_patches: parameters.pad_patches,
        })
    }

    fn read_page(&self, image: &ImageInput, tokenizer: &Tokenizer) -> Result<Page<Patches>> {
        let pixels = self.patcher.patches(image)?;
        let [rows, columns] = self.tokens(&pixels);
        let (before, after) = &self.prompt;
        let encoding = tokenizer.encode(&format!("{before}{}{after}", PATCH.repeat(rows * columns)))?;
        Page::new(pixels, encoding, of_view(rows, columns, None).collect(), self.image_token_id)
    }

    fn image_token_id(&self) -> u32 {
        self.image_token_id
    }

    fn bytes(&self, pixels: &Patches) -> usize {
        size_of_val(pixels.values.as_slice())
    }

    fn page_inputs(&self, pages: &[&Patches], batch: &TokenBatch) -> Inputs {
        let image_token = i64::from(self.image_token_id);
        let grids: Vec<[usize; 2]> = pages.iter().map(|page| self.tokens(page)).collect();
        self.inputs(pages, batch, positions(batch, |row, id| (id == image_token).then_some(grids[row])))
    }

    fn blank_inputs(&self, batch: &TokenBatch) -> Inputs {
        self.inputs(&[&self.patcher.blank()], batch, positions(batch, |_, _| None))
    }
}

/// The rotary positions of a batch, `[3, rows, length]`: time, height and width. Text counts on in all
/// three; a page stands still at one time, spreads over height and width, and is followed by what
/// comes after the largest of these (section 2.1 of the paper). Padding has 0.
fn positions(batch: &TokenBatch, grid_of: impl Fn(usize, i64) -> Option<[usize; 2]>) -> Vec<i64> {
    let mut axes = [(); 3].map(|()| vec![0; batch.ids.len()]);
    for row in 0..batch.rows {
        let (mut next, mut seen) = (0, 0);
        for (cell, (&id, _)) in
            batch.row_ids(row).iter().zip(batch.row_mask(row)).enumerate().filter(|(_, kept)| *kept.1 != 0)
        {
            let place = match grid_of(row, id) {
                Some([rows, columns]) => {
                    let (at, start) = (seen, next);
                    seen += 1;
                    if seen == rows * columns {
                        next += rows.max(columns) as i64;
                    }
                    [start, start + (at / columns) as i64, start + (at % columns) as i64]
                }
                None => {
                    next += 1;
                    [next - 1; 3]
                }
            };
            for (axis, position) in axes.iter_mut().zip(place) {
                axis[row * batch.length + cell] = position;
            }
        }
    }
    axes.concat()
}
