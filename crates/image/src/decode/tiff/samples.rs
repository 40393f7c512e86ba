//! What the samples of a pixel are, as far as Pillow knows it.

use std::io::{Read, Seek};

use embedkit_core::{Error, Result};

use super::tags::{PHOTOMETRIC_INTERPRETATION, SAMPLES, Tags};
use crate::decode::pixels::{COLOURS, from_inks, without_alpha};
use crate::raster::CHANNELS;

const BITS: u16 = 258;
const COLOUR_MAP: u16 = 320;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
/// Photometric interpretations.
const WHITE_IS_ZERO: u64 = 0;
const BLACK_IS_ZERO: u64 = 1;
const RGB: u64 = 2;
const PALETTE: u64 = 3;
const INKS: u64 = 5;
/// What samples beyond the colours are: anything, or alpha by which the colours have been multiplied. All else is alpha.
const ANYTHING: u64 = 0;
const ASSOCIATED_ALPHA: u64 = 1;
/// Formats of samples.
const UNSIGNED: u64 = 1;
const SIGNED: u64 = 2;
/// Samples of a pixel that are looked at; those that are read have fewer.
const MOST_SAMPLES: usize = 8;

/// The samples of a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Samples {
    /// How many there are.
    pub(super) count: usize,
    /// Bits of each.
    pub(super) bits: usize,
    colours: Colours,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Colours {
    Grey,
    /// Grey levels from white on.
    Negative,
    /// Indices into a palette: all its reds, all greens, all blues.
    Palette(Vec<u8>),
    Rgb,
    /// Colours that have been multiplied by their alpha.
    Premultiplied,
    Inks,
}

/// What a file says of its samples.
#[derive(Debug)]
struct Said {
    interpretation: u64,
    count: usize,
    bits: u64,
    format: u64,
    extra: Vec<u64>,
}

impl Samples {
    /// The samples of a file's image; `apart` says that each has a plane of its own.
    pub(super) fn read<F: Read + Seek>(tags: &mut Tags<'_, F>, apart: bool) -> Result<Self> {
        let damaged = || Error::input("the image cannot be decoded: it does not say what its samples are");
        let mut said = Said::read(tags).ok_or_else(damaged)?;
        if apart && said.extra.iter().all(|extra| *extra == ANYTHING) {
            said.count = said.count.saturating_sub(said.extra.len());
            said.extra.clear();
        }
        let palette = || {
            let values = tags.numbers(COLOUR_MAP, CHANNELS * COLOURS)?;
            // Channels have 16 bits; the high byte counts.
            Some(values.into_iter().map(|value| (value >> 8) as u8).collect())
        };
        said.samples(palette).ok_or_else(|| {
            let Said { interpretation, count, bits, format, extra } = said;
            Error::input(format!(
                "the image cannot be decoded: TIFF files are not read that have {count} samples of {bits} bits a pixel with \
                 photometric interpretation {interpretation}, extra samples {extra:?} and sample format {format}; \
                 write it as RGB of 8 bits"
            ))
        })
    }

    /// One byte a sample, of two: the high one, or, of grey levels, as much as fits.
    pub(super) fn narrow(&self) -> fn(u16) -> u8 {
        match self.colours {
            Colours::Grey | Colours::Negative => |level| level.min(255) as u8,
            _ => |level| (level >> 8) as u8,
        }
    }

    /// The pixels of a row of samples, a byte each.
    pub(super) fn to_rgb(&self, samples: &[u8], row: &mut [u8]) {
        // Levels of fewer bits are spread over all; indices are not.
        let spread = if self.bits < 8 { 255 / ((1_u8 << self.bits) - 1) } else { 1 };
        match &self.colours {
            Colours::Grey => self.each(samples, row, |pixel| [pixel[0] * spread; CHANNELS]),
            // Pillow leaves those of 16 bits as they are.
            Colours::Negative if self.bits == 16 => self.each(samples, row, |pixel| [pixel[0]; CHANNELS]),
            Colours::Negative => self.each(samples, row, |pixel| [255 - pixel[0] * spread; CHANNELS]),
            Colours::Palette(channels) => self.each(samples, row, |pixel| coloured(channels, pixel[0])),
            Colours::Rgb if self.count == CHANNELS => row.copy_from_slice(samples),
            Colours::Rgb => self.each(samples, row, |pixel| [pixel[0], pixel[1], pixel[2]]),
            Colours::Premultiplied => self
                .each(samples, row, |pixel| [pixel[0], pixel[1], pixel[2]].map(|level| without_alpha(level, pixel[3]))),
            Colours::Inks => self.each(samples, row, |pixel| from_inks([pixel[0], pixel[1], pixel[2]], pixel[3])),
        }
    }

