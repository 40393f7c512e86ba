//! A folder's versions: how they are called, and whose they are.

use std::io::ErrorKind;
use std::path::Path;

use embedkit_core::{Error, Result};

/// The folder of versions.
pub(crate) const VERSIONS: &str = "versions";

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

/// The name behind another, or the first.
pub(crate) fn after(name: Option<&String>) -> String {
    let last = name.and_then(|name| name.parse::<u64>().ok()).unwrap_or(0);
    format!("{:06}", last.saturating_add(1))
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
}
