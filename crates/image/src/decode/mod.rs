//! From the bytes of an image file to RGB.
//!
//! First the header is read, which says what decoding will take, and then, once there is memory for it, the file.

mod bmp;
mod gif;
mod jpeg;
mod netpbm;
mod other;
mod panic;
mod pixels;
mod png;
mod tiff;
mod webp;

use std::io::{BufRead, Seek};

use embedkit_core::{Error, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, RgbImage};

pub(crate) use self::pixels::to_rgb;
use crate::memory::MemoryBudget;
use crate::raster::{MAX_SIDE, Raster, rgb_bytes};

/// The most pixels of an image, unless [`DecodeOptions::max_pixels`] says otherwise: twice what Pillow, the reference's
/// decoder, warns of, which is where it refuses.
pub const MAX_PIXELS: u64 = 178_956_970;

/// How image files are decoded.
///
/// ```
/// use embedkit_image::{DecodeImage, DecodeOptions, ImageInput};
///
/// let options = DecodeOptions::default().max_pixels(100);
/// let image = ImageInput::rgb(11, 10, vec![0; 330])?;
/// assert!(image.decode(&options).is_err());
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    max_pixels: u64,
    apply_orientation: bool,
    memory: MemoryBudget,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { max_pixels: MAX_PIXELS, apply_orientation: false, memory: MemoryBudget::default() }
    }
}

impl DecodeOptions {
    /// Refuses images of more pixels, before they are decoded, and after they are resized.
    /// Default: [`MAX_PIXELS`].
    #[must_use]
    pub fn max_pixels(mut self, pixels: u64) -> Self {
        self.max_pixels = pixels;
        self
    }

    /// Turns every image upright as its EXIF orientation says. Default: TIFF files alone, as the reference.
    #[must_use]
    pub fn apply_orientation(mut self, apply: bool) -> Self {
        self.apply_orientation = apply;
        self
    }

    /// The memory that images may take at a time. Default: [`MemoryBudget::default`], which the process shares.
    #[must_use]
    pub fn memory(mut self, budget: MemoryBudget) -> Self {
        self.memory = budget;
        self
    }

    /// What the parameters `max-pixels`, `apply-orientation` and `decode-memory` of a row amount to; the last is the bytes
    /// of a budget of the model's own.
    #[must_use]
    pub fn from_parameters(max_pixels: Option<u64>, apply_orientation: bool, decode_memory: Option<u64>) -> Self {
        let default = Self::default();
        Self {
            max_pixels: max_pixels.unwrap_or(default.max_pixels),
            apply_orientation,
            memory: decode_memory.map_or(default.memory, MemoryBudget::new),
        }
    }

    /// The most pixels of an image.
    pub(crate) fn pixel_limit(&self) -> u64 {
        self.max_pixels
    }

    /// The memory that images may take at a time.
    pub(crate) fn budget(&self) -> &MemoryBudget {
        &self.memory
    }

    /// Refuses empty and oversized images.
    pub(crate) fn check(&self, width: usize, height: usize) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(Error::input(format!("the image is empty: {width} x {height} pixels")));
        }
        if width.max(height) > MAX_SIDE || (width as u64).saturating_mul(height as u64) > self.max_pixels {
            return Err(Error::input(format!(
                "{width} x {height} pixels exceed the limit of {} pixels, or of {MAX_SIDE} a side; \
                 raise it with `max-pixels` if the image can be trusted",
                self.max_pixels
            )));
        }
        Ok(())
    }
}

/// What a file's header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    format: Format,
    /// Width and height of the stored image.
    pub(crate) size: (usize, usize),
    /// Bytes that decoding takes at most, beside the file's.
    pub(crate) memory: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
    Tiff(tiff::Directory),
    Gif(gif::Frame),
    Bmp(bmp::Bitmap),
    Netpbm(netpbm::Netpbm),
    /// Of an animation, where the flags of its first frame are.
    WebP {
        flags: Option<u64>,
    },
    /// A format of which all is known that the `image` crate tells.
    Other(ImageFormat),
}

