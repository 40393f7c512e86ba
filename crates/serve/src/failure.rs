//! Why a server cannot be built or started.

use embedkit_core::BoxError;

/// Why a server cannot be built or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used, or settings do not fit together.
    #[error("{message}")]
    Usage {
        /// Which, and what would be right.
        message: String,
    },
    /// A model could not be found or loaded.
    #[error("model {name}: {}", .source.report())]
    Model {
        /// The name that clients would have used.
        name: String,
        /// The library's error.
        source: Box<embedkit_core::Error>,
    },
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {source}")]
    Listen {
        /// The address.
        address: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file could not be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// Something that a server needs of the system cannot be had.
    #[error("{message}: {source}")]
    System {
        /// What.
        message: &'static str,
        /// The system's error.
        source: BoxError,
    },
}

impl Error {
    /// An [`Error::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into() }
    }

    pub(crate) fn model(name: impl Into<String>, source: embedkit_core::Error) -> Self {
        Self::Model { name: name.into(), source: Box::new(source) }
    }

    pub(crate) fn system(message: &'static str, source: impl Into<BoxError>) -> Self {
        Self::System { message, source: source.into() }
    }

    /// Whether the settings are at fault, not what they name.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage { .. })
    }
}
