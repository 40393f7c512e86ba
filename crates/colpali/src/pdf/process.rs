//! The program that renders pages.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

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
