//! Why a file of multi-vectors cannot be read or written.

use crate::number::NumberType;

/// Why a file of multi-vectors cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused.
    #[error("the operating system says no")]
    Io(#[source] std::io::Error),
    /// It is no `.npz` archive, or a damaged one.
    #[error("it is not a whole .npz archive")]
    Archive(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is no safetensors file, or a damaged one.
    #[error("it is not a whole safetensors file")]
    Safetensors(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An array is absent or damaged.
    #[error("its array `{name}` cannot be read")]
    Array {
        /// The array's name.
        name: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An array holds numbers of another type.
    #[error("`{name}` holds {found}; it must hold {expected}")]
    Type {
        /// The array's name.
        name: &'static str,
        /// The type that it holds.
        found: String,
        /// The type that it must hold.
        expected: NumberType,
    },
    /// An array has another number of axes.
    #[error("`{name}` has {found} axes; it must have {expected}")]
    Axes {
        /// The array's name.
        name: &'static str,
        /// How many axes it has.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// The offsets do not part the rows into documents.
    #[error("`offsets` must rise from 0 to {rows}, the number of rows of `embeddings`")]
    Offsets {
        /// How many rows there are.
        rows: usize,
    },
    /// The rows are not as wide as their dimensions take.
    #[error("`embeddings` has {found} columns; {dim} dimensions take {expected}")]
    Columns {
        /// How many numbers a row has.
        found: usize,
        /// How many it must have.
        expected: usize,
        /// How many dimensions there are.
        dim: usize,
    },
    /// There is not one scale a row.
    #[error("`scales` has {found} numbers for {rows} rows of `embeddings`")]
    Scales {
        /// How many scales there are.
        found: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// The values of a document are no multi-vector.
    #[error(transparent)]
    Vectors(Box<dyn std::error::Error + Send + Sync>),
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
