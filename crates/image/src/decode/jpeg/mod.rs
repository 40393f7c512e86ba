//! JPEG files.
//!
//! Levels are those of libjpeg-turbo as Pillow calls it, which the reference decodes with: its integer transform, its
//! interpolation of colours and its fixed-point conversion. Of the decoders in Rust, `jpeg-decoder` differs in 8 levels of
//! 100, by up to 5, and `zune-jpeg` in 14 to 28, by up to 6; libjpeg-turbo itself needs a C compiler and an assembler, and is
//! told by hostile files to go on where this one stops.

mod colour;
mod error;
mod frame;
mod huffman;
mod idct;
mod markers;
mod planes;
mod scan;
mod segments;
mod upsample;

use std::io::{Read, Seek, SeekFrom};

use embedkit_core::Error;
use image::metadata::Orientation;

use self::error::{JpegError, Result};
use self::frame::{FRAMES, Frame};
use self::idct::Block;
use self::markers::next_marker;
use self::planes::{Finish, Planes};
use self::scan::{Factors, Scan};
use self::segments::{ScanHeader, Tables, segment};
use crate::memory::{with_room, zeroed};
use crate::raster::{CHANNELS, Raster};
use crate::vectorize::{Kernel, widest};

/// Scans that a file may have; encoders write about ten.
const MOST_SCANS: usize = 100;

const START_OF_SCAN: u8 = 0xDA;
const END: u8 = 0xD9;
const EXIF: u8 = 0xE1;

/// What a file's headers say of its image.
pub(crate) struct Header {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bytes that decoding takes, beside the file's and the image's.
    pub(crate) scratch: u64,
}

/// Reads a file up to its first scan.
pub(crate) fn header(file: &mut (impl Read + Seek)) -> Result<Header, Error> {
    let mut frame = None;
    loop {
        let (marker, segment) = next_segment(file)?;
        if marker == START_OF_SCAN {
            let frame: Frame = frame.ok_or(JpegError::Missing("frame"))?;
            let in_parts =
                frame.progressive || segment.first().is_none_or(|count| usize::from(*count) < frame.components.len());
            let coefficients = if in_parts { frame.blocks() * size_of::<Block>() } else { 0 };
            let scratch = Planes::bytes(&frame) + coefficients as u64;
            return Ok(Header { width: frame.width, height: frame.height, scratch });
        }
        if FRAMES.contains(&marker) {
            frame = Some(Frame::read(marker, &segment)?);
        }
    }
}

/// The next segment of a file that is read piece by piece; only of frames and scans is more than the marker read.
fn next_segment(file: &mut (impl Read + Seek)) -> Result<(u8, Vec<u8>)> {
    let mut read = |bytes: &mut [u8]| file.read_exact(bytes).map_err(|_| JpegError::Truncated);
    let mut byte = [0];
    let marker = loop {
        while byte != [0xFF] {
            read(&mut byte)?;
        }
        while byte == [0xFF] {
            read(&mut byte)?;
        }
        match byte {
            [0 | 0x01 | 0xD0..=0xD8] => {}
            [END] => return Err(JpegError::Missing("image data")),
            [marker] => break marker,
        }
    };
    let mut length = [0; 2];
    read(&mut length)?;
    let length = u16::from_be_bytes(length).checked_sub(2).ok_or(JpegError::Damaged("structure"))?;
    if FRAMES.contains(&marker) || marker == START_OF_SCAN {
        let mut segment = vec![0; length.into()];
        read(&mut segment)?;
        return Ok((marker, segment));
    }
    file.seek(SeekFrom::Current(length.into())).map_err(|_| JpegError::Truncated)?;
    Ok((marker, Vec::new()))
}

/// The image of a file, and how it must be turned to be upright.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Raster, Orientation), Error> {
    let mut file = File { bytes, tables: Tables::default(), orientation: Orientation::NoTransforms };
    let image = file.decode()?;
    Ok((image, file.orientation))
}

/// A file that is being read.
struct File<'b> {
    bytes: &'b [u8],
    tables: Tables,
    orientation: Orientation,
}

