//! Rows of Parquet files.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Value, json};

use super::feed::{Feed, Raw, Reading};
use crate::failure::{Failure, Result};
use crate::ticket::Fields;

/// Gives the rows of the file.
pub(super) fn read(path: Option<&Path>, reading: &Reading, feed: &Feed) -> Result<()> {
    let Some(path) = path else {
        return Err(feed.failure("is a Parquet file, which is read from its end: name it with --input"));
    };
    let file = File::open(path).map_err(Failure::io(path.display().to_string()))?;
    let wrong = |error: ParquetError| feed.failure(format!("cannot be read as Parquet: {error}"));
    let reader = SerializedFileReader::new(file).map_err(wrong)?;
    let count = reader.metadata().file_metadata().num_rows();
    feed.seen.count.store(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
    let schema = reader.metadata().file_metadata().schema();
    let names: Vec<String> = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
    let Some(column) = schema.get_fields().iter().find(|field| field.name() == reading.field) else {
        return Err(feed.failure(super::no_column(&reading.field, &names)));
    };
    let projection = match reading.keep_fields {
        true => None,
        false => Some(only(schema, column.clone()).map_err(wrong)?),
    };
    for (row, number) in reader.get_row_iter(projection).map_err(wrong)?.zip(1..) {
        if !feed.give(number, Raw::Row(fields(&row.map_err(wrong)?))) {
            break;
        }
    }
    Ok(())
}

/// A schema of one column.
fn only(schema: &Type, column: Arc<Type>) -> Result<Type, ParquetError> {
    Type::group_type_builder(schema.name()).with_fields(vec![column]).build()
}

fn fields(row: &Row) -> Fields {
    let cells = row.get_column_iter().map(|(name, cell)| (name.clone(), serde_json::value::to_raw_value(&value(cell))));
    cells.filter_map(|(name, value)| Some((name, value.ok()?))).collect()
}

/// A cell as JSON. What JSON has no type for is a text.
pub(super) fn value(cell: &Field) -> Value {
    match cell {
        Field::Null => Value::Null,
        Field::Bool(value) => json!(value),
        Field::Byte(value) => json!(value),
        Field::Short(value) => json!(value),
        Field::Int(value) => json!(value),
        Field::Long(value) => json!(value),
        Field::UByte(value) => json!(value),
        Field::UShort(value) => json!(value),
        Field::UInt(value) => json!(value),
        Field::ULong(value) => json!(value),
        Field::Float16(value) => json!(value.to_f32()),
        Field::Float(value) => json!(value),
        Field::Double(value) => json!(value),
        Field::Str(value) => json!(value),
        Field::Bytes(bytes) => bytes.as_utf8().map_or_else(|_| json!(bytes.data()), |text| json!(text)),
        Field::Group(row) => row.get_column_iter().map(|(name, cell)| (name.clone(), value(cell))).collect(),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        Field::MapInternal(map) => {
            map.entries().iter().map(|(key, cell)| Value::Array(vec![value(key), value(cell)])).collect()
        }
        Field::Decimal(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => json!(cell.to_string()),
    }
}
