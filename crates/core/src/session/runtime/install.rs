//! Puts an ONNX Runtime into embedkit's cache, where [`Runtime::load`](super::Runtime::load) finds it.

pub(crate) mod archive;
mod pip;
#[cfg(feature = "hub")]
mod release;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::cache::{self, Installed};
use super::probe::{self, Unusable};
use super::search::{Surroundings, libraries_in};
use super::version::{OLDEST_MINOR, is_supported};
use super::{RuntimeOptions, search};
use crate::BoxError;

/// Where an ONNX Runtime to install comes from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InstallSource {
    /// The `onnxruntime` package of Python's registry, fetched with `python -m pip download`, which
    /// checks its digest. Python is needed for the installation, not afterwards.
    Pip {
        /// The version, as `1.31.1`; the newest that pip finds when absent.
        version: Option<String>,
        /// The Python program that has pip; `python3` (`python` on Windows) when absent.
        python: Option<OsString>,
    },
    /// The project's own release archive for this machine, from its GitHub releases.
    #[cfg(feature = "hub")]
    Release {
        /// The version, as `1.31.1`.
        version: String,
        /// The archive's SHA-256, in hexadecimal. When absent, the digest that the release's own
        /// listing states is required: it shows a damaged download, not a dishonest host.
        sha256: Option<String>,
    },
    /// A file: the library itself (its providers beside it come along), a release archive
    /// (`.tgz`, `.tar.gz`, `.zip`) or a Python wheel (`.whl`).
    File(PathBuf),
}

/// Installs ONNX Runtime into the cache of `options`, once it has shown that it loads. A runtime
/// of the same version is replaced; what is there stays when the installation fails.
///
/// # Errors
/// An [`InstallError`] that says which step failed and what would help.
pub fn install(source: &InstallSource, options: &RuntimeOptions) -> Result<Installed, InstallError> {
    if let Some(version) = source.version().filter(|version| !is_supported(version)) {
        let reason = Unusable::TooOld { found: version.to_owned() };
        return Err(InstallError::Unusable { from: source.to_string(), reason });
    }
    let root = cache::root(&Surroundings::of_process(), options).ok_or(InstallError::NoCache)?;
    std::fs::create_dir_all(&root).map_err(InstallError::io(&root))?;
    // Inside the cache, so that the last step is a rename on one file system.
    let staging = tempfile::Builder::new().prefix(".install-").tempdir_in(&root).map_err(InstallError::io(&root))?;
    let runtime = staging.path().join("runtime");
    std::fs::create_dir(&runtime).map_err(InstallError::io(&runtime))?;

    match source {
        InstallSource::Pip { version, python } => {
            let wheel = pip::download(version.as_deref(), python.as_deref(), staging.path())?;
            archive::extract(&wheel, &runtime)?;
        }
        #[cfg(feature = "hub")]
        InstallSource::Release { version, sha256 } => {
            let archive = release::Site::official().download(version, sha256.as_deref(), staging.path())?;
            archive::extract(&archive, &runtime)?;
        }
        InstallSource::File(path) if archive::is_archive(path) => archive::extract(path, &runtime)?,
        InstallSource::File(path) => copy_library(path, &runtime)?,
    }

    let (name, version) = verify(&runtime, source)?;
    let folder = root.join(&version);
    put_in_place(&runtime, &folder, staging.path())?;
    let library = folder.join(name);
    tracing::info!(version, library = %library.display(), "installed ONNX Runtime");
    Ok(Installed { version, library })
}

/// The staged library's name and version, if it loads and is new enough.
fn verify(runtime: &Path, source: &InstallSource) -> Result<(OsString, String), InstallError> {
    let refused = |reason| InstallError::Unusable { from: source.to_string(), reason };
    let library = libraries_in(runtime).into_iter().next().ok_or_else(|| refused(Unusable::NoLibrary))?;
    let version = probe::library_version(&library).map_err(refused)?;
    Ok((library.file_name().unwrap_or_default().to_owned(), version))
}

/// Copies a library under a name that the search knows, and the execution providers beside it.
fn copy_library(library: &Path, to: &Path) -> Result<(), InstallError> {
    let name = library.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let name = if search::is_library(&name) { &name } else { search::LIBRARY_NAME };
    copy(File::open(library).map_err(InstallError::io(library))?, &to.join(name))?;
    let folder = library.parent().unwrap_or(Path::new(""));
    for provider in search::entries(folder, archive::is_provider) {
        let Some(name) = provider.file_name() else { continue };
        copy(File::open(&provider).map_err(InstallError::io(&provider))?, &to.join(name))?;
    }
    Ok(())
}

/// Writes a new file, down to the disk.
fn copy(mut from: impl std::io::Read, to: &Path) -> Result<(), InstallError> {
    let written = File::create_new(to).and_then(|mut file| {
        std::io::copy(&mut from, &mut file)?;
        file.sync_all()
    });
    written.map_err(InstallError::io(to))
}

