//! TIFF files with a palette, which the TIFF decoder refuses.
//!
//! Their pixels are stored as grey levels would be: the file is read as one of grey levels, and these
//! are looked up in the palette. Tags and values are those of TIFF 6.0.

use image::{DynamicImage, RgbImage};

/// A palette, and where the file says that it has one.
pub(crate) struct Palette {
    /// Where the two bytes of the photometric interpretation are.
    interpretation: usize,
    big_endian: bool,
    /// The colours' channels: all reds, all greens, all blues.
    channels: Vec<u8>,
}

const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;
const COLOUR_MAP: u16 = 320;
/// A directory's entry: tag, type, count and value or its place.
const ENTRY: usize = 12;

impl Palette {
    /// The palette of a file's first picture, where it has one.
    pub(crate) fn find(bytes: &[u8]) -> Option<Self> {
        let big_endian = bytes.starts_with(b"MM");
        let short = |at: usize| {
            let pair = bytes.get(at..)?.first_chunk().copied()?;
            Some(if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
        };
        let long = |at: usize| {
            let four = bytes.get(at..)?.first_chunk().copied()?;
            usize::try_from(if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }).ok()
        };
        let directory = long(4)?;
        let entries = usize::from(short(directory)?);
        let entry =
            |tag: u16| (0..entries).map(|entry| directory + 2 + entry * ENTRY).find(|&at| short(at) == Some(tag));
        let interpretation = entry(PHOTOMETRIC_INTERPRETATION)? + 8;
        if short(interpretation)? != PALETTE {
            return None;
        }
        let map = entry(COLOUR_MAP)?;
        let (count, start) = (long(map + 4)?, long(map + 8)?);
        // Channels have 16 bits; the high byte counts.
        let channel = |index: usize| Some((short(start.checked_add(index * 2)?)? >> 8) as u8);
        let channels = (0..count.min(3 << 8)).map(channel).collect::<Option<Vec<u8>>>()?;
        (channels.len() >= 3).then_some(Self { interpretation, big_endian, channels })
    }

    /// The file, saying that it holds grey levels.
    pub(crate) fn as_grey(&self, bytes: &[u8]) -> Vec<u8> {
        let mut grey = bytes.to_vec();
        let value = if self.big_endian { BLACK_IS_ZERO.to_be_bytes() } else { BLACK_IS_ZERO.to_le_bytes() };
        grey[self.interpretation..][..value.len()].copy_from_slice(&value);
        grey
    }

    /// The picture in colour. Indices of fewer than 8 bits have been spread over all levels.
    pub(crate) fn colour(&self, grey: &DynamicImage) -> DynamicImage {
        let colours = self.channels.len() / 3;
        let spread = 255 / (colours - 1).clamp(1, 255);
        let colour = |level: u8| {
            let index = (usize::from(level) / spread).min(colours - 1);
            [0, 1, 2].map(|channel| self.channels[channel * colours + index])
        };
        let grey = grey.to_luma8();
        let (width, height) = grey.dimensions();
        RgbImage::from_fn(width, height, |x, y| image::Rgb(colour(grey.get_pixel(x, y).0[0]))).into()
    }
}
