//! TIFF files. What they say is read by code of ours, as are images in JPEG, palettes and samples of every kind, so that they
//! are Pillow's to the bit; the TIFF decoder unpacks what is packed. Tags and values are those of TIFF 6.0.

mod jpeg;
mod packed;
mod pieces;
mod samples;
mod tags;

use std::io::{Cursor, Read, Seek};

use embedkit_core::{Error, Result};
use image::metadata::Orientation;

use self::packed::Packing;
use self::pieces::Grid;
use self::tags::Tags;
use super::other::TABLES;
use super::{Format, Header};
use crate::raster::{Raster, rgb_bytes};

const COMPRESSION: u16 = 259;
const IN_JPEG: u64 = 7;
const ORIENTATION: u16 = 274;
const PLANAR_CONFIGURATION: u16 = 284;
/// Bytes of a piece's place and length.
const PLACE: u64 = 64;

/// What the first image's directory says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    grid: Grid,
    coding: Coding,
    /// How the image must be turned to be upright. Pillow turns TIFF files when it loads them, and no others.
    pub(super) orientation: Orientation,
}

/// What the pieces of an image are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Coding {
    Jpeg,
    Samples(Packing),
}

/// Reads the header of a file of `length` bytes.
pub(super) fn header(file: &mut (impl Read + Seek), length: u64) -> Result<Header> {
    let directory = Directory::read(&mut opened(file)?)?;
    let grid = &directory.grid;
    let scratch = match &directory.coding {
        Coding::Jpeg => jpeg::scratch(grid),
        Coding::Samples(packing) => packing.scratch(grid),
    };
    let pieces = (grid.count() as u64).saturating_mul(grid.planes as u64).saturating_mul(PLACE);
    let parts = [rgb_bytes(grid.size), scratch, pieces, length, TABLES];
    let memory = parts.into_iter().fold(0, u64::saturating_add);
    Ok(Header { size: grid.size, format: Format::Tiff(directory), memory })
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], directory: &Directory) -> Result<(Raster, Orientation)> {
    let mut file = Cursor::new(bytes);
    let mut tags = opened(&mut file)?;
    if Directory::read(&mut tags)? != *directory {
        return Err(Error::input("the file changed while it was read"));
    }
    let Directory { grid, coding, orientation } = directory;
    let pieces = grid.pieces(&mut tags, bytes)?;
    let image = match coding {
        Coding::Jpeg => jpeg::decode(&mut tags, grid, &pieces)?,
        Coding::Samples(packing) => packing.decode(grid, &pieces)?,
    };
    Ok((image, *orientation))
}

fn opened<F: Read + Seek>(file: &mut F) -> Result<Tags<'_, F>> {
    Tags::open(file).ok_or_else(|| Error::input("the image cannot be decoded: its tags are not where the file says"))
}

impl Directory {
    fn read<F: Read + Seek>(tags: &mut Tags<'_, F>) -> Result<Self> {
        let unknown = |what: &str| Error::input(format!("the image cannot be decoded: it does not say {what}"));
        let compression = tags.number_or(COMPRESSION, 1).ok_or_else(|| unknown("how it is packed"))?;
        let apart = match tags.number_or(PLANAR_CONFIGURATION, 1) {
            Some(1) => false,
            Some(2) => true,
            _ => return Err(unknown("where its samples are")),
        };
        let coding = match compression {
            IN_JPEG if apart => {
                return Err(Error::input("a TIFF file with an image in JPEG is read in one plane of all channels"));
            }
            IN_JPEG => Coding::Jpeg,
            _ => Coding::Samples(Packing::read(tags, compression, apart)?),
        };
        let planes = match &coding {
            Coding::Samples(packing) if apart => packing.samples.count,
            _ => 1,
        };
        let grid = Grid::read(tags, planes)?;
        let orientation = tags.number(ORIENTATION).and_then(|value| Orientation::from_exif(u8::try_from(value).ok()?));
        Ok(Self { grid, coding, orientation: orientation.unwrap_or(Orientation::NoTransforms) })
    }
}
