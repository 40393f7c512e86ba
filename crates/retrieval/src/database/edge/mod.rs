//! Qdrant Edge: Qdrant's engine in this process, with collections on disk.
//!
//! ```text
//! notes/current                        the version that is searched, by its name
//! notes/versions/000001/about.json     what it says of itself; written when the engine's files are there
//! notes/versions/000001/shard/         the engine's files
//! notes/versions/000001/settled        how many points there are, once all that was stored is settled
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
use crate::versions::{self, CURRENT, EDGE, VERSIONS};
use shard::Shard;

const ABOUT: &str = EDGE.marker();

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
        versions::check_name(version)?;
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
        EDGE.names(&self.root)
    }

    fn current(&self) -> Result<Option<String>> {
        self.versions()?;
        let current = versions::current(&self.root)?;
        if current.as_ref().is_some_and(|name| !versions::is_name(name)) {
            let message = "does not name a version, and is somebody else's: name another folder";
            return Err(Error::file(self.root.join(CURRENT), message));
        }
        Ok(current)
    }

    fn create(&self, version: &str, about: &About, schema: &Schema) -> Result<Box<dyn Points>> {
        // It is replaced in the end, and must be ours.
        self.current()?;
        if self.versions()?.iter().any(|name| name == version) {
            return Ok(self.open(version)?.1);
        }
        versions::remove_partial(&self.root);
        let path = self.folder_of(version)?.join(ABOUT);
        self.shared(version, |folder| {
            let shard = Shard::create(folder, schema)?;
            disk::replace(&path, about.to_json()?.as_bytes())?;
            Ok(shard)
        })
    }

    fn open(&self, version: &str) -> Result<(About, Box<dyn Points>)> {
        Ok((self.about(version)?, self.shared(version, Shard::open)?))
    }

    fn about(&self, version: &str) -> Result<About> {
        let path = self.folder_of(version)?.join(ABOUT);
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        About::parse(&text, &path.display().to_string())
    }

    fn is_complete(&self, version: &str) -> Result<bool> {
        let (about, folder) = (self.about(version)?, self.folder_of(version)?);
        // Told without opening it, as another process may have it open.
        if let Some(points) = shard::settled(&folder) {
            return Ok(points == about.records);
        }
        match self.shared(version, Shard::open) {
            Ok(points) => {
                let is_complete = points.count()? == about.records;
                if is_complete {
                    // Says so to those who come while it is open; where that cannot be written, it is counted again.
                    let _ = points.settle();
                }
                Ok(is_complete)
            }
            // Whoever has it open is storing points in it.
            Err(_) if shard::is_taken(&folder) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn set_current(&self, version: &str) -> Result<()> {
        self.folder_of(version)?;
        self.versions()?;
        versions::set_current(&self.root, version)
    }

    fn remove(&self, version: &str) -> Result<()> {
        let folder = self.folder_of(version)?;
        self.versions()?;
        // One that is open stays.
        let lock = shard::lock(&folder)?;
        // Windows renames no folder with an open file in it.
        let _lock = (!cfg!(windows)).then_some(lock);
        versions::remove(&self.root, version)
    }
}
