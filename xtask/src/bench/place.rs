//! Where the benchmark puts what it makes, and what it says.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::{Outcome, failed};
use crate::workspace;

/// Where everything that the benchmark makes goes.
pub(super) fn place() -> PathBuf {
    workspace::target().join("bench")
}

pub(super) fn print(text: &str) {
    // A reader that went away is no failure.
    let _ = writeln!(std::io::stdout(), "{text}");
}

pub(super) fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|e| failed(format!("{}: {e}", path.display())))
}
