//! Why there is no ONNX Runtime to use, and what to do about it.

use std::path::{Path, PathBuf};

use super::search::{Candidate, RuntimeOrigin};
use super::version::OLDEST_MINOR;
use crate::BoxError;

/// Why ONNX Runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// No library that can be used was found.
    #[error("{}", not_found(.tried))]
    NotFound {
        /// Where it was looked for, in order, and why each did not serve.
        tried: Vec<Candidate>,
    },
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
        "{} did not start: {source}. A program that uses `ort` itself has the process's only environment: \
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
    Install(#[from] super::install::InstallError),
}

/// The text of the error when nothing serves: one line for each place and reason, and what to do.
fn not_found(tried: &[Candidate]) -> String {
    let mut text = format!("no ONNX Runtime (1.{OLDEST_MINOR} or newer) can be used. Looked at:");
    for alike in tried.chunk_by(|one, next| one.origin == next.origin && one.verdict() == next.verdict()) {
        let paths: Vec<_> = alike.iter().map(|candidate| candidate.path.display().to_string()).collect();
        text += &format!("\n  {}: {} {}", alike[0].origin, paths.join(", "), alike[0].verdict());
    }
    match tried {
        [Candidate { origin: RuntimeOrigin::Variable, .. }, ..] => {
            text += "\nORT_DYLIB_PATH is set, so nothing else was looked at: correct it, or unset it.";
        }
        [Candidate { origin: RuntimeOrigin::Explicit, .. }, ..] => {
            text += "\nThe program names this library, so nothing else was looked at.";
        }
        _ => {}
    }
    text + "\nTo install one: embedkit runtime install. To use one that you have: set ORT_DYLIB_PATH to its library."
}
