//! The pages of PDF files, for `index`: their texts, and their images.

use std::ffi::OsStr;
use std::path::Path;

use embedkit::ImageInput;
use embedkit::colpali::{PdfFile, PdfProcess};
use embedkit::retrieval::document::{Document, Documents, Image, InputFile, Reader, Wanted};

use super::pdf_sections::Headings;
use crate::args::RENDER_PDF;

/// Reads PDF files, a document a page, in a process of its own: files of others can be made so that reading them takes all
/// memory, or never ends. Where images are searched a page has its image, and where texts are, its text.
pub(crate) struct PdfPages;

impl Reader for PdfPages {
    fn kinds(&self) -> &[&str] {
        &["pdf"]
    }

    fn gives(&self) -> Wanted {
        Wanted::ALL
    }

    fn read(&self, input: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String> {
        let file = rendered(PdfFile::from_bytes(bytes)).map_err(|error| error.report())?;
        let count = file.page_count().map_err(|error| error.report())?;
        let mut found = Documents::default();
        let outline = if input.wanted.texts { file.outline() } else { Ok(Vec::new()) };
        let mut headings = Headings::new(outline.unwrap_or_else(|error| {
            found.refused.push(format!("its outline {}", error.report()));
            Vec::new()
        }));
        for number in 1..=count {
            let text = if input.wanted.texts { file.text(number) } else { Ok(String::new()) };
            let text = match text {
                // A page that has no text has its image all the same.
                Err(_) if input.wanted.images => String::new(),
                Err(error) => {
                    found.refused.push(format!("page {number} {}", error.report()));
                    continue;
                }
                Ok(text) if text.trim().is_empty() && !input.wanted.images => {
                    found.refused.push(format!("page {number} has no text"));
                    continue;
                }
                Ok(text) => text,
            };
            let mut document = Document::of_text(text);
            document.page = Some(number);
            document.sections = headings.of_page(number, &document.text);
            if input.wanted.images {
                document.image = image(&file, number).map_err(|error| error.report())?.map(Image);
            }
            found.documents.push(document);
        }
        tracing::debug!("{}: {} pages", input.name, found.documents.len());
        Ok(found)
    }
}

/// The image of a page of a file.
pub(super) fn page(path: &Path, number: usize) -> embedkit::Result<Option<ImageInput>> {
    image(&rendered(PdfFile::open(path))?, number)
}

fn image(file: &PdfFile, number: usize) -> embedkit::Result<Option<ImageInput>> {
    Ok(file.pages(number..=number)?.next())
}

fn rendered(file: embedkit::Result<PdfFile>) -> embedkit::Result<PdfFile> {
    let program = std::env::current_exe().map_err(embedkit::Error::io("this program"))?;
    Ok(file?.renderer(PdfProcess::new(program).argument(OsStr::new(RENDER_PDF)).into()))
}
