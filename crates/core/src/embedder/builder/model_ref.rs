//! Which model is meant, and where its files are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{ModelDescription, ModelFiles};

/// Which model is meant: an id, a folder, files in memory, or a row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ModelRef {
    /// A registered model, by id or alias, in any case.
    Id(String),
    /// A model by its row, registered or not.
    Row(Arc<ModelDescription>),
    /// A folder that describes itself, as one that sentence-transformers wrote.
    Folder(PathBuf),
    /// Files in memory that describe themselves.
    Files(ModelFiles),
}

impl From<&str> for ModelRef {
    fn from(id: &str) -> Self {
        Self::Id(id.to_owned())
    }
}

impl From<String> for ModelRef {
    fn from(id: String) -> Self {
        Self::Id(id)
    }
}

impl From<&String> for ModelRef {
    fn from(id: &String) -> Self {
        Self::Id(id.clone())
    }
}

impl From<ModelDescription> for ModelRef {
    fn from(row: ModelDescription) -> Self {
        Self::Row(Arc::new(row))
    }
}

impl From<Arc<ModelDescription>> for ModelRef {
    fn from(row: Arc<ModelDescription>) -> Self {
        Self::Row(row)
    }
}

impl From<PathBuf> for ModelRef {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl From<&PathBuf> for ModelRef {
    fn from(folder: &PathBuf) -> Self {
        Self::Folder(folder.clone())
    }
}

impl From<&Path> for ModelRef {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }
}

impl From<ModelFiles> for ModelRef {
    fn from(files: ModelFiles) -> Self {
        Self::Files(files)
    }
}

/// Where the files of a model are taken from, instead of its row's sources.
#[derive(Clone, Debug)]
pub(super) enum FilesFrom {
    Folder(PathBuf),
    Memory(ModelFiles),
}
