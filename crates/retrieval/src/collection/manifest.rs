//! What a version says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::ModelIdentity;

/// The layout of a version's files.
pub(super) const FORMAT: u32 = 1;

/// What a version is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The layout of the files.
    pub format: u32,
    /// How documents were read and cut: see [`READING`](crate::document::READING). 0 in versions that do not say.
    #[serde(default)]
    pub reading: u32,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Whether all inputs were done; a version that was interrupted is not searched, and is what the next one goes on from.
    pub is_complete: bool,
    /// The digest of the pipeline.
    pub pipeline: String,
    /// The models of the stages.
    pub models: Vec<StageModel>,
    /// How many records there are.
    pub records: usize,
    /// The files, with their sizes and digests.
    pub files: BTreeMap<String, FileRecord>,
    /// What could not be read or embedded.
    pub unread: Vec<Unread>,
}

/// A stage's model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageModel {
    /// The stage.
    pub stage: String,
    /// What tells its model from others.
    #[serde(flatten)]
    pub model: ModelIdentity,
    /// The same of the model of queries, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<ModelIdentity>,
}

impl StageModel {
    pub(crate) fn new(stage: &str, model: &ModelIdentity, query: Option<&ModelIdentity>) -> Self {
        Self { stage: stage.to_owned(), model: model.clone(), query: query.cloned() }
    }
}

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileRecord {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl FileRecord {
    pub(super) fn new(bytes: u64, sha256: String) -> Self {
        Self { bytes, sha256 }
    }
}

/// What could not be read or embedded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unread {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Unread {
    pub(crate) fn new(path: &str, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), reason: reason.into() }
    }
}

/// A file that was read, and which records are of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceFile {
    /// Its name.
    pub path: String,
    /// The SHA-256 of what was read, and of its reader's settings if it has any.
    pub sha256: String,
    /// Its first record.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

impl SourceFile {
    pub(crate) fn new(path: &str, sha256: String, first: usize) -> Self {
        Self { path: path.to_owned(), sha256, first, count: 0, refused: Vec::new() }
    }
}
