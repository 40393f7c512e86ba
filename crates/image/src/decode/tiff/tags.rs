//! Tags of a TIFF file: what it says of its image.

use std::io::{Read, Seek, SeekFrom};

pub(super) const WIDTH: u16 = 256;
pub(super) const HEIGHT: u16 = 257;
pub(super) const PHOTOMETRIC_INTERPRETATION: u16 = 262;
/// What follows the byte order in a file's first bytes.
const VERSION: u16 = 42;
/// A value's type: two bytes.
const SHORT: u16 = 3;
/// Values of a tag at most: pieces of an image.
const MOST_VALUES: u64 = 1 << 20;
/// Bytes of a tag's value at most: tables of JPEG.
const MOST_BYTES: usize = 1 << 16;

/// The tags of a file's first image.
pub(super) struct Tags<'f, F> {
    file: &'f mut F,
    pub(super) big_endian: bool,
    /// Where its entries are.
    start: u64,
    entries: u16,
}

/// An entry: tag, type, count, and value or its place.
const ENTRY: u64 = 12;

impl<'f, F: Read + Seek> Tags<'f, F> {
    pub(super) fn open(file: &'f mut F) -> Option<Self> {
        let mut tags = Self { file, big_endian: false, start: 0, entries: 0 };
        let mut signature = [0; 2];
        tags.read(0, &mut signature)?;
        tags.big_endian = signature == *b"MM";
        // BigTIFF, whose version is 43, has other entries.
        tags.short(2).filter(|version| *version == VERSION)?;
        let directory = u64::from(tags.long(4)?);
        tags.entries = tags.short(directory)?;
        tags.start = directory + 2;
        Some(tags)
    }

    /// Where a tag's value is, and how many there are of it.
    pub(super) fn find(&mut self, tag: u16) -> Option<(u64, usize)> {
        let start = self.start;
        let mut places = (0..u64::from(self.entries)).map(|entry| start + entry * ENTRY);
        let place = places.find(|place| self.short(*place) == Some(tag))?;
        Some((place + 8, usize::try_from(self.long(place + 4)?).ok()?))
    }

    /// A tag's value.
    pub(super) fn number(&mut self, tag: u16) -> Option<u32> {
        let (place, _) = self.find(tag)?;
        if self.short(place - 6)? == SHORT { self.short(place).map(u32::from) } else { self.long(place) }
    }

    /// A tag's value that counts pixels.
    pub(super) fn side(&mut self, tag: u16) -> Option<usize> {
        usize::try_from(self.number(tag)?).ok()
    }

    /// All of a tag's values.
    pub(super) fn numbers(&mut self, tag: u16) -> Option<Vec<u32>> {
        let (place, count) = self.find(tag)?;
        let is_short = self.short(place - 6)? == SHORT;
        let size: u64 = if is_short { 2 } else { 4 };
        let count = u64::try_from(count).ok().filter(|count| *count <= MOST_VALUES)?;
        let start = if count * size <= 4 { place } else { u64::from(self.long(place)?) };
        let mut places = (0..count).map(|at| start + at * size);
        places.try_fold(Vec::new(), |mut values, place| {
            values.push(if is_short { u32::from(self.short(place)?) } else { self.long(place)? });
            Some(values)
        })
    }

    /// The bytes that are a tag's value.
    pub(super) fn bytes(&mut self, tag: u16) -> Option<Vec<u8>> {
        let (place, count) = self.find(tag)?;
        let start = if count <= 4 { place } else { u64::from(self.long(place)?) };
        let mut bytes = vec![0; Some(count).filter(|count| *count <= MOST_BYTES)?];
        self.read(start, &mut bytes)?;
        Some(bytes)
    }

    fn short(&mut self, place: u64) -> Option<u16> {
        let mut pair = [0; 2];
        self.read(place, &mut pair)?;
        Some(if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    }

    pub(super) fn long(&mut self, place: u64) -> Option<u32> {
        let mut four = [0; 4];
        self.read(place, &mut four)?;
        Some(if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    pub(super) fn read(&mut self, place: u64, bytes: &mut [u8]) -> Option<()> {
        self.file.seek(SeekFrom::Start(place)).ok()?;
        self.file.read_exact(bytes).ok()
    }
}
