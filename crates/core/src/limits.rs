//! Bounds of what a caller may ask for.

use crate::{Error, Result};

/// The most threads, sessions or rounds that can be asked for: more are a mistake.
const LARGEST_COUNT: usize = 1024;

/// Checks a number of threads, sessions or rounds.
pub(crate) fn check_count(option: &str, count: Option<usize>) -> Result<()> {
    match count {
        Some(0) => Err(Error::option(option, "must be at least 1")),
        Some(count) if count > LARGEST_COUNT => {
            Err(Error::option(option, format!("must be at most {LARGEST_COUNT}, not {count}")))
        }
        _ => Ok(()),
    }
}
