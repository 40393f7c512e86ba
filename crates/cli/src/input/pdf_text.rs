//! The text of PDF files, for `index`.

use std::ffi::OsStr;

use embedkit::colpali::{PdfFile, PdfProcess};
use embedkit::retrieval::document::{Document, Documents, Reader};

use crate::args::RENDER_PDF;

/// Reads PDF files, a document a page, in a process of its own: files of others can be made so that reading them takes all
/// memory, or never ends.
pub(crate) struct PdfText;

impl Reader for PdfText {
    fn kinds(&self) -> &[&str] {
        &["pdf"]
    }

    fn read(&self, name: &str, bytes: Vec<u8>) -> Result<Documents, String> {
        let file = open(bytes).map_err(|error| error.report())?;
        let mut found = Documents::default();
        for page in 1..=file.page_count().map_err(|error| error.report())? {
            match file.text(page) {
                Ok(text) if text.trim().is_empty() => found.refused.push(format!("page {page} has no text")),
                Ok(text) => {
                    let mut document = Document::of_text(text);
                    document.page = Some(page);
                    found.documents.push(document);
                }
                Err(error) => found.refused.push(format!("page {page} {}", error.report())),
            }
        }
        tracing::debug!("{name}: {} pages with text", found.documents.len());
        Ok(found)
    }
}

fn open(bytes: Vec<u8>) -> embedkit::Result<PdfFile> {
    let file = PdfFile::from_bytes(bytes)?;
    let program = std::env::current_exe().map_err(embedkit::Error::io("this program"))?;
    Ok(file.renderer(PdfProcess::new(program).argument(OsStr::new(RENDER_PDF)).into()))
}
