//! What a process that asks for pages and one that renders them say to each other. Numbers are little-endian.
//!
//! The asking side sends an [`Opening`] and gets a reply with the number of pages; then it sends any number of [`PageRequest`]s
//! and gets a reply with the page for each. A reply begins with [`GREETING`] (the first only) and a byte that tells whether
//! it is what was asked for or a refusal in words.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::limits::PdfLimits;
use super::outline::{self, PdfHeading};
use super::refused::Refused;

/// What each side sends first, with the protocol's version.
const GREETING: [u8; 16] = *b"embedkit pdf  3\n";
const GIVEN: u8 = 0;
const REFUSED: u8 = 1;
/// The longest text of a page, and title of a heading.
const LONGEST_TEXT: u32 = 16 << 20;
const LONGEST_TITLE: u32 = 4096;
/// The longest refusal.
const LONGEST_REFUSAL: usize = 4096;

/// The limits and the file.
pub(super) struct Opening;

impl Opening {
    pub(super) fn write(output: &mut impl Write, limits: &PdfLimits, file: &[u8]) -> io::Result<()> {
        output.write_all(&GREETING)?;
        let time = u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX);
        for number in [limits.memory, time, limits.page_pixels, limits.pages, file.len() as u64] {
            output.write_all(&number.to_le_bytes())?;
        }
        output.write_all(file)?;
        output.flush()
    }

    /// The limits, and the length of the file, which comes next.
    pub(super) fn read(input: &mut impl Read) -> io::Result<(PdfLimits, u64)> {
        read_greeting(input)?;
        let memory = read_u64(input)?;
        let time = Duration::from_millis(read_u64(input)?);
        let (page_pixels, pages) = (read_u64(input)?, read_u64(input)?);
        Ok((PdfLimits { memory, time, page_pixels, pages }, read_u64(input)?))
    }
}

/// A page, counted from 1: its image at a resolution, or its text; or the outline of the file.
pub(super) struct PageRequest {
    pub(super) number: u64,
    pub(super) wanted: Wanted,
}

/// What is wanted of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    Image { dpi: f32 },
    Text,
    Outline,
}

/// In the place of a resolution: no image has these.
const TEXT: f32 = 0.0;
const OUTLINE: f32 = -1.0;

impl PageRequest {
    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(&self.number.to_le_bytes())?;
        let dpi = match self.wanted {
            Wanted::Image { dpi } => dpi,
            Wanted::Text => TEXT,
            Wanted::Outline => OUTLINE,
        };
        output.write_all(&dpi.to_le_bytes())?;
        output.flush()
    }

    /// Nothing when no more pages are wanted.
    pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut number = [0; 8];
        if input.read(&mut number[..1])? == 0 {
            return Ok(None);
        }
        input.read_exact(&mut number[1..])?;
        let mut dpi = [0; 4];
        input.read_exact(&mut dpi)?;
        let dpi = f32::from_le_bytes(dpi);
        let wanted = match dpi {
            TEXT => Wanted::Text,
            OUTLINE => Wanted::Outline,
            dpi => Wanted::Image { dpi },
        };
        Ok(Some(Self { number: u64::from_le_bytes(number), wanted }))
    }
}

pub(super) fn write_greeting(output: &mut impl Write) -> io::Result<()> {
    output.write_all(&GREETING)
}

/// Fails with [`io::ErrorKind::InvalidData`] when the other side is none of ours.
pub(super) fn read_greeting(input: &mut impl Read) -> io::Result<()> {
    let mut greeting = [0; GREETING.len()];
    input.read_exact(&mut greeting)?;
    if greeting == GREETING { Ok(()) } else { Err(other_protocol()) }
}

pub(super) fn write_refusal(output: &mut impl Write, refused: &Refused) -> io::Result<()> {
    let reason = refused.reason().as_bytes();
    let reason = &reason[..reason.len().min(LONGEST_REFUSAL)];
    output.write_all(&[REFUSED])?;
    output.write_all(&(reason.len() as u32).to_le_bytes())?;
    output.write_all(reason)?;
    output.flush()
}

