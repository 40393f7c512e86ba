//! Parquet files row by row, whatever is wrong with them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::{Compression, ConvertedType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, FileReader as _, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use serde_json::Value;

use super::parquet_cell;

/// A file of rows.
pub(super) struct ParquetFile<R: ChunkReader + 'static>(SerializedFileReader<R>);

/// The rows, each as its cells by their columns' names. They end behind one that cannot be read.
pub(super) struct Rows {
    rows: RowIter<'static>,
    schema: Type,
    is_over: bool,
}

impl<R: ChunkReader + 'static> ParquetFile<R> {
    /// Reads what the file says of itself.
    ///
    /// # Errors
    /// Why it cannot be read, in words that follow the file's name; so it is with the other methods.
    pub(super) fn open(source: R) -> Result<Self, String> {
        guarded(|| SerializedFileReader::new(source)).map(Self)
    }

    fn schema(&self) -> &Type {
        self.0.metadata().file_metadata().schema()
    }

    /// How many rows it says that it has.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.0.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// The names of its columns.
    pub(super) fn columns(&self) -> Vec<String> {
        self.schema().get_fields().iter().map(|field| field.name().to_owned()).collect()
    }

    /// Its rows, of the columns that are read.
    pub(super) fn rows(self, is_read: impl Fn(&str) -> bool) -> Result<Rows, String> {
        check_names(&self.columns(), &is_read)?;
        check_columns(self.0.metadata(), &is_read)?;
        let fields = self.schema().get_fields().iter().filter(|field| is_read(field.name())).cloned().collect();
        let schema = Type::group_type_builder(self.schema().name()).with_fields(fields).build().map_err(wrong)?;
        let rows = guarded(|| RowIter::from_file_into(Box::new(self.0)).project(Some(schema.clone())))?;
        Ok(Rows { rows, schema, is_over: false })
    }
}

impl Iterator for Rows {
    type Item = Result<Vec<(String, Value)>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let (rows, schema) = (&mut self.rows, &self.schema);
        let row = guarded(|| rows.next().map(|row| Ok(parquet_cell::cells(&row?, schema))).transpose());
        // What comes behind a page that cannot be read cannot be either: the library would say so for ever.
        self.is_over = !matches!(row, Ok(Some(_)));
        row.transpose()
    }
}

/// Calls the library, which panics on some files that are damaged: nothing of it is used after that.
fn guarded<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(wrong),
        Err(_) => Err("cannot be read as Parquet: it is damaged, or of a kind that is not known".to_owned()),
    }
}

fn wrong(error: ParquetError) -> String {
    format!("cannot be read as Parquet: {error}")
}

/// Refuses a file with two columns of one name that are read: only one of them could be.
fn check_names(names: &[String], is_read: impl Fn(&str) -> bool) -> Result<(), String> {
    let twice = names.iter().enumerate().find(|(at, name)| is_read(name) && names[..*at].contains(name));
    twice.map_or(Ok(()), |(_, name)| Err(format!("has two columns of the name {name:?}")))
}

