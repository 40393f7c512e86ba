//! One NumPy array, a row an input.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use embedkit::vector::npy::Writer;
use embedkit::vector::number::NumberType;

use super::row::Part;
use super::{Sink, Stored, Target, Values, VectorRow};
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
    /// An array. Where inputs may be skipped, another file beside it tells which are there; so does one that is there of an
    /// earlier array, which would tell of inputs that this one is not of.
    pub(crate) fn new(output: Option<&PathBuf>, stored: Stored, skips: bool) -> Result<Self> {
        let index = match output {
            Some(path) if path.as_os_str() != "-" => {
                let path = index_file(path);
                (skips || is_index(&path)).then(|| Array::new(Some(&path), NumberType::I64, 1)).transpose()?
            }
            _ if !skips => None,
            _ => {
                return Err(Failure::Usage(
                    "--skip-invalid with --format npy writes which inputs are there to a file beside the array: name \
                     one with --output, or take npz, parquet or jsonl"
                        .to_owned(),
                ));
            }
        };
        Ok(Self { array: Array::new(output, stored.number_type(), stored.width())?, index })
    }
}

/// `vectors.index.npy` for `vectors.npy`.
fn index_file(path: &Path) -> PathBuf {
    path.with_extension("index.npy")
}

/// Whether there is an index of an array, and not an array that has such a name.
fn is_index(path: &Path) -> bool {
    let mut start = [0; 128];
    let is_read = path.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok();
    let header = String::from_utf8_lossy(&start);
    // An array of several columns is somebody's own.
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).map(|(shape, _)| shape);
    let is_of_one = shape.is_some_and(|shape| matches!(shape.split(", ").nth(1), None | Some("" | "1")));
    is_read && start.starts_with(b"\x93NUMPY") && header.contains("'descr': '<i8'") && is_of_one
}

impl Array {
    /// An array, of such numbers and so many in a row where it has any.
    fn new(output: Option<&PathBuf>, number_type: NumberType, width: usize) -> Result<Self> {
        let target = Target::open_seekable(output)?;
        let label = target.label();
        let writer = Writer::new(target).map_err(Failure::io(&label))?.expecting(number_type, width);
        Ok(Self { writer, label })
    }

    /// Makes it final as rows.
    fn finish(self) -> Result<()> {
        self.writer.finish().map_err(Failure::io(self.label))?.commit()
    }

    /// Makes it final as one row of numbers.
    fn finish_flat(self) -> Result<()> {
        self.writer.finish_flat().map_err(Failure::io(self.label))?.commit()
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
        self.index.map_or(Ok(()), Array::finish_flat)?;
        self.array.finish()
    }
}
