//! One Parquet file with a column for everything: `index`, `line` where inputs are lines, the vectors, `tokens` and
//! `truncated` where they are asked for, and each kept field.
//!
//! A dense vector is a list of fixed size in Arrow's eyes, a sparse one a struct of two lists, a multi-vector a list of
//! lists of fixed size.

mod arrow;
mod columns;
mod fields;
mod leaf;
mod merge;
mod parts;
mod said;

use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::marked::INPUTS;
use super::{Sink, Target, VectorRow};
use crate::failure::{Failure, Result};
use crate::input::Trail;
use crate::ticket::Ticket;
use columns::Columns;
pub(crate) use columns::Layout;
pub(crate) use parts::{Parts, done};
pub(crate) use said::said;

/// Rows, and values of vectors, held until they are written as a group.
const GROUP: (usize, usize) = (4096, 1 << 22);

/// Writes a Parquet file. Its columns follow the first group of rows.
pub(crate) struct Parquet {
    state: State,
    layout: Layout,
    rows: Vec<(Ticket, VectorRow)>,
    values: usize,
    /// Which inputs the rows are of, where a later run is to know them again.
    inputs: Trail,
    /// How errors name it.
    label: String,
}

/// What rows are written to.
enum State {
    /// No group has come yet.
    Empty(Target),
    Writing(Box<SerializedFileWriter<Target>>, Columns),
    /// While the one becomes the other.
    Moved,
}

impl Parquet {
    pub(crate) fn new(target: Target, layout: Layout) -> Self {
        let label = target.label();
        Self { state: State::Empty(target), layout, rows: Vec::new(), values: 0, inputs: Trail::default(), label }
    }

    fn write_group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.values = 0;
        let failure = failure(&self.label);
        self.state = match std::mem::replace(&mut self.state, State::Moved) {
            State::Empty(target) => {
                let columns = Columns::new(&self.layout, &rows);
                State::Writing(Box::new(begin(target, &self.layout, &columns).map_err(&failure)?), columns)
            }
            begun => begun,
        };
        let State::Writing(writer, columns) = &mut self.state else {
            return Err(Failure::Failed("the parquet output failed before".to_owned()));
        };
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = writer.next_row_group().map_err(&failure)?;
        columns.leaves(&rows).into_iter().try_for_each(|leaf| leaf.write(&mut group)).map_err(&failure)?;
        group.close().map(drop).map_err(failure)
    }
}

fn begin(target: Target, layout: &Layout, columns: &Columns) -> Result<SerializedFileWriter<Target>, ParquetError> {
    let schema = Type::group_type_builder("embeddings").with_fields(columns.types()?).build()?;
    let arrow = arrow::schema(&columns.arrow_fields());
    let entries = layout.provenance.entries().chain([("ARROW:schema", &*arrow)]);
    let entries = entries.map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned())).collect();
    SerializedFileWriter::new(target, Arc::new(schema), Arc::new(properties(Some(entries))))
}

/// How files are written, with these entries at their ends.
fn properties(entries: Option<Vec<KeyValue>>) -> WriterProperties {
    // Embeddings hardly repeat: a dictionary would only cost time.
    WriterProperties::builder().set_dictionary_enabled(false).set_key_value_metadata(entries).build()
}

fn failure(label: &str) -> impl Fn(ParquetError) -> Failure + use<> {
    let label = label.to_owned();
    move |error| Failure::Failed(format!("{label}: {error}"))
}

impl Sink<VectorRow> for Parquet {
    fn put(&mut self, ticket: &Ticket, row: VectorRow) -> Result<()> {
        self.values += row.0.iter().map(columns::size).sum::<usize>();
        self.rows.push((ticket.clone(), row));
        if let Some(digest) = &ticket.digest {
            self.inputs.note(ticket.index + 1, digest);
        }
        if self.rows.len() == GROUP.0 || self.values >= GROUP.1 { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if !self.rows.is_empty() || matches!(self.state, State::Empty(_)) {
            self.write_group()?;
        }
        match self.state {
            State::Writing(mut writer, columns) => {
                if self.inputs != Trail::default() {
                    writer.append_key_value_metadata(KeyValue::new(INPUTS.to_owned(), self.inputs.to_entry()));
                }
                if columns.misfits() > 0 {
                    tracing::warn!(
                        "{} kept fields did not fit the columns that the first rows made, and are in `{}`",
                        columns.misfits(),
                        fields::OTHER
                    );
                }
                writer.into_inner().map_err(failure(&self.label))?.commit()
            }
            _ => Err(Failure::Failed("the parquet output failed before".to_owned())),
        }
    }
}
