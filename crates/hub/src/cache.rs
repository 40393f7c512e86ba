//! The cache's layout on disk, the same as the Hugging Face Hub's own clients keep.
//!
//! ```text
//! models--owner--name/blobs/<etag>                 contents
//! models--owner--name/snapshots/<commit>/<file>    relative links to contents
//! models--owner--name/refs/<revision>              the commit of a branch or tag
//! models--owner--name/.no_exist/<commit>/<file>    the commit has no such file
//! models--owner--name/onnx_snapshots/<commit>/…    hard links, see `external`
//! .locks/models--owner--name/<etag>.lock           who downloads a content
//! .archives/<name>-<key>/…                         unpacked archives (embedkit's own)
//! ```

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::downloader::Downloader;
use crate::lock::Lock;
use crate::{HubError, disk};

/// What is left of a transfer that nobody has gone on with for so long is removed.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// One repository's folder.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(crate) folder: PathBuf,
    locks: PathBuf,
    cache: PathBuf,
}

impl Repository {
    /// The folder of `owner/name`, which need not exist.
    pub(crate) fn new(cache: &Path, id: &str) -> Result<Self, HubError> {
        let is_name = |part: &str| {
            let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_sign)
        };
        if id.split('/').count() > 2 || !id.split('/').all(is_name) {
            let message = "it is no repository of the hub; it should be `owner/name`".to_owned();
            return Err(HubError::InvalidRequest { name: format!("{id:?}"), message });
        }
        Ok(Self::in_folder(cache, &format!("models--{}", id.replace('/', "--"))))
    }

    fn in_folder(cache: &Path, name: &str) -> Self {
        Self { folder: cache.join(name), locks: cache.join(".locks").join(name), cache: cache.to_owned() }
    }

    /// This repository's folder, then those that differ in letter case only: the hub does not tell
    /// them apart, and older programs wrote lower-case names.
    pub(crate) fn spellings(self, cache: &Path) -> Vec<Self> {
        let Some(name) = self.folder.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            return vec![self];
        };
        let entries = std::fs::read_dir(cache).into_iter().flatten().flatten();
        let mut others: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|other| *other != name && other.eq_ignore_ascii_case(&name))
            .collect();
        others.sort();
        std::iter::once(self).chain(others.iter().map(|other| Self::in_folder(cache, other))).collect()
    }

    /// The commit that a revision means, as far as the cache knows.
    pub(crate) fn commit(&self, revision: &str) -> Result<Option<String>, HubError> {
        if is_commit(revision) {
            return Ok(Some(revision.to_owned()));
        }
        let path = self.folder.join("refs").join(revision);
        match std::fs::read_to_string(&path) {
            Ok(commit) => Ok(Some(commit.trim().to_owned()).filter(|commit| is_plain_name(commit))),
            Err(error) if is_absent(&error) => Ok(None),
            // There are revisions that begin with this one's name and a slash.
            Err(_) if path.is_dir() => Ok(None),
            Err(error) => Err(HubError::io(path)(error)),
        }
    }

    /// The folder of a commit's files.
    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where a content is kept.
    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Whether the commit is known not to have the file.
    pub(crate) fn lacks(&self, commit: &str, file: &str) -> bool {
        self.folder.join(".no_exist").join(commit).join(file).exists()
    }

    /// Remembers that the commit has no such file.
    pub(crate) fn remember_absent(&self, commit: &str, file: &str) -> Result<(), HubError> {
        let marker = self.folder.join(".no_exist").join(commit).join(file);
        disk::make_parent(&self.cache, &marker)?;
        disk::touch(&marker).map_err(HubError::io(&marker))
    }

    /// Remembers which commit a branch or tag means.
    pub(crate) fn remember_commit(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) || self.commit(revision)?.as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.folder.join("refs").join(revision);
        disk::make_parent(&self.cache, &path)?;
        disk::replace(&path, |temporary| disk::write_new(temporary, commit.as_bytes()))
    }

    /// Lets a commit's file be the content `etag`.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &str) -> Result<(), HubError> {
        let pointer = self.snapshot(commit).join(file);
        let blob = self.blob(etag);
        disk::make_parent(&self.cache, &pointer)?;
        let target = "../".repeat(1 + Path::new(file).components().count()) + "blobs/" + etag;
        if std::fs::read_link(&pointer).is_ok_and(|present| present == Path::new(&target)) {
            return Ok(());
        }
        disk::replace(&pointer, |temporary| {
            disk::symlink(&target, temporary)
                .or_else(|_| std::fs::hard_link(&blob, temporary))
                .or_else(|_| disk::copy_new(&blob, temporary))
        })
    }

    /// The etag of a commit's file, when the file is a link to its content.
    pub(crate) fn etag(&self, commit: &str, file: &str) -> Option<String> {
        let target = std::fs::read_link(self.snapshot(commit).join(file)).ok()?;
        let is_content = target.parent()?.file_name()? == "blobs";
        target.file_name().filter(|_| is_content)?.to_str().map(str::to_owned)
    }

    /// Waits until no other process downloads this content; until the guard is dropped, none will.
    pub(crate) fn lock(&self, downloader: &Downloader, etag: &str, file: &str) -> Result<Lock, HubError> {
        Lock::take(downloader, &self.lock_path(etag), file)
    }

    fn lock_path(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }

    /// Makes the folder that a content comes into.
    pub(crate) fn make_blobs(&self) -> Result<(), HubError> {
        disk::make_folder(&self.cache, &self.folder.join("blobs"))
    }

    /// Makes the folder of a commit's files.
    pub(crate) fn make_snapshot(&self, commit: &str) -> Result<PathBuf, HubError> {
        let folder = self.snapshot(commit);
        disk::make_folder(&self.cache, &folder).map(|()| folder)
    }

    /// Removes what transfers that died long ago left among the contents. What somebody works on stays, as does what
    /// a later call may go on from; Python's client, whose leftovers these may be too, takes the same locks.
    pub(crate) fn sweep(&self) {
        for entry in std::fs::read_dir(self.folder.join("blobs")).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some(content) = name.strip_suffix(".incomplete") else {
                if disk::is_temporary(&name) && is_left_behind(&entry.path()) {
                    let _ = std::fs::remove_file(entry.path());
                }
                continue;
            };
            // Some of Python's clients put a random part behind the etag.
            let etag = content.split('.').next().unwrap_or(content);
            if is_left_behind(&entry.path()) && Lock::try_take(&self.lock_path(etag)).is_some() {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether nothing has changed a file or folder for long.
pub(crate) fn is_left_behind(path: &Path) -> bool {
    let changed = std::fs::symlink_metadata(path).and_then(|meta| meta.modified());
    changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_BEHIND))
}

