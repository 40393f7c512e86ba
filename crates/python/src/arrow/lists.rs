//! What columns of vectors are made of.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, FixedSizeListArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, Field};

/// Which rows there are; none where all are.
pub(super) fn nulls(rows: &[Option<usize>]) -> Option<NullBuffer> {
    let nulls: NullBuffer = rows.iter().map(Option::is_some).collect::<Vec<bool>>().into();
    (nulls.null_count() > 0).then_some(nulls)
}

/// Lists of `dim` numbers.
pub(super) fn vectors(
    dim: usize,
    numbers: ArrayRef,
    nulls: Option<NullBuffer>,
) -> Result<FixedSizeListArray, ArrowError> {
    let field = Arc::new(Field::new("item", numbers.data_type().clone(), true));
    FixedSizeListArray::try_new(field, width(dim)?, numbers, nulls)
}

pub(super) fn width(size: usize) -> Result<i32, ArrowError> {
    i32::try_from(size).map_err(|_| too_large())
}

/// A column has offsets of 32 bits.
fn too_large() -> ArrowError {
    ArrowError::InvalidArgumentError(
        "the column's results are too many for one array: embed fewer rows at a time".to_owned(),
    )
}
