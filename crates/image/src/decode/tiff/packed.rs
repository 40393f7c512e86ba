//! Images whose pieces hold samples, packed or not.

use std::io::{Cursor, Read, Seek};

use embedkit_core::{Error, Result};
use image::{ImageDecoder as _, ImageFormat};

use super::pieces::{Grid, Piece};
use super::samples::Samples;
use super::tags::Tags;
use crate::decode::other::{TABLES, open, pixels_of};
use crate::memory::{with_room, zeroed};
use crate::raster::Raster;

const FILL_ORDER: u16 = 266;
const PREDICTOR: u16 = 317;
/// Compressions: none, that of fax group 4, and those whose samples may be differences to the pixel before.
const NONE: u16 = 1;
const FAX: u16 = 4;
const PREDICTED: [u16; 3] = [5, 8, 32946];

/// How samples lie in a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    compression: u16,
    /// Whether samples are differences to those of the pixel before.
    is_predicted: bool,
    /// Whether a byte's bits come last first.
    is_reversed: bool,
    big_endian: bool,
    pub(super) samples: Samples,
}

impl Packing {
    /// What a file says; `apart` says that each sample of its pixels has a plane of its own.
    pub(super) fn read<F: Read + Seek>(tags: &mut Tags<'_, F>, compression: u64, apart: bool) -> Result<Self> {
        let samples = Samples::read(tags, apart)?;
        let refused =
            |what: &str| Error::input(format!("the image cannot be decoded: TIFF files with {what} are not read"));
        let compression = u16::try_from(compression).map_err(|_| refused("a compression that is not known"))?;
        if compression == FAX && (samples.bits, samples.count) != (1, 1) {
            return Err(refused("fax pages of more than black and white"));
        }
        let is_predicted = match tags.number_or(PREDICTOR, 1) {
            Some(1) => false,
            // Others have none, whatever the file says.
            _ if !PREDICTED.contains(&compression) => false,
            Some(2) if samples.bits >= 8 => true,
            _ => return Err(refused("such a predictor")),
        };
        let is_reversed = match tags.number_or(FILL_ORDER, 1) {
            Some(1) => false,
            Some(2) if samples.bits <= 8 => true,
            _ => return Err(refused("such an order of bits")),
        };
        Ok(Self { compression, is_predicted, is_reversed, big_endian: tags.big_endian, samples })
    }

    /// Bytes that decoding takes beside the file's and the image's: of a piece, its samples, twice.
    pub(super) fn scratch(&self, grid: &Grid) -> u64 {
        let pixel = self.samples.count * self.samples.bits.div_ceil(8);
        grid.pixels(grid.piece.1.min(grid.size.1)).saturating_mul(2 * pixel as u64)
    }

