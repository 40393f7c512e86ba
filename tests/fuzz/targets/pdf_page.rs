//! PDF files: they are refused, or their pages are refused or rendered within the limits.
#![no_main]

use embedkit::colpali::{PdfFile, PdfLimits};
use embedkit::image::DecodeImage;
use libfuzzer_sys::{Corpus, fuzz_target};

/// Pixels of a page, few, as they cost time.
const PIXELS: u32 = 1 << 16;
/// Pages that are rendered of a file.
const PAGES: usize = 3;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let limits = PdfLimits::default().page_pixels(PIXELS.into()).pages(1000);
    let Ok(file) = PdfFile::from_bytes(bytes) else { return Corpus::Reject };
    let file = file.dpi(18.0).expect("a resolution").limits(limits);
    let Ok(pages) = file.pages(..) else { return Corpus::Keep };
    assert!((1..=1000).contains(&pages.len()));
    let count = pages.len();
    for heading in file.outline().expect("the tree of pages was read") {
        assert!(heading.level > 0 && (1..=count).contains(&heading.page) && !heading.title.is_empty());
    }
    for page in pages.take(PAGES) {
        if let Ok((width, height, levels)) = page.to_rgb() {
            assert!(width > 0 && height > 0 && width * height <= PIXELS);
            assert_eq!(levels.len(), (width * height * 3) as usize);
        }
    }
    Corpus::Keep
});
