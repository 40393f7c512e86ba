//! One version of a collection, opened.

use std::path::{Path, PathBuf};

use embedkit_core::{Embedding, EmbeddingKind, Error, Result, digest};

use super::manifest::{FORMAT, Manifest, SourceFile, StageModel};
use super::records::Records;
use crate::model::{Model, ModelIdentity};
use crate::pipeline::{Pipeline, Stage, StoredKind};
use crate::record::Record;
use crate::vectors::{DenseIndex, MultiIndex, SparseIndex};
use crate::versions;

pub(super) const MANIFEST: &str = versions::FILES.marker();
pub(super) const PIPELINE: &str = "pipeline.toml";
pub(crate) const SOURCES: &str = "sources.jsonl";

/// One version of a collection.
#[derive(Debug)]
pub struct Version {
    name: String,
    folder: PathBuf,
    manifest: Manifest,
    pipeline: Pipeline,
    records: Records,
}

/// A stage's vectors.
pub(crate) enum StageIndex {
    Dense(DenseIndex),
    Sparse(SparseIndex),
    Multi(MultiIndex),
    /// They are made for each search.
    Fresh,
}

impl Version {
    /// Opens a version: its files must be there in the sizes that its manifest says. Their digests are not computed; see
    /// [`verify`](Self::verify).
    pub(super) fn open(folder: PathBuf, name: &str) -> Result<Self> {
        let manifest_path = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&manifest_path).map_err(Error::io(&manifest_path))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| Error::file_because(&manifest_path, "is no manifest of a collection", error))?;
        if manifest.format != FORMAT {
            let message = format!("has the layout {}, and this program reads {FORMAT}", manifest.format);
            return Err(Error::file(manifest_path, message));
        }
        for (file, expected) in &manifest.files {
            let path = folder.join(file);
            let bytes = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
            if bytes != expected.bytes {
                return Err(Error::file(path, format!("has {bytes} bytes, and should have {}", expected.bytes)));
            }
        }
        let pipeline = Pipeline::read(folder.join(PIPELINE))?;
        let records = Records::open(&folder)?;
        if records.len() != manifest.records {
            let message = format!("says {} records, and there are {}", manifest.records, records.len());
            return Err(Error::file(manifest_path, message));
        }
        Ok(Self { name: name.to_owned(), folder, manifest, pipeline, records })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How it is searched.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A record.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a number beyond the last, and a damaged file.
    pub fn record(&self, record: usize) -> Result<Record> {
        if record >= self.len() {
            return Err(Error::input(format!("there is no record {record} of {}", self.len())));
        }
        self.records.get(record)
    }

    /// A record's line, as it is in the file.
    pub(crate) fn line(&self, record: usize) -> &[u8] {
        self.records.line(record)
    }

    /// The files that it was made of.
    ///
    /// # Errors
    /// A damaged file.
    pub fn sources(&self) -> Result<Vec<SourceFile>> {
        let path = self.folder.join(SOURCES);
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        let parse = |line: &str| {
            serde_json::from_str(line).map_err(|error| Error::file_because(&path, "is no list of files", error))
        };
        text.lines().map(parse).collect()
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.manifest.files.values().map(|file| file.bytes).sum()
    }

    /// Compares the digest of every file with what the manifest says.
    ///
    /// # Errors
    /// The first file that differs.
    pub fn verify(&self) -> Result<()> {
        for (name, expected) in &self.manifest.files {
            let path = self.folder.join(name);
            if digest::of_file(&path)? != expected.sha256 {
                return Err(Error::file(path, "was changed: its digest is not the manifest's"));
            }
        }
        Ok(())
    }

    /// Whether a stage's vectors are of this model.
    pub(crate) fn has_model(&self, stage: &str, model: &Model) -> bool {
        self.manifest.models.iter().any(|stored| stored.stage == stage && stored.model == *model.identity())
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The digest of all that it holds, whenever it was made.
    pub fn digest(&self) -> String {
        let files = self.manifest.files.iter().map(|(name, file)| format!("{name} {}\n", file.sha256));
        digest::of_bytes(files.collect::<String>().as_bytes())
    }

    /// A stage's vectors.
    pub(crate) fn index(&self, stage: &Stage, output: EmbeddingKind) -> Result<StageIndex> {
        let (folder, name): (&Path, &str) = (&self.folder, &stage.name);
        let index = match stage.stored(output)? {
            StoredKind::Fresh => StageIndex::Fresh,
            StoredKind::Dense => StageIndex::Dense(DenseIndex::open(folder, stage)?),
            StoredKind::Sparse => StageIndex::Sparse(SparseIndex::open(folder, name, self.len())?),
            StoredKind::Multi => StageIndex::Multi(MultiIndex::open(folder, name)?),
        };
        let found = match &index {
            StageIndex::Dense(index) => index.len(),
            StageIndex::Multi(index) => index.len(),
            StageIndex::Sparse(_) | StageIndex::Fresh => self.len(),
        };
        if found != self.len() {
            return Err(Error::file(folder, format!("has {found} vectors of stage {name} for {} records", self.len())));
        }
        Ok(index)
    }
}

impl StageIndex {
    /// What is stored of a record; none of one that has nothing.
    pub(crate) fn embedding(&self, record: usize) -> Result<Option<Embedding>> {
        Ok(match self {
            Self::Dense(index) => (!index.is_missing(record)).then(|| Embedding::Dense(index.vector(record))),
            Self::Sparse(index) => {
                Some(index.vector(record)?).filter(|vector| !vector.is_empty()).map(Embedding::Sparse)
            }
            Self::Multi(index) => index.vectors(record)?.map(Embedding::Multi),
            Self::Fresh => None,
        })
    }
}

/// Checks that a stage's models are those of a collection.
pub(crate) fn check_model(
    models: &[StageModel],
    stage: &str,
    model: &Model,
    query: Option<&Model>,
    place: &str,
) -> Result<()> {
    let Some(stored) = models.iter().find(|stored| stored.stage == stage) else {
        return Err(Error::file(place, format!("has no stage {stage}; index again")));
    };
    let pairs = [(Some(&stored.model), Some(model.identity())), (stored.query.as_ref(), query.map(Model::identity))];
    match pairs.into_iter().find(|(stored, loaded)| stored != loaded) {
        None => Ok(()),
        Some((stored, loaded)) => {
            let describe = |identity: Option<&ModelIdentity>| match identity {
                Some(identity) => format!("{} of digest {}", identity.id, short(&identity.digest)),
                None => "none for queries".to_owned(),
            };
            let (stored, loaded) = (describe(stored), describe(loaded));
            let message = format!("was made with another model: stage {stage} has {stored}, and this program {loaded}");
            Err(Error::file(place, message + "; index again"))
        }
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
