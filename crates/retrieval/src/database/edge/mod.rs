//! Qdrant Edge: Qdrant's engine in this process, with collections on disk.
//!
//! ```text
//! notes/current                        the version that is searched, by its name
//! notes/versions/000001/about.json     what it says of itself; written when the engine's files are there
//! notes/versions/000001/shard/         the engine's files
//! notes/versions/000001/lock           held by the process that has it open
//! ```

mod shard;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use embedkit_core::{Error, Result};

use super::{About, Database, Points, Schema};
use crate::disk;
use shard::Shard;

const CURRENT: &str = "current";
const VERSIONS: &str = "versions";
const ABOUT: &str = "about.json";

/// A folder with versions of a collection in Qdrant Edge. A version is open in one process at a time.
#[derive(Debug)]
pub struct EdgeFolder {
    root: PathBuf,
    /// Versions that are open: the engine opens none twice.
    open: Mutex<HashMap<String, Weak<Shard>>>,
}

impl EdgeFolder {
    /// The folder at a path, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), open: Mutex::new(HashMap::new()) }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn folder_of(&self, version: &str) -> Result<PathBuf> {
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::option("version", format!("{version:?} is no version's name, which is a number")));
        }
        Ok(self.root.join(VERSIONS).join(version))
    }

    /// The version's points, which all that have it open share.
    fn shared(&self, version: &str, open: impl FnOnce(&Path) -> Result<Shard>) -> Result<Box<dyn Points>> {
        let folder = self.folder_of(version)?;
        let mut known = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = known.get(version).and_then(Weak::upgrade) {
            return Ok(Box::new(shard));
        }
        let shard = Arc::new(open(&folder)?);
        known.insert(version.to_owned(), Arc::downgrade(&shard));
        Ok(Box::new(shard))
    }
}

impl Database for EdgeFolder {
    fn versions(&self) -> Result<Vec<String>> {
        let folder = self.root.join(VERSIONS);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::io(&folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.chars().all(|c| c.is_ascii_digit()) && path.join(ABOUT).is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn current(&self) -> Result<Option<String>> {
        let path = self.root.join(CURRENT);
        match std::fs::read_to_string(&path) {
            Ok(name) => Ok(Some(name.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(path)(error)),
        }
    }

    fn create(&self, version: &str, about: &About, schema: &Schema) -> Result<Box<dyn Points>> {
        let path = self.folder_of(version)?.join(ABOUT);
        if path.is_file() {
            return Ok(self.open(version)?.1);
        }
        self.shared(version, |folder| {
            // What a process that was killed has left.
            if folder.exists() {
                std::fs::remove_dir_all(folder).map_err(Error::io(folder))?;
            }
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
            let shard = Shard::create(folder, schema)?;
            disk::replace(&path, about.to_json()?.as_bytes())?;
            Ok(shard)
        })
    }

    fn open(&self, version: &str) -> Result<(About, Box<dyn Points>)> {
        let path = self.folder_of(version)?.join(ABOUT);
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        let about = About::parse(&text, &path.display().to_string())?;
        Ok((about, self.shared(version, Shard::open)?))
    }

    fn set_current(&self, version: &str) -> Result<()> {
        self.folder_of(version)?;
        disk::replace(&self.root.join(CURRENT), format!("{version}\n").as_bytes())
    }

    fn remove(&self, version: &str) -> Result<()> {
        let folder = self.folder_of(version)?;
        // What it says of itself goes first, so that one that is half removed is none.
        for gone in [folder.join(ABOUT), folder.clone()] {
            let removed = if gone.is_dir() { std::fs::remove_dir_all(&gone) } else { std::fs::remove_file(&gone) };
            removed.map_err(Error::io(gone))?;
        }
        Ok(())
    }
}
