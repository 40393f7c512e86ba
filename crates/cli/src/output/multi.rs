//! Results of several vectors an input.

use embedkit::multivector::MultiVector;
use serde::Serialize;

use super::{Encoder, Row, SparseRow, Values};
use crate::failure::Result;

/// One multi-vector, a vector a row.
#[derive(Serialize)]
pub(crate) struct MultiRow {
    embeddings: Vec<Values>,
}

/// One vector, a sparse vector and a multi-vector.
#[derive(Serialize)]
pub(crate) struct HybridRow {
    pub(crate) embedding: Values,
    #[serde(flatten)]
    pub(crate) sparse: SparseRow,
    #[serde(flatten)]
    pub(crate) multi: MultiRow,
}

impl Row for HybridRow {
    const KEYS: &'static [&'static str] = &["embedding", "indices", "values", "embeddings"];
}

impl Row for MultiRow {
    const KEYS: &'static [&'static str] = &["embeddings"];
}

impl MultiRow {
    /// The multi-vector, encoded row by row.
    pub(crate) fn new(vectors: &MultiVector, encoder: &mut Encoder) -> Result<Self> {
        let embeddings = vectors.rows().map(|row| encoder.encode(row.to_vec())).collect::<Result<_>>()?;
        Ok(Self { embeddings })
    }
}
