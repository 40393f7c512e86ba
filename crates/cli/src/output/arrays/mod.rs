//! Files of several arrays: NumPy's `.npz` and safetensors.
//!
//! | results | arrays |
//! | --- | --- |
//! | all | `index`: the place of each row's input; with `--chunk`, `chunk`, `start` and `end`; with `--with-usage`, `tokens` and `truncated` |
//! | dense | `embedding`, `[inputs, dim]` |
//! | sparse | `data`, `indices`, `indptr`, `shape`: SciPy's compressed sparse rows, with `format` in `.npz` |
//! | multi-vectors | `embeddings`, `[rows, dim]`, and `offsets`: input i has the rows `offsets[i]..offsets[i + 1]` |

mod npz;
mod spool;
mod tensors;

use embedkit::vector::number::NumberType;
use embedkit::{EmbeddingKind, SparseVector};

use super::row::Part;
use super::{Sink, Stored, Target, Values, VectorRow};
use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::ticket::Ticket;
use spool::Spool;

/// What results will be, so that files of none have their arrays too.
pub(crate) struct Layout {
    pub(crate) kind: EmbeddingKind,
    pub(crate) stored: Stored,
    pub(crate) has_chunks: bool,
    pub(crate) with_usage: bool,
}

/// Collects arrays beside each other, and writes them as one file when all are complete.
pub(crate) struct Arrays {
    format: Format,
    target: Target,
    /// Columns of sparse vectors, where the model tells; else as many as the highest index asks for.
    columns: Option<u64>,
    layout: Layout,
    arrays: Vec<Spool>,
    rows: u64,
    highest: u64,
}

impl Arrays {
    /// Arrays of this format. `columns` is how many indices the model's sparse vectors may have, where that is known: files of
    /// one model are as wide as each other.
    pub(crate) fn new(format: Format, target: Target, columns: Option<u64>, layout: Layout) -> Self {
        Self { format, target, columns, layout, arrays: Vec::new(), rows: 0, highest: 0 }
    }

    /// The arrays of no results.
    fn declare(&mut self) -> Result<()> {
        let of_inputs = |is_there: bool, names: &'static [&'static str]| if is_there { names } else { &[] };
        let numbers = [&["index"], of_inputs(self.layout.has_chunks, &["chunk", "start", "end"])].concat();
        for name in [&numbers[..], of_inputs(self.layout.with_usage, &["tokens"])].concat() {
            self.array(name)?.declare(NumberType::I64, None);
        }
        if self.layout.with_usage {
            self.array("truncated")?.declare(NumberType::U8, None);
        }
        let Layout { kind, stored, .. } = self.layout;
        let (number_type, width) = (stored.number_type(), stored.width() as u64);
        if matches!(kind, EmbeddingKind::Dense | EmbeddingKind::Several) {
            self.array("embedding")?.declare(number_type, Some(width));
        }
        if matches!(kind, EmbeddingKind::Sparse | EmbeddingKind::Several) {
            self.array("data")?.declare(NumberType::F32, None);
            self.array("indices")?.declare(NumberType::I64, None);
            self.array("indptr")?.push(&[0i64])?;
        }
        if matches!(kind, EmbeddingKind::Multi | EmbeddingKind::Several) {
            self.array("embeddings")?.declare(number_type, Some(width));
            self.array("offsets")?.push(&[0i64])?;
        }
        Ok(())
    }

    /// The array of this name, which begins with its first values.
    fn array(&mut self, name: &'static str) -> Result<&mut Spool> {
        let at = match self.arrays.iter().position(|array| array.name() == name) {
            Some(at) => at,
            None => {
                self.arrays.push(Spool::new(name)?);
                self.arrays.len() - 1
            }
        };
        Ok(&mut self.arrays[at])
    }

    fn sparse(&mut self, vector: &SparseVector) -> Result<()> {
        let indices: Vec<i64> = vector.indices().iter().map(|&index| i64::from(index)).collect();
        let highest = vector.indices().iter().max().map_or(0, |&index| u64::from(index) + 1);
        self.highest = self.highest.max(highest);
        self.array("data")?.push(vector.values())?;
        self.array("indices")?.push(&indices)?;
        let end = self.array("indices")?.len() as i64;
        self.bound("indptr", end)
    }

    /// Where the next input begins.
    fn bound(&mut self, name: &'static str, end: i64) -> Result<()> {
        let bounds = self.array(name)?;
        if bounds.is_empty() {
            bounds.push(&[0i64])?;
        }
        bounds.push(&[end])
    }

    fn part(&mut self, part: &Part) -> Result<()> {
        match part {
            Part::Dense(values) => push_row(self.array("embedding")?, values),
            Part::Sparse(vector) => self.sparse(vector),
            Part::Multi(rows) => {
                rows.iter().try_for_each(|row| push_row(self.array("embeddings")?, row))?;
                let end = self.array("embeddings")?.rows() as i64;
                self.bound("offsets", end)
            }
            Part::Score(score) => self.array("score")?.push(&[*score]),
        }
    }
}

fn push_row(array: &mut Spool, values: &Values) -> Result<()> {
    match values {
        Values::F32(values) => array.push_row(values),
        Values::F16(values) => array.push_row(values),
        Values::Int8(values) => array.push_row(values),
        Values::Binary(values) => array.push_row(values),
    }
}

impl Sink<VectorRow> for Arrays {
    fn put(&mut self, ticket: &Ticket, row: VectorRow) -> Result<()> {
        self.rows += 1;
        self.array("index")?.push(&[ticket.index as i64])?;
        if let Some(chunk) = &ticket.chunk {
            for (name, value) in [("chunk", chunk.number), ("start", chunk.start), ("end", chunk.end)] {
                self.array(name)?.push(&[value as i64])?;
            }
        }
        if let Some(usage) = &ticket.usage {
            self.array("tokens")?.push(&[usage.tokens as i64])?;
            self.array("truncated")?.push(&[u8::from(usage.truncated)])?;
        }
        row.0.iter().try_for_each(|part| self.part(part))
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if self.arrays.is_empty() {
            self.declare()?;
        }
        let is_sparse = self.arrays.iter().any(|array| array.name() == "indptr");
        if is_sparse {
            let columns = self.columns.unwrap_or(0).max(self.highest);
            let shape = [self.rows as i64, columns as i64];
            self.array("shape")?.push(&shape)?;
        }
        let label = self.target.label();
        let written = match self.format {
            Format::Npz => npz::write(&mut self.target, &mut self.arrays, is_sparse),
            _ => tensors::write(&mut self.target, &mut self.arrays),
        };
        written.map_err(Failure::io(label))?;
        self.target.commit()
    }
}
