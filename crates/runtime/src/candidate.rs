//! What the search comes across.

use std::fmt;
use std::path::PathBuf;

use crate::surroundings::RelativeVariable;
use crate::trust::Untrusted;

/// Where a runtime comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuntimeOrigin {
    /// Named by the program.
    Explicit,
    /// Named by `ORT_DYLIB_PATH`.
    Variable,
    /// Beside the executable.
    BesideExecutable,
    /// Installed by embedkit.
    Installed,
    /// In the system's library folders.
    System,
    /// In a Python installation's `onnxruntime` package.
    Python,
    /// Linked into the program. No search gives this one.
    Linked,
    /// Loaded by the host program. No search gives this one.
    Host,
}

impl fmt::Display for RuntimeOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Explicit => "named by the program",
            Self::Variable => "named by ORT_DYLIB_PATH",
            Self::BesideExecutable => "beside the executable",
            Self::Installed => "installed by embedkit",
            Self::System => "the system's libraries",
            Self::Python => "a Python package",
            Self::Linked => "linked",
            Self::Host => "the host program's",
        })
    }
}

/// A library, or a folder without one, that the search came across.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Candidate {
    /// Why it is looked at.
    pub origin: RuntimeOrigin,
    /// The library's file, or the folder that holds none.
    pub path: PathBuf,
    /// What is known of it.
    pub finding: Finding,
}

/// What is known of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// It is an ONNX Runtime that can be used.
    Usable {
        /// Its version, as `1.31.1`.
        version: String,
    },
    /// It cannot be used, for this reason.
    Unusable(Unusable),
    /// Nothing: to look into a library is to run it, and one before it serves.
    NotLookedInto,
}

/// Why a library or a folder cannot give ONNX Runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// There is no such file or folder.
    #[error("does not exist")]
    Missing,
    /// The folder holds no library with ONNX Runtime's name.
    #[error("holds no ONNX Runtime library")]
    NoLibrary,
    /// The path stands in a variable and is relative.
    #[error("is not looked at: {0}")]
    Relative(RelativeVariable),
    /// Others than this user and root could have put it there, so it is not run.
    #[error("is not run: {0}")]
    Untrusted(Untrusted),
    /// The system's loader refused the file, for this reason.
    #[error("cannot be loaded: {0}")]
    NotLoadable(String),
    /// The library is not ONNX Runtime.
    #[error("is not ONNX Runtime: it does not export `OrtGetApiBase`")]
    NoApi,
    /// The library's version is not one that works.
    #[error("is version {found}; 1.{oldest_minor} or newer is needed")]
    TooOld {
        /// The version that it says it is.
        found: String,
        /// The oldest minor version of 1 that would do.
        oldest_minor: u32,
    },
}

impl Candidate {
    /// Its version, if it can be used.
    pub fn version(&self) -> Option<&str> {
        match &self.finding {
            Finding::Usable { version } => Some(version),
            _ => None,
        }
    }

    /// Why it cannot be used, if it cannot.
    pub fn problem(&self) -> Option<&Unusable> {
        match &self.finding {
            Finding::Unusable(reason) => Some(reason),
            _ => None,
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.origin, self.path.display(), self.finding)
    }
}

/// The end of a sentence that begins with the path.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usable { version } => write!(f, "is version {version}"),
            Self::Unusable(reason) => reason.fmt(f),
            Self::NotLookedInto => f.write_str("(not looked into)"),
        }
    }
}
