//! Resizing with Pillow's arithmetic, bit for bit.
//!
//! A resize is two passes of weighted sums, along rows and along columns, each rounded to 8 bits.
//! Weights have 22 fraction bits and sums 32 bits, as in Pillow's 8-bit code; the order of the
//! passes is that of Pillow 13 (before it, rows were always first, which differs for images that
//! shrink more in height than twice as much in width).

use embedkit_core::Result;

use super::resampling::{PRECISION_BITS, Resampling, Taps};
use crate::memory::with_room;
use crate::raster::{CHANNELS, Raster, RasterOps};
use crate::vectorize::{Kernel, widest};

/// The image at `width` x `height`; both must be positive.
///
/// # Errors
/// [`Error::InvalidInput`](embedkit_core::Error::InvalidInput) when there is no memory for it.
pub(crate) fn resample(image: &Raster, width: usize, height: usize, resampling: Resampling) -> Result<Raster> {
    if (width, height) == (image.width, image.height) {
        return image.copied();
    }
    if resampling == Resampling::Nearest {
        return nearest(image, width, height);
    }
    if columns_first(image, width, height) {
        resize_width(&resize_height(image, height, resampling)?, width, resampling)
    } else {
        resize_height(&resize_width(image, width, resampling)?, height, resampling)
    }
}

/// Pillow 13 starts with the columns when that leaves fewer pixels for the second pass, a pixel of
/// the row pass counted twice.
fn columns_first(image: &Raster, width: usize, height: usize) -> bool {
    let fewer_rows = image.height as i64 - height as i64;
    let fewer_columns = image.width as i64 - width as i64;
    fewer_rows > 0 && fewer_rows > 2 * fewer_columns
}

fn nearest(image: &Raster, width: usize, height: usize) -> Result<Raster> {
    let columns = nearest_sources(image.width, width);
    let mut levels = with_room(width * height * CHANNELS)?;
    for row in nearest_sources(image.height, height) {
        let row = &image.levels[row * image.stride()..][..image.stride()];
        levels.extend(columns.iter().flat_map(|&column| &row[column * CHANNELS..][..CHANNELS]));
    }
    Ok(Raster { width, height, levels })
}

/// The source pixel of every target pixel, found by repeated addition as Pillow does.
fn nearest_sources(source: usize, target: usize) -> Vec<usize> {
    let scale = source as f64 / target as f64;
    let mut at = scale * 0.5;
    let mut next = || {
        let pixel = (at as usize).min(source - 1);
        at += scale;
        pixel
    };
    (0..target).map(|_| next()).collect()
}

fn resize_height(image: &Raster, height: usize, resampling: Resampling) -> Result<Raster> {
    if height == image.height {
        return image.copied();
    }
    let taps = Taps::new(resampling, image.height, height);
    let mut resized = Raster::filled(image.width, height, [0; CHANNELS])?;
    widest(Combine { pass: Pass::Height, image, taps: &taps, resized: &mut resized });
    Ok(resized)
}

fn resize_width(image: &Raster, width: usize, resampling: Resampling) -> Result<Raster> {
    if width == image.width {
        return image.copied();
    }
    let taps = Taps::new(resampling, image.width, width);
    let mut resized = Raster::filled(width, image.height, [0; CHANNELS])?;
    widest(Combine { pass: Pass::Width, image, taps: &taps, resized: &mut resized });
    Ok(resized)
}

#[derive(Clone, Copy)]
enum Pass {
    Height,
    Width,
}

/// A pass over an image.
struct Combine<'p> {
    pass: Pass,
    image: &'p Raster,
    taps: &'p Taps,
    resized: &'p mut Raster,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.pass {
            Pass::Height => combine_rows(self.image, self.taps, self.resized),
            Pass::Width => combine_columns(self.image, self.taps, self.resized),
        }
    }
}

/// Levels that the height pass sums at once.
const LANES: usize = 64;

#[inline(always)]
fn combine_rows(image: &Raster, taps: &Taps, resized: &mut Raster) {
    let stride = image.stride();
    for (row, (first, weights)) in resized.levels.chunks_exact_mut(stride).zip(taps.iter()) {
        let window = &image.levels[first * stride..];
        let (blocks, rest) = row.as_chunks_mut::<LANES>();
        for (block, sums) in blocks.iter_mut().enumerate() {
            *sums = weighted_sums(&window[block * LANES..], stride, weights);
        }
        let done = stride - rest.len();
        for (column, level) in rest.iter_mut().enumerate() {
            [*level] = weighted_sums(&window[done + column..], stride, weights);
        }
    }
}

/// Rows that the width pass works on at once: side by side, the levels of a column are one vector.
const BAND: usize = 16;

#[inline(always)]
fn combine_columns(image: &Raster, taps: &Taps, resized: &mut Raster) {
    const COLUMN: usize = BAND * CHANNELS;
    let mut band = vec![0; image.width * COLUMN];
    let rows = image.levels.chunks(BAND * image.stride());
    let stride = resized.stride();
    for (rows, resized) in rows.zip(resized.levels.chunks_mut(BAND * stride)) {
        for (at, row) in rows.chunks_exact(image.stride()).enumerate() {
            let columns = band.as_chunks_mut::<COLUMN>().0;
            for (column, pixel) in columns.iter_mut().zip(row.as_chunks::<CHANNELS>().0) {
                column[at * CHANNELS..][..CHANNELS].copy_from_slice(pixel);
            }
        }
        for (column, (first, weights)) in taps.iter().enumerate() {
            let sums: [u8; COLUMN] = weighted_sums(&band[first * COLUMN..], COLUMN, weights);
            for (row, pixel) in resized.chunks_exact_mut(stride).zip(sums.as_chunks::<CHANNELS>().0) {
                row[column * CHANNELS..][..CHANNELS].copy_from_slice(pixel);
            }
        }
    }
}

/// `N` neighbouring weighted sums over lines that lie `stride` apart, rounded to 8 bits.
#[inline(always)]
fn weighted_sums<const N: usize>(lines: &[u8], stride: usize, weights: &[i32]) -> [u8; N] {
    let mut sums = [1 << (PRECISION_BITS - 1); N];
    for (line, &weight) in lines.chunks(stride).zip(weights) {
        if let Some(levels) = line.first_chunk::<N>() {
            for (sum, &level) in sums.iter_mut().zip(levels) {
                *sum += i32::from(level) * weight;
            }
        }
    }
    sums.map(|sum: i32| (sum >> PRECISION_BITS).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this processor's widest vectors give is what plain code gives, in whole blocks and at their edges.
    #[test]
    fn every_level_agrees() {
        let (width, height) = (LANES / CHANNELS + 2, BAND + 3);
        let level = |at: usize| (at.wrapping_mul(2_654_435_761) >> 16) as u8;
        let image = Raster { width, height, levels: (0..width * height * CHANNELS).map(level).collect() };
        for (pass, width, height, from, to) in [(Pass::Height, width, 7, height, 7), (Pass::Width, 9, height, width, 9)]
        {
            let taps = Taps::new(Resampling::Bicubic, from, to);
            let mut plain = Raster::filled(width, height, [0; CHANNELS]).unwrap();
            let mut chosen = plain.clone();
            Combine { pass, image: &image, taps: &taps, resized: &mut plain }.run();
            widest(Combine { pass, image: &image, taps: &taps, resized: &mut chosen });
            assert!(plain == chosen && plain.levels.iter().any(|level| *level != plain.levels[0]));
        }
    }
}
