//! Markers, which start segments.

use super::error::{JpegError, Result};

/// The next marker at or behind a place, and where what follows it starts. Bytes before it that belong to nothing are
/// passed over, as libjpeg does.
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize)> {
    loop {
        let rest = bytes.get(at..).ok_or(JpegError::Truncated)?;
        at += rest.iter().position(|byte| *byte == 0xFF).ok_or(JpegError::Truncated)?;
        match bytes.get(at + 1) {
            None => return Err(JpegError::Truncated),
            Some(0) => at += 2,
            Some(0xFF) => at += 1,
            Some(marker) => return Ok((*marker, at + 2)),
        }
    }
}
