//! The folder in which an installation is put together, before it gets its place in one step.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{InstallError, files};
use crate::surroundings::entries;

/// How the names of staging folders begin.
const PREFIX: &str = ".install-";
/// Held by the one installation that is under way in a folder.
const LOCK: &str = ".lock";
/// After this time an installation is dead even where files cannot be locked.
const DEAD_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A staging folder, which vanishes with this value, and the right to be the only installation.
pub(super) struct Staging {
    folder: tempfile::TempDir,
    _lock: Option<File>,
}

impl Staging {
    /// A new one in the folder of installed runtimes, on whose file system it has to be. Waits for an installation
    /// that is under way there; sweeps what installations left that were ended by force.
    pub(super) fn new(root: &Path) -> Result<Self, InstallError> {
        let lock = lock(&root.join(LOCK))?;
        sweep(root, lock.is_some());
        // Only this user may enter it.
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root).map_err(InstallError::io(root))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder in it.
    pub(super) fn create(&self, name: &str) -> Result<PathBuf, InstallError> {
        let folder = self.path().join(name);
        files::create_folder(&folder)?;
        Ok(folder)
    }
}

/// Locks a file, or gives nothing on a file system that has no locks.
fn lock(path: &Path) -> Result<Option<File>, InstallError> {
    let file = File::options().create(true).append(true).open(path).map_err(InstallError::io(path))?;
    let locked = match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            tracing::info!(folder = %path.display(), "waiting for another installation");
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
    };
    match locked {
        Ok(()) => Ok(Some(file)),
        Err(error) => {
            tracing::debug!(%error, path = %path.display(), "cannot be locked");
            Ok(None)
        }
    }
}

/// Removes the staging folders of dead installations: all that are there if we are the only one, else the old ones.
fn sweep(root: &Path, alone: bool) {
    for folder in entries(root, |name| name.starts_with(PREFIX)) {
        let Ok(metadata) = folder.symlink_metadata() else { continue };
        let is_old = metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > DEAD_AFTER));
        if metadata.is_dir() && (alone || is_old) {
            tracing::info!(folder = %folder.display(), "removing what an interrupted installation left");
            if let Err(error) = std::fs::remove_dir_all(&folder) {
                tracing::warn!(folder = %folder.display(), %error, "cannot be removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let names = entries(root, |_| true).into_iter();
        names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    /// What a killed installation leaves: a folder with content.
    fn leave(root: &Path, name: &str) -> PathBuf {
        let folder = root.join(name);
        std::fs::create_dir_all(folder.join("runtime")).unwrap();
        std::fs::write(folder.join("runtime/library"), "half").unwrap();
        folder
    }

    #[test]
    fn what_dead_installations_left_is_swept_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        for name in [".install-dead", "1.31.1", ".other"] {
            leave(root.path(), name);
        }
        std::fs::write(root.path().join(".install-file"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path().join("1.31.1"), root.path().join(".install-link")).unwrap();
        let staging = Staging::new(root.path()).unwrap();
        assert!(staging.create("runtime").unwrap().is_dir());
        let own = staging.path().file_name().unwrap().to_string_lossy().into_owned();
        let mut left = names(root.path());
        left.retain(|name| *name != own && name != ".install-link");
        assert_eq!(left, [".install-file", LOCK, ".other", "1.31.1"]);
        assert!(root.path().join("1.31.1/runtime/library").exists());
        drop(staging);
        assert!(!names(root.path()).contains(&own));
    }

    #[test]
    fn one_installation_waits_for_another_and_does_not_sweep_it() {
        let root = tempfile::tempdir().unwrap();
        let first = Staging::new(root.path()).unwrap();
        let first_folder = first.path().to_owned();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Staging::new(root.path()).map(|staging| staging.path().to_owned()));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!second.is_finished() && first_folder.exists());
            drop(first);
            assert_ne!(second.join().unwrap().unwrap(), first_folder);
        });
    }

    #[test]
    fn where_nothing_can_be_locked_only_old_folders_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (leave(root.path(), ".install-old"), leave(root.path(), ".install-new"));
        let long_ago = SystemTime::now() - DEAD_AFTER - Duration::from_secs(60);
        File::open(&old).unwrap().set_modified(long_ago).unwrap();
        sweep(root.path(), false);
        assert!(!old.exists() && new.exists());
    }
}
