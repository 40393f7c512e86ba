//! Windows of results as one column.

use std::sync::Arc;

use arrow_array::types::{Float32Type, UInt32Type};
use arrow_array::{Array as _, ArrayRef, Float32Array, ListArray, PrimitiveArray, StructArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, Field, Fields};

use super::encoding::{Encoding, Misfits};
use super::lists::{nulls, vectors, width};
use crate::column::{Columns, Shape, Window};

/// Results on their way into one column.
pub(super) struct Output {
    /// Row among the results, for each row of the column; none where the input is a null or failed.
    rows: Vec<Option<usize>>,
    results: Option<Columns>,
    count: usize,
}

impl Output {
    pub(super) fn new(rows: usize) -> Self {
        Self { rows: vec![None; rows], results: None, count: 0 }
    }

    /// Adds a window, whose inputs stood at these places of the column.
    pub(super) fn push(&mut self, window: Window, places: &[usize]) {
        for (place, row) in places.iter().zip(window.rows()) {
            self.rows[*place] = row.map(|row| self.count + row);
        }
        self.count += window.inputs - window.failures.len();
        match (&mut self.results, window.columns) {
            (Some(results), Some(columns)) => results.append(columns),
            (empty, columns) => *empty = empty.take().or(columns),
        }
    }

    /// The column, and the vectors that the encoding does not hold.
    pub(super) fn finish(self, shape: &Shape, encoding: Encoding) -> Result<(ArrayRef, Misfits), ArrowError> {
        let results = self.results.unwrap_or_else(|| shape.columns());
        match &results {
            Columns::Dense { dim, values } if encoding != Encoding::Float32 => {
                return encoding.column(*dim, values, self.rows);
            }
            _ => {}
        }
        let is_complete = self.rows.len() == self.count;
        let results = if is_complete { results } else { results.spread(&self.rows) };
        Ok((column(results, nulls(&self.rows).as_ref())?, Misfits::new()))
    }
}

fn column(results: Columns, nulls: Option<&NullBuffer>) -> Result<ArrayRef, ArrowError> {
    let floats = |values: Vec<f32>| Arc::new(Float32Array::from(values));
    let valid = nulls.cloned();
    Ok(match results {
        Columns::Dense { dim, values } => Arc::new(vectors(dim, floats(values), valid)?),
        Columns::Scores(scores) => Arc::new(Float32Array::try_new(scores.into(), valid)?),
        Columns::Multi { dim, ends, values } => {
            let vectors = vectors(dim, floats(values), None)?;
            let field = Arc::new(Field::new("item", vectors.data_type().clone(), true));
            Arc::new(ListArray::try_new(field, offsets(&ends)?, Arc::new(vectors), valid)?)
        }
        Columns::Sparse { ends, indices, values } => {
            let indices = list::<UInt32Type>(UInt32Array::from(indices), &ends)?;
            let values = list::<Float32Type>(Float32Array::from(values), &ends)?;
            let parts = [("indices", indices), ("values", values)];
            Arc::new(StructArray::try_new(fields(&parts), arrays(parts), valid)?)
        }
        Columns::Several(parts) => {
            let parts = parts.into_iter().map(|(name, part)| Ok((name, column(part, nulls)?)));
            let parts: Vec<(&str, ArrayRef)> = parts.collect::<Result<_, ArrowError>>()?;
            Arc::new(StructArray::try_new(fields(&parts), arrays(parts), valid)?)
        }
    })
}

fn list<T: arrow_array::types::ArrowPrimitiveType>(
    values: PrimitiveArray<T>,
    ends: &[usize],
) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new("item", T::DATA_TYPE, true));
    Ok(Arc::new(ListArray::try_new(field, offsets(ends)?, Arc::new(values), None)?))
}

fn offsets(ends: &[usize]) -> Result<arrow_buffer::OffsetBuffer<i32>, ArrowError> {
    let ends = std::iter::once(Ok(0)).chain(ends.iter().map(|end| width(*end)));
    Ok(arrow_buffer::OffsetBuffer::new(ends.collect::<Result<Vec<i32>, ArrowError>>()?.into()))
}

fn fields(parts: &[(&str, ArrayRef)]) -> Fields {
    parts.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect()
}

fn arrays<'p>(parts: impl IntoIterator<Item = (&'p str, ArrayRef)>) -> Vec<ArrayRef> {
    parts.into_iter().map(|(_, array)| array).collect()
}
