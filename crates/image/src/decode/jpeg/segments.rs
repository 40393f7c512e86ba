//! A file's segments: what stands between its markers.

use super::error::{JpegError, Result};
use super::frame::{Component, Frame};
use super::huffman::Codes;

/// The segment at a place, behind its length, and where it ends.
pub(super) fn segment(bytes: &[u8], at: usize) -> Result<(&[u8], usize)> {
    let length =
        bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|length| usize::from(u16::from_be_bytes(*length)));
    let end = at + length.ok_or(JpegError::Truncated)?;
    if end < at + 2 {
        return Err(JpegError::Damaged("structure"));
    }
    Ok((bytes.get(at + 2..end).ok_or(JpegError::Truncated)?, end))
}

/// A quantisation table, in the order of the coefficients in a file.
pub(super) type Quantisation = [u16; 64];

/// What segments have said so far.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quantisation: [Option<Quantisation>; 4],
    pub(super) dc: [Option<Box<Codes>>; 4],
    pub(super) ac: [Option<Box<Codes>>; 4],
    /// Units between two restart markers, if there are any.
    pub(super) restart_interval: usize,
    /// Whether the file says that it is JFIF.
    jfif: bool,
    /// How Adobe's software says that colours were transformed.
    adobe: Option<u8>,
}

impl Tables {
    /// Takes a segment that is neither a frame's nor a scan's header.
    pub(super) fn take(&mut self, marker: u8, segment: &[u8]) -> Result<()> {
        match marker {
            0xC4 => self.take_codes(segment),
            0xDB => self.take_quantisation(segment),
            0xDD => {
                let interval = segment.first_chunk().ok_or(JpegError::Damaged("restart interval"))?;
                self.restart_interval = u16::from_be_bytes(*interval).into();
                Ok(())
            }
            0xE0 => {
                self.jfif |= segment.len() >= 12 && segment.starts_with(b"JFIF\0");
                Ok(())
            }
            0xEE => {
                if let Some([.., transform]) = segment.strip_prefix(b"Adobe").and_then(|rest| rest.first_chunk::<7>()) {
                    self.adobe = Some(*transform);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_codes(&mut self, mut segment: &[u8]) -> Result<()> {
        while let [place, rest @ ..] = segment {
            let damaged = JpegError::Damaged("Huffman table");
            let (Some((counts, rest)), slot) = (rest.split_first_chunk::<16>(), usize::from(place & 15)) else {
                return Err(damaged);
            };
            let symbols: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let (Some((symbols, rest)), Some(table), 0 | 1) =
                (rest.split_at_checked(symbols), tables.get_mut(slot), place >> 4)
            else {
                return Err(damaged);
            };
            *table = Some(Box::new(Codes::read(counts, symbols)?));
            segment = rest;
        }
        Ok(())
    }

    fn take_quantisation(&mut self, mut segment: &[u8]) -> Result<()> {
        while let [place, rest @ ..] = segment {
            let damaged = || JpegError::Damaged("quantisation table");
            let table = self.quantisation.get_mut(usize::from(place & 15)).ok_or_else(damaged)?;
            if place >> 4 == 0 {
                let (bytes, rest) = rest.split_first_chunk::<64>().ok_or_else(damaged)?;
                *table = Some(bytes.map(u16::from));
                segment = rest;
            } else {
                let (bytes, rest) = rest.split_first_chunk::<128>().ok_or_else(damaged)?;
                let pairs = bytes.as_chunks::<2>().0;
                *table = Some(std::array::from_fn(|at| u16::from_be_bytes(pairs[at])));
                segment = rest;
            }
        }
        Ok(())
    }

    /// How the components' levels become colours, by libjpeg's rules.
    pub(super) fn colours(&self, components: &[Component]) -> Colours {
        let ids: Vec<u8> = components.iter().map(|component| component.id).collect();
        match (components.len(), self.adobe) {
            (1, _) => Colours::Grey,
            (3, _) if self.jfif => Colours::YCbCr,
            (3, Some(0)) => Colours::Rgb,
            (3, None) if ids == *b"RGB" => Colours::Rgb,
            (3, _) => Colours::YCbCr,
            (_, None | Some(0)) => Colours::Cmyk,
            _ => Colours::Ycck,
        }
    }
}

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

/// What a scan brings.
pub(super) struct ScanHeader {
    pub(super) components: Vec<ScanComponent>,
    /// The first and last coefficient, in the file's order.
    pub(super) first: usize,
    pub(super) last: usize,
    /// How many low bits earlier scans left out, 0 for a first scan; and how many this one leaves out.
    pub(super) high: u8,
    pub(super) low: u8,
}

/// A component in a scan.
pub(super) struct ScanComponent {
    /// Its place in the frame.
    pub(super) index: usize,
    /// Its tables of codes.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

impl ScanHeader {
    /// Reads a scan header's segment.
    pub(super) fn read(segment: &[u8], frame: &Frame) -> Result<Self> {
        let damaged = || JpegError::Damaged("scan header");
        let (count, rest) = segment.split_first().ok_or_else(damaged)?;
        let (components, rest) = rest.split_at_checked(usize::from(*count) * 2).ok_or_else(damaged)?;
        let &[first, last, approximation, ..] = rest else { return Err(damaged()) };
        let mut header = Self {
            components: Vec::new(),
            first: usize::from(first),
            last: usize::from(last),
            high: approximation >> 4,
            low: approximation & 15,
        };
        for [id, tables] in components.as_chunks::<2>().0 {
            let index = frame.components.iter().position(|component| component.id == *id).ok_or_else(damaged)?;
            let again = header.components.iter().any(|other| other.index == index);
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            if again || dc > 3 || ac > 3 {
                return Err(damaged());
            }
            header.components.push(ScanComponent { index, dc, ac });
        }
        let legal = if frame.progressive {
            let band = if first == 0 { last == 0 } else { first <= last && last < 64 && header.components.len() == 1 };
            band && header.low <= 13 && (header.high == 0 || header.high == header.low + 1)
        } else {
            header.first = 0;
            header.last = 63;
            true
        };
        let units = header.components.iter().map(|component| {
            let sampling = frame.components[component.index].sampling;
            sampling.across * sampling.down
        });
        let fits = header.components.len() == 1 || units.sum::<usize>() <= MOST_BLOCKS;
        if legal && fits && !header.components.is_empty() { Ok(header) } else { Err(damaged()) }
    }
}

/// Blocks that a unit may have.
const MOST_BLOCKS: usize = 10;
