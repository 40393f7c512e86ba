//! Which size a picture is resized to.

use embedkit_core::{Error, Result};

use super::filter::Filter;
use super::raster::Raster;
use super::resample::resample;

/// A rule that gives a picture's new size.
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
}

impl Size {
    /// The new width and height of a picture of this width and height.
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
        }
    }
}

/// A resize: a size and a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resize {
    pub(crate) size: Size,
    pub(crate) filter: Filter,
}

impl Resize {
    /// The resized picture.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when it would have more than `max_pixels`.
    pub(crate) fn apply(self, picture: &Raster, max_pixels: u64) -> Result<Raster> {
        let (width, height) = self.size.of(picture.width, picture.height);
        if (width as u64).saturating_mul(height as u64) > max_pixels {
            return Err(Error::input(format!(
                "resizing its {} x {} pixels to the model's size gives {width} x {height}, more than the limit of {max_pixels}",
                picture.width, picture.height
            )));
        }
        Ok(resample(picture, width, height, self.filter))
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
        ];
        for (size, (width, height), expected) in cases {
            assert_eq!(size.of(width, height), expected, "{size:?} of {width} x {height}");
        }
    }
}
