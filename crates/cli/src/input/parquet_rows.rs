//! The rows of Parquet files, for `index`.

use embedkit::retrieval::document::{Document, Documents, InputFile, Reader};

use super::parquet_file::ParquetFile;

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
    let mut found = Documents::default();
    for (row, number) in ParquetFile::open(bytes::Bytes::from(bytes))?.rows(|_| true)?.zip(1..) {
        let row = match row {
            Ok(row) => row,
            Err(reason) if number == 1 => return Err(reason),
            Err(reason) => {
                found.refused.push(format!("{reason}, from row {number} on"));
                break;
            }
        };
        match Document::of_fields(row.into_iter().collect()) {
            Ok(mut document) => {
                document.row = Some(number);
                found.documents.push(document);
            }
            Err(reason) => found.refused.push(format!("row {number}: {reason}")),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
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