/// Bytes by which formats are told apart.
const SIGNATURE: usize = 16;

/// What TIFF files with places of 64 bits begin with, in either byte order.
const BIG_TIFF: [[u8; 4]; 2] = [*b"II\x2B\0", *b"MM\0\x2B"];

/// Reads the header of a file of `length` bytes, and refuses what is no image, empty or too large.
pub(crate) fn header(file: &mut (impl BufRead + Seek), length: u64, options: &DecodeOptions) -> Result<Header> {
    let signature = file.fill_buf().map_err(undecodable)?;
    if signature.is_empty() {
        return Err(Error::input("the file is empty"));
    }
    let signature = &signature[..signature.len().min(SIGNATURE)];
    let is_big_tiff = BIG_TIFF.iter().any(|start| signature.starts_with(start));
    let format = if is_big_tiff { Some(ImageFormat::Tiff) } else { image::guess_format(signature).ok() };
    let header = match format {
        Some(ImageFormat::Jpeg) => {
            let jpeg::Header { width, height, scratch } = jpeg::header(file)?;
            Header { format: Format::Jpeg, size: (width, height), memory: scratch + rgb_bytes((width, height)) }
        }
        Some(ImageFormat::Png) => png::header(file, length)?,
        Some(ImageFormat::Tiff) => tiff::header(file, length)?,
        Some(ImageFormat::Gif) => gif::header(file, length)?,
        Some(ImageFormat::Bmp) => bmp::header(file)?,
        Some(ImageFormat::WebP) => webp::header(file, length)?,
        Some(ImageFormat::Pnm) => netpbm::header(file, length)?,
        Some(format) => other::header(file, format)?,
        None => {
            return Err(Error::input("not an image of a known format: PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM"));
        }
    };
    options.check(header.size.0, header.size.1)?;
    let turned = if header.turns(options) { rgb_bytes(header.size) } else { 0 };
    Ok(Header { memory: header.memory.saturating_add(turned), ..header })
}

/// The first image of a file with this header, as RGB.
pub(crate) fn decode(bytes: &[u8], header: &Header, options: &DecodeOptions) -> Result<Raster> {
    let (image, orientation) = match &header.format {
        Format::Jpeg => jpeg::decode(bytes)?,
        Format::Png => png::decode(bytes, header)?,
        Format::Tiff(directory) => tiff::decode(bytes, directory)?,
        Format::Gif(frame) => gif::decode(bytes, frame)?,
        Format::Bmp(bitmap) => bmp::decode(bytes, bitmap, header)?,
        Format::Netpbm(netpbm) => (netpbm::decode(bytes, netpbm)?, Orientation::NoTransforms),
        Format::WebP { flags } => webp::decode(bytes, *flags, header)?,
        Format::Other(format) => other::decode(bytes, *format, header)?,
    };
    if (image.width, image.height) != header.size {
        return Err(Error::input("the file changed while it was read"));
    }
    if header.turns(options) { Ok(turned(image, orientation)) } else { Ok(image) }
}

impl Header {
    /// Whether the image is turned as its orientation says.
    fn turns(&self, options: &DecodeOptions) -> bool {
        match &self.format {
            Format::Tiff(directory) => directory.orientation != Orientation::NoTransforms,
            _ => options.apply_orientation,
        }
    }
}

/// The image, turned.
fn turned(image: Raster, orientation: Orientation) -> Raster {
    if orientation == Orientation::NoTransforms {
        return image;
    }
    let Raster { width, height, levels } = image;
    // Sides are below 2^20, and the levels are as many as they say.
    let Some(image) = RgbImage::from_raw(width as u32, height as u32, levels) else {
        return Raster { width: 0, height: 0, levels: Vec::new() };
    };
    let mut image = DynamicImage::from(image);
    image.apply_orientation(orientation);
    let (width, height) = (image.width() as usize, image.height() as usize);
    Raster { width, height, levels: image.into_rgb8().into_raw() }
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidInput { message: "the image cannot be decoded".into(), source: Some(Box::new(error)) }
}
