//! Results of whatever kind a family gives.

use embedkit::Embedding;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::{DenseRow, Encoder, MultiRow, Row, SparseRow};
use crate::failure::{Failure, Result};

/// A result of any kind; several at once have their fields side by side.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum AnyRow {
    Dense(DenseRow),
    Sparse(SparseRow),
    Multi(MultiRow),
    Score { score: f32 },
    Several(Several),
}

/// The fields of several results.
pub(crate) struct Several(Vec<AnyRow>);

impl AnyRow {
    /// The result, with its vectors encoded.
    pub(crate) fn new(embedding: Embedding, encoder: &mut Encoder) -> Result<Self> {
        Ok(match embedding {
            Embedding::Dense(vector) => Self::Dense(DenseRow { embedding: encoder.encode(vector)? }),
            Embedding::Sparse(vector) => Self::Sparse(SparseRow { vector }),
            Embedding::Multi(vectors) => Self::Multi(MultiRow::new(&vectors, encoder)?),
            Embedding::Score(score) => Self::Score { score },
            Embedding::Several(all) => {
                let rows = all.into_iter().map(|(_, embedding)| Self::new(embedding, encoder));
                Self::Several(Several(rows.collect::<Result<_>>()?))
            }
            other => return Err(Failure::Failed(format!("results of this kind cannot be written: {other:?}"))),
        })
    }
}

impl Row for AnyRow {
    fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Dense(row) => row.keys(),
            Self::Sparse(row) => row.keys(),
            Self::Multi(row) => row.keys(),
            Self::Score { .. } => &["score"],
            Self::Several(_) => &["embedding", "indices", "values", "embeddings"],
        }
    }
}

impl Serialize for Several {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for row in &self.0 {
            match row {
                AnyRow::Dense(row) => map.serialize_entry("embedding", &row.embedding)?,
                AnyRow::Sparse(row) => {
                    map.serialize_entry("indices", row.vector.indices())?;
                    map.serialize_entry("values", row.vector.values())?;
                }
                AnyRow::Multi(row) => map.serialize_entry("embeddings", &row.embeddings)?,
                AnyRow::Score { score } => map.serialize_entry("score", score)?,
                // A result of several results has no names of its own to write them by.
                AnyRow::Several(_) => {}
            }
        }
        map.end()
    }
}
