//! From components to red, green and blue, in the fixed-point numbers of libjpeg and, for CMYK, of Pillow.

use super::segments::Colours;
use crate::decode::pixels::without_ink;
use crate::raster::CHANNELS;

/// Turns a row of every component into a row of pixels.
#[inline(always)]
pub(super) fn to_rgb(colours: Colours, lines: &[&[u8]], row: &mut [u8]) {
    match (colours, lines) {
        (Colours::Grey, &[grey]) => convert([grey], row, |[level]| [level, level, level]),
        (Colours::Rgb, &[red, green, blue]) => convert([red, green, blue], row, |pixel| pixel),
        (Colours::YCbCr, &[y, cb, cr]) => convert([y, cb, cr], row, from_ycbcr),
        (Colours::Cmyk, &[cyan, magenta, yellow, black]) => convert([cyan, magenta, yellow, black], row, from_cmyk),
        (Colours::Ycck, &[y, cb, cr, black]) => convert([y, cb, cr, black], row, from_ycck),
        _ => {}
    }
}

/// Pixels that are converted at once.
const LANES: usize = 32;

#[inline(always)]
fn convert<const N: usize>(lines: [&[u8]; N], row: &mut [u8], pixel: impl Fn([u8; N]) -> [u8; CHANNELS]) {
    let (blocks, rest) = row.as_chunks_mut::<{ LANES * CHANNELS }>();
    let done = blocks.len() * LANES;
    for (at, pixels) in blocks.iter_mut().enumerate() {
        let mut levels = [[0; LANES]; N];
        for (levels, line) in levels.iter_mut().zip(&lines) {
            levels.copy_from_slice(&line[at * LANES..][..LANES]);
        }
        let [mut red, mut green, mut blue] = [[0; LANES]; CHANNELS];
        for lane in 0..LANES {
            [red[lane], green[lane], blue[lane]] = pixel(nth(&levels, lane));
        }
        for lane in 0..LANES {
            pixels[lane * CHANNELS] = red[lane];
            pixels[lane * CHANNELS + 1] = green[lane];
            pixels[lane * CHANNELS + 2] = blue[lane];
        }
    }
    for (at, rest) in (done..).zip(rest.as_chunks_mut::<CHANNELS>().0) {
        *rest = pixel(nth(&lines, at));
    }
}

/// A pixel's level of every line. Loops, here and below, become vector code where `map` and `from_fn` of arrays do not.
#[inline(always)]
fn nth<const N: usize, L: AsRef<[u8]>>(lines: &[L; N], at: usize) -> [u8; N] {
    let mut levels = [0; N];
    for (level, line) in levels.iter_mut().zip(lines) {
        *level = line.as_ref()[at];
    }
    levels
}

/// A pixel of four inks, of which files hold the light that they let through.
#[inline(always)]
fn from_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; CHANNELS] {
    [without_ink(255 - cyan, black), without_ink(255 - magenta, black), without_ink(255 - yellow, black)]
}

/// As [`from_cmyk`], of inks that are stored as YCbCr.
#[inline(always)]
fn from_ycck([y, cb, cr, black]: [u8; 4]) -> [u8; CHANNELS] {
    let [cyan, magenta, yellow] = from_ycbcr([y, cb, cr]);
    [without_ink(cyan, black), without_ink(magenta, black), without_ink(yellow, black)]
}

/// A pixel of JFIF's YCbCr (CCIR 601, full range), with 16 fraction bits.
#[inline(always)]
fn from_ycbcr([y, cb, cr]: [u8; CHANNELS]) -> [u8; CHANNELS] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((fixed(1.402) * cr + HALF) >> 16);
    let green = y + ((-fixed(0.344_14) * cb - fixed(0.714_14) * cr + HALF) >> 16);
    let blue = y + ((fixed(1.772) * cb + HALF) >> 16);
    [red.clamp(0, 255) as u8, green.clamp(0, 255) as u8, blue.clamp(0, 255) as u8]
}

const fn fixed(value: f64) -> i32 {
    (value * (1 << 16) as f64 + 0.5) as i32
}
