//! The 8-bit picture that every step before the tensor works on.

use embedkit_core::{Error, Result};

use crate::memory::{with_room, zeroed};

/// Channels of a raster: red, green, blue.
pub(crate) const CHANNELS: usize = 3;

/// The longest side, in pixels, of a picture that is processed: no real one is longer.
pub(crate) const MAX_SIDE: usize = 1 << 20;

/// Bytes of an RGB picture of this width and height.
pub(crate) fn rgb_bytes((width, height): (usize, usize)) -> u64 {
    (width as u64).saturating_mul(height as u64).saturating_mul(CHANNELS as u64)
}

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
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when there is no memory for it.
    pub(crate) fn filled(width: usize, height: usize, colour: [u8; CHANNELS]) -> Result<Self> {
        let mut levels = zeroed(width * height * CHANNELS)?;
        if colour != [0; CHANNELS] {
            levels.as_chunks_mut::<CHANNELS>().0.fill(colour);
        }
        Ok(Self { width, height, levels })
    }

    /// The same picture once more.
    ///
    /// # Errors
    /// As [`filled`](Self::filled).
    pub(crate) fn copied(&self) -> Result<Self> {
        let mut levels = with_room(self.levels.len())?;
        levels.extend_from_slice(&self.levels);
        Ok(Self { levels, ..*self })
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
    ///
    /// # Errors
    /// As [`filled`](Self::filled).
    pub(crate) fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Result<Self> {
        let (from, to) = (left * CHANNELS, (left + width) * CHANNELS);
        let mut levels = with_room(width * height * CHANNELS)?;
        self.rows().skip(top).take(height).for_each(|row| levels.extend_from_slice(&row[from..to]));
        Ok(Self { width, height, levels })
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
