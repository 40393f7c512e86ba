//! One NumPy array, a row an input.

use std::path::{Path, PathBuf};

use embedkit::vector::npy::Writer;

use super::row::Part;
use super::{Sink, Target, Values, VectorRow};
use crate::failure::{Failure, Result};
use crate::ticket::Ticket;

/// Writes a `.npy` file.
pub(crate) struct Npy {
    array: Array,
    /// The inputs that the rows are of, where some may be missing.
    index: Option<Array>,
}

struct Array {
    writer: Writer<Target>,
    label: String,
}

impl Npy {
    /// An array. Where inputs may be skipped, another file beside it tells which are there.
    pub(crate) fn new(output: Option<&PathBuf>, skips: bool) -> Result<Self> {
        let index = match output {
            _ if !skips => None,
            Some(path) if path.as_os_str() != "-" => Some(Array::new(Target::open_seekable(Some(&index_file(path)))?)?),
            _ => {
                return Err(Failure::Usage(
                    "--skip-invalid with --format npy writes which inputs are there to a file beside the array: name \
                     one with --output, or take npz, parquet or jsonl"
                        .to_owned(),
                ));
            }
        };
        Ok(Self { array: Array::new(Target::open_seekable(output)?)?, index })
    }
}

/// `vectors.index.npy` for `vectors.npy`.
fn index_file(path: &Path) -> PathBuf {
    path.with_extension("index.npy")
}

impl Array {
    fn new(target: Target) -> Result<Self> {
        let label = target.label();
        let writer = Writer::new(target).map_err(Failure::io(&label))?;
        Ok(Self { writer, label })
    }

    fn finish(self) -> Result<()> {
        self.writer.finish().map_err(Failure::io(self.label))?.commit()
    }
}

impl Sink<VectorRow> for Npy {
    fn put(&mut self, ticket: &Ticket, row: VectorRow) -> Result<()> {
        let [Part::Dense(values)] = &row.0[..] else {
            return Err(Failure::Failed(
                "the model gave no single vector, which is all that an array holds".to_owned(),
            ));
        };
        let writer = &mut self.array.writer;
        let written = match values {
            Values::F32(values) => writer.write_row(values),
            Values::F16(values) => writer.write_row(values),
            Values::Int8(values) => writer.write_row(values),
            Values::Binary(values) => writer.write_row(values),
        };
        written.map_err(Failure::io(&self.array.label))?;
        match &mut self.index {
            Some(index) => index.writer.write_row(&[ticket.index as i64]).map_err(Failure::io(&index.label)),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.index.map_or(Ok(()), Array::finish)?;
        self.array.finish()
    }
}
