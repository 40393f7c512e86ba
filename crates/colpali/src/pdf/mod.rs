//! Pages of PDF files as images.

mod confine;
mod content;
mod document;
mod limits;
mod outline;
mod page_boxes;
mod page_tree;
mod process;
mod protocol;
mod refused;
mod renderer;
mod renderer_pool;
mod serve;
mod stack;
mod text;
mod text_string;
mod worker;

use std::fmt;
use std::ops::{Bound, RangeBounds, RangeInclusive};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use embedkit_core::ImageInput;
use embedkit_core::{Error, PerProcess, Result};

pub use limits::PdfLimits;
pub use outline::PdfHeading;
pub use process::PdfProcess;
pub use renderer::PdfRenderer;
pub use serve::serve_pdf_renderer;

use renderer::Opened;

/// The longest file that is read: 1 GiB.
const LONGEST_FILE: u64 = 1 << 30;
/// How far into a file its `%PDF-` may stand: readers of PDF files look no further.
const HEADER_WITHIN: usize = 1024;

/// A PDF file, whose pages can be embedded.
///
/// Rendering is deferred: a page is rendered when its turn comes, on the threads that prepare inputs,
/// and dropped when it is embedded, so a file of any length takes the memory of a few pages.
///
/// A page is drawn on white, without a password, within its CropBox. An empty CropBox counts as none, then the MediaBox
/// is taken; an empty MediaBox counts as none too, then it is a letter's page of 612 x 792 points: as viewers do. A page
/// whose content is missing or breaks off, as in a file that was cut, is an error and not a white image.
///
/// **Files of others** can be made so that rendering them takes all memory, never ends, or overflows the stack, which
/// ends the process. [`PdfRenderer::Process`] renders them in processes of their own, within [`PdfLimits`].
///
/// ```no_run
/// use embedkit_colpali::{LateInteractionMultimodalEmbedding, PdfFile};
/// use embedkit_core::{Embedder, ImageEmbedder};
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
    name: Arc<Path>,
    bytes: Arc<Vec<u8>>,
    dpi: f32,
    limits: PdfLimits,
    renderer: PdfRenderer,
    /// What renders the pages, made when it is first needed, for all clones. A child made by a fork makes its own: two
    /// processes that ask one renderer get each other's answers, and who drops it ends it for both.
    opened: Arc<PerProcess<OnceLock<Opened>>>,
}

impl fmt::Debug for PdfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PdfFile")
            .field("name", &self.name)
            .field("dpi", &self.dpi)
            .field("limits", &self.limits)
            .field("renderer", &self.renderer)
            .finish_non_exhaustive()
    }
}

