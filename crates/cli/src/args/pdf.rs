//! Pages of a PDF file.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use embedkit::colpali::{PdfFile, PdfLimits, PdfPages, PdfProcess};

use crate::failure::{Failure, Result};

/// The verb of the processes that render pages, which no one types.
pub(crate) const RENDER_PDF: &str = "__render-pdf";

/// Pages of a PDF file, for models of page images.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Late-interaction models")]
pub(crate) struct PdfArgs {
    /// Takes the pages of these PDF files as inputs.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) pdf: Vec<PathBuf>,

    /// These pages only, counted from 1: `3`, or `1-5`.
    #[arg(long, value_name = "FROM-TO", value_parser = page_range)]
    pages: Option<RangeInclusive<usize>>,

    /// Dots an inch at which pages are rendered.
    #[arg(long, value_name = "N", default_value_t = 150.0)]
    dpi: f32,

    /// Seconds that rendering a page may take; a page that takes longer is an error.
    #[arg(long, value_name = "SECONDS", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..))]
    page_time: u64,

    /// Memory that rendering a page may take, in MiB; a page that takes more is an error.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..1 << 40))]
    page_memory: u64,
}

impl PdfArgs {
    /// The first page's number, and the pages, as images that are rendered when they are embedded, in processes of
    /// their own.
    pub(crate) fn pages(&self, path: &Path) -> Result<(usize, PdfPages)> {
        let program = std::env::current_exe().map_err(Failure::io("this program's own file"))?;
        let limits = PdfLimits::default().time(Duration::from_secs(self.page_time)).memory(self.page_memory << 20);
        let file = PdfFile::open(path)?
            .dpi(self.dpi)?
            .limits(limits)
            .renderer(PdfProcess::new(program).argument(RENDER_PDF).into());
        if file.page_count()? == 0 {
            return Err(Failure::Failed(format!("{} has no pages", path.display())));
        }
        Ok(match &self.pages {
            Some(range) => (*range.start(), file.pages(range.clone())?),
            None => (1, file.pages(..)?),
        })
    }
}

fn page_range(argument: &str) -> Result<RangeInclusive<usize>, String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("{text:?} is no page number"));
    let (from, to) = argument.split_once('-').unwrap_or((argument, argument));
    match (number(from)?, number(to)?) {
        (from, to) if from > to => Err(format!("{from} comes after {to}; the smaller number goes first")),
        (from, to) => Ok(from..=to),
    }
}
