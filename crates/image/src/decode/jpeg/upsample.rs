//! Components that are sampled less often, at the image's size.
//!
//! Where a component has half the samples, a new sample lies a quarter of the way between two old ones, and is three
//! quarters of the nearer and one quarter of the further one (the triangle filter that libjpeg calls "fancy"). Halves are
//! rounded up at every other sample and down between, so that levels do not drift. At the edges the last sample stands in for
//! the one that is not there. Other factors repeat samples.

use super::frame::{Component, Sampling};

/// How a component gets to the image's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upsampling {
    None,
    /// Interpolated between two samples of a row.
    Across,
    /// Interpolated between two rows.
    Down,
    /// Interpolated between the four samples around.
    Both,
    /// Every sample so often.
    Repeated {
        across: usize,
        down: usize,
    },
}

/// Samples of a row that interpolation across needs; narrower components are repeated.
const NARROWEST: usize = 3;

impl Upsampling {
    /// The way of a component beside ones that have the `most` samples.
    pub(super) fn of(component: &Component, most: Sampling) -> Self {
        let (across, down) = (most.across / component.sampling.across, most.down / component.sampling.down);
        match (across, down) {
            (1, 1) => Self::None,
            (2, 1) if component.size.0 >= NARROWEST => Self::Across,
            (1, 2) => Self::Down,
            (2, 2) if component.size.0 >= NARROWEST => Self::Both,
            _ => Self::Repeated { across, down },
        }
    }

    /// How many rows of the image one of the component's makes.
    fn down(self) -> usize {
        match self {
            Self::None | Self::Across => 1,
            Self::Down | Self::Both => 2,
            Self::Repeated { down, .. } => down,
        }
    }

    /// The component's rows that a row of the image is made of: the nearer one, and the other where there is one.
    pub(super) fn rows(self, row: usize, height: usize) -> (usize, usize) {
        let near = (row / self.down()).min(height - 1);
        match self {
            Self::Down | Self::Both if row.is_multiple_of(2) => (near, near.saturating_sub(1)),
            Self::Down | Self::Both => (near, (near + 1).min(height - 1)),
            _ => (near, near),
        }
    }

    /// A row of the image, `row` rows from its top, from the component's [`rows`](Self::rows).
    /// `sums` is scratch, as long as the component is wide and two more.
    #[inline(always)]
    pub(super) fn apply(self, row: usize, near: &[u8], far: &[u8], sums: &mut [i16], line: &mut [u8]) {
        match self {
            Self::None => {}
            Self::Across => {
                for (sum, level) in sums[1..].iter_mut().zip(near) {
                    *sum = i16::from(*level);
                }
                interpolate::<2>([1, 2], near.len(), sums, line);
            }
            Self::Down => {
                let bias = if row.is_multiple_of(2) { 1 } else { 2 };
                for (level, (near, far)) in line.iter_mut().zip(near.iter().zip(far)) {
                    *level = ((i16::from(*near) * 3 + i16::from(*far) + bias) >> 2) as u8;
                }
            }
            Self::Both => {
                for (sum, (near, far)) in sums[1..].iter_mut().zip(near.iter().zip(far)) {
                    *sum = i16::from(*near) * 3 + i16::from(*far);
                }
                interpolate::<4>([8, 7], near.len(), sums, line);
            }
            Self::Repeated { across, .. } => {
                for (levels, level) in line.chunks_mut(across).zip(near) {
                    levels.fill(*level);
                }
            }
        }
    }
}

/// Two samples from each one in `sums`, which has room for a neighbour at both ends.
#[inline(always)]
fn interpolate<const SHIFT: u32>(bias: [i16; 2], width: usize, sums: &mut [i16], line: &mut [u8]) {
    let sums = &mut sums[..width + 2];
    sums[0] = sums[1];
    sums[width + 1] = sums[width];
    let (before, here, after) = (&sums[..width], &sums[1..=width], &sums[2..]);
    for (at, pair) in line.as_chunks_mut::<2>().0[..width].iter_mut().enumerate() {
        let near = here[at] * 3;
        *pair =
            [(near + before[at] + bias[0]) >> SHIFT, (near + after[at] + bias[1]) >> SHIFT].map(|level| level as u8);
    }
}
