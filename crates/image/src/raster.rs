//! The 8-bit image that every step before the tensor works on.

pub(crate) use embedkit_core::Raster;
use embedkit_core::Result;

use crate::memory::{with_room, zeroed};

/// Channels of a raster: red, green, blue.
pub(crate) const CHANNELS: usize = 3;

/// The longest side, in pixels, of an image that is processed: no real one is longer.
pub(crate) const MAX_SIDE: usize = 1 << 20;

/// Bytes of an RGB image of this width and height.
pub(crate) fn rgb_bytes((width, height): (usize, usize)) -> u64 {
    (width as u64).saturating_mul(height as u64).saturating_mul(CHANNELS as u64)
}

/// What is done with pixels on their way to a tensor.
pub(crate) trait RasterOps: Sized {
    /// An image of one colour.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](embedkit_core::Error::InvalidInput) when there is no memory for it.
    fn filled(width: usize, height: usize, colour: [u8; CHANNELS]) -> Result<Self>;

    /// The same image once more.
    ///
    /// # Errors
    /// As [`filled`](Self::filled).
    fn copied(&self) -> Result<Self>;

    /// Bytes of one row.
    fn stride(&self) -> usize;

    /// The rows, top down.
    fn rows(&self) -> std::slice::ChunksExact<'_, u8>;

    /// The part that starts at (`left`, `top`); it must lie within the image.
    ///
    /// # Errors
    /// As [`filled`](Self::filled).
    fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Result<Self>;

    /// Copies `image` over this one with its corner at (`left`, `top`); it must fit.
    fn paste(&mut self, image: &Self, left: usize, top: usize);
}

impl RasterOps for Raster {
    fn filled(width: usize, height: usize, colour: [u8; CHANNELS]) -> Result<Self> {
        let mut levels = zeroed(width * height * CHANNELS)?;
        if colour != [0; CHANNELS] {
            levels.as_chunks_mut::<CHANNELS>().0.fill(colour);
        }
        Ok(Self { width, height, levels })
    }

    fn copied(&self) -> Result<Self> {
        let mut levels = with_room(self.levels.len())?;
        levels.extend_from_slice(&self.levels);
        Ok(Self { levels, ..*self })
    }

    fn stride(&self) -> usize {
        self.width * CHANNELS
    }

    fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.levels.chunks_exact(self.stride())
    }

    fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Result<Self> {
        let (from, to) = (left * CHANNELS, (left + width) * CHANNELS);
        let mut levels = with_room(width * height * CHANNELS)?;
        self.rows().skip(top).take(height).for_each(|row| levels.extend_from_slice(&row[from..to]));
        Ok(Self { width, height, levels })
    }

    fn paste(&mut self, image: &Self, left: usize, top: usize) {
        let (from, to) = (left * CHANNELS, (left + image.width) * CHANNELS);
        let stride = self.stride();
        for (row, pasted) in self.levels.chunks_exact_mut(stride).skip(top).zip(image.rows()) {
            row[from..to].copy_from_slice(pasted);
        }
    }
}
