//! GIF files: the first frame, on a canvas that has the colour which is left out, or else the palette's first.
//!
//! Blocks are read here, since the decoder tells neither that colour nor a frame that goes beyond the canvas, which Pillow
//! makes larger for it; it is given a file of that frame alone.

use std::io::{BufRead, Cursor, Read, Seek};

use embedkit_core::{Error, Result};
use image::ImageFormat;
use image::metadata::Orientation;

use super::other::{TABLES, open, read};
use super::pixels::{completed, is_grey};
use super::{Format, Header};
use crate::memory::with_room;
use crate::raster::{CHANNELS, Raster, RasterOps as _, rgb_bytes};

/// Blocks: extensions, of which one says which colour is left out; images; the file's end.
const EXTENSION: u8 = b'!';
const GRAPHIC_CONTROL: u8 = 0xF9;
const IMAGE: u8 = b',';
const END: u8 = b';';
/// Flags of the screen and of an image: it has a palette; its rows are in four passes.
const HAS_PALETTE: u8 = 0x80;
const IS_INTERLACED: u8 = 0x40;
/// A flag of the graphic control: a colour is left out.
const LEAVES_OUT: u8 = 1;
/// The flags of a palette of 256 colours.
const ALL_COLOURS: u8 = 7;
/// Bytes of a pixel as the decoder has it.
const PIXEL: u64 = 4;

/// The first frame of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Width and height of the canvas.
    canvas: (usize, usize),
    /// Where on the canvas the frame is, and its width and height.
    place: [u16; 2],
    size: [u16; 2],
    is_interlaced: bool,
    /// All colours.
    palette: Vec<[u8; CHANNELS]>,
    /// The index of the colour that the canvas has.
    behind: u8,
    /// Where the frame's pixels are in the file.
    start: usize,
}

/// Reads the header of a file of `length` bytes.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header> {
    let missing = || Error::input("the image cannot be decoded: it has no first frame");
    let frame = Frame::read(file).ok_or_else(missing)?;
    let pixels = frame.size.map(u64::from).iter().product::<u64>();
    let canvas = if frame.is_all() { 0 } else { rgb_bytes(frame.canvas) };
    let memory = (PIXEL * pixels).saturating_add(canvas).saturating_add(length).saturating_add(TABLES);
    Ok(Header { size: frame.canvas, memory, format: Format::Gif(frame) })
}

/// The image, and how it must be turned to be upright.
pub(super) fn decode(bytes: &[u8], frame: &Frame) -> Result<(Raster, Orientation)> {
    let changed = || Error::input("the file changed while it was read");
    let file = frame.file(bytes.get(frame.start..).ok_or_else(changed)?)?;
    let [width, height] = frame.size.map(usize::from);
    let decoder = open(Cursor::new(&file), ImageFormat::Gif, PIXEL * (width * height) as u64 + TABLES)?;
    let (image, orientation) = read(decoder, (width, height))?;
    if frame.is_all() {
        return Ok((image, orientation));
    }
    let behind = frame.palette[usize::from(frame.behind)];
    let mut canvas = Raster::filled(frame.canvas.0, frame.canvas.1, behind)?;
    let [left, top] = frame.place.map(usize::from);
    canvas.paste(&image, left, top);
    Ok((canvas, orientation))
}

impl Frame {
    /// What stands before the pixels of the first frame.
    fn read(file: &mut (impl Read + Seek)) -> Option<Self> {
        let [_, _, _, width, height, [flags, _]] = pairs(file)?;
        let [_] = bytes(file)?;
        let (width, height) = (u16::from_le_bytes(width), u16::from_le_bytes(height));
        let mut palette = colours(file, flags)?;
        let mut behind = 0;
        loop {
            match bytes(file)? {
                [EXTENSION] => {
                    let [kind] = bytes(file)?;
                    let control = block(file)?;
                    if let (GRAPHIC_CONTROL, [flags, _, _, index, ..]) = (kind, &control[..])
                        && flags & LEAVES_OUT != 0
                    {
                        behind = *index;
                    }
                    let mut rest = control;
                    while !rest.is_empty() {
                        rest = block(file)?;
                    }
                }
                [IMAGE] => {
                    let [left, top, across, down] = pairs(file)?.map(u16::from_le_bytes);
                    let [flags] = bytes(file)?;
                    // Pillow looks past a frame's own palette of grey levels where there is another one.
                    palette = colours(file, flags)?.filter(|own| !is_grey(own)).or(palette);
                    let reach = |from: u16, length: u16, side: u16| {
                        usize::from(side).max(usize::from(from) + usize::from(length))
                    };
                    return Some(Self {
                        canvas: (reach(left, across, width), reach(top, down, height)),
                        place: [left, top],
                        size: [across, down],
                        is_interlaced: flags & IS_INTERLACED != 0,
                        palette: completed(palette.unwrap_or_default()),
                        behind,
                        start: usize::try_from(file.stream_position().ok()?).ok()?,
                    });
                }
                [END] => return None,
                // Pillow looks past what is no block.
                _ => {}
            }
        }
    }

    /// Whether the frame covers the canvas.
    fn is_all(&self) -> bool {
        self.size.map(usize::from) == [self.canvas.0, self.canvas.1]
    }

    /// A file that has this frame alone, of these pixels.
    fn file(&self, pixels: &[u8]) -> Result<Vec<u8>> {
        let [width, height] = self.size.map(u16::to_le_bytes);
        let interlaced = if self.is_interlaced { IS_INTERLACED } else { 0 };
        let flags = HAS_PALETTE | interlaced | ALL_COLOURS;
        let parts: [&[u8]; 9] = [
            b"GIF89a",
            &width,
            &height,
            &[0, 0, 0, IMAGE, 0, 0, 0, 0],
            &width,
            &height,
            &[flags],
            self.palette.as_flattened(),
            pixels,
        ];
        let mut file = with_room(parts.iter().map(|part| part.len()).sum())?;
        parts.iter().for_each(|part| file.extend_from_slice(part));
        Ok(file)
    }
}

/// The palette that stands here, if flags say so.
fn colours(file: &mut impl Read, flags: u8) -> Option<Option<Vec<[u8; CHANNELS]>>> {
    if flags & HAS_PALETTE == 0 {
        return Some(None);
    }
    let mut colours = vec![[0; CHANNELS]; 2 << (flags & ALL_COLOURS)];
    file.read_exact(colours.as_flattened_mut()).ok()?;
    Some(Some(colours))
}

/// A block of an extension; an empty one ends it.
fn block(file: &mut impl Read) -> Option<Vec<u8>> {
    let [length] = bytes(file)?;
    let mut block = vec![0; length.into()];
    file.read_exact(&mut block).ok()?;
    Some(block)
}

fn pairs<const N: usize>(file: &mut impl Read) -> Option<[[u8; 2]; N]> {
    let mut pairs = [[0; 2]; N];
    file.read_exact(pairs.as_flattened_mut()).ok()?;
    Some(pairs)
}

fn bytes<const N: usize>(file: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
