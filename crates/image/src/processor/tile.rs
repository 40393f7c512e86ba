//! Cutting an image into tiles, with a view of the whole.

use embedkit_core::Result;

use super::resample::resample;
use super::resampling::Resampling;
use super::size::{Resize, Size};
use crate::raster::{Raster, RasterOps, rgb_bytes};

/// How an image becomes square tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiling {
    /// A tile's side.
    pub(crate) side: usize,
    pub(crate) resampling: Resampling,
    /// Whether an image is cut; otherwise it becomes one tile as a whole.
    pub(crate) split: bool,
}

impl Tiling {
    /// The size the image takes before it is cut.
    pub(crate) fn size(self) -> Size {
        if self.split { Size::Tiles(self.side) } else { Size::Exact { height: self.side, width: self.side } }
    }

    /// The bytes that [`apply`](Self::apply) takes.
    pub(crate) fn memory(self, size: (usize, usize)) -> u64 {
        let (resize, (width, height)) = Resize { size: self.size(), resampling: self.resampling }.memory(size);
        // The tiles, and the whole page in one more.
        let tiles = rgb_bytes((width, height)).saturating_mul(2).saturating_add(rgb_bytes((self.side, self.side)));
        resize.saturating_add(tiles)
    }

    /// The tiles, row by row and then the whole image squeezed into one, and the grid's rows and
    /// columns. An image that is one tile has no view of the whole, and the grid (0, 0).
    ///
    /// # Errors
    /// As [`Resize::apply`].
    pub(crate) fn apply(self, image: &Raster, max_pixels: u64) -> Result<(Vec<Raster>, (usize, usize))> {
        let side = self.side;
        let enlarged = Resize { size: self.size(), resampling: self.resampling }.apply(image, max_pixels)?;
        let (rows, columns) = (enlarged.height / side, enlarged.width / side);
        if (rows, columns) == (1, 1) {
            return Ok((vec![enlarged], (0, 0)));
        }
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let cut = |(row, column)| enlarged.crop(column * side, row * side, side, side);
        let mut tiles = cells.map(cut).collect::<Result<Vec<_>>>()?;
        tiles.push(resample(&enlarged, side, side, self.resampling)?);
        Ok((tiles, (rows, columns)))
    }
}
