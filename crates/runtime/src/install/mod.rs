//! Installs an ONNX Runtime where the search finds it: a folder for each version, in a folder of this user's.

pub(crate) mod archive;
mod error;
mod files;
mod pip;
mod release;
mod staging;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::candidate::Unusable;
use crate::installed::{self, Installed};
use crate::options::RuntimeOptions;
use crate::probe::{check_version, library_version};
use crate::surroundings::{LIBRARY_NAME, Surroundings, entries, is_library, is_provider, libraries_in};
use crate::version::is_version;

use release::Site;
use staging::Staging;

pub use error::InstallError;
pub use release::{Download, Release};

/// Where an ONNX Runtime to install comes from, if not from a [`Release`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InstallSource {
    /// The `onnxruntime` package of Python's registry, fetched with `python -I -m pip download`, which checks its
    /// digest. Python is needed for the installation, not afterwards.
    Pip {
        /// The version, as `1.31.1`. Default: the newest that pip finds.
        version: Option<String>,
        /// The Python program that has pip. Default: `python3` (`python` on Windows), as found on `PATH`.
        python: Option<OsString>,
    },
    /// A file: the library itself (its providers beside it come along), a release archive (`.tgz`, `.tar.gz`,
    /// `.zip`) or a Python wheel (`.whl`).
    File(PathBuf),
}

/// Installs ONNX Runtime into the folder of `options`, once it has shown that it loads. A runtime of the same version
/// is replaced; what is there stays when the installation fails.
///
/// # Errors
/// An [`InstallError`] that says which step failed and what would help.
pub fn install(source: &InstallSource, options: &RuntimeOptions) -> Result<Installed, InstallError> {
    let from = source.to_string();
    match source {
        InstallSource::Pip { version, python } => {
            let version = version.as_deref();
            let fetch = |staging: &Staging, runtime: &Path| {
                let python = pip::python(python.as_deref(), &Surroundings::of_process())?;
                let wheel = pip::download(version, options.api_version, &python, &staging.create("download")?)?;
                archive::extract(&wheel, runtime)
            };
            install_with(&from, version, options, fetch)
        }
        InstallSource::File(path) if archive::is_archive(path) => {
            install_with(&from, None, options, |_, runtime| archive::extract(path, runtime))
        }
        InstallSource::File(path) => install_with(&from, None, options, |_, runtime| copy_library(path, runtime)),
    }
}

/// Installs ONNX Runtime from the project's own release archive, as [`install`] does; `client` downloads it.
///
/// # Errors
/// An [`InstallError`] that says which step failed and what would help.
pub fn install_release(
    release: &Release,
    options: &RuntimeOptions,
    client: &dyn Download,
) -> Result<Installed, InstallError> {
    let from = format!("the release archive of ONNX Runtime {}", release.version);
    install_with(&from, Some(&release.version), options, |staging, runtime| {
        let archive = Site::official(client).download(release, &staging.create("download")?)?;
        archive::extract(&archive, runtime)
    })
}

/// What every source has in common: `fetch` puts the library and its providers into a new folder, which is checked
/// and gets its place.
fn install_with(
    from: &str,
    version: Option<&str>,
    options: &RuntimeOptions,
    fetch: impl FnOnce(&Staging, &Path) -> Result<(), InstallError>,
) -> Result<Installed, InstallError> {
    let refused = |reason| InstallError::Unusable { from: from.to_owned(), reason };
    if let Some(version) = version {
        if !is_version(version) {
            return Err(InstallError::NoVersion { version: version.to_owned() });
        }
        check_version(version, options.api_version).map_err(refused)?;
    }
    let root = installed::root(&Surroundings::of_process(), options)?.ok_or(InstallError::NoFolder)?;
    files::create_folder(&root)?;
    InstallError::unless_trusted(&root)?;
    let staging = Staging::new(&root)?;
    let runtime = staging.create("runtime")?;
    fetch(&staging, &runtime)?;

    let library = libraries_in(&runtime).into_iter().next().ok_or_else(|| refused(Unusable::NoLibrary))?;
    let version = library_version(&library, options.api_version).map_err(refused)?;
    let folder = root.join(&version);
    put_in_place(&runtime, &folder, staging.path())?;
    let library = folder.join(library.file_name().unwrap_or_default());
    tracing::info!(version, library = %library.display(), "installed ONNX Runtime");
    Ok(Installed { version, library })
}

