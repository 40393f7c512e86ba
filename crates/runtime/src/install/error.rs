//! Why ONNX Runtime could not be installed, and what to do about it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::BoxError;
use crate::candidate::Unusable;
use crate::surroundings::RelativeVariable;
use crate::trust::{self, Untrusted};

/// Why ONNX Runtime could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The user has no cache folder and none was named.
    #[error("there is no folder to install into: set EMBEDKIT_RUNTIME_DIR, or name one")]
    NoFolder,
    /// The variable that says where to install to holds a relative path.
    #[error(transparent)]
    Relative(#[from] RelativeVariable),
    /// What is asked for is no version.
    #[error("{version:?} is no version; one is written as 1.31.1")]
    NoVersion {
        /// What is asked for.
        version: String,
    },
    /// A file or folder could not be read or written.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Others could change what would be run.
    #[error("{} is not used, as others could change what is run", path.display())]
    Untrusted {
        /// The folder to install into, the file to install, or the Python program.
        path: PathBuf,
        /// Who could change it, and what to do.
        source: Untrusted,
    },
    /// An archive cannot be read.
    #[error("{} cannot be read as an archive", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The reader's reason.
        source: BoxError,
    },
    /// An archive unpacks to more than any ONNX Runtime has.
    #[error("{} unpacks to more than {limit} bytes, which no ONNX Runtime does; extract it and install the library", path.display())]
    TooLarge {
        /// The archive.
        path: PathBuf,
        /// The bound, in bytes.
        limit: u64,
    },
    /// An archive has the library for several machines.
    #[error("{} holds more than one {name}; extract the one for this machine and install that file", path.display())]
    Ambiguous {
        /// The archive.
        path: PathBuf,
        /// The library's name.
        name: String,
    },
    /// There is no library of this system in it (wheels have one from 1.19 on), or it was refused.
    #[error("{from} {reason}")]
    Unusable {
        /// What was being installed.
        from: String,
        /// Why it cannot be used.
        reason: Unusable,
    },
    /// There is no Python to run pip with.
    #[error("there is no program {} in the folders of PATH; name a Python that has pip, or install from a file", name.display())]
    NoPython {
        /// The program that was looked for.
        name: OsString,
    },
    /// pip could not be started.
    #[error("`{command}` does not start")]
    Start {
        /// The command line.
        command: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// pip failed.
    #[error("`{command}` failed: {message}")]
    Pip {
        /// The command line.
        command: String,
        /// What it said.
        message: String,
    },
    /// The project publishes no archive for this machine.
    #[error(
        "there is no release archive of ONNX Runtime {version} for {} on {}; install it with pip, or from a file",
        std::env::consts::OS,
        std::env::consts::ARCH
    )]
    NoRelease {
        /// The version.
        version: String,
    },
    /// A download failed.
    #[error("{url} cannot be downloaded")]
    Download {
        /// The address.
        url: String,
        /// The client's reason.
        source: BoxError,
    },
    /// What the release's listing says cannot be read.
    #[error("{url} is not the listing of a release")]
    Listing {
        /// The listing's address.
        url: String,
        /// The reader's reason.
        source: BoxError,
    },
    /// There is nothing to check the archive against.
    #[error("{url}: its release states no digest; give the archive's SHA-256, or install with pip")]
    NoDigest {
        /// The archive's address.
        url: String,
    },
    /// The archive is not the one that is expected.
    #[error(
        "{url} came with the SHA-256 {found}, and {expected} is expected: nothing was installed; try again, or ask where the digest is from"
    )]
    WrongDigest {
        /// The archive's address.
        url: String,
        /// The digest that it should have.
        expected: String,
        /// The digest that it has.
        found: String,
    },
}

impl InstallError {
    /// Wraps the operating system's error about a path, for `map_err`.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// Refuses a path that others could change.
    pub(super) fn unless_trusted(path: &Path) -> Result<(), Self> {
        trust::check(path).map_err(|source| Self::Untrusted { path: path.to_owned(), source })
    }
}
