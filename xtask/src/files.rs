//! Files and folders, with failures that name them.

use std::io;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome, failed};

/// The failure of what was to be done with a file or a folder.
pub(crate) fn unusable(path: &Path) -> impl Fn(io::Error) -> Failure + use<'_> {
    move |error| failed(format!("{}: {error}", path.display()))
}

pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(unusable(path))
}

pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(unusable(path))
}

pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Outcome {
    std::fs::write(path, content).map_err(unusable(path))
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(unusable(path))
}

/// Makes a folder, and those that it lies in.
pub(crate) fn create(folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder).map_err(unusable(folder))
}

/// Removes a folder, if it is there.
pub(crate) fn remove(folder: &Path) -> Outcome {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(folder)(error)),
        _ => Ok(()),
    }
}

/// What lies in a folder, by name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(unusable(folder))?;
    let entries = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
    let mut entries = entries.map_err(unusable(folder))?;
    entries.sort();
    Ok(entries)
}