/// Refuses a file of which a column that is read is compressed by what this program has no code for, or holds what the
/// library has none for.
fn check_columns(metadata: &ParquetMetaData, is_read: impl Fn(&str) -> bool) -> Result<(), String> {
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let name = |column: &ColumnChunkMetaData| column.column_path().parts().first().cloned().unwrap_or_default();
    for column in columns.filter(|column| is_read(&name(column))) {
        let unread = match column.compression() {
            Compression::BROTLI(_) => Some("brotli"),
            Compression::LZO => Some("LZO"),
            _ => None,
        };
        if let Some(codec) = unread {
            let help = "write it with snappy, gzip, zstd or lz4";
            return Err(format!("is compressed by {codec}, which is not read: {help}"));
        }
        if column.column_descr().converted_type() == ConvertedType::INTERVAL {
            let name = name(column);
            return Err(format!("has intervals in the column `{name}`, which are not read: write them as texts"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};
    use parquet::data_type::{ByteArrayType, Int32Type};
    use parquet::file::metadata::FileMetaData;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;

    use super::*;

    fn compressed(codec: Compression) -> ParquetMetaData {
        of_two_columns("required int32 other; required binary text (UTF8)", [Compression::SNAPPY, codec])
    }

    fn of_two_columns(columns: &str, codecs: [Compression; 2]) -> ParquetMetaData {
        let schema = parse_message_type(&format!("message m {{ {columns}; }}")).unwrap();
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
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
        assert!(check_columns(&brotli, |_| true).unwrap_err().contains("compressed by brotli"));
        check_columns(&brotli, |name| name == "other").unwrap();
        assert!(check_columns(&compressed(Compression::LZO), |_| true).unwrap_err().contains("LZO"));
        for codec in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(GzipLevel::default()),
            Compression::ZSTD(ZstdLevel::default()),
            Compression::LZ4,
            Compression::LZ4_RAW,
        ] {
            check_columns(&compressed(codec), |_| true).unwrap();
            // There is code for what is not refused.
            let rows = ParquetFile::open(bytes::Bytes::from(texts(codec))).unwrap().rows(|_| true).unwrap();
            assert_eq!(rows.filter(Result::is_ok).count(), 9, "{codec}");
        }
    }

    #[test]
    fn intervals_are_refused_where_they_are_read() {
        let columns = "required binary text (UTF8); required fixed_len_byte_array(12) span (INTERVAL)";
        let metadata = of_two_columns(columns, [Compression::SNAPPY; 2]);
        assert!(check_columns(&metadata, |_| true).unwrap_err().contains("intervals in the column `span`"));
        check_columns(&metadata, |name| name == "text").unwrap();
    }

    fn texts(codec: Compression) -> Vec<u8> {
        let schema = parse_message_type("message m { required binary text (UTF8); }").unwrap();
        let properties = WriterProperties::builder().set_compression(codec).build();
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties)).unwrap();
        let mut rows = writer.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let texts = ["a text"; 9].map(|text| text.as_bytes().to_vec().into());
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
        writer.close().unwrap();
        file
    }

    /// A file of one row of zeros, of columns of 32 bits of these names.
    fn of_columns(names: &[&str]) -> Vec<u8> {
        let columns: String = names.iter().map(|name| format!("required int32 {name}; ")).collect();
        let schema = parse_message_type(&format!("message m {{ {columns} }}")).unwrap();
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, Arc::new(schema), Default::default()).unwrap();
        let mut rows = writer.next_row_group().unwrap();
        while let Some(mut column) = rows.next_column().unwrap() {
            column.typed::<Int32Type>().write_batch(&[0], None, None).unwrap();
            column.close().unwrap();
        }
        rows.close().unwrap();
        writer.close().unwrap();
        file
    }

    #[test]
    fn two_columns_of_one_name_are_refused_where_they_are_read() {
        let read = |is_read: fn(&str) -> bool| {
            ParquetFile::open(bytes::Bytes::from(of_columns(&["a", "b", "a"]))).unwrap().rows(is_read)
        };
        assert!(read(|_| true).err().unwrap().contains("two columns of the name \"a\""));
        assert_eq!(read(|name| name == "b").unwrap().count(), 1);
    }

    /// Damaged at every byte of its end, where all that the library trusts stands, a file has rows or says why it has none.
    #[test]
    fn no_damage_panics() {
        let whole = of_columns(&["a", "b"]);
        let mut refused = 0;
        for at in 4..whole.len() {
            for change in [0xff, 0x01, 0x80] {
                let mut damaged = whole.clone();
                damaged[at] ^= change;
                let opened = ParquetFile::open(bytes::Bytes::from(damaged)).and_then(|file| file.rows(|_| true));
                let rows: Result<Vec<_>, String> = opened.and_then(|rows| rows.take(10).collect());
                refused += usize::from(rows.is_err());
            }
        }
        assert!(refused > 0);
    }
}
