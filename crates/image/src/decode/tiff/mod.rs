//! TIFF files; those with a palette and those with images in JPEG by code of ours, since the TIFF decoder refuses them, or
//! reads them otherwise than libjpeg.
//!
//! Pixels with a palette are stored as grey levels would be: the file is read as one of grey levels, and these are looked up
//! in the palette. Tags and values are those of TIFF 6.0.

mod pieces;
mod tags;

use std::io::{BufRead, Cursor, Read, Seek};

use embedkit_core::{Error, Result};
use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat};

use self::tags::{HEIGHT, PHOTOMETRIC_INTERPRETATION, Tags, WIDTH};
use super::other::{TABLES, open, read};
use super::{Format, Header, pixels, undecodable};
use crate::memory::with_room;
use crate::raster::{CHANNELS, Raster, rgb_bytes};

/// What the first image's directory says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    palette: Option<Palette>,
    /// Whether its pieces are in JPEG.
    is_jpeg: bool,
    /// How the image must be turned to be upright. Pillow turns TIFF files when it loads them, and no others.
    pub(super) orientation: Orientation,
}

/// A palette, and where the file says that it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Palette {
    /// Where the two bytes of the photometric interpretation are.
    interpretation: usize,
    /// What they must be for a file of grey levels.
    grey: [u8; 2],
    /// The colours' channels: all reds, all greens, all blues.
    channels: Vec<u8>,
}

const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u32 = 3;
const ORIENTATION: u16 = 274;
const COLOUR_MAP: u16 = 320;
/// Colours of a palette at most.
const COLOURS: usize = 256;

/// Reads the header.
pub(super) fn header(file: &mut (impl BufRead + Seek)) -> Result<Header> {
    let (mut directory, own_size) = Directory::read(file);
    file.rewind().map_err(undecodable)?;
    if let Some(size) = own_size {
        // Of a palette's, grey levels with the decoder's own, and colours.
        let images: u64 = if directory.is_jpeg { 1 } else { 2 };
        let scratch = if directory.is_jpeg { pieces::scratch(size) } else { 0 };
        let memory = rgb_bytes(size).saturating_mul(images).saturating_add(scratch).saturating_add(TABLES);
        return Ok(Header { format: Format::Tiff(directory), size, memory });
    }
    let mut decoder = open(file, ImageFormat::Tiff, u64::MAX)?;
    let (width, height) = decoder.dimensions();
    // The decoder fills a buffer of its own first; of inks it has a channel more.
    let stored = u64::from(decoder.original_color_type().bits_per_pixel().div_ceil(8));
    let memory = u64::from(width).saturating_mul(u64::from(height)).saturating_mul(stored);
    let memory = memory.saturating_add(pixels::bytes(&decoder)).saturating_add(TABLES);
    directory.orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Header { format: Format::Tiff(directory), size: (width as usize, height as usize), memory })
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], directory: &Directory, header: &Header) -> Result<(Raster, Orientation)> {
    if directory.is_jpeg {
        return Ok((pieces::decode(bytes, header.size)?, directory.orientation));
    }
    let Some(palette) = &directory.palette else {
        return read(open(Cursor::new(bytes), ImageFormat::Tiff, header.memory)?, header);
    };
    let mut grey = with_room(bytes.len())?;
    grey.extend_from_slice(bytes);
    let place = grey.get_mut(palette.interpretation..).and_then(|rest| rest.first_chunk_mut());
    *place.ok_or_else(|| Error::input("the file changed while it was read"))? = palette.grey;
    let (mut image, orientation) = read(open(Cursor::new(&grey), ImageFormat::Tiff, header.memory)?, header)?;
    palette.colour(&mut image);
    Ok((image, orientation))
}

impl Directory {
    /// The directory of a file, and the size of an image that is not the decoder's to read.
    fn read(file: &mut (impl Read + Seek)) -> (Self, Option<(usize, usize)>) {
        let none = Self { palette: None, is_jpeg: false, orientation: Orientation::NoTransforms };
        let Some(mut tags) = Tags::open(file) else { return (none, None) };
        let is_jpeg = pieces::are_jpeg(&mut tags);
        let palette = if is_jpeg { None } else { Palette::find(&mut tags) };
        let size = (is_jpeg || palette.is_some()).then(|| Some((tags.side(WIDTH)?, tags.side(HEIGHT)?))).flatten();
        let orientation = tags.number(ORIENTATION).and_then(|value| Orientation::from_exif(u8::try_from(value).ok()?));
        (Self { palette, is_jpeg, orientation: orientation.unwrap_or(Orientation::NoTransforms) }, size)
    }
}

impl Palette {
    /// The palette of a file's first image, where it has one.
    fn find<F: Read + Seek>(tags: &mut Tags<'_, F>) -> Option<Self> {
        let (interpretation, _) = tags.find(PHOTOMETRIC_INTERPRETATION)?;
        if tags.number(PHOTOMETRIC_INTERPRETATION)? != PALETTE {
            return None;
        }
        let (place, count) = tags.find(COLOUR_MAP)?;
        let start = tags.long(place)?;
        let mut colours = vec![0; count.min(CHANNELS * COLOURS) * 2];
        tags.read(u64::from(start), &mut colours)?;
        // Channels have 16 bits; the high byte counts.
        let high = usize::from(!tags.big_endian);
        let channels: Vec<u8> = colours.iter().skip(high).step_by(2).copied().collect();
        let grey = if tags.big_endian { BLACK_IS_ZERO.to_be_bytes() } else { BLACK_IS_ZERO.to_le_bytes() };
        let palette = Self { interpretation: usize::try_from(interpretation).ok()?, grey, channels };
        (palette.channels.len() >= CHANNELS).then_some(palette)
    }

    /// Gives a grey image its colours. Indices of fewer than 8 bits have been spread over all levels.
    fn colour(&self, image: &mut Raster) {
        let colours = self.channels.len() / CHANNELS;
        let spread = 255 / (colours - 1).clamp(1, 255);
        for pixel in image.levels.as_chunks_mut::<CHANNELS>().0 {
            let index = (usize::from(pixel[0]) / spread).min(colours - 1);
            *pixel = std::array::from_fn(|channel| self.channels[channel * colours + index]);
        }
    }
}
