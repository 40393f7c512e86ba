//! Pages of a PDF file.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use clap::Args;
use embedkit::colpali::{PdfFile, PdfPages};

use crate::failure::Result;

/// Pages of a PDF file, for models of page images.
#[derive(Debug, Args)]
#[command(next_help_heading = "Late-interaction models")]
pub(crate) struct PdfArgs {
    /// Embeds the pages of this PDF file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["texts", "input", "query"])]
    pub(crate) pdf: Option<PathBuf>,

    /// These pages only, counted from 1: `3`, or `1-5`.
    #[arg(long, value_name = "FROM-TO", requires = "pdf", value_parser = page_range)]
    pages: Option<RangeInclusive<usize>>,

    /// Dots an inch at which pages are rendered.
    #[arg(long, value_name = "N", requires = "pdf", default_value_t = 150.0)]
    dpi: f32,
}

impl PdfArgs {
    /// The pages, as pictures that are rendered when they are embedded.
    pub(crate) fn pages(&self, file: &Path) -> Result<PdfPages> {
        let file = PdfFile::open(file)?.dpi(self.dpi)?;
        Ok(match &self.pages {
            Some(range) => file.pages(range.clone())?,
            None => file.pages(..)?,
        })
    }
}

fn page_range(argument: &str) -> Result<RangeInclusive<usize>, String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("{text:?} is no page number"));
    match argument.split_once('-') {
        Some((from, to)) => Ok(number(from)?..=number(to)?),
        None => Ok(number(argument)?..=number(argument)?),
    }
}
