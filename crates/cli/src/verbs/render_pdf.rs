//! `__render-pdf`: renders pages for another process of this program, which `--pdf` starts.

use embedkit::colpali::serve_pdf_renderer;

use crate::failure::Result;

pub(super) fn run() -> Result<()> {
    // A page that the renderer panics on is answered as damaged; nobody reads what else is said about it.
    std::panic::set_hook(Box::new(|_| {}));
    Ok(serve_pdf_renderer(std::io::stdin().lock(), std::io::stdout().lock())?)
}
