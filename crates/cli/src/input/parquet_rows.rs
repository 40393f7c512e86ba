//! The rows of Parquet files, for `index`.

use embedkit::retrieval::document::{Document, Documents, InputFile, Reader};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Row;
use serde_json::{Map, Value};

/// Reads Parquet files, a document a row: its column `text`; `id`, `title` and the other columns are kept.
pub(crate) struct ParquetRows;

impl Reader for ParquetRows {
    fn kinds(&self) -> &[&str] {
        &["parquet"]
    }

    fn read(&self, _: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String> {
        rows(bytes)
    }
}

fn rows(bytes: Vec<u8>) -> Result<Documents, String> {
    let wrong = |error: ParquetError| format!("cannot be read as Parquet: {error}");
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(wrong)?;
    super::parquet::check_codecs(reader.metadata(), |_| true)?;
    let mut found = Documents::default();
    for (at, row) in reader.get_row_iter(None).map_err(wrong)?.enumerate() {
        let row = match row {
            Ok(row) => row,
            // What comes behind a page that cannot be read cannot be either: the iterator would say so for ever.
            Err(error) if at == 0 => return Err(wrong(error)),
            Err(error) => {
                found.refused.push(format!("{} from row {} on", wrong(error), at + 1));
                break;
            }
        };
        match Document::of_fields(fields(&row)) {
            Ok(mut document) => {
                document.row = Some(at + 1);
                found.documents.push(document);
            }
            Err(reason) => found.refused.push(format!("row {}: {reason}", at + 1)),
        }
    }
    Ok(found)
}

fn fields(row: &Row) -> Map<String, Value> {
    row.get_column_iter().map(|(name, field)| (name.clone(), super::parquet::value(field))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    const GROUP: usize = 50;

    /// Rows in three groups.
    fn file() -> Vec<u8> {
        let schema = Arc::new(parse_message_type("message m { required binary text (UTF8); }").unwrap());
        let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema, properties).unwrap();
        for group in 0..3 {
            let mut of_group = writer.next_row_group().unwrap();
            let mut column = of_group.next_column().unwrap().unwrap();
            let texts: Vec<ByteArray> =
                (0..GROUP).map(|row| format!("row {}", group * GROUP + row).into_bytes().into()).collect();
            column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
            column.close().unwrap();
            of_group.close().unwrap();
        }
        writer.close().unwrap();
        file
    }

    #[test]
    fn a_damaged_file_ends_and_keeps_what_was_read_before() {
        let whole = file();
        assert_eq!(rows(whole.clone()).unwrap().documents.len(), 3 * GROUP);
        let reader = SerializedFileReader::new(bytes::Bytes::from(whole.clone())).unwrap();
        let (start, length) = reader.metadata().row_group(1).column(0).byte_range();
        let mut damaged = 0;
        for at in (start..start + length).step_by(16) {
            let mut bytes = whole.clone();
            bytes[at as usize..][..16].fill(0xff);
            let found = rows(bytes).unwrap();
            assert!(found.documents.len() + found.refused.len() <= 3 * GROUP, "{at}");
            assert_eq!(found.documents[GROUP - 1].text, format!("row {}", GROUP - 1), "{at}");
            damaged += usize::from(found.refused.iter().any(|reason| reason.contains("from row")));
        }
        assert!(damaged > 0);
        let mut bytes = whole;
        bytes[4..24].fill(0xff);
        assert!(rows(bytes).unwrap_err().contains("cannot be read as Parquet"));
    }
}
