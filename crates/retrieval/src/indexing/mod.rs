//! Files to a collection.

mod base;
mod run;
mod stage;
mod window;

use embedkit_core::{CancelToken, Result};
use serde::Serialize;

use crate::collection::{CollectionFolder, Contents, StageModel, Unread};
use crate::document::{Inputs, Reader, Readers, Wanted};
use crate::model::{Configure, Model};
use crate::pipeline::{Pipeline, Stage};
use crate::versions;
use base::Base;
use run::Run;

/// Makes versions of collections by a pipeline.
pub struct Indexer {
    pipeline: Pipeline,
    models: Vec<Model>,
    /// The models of queries, where they are others.
    query_models: Vec<Option<Model>>,
    cancel: CancelToken,
    progress: Option<Box<dyn Fn(usize) + Send + Sync>>,
    keep: usize,
    readers: Readers,
}

/// What came of indexing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version that is searched now; of an interrupted run the one that the next goes on from.
    pub version: String,
    /// Files that were read.
    pub files: usize,
    /// Records of the version.
    pub records: usize,
    /// Those of them whose vectors are an earlier version's.
    pub reused: usize,
    /// What could not be read or embedded.
    pub unread: Vec<Unread>,
    /// Whether all files were done; otherwise the run was interrupted.
    pub is_complete: bool,
    /// Whether nothing had changed, so that no version was made.
    pub is_unchanged: bool,
    /// Whether a version that nothing had changed since is searched again, where another was: after going back to it.
    pub is_current_again: bool,
}

impl Indexer {
    /// Loads a pipeline's models; of rerankers, too, whether they can be loaded is looked at.
    ///
    /// # Errors
    /// As [`Model::load`], and stages whose models give no vectors.
    pub fn new(pipeline: Pipeline, configure: Configure<'_>) -> Result<Self> {
        pipeline.check()?;
        pipeline.fusion.check_uses()?;
        let load = |stage: &Stage| {
            let model = Model::load(&stage.spec, configure)?;
            stage::check(stage, &model)?;
            Ok(model)
        };
        let models: Vec<Model> = pipeline.stages.iter().map(load).collect::<Result<_>>()?;
        let queries = pipeline.stages.iter().zip(&models);
        let queries = queries.map(|(stage, model)| Model::load_for_queries(stage, model, configure));
        let query_models = queries.collect::<Result<_>>()?;
        // What a search would find out is told before anything is embedded.
        for rerank in pipeline.rerankers.iter().filter(|rerank| rerank.stage.is_none()) {
            Model::load_for_reranking(rerank, configure)?;
        }
        let indexer = Self {
            pipeline,
            models,
            query_models,
            cancel: CancelToken::new(),
            progress: None,
            keep: 2,
            readers: Readers::default(),
        };
        let wanted = indexer.wanted();
        Ok(indexer.readers(Readers::default().wanting(wanted)))
    }

    /// What its models see: texts, images, or both.
    pub fn wanted(&self) -> Wanted {
        let images = self.models.iter().any(Model::takes_images);
        let texts = self.models.iter().any(|model| !model.takes_images());
        Wanted { texts, images }
    }

    /// Ends a run between two batches when the token is cancelled; what was done is kept for the next run. Default: runs
    /// go on to their end.
    #[must_use]
    pub fn cancel_with(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Calls back with the number of records that are done. Default: nothing is called.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Complete versions that stay, the new one among them: 0 is refused when it indexes. Default: 2, so that there is one to
    /// roll back to.
    #[must_use]
    pub fn keep(mut self, versions: usize) -> Self {
        self.keep = versions;
        self
    }

    /// Reads files of further kinds. Default: those of [`document`](crate::document).
    #[must_use]
    pub fn reader(mut self, reader: impl Reader + 'static) -> Self {
        self.readers = self.readers.with(reader);
        self
    }

    /// Reads files with these readers, for what its models see. Default: those of [`document`](crate::document).
    #[must_use]
    pub fn readers(mut self, readers: Readers) -> Self {
        self.readers = readers.wanting(self.wanted());
        self
    }

    /// Makes a version of the files that the inputs name, and makes it the one that is searched; where nothing has changed
    /// since the newest version, that is the one. Files that an earlier version has with the same digest are not embedded
    /// again, nor are chunks of the others that stayed as they were.
    ///
    /// # Errors
    /// Inputs that are not there or lie in the collection's folder, files of the collection that cannot be written, models
    /// that fail, and versions of which none would stay. What cannot be read or embedded is listed, and is no error.
    pub fn index(&self, collection: &CollectionFolder, inputs: &Inputs) -> Result<Report> {
        versions::check_kept(self.keep)?;
        inputs.check_outside(collection.root())?;
        let mut files = inputs.files(&self.readers)?;
        // A collection that lies among the files is none of them.
        if let Ok(root) = collection.root().canonicalize() {
            files.retain(|file| file.path.canonicalize().map_or(true, |path| !path.starts_with(&root)));
        }
        let bases = Base::all(collection, &self.pipeline, &self.models)?;
        let draft = collection.begin()?;
        let mut run = Run::new(self, &draft, &bases)?;
        let is_complete = run.files(&files)?;
        let (mut report, same) = run.finish()?;
        report.files = files.len();
        report.is_complete = is_complete;
        let models = self.stage_models();
        let is_unchanged = |(base, same): &(&Base, usize)| base.is_all_of(&report, *same, &self.pipeline, &models);
        // The one that is searched is the last of them.
        let unchanged = bases.iter().zip(same).rfind(is_unchanged);
        if let Some((base, _)) = unchanged.filter(|_| is_complete) {
            report.version = base.version().name().to_owned();
            report.is_unchanged = true;
            if collection.current()?.as_ref() != Some(&report.version) {
                collection.switch(&report.version)?;
                report.is_current_again = true;
            }
            return Ok(report);
        }
        let (records, unread) = (report.records, report.unread.clone());
        report.version = draft.finish(&self.pipeline, Contents { models, records, unread, is_complete })?;
        if is_complete && let Err(error) = collection.prune(self.keep) {
            tracing::warn!("older versions stay for now: {}", error.report());
        }
        Ok(report)
    }

    /// What tells its models from others.
    fn stage_models(&self) -> Vec<StageModel> {
        let models = self.pipeline.stages.iter().zip(&self.models).zip(&self.query_models);
        let of_stage = |((stage, model), query): ((&Stage, &Model), &Option<Model>)| {
            StageModel::new(&stage.name, model.identity(), query.as_ref().map(Model::identity))
        };
        models.map(of_stage).collect()
    }
}
