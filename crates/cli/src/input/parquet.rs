//! Rows of Parquet files.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::feed::{Feed, Raw, Reading};
use super::parquet_file::ParquetFile;
use crate::failure::{Failure, Result};

/// Gives the rows of the file.
pub(super) fn read(path: Option<&Path>, reading: &Reading, feed: &Feed) -> Result<()> {
    let Some(path) = path else {
        return Err(feed.failure("is a Parquet file, which is read from its end: name it with --input"));
    };
    let file = File::open(path).map_err(Failure::io(path.display().to_string()))?;
    let file = ParquetFile::open(file).map_err(|reason| feed.failure(reason))?;
    feed.seen.count.store(file.count(), Ordering::Relaxed);
    let names = file.columns();
    if !names.contains(&reading.field) {
        return Err(feed.failure(super::no_column(&reading.field, &names)));
    }
    let rows = file.rows(|name| reading.keep_fields || name == reading.field);
    for (row, number) in rows.map_err(|reason| feed.failure(reason))?.zip(1..) {
        let cells = row.map_err(|reason| feed.failure(format!("{reason}, from row {number} on")))?.into_iter();
        let fields = cells.filter_map(|(name, value)| Some((name, serde_json::value::to_raw_value(&value).ok()?)));
        if !feed.give(number, Raw::Row(fields.collect())) {
            break;
        }
    }
    Ok(())
}
