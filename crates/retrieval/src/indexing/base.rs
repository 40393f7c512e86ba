//! An earlier version whose vectors need not be computed again.

use std::collections::HashMap;
use std::ops::Range;

use embedkit_core::Result;

use super::Report;
use crate::collection::{CollectionFolder, SourceFile, StageIndex, StageModel, Version};
use crate::document::READING;
use crate::model::Model;
use crate::pipeline::{Pipeline, Stage};

/// An earlier version made with the same models.
pub(super) struct Base {
    version: Version,
    sources: HashMap<String, SourceFile>,
    /// The stages' vectors, in the pipeline's order.
    pub(super) stages: Vec<StageIndex>,
}

impl Base {
    /// The version that is searched and the newest, which may have been interrupted, if they were made with these models
    /// and cut in the same way, and no file of theirs was damaged since.
    pub(super) fn all(collection: &CollectionFolder, pipeline: &Pipeline, models: &[Model]) -> Result<Vec<Self>> {
        let mut names: Vec<String> = collection.current()?.into_iter().collect();
        names.extend(collection.newest()?.filter(|newest| !names.contains(newest)));
        names
            .iter()
            .rev()
            .filter_map(|name| opened(collection, name))
            .filter(|version| fits(version, pipeline, models) && is_whole(version))
            .map(|version| Self::open(version, pipeline, models))
            .collect()
    }

    fn open(version: Version, pipeline: &Pipeline, models: &[Model]) -> Result<Self> {
        let stages = pipeline.stages.iter().zip(models);
        let stages = stages.map(|(stage, model)| version.index(stage, model.output())).collect::<Result<_>>()?;
        let sources = version.sources()?.into_iter().map(|source| (source.path.clone(), source)).collect();
        Ok(Self { version, sources, stages })
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// A file that it has with the same digest, read as files are read now.
    pub(super) fn same(&self, path: &str, digest: &str) -> Option<&SourceFile> {
        let source = self.sources.get(path)?;
        (source.sha256 == digest && self.version.manifest().reading == READING).then_some(source)
    }

    /// Its records of a file.
    pub(super) fn records_of(&self, path: &str) -> Range<usize> {
        self.sources.get(path).map_or(0..0, |source| source.first..source.first + source.count)
    }

    /// Whether a new version by these models, those of queries too, of which so many files are as it has them, would be this
    /// one.
    pub(super) fn is_all_of(&self, report: &Report, same: usize, pipeline: &Pipeline, models: &[StageModel]) -> bool {
        self.version.manifest().is_complete
            && self.version.pipeline() == pipeline
            && self.version.manifest().models == models
            && self.version.manifest().unread == report.unread
            && report.records == self.version.len()
            && same == self.sources.len()
    }
}

/// A version that can be opened: all is computed again where it cannot, which is told.
fn opened(collection: &CollectionFolder, name: &str) -> Option<Version> {
    let version = collection.open_version(name);
    version.inspect_err(|error| tracing::warn!("nothing of version {name} is used again: {}", error.report())).ok()
}

/// Whether a version's files are as they were written: what was damaged would go on into every version to come.
fn is_whole(version: &Version) -> bool {
    let verified = version.verify();
    if let Err(error) = &verified {
        tracing::warn!("nothing of version {} is used again: {}", version.name(), error.report());
    }
    verified.is_ok()
}

/// Whether a version's records and vectors are those that the pipeline would make.
fn fits(version: &Version, pipeline: &Pipeline, models: &[Model]) -> bool {
    let vectors = |stage: &Stage| Stage { depth: 0, query: None, oversampling: 0, feedback: None, ..stage.clone() };
    let old = version.pipeline();
    old.chunking == pipeline.chunking
        && old.stages.len() == pipeline.stages.len()
        && old.stages.iter().zip(&pipeline.stages).all(|(old, new)| vectors(old) == vectors(new))
        && pipeline.stages.iter().zip(models).all(|(stage, model)| version.has_model(&stage.name, model))
}
