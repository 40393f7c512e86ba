//! Files that hold many multi-vectors: `.npz` for numpy, and safetensors.
//!
//! Both hold two arrays: `embeddings`, `[rows, dim]` `f32`, the rows of all documents one after
//! the other; and `offsets`, `[documents + 1]` `i64`: document i is the rows
//! `offsets[i]..offsets[i + 1]`. Labels are not stored.

mod npz;
mod tensors;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::path::Path;

use super::value::MultiVector;
use crate::file_error::FileError;
use crate::{Error, Result};

pub use npz::{read_npz, write_npz};
pub use tensors::{read_safetensors, write_safetensors};

const EMBEDDINGS: &str = "embeddings";
const OFFSETS: &str = "offsets";

/// How many values are turned into bytes, or back, at a time: files are never in memory beside their documents.
const VALUES: usize = 1 << 14;

/// What a file is to hold: the rows of many documents.
#[derive(Debug, PartialEq)]
struct Stack<'a> {
    rows: usize,
    dim: usize,
    /// Whose values, one after the other, are the rows.
    embeddings: Vec<&'a [f32]>,
    offsets: Vec<i64>,
}

impl<'a> Stack<'a> {
    /// Documents one after the other.
    ///
    /// # Errors
    /// [`Error::Width`] when they differ in width.
    fn new(documents: &'a [MultiVector]) -> Result<Self> {
        let dim = documents.first().map_or(0, MultiVector::dim);
        let mut stack = Self { rows: 0, dim, embeddings: Vec::new(), offsets: vec![0] };
        for (at, document) in documents.iter().enumerate() {
            if document.dim() != dim {
                let found = document.dim();
                let width = Error::Width { what: "it", found, other: "document 0, in the same file,", expected: dim };
                return Err(width.at("document", at));
            }
            stack.rows += document.len();
            stack.embeddings.push(document.as_slice());
            stack.offsets.push(stack.rows as i64);
        }
        Ok(stack)
    }

    fn embeddings_size(&self) -> usize {
        self.embeddings.iter().map(|values| size_of_val(*values)).sum()
    }

    fn write_embeddings(&self, file: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(VALUES * size_of::<f32>());
        for values in self.embeddings.iter().flat_map(|values| values.chunks(VALUES)) {
            bytes.clear();
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            file.write_all(&bytes)?;
        }
        Ok(())
    }

    fn offsets_bytes(&self) -> Vec<u8> {
        self.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect()
    }
}

/// How a file's rows part into documents.
struct Parts {
    dim: usize,
    /// Where each document starts, and the last one ends.
    bounds: Vec<usize>,
}

impl Parts {
    /// What a file says: the shapes of its arrays, and the bytes of `offsets`.
    fn new(embeddings: &[usize], offsets: &[usize], bytes: &[u8]) -> Result<Self, FileError> {
        let &[rows, dim] = embeddings else {
            return Err(FileError::Axes { name: EMBEDDINGS, found: embeddings.len(), expected: 2 });
        };
        if offsets.len() != 1 {
            return Err(FileError::Axes { name: OFFSETS, found: offsets.len(), expected: 1 });
        }
        let offsets = bytes.as_chunks().0.iter().map(|&bytes| usize::try_from(i64::from_le_bytes(bytes)));
        let bounds = offsets.collect::<Result<Vec<_>, _>>().map_err(|_| FileError::Offsets { rows })?;
        let whole = bounds.first() == Some(&0) && bounds.last() == Some(&rows);
        if whole && bounds.is_sorted() { Ok(Self { dim, bounds }) } else { Err(FileError::Offsets { rows }) }
    }

    /// The documents, whose values are read one after the other.
    fn read(&self, mut embeddings: impl Read) -> Result<Vec<MultiVector>, FileError> {
        let mut bytes = vec![0; VALUES * size_of::<f32>()];
        let mut document = |(at, pair): (usize, &[usize])| {
            let mut left = (pair[1] - pair[0]).saturating_mul(self.dim);
            let mut values = Vec::new();
            values.try_reserve_exact(left).map_err(|error| FileError::Io(error.into()))?;
            while left > 0 {
                let count = left.min(VALUES);
                let bytes = &mut bytes[..count * size_of::<f32>()];
                embeddings
                    .read_exact(bytes)
                    .map_err(|error| FileError::Array { name: EMBEDDINGS, source: error.into() })?;
                values.extend(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)));
                left -= count;
            }
            MultiVector::new(self.dim, values).map_err(|error| FileError::Vectors(error.at("document", at).into()))
        };
        self.bounds.windows(2).enumerate().map(&mut document).collect()
    }
}

fn unreadable(path: &Path) -> impl Fn(FileError) -> Error {
    move |source| Error::Unreadable { path: path.to_owned(), source }
}

fn unwritable(path: &Path) -> impl Fn(FileError) -> Error {
    move |source| Error::Unwritable { path: path.to_owned(), source }
}
