//! Images that a TIFF file holds in JPEG (TIFF Technical Note 2): each strip or tile is a JPEG file without the tables that
//! all share.

use std::io::{Cursor, Read, Seek};

use embedkit_core::{Error, Result};

use super::tags::{HEIGHT, PHOTOMETRIC_INTERPRETATION, Tags, WIDTH};
use crate::decode::jpeg;
use crate::memory::zeroed;
use crate::raster::{CHANNELS, Raster, rgb_bytes};

const COMPRESSION: u16 = 259;
const JPEG: u32 = 7;
const SAMPLES: u16 = 277;
const PLANES: u16 = 284;
const JPEG_TABLES: u16 = 347;
/// Where pieces are, how long they are, and their sides: of strips, and of tiles.
const STRIPS: [u16; 2] = [273, 279];
const ROWS_PER_STRIP: u16 = 278;
const TILES: [u16; 2] = [324, 325];
const TILE_SIDES: [u16; 2] = [322, 323];
/// Photometric interpretations: grey levels from black on, and the two of three channels.
const GREY: u32 = 1;
const RGB: u32 = 2;
const YCBCR: u32 = 6;
/// Of a JPEG file: its start, and a segment that says what three components are (0: red, green, blue; 1: YCbCr).
const START: [u8; 2] = [0xFF, 0xD8];
const END: [u8; 2] = [0xFF, 0xD9];
const ADOBE: [u8; 15] = *b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00";

/// Whether the image is in JPEG.
pub(super) fn are_jpeg<F: Read + Seek>(tags: &mut Tags<'_, F>) -> bool {
    tags.number(COMPRESSION) == Some(JPEG)
}

/// Pixels that a piece of any image may have; of a larger image it has as many as that at most.
const PIECE: usize = 1 << 20;

/// Bytes that decoding takes beside the file's and the image's: of a piece, its pixels and coefficients.
pub(super) fn scratch(size: (usize, usize)) -> u64 {
    rgb_bytes(size).max(rgb_bytes((PIECE, 1))).saturating_mul(4)
}

/// The image, of this size.
pub(super) fn decode(bytes: &[u8], (width, height): (usize, usize)) -> Result<Raster> {
    let damaged = || Error::input("the image cannot be decoded: its pieces in JPEG are not where the file says");
    let mut file = Cursor::new(bytes);
    let mut tags = Tags::open(&mut file).ok_or_else(damaged)?;
    if (tags.side(WIDTH), tags.side(HEIGHT)) != (Some(width), Some(height)) {
        return Err(Error::input("the file changed while it was read"));
    }
    let head = head(&mut tags)?;
    let tile = tags.side(TILE_SIDES[0]).zip(tags.side(TILE_SIDES[1]));
    let rows = tags.side(ROWS_PER_STRIP).unwrap_or(height).min(height);
    let (piece, [places, lengths]) = match tile {
        Some(sides) => (sides, TILES),
        None => ((width, rows), STRIPS),
    };
    let places = tags.numbers(places).ok_or_else(damaged)?;
    let lengths = tags.numbers(lengths).ok_or_else(damaged)?;
    let pixels = piece.0.saturating_mul(piece.1);
    if pixels == 0 || pixels > PIECE.max(width.saturating_mul(height)) {
        return Err(damaged());
    }
    let across = width.div_ceil(piece.0);
    if places.len() < across * height.div_ceil(piece.1) || lengths.len() < places.len() {
        return Err(damaged());
    }
    let mut image = Raster { width, height, levels: zeroed(width * height * CHANNELS)? };
    for (at, (place, length)) in places.iter().zip(&lengths).enumerate() {
        let (left, top) = (at % across * piece.0, at / across * piece.1);
        if top >= height {
            break;
        }
        let data = bytes.get(*place as usize..).and_then(|rest| rest.get(..*length as usize)).ok_or_else(damaged)?;
        let data = data.strip_prefix(&START).ok_or_else(damaged)?;
        let piece = whole(&[&head[..], data].concat(), (piece.0, piece.1.min(height)), height - top)?;
        let columns = piece.width.min(width - left);
        for (row, levels) in piece.levels.chunks_exact(piece.width * CHANNELS).take(height - top).enumerate() {
            let start = ((top + row) * width + left) * CHANNELS;
            image.levels[start..][..columns * CHANNELS].copy_from_slice(&levels[..columns * CHANNELS]);
        }
    }
    Ok(image)
}

/// What goes before each piece to make it a JPEG file: the tables, and what its components are.
fn head<F: Read + Seek>(tags: &mut Tags<'_, F>) -> Result<Vec<u8>> {
    let refused =
        |what: &str| Error::input(format!("a TIFF file with an image in JPEG is read in one plane of {what}"));
    if tags.number(PLANES).is_some_and(|planes| planes != 1) {
        return Err(refused("all channels"));
    }
    let mut head = START.to_vec();
    if let Some(tables) = tags.bytes(JPEG_TABLES) {
        let tables = tables.strip_prefix(&START).unwrap_or(&tables);
        head.extend(tables.strip_suffix(&END).unwrap_or(tables));
    }
    match (tags.number(SAMPLES).unwrap_or(1), tags.number(PHOTOMETRIC_INTERPRETATION)) {
        (1, Some(GREY)) => {}
        (3, Some(kind @ (RGB | YCBCR))) => {
            head.extend(ADOBE);
            head.push(u8::from(kind == YCBCR));
        }
        _ => return Err(refused("grey levels, RGB or YCbCr")),
    }
    Ok(head)
}

/// A piece, which has the sides that the file says; of a last strip, only the rows that are left need be there.
fn whole(file: &[u8], (width, height): (usize, usize), left: usize) -> Result<Raster> {
    let header = jpeg::header(&mut Cursor::new(file))?;
    if header.width != width || header.height > height || header.height < height.min(left) {
        let found = format!("{} x {} pixels, and should have {width} x {height}", header.width, header.height);
        return Err(Error::input(format!("the image cannot be decoded: a piece of it has {found}")));
    }
    Ok(jpeg::decode(file)?.0)
}
