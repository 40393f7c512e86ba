//! `explain`: what of a document or of pages a query matched, by late interaction.

mod pages;
mod text;

use crate::args::ExplainArgs;
use crate::failure::{Failure, Result};

pub(super) fn run(args: &ExplainArgs) -> Result<()> {
    let has_pages = !args.image.is_empty() || !args.pdf_files().is_empty();
    match (&args.document, has_pages) {
        (Some(document), false) => text::run(args, document),
        (None, true) => pages::run(args),
        (Some(_), true) => Err(Failure::Usage("give a document or pages, not both".to_owned())),
        (None, false) => Err(Failure::Usage("name a document's text, or pages with --image or --pdf".to_owned())),
    }
}
