//! Checks what the cache has of a model against what its row and the hub promised.

use std::path::{Path, PathBuf};

use super::HubError;
use super::cache::Repository;
use super::transfer::sha256_of;
use super::wanted::{expected, wanted};
use crate::ModelDescription;

/// What the cache has of a model.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The model's id.
    pub model: String,
    /// The folder that was examined; none when the cache has nothing of the model.
    pub folder: Option<PathBuf>,
    /// Every file that the row names.
    pub files: Vec<FileReport>,
}

impl Report {
    /// Whether every required file is there and none is wrong.
    pub fn is_ok(&self) -> bool {
        self.files.iter().all(FileReport::is_ok)
    }
}

/// What the cache has of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileReport {
    /// The file's name in its repository.
    pub name: String,
    /// Whether the model cannot be loaded without it.
    pub required: bool,
    /// Its size in bytes, when it is there.
    pub size: Option<u64>,
    /// What was found.
    pub status: FileStatus,
}

impl FileReport {
    /// Whether the file is as it should be, or is absent and may be.
    pub fn is_ok(&self) -> bool {
        match self.status {
            FileStatus::Verified | FileStatus::Unverified => true,
            FileStatus::Missing => !self.required,
            FileStatus::Wrong(_) => false,
        }
    }
}

/// What was found of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileStatus {
    /// Its SHA-256 is the one that the row or the hub states.
    Verified,
    /// It is there (with the right size, if that is stated), and no SHA-256 of it is known.
    Unverified,
    /// It is not there.
    Missing,
    /// It cannot be read, or has a wrong size or a wrong SHA-256, as the text says.
    Wrong(String),
}

/// Examines a folder; `of_repository` says whose snapshot of which commit it is.
pub(super) fn examine(
    model: &ModelDescription,
    folder: Option<&Path>,
    of_repository: Option<(&Repository, &str)>,
) -> Report {
    let files = wanted(model).into_iter().map(|file| {
        let (size, status) = match folder {
            Some(folder) => examine_file(model, folder, of_repository, file.name),
            None => (None, FileStatus::Missing),
        };
        FileReport { name: file.name.to_owned(), required: file.required, size, status }
    });
    Report { model: model.id.clone(), files: files.collect(), folder: folder.map(Path::to_owned) }
}

fn examine_file(
    model: &ModelDescription,
    folder: &Path,
    of_repository: Option<(&Repository, &str)>,
    name: &str,
) -> (Option<u64>, FileStatus) {
    let path = folder.join(name);
    let Ok(meta) = std::fs::metadata(&path) else { return (None, FileStatus::Missing) };
    let mut expected = expected(model, name);
    if expected.sha256.is_none() {
        let etag = of_repository.and_then(|(repository, commit)| repository.etag(commit, name));
        expected.sha256 = etag.filter(|etag| etag.len() == 64);
    }
    let size = meta.len();
    let check = || -> Result<FileStatus, HubError> {
        expected.check(name, size, None)?;
        if expected.sha256.is_none() {
            return Ok(FileStatus::Unverified);
        }
        let found = sha256_of(&path).map_err(HubError::io(&path))?;
        expected.check(name, size, Some(&found)).map(|()| FileStatus::Verified)
    };
    (Some(size), check().unwrap_or_else(|error| FileStatus::Wrong(error.to_string())))
}
