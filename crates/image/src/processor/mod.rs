//! From an image to the tensor that a model was trained on.

mod class;
mod config;
mod crop;
mod levels;
mod resample;
mod resampling;
mod settings;
mod size;
mod tile;

use std::sync::Arc;

use embedkit_core::{Error, ImageInput, ModelFiles, Result};

pub(crate) use config::WHOLE_CONFIG_FILE;
pub use config::{ProcessorConfig, processor_settings};
pub use resampling::Resampling;

use crate::decode::DecodeOptions;
use crate::open::{open, with_input_name};
use crate::raster::{CHANNELS, Raster, RasterOps, rgb_bytes};
use levels::Levels;
use size::Resize;
use tile::Tiling;

/// The file of a model that says how its images are prepared. Where it is missing, `processor_config.json` may say it.
pub const CONFIG_FILE: &str = "preprocessor_config.json";

/// Turns images into tensors, as a model's `preprocessor_config.json` says, or the `image_processor` of its
/// `processor_config.json`.
///
/// The tensors are those of the Python reference, value by value: to RGB, resize, pad, crop, split
/// into tiles, rescale, normalise, with Pillow's resampling.
///
/// ```
/// use embedkit_image::{ImageInput, Processor, ProcessorConfig};
///
/// let config: ProcessorConfig = serde_json::from_str(r#"{"do_resize": true, "size": {"height": 4, "width": 6}}"#)?;
/// let image = ImageInput::rgb(2, 2, vec![255; 12])?;
/// let processed = Processor::new(&config)?.process(&image)?;
/// assert_eq!(processed.shape(), [1, 3, 4, 6]);
/// assert!(processed.to_values().iter().all(|&value| value == 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Processor {
    steps: Vec<Step>,
    tiling: Option<Tiling>,
    levels: Arc<Levels>,
    /// Whether zeros around an image make floats of its levels.
    float_padding: bool,
    decode: DecodeOptions,
}

/// A step on an 8-bit image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Resize(Resize),
    PadToSquare { side: usize, colour: [u8; CHANNELS] },
    CentreCrop { height: usize, width: usize },
}

impl Processor {
    /// The processor of a configuration.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when the type or a key is not known, or one that the processor needs is missing or cannot be used.
    pub fn new(config: &ProcessorConfig) -> Result<Self> {
        Ok(Self {
            steps: config.steps()?,
            tiling: config.tiling()?,
            levels: Arc::new(config.levels()?),
            float_padding: config.class()?.reference,
            decode: DecodeOptions::default(),
        })
    }

    /// The processor of a model's files.
    ///
    /// # Errors
    /// [`Error::MissingFile`] without a `preprocessor_config.json`, and without an `image_processor` in a
    /// `processor_config.json`; and as [`new`](Self::new).
    pub fn load(files: &ModelFiles) -> Result<Self> {
        let (config, file) = processor_settings(files)?;
        Self::new(&config).map_err(|error| match error {
            Error::InvalidFile { message, source, .. } => {
                Error::InvalidFile { path: files.label(file), message, source }
            }
            other => other,
        })
    }

    /// How images are decoded, and how large they and what is made of them may be. Default: [`DecodeOptions::default`].
    #[must_use]
    pub fn decode_options(mut self, options: DecodeOptions) -> Self {
        self.decode = options;
        self
    }

    /// Whether images become tiles: their number then differs, and one is of the whole image.
    pub fn makes_tiles(&self) -> bool {
        self.tiling.is_some()
    }

    /// Decodes and processes an image.
    ///
    /// # Errors
    /// [`Error::Io`] when its file cannot be read; [`Error::InvalidInput`], naming it, when it is no
    /// image, damaged, empty or larger than the options say.
    pub fn process(&self, input: &ImageInput) -> Result<Processed> {
        let process = || {
            let opened = open(input, &self.decode)?;
            let memory = opened.memory().saturating_add(self.memory(opened.size()));
            let _memory = self.decode.budget().reserve(memory)?;
            self.process_raster(opened.decode(&self.decode)?)
        };
        process().map_err(|error| with_input_name(input, error))
    }

    /// Bytes that the steps take for an image of this width and height.
    fn memory(&self, mut size: (usize, usize)) -> u64 {
        let mut memory = 0u64;
        for step in &self.steps {
            let (taken, next) = match *step {
                Step::Resize(resize) => resize.memory(size),
                Step::PadToSquare { side, .. } => {
                    (rgb_bytes(size).saturating_add(rgb_bytes((side, side))), (side, side))
                }
                Step::CentreCrop { height, width } => (rgb_bytes((width, height)).saturating_mul(2), (width, height)),
            };
            memory = memory.saturating_add(taken);
            size = next;
        }
        memory.saturating_add(self.tiling.map_or(0, |tiling| tiling.memory(size)))
    }

    fn process_raster(&self, image: Arc<Raster>) -> Result<Processed> {
        let max_pixels = self.decode.pixel_limit();
        let mut current = image;
        let mut padded = false;
        for step in &self.steps {
            let next = match *step {
                Step::Resize(resize) => resize.apply(&current, max_pixels)?,
                Step::PadToSquare { side, colour } => {
                    self.decode.check(side, side)?;
                    crop::pad_to_square(&current, side, colour)?
                }
                Step::CentreCrop { height, width } => {
                    self.decode.check(width, height)?;
                    let (cropped, with_zeros) = crop::centre_crop(&current, height, width)?;
                    padded |= with_zeros && self.float_padding;
                    cropped
                }
            };
            current = Arc::new(next);
        }
        let (tiles, grid) = match self.tiling {
            Some(tiling) => tiling.apply(&current, max_pixels)?,
            None => (vec![Arc::try_unwrap(current).or_else(|shared| shared.copied())?], (0, 0)),
        };
        Ok(Processed { tiles, grid, padded, levels: self.levels.clone() })
    }
}

/// An image as a model takes it. Its levels become floats only when they are asked for: as bytes
/// they take a quarter of the memory, and they wait in windows for their turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Processed {
    /// Of one size.
    tiles: Vec<Raster>,
    grid: (usize, usize),
    padded: bool,
    levels: Arc<Levels>,
}

impl Processed {
    /// The values, `[tiles, 3, height, width]` in row-major order.
    pub fn to_values(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.shape().iter().product());
        self.append_to(&mut values);
        values
    }

    /// Appends the values, `[tiles, 3, height, width]` in row-major order, to a batch.
    pub fn append_to(&self, batch: &mut Vec<f32>) {
        self.tiles.iter().for_each(|tile| self.levels.append(tile, self.padded, batch));
    }

    /// The values of images, one after another.
    pub fn batch(images: &[&Self]) -> Vec<f32> {
        let mut batch = Vec::with_capacity(images.iter().map(|image| image.bytes()).sum());
        images.iter().for_each(|image| image.append_to(&mut batch));
        batch
    }

    /// Tiles, channels (always 3: red, green, blue), height and width in pixels.
    pub fn shape(&self) -> [usize; 4] {
        let (height, width) = self.tiles.first().map_or((0, 0), |tile| (tile.height, tile.width));
        [self.tiles.len(), CHANNELS, height, width]
    }

    /// Bytes of memory that it holds.
    pub fn bytes(&self) -> usize {
        self.shape().iter().product()
    }

    /// Rows and columns of the grid that the image was cut into; its tiles come row by row, and one
    /// of the whole image last. `(0, 0)` when it was not cut.
    pub fn grid(&self) -> (usize, usize) {
        self.grid
    }
}
