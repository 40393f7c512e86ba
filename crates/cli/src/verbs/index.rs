//! `index`: files to a collection, and its versions.

use std::path::Path;

use embedkit::retrieval::collection::CollectionFolder;
use embedkit::retrieval::database::{Address, Database, Published, Publisher, complete_versions, rollback, switch};
use embedkit::retrieval::document::Inputs;
use embedkit::retrieval::{Indexer, Pipeline, Report};
use serde::Serialize;
use serde_json::json;

use crate::args::IndexArgs;
use crate::failure::{Failure, Result};
use crate::numbers::{counted, grouped, size};
use crate::progress::Total;
use crate::{input, interrupt, progress};

pub(super) fn run(args: &IndexArgs) -> Result<()> {
    let address: Address = args.output.to_string_lossy().parse()?;
    if let Some(database) = address.database()? {
        return versions_of(&*database, &address, args);
    }
    let collection = CollectionFolder::new(&args.output);
    if args.versions {
        return list(&collection, args.json);
    }
    if args.verify {
        for name in collection.versions()? {
            collection.open_version(&name)?.verify()?;
        }
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
    // A place that cannot be written to is told before anything is embedded.
    let target = args.to.as_ref().map(|to| target(to, &args.output)).transpose()?;
    let pipeline = match &args.pipeline {
        Some(path) => Pipeline::read(path)?,
        None => collection.pipeline()?.unwrap_or_default(),
    };
    let bar = progress::counter("records", Total::Unknown, false);
    let shown = bar.clone();
    let indexer = Indexer::new(pipeline, &|builder| args.cache.apply(builder))?;
    if crate::args::is_given("frame_seconds") && !indexer.wanted().images {
        return Err(Failure::Usage("--frame-seconds is of no use: no model of the pipeline sees images".to_owned()));
    }
    let report = indexer
        .readers(input::readers(args.frame_seconds)?)
        .cancel_with(&interrupt::token()?)
        .on_progress(move |done| shown.set_position(done as u64))
        .keep(args.keep)
        .index(&collection, &Inputs::new(&args.inputs))?;
    bar.finish_and_clear();
    for unread in &report.unread {
        tracing::warn!("{}: {}", unread.path, unread.reason);
    }
    let published = match target.filter(|_| report.is_complete) {
        Some(database) => Some(publish(&*database, &collection, &report, args)?),
        None => None,
    };
    tell(&report, published.as_ref(), args)
}

/// The database that a collection is published to, which has been reached.
fn target(to: &str, output: &Path) -> Result<Box<dyn Database>> {
    let address: Address = to.parse()?;
    let Some(database) = address.database()? else {
        let message = format!("--to takes edge:DIR or http://host:6334/name; {to} is a folder, which --output names");
        return Err(Failure::Usage(message));
    };
    if address.folder().is_some_and(|folder| std::path::absolute(folder).ok() == std::path::absolute(output).ok()) {
        let message = format!("--output {} is the folder of --to {to}: name another for the files", output.display());
        return Err(Failure::Usage(message));
    }
    database.current()?;
    Ok(database)
}

fn publish(
    database: &dyn Database,
    collection: &CollectionFolder,
    report: &Report,
    args: &IndexArgs,
) -> Result<Published> {
    let version = collection.open_version(&report.version)?;
    let bar = progress::counter("records sent", Total::Known(version.len() as u64), false);
    let shown = bar.clone();
    let published = Publisher::new(database)
        .keep(args.keep)
        .cancel_with(&interrupt::token()?)
        .on_progress(move |done| shown.set_position(done as u64))
        .publish(&version, &|builder| args.cache.apply(builder))?;
    bar.finish_and_clear();
    match published.is_complete {
        true => Ok(published),
        false => Err(Failure::Kept(format!(
            "interrupted; {} records are sent, and the same command goes on from them",
            published.sent
        ))),
    }
}

fn tell(report: &Report, published: Option<&Published>, args: &IndexArgs) -> Result<()> {
    if !report.is_complete {
        return Err(Failure::Kept(format!(
            "interrupted; {} records are kept, and the same command goes on from them",
            report.records
        )));
    }
    if args.json {
        return match published {
            None => super::print_json(report),
            Some(published) => super::print_json(&json!({"index": report, "published": published})),
        };
    }
    let Report { version, files, records, reused, .. } = report;
    let what = match (report.is_unchanged, report.is_current_again) {
        (_, true) => "is up to date and searched again",
        (true, false) => "is up to date",
        (false, false) => "is indexed",
    };
    let unread = if report.unread.is_empty() { String::new() } else { format!(", {} not read", report.unread.len()) };
    let before = match (report.is_unchanged, reused) {
        (true, _) | (_, 0) => String::new(),
        (_, reused) => format!(", {} of them from before", grouped(*reused as u64)),
    };
    let (files, records) = (counted(*files as u64, "file"), counted(*records as u64, "record"));
    let sent = published.map_or_else(String::new, |published| {
        let Published { version, sent, .. } = published;
        let sent = counted(*sent as u64, "record");
        format!("{}: version {version}, {sent} sent\n", args.to.as_deref().unwrap_or_default())
    });
    super::print(&format!(
        "{} {what}: version {version}, {files}{unread}, {records}{before}\n{sent}",
        args.output.display()
    ))
}

/// A version that is listed. What a database does not keep of it is left out.
#[derive(Serialize)]
struct Row {
    version: String,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
    records: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    pipeline: String,
}

/// The versions that a database has, after what was asked of them.
fn versions_of(database: &dyn Database, address: &Address, args: &IndexArgs) -> Result<()> {
    if args.verify {
        let message = format!("--verify reads the files of a collection's folder; {address} is a database");
        return Err(Failure::Usage(message));
    }
    match (&args.switch, args.rollback, args.versions) {
        (Some(version), ..) => switch(database, version)?,
        (None, true, _) => drop(rollback(database)?),
        (None, false, true) => {}
        (None, false, false) => {
            let message =
                format!("--output takes the folder where the collection is made; publish it with --to {address}");
            return Err(Failure::Usage(message));
        }
    }
    let current = database.current()?;
    let mut rows = Vec::new();
    for name in complete_versions(database)? {
        let about = database.about(&name)?;
        rows.push(Row {
            current: current.as_ref() == Some(&name),
            version: name,
            created: None,
            records: about.records,
            bytes: None,
            pipeline: about.pipeline()?.name,
        });
    }
    show(&rows, args.json)
}

/// The versions, with the one that is searched.
fn list(collection: &CollectionFolder, as_json: bool) -> Result<()> {
    let current = collection.current()?;
    let mut rows = Vec::new();
    for name in collection.versions()? {
        let version = collection.open_version(&name)?;
        rows.push(Row {
            current: current.as_ref() == Some(&name),
            version: name,
            created: Some(version.manifest().created),
            records: version.len(),
            bytes: Some(version.bytes()),
            pipeline: version.pipeline().name.clone(),
        });
    }
    if rows.is_empty() {
        // Says that there is none.
        collection.open()?;
    }
    show(&rows, as_json)
}

fn show(rows: &[Row], as_json: bool) -> Result<()> {
    if as_json {
        return super::print_json(&rows);
    }
    let line = |row: &Row| {
        let Row { version, pipeline, .. } = row;
        let mark = if row.current { "*" } else { " " };
        let records = counted(row.records as u64, "record");
        let bytes = row.bytes.map_or_else(String::new, |bytes| format!(" {},", size(bytes)));
        format!("{mark} {version}  {records},{bytes} pipeline {pipeline:?}\n")
    };
    super::print(&rows.iter().map(line).collect::<String>())
}
