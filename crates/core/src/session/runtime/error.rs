//! Why ONNX Runtime cannot be used, and what to do about it.

use std::path::{Path, PathBuf};

use embedkit_runtime::NotFound;

use crate::error::{BoxError, Cause, Error};

/// Why ONNX Runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// No library that can be used was found.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// Another runtime than the one that was asked for is in use; a process can have only one.
    #[error("{loaded} is in use and a process can have only one runtime: cannot take {asked}; choose it first")]
    AlreadyLoaded {
        /// The runtime in use.
        loaded: String,
        /// What was asked for.
        asked: String,
    },
    /// The library was found and did not start.
    #[error(
        "{} did not start. A program that uses `ort` itself has the process's only environment: \
         let it call `Runtime::adopt` (feature `ort-environment`) first",
        library.as_deref().unwrap_or(Path::new("the linked ONNX Runtime")).display()
    )]
    Start {
        /// The library. None when it is linked.
        library: Option<PathBuf>,
        /// The library's reason.
        source: BoxError,
    },
    /// A runtime could not be installed.
    #[cfg(feature = "runtime-install")]
    #[error(transparent)]
    Install(#[from] embedkit_runtime::install::InstallError),
}

impl From<RuntimeError> for Error {
    fn from(error: RuntimeError) -> Self {
        Self::Runtime(Cause::new(error, false))
    }
}
