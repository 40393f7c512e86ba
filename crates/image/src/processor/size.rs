//! Which size an image is resized to.

use embedkit_core::{Error, Result};

use super::resample::resample;
use super::resampling::Resampling;
use crate::raster::{CHANNELS, Raster};

/// A rule that gives an image's new size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// The shorter side becomes this long; the longer follows, rounded down.
    ShortestEdge(usize),
    /// The longer side becomes this long; the other follows, rounded down. Odd sides then grow by
    /// one pixel.
    LongestEdge(usize),
    /// Exactly this, whatever the aspect ratio.
    Exact { height: usize, width: usize },
    /// Both sides become multiples of a tile's: the longer one the next multiple, the other the next
    /// multiple of what keeps the aspect ratio.
    Tiles(usize),
    /// Both sides become the nearest multiples, and smaller or larger ones of about the same aspect
    /// ratio where these have too many or too few pixels (Qwen2-VL, <https://arxiv.org/abs/2409.12191>).
    Pixels { multiple: usize, fewest: usize, most: usize },
}

/// Bytes of weights for a pixel along a side, of the filter that has most.
const WEIGHTS: usize = 32;

/// Longest side over the shortest of what [`Size::Pixels`] takes.
const MAX_ASPECT_RATIO: f64 = 200.0;

impl Size {
    /// The new width and height of an image of this width and height.
    pub(crate) fn of(self, width: usize, height: usize) -> (usize, usize) {
        let aspect_ratio = width as f64 / height as f64;
        match self {
            Self::Exact { height, width } => (width, height),
            Self::ShortestEdge(side) => {
                let scaled = |long: usize, short: usize| (side as f64 * long as f64 / short as f64) as usize;
                if width <= height { (side, scaled(height, width)) } else { (scaled(width, height), side) }
            }
            Self::LongestEdge(side) => {
                let (width, height) = if width >= height {
                    (side, (side as f64 / aspect_ratio) as usize)
                } else {
                    ((side as f64 * aspect_ratio) as usize, side)
                };
                let even = |side: usize| (side + side % 2).max(1);
                (even(width), even(height))
            }
            Self::Tiles(tile) => {
                let whole = |side: usize| side.div_ceil(tile) * tile;
                if width >= height {
                    let width = whole(width);
                    (width, whole((width as f64 / aspect_ratio) as usize))
                } else {
                    let height = whole(height);
                    (whole((height as f64 * aspect_ratio) as usize), height)
                }
            }
            Self::Pixels { multiple, fewest, most } => within(width, height, multiple as f64, fewest, most),
        }
    }
}

/// The sides of [`Size::Pixels`].
fn within(width: usize, height: usize, unit: f64, fewest: usize, most: usize) -> (usize, usize) {
    let sides = |of: &dyn Fn(f64) -> f64| [width, height].map(|side| (of(side as f64) * unit) as usize);
    let nearest = sides(&|side| (side / unit).round_ties_even());
    let (pixels, given) = (nearest[0].saturating_mul(nearest[1]), (width * height) as f64);
    let [width, height] = if pixels > most {
        let shrink = (given / most as f64).sqrt();
        sides(&|side| (side / shrink / unit).floor().max(1.0))
    } else if pixels < fewest {
        let grow = (fewest as f64 / given).sqrt();
        sides(&|side| (side * grow / unit).ceil())
    } else {
        nearest
    };
    (width, height)
}

/// A resize: a size, and how pixels are interpolated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resize {
    pub(crate) size: Size,
    pub(crate) resampling: Resampling,
}

impl Resize {
    /// The bytes that [`apply`](Self::apply) takes, and the new width and height.
    pub(crate) fn memory(self, (width, height): (usize, usize)) -> (u64, (usize, usize)) {
        let (new_width, new_height) = self.size.of(width, height);
        let area = |width: usize, height: usize| (width as u64).saturating_mul(height as u64);
        // One of the passes comes first; weights are a few for every pixel along a side.
        let between = area(new_width, height).max(area(width, new_height));
        let weights = area(width.saturating_add(height).saturating_add(new_width).saturating_add(new_height), WEIGHTS);
        let pixels = between.saturating_add(area(new_width, new_height)).saturating_mul(CHANNELS as u64);
        (pixels.saturating_add(weights), (new_width, new_height))
    }

    /// The resized image.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when it would have more than `max_pixels`.
    pub(crate) fn apply(self, image: &Raster, max_pixels: u64) -> Result<Raster> {
        let (long, short) = (image.width.max(image.height), image.width.min(image.height));
        if matches!(self.size, Size::Pixels { .. }) && long as f64 / short as f64 > MAX_ASPECT_RATIO {
            return Err(Error::input(format!(
                "{} x {} pixels: one side is more than {MAX_ASPECT_RATIO} times the other, which the model cannot see",
                image.width, image.height
            )));
        }
        let (width, height) = self.size.of(image.width, image.height);
        if (width as u64).saturating_mul(height as u64) > max_pixels {
            return Err(Error::input(format!(
                "resizing its {} x {} pixels to the model's size gives {width} x {height}, more than the limit of {max_pixels}",
                image.width, image.height
            )));
        }
        resample(image, width, height, self.resampling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_references() {
        let cases = [
            (Size::ShortestEdge(224), (640, 480), (298, 224)),
            (Size::ShortestEdge(224), (333, 1000), (224, 672)),
            (Size::ShortestEdge(256), (1000, 333), (768, 256)),
            (Size::ShortestEdge(224), (227, 224), (227, 224)),
            (Size::LongestEdge(224), (640, 480), (224, 168)),
            (Size::LongestEdge(224), (333, 1000), (74, 224)),
            (Size::LongestEdge(256), (1000, 333), (256, 86)),
            (Size::LongestEdge(224), (227, 224), (224, 222)),
            (Size::LongestEdge(224), (1, 10_000), (1, 224)),
            (Size::Tiles(512), (1000, 600), (1024, 1024)),
            (Size::Tiles(512), (300, 1000), (512, 1024)),
            (Size::Tiles(512), (100, 50), (512, 512)),
            (Size::Exact { height: 20, width: 16 }, (53, 37), (16, 20)),
            // Checked against Qwen2-VL's own processor by the golden of `colpali`.
            (Size::Pixels { multiple: 28, fewest: 3136, most: 602_112 }, (1700, 2200), (672, 868)),
            (Size::Pixels { multiple: 28, fewest: 3136, most: 602_112 }, (42, 70), (56, 56)),
            (Size::Pixels { multiple: 28, fewest: 3136, most: 602_112 }, (1, 10), (28, 196)),
        ];
        for (size, (width, height), expected) in cases {
            assert_eq!(size.of(width, height), expected, "{size:?} of {width} x {height}");
        }
    }
}
