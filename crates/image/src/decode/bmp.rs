//! BMP files. Those of run lengths are read by code of ours, and levels of 5 and 6 bits are made Pillow's.

use std::io::{BufRead, Read, Seek, SeekFrom};

use embedkit_core::{Error, Result};
use image::ImageFormat;
use image::metadata::Orientation;

use super::other::TABLES;
use super::pixels::{COLOURS, completed};
use super::{Format, Header, other, undecodable};
use crate::memory::zeroed;
use crate::raster::{CHANNELS, Raster, rgb_bytes};

/// Bytes before the header that says what the image is, and what has length and colours as numbers of 32 bits.
const FILE_HEADER: u64 = 14;
const INFO_HEADER: usize = 40;
/// The shortest header.
const CORE_HEADER: usize = 12;
/// Compressions.
const RAW: u32 = 0;
const RUNS_OF_8_BITS: u32 = 1;
const RUNS_OF_4_BITS: u32 = 2;
const MASKS: u32 = 3;
const BLACK: [u8; CHANNELS] = [0; CHANNELS];
const WHITE: [u8; CHANNELS] = [255; CHANNELS];
/// What runs have in the place of a length of 0: the row ends, the image ends, pixels are passed over.
const END_OF_ROW: u8 = 0;
const END: u8 = 1;
const DELTA: u8 = 2;

/// What is ours to read of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bitmap {
    Runs(Runs),
    /// The largest levels that the channels have in the file.
    Levels([u8; CHANNELS]),
    /// Nothing.
    Other,
}

/// An image of run lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    size: (usize, usize),
    is_top_down: bool,
    of_4_bits: bool,
    palette: Vec<[u8; CHANNELS]>,
    /// Where the runs are in the file.
    start: usize,
}

/// Reads the header.
pub(super) fn header(file: &mut (impl BufRead + Seek)) -> Result<Header> {
    let damaged = || Error::input("the image cannot be decoded: its header is damaged");
    let bitmap = Bitmap::read(file).ok_or_else(damaged)?;
    file.rewind().map_err(undecodable)?;
    let Bitmap::Runs(Runs { size, .. }) = bitmap else {
        return Ok(Header { format: Format::Bmp(bitmap), ..other::header(file, ImageFormat::Bmp)? });
    };
    // Colours, and before that their indices.
    let memory = rgb_bytes(size).saturating_add(rgb_bytes(size) / CHANNELS as u64).saturating_add(TABLES);
    Ok(Header { format: Format::Bmp(bitmap), size, memory })
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], bitmap: &Bitmap, header: &Header) -> Result<(Raster, Orientation)> {
    if let Bitmap::Runs(runs) = bitmap {
        return Ok((runs.image(bytes)?, Orientation::NoTransforms));
    }
    let (mut image, orientation) = other::decode(bytes, ImageFormat::Bmp, header)?;
    if let Bitmap::Levels(most) = bitmap {
        for pixel in image.levels.as_chunks_mut::<CHANNELS>().0 {
            *pixel = std::array::from_fn(|channel| cut(pixel[channel], most[channel]));
        }
    }
    Ok((image, orientation))
}

/// A level that was spread and rounded, as Pillow spreads it, which cuts.
fn cut(level: u8, most: u8) -> u8 {
    let (level, most) = (u32::from(level), u32::from(most));
    ((level * most + 127) / 255 * 255 / most) as u8
}

impl Bitmap {
    fn read(file: &mut (impl Read + Seek)) -> Option<Self> {
        file.seek(SeekFrom::Start(FILE_HEADER - 4)).ok()?;
        let start = long(file)?;
        let length = long(file)?;
        let mut header = [0; INFO_HEADER];
        let known = usize::try_from(length).ok()?.clamp(CORE_HEADER, INFO_HEADER);
        file.read_exact(&mut header[4..known]).ok()?;
        if known < INFO_HEADER {
            let is_16_bits = header[10..12] == [16, 0];
            return Some(if is_16_bits { Self::Levels([31; CHANNELS]) } else { Self::Other });
        }
        let [_, width, height, planes_and_bits, compression, _, _, _, colours, _] = longs(&header);
        match (compression, planes_and_bits >> 16) {
            (RAW, 16) => Some(Self::Levels([31; CHANNELS])),
            (MASKS, 16) => {
                let most = masks(file)?;
                Some(if most.iter().all(|most| matches!(most, 31 | 63)) { Self::Levels(most) } else { Self::Other })
            }
            (RUNS_OF_8_BITS | RUNS_OF_4_BITS, bits @ (4 | 8)) => {
                let height = height.cast_signed();
                let colours = if colours == 0 { 1 << bits } else { u64::from(colours) };
                let palette = FILE_HEADER + u64::from(length);
                // Some files say that the runs begin where the palette does, or not at all.
                let is_said = start != 0 && u64::from(start) != palette;
                let start = if is_said { start.into() } else { palette + 4 * colours };
                Some(Self::Runs(Runs {
                    size: (width.try_into().ok()?, height.unsigned_abs().try_into().ok()?),
                    is_top_down: height < 0,
                    of_4_bits: compression == RUNS_OF_4_BITS,
                    palette: palette_at(file, palette, colours.min(COLOURS as u64) as usize)?,
                    start: usize::try_from(start).ok()?,
                }))
            }
            _ => Some(Self::Other),
        }
    }
}

