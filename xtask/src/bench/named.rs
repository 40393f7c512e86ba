//! Programs that need not be built or installed.

use std::path::PathBuf;

/// Programs that the caller has already.
#[derive(Default)]
pub(super) struct Named {
    /// A Python with the peers.
    pub(super) python: Option<PathBuf>,
    /// embedkit's program of an earlier version.
    pub(super) earlier: Option<PathBuf>,
    /// A virtual environment with infinity and sentence-transformers.
    pub(super) infinity: Option<PathBuf>,
}
