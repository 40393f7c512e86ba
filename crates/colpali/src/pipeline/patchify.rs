//! Qwen2-VL's patches (<https://arxiv.org/abs/2409.12191>): a page of any size as a list of them.

use embedkit_core::ImageInput;
use embedkit_core::{Error, ModelFiles, Result};
use embedkit_image::{DecodeOptions, Processor, processor_settings};
use serde::Deserialize;

/// The most pixels along a token's side, and frames of a patch; the model has 28 and 2.
const MOST: usize = 256;
/// Channels of an image.
const CHANNELS: usize = 3;

/// Cuts pages into patches, in the order in which the model merges them.
pub(super) struct Patcher {
    processor: Processor,
    sides: Sides,
}

/// `preprocessor_config.json`, as far as it says how pixels become patches.
#[derive(Clone, Copy, Deserialize)]
#[serde(default)]
struct Sides {
    /// Pixels along a patch's side.
    patch_size: usize,
    /// Patches along the side of a square that becomes one token.
    merge_size: usize,
    /// Frames of a patch: a page is a film that stands still.
    temporal_patch_size: usize,
}

impl Default for Sides {
    fn default() -> Self {
        Self { patch_size: 14, merge_size: 2, temporal_patch_size: 2 }
    }
}

/// A page's patches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patches {
    /// `[patches, channels * frames * patch_size * patch_size]`, merged squares one after the other.
    pub(super) values: Vec<f32>,
    /// Rows and columns of patches.
    pub(super) grid: [usize; 2],
}

impl Patcher {
    pub(super) fn load(files: &ModelFiles) -> Result<Self> {
        let (sides, file): (Sides, _) = processor_settings(files)?;
        let Sides { patch_size, merge_size, temporal_patch_size } = sides;
        let sizes = [patch_size.saturating_mul(merge_size), temporal_patch_size];
        if sizes.into_iter().any(|size| !(1..=MOST).contains(&size)) {
            let message =
                format!("`patch_size` times `merge_size`, and `temporal_patch_size`, must be from 1 to {MOST}");
            return Err(Error::file(files.label(file), message));
        }
        Ok(Self { processor: Processor::load(files)?, sides })
    }

    /// As [`Processor::decode_options`].
    pub(super) fn decode_options(mut self, options: DecodeOptions) -> Self {
        self.processor = self.processor.decode_options(options);
        self
    }

    /// Patches along the side of a square that becomes one token.
    pub(super) fn merge_size(&self) -> usize {
        self.sides.merge_size
    }

    /// Values of a patch.
    pub(super) fn width(&self) -> usize {
        let Sides { patch_size, temporal_patch_size, .. } = self.sides;
        CHANNELS * temporal_patch_size * patch_size * patch_size
    }

    /// A black page of one token.
    pub(super) fn blank(&self) -> Patches {
        let side = self.sides.merge_size;
        Patches { values: vec![0.0; side * side * self.width()], grid: [side, side] }
    }

    pub(super) fn patches(&self, image: &ImageInput) -> Result<Patches> {
        let processed = self.processor.process(image)?;
        let [tiles, channels, height, width] = processed.shape();
        let Sides { patch_size, merge_size, temporal_patch_size } = self.sides;
        let unit = patch_size * merge_size;
        if tiles != 1 || channels != CHANNELS || !height.is_multiple_of(unit) || !width.is_multiple_of(unit) {
            return Err(Error::input(format!(
                "the processor makes an image of {width} x {height} pixels of it, which are no whole patches; \
                 is `image_processor_type` Qwen2-VL's?"
            )));
        }
        let (pixels, grid) = (processed.to_values(), [height / patch_size, width / patch_size]);
        let mut values = Vec::with_capacity(pixels.len() * temporal_patch_size);
        for [row, column] in in_merged_order(grid, merge_size) {
            for plane in pixels.chunks_exact(height * width) {
                let start = values.len();
                for line in 0..patch_size {
                    let first = (row * patch_size + line) * width + column * patch_size;
                    values.extend_from_slice(&plane[first..][..patch_size]);
                }
                let end = values.len();
                (1..temporal_patch_size).for_each(|_| values.extend_from_within(start..end));
            }
        }
        Ok(Patches { values, grid })
    }
}

