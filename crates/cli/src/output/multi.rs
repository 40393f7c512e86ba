//! Results of several vectors an input.

use embedkit::multivector::MultiVector;
use serde::Serialize;

use super::{Encoder, Row, Values};
use crate::failure::Result;

/// One multi-vector, a vector a row.
#[derive(Serialize)]
pub(crate) struct MultiRow {
    pub(super) embeddings: Vec<Values>,
}

impl Row for MultiRow {
    fn keys(&self) -> &'static [&'static str] {
        &["embeddings"]
    }
}

impl MultiRow {
    /// The multi-vector, encoded row by row.
    pub(crate) fn new(vectors: &MultiVector, encoder: &mut Encoder) -> Result<Self> {
        let embeddings = vectors.rows().map(|row| encoder.encode(row.to_vec())).collect::<Result<_>>()?;
        Ok(Self { embeddings })
    }
}
