//! Cutting an image to a size, or padding it to one.

use embedkit_core::Result;

use crate::raster::{CHANNELS, Raster, RasterOps};

/// The window of `height` x `width` in the image's middle, and whether zeros had to be added.
///
/// An axis that is too short is padded with zeros on both sides, before it with the larger half; one
/// that is too long loses the smaller half before the window.
pub(crate) fn centre_crop(image: &Raster, height: usize, width: usize) -> Result<(Raster, bool)> {
    let (x, y) = (Centred::new(image.width, width), Centred::new(image.height, height));
    let window = image.crop(x.start, y.start, x.kept, y.kept)?;
    if (x.kept, y.kept) == (width, height) {
        return Ok((window, false));
    }
    let mut padded = Raster::filled(width, height, [0; CHANNELS])?;
    padded.paste(&window, x.padding, y.padding);
    Ok((padded, true))
}

/// A window in the middle of an axis.
struct Centred {
    /// Where the part of the axis that is kept starts.
    start: usize,
    /// How long it is.
    kept: usize,
    /// How much padding is before it.
    padding: usize,
}

impl Centred {
    fn new(length: usize, window: usize) -> Self {
        Self {
            start: length.saturating_sub(window) / 2,
            kept: length.min(window),
            padding: window.saturating_sub(length).div_ceil(2),
        }
    }
}

/// The image at the top left of a square of `colour`, cut in the middle where it is longer than
/// the square.
///
/// A cut that leaves over an odd number of pixels starts at the even one of the two pixels it lies
/// between.
pub(crate) fn pad_to_square(image: &Raster, side: usize, colour: [u8; CHANNELS]) -> Result<Raster> {
    let (width, height) = (image.width.min(side), image.height.min(side));
    let (left, top) = (half_to_even(image.width - width), half_to_even(image.height - height));
    let mut square = Raster::filled(side, side, colour)?;
    square.paste(&image.crop(left, top, width, height)?, 0, 0);
    Ok(square)
}

fn half_to_even(length: usize) -> usize {
    let half = length / 2;
    half + (length % 2) * (half % 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_to_even() {
        let halves = [0, 1, 2, 3, 4, 5, 6, 7].map(half_to_even);
        assert_eq!(halves, [0, 0, 1, 2, 2, 2, 3, 4]);
    }

    #[test]
    fn a_short_axis_is_padded_and_a_long_one_is_cut() {
        let row = Raster { width: 5, height: 1, levels: (1..=5).flat_map(|level| [level; CHANNELS]).collect() };
        let (cropped, padded) = centre_crop(&row, 4, 2).unwrap();
        let reds: Vec<u8> = cropped.levels.iter().step_by(CHANNELS).copied().collect();
        assert!(padded);
        assert_eq!(reds, [0, 0, 0, 0, 2, 3, 0, 0]);
    }
}
