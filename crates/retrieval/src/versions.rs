//! A folder's versions: how they are called, whose they are, which of them is searched, and which stay.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use embedkit_core::{Error, Result};

use crate::disk;

/// The folder of versions.
pub(crate) const VERSIONS: &str = "versions";
/// What the folder of a version ends in that is being written, or removed.
pub(crate) const PARTIAL: &str = ".partial";

/// The file that names the version that is searched.
pub(crate) const CURRENT: &str = "current";
/// The file that a process holds which writes.
pub(crate) const LOCK: &str = "lock";

/// What holds versions in a folder, told by a file that each of them has and no other's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    marker: &'static str,
    name: &'static str,
}

/// Plain files.
pub(crate) const FILES: Kind = Kind { marker: "manifest.json", name: "plain files, whose address is the folder" };
/// Qdrant Edge.
pub(crate) const EDGE: Kind = Kind { marker: "about.json", name: "Qdrant Edge, whose address is edge:FOLDER" };

impl Kind {
    /// The file that each of its versions has.
    pub(crate) const fn marker(self) -> &'static str {
        self.marker
    }

    /// The names of its versions in a folder, oldest first. What else lies there is passed over: it is somebody's own.
    ///
    /// # Errors
    /// A folder that cannot be read, and one that has versions of the other kind.
    pub(crate) fn names(self, root: &Path) -> Result<Vec<String>> {
        let (folder, mut names) = (root.join(VERSIONS), taken(root)?);
        let has = |kind: Self, name: &String| folder.join(name).join(kind.marker).is_file();
        for other in [FILES, EDGE].into_iter().filter(|other| other.marker != self.marker) {
            if names.iter().any(|name| has(other, name)) {
                let message = format!("is a collection of {}: name it so, or another folder", other.name);
                return Err(Error::file(root, message));
            }
        }
        names.retain(|name| has(self, name));
        Ok(names)
    }
}

/// Whether a text is a version's name: a number of six digits.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() == 6 && text.chars().all(|c| c.is_ascii_digit())
}

/// Refuses what is no version's name.
#[cfg(any(feature = "qdrant", feature = "qdrant-edge"))]
pub(crate) fn check_name(text: &str) -> Result<()> {
    match is_name(text) {
        true => Ok(()),
        false => {
            let message = format!("{text:?} is no version's name, which is a number of six digits");
            Err(Error::option("version", message))
        }
    }
}

/// The name behind another, or the first.
pub(crate) fn after(name: Option<&String>) -> String {
    let last = name.and_then(|name| name.parse::<u64>().ok()).unwrap_or(0);
    format!("{:06}", last.saturating_add(1))
}

/// What the file says that names the version that is searched; none if there is no such file.
pub(crate) fn current(root: &Path) -> Result<Option<String>> {
    let path = root.join(CURRENT);
    match std::fs::read_to_string(&path) {
        Ok(name) => Ok(Some(name.trim().to_owned())),
        // The last where the place is a file.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Makes a version the one that is searched, at once for whoever opens the folder from now on.
pub(crate) fn set_current(root: &Path, name: &str) -> Result<()> {
    disk::replace(&root.join(CURRENT), format!("{name}\n").as_bytes())
}

/// The last of these versions before the one that is searched, to go back to.
pub(crate) fn before(complete: Vec<String>, current: Option<String>) -> Result<String> {
    let current = current.unwrap_or_default();
    let before = complete.into_iter().rfind(|name| *name < current);
    before.ok_or_else(|| Error::option("rollback", format!("there is no version before {current:?}")))
}

/// Refuses to keep no version: the new one would go too.
pub(crate) fn check_kept(versions: usize) -> Result<()> {
    match versions {
        0 => Err(Error::option("keep", "must be at least 1: the new version is one that stays")),
        _ => Ok(()),
    }
}

/// Takes a folder for this process; of one that another has, says what it `is` there.
pub(crate) fn lock(folder: &Path, is: &str) -> Result<File> {
    let path = folder.join(LOCK);
    // A file of that name may be somebody's own: nothing is written to it.
    let lock = File::options().write(true).create(true).truncate(false).open(&path).map_err(Error::io(&path))?;
    lock.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => Error::file(folder, format!("is {is} another process")),
        std::fs::TryLockError::Error(error) => Error::io(&path)(error),
    })?;
    Ok(lock)
}

/// What has a version's name in a folder, whatever it is.
pub(crate) fn taken(root: &Path) -> Result<Vec<String>> {
    let folder = root.join(VERSIONS);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        // The last where the place is a file.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io(&folder))?.file_name().to_string_lossy().into_owned();
        if is_name(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Removes a version: under another name first, so that one that is half removed is none, and goes with what a process that
/// was killed has left.
pub(crate) fn remove(root: &Path, name: &str) -> Result<()> {
    let folder = root.join(VERSIONS).join(name);
    let partial = folder.with_extension(&PARTIAL[1..]);
    std::fs::rename(&folder, &partial).map_err(Error::io(folder))?;
    std::fs::remove_dir_all(&partial).map_err(Error::io(partial))
}

/// Removes what a process that was killed has left of versions that it was writing, or removing. What cannot be removed now
/// goes another time.
pub(crate) fn remove_partial(root: &Path) {
    let Ok(entries) = std::fs::read_dir(root.join(VERSIONS)) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.strip_suffix(PARTIAL).is_some_and(is_name)
            && let Err(error) = std::fs::remove_dir_all(&path)
        {
            tracing::warn!("{} stays for now: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbers_of_six_digits() {
        for (text, expected) in [("000001", true), ("999999", true), ("0000001", false), ("2023", false), ("", false)] {
            assert_eq!(is_name(text), expected, "{text}");
        }
        assert_eq!(after(None), "000001");
        assert_eq!(after(Some(&"000041".to_owned())), "000042");
    }

    #[test]
    fn a_folder_is_of_one_kind_and_strangers_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert!(FILES.names(root).unwrap().is_empty());
        for (path, file) in [("000002", "manifest.json"), ("2023", "manifest.json"), ("000007", "mine.txt")] {
            std::fs::create_dir_all(root.join(VERSIONS).join(path)).unwrap();
            std::fs::write(root.join(VERSIONS).join(path).join(file), "").unwrap();
        }
        assert_eq!(FILES.names(root).unwrap(), ["000002"]);
        assert_eq!(taken(root).unwrap(), ["000002", "000007"]);
        assert!(EDGE.names(root).unwrap_err().to_string().contains("plain files"));
    }

    #[test]
    fn a_version_is_removed_whole_or_stays_whole() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let file = |path: &str| root.join(VERSIONS).join(path);
        for path in ["000001/manifest.json", "000002/manifest.json", "000002.partial/x", "mine.partial/x"] {
            std::fs::create_dir_all(file(path).parent().unwrap()).unwrap();
            std::fs::write(file(path), "").unwrap();
        }
        remove(root, "000001").unwrap();
        // It cannot have the other name.
        assert!(remove(root, "000002").is_err());
        assert_eq!(FILES.names(root).unwrap(), ["000002"]);
        remove_partial(root);
        assert_eq!((file("000001.partial").exists(), file("000002.partial").exists()), (false, false));
        assert!(file("000002/manifest.json").is_file() && file("mine.partial/x").is_file());
        remove(root, "000002").unwrap();
        assert_eq!(std::fs::read_dir(root.join(VERSIONS)).unwrap().count(), 1);
    }
}
