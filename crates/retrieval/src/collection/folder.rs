//! A collection's folder: its versions, which of them is searched, and making another.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use embedkit_core::{Error, Result, digest};

use super::manifest::{FORMAT, FileRecord, Manifest, StageModel, Unread};
use super::version::{MANIFEST, PIPELINE, Version};
use crate::disk::{sync_folder, write_synced};
use crate::document::READING;
use crate::pipeline::Pipeline;
use crate::versions::{self, CURRENT, FILES, PARTIAL, VERSIONS};

const NAME_PIPELINE: &str = "name the pipeline to index with (`embedkit index --pipeline FILE`)";

/// A collection's folder.
#[derive(Clone, Debug)]
pub struct CollectionFolder {
    root: PathBuf,
}

impl CollectionFolder {
    /// The collection at a path, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of the complete versions, oldest first.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn versions(&self) -> Result<Vec<String>> {
        let complete = |name: &String| Manifest::at(&self.folder_of(name)).is_some_and(|manifest| manifest.is_complete);
        Ok(self.all_versions()?.into_iter().filter(complete).collect())
    }

    /// The name of the version that is searched; none if there is none yet.
    ///
    /// # Errors
    /// A file that cannot be read, and a folder of Qdrant Edge.
    pub fn current(&self) -> Result<Option<String>> {
        self.all_versions()?;
        versions::current(&self.root)
    }

    /// Opens the version that is searched.
    ///
    /// # Errors
    /// A folder that is no collection, a version that is absent, and files that are not what its manifest says.
    pub fn open(&self) -> Result<Version> {
        let name = self
            .current()?
            .ok_or_else(|| Error::file(&self.root, "there is no collection here: make one with `embedkit index`"))?;
        Version::open(self.folder_of_current(&name)?, &name)
    }

    /// How the version is made and searched that is searched now, whatever else of it is damaged; none if there is no version
    /// yet.
    ///
    /// # Errors
    /// A version that is absent, and a file of its pipeline that is not the one that its manifest says.
    pub fn pipeline(&self) -> Result<Option<Pipeline>> {
        let Some(name) = self.current()? else { return Ok(None) };
        let folder = self.folder_of_current(&name)?;
        let path = folder.join(PIPELINE);
        let pipeline = Pipeline::read(&path);
        let expected = Manifest::at(&folder).and_then(|manifest| Some(manifest.files.get(PIPELINE)?.sha256.clone()));
        let is_its_own = expected.is_none_or(|expected| digest::of_file(&path).is_ok_and(|found| found == expected));
        match pipeline {
            Ok(pipeline) if is_its_own => Ok(Some(pipeline)),
            Ok(_) => Err(Error::file(path, format!("was changed: its digest is not the manifest's; {NAME_PIPELINE}"))),
            Err(error) => Err(Error::file_because(path, format!("cannot be used; {NAME_PIPELINE}"), error)),
        }
    }

    /// The folder of the version that a file, and nobody else, says is searched.
    fn folder_of_current(&self, name: &str) -> Result<PathBuf> {
        self.existing(name).map_err(|error| match error {
            Error::InvalidOption { message, .. } => {
                let remedy = "`embedkit index --switch VERSION` says which is searched";
                Error::file(self.root.join(CURRENT), format!("{message}; {remedy}"))
            }
            other => other,
        })
    }

    /// Opens a version by its name.
    ///
    /// # Errors
    /// A version that is absent, and files that are not what its manifest says.
    pub fn open_version(&self, name: &str) -> Result<Version> {
        Version::open(self.existing(name)?, name)
    }

    /// A version's folder.
    fn existing(&self, name: &str) -> Result<PathBuf> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::option("version", format!("{name:?} is no version's name, which is a number")));
        }
        self.all_versions()?;
        let folder = self.folder_of(name);
        if !versions::is_name(name) || !folder.is_dir() {
            let there = self.versions()?;
            let there = if there.is_empty() { "no other".to_owned() } else { there.join(", ") };
            return Err(Error::option("version", format!("there is no version {name}; there is {there}")));
        }
        Ok(folder)
    }

    /// Makes a version the one that is searched, at once for every search that begins from now on.
    ///
    /// # Errors
    /// A version that is not there, or not complete.
    pub fn switch(&self, name: &str) -> Result<()> {
        let version = self.open_version(name)?;
        if !version.manifest().is_complete {
            return Err(Error::option("version", format!("{name} was interrupted and is not complete")));
        }
        versions::set_current(&self.root, name)
    }

    /// Makes the version before the one that is searched the one that is searched, and gives its name.
    ///
    /// # Errors
    /// There is none before.
    pub fn rollback(&self) -> Result<String> {
        let before = versions::before(self.versions()?, self.current()?)?;
        self.switch(&before)?;
        Ok(before)
    }

    /// Removes all versions but the one that is searched and the newest complete ones, so many of them. One that cannot be
    /// removed now, as it is in use, goes another time, which is told.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn prune(&self, keep: usize) -> Result<()> {
        let (complete, current) = (self.versions()?, self.current()?);
        let kept = &complete[complete.len().saturating_sub(keep)..];
        let is_kept = |name: &String| kept.contains(name) || current.as_ref() == Some(name);
        for name in self.all_versions()?.into_iter().filter(|name| !is_kept(name)) {
            if let Err(error) = versions::remove(&self.root, &name) {
                tracing::warn!("version {name} stays for now: {}", error.report());
            }
        }
        Ok(())
    }

    /// The name of the newest version, complete or not; none if there is none, or none as new as the one that is searched.
    pub(crate) fn newest(&self) -> Result<Option<String>> {
        let current = self.current()?;
        Ok(self.all_versions()?.pop().filter(|newest| current.as_ref().is_none_or(|current| newest >= current)))
    }

    /// Begins a version. Only one process at a time may. A folder may have other things, which stay as they are.
    pub(crate) fn begin(&self) -> Result<Draft> {
        if let Some(name) = self.current()?.filter(|name| !versions::is_name(name)) {
            let remedy =
                "if it is a collection's, `embedkit index --switch VERSION` mends it; else name another folder";
            let message = format!("says {name:?}, which is no version's name; {remedy}");
            return Err(Error::file(self.root.join(CURRENT), message));
        }
        let versions = self.root.join(VERSIONS);
        std::fs::create_dir_all(&versions).map_err(Error::io(&versions))?;
        let lock = versions::lock(&self.root, "being indexed by")?;
        versions::remove_partial(&self.root);
        let name = versions::after(versions::taken(&self.root)?.last());
        let folder = versions.join(format!("{name}{PARTIAL}"));
        std::fs::create_dir(&folder).map_err(Error::io(&folder))?;
        Ok(Draft { collection: self.clone(), name, folder, is_done: false, _lock: lock })
    }

    /// The names of all versions, those that were interrupted too.
    fn all_versions(&self) -> Result<Vec<String>> {
        FILES.names(&self.root)
    }

    fn folder_of(&self, name: &str) -> PathBuf {
        self.root.join(VERSIONS).join(name)
    }
}

