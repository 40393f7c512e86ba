//! A column's values as inputs.

use std::path::PathBuf;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;
use embedkit::{Content, ImageInput, Pair};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::capsule::take;

/// The values of a column that are no nulls, in order.
pub(crate) struct ColumnInputs {
    values: ArrayRef,
    /// Documents, where the values are queries.
    documents: Option<ArrayRef>,
    /// Whether texts are paths of images.
    are_images: bool,
    next: usize,
}

/// The inputs of a column, and of one of documents where pairs are scored.
pub(crate) fn inputs(
    column: &Bound<'_, PyAny>,
    documents: Option<&Bound<'_, PyAny>>,
    kind: &str,
) -> PyResult<ColumnInputs> {
    let values = take(column)?;
    let documents = documents.map(take).transpose()?;
    let are_images = kind == "image";
    check(&values, are_images)?;
    match &documents {
        Some(documents) if documents.len() != values.len() => {
            return Err(PyValueError::new_err("queries and documents must be as many"));
        }
        Some(documents) => check(documents, false)?,
        None if kind == "pair" => return Err(PyTypeError::new_err("a column of documents is missing")),
        None => {}
    }
    Ok(ColumnInputs { values, documents, are_images, next: 0 })
}

fn check(values: &ArrayRef, are_images: bool) -> PyResult<()> {
    match values.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Ok(()),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if are_images => Ok(()),
        other => {
            let wanted = if are_images { "strings or bytes" } else { "strings" };
            Err(PyTypeError::new_err(format!("the column must be of {wanted}, and is of {other}")))
        }
    }
}

impl ColumnInputs {
    /// Rows of the column, nulls included.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether they are images.
    pub(super) fn are_images(&self) -> bool {
        self.are_images
    }

    /// The rows that are no nulls.
    pub(super) fn positions(&self) -> Vec<usize> {
        (0..self.len()).filter(|row| self.is_valid(*row)).collect()
    }

    fn is_valid(&self, row: usize) -> bool {
        let is_null = |array: &ArrayRef| *array.data_type() == DataType::Null || array.is_null(row);
        !is_null(&self.values) && !self.documents.as_ref().is_some_and(is_null)
    }

    fn content(&self, row: usize) -> Content {
        match (&self.documents, self.are_images) {
            (Some(documents), _) => Pair::new(text(&self.values, row), text(documents, row)).into(),
            (None, false) => Content::Text(text(&self.values, row).to_owned()),
            (None, true) => match bytes(&self.values, row) {
                Some(bytes) => ImageInput::bytes(bytes).into(),
                None => ImageInput::path(PathBuf::from(text(&self.values, row))).into(),
            },
        }
    }
}

impl Iterator for ColumnInputs {
    type Item = Content;

    fn next(&mut self) -> Option<Content> {
        let row = (self.next..self.len()).find(|row| self.is_valid(*row))?;
        self.next = row + 1;
        Some(self.content(row))
    }
}

/// A value of a column of strings.
fn text(values: &ArrayRef, row: usize) -> &str {
    match values.data_type() {
        DataType::LargeUtf8 => values.as_string::<i64>().value(row),
        DataType::Utf8View => values.as_string_view().value(row),
        _ => values.as_string::<i32>().value(row),
    }
}

/// A value of a column of bytes; none for other columns.
fn bytes(values: &ArrayRef, row: usize) -> Option<&[u8]> {
    match values.data_type() {
        DataType::Binary => Some(values.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(values.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(values.as_binary_view().value(row)),
        _ => None,
    }
}
