//! What rendering a file may take.

use std::time::Duration;

/// What rendering a PDF file may take. Beyond it a page, or the file, is refused with an error that names the limit.
///
/// [`memory`](Self::memory) and [`time`](Self::time) can be kept to in a process of its own only
/// ([`PdfRenderer::Process`](super::PdfRenderer::Process)); the others always hold.
///
/// ```
/// use std::time::Duration;
/// use embedkit_colpali::PdfLimits;
///
/// let strict = PdfLimits::default().memory(512 << 20).time(Duration::from_secs(5)).page_pixels(16_000_000);
/// # drop(strict);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdfLimits {
    pub(super) memory: u64,
    pub(super) time: Duration,
    pub(super) page_pixels: u64,
    pub(super) pages: u64,
}

impl Default for PdfLimits {
    /// 1 GiB, 8 seconds, 64 million pixels, 100,000 pages.
    fn default() -> Self {
        Self { memory: 1 << 30, time: Duration::from_secs(8), page_pixels: 64_000_000, pages: 100_000 }
    }
}

impl PdfLimits {
    /// Bytes of address space that a rendering process may have, the program itself and the file included; 1 GiB when not
    /// set. The program needs about 150 MiB. Kept to on Linux and Android; elsewhere there is no such limit.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// The time that a rendering process has for a page, and for opening the file; 8 seconds when not set.
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Pixels of a page; 64 million when not set, which is A0 at 200 dots an inch.
    pub fn page_pixels(mut self, pixels: u64) -> Self {
        self.page_pixels = pixels;
        self
    }

    /// Pages of a file; 100,000 when not set.
    pub fn pages(mut self, pages: u64) -> Self {
        self.pages = pages;
        self
    }
}
