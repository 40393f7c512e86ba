//! The process that renders.

use std::io::{self, Read, Write};
use std::sync::Arc;

use embedkit_core::{Error, Result};

use super::document::Document;
use super::limits::PdfLimits;
use super::protocol::{self, Opening, PageRequest, Wanted};
use super::refused::Refused;
use super::{LONGEST_FILE, confine};

/// The other end of [`PdfRenderer::Process`](super::PdfRenderer::Process): takes a PDF file and the numbers of pages from
/// `input`, which is standard input, and writes the pages to `output`, standard output, until `input` ends.
///
/// On Linux and Android the whole process is confined for good, to the memory that the other end says and without opening
/// any more files. So this is the last thing that a program does:
///
/// ```no_run
/// fn main() -> embedkit_core::Result<()> {
///     embedkit_colpali::serve_pdf_renderer(std::io::stdin().lock(), std::io::stdout().lock())
/// }
/// ```
///
/// # Errors
/// [`Error::Io`] when the other end is no [`PdfFile`](super::PdfFile), is gone, or the process cannot be confined.
pub fn serve_pdf_renderer(input: impl Read, output: impl Write) -> Result<()> {
    serve(input, output).map_err(Error::io("renderer of PDF pages"))
}

fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let (limits, length) = Opening::read(&mut input)?;
    confine::confine(&limits)?;
    confine::begin_page(&limits)?;
    protocol::write_greeting(&mut output)?;
    let document = match open(&mut input, length, &limits)? {
        Ok(document) => document,
        Err(refused) => return protocol::write_refusal(&mut output, &refused),
    };
    protocol::write_page_count(&mut output, document.page_count())?;
    while let Some(PageRequest { number, wanted }) = PageRequest::read(&mut input)? {
        confine::begin_page(&limits)?;
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let refused = match wanted {
            Wanted::Image { dpi } => match document.render(number, dpi, &limits) {
                Ok(page) => {
                    protocol::write_page(&mut output, (page.width(), page.height()), page.levels())?;
                    continue;
                }
                Err(refused) => refused,
            },
            Wanted::Outline => match document.outline() {
                Ok(headings) => {
                    protocol::write_outline(&mut output, &headings)?;
                    continue;
                }
                Err(refused) => refused,
            },
            Wanted::Text => match document.text(number) {
                Ok(text) => {
                    protocol::write_text(&mut output, &text)?;
                    continue;
                }
                Err(refused) => refused,
            },
        };
        protocol::write_refusal(&mut output, &refused)?;
    }
    Ok(())
}

fn open(input: &mut impl Read, length: u64, limits: &PdfLimits) -> io::Result<Result<Document, Refused>> {
    let mut bytes = Vec::new();
    let room = usize::try_from(length.min(LONGEST_FILE)).unwrap_or(usize::MAX);
    if bytes.try_reserve_exact(room).is_err() {
        let mib = limits.memory >> 20;
        return Ok(Err(Refused::new(format!("is too large for {mib} MiB of memory, the limit `memory`"))));
    }
    bytes.resize(room, 0);
    input.read_exact(&mut bytes)?;
    Ok(Document::read(Arc::new(bytes), limits))
}
