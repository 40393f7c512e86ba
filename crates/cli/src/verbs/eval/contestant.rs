//! What is evaluated: a pipeline, a model alone, or a run of another system.

use std::path::Path;

use embedkit::retrieval::Pipeline;
use embedkit::retrieval::collection::CollectionFolder;
use embedkit::retrieval::evaluation::{Comparison, Dataset, Evaluated, Figures, Interval, Metric, Run};
use embedkit::retrieval::pipeline::Stage;

use crate::args::EvalArgs;
use crate::failure::{Failure, Result};
use crate::output::Target;

/// A pipeline, a model alone or a run, measured.
pub(super) struct Contestant {
    pub(super) name: String,
    pub(super) run: Run,
    pub(super) values: Vec<(Metric, Vec<f64>)>,
    /// What is known of a pipeline beside its run.
    pub(super) figures: Option<Figures>,
}

impl Contestant {
    pub(super) fn new(
        what: &Path,
        data: &Dataset,
        metrics: &[Metric],
        collection: &Path,
        args: &EvalArgs,
    ) -> Result<Self> {
        let name = what.display().to_string();
        if is_run(what) {
            let run = Run::read(what)?;
            let values = metrics.iter().map(|metric| (*metric, metric.of_run(&data.judgements, &run))).collect();
            return Ok(Self { name, run, values, figures: None });
        }
        let pipeline = pipeline(what)?;
        let collection = CollectionFolder::new(collection);
        let configure = |builder| args.cache.apply(builder);
        let Evaluated { figures, run, values, .. } = Evaluated::new(&pipeline, data, metrics, &collection, &configure)?;
        Ok(Self { name: pipeline.name, run, values, figures: Some(figures) })
    }

    pub(super) fn means(&self) -> Vec<(Metric, Interval)> {
        self.values.iter().map(|(metric, values)| (*metric, Interval::of_mean(values))).collect()
    }

    /// Another's values against these.
    pub(super) fn compare(&self, candidate: &Self) -> Vec<(Metric, Comparison)> {
        let pairs = self.values.iter().zip(&candidate.values);
        pairs.map(|((metric, base), (_, other))| (*metric, Comparison::paired(base, other))).collect()
    }

    /// Writes the run into a folder, under the pipeline's name.
    pub(super) fn write_run(&self, folder: &Path) -> Result<()> {
        let is_plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
        let name = self.name.replace(|c| !is_plain(c), "-");
        std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
        let path = folder.join(format!("{name}.run"));
        Target::write_file(&path, self.run.to_trec(&name)?.as_bytes())
    }
}

/// Whether it is a run, in TREC's format, and no pipeline.
pub(super) fn is_run(what: &Path) -> bool {
    what.extension().is_some_and(|kind| kind == "run")
}

/// A file's pipeline, the default one, or a model alone.
pub(super) fn pipeline(what: &Path) -> Result<Pipeline> {
    let name = what.to_string_lossy();
    if what.extension().is_some_and(|kind| kind == "toml") {
        return Ok(Pipeline::read(what)?);
    }
    match &*name {
        "default" => Ok(Pipeline::default()),
        id => Ok(Pipeline::single(id, Stage::new("model", id))),
    }
}
