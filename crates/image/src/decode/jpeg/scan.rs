//! What the data of a scan says of blocks (T.81, annexes F.2 and G.2).

use super::error::{JpegError, Result};
use super::frame::{Frame, SIDE};
use super::huffman::{Bits, Codes};
use super::idct::Block;
use super::planes::Planes;
use super::segments::{ScanHeader, Tables};

/// Where the coefficients of a file's order stand in a block.
const ZIGZAG: [u8; SIDE * SIDE] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Factors of coefficients, in the file's order.
pub(super) type Factors = [i16; SIDE * SIDE];

/// Factors in the order of a block.
pub(super) fn in_block_order(factors: &Factors) -> Block {
    let mut block = [0; SIDE * SIDE];
    for (place, factor) in ZIGZAG.iter().zip(factors) {
        block[usize::from(*place)] = *factor;
    }
    block
}

/// A scan that is being read.
pub(super) struct Scan<'s> {
    bits: Bits<'s>,
    parts: Vec<Part<'s>>,
    header: &'s ScanHeader,
    /// Blocks to come whose band is over.
    ended: u32,
    restarts: Restarts,
}

/// One component's part of a scan.
struct Part<'s> {
    /// Its place in the frame.
    index: usize,
    dc: Option<&'s Codes>,
    ac: Option<&'s Codes>,
    factors: Factors,
    /// The last block's first coefficient.
    previous: i16,
}

/// When restart markers come.
struct Restarts {
    interval: usize,
    left: usize,
    number: u8,
}

impl<'s> Scan<'s> {
    /// A scan whose data starts at a place in a file. `factors` are those of each of its components.
    pub(super) fn new(
        bytes: &'s [u8],
        at: usize,
        header: &'s ScanHeader,
        tables: &'s Tables,
        factors: impl Fn(usize) -> Factors,
    ) -> Result<Self> {
        let needs_dc = header.first == 0 && header.high == 0;
        let needs_ac = header.last > 0;
        let mut parts = Vec::with_capacity(header.components.len());
        for component in &header.components {
            let dc = tables.dc[component.dc].as_deref().filter(|_| needs_dc);
            let ac = tables.ac[component.ac].as_deref().filter(|_| needs_ac);
            if dc.is_none() && needs_dc || ac.is_none() && needs_ac {
                return Err(JpegError::Missing("Huffman table for its image data"));
            }
            if !dc.is_none_or(Codes::are_sizes) {
                return Err(JpegError::Damaged("Huffman table"));
            }
            parts.push(Part { index: component.index, dc, ac, factors: factors(component.index), previous: 0 });
        }
        let interval = tables.restart_interval;
        Ok(Self {
            bits: Bits::new(bytes, at),
            parts,
            header,
            ended: 0,
            restarts: Restarts { interval, left: interval, number: 0 },
        })
    }

    /// Where the file goes on.
    pub(super) fn position(&self) -> usize {
        self.bits.position()
    }

    /// Reads a row of units into the planes.
    #[inline(always)]
    pub(super) fn read_units(&mut self, frame: &Frame, unit_row: usize, planes: &mut Planes<'_>) -> Result<()> {
        for unit in 0..frame.units.0 {
            self.restart()?;
            let mut bits = self.bits;
            for part in &mut self.parts {
                let sampling = frame.components[part.index].sampling;
                for row in 0..sampling.down {
                    for column in 0..sampling.across {
                        let mut block = [0; SIDE * SIDE];
                        let count = part.sequential(&mut bits, &mut block)?;
                        planes.put(part.index, unit_row, (unit * sampling.across + column, row), &block, count);
                    }
                }
            }
            self.bits = bits;
        }
        self.bits.check()
    }

    /// Reads the whole scan into the coefficients of the frame's components.
    #[inline(always)]
    pub(super) fn read_coefficients(&mut self, frame: &Frame, coefficients: &mut [Vec<Block>]) -> Result<()> {
        if let [part] = &self.parts[..] {
            // A component alone has no blocks that only fill units.
            let (index, component) = (part.index, &frame.components[part.index]);
            for row in coefficients[index].chunks_mut(component.padded.0).take(component.blocks.1) {
                for block in &mut row[..component.blocks.0] {
                    self.restart()?;
                    self.refine(0, frame.progressive, block)?;
                }
                self.bits.check()?;
            }
            return Ok(());
        }
        for unit_row in 0..frame.units.1 {
            for unit in 0..frame.units.0 {
                self.restart()?;
                for part in 0..self.parts.len() {
                    let index = self.parts[part].index;
                    let component = &frame.components[index];
                    for row in 0..component.sampling.down {
                        let row = unit_row * component.sampling.down + row;
                        let first = row * component.padded.0 + unit * component.sampling.across;
                        for column in 0..component.sampling.across {
                            self.refine(part, frame.progressive, &mut coefficients[index][first + column])?;
                        }
                    }
                }
            }
            self.bits.check()?;
        }
        Ok(())
    }