/// What a version has, as its manifest says it.
pub(crate) struct Contents {
    pub(crate) models: Vec<StageModel>,
    pub(crate) records: usize,
    pub(crate) unread: Vec<Unread>,
    pub(crate) is_complete: bool,
}

/// A version that is being written. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub struct Draft {
    collection: CollectionFolder,
    name: String,
    folder: PathBuf,
    is_done: bool,
    _lock: File,
}

impl Draft {
    /// Where its files are written.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the version final, and the one that is searched if it is complete. Gives its name.
    pub(crate) fn finish(mut self, pipeline: &Pipeline, contents: Contents) -> Result<String> {
        let Contents { models, records, unread, is_complete } = contents;
        write_synced(&self.folder.join(PIPELINE), pipeline.to_toml()?.as_bytes())?;
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
        let mut manifest = Manifest {
            format: FORMAT,
            reading: READING,
            created,
            is_complete,
            pipeline: pipeline.digest()?,
            models,
            records,
            files: Default::default(),
            unread,
        };
        for entry in std::fs::read_dir(&self.folder).map_err(Error::io(&self.folder))? {
            let path = entry.map_err(Error::io(&self.folder))?.path();
            let file = File::open(&path).map_err(Error::io(&path))?;
            file.sync_all().map_err(Error::io(&path))?;
            let bytes = file.metadata().map_err(Error::io(&path))?.len();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            manifest.files.insert(name, FileRecord::new(bytes, digest::of_file(&path)?));
        }
        let text = serde_json::to_string_pretty(&manifest)
            .map_err(|error| Error::file_because(&self.folder, "has no manifest", error))?;
        write_synced(&self.folder.join(MANIFEST), (text + "\n").as_bytes())?;
        sync_folder(&self.folder)?;
        let folder = self.collection.folder_of(&self.name);
        std::fs::rename(&self.folder, &folder).map_err(Error::io(&folder))?;
        self.is_done = true;
        sync_folder(&self.collection.root.join(VERSIONS))?;
        if is_complete {
            self.collection.switch(&self.name)?;
        }
        Ok(self.name.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_done {
            // What cannot be removed now is by whoever indexes next.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Manifest {
    /// That of the version in a folder; none if it cannot be read.
    fn at(folder: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(MANIFEST)).ok()?).ok()
    }
}
