//! Tags of a TIFF file: what it says of its image.

use std::io::{Read, Seek, SeekFrom};

pub(super) const WIDTH: u16 = 256;
pub(super) const HEIGHT: u16 = 257;
pub(super) const PHOTOMETRIC_INTERPRETATION: u16 = 262;
pub(super) const SAMPLES: u16 = 277;
/// What follows the byte order in a file's first bytes; of BigTIFF, whose places and counts have 64 bits, the second.
const VERSION: u16 = 42;
const BIG_VERSION: u16 = 43;
/// Tags of an image at most, of which real ones have some dozens.
const MOST_ENTRIES: u64 = 1 << 12;
/// Bytes of a tag's value at most that is no list of numbers: tables of JPEG.
const MOST_BYTES: usize = 1 << 16;

/// The tags of a file's first image. A tag that claims to have more values than the file is none that can be read, and no
/// more of them are read than are asked for.
pub(super) struct Tags<'f, F> {
    file: &'f mut F,
    length: u64,
    pub(super) big_endian: bool,
    /// Bytes of a place and of a count.
    word: usize,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where the value is, or where its place is when it is longer than that.
    value: u64,
}

impl<'f, F: Read + Seek> Tags<'f, F> {
    pub(super) fn open(file: &'f mut F) -> Option<Self> {
        let length = file.seek(SeekFrom::End(0)).ok()?;
        let mut tags = Self { file, length, big_endian: false, word: 4, entries: Vec::new() };
        tags.big_endian = tags.bytes_at(0, 2)? == *b"MM";
        let count = match tags.number_at(2, 2)? as u16 {
            VERSION => 2,
            BIG_VERSION => 8,
            _ => return None,
        };
        tags.word = if count == 2 { 4 } else { 8 };
        let start = tags.number_at(tags.word as u64, tags.word)?;
        let entries = tags.number_at(start, count).filter(|entries| *entries <= MOST_ENTRIES)?;
        let start = start.checked_add(count as u64)?;
        // An entry: tag, type, count, and value or its place.
        let size = 4 + 2 * tags.word;
        let stored = tags.bytes_at(start, entries as usize * size)?;
        tags.entries = (0..)
            .zip(stored.chunks_exact(size))
            .map(|(at, entry)| tags.entry(entry, start + at * size as u64))
            .collect();
        Some(tags)
    }

    fn entry(&self, stored: &[u8], place: u64) -> Entry {
        let (head, count) = stored.split_at(4);
        Entry {
            tag: self.number_of(&head[..2]) as u16,
            kind: self.number_of(&head[2..]) as u16,
            count: self.number_of(&count[..self.word]),
            value: place + 4 + self.word as u64,
        }
    }

    /// Whether the file has such a tag.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.tag == tag)
    }

    /// A tag's first number.
    pub(super) fn number(&mut self, tag: u16) -> Option<u64> {
        self.numbers(tag, 1)?.first().copied()
    }

    /// A tag's first number, and `default` where the file has no such tag.
    pub(super) fn number_or(&mut self, tag: u16, default: u64) -> Option<u64> {
        if self.has(tag) { self.number(tag) } else { Some(default) }
    }

    /// A tag's first number, which counts pixels.
    pub(super) fn side(&mut self, tag: u16) -> Option<usize> {
        self.number(tag)?.try_into().ok()
    }

    /// A tag's first numbers, so many of them at most.
    pub(super) fn numbers(&mut self, tag: u16, most: usize) -> Option<Vec<u64>> {
        // Bytes are no numbers to Pillow.
        let (size, stored) = self.stored(tag, most).filter(|(size, _)| *size > 1)?;
        Some(stored.chunks_exact(size).map(|number| self.number_of(number)).collect())
    }

    /// The bytes that are a tag's value.
    pub(super) fn bytes(&mut self, tag: u16) -> Option<Vec<u8>> {
        self.stored(tag, MOST_BYTES).map(|(_, stored)| stored)
    }

    /// A value's size, and so many values of a tag at most.
    fn stored(&mut self, tag: u16, most: usize) -> Option<(usize, Vec<u8>)> {
        let entry = *self.entries.iter().find(|entry| entry.tag == tag)?;
        // Bytes, and bytes of no meaning; numbers of 16, 32 and 64 bits.
        let size = match entry.kind {
            1 | 7 => 1,
            3 => 2,
            4 => 4,
            16 => 8,
            _ => return None,
        };
        let length = entry.count.checked_mul(size as u64)?;
        let is_here = length <= self.word as u64;
        let start = if is_here { entry.value } else { self.number_at(entry.value, self.word)? };
        if start.checked_add(length)? > self.length {
            return None;
        }
        let count = usize::try_from(entry.count).unwrap_or(most).min(most);
        Some((size, self.bytes_at(start, count * size)?))
    }

    fn number_at(&mut self, place: u64, size: usize) -> Option<u64> {
        self.bytes_at(place, size).map(|bytes| self.number_of(&bytes))
    }

    /// A number in the file's byte order.
    fn number_of(&self, bytes: &[u8]) -> u64 {
        let longer = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, longer) } else { bytes.iter().rev().fold(0, longer) }
    }

    /// So many bytes of the file, which has them: nothing is allocated for those that it has not.
    fn bytes_at(&mut self, place: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(place)).ok()?;
        self.file.by_ref().take(length as u64).read_to_end(&mut bytes).ok()?;
        (bytes.len() == length).then_some(bytes)
    }
}
