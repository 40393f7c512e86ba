//! `index`: files to a collection, and its versions.

use embedkit::retrieval::collection::CollectionFolder;
use embedkit::retrieval::document::Inputs;
use embedkit::retrieval::{Indexer, Pipeline, Report};
use serde_json::json;

use crate::args::IndexArgs;
use crate::failure::{Failure, Result};
use crate::{interrupt, progress};

pub(super) fn run(args: &IndexArgs) -> Result<()> {
    let collection = CollectionFolder::new(&args.output);
    if args.versions {
        return list(&collection, args.json);
    }
    if let Some(version) = &args.switch {
        collection.switch(version)?;
        return list(&collection, args.json);
    }
    if args.rollback {
        collection.rollback()?;
        return list(&collection, args.json);
    }
    let pipeline = match &args.pipeline {
        Some(path) => Pipeline::read(path)?,
        None => match collection.current()? {
            Some(_) => collection.open()?.pipeline().clone(),
            None => Pipeline::default(),
        },
    };
    let bar = progress::counter("records", None, false);
    let shown = bar.clone();
    let indexer = Indexer::new(pipeline, &|builder| args.cache.apply(builder))?;
    #[cfg(feature = "pdf")]
    let indexer = indexer.reader(crate::input::PdfText);
    #[cfg(feature = "parquet")]
    let indexer = indexer.reader(crate::input::ParquetRows);
    let report = indexer
        .cancel_with(&interrupt::token()?)
        .on_progress(move |done| shown.set_position(done as u64))
        .keep(args.keep)
        .index(&collection, &Inputs::new(&args.inputs))?;
    bar.finish_and_clear();
    for unread in &report.unread {
        tracing::warn!("{}: {}", unread.path, unread.reason);
    }
    tell(&report, args)
}

fn tell(report: &Report, args: &IndexArgs) -> Result<()> {
    if !report.is_complete {
        return Err(Failure::Kept(format!(
            "interrupted; {} records are kept, and the same command goes on from them",
            report.records
        )));
    }
    if args.json {
        return super::print_json(report);
    }
    let Report { version, files, records, reused, .. } = report;
    let what = if report.is_unchanged { "is up to date" } else { "is indexed" };
    let unread = if report.unread.is_empty() { String::new() } else { format!(", {} not read", report.unread.len()) };
    super::print(&format!(
        "{} {what}: version {version}, {files} files{unread}, {records} records, {reused} of them from before\n",
        args.output.display()
    ))
}

/// The versions, with the one that is searched.
fn list(collection: &CollectionFolder, as_json: bool) -> Result<()> {
    let current = collection.current()?;
    let mut rows = Vec::new();
    for name in collection.versions()? {
        let version = collection.open_version(&name)?;
        rows.push(json!({
            "version": name,
            "current": current.as_ref() == Some(&name),
            "created": version.manifest().created,
            "records": version.len(),
            "bytes": version.bytes(),
            "pipeline": version.pipeline().name,
        }));
    }
    if as_json {
        return super::print_json(&rows);
    }
    let line = |row: &serde_json::Value| {
        let mark = if row["current"] == true { "*" } else { " " };
        let name = row["version"].as_str().unwrap_or_default();
        format!("{mark} {name}  {} records, {} bytes, pipeline {}\n", row["records"], row["bytes"], row["pipeline"])
    };
    super::print(&rows.iter().map(line).collect::<String>())
}
