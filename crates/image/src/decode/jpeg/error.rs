//! What can be wrong with a JPEG file.

use embedkit_core::Error;

/// Why a JPEG file cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub(super) enum JpegError {
    #[error("the file ends before its image does")]
    Truncated,
    #[error("the file has no {0}")]
    Missing(&'static str),
    #[error("{0}, which is not supported")]
    Unsupported(&'static str),
    #[error("its {0} is damaged")]
    Damaged(&'static str),
    #[error("it has more than {0} scans")]
    TooManyScans(usize),
}

impl From<JpegError> for Error {
    fn from(error: JpegError) -> Self {
        crate::decode::undecodable(error)
    }
}

pub(super) type Result<T, E = JpegError> = std::result::Result<T, E>;