    /// Starts anew where a restart marker is due.
    #[inline(always)]
    fn restart(&mut self) -> Result<()> {
        let restarts = &mut self.restarts;
        if restarts.interval == 0 {
            return Ok(());
        }
        if restarts.left == 0 {
            self.bits.restart(restarts.number)?;
            restarts.number = (restarts.number + 1) % 8;
            restarts.left = restarts.interval;
            self.ended = 0;
            self.parts.iter_mut().for_each(|part| part.previous = 0);
        }
        restarts.left -= 1;
        Ok(())
    }

    /// Reads what the scan brings to a block.
    #[inline(always)]
    fn refine(&mut self, part: usize, progressive: bool, block: &mut Block) -> Result<()> {
        let part = &mut self.parts[part];
        let band = (self.header.first, self.header.last);
        let low = self.header.low;
        match (progressive, band.0, self.header.high) {
            (false, ..) => part.sequential(&mut self.bits, block).map(drop),
            (true, 0, 0) => {
                block[0] = part.difference(&mut self.bits)? << low;
                Ok(())
            }
            (true, 0, _) => {
                block[0] |= (self.bits.take(1) as i16) << low;
                Ok(())
            }
            (true, _, 0) => part.band(&mut self.bits, block, band, low, &mut self.ended),
            (true, ..) => part.refine_band(&mut self.bits, block, band, low, &mut self.ended),
        }
    }
}

const BAD: JpegError = JpegError::Damaged("image data");

impl Part<'_> {
    /// The first coefficient, which is stored as its difference from the last block's.
    #[inline(always)]
    fn difference(&mut self, bits: &mut Bits<'_>) -> Result<i16> {
        let codes = self.dc.ok_or(BAD)?;
        let (_, difference) = codes.run(bits)?;
        self.previous = self.previous.wrapping_add(difference);
        Ok(self.previous)
    }

    /// All coefficients of a block, times their factors; and how many of them may be other than 0.
    #[inline(always)]
    fn sequential(&mut self, bits: &mut Bits<'_>, block: &mut Block) -> Result<usize> {
        block[0] = self.difference(bits)?.wrapping_mul(self.factors[0]);
        let codes = self.ac.ok_or(BAD)?;
        let mut at = 1;
        while at < block.len() {
            let (run, value) = codes.run(bits)?;
            if value == 0 {
                if run != 15 {
                    break;
                }
                at += 16;
                continue;
            }
            at += usize::from(run);
            let (Some(place), Some(factor)) = (ZIGZAG.get(at), self.factors.get(at)) else { return Err(BAD) };
            block[usize::from(*place) & 63] = value.wrapping_mul(*factor);
            at += 1;
        }
        Ok(at.min(block.len()))
    }

    /// The first bits of a band of coefficients.
    fn band(
        &self,
        bits: &mut Bits<'_>,
        block: &mut Block,
        (first, last): (usize, usize),
        low: u8,
        ended: &mut u32,
    ) -> Result<()> {
        if *ended > 0 {
            *ended -= 1;
            return Ok(());
        }
        let codes = self.ac.ok_or(BAD)?;
        let mut at = first;
        while at <= last {
            let (run, value) = codes.run(bits)?;
            if value == 0 {
                if run != 15 {
                    *ended = (1 << run) - 1 + bits.take(run.into());
                    return Ok(());
                }
                at += 16;
                continue;
            }
            at += usize::from(run);
            if at > last {
                return Err(BAD);
            }
            block[usize::from(ZIGZAG[at])] = value << low;
            at += 1;
        }
        Ok(())
    }

    /// The next bit of a band of coefficients.
    fn refine_band(
        &self,
        bits: &mut Bits<'_>,
        block: &mut Block,
        (first, last): (usize, usize),
        low: u8,
        ended: &mut u32,
    ) -> Result<()> {
        let bit = 1i16 << low;
        let mut at = first;
        // A coefficient that is there gets its next bit away from zero.
        let correct = |bits: &mut Bits<'_>, coefficient: &mut i16| {
            if bits.take(1) == 1 && *coefficient & bit == 0 {
                *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -bit } else { bit });
            }
        };
        if *ended == 0 {
            let codes = self.ac.ok_or(BAD)?;
            while at <= last {
                let symbol = codes.symbol(bits)?;
                let (mut zeros, size) = (symbol >> 4, symbol & 15);
                let value = match size {
                    0 if zeros != 15 => {
                        *ended = (1 << zeros) + bits.take(zeros.into());
                        break;
                    }
                    0 => 0,
                    1 => {
                        if bits.take(1) == 1 {
                            bit
                        } else {
                            -bit
                        }
                    }
                    _ => return Err(BAD),
                };
                while at <= last {
                    let coefficient = &mut block[usize::from(ZIGZAG[at])];
                    if *coefficient != 0 {
                        correct(bits, coefficient);
                    } else if zeros == 0 {
                        *coefficient = value;
                        break;
                    } else {
                        zeros -= 1;
                    }
                    at += 1;
                }
                if at > last && value != 0 {
                    return Err(BAD);
                }
                at += 1;
            }
        }
        if *ended > 0 {
            for place in &ZIGZAG[at.min(last + 1)..=last] {
                let coefficient = &mut block[usize::from(*place)];
                if *coefficient != 0 {
                    correct(bits, coefficient);
                }
            }
            *ended -= 1;
        }
        Ok(())
    }
}
