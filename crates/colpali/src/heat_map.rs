//! Similarities as heat over a page.

use std::io::Write as _;
use std::path::Path;

use embedkit_core::ImageInput;
use embedkit_core::{Error, Result};
use embedkit_image::DecodeImage;
use embedkit_vector::file;
use image::ExtendedColorType::Rgb8;
use image::ImageEncoder;
use image::codecs::png::PngEncoder;

use crate::explain::SimilarityMap;

/// The colour of boxes.
const BOX: [u8; 3] = [0, 200, 0];

/// A [`SimilarityMap`] over the image of its page.
///
/// The least similar patch is cold and the most similar one hot, unless [`scale`](Self::scale) says otherwise; between
/// the middles of patches heat is interpolated. Cold places show the page, hot ones are covered as far as the opacity
/// says.
#[derive(Clone, Debug)]
#[must_use]
pub struct HeatMap {
    map: SimilarityMap,
    width: usize,
    height: usize,
    /// The page, `[height, width, 3]`.
    page: Vec<u8>,
    opacity: f32,
    boxes: usize,
    legend: bool,
    /// The similarities that are coldest and hottest.
    scale: (f32, f32),
}

impl HeatMap {
    /// Colours from the coldest to the hottest: dark to bright, so that they also tell in grey.
    pub const COLOURS: [[u8; 3]; 5] = [[20, 11, 83], [106, 23, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];

    /// A map over the image of its page.
    ///
    /// # Errors
    /// As [`ImageInput::to_rgb`].
    pub fn new(map: SimilarityMap, page: impl Into<ImageInput>) -> Result<Self> {
        let (width, height, page) = page.into().to_rgb()?;
        let scale = map.range();
        Ok(Self {
            map,
            width: width as usize,
            height: height as usize,
            page,
            opacity: 0.7,
            boxes: 0,
            legend: false,
            scale,
        })
    }

    /// How much of the page the hottest place covers, from 0 to 1. Default: 0.7.
    pub fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = if opacity.is_finite() { opacity.clamp(0.0, 1.0) } else { self.opacity };
        self
    }

    /// Says which similarities are coldest and hottest, so that several maps can be compared. Anything but two finite
    /// numbers changes nothing. Default: the map's own least and most.
    pub fn scale(mut self, least: f32, most: f32) -> Self {
        self.scale = if least.is_finite() && most.is_finite() { (least, most) } else { self.scale };
        self
    }

    /// Draws boxes around so many of the most similar patches. Default: none.
    pub fn boxes(mut self, count: usize) -> Self {
        self.boxes = count;
        self
    }

    /// Draws a strip below the page, with the colours from the coldest to the hottest. Default: no.
    pub fn legend(mut self, legend: bool) -> Self {
        self.legend = legend;
        self
    }

    /// Width, height and pixels: 8-bit red, green and blue, rows top down.
    pub fn to_rgb(&self) -> (u32, u32, Vec<u8>) {
        let mut pixels = self.page.clone();
        let heat = Heat::of(&self.map, self.scale);
        for (y, line) in pixels.chunks_exact_mut(self.width * 3).enumerate() {
            for (x, pixel) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let heat = heat.at((y as f32 + 0.5) / self.height as f32, (x as f32 + 0.5) / self.width as f32);
                let covered = self.opacity * heat;
                for (level, colour) in pixel.iter_mut().zip(colour(heat)) {
                    *level = (f32::from(*level) * (1.0 - covered) + colour * covered).round() as u8;
                }
            }
        }
        self.map.top(self.boxes).iter().for_each(|patch| {
            let across = |share: f32| (share * self.width as f32).round() as usize;
            let down = |share: f32| (share * self.height as f32).round() as usize;
            let (left, right) = (across(patch.left), across(patch.left + patch.width));
            self.outline(&mut pixels, [left, right], [down(patch.top), down(patch.top + patch.height)]);
        });
        if self.legend {
            pixels.extend(self.strip());
        }
        // Both sides came as 32 bits.
        (self.width as u32, (pixels.len() / 3 / self.width) as u32, pixels)
    }

    /// The legend's pixels: a line of white, and the colours.
    fn strip(&self) -> Vec<u8> {
        let height = (self.height / 50).clamp(8, 40);
        let last = self.width.saturating_sub(1).max(1) as f32;
        let line: Vec<u8> =
            (0..self.width).flat_map(|x| colour(x as f32 / last).map(|level| level.round() as u8)).collect();
        let white = vec![u8::MAX; line.len() * (height / 4)];
        [white, line.repeat(height - height / 4)].concat()
    }

    fn outline(&self, pixels: &mut [u8], [left, right]: [usize; 2], [top, bottom]: [usize; 2]) {
        let thickness = (self.width.max(self.height) / 400).max(1);
        for y in top..bottom.min(self.height) {
            for x in left..right.min(self.width) {
                let inside = [x - left, right - 1 - x, y - top, bottom - 1 - y];
                if inside.iter().any(|distance| *distance < thickness) {
                    pixels[(y * self.width + x) * 3..][..3].copy_from_slice(&BOX);
                }
            }
        }
    }

    /// The image as a PNG file's bytes.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the page is too large for one.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let (width, height, pixels) = self.to_rgb();
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(&pixels, width, height, Rgb8).map_err(|error| Error::InvalidInput {
            message: format!("{width} x {height} pixels cannot be written as PNG: {error}"),
            source: Some(error.into()),
        })?;
        Ok(png)
    }

    /// Writes the image to a PNG file.
    ///
    /// # Errors
    /// [`Error::Io`], and as [`to_png`](Self::to_png).
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let png = self.to_png()?;
        file::replace(path, |file| file.write_all(&png)).map_err(Error::io(path))
    }
}

/// A map's similarities between 0, the coldest, and 1, the hottest.
struct Heat {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Heat {
    fn of(map: &SimilarityMap, (least, most): (f32, f32)) -> Self {
        let (rows, columns) = map.shape();
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| map.at(row, column)));
        let range = most - least;
        // Patches without a vector are as cold as the coldest; a map without differences is cold.
        let values = cells.clone().map(|cell| match cell {
            Some(value) if range > 0.0 => ((value - least) / range).clamp(0.0, 1.0),
            _ => 0.0,
        });
        Self { rows, columns, values: values.collect() }
    }

    /// The heat at a place, in shares of the page's height and width.
    fn at(&self, down: f32, across: f32) -> f32 {
        let (above, below, lower) = between(down, self.rows);
        let (left, right, further) = between(across, self.columns);
        let line = |row: usize| {
            let values = &self.values[row * self.columns..][..self.columns];
            values[left] * (1.0 - further) + values[right] * further
        };
        line(above) * (1.0 - lower) + line(below) * lower
    }
}

/// The cells whose middles a place lies between, and how far it is towards the second.
fn between(share: f32, cells: usize) -> (usize, usize, f32) {
    let last = cells.saturating_sub(1);
    let place = (share * cells as f32 - 0.5).clamp(0.0, last as f32);
    let first = (place.floor() as usize).min(last);
    (first, (first + 1).min(last), place - first as f32)
}

fn colour(heat: f32) -> [f32; 3] {
    let (first, second, further) = {
        let colours = HeatMap::COLOURS;
        let place = heat.clamp(0.0, 1.0) * (colours.len() - 1) as f32;
        let first = (place as usize).min(colours.len() - 2);
        (colours[first], colours[first + 1], place - first as f32)
    };
    std::array::from_fn(|channel| f32::from(first[channel]) * (1.0 - further) + f32::from(second[channel]) * further)
}
