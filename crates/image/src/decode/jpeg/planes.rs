//! The samples of the components, of as many rows as are needed at once.

use embedkit_core::Error;

use super::colour::to_rgb;
use super::frame::{Component, Frame, SIDE};
use super::idct::{Block, inverse, inverse_flat};
use super::segments::Colours;
use super::upsample::Upsampling;
use crate::memory::zeroed;
use crate::raster::{CHANNELS, Raster};
use crate::vectorize::Kernel;

/// Rows of units that are held: interpolation looks one row of samples up and down.
const BANDS: usize = 2;

/// Samples on their way to an image.
pub(super) struct Planes<'f> {
    frame: &'f Frame,
    colours: Colours,
    planes: Vec<Plane<'f>>,
    /// Scratch of [`Upsampling::apply`].
    sums: Vec<i16>,
    /// A row of the image.
    pixels: Vec<u8>,
}

/// A component's samples.
struct Plane<'f> {
    component: &'f Component,
    upsampling: Upsampling,
    /// The last rows of blocks, each where its row modulo their number says.
    samples: Vec<u8>,
    stride: usize,
    /// A row at the image's size, unless the samples are that already.
    line: Vec<u8>,
}

impl<'f> Planes<'f> {
    pub(super) fn new(frame: &'f Frame, colours: Colours) -> Result<Self, Error> {
        let plane = |component: &'f Component| {
            let stride = component.padded.0 * SIDE;
            Ok(Plane {
                component,
                upsampling: Upsampling::of(component, frame.most),
                samples: zeroed(stride * component.sampling.down * SIDE * BANDS)?,
                stride,
                line: zeroed(line_width(frame))?,
            })
        };
        let planes = frame.components.iter().map(plane).collect::<Result<_, Error>>()?;
        Ok(Self {
            frame,
            colours,
            planes,
            sums: zeroed(line_width(frame) + 2)?,
            pixels: zeroed(frame.width * CHANNELS)?,
        })
    }

    /// Bytes that the planes of a frame take.
    pub(super) fn bytes(frame: &Frame) -> u64 {
        let samples = frame.blocks() * SIDE * SIDE / frame.units.1.max(1) * BANDS;
        (samples + line_width(frame) * (frame.components.len() + 2 + CHANNELS)) as u64
    }

    /// Takes a block of a component, in its column and in its row among those of a row of units.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        index: usize,
        unit_row: usize,
        (column, row): (usize, usize),
        block: &Block,
        count: usize,
    ) {
        let plane = &mut self.planes[index];
        let row = (unit_row % BANDS) * plane.component.sampling.down + row;
        let corner = row * SIDE * plane.stride + column * SIDE;
        let samples = &mut plane.samples[corner..];
        if count == 1 {
            inverse_flat(block[0], samples, plane.stride);
        } else {
            inverse(block, samples, plane.stride);
        }
    }
}

impl Plane<'_> {
    /// Two rows of samples that are held, and room for one at the image's size.
    #[inline(always)]
    fn rows(&mut self, near: usize, far: usize) -> (&[u8], &[u8], &mut [u8]) {
        let (width, held) = (self.component.size.0, self.component.sampling.down * SIDE * BANDS);
        let row = |row: usize| &self.samples[(row % held) * self.stride..][..width];
        (row(near), row(far), &mut self.line)
    }
}

/// A row with the samples that fill its last unit.
fn line_width(frame: &Frame) -> usize {
    frame.units.0 * frame.most.across * SIDE
}

/// Appends the rows to the image that can be made once a row of units is there.
pub(super) struct Finish<'k, 'f> {
    pub(super) planes: &'k mut Planes<'f>,
    pub(super) unit_row: usize,
    pub(super) image: &'k mut Raster,
}

impl Kernel for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Planes { frame, colours, planes, sums, pixels } = self.planes;
        let unit = frame.most.down * SIDE;
        // The last rows of a unit may need the samples below.
        let made = |unit_row: usize| unit_row * unit - if unit_row == 0 { 0 } else { frame.most.down };
        let end = if self.unit_row + 1 == frame.units.1 { frame.height } else { made(self.unit_row + 1) };
        let rows = made(self.unit_row)..end.min(frame.height);
        for row in rows {
            for plane in planes.iter_mut().filter(|plane| plane.upsampling != Upsampling::None) {
                let (near, far) = plane.upsampling.rows(row, plane.component.size.1);
                let upsampling = plane.upsampling;
                let (near, far, line) = plane.rows(near, far);
                upsampling.apply(row, near, far, sums, line);
            }
            let mut lines = [&[] as &[u8]; 4];
            for (line, plane) in lines.iter_mut().zip(planes.iter_mut()) {
                *line = if plane.upsampling == Upsampling::None { plane.rows(row, row).0 } else { &plane.line };
            }
            to_rgb(*colours, &lines[..frame.components.len()], pixels);
            self.image.levels.extend_from_slice(pixels);
        }
    }
}
