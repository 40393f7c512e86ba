//! `eval`: how well pipelines search, and which of them is better.

mod contestant;
mod report;
mod sweep;

use std::path::Path;

use embedkit::retrieval::document::Inputs;
use embedkit::retrieval::evaluation::{Comparison, Dataset, Entry, MEASURES, Metric, make};

use crate::args::{EvalArgs, is_given};
use crate::failure::{Failure, Result};
use crate::input;
use contestant::Contestant;

/// Seconds between the frames of a video that are documents of a set.
const FRAME_SECONDS: f64 = 5.0;

pub(super) fn run(args: &EvalArgs) -> Result<()> {
    if let Some(path) = &args.history {
        let entries = Entry::read_all(path)?;
        return if args.json { super::print_json(&entries) } else { super::print(&report::history(&entries)) };
    }
    if let Some(folder) = &args.make {
        return make_set(args, folder);
    }
    let data = data(args)?;
    check(args)?;
    let metrics = if args.metrics.is_empty() { Metric::DEFAULT.to_vec() } else { args.metrics.clone() };
    let folder = tempfile::tempdir().map_err(Failure::io("a folder for collections"))?;
    if args.sweep {
        return sweep::run(args, &data, metrics[0], folder.path());
    }
    let mut contestants = Vec::new();
    for (at, pipeline) in args.pipelines.iter().enumerate() {
        let collection = folder.path().join(at.to_string());
        let contestant = Contestant::new(pipeline, &data, &metrics, &collection, args)?;
        tracing::info!("{} is measured", contestant.name);
        if let Some((path, figures)) = args.record.as_ref().zip(contestant.figures.as_ref()) {
            Entry::append(path, figures)?;
        }
        if let Some(runs) = &args.runs {
            contestant.write_run(runs)?;
        }
        contestants.push(contestant);
    }
    tell(args, &data, &metrics, &contestants)
}

/// Makes a set of documents that nobody has judged.
fn make_set(args: &EvalArgs, folder: &Path) -> Result<()> {
    let queries = make(&Inputs::new(&args.pipelines), folder, args.queries, &input::readers(FRAME_SECONDS)?)?;
    match args.json {
        true => super::print_json(&serde_json::json!({ "folder": folder, "queries": queries })),
        false => super::print(&format!("{}: {queries} queries\n\n{MEASURES}\n", folder.display())),
    }
}

/// Refuses what cannot be, before anything is measured.
fn check(args: &EvalArgs) -> Result<()> {
    if args.differences > 0 && args.pipelines.len() < 2 {
        return Err(Failure::Usage("--differences are those of two pipelines, and one is named".to_owned()));
    }
    if let (Some(_), Some(run)) = (&args.record, args.pipelines.iter().find(|what| contestant::is_run(what))) {
        let message = format!("--record is for pipelines, and {} is a run of one that is not known", run.display());
        return Err(Failure::Usage(message));
    }
    match &args.runs {
        Some(folder) => contestant::check_runs(&args.pipelines, folder),
        None => Ok(()),
    }
}

/// Shows how all did, and fails where one is worse than the first.
fn tell(args: &EvalArgs, data: &Dataset, metrics: &[Metric], contestants: &[Contestant]) -> Result<()> {
    let Some((baseline, candidates)) = contestants.split_first() else { return Ok(()) };
    let compared: Vec<(&Contestant, Vec<(Metric, Comparison)>)> =
        candidates.iter().map(|candidate| (candidate, baseline.compare(candidate))).collect();
    if args.json {
        super::print_json(&report::json(baseline, &compared))?;
    } else {
        super::print(&report::table(contestants, metrics))?;
        super::print(&report::comparisons(baseline, &compared))?;
        for (candidate, _) in &compared {
            super::print(&report::differences(baseline, candidate, data, args.differences))?;
        }
    }
    let worse = compared.iter().find(|(_, metrics)| metrics.first().is_some_and(|(_, first)| first.is_worse()));
    match worse {
        Some((candidate, _)) => {
            Err(Failure::Failed(format!("{} is worse than {} by more than chance", candidate.name, baseline.name)))
        }
        None => Ok(()),
    }
}

fn data(args: &EvalArgs) -> Result<Dataset> {
    let Some(path) = &args.data else { return Err(Failure::Usage("name a set with --data".to_owned())) };
    match (path.is_dir(), args.documents.is_empty()) {
        (true, true) => Ok(Dataset::read_beir(path, &args.split)?),
        (false, _) if is_given("split") => {
            Err(Failure::Usage("--split is for folders in BEIR's layout; a table has one set of judgements".to_owned()))
        }
        (true, false) => Err(Failure::Usage("--documents are those of a table; a folder has its own".to_owned())),
        (false, true) => Err(Failure::Usage(format!("name the documents of {} with --documents", path.display()))),
        (false, false) => Ok(Dataset::read_table(path, &args.documents, &input::readers(FRAME_SECONDS)?)?),
    }
}
