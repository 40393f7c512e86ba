//! Several files to one, whose groups of rows are copied as they are.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::reader::FileReader as _;
use parquet::file::writer::SerializedFileWriter;

use super::said::{open, said};
use super::{failure, properties};
use crate::failure::{Failure, Result};
use crate::output::Target;
use crate::output::marked::INPUTS;

/// Writes the rows of the files, in their order; the end of the file is the first one's, but that it is of the last one's
/// inputs too.
pub(super) fn merge(files: &[PathBuf], target: Target) -> Result<()> {
    let label = target.label();
    let (Some(first), Some(last)) = (files.first(), files.last()) else {
        return Err(Failure::Failed(format!("{label}: there are no parts to put together")));
    };
    let first = open(first)?;
    let schema = first.metadata().file_metadata().schema_descr().root_schema_ptr();
    let mut entries = first.metadata().file_metadata().key_value_metadata().cloned();
    if let Some(inputs) = Some(said(last)?.get(INPUTS)).filter(|inputs| !inputs.is_empty()) {
        let entries = entries.get_or_insert_default();
        entries.retain(|entry| entry.key != INPUTS);
        entries.push(KeyValue::new(INPUTS.to_owned(), inputs.to_owned()));
    }
    let writer = SerializedFileWriter::new(target, schema.clone(), Arc::new(properties(entries)));
    let mut writer = writer.map_err(failure(&label))?;
    for path in files {
        let reader = open(path)?;
        if reader.metadata().file_metadata().schema() != &*schema {
            return Err(Failure::Failed(format!(
                "{} has other columns than the results before it; it stays as it is",
                path.display()
            )));
        }
        append(&mut writer, path, reader.metadata().row_groups()).map_err(failure(&path.display().to_string()))?;
    }
    writer.into_inner().map_err(failure(&label))?.commit()
}

fn append(
    writer: &mut SerializedFileWriter<Target>,
    path: &Path,
    groups: &[RowGroupMetaData],
) -> Result<(), ParquetError> {
    let file = File::open(path)?;
    for group in groups {
        let mut copy = writer.next_row_group()?;
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(column.compressed_size()).unwrap_or_default(),
                rows_written: u64::try_from(group.num_rows()).unwrap_or_default(),
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            copy.append_column(&file, close)?;
        }
        copy.close()?;
    }
    Ok(())
}
