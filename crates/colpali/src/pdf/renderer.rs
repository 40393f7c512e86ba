//! Where pages are rendered.

use std::path::Path;
use std::sync::Arc;

use embedkit_core::{ImageInput, Result};

use super::document::Document;
use super::limits::PdfLimits;
use super::outline::PdfHeading;
use super::process::PdfProcess;
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
            Self::InProcess(document) => document.render(number, dpi, limits).map_err(Refused::page)?.into_image(),
            Self::Process(pool) => pool.render(number, dpi, limits),
        }
    }

    pub(super) fn text(&self, number: usize, limits: &PdfLimits) -> Result<String> {
        match self {
            Self::InProcess(document) => document.text(number).map_err(Refused::page),
            Self::Process(pool) => pool.text(number, limits),
        }
    }

    pub(super) fn outline(&self, limits: &PdfLimits) -> Result<Vec<PdfHeading>> {
        match self {
            Self::InProcess(document) => document.outline().map_err(Refused::page),
            Self::Process(pool) => pool.outline(limits),
        }
    }
}
