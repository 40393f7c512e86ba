//! From the bytes of a picture file to RGB.

use std::io::Cursor;

use embedkit_core::{Error, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::jpeg;
use crate::processor::MAX_SIDE;
use crate::processor::raster::Raster;
use crate::tiff_palette::Palette;

/// How files are decoded.
#[derive(Clone, Debug)]
pub(crate) struct DecodeOptions {
    /// More pixels than this are refused before they are decoded.
    pub(crate) max_pixels: u64,
    /// Whether EXIF orientation is applied.
    pub(crate) apply_orientation: bool,
}

impl Default for DecodeOptions {
    /// The reference's limit (Pillow's), and no orientation.
    fn default() -> Self {
        Self { max_pixels: 178_956_970, apply_orientation: false }
    }
}

impl DecodeOptions {
    /// Refuses empty and oversized pictures.
    pub(crate) fn check(&self, width: usize, height: usize) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(Error::input(format!("the picture is empty: {width} x {height} pixels")));
        }
        if width.max(height) > MAX_SIDE || (width as u64).saturating_mul(height as u64) > self.max_pixels {
            return Err(Error::input(format!(
                "{width} x {height} pixels exceed the limit of {} pixels, or of {MAX_SIDE} a side; \
                 raise it with `max_pixels` if the picture can be trusted",
                self.max_pixels
            )));
        }
        Ok(())
    }

    /// What decoders may allocate: the pixels at the widest format there is, four 32-bit floats.
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.max_alloc = Some(self.max_pixels.saturating_mul(16).max(1 << 26));
        limits
    }
}

/// The first picture in a file's bytes, as RGB.
pub(crate) fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Raster> {
    if bytes.is_empty() {
        return Err(Error::input("the file is empty"));
    }
    let (mut image, orientation) = match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg::decode(bytes, options)?,
        Ok(ImageFormat::Tiff) => match Palette::find(bytes) {
            Some(palette) => {
                let (grey, orientation) = decode_other(&palette.as_grey(bytes), ImageFormat::Tiff, options)?;
                (palette.colour(&grey), orientation)
            }
            None => decode_other(bytes, ImageFormat::Tiff, options)?,
        },
        Ok(format) => decode_other(bytes, format, options)?,
        Err(_) => return Err(Error::input("not a picture of a known format: PNG, JPEG, WebP, GIF, BMP, TIFF")),
    };
    if options.apply_orientation {
        image.apply_orientation(orientation);
    }
    let raster = to_rgb(image);
    options.check(raster.width, raster.height).map(|()| raster)
}

/// Formats other than JPEG: the picture, and how it must be turned to be upright.
fn decode_other(bytes: &[u8], format: ImageFormat, options: &DecodeOptions) -> Result<(DynamicImage, Orientation)> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(undecodable)?;
    let (width, height) = decoder.dimensions();
    options.check(width as usize, height as usize)?;
    decoder.set_limits(options.limits()).map_err(undecodable)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(undecodable)?, orientation))
}

/// An opened picture as RGB, the way Pillow does it.
pub(crate) fn to_rgb(image: DynamicImage) -> Raster {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let grey = |level: u8| [level; 3];
    let high = |value: u16| (value >> 8) as u8;
    let levels = match image {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => image.iter().flat_map(|&level| grey(level)).collect(),
        DynamicImage::ImageLumaA8(image) => image.pixels().flat_map(|pixel| grey(pixel.0[0])).collect(),
        DynamicImage::ImageRgba8(image) => {
            image.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect()
        }
        DynamicImage::ImageLuma16(image) => image.iter().flat_map(|&value| grey(value.min(255) as u8)).collect(),
        DynamicImage::ImageLumaA16(image) => image.pixels().flat_map(|pixel| grey(high(pixel.0[0]))).collect(),
        DynamicImage::ImageRgb16(image) => image.iter().map(|&value| high(value)).collect(),
        DynamicImage::ImageRgba16(image) => {
            image.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]].map(high)).collect()
        }
        floats => floats.into_rgb8().into_raw(),
    };
    Raster { width, height, levels }
}

pub(crate) fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidInput { message: format!("cannot be decoded: {error}"), source: Some(Box::new(error)) }
}