    /// The image of these pieces.
    pub(super) fn decode(&self, grid: &Grid, pieces: &[Piece<'_>]) -> Result<Raster> {
        let piece = |at: usize, rows: usize| {
            let mut planes = (0..grid.planes).map(|plane| {
                let in_plane = self.samples.count / grid.planes;
                self.plane(pieces[plane * grid.count() + at], (grid.piece.0, rows), in_plane)
            });
            match grid.planes {
                1 => planes.next().unwrap_or_else(|| Ok(Vec::new())),
                _ => together(&planes.collect::<Result<Vec<_>>>()?),
            }
        };
        grid.image(self.samples.count, piece, |samples, row| self.samples.to_rgb(samples, row))
    }

    /// The samples of a piece, a byte each, of which a pixel has so many.
    fn plane(&self, piece: Piece<'_>, (columns, rows): (usize, usize), in_pixel: usize) -> Result<Vec<u8>> {
        let Self { samples, .. } = self;
        let in_row = columns.saturating_mul(in_pixel);
        let row = in_row.saturating_mul(samples.bits).div_ceil(8);
        let missing = || Error::input("the image cannot be decoded: the file ends before it does");
        let stored = match self.compression {
            NONE => piece.rest.get(..row.saturating_mul(rows)).ok_or_else(missing)?,
            _ => piece.packed()?,
        };
        let reversed: Vec<u8>;
        let stored = if self.is_reversed {
            reversed = stored.iter().map(|byte| byte.reverse_bits()).collect();
            &reversed
        } else {
            stored
        };
        let mut bytes = match self.compression {
            NONE => {
                let mut bytes = with_room(stored.len())?;
                bytes.extend_from_slice(stored);
                bytes
            }
            FAX => {
                let mut bits = unpacked(FAX, stored, (columns, rows), 1)?;
                bits.iter_mut().for_each(|level| *level &= 1);
                return Ok(bits);
            }
            other => unpacked(other, stored, (row, rows), 8)?,
        };
        if self.is_predicted {
            bytes.chunks_exact_mut(row).for_each(|row| self.add_up(row, in_pixel));
        }
        match samples.bits {
            8 => Ok(bytes),
            16 => Ok(self.narrowed(bytes)),
            bits => parted(&bytes, bits, in_row, row),
        }
    }

    /// Makes samples of differences to those of the pixel before.
    fn add_up(&self, row: &mut [u8], in_pixel: usize) {
        if self.samples.bits == 8 {
            for at in in_pixel..row.len() {
                row[at] = row[at].wrapping_add(row[at - in_pixel]);
            }
            return;
        }
        let pairs = row.as_chunks_mut::<2>().0;
        for at in in_pixel..pairs.len() {
            let sum = self.number(pairs[at]).wrapping_add(self.number(pairs[at - in_pixel]));
            pairs[at] = if self.big_endian { sum.to_be_bytes() } else { sum.to_le_bytes() };
        }
    }

    fn number(&self, pair: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    /// Samples of 16 bits in a byte each.
    fn narrowed(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let narrow = self.samples.narrow();
        let count = bytes.len() / 2;
        for at in 0..count {
            bytes[at] = narrow(self.number([bytes[2 * at], bytes[2 * at + 1]]));
        }
        bytes.truncate(count);
        bytes
    }
}

/// Samples of fewer than 8 bits in a byte each; rows begin with a byte.
fn parted(bytes: &[u8], bits: usize, in_row: usize, row: usize) -> Result<Vec<u8>> {
    let mut samples = with_room(bytes.len() / row.max(1) * in_row)?;
    let (in_byte, mask) = (8 / bits, (1 << bits) - 1);
    for row in bytes.chunks_exact(row.max(1)) {
        samples.extend((0..in_row).map(|at| row[at / in_byte] >> (8 - bits - at % in_byte * bits) & mask));
    }
    Ok(samples)
}

/// The samples of pixels, of planes that have one of each pixel.
fn together(planes: &[Vec<u8>]) -> Result<Vec<u8>> {
    let length = planes.iter().map(Vec::len).min().unwrap_or_default();
    let mut samples = with_room(length * planes.len())?;
    samples.extend((0..length).flat_map(|at| planes.iter().map(move |plane| plane[at])));
    Ok(samples)
}

/// What a piece unfolds to. The decoder is given a TIFF file of a grey image that is this piece, so that it sees nothing
/// that a stranger's tags say.
fn unpacked(compression: u16, piece: &[u8], (width, height): (usize, usize), bits: u32) -> Result<Vec<u8>> {
    let length = width.saturating_mul(height);
    let file = grey_file(compression, piece, (width, height), bits);
    let file = file.ok_or_else(|| Error::input("the image cannot be decoded: a piece of it is too large"))?;
    let limit = (length as u64).saturating_add(piece.len() as u64).saturating_add(TABLES);
    let decoder = open(Cursor::new(&file), ImageFormat::Tiff, limit)?;
    if decoder.total_bytes() != length as u64 {
        return Err(Error::input("the image cannot be decoded: a piece of it has other sides than the file says"));
    }
    let mut unpacked = zeroed(length)?;
    pixels_of(decoder, &mut unpacked)?;
    Ok(unpacked)
}

/// A TIFF file of one strip, none where its numbers do not fit.
fn grey_file(compression: u16, strip: &[u8], (width, height): (usize, usize), bits: u32) -> Option<Vec<u8>> {
    /// Tags of 32 bits: byte order, version and place of the directory; entries of 12 bytes; no further directory.
    const HEAD: &[u8] = b"II\x2A\0\x08\0\0\0\x09\0";
    const LENGTH: u32 = HEAD.len() as u32 + 9 * 12 + 4;
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let entries: [(u16, u32); 9] = [
        (256, width),
        (257, height),
        (258, bits),
        (259, compression.into()),
        (262, 1),
        (273, LENGTH),
        (277, 1),
        (278, height),
        (279, u32::try_from(strip.len()).ok()?),
    ];
    let mut file = HEAD.to_vec();
    file.try_reserve_exact(LENGTH as usize + strip.len()).ok()?;
    for (tag, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend([4, 0, 1, 0, 0, 0]);
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend_from_slice(strip);
    Some(file)
}
