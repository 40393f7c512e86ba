//! Files that hold many multi-vectors: `.npz` for numpy, and safetensors.
//!
//! Both hold two arrays: `embeddings`, `[rows, dim]` `f32`, the rows of all documents one after
//! the other; and `offsets`, `[documents + 1]` `i64`: document i is the rows
//! `offsets[i]..offsets[i + 1]`. Labels are not stored.

mod npy;
mod npz;
mod tensors;

use std::path::Path;

use super::value::MultiVector;
use crate::{BoxError, Error, Result};

pub use npz::{read_npz, write_npz};
pub use tensors::{read_safetensors, write_safetensors};

const EMBEDDINGS: &str = "embeddings";
const OFFSETS: &str = "offsets";

/// Documents one on top of the other.
#[derive(Debug, PartialEq)]
struct Stack {
    rows: usize,
    dim: usize,
    embeddings: Vec<f32>,
    offsets: Vec<i64>,
}

impl Stack {
    fn new(documents: &[MultiVector]) -> Result<Self> {
        let dim = documents.first().map_or(0, MultiVector::dim);
        let mut stack = Self { rows: 0, dim, embeddings: Vec::new(), offsets: vec![0] };
        for (at, document) in documents.iter().enumerate() {
            if document.dim() != dim {
                return Err(Error::Vector(format!(
                    "document {at} has {} dimensions, document 0 has {dim}; one file holds one width",
                    document.dim()
                )));
            }
            stack.rows += document.len();
            stack.embeddings.extend_from_slice(document.as_slice());
            stack.offsets.push(stack.rows as i64);
        }
        Ok(stack)
    }

    /// From what a file says: the arrays' shapes and their little-endian bytes.
    fn from_bytes(embeddings: (&[usize], &[u8]), offsets: (&[usize], &[u8])) -> Result<Self, BoxError> {
        let (&[rows, dim], values) = embeddings else {
            return Err(
                format!("`{EMBEDDINGS}` has {} axes; it must have rows and dimensions", embeddings.0.len()).into()
            );
        };
        let (&[_], bounds) = offsets else {
            return Err(format!("`{OFFSETS}` has {} axes; it must have one", offsets.0.len()).into());
        };
        let embeddings = values.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        let offsets = bounds.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect();
        Ok(Self { rows, dim, embeddings, offsets })
    }

    fn into_documents(self) -> Result<Vec<MultiVector>, BoxError> {
        let bounds = self.offsets.iter().map(|&offset| usize::try_from(offset)).collect::<Result<Vec<_>, _>>();
        let bounds = bounds.map_err(|_| format!("`{OFFSETS}` has a negative offset"))?;
        let whole = bounds.first() == Some(&0) && bounds.last() == Some(&self.rows);
        if !whole || !bounds.is_sorted() {
            return Err(format!("`{OFFSETS}` must rise from 0 to the {} rows of `{EMBEDDINGS}`", self.rows).into());
        }
        let document = |(at, pair): (usize, &[usize])| {
            let values = self.embeddings[pair[0] * self.dim..pair[1] * self.dim].to_vec();
            MultiVector::new(self.dim, values).map_err(|error| format!("document {at}: {error}").into())
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

fn unreadable(path: &Path) -> impl Fn(BoxError) -> Error {
    move |source| Error::file_because(path, "no multi-vectors can be read from it", source)
}

fn unwritable(path: &Path) -> impl Fn(BoxError) -> Error {
    move |source| Error::file_because(path, "the multi-vectors cannot be written", source)
}

#[cfg(test)]
mod tests;