/// Moves the staged folder to its name. A folder that has the name is kept until the move succeeded.
fn put_in_place(runtime: &Path, folder: &Path, staging: &Path) -> Result<(), InstallError> {
    let replaced = staging.join("replaced");
    let replaces = folder.exists();
    if replaces {
        std::fs::rename(folder, &replaced).map_err(InstallError::io(folder))?;
    }
    std::fs::rename(runtime, folder).map_err(|error| {
        if replaces && let Err(error) = std::fs::rename(&replaced, folder) {
            tracing::error!(folder = %folder.display(), %error, "the earlier runtime could not be put back");
        }
        InstallError::io(folder)(error)
    })
}

impl InstallSource {
    /// The version that is asked for, where one is.
    fn version(&self) -> Option<&str> {
        match self {
            Self::Pip { version, .. } => version.as_deref(),
            #[cfg(feature = "hub")]
            Self::Release { version, .. } => Some(version),
            Self::File(_) => None,
        }
    }
}

impl std::fmt::Display for InstallSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pip { version: Some(version), .. } => write!(f, "the Python package onnxruntime {version}"),
            Self::Pip { version: None, .. } => write!(f, "the Python package onnxruntime"),
            #[cfg(feature = "hub")]
            Self::Release { version, .. } => write!(f, "the release archive of ONNX Runtime {version}"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why ONNX Runtime could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The user has no cache folder and none was named.
    #[error("there is no cache folder to install into: set EMBEDKIT_CACHE, or name a folder")]
    NoCache,
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// An archive cannot be read.
    #[error("{}: cannot be read as an archive: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The reader's reason.
        source: BoxError,
    },
    /// An archive has the library for several machines.
    #[error("{}: holds more than one {name}; extract the one for this machine and install that file", path.display())]
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
    /// pip could not be run, or failed.
    #[error("`{command}` failed: {message}")]
    Pip {
        /// The command line.
        command: String,
        /// What it said, or why it did not start.
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
    #[error("{url}: {source}")]
    Download {
        /// The address.
        url: String,
        /// The client's reason.
        source: BoxError,
    },
    /// There is nothing to check the archive against.
    #[error("{url}: its release states no digest; give the archive's SHA-256, or install with pip")]
    NoDigest {
        /// The archive's address.
        url: String,
    },
}

impl From<InstallError> for crate::Error {
    fn from(error: InstallError) -> Self {
        Self::Runtime(error.into())
    }
}

impl InstallError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: PathBuf, content: &[u8]) -> PathBuf {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn a_file_that_does_not_load_is_refused_and_leaves_the_cache_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let options = RuntimeOptions::new().cache_dir(folder.path().join("cache"));
        let there = write(folder.path().join("cache/onnxruntime/1.20.0").join(search::LIBRARY_NAME), b"as it was");
        let fake = write(folder.path().join("fake.so"), b"not a library");

        let error = install(&InstallSource::File(fake.clone()), &options).unwrap_err();
        assert!(matches!(error, InstallError::Unusable { reason: Unusable::NotLoadable(_), .. }), "{error}");
        assert!(error.to_string().contains(&fake.display().to_string()), "{error}");
        assert!(install(&InstallSource::File(folder.path().join("absent.so")), &options).is_err());

        assert_eq!(cache::installed(&options), [Installed { version: "1.20.0".to_owned(), library: there }]);
        assert_eq!(std::fs::read_dir(folder.path().join("cache/onnxruntime")).unwrap().count(), 1);
    }

    #[test]
    fn a_version_that_is_too_old_is_not_even_fetched() {
        let python = Some("python-of-nowhere".into());
        let source = InstallSource::Pip { version: Some("1.18.1".to_owned()), python };
        let error = install(&source, &RuntimeOptions::new().cache_dir("nowhere")).unwrap_err();
        assert!(matches!(error, InstallError::Unusable { reason: Unusable::TooOld { .. }, .. }), "{error}");
    }

    #[test]
    fn a_runtime_of_the_same_version_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write(path("1.20.0/old"), b"");
        for staged in ["staging/runtime/new", "staging/runtime/newer"] {
            std::fs::remove_dir_all(path("staging")).ok();
            let file = write(path(staged), b"");
            put_in_place(&path("staging/runtime"), &path("1.20.0"), &path("staging")).unwrap();
            let files: Vec<_> =
                std::fs::read_dir(path("1.20.0")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(files, [file.file_name().unwrap()]);
        }
        assert!(put_in_place(&path("staging/absent"), &path("1.20.0"), &path("staging/2")).is_err());
        assert!(path("1.20.0/newer").exists());
    }

    /// Needs a runtime on the machine, and shows nothing without one.
    #[test]
    fn a_library_that_loads_is_installed_and_found() {
        let candidates = super::super::status(&RuntimeOptions::new()).candidates;
        let Some(real) = candidates.into_iter().find(|candidate| candidate.version.is_ok() && candidate.path.is_file())
        else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let options = RuntimeOptions::new().cache_dir(folder.path());
        let done = install(&InstallSource::File(real.path), &options).unwrap();
        assert_eq!(Ok(&done.version), real.version.as_ref());
        assert_eq!(cache::installed(&options), std::slice::from_ref(&done));
        assert_eq!(probe::library_version(&done.library), real.version);
    }
}