/// Rows and columns of a grid's patches: square by square, row by row in each.
fn in_merged_order([rows, columns]: [usize; 2], merge_size: usize) -> impl Iterator<Item = [usize; 2]> {
    let squares =
        (0..rows / merge_size).flat_map(move |row| (0..columns / merge_size).map(move |column| [row, column]));
    squares.flat_map(move |[row, column]| {
        (0..merge_size * merge_size)
            .map(move |at| [row * merge_size + at / merge_size, column * merge_size + at % merge_size])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedkit_fixtures::{TensorGolden, pattern};
    use embedkit_image::CONFIG_FILE;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        config: serde_json::Value,
        size: [u32; 2],
        grid: [usize; 2],
        #[serde(flatten)]
        golden: TensorGolden,
    }

    /// `tests/fixtures/generate/colqwen2.py` wrote them with transformers' own processor.
    #[test]
    fn patches_are_transformers() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/fixtures/patches.json")).unwrap();
        assert!(cases.len() > 30);
        for Case { name, config, size: [width, height], grid, golden } in cases {
            let what = format!("{name} of {width} x {height}");
            let patcher = Patcher::load(&ModelFiles::memory([(CONFIG_FILE, config.to_string().into_bytes())])).unwrap();
            let image = ImageInput::rgb(width, height, pattern(width, height)).unwrap();
            let patches = patcher.patches(&image).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(patches.grid, grid, "{what}");
            let shape = [patches.values.len() / patcher.width(), patcher.width()];
            golden.compare(&shape, &patches.values).unwrap_or_else(|difference| panic!("{what}: {difference}"));
        }
    }

    /// The cases of this name say all that transformers has as its defaults, which hold where nothing is said.
    #[test]
    fn what_is_not_said_is_transformers() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/fixtures/patches.json")).unwrap();
        let defaults: Vec<Case> = cases.into_iter().filter(|case| case.name == "defaults").collect();
        assert!(!defaults.is_empty());
        for name in ["Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast", "Qwen2_5_VLImageProcessor"] {
            let whole = format!(r#"{{"image_processor": {{"image_processor_type": "{name}"}}}}"#);
            let patcher = Patcher::load(&ModelFiles::memory([("processor_config.json", whole.into_bytes())])).unwrap();
            for Case { size: [width, height], golden, .. } in &defaults {
                let image = ImageInput::rgb(*width, *height, pattern(*width, *height)).unwrap();
                let patches = patcher.patches(&image).unwrap();
                let shape = [patches.values.len() / patcher.width(), patcher.width()];
                golden.compare(&shape, &patches.values).unwrap_or_else(|difference| panic!("{name}: {difference}"));
            }
        }
    }

    #[test]
    fn pages_that_cannot_be_cut_are_refused() {
        let load = |config: &str| Patcher::load(&ModelFiles::memory([(CONFIG_FILE, config.as_bytes().to_vec())]));
        let image = |width, height| ImageInput::rgb(width, height, vec![0; (width * height * 3) as usize]).unwrap();
        let patcher = load(r#"{"image_processor_type": "Qwen2VLImageProcessor"}"#).unwrap();
        let error = patcher.patches(&image(201, 1)).unwrap_err().to_string();
        assert!(error.contains("more than 200 times"), "{error}");
        let uncut = load(r#"{"image_processor_type": "Qwen2VLImageProcessor", "do_resize": false}"#).unwrap();
        let error = uncut.patches(&image(56, 57)).unwrap_err().to_string();
        assert!(error.contains("no whole patches"), "{error}");
        for wrong in ["0", "257", "18446744073709551615"] {
            assert!(load(&format!(r#"{{"merge_size": {wrong}}}"#)).is_err(), "{wrong}");
            assert!(load(&format!(r#"{{"temporal_patch_size": {wrong}}}"#)).is_err(), "{wrong}");
        }
    }
}