/// Copies a library under a name that the search knows, and the execution providers beside it.
fn copy_library(library: &Path, to: &Path) -> Result<(), InstallError> {
    let copy = |from: &Path, name: &str| {
        let to = to.join(name);
        files::write_new(files::open(from)?, &to).map_err(InstallError::io(&to))
    };
    let name = library.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    copy(library, if is_library(&name) { &name } else { LIBRARY_NAME })?;
    for provider in entries(library.parent().unwrap_or(Path::new("")), is_provider) {
        copy(&provider, &provider.file_name().unwrap_or_default().to_string_lossy())?;
    }
    Ok(())
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

impl fmt::Display for InstallSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pip { version: Some(version), .. } => write!(f, "the Python package onnxruntime {version}"),
            Self::Pip { version: None, .. } => write!(f, "the Python package onnxruntime"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::API_VERSION;
    use crate::{Finding, candidates, find};

    fn write(path: PathBuf, content: &[u8]) -> PathBuf {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The folder's entries but for the lock.
    fn names(folder: &Path) -> Vec<String> {
        let names = entries(folder, |name| name != ".lock").into_iter();
        names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    /// A runtime on this machine. Without one a test shows nothing, and says so; where one is needed it fails.
    fn a_runtime() -> Option<crate::Library> {
        match find(&RuntimeOptions::new()) {
            Ok(library) => Some(library),
            Err(nothing) if std::env::var_os("EMBEDKIT_TESTS_NEED_RUNTIME").is_some() => panic!("{nothing}"),
            Err(nothing) => {
                eprintln!("skipped: {nothing}");
                None
            }
        }
    }

    #[test]
    fn a_file_that_does_not_load_is_refused_and_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let options = RuntimeOptions::new().runtime_dir(folder.path().join("runtimes"));
        let there = write(folder.path().join("runtimes/1.20.0").join(LIBRARY_NAME), b"as it was");
        let fake = write(folder.path().join("fake.so"), b"not a library");

        let error = install(&InstallSource::File(fake.clone()), &options).unwrap_err();
        assert!(matches!(error, InstallError::Unusable { reason: Unusable::NotLoadable(_), .. }), "{error}");
        assert!(error.to_string().contains(&fake.display().to_string()), "{error}");
        assert!(install(&InstallSource::File(folder.path().join("absent.so")), &options).is_err());

        assert_eq!(installed::installed(&options), [Installed { version: "1.20.0".to_owned(), library: there }]);
        assert_eq!(names(&folder.path().join("runtimes")), ["1.20.0"]);
    }

    #[test]
    fn a_version_that_is_too_old_or_none_is_not_even_fetched() {
        let install = |version: &str| {
            let python = Some("python-of-nowhere".into());
            let source = InstallSource::Pip { version: Some(version.to_owned()), python };
            super::install(&source, &RuntimeOptions::new().runtime_dir("/nowhere")).unwrap_err()
        };
        let error = install("1.18.1");
        assert!(matches!(error, InstallError::Unusable { reason: Unusable::TooOld { .. }, .. }), "{error}");
        for version in ["1.31/../x", "", "./x", "1.31 --index-url=x"] {
            let error = install(version);
            assert!(matches!(error, InstallError::NoVersion { .. }), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_installed_into_or_from_what_others_may_write_to() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("shared");
        let fake = write(shared.join("fake.so"), b"not a library");
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
        let own = write(folder.path().join("own.so"), b"not a library");
        for (source, runtimes) in [(&own, shared.join("runtimes")), (&fake, folder.path().join("runtimes"))] {
            let options = RuntimeOptions::new().runtime_dir(&runtimes);
            let error = install(&InstallSource::File(source.clone()), &options).unwrap_err();
            assert!(matches!(error, InstallError::Untrusted { .. }), "{error}");
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(&shared.display().to_string()) && cause.contains("chmod"), "{cause}");
            assert!(names(&runtimes).is_empty());
        }
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
            assert_eq!(names(&path("1.20.0")), [file.file_name().unwrap().to_string_lossy()]);
        }
        assert!(put_in_place(&path("staging/absent"), &path("1.20.0"), &path("staging/2")).is_err());
        assert!(path("1.20.0/newer").exists());
    }

    #[test]
    fn a_library_that_loads_is_installed_and_found() {
        let Some(real) = a_runtime() else { return };
        let folder = tempfile::tempdir().unwrap();
        let options = RuntimeOptions::new().runtime_dir(folder.path());
        let done = install(&InstallSource::File(real.path), &options).unwrap();
        assert_eq!(done.version, real.version);
        assert_eq!(installed::installed(&options), std::slice::from_ref(&done));
        assert_eq!(library_version(&done.library, API_VERSION), Ok(real.version));
        let too_new = library_version(&done.library, 9_999);
        assert!(matches!(too_new, Err(Unusable::TooOld { oldest_minor: 9_999, .. })), "{too_new:?}");
    }

    /// In a folder with two libraries the first serves, and the second is not opened to be listed.
    #[test]
    fn what_comes_after_the_library_that_serves_is_not_looked_into() {
        let Some(real) = a_runtime() else { return };
        let folder = tempfile::tempdir().unwrap();
        let newest = match LIBRARY_NAME.strip_suffix(".dylib") {
            Some(stem) => format!("{stem}.99.0.0.dylib"),
            None => format!("{LIBRARY_NAME}.99.0.0"),
        };
        std::fs::copy(&real.path, folder.path().join(newest)).unwrap();
        write(folder.path().join(LIBRARY_NAME), b"not a library");
        let findings = |options: &RuntimeOptions| {
            candidates(options).into_iter().map(|candidate| candidate.finding).collect::<Vec<_>>()
        };
        let options = RuntimeOptions::new().library(folder.path());
        if !cfg!(windows) {
            let usable = Finding::Usable { version: real.version };
            assert_eq!(findings(&options), [usable, Finding::NotLookedInto]);
        }
        let refused = findings(&options.api_version(9_999));
        assert!(refused.iter().all(|finding| matches!(finding, Finding::Unusable(_))), "{refused:?}");
    }
}
