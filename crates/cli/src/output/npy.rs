//! One NumPy array, a row an input.

use embedkit::vector::npy::Writer;

use super::{DenseRow, Sink, Target, Values};
use crate::failure::{Failure, Result};
use crate::ticket::Ticket;

/// Writes a `.npy` file.
pub(crate) struct Npy {
    writer: Writer<Target>,
    label: String,
}

impl Npy {
    pub(crate) fn new(target: Target) -> Result<Self> {
        let label = target.label();
        let writer = Writer::new(target).map_err(Failure::io(&label))?;
        Ok(Self { writer, label })
    }
}

impl Sink<DenseRow> for Npy {
    fn put(&mut self, _: &Ticket, row: DenseRow) -> Result<()> {
        let written = match &row.embedding {
            Values::F32(values) => self.writer.write_row(values),
            Values::F16(values) => self.writer.write_row(values),
            Values::Int8(values) => self.writer.write_row(values),
            Values::Binary(values) => self.writer.write_row(values),
        };
        written.map_err(Failure::io(&self.label))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.writer.finish().map_err(Failure::io(self.label))?.commit()
    }
}
