//! A folder that appears under its name when it is complete.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::output::temporary::{NAME, SETTLED, is_temporary};

/// A temporary folder beside the one that it becomes, locked while this process fills it.
pub(super) struct Staging {
    folder: TempDir,
    /// None where the system opens no folders: there nothing is swept either.
    _lock: Option<File>,
}

impl Staging {
    /// What runs before that were killed have left there is removed.
    pub(super) fn beside(to: &Path) -> Result<Self> {
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = || Failure::io(parent.display().to_string());
        fs::create_dir_all(parent).map_err(failed())?;
        sweep(parent);
        let (prefix, random, suffix) = NAME;
        let folder = tempfile::Builder::new().prefix(prefix).rand_bytes(random).suffix(suffix).tempdir_in(parent);
        let folder = folder.map_err(failed())?;
        let lock = File::open(folder.path()).ok().filter(|folder| folder.try_lock().is_ok());
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name.
    pub(super) fn commit(self, to: &Path) -> Result<()> {
        let folder = self.folder.keep();
        let renamed = fs::rename(&folder, to).map_err(Failure::io(to.display().to_string()));
        renamed.inspect_err(|_| drop(fs::remove_dir_all(&folder)))
    }
}

/// Removes temporary folders that no process fills any more. What cannot be removed stays.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_temporary);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_abandoned(entry.path()) {
            tracing::info!("{} was left by a run that was killed, and is removed", entry.path().display());
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: PathBuf) -> bool {
    let Ok(folder) = File::open(folder) else { return false };
    let age = folder.metadata().and_then(|meta| meta.modified()).map(|time| SystemTime::now().duration_since(time));
    matches!(age, Ok(Ok(age)) if age > SETTLED) && folder.try_lock().is_ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_a_killed_run_left_is_swept() {
        let parent = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        let make = |name: &str, is_old: bool| {
            let folder = parent.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("config.json"), "{}").unwrap();
            let folder = File::open(folder).unwrap();
            if is_old {
                folder.set_modified(old).unwrap();
            }
            folder
        };
        make(".embedkit-abcdefABCDEF.part", true);
        make(".embedkit-younger12345.part", false);
        let locked = make(".embedkit-locked123456.part", true);
        locked.lock().unwrap();
        make(".embedkit-notes.part", true);
        make("model", true);
        let staging = Staging::beside(&parent.path().join("out")).unwrap();
        fs::write(staging.path().join("new"), "").unwrap();
        staging.commit(&parent.path().join("out")).unwrap();
        let mut left: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let stays =
            [".embedkit-locked123456.part", ".embedkit-notes.part", ".embedkit-younger12345.part", "model", "out"];
        assert_eq!(left, stays);
    }
}
