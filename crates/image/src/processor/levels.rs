//! From 8-bit levels to what a graph is fed: rescaled, normalised, channels first.

use crate::raster::{CHANNELS, Raster};

/// What every level of every channel becomes.
///
/// There are 256 levels, so the arithmetic is done once for each, in the reference's types: levels
/// are multiplied in 64 bits and rounded to 32; those of a zero-padded image, which the reference
/// holds as floats, are multiplied in 32; then `(x - mean) / std` in 32.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Levels {
    plain: Table,
    padded: Table,
}

type Table = Box<[[f32; 256]; CHANNELS]>;

impl Levels {
    /// The tables of a scale and of a mean and standard deviation by channel.
    pub(crate) fn new(scale: Option<f64>, normalization: Option<([f32; CHANNELS], [f32; CHANNELS])>) -> Self {
        let (mean, std) = normalization.unwrap_or(([0.0; CHANNELS], [1.0; CHANNELS]));
        let table = |rescale: &dyn Fn(u8) -> f32| {
            let channel = |c: usize| {
                std::array::from_fn(|level| (rescale(u8::try_from(level).unwrap_or(u8::MAX)) - mean[c]) / std[c])
            };
            Box::new(std::array::from_fn(channel))
        };
        let scale = scale.unwrap_or(1.0);
        Self {
            plain: table(&|level| (f64::from(level) * scale) as f32),
            padded: table(&|level| f32::from(level) * scale as f32),
        }
    }

    /// Whether every level becomes a finite number.
    pub(crate) fn are_finite(&self) -> bool {
        [&self.plain, &self.padded].into_iter().all(|table| table.as_flattened().iter().all(|value| value.is_finite()))
    }

    /// Appends the image to `tensor`, `[3, height, width]`.
    pub(crate) fn append(&self, image: &Raster, padded: bool, tensor: &mut Vec<f32>) {
        let table = if padded { &self.padded } else { &self.plain };
        for (channel, values) in table.iter().enumerate() {
            tensor
                .extend(image.levels.as_chunks::<CHANNELS>().0.iter().map(|pixel| values[usize::from(pixel[channel])]));
        }
    }
}