impl File<'_> {
    fn decode(&mut self) -> Result<Raster, Error> {
        let mut at = 0;
        let frame = loop {
            let (marker, segment) = self.next(&mut at)?;
            match marker {
                START_OF_SCAN => return Err(JpegError::Missing("frame").into()),
                END => return Err(JpegError::Missing("image data").into()),
                marker if FRAMES.contains(&marker) => break Frame::read(marker, segment)?,
                marker => self.take(marker, segment)?,
            }
        };
        let Some(header) = self.next_scan(&frame, &mut at)? else {
            return Err(JpegError::Missing("image data").into());
        };
        let mut image = Raster {
            width: frame.width,
            height: frame.height,
            levels: with_room(frame.width * frame.height * CHANNELS)?,
        };
        let mut planes = Planes::new(&frame, self.tables.colours(&frame.components))?;
        if frame.progressive || header.components.len() < frame.components.len() {
            let (coefficients, factors) = self.coefficients(&frame, header, at)?;
            for unit_row in 0..frame.units.1 {
                widest(Transform {
                    frame: &frame,
                    planes: &mut planes,
                    unit_row,
                    coefficients: &coefficients,
                    factors: &factors,
                });
                widest(Finish { planes: &mut planes, unit_row, image: &mut image });
            }
            return Ok(image);
        }
        let factors =
            frame.components.iter().map(|component| self.factors(component.table)).collect::<Result<Vec<_>>>()?;
        let mut scan = Scan::new(self.bytes, at, &header, &self.tables, |index| factors[index])?;
        for unit_row in 0..frame.units.1 {
            widest(Units { frame: &frame, scan: &mut scan, planes: &mut planes, unit_row })?;
            widest(Finish { planes: &mut planes, unit_row, image: &mut image });
        }
        at = scan.position();
        match self.next_scan(&frame, &mut at)? {
            None => Ok(image),
            Some(_) => Err(JpegError::Damaged("order of scans").into()),
        }
    }

    /// The coefficients of an image that comes in several scans, from the first one's data on, and their factors, by
    /// component.
    fn coefficients(
        &mut self,
        frame: &Frame,
        mut header: ScanHeader,
        mut at: usize,
    ) -> Result<(Vec<Vec<Block>>, Vec<Factors>), Error> {
        let empty = |blocks: (usize, usize)| zeroed::<Block>(blocks.0 * blocks.1);
        let mut coefficients =
            frame.components.iter().map(|component| empty(component.padded)).collect::<Result<Vec<_>, Error>>()?;
        // A component has the factors that are there when it first comes.
        let mut factors: Vec<Option<Factors>> = vec![None; frame.components.len()];
        let mut progress = Progress::new(frame);
        for _ in 0..MOST_SCANS {
            for component in &header.components {
                if factors[component.index].is_none() {
                    factors[component.index] = Some(self.factors(frame.components[component.index].table)?);
                }
            }
            progress.take(&header)?;
            let unchanged = |_| [1; 64];
            let mut scan = Scan::new(self.bytes, at, &header, &self.tables, unchanged)?;
            widest(Coefficients { frame, scan: &mut scan, coefficients: &mut coefficients })?;
            at = scan.position();
            match self.next_scan(frame, &mut at)? {
                Some(next) => header = next,
                None => {
                    progress.finish()?;
                    let factors = factors.into_iter().collect::<Option<Vec<_>>>();
                    return Ok((coefficients, factors.ok_or(JpegError::Missing("data of one of its components"))?));
                }
            }
        }
        Err(JpegError::TooManyScans(MOST_SCANS).into())
    }

    /// The header of the next scan, if one comes before the end; its data is at the place then.
    fn next_scan(&mut self, frame: &Frame, at: &mut usize) -> Result<Option<ScanHeader>> {
        loop {
            let (marker, segment) = self.next(at)?;
            match marker {
                START_OF_SCAN => return ScanHeader::read(segment, frame).map(Some),
                END => return Ok(None),
                marker if FRAMES.contains(&marker) => return Err(JpegError::Damaged("structure")),
                marker => self.take(marker, segment)?,
            }
        }
    }

    /// The next marker and its segment.
    fn next<'b>(&self, at: &mut usize) -> Result<(u8, &'b [u8])>
    where
        Self: 'b,
    {
        loop {
            let (marker, behind) = next_marker(self.bytes, *at)?;
            *at = behind;
            match marker {
                0x01 | 0xD0..=0xD8 => {}
                END => return Ok((marker, &[])),
                _ => {
                    let (segment, end) = segment(self.bytes, behind)?;
                    *at = end;
                    return Ok((marker, segment));
                }
            }
        }
    }

    fn take(&mut self, marker: u8, segment: &[u8]) -> Result<()> {
        if let (EXIF, Some(chunk)) = (marker, segment.strip_prefix(b"Exif\0\0")) {
            self.orientation = Orientation::from_exif_chunk(chunk).unwrap_or(self.orientation);
        }
        self.tables.take(marker, segment)
    }

    fn factors(&self, table: usize) -> Result<Factors> {
        let table = self.tables.quantisation.get(table).and_then(Option::as_ref);
        // Coefficients have 16 bits, with their factors too.
        table
            .map(|table| table.map(|factor| factor as i16))
            .ok_or(JpegError::Missing("quantisation table for its image data"))
    }
}