pub(super) fn write_page_count(output: &mut impl Write, pages: usize) -> io::Result<()> {
    output.write_all(&[GIVEN])?;
    output.write_all(&(pages as u64).to_le_bytes())?;
    output.flush()
}

pub(super) fn read_page_count(input: &mut impl Read) -> io::Result<Result<usize, Refused>> {
    reply(input, |input| usize::try_from(read_u64(input)?).map_err(|_| other_protocol()))
}

/// A page's size and pixels: red, green and blue, rows top down.
pub(super) fn write_page(
    output: &mut impl Write,
    size: (u32, u32),
    levels: impl Iterator<Item = u8>,
) -> io::Result<()> {
    const PART: usize = 1 << 16;
    output.write_all(&[GIVEN])?;
    output.write_all(&size.0.to_le_bytes())?;
    output.write_all(&size.1.to_le_bytes())?;
    let mut part = Vec::with_capacity(PART);
    for level in levels {
        part.push(level);
        if part.len() == PART {
            output.write_all(&part)?;
            part.clear();
        }
    }
    output.write_all(&part)?;
    output.flush()
}

/// A page as it comes: red, green and blue, rows top down.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) levels: Vec<u8>,
}

/// A page of as many pixels as the limits allow.
pub(super) fn read_page(input: &mut impl Read, limits: &PdfLimits) -> io::Result<Result<Pixels, Refused>> {
    reply(input, |input| {
        let (width, height) = (read_u32(input)?, read_u32(input)?);
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > limits.page_pixels {
            return Err(other_protocol());
        }
        let mut levels = Vec::new();
        let length = usize::try_from(pixels.saturating_mul(3)).unwrap_or(usize::MAX);
        levels.try_reserve_exact(length).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        levels.resize(length, 0);
        input.read_exact(&mut levels)?;
        Ok(Pixels { width, height, levels })
    })
}

pub(super) fn write_text(output: &mut impl Write, text: &str) -> io::Result<()> {
    output.write_all(&[GIVEN])?;
    write_string(output, text, LONGEST_TEXT)?;
    output.flush()
}

pub(super) fn read_text(input: &mut impl Read) -> io::Result<Result<String, Refused>> {
    reply(input, |input| read_string(input, LONGEST_TEXT))
}

pub(super) fn write_outline(output: &mut impl Write, headings: &[PdfHeading]) -> io::Result<()> {
    output.write_all(&[GIVEN])?;
    output.write_all(&(headings.len() as u32).to_le_bytes())?;
    for heading in headings {
        output.write_all(&(heading.level as u64).to_le_bytes())?;
        output.write_all(&(heading.page as u64).to_le_bytes())?;
        write_string(output, &heading.title, LONGEST_TITLE)?;
    }
    output.flush()
}

pub(super) fn read_outline(input: &mut impl Read) -> io::Result<Result<Vec<PdfHeading>, Refused>> {
    reply(input, |input| {
        let count = read_u32(input)? as usize;
        if count > outline::MOST {
            return Err(other_protocol());
        }
        let mut headings = Vec::new();
        for _ in 0..count {
            let numbers = [read_u64(input)?, read_u64(input)?].map(usize::try_from);
            let [Ok(level), Ok(page)] = numbers else { return Err(other_protocol()) };
            headings.push(PdfHeading::new(level, read_string(input, LONGEST_TITLE)?, page));
        }
        Ok(headings)
    })
}

/// As much of a text as may be said, behind its length.
fn write_string(output: &mut impl Write, text: &str, longest: u32) -> io::Result<()> {
    let text = &text[..text.floor_char_boundary(longest as usize)];
    output.write_all(&(text.len() as u32).to_le_bytes())?;
    output.write_all(text.as_bytes())
}

fn read_string(input: &mut impl Read, longest: u32) -> io::Result<String> {
    let length = read_u32(input)?;
    if length > longest {
        return Err(other_protocol());
    }
    let mut text = vec![0; length as usize];
    input.read_exact(&mut text)?;
    String::from_utf8(text).map_err(|_| other_protocol())
}

