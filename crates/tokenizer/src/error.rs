//! What can go wrong, with its place and its cause.

use std::path::PathBuf;

/// The error of a lower layer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a tokenizer cannot be loaded, or a text cannot be encoded.
///
/// Messages do not repeat their cause: it is the [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is needed and was not given.
    #[error("{} is missing: {needed_for}", path.display())]
    MissingFile {
        /// Where it should be.
        path: PathBuf,
        /// What it is needed for, or what to do.
        needed_for: String,
    },
    /// A file is there and cannot be used.
    #[error("{}: {message}", path.display())]
    InvalidFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// An option has a value that cannot be used.
    #[error("option `{option}`: {message}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with its value, and what would be right.
        message: String,
    },
    /// A text cannot be encoded.
    #[error("the tokenizer refuses the text{}{reason}", if reason.is_empty() { "" } else { ": " })]
    RefusedText {
        /// What is wrong with it; empty where only the cause knows.
        reason: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
}

impl Error {
    /// An [`Error::InvalidFile`] without a cause.
    pub(crate) fn file(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::InvalidFile { path: path.into(), message: message.into(), source: None }
    }

    /// An [`Error::InvalidFile`] with its cause.
    pub(crate) fn file_because(path: impl Into<PathBuf>, message: &str, source: impl Into<BoxError>) -> Self {
        Self::InvalidFile { path: path.into(), message: message.to_owned(), source: Some(source.into()) }
    }

    /// An [`Error::RefusedText`] that the tokenizer library reports.
    pub(crate) fn refused(source: impl Into<BoxError>) -> Self {
        Self::RefusedText { reason: String::new(), source: Some(source.into()) }
    }
}
