//! The strips or tiles that an image is cut into.

use std::io::{Read, Seek};

use embedkit_core::{Error, Result};

use super::tags::{HEIGHT, Tags, WIDTH};
use crate::memory::zeroed;
use crate::raster::{CHANNELS, Raster};

/// Where pieces are, how long they are, and their sides: of strips, and of tiles.
const STRIPS: [u16; 2] = [273, 279];
const ROWS_PER_STRIP: u16 = 278;
const TILES: [u16; 2] = [324, 325];
const TILE_SIDES: [u16; 2] = [322, 323];
/// Pieces of an image at most; pixels of all of them beside those of the image, and bytes that they have in the file, which
/// may be the same ones again and again.
const MOST_PIECES: usize = 1 << 20;
const MOST_PIXELS: u64 = 1 << 28;
const MOST_BYTES: u64 = 1 << 32;

/// How an image is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// Width and height of the image.
    pub(super) size: (usize, usize),
    /// Width and height of a piece; at the image's ends tiles go beyond it, and strips end.
    pub(super) piece: (usize, usize),
    /// Images that are cut alike: one, or one for each sample of the pixels.
    pub(super) planes: usize,
    is_tiled: bool,
}

impl Grid {
    /// How a file says that its image is cut.
    pub(super) fn read<F: Read + Seek>(tags: &mut Tags<'_, F>, planes: usize) -> Result<Self> {
        let is_tiled = tags.has(TILES[0]);
        let read = |tags: &mut Tags<'_, F>| {
            let size = (tags.side(WIDTH)?, tags.side(HEIGHT)?);
            let piece = match is_tiled {
                true => (tags.side(TILE_SIDES[0])?, tags.side(TILE_SIDES[1])?),
                false => (size.0, usize::try_from(tags.number_or(ROWS_PER_STRIP, size.1 as u64)?).ok()?.min(size.1)),
            };
            Some(Self { size, piece, planes, is_tiled })
        };
        let damaged =
            || Error::input("the image cannot be decoded: it does not say which sides it and its pieces have");
        let grid = read(tags).ok_or_else(damaged)?;
        let has_size = grid.size.0 > 0 && grid.size.1 > 0;
        if has_size && (grid.piece.0 == 0 || grid.piece.1 == 0) { Err(damaged()) } else { Ok(grid) }
    }

    /// Pixels of so many rows of a piece.
    pub(super) fn pixels(&self, rows: usize) -> u64 {
        (self.piece.0 as u64).saturating_mul(rows as u64)
    }

    /// Pieces of a plane.
    pub(super) fn count(&self) -> usize {
        self.across().saturating_mul(self.size.1.div_ceil(self.piece.1.max(1)))
    }

    fn across(&self) -> usize {
        self.size.0.div_ceil(self.piece.0.max(1))
    }

    /// The pieces of a file, those of one plane after those of another.
    pub(super) fn pieces<'f, F: Read + Seek>(&self, tags: &mut Tags<'_, F>, file: &'f [u8]) -> Result<Vec<Piece<'f>>> {
        let missing = || Error::input("the image cannot be decoded: its pieces are not where the file says");
        let count = self.count().saturating_mul(self.planes);
        if count > MOST_PIECES {
            return Err(Error::input(format!(
                "the image is cut into {count} pieces; no more than {MOST_PIECES} are read"
            )));
        }
        let around = self.pixels(self.piece.1).saturating_mul(self.count() as u64);
        if around > MOST_PIXELS.saturating_add((self.size.0 as u64).saturating_mul(self.size.1 as u64)) {
            return Err(Error::input("the image cannot be decoded: its pieces are much larger than it is"));
        }
        let [places, lengths] = if self.is_tiled { TILES } else { STRIPS };
        let lengths = tags.numbers(lengths, count).unwrap_or_default();
        if lengths.iter().fold(0, |sum: u64, length| sum.saturating_add(*length)) > MOST_BYTES.max(file.len() as u64) {
            return Err(Error::input("the image cannot be decoded: its pieces are longer than the file"));
        }
        let places = tags.numbers(places, count).filter(|places| places.len() == count).ok_or_else(missing)?;
        let piece = |(at, place): (usize, u64)| {
            let rest = file.get(usize::try_from(place).ok()?..)?;
            // What is said to go beyond the file's end is not there.
            let packed = match lengths.get(at) {
                Some(length) => Some(rest.get(..usize::try_from(*length).ok()?)?),
                None => None,
            };
            Some(Piece { rest, packed })
        };
        places.into_iter().enumerate().map(piece).collect::<Option<_>>().ok_or_else(missing)
    }

    /// The image, made of its pieces. `piece` gives the samples of a piece, by its number, of so many rows at least;
    /// `to_rgb` makes pixels of a row of them, each of so many bytes.
    pub(super) fn image(
        &self,
        bytes: usize,
        mut piece: impl FnMut(usize, usize) -> Result<Vec<u8>>,
        to_rgb: impl Fn(&[u8], &mut [u8]),
    ) -> Result<Raster> {
        let (width, height) = self.size;
        let mut image = Raster { width, height, levels: zeroed(width * height * CHANNELS)? };
        for at in 0..self.count() {
            let (left, top) = (at % self.across() * self.piece.0, at / self.across() * self.piece.1);
            let rows = self.piece.1.min(height - top);
            let columns = self.piece.0.min(width - left);
            let samples = piece(at, rows)?;
            for (row, samples) in samples.chunks_exact(self.piece.0 * bytes).take(rows).enumerate() {
                let start = ((top + row) * width + left) * CHANNELS;
                to_rgb(&samples[..columns * bytes], &mut image.levels[start..][..columns * CHANNELS]);
            }
        }
        Ok(image)
    }
}

/// A piece as the file holds it.
#[derive(Clone, Copy)]
pub(super) struct Piece<'f> {
    /// The file from the piece's start on.
    pub(super) rest: &'f [u8],
    /// As much of it as the file says, if it does: of pieces that are not packed, many files say it wrongly.
    pub(super) packed: Option<&'f [u8]>,
}

impl<'f> Piece<'f> {
    /// The bytes of a piece that is packed, whose end nothing else tells.
    pub(super) fn packed(&self) -> Result<&'f [u8]> {
        self.packed.ok_or_else(|| Error::input("the image cannot be decoded: it does not say how long its pieces are"))
    }
}
