//! Formats that the `image` crate decodes.

use std::io::{BufRead, Cursor, Seek};

use embedkit_core::{Error, Result};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::panic::catch_panic;
use super::{Format, Header, pixels, undecodable};
use crate::memory::zeroed;
use crate::raster::Raster;

/// What a decoder takes at most that has no image of its own: tables, rows, metadata.
pub(super) const TABLES: u64 = 1 << 20;

/// Reads the header.
pub(super) fn header(file: &mut (impl BufRead + Seek), format: ImageFormat) -> Result<Header> {
    let decoder = open(file, format, TABLES)?;
    let (width, height) = decoder.dimensions();
    let size = (width as usize, height as usize);
    let pixels = u64::from(width) * u64::from(height);
    let scratch = match format {
        // The frame before it loses its alpha channel or is put on its canvas; and that channel's own image.
        ImageFormat::WebP if decoder.color_type().has_alpha() => pixels.saturating_mul(8),
        ImageFormat::WebP => pixels.saturating_mul(4),
        _ => 0,
    };
    let memory = scratch.saturating_add(pixels::bytes(&decoder)).saturating_add(TABLES);
    Ok(Header { format: Format::Other(format), size, memory })
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, header: &Header) -> Result<(Raster, Orientation)> {
    read(open(Cursor::new(bytes), format, header.memory)?, header.size)
}

/// A decoder that may allocate so many bytes.
pub(super) fn open<'f>(
    file: impl BufRead + Seek + 'f,
    format: ImageFormat,
    bytes: u64,
) -> Result<impl ImageDecoder + 'f> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(bytes);
    let mut reader = ImageReader::with_format(file, format);
    reader.limits(limits);
    catch_panic(|| reader.into_decoder())?.map_err(undecodable)
}

/// The image of a decoder, of this width and height, and how it must be turned to be upright.
pub(super) fn read(decoder: impl ImageDecoder, size: (usize, usize)) -> Result<(Raster, Orientation)> {
    let (pixels, kind, orientation) = stored(decoder, size)?;
    let levels = pixels::to_levels(pixels, kind)?;
    Ok((Raster { width: size.0, height: size.1, levels }, orientation))
}

/// The pixels of a decoder, which are of this kind, and how they must be turned to be upright.
pub(super) fn stored(
    mut decoder: impl ImageDecoder,
    size: (usize, usize),
) -> Result<(Vec<u8>, ColorType, Orientation)> {
    let (width, height) = decoder.dimensions();
    if (width as usize, height as usize) != size {
        return Err(Error::input("the file changed while it was read"));
    }
    // Metadata that cannot be read says nothing.
    let orientation = catch_panic(|| decoder.orientation())?.unwrap_or(Orientation::NoTransforms);
    let kind = decoder.color_type();
    let mut pixels = zeroed(usize::try_from(decoder.total_bytes()).map_err(undecodable)?)?;
    pixels_of(decoder, &mut pixels)?;
    Ok((pixels, kind, orientation))
}

/// Reads the pixels of a decoder, which have so many bytes.
pub(super) fn pixels_of(decoder: impl ImageDecoder, bytes: &mut [u8]) -> Result<()> {
    catch_panic(|| decoder.read_image(bytes))?.map_err(undecodable)
}
