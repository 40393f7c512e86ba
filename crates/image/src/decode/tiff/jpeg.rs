//! Images that a TIFF file holds in JPEG (TIFF Technical Note 2): each strip or tile is a JPEG file without the tables that
//! all share.

use std::io::{Cursor, Read, Seek};

use embedkit_core::{Error, Result};

use super::pieces::{Grid, Piece};
use super::tags::{PHOTOMETRIC_INTERPRETATION, SAMPLES, Tags};
use crate::decode::jpeg;
use crate::raster::{CHANNELS, Raster};

const JPEG_TABLES: u16 = 347;
/// Photometric interpretations: grey levels from black on, and the two of three channels.
const GREY: u64 = 1;
const RGB: u64 = 2;
const YCBCR: u64 = 6;
/// Of a JPEG file: its start, and a segment that says what three components are (0: red, green, blue; 1: YCbCr).
const START: [u8; 2] = [0xFF, 0xD8];
const END: [u8; 2] = [0xFF, 0xD9];
const ADOBE: [u8; 15] = *b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00";

/// Bytes of the tables that are read for all pieces together, at most.
const MOST_HEADS: u64 = 1 << 30;

/// Bytes that decoding takes beside the file's and the image's: of a piece, its pixels and coefficients.
pub(super) fn scratch(grid: &Grid) -> u64 {
    grid.pixels(grid.piece.1).saturating_mul(4 * CHANNELS as u64)
}

/// The image of these pieces.
pub(super) fn decode<F: Read + Seek>(tags: &mut Tags<'_, F>, grid: &Grid, pieces: &[Piece<'_>]) -> Result<Raster> {
    let head = head(tags)?;
    // The head is read once for each piece.
    if (head.len() as u64).saturating_mul(pieces.len() as u64) > MOST_HEADS {
        return Err(Error::input("the image cannot be decoded: it has too many pieces for tables as long as its own"));
    }
    let damaged = || Error::input("the image cannot be decoded: a piece of it is not in JPEG");
    let piece = |at: usize, rows: usize| {
        let data = pieces[at].packed()?.strip_prefix(&START).ok_or_else(damaged)?;
        whole(&[&head[..], data].concat(), grid.piece, rows)
    };
    grid.image(CHANNELS, piece, |pixels, row| row.copy_from_slice(pixels))
}

/// What goes before each piece to make it a JPEG file: the tables, and what its components are.
fn head<F: Read + Seek>(tags: &mut Tags<'_, F>) -> Result<Vec<u8>> {
    let mut head = START.to_vec();
    if let Some(tables) = tags.bytes(JPEG_TABLES) {
        let tables = tables.strip_prefix(&START).unwrap_or(&tables);
        head.extend(tables.strip_suffix(&END).unwrap_or(tables));
    }
    match (tags.number_or(SAMPLES, 1), tags.number(PHOTOMETRIC_INTERPRETATION)) {
        (Some(1), Some(GREY)) => {}
        (Some(3), Some(kind @ (RGB | YCBCR))) => {
            head.extend(ADOBE);
            head.push(u8::from(kind == YCBCR));
        }
        _ => return Err(Error::input("a TIFF file with an image in JPEG is read in grey levels, RGB or YCbCr")),
    }
    Ok(head)
}

/// The pixels of a piece, which has the sides that the file says; of a last strip, only the rows that are left need be
/// there.
fn whole(file: &[u8], (width, height): (usize, usize), left: usize) -> Result<Vec<u8>> {
    let header = jpeg::header(&mut Cursor::new(file))?;
    if header.width != width || header.height > height || header.height < left {
        let found = format!("{} x {} pixels, and should have {width} x {height}", header.width, header.height);
        return Err(Error::input(format!("the image cannot be decoded: a piece of it has {found}")));
    }
    Ok(jpeg::decode(file)?.0.levels)
}
