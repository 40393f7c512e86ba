//! One Parquet file: `index`, `embedding`, and `fields` (a JSON object) where fields are kept.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::data_type::{FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{DenseRow, Sink, Target, Values};
use crate::failure::{Failure, Result};
use crate::ticket::Ticket;

/// Rows held until they are written as a group.
const GROUP: usize = 4096;

/// Writes a Parquet file. Its schema follows the first row.
pub(crate) struct Parquet {
    state: State,
    keep_fields: bool,
    rows: Vec<(i64, Values, String)>,
    /// How errors name it.
    label: String,
}

/// What rows are written to.
enum State {
    /// No row has come yet.
    Empty(Target),
    Writing(SerializedFileWriter<Target>),
    /// While the one becomes the other.
    Moved,
}

impl Parquet {
    pub(crate) fn new(target: Target, keep_fields: bool) -> Self {
        let label = target.label();
        Self { state: State::Empty(target), keep_fields, rows: Vec::new(), label }
    }

    /// The writer; `like` tells the schema when it is not there yet.
    fn writer(&mut self, like: &Values) -> Result<&mut SerializedFileWriter<Target>> {
        let failure = failure(&self.label);
        self.state = match std::mem::replace(&mut self.state, State::Moved) {
            State::Empty(target) => {
                let schema = parse_message_type(&schema(like, self.keep_fields)).map_err(&failure)?;
                // Embeddings hardly repeat: a dictionary would only cost time.
                let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
                let writer = SerializedFileWriter::new(target, Arc::new(schema), Arc::new(properties));
                State::Writing(writer.map_err(failure)?)
            }
            begun => begun,
        };
        match &mut self.state {
            State::Writing(writer) => Ok(writer),
            _ => Err(Failure::Failed("the parquet output failed before".to_owned())),
        }
    }

    fn write_group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let Some((_, first, _)) = rows.first() else { return Ok(()) };
        let (keep_fields, failure) = (self.keep_fields, failure(&self.label));
        let mut group = self.writer(first)?.next_row_group().map_err(&failure)?;
        write_columns(&mut group, &rows, keep_fields).map_err(&failure)?;
        group.close().map_err(failure)?;
        Ok(())
    }
}

fn schema(like: &Values, keep_fields: bool) -> String {
    let element = match like {
        Values::F32(_) => "required float element",
        Values::F16(_) => "required fixed_len_byte_array(2) element (float16)",
        Values::Int8(_) => "required int32 element (integer(8,true))",
        Values::Binary(_) => "required int32 element (integer(8,false))",
    };
    let fields = if keep_fields { "required binary fields (json);" } else { "" };
    format!(
        "message embeddings {{ required int64 index; \
         required group embedding (list) {{ repeated group list {{ {element}; }} }} {fields} }}"
    )
}

fn write_columns(
    group: &mut SerializedRowGroupWriter<'_, Target>,
    rows: &[(i64, Values, String)],
    keep_fields: bool,
) -> Result<(), ParquetError> {
    let indices: Vec<i64> = rows.iter().map(|(index, _, _)| *index).collect();
    write_column::<Int64Type>(group, &indices, None)?;

    let lengths = rows.iter().map(|(_, values, _)| values.len());
    let levels = levels(lengths);
    let vectors = rows.iter().map(|(_, values, _)| values);
    match rows.first().map(|(_, values, _)| values) {
        Some(Values::F32(_)) => write_column::<FloatType>(group, &flat(vectors, f32_of), Some(&levels)),
        Some(Values::F16(_)) => write_column::<FixedLenByteArrayType>(group, &flat(vectors, f16_of), Some(&levels)),
        _ => write_column::<Int32Type>(group, &flat(vectors, i32_of), Some(&levels)),
    }?;

    if keep_fields {
        let fields: Vec<ByteArray> = rows.iter().map(|(_, _, fields)| ByteArray::from(fields.as_str())).collect();
        write_column::<ByteArrayType>(group, &fields, None)?;
    }
    Ok(())
}

/// Definition and repetition levels of lists: whether there is an element, and whether it goes on.
fn levels(lengths: impl Iterator<Item = usize>) -> (Vec<i16>, Vec<i16>) {
    let (mut defined, mut repeated) = (Vec::new(), Vec::new());
    for length in lengths {
        defined.extend(std::iter::repeat_n(i16::from(length > 0), length.max(1)));
        repeated.push(0);
        repeated.extend(std::iter::repeat_n(1, length.saturating_sub(1)));
    }
    (defined, repeated)
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Target>,
    values: &[T::T],
    levels: Option<&(Vec<i16>, Vec<i16>)>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than are written".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    let (defined, repeated) = match levels {
        Some((defined, repeated)) => (Some(defined.as_slice()), Some(repeated.as_slice())),
        None => (None, None),
    };
    column.typed::<T>().write_batch(values, defined, repeated)?;
    column.close()
}

fn flat<'v, T>(vectors: impl Iterator<Item = &'v Values>, values_of: fn(&'v Values) -> Vec<T>) -> Vec<T> {
    vectors.flat_map(values_of).collect()
}

fn f32_of(values: &Values) -> Vec<f32> {
    if let Values::F32(values) = values { values.clone() } else { Vec::new() }
}

fn f16_of(values: &Values) -> Vec<FixedLenByteArray> {
    let Values::F16(values) = values else { return Vec::new() };
    values.iter().map(|value| FixedLenByteArray::from(value.to_le_bytes().to_vec())).collect()
}

fn i32_of(values: &Values) -> Vec<i32> {
    match values {
        Values::Int8(values) => values.iter().copied().map(i32::from).collect(),
        Values::Binary(values) => values.iter().copied().map(i32::from).collect(),
        _ => Vec::new(),
    }
}

fn failure(label: &str) -> impl Fn(ParquetError) -> Failure + use<> {
    let label = label.to_owned();
    move |error| Failure::Failed(format!("{label}: {error}"))
}

impl Sink<DenseRow> for Parquet {
    fn put(&mut self, ticket: &Ticket, row: DenseRow) -> Result<()> {
        let fields = match self.keep_fields {
            true => serde_json::to_string(&ticket.fields).map_err(|error| Failure::Failed(error.to_string()))?,
            false => String::new(),
        };
        self.rows.push((ticket.index as i64, row.embedding, fields));
        if self.rows.len() == GROUP { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.write_group()?;
        self.writer(&Values::F32(Vec::new()))?;
        match self.state {
            State::Writing(writer) => writer.into_inner().map_err(failure(&self.label))?.commit(),
            State::Empty(target) => target.commit(),
            State::Moved => Err(Failure::Failed("the parquet output failed before".to_owned())),
        }
    }
}