/// Coefficients that libjpeg smooths an image for when bits of them are missing.
const COARSE: usize = 10;

/// Which bits of which coefficients a progressive file has brought.
struct Progress {
    /// By component and coefficient, how many low bits are missing; none before the first scan.
    missing: Vec<[Option<u8>; 64]>,
    progressive: bool,
}

impl Progress {
    fn new(frame: &Frame) -> Self {
        Self { missing: vec![[None; 64]; frame.components.len()], progressive: frame.progressive }
    }

    /// Takes a scan, which must go on where the last one ended.
    fn take(&mut self, header: &ScanHeader) -> Result<()> {
        for component in &header.components {
            for missing in &mut self.missing[component.index][header.first..=header.last] {
                let expected = if header.high == 0 { None } else { Some(header.high) };
                if *missing != expected {
                    return Err(JpegError::Damaged("order of scans"));
                }
                *missing = Some(header.low);
            }
        }
        Ok(())
    }

    /// Refuses an image of which the coarser details did not come whole: libjpeg makes them up.
    fn finish(&self) -> Result<()> {
        let missing =
            |coefficients: &[Option<u8>; 64]| coefficients[..COARSE].iter().any(|missing| *missing != Some(0));
        if self.progressive && self.missing.iter().any(missing) {
            return Err(JpegError::Missing("data of some of its details"));
        }
        Ok(())
    }
}

/// Reads a row of units into the planes.
struct Units<'k, 's, 'f> {
    frame: &'k Frame,
    scan: &'k mut Scan<'s>,
    planes: &'k mut Planes<'f>,
    unit_row: usize,
}

impl Kernel for Units<'_, '_, '_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run(self) -> Result<()> {
        self.scan.read_units(self.frame, self.unit_row, self.planes)
    }
}

/// Reads a scan into the coefficients.
struct Coefficients<'k, 's> {
    frame: &'k Frame,
    scan: &'k mut Scan<'s>,
    coefficients: &'k mut [Vec<Block>],
}

impl Kernel for Coefficients<'_, '_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run(self) -> Result<()> {
        self.scan.read_coefficients(self.frame, self.coefficients)
    }
}

/// Brings a row of units from the coefficients to the planes.
struct Transform<'k, 'f> {
    frame: &'k Frame,
    planes: &'k mut Planes<'f>,
    unit_row: usize,
    coefficients: &'k [Vec<Block>],
    factors: &'k [Factors],
}

impl Kernel for Transform<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (index, component) in self.frame.components.iter().enumerate() {
            let factors = scan::in_block_order(&self.factors[index]);
            for row in 0..component.sampling.down {
                let first = (self.unit_row * component.sampling.down + row) * component.padded.0;
                for (column, block) in self.coefficients[index][first..][..component.padded.0].iter().enumerate() {
                    let mut scaled = *block;
                    for (coefficient, factor) in scaled.iter_mut().zip(&factors) {
                        *coefficient = coefficient.wrapping_mul(*factor);
                    }
                    self.planes.put(index, self.unit_row, (column, row), &scaled, scaled.len());
                }
            }
        }
    }
}
