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

use std::fs::{File, TryLockError};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::client::Client;
use super::{HubError, HubEvent};

/// One repository's folder.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    pub(super) folder: PathBuf,
    locks: PathBuf,
}

impl Repository {
    /// The folder of `owner/name`, which need not exist.
    pub(super) fn new(cache: &Path, id: &str) -> Result<Self, HubError> {
        let is_name = |part: &str| {
            let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_sign)
        };
        if id.split('/').count() > 2 || !id.split('/').all(is_name) {
            return Err(HubError::Invalid(format!("{id:?} is no repository of the hub; it should be `owner/name`")));
        }
        Ok(Self::in_folder(cache, &format!("models--{}", id.replace('/', "--"))))
    }

    fn in_folder(cache: &Path, name: &str) -> Self {
        Self { folder: cache.join(name), locks: cache.join(".locks").join(name) }
    }

    /// This repository's folder, then those that differ in letter case only: the hub does not tell
    /// them apart, and older programs wrote lower-case names.
    pub(super) fn spellings(self, cache: &Path) -> Vec<Self> {
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
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let commit = std::fs::read_to_string(self.folder.join("refs").join(revision)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| is_plain_name(commit))
    }

    /// The folder of a commit's files.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where a content is kept.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Whether the commit is known not to have the file.
    pub(super) fn lacks(&self, commit: &str, file: &str) -> bool {
        self.folder.join(".no_exist").join(commit).join(file).exists()
    }

    /// Remembers that the commit has no such file.
    pub(super) fn remember_absent(&self, commit: &str, file: &str) -> Result<(), HubError> {
        let marker = self.folder.join(".no_exist").join(commit).join(file);
        make_parent(&marker)?;
        File::create(&marker).map_err(HubError::io(&marker)).map(drop)
    }

    /// Remembers which commit a branch or tag means.
    pub(super) fn remember_commit(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.folder.join("refs").join(revision);
        make_parent(&path)?;
        replace(&path, |temporary| std::fs::write(temporary, commit))
    }

    /// Lets a commit's file be the content `etag`.
    pub(super) fn link(&self, commit: &str, file: &str, etag: &str) -> Result<(), HubError> {
        let pointer = self.snapshot(commit).join(file);
        let blob = self.blob(etag);
        make_parent(&pointer)?;
        let target = "../".repeat(1 + Path::new(file).components().count()) + "blobs/" + etag;
        if std::fs::read_link(&pointer).is_ok_and(|present| present == Path::new(&target)) {
            return Ok(());
        }
        replace(&pointer, |temporary| {
            symlink(&target, temporary)
                .or_else(|_| std::fs::hard_link(&blob, temporary))
                .or_else(|_| std::fs::copy(&blob, temporary).map(drop))
        })
    }

    /// The etag of a commit's file, when the file is a link to its content.
    pub(super) fn etag(&self, commit: &str, file: &str) -> Option<String> {
        let target = std::fs::read_link(self.snapshot(commit).join(file)).ok()?;
        let is_content = target.parent()?.file_name()? == "blobs";
        target.file_name().filter(|_| is_content)?.to_str().map(str::to_owned)
    }

    /// Waits until no other process downloads this content; until the guard is dropped, none will.
    pub(super) fn lock(&self, client: &Client, etag: &str, file: &str) -> Result<Lock, HubError> {
        Lock::take(client, &self.locks.join(format!("{etag}.lock")), file)
    }
}

/// Whether a revision is a full commit id.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a revision can be a path below `refs`.
pub(super) fn check_revision(revision: &str) -> Result<(), HubError> {
    let safe = Path::new(revision).components().all(|part| matches!(part, Component::Normal(_)));
    if revision.is_empty() || revision.contains('\\') || !safe {
        return Err(HubError::Invalid(format!("{revision:?} is no revision; name a branch, a tag or a commit")));
    }
    Ok(())
}

/// Whether a name from outside can be a file's name.
pub(super) fn is_plain_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.bytes().all(is_sign)
}

/// A lock that other processes respect; released when dropped, or when its process ends however it ends.
pub(super) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock of a file, which stays behind.
    pub(super) fn take(client: &Client, path: &Path, file: &str) -> Result<Self, HubError> {
        make_parent(path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path).map_err(HubError::io(path))?;
        let taken = match lock.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                client.tell(HubEvent::Waiting { file: file.to_owned() });
                lock.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match taken {
            Ok(()) => Ok(Self { _file: Some(lock) }),
            // Some network file systems have no locks; two downloads at once are then possible, and
            // the check of size and hash at their end has to do.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
                tracing::warn!(path = %path.display(), "the file system of the cache has no locks");
                Ok(Self { _file: None })
            }
            Err(error) => Err(HubError::io(path)(error)),
        }
    }
}

/// Makes the folder that a path lies in.
pub(super) fn make_parent(path: &Path) -> Result<(), HubError> {
    match path.parent() {
        Some(folder) => std::fs::create_dir_all(folder).map_err(HubError::io(folder)),
        None => Ok(()),
    }
}

/// Makes `path` anew, beside it first, so that nobody ever sees it half made.
pub(super) fn replace(path: &Path, make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), HubError> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let unique = format!("{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{unique}.new"));
    let temporary = path.with_file_name(name);
    let _ = std::fs::remove_file(&temporary);
    let made = make(&temporary).and_then(|()| std::fs::rename(&temporary, path));
    if made.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    // Renaming a hard link over another link to the same content does nothing, and leaves the first.
    let _ = std::fs::remove_file(&temporary);
    made.map_err(HubError::io(path))
}

#[cfg(unix)]
pub(super) fn symlink(target: &str, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
pub(super) fn symlink(target: &str, link: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(target.replace('/', "\\"), link)
}

#[cfg(not(any(unix, windows)))]
pub(super) fn symlink(_target: &str, _link: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
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
        for revision in ["", "../x", "/x", "a/../b", "a\\b"] {
            assert!(check_revision(revision).is_err(), "{revision}");
        }
        assert!(check_revision("refs/pr/1").is_ok());
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
