//! Where pages are rendered.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use embedkit_core::ImageInput;
use embedkit_core::Result;

use super::document::Document;
use super::limits::PdfLimits;
use super::refused::Refused;
use super::renderer_pool::RendererPool;

/// Where pages are rendered.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum PdfRenderer {
    /// In this process, for files that can be trusted: another's file may take all its memory, never end, or end it by
    /// overflowing the stack, which no error is given for. The default.
    #[default]
    InProcess,
    /// In processes of their own, which are ended when they go beyond the [`PdfLimits`]; the page is then an error, and the
    /// others are rendered.
    Process(PdfProcess),
}

impl From<PdfProcess> for PdfRenderer {
    fn from(process: PdfProcess) -> Self {
        Self::Process(process)
    }
}

impl PdfRenderer {
    pub(super) fn open(&self, name: &Arc<Path>, bytes: &Arc<Vec<u8>>, limits: &PdfLimits) -> Result<Opened> {
        Ok(match self {
            Self::InProcess => {
                let document = Document::read(bytes.clone(), limits).map_err(|refused| refused.file(name))?;
                Opened::InProcess(Box::new(document))
            }
            Self::Process(process) => {
                Opened::Process(RendererPool::open(process.clone(), name.clone(), bytes.clone(), limits)?)
            }
        })
    }
}

/// A program that renders pages: one that calls [`serve_pdf_renderer`](super::serve_pdf_renderer), as `embedkit __render-pdf`
/// does.
///
/// It runs without the environment's variables, but for those that programs are found and started with. Ctrl-C does not
/// reach it; it ends with the last of the [`PdfFile`](super::PdfFile)'s clones and pages.
///
/// ```no_run
/// use embedkit_colpali::{PdfFile, PdfLimits, PdfProcess};
///
/// # fn main() -> embedkit_core::Result<()> {
/// let file = PdfFile::open("upload.pdf")?
///     .renderer(PdfProcess::new("/usr/bin/embedkit").argument("__render-pdf").into())
///     .limits(PdfLimits::default().memory(512 << 20));
/// println!("{} pages", file.page_count()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PdfProcess {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    processes: Option<NonZeroUsize>,
}

impl PdfProcess {
    /// This program, without arguments.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), processes: None }
    }

    /// Adds an argument.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// How many processes may render at a time, each with the memory that the limits allow; as many as there are processors
    /// when not set. A file's pages wait for each other beyond that.
    pub fn at_most(mut self, processes: NonZeroUsize) -> Self {
        self.processes = Some(processes);
        self
    }

    pub(super) fn processes(&self) -> usize {
        self.processes.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// A file whose pages can be rendered.
pub(super) enum Opened {
    InProcess(Box<Document>),
    Process(RendererPool),
}

impl Opened {
    pub(super) fn page_count(&self) -> usize {
        match self {
            Self::InProcess(document) => document.page_count(),
            Self::Process(pool) => pool.page_count(),
        }
    }

    pub(super) fn render(&self, number: usize, dpi: f32, limits: &PdfLimits) -> Result<ImageInput> {
        match self {
            Self::InProcess(document) => document.render(number, dpi, limits).map_err(Refused::page)?.into_picture(),
            Self::Process(pool) => pool.render(number, dpi, limits),
        }
    }
}
