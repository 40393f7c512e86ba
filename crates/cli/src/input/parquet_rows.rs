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
        let wrong = |error: ParquetError| format!("cannot be read as Parquet: {error}");
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(wrong)?;
        let mut found = Documents::default();
        for (at, row) in reader.get_row_iter(None).map_err(wrong)?.enumerate() {
            match row.map_err(|error| error.to_string()).and_then(|row| Document::of_fields(fields(&row))) {
                Ok(mut document) => {
                    document.row = Some(at + 1);
                    found.documents.push(document);
                }
                Err(reason) => found.refused.push(format!("row {}: {reason}", at + 1)),
            }
        }
        Ok(found)
    }
}

fn fields(row: &Row) -> Map<String, Value> {
    row.get_column_iter().map(|(name, field)| (name.clone(), super::parquet::value(field))).collect()
}