    fn each(&self, samples: &[u8], row: &mut [u8], to_rgb: impl Fn(&[u8]) -> [u8; CHANNELS]) {
        for (pixel, rgb) in samples.chunks_exact(self.count).zip(row.as_chunks_mut::<CHANNELS>().0) {
            *rgb = to_rgb(pixel);
        }
    }
}

impl Said {
    fn read<F: Read + Seek>(tags: &mut Tags<'_, F>) -> Option<Self> {
        let count = usize::try_from(tags.number_or(SAMPLES, 1)?).ok()?;
        let mut alike = |tag: u16, default: u64| {
            let values = if tags.has(tag) { tags.numbers(tag, count.min(MOST_SAMPLES))? } else { vec![default] };
            values.first().copied().filter(|first| values.iter().all(|value| value == first))
        };
        Some(Self {
            count,
            bits: alike(BITS, 1)?,
            format: alike(SAMPLE_FORMAT, UNSIGNED)?,
            interpretation: tags.number_or(PHOTOMETRIC_INTERPRETATION, WHITE_IS_ZERO)?,
            extra: if tags.has(EXTRA_SAMPLES) { tags.numbers(EXTRA_SAMPLES, MOST_SAMPLES)? } else { Vec::new() },
        })
    }

    /// The samples, where Pillow reads such.
    fn samples(&self, palette: impl FnOnce() -> Option<Vec<u8>>) -> Option<Samples> {
        let Self { interpretation, count, bits, format, ref extra } = *self;
        let channels = match interpretation {
            WHITE_IS_ZERO | BLACK_IS_ZERO | PALETTE => 1,
            RGB => CHANNELS,
            INKS => CHANNELS + 1,
            _ => return None,
        };
        let is_read = match (channels, extra.len()) {
            (1, 0) => matches!(bits, 1 | 2 | 4 | 8) || (bits == 16 && interpretation != PALETTE),
            (1, _) => bits == 8,
            _ => matches!(bits, 8 | 16),
        };
        let is_unsigned = format == UNSIGNED || (format == SIGNED && interpretation == BLACK_IS_ZERO && bits == 8);
        // Of four samples where three are due, the last is alpha, whether or not the file says so.
        let is_whole = count == channels + extra.len() || (interpretation == RGB && count == 4 && extra.is_empty());
        let rest_is_anything = extra.iter().skip(1).all(|extra| *extra == ANYTHING);
        if !(is_read && is_unsigned && is_whole && rest_is_anything) {
            return None;
        }
        let colours = match (interpretation, extra.first().copied().unwrap_or(ANYTHING)) {
            (RGB, ASSOCIATED_ALPHA) => Colours::Premultiplied,
            (_, ASSOCIATED_ALPHA) => return None,
            (INKS, ANYTHING) => Colours::Inks,
            (INKS, _) => return None,
            (RGB, _) => Colours::Rgb,
            (PALETTE, _) => Colours::Palette(palette().filter(|channels| channels.len() >= CHANNELS)?),
            (WHITE_IS_ZERO, _) => Colours::Negative,
            _ => Colours::Grey,
        };
        Some(Samples { count, bits: usize::try_from(bits).ok()?, colours })
    }
}

/// A palette's colour; black beyond its end.
fn coloured(channels: &[u8], index: u8) -> [u8; CHANNELS] {
    let colours = channels.len() / CHANNELS;
    let index = usize::from(index);
    if index < colours { std::array::from_fn(|channel| channels[channel * colours + index]) } else { [0; CHANNELS] }
}
