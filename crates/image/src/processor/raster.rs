//! The 8-bit picture that every step before the tensor works on.

use embedkit_core::{Error, Result};

/// Channels of a raster: red, green, blue.
pub(crate) const CHANNELS: usize = 3;

/// An RGB picture, 8 bits a channel, rows top down, channels interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// `height * width * 3` levels.
    pub(crate) levels: Vec<u8>,
}

impl Raster {
    /// A picture of one colour.
    pub(crate) fn filled(width: usize, height: usize, colour: [u8; CHANNELS]) -> Self {
        let levels = match colour {
            [r, g, b] if r == g && g == b => vec![r; width * height * CHANNELS],
            colour => colour.repeat(width * height),
        };
        Self { width, height, levels }
    }

    /// A picture from its levels.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when a side is zero or the levels are not `width * height * 3` many.
    pub(crate) fn new(width: usize, height: usize, levels: Vec<u8>) -> Result<Self> {
        if width == 0 || height == 0 {
            return Err(Error::input(format!("the picture is empty: {width} x {height} pixels")));
        }
        let expected = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(CHANNELS));
        if expected != Some(levels.len()) {
            return Err(Error::input(format!(
                "{width} x {height} RGB pixels need width * height * 3 bytes, got {}",
                levels.len()
            )));
        }
        Ok(Self { width, height, levels })
    }

    /// Bytes of one row.
    pub(crate) fn stride(&self) -> usize {
        self.width * CHANNELS
    }

    /// The rows, top down.
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.levels.chunks_exact(self.stride())
    }

    /// The part that starts at (`left`, `top`); it must lie within the picture.
    pub(crate) fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        let (from, to) = (left * CHANNELS, (left + width) * CHANNELS);
        let levels = self.rows().skip(top).take(height).flat_map(|row| &row[from..to]).copied().collect();
        Self { width, height, levels }
    }

    /// Copies `picture` over this one with its corner at (`left`, `top`); it must fit.
    pub(crate) fn paste(&mut self, picture: &Self, left: usize, top: usize) {
        let (from, to) = (left * CHANNELS, (left + picture.width) * CHANNELS);
        let stride = self.stride();
        for (row, pasted) in self.levels.chunks_exact_mut(stride).skip(top).zip(picture.rows()) {
            row[from..to].copy_from_slice(pasted);
        }
    }
}
