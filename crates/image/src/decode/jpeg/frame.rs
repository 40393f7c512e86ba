//! What a frame header says: the image's size, and how its components are sampled.

use super::error::{JpegError, Result};

/// Samples along a block's side.
pub(super) const SIDE: usize = 8;

/// A frame: the image that the scans fill.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Whether scans bring coefficients in parts, from coarse to fine.
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// The largest sampling factors of any component.
    pub(super) most: Sampling,
    /// Minimum coded units, the squares that hold whole blocks of every component, across and down.
    pub(super) units: (usize, usize),
}

/// How often a component is sampled, beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sampling {
    pub(super) across: usize,
    pub(super) down: usize,
}

/// One colour, or the brightness.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) sampling: Sampling,
    /// Which quantisation table it uses.
    pub(super) table: usize,
    /// Samples across and down that belong to the image.
    pub(super) size: (usize, usize),
    /// Blocks across and down that hold these.
    pub(super) blocks: (usize, usize),
    /// Blocks across and down with those that fill the last units.
    pub(super) padded: (usize, usize),
}

/// The segment markers of frames.
pub(super) const FRAMES: [u8; 13] = [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF];

impl Frame {
    /// Reads a frame header's segment.
    pub(super) fn read(marker: u8, segment: &[u8]) -> Result<Self> {
        let progressive = match marker {
            0xC0 | 0xC1 => false,
            0xC2 => true,
            0xC3 | 0xC7 | 0xCB | 0xCF => return Err(JpegError::Unsupported("it is coded without loss")),
            0xC5 | 0xC6 | 0xCD | 0xCE => return Err(JpegError::Unsupported("it is coded in a hierarchy of sizes")),
            _ => return Err(JpegError::Unsupported("it is coded arithmetically")),
        };
        let damaged = JpegError::Damaged("frame header");
        let [precision, height_high, height_low, width_high, width_low, count, rest @ ..] = segment else {
            return Err(damaged);
        };
        if *precision != 8 {
            return Err(JpegError::Unsupported("its samples are not of 8 bits"));
        }
        let (specifications, rest) = rest.as_chunks::<3>();
        if specifications.len() != usize::from(*count) || !rest.is_empty() {
            return Err(damaged);
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(JpegError::Unsupported("it has neither 1 nor 3 nor 4 components"));
        }
        let width = usize::from(u16::from_be_bytes([*width_high, *width_low]));
        let height = usize::from(u16::from_be_bytes([*height_high, *height_low]));
        if width == 0 || height == 0 {
            return Err(JpegError::Damaged("size"));
        }
        let factors = specifications.iter().map(|[_, factors, _]| Sampling::read(*factors)).collect::<Option<Vec<_>>>();
        let mut factors = factors.ok_or(JpegError::Damaged("sampling"))?;
        if let [only] = &mut factors[..] {
            // Alone, a component has one block a unit, whatever its factors say.
            *only = Sampling { across: 1, down: 1 };
        }
        let most = Sampling {
            across: factors.iter().map(|sampling| sampling.across).max().unwrap_or(1),
            down: factors.iter().map(|sampling| sampling.down).max().unwrap_or(1),
        };
        let whole = |sampling: &Sampling| {
            most.across.is_multiple_of(sampling.across) && most.down.is_multiple_of(sampling.down)
        };
        if !factors.iter().all(whole) {
            return Err(JpegError::Unsupported("a component is sampled a broken number of times less than another"));
        }
        let units = (width.div_ceil(most.across * SIDE), height.div_ceil(most.down * SIDE));
        let components = specifications.iter().zip(factors).map(|([id, _, table], sampling)| {
            let size = ((width * sampling.across).div_ceil(most.across), (height * sampling.down).div_ceil(most.down));
            Component {
                id: *id,
                sampling,
                table: usize::from(*table),
                size,
                blocks: (size.0.div_ceil(SIDE), size.1.div_ceil(SIDE)),
                padded: (units.0 * sampling.across, units.1 * sampling.down),
            }
        });
        Ok(Self { width, height, progressive, components: components.collect(), most, units })
    }

    /// Blocks of all components.
    pub(super) fn blocks(&self) -> usize {
        self.components.iter().map(|component| component.padded.0 * component.padded.1).sum()
    }
}

impl Sampling {
    /// Factors from 1 to 4, a nibble each.
    fn read(factors: u8) -> Option<Self> {
        let sampling = Self { across: usize::from(factors >> 4), down: usize::from(factors & 15) };
        ((1..=4).contains(&sampling.across) && (1..=4).contains(&sampling.down)).then_some(sampling)
    }
}