/// The largest levels that channels have by their masks, which stand behind a header of 40 bytes, and at the same place in one
/// of more.
fn masks(file: &mut impl Read) -> Option<[u8; CHANNELS]> {
    let mut most = [0; CHANNELS];
    for level in &mut most {
        *level = 1_u32.checked_shl(long(file)?.count_ones())?.checked_sub(1)?.try_into().ok()?;
    }
    Some(most)
}

fn longs(header: &[u8; INFO_HEADER]) -> [u32; INFO_HEADER / 4] {
    let (numbers, _) = header.as_chunks::<4>();
    std::array::from_fn(|at| u32::from_le_bytes(numbers[at]))
}

impl Runs {
    fn image(&self, bytes: &[u8]) -> Result<Raster> {
        let (width, height) = self.size;
        let ended = || Error::input("the image cannot be decoded: its runs end before it does");
        let mut indices = zeroed(width * height)?;
        self.fill(&mut indices, bytes.get(self.start..).unwrap_or_default())
            .filter(|filled| *filled == indices.len())
            .ok_or_else(ended)?;
        let mut levels = zeroed(indices.len() * CHANNELS)?;
        let rows = levels.chunks_exact_mut(width * CHANNELS);
        let mut colour = |(row, indices): (&mut [u8], &[u8])| {
            for (pixel, index) in row.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(indices) {
                *pixel = self.palette[usize::from(*index)];
            }
        };
        match self.is_top_down {
            true => rows.zip(indices.chunks_exact(width)).for_each(&mut colour),
            false => rows.rev().zip(indices.chunks_exact(width)).for_each(&mut colour),
        }
        Ok(Raster { width, height, levels })
    }

    /// Fills indices, which are 0, with what runs say, and gives how many it is for; none when the file ends.
    fn fill(&self, indices: &mut [u8], runs: &[u8]) -> Option<usize> {
        let (width, all) = (self.size.0, indices.len());
        let (mut at, mut column) = (0, 0);
        let mut place = 0;
        while at < all {
            let [length, value] = *runs.get(place..)?.first_chunk()?;
            place += 2;
            match (length, value) {
                (0, END_OF_ROW) => {
                    at = at.next_multiple_of(width);
                    column = 0;
                }
                (0, END) => break,
                (0, DELTA) => {
                    let [right, up] = *runs.get(place..)?.first_chunk()?;
                    place += 2;
                    at = all.min(at + usize::from(right) + usize::from(up) * width);
                    column = at % width;
                }
                (0, count) => {
                    let count = usize::from(count).min(all - at);
                    let stored = if self.of_4_bits { count.div_ceil(2) } else { count };
                    let values = runs.get(place..)?.get(..stored)?;
                    for (nth, index) in indices[at..at + count].iter_mut().enumerate() {
                        *index = if self.of_4_bits { half(values[nth / 2], nth) } else { values[nth] };
                    }
                    at += count;
                    column += usize::from(value);
                    place += stored;
                    // Runs begin at even places of the file.
                    place += (self.start + place) % 2;
                }
                (count, value) => {
                    // What goes beyond a row is left out.
                    let count = usize::from(count).min(width.saturating_sub(column)).min(all - at);
                    for (nth, index) in indices[at..at + count].iter_mut().enumerate() {
                        *index = if self.of_4_bits { half(value, nth) } else { value };
                    }
                    at += count;
                    column += count;
                }
            }
        }
        Some(at)
    }
}

/// The first or the second half of a byte.
fn half(byte: u8, nth: usize) -> u8 {
    if nth.is_multiple_of(2) { byte >> 4 } else { byte & 0x0F }
}

/// A palette, which is stored as blue, green, red and nothing.
fn palette_at(file: &mut (impl Read + Seek), place: u64, count: usize) -> Option<Vec<[u8; CHANNELS]>> {
    let mut stored = vec![[0; 4]; count];
    file.seek(SeekFrom::Start(place)).ok()?;
    file.read_exact(stored.as_flattened_mut()).ok()?;
    let mut palette: Vec<_> = stored.into_iter().map(|[blue, green, red, _]| [red, green, blue]).collect();
    match palette[..] {
        // Of an image in black and white, all that is not black is white.
        [BLACK] | [BLACK, WHITE] => palette.resize(COLOURS, WHITE),
        [_, _] => palette.resize(COLOURS, BLACK),
        _ => palette = completed(palette),
    }
    Some(palette)
}

fn long(file: &mut impl Read) -> Option<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes).ok()?;
    Some(u32::from_le_bytes(bytes))
}
