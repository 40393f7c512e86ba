//! A file that has been read, and its pages as pixels.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use embedkit_core::ImageInput;
use embedkit_core::{Error, Result};
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, PdfData};
use hayro::vello_cpu::Pixmap;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};

use super::content;
use super::limits::PdfLimits;
use super::outline::{self, PdfHeading};
use super::page_boxes::{Override, overridden, same};
use super::page_tree::{Leaf, leaves};
use super::refused::Refused;
use super::stack::with_large_stack;
use super::text;

/// Units of a PDF's own coordinates in an inch.
const POINTS_PER_INCH: f32 = 72.0;

/// A file that has been read.
pub(super) struct Document {
    pdf: Pdf,
    /// The renderer's number of each page.
    pages: Vec<Result<usize, Refused>>,
}

impl Document {
    pub(super) fn read(bytes: Arc<Vec<u8>>, limits: &PdfLimits) -> Result<Self, Refused> {
        let document = with_large_stack(|| Self::read_here(bytes))??;
        match document.pages.len() as u64 {
            0 => Err(Refused::new("has no pages")),
            count if count > limits.pages => {
                let message = format!("has {count} pages, more than the {} of the limit `pages`", limits.pages);
                Err(Refused::new(message))
            }
            _ => Ok(document),
        }
    }

    fn read_here(bytes: Arc<Vec<u8>>) -> Result<Self, Refused> {
        let mut pdf = load(bytes.clone().into())?;
        if let Some(updated) = with_other_boxes(&pdf, &bytes)? {
            pdf = load(updated.into())?;
        }
        let pages = pages(&pdf)?;
        Ok(Self { pdf, pages })
    }

    pub(super) fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// Renders a page on white.
    pub(super) fn render(&self, number: usize, dpi: f32, limits: &PdfLimits) -> Result<Rendered, Refused> {
        with_large_stack(|| self.render_here(number, dpi, limits))?
    }

    /// The text of a page.
    pub(super) fn text(&self, number: usize) -> Result<String, Refused> {
        with_large_stack(|| {
            let page = self.page(number)?;
            content::check(page)?;
            Ok(text::of_page(page))
        })?
    }

    /// The headings of the outline.
    pub(super) fn outline(&self) -> Result<Vec<PdfHeading>, Refused> {
        with_large_stack(|| outline::of(&self.pdf))?
    }

    fn page(&self, number: usize) -> Result<&Page<'_>, Refused> {
        let index =
            self.pages.get(number.wrapping_sub(1)).ok_or_else(|| Refused::new("there is no such page"))?.clone()?;
        Ok(&self.pdf.pages()[index])
    }

    fn render_here(&self, number: usize, dpi: f32, limits: &PdfLimits) -> Result<Rendered, Refused> {
        let page = self.page(number)?;
        let scale = dpi / POINTS_PER_INCH;
        let (width, height) = page.render_dimensions();
        let (width, height) = ((width * scale).floor(), (height * scale).floor());
        let side = 1.0..=f32::from(u16::MAX);
        if !(side.contains(&width) && side.contains(&height)) {
            let message = format!("would be {width} x {height} pixels at {dpi} dpi, which is too narrow or too wide");
            return Err(Refused::new(message));
        }
        if width as u64 * height as u64 > limits.page_pixels {
            return Err(Refused::new(format!(
                "would be {width} x {height} pixels at {dpi} dpi, more than the {} of the limit `page_pixels`",
                limits.page_pixels
            )));
        }
        content::check(page)?;
        draw(page, scale).map(|pixmap| Rendered { pixmap })
    }
}

fn load(data: PdfData) -> Result<Pdf, Refused> {
    Pdf::new(data).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            Refused::new("needs a password; save it without one")
        }
        LoadPdfError::Decryption(_) => Refused::new("is encrypted in a way that is not supported"),
        LoadPdfError::Invalid => Refused::new("is no PDF, or damaged"),
    })
}

/// The file with other boxes for the pages that are not shown as their own boxes say, if there are such.
fn with_other_boxes(pdf: &Pdf, bytes: &[u8]) -> Result<Option<Vec<u8>>, Refused> {
    let shown = pdf.pages().iter().map(Page::intersected_crop_box);
    let leaves = leaves(pdf)?.into_iter().filter_map(|leaf| match leaf {
        Leaf::Page { id, page, shown } => Some((id, page, shown)),
        Leaf::Missing => None,
    });
    let others: Vec<Override<'_>> = leaves
        .zip(shown)
        .filter(|((.., wanted), shown)| !same(*wanted, *shown))
        .filter_map(|((id, page, shown), _)| Some(Override { id: id?, page, shown }))
        .collect();
    Ok(if others.is_empty() { None } else { overridden(bytes, pdf.xref().root_id(), &others) })
}

/// The renderer's number of each leaf of the page tree.
fn pages(pdf: &Pdf) -> Result<Vec<Result<usize, Refused>>, Refused> {
    let found = pdf.pages();
    let mut next = 0;
    let pages = leaves(pdf)?.into_iter().map(|leaf| match leaf {
        Leaf::Missing => Err(Refused::new("is missing: the file is damaged, or was cut")),
        Leaf::Page { shown, .. } => {
            let number = next;
            next += 1;
            match found.get(number) {
                Some(page) if same(shown, page.intersected_crop_box()) => Ok(number),
                Some(_) => Err(Refused::new("has an empty CropBox or MediaBox that cannot be replaced")),
                None => Err(Refused::new("cannot be told from the other pages: the file is damaged")),
            }
        }
    });
    let pages = pages.collect();
    if next == found.len() { Ok(pages) } else { Err(Refused::new("its tree of pages is damaged")) }
}

fn draw(page: &Page<'_>, scale: f32) -> Result<Pixmap, Refused> {
    let undecoded = Arc::new(AtomicBool::new(false));
    let seen = undecoded.clone();
    let interpreter = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            if matches!(warning, InterpreterWarning::ImageDecodeFailure) {
                seen.store(true, Ordering::Relaxed);
            }
        }),
        ..InterpreterSettings::default()
    };
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap = hayro::render(page, &RenderCache::new(), &interpreter, &RenderSettings::default(), &settings);
    if undecoded.load(Ordering::Relaxed) {
        return Err(Refused::new("an image in it cannot be decoded: it is damaged, or of an unknown kind"));
    }
    Ok(pixmap)
}

/// A page that has been rendered.
pub(super) struct Rendered {
    pixmap: Pixmap,
}

impl Rendered {
    pub(super) fn width(&self) -> u32 {
        self.pixmap.width().into()
    }

    pub(super) fn height(&self) -> u32 {
        self.pixmap.height().into()
    }

    /// Red, green and blue, rows top down.
    pub(super) fn levels(&self) -> impl Iterator<Item = u8> {
        self.pixmap.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b])
    }

    /// As an image in memory.
    pub(super) fn into_image(self) -> Result<ImageInput> {
        let mut levels = Vec::new();
        levels
            .try_reserve_exact(self.pixmap.data().len() * 3)
            .map_err(|_| Error::input("there is no memory for its pixels"))?;
        levels.extend(self.levels());
        ImageInput::rgb(self.width(), self.height(), levels)
    }
}
