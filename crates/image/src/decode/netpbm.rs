//! Netpbm files (PBM, PGM, PPM) of any depth, as text or as bytes, with Pillow's levels. They are read here, since the
//! decoder of the `image` crate spreads depths otherwise, and knows no comments between levels.

use std::io::{BufRead, Read as _, Seek};

use embedkit_core::{Error, Result};

use super::{Format, Header};
use crate::memory::with_room;
use crate::raster::{CHANNELS, Raster, rgb_bytes};

/// Digits of a number at most, which is what Pillow reads.
const LONGEST_NUMBER: usize = 10;
/// The brightest level of a channel of two bytes.
const BRIGHTEST: u32 = u16::MAX as u32;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Netpbm {
    size: (usize, usize),
    samples: Samples,
    is_text: bool,
    /// The brightest level; of bits there is none.
    brightest: u32,
    /// Where levels begin in the file.
    start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    /// 1 is black.
    Bits,
    Grey,
    Colours,
}

/// Reads the header of a file of `length` bytes.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header> {
    let damaged = || Error::input("the image cannot be decoded: it has no header of a PBM, PGM or PPM file");
    let netpbm = Netpbm::read(file).ok_or_else(damaged)?;
    // The levels as they are in the file, of text without its comments, beside those that come out.
    let memory = rgb_bytes(netpbm.size).saturating_mul(2).saturating_add(length);
    Ok(Header { size: netpbm.size, memory, format: Format::Netpbm(netpbm) })
}

/// The image.
pub(super) fn decode(bytes: &[u8], netpbm: &Netpbm) -> Result<Raster> {
    let damaged =
        || Error::input("the image cannot be decoded: it has fewer levels than pixels, or some that are none");
    let levels = netpbm.levels(bytes.get(netpbm.start..).unwrap_or_default())?.ok_or_else(damaged)?;
    let (width, height) = netpbm.size;
    if netpbm.samples == Samples::Colours {
        return Ok(Raster { width, height, levels });
    }
    let mut colours = with_room(levels.len() * CHANNELS)?;
    colours.extend(levels.iter().flat_map(|level| [*level; CHANNELS]));
    Ok(Raster { width, height, levels: colours })
}

impl Netpbm {
    fn read(file: &mut (impl BufRead + Seek)) -> Option<Self> {
        let mut magic = [0; 3];
        file.read_exact(&mut magic).ok()?;
        let [b'P', kind @ b'1'..=b'6', space] = magic else { return None };
        if !is_space(space) {
            return None;
        }
        let samples = [Samples::Bits, Samples::Grey, Samples::Colours][usize::from(kind - b'1') % 3];
        let [width, height] = [number(file)?, number(file)?];
        let brightest = if samples == Samples::Bits { 1 } else { number(file)? };
        (1..=BRIGHTEST).contains(&brightest).then_some(())?;
        let size = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
        let start = usize::try_from(file.stream_position().ok()?).ok()?;
        Some(Self { size, samples, is_text: kind <= b'3', brightest, start })
    }

    /// The levels of all channels, one after the other; none where some are missing or are none.
    fn levels(&self, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
        let (width, height) = self.size;
        let channels = if self.samples == Samples::Colours { CHANNELS } else { 1 };
        let count = width * height * channels;
        let mut levels = with_room(count)?;
        match (self.is_text, self.samples) {
            (true, Samples::Bits) => levels.extend(bits_of(&without_comments(bytes)?).take(count)),
            (true, _) => {
                let text = without_comments(bytes)?;
                let numbers = numbers_of(&text).take(count).map_while(|number| number);
                levels.extend(numbers.take_while(|number| *number <= self.brightest).map(|number| self.level(number)));
            }
            (false, Samples::Bits) => {
                let rows = bytes.chunks_exact(width.div_ceil(8)).take(height);
                levels.extend(rows.flat_map(|row| (0..width).map(|at| level_of_bit(row[at / 8] >> (7 - at % 8) & 1))));
            }
            (false, _) if self.brightest > u32::from(u8::MAX) => {
                let pairs = bytes.as_chunks::<2>().0.iter().take(count);
                levels.extend(pairs.map(|pair| self.level(u16::from_be_bytes(*pair).into())));
            }
            (false, _) => levels.extend(bytes.iter().take(count).map(|byte| self.level((*byte).into()))),
        }
        Ok((levels.len() == count).then_some(levels))
    }

    /// A number of the file as a level. Grey of more than 8 bits is spread over 16, and cut at 255 as all such grey is.
    fn level(&self, number: u32) -> u8 {
        let is_wide = self.samples == Samples::Grey && self.brightest > u32::from(u8::MAX);
        let most = if is_wide { BRIGHTEST } else { u8::MAX.into() };
        let level = if self.brightest == most {
            number
        } else {
            (f64::from(number) / f64::from(self.brightest) * f64::from(most)).round_ties_even() as u32
        };
        level.min(u8::MAX.into()) as u8
    }
}

/// The next number of a header, and what ends it; comments, which may stand within one, are passed over.
fn number(file: &mut impl BufRead) -> Option<u32> {
    let mut digits = String::new();
    let mut bytes = file.bytes().map_while(|byte| byte.ok());
    while let Some(byte) = bytes.next() {
        match byte {
            b'#' => {
                bytes.find(|byte| is_line_end(*byte))?;
            }
            _ if is_space(byte) && digits.is_empty() => {}
            _ if is_space(byte) => break,
            _ => digits.push(char::from(byte)),
        }
        if digits.len() > LONGEST_NUMBER {
            return None;
        }
    }
    digits.parse().ok()
}

/// A text without its comments, and without the ends of their lines.
fn without_comments(text: &[u8]) -> Result<Vec<u8>> {
    let mut kept = with_room(text.len())?;
    let mut is_comment = false;
    for byte in text {
        match byte {
            b'#' => is_comment = true,
            _ if is_comment => is_comment = !is_line_end(*byte),
            _ => kept.push(*byte),
        }
    }
    Ok(kept)
}

/// The levels of digits between which there may be spaces, up to what is none.
fn bits_of(text: &[u8]) -> impl Iterator<Item = u8> {
    let digits = text.iter().filter(|byte| !is_space(**byte));
    digits.map_while(|digit| matches!(digit, b'0' | b'1').then(|| level_of_bit(digit - b'0')))
}

fn level_of_bit(bit: u8) -> u8 {
    if bit == 0 { u8::MAX } else { 0 }
}

/// The numbers of a text; none in the place of what is no number.
fn numbers_of(text: &[u8]) -> impl Iterator<Item = Option<u32>> {
    let words = text.split(|byte| is_space(*byte)).filter(|word| !word.is_empty());
    words.map(|word| str::from_utf8(word).ok().filter(|word| word.len() <= LONGEST_NUMBER)?.parse().ok())
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
