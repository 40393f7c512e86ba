//! From a picture to the tensor that a model was trained on.

mod config;
mod crop;
mod filter;
mod levels;
pub(crate) mod raster;
mod resample;
mod size;
mod tile;

use std::sync::Arc;

use embedkit_core::{Error, ModelFiles, Result};

pub use config::ProcessorConfig;
pub use filter::Filter;

use crate::ImageInput;
use crate::decode::DecodeOptions;
use levels::Levels;
use raster::{CHANNELS, Raster};
use size::Resize;
use tile::Tiling;

/// The file of a model that says how its pictures are prepared.
pub const CONFIG_FILE: &str = "preprocessor_config.json";

/// The longest side, in pixels, of a picture that is processed: no real one is longer.
pub(crate) const MAX_SIDE: usize = 1 << 20;

/// Turns pictures into tensors, as a model's `preprocessor_config.json` says.
///
/// The tensors are those of the Python reference, value by value: to RGB, resize, pad, crop, split
/// into tiles, rescale, normalise, with Pillow's resampling.
///
/// ```
/// use embedkit_image::{ImageInput, Processor, ProcessorConfig};
///
/// let config: ProcessorConfig = serde_json::from_str(r#"{"do_resize": true, "size": {"height": 4, "width": 6}}"#)?;
/// let picture = ImageInput::rgb(2, 2, vec![255; 12])?;
/// let processed = Processor::new(&config)?.process(&picture)?;
/// assert_eq!(processed.shape(), [1, 3, 4, 6]);
/// assert!(processed.to_values().iter().all(|&value| value == 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Processor {
    steps: Vec<Step>,
    tiling: Option<Tiling>,
    levels: Arc<Levels>,
    decode: DecodeOptions,
}

/// A step on an 8-bit picture.
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
    /// [`Error::InvalidFile`] when a key that the processor needs is missing or cannot be used.
    pub fn new(config: &ProcessorConfig) -> Result<Self> {
        Ok(Self {
            steps: config.steps()?,
            tiling: config.tiling()?,
            levels: Arc::new(config.levels()?),
            decode: DecodeOptions::default(),
        })
    }

    /// The processor of a model's files.
    ///
    /// # Errors
    /// [`Error::MissingFile`] without a `preprocessor_config.json`, and as [`new`](Self::new).
    pub fn load(files: &ModelFiles) -> Result<Self> {
        Self::new(&ProcessorConfig::load(files)?).map_err(|error| match error {
            Error::InvalidFile { message, source, .. } => {
                Error::InvalidFile { path: files.label(CONFIG_FILE), message, source }
            }
            other => other,
        })
    }

    /// Limits the pixels of a picture, before and after it is resized; the reference's limit,
    /// 178,956,970, when not set.
    #[must_use]
    pub fn max_pixels(mut self, pixels: u64) -> Self {
        self.decode.max_pixels = pixels;
        self
    }

    /// Turns pictures upright as their EXIF orientation says; the reference ignores it.
    #[must_use]
    pub fn apply_orientation(mut self, apply: bool) -> Self {
        self.decode.apply_orientation = apply;
        self
    }

    /// Whether pictures become tiles: their number then differs, and one is of the whole picture.
    pub fn makes_tiles(&self) -> bool {
        self.tiling.is_some()
    }

    /// Decodes and processes a picture.
    ///
    /// # Errors
    /// [`Error::Io`] when its file cannot be read; [`Error::InvalidInput`], naming it, when it is no
    /// picture, damaged, empty or larger than the limit.
    pub fn process(&self, input: &ImageInput) -> Result<Processed> {
        let picture = input.decode(&self.decode)?;
        self.process_raster(&picture).map_err(|error| input.blame(error))
    }

    fn process_raster(&self, picture: &Raster) -> Result<Processed> {
        let max_pixels = self.decode.max_pixels;
        let mut current = std::borrow::Cow::Borrowed(picture);
        let mut padded = false;
        for step in &self.steps {
            let next = match *step {
                Step::Resize(resize) => resize.apply(&current, max_pixels)?,
                Step::PadToSquare { side, colour } => {
                    self.decode.check(side, side)?;
                    crop::pad_to_square(&current, side, colour)
                }
                Step::CentreCrop { height, width } => {
                    self.decode.check(width, height)?;
                    let (cropped, with_zeros) = crop::centre_crop(&current, height, width);
                    padded |= with_zeros;
                    cropped
                }
            };
            current = std::borrow::Cow::Owned(next);
        }
        let (tiles, grid) = match self.tiling {
            Some(tiling) => tiling.apply(&current, max_pixels)?,
            None => (vec![current.into_owned()], (0, 0)),
        };
        Ok(Processed { tiles, grid, padded, levels: self.levels.clone() })
    }
}

/// A picture as a model takes it. Its levels become floats only when they are asked for: as bytes
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

    /// The values of pictures, one after another.
    pub fn batch(pictures: &[&Self]) -> Vec<f32> {
        let mut batch = Vec::with_capacity(pictures.iter().map(|picture| picture.bytes()).sum());
        pictures.iter().for_each(|picture| picture.append_to(&mut batch));
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

    /// Rows and columns of the grid that the picture was cut into; its tiles come row by row, and one
    /// of the whole picture last. `(0, 0)` when it was not cut.
    pub fn grid(&self) -> (usize, usize) {
        self.grid
    }
}
