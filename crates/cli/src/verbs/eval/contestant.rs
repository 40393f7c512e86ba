//! What is evaluated: a pipeline, a model alone, or a run of another system.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
            check_queries(&name, &run, data)?;
            check_documents(&name, &run, data);
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
        std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
        Target::write_file(&run_file(folder, &self.name), self.run.to_trec(&run_name(&self.name))?.as_bytes())
    }
}

/// Refuses contestants whose runs would be written into one file, or over one that is read.
pub(super) fn check_runs(contestants: &[PathBuf], folder: &Path) -> Result<()> {
    let read: Vec<PathBuf> = contestants.iter().filter_map(|what| what.canonicalize().ok()).collect();
    let mut names = BTreeSet::new();
    for what in contestants {
        let name = if is_run(what) { what.display().to_string() } else { pipeline(what)?.name };
        // Where files' names are the same in any case, so are these.
        if !names.insert(run_name(&name).to_lowercase()) {
            let message = format!("two runs would be called {}: give pipelines names of their own", run_name(&name));
            return Err(Failure::Usage(message));
        }
        let file = run_file(folder, &name);
        if file.canonicalize().is_ok_and(|file| read.contains(&file)) {
            return Err(Failure::Usage(format!("{} is read, and --runs would replace it", file.display())));
        }
    }
    Ok(())
}

fn run_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}.run", run_name(name)))
}

fn run_name(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    name.replace(|c| !is_plain(c), "-")
}

/// Warns of judged queries that a run lacks, and refuses one that lacks all: it is of another set.
fn check_queries(name: &str, run: &Run, data: &Dataset) -> Result<()> {
    let mut missing = data.judgements.queries().map(|(query, _)| query).filter(|query| run.ranking(query).len() == 0);
    let Some(example) = missing.next() else { return Ok(()) };
    let (missing, all) = (1 + missing.count(), data.judgements.queries().len());
    if missing == all {
        let message = format!("{name}: has none of the {all} judged queries of {}, as {example:?}", data.name);
        return Err(Failure::Failed(message));
    }
    tracing::warn!("{name}: lacks {missing} of {all} judged queries, as {example:?}, which count as 0");
    Ok(())
}

/// Warns of a run that has none of the relevant documents: its ids, or those of the judgements, may be others'. The documents
/// themselves are not read where runs alone are measured.
fn check_documents(name: &str, run: &Run, data: &Dataset) {
    let mut example = None;
    for (query, grades) in data.judgements.queries() {
        for (document, _) in grades.iter().filter(|(_, grade)| **grade > 0) {
            if run.ranking(query).any(|(found, _)| found == document) {
                return;
            }
            example.get_or_insert((query, document));
        }
    }
    if let Some((query, document)) = example {
        let set = &data.name;
        tracing::warn!(
            "{name}: has none of the documents that are judged relevant in {set}, as {document:?} of the query {query:?}"
        );
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
