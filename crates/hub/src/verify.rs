//! Checks what the cache has against what the request and the hub promised.

use std::path::{Path, PathBuf};

use crate::cache::Repository;
use crate::digest::{Digest, Promise};
use crate::{Request, inventory};

/// What the cache has of a request's files.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The request's name.
    pub name: String,
    /// The folder that was examined; none when the cache has nothing of the request.
    pub folder: Option<PathBuf>,
    /// Every file of the request.
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
    /// Whether the request is not met without it.
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
    /// Its digest is the one that the request or the hub states.
    Verified,
    /// It is there (with the right size, if that is stated), and no digest of it is known.
    Unverified,
    /// It is not there.
    Missing,
    /// It cannot be read, or has a wrong size or digest, as the text says.
    Wrong(String),
}

/// Examines a folder; `of_repository` says whose snapshot of which commit it is.
pub(crate) fn examine(request: &Request, folder: Option<&Path>, of_repository: Option<(&Repository, &str)>) -> Report {
    let files = request.files().into_iter().map(|file| {
        let (size, status) = match folder {
            Some(folder) => examine_file(request, folder, of_repository, file.name),
            None => (None, FileStatus::Missing),
        };
        FileReport { name: file.name.to_owned(), required: file.required, size, status }
    });
    Report { name: request.name.clone(), files: files.collect(), folder: folder.map(Path::to_owned) }
}

fn examine_file(
    request: &Request,
    folder: &Path,
    of_repository: Option<(&Repository, &str)>,
    name: &str,
) -> (Option<u64>, FileStatus) {
    let path = folder.join(name);
    let size = match inventory::size(&path) {
        Ok(Some(size)) => size,
        Ok(None) => return (None, FileStatus::Missing),
        Err(error) => return (None, FileStatus::Wrong(error.with_causes())),
    };
    let etag = of_repository.and_then(|(repository, commit)| repository.etag(commit, name));
    let known = request.known(name);
    // The request's word goes before that of the hub, which the content had when it was downloaded.
    let digest = etag.and_then(|etag| Digest::of_etag(&etag)).filter(|_| known.sha256.is_none());
    let checked = Promise::from(known).and(name, None, digest).and_then(|promise| {
        promise.check(name, &path, None)?;
        Ok(if promise.digests.is_empty() { FileStatus::Unverified } else { FileStatus::Verified })
    });
    (Some(size), checked.unwrap_or_else(|error| FileStatus::Wrong(error.with_causes())))
}
