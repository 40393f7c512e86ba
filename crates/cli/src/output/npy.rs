//! One NumPy array, a row an input.

use embedkit::vector::NpyWriter;

use super::{DenseRow, Sink, Target, Values};
use crate::failure::{Failure, Result};
use crate::input::Ticket;

/// Writes a `.npy` file.
pub(crate) struct Npy(NpyWriter<Target>);

impl Npy {
    pub(crate) fn new(target: Target) -> Result<Self> {
        Ok(Self(NpyWriter::new(target).map_err(Failure::io("the .npy output"))?))
    }
}

impl Sink<DenseRow> for Npy {
    fn put(&mut self, _: &Ticket, row: DenseRow) -> Result<()> {
        let written = match &row.embedding {
            Values::F32(values) => self.0.write_row(values),
            Values::F16(values) => self.0.write_row(values),
            Values::Int8(values) => self.0.write_row(values),
            Values::Binary(values) => self.0.write_row(values),
        };
        written.map_err(Failure::io("the .npy output"))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.finish().map_err(Failure::io("the .npy output"))?.commit()
    }
}
