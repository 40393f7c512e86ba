//! A stage's vectors in files that NumPy and SciPy open, and what is found in them.
//!
//! One vector a record is an array `<stage>.npy`, `[records, dim]`, and with `int8` a scale a row in `<stage>.scales.npy`.
//! Weights of terms are SciPy's `<stage>.npz` by column, which is an inverted list, and the terms' indices in `terms`.
//! Multi-vectors are `<stage>.npz` with `embeddings`, `[rows, dim]`, and `offsets`, where each record's rows begin. With a
//! first pass, `<stage>.first.npy` has small values, `int8` with scales in `<stage>.first-scales.npy`, or signs in bits, which
//! are looked through before the others. Records without a vector stand in `<stage>.missing.npy`.
//!
//! All of them are mapped and looked through as they are: there is no index beside them.

mod archive;
mod array;
mod array_file;
mod best;
mod dense;
mod dense_writer;
mod first_pass;
mod missing;
mod multi;
mod sparse;

pub(crate) use dense::DenseIndex;
pub(crate) use dense_writer::DenseWriter;
pub(crate) use multi::{MultiIndex, MultiWriter};
pub(crate) use sparse::{SparseIndex, SparseWriter};

/// Which records may be found; none if all may.
pub(crate) type Allowed<'a> = Option<&'a [bool]>;

/// Scores of records for one query.
pub(crate) trait Scores: Send + Sync {
    /// The best records, best first; of equal ones the lower first. What shares nothing with the query may be left out.
    fn top(&self, depth: usize, allowed: Allowed<'_>) -> embedkit_core::Result<Vec<(usize, f32)>>;

    /// The scores of these records.
    fn of(&self, records: &[usize]) -> embedkit_core::Result<Vec<f32>>;
}
