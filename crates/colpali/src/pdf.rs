//! Pages of PDF files as pictures, rendered in process.

use std::fmt;
use std::ops::{Bound, RangeBounds, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use embedkit_core::ImageInput;
use embedkit_core::{Error, Result};
use embedkit_image::MAX_PIXELS;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, PdfData};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};

/// Units of a PDF's own coordinates in an inch.
const POINTS_PER_INCH: f32 = 72.0;

/// A PDF file, whose pages can be embedded.
///
/// Rendering is deferred: a page is rendered when its turn comes, on the threads that prepare inputs,
/// and dropped when it is embedded, so a file of any length takes the memory of a few pages.
///
/// ```no_run
/// use embedkit_colpali::{Embedder, LateInteractionMultimodalEmbedding, PdfFile};
///
/// # fn main() -> embedkit_core::Result<()> {
/// let model = LateInteractionMultimodalEmbedding::builder("Qdrant/colmodernvbert").build()?;
/// let report = PdfFile::open("report.pdf")?.dpi(150.0)?;
/// for page in model.embed_images(report.pages(1..=5)?) {
///     println!("{} rows", page?.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PdfFile {
    pdf: Arc<Pdf>,
    name: Arc<str>,
    dpi: f32,
}

impl fmt::Debug for PdfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PdfFile").field("name", &self.name).field("dpi", &self.dpi).finish_non_exhaustive()
    }
}

impl PdfFile {
    /// Reads a PDF file.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; [`Error::InvalidFile`] when it is no PDF, or encrypted.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::load(path, std::fs::read(path).map_err(Error::io(path))?)
    }

    /// Takes the bytes of a PDF file.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when they are no PDF, or encrypted.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::load(Path::new("PDF"), bytes.into())
    }

    fn load(name: &Path, bytes: Vec<u8>) -> Result<Self> {
        let invalid = |what: &str| Error::file(name, what);
        let pdf = unpanicked(|| Pdf::new(PdfData::from(bytes))).map_err(|()| invalid("is damaged"))?;
        let pdf = pdf.map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
                invalid("needs a password; save it without one")
            }
            LoadPdfError::Decryption(_) => invalid("is encrypted in a way that is not supported"),
            LoadPdfError::Invalid => invalid("is no PDF, or damaged"),
        })?;
        Ok(Self { pdf: Arc::new(pdf), name: name.to_string_lossy().into(), dpi: 150.0 })
    }

    /// Pixels an inch; 150 when not set.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is a positive number.
    pub fn dpi(mut self, dpi: f32) -> Result<Self> {
        if !(dpi.is_finite() && dpi > 0.0) {
            return Err(Error::option("dpi", format!("{dpi} is no resolution; 72 to 300 are usual")));
        }
        self.dpi = dpi;
        Ok(self)
    }

    /// How many pages there are.
    pub fn page_count(&self) -> usize {
        self.pdf.pages().len()
    }

    /// Pages by their numbers, which start at 1, as pictures that are rendered when they are embedded.
    /// `..` are all.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for numbers that the file does not have.
    pub fn pages(&self, numbers: impl RangeBounds<usize>) -> Result<PdfPages> {
        let count = self.page_count();
        let first = match numbers.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 1,
        };
        let last = match numbers.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(after) => after.saturating_sub(1),
            Bound::Unbounded => count,
        };
        if first == 0 || last > count || first > last.saturating_add(1) {
            let message = format!("{first} to {last} are not among the pages of {}, 1 to {count}", self.name);
            return Err(Error::option("pages", message));
        }
        Ok(PdfPages { file: self.clone(), numbers: first..=last })
    }

    /// A page that is rendered when it is embedded.
    fn page(&self, number: usize) -> ImageInput {
        let file = self.clone();
        ImageInput::deferred(format!("{}, page {number}", self.name), move || file.render(number))
    }

    /// Renders a page on white.
    fn render(&self, number: usize) -> Result<ImageInput> {
        let pages = self.pdf.pages();
        let page = pages.get(number.wrapping_sub(1)).ok_or_else(|| Error::input("there is no such page"))?;
        let scale = self.dpi / POINTS_PER_INCH;
        let (width, height) = page.render_dimensions();
        let (width, height) = ((width * scale).floor(), (height * scale).floor());
        let side = 1.0..=f32::from(u16::MAX);
        if !(side.contains(&width) && side.contains(&height) && width * height <= MAX_PIXELS as f32) {
            let message = format!("would be {width} x {height} pixels at {} dpi; choose another `dpi`", self.dpi);
            return Err(Error::input(message));
        }
        let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
        let render = || {
            let (interpreter, renderer) = (InterpreterSettings::default(), RenderSettings::default());
            hayro::render(page, &RenderCache::new(), &interpreter, &renderer, &settings)
        };
        let pixmap = unpanicked(render).map_err(|()| Error::input("cannot be rendered: the page is damaged"))?;
        let pixels: Vec<u8> = pixmap.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        ImageInput::rgb(pixmap.width().into(), pixmap.height().into(), pixels)
    }
}

/// Pages of a [`PdfFile`], as pictures that are rendered when they are embedded.
#[derive(Clone, Debug)]
pub struct PdfPages {
    file: PdfFile,
    numbers: RangeInclusive<usize>,
}

impl Iterator for PdfPages {
    type Item = ImageInput;

    fn next(&mut self) -> Option<ImageInput> {
        self.numbers.next().map(|number| self.file.page(number))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.numbers.size_hint()
    }
}

impl ExactSizeIterator for PdfPages {}

/// What a call gives, unless it panics, as a renderer of untrusted files may.
fn unpanicked<R>(call: impl FnOnce() -> R) -> Result<R, ()> {
    catch_unwind(AssertUnwindSafe(call)).map_err(drop)
}
