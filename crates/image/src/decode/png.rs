//! PNG files.

use std::io::{BufRead, Cursor, Seek, SeekFrom};

use embedkit_core::{Error, Result};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageFormat};

use super::other::{TABLES, open, stored};
use super::pixels::{keyed_grey, to_levels};
use super::{Format, Header, pixels, undecodable};
use crate::raster::Raster;

/// Where the width is: behind the signature, and the first chunk's length and name.
const WIDTH: u64 = 16;
/// Where the bits of a level and the kind of pixels are: what they are of grey levels of 16 bits.
const DEPTH_AND_KIND: std::ops::Range<usize> = 24..26;
const GREY_OF_16_BITS: [u8; 2] = [16, 0];
/// Bytes of a pixel at most, four channels of 16 bits.
const WIDEST_PIXEL: u64 = 8;

/// Reads the header of a file of `length` bytes.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header> {
    let mut sides = [[0; 4]; 2];
    file.seek(SeekFrom::Start(WIDTH)).map_err(undecodable)?;
    file.read_exact(sides.as_flattened_mut()).map_err(undecodable)?;
    file.rewind().map_err(undecodable)?;
    let [width, height] = sides.map(u32::from_be_bytes);
    let memory = decoder_memory(width, length);
    let pixels = if width == 0 || height == 0 { 0 } else { pixels::bytes(&open(file, ImageFormat::Png, memory)?) };
    Ok(Header { format: Format::Png, size: (width as usize, height as usize), memory: memory.saturating_add(pixels) })
}

/// What the decoder may take: some rows, chunks as the file holds them, and profiles that unfold to no more than Pillow takes.
fn decoder_memory(width: u32, length: u64) -> u64 {
    TABLES + u64::from(width) * WIDEST_PIXEL * 4 + length
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<(Raster, Orientation)> {
    let width = u32::try_from(header.size.0).map_err(undecodable)?;
    let decoder = open(Cursor::new(bytes), ImageFormat::Png, decoder_memory(width, bytes.len() as u64))?;
    if decoder.dimensions().0 != width {
        return Err(Error::input("the file changed while it was read"));
    }
    let (pixels, kind, orientation) = stored(decoder, header.size)?;
    // Of a level that is transparent the decoder makes a channel, with which levels would be other ones.
    let is_keyed_grey = kind == ColorType::La16 && bytes.get(DEPTH_AND_KIND) == Some(&GREY_OF_16_BITS);
    let levels = if is_keyed_grey { keyed_grey(pixels) } else { to_levels(pixels, kind)? };
    Ok((Raster { width: header.size.0, height: header.size.1, levels }, orientation))
}
