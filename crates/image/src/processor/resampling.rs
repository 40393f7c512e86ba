//! Resampling filters and their fixed-point weights, as Pillow defines them.

use std::f64::consts::PI;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::settings::FromSetting;

/// How pixels are interpolated when an image is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resampling {
    /// The nearest pixel.
    Nearest,
    /// The mean of the pixels under the target pixel.
    Box,
    /// Linear interpolation.
    Bilinear,
    /// A sharper linear interpolation: a sinc under a Hamming window.
    Hamming,
    /// Cubic convolution with a = -0.5 (Keys 1981).
    Bicubic,
    /// A sinc under a wider sinc, three lobes.
    Lanczos,
}

impl Resampling {
    /// The filter with Pillow's number for it, which configurations hold.
    pub fn from_code(code: u64) -> Option<Self> {
        Some(match code {
            0 => Self::Nearest,
            1 => Self::Lanczos,
            2 => Self::Bilinear,
            3 => Self::Bicubic,
            4 => Self::Box,
            5 => Self::Hamming,
            _ => return None,
        })
    }

    /// The filter of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "nearest" => Self::Nearest,
            "lanczos" => Self::Lanczos,
            "bilinear" => Self::Bilinear,
            "bicubic" => Self::Bicubic,
            "box" => Self::Box,
            "hamming" => Self::Hamming,
            _ => return None,
        })
    }

    /// How far the filter reaches, in source pixels, when an image is not made smaller.
    fn support(self) -> f64 {
        match self {
            Self::Nearest => 0.0,
            Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// The filter's value at `x` source pixels from its centre.
    fn at(self, x: f64) -> f64 {
        let distance = x.abs();
        match self {
            Self::Nearest => 0.0,
            // Half open, so that a pixel on an edge counts once.
            Self::Box => f64::from(u8::from(-0.5 < x && x <= 0.5)),
            Self::Bilinear => (1.0 - distance).max(0.0),
            Self::Hamming if distance == 0.0 => 1.0,
            Self::Hamming if distance < 1.0 => {
                let angle = distance * PI;
                angle.sin() / angle * (HAMMING_MEAN + HAMMING_SWING * angle.cos())
            }
            Self::Bicubic if distance < 1.0 => ((BICUBIC_A + 2.0) * x.abs() - (BICUBIC_A + 3.0)) * x * x + 1.0,
            Self::Bicubic if distance < 2.0 => (((distance - 5.0) * distance + 8.0) * distance - 4.0) * BICUBIC_A,
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Hamming | Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

const BICUBIC_A: f64 = -0.5;

/// 0.54 and 0.46 in single precision, as Pillow writes them: levels of some pixels differ by one.
const HAMMING_MEAN: f64 = 0.54_f32 as f64;
const HAMMING_SWING: f64 = 0.46_f32 as f64;

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let angle = x * PI;
    angle.sin() / angle
}

impl<'de> Deserialize<'de> for Resampling {
    /// Reads Pillow's number or the filter's name.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("{value} is no way of resampling, which is {}", Self::EXPECTED));
        Self::from_setting(&value).ok_or_else(wrong)
    }
}

impl FromSetting for Resampling {
    const EXPECTED: &'static str = "nearest (0), lanczos (1), bilinear (2), bicubic (3), box (4) or hamming (5)";

    fn from_setting(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) => Self::from_name(name),
            _ => value.as_u64().and_then(Self::from_code),
        }
    }
}

/// Fraction bits of a weight: an 8-bit level times it, summed, stays within 32 bits.
pub(super) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// For every pixel along an axis of the target, the pixels of the source it is made of.
pub(super) struct Taps {
    windows: Vec<(usize, usize)>,
    weights: Vec<i32>,
    longest: usize,
}

impl Taps {
    /// The weights of `resampling` from `source` to `target` pixels along one axis.
    pub(super) fn new(resampling: Resampling, source: usize, target: usize) -> Self {
        let scale = source as f64 / target as f64;
        let stretch = scale.max(1.0);
        let support = resampling.support() * stretch;
        let longest = support.ceil() as usize * 2 + 1;

        let mut windows = Vec::with_capacity(target);
        let mut weights = Vec::with_capacity(target * longest);
        let mut values = Vec::with_capacity(longest);
        for pixel in 0..target {
            let centre = (pixel as f64 + 0.5) * scale;
            // Casts of negative numbers saturate at 0, the first pixel.
            let first = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(source);
            values.clear();
            values.extend((first..end).map(|pixel| resampling.at((pixel as f64 - centre + 0.5) * (1.0 / stretch))));
            let sum: f64 = values.iter().sum();
            windows.push((first, values.len()));
            weights.extend(values.iter().map(|value| fixed_point(if sum == 0.0 { *value } else { value / sum })));
            weights.resize(windows.len() * longest, 0);
        }
        Self { windows, weights, longest }
    }

    /// The first source pixel and the weights of every target pixel, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let rows = self.weights.chunks_exact(self.longest);
        self.windows.iter().zip(rows).map(|(&(first, count), weights)| (first, &weights[..count]))
    }
}

/// Rounds half away from zero.
fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION_BITS);
    (scaled + 0.5_f64.copysign(weight)) as i32
}
