//! Pixels of any kind as RGB, as Pillow converts them: alpha is dropped; grey is repeated; of 16 bits the high byte stays,
//! but of grey levels, which are cut at 255.

use embedkit_core::{Error, Result};
use image::{ColorType, DynamicImage, ImageDecoder};

use crate::memory::with_room;
use crate::raster::{CHANNELS, Raster};

/// Colours of a palette at most.
pub(super) const COLOURS: usize = 256;

/// Bytes that a decoder's pixels take, and what they become.
pub(super) fn bytes(decoder: &impl ImageDecoder) -> u64 {
    let (width, height) = decoder.dimensions();
    let pixel = u64::from(decoder.color_type().bytes_per_pixel());
    // Pixels of enough bytes are converted where they are.
    let pixel = if pixel >= CHANNELS as u64 { pixel } else { pixel + CHANNELS as u64 };
    u64::from(width).saturating_mul(u64::from(height)).saturating_mul(pixel)
}

/// An opened image as RGB.
pub(crate) fn to_rgb(image: DynamicImage) -> Result<Raster> {
    let (width, height, kind) = (image.width() as usize, image.height() as usize, image.color());
    let image = match kind {
        ColorType::Rgb8
        | ColorType::L8
        | ColorType::La8
        | ColorType::Rgba8
        | ColorType::L16
        | ColorType::La16
        | ColorType::Rgb16
        | ColorType::Rgba16 => image,
        _ => image.into_rgb8().into(),
    };
    let kind = image.color();
    let levels = match image {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        other => to_levels(other.into_bytes(), kind)?,
    };
    Ok(Raster { width, height, levels })
}

/// The levels of pixels, whose channels are in the machine's byte order.
pub(super) fn to_levels(pixels: Vec<u8>, kind: ColorType) -> Result<Vec<u8>> {
    let high = |pair: [u8; 2]| (u16::from_ne_bytes(pair) >> 8) as u8;
    match kind {
        ColorType::Rgb8 => Ok(pixels),
        ColorType::Rgba8 => Ok(in_place(pixels, |[red, green, blue, _]: [u8; 4]| [red, green, blue])),
        ColorType::Rgb16 => {
            Ok(in_place(pixels, |[r, s, g, h, b, c]: [u8; 6]| [high([r, s]), high([g, h]), high([b, c])]))
        }
        ColorType::Rgba16 => {
            Ok(in_place(pixels, |[r, s, g, h, b, c, ..]: [u8; 8]| [high([r, s]), high([g, h]), high([b, c])]))
        }
        ColorType::La16 => Ok(in_place(pixels, |[level, more, ..]: [u8; 4]| [high([level, more]); CHANNELS])),
        ColorType::L8 => widened(&pixels, |[level]: [u8; 1]| level),
        ColorType::La8 => widened(&pixels, |[level, _]: [u8; 2]| level),
        ColorType::L16 => widened(&pixels, clipped),
        other => Err(Error::input(format!("its pixels are {other:?}, which are not supported"))),
    }
}

/// The levels of grey pixels of 16 bits with alpha that a file has none of: it names one level that is transparent.
pub(super) fn keyed_grey(pixels: Vec<u8>) -> Vec<u8> {
    in_place(pixels, |[level, more, ..]: [u8; 4]| [clipped([level, more]); CHANNELS])
}

/// A grey level of 16 bits, which is cut at 255.
fn clipped(pair: [u8; 2]) -> u8 {
    u16::from_ne_bytes(pair).min(255) as u8
}

/// Pixels that become no longer.
fn in_place<const N: usize>(mut pixels: Vec<u8>, convert: impl Fn([u8; N]) -> [u8; CHANNELS]) -> Vec<u8> {
    let count = pixels.len() / N;
    for at in 0..count {
        if let Some(pixel) = pixels[at * N..].first_chunk().copied() {
            pixels[at * CHANNELS..][..CHANNELS].copy_from_slice(&convert(pixel));
        }
    }
    pixels.truncate(count * CHANNELS);
    pixels
}

/// Grey pixels.
fn widened<const N: usize>(pixels: &[u8], convert: impl Fn([u8; N]) -> u8) -> Result<Vec<u8>> {
    let pixels = pixels.as_chunks::<N>().0;
    let mut levels = with_room(pixels.len() * CHANNELS)?;
    levels.extend(pixels.iter().flat_map(|pixel| [convert(*pixel); CHANNELS]));
    Ok(levels)
}

/// A palette with a colour for every index: those beyond its end are black or, where indices are levels of grey, grey.
pub(super) fn completed(mut palette: Vec<[u8; CHANNELS]>) -> Vec<[u8; CHANNELS]> {
    if is_grey(&palette) {
        return (0..=255).map(|level| [level; CHANNELS]).collect();
    }
    palette.resize(COLOURS, [0; CHANNELS]);
    palette
}

/// Whether a palette's indices are levels of grey.
pub(super) fn is_grey(palette: &[[u8; CHANNELS]]) -> bool {
    (0..=255).zip(palette).all(|(level, colour)| *colour == [level; CHANNELS])
}

/// A colour of inks by Pillow's formula, which knows no colour profiles.
#[inline(always)]
pub(super) fn from_inks(inks: [u8; CHANNELS], black: u8) -> [u8; CHANNELS] {
    inks.map(|ink| without_ink(ink, 255 - black))
}

/// The light that black leaves, less the ink's share of it, over 255 and rounded.
#[inline(always)]
pub(super) fn without_ink(ink: u8, light: u8) -> u8 {
    let product = u32::from(ink) * u32::from(light) + 128;
    light - ((product + (product >> 8)) >> 8) as u8
}

/// A colour's level before it was multiplied by its alpha, as Pillow finds it: nothing where that is 0.
pub(super) fn without_alpha(level: u8, alpha: u8) -> u8 {
    (255 * u32::from(level)).checked_div(alpha.into()).unwrap_or(0).min(255) as u8
}
