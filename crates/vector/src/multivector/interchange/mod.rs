//! Files that hold many multi-vectors: `.npz` for numpy, and safetensors.
//!
//! Both hold two arrays: `embeddings`, `[rows, dim]` `f32`, the rows of all documents one after
//! the other; and `offsets`, `[documents + 1]` `i64`: document i is the rows
//! `offsets[i]..offsets[i + 1]`. Labels are not stored.

mod error;
mod npz;
mod tensors;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::value::MultiVector;
use crate::number::NumberType;
use crate::{Error, Result};

pub use error::FileError;
pub use npz::{read_npz, write_npz};
pub use tensors::{read_safetensors, write_safetensors};

const EMBEDDINGS: &str = "embeddings";
const OFFSETS: &str = "offsets";

/// The rows of many documents, as a file holds them.
#[derive(Debug, PartialEq)]
struct Stack {
    rows: usize,
    dim: usize,
    embeddings: Vec<f32>,
    offsets: Vec<i64>,
}

/// An array of a file: its shape, and its numbers in little-endian bytes.
struct Array<'a> {
    shape: &'a [usize],
    bytes: &'a [u8],
}

impl Stack {
    /// Documents one after the other.
    ///
    /// # Errors
    /// [`Error::Width`] when they differ in width.
    fn new(documents: &[MultiVector]) -> Result<Self> {
        let dim = documents.first().map_or(0, MultiVector::dim);
        let mut stack = Self { rows: 0, dim, embeddings: Vec::new(), offsets: vec![0] };
        for (at, document) in documents.iter().enumerate() {
            if document.dim() != dim {
                let found = document.dim();
                let width = Error::Width { what: "it", found, other: "document 0, in the same file,", expected: dim };
                return Err(width.at("document", at));
            }
            stack.rows += document.len();
            stack.embeddings.extend_from_slice(document.as_slice());
            stack.offsets.push(stack.rows as i64);
        }
        Ok(stack)
    }

    /// What a file says.
    fn from_arrays(embeddings: &Array<'_>, offsets: &Array<'_>) -> Result<Self, FileError> {
        let &[rows, dim] = embeddings.shape else {
            return Err(FileError::Axes { name: EMBEDDINGS, found: embeddings.shape.len(), expected: 2 });
        };
        if offsets.shape.len() != 1 {
            return Err(FileError::Axes { name: OFFSETS, found: offsets.shape.len(), expected: 1 });
        }
        let embeddings = NumberType::F32.to_f32s(embeddings.bytes);
        let offsets = offsets.bytes.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect();
        Ok(Self { rows, dim, embeddings, offsets })
    }

    fn into_documents(self) -> Result<Vec<MultiVector>, FileError> {
        let wrong = || FileError::Offsets { rows: self.rows };
        let bounds = self.offsets.iter().map(|&offset| usize::try_from(offset)).collect::<Result<Vec<_>, _>>();
        let bounds = bounds.map_err(|_| wrong())?;
        let whole = bounds.first() == Some(&0) && bounds.last() == Some(&self.rows);
        if !whole || !bounds.is_sorted() {
            return Err(wrong());
        }
        let document = |(at, pair): (usize, &[usize])| {
            let values = self.embeddings[pair[0] * self.dim..pair[1] * self.dim].to_vec();
            MultiVector::new(self.dim, values).map_err(|error| FileError::Vectors(Box::new(error.at("document", at))))
        };
        bounds.windows(2).enumerate().map(document).collect()
    }

    fn embeddings_bytes(&self) -> Vec<u8> {
        self.embeddings.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn offsets_bytes(&self) -> Vec<u8> {
        self.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect()
    }
}

fn unreadable(path: &Path) -> impl Fn(FileError) -> Error {
    move |source| Error::Unreadable { path: path.to_owned(), source }
}

fn unwritable(path: &Path) -> impl Fn(FileError) -> Error {
    move |source| Error::Unwritable { path: path.to_owned(), source }
}
