//! Where the benchmark puts what it makes, and what it says.

use std::io::Write as _;
use std::path::PathBuf;

use crate::workspace;

/// Where everything that the benchmark makes goes.
pub(super) fn place() -> PathBuf {
    workspace::target().join("bench")
}

pub(super) fn print(text: &str) {
    // A reader that went away is no failure.
    let _ = writeln!(std::io::stdout(), "{text}");
}
