//! Windows of results as one column.

use std::sync::Arc;

use arrow_array::types::{Float32Type, UInt32Type};
use arrow_array::{
    Array as _, ArrayRef, FixedSizeListArray, Float32Array, ListArray, PrimitiveArray, StructArray, UInt32Array,
};
use arrow_schema::{ArrowError, DataType, Field, Fields};

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

    pub(super) fn finish(self, shape: &Shape) -> Result<ArrayRef, ArrowError> {
        let results = self.results.unwrap_or_else(|| shape.columns());
        let is_complete = self.rows.len() == self.count;
        let results = if is_complete { results } else { results.spread(&self.rows) };
        let valid = (!is_complete).then(|| self.rows.iter().map(Option::is_some).collect::<Vec<bool>>());
        column(results, valid.as_deref())
    }
}

type Valid<'v> = Option<&'v [bool]>;

fn column(results: Columns, valid: Valid<'_>) -> Result<ArrayRef, ArrowError> {
    let nulls = || valid.map(|valid| valid.to_vec().into());
    Ok(match results {
        Columns::Dense { dim, values } => Arc::new(vectors(dim, values, valid)?),
        Columns::Scores(scores) => Arc::new(Float32Array::try_new(scores.into(), nulls())?),
        Columns::Multi { dim, ends, values } => {
            let vectors = vectors(dim, values, None)?;
            let field = Arc::new(Field::new("item", vectors.data_type().clone(), true));
            Arc::new(ListArray::try_new(field, offsets(&ends)?, Arc::new(vectors), nulls())?)
        }
        Columns::Sparse { ends, indices, values } => {
            let indices = list::<UInt32Type>(UInt32Array::from(indices), &ends)?;
            let values = list::<Float32Type>(Float32Array::from(values), &ends)?;
            let parts = [("indices", indices), ("values", values)];
            Arc::new(StructArray::try_new(fields(&parts), arrays(parts), nulls())?)
        }
        Columns::Several(parts) => {
            let parts = parts.into_iter().map(|(name, part)| Ok((name, column(part, valid)?)));
            let parts: Vec<(&str, ArrayRef)> = parts.collect::<Result<_, ArrowError>>()?;
            Arc::new(StructArray::try_new(fields(&parts), arrays(parts), nulls())?)
        }
    })
}

fn vectors(dim: usize, values: Vec<f32>, valid: Valid<'_>) -> Result<FixedSizeListArray, ArrowError> {
    let field = Arc::new(Field::new("item", DataType::Float32, true));
    let width = i32::try_from(dim).map_err(|_| too_large())?;
    let nulls = valid.map(|valid| valid.to_vec().into());
    FixedSizeListArray::try_new(field, width, Arc::new(Float32Array::from(values)), nulls)
}

fn list<T: arrow_array::types::ArrowPrimitiveType>(
    values: PrimitiveArray<T>,
    ends: &[usize],
) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new("item", T::DATA_TYPE, true));
    Ok(Arc::new(ListArray::try_new(field, offsets(ends)?, Arc::new(values), None)?))
}

fn offsets(ends: &[usize]) -> Result<arrow_buffer::OffsetBuffer<i32>, ArrowError> {
    let ends = std::iter::once(Ok(0)).chain(ends.iter().map(|end| i32::try_from(*end).map_err(|_| too_large())));
    Ok(arrow_buffer::OffsetBuffer::new(ends.collect::<Result<Vec<i32>, ArrowError>>()?.into()))
}

fn fields(parts: &[(&str, ArrayRef)]) -> Fields {
    parts.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect()
}

fn arrays<'p>(parts: impl IntoIterator<Item = (&'p str, ArrayRef)>) -> Vec<ArrayRef> {
    parts.into_iter().map(|(_, array)| array).collect()
}

/// A column has offsets of 32 bits.
fn too_large() -> ArrowError {
    ArrowError::InvalidArgumentError(
        "the column's results are too many for one array: embed fewer rows at a time".to_owned(),
    )
}
