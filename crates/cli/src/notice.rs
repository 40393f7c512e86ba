//! What is told beside results: on standard error, a line each.

use std::io::{IsTerminal as _, Write as _};

use crate::printable;

/// Tells people something that is no fault. `--quiet` leaves it out.
pub(crate) fn tell(text: &str) {
    if tracing::enabled!(tracing::Level::WARN) {
        // Nothing is left to do when even this cannot be written.
        let _ = writeln!(std::io::stderr().lock(), "embedkit: {}", printable::shortened(&printable::line(text)));
    }
}

/// As [`tell`], but only where someone watches: on a terminal, or with `-v`.
pub(crate) fn tell_watchers(text: &str) {
    if std::io::stderr().is_terminal() || tracing::enabled!(tracing::Level::INFO) {
        tell(text);
    }
}
