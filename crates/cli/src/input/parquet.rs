//! Rows of Parquet files.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
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
    let is_read = |name: &str| reading.keep_fields || name == reading.field;
    check_codecs(reader.metadata(), is_read).map_err(|reason| feed.failure(reason))?;
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

/// Refuses a file of which a column that is read is compressed by what this program has no code for.
pub(super) fn check_codecs(metadata: &ParquetMetaData, is_read: impl Fn(&str) -> bool) -> Result<(), String> {
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let is_read =
        |column: &&ColumnChunkMetaData| column.column_path().parts().first().is_some_and(|name| is_read(name));
    let unread = columns.filter(is_read).find_map(|column| match column.compression() {
        Compression::BROTLI(_) => Some("brotli"),
        Compression::LZO => Some("LZO"),
        _ => None,
    });
    match unread {
        Some(codec) => {
            Err(format!("is compressed by {codec}, which is not read: write it with snappy, gzip, zstd or lz4"))
        }
        None => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};
    use parquet::file::metadata::FileMetaData;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;

    use super::*;

    fn compressed(codec: Compression) -> ParquetMetaData {
        let schema = parse_message_type("message m { required int32 other; required binary text (UTF8); }").unwrap();
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
        let codecs = [Compression::SNAPPY, codec];
        let columns = codecs
            .into_iter()
            .enumerate()
            .map(|(at, codec)| ColumnChunkMetaData::builder(schema.column(at)).set_compression(codec).build().unwrap());
        let rows = RowGroupMetaData::builder(schema.clone()).set_column_metadata(columns.collect()).build().unwrap();
        ParquetMetaData::new(FileMetaData::new(2, 0, None, None, schema, None), vec![rows])
    }

    #[test]
    fn what_cannot_be_decompressed_is_named() {
        let brotli = compressed(Compression::BROTLI(BrotliLevel::default()));
        assert!(check_codecs(&brotli, |_| true).unwrap_err().contains("compressed by brotli"));
        check_codecs(&brotli, |name| name == "other").unwrap();
        assert!(check_codecs(&compressed(Compression::LZO), |_| true).unwrap_err().contains("LZO"));
        for codec in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(GzipLevel::default()),
            Compression::ZSTD(ZstdLevel::default()),
            Compression::LZ4,
            Compression::LZ4_RAW,
        ] {
            check_codecs(&compressed(codec), |_| true).unwrap();
            parquet_codec(codec);
        }
    }

    /// There is code for what is not refused.
    fn parquet_codec(codec: Compression) {
        let schema = parse_message_type("message m { required binary text (UTF8); }").unwrap();
        let properties = parquet::file::properties::WriterProperties::builder().set_compression(codec).build();
        let mut file = Vec::new();
        let mut writer =
            parquet::file::writer::SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties))
                .unwrap();
        let mut rows = writer.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let texts = ["a text"; 9].map(|text| text.as_bytes().to_vec().into());
        column.typed::<parquet::data_type::ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
        writer.close().unwrap();
        let read = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        assert_eq!(read.get_row_iter(None).unwrap().filter(|row| row.is_ok()).count(), 9, "{codec}");
    }
}