impl PdfFile {
    /// Reads a PDF file of at most 1 GiB. What is in it is looked at when pages are asked for.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; [`Error::InvalidFile`] when it is no PDF, or too long.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::load(path, read(path)?)
    }

    /// Takes the bytes of a PDF file.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when they are no PDF.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::load(Path::new("PDF"), bytes.into())
    }

    fn load(name: &Path, bytes: Vec<u8>) -> Result<Self> {
        let start = &bytes[..bytes.len().min(HEADER_WITHIN)];
        if !start.windows(5).any(|window| window == b"%PDF-") {
            return Err(Error::file(name, "is no PDF: it does not begin with `%PDF-`"));
        }
        Ok(Self {
            name: name.into(),
            bytes: Arc::new(bytes),
            dpi: 150.0,
            limits: PdfLimits::default(),
            renderer: PdfRenderer::default(),
            opened: Arc::default(),
        })
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

    /// What renders the pages; [`PdfRenderer::InProcess`] when not set.
    pub fn renderer(mut self, renderer: PdfRenderer) -> Self {
        self.renderer = renderer;
        self.opened = Arc::default();
        self
    }

    /// What rendering may take; [`PdfLimits::default`] when not set.
    pub fn limits(mut self, limits: PdfLimits) -> Self {
        self.limits = limits;
        self.opened = Arc::default();
        self
    }

    /// How many pages there are, those that are damaged included.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when the file is damaged, encrypted, has no pages, or goes beyond the limits;
    /// [`Error::Io`] and [`Error::InvalidOption`] when the renderer's process cannot be started or is no renderer.
    pub fn page_count(&self) -> Result<usize> {
        Ok(self.opened()?.page_count())
    }

    /// Pages by their numbers, which start at 1, as images that are rendered when they are embedded.
    /// `..` are all.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for numbers that the file does not have; those of [`page_count`](Self::page_count).
    pub fn pages(&self, numbers: impl RangeBounds<usize>) -> Result<PdfPages> {
        let count = self.page_count()?;
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
            let message = format!("{first} to {last} are not among the pages of {}, 1 to {count}", self.name.display());
            return Err(Error::option("pages", message));
        }
        Ok(PdfPages { file: self.clone(), numbers: first..=last })
    }

    /// The text of a page, counted from 1, as far as its fonts say which characters it is of: lines as they were set, and
    /// blank lines where there are gaps. A page that was scanned has none.
    ///
    /// # Errors
    /// A page that is damaged or goes beyond the limits; those of [`page_count`](Self::page_count).
    pub fn text(&self, number: usize) -> Result<String> {
        self.opened()?.text(number, &self.limits)
    }

    /// The headings of the file's outline, in order; none of a file that has no outline.
    ///
    /// # Errors
    /// Those of [`page_count`](Self::page_count).
    pub fn outline(&self) -> Result<Vec<PdfHeading>> {
        self.opened()?.outline(&self.limits)
    }

    /// A page that is rendered when it is embedded.
    fn page(&self, number: usize) -> ImageInput {
        let file = self.clone();
        ImageInput::deferred(format!("{}, page {number}", self.name.display()), move || {
            file.opened()?.render(number, file.dpi, &file.limits)
        })
    }

    fn opened(&self) -> Result<&Opened> {
        let cell = self.opened.get();
        if let Some(opened) = cell.get() {
            return Ok(opened);
        }
        let opened = self.renderer.open(&self.name, &self.bytes, &self.limits)?;
        Ok(cell.get_or_init(|| opened))
    }
}

/// Pages of a [`PdfFile`], as images that are rendered when they are embedded.
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

/// The bytes of a file, as far as there is memory for them: one may grow while it is read. What is none is not opened,
/// since a pipe may wait for ever.
fn read(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let kind = std::fs::metadata(path).map_err(Error::io(path))?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a device, pipe or socket" };
        return Err(Error::file(path, format!("is {what}; a PDF must be an ordinary file")));
    }
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let length = file.metadata().map_err(Error::io(path))?.len();
    let too_long = || Error::file(path, format!("has more than {} MiB", LONGEST_FILE >> 20));
    if length > LONGEST_FILE {
        return Err(too_long());
    }
    let (mut bytes, mut part) = (Vec::new(), vec![0; 1 << 16]);
    let reserve = |bytes: &mut Vec<u8>, more: usize| {
        bytes.try_reserve(more).map_err(|error| Error::io(path)(std::io::Error::other(error)))
    };
    reserve(&mut bytes, usize::try_from(length).unwrap_or(usize::MAX))?;
    loop {
        let read = match file.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io(path)(error)),
        };
        if (bytes.len() + read) as u64 > LONGEST_FILE {
            return Err(too_long());
        }
        reserve(&mut bytes, read)?;
        bytes.extend_from_slice(&part[..read]);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use embedkit_fixtures::{in_forked_child, pdf};

    use super::*;

    #[test]
    fn a_forked_child_asks_a_renderer_of_its_own() {
        let file = PdfFile::from_bytes(pdf(10, 10, &["", ""])).unwrap();
        assert_eq!(file.page_count().unwrap(), 2);
        let counted = in_forked_child(Duration::from_secs(20), || {
            assert!(file.opened.get().get().is_none(), "the parent's is used");
            vec![file.page_count().unwrap() as u8]
        });
        assert_eq!(counted, [2]);
    }
}
