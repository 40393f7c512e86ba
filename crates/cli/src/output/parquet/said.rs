//! What a file that is there says of itself.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use super::failure;
use crate::failure::{Failure, Result};
use crate::output::Provenance;
use crate::ticket::Place;

/// A file of results.
pub(super) fn open(path: &Path) -> Result<SerializedFileReader<File>> {
    let label = path.display().to_string();
    let file = File::open(path).map_err(Failure::io(&label))?;
    SerializedFileReader::new(file).map_err(failure(&label))
}

/// What the file says that it was made with.
pub(crate) fn said(path: &Path) -> Result<Provenance> {
    Ok(of(&open(path)?))
}

/// The same of a file that is open.
pub(super) fn of(reader: &SerializedFileReader<File>) -> Provenance {
    let entries = reader.metadata().file_metadata().key_value_metadata().into_iter().flatten();
    Provenance::said(entries.filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?))))
}

/// The place of the last row; none of a file without rows.
pub(super) fn last_place(path: &Path) -> Result<Option<Place>> {
    let reader = open(path)?;
    last(&reader).map_err(failure(&path.display().to_string()))
}

fn last(reader: &SerializedFileReader<File>) -> Result<Option<Place>, ParquetError> {
    let Some(group) = reader.metadata().num_row_groups().checked_sub(1) else { return Ok(None) };
    let schema = reader.metadata().file_metadata().schema();
    let places = schema.get_fields().iter().filter(|field| matches!(field.name(), "index" | "chunk"));
    let places: Vec<Arc<Type>> = places.cloned().collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(places).build()?;
    let Some(row) = reader.get_row_group(group)?.get_row_iter(Some(projection))?.last().transpose()? else {
        return Ok(None);
    };
    let number = |wanted: &str| {
        row.get_column_iter().find_map(|(name, cell)| match cell {
            Field::Long(number) if name == wanted => usize::try_from(*number).ok(),
            _ => None,
        })
    };
    match number("index") {
        Some(index) => Ok(Some((index, number("chunk").unwrap_or(0)))),
        None => Err(ParquetError::General("it has no column `index`, by which --resume goes on".to_owned())),
    }
}
