//! A batch's output to multi-vectors.

use embedkit_core::session::{BadOutput, Output, Precision};
use embedkit_core::{ModelDescription, Result};
use embedkit_vector::multivector::MultiVector;

/// How rows are read from the graph's output.
#[derive(Debug)]
pub(super) struct RowReader {
    /// The width of the graph's vectors.
    width: usize,
    /// The width to cut to.
    dim: usize,
    normalize: bool,
}

/// A batch's vectors, `[rows, length, width]`.
pub(super) struct Vectors<'o> {
    values: &'o [f32],
    per_row: usize,
}

impl Vectors<'_> {
    /// The vectors of one row of the batch.
    pub(super) fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.per_row..][..self.per_row]
    }
}

impl RowReader {
    pub(super) fn new(model: &ModelDescription, dim: Option<usize>) -> Result<Self> {
        let width = model.require_dim()?;
        let dim = dim.unwrap_or(width);
        Ok(Self { width, dim, normalize: model.normalize || dim < width })
    }

    /// The vectors of an output whose leading axes may have been folded, or what is wrong with it.
    pub(super) fn vectors<'o>(
        &self,
        output: &'o Output<'_>,
        rows: usize,
        length: usize,
    ) -> Result<Vectors<'o>, BadOutput> {
        let (width, per_row) = (self.width, length * self.width);
        if output.shape.last() == Some(&width) && output.data.len() == rows * per_row {
            return Ok(Vectors { values: &output.data, per_row });
        }
        let expected = format!("[{rows}, {length}, {width}] for {rows} rows of {length} tokens");
        Err(BadOutput::shape(&output.shape, expected))
    }

    /// The multi-vector of the cells that are kept of a row.
    pub(super) fn read(&self, row: &[f32], kept: &[usize], precision: Precision) -> Result<MultiVector, BadOutput> {
        let mut values = Vec::with_capacity(kept.len() * self.dim);
        for cell in kept {
            values.extend_from_slice(&row[cell * self.width..][..self.dim]);
        }
        if self.normalize {
            values.chunks_exact_mut(self.dim).for_each(embedkit_vector::normalize);
            values.iter_mut().for_each(|value| *value = precision.round(*value));
        }
        MultiVector::new(self.dim, values).map_err(|_| BadOutput::NotFinite)
    }
}