/// Whether an error says that there is no such file, and not that it cannot be looked at.
pub(crate) fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether a revision is a full commit id.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a revision can be a path below `refs`.
pub(crate) fn check_revision(revision: &str) -> Result<(), HubError> {
    let is_safe = Path::new(revision).components().all(|part| matches!(part, Component::Normal(_)));
    if revision.is_empty() || revision.ends_with('/') || revision.contains('\\') || !is_safe {
        let message = "it is no revision; name a branch, a tag or a commit".to_owned();
        return Err(HubError::InvalidRequest { name: format!("{revision:?}"), message });
    }
    Ok(())
}

/// Whether a name from outside can be a file's name.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.bytes().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_from_outside_stay_inside() {
        let cache = Path::new("/c");
        assert_eq!(Repository::new(cache, "a/b-c").unwrap().folder, cache.join("models--a--b-c"));
        for id in ["", "a/b/c", "../x", "a/..", "a\\b", "/a", "a/", "a b"] {
            assert!(Repository::new(cache, id).is_err(), "{id}");
        }
        for name in ["", ".", "..", "a/b", "a\\b", ".x", "a\0"] {
            assert!(!is_plain_name(name), "{name}");
        }
        for revision in ["", "../x", "/x", "a/../b", "a\\b", "main/"] {
            assert!(check_revision(revision).is_err(), "{revision}");
        }
        assert!(check_revision("refs/pr/1").is_ok());
    }

    #[test]
    fn a_revision_whose_name_others_begin_with_is_not_there() {
        let cache = tempfile::tempdir().unwrap();
        let repository = Repository::new(cache.path(), "a/b").unwrap();
        std::fs::create_dir_all(repository.folder.join("refs/feature")).unwrap();
        std::fs::write(repository.folder.join("refs/feature/x"), "c0ffee").unwrap();
        assert_eq!(repository.commit("feature").unwrap(), None);
        assert_eq!(repository.commit("feature/x").unwrap().as_deref(), Some("c0ffee"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_relative_and_replaced() {
        let cache = tempfile::tempdir().unwrap();
        let repository = Repository::new(cache.path(), "a/b").unwrap();
        std::fs::create_dir_all(repository.folder.join("blobs")).unwrap();
        std::fs::write(repository.blob("e1"), "one").unwrap();
        std::fs::write(repository.blob("e2"), "two").unwrap();
        for (etag, content) in [("e1", "one"), ("e1", "one"), ("e2", "two")] {
            repository.link("c", "onnx/model.onnx", etag).unwrap();
            let pointer = repository.snapshot("c").join("onnx/model.onnx");
            assert_eq!(std::fs::read_link(&pointer).unwrap(), Path::new("../../../blobs").join(etag));
            assert_eq!(std::fs::read_to_string(&pointer).unwrap(), content);
            assert_eq!(repository.etag("c", "onnx/model.onnx").as_deref(), Some(etag));
        }
        assert_eq!(std::fs::read_dir(repository.snapshot("c").join("onnx")).unwrap().count(), 1);
    }
}