fn reply<R, T>(input: &mut R, read: impl FnOnce(&mut R) -> io::Result<T>) -> io::Result<Result<T, Refused>>
where
    R: Read,
{
    let mut kind = [0];
    input.read_exact(&mut kind)?;
    match kind[0] {
        GIVEN => read(input).map(Ok),
        REFUSED => {
            let length = read_u32(input)? as usize;
            if length > LONGEST_REFUSAL {
                return Err(other_protocol());
            }
            let mut reason = vec![0; length];
            input.read_exact(&mut reason)?;
            Ok(Err(Refused::new(String::from_utf8_lossy(&reason).into_owned())))
        }
        _ => Err(other_protocol()),
    }
}

fn other_protocol() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "speaks otherwise than a renderer of pages")
}

fn read_u32(input: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn read_u64(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests end with a panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let limits = PdfLimits::default().memory(1).time(Duration::from_millis(2)).page_pixels(6).pages(4);
        let mut sent = Vec::new();
        Opening::write(&mut sent, &limits, b"file").unwrap();
        PageRequest { number: 7, wanted: Wanted::Image { dpi: 72.5 } }.write(&mut sent).unwrap();
        PageRequest { number: 8, wanted: Wanted::Text }.write(&mut sent).unwrap();
        PageRequest { number: 0, wanted: Wanted::Outline }.write(&mut sent).unwrap();
        let mut input = &sent[..];
        assert_eq!(Opening::read(&mut input).unwrap(), (limits.clone(), 4));
        assert_eq!(&input[..4], b"file");
        input = &input[4..];
        let request = PageRequest::read(&mut input).unwrap().unwrap();
        assert_eq!((request.number, request.wanted), (7, Wanted::Image { dpi: 72.5 }));
        let request = PageRequest::read(&mut input).unwrap().unwrap();
        assert_eq!((request.number, request.wanted), (8, Wanted::Text));
        let request = PageRequest::read(&mut input).unwrap().unwrap();
        assert_eq!((request.number, request.wanted), (0, Wanted::Outline));
        assert!(PageRequest::read(&mut input).unwrap().is_none());

        let mut replies = Vec::new();
        write_page_count(&mut replies, 3).unwrap();
        write_page(&mut replies, (2, 1), [1, 2, 3, 4, 5, 6].into_iter()).unwrap();
        write_text(&mut replies, "naïve").unwrap();
        let headings = [PdfHeading::new(1, "Über".into(), 1), PdfHeading::new(2, String::new(), 9)];
        write_outline(&mut replies, &headings).unwrap();
        write_refusal(&mut replies, &Refused::new("no")).unwrap();
        let mut input = &replies[..];
        assert_eq!(read_page_count(&mut input).unwrap(), Ok(3));
        let levels = vec![1, 2, 3, 4, 5, 6];
        assert_eq!(read_page(&mut input, &limits).unwrap(), Ok(Pixels { width: 2, height: 1, levels }));
        assert_eq!(read_text(&mut input).unwrap(), Ok("naïve".to_owned()));
        assert_eq!(read_outline(&mut input).unwrap(), Ok(headings.to_vec()));
        assert_eq!(read_page(&mut input, &limits).unwrap(), Err(Refused::new("no")));
    }

    #[test]
    fn replies_beyond_the_limits_are_not_taken() {
        let limits = PdfLimits::default().page_pixels(6);
        for (width, height) in [(7, 1), (0, 3), (u32::MAX, u32::MAX)] {
            let reply = [&[GIVEN][..], &u32::to_le_bytes(width), &u32::to_le_bytes(height)].concat();
            let error = read_page(&mut &reply[..], &limits).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{width} x {height}");
        }
        let many = [&[GIVEN][..], &u32::to_le_bytes(u32::MAX)].concat();
        assert_eq!(read_outline(&mut &many[..]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let long = [&[REFUSED][..], &u32::to_le_bytes(u32::MAX)].concat();
        assert_eq!(read_page(&mut &long[..], &limits).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(read_greeting(&mut &b"another program's words"[..]).is_err());
    }
}
