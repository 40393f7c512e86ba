//! WebP files. Of an animation the first frame is shown as it is, as libwebp has it: there is nothing that it could be blended
//! with.

use std::io::{BufRead, Read, Seek, SeekFrom};

use embedkit_core::{Error, Result};
use image::ImageFormat;
use image::metadata::Orientation;

use super::{Format, Header, other, undecodable};
use crate::memory::with_room;
use crate::raster::Raster;

/// The bytes of a chunk's name and length.
const CHUNK: u64 = 8;
/// Where the first chunk is: behind the file's own name and length, and the format's.
const FIRST_CHUNK: u64 = 12;
/// The first chunk of a file with more than an image, and of its flags the one of an animation.
const EXTENDED: [u8; 4] = *b"VP8X";
const ANIMATED: u8 = 2;
/// A frame, and where in it flags are, of which this one says that it is not blended.
const FRAME: [u8; 4] = *b"ANMF";
const FLAGS: u64 = 15;
const NOT_BLENDED: u8 = 2;

/// Reads the header of a file of `length` bytes.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header> {
    let flags = flags_of_first_frame(file);
    file.rewind().map_err(undecodable)?;
    let header = other::header(file, ImageFormat::WebP)?;
    let copied = if flags.is_some() { length } else { 0 };
    Ok(Header { format: Format::WebP { flags }, memory: header.memory.saturating_add(copied), ..header })
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], flags: Option<u64>, header: &Header) -> Result<(Raster, Orientation)> {
    let Some(flags) = flags else { return other::decode(bytes, ImageFormat::WebP, header) };
    let mut file = with_room(bytes.len())?;
    file.extend_from_slice(bytes);
    let flags = usize::try_from(flags).ok().and_then(|place| file.get_mut(place));
    *flags.ok_or_else(|| Error::input("the image cannot be decoded: its first frame is cut off"))? |= NOT_BLENDED;
    other::decode(&file, ImageFormat::WebP, header)
}

/// Whether the first chunk, of this name, says that there are frames.
fn is_animated(name: [u8; 4], file: &mut impl Read) -> bool {
    let mut flags = [0];
    name == EXTENDED && file.read_exact(&mut flags).is_ok() && flags[0] & ANIMATED != 0
}

/// Where the flags of an animation's first frame are.
fn flags_of_first_frame(file: &mut (impl Read + Seek)) -> Option<u64> {
    let mut place = FIRST_CHUNK;
    loop {
        let mut head = [[0; 4]; 2];
        file.seek(SeekFrom::Start(place)).ok()?;
        file.read_exact(head.as_flattened_mut()).ok()?;
        let [name, length] = head;
        if place == FIRST_CHUNK && !is_animated(name, file) {
            return None;
        }
        if name == FRAME {
            return Some(place + CHUNK + FLAGS);
        }
        // Chunks have an even length.
        place += CHUNK + u64::from(u32::from_le_bytes(length)).next_multiple_of(2);
    }
}
